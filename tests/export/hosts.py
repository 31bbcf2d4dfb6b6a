"""Embedded programs as real processes: Python, Node, and a real Chromium."""

import base64
import contextlib
import functools
import http.server
import json
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")

needs_browser = pytest.mark.skipif(
    CHROMIUM is None or shutil.which("npm") is None, reason="needs Chromium and npm: apt-get install chromium npm"
)


@dataclass(frozen=True)
class Asked:
    """How the programs are asked to write."""

    max_new_tokens: int
    temperature: float
    top_k: int
    seed: int

    def arguments(self) -> list[str]:
        """As they stand on a command line."""
        return [part for name, value in vars(self).items() for part in (f"--{name.replace('_', '-')}", str(value))]


Task = tuple[Sequence[bytes], Asked]
"""Beginnings, and how to go on after them."""


def written(command: Sequence[object], beginnings: Sequence[bytes], **more: Any) -> list[bytes]:
    """What a program writes after some beginnings, one line each."""
    lines = b"".join(beginning + b"\n" for beginning in beginnings)
    done = subprocess.run([*map(str, command)], input=lines, capture_output=True, check=False, timeout=300, **more)
    assert (done.returncode, done.stderr) == (0, b"")
    return done.stdout.removesuffix(b"\n").split(b"\n")


def stopped_by_ctrl_c(command: Sequence[object], **more: Any) -> tuple[int, bytes, bytes]:
    """Begin a text, press Ctrl-C: the exit code, what was written behind the first byte, and what was said."""
    pipe = subprocess.PIPE
    with subprocess.Popen([*HEARS_CTRL_C, *map(str, command)], stdin=pipe, stdout=pipe, stderr=pipe, **more) as process:
        assert process.stdin
        assert process.stdout
        process.stdin.write("月\n".encode())
        process.stdin.flush()
        assert process.stdout.read(1)
        process.send_signal(signal.SIGINT)
        rest, said = process.communicate(timeout=60)
    return process.returncode, rest, said


def said_to_a_closed_reader(command: Sequence[object], **more: Any) -> bytes:
    """Read one byte and no more: what a program says to that."""
    pipe = subprocess.PIPE
    with subprocess.Popen([*map(str, command)], stdout=pipe, stderr=pipe, **more) as process:
        assert process.stdout
        assert process.stderr
        assert process.stdout.read(1)
        process.stdout.close()
        said = process.stderr.read()
        process.wait(timeout=60)
    return said


class Console:
    """Programs that read lines and write lines.

    Args:
        commands: how each of them is started, by its name.
    """

    def __init__(self, commands: Mapping[str, Sequence[object]]) -> None:
        self._commands = commands

    def ids(self, program: str, tasks: Sequence[Task]) -> list[list[list[int]]]:
        """The ids that a program writes after each beginning of each task."""
        return [self._ids(self._commands[program], *task) for task in tasks]

    def _ids(self, command: Sequence[object], beginnings: Sequence[bytes], asked: Asked) -> list[list[int]]:
        lines = written([*command, *asked.arguments(), "--ids"], beginnings)
        return [[int(part) for part in line.split()] for line in lines]


PROGRAMS = ("text", "generate", "step")

HEARS_CTRL_C = ("env", "--default-signal=INT")
"""In front of a command: tests in the background may have been told to ignore it, and then all that they start does."""


def python_host(folder: Path) -> Console:
    """The programs of ``--target python``."""
    return Console({name: (sys.executable, "-W", "error", folder / f"{name}.py") for name in PROGRAMS})


def node_host(folder: Path, packages: Path) -> Console:
    """The programs of ``--target node``, with the packages that were installed elsewhere."""
    (folder / "node_modules").symlink_to(packages / "node_modules")
    return Console({name: ("node", folder / "write.mjs", name) for name in PROGRAMS})


class Browser:
    """A site, and the modules of ``--target node`` beside it, in Chromium.

    Args:
        url: where the site is served.
        packages: the folder with `contract.mjs`.
    """

    def __init__(self, url: str, packages: Path) -> None:
        self._url = url
        self._packages = packages

    def ids(self, program: str, tasks: Sequence[Task]) -> list[list[list[int]]]:
        """The ids that a program writes after each beginning of each task; "worker" is that of the page itself."""
        wanted = [
            {
                "beginnings": [base64.b64encode(beginning).decode() for beginning in beginnings],
                "knobs": {**vars(asked), "seed": str(asked.seed)},
            }
            for beginnings, asked in tasks
        ]
        done = subprocess.run(
            ["node", "contract.mjs", CHROMIUM, self._url, program],
            input=json.dumps(wanted),
            cwd=self._packages,
            capture_output=True,
            encoding="utf-8",
            timeout=300,
            check=False,
        )
        assert (done.returncode, done.stderr) == (0, "")
        found: list[list[list[int]]] = json.loads(done.stdout)
        return found


@contextlib.contextmanager
def serving(folder: Path) -> Iterator[str]:
    """Serve a folder; gives its address."""

    class Quiet(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *_: object) -> None:
            """Says nothing."""

    Quiet.extensions_map = {**Quiet.extensions_map, ".mjs": "text/javascript"}
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Quiet, directory=str(folder)))
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
