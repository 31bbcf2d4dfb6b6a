"""A graph of our own as an ONNX model: its contract from a signature, its body from a function."""

import itertools
from collections.abc import Callable, Mapping, Sequence

import onnx
import onnx_ir as ir
from onnxscript import GraphBuilder

from toolkit.signature import Signature

from .onnx_proto import OPSET, strip
from .sampling_graph import value
from .step_graph import Op

IR_VERSION = 10
"""The version of the file format that torch's exporter writes, too."""

_IR_NAMES = {"int64": "INT64", "float32": "FLOAT", "bool": "BOOL", "uint8": "UINT8", "int32": "INT32"}

Body = Callable[[Op, dict[str, ir.Value]], Sequence[ir.Value]]
"""An op builder and the inputs by name -> the outputs in the order of the signature."""


def graph_model(
    name: str,
    signature: Signature,
    body: Body,
    opset_imports: Mapping[str, int] | None = None,
    ir_version: int = IR_VERSION,
) -> onnx.ModelProto:
    """Build a graph.

    Args:
        name: of the graph.
        signature: gives names, dtypes and axes of what goes in and comes out.
        body: builds what lies between.
        opset_imports: operators by domain; by default the standard ones of `OPSET`.
        ir_version: of the file format.

    Returns:
        A checked model without metadata.
    """
    inputs = [value(s.name, getattr(ir.DataType, _IR_NAMES[s.dtype]), s.axes) for s in signature.inputs]
    graph = ir.Graph(inputs, [], nodes=[], opset_imports=dict(opset_imports or {"": OPSET}), name=name)
    results = body(GraphBuilder(graph).op, {str(v.name): v for v in inputs})
    for result, spec in zip(results, signature.outputs, strict=True):
        result.name, result.shape = spec.name, ir.Shape(spec.axes)
        result.type = ir.TensorType(getattr(ir.DataType, _IR_NAMES[spec.dtype]))
    graph.outputs.extend(results)
    _give_names(graph)
    proto = ir.to_proto(ir.Model(graph, ir_version=ir_version))
    strip(proto, name)
    onnx.checker.check_model(proto, full_check=True)
    return proto


def _give_names(graph: ir.Graph) -> None:
    """A name of its own for every value inside, in the loops, too: an inner name must not hide an outer one."""
    results = set(graph.outputs)
    taken = {value.name for value in (*graph.inputs, *graph.outputs, *graph.initializers.values())}
    names = (name for i in itertools.count() if (name := f"v{i}") not in taken)
    for inner in graph.subgraphs():
        for inner_input in inner.inputs:
            inner_input.name = next(names)
    for node in graph.all_nodes():
        node.name = ""
        for output in node.outputs:
            if output not in results:
                output.name = next(names)
