"""Step graphs with smaller weights. Whatever is built around a quantised step is quantised with it.

int8 is made of standard operators (DynamicQuantizeLinear, MatMulInteger) and runs on every host. int4 uses ONNX
Runtime's own MatMulNBits: as fast natively, but many times slower than float32 in WebAssembly. In both, activations
are quantised as they come, one scale for a whole batch: so in a batch, sequences influence each other's rounding.
fp16 keeps the weights and multiplies in float16, for CUDA; the states and all between the products stay float32.
"""

import contextlib
import logging
import tempfile
from collections.abc import Container, Iterator
from pathlib import Path

import numpy as np
import onnx
from onnx import helper, numpy_helper

from .onnx_proto import strip
from .tied_tables import tie, tied_tables, untie

FAST_ON = {"int8": "any", "int4": "native", "fp16": "cuda"}
"""Kind -> where it is faster than float32: on any host, in native ONNX Runtime alone, or on CUDA alone."""

_FLOATS = (onnx.TensorProto.FLOAT, onnx.TensorProto.FLOAT16)

_BLOCK_SIZE = 32
"""Weights that share a scale in int4."""


def quantize(step: onnx.ModelProto, kind: str) -> onnx.ModelProto:
    """A step graph with the same inputs and outputs and quantised weights.

    Args:
        step: in float32, with the weights of its products as the second input of MatMul.
        kind: one of `FAST_ON`.

    Returns:
        A checked model; the look-up table is int8, or float16 in fp16. One that is the matrix of a product, too, is
        there once but in int4, from whose blocks nothing can be looked up.
    """
    model = onnx.ModelProto()
    model.CopyFrom(step)
    if kind == "fp16":
        quantised = _fp16(model)
    else:
        tied = untie(model)
        quantised = _int8(model) if kind == "int8" else _int4(model)
        _shrink_tables(quantised, but=tied if kind == "int8" else ())
        if kind == "int8":
            tie(quantised, tied)
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


def _fp16(model: onnx.ModelProto) -> onnx.ModelProto:
    """Weights and tables in float16; a product's input is cast to float16 before it, its result to float32 after it."""
    graph = model.graph
    weights = {tensor.name: tensor for tensor in graph.initializer}
    weights |= {node.output[0]: weights[table] for table, node in tied_tables(graph).items()}
    halves: dict[str, str] = {}  # value -> the same in float16
    nodes: list[onnx.NodeProto] = []
    for node in graph.node:
        place = {"MatMul": 1, "Gather": 0}.get(node.op_type)
        weight = weights.get(node.input[place]) if place is not None else None
        if weight is None or weight.data_type not in _FLOATS or len(weight.dims) != 2:
            nodes.append(node)
            continue
        values = numpy_helper.to_array(weight).astype(np.float16)  # a tied one may be so already
        weight.CopyFrom(numpy_helper.from_array(values, weight.name))
        found = node.output[0]
        if place == 1:
            x = node.input[0]
            if x not in halves:
                halves[x] = f"{x}.half"
                nodes.append(helper.make_node("Cast", [x], [halves[x]], to=onnx.TensorProto.FLOAT16))
            node.input[0] = halves[x]
        node.output[0] = halves[found] = f"{found}.half"
        nodes += [node, helper.make_node("Cast", [halves[found]], [found], to=onnx.TensorProto.FLOAT)]
    kept = [onnx.NodeProto.FromString(node.SerializeToString()) for node in nodes]  # the graph's own die with its list
    del graph.node[:]
    graph.node.extend(kept)
    return model


def _shrink_tables(model: onnx.ModelProto, but: Container[str]) -> None:
    """Each look-up table [V, D] becomes int8 with a scale for each column, multiplied after the look-up."""
    graph = model.graph
    weights = {tensor.name: tensor for tensor in graph.initializer}
    for place, node in reversed(list(enumerate(graph.node))):
        table = weights.get(node.input[0]) if node.op_type == "Gather" else None
        if table is None or table.data_type != onnx.TensorProto.FLOAT or len(table.dims) != 2 or table.name in but:
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
