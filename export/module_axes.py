"""Where the batch lies in each tensor of a module's step, found from examples."""

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor

from toolkit.errors import ToolkitError
from toolkit.signature import DTYPES, TensorSpec

_OTHER_DTYPES = {
    "int32": "Make it int64",
    "int16": "Make it int64",
    "int8": "Make it int64",
    "uint8": "Make it int64 or bool",
    "float64": "Make module and examples float32 (.float())",
    "float16": "Make module and examples float32 (.float())",
    "bfloat16": "Make module and examples float32 (.float())",
    "complex64": "Give its real and imaginary part as two tensors (torch.view_as_real)",
    "complex128": "Give its real and imaginary part as two tensors (torch.view_as_real)",
}


def dtype_of(what: str, tensor: object) -> str:
    """The dtype of a tensor that a graph can take.

    Raises:
        ToolkitError: no tensor, or one of another dtype.
    """
    if not isinstance(tensor, Tensor):
        raise ToolkitError(f"{what}: expected a tensor, found {type(tensor).__name__}.")
    dtype = str(tensor.dtype).removeprefix("torch.")
    if dtype not in DTYPES:
        advice = _OTHER_DTYPES.get(dtype, "Convert it")
        raise ToolkitError(f"{what}: expected {', '.join(DTYPES)}, found {dtype}. {advice}.")
    return dtype


def input_specs(
    names: Sequence[str], examples: Sequence[Tensor], batch_axes: Mapping[str, int]
) -> tuple[TensorSpec, ...]:
    """Names, dtypes and axes of inputs and states; the first one's axis 0 is N, if batch_axes does not say otherwise.

    Raises:
        ToolkitError: the batch axis of a tensor is not to be found, or two may be it.
    """
    dtypes = [dtype_of(name, example) for name, example in zip(names, examples, strict=True)]
    first = _given_axis(names[0], examples[0], batch_axes) or 0
    batch_size = examples[0].shape[first]
    specs = []
    for name, dtype, example in zip(names, dtypes, examples, strict=True):
        shape = list(example.shape)
        found = [i for i, size in enumerate(shape) if size == batch_size]
        axis = first if name == names[0] else _given_axis(name, example, batch_axes)
        if axis is None and len(found) == 1:
            axis = found[0]
        if axis is None:
            raise ToolkitError(
                f"{name} {shape}: its batch axis should have the size {batch_size} of {names[0]}'s axis {first}, and "
                f"{' and '.join(f'axis {i}' for i in found) or 'none'} has it. Give examples of a batch size that no "
                f"other axis has, or batch_axes={{{names[0]!r}: ..., {name!r}: ...}}."
            )
        if shape[axis] != batch_size:
            raise ToolkitError(
                f"{name} {shape}: axis {axis} should be the batch, which is {batch_size} in {names[0]}; "
                f"found {shape[axis]}."
            )
        specs.append(TensorSpec(name, dtype, tuple("N" if i == axis else size for i, size in enumerate(shape))))
    return tuple(specs)


def _given_axis(name: str, example: Tensor, batch_axes: Mapping[str, int]) -> int | None:
    """The axis that the owner names, counted from 0, if one is named."""
    axis = batch_axes.get(name)
    if not example.ndim or not example.numel():
        raise ToolkitError(
            f"{name} {list(example.shape)}: has no axis for the batch, or is empty. Give it as [N, ...]."
        )
    if axis is None:
        return None
    if type(axis) is not int or not -example.ndim <= axis < example.ndim:
        where = f"{name} {list(example.shape)}"
        raise ToolkitError(f"{where}: expected a batch axis from 0 to {example.ndim - 1}, found {axis!r}.")
    return axis % example.ndim


def output_spec(name: str, dtype: str, small: Tensor, large: Tensor, sizes: tuple[int, int]) -> TensorSpec:
    """Name, dtype and axes of an output, from what comes out for two batch sizes.

    Raises:
        ToolkitError: not exactly one axis goes with the batch.
    """
    shapes = list(small.shape), list(large.shape)
    same_rank = len(shapes[0]) == len(shapes[1])
    moved = [i for i, pair in enumerate(zip(*shapes, strict=False)) if pair[0] != pair[1]]
    if not same_rank or len(moved) != 1 or (shapes[0][moved[0]], shapes[1][moved[0]]) != sizes:
        raise ToolkitError(
            f"output {name}: is {shapes[0]} for a batch of {sizes[0]} and {shapes[1]} for one of {sizes[1]}; exactly "
            "one axis should be the batch. Return something for each sequence."
        )
    return TensorSpec(name, dtype, tuple("N" if i == moved[0] else size for i, size in enumerate(shapes[0])))


def of_batch(tensor: Tensor, axis: int, batch_size: int) -> Tensor:
    """As many sequences as asked for, repeated in turns."""
    rows = torch.arange(batch_size) % tensor.shape[axis]
    return tensor.detach().index_select(axis, rows.to(tensor.device)).clone()
