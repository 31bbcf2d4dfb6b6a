"""Step graphs with smaller weights. Whatever is built around a quantised step is quantised with it.

int8 is made of standard operators (DynamicQuantizeLinear, MatMulInteger) and runs on every host. int4 uses ONNX
Runtime's own MatMulNBits: as fast natively, but many times slower than float32 in WebAssembly. Activations are
quantised as they come, one scale for a whole batch: so in a batch, sequences influence each other's rounding.
"""

import contextlib
import logging
import tempfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import onnx
from onnx import helper, numpy_helper

from .onnx_file import strip

NATIVE_ONLY = ("int4",)
"""Kinds that only native ONNX Runtime computes fast."""

_BLOCK_SIZE = 32
"""Weights that share a scale in int4."""


def quantize(step: onnx.ModelProto, kind: str) -> onnx.ModelProto:
    """A step graph with the same inputs and outputs and quantised weights.

    Args:
        step: in float32, with the weights of its products as the second input of MatMul.
        kind: "int8" or "int4".

    Returns:
        A checked model; the look-up table is int8 in both.
    """
    model = onnx.ModelProto()
    model.CopyFrom(step)
    quantised = _int8(model) if kind == "int8" else _int4(model)
    _shrink_tables(quantised)
    strip(quantised, step.graph.name)
    onnx.checker.check_model(quantised)
    return quantised


def _int8(model: onnx.ModelProto) -> onnx.ModelProto:
    """Products in int8, a scale for each output unit."""
    from onnxruntime.quantization import QuantType, quantize_dynamic  # noqa: PLC0415 - slow to import

    with tempfile.TemporaryDirectory() as folder, _quiet():
        path = Path(folder) / "step.onnx"
        quantize_dynamic(model, path, op_types_to_quantize=["MatMul"], per_channel=True, weight_type=QuantType.QInt8)
        return onnx.load(path)


def _int4(model: onnx.ModelProto) -> onnx.ModelProto:
    """Products in int4 by blocks; accuracy_level 4 means int8 arithmetic, without it they are ten times slower."""
    from onnxruntime.quantization.matmul_nbits_quantizer import MatMulNBitsQuantizer  # noqa: PLC0415 - as above

    with _quiet():
        quantizer = MatMulNBitsQuantizer(model, block_size=_BLOCK_SIZE, is_symmetric=True, accuracy_level=4)
        quantizer.process()
    made: onnx.ModelProto = quantizer.model.model
    return made


def _shrink_tables(model: onnx.ModelProto) -> None:
    """Each look-up table [V, D] becomes int8 with a scale for each column, multiplied after the look-up."""
    graph = model.graph
    weights = {tensor.name: tensor for tensor in graph.initializer}
    for place, node in reversed(list(enumerate(graph.node))):
        table = weights.get(node.input[0]) if node.op_type == "Gather" else None
        if table is None or table.data_type != onnx.TensorProto.FLOAT or len(table.dims) != 2:  # [V, D]
            continue
        values = numpy_helper.to_array(table)
        scale = np.maximum(np.abs(values).max(axis=0), np.finfo(np.float32).tiny) / np.float32(127)
        small = np.clip(np.rint(values / scale), -127, 127).astype(np.int8)
        name, found = table.name, node.output[0]
        graph.initializer.remove(table)
        graph.initializer.append(numpy_helper.from_array(small, f"{name}.int8"))
        graph.initializer.append(numpy_helper.from_array(scale, f"{name}.scale"))
        node.input[0], node.output[0] = f"{name}.int8", f"{found}.int8"
        # A third of the time of DequantizeLinear with an axis.
        graph.node.insert(place + 1, helper.make_node("Mul", [f"{found}.float", f"{name}.scale"], [found]))
        widen = helper.make_node("Cast", [f"{found}.int8"], [f"{found}.float"], to=onnx.TensorProto.FLOAT)
        graph.node.insert(place + 1, widen)


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """The quantisers remark on the root logger that the model might be preprocessed; ours needs it not."""
    level = logging.root.manager.disable
    logging.disable(logging.WARNING)
    try:
        yield
    finally:
        logging.disable(level)
