import json
import re
import zipfile

import numpy as np
import onnx
import onnxruntime
import pytest

from toolkit.bundle import METADATA_KEY
from toolkit.export.onnx_proto import OPSET

SHAPES = {
    "lstm": {},
    "gru, 2 layers, tied": {"cell": "gru", "num_layers": 2, "tie_weights": True},
    "rnn, one-hot, relu": {"cell": "rnn", "nonlinearity": "relu", "embedding_size": 0},
}


@pytest.fixture(params=SHAPES.values(), ids=SHAPES)
def bundle(request, make_bundle):
    return make_bundle(**request.param)


@pytest.fixture
def graph(bundle):
    return onnx.load(bundle / "step.onnx", load_external_data=False)


def declared(values):
    types = {onnx.TensorProto.INT64: "int64", onnx.TensorProto.FLOAT: "float32"}
    return [
        (
            value.name,
            types[value.type.tensor_type.elem_type],
            [dim.dim_param or dim.dim_value for dim in value.type.tensor_type.shape.dim],
        )
        for value in values
    ]


@pytest.mark.parametrize(
    ("shape", "states", "num_layers"),
    [("lstm", ["h0", "c0"], 1), ("gru, 2 layers, tied", ["h0"], 2), ("rnn, one-hot, relu", ["h0"], 1)],
)
def test_file_declares_the_names_types_and_axes_of_the_contract(shape, states, num_layers, make_bundle):
    bundle = make_bundle(**SHAPES[shape])
    graph = onnx.load(bundle / "step.onnx").graph
    vocab_size = len(json.loads((bundle / "model.json").read_bytes())["tokenizer"]["vocab"])
    state_axes = [num_layers, "N", 48]
    assert declared(graph.input) == [
        ("input_ids", "int64", ["N"]),
        *((name, "float32", state_axes) for name in states),
    ]
    assert declared(graph.output) == [
        ("logits", "float32", ["N", vocab_size]),
        *((f"next_{name}", "float32", state_axes) for name in states),
    ]


def test_file_passes_the_full_check_of_onnx_with_strict_shape_inference(graph):
    onnx.checker.check_model(graph, full_check=True)
    onnx.shape_inference.infer_shapes(graph, check_type=True, strict_mode=True)


def test_file_uses_standard_operators_of_one_opset_only(graph):
    assert [(opset.domain, opset.version) for opset in graph.opset_import] == [("", OPSET)]
    assert not graph.functions
    assert {node.domain for node in graph.graph.node} == {""}
    for node in graph.graph.node:
        assert onnx.defs.has(node.op_type, ""), node.op_type
        assert not any(attribute.type == onnx.AttributeProto.GRAPH for attribute in node.attribute)


def test_weights_stand_in_the_file_itself(graph, bundle):
    assert all(tensor.data_location == onnx.TensorProto.DEFAULT for tensor in graph.graph.initializer)
    assert sum(tensor.ByteSize() for tensor in graph.graph.initializer) > 20_000
    files = ["README.md", "generate.onnx", "model.json", "step.onnx", "step.ts.pt"]
    assert sorted(path.name for path in bundle.iterdir()) == files
    session = onnxruntime.InferenceSession((bundle / "step.onnx").read_bytes(), providers=["CPUExecutionProvider"])
    state = {
        part.name: np.zeros([1 if a == "N" else a for a in part.shape], np.float32) for part in session.get_inputs()[1:]
    }
    assert np.isfinite(session.run(["logits"], {"input_ids": np.array([1]), **state})[0]).all()


def test_graph_holds_no_doc_strings_and_no_metadata_but_the_facts(graph):
    parts = [graph, graph.graph]
    for group in (graph.graph.node, graph.graph.input, graph.graph.output, graph.graph.initializer):
        parts += group
    assert not [part.name for part in parts[1:] if part.doc_string]
    assert not graph.doc_string
    assert not [part.name for part in parts[1:] if part.metadata_props]
    assert [entry.key for entry in graph.metadata_props] == [METADATA_KEY]
    assert not graph.graph.value_info
    assert (graph.producer_name, graph.graph.name, graph.domain) == ("rnn-toolkit", "step", "")


def traces(data):
    """What of a machine's files some bytes name: absolute paths, source files, folders of Python packages."""
    patterns = [
        rb"/[\w.+-]+/[\w.+-]+",
        rb"[A-Za-z]:\\",
        rb"[\w-]+\.py\b",
        rb"site-packages",
        rb"File \"",
        rb"\bline \d+",
    ]
    return [match for pattern in patterns for match in re.findall(pattern, data)]


def machine_names():
    from pathlib import Path

    import torch

    import toolkit

    home, repository = Path.home(), Path(toolkit.__file__).parent.parent
    return [str(path).encode() for path in (repository, Path(torch.__file__).parent, home) if len(str(path)) > 3]


def without_weights(path):
    """The bytes of a graph file that are not numbers of its tensors, which could spell anything."""
    if path.suffix == ".onnx":
        model = onnx.load(path)
        for tensor in model.graph.initializer:
            tensor.ClearField("raw_data")
        return model.SerializeToString()
    with zipfile.ZipFile(path) as archive:
        names = [name for name in archive.namelist() if "/data/" not in name and "/constants/" not in name]
        # Inside the archive the code lies in files named *.py, and pickles name the compiled classes.
        return b"\n".join(re.sub(rb"__torch__[\w.]*", b"", archive.read(name)) for name in names)


@pytest.mark.parametrize("name", ["step.onnx", "generate.onnx", "step.ts.pt", "model.json", "README.md"])
def test_no_file_names_a_path_or_a_source_of_the_machine_it_was_made_on(name, bundle):
    data = (bundle / name).read_bytes()
    assert not [machine for machine in machine_names() if machine in data]
    if name.startswith("step"):
        assert traces(without_weights(bundle / name)) == []


def test_torchscript_archive_has_no_debug_files(bundle):
    with zipfile.ZipFile(bundle / "step.ts.pt") as archive:
        assert archive.testzip() is None
        names = archive.namelist()
    assert any(name.endswith(".py") for name in names)
    assert not [name for name in names if "debug" in name]


def test_dates_inside_the_archive_are_constant(bundle):
    with zipfile.ZipFile(bundle / "step.ts.pt") as archive:
        assert {entry.date_time for entry in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}
