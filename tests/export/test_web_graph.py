"""What makes text.onnx ready for a browser: other matrices, the same texts."""

from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest
from onnx import TensorProto, helper, numpy_helper

from toolkit.bundle import TEXT
from toolkit.embedding import embeddable
from toolkit.errors import ParityError
from toolkit.export import web_graph
from toolkit.export.wide_products import widened


def product(columns, *, scalar_zero=False):
    """A graph of one product in int8, and its matrix."""
    rng = np.random.default_rng(columns)
    matrix = rng.integers(-127, 128, (32, columns)).astype(np.int8)
    zeros = np.zeros((), np.int8) if scalar_zero else rng.integers(-9, 10, columns).astype(np.int8)
    graph = helper.make_graph(
        [helper.make_node("MatMulInteger", ["x", "w", "zero", "zeros"], ["y"])],
        "product",
        [helper.make_tensor_value_info("x", TensorProto.UINT8, [1, 32])],
        [helper.make_tensor_value_info("y", TensorProto.INT32, [1, columns])],
        [numpy_helper.from_array(a, n) for a, n in ((matrix, "w"), (zeros, "zeros"), (np.uint8(7), "zero"))],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=10), matrix, zeros


@pytest.mark.parametrize("scalar_zero", [False, True])
@pytest.mark.parametrize("columns", [256, 1024, 250, 384])
def test_a_wider_product_is_the_same(columns, scalar_zero):
    model, matrix, zeros = product(columns, scalar_zero=scalar_zero)
    data = widened(model.SerializeToString())
    made = onnx.load_from_string(data)
    used = next(node.input[1] for node in made.graph.node if node.op_type == "MatMulInteger")
    width = next(tensor.dims[1] for tensor in made.graph.initializer if tensor.name == used)
    assert width == (columns if columns % 256 else columns + 16)
    x = np.random.default_rng(1).integers(0, 256, (1, 32)).astype(np.uint8)
    session = onnxruntime.InferenceSession(data, providers=["CPUExecutionProvider"])
    expected = (x.astype(np.int32) - 7) @ (matrix.astype(np.int32) - zeros)
    np.testing.assert_array_equal(session.run(None, {"x": x})[0], expected)


@pytest.fixture(scope="module")
def model():
    """An int8 model whose recurrent matrix is 1,024 wide."""
    return embeddable(Path("builtin:lyrics-zh"))


def test_a_real_graph_keeps_its_contract_and_needs_no_operators_of_one_runtime(model):
    data = web_graph.web_graph(model.graphs[TEXT], model.info.signatures[TEXT], model.example)
    before, made = onnx.load_from_string(model.graphs[TEXT]), onnx.load_from_string(data)
    for side in ("input", "output"):
        assert [v.name for v in getattr(made.graph, side)] == [v.name for v in getattr(before.graph, side)]
    assert [opset.domain for opset in made.opset_import] == [""]
    assert made.metadata_props == before.metadata_props
    widths = {tuple(t.dims) for t in made.graph.initializer if t.data_type == TensorProto.INT8 and len(t.dims) == 2}
    assert widths == {(2368, 128), (128, 1040), (256, 1040), (256, 2368)}
    assert data == web_graph.web_graph(model.graphs[TEXT], model.info.signatures[TEXT], model.example)


def test_a_graph_that_writes_something_else_is_not_handed_out(model, monkeypatch):
    def spoilt(data):
        changed = onnx.load_from_string(data)
        bias = next(t for t in changed.graph.initializer if t.name.endswith("source.1.bias"))
        bias.CopyFrom(numpy_helper.from_array(numpy_helper.to_array(bias)[::-1].copy(), bias.name))
        return changed.SerializeToString()

    monkeypatch.setattr(web_graph, "widened", spoilt)
    with pytest.raises(ParityError, match="ready for a browser it writes another text"):
        web_graph.web_graph(model.graphs[TEXT], model.info.signatures[TEXT], model.example)
