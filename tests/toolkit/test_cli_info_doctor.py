import base64
import importlib.metadata
import json
import platform
import shutil
import subprocess
import sys

import onnx
import pytest
from onnx import TensorProto, helper

import toolkit
from toolkit.cli import COMMANDS, _run, doctor


@pytest.fixture(scope="module")
def bundle(make_bundle):
    return make_bundle()


# info ------------------------------------------------------------------------------------------------------


def test_info_of_a_bundle_is_its_model_json(bundle, cli):
    done = cli("info", bundle, "--json")
    assert (done.returncode, done.stderr) == (0, "")
    said = json.loads(done.stdout)
    assert said.pop("what") == "a bundle, all files intact"
    assert said == json.loads((bundle / "model.json").read_bytes())


def test_info_of_a_single_file_tells_the_same_without_the_files(bundle, cli):
    said = json.loads(cli("info", bundle / "step.onnx", "--json").stdout)
    assert said.pop("what") == "an exported graph"
    expected = json.loads((bundle / "model.json").read_bytes())
    assert expected.pop("files")
    assert said == expected


def test_info_of_a_checkpoint_tells_shape_training_and_metrics_but_no_text(make_checkpoint, capfd):
    assert _run(args=["info", str(make_checkpoint()), "--json"]) == 0
    said = json.loads(capfd.readouterr().out)
    assert (said["what"], said["kind"]) == ("a checkpoint", "lm")
    assert (said["network"]["cell"], said["network"]["hidden_size"]) == ("lstm", 48)
    assert said["network"]["vocab_size"] == len(said["tokenizer"]["vocab"])
    assert said["training"]["epochs"] == 2
    assert said["metrics"]["perplexity"] > 1
    assert said["corpus"]["source"] == "builtin:lyrics-zh"
    assert "sample" not in said["corpus"]


@pytest.mark.parametrize(
    ("kind", "shown"),
    [
        (
            "bundle",
            ["a bundle, all files intact", "input_ids int64 [N]; h0 float32 [1, N, 48]", "step.ts.pt", "parity"],
        ),
        ("file", ["an exported graph", "next_c0 float32 [1, N, 48]", "parity", "builtin:lyrics-zh"]),
        ("checkpoint", ["a checkpoint", "cell lstm", "char tokens, newline keep", "epochs 2"]),
    ],
)
def test_info_for_people_is_a_table_on_standard_output(kind, shown, bundle, make_checkpoint, capfd, monkeypatch):
    path = {"bundle": bundle, "file": bundle / "step.onnx", "checkpoint": make_checkpoint()}[kind]
    monkeypatch.setenv("COLUMNS", "200")
    assert _run(args=["info", str(path)]) == 0
    out, err = capfd.readouterr()
    assert err == ""
    assert out.startswith(f"{path}: ")
    assert [text for text in shown if text not in out] == []


