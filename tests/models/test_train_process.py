"""``toolkit train`` as a process of its own: signals, kills, a full disk, packages that are missing."""

import json
import os
import signal
import subprocess
import sys
import time

import pytest

from toolkit.models.checkpoint import load_checkpoint
from toolkit.models.run_folder import RunFolder

SMALL = [
    "builtin:lyrics-en", "--max-chars", 1200, "--hidden-size", 12, "--embedding-size", 6, "--batch-size", 4,
    "--num-steps", 16, "--dropout", 0.3, "--sampling", "random", "--sample-every", 0, "--device", "cpu",
    "--save-every", 0,
]  # fmt: skip
LONG = 1_000_000
"""Epochs: such a run never ends by itself while it is tested."""

posix_only = pytest.mark.skipif(os.name != "posix", reason="Windows has no such signals and limits")


@pytest.fixture
def begin(tmp_path):
    """Start ``toolkit train ARGS`` and leave it running; whatever still runs at the end is killed."""
    running = []

    def start(*args):
        process = subprocess.Popen(
            [sys.executable, "-m", "toolkit", "train", *map(str, args)],
            cwd=tmp_path,
            env={**os.environ, "OMP_NUM_THREADS": "1", "COLUMNS": "200"},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            encoding="utf-8",
        )
        running.append(process)
        return process

    yield start
    for process in running:
        process.kill()
        process.communicate()


def wait_until(process, happened):
    """Poll until something has happened in a process that must not end before."""
    limit = time.monotonic() + 120
    while not happened():
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < limit
        time.sleep(0.0005)


def losses(folder):
    return [(r["epoch"], r["loss"], r["valid_perplexity"]) for r in folder.read_metrics()]


@pytest.mark.slow
@posix_only
def test_a_run_killed_at_any_moment_and_resumed_has_the_losses_of_an_unbroken_one(begin, run_cli, tmp_path):
    folder = RunFolder(tmp_path / "run")
    half_written = folder.last.with_name(".last.pt.tmp")

    def lines():
        return len(folder.read_metrics())

    # kill -9 as soon as there is a checkpoint
    process = begin(*SMALL, "-o", "run", "--epochs", LONG)
    wait_until(process, folder.last.exists)
    process.send_signal(signal.SIGKILL)
    assert process.wait() == -signal.SIGKILL
    load_checkpoint(folder.last)

    # kill -9 while a checkpoint is being written, in the middle of the work
    process = begin("--resume", "run")
    wait_until(process, lambda: lines() >= 2)
    wait_until(process, half_written.exists)
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert load_checkpoint(folder.last).training["progress"]["epoch"] >= 1

    # Ctrl-C saves and says how to go on
    done = lines()
    process = begin("--resume", "run")
    wait_until(process, lambda: lines() > done)
    process.send_signal(signal.SIGINT)
    _, said = process.communicate()
    assert process.returncode == 130
    assert "Go on with: toolkit train --resume run" in said
    assert "Traceback" not in said
    assert not half_written.exists()

    # SIGTERM saves as well
    done = lines()
    process = begin("--resume", "run")
    wait_until(process, lambda: lines() > done)
    process.send_signal(signal.SIGTERM)
    _, said = process.communicate()
    assert process.returncode == 130
    assert "Go on with: toolkit train --resume run" in said
    assert load_checkpoint(folder.last).training["progress"]["epoch"] > done

    epochs = load_checkpoint(folder.last).training["progress"]["epoch"] + 1
    assert run_cli("train", "--resume", "run", "--epochs", epochs)[0] == 0
    assert run_cli("train", *SMALL, "-o", "unbroken", "--epochs", epochs)[0] == 0
    unbroken = RunFolder(tmp_path / "unbroken")
    assert [epoch for epoch, _, _ in losses(unbroken)] == list(range(1, epochs + 1))
    assert losses(folder) == losses(unbroken)
    assert load_checkpoint(folder.best).metrics["loss"] == load_checkpoint(unbroken.best).metrics["loss"]
    assert sorted(p.name for p in folder.path.iterdir()) == ["best.pt", "last.pt", "loss.png", "metrics.jsonl"]


