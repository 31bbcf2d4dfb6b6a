"""An embedding that is the output matrix, too: exported files hold it once, and compute what they did with two."""

import io
import zipfile

import numpy as np
import onnx
import pytest
from onnx import numpy_helper

from toolkit.decode_loop import Knobs
from toolkit.export.export_options import ExportOptions
from toolkit.export.exporter import export_checkpoint
from toolkit.export.generate_graph import generate_graph
from toolkit.export.onnx_file import to_onnx
from toolkit.export.quantize import quantize
from toolkit.export.step_module import step_module
from toolkit.export.torchscript_file import script, torchscript_bytes
from toolkit.models.checkpoint import load_checkpoint
from toolkit.models.torch_steps import EagerStepModel, network_signature
from toolkit.onnx_models import OnnxDecodeLoop, OnnxStepModel
from toolkit.onnx_session import open_session
from toolkit.signature import generate_signature

V, E = 211, 53  # large enough that the exporter leaves the transposition to ONNX Runtime
SHAPES = {"projected": {"embedding_size": E}, "as wide as the state": {"hidden_size": E, "embedding_size": E}}


@pytest.fixture(scope="module", params=SHAPES.values(), ids=SHAPES)
def network(request, network_of):
    return network_of("lstm", V, tie_weights=True, **request.param)


@pytest.fixture(scope="module")
def step_graph(network):
    """In float32, nothing folded."""
    return to_onnx(step_module(network, 0), network_signature(network), "step")


@pytest.fixture
def graphs_of(network, step_graph):
    """A function kind -> step and decode loop."""

    def make(kind):
        step = step_graph if kind == "none" else quantize(step_graph, kind)
        return step, generate_graph(step, generate_signature(network_signature(network)), (0,), "generate")

    return make


def matrices(graph):
    """The initializers that have as many elements as the embedding."""
    return [numpy_helper.to_array(part) for part in graph.initializer if np.prod(part.dims) == V * E]


@pytest.mark.parametrize("kind", ["none", "int8", "fp16"])
def test_the_matrix_stands_in_each_graph_once(graphs_of, kind):
    for model in graphs_of(kind):
        (table,) = matrices(model.graph)
        assert table.shape == (V, E)
        assert table.dtype == {"none": np.float32, "int8": np.int8, "fp16": np.float16}[kind]


def test_int4_keeps_a_table_beside_the_blocks_of_its_product(graphs_of):
    step, _ = graphs_of("int4")
    assert [table.dtype for table in matrices(step.graph)] == [np.int8]
    assert "Transpose" not in [node.op_type for node in step.graph.node]


def test_the_matrix_stands_in_the_torchscript_file_once(network):
    with zipfile.ZipFile(io.BytesIO(torchscript_bytes(script(step_module(network, 0)), "facts"))) as archive:
        assert [part.file_size for part in archive.infolist()].count(V * E * 4) == 1


def test_a_folded_embedding_leaves_the_output_its_own_matrix(network):
    buffers = dict(step_module(network, 2**20).named_buffers())
    (matrix,) = (part for part in buffers.values() if part.numel() == V * E)
    np.testing.assert_array_equal(matrix.numpy(), network.output.weight.detach().numpy().T)


def test_int8_rounds_every_row_to_its_own_scale(network, graphs_of):
    graph = graphs_of("int8")[0].graph
    rows, scales = (
        next(numpy_helper.to_array(part) for part in graph.initializer if part.name == f"source.0.table.{name}")
        for name in ("int8", "scale")
    )
    exact = network.embedding.weight.detach().numpy()
    np.testing.assert_allclose(scales[:, 0], np.abs(exact).max(axis=1) / 127, rtol=1e-5)
    assert np.all(np.abs(rows * scales - exact) <= scales * 0.5001)


@pytest.mark.parametrize(("kind", "likeness"), [("none", 1 - 1e-9), ("int8", 0.999), ("int4", 0.96), ("fp16", 0.99999)])
def test_steps_stay_near_eager_pytorch_and_loops_follow_their_steps(network, graphs_of, text_ids, kind, likeness):
    step, generate = (open_session(model.SerializeToString(), kind) for model in graphs_of(kind))
    signature = network_signature(network)
    exported, eager = OnnxStepModel(lambda: step, signature, "cpu"), EagerStepModel(network)
    for batch in (1, 3):
        states = eager.init_state(batch), exported.init_state(batch)
        for ids in text_ids[: 60 * batch].reshape(-1, batch):
            exact, first = eager.step(ids, states[0])
            found, second = exported.step(ids, states[1])
            states = first, second
            assert min(np.corrcoef(pair)[0, 1] for pair in zip(exact, found, strict=True)) > likeness

    loop = OnnxDecodeLoop(generate, generate_signature(signature), "cpu")
    prompt, numbers = text_ids[None, :5], np.zeros((20, 1), np.float32)
    ids, _, _ = loop.generate(prompt, np.array([5]), loop.init_state(1), Knobs(temperature=0.0), numbers)
    state, expected = exported.init_state(1), []
    for step_ids in prompt.T:
        logits, state = exported.step(step_ids, state)
    for _ in numbers:
        expected.append(1 + int(logits[0, 1:].argmax()))  # 0 is never written
        logits, state = exported.step(np.array(expected[-1:]), state)
    assert ids[0].tolist() == expected


@pytest.mark.slow
@pytest.mark.usefixtures("short_rollouts")
def test_such_a_bundle_passes_the_gates_and_stores_no_more_than_was_learnt(make_checkpoint, tmp_path):
    checkpoint = make_checkpoint(tie_weights=True, embedding_size=64, hidden_size=32)
    how = ExportOptions(quantize="int8", max_table_mib=0, max_ppl_increase=1.0)
    done = export_checkpoint(checkpoint, tmp_path / "b", how)
    stored = sum(np.prod(part.dims) for part in onnx.load(done.folder / "step.onnx").graph.initializer)
    learnt = {part.data_ptr(): part.numel() for part in load_checkpoint(checkpoint).build().parameters()}
    assert stored < 1.1 * sum(learnt.values())
