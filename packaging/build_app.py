"""Builds the window as a folder that runs without Python: dist/lyrics. Then starts it once, and says how large it is.

usage: python packaging/build_app.py [--untried]        (Python 3.11 to 3.13, the one that goes in)

In build/app it makes a virtual environment of its own with this checkout, its extra gui and PyInstaller; the one that
runs this is not changed. --untried leaves out the start, which needs Linux with Xvfb, xdotool and ImageMagick.
"""

import os
import shutil
import subprocess
import sys
import tempfile
import tomllib
from collections import Counter
from pathlib import Path, PurePath

import contents
from try_app import main as try_main

ROOT = contents.ROOT
WORK = ROOT / "build" / "app"
VENV = WORK / "venv"
PYTHON = VENV / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
APP = ROOT / "dist" / contents.NAME
SCREENSHOT = WORK / "screenshot.png"
PYINSTALLER = "pyinstaller>=6.11"
MEGABYTE = 1e6


class BuildError(Exception):
    """The app cannot be built, or is not what it should be."""


def run(*command: str | Path) -> None:
    """A step; nothing of the environment of who calls it reaches Python, and no folder shadows a package."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    done = subprocess.run(list(map(str, command)), cwd=WORK, env=environment, check=False)
    if done.returncode:
        raise BuildError(f"{PurePath(command[0]).name} {' '.join(map(str, command[1:4]))} … failed, see above")


def make_environment() -> None:
    """A new virtual environment with what goes into the app. The project comes from a copy: setuptools leaves files."""
    shutil.rmtree(VENV, ignore_errors=True)
    WORK.mkdir(parents=True, exist_ok=True)
    run(sys.executable, "-m", "venv", VENV)
    pip = (PYTHON, "-m", "pip", "--disable-pip-version-check", "--quiet", "install")
    run(*pip, PYINSTALLER, *contents.requirements())
    with tempfile.TemporaryDirectory() as source:
        settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["setuptools"]
        tops = {PurePath(folder).parts[0] for folder in settings["package-dir"].values()}
        for name in sorted(tops):
            shutil.copytree(ROOT / name, Path(source, name), ignore=shutil.ignore_patterns("__pycache__"))
        for name in ("pyproject.toml", "README.md", "LICENSE"):
            shutil.copy(ROOT / name, source)
        run(*pip, "--no-deps", source)


def build() -> None:
    """The folder app, in place of an older one."""
    places = ("--distpath", APP.parent, "--workpath", WORK / "pyinstaller")
    recipe = Path(__file__).with_name(f"{contents.NAME}.spec")
    run(PYTHON, "-m", "PyInstaller", "--noconfirm", "--clean", "--log-level", "ERROR", *places, recipe)


def strip_python() -> None:
    """Take debugging symbols out of Python itself, where its builder left them. What wheels bring has none."""
    program = shutil.which("strip") if sys.platform == "linux" else None
    inside = APP / "_internal"
    for path in [*inside.glob("libpython*"), *inside.glob("python*/lib-dynload/*.so")] if program else []:
        run(str(program), "--strip-unneeded", path)


def check() -> None:
    """Raise BuildError if something is inside that must not be, or a file of the project is missing."""
    files = [path.relative_to(APP) for path in APP.rglob("*")]
    archive = (WORK / "pyinstaller" / contents.NAME / "PYZ-00.toc").read_text(encoding="utf-8")
    unwanted = [str(path) for path in files if {part.partition(".")[0] for part in path.parts} & set(contents.NEVER)]
    unwanted += [name for name in contents.NEVER if f"('{name}'" in archive or f"('{name}." in archive]
    if unwanted:
        raise BuildError(f"expected neither {' nor '.join(contents.NEVER)} in {APP}, found {', '.join(unwanted)}")
    (package,) = VENV.rglob("site-packages/toolkit")
    inside = APP / "_internal" / "toolkit"
    missing = [str(path) for path in contents.data_files(package) if not (inside / path).is_file()]
    if missing:
        raise BuildError(f"expected all data of the project in {inside}, found no {', '.join(missing)}")


def sizes(folder: Path) -> Counter[str]:
    """Bytes of each part of the app: of a folder or file beside the libraries, links not followed."""
    parts: Counter[str] = Counter()
    for path in folder.rglob("*"):
        if path.is_file() and not path.is_symlink():
            parts["/".join(path.relative_to(folder).parts[1:2] or ("program",))] += path.stat().st_size
    return parts


def main(arguments: list[str]) -> int:
    """The exit code."""
    if not set(arguments) <= {"--untried"}:
        print(__doc__, file=sys.stderr)
        return 2
    try:
        make_environment()
        build()
        strip_python()
        check()
    except BuildError as error:
        print(f"build_app.py: {error}", file=sys.stderr)
        return 1
    parts = sizes(APP)
    print(f"{APP}: {parts.total() / MEGABYTE:.0f} MB, neither torch nor onnx in it; the largest parts:")
    for name, size in parts.most_common(5):
        print(f"  {size / MEGABYTE:5.1f} MB  {name}")
    if arguments:
        return 0
    print(f"started once, see {SCREENSHOT}:")
    return try_main([str(APP), str(SCREENSHOT)])


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
