"""The tensors of a state_dict as modules: recurrent stacks, single cells, matrices."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from torch import Tensor

from toolkit.errors import FileFormatError
from toolkit.signature import GATES

from .floats import as_floats
from .names import listed

_WRAPPERS = {"_orig_mod", "module", "_forward_module"}
"""Parts of names that torch.compile, DataParallel and trainers put in front or in between."""

_STACK = re.compile(r"(weight|bias)_(ih|hh|hr)_l(\d+)(_reverse)?$")
_CELL = re.compile(r"(weight|bias)_(ih|hh)$")

_NORMED = re.compile(r"((weight|bias)\w*_(g|v|orig|raw)$|\bparametrizations\.)")
"""What weight_norm, spectral_norm, pruning and weight dropping leave of a weight's name."""

_ITSELF = "export the module itself: toolkit.export.export_module."
EXPORT_IT = f"E{_ITSELF[1:]}"
OWN_MODULE = f"If your forward does something else, {_ITSELF}"
"""What to do where weights alone do not tell."""


@dataclass(frozen=True)
class Recurrent:
    """A recurrent stack, or a single cell.

    Attributes:
        name: of the module.
        cell: "rnn", "gru" or "lstm", from the number of its gates.
        input_size: D.
        hidden_size: H.
        num_layers: L.
        bidirectional: whether it also reads from the end.
        bias: whether it has biases.
        tensors: as torch names them in a stack: weight_ih_l0 …
        single: whether it is a cell: RNNCell, GRUCell, LSTMCell.
    """

    name: str
    cell: str
    input_size: int
    hidden_size: int
    num_layers: int
    bidirectional: bool
    bias: bool
    tensors: Mapping[str, Tensor]
    single: bool

    @property
    def width(self) -> int:
        """What comes out at each step."""
        return self.hidden_size * (2 if self.bidirectional else 1)

    def __str__(self) -> str:
        both = ", bidirectional" if self.bidirectional else ""
        what = f"{self.cell.upper()}Cell" if self.single else f"{self.cell.upper()}, {self.num_layers} layer(s)"
        return f"{what}{both}, {self.input_size} -> {self.hidden_size}{'' if self.bias else ', no biases'}"


@dataclass(frozen=True)
class Matrix:
    """A linear layer or an embedding.

    Attributes:
        name: of the module.
        weight: [rows, columns]; of a linear layer [out, in], of an embedding [V, E].
        bias: [rows], if there is one: then it is a linear layer.
    """

    name: str
    weight: Tensor
    bias: Tensor | None

    @property
    def rows(self) -> int:
        """Outputs, or tokens."""
        return self.weight.shape[0]

    @property
    def columns(self) -> int:
        """Inputs, or width of the embedding."""
        return self.weight.shape[1]

    def __str__(self) -> str:
        return f"[{self.rows}, {self.columns}]{'' if self.bias is None else ' + bias'}"


@dataclass(frozen=True)
class Layout:
    """The modules of a state_dict, in its order.

    Attributes:
        recurrent: by name.
        matrices: by name.
        stripped: the part of the names that was left out.
    """

    recurrent: Mapping[str, Recurrent]
    matrices: Mapping[str, Matrix]
    stripped: str


def joined(module: str, parameter: str) -> str:
    """The full name of a parameter."""
    return f"{module}.{parameter}" if module else parameter


def without(tensors: Mapping[str, Tensor], ignored: frozenset[str], path: Path) -> dict[str, Tensor]:
    """Tensors but those that are left out on request.

    Args:
        tensors: as the file names them.
        ignored: names of tensors, or of modules.
        path: for messages.

    Raises:
        FileFormatError: one that is not there.
    """
    unused = sorted(name for name in ignored if not any(_within(key, name) for key in tensors))
    if unused:
        raise FileFormatError(
            f"{path}: --set ignore={unused[0]}: there is no such tensor or module; found {listed(tensors, 12)}"
        )
    return {name: tensor for name, tensor in tensors.items() if not any(_within(name, part) for part in ignored)}


