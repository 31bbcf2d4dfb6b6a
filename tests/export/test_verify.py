import json
import re
import shutil
from dataclasses import replace

import pytest

from toolkit.cli import _run
from toolkit.models.checkpoint import load_checkpoint, save_checkpoint


@pytest.fixture
def bundle(make_bundle, tmp_path):
    """A copy of the bundle that a test may spoil."""
    return shutil.copytree(make_bundle(), tmp_path / "best")


def refused(capfd):
    """The one line of a refused command."""
    out, err = capfd.readouterr()
    assert out == ""
    (line,) = err.splitlines()
    assert line.startswith("error: ")
    return line


def test_bundle_equals_its_checkpoint_and_the_figures_are_those_of_the_export(bundle, make_checkpoint, capfd):
    assert _run(args=["verify", str(bundle), "--against", str(make_checkpoint()), "--json"]) == 0
    said = json.loads(capfd.readouterr().out)
    written = json.loads((bundle / "model.json").read_bytes())["parity"]
    assert said["parity"].keys() == written.keys()
    assert said["parity"]["largest_error"].keys() == {"torchscript", "onnx"}
    assert all(error <= 1e-5 for errors in said["parity"]["largest_error"].values() for error in errors.values())
    assert (said["bundle"], said["checkpoint"]) == (str(bundle), str(make_checkpoint()))


@pytest.mark.parametrize("name", ["step.onnx", "generate.onnx", "step.ts.pt", "README.md"])
@pytest.mark.parametrize("fault", ["one bit", "cut off", "missing"])
def test_spoilt_file_is_named(name, fault, bundle, make_checkpoint, capfd):
    path = bundle / name
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    if fault == "missing":
        path.unlink()
    else:
        path.write_bytes(data if fault == "one bit" else data[:-1])
    assert _run(args=["verify", str(bundle), "--against", str(make_checkpoint())]) == 2
    assert str(path) in refused(capfd)


def test_checkpoint_of_another_vocabulary_is_refused(bundle, make_checkpoint, capfd):
    other = make_checkpoint(newline="space")
    assert _run(args=["verify", str(bundle), "--against", str(other)]) == 2
    message = refused(capfd)
    assert str(bundle) in message
    assert f"was not exported from {other}" in message


def test_checkpoint_with_one_other_weight_is_refused_with_output_step_and_number(
    bundle, make_checkpoint, tmp_path, capfd
):
    checkpoint = load_checkpoint(make_checkpoint())
    weights = {name: tensor.clone() for name, tensor in checkpoint.weights.items()}
    weights["rnn.bias_ih_l0"][3 * 48] += 0.01
    save_checkpoint(tmp_path / "other.pt", replace(checkpoint, weights=weights))
    assert _run(args=["verify", str(bundle), "--against", str(tmp_path / "other.pt")]) == 2
    message = refused(capfd)
    assert re.search(
        rf"{re.escape(str(bundle))}: does not equal .*other\.pt: torchscript: output \w+ .* at step \d+ of 256", message
    )
    assert "Nothing was exported" not in message


@pytest.mark.parametrize("argument", ["bundle", "checkpoint"])
def test_missing_argument_is_named(argument, bundle, make_checkpoint, tmp_path, capfd):
    nowhere = tmp_path / "nowhere"
    places = {"bundle": bundle, "checkpoint": make_checkpoint(), argument: nowhere}
    assert _run(args=["verify", str(places["bundle"]), "--against", str(places["checkpoint"])]) == 2
    assert str(nowhere) in refused(capfd)


def test_bundle_is_only_read(bundle, make_checkpoint, capfd):
    before = {path.name: path.stat().st_mtime_ns for path in bundle.iterdir()}
    assert _run(args=["verify", str(bundle), "--against", str(make_checkpoint(newline="space"))]) == 2
    assert {path.name: path.stat().st_mtime_ns for path in bundle.iterdir()} == before
    assert refused(capfd)
