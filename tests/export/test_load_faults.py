import contextlib
import copy
import io
import json
import re
import shutil
from pathlib import Path

import onnx
import pytest
from onnx import TensorProto, helper

import toolkit
from toolkit.cli import _run


@pytest.fixture
def bundle(make_bundle, tmp_path):
    """A copy of the bundle that a test may spoil."""
    return shutil.copytree(make_bundle(), tmp_path / "best")


@pytest.fixture
def step(bundle):
    """The .onnx file alone: nothing but its own metadata says what it is."""
    return shutil.move(bundle / "step.onnx", bundle.parent / "song.onnx")


def refused(path):
    """The message with which a model is refused; the commands that read it say the same in one line."""
    with pytest.raises(toolkit.ToolkitError) as error:
        toolkit.load(path, "cpu")
    message = str(error.value)
    assert "\n" not in message.strip()
    for command in (["generate", str(path), "-p", "月", "--device", "cpu"], ["info", str(path)]):
        out, err = io.StringIO(), io.StringIO()
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            assert _run(args=command) == 2
        assert (out.getvalue(), err.getvalue()) == ("", f"error: {message}\n")
    return message


def rewritten(path, change):
    """Change the JSON of a bundle."""
    values = json.loads(path.read_bytes())
    change(values)
    path.write_text(json.dumps(values), encoding="utf-8")


def with_facts(step, change):
    """Change the facts inside an .onnx file."""
    proto = onnx.load(step)
    facts = json.loads(proto.metadata_props[0].value)
    change(facts)
    proto.metadata_props[0].value = json.dumps(facts)
    onnx.save(proto, step)


# Bundles -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["nowhere", "nowhere.onnx", "nowhere/deeper"])
def test_path_that_does_not_exist_is_named(name, tmp_path):
    assert refused(tmp_path / name).startswith(f"{tmp_path / name}: expected a bundle folder")


def test_folder_without_model_json_is_no_bundle(tmp_path):
    assert refused(tmp_path).startswith(
        f"{tmp_path}: expected a bundle as `toolkit export` writes it, found no model.js"
    )


FAULTS = {
    "one bit": lambda data: bytes([*data[:5000], data[5000] ^ 4, *data[5001:]]),
    "cut off": lambda data: data[:-1],
    "longer": lambda data: data + b"\0",
    "empty": lambda _: b"",
}


def test_altered_graph_is_refused_by_its_hash(bundle):
    path = bundle / "generate.onnx"
    path.write_bytes(FAULTS["one bit"](path.read_bytes()))
    assert refused(bundle).startswith(f"{path}: expected SHA-256 ")


@pytest.mark.parametrize("name", ["step.onnx", "generate.onnx"])
@pytest.mark.parametrize("fault", ["cut off", "longer", "empty"])
def test_graph_of_another_size_is_refused_before_it_is_needed(fault, name, bundle):
    path = bundle / name
    path.write_bytes(FAULTS[fault](path.read_bytes()))
    assert re.match(rf"{re.escape(str(path))}: expected \d+ bytes, found \d+: the file was altered", refused(bundle))


def test_altered_graph_is_refused_when_it_is_needed(bundle, capsys):
    path = bundle / "step.onnx"
    path.write_bytes(FAULTS["one bit"](path.read_bytes()))
    model = toolkit.load(bundle, "cpu")
    assert model.generate("月", max_new_tokens=3)  # the decode loop is a file of its own
    with pytest.raises(toolkit.ToolkitError, match=r"step\.onnx: expected SHA-256 "):
        model.generate("月", max_new_tokens=3, presence_penalty=1.0)
    assert _run(args=["info", str(bundle)]) == 2
    assert f"{path}: expected SHA-256 " in capsys.readouterr().err


@pytest.mark.parametrize("name", ["step.onnx", "generate.onnx"])
def test_missing_graph_is_named(name, bundle):
    (bundle / name).unlink()
    assert refused(bundle).startswith(f"{bundle / name}: expected the file that model.json lists")


