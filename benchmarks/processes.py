"""Whole processes, from the shell's point of view: wall time from the start to the exit code."""

import os
import shutil
import subprocess
import sys
import time
from pathlib import Path
from statistics import median
from typing import NamedTuple

from report import Figure, Series

PROMPT = "月光"
LENGTH = 50

_SAMPLING = ["--max-new-tokens", str(LENGTH), "--temperature", "0.8", "--top-k", "40", "--seed", "1"]
_PEER = Path(__file__).with_name("plain_lstm.py")


class Run(NamedTuple):
    """One finished process: wall and processor seconds, and what it printed."""

    wall: float
    cpu: float
    stdout: str
    stderr: str


def run(*command: str | Path) -> Run:
    """Run a process to its end; a failure ends the benchmark with what the process said."""
    cpu_before, began = _children_cpu(), time.perf_counter()
    done = subprocess.run([str(word) for word in command], capture_output=True, encoding="utf-8", check=False)
    wall = time.perf_counter() - began
    if done.returncode:
        words = " ".join(map(str, command))
        raise SystemExit(f"error: expected exit code 0, found {done.returncode}, from {words}\n{done.stderr}")
    return Run(wall, _children_cpu() - cpu_before, done.stdout, done.stderr)


def _children_cpu() -> float:
    """Processor seconds of all children that have ended; 0 on Windows."""
    times = os.times()
    return times.children_user + times.children_system


def toolkit() -> str:
    """The command beside the Python that runs this."""
    found = shutil.which("toolkit", path=str(Path(sys.executable).parent))
    if found is None:
        raise SystemExit("error: expected the command toolkit beside this Python, found none; install the project")
    return found


def measure_demo(folder: Path, runs: int) -> Figure:
    """`toolkit demo`, each run into a numbered folder of its own."""
    done = []
    for number in range(1, runs + 1):
        _say(f"toolkit demo, {number} of {runs}")
        done.append(run(toolkit(), "demo", "-o", folder / str(number)))
    ours = Series("`toolkit demo`", [one.wall for one in done], "toolkit demo -o FOLDER")
    return Figure(ours, "s", at_most=180, notes=[_cpu_note(ours, done)])


def measure_generate(demo: Path, runs: int) -> Figure:
    """`toolkit generate` from the bundle of a demo, against torch and the demo's checkpoint."""
    words = [demo / "model", "--prompt", PROMPT, *_SAMPLING]
    ours, peer = _alternate(
        "toolkit generate",
        lambda _: run(toolkit(), "generate", *words),
        lambda _: run(sys.executable, _PEER, "generate", demo / "best.pt"),
        runs,
    )
    for one in (*ours, *peer):
        written = len(one.stdout.removesuffix("\n")) - len(PROMPT)
        if written != LENGTH:
            raise SystemExit(f"error: expected {LENGTH} characters, found {written} in {one.stdout!r}")
    command = " ".join(["toolkit generate FOLDER/model --prompt", PROMPT, *_SAMPLING])
    series = Series(f"`toolkit generate`, {LENGTH} characters", _walls(ours), command)
    plain = Series("plain torch script", _walls(peer), "python benchmarks/plain_lstm.py generate FOLDER/best.pt")
    return Figure(series, "s", plain, at_most=0.6, notes=[_cpu_note(series, ours, peer), _torch_note(demo, words)])


def _torch_note(demo: Path, words: list[str | Path]) -> str:
    """Proof that generating imports no torch: the interpreter's own list of what it imported.

    The peer's list is the control: it must have what ours must not.
    """
    count = {}
    for name, command in {
        "ours": ["-m", "toolkit", "generate", *words],
        "peer": [_PEER, "generate", demo / "best.pt"],
    }.items():
        log = run(sys.executable, "-X", "importtime", *command).stderr
        imported = [line.rpartition("|")[2].strip() for line in log.splitlines() if line.startswith("import time:")]
        count[name] = [sum(m.partition(".")[0] == package for m in imported) for package in ("torch", "onnxruntime")]
    if count["ours"][0] or not count["ours"][1] or not count["peer"][0]:
        raise SystemExit(f"error: expected no torch and some onnxruntime in toolkit generate, found {count}")
    return (
        f"`python -X importtime -m toolkit generate …` lists {count['ours'][0]} modules of torch "
        f"(and {count['ours'][1]} of onnxruntime); of the plain script it lists {count['peer'][0]} of torch."
    )


def measure_export(demo: Path, folder: Path, runs: int) -> Figure:
    """`toolkit export` of the demo's LSTM, parity gate included, against the bare exporter."""
    ours, peer = _alternate(
        "toolkit export",
        lambda number: run(toolkit(), "export", demo / "best.pt", "-o", folder / f"bundle{number}"),
        lambda number: run(sys.executable, _PEER, "export", demo / "best.pt", folder / f"plain{number}.onnx"),
        runs,
    )
    command = "toolkit export FOLDER/best.pt -o BUNDLE"
    series = Series("`toolkit export`, LSTM 1x256, with the parity gate", _walls(ours), command)
    plain = Series(
        "bare `torch.onnx.export`, nothing compared, no TorchScript",
        _walls(peer),
        "python benchmarks/plain_lstm.py export FOLDER/best.pt FILE.onnx",
    )
    return Figure(series, "s", plain, at_most=10, notes=[_cpu_note(series, ours, peer)])


def _alternate(what, ours, peer, runs):
    """Both in turn, `runs` times each, after one run of each that is not counted."""
    pairs = []
    for number in range(runs + 1):
        _say(f"{what}, {number} of {runs}" if number else f"{what}, warming up")
        pairs.append((ours(number), peer(number)))
    return zip(*pairs[1:], strict=True)


def _walls(runs) -> list[float]:
    return [one.wall for one in runs]


def _cpu_note(series: Series, ours, peer=()) -> str:
    """Processor time suffers less from other work on the machine than wall time."""
    text = f"{series.what}: processor time {median(one.cpu for one in ours):.2f} s (median)"
    return text + (f", peer {median(one.cpu for one in peer):.2f} s." if peer else ".")


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)
