"""Products in int8 with matrices that WebAssembly reads fast. Needs onnx, not torch."""

from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
from onnx import helper, numpy_helper

_STRIDE = 256
"""Columns of which a multiple is read slowly. ONNX Runtime's WebAssembly packs a matrix anew for each product, down its
columns, and rows so far apart push each other out of the cache: of [256, 1024] a product takes 58 microseconds, of
[256, 1040] 35. Natively a matrix is packed once, as the session is made."""

_MORE = 16
"""Columns of zeros that are put behind such a matrix."""


def widened(data: bytes) -> bytes:
    """A graph with the same inputs, outputs and results, and no int8 matrix of a width that is read slowly.

    Args:
        data: of an .onnx file.

    Returns:
        The file; matrices that nothing reads any more may be left in it.
    """
    model = onnx.load_from_string(data)
    _Widening(model.graph).widen(model.graph)
    made: bytes = model.SerializeToString(deterministic=True)
    return made


class _Widening:
    """Appends to the outermost graph, which has the weights, what the loops inside it need."""

    def __init__(self, outermost: onnx.GraphProto) -> None:
        self._weights = {tensor.name: tensor for tensor in outermost.initializer}
        self._added = outermost.initializer

    def widen(self, graph: onnx.GraphProto) -> None:
        """Change the products of a graph, and of the graphs in it."""
        for place, node in reversed(list(enumerate(graph.node))):
            for attribute in node.attribute:
                if attribute.HasField("g"):
                    self.widen(attribute.g)
            matrix = self._weights.get(node.input[1]) if node.op_type == "MatMulInteger" else None
            if matrix is None or len(matrix.dims) != 2 or matrix.dims[1] % _STRIDE:
                continue
            columns, found = matrix.dims[1], node.output[0]
            node.input[1] = self._wide(matrix)
            zeros = self._weights.get(node.input[3]) if len(node.input) > 3 else None
            if zeros is not None and list(zeros.dims) == [columns]:
                node.input[3] = self._wide(zeros)
            node.output[0] = f"{found}.wide"
            ends = [self._number(n) for n in (0, columns, -1)]  # from, to, of the last axis
            graph.node.insert(place + 1, helper.make_node("Slice", [node.output[0], *ends], [found]))

    def _wide(self, tensor: onnx.TensorProto) -> str:
        """The name of a tensor with more columns."""
        array = numpy_helper.to_array(tensor)
        return self._once(f"{tensor.name}.wide", np.pad(array, [*[(0, 0)] * (array.ndim - 1), (0, _MORE)]))

    def _number(self, number: int) -> str:
        return self._once(f"wide.{number}", np.array([number]))

    def _once(self, name: str, array: npt.NDArray[Any]) -> str:
        """The name of a weight, made at its first use."""
        if name not in self._weights:
            self._weights[name] = numpy_helper.from_array(array, name)
            self._added.append(self._weights[name])
        return name
