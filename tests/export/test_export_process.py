import json
import os
import shutil
import signal
import subprocess
import sys
import zipfile

import onnx
import pytest

import toolkit

CUT_SHORT = """
import os, signal, sys

from toolkit.cli import _run
from toolkit.export import parity

parity.STEPS = parity.GREEDY_TOKENS = 8  # what the gate measures is not the question here

# 1. A disk that is full after 64 KiB of a file: Python turns the signal into an error.
import resource

resource.setrlimit(resource.RLIMIT_FSIZE, (65536, resource.RLIM_INFINITY))
code = _run(args=["export", "best.pt", "--force"])
resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
assert code == 2, code

# 2. Killed while model.json, the last file, is opened for writing.


def kill(event, args):
    if event == "open" and str(args[0]).endswith("model.json") and "w" in str(args[1]):
        os.kill(os.getpid(), signal.SIGKILL)


sys.addaudithook(kill)
_run(args=["export", "best.pt", "-o", "killed"])
"""


def contents(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def lasting(folder):
    """What the files hold beside measured rounding errors (their last bits depend on the place in memory) and

    the names of compiled classes (torch numbers them by what else its process has compiled).
    """
    facts = json.loads((folder / "model.json").read_bytes())
    assert facts.pop("parity")
    assert facts.pop("files")
    graphs = []
    for name in ("step.onnx", "generate.onnx"):
        graph = onnx.load(folder / name)
        assert [entry.key for entry in graph.metadata_props] == ["rnn_toolkit"]
        del graph.metadata_props[:]
        graphs.append(graph.SerializeToString())
    with zipfile.ZipFile(folder / "step.ts.pt") as archive:
        weights = {name: archive.read(name) for name in archive.namelist() if "/data/" in name}
    assert sum(map(len, weights.values())) > 100_000
    return facts, graphs, weights


def test_export_is_one_json_object_and_the_same_graphs_in_another_process(cli, make_checkpoint, make_bundle, tmp_path):
    run = tmp_path / "runs" / "模型"
    run.mkdir(parents=True)
    shutil.copy(make_checkpoint(), run / "ckpt.pt")
    done = cli("export", "runs/模型/ckpt.pt", "--json", PYTHONHASHSEED="12345")
    assert done.returncode == 0, done.stderr
    said = json.loads(done.stdout)
    assert sorted(said) == ["files", "folder", "parity", "quantization", "seconds"]
    folder = run / "ckpt"
    assert (tmp_path / said["folder"]).samefile(folder)
    assert said["files"] == {path.name: path.stat().st_size for path in folder.iterdir()}
    assert said["parity"] == json.loads((folder / "model.json").read_bytes())["parity"]
    assert done.stderr == ""
    assert lasting(folder) == lasting(make_bundle())
    assert sorted(path.name for path in run.iterdir()) == ["ckpt", "ckpt.pt"]


@pytest.mark.skipif(sys.platform == "win32", reason="file size limits and SIGKILL are POSIX")
def test_full_disk_and_kill_leave_no_half_bundle_and_the_old_one_whole(make_checkpoint, make_bundle, tmp_path):
    shutil.copy(make_checkpoint(), tmp_path / "best.pt")
    shutil.copytree(make_bundle(), tmp_path / "best")
    (tmp_path / "best" / "README.md").write_text("the old bundle, not a new one of the same bytes")
    before = contents(tmp_path / "best")
    done = subprocess.run(
        [sys.executable, "-c", CUT_SHORT],
        cwd=tmp_path,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
        capture_output=True,
        encoding="utf-8",
        timeout=300,
        check=False,
    )
    assert done.returncode == -signal.SIGKILL, done.stderr
    # Of the full disk one line is left to read, and nothing on the disk.
    assert done.stdout == ""
    (line,) = done.stderr.splitlines()
    assert line.startswith("error: best: cannot write here: File too large. Nothing was changed; ")
    assert contents(tmp_path / "best") == before
    # Of the kill only the hidden temporary folder is left, and exporting again needs no cleaning up.
    visible = sorted(path.name for path in tmp_path.iterdir() if not path.name.startswith("."))
    assert visible == ["best", "best.pt"]
    (left,) = [path for path in tmp_path.iterdir() if path.name.startswith(".")]
    assert sorted(path.name for path in left.iterdir()) == ["README.md", "generate.onnx", "step.onnx", "step.ts.pt"]
    with pytest.raises(toolkit.ToolkitError, match=r"found no model\.json in it"):
        toolkit.load(left)
