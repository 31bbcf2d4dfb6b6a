"""A step module as an .onnx file: standard operators, our names, and no trace of the machine it was made on."""

import contextlib
import io
import logging
import warnings
from collections.abc import Iterator, Mapping, Sequence

import onnx
import torch
from torch import Tensor, nn

from toolkit.signature import Signature

from .onnx_proto import OPSET, strip

_EXAMPLE_SIZES = {"N": 2, "T": 5}
"""Of the dynamic axes. With 1, an axis would be taken for a constant; with the size of another, for the same one."""


def example_inputs(signature: Signature, sizes: Mapping[str, int]) -> tuple[Tensor, ...]:
    """Zeros in the shape of the inputs, in call order; `sizes` of the dynamic axes."""
    return tuple(
        torch.zeros(
            [sizes[axis] if isinstance(axis, str) else axis for axis in spec.axes], dtype=getattr(torch, spec.dtype)
        )
        for spec in signature.inputs
    )


def to_onnx(module: nn.Module | torch.export.ExportedProgram, signature: Signature, graph_name: str) -> onnx.ModelProto:
    """Capture a module; the first call in a process takes some seconds.

    Args:
        module: in eval mode, with the inputs and outputs of the signature; or what was captured of it already.
        signature: gives the names; the axes "N" and "T" become dynamic.
        graph_name: the name of the graph in the file.

    Returns:
        A checked model without paths, sources or other marks of where it was made.
    """
    dynamic = {axis: torch.export.Dim(axis, min=1) for axis in _EXAMPLE_SIZES}
    with quiet_exporter():
        program = torch.onnx.export(
            module,
            example_inputs(signature, _EXAMPLE_SIZES) if isinstance(module, nn.Module) else (),
            dynamo=True,
            input_names=[spec.name for spec in signature.inputs],
            output_names=[spec.name for spec in signature.outputs],
            dynamic_shapes={
                spec.name: {i: dynamic[axis] for i, axis in enumerate(spec.axes) if isinstance(axis, str)}
                for spec in signature.inputs
            },
            opset_version=OPSET,
            external_data=False,
            verbose=False,
        )
    assert program is not None  # it is None only for the exporter that dynamo=True replaces
    model: onnx.ModelProto = program.model_proto
    if not isinstance(module, nn.Module):
        _declare(model.graph.output, signature)
    strip(model, graph_name)
    onnx.checker.check_model(model, full_check=True)
    return model


def _declare(outputs: Sequence[onnx.ValueInfoProto], signature: Signature) -> None:
    """Name the dynamic axes of the outputs, which torch may have described by a formula or not at all."""
    for output, spec in zip(outputs, signature.outputs, strict=True):
        for dim, axis in zip(output.type.tensor_type.shape.dim, spec.axes, strict=False):
            if isinstance(axis, str) and not dim.HasField("dim_value"):
                dim.dim_param = axis


@contextlib.contextmanager
def quiet_exporter() -> Iterator[None]:
    """Keep the exporter's remarks on its own internals from the user; errors still raise."""
    disabled = logging.root.manager.disable
    logging.disable(logging.CRITICAL)
    try:
        remarks = io.StringIO()
        with warnings.catch_warnings(), contextlib.redirect_stdout(remarks), contextlib.redirect_stderr(remarks):
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.disable(disabled)