def test_graph_of_another_bundle_is_refused(bundle, make_bundle):
    shutil.copy(make_bundle(cell="gru", num_layers=2, tie_weights=True) / "generate.onnx", bundle)
    assert re.search(r"generate\.onnx: expected \d+ bytes", refused(bundle))


@pytest.mark.parametrize("data", [b"", b"{", b"[1]", b"\xff\xfe\x00", b"null", b'{"format": "another"}', b"\0" * 100])
def test_model_json_that_is_none_of_ours_is_refused(data, bundle):
    (bundle / "model.json").write_bytes(data)
    assert refused(bundle).startswith(f"{bundle / 'model.json'}: expected ")


@pytest.mark.parametrize("version", [2, 0, None, "1"])
def test_other_format_version_is_refused_and_the_way_out_is_named(version, bundle):
    rewritten(bundle / "model.json", lambda values: values.update(format_version=version))
    message = refused(bundle)
    assert f"{bundle / 'model.json'}: has format version {version}, this toolkit reads 1" in message
    assert "Upgrade rnn-toolkit" in message


@pytest.mark.parametrize("name", ["../../etc/passwd", "/etc/passwd", "a/b", "..\\b"])
def test_list_of_files_that_leaves_the_bundle_is_refused(name, bundle):
    rewritten(bundle / "model.json", lambda values: values["files"].update({name: values["files"]["step.onnx"]}))
    assert "places outside the bundle" in refused(bundle)


def test_unknown_keys_in_model_json_are_left_alone(bundle):
    rewritten(bundle / "model.json", lambda values: values.update(comment="by hand"))
    assert toolkit.load(bundle).generate("月", max_new_tokens=3)


# Single .onnx files --------------------------------------------------------------------------------------


@pytest.mark.parametrize("share", [0, 0.001, 0.3, 0.7, 0.999])
def test_truncated_onnx_file_is_refused(share, step):
    data = step.read_bytes()
    step.write_bytes(data[: int(len(data) * share)])
    assert refused(step).startswith(f"{step}: ")


@pytest.mark.parametrize("data", [b"not a model", b"PK\x03\x04", bytes(1000)])
def test_file_that_is_no_onnx_is_refused(data, step):
    step.write_bytes(data)
    assert refused(step).startswith(f"{step}: expected an ONNX file, but ONNX Runtime cannot read it: ")


def test_folder_named_like_an_onnx_file_is_refused(tmp_path):
    folder = tmp_path / "model.onnx"
    folder.mkdir()
    assert refused(folder).startswith(f"{folder}: expected a bundle")


def foreign(**metadata):
    """A working graph that another program wrote."""
    values = [helper.make_tensor_value_info(name, TensorProto.FLOAT, ["N", 2]) for name in ("x", "y")]
    graph = helper.make_graph([helper.make_node("Relu", ["x"], ["y"])], "g", values[:1], values[1:])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=10)
    helper.set_model_props(model, metadata)
    return model.SerializeToString()


def test_onnx_file_of_another_program_is_refused(tmp_path):
    path = tmp_path / "theirs.onnx"
    path.write_bytes(foreign(author="someone"))
    message = refused(path)
    assert message.startswith(f"{path}: an ONNX file, but none that `toolkit export` wrote")


def test_our_facts_on_a_graph_of_another_program_are_refused(step, tmp_path):
    facts = onnx.load(step).metadata_props[0].value
    path = tmp_path / "theirs.onnx"
    path.write_bytes(foreign(rnn_toolkit=facts))
    message = refused(path)
    assert "input input_ids int64 [N] is missing" in message
    assert "output y float32 [N, 2] is not expected" in message


@pytest.mark.parametrize("facts", ["", "{", "[]", "{}", '{"format": "rnn-toolkit model"}', "\0"])
def test_facts_that_are_damaged_are_refused(facts, step):
    proto = onnx.load(step)
    proto.metadata_props[0].value = facts
    onnx.save(proto, step)
    assert refused(step).startswith(f"{step}: ")


