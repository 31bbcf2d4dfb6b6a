"""dev.py makes, keeps and repairs the environment, and passes commands on unchanged.

Each test copies dev.py into a small project of its own: dev.py works on the folder it lies in.
Nothing here needs the network; pip is only ever asked for what it cannot have.
"""

import ast
import importlib.util
import os
import shutil
import signal
import subprocess
import sys
import tomllib
import venv
from pathlib import Path

import pytest
from packaging.specifiers import SpecifierSet

REAL_ROOT = Path(__file__).parents[1]
posix_only = pytest.mark.skipif(os.name == "nt", reason="the stand-ins for commands are shell scripts")


@pytest.fixture
def project(tmp_path):
    """A folder with dev.py and what it hashes, under a name that needs quoting."""
    root = tmp_path / "my 歌 project"
    (root / "toolkit").mkdir(parents=True)
    shutil.copy(REAL_ROOT / "dev.py", root)
    (root / "pyproject.toml").write_text("[project]\nname = 'x'\nversion = '1'\n", encoding="utf-8")
    (root / "toolkit" / "version.py").write_text("__version__ = '1'\n", encoding="utf-8")
    return root


def load(project):
    spec = importlib.util.spec_from_file_location("dev_under_test", project / "dev.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def call(project, *words, cwd=None):
    command = [sys.executable, str(project / "dev.py"), *words]
    return subprocess.run(command, cwd=cwd, capture_output=True, text=True, encoding="utf-8", timeout=60, check=False)


def make_finished_environment(project):
    """An environment as dev.py leaves it, but with neither pip nor packages: any installation would fail."""
    dev = load(project)
    venv.create(dev.VENV, with_pip=False)
    dev.write_stamp({**dev.home(), "installed": dev.install_key()})
    return dev


def put_toolkit_command(dev, source):
    """Stand in for the installed `toolkit` with a Python script."""
    script = dev.ROOT / "stand_in.py"
    script.write_text(source, encoding="utf-8")
    command = dev.BIN / "toolkit"
    command.write_text(f'#!/bin/sh\nexec "{sys.executable}" "{script}" "$@"\n', encoding="utf-8")
    command.chmod(0o755)


def run_as(version, *words):
    """Run the real dev.py in a process that says it is another Python."""
    code = (
        "import runpy, sys; path = sys.argv.pop(1); "
        f"sys.version_info = {version!r}; runpy.run_path(path, run_name='__main__')"
    )
    command = [sys.executable, "-c", code, str(REAL_ROOT / "dev.py"), *words]
    return subprocess.run(command, capture_output=True, text=True, encoding="utf-8", timeout=60, check=False)


@pytest.mark.parametrize("minor", [6, 10, 11, 12, 13, 14, 15])
def test_takes_exactly_the_pythons_that_the_package_takes(minor):
    settings = tomllib.loads((REAL_ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    result = run_as((3, minor, 0, "final", 0), "--help")
    if f"3.{minor}" in SpecifierSet(settings["project"]["requires-python"]):
        assert (result.returncode, result.stderr) == (0, "")
    else:
        assert result.returncode == 2
        assert f"found 3.{minor} ({sys.executable})" in result.stderr
        assert result.stderr.startswith("dev.py: expected Python 3.11, 3.12 or 3.13")
        assert result.stderr.count("\n") == 1


def test_an_old_python_can_parse_it_far_enough_to_refuse():
    ast.parse((REAL_ROOT / "dev.py").read_text(encoding="utf-8"), feature_version=(3, 6))


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["nonsense"], "expected one of demo, test, lint, run, setup, found 'nonsense'"),
        (["lint", "--fix"], "expected no arguments after lint, found '--fix'"),
        (["setup", "now"], "expected no arguments after setup, found 'now'"),
    ],
)
def test_a_wrong_command_line_is_one_sentence_and_touches_nothing(project, words, sentence):
    result = call(project, *words)
    assert (result.returncode, result.stdout) == (2, "")
    assert sentence in result.stderr
    assert result.stderr.count("\n") == 1
    assert not (project / ".venv").exists()


def test_help_goes_to_stdout_and_its_absence_to_stderr(project):
    asked, unasked = call(project, "--help"), call(project)
    assert (asked.returncode, asked.stderr) == (0, "")
    assert (unasked.returncode, unasked.stdout) == (2, "")
    assert "usage: python3 dev.py COMMAND" in asked.stdout
    assert asked.stdout == unasked.stderr


def test_a_finished_environment_is_used_as_it_is(project):
    make_finished_environment(project)
    result = call(project, "setup", cwd=project.parent)
    assert (result.returncode, result.stdout, result.stderr) == (0, "", "")


@pytest.mark.parametrize("changed", ["pyproject.toml", "toolkit/version.py"])
def test_a_changed_project_is_installed_again_in_the_same_environment(project, changed):
    dev = make_finished_environment(project)
    before = dev.read_stamp()
    with (project / changed).open("a", encoding="utf-8") as file:
        file.write("# changed\n")
    result = call(project, "setup")
    assert result.returncode == 2  # there is no pip in it, which is how we see that it was wanted
    assert "installing the project" in result.stderr
    assert "making" not in result.stderr
    assert "pip could not install the project" in result.stderr
    assert "Traceback" not in result.stderr
    assert dev.read_stamp() == before  # so the next call tries again


