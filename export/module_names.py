"""What the inputs, outputs and states of a module are called: as its owner says, else as its forward calls them."""

import inspect
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from torch import nn

from toolkit.errors import ToolkitError
from toolkit.signature import NEXT

from .state_tree import Tree, leaves_of, renamed, tree_of

Names = Sequence[str] | None

_VALID = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


def argument_names(module: nn.Module, inputs: int, states: int) -> list[str]:
    """The names of the arguments of forward; those behind a * are called input_0, ... and state_0, ....

    Raises:
        ToolkitError: forward takes fewer.
    """
    parameters = inspect.signature(module.forward).parameters.values()
    names = [p.name for p in parameters if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)]
    if len(names) < inputs + states and not any(p.kind is p.VAR_POSITIONAL for p in parameters):
        raise ToolkitError(
            f"{type(module).__name__}.forward takes {len(names)} argument(s) ({', '.join(names)}), and {inputs} "
            f"input(s) and {states} state(s) were given. It is called as forward(*inputs, *state)."
        )
    others = [*(f"input_{i}" for i in range(inputs)), *(f"state_{i}" for i in range(states))]
    return [*names, *others[len(names) :]][: inputs + states]


def state_trees(state: Sequence[object], arguments: Sequence[str], names: Names) -> list[Tree]:
    """How each state argument nests, and what its tensors are called.

    Args:
        state: the examples.
        arguments: what forward calls them.
        names: the owner's, one for each argument, or one for each tensor.

    Raises:
        ToolkitError: another number of names; or as `tree_of`.
    """
    if names is not None and len(names) == len(state):
        return [tree_of(example, name) for example, name in zip(state, names, strict=True)]
    trees = [tree_of(example, name) for example, name in zip(state, arguments, strict=True)]
    found = [name for tree in trees for name in leaves_of(tree)]
    if names is None:
        chosen = iter([_apart(name, found) for name in found])
    elif len(names) == len(found):
        chosen = iter(names)
    else:
        raise ToolkitError(
            f"state_names: expected {len(state)} names, one for each state argument, or {len(found)}, one for each "
            f"tensor ({', '.join(found)}); found {len(names)}."
        )
    return [renamed(tree, chosen) for tree in trees]


def _apart(name: str, names: Sequence[str]) -> str:
    """`h` beside `h2` becomes h_0: no state's name may begin another's."""
    return f"{name}_0" if any(other != name and other.startswith(name) for other in names) else name


def data_names(what: str, default: Sequence[str], names: Names) -> list[str]:
    """The owner's names of the inputs or outputs, else the default.

    Raises:
        ToolkitError: another number of names.
    """
    if isinstance(names, str) or (names is not None and len(names) != len(default)):
        raise ToolkitError(f"{what}: expected {len(default)} name(s), a sequence of them, found {names!r}.")
    return list(default if names is None else names)


def check_names(inputs: Sequence[str], outputs: Sequence[str], states: Sequence[str]) -> None:
    """Raise ToolkitError if a name is invalid, stands twice, or begins that of another state."""
    all_inputs, all_outputs = [*inputs, *states], [*outputs, *(NEXT + name for name in states)]
    for name in (*all_inputs, *all_outputs):
        if not isinstance(name, str) or not _VALID.fullmatch(name):
            raise ToolkitError(f"name {name!r}: expected letters, digits and _, no digit first. {_CHOOSE}")
    twice = [name for name, n in Counter([*all_inputs, *all_outputs]).items() if n > 1]
    if twice:
        raise ToolkitError(f"name {twice[0]!r} stands for two inputs, outputs or states. {_CHOOSE}")
    taken = [name for name in inputs if name.startswith(NEXT)]
    if taken:
        raise ToolkitError(f"name {taken[0]!r}: {NEXT} is for the states that come out. {_CHOOSE}")
    for name in states:
        longer = next((other for other in states if other != name and other.startswith(name)), None)
        if longer:
            raise ToolkitError(f"state {name!r}: the name of state {longer!r} begins with it. {_CHOOSE}")


_CHOOSE = "Choose others by input_names, output_names or state_names."


def check_known(what: str, given: Mapping[str, Any], names: Sequence[str]) -> None:
    """Raise ToolkitError if a mapping by name knows a name that nothing has."""
    unknown = sorted(set(given) - set(names))
    if unknown:
        raise ToolkitError(f"{what}: there is no {unknown[0]!r}; there are {', '.join(names)}.")
