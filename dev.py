"""Makes the development environment once, then runs the project's commands inside it.

usage: python3 dev.py COMMAND [ARGUMENTS]        (Windows: py dev.py COMMAND [ARGUMENTS])

    demo [ARGUMENTS]   toolkit demo: train, export, verify and generate, in a few minutes
    test [ARGUMENTS]   the tests; the arguments go to pytest
    lint               ruff check, ruff format --check, and mypy over all packages
    run ARGUMENTS      toolkit ARGUMENTS, for example: run generate --help
    setup              only make the environment

The environment is `.venv` beside this file: the project, installed editable, with its `dev` extra. It is
made on the first call (a download), brought up to date when pyproject.toml changes, and made anew when it
is unfinished, has moved, or belongs to another Python. Nothing outside it is installed or changed.
Only Python 3.11 to 3.13 and either its venv module or pip are needed. `demo` and `run` work in the
current folder, the others in the project's. The exit code is the command's own; 2 also means that
the environment could not be made, with one sentence on standard error saying why.
"""

import sys

# Before the other imports, and the whole file in the grammar of Python 3.6, so that an old one gets this far.
if not (3, 11) <= sys.version_info[:2] <= (3, 13):
    sys.stderr.write(
        "dev.py: expected Python 3.11, 3.12 or 3.13 (TorchScript does not support 3.14), found"
        f" {sys.version_info[0]}.{sys.version_info[1]} ({sys.executable}); run it with one of those,"
        " for example: python3.12 dev.py test\n"
    )
    sys.exit(2)

import contextlib
import hashlib
import importlib.util
import json
import os
import shutil
import signal
import subprocess
import tempfile
import tomllib
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).resolve().parent
VENV = ROOT / ".venv"
STAMP = VENV / "made-by-dev.json"
BIN = VENV / ("Scripts" if os.name == "nt" else "bin")
PYTHON = BIN / ("python.exe" if os.name == "nt" else "python")
EXTRAS = "dev"


class SetupError(Exception):
    """The environment cannot be made or used; the message says what was found and what to do."""


def say(message: str) -> None:
    """Print one line of progress to standard error: standard output belongs to the command."""
    print(f"dev.py: {message}", file=sys.stderr, flush=True)


def home() -> dict[str, str]:
    """What the environment is bound to: a virtual environment survives neither a move nor another Python."""
    return {"folder": str(VENV), "python": "{}.{}".format(*sys.version_info[:2])}


def install_key() -> str:
    """Hash of all that decides what gets installed: while it stays the same, pip need not run."""
    digest = hashlib.sha256(f"{home()['python']} {EXTRAS} ".encode())
    for name in ("pyproject.toml", "toolkit/version.py"):
        digest.update((ROOT / name).read_bytes())
    return digest.hexdigest()


def read_stamp() -> dict[str, str] | None:
    """The stamp in the environment: None if dev.py never made one here, {} if it did not finish."""
    if not STAMP.exists():
        return None
    with contextlib.suppress(ValueError):
        stamp = json.loads(STAMP.read_text(encoding="utf-8"))
        if isinstance(stamp, dict):
            return stamp
    return {}


def write_stamp(stamp: dict[str, str]) -> None:
    """Put the stamp into the environment, whole or not at all."""
    temporary = STAMP.with_suffix(".tmp")
    temporary.write_text(json.dumps(stamp), encoding="utf-8")
    temporary.replace(STAMP)


def succeeds(*command: str | Path) -> bool:
    """Run a step of the set-up, its output on standard error; True if it succeeded."""
    # setuptools warns about every editable installation, in ten lines that help no one here.
    environment = {**os.environ, "PYTHONWARNINGS": "ignore"}
    return subprocess.run(command, cwd=ROOT, stdout=sys.stderr, env=environment, check=False).returncode == 0


def pip_sources() -> list[str]:
    """Where a new environment can get its pip from, best first.

    Debian ships Python without ensurepip, and forbids its pip to install outside an environment (PEP 668);
    but that pip may fill an environment that was made without one.
    """
    sources = [name for name in ("ensurepip", "pip") if importlib.util.find_spec(name)]
    if not (sources and importlib.util.find_spec("venv")):
        raise SetupError(
            f"expected the module venv, and ensurepip or pip, in {sys.executable}, found them missing;"
            " install them (Debian, Ubuntu: apt-get install python3-venv) and run this again"
        )
    return sources


def clear_environment() -> None:
    """Put an empty folder in the place of the environment, stamped as ours and unfinished.

    By renaming, so that one interrupted here or later is never mistaken for a whole one, or for someone else's.
    """
    with tempfile.TemporaryDirectory(dir=ROOT, prefix=".venv-") as aside:
        if VENV.exists():
            VENV.rename(Path(aside, "old"))
        new = Path(aside, "new")
        new.mkdir()
        (new / STAMP.name).write_text("{}", encoding="utf-8")
        new.rename(VENV)