@pytest.mark.parametrize("name", ["step.onnx", "generate.onnx", "step.ts.pt", "README.md"])
def test_info_checks_the_hash_of_every_file(name, bundle, tmp_path, cli):
    copy = shutil.copytree(bundle, tmp_path / "copy")
    data = bytearray((copy / name).read_bytes())
    data[len(data) // 2] ^= 1
    (copy / name).write_bytes(data)
    done = cli("info", copy)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith(f"error: {copy / name}: expected SHA-256 ")


def test_brackets_in_a_path_are_no_markup(bundle, tmp_path, cli):
    copy = shutil.copytree(bundle, tmp_path / "[/b]" / "[bold]x[red]")
    done = cli("info", copy)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith(f"{copy}: a bundle")


# doctor ----------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def findings():
    done = subprocess.run(
        [sys.executable, "-m", "toolkit", "doctor", "--json"], capture_output=True, text=True, timeout=120, check=True
    )
    assert done.stderr == ""
    said = json.loads(done.stdout)
    assert said["toolkit"] == toolkit.__version__
    return {finding["what"]: finding for finding in said["findings"]}


def test_doctor_tells_the_versions_that_are_installed(findings):
    assert findings["python"] == {"what": "python", "ok": True, "found": platform.python_version(), "advice": ""}
    for name in ("numpy", "torch", "onnx", "onnxscript"):
        assert findings[name]["ok"]
        assert findings[name]["found"].startswith(importlib.metadata.version(name))


def test_doctor_names_exactly_one_onnxruntime(findings):
    found = [d for d in ("onnxruntime", "onnxruntime-gpu") if list(importlib.metadata.distributions(name=d))]
    assert findings["onnxruntime"]["found"] == ", ".join(f"{d} {importlib.metadata.version(d)}" for d in found)
    assert findings["onnxruntime"]["ok"] == (len(found) == 1)


def test_doctor_has_run_a_graph_on_what_it_calls_usable(findings):
    assert findings["run on cpu"] == {"what": "run on cpu", "ok": True, "found": "a graph ran", "advice": ""}
    cuda = findings["run on cuda"]
    if not cuda["ok"]:
        assert len(cuda["found"]) > 10
        assert cuda["advice"] == "Needed only for --device cuda."
        assert toolkit.devices.CUDA_REFUSED not in cuda["found"]


def test_what_doctor_finds_wanting_has_a_reason_and_packages_the_line_that_installs_them(findings):
    for finding in findings.values():
        assert finding["found"]
        if "not installed" in finding["found"] and finding["what"] != "train on cuda":
            assert not finding["ok"]
            assert "pip install" in finding["advice"]


def test_doctor_for_people_says_the_same(findings, cli):
    done = cli("doctor")
    assert done.returncode == 0
    lines = done.stdout.splitlines()
    assert lines[0].startswith(f"rnn-toolkit {toolkit.__version__} on ")
    for finding in findings.values():
        (line,) = [line for line in lines if line[3:].startswith(f" {finding['what']:<20} ")]
        assert line.startswith("ok " if finding["ok"] else "-- ")
        assert line.endswith(finding["found"])
        if finding["advice"]:
            assert lines[lines.index(line) + 1].strip() == finding["advice"]


def test_graph_inside_doctor_is_what_onnx_makes_of_one_identity():
    value = {name: helper.make_tensor_value_info(name, TensorProto.FLOAT, [1]) for name in ("x", "y")}
    graph = helper.make_graph([helper.make_node("Identity", ["x"], ["y"])], "g", [value["x"]], [value["y"]])
    embedded = onnx.load_from_string(doctor._IDENTITY)
    model = helper.make_model(graph, opset_imports=embedded.opset_import, ir_version=embedded.ir_version)
    graph.name = embedded.graph.name
    assert embedded.graph.node[0].op_type == "Identity"
    assert [list(map(str, v.type.tensor_type.shape.dim)) for v in embedded.graph.input] == [["dim_value: 1\n"]]
    onnx.checker.check_model(embedded, full_check=True)
    model.graph.name = embedded.graph.name
    assert base64.b64encode(doctor._IDENTITY) == base64.b64encode(model.SerializeToString())


# The command itself ------------------------------------------------------------------------------------------


def test_no_command_shows_the_help_and_exits_with_2(cli):
    done = cli()
    assert done.returncode == 2
    assert "Usage: toolkit" in done.stdout + done.stderr
    assert [name for name in COMMANDS if name not in done.stdout + done.stderr] == []


@pytest.mark.parametrize("flag", ["--help", "-h"])
def test_help_lists_every_command_with_its_line(flag, cli):
    done = cli(flag)
    assert (done.returncode, done.stderr) == (0, "")
    for name, entry in COMMANDS.items():
        assert f"  {name}" in done.stdout
        assert entry.help in done.stdout


def test_version_is_that_of_the_package(cli):
    assert cli("--version").stdout.strip().endswith(toolkit.__version__)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["compose"], "No such command 'compose'. See: toolkit --help"),
        (["info"], "Missing argument 'MODEL'. See: toolkit info --help"),
        (["info", "a", "b"], "unexpected extra argument (b). See: toolkit info --help"),
        (["--verbose"], "No such option '--verbose'. Did you mean '--version'? See: toolkit --help"),
        (["generate", "m"], "Missing option '--prompt'"),
        (["doctor", "--fix"], "No such option '--fix'. See: toolkit doctor --help"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_wrong_command_line_is_one_line_and_exit_code_2(arguments, message, cli):
    done = cli(*arguments)
    assert (done.returncode, done.stdout) == (2, "")
    (line,) = done.stderr.splitlines()
    assert line.startswith("error: ")
    assert message in line