LIMITED = """
import resource, sys
resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv.pop(1)),) * 2)
from toolkit.cli import main
main()
"""
"""``toolkit`` on a disk with room for files of so many bytes."""


@posix_only
def test_a_disk_full_in_the_middle_keeps_the_checkpoint_there_is(run_cli, tmp_path):
    folder = RunFolder(tmp_path / "run")
    assert run_cli("train", *SMALL, "-o", "run", "--epochs", 2)[0] == 0
    before = {p.name: p.read_bytes() for p in folder.path.iterdir()}
    room = len(before["last.pt"]) // 2
    result = subprocess.run(
        [sys.executable, "-c", LIMITED, str(room), "train", "--resume", "run", "--epochs", "4"],
        cwd=tmp_path,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
        capture_output=True,
        encoding="utf-8",
        check=False,
    )
    assert result.returncode == 2
    error = result.stderr.splitlines()[-1]
    assert error.startswith("error: run/last.pt: cannot write here: File too large.")
    assert "Traceback" not in result.stderr
    assert {p.name: p.read_bytes() for p in folder.path.iterdir()} == before
    assert run_cli("train", "--resume", "run", "--epochs", 4)[0] == 0  # there is room again
    assert run_cli("train", *SMALL, "-o", "unbroken", "--epochs", 4)[0] == 0
    assert losses(folder) == losses(RunFolder(tmp_path / "unbroken"))


@posix_only
def test_a_disk_full_at_the_first_checkpoint_leaves_nothing_behind(run_cli, tmp_path):
    import resource  # there is none on Windows

    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (5000, before[1]))
    try:
        code, error = run_cli("train", *SMALL, "-o", "run")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert code == 2
    assert error.startswith("error: run/last.pt: cannot write here: File too large.")
    assert error.count("\n") == 1
    assert list(tmp_path.iterdir()) == []


def test_torch_missing_is_named_with_the_line_that_installs_it(cli, tmp_path):
    blocker = tmp_path / "blocker"
    blocker.mkdir()
    (blocker / "sitecustomize.py").write_text("import sys\nsys.modules['torch'] = None\n", encoding="utf-8")
    result = cli("train", *SMALL, "-o", "run", PYTHONPATH=str(blocker))
    assert (result.returncode, result.stdout) == (2, "")
    assert result.stderr == (
        "error: toolkit train needs torch, which is not installed. Run: pip install 'rnn-toolkit[train]'\n"
    )
    assert [p.name for p in tmp_path.iterdir()] == ["blocker"]


def test_matplotlib_missing_is_said_before_the_training_and_not_after_it(run_cli, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    assert run_cli("train", *SMALL, "-o", "run") == (
        2,
        "error: The loss curve of a training needs matplotlib, which is not installed. "
        "Run: pip install 'rnn-toolkit[train]'\n",
    )
    assert list(tmp_path.iterdir()) == []


def test_a_whole_run_prints_its_figures_to_standard_error_and_nothing_else(cli, tmp_path):
    result = cli("train", *SMALL, "-o", "run", "--epochs", 2, "--sample-every", 2, "--prefix", "The ")
    assert result.returncode == 0
    assert result.stdout == ""
    said = result.stderr
    assert "Traceback" not in said
    records = [json.loads(line) for line in (tmp_path / "run" / "metrics.jsonl").read_text("utf-8").splitlines()]
    assert len(records) == 2
    assert f"{records[-1]['perplexity']:.4g}" in said
    best = min(records, key=lambda record: record["valid_perplexity"])
    assert f"best perplexity {best['valid_perplexity']:.4g} in epoch {best['epoch']}, kept in run/best.pt" in said
    assert said.splitlines()[-1].rstrip() == "next: toolkit export run/best.pt"
    assert "  │ The " in said