def layout_of(tensors: Mapping[str, Tensor], path: Path) -> Layout:
    """Group tensors into modules.

    Args:
        tensors: by name.
        path: for messages.

    Raises:
        FileFormatError: nothing recurrent, a tensor of no module known here, a module that lacks one, sizes that fit no
            cell, NaN, or numbers of no use.
    """
    if normed := {name: tensor for name, tensor in tensors.items() if _NORMED.search(name)}:
        raise FileFormatError(
            f"{path}: {_sized(normed)} make up a weight that is normalised, pruned or dropped. Remove that "
            f"before saving: torch.nn.utils.parametrize.remove_parametrizations, remove_weight_norm or prune.remove. "
            f"{EXPORT_IT}"
        )
    names = {name: ".".join(p for p in name.split(".") if p not in _WRAPPERS) for name in tensors}
    if len(set(names.values())) < len(names):
        names = {name: name for name in tensors}
    prefix = _common_prefix(list(names.values()))
    renamed = {short.removeprefix(prefix): tensors[name] for name, short in names.items()}
    groups: dict[str, dict[str, Tensor]] = {}
    for name, tensor in renamed.items():
        module, _, parameter = name.rpartition(".")
        groups.setdefault(module, {})[parameter] = tensor
    stacks = {module: group for module, group in groups.items() if _is_recurrent(group)}
    if not stacks:
        raise FileFormatError(
            f"{path}: expected a recurrent network (weight_ih_l0, weight_hh_l0 …), found "
            f"{_sized(renamed) or 'no tensors'}. This toolkit exports recurrent models. If this is one with cells "
            f"of its own, {_ITSELF}"
        )
    rest = {module: group for module, group in groups.items() if module not in stacks}
    linear = {module: group for module, group in rest.items() if _is_linear(group)}
    if unknown := {joined(m, name): t for m, group in rest.items() if m not in linear for name, t in group.items()}:
        raise FileFormatError(f"{path}: {_cannot_place(unknown)}")
    recurrent = {module: _recurrent(module, group, path) for module, group in stacks.items()}
    matrices = {module: _matrix(module, group, path) for module, group in linear.items()}
    return Layout(recurrent, matrices, prefix)


def _is_recurrent(group: Iterable[str]) -> bool:
    return all(map(_STACK.match, group)) or all(map(_CELL.match, group))


def _is_linear(group: Mapping[str, Tensor]) -> bool:
    return set(group) <= {"weight", "bias"} and "weight" in group and group["weight"].ndim == 2


def _within(name: str, part: str) -> bool:
    return name == part or name.startswith(f"{part}.")


def _common_prefix(names: list[str]) -> str:
    """What all names begin with, whole parts, as long as more than one module remains."""
    prefix = ""
    while True:
        firsts = {name.removeprefix(prefix).partition(".")[0] for name in names}
        longer = f"{prefix}{next(iter(firsts))}." if len(firsts) == 1 else ""
        modules = {name.removeprefix(longer).rpartition(".")[0] for name in names}
        if not longer or not all(name.startswith(longer) for name in names) or len(modules) < 2:
            return prefix
        prefix = longer


def _sized(tensors: Mapping[str, Tensor]) -> str:
    """Names and shapes of some tensors."""
    return listed((f"{name} {list(tensor.shape)}" for name, tensor in tensors.items()), 6)


def _cannot_place(unknown: Mapping[str, Tensor]) -> str:
    """The message about tensors of modules that are not known here."""
    biases = [name for name in unknown if name.rpartition(".")[2] == "bias"]
    lone = [weight for name in biases if (weight := f"{name.removesuffix('bias')}weight") not in unknown]
    missing = f" ({lone[0]} is missing)" if lone else ""
    return (
        f"cannot place {_sized(unknown)}{missing}: known are nn.RNN, nn.GRU, nn.LSTM, their cells, nn.Embedding and "
        f"nn.Linear. What the forward does not use is left out with --set ignore=NAME. {EXPORT_IT}"
    )


