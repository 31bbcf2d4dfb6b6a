"""What is said where no window can open: one sentence, and no traceback."""

import os
import subprocess
import sys

import pytest

on_linux = pytest.mark.skipif(sys.platform != "linux", reason="libraries and displays of Linux")
NO_SCREEN = {"DISPLAY": "", "WAYLAND_DISPLAY": "", "QT_QPA_PLATFORM": ""}


def says(result, *words):
    assert result.returncode == 2
    assert result.stdout == ""
    assert result.stderr.startswith("error: ")
    assert result.stderr.count("\n") == 1
    assert all(word in result.stderr for word in words), result.stderr


@on_linux
def test_without_a_display_a_sentence_says_so(cli):
    says(cli("gui", **NO_SCREEN), "no display", "toolkit lyrics")


@on_linux
@pytest.mark.parametrize("platform", ["", "xcb"])
def test_a_display_at_which_nothing_answers_is_named(cli, platform):
    says(cli("gui", **{**NO_SCREEN, "DISPLAY": ":4711", "QT_QPA_PLATFORM": platform}), "no display", "DISPLAY=:4711")


@on_linux
@pytest.mark.parametrize(
    ("library", "package", "arguments", "env"),
    [
        ("libEGL.so.1", "libegl1", (), {"QT_QPA_PLATFORM": "offscreen"}),
        ("libEGL.so.1", "libegl1", ("--desktop-entry",), {}),
        ("libxcb-cursor.so.0", "libxcb-cursor0", (), {"DISPLAY": ":4711"}),
    ],
)
def test_a_library_that_is_missing_is_named_with_its_package(cli, tmp_path, library, package, arguments, env):
    (tmp_path / library).touch()  # found first, and no library
    result = cli("gui", *arguments, **{**NO_SCREEN, "LD_LIBRARY_PATH": str(tmp_path), **env})
    says(result, library, f"apt install {package}")


def test_without_pyside_the_line_that_installs_it_is_said(cli, tmp_path):
    (tmp_path / "sitecustomize.py").write_text("import sys\nsys.modules['PySide6'] = None\n", encoding="utf-8")
    path = os.pathsep.join((str(tmp_path), os.environ.get("PYTHONPATH", "")))
    says(cli("gui", PYTHONPATH=path, QT_QPA_PLATFORM="offscreen"), "PySide6", "pip install 'rnn-toolkit[gui]'")


def test_onnx_runtime_reports_to_nobody(cli, tmp_path):
    """Where it does, it gives the machine a number and keeps both in the user's cache."""
    home = {"HOME": str(tmp_path), "XDG_CACHE_HOME": ""}
    assert cli("generate", "builtin:songci", "--prompt", "春", "--max-new-tokens", "2", **home).returncode == 0
    assert [path.name for path in tmp_path.iterdir()] == []


def test_a_window_that_writes_loads_neither_torch_nor_onnx(tmp_path):
    program = """
import sys
from toolkit.gui.app import make_application, open_window
app = make_application(["gui"])
window = open_window(app, "builtin:songci", None, "en")
window.actions_by_name["generate"].trigger()  # once the model is open
while not window.workspace.project().generations:
    app.processEvents()
print(window.page.editor.text().count("\\n"))
window.close()
print(*{name.partition(".")[0] for name in sys.modules})
"""
    own = {"QT_QPA_PLATFORM": "offscreen", "XDG_DATA_HOME": str(tmp_path), "XDG_CONFIG_HOME": str(tmp_path)}
    done = subprocess.run(
        [sys.executable, "-c", program],
        env={**os.environ, **own},
        capture_output=True,
        encoding="utf-8",
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    count, modules = done.stdout.split("\n")[:2]
    assert count == "7"
    assert {"PySide6", "onnxruntime", "numpy"} <= set(modules.split())
    assert not {"torch", "onnx", "onnxscript", "matplotlib", "jieba"} & set(modules.split())


def test_a_path_at_which_nothing_is_is_named_at_once(cli):
    says(cli("gui", "no/such/file.onnx", QT_QPA_PLATFORM="offscreen"), "no/such/file.onnx", "found nothing")
    says(cli("gui", "x" * 999, QT_QPA_PLATFORM="offscreen"), "found nothing")
