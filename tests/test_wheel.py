import configparser
import os
import shutil
import subprocess
import sys
import sysconfig
import zipfile
from pathlib import Path

import pytest

import toolkit

ROOT = Path(__file__).resolve().parent.parent
FOLDERS = ("toolkit", "models", "export", "gui", "examples")


def run(*command, cwd, **env):
    done = subprocess.run(
        [sys.executable, *map(str, command)],
        cwd=cwd,
        env={**os.environ, **env},
        capture_output=True,
        encoding="utf-8",
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr + done.stdout
    return done.stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    """The wheel of a copy of the sources, so that building leaves nothing in the repository."""
    source, out = tmp_path_factory.mktemp("source"), tmp_path_factory.mktemp("dist")
    for name in FOLDERS:
        shutil.copytree(ROOT / name, source / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, source)
    run("-m", "build", "--wheel", "--no-isolation", "--outdir", out, source, cwd=source, PYTHONWARNINGS="ignore")
    (built,) = out.iterdir()
    return built


@pytest.fixture(scope="module")
def names(wheel):
    with zipfile.ZipFile(wheel) as archive:
        return archive.namelist()


@pytest.fixture(scope="module")
def installed(wheel, tmp_path_factory):
    """A folder that holds nothing but the installed wheel."""
    target = tmp_path_factory.mktemp("site") / "packages"
    pip = ("-m", "pip", "--disable-pip-version-check", "install", "--quiet", "--no-deps", "--no-index")
    run(*pip, "--no-compile", "--target", target, wheel, cwd=target.parent)
    return target


@pytest.fixture
def clean(installed, tmp_path):
    """Run Python with the wheel first on the path, and the repository out of reach, in an empty folder.

    -S skips site: without it the editable installation's hook, which leads to the repository, would load.
    """
    libraries = {sysconfig.get_path("purelib"), sysconfig.get_path("platlib")}
    path = os.pathsep.join([str(installed), *libraries])
    return lambda *command: run("-S", *command, cwd=tmp_path, PYTHONPATH=path, PYTHONIOENCODING="utf-8")


def test_wheel_is_pure_python_of_this_version(wheel):
    assert wheel.name == f"rnn_toolkit-{toolkit.__version__}-py3-none-any.whl"


def test_wheel_installs_one_top_level_package(names):
    info = f"rnn_toolkit-{toolkit.__version__}.dist-info"
    assert {name.split("/")[0] for name in names} == {"toolkit", info}
    assert {f"{info}/METADATA", f"{info}/entry_points.txt", f"{info}/licenses/LICENSE"} <= set(names)


def test_wheel_holds_every_source_file_in_its_place(names):
    expected = {
        str(Path("toolkit", "" if folder == "toolkit" else folder, path.relative_to(ROOT / folder)).as_posix())
        for folder in FOLDERS
        for path in (ROOT / folder).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    assert {name for name in names if name.startswith("toolkit/")} == expected
    assert {"toolkit/py.typed", "toolkit/data/lyrics-zh.txt", "toolkit/data/lyrics-en.txt"} <= expected


def test_wheel_offers_the_command_toolkit_and_the_window(wheel):
    with zipfile.ZipFile(wheel) as archive:
        (name,) = [name for name in archive.namelist() if name.endswith("entry_points.txt")]
        entries = configparser.ConfigParser()
        entries.read_string(archive.read(name).decode())
    assert dict(entries["console_scripts"]) == {"toolkit": "toolkit.cli:main"}
    assert dict(entries["gui_scripts"]) == {"toolkit-gui": "toolkit.gui.commands:main"}


def test_wheel_asks_for_numpy_one_onnxruntime_and_the_command_line_only(wheel):
    from email import message_from_bytes

    with zipfile.ZipFile(wheel) as archive:
        (name,) = [name for name in archive.namelist() if name.endswith("METADATA")]
        metadata = message_from_bytes(archive.read(name))
    from packaging.requirements import Requirement

    needed = [Requirement(line) for line in metadata.get_all("Requires-Dist")]
    for platform in (
        {"sys_platform": "linux", "platform_machine": "x86_64"},
        {"sys_platform": "linux", "platform_machine": "aarch64"},
        {"sys_platform": "win32", "platform_machine": "AMD64"},
        {"sys_platform": "darwin", "platform_machine": "arm64"},
    ):
        base = {r.name for r in needed if r.marker is None or r.marker.evaluate({**platform, "extra": ""})}
        runtime = {name for name in base if name.startswith("onnxruntime")}
        assert len(runtime) == 1
        assert base - runtime == {"numpy", "click", "rich"}


def test_installed_wheel_generates_from_any_folder_without_the_repository(clean, installed, make_bundle):
    bundle = make_bundle()
    where = clean("-c", "import toolkit, toolkit.cli; print(toolkit.__file__); print(toolkit.cli.__file__)")
    assert [Path(line).is_relative_to(installed) for line in where.splitlines()] == [True, True]
    text = clean("-m", "toolkit", "generate", bundle, "-p", "月光", "--max-new-tokens", 20, "--seed", 3)
    assert text == f"{toolkit.load(bundle).generate('月光', max_new_tokens=20, seed=3)[0]}\n"


def test_installed_wheel_reads_its_built_in_corpora(clean, make_bundle):
    out = clean("-m", "toolkit", "eval", make_bundle(), "builtin:lyrics-en", "--max-chars", 300, "--json")
    assert '"perplexity"' in out


def test_installed_wheel_has_its_sub_packages_and_no_other_name(clean):
    code = (
        "import importlib.util as u, toolkit.models.checkpoint, toolkit.export.exporter, toolkit.gui; "
        "print([name for name in ('models', 'export', 'gui') if u.find_spec(name)])"
    )
    assert clean("-c", code).strip() == "[]"