@pytest.mark.parametrize("damage", ["unfinished", "garbled", "other python", "moved", "no python"])
def test_a_broken_environment_is_made_anew(project, monkeypatch, damage):
    dev = make_finished_environment(project)
    stamp = dev.read_stamp()
    if damage == "unfinished":
        dev.write_stamp({})
    elif damage == "garbled":
        dev.STAMP.write_text('{"folder": ', encoding="utf-8")
    elif damage == "other python":
        dev.write_stamp({**stamp, "python": "3.10"})
    elif damage == "moved":
        dev.write_stamp({**stamp, "folder": str(project.parent / ".venv")})
    else:
        dev.PYTHON.unlink()
    left_over = dev.VENV / "left over"
    left_over.touch()
    monkeypatch.setitem(sys.modules, "ensurepip", None)  # as on Debian; the outer pip is asked instead
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.delenv("PIP_FIND_LINKS", raising=False)
    with pytest.raises(dev.SetupError, match="could not be made"):
        dev.ensure_environment()
    assert not left_over.exists()
    assert dev.PYTHON.exists()
    assert not list(project.glob(".venv-*"))
    assert dev.read_stamp() == {}  # not finished, since pip had nothing to install from


def test_an_environment_of_someone_else_is_left_alone(project):
    keep = project / ".venv" / "keep"
    keep.parent.mkdir()
    keep.touch()
    result = call(project, "test")
    assert result.returncode == 2
    assert "was not made by dev.py; move it away or delete it" in result.stderr
    assert keep.exists()


def test_pip_comes_from_ensurepip_or_else_from_the_outer_pip(project, monkeypatch):
    dev = load(project)
    monkeypatch.setitem(sys.modules, "ensurepip", None)
    assert dev.pip_sources() == ["pip"]
    monkeypatch.setitem(sys.modules, "pip", None)
    with pytest.raises(dev.SetupError, match="apt-get install python3-venv"):
        dev.pip_sources()


@posix_only
def test_a_command_gets_its_words_its_folder_and_its_exit_code(project, tmp_path):
    dev = make_finished_environment(project)
    put_toolkit_command(dev, "import os, sys; print(os.getcwd(), sys.argv[1:]); sys.exit(7)")
    result = call(project, "run", "generate", "--prompt", "two words", cwd=tmp_path)
    assert result.stdout == f"{tmp_path.resolve()} ['generate', '--prompt', 'two words']\n"
    assert (result.returncode, result.stderr) == (7, "")
    assert call(project, "demo", "--steps", "3", cwd=tmp_path).stdout.endswith("['demo', '--steps', '3']\n")


@posix_only
@pytest.mark.parametrize(
    ("source", "code"),
    [
        # Ctrl-C reaches both: the command saves its work and ends in its own time.
        ("import os, signal, sys; os.kill(os.getppid(), signal.SIGINT); print('saved'); sys.exit(5)", 5),
        # A request to end that reaches only dev.py is handed on.
        (
            "import os, signal, sys; signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGTERM]);"
            "os.kill(os.getppid(), signal.SIGTERM); signal.sigwait([signal.SIGTERM]); print('saved'); sys.exit(6)",
            6,
        ),
        ("import os, signal; print('saved', flush=True); os.kill(os.getpid(), signal.SIGKILL)", 128 + 9),
    ],
)
def test_signals(project, source, code):
    put_toolkit_command(make_finished_environment(project), source)
    result = call(project, "run")
    assert (result.returncode, result.stdout, result.stderr) == (code, "saved\n", "")


@posix_only
def test_ctrl_c_during_set_up_leaves_no_traceback(project):
    dev = make_finished_environment(project)
    dev.write_stamp({**dev.home(), "installed": "something older"})
    # The stand-in for the environment's Python, which would run pip, interrupts dev.py instead.
    dev.PYTHON.unlink()
    dev.PYTHON.write_text("#!/bin/sh\nkill -INT $PPID\nexec cat\n", encoding="utf-8")
    dev.PYTHON.chmod(0o755)
    before = signal.signal(signal.SIGINT, signal.default_int_handler)  # a job in the background inherits it ignored
    try:
        result = call(project, "setup")
    finally:
        signal.signal(signal.SIGINT, before)
    assert result.returncode == 130
    assert "Traceback" not in result.stderr


def test_mypy_sees_across_folders_and_names_the_real_files(project, capfd):
    (project / "pyproject.toml").write_text(
        "[tool.setuptools.package-dir]\n'toolkit' = 'toolkit'\n'toolkit.export' = 'export'\n",
        encoding="utf-8",
    )
    (project / "toolkit" / "__init__.py").touch()
    (project / "export").mkdir()
    (project / "export" / "__init__.py").touch()
    (project / "export" / "probe.py").write_text(
        "from toolkit.version import __version__\nwrong: int = __version__\n", encoding="utf-8"
    )
    dev = load(project)
    dev.PYTHON = Path(sys.executable)  # mypy is in the environment that runs the tests
    assert dev.check_types() == 1
    assert capfd.readouterr().out.startswith(f"{Path('export', 'probe.py')}:2: error: Incompatible types")
