"""Tensors of a file as plain float32."""

from collections.abc import Mapping
from pathlib import Path

import torch
from torch import Tensor

from toolkit.errors import FileFormatError

_FLOATS = (torch.float32, torch.float64, torch.float16, torch.bfloat16)


def as_floats(tensors: Mapping[str, Tensor], path: Path) -> dict[str, Tensor]:
    """All in float32.

    Args:
        tensors: by the name that a message shall give.
        path: for messages.

    Raises:
        FileFormatError: integers, quantised or sparse ones, NaN, or numbers that float32 cannot hold.
    """
    return {name: _as_float(name, tensor, path) for name, tensor in tensors.items()}


def _as_float(name: str, tensor: Tensor, path: Path) -> Tensor:
    if tensor.dtype not in _FLOATS or tensor.layout is not torch.strided or tensor.is_meta:
        kind = "meta, without numbers" if tensor.is_meta else f"{tensor.dtype}, {tensor.layout}".replace("torch.", "")
        raise FileFormatError(
            f"{path}: {name} {list(tensor.shape)} is {kind}; expected plain floating-point numbers. Save the weights "
            "as they were trained, before anything was quantised or packed."
        )
    plain = tensor.detach().float().contiguous()
    if not torch.isfinite(plain).all():
        diverged = not torch.isfinite(tensor).all()
        what = "NaN or infinity: the training had diverged" if diverged else "numbers beyond float32"
        raise FileFormatError(f"{path}: {name} holds {what}. Take an earlier checkpoint.")
    return plain