def make_environment() -> None:
    """Make an empty environment with pip in it, in place of what an earlier dev.py left there."""
    if VENV.exists() and Path(sys.prefix).resolve() == VENV.resolve():
        raise SetupError(
            f"{VENV} has to be made anew, but its own Python runs this; deactivate it, then run this again"
        )
    for source in pip_sources():
        say(f"making {VENV} …")
        clear_environment()
        if source == "ensurepip":
            made = succeeds(sys.executable, "-m", "venv", VENV)
        else:
            made = succeeds(sys.executable, "-m", "venv", "--without-pip", VENV) and succeeds(
                sys.executable, "-m", "pip", "--quiet", "--python", PYTHON, "install", "pip"
            )
        if made:
            return
    raise SetupError(
        f"expected a virtual environment at {VENV}, but it could not be made, for the reason above;"
        " mend that (Debian, Ubuntu: apt-get install python3-venv) and run this again"
    )


def ensure_environment() -> None:
    """Make or update the environment if it needs it; needs no network if it does not."""
    stamp = read_stamp()
    if stamp is None and (VENV.is_symlink() or VENV.exists()):
        raise SetupError(f"{VENV} was not made by dev.py; move it away or delete it, then run this again")
    whole = {**home(), "installed": install_key()}
    if stamp is None or not stamp.items() >= home().items() or not PYTHON.exists():
        make_environment()
    elif stamp == whole:
        return
    say(f"installing the project and its '{EXTRAS}' extra (torch is large: minutes the first time) …")
    pip = [str(PYTHON), "-m", "pip", "--disable-pip-version-check"]
    if not sys.stderr.isatty():
        pip.append("--quiet")  # a log needs no progress bars
    if not succeeds(*pip, "install", "--editable", f".[{EXTRAS}]"):
        raise SetupError(
            "pip could not install the project, for the reason above; mend that (often: no network,"
            " or a full disk) and run this again"
        )
    write_stamp(whole)
    say("the environment is ready")


def pass_on(*command: str | Path, folder: Path | None = None) -> int:
    """Run the wanted command as if it had been called directly, and return its exit code."""
    # Ctrl-C reaches the child by itself: it may want to save its work, so wait instead of killing it.
    signal.signal(signal.SIGINT, lambda *_: None)
    child = subprocess.Popen(command, cwd=folder)
    signal.signal(signal.SIGTERM, lambda *_: child.terminate())
    code = child.wait()
    return code if code >= 0 else 128 - code  # ended by a signal: as a shell reports it


def check_types() -> int:
    """Run mypy over the packages by their import names, and over this file.

    mypy cannot follow package-dir (export/ is toolkit.export), so it gets a copy laid out like the installed
    package, made anew each time; its messages are turned back to the names of the real files.
    """
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    folders: dict[str, str] = settings["tool"]["setuptools"]["package-dir"]
    places = {folder: Path(*package.split(".")) for package, folder in folders.items()}
    leave_out = shutil.ignore_patterns("__pycache__")
    with tempfile.TemporaryDirectory() as layout:
        for folder, place in places.items():
            shutil.copytree(ROOT / folder, layout / place, ignore=leave_out, dirs_exist_ok=True)
        shutil.copy2(__file__, layout)
        options = [f"--config-file={ROOT / 'pyproject.toml'}", f"--cache-dir={ROOT / '.mypy_cache'}"]
        command = [str(PYTHON), "-m", "mypy", *options, "toolkit", "dev.py"]
        checked = subprocess.run(command, cwd=layout, stdout=subprocess.PIPE, text=True, check=False)
    for line in checked.stdout.splitlines(keepends=True):
        inside = [(f"{place}{os.sep}", f"{folder}{os.sep}") for folder, place in places.items()]
        # The longest: toolkit/export/ before toolkit/.
        copy, real = max((pair for pair in inside if line.startswith(pair[0])), default=("", ""))
        print(real + line.removeprefix(copy), end="", flush=True)
    return checked.returncode


def lint() -> int:
    """Run every check, even after one has failed, and return the first failure's exit code."""
    codes = [
        subprocess.run([PYTHON, "-m", "ruff", *words, "."], cwd=ROOT, check=False).returncode
        for words in (["check"], ["format", "--check"])
    ]
    codes.append(check_types())
    return next((code for code in codes if code), 0)


def main(arguments: list[str]) -> int:
    """Run one command line and return its exit code."""
    if not arguments or arguments[0] in {"-h", "--help", "help"}:
        print(__doc__, file=sys.stdout if arguments else sys.stderr)
        return 0 if arguments else 2
    command, *rest = arguments
    toolkit = BIN / ("toolkit.exe" if os.name == "nt" else "toolkit")
    commands: dict[str, Callable[[], int]] = {
        "demo": lambda: pass_on(toolkit, "demo", *rest),
        "test": lambda: pass_on(PYTHON, "-m", "pytest", *rest, folder=ROOT),
        "lint": lint,
        "run": lambda: pass_on(toolkit, *rest),
        "setup": lambda: 0,
    }
    if command not in commands:
        problem = f"expected one of {', '.join(commands)}, found '{command}'; see dev.py --help"
    elif rest and command in {"lint", "setup"}:
        problem = f"expected no arguments after {command}, found '{rest[0]}'; leave it out"
    else:
        try:
            ensure_environment()
            return commands[command]()
        except KeyboardInterrupt:
            return 130
        except SetupError as error:
            problem = str(error)
        except OSError as error:
            problem = f"expected to read and write in {ROOT}, found: {error}; mend that and run this again"
    say(problem)
    return 2


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