@pytest.mark.parametrize("vocab", [lambda old: old[:-1], lambda old: [*old, "新的一个词"]])
def test_vocabulary_of_another_size_than_the_logits_is_refused(vocab, step):
    def change(facts):
        facts["tokenizer"]["vocab"] = vocab(facts["tokenizer"]["vocab"])

    with_facts(step, change)
    assert "vocabulary" in refused(step)


def renamed_axis(proto):
    proto.graph.input[1].type.tensor_type.shape.dim[1].dim_param = "batch"


def frozen_axis(proto):
    for value in (*proto.graph.input, *proto.graph.output):
        for dim in value.type.tensor_type.shape.dim:
            if dim.dim_param:
                dim.dim_value = 1


def missing_output(proto):
    del proto.graph.output[-1]


@pytest.mark.parametrize("change", [renamed_axis, frozen_axis, missing_output])
def test_our_facts_on_a_graph_with_other_axes_are_refused(change, step):
    proto = onnx.load(step)
    change(proto)
    onnx.save(proto, step)
    assert refused(step).startswith(f"{step}: is no step graph of this toolkit: ")


def places(value, path=()):
    """The path of every value in nested dicts and lists; of long lists only the first two entries."""
    yield path
    parts = value.items() if isinstance(value, dict) else enumerate(value[:2]) if isinstance(value, list) else ()
    for key, part in parts:
        yield from places(part, (*path, key))


WRONG = (None, -1, {"x": 1}, "missing")


def spoilt(facts, path, wrong):
    """Facts with another value in one place."""
    changed = copy.deepcopy(facts)
    holder = changed
    for key in path[:-1]:
        holder = holder[key]
    if wrong == "missing":
        del holder[path[-1]]
    else:
        holder[path[-1]] = wrong
    return changed


def codes(path, arguments, changes, *, info):
    """Write facts into an .onnx file, one after the other; how the command ended with each, or 10 and how info did."""
    original = onnx.load(path)
    for facts in changes:
        original.metadata_props[0].value = json.dumps(facts)
        path.write_bytes(original.SerializeToString())
        out, err = io.StringIO(), io.StringIO()
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            code = _run(args=[*arguments, "--max-new-tokens", "2", "--device", "cpu"])
            code = code or 10 + (_run(args=["info", str(path)]) if info else 0)
        assert ("error: " in err.getvalue()) == (code != 10), facts
        yield code


def facts_of(path):
    return json.loads(onnx.load(path).metadata_props[0].value)


def test_any_single_wrong_value_in_the_facts_is_refused_or_harmless(step):
    facts = facts_of(step)
    # Each place has two of the four wrong values, in turns.
    changes = [
        spoilt(facts, place, WRONG[(number + more) % len(WRONG)])
        for number, place in enumerate(list(places(facts))[1:])
        for more in (0, 1)
    ]
    assert len(changes) > 100
    found = set(codes(step, ["generate", str(step), "-p", "月"], changes, info=True))
    assert found == {2, 10, 12}  # a figure that is wrong keeps info from telling, but no model from writing


def test_so_is_one_in_what_a_model_from_text_to_text_alone_has(made_of_pairs, tmp_path):
    path = Path(shutil.copy(made_of_pairs().bundle / "translate.onnx", tmp_path))
    facts = facts_of(path)
    own = [
        place
        for place in places(facts)
        if place[:1] in {("network",), ("source_tokenizer",), ("target_tokenizer",)}
        or place[:2] == ("signatures", "translate")
    ]
    # Opening this graph takes long: one wrong value for each place.
    changes = [spoilt(facts, place, WRONG[number % len(WRONG)]) for number, place in enumerate(own)]
    assert len(changes) > 60
    assert set(codes(path, ["translate", str(path), "月月"], changes, info=False)) == {2, 10}
