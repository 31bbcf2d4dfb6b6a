"""How the states of a module nest: LSTM's (h, c) is one argument of two tensors."""

from collections.abc import Iterator, Mapping
from typing import Any

from torch import Tensor

from toolkit.errors import ToolkitError

Tree = str | list[Any] | Mapping[str, Any]
"""A tensor's name; a list for a tuple of trees; {"list": trees} for a list of them. Plain JSON."""


def tree_of(example: object, name: str) -> Tree:
    """The nesting of one state argument: `hc` of two tensors gives hc_0 and hc_1.

    Raises:
        ToolkitError: something is neither a tensor nor a tuple or list of such.
    """
    if isinstance(example, Tensor):
        return name
    if type(example) not in (tuple, list) or not example:
        raise ToolkitError(
            f"state {name}: expected a tensor, or a tuple or list of tensors, found {type(example).__name__}"
            f"{'' if example else ' without any'}. Let forward take the tensors themselves."
        )
    parts = list(example)  # type: ignore[call-overload]  # a tuple or list
    width = len(str(len(parts) - 1))
    trees = [tree_of(part, f"{name}_{i:0{width}}") for i, part in enumerate(parts)]
    return trees if type(example) is tuple else {"list": trees}


def leaves_of(tree: Tree) -> list[str]:
    """The names of its tensors, in order."""
    if isinstance(tree, str):
        return [tree]
    return [name for part in _parts(tree) for name in leaves_of(part)]


def renamed(tree: Tree, names: Iterator[str]) -> Tree:
    """The same nesting with other names, taken in order."""
    if isinstance(tree, str):
        return next(names)
    trees = [renamed(part, names) for part in _parts(tree)]
    return trees if isinstance(tree, list) else {"list": trees}


def nested(tree: Tree, tensors: Iterator[Any]) -> Any:  # noqa: ANN401 - a tensor, or a tuple or list of such
    """Tensors, taken in order, as the module wants them."""
    if isinstance(tree, str):
        return next(tensors)
    values = [nested(part, tensors) for part in _parts(tree)]
    return tuple(values) if isinstance(tree, list) else values


def _parts(tree: list[Any] | Mapping[str, Any]) -> list[Tree]:
    return tree if isinstance(tree, list) else list(tree["list"])
