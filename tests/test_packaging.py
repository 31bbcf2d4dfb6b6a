"""What the recipe of the folder app takes in. Building it takes minutes: packaging/build_app.py does, and tries it."""

import importlib.util
import os
import subprocess
import sys
import tomllib
from pathlib import Path, PurePath

import pytest

from toolkit.cli import COMMANDS

ROOT = Path(__file__).resolve().parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
FOLDERS = PROJECT["tool"]["setuptools"]["package-dir"]


def load(name):
    spec = importlib.util.spec_from_file_location(f"packaging_{name}", ROOT / "packaging" / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


contents = load("contents")


def package_data():
    """Each file of pyproject's package-data: its package, and where it lies in the folder toolkit once installed."""
    for package, patterns in PROJECT["tool"]["setuptools"]["package-data"].items():
        folder = ROOT / FOLDERS[package]
        inside = PurePath(*package.split(".")[1:])
        for pattern in patterns:
            yield from ((package, inside / path.relative_to(folder)) for path in folder.glob(pattern))


def modules():
    """Each module of the project by its import name."""
    for package, folder in FOLDERS.items():
        for path in (ROOT / folder).rglob("*.py"):
            yield ".".join([package, *path.relative_to(ROOT / folder).with_suffix("").parts]).removesuffix(".__init__")


def test_every_data_file_of_the_project_goes_in_unless_the_window_never_needs_it():
    left_out = {path for _, path in package_data() if not contents.is_wanted_data(path)}
    never = {"toolkit.models", "toolkit.examples"}
    assert left_out == {path for package, path in package_data() if package in never or path.suffix == ".ts"}
    folders = {path.parent.as_posix() for _, path in package_data() if path not in left_out}
    assert {"data", "gui/icons", "gui/translations"} <= folders


def test_every_module_goes_in_that_the_window_can_import():
    taken = {name for name in modules() if contents.is_wanted_module(name)}
    assert COMMANDS["gui"].module in taken
    code = "import sys; import toolkit.gui.app; print(*(name for name in sys.modules if name.startswith('toolkit')))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert set(done.stdout.split()) <= taken
    assert not {name for name in taken if name.startswith(("toolkit.models", "toolkit.export", "toolkit.cli."))}


def test_the_app_is_made_of_the_base_and_the_extra_gui_with_one_onnxruntime():
    wanted = contents.requirements()
    base = {line for line in PROJECT["project"]["dependencies"] if not line.startswith("onnxruntime")}
    runtimes = {line for line in wanted if line.startswith("onnxruntime")}
    assert set(wanted) - runtimes == base | set(PROJECT["project"]["optional-dependencies"]["gui"])
    assert [line.partition(">")[0] for line in runtimes] == ["onnxruntime"]
    assert ";" not in "".join(runtimes)


def test_libraries_go_with_the_last_that_imports_them():
    plugins = "PySide6/Qt/plugins/platforms"
    imports = {
        f"{plugins}/libqxcb.so": ["libQt6Gui.so.6", "libX11.so.6"],
        f"{plugins}/libqeglfs.so": ["libQt6Gui.so.6", "libQt6Egl.so.6"],
        "PySide6/Qt/lib/libQt6Gui.so.6": [],
        "PySide6/Qt/lib/libQt6Egl.so.6": ["libQt6Gui.so.6"],
        "libX11.so.6": [],
        "onnxruntime/capi/onnxruntime_pybind11_state.so": [],
        "onnxruntime/capi/libonnxruntime_providers_cuda.so": ["libX11.so.6"],
        "libopened_by_name.so": [],
    }
    kept = contents.needed({place: Path("/", place) for place in imports}, lambda path: imports[str(path)[1:]])
    assert set(imports) - kept == {
        f"{plugins}/libqeglfs.so",
        "PySide6/Qt/lib/libQt6Egl.so.6",
        "onnxruntime/capi/libonnxruntime_providers_cuda.so",
    }


@pytest.mark.parametrize("path", ["PySide6/Qt/translations/qtbase_de.qm", "PySide6/Qt/translations/qt_help_zh_CN.qm"])
def test_translations_of_qt_that_nobody_sees_stay_out(path):
    assert not contents.is_wanted_translation(PurePath(path))


@pytest.mark.parametrize(
    "path", ["PySide6/Qt/translations/qtbase_zh_CN.qm", "toolkit/gui/translations/lyrics_zh_CN.qm"]
)
def test_translations_of_the_window_go_in(path):
    assert contents.is_wanted_translation(PurePath(path))


def test_the_icon_for_windows_has_each_size():
    pytest.importorskip("PySide6")
    from PySide6.QtCore import QBuffer, QByteArray
    from PySide6.QtGui import QImageReader

    ico = load("ico")
    pictures = {size: (ROOT / "gui" / "icons" / f"app-{size}.png").read_bytes() for size in ico.SIZES}
    data = QByteArray(ico.ico(pictures))
    buffer = QBuffer(data)
    reader = QImageReader(buffer, b"ico")
    found = []
    for n in range(reader.imageCount()):
        assert reader.jumpToImage(n)
        found.append(reader.read().width())
    assert tuple(found) == ico.SIZES


def test_programs_that_the_app_starts_find_the_libraries_of_the_system(monkeypatch):
    start = load("start")
    monkeypatch.setenv("LD_LIBRARY_PATH", "/app/_internal")
    monkeypatch.setenv("LD_LIBRARY_PATH_ORIG", "/opt/lib")
    start.own_library_path()
    assert os.environ["LD_LIBRARY_PATH"] == "/opt/lib"
    start.own_library_path()
    assert "LD_LIBRARY_PATH" not in os.environ


@pytest.mark.skipif(sys.platform != "linux", reason="menu entries are Linux desktops'")
def test_the_program_of_the_window_needs_no_console(tmp_path):
    """Its streams are None where Windows starts it; it ends with 0 all the same."""
    code = (
        "import sys; sys.stdout = sys.stderr = None; sys.argv[1:] = ['--remove-desktop-entry'];"
        "from toolkit.gui.commands import main; main()"
    )
    done = subprocess.run([sys.executable, "-c", code], env={**os.environ, "XDG_DATA_HOME": str(tmp_path)}, check=False)
    assert done.returncode == 0