def _recurrent(module: str, group: Mapping[str, Tensor], path: Path) -> Recurrent:
    """A stack or a cell, with all of its tensors, in sizes that fit."""
    where = f"{path}: {module or 'the recurrent module'}"
    single = all(_CELL.match(name) for name in group)
    group = as_floats({joined(module, name): tensor for name, tensor in group.items()}, path)
    ends = {name.removeprefix(f"{module}."): tensor for name, tensor in group.items()}
    tensors = {f"{name}_l0": tensor for name, tensor in ends.items()} if single else ends
    if projections := [name for name in tensors if "_hr_" in name]:
        raise FileFormatError(
            f"{where}: {projections[0]} is the projection of an LSTM with proj_size, whose h and c differ in size; the "
            f"step has one hidden size. {EXPORT_IT}"
        )
    layers = 1 + max(int(match[3]) for match in map(_STACK.match, tensors) if match)
    layers = min(layers, len(tensors) + 1)  # a name may say any number; some are missing then
    both, bias = any(name.endswith("_reverse") for name in tensors), any(name.startswith("bias") for name in tensors)
    expected = [
        f"{part}_{source}_l{layer}{end}"
        for layer in range(layers)
        for end in (("", "_reverse") if both else ("",))
        for part in (("weight", "bias") if bias else ("weight",))
        for source in ("ih", "hh")
    ]
    if missing := [name for name in expected if name not in tensors]:
        raise FileFormatError(
            f"{where}: {listed(missing, 4)} missing; found {listed(sorted(tensors))}. The state_dict is not complete: "
            "save all of it."
        )
    cell, hidden = _cell_of(tensors["weight_hh_l0"], where)
    width = tensors["weight_ih_l0"].shape[-1] if tensors["weight_ih_l0"].ndim == 2 else 0
    for name in expected:
        match = _STACK.match(name)
        assert match is not None
        below = max(width, 1) if match[3] == "0" else hidden * (2 if both else 1)
        columns = [] if match[1] == "bias" else [below if match[2] == "ih" else hidden]
        shape = [GATES[cell] * hidden, *columns]
        if list(tensors[name].shape) != shape:
            raise FileFormatError(
                f"{where}: {name} should have shape {shape} in {cell.upper()} of {hidden} units, has "
                f"{list(tensors[name].shape)}. {OWN_MODULE}"
            )
    return Recurrent(module, cell, width, hidden, layers, both, bias, tensors, single)


def _cell_of(w_hh: Tensor, where: str) -> tuple[str, int]:
    """The cell and H from the shape of W_hh, [gates*H, H]."""
    rows, hidden = w_hh.shape if w_hh.ndim == 2 else (0, 0)
    for cell, gates in GATES.items():
        if hidden and rows == gates * hidden:
            return cell, hidden
    turned = " (transposed?)" if rows and any(hidden == gates * rows for gates in GATES.values()) else ""
    raise FileFormatError(
        f"{where}: weight_hh has shape {list(w_hh.shape)}{turned}; expected [H, H] (RNN), [3H, H] (GRU) or [4H, H] "
        f"(LSTM). {OWN_MODULE}"
    )


def _matrix(module: str, group: Mapping[str, Tensor], path: Path) -> Matrix:
    group = as_floats({joined(module, name): tensor for name, tensor in group.items()}, path)
    weight, bias = group[joined(module, "weight")], group.get(joined(module, "bias"))
    if not weight.numel() or (bias is not None and list(bias.shape) != [weight.shape[0]]):
        raise FileFormatError(
            f"{path}: {module or 'the linear layer'}: weight {list(weight.shape)} and bias "
            f"{'none' if bias is None else list(bias.shape)} do not fit: expected [out, in] and [out]."
        )
    return Matrix(module, weight, bias)
