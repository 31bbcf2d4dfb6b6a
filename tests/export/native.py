"""Embedded programs in C and C++: how they are built with all warnings as errors and sanitizers, and started."""

import os
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

import onnxruntime
import pytest

from toolkit.cli import _run

from .hosts import PROGRAMS, Console

COMPILERS = {"c": shutil.which("cc"), "cpp": shutil.which("c++")}
STANDARDS = {"c": "-std=c11", "cpp": "-std=c++17"}
LIBRARIES = sorted((Path(onnxruntime.__file__).parent / "capi").glob("libonnxruntime.so.1*"))
CMAKE = shutil.which("cmake")

WARNINGS = "-Wall -Wextra -Wpedantic -Werror"
SANITIZED = f"{WARNINGS} -fsanitize=address,undefined -fno-sanitize-recover=all"

needs_compilers = pytest.mark.skipif(
    not all((*COMPILERS.values(), CMAKE, LIBRARIES)),
    reason="needs compilers for C and C++ and CMake (apt-get install g++ cmake), and ONNX Runtime's library for Linux",
)


def environment() -> dict[str, str]:
    """What the programs find ONNX Runtime by."""
    return {**os.environ, "ONNXRUNTIME": str(LIBRARIES[0])}


def quiet(command: list[object], folder: Path) -> None:
    """Run a build, and show what it said where it failed."""
    done = subprocess.run([*map(str, command)], cwd=folder, capture_output=True, encoding="utf-8", check=False)
    assert done.returncode == 0, done.stdout + done.stderr


class Native:
    """The programs of ``--target c`` or ``--target cpp``; each is built when it is first asked for.

    Args:
        target: "c" or "cpp".
        folder: where they are.
        flags: how they are compiled.
    """

    def __init__(self, target: str, folder: Path, flags: str = SANITIZED) -> None:
        self.target, self.folder, self._flags = target, folder, flags
        self._configured = False

    @classmethod
    def embedded(cls, target: str, bundle: Path, folder: Path, flags: str = SANITIZED) -> "Native":
        """The programs around a bundle."""
        assert _run(args=["embed", str(bundle), "--target", target, "-o", str(folder)]) == 0
        return cls(target, folder, flags)

    def build(self, name: str) -> Path:
        """The program of that name, as the README says."""
        if not self._configured:
            language = {"c": "C", "cpp": "CXX"}[self.target]
            flags = [f"-DCMAKE_{language}_FLAGS={self._flags}", "-DCMAKE_BUILD_TYPE=Test"]
            quiet([CMAKE, "-B", "build", *flags], self.folder)
            self._configured = True
        if not (self.folder / name).exists():
            quiet([CMAKE, "--build", "build", "--target", name], self.folder)
        return self.folder / name

    def command(self, name: str, *arguments: object) -> list[str]:
        """What starts it."""
        return [str(self.build(name)), *map(str, arguments)]

    def run(
        self, name: str, *arguments: object, lines: bytes = b"", env: Mapping[str, str] | None = None
    ) -> subprocess.CompletedProcess[bytes]:
        """What it says."""
        return subprocess.run(
            self.command(name, *arguments),
            input=lines,
            capture_output=True,
            check=False,
            timeout=120,
            env=env or environment(),
        )

    def console(self) -> Console:
        """All three, as the contract test asks them."""
        return Console({name: ("env", f"ONNXRUNTIME={LIBRARIES[0]}", *self.command(name)) for name in PROGRAMS})
