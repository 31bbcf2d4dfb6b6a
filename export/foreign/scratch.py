"""Networks written from scratch, without modules: their arrays under the names that torch's modules give them.

Known are min-char-rnn (Karpathy's gist: Wxh [H, V], Whh, Why [V, H], bh, by; column vectors, W x) and the networks of
d2l.ai's chapters on recurrent networks (W_xh [V, H], W_hh, b_h, W_hq [H, V], b_q; row vectors, x W), as names in a dict
or as the list of parameters in the book's order.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path

import torch
from torch import Tensor

from toolkit.errors import FileFormatError

from .floats import as_floats
from .layout import EXPORT_IT, OWN_MODULE
from .names import listed

_MIN_CHAR = ("Wxh", "Whh", "Why", "bh", "by")
_RNN = ("W_xh", "W_hh", "b_h", "W_hq", "b_q")
_GRU = ("W_xz", "W_hz", "b_z", "W_xr", "W_hr", "b_r", *_RNN)
_LSTM = tuple(f"{kind}{gate}" for gate in "ifoc" for kind in ("W_x", "W_h", "b_")) + _RNN[3:]
_TORCH_GATES = "ifco"
"""The order in which nn.LSTM stacks its gates; it calls the cell's candidate g."""

_NAMES = (_MIN_CHAR, _RNN, _GRU, _LSTM)
_LISTS = {len(names): names for names in _NAMES[1:]}


def from_scratch(tensors: Mapping[str, Tensor], path: Path) -> tuple[Mapping[str, Tensor], str]:
    """The tensors under torch's names, and what they were; unchanged, and nothing, where they are of modules.

    Raises:
        FileFormatError: sizes do not fit, or the arithmetic is not that of torch's cells.
    """
    if set(tensors) == {str(i) for i in range(len(tensors))}:
        tensors = _with_names(list(tensors.values()), path)
    names = frozenset(tensors)
    _check_complete(names, path)
    if names in map(frozenset, _NAMES):
        tensors = as_floats(tensors, path)
    if names == frozenset(_MIN_CHAR):
        return _of_rnn(tensors, _MIN_CHAR, path, rows=False), "min-char-rnn: column vectors, tanh(Wxh x + Whh h + bh)"
    if names == frozenset(_RNN):
        return _of_rnn(
            tensors, _RNN_AS_MIN_CHAR, path, rows=True
        ), "from scratch: row vectors, tanh(x W_xh + h W_hh + b_h)"
    if names == frozenset(_GRU):
        raise FileFormatError(
            f"{path}: holds a GRU from scratch (W_xz, W_hz, …), which resets h before multiplying it with W_hh; nn.GRU "
            f"resets the product, so the two are not equal. {EXPORT_IT}"
        )
    if names == frozenset(_LSTM):
        return _of_lstm(tensors, path), "from scratch: row vectors, gates i, f, o and candidate c"
    return tensors, ""


def _check_complete(names: frozenset[str], path: Path) -> None:
    """Arrays of a network from scratch must be all that it has, and nothing else."""
    known = min(_NAMES, key=lambda known: len(names ^ set(known)))
    missing, other = [name for name in known if name not in names], sorted(names - set(known))
    if len(known) - len(missing) >= 3 and (missing or other):
        fault = f"lacks {listed(missing)}" if missing else f"holds {listed(other)} besides"
        remedy = "Save all of them." if missing else f"Leave those out: --set ignore={listed(other).replace(', ', ',')}"
        raise FileFormatError(f"{path}: a network from scratch has {', '.join(known)}; this one {fault}. {remedy}")


def _with_names(tensors: Sequence[Tensor], path: Path) -> dict[str, Tensor]:
    """A list in one of the orders that are known."""
    names = _LISTS.get(len(tensors), ())
    found = [tensor.ndim for tensor in tensors]
    if not names or found != [1 if name.startswith("b_") else 2 for name in names]:
        raise FileFormatError(
            f"{path}: holds {len(tensors)} tensors without names; which is which, only your code knows. Save "
            "model.state_dict(), or a dict with names."
        )
    return dict(zip(names, tensors, strict=True))


_RNN_AS_MIN_CHAR = ("W_xh", "W_hh", "W_hq", "b_h", "b_q")


def _of_rnn(tensors: Mapping[str, Tensor], names: Sequence[str], path: Path, *, rows: bool) -> dict[str, Tensor]:
    w_xh, w_hh, w_hq, b_h, b_q = (tensors[name] for name in names)
    if rows:
        _fit(tensors, path, w_hh.shape[-1], w_xh.shape[0], w_hq.shape[-1])
        w_xh, w_hh, w_hq = w_xh.T, w_hh.T, w_hq.T
    else:
        _fit(tensors, path, w_hh.shape[-1], w_xh.shape[-1], w_hq.shape[0], turned=True)
    bias = b_h.reshape(-1)
    return _named(w_xh, w_hh, bias, w_hq, b_q.reshape(-1))


def _of_lstm(tensors: Mapping[str, Tensor], path: Path) -> dict[str, Tensor]:
    _fit(tensors, path, tensors["W_hi"].shape[-1], tensors["W_xi"].shape[0], tensors["W_hq"].shape[-1])
    w_xh, w_hh = (torch.cat([tensors[f"{kind}{gate}"].T for gate in _TORCH_GATES]) for kind in ("W_x", "W_h"))
    bias = torch.cat([tensors[f"b_{gate}"].reshape(-1) for gate in _TORCH_GATES])
    return _named(w_xh, w_hh, bias, tensors["W_hq"].T, tensors["b_q"].reshape(-1))


def _named(w_xh: Tensor, w_hh: Tensor, bias: Tensor, w_hq: Tensor, b_q: Tensor) -> dict[str, Tensor]:
    return {
        "rnn.weight_ih_l0": w_xh,
        "rnn.weight_hh_l0": w_hh,
        "rnn.bias_ih_l0": bias,
        "rnn.bias_hh_l0": torch.zeros_like(bias),
        "output.weight": w_hq,
        "output.bias": b_q,
    }


def _fit(
    tensors: Mapping[str, Tensor], path: Path, hidden: int, width: int, outputs: int, *, turned: bool = False
) -> None:
    """Every array must have the shape that its name says: W_xh [V, H], W_hh [H, H], b_h [H], W_hq [H, V], b_q [V]."""
    for name, tensor in tensors.items():
        kind = name.replace("_", "")
        if kind[0] == "b":
            shape = [outputs if kind in {"bq", "by"} else hidden]
            fits = tensor.numel() == shape[0] and max(tensor.shape, default=0) == shape[0]
        else:
            shape = [hidden, outputs] if kind in {"Whq", "Why"} else [width if kind[1] == "x" else hidden, hidden]
            shape = shape[::-1] if turned else shape
            fits = list(tensor.shape) == shape
        if not fits:
            raise FileFormatError(f"{path}: {name} should have shape {shape}, has {list(tensor.shape)}. {OWN_MODULE}")
