"""A look-up table that is the matrix of a product, too: apart for the quantisers, and together again in int8."""

from collections.abc import Mapping

import numpy as np
import onnx
from onnx import helper, numpy_helper


def tied_tables(graph: onnx.GraphProto) -> dict[str, onnx.NodeProto]:
    """Each weight that is transposed for a product (see `layers.TiedProduct`): name -> the node that does it."""
    weights = {tensor.name for tensor in graph.initializer}
    return {node.input[0]: node for node in graph.node if node.op_type == "Transpose" and node.input[0] in weights}


def untie(model: onnx.ModelProto) -> dict[str, str]:
    """Give such products matrices of their own, which the quantisers can see: table -> matrix."""
    graph = model.graph
    weights = {tensor.name: tensor for tensor in graph.initializer}
    tied = {}
    for table, node in tied_tables(graph).items():
        tied[table] = node.output[0]
        matrix = np.ascontiguousarray(numpy_helper.to_array(weights[table]).T)
        graph.initializer.append(numpy_helper.from_array(matrix, tied[table]))
        graph.node.remove(node)
    return tied


def tie(model: onnx.ModelProto, tied: Mapping[str, str]) -> None:
    """Look tables up in the int8 matrices of their products, whose units become the rows, each with a scale.

    ONNX Runtime transposes a weight once, when it loads. To look up columns instead would cost a tenth of a step.
    """
    graph = model.graph
    weights = {tensor.name: tensor for tensor in graph.initializer}
    for table, matrix in tied.items():
        scales, small = weights[f"{matrix}_scale"], weights[f"{matrix}_quantized"]  # [V], [E, V]
        for part in (weights[table], scales, small):
            graph.initializer.remove(part)
        rows = {
            f"{table}.int8": np.ascontiguousarray(numpy_helper.to_array(small).T),
            f"{table}.scale": numpy_helper.to_array(scales)[:, None],
            f"{table}.axes": np.array([1]),
        }
        graph.initializer.extend(numpy_helper.from_array(array, name) for name, array in rows.items())
        place, node = next(
            (i, node) for i, node in enumerate(graph.node) if node.op_type == "Gather" and node.input[0] == table
        )
        ids, found = node.input[1], node.output[0]
        graph.node.remove(node)
        made = [
            helper.make_node("Transpose", [f"{table}.int8"], [small.name], perm=[1, 0]),
            helper.make_node("Squeeze", [f"{table}.scale", f"{table}.axes"], [scales.name]),
            helper.make_node("Gather", [f"{table}.int8", ids], [f"{found}.int8"]),
            helper.make_node("Cast", [f"{found}.int8"], [f"{found}.float"], to=onnx.TensorProto.FLOAT),
            helper.make_node("Gather", [f"{table}.scale", ids], [f"{found}.scale"]),
            helper.make_node("Mul", [f"{found}.float", f"{found}.scale"], [found]),
        ]
        for part in reversed(made):
            graph.node.insert(place, part)
