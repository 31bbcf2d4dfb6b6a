import configparser
import shlex
import shutil
import subprocess
import sys
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

from toolkit.errors import ToolkitError
from toolkit.gui import desktop_entry
from toolkit.gui.icons import APP_SIZES

AWKWARD = ('/home/a user/100% $HOME `x` "q" \\b/toolkit', "gui")
COMMANDS = [("toolkit", "gui"), ("/opt/venv/bin/python3", "-m", "toolkit", "gui"), AWKWARD]


def keys(text):
    parser = configparser.RawConfigParser(strict=True, comment_prefixes=("#",), delimiters=("=",))
    parser.optionxform = str
    parser.read_string(text)
    assert parser.sections() == ["Desktop Entry"]
    return dict(parser["Desktop Entry"])


@pytest.mark.parametrize("command", COMMANDS)
def test_the_freedesktop_validator_has_nothing_to_say(tmp_path, command):
    program = shutil.which("desktop-file-validate")
    if program is None:
        pytest.skip("desktop-file-validate is not installed")
    path = tmp_path / "rnn-toolkit-lyrics.desktop"
    path.write_text(desktop_entry.entry(command), encoding="utf-8")
    done = subprocess.run([program, str(path)], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout + done.stderr) == (0, "")


@pytest.mark.parametrize("command", COMMANDS)
def test_the_command_comes_out_of_the_entry_as_it_went_in(command):
    value = keys(desktop_entry.entry(command))["Exec"].replace("\\\\", "\\")
    program = shutil.which("sh")
    if program is None:
        pytest.skip("no shell is there to read it")
    words = subprocess.run(
        [program, "-c", f"printf '%s\\n' {value}"], capture_output=True, text=True, check=True
    ).stdout
    assert [word.replace("%%", "%") for word in words.splitlines()] == [*command, "%f"]


def test_the_entry_is_named_in_both_languages_and_opens_our_files():
    found = keys(desktop_entry.entry(("toolkit", "gui")))
    assert found["Exec"] == "toolkit gui %f"
    assert found["MimeType"] == "application/x-rnn-toolkit-lyrics;"
    assert found["Icon"] == desktop_entry.APP_ID
    assert {"Name", "Name[zh_CN]", "Comment", "Comment[zh_CN]", "Categories"} <= set(found)


def test_the_kind_of_file_has_our_ending():
    space = "{http://www.freedesktop.org/standards/shared-mime-info}"
    (kind,) = ET.fromstring(desktop_entry.mime_package())
    assert kind.get("type") == desktop_entry.MIME_TYPE
    assert kind.find(f"{space}glob").get("pattern") == "*.lyrics"
    assert len(kind.findall(f"{space}comment")) == 2


def test_install_writes_all_below_the_folder_and_remove_takes_it_away(tmp_path):
    written = desktop_entry.install(tmp_path)
    names = {path.relative_to(tmp_path).as_posix() for path in written}
    assert names == {
        *(f"icons/hicolor/{size}x{size}/apps/rnn-toolkit-lyrics.png" for size in APP_SIZES),
        "icons/hicolor/scalable/apps/rnn-toolkit-lyrics.svg",
        "mime/packages/rnn-toolkit-lyrics.xml",
        "applications/rnn-toolkit-lyrics.desktop",
    }
    assert all(path.stat().st_size for path in written)
    assert desktop_entry.install(tmp_path) == written
    stranger = tmp_path / "applications" / "other.desktop"
    stranger.write_text("", encoding="utf-8")
    assert set(desktop_entry.remove(tmp_path)) == set(written)
    assert not any(path.exists() for path in written)
    assert stranger.exists()
    assert desktop_entry.remove(tmp_path) == []


def test_what_is_started_exists(tmp_path):
    desktop_entry.install(tmp_path)
    found = keys((tmp_path / "applications" / "rnn-toolkit-lyrics.desktop").read_text(encoding="utf-8"))
    program, *rest, _ = shlex.split(found["Exec"])
    assert Path(program).is_file()
    done = subprocess.run([program, *rest[:-1], "--version"], capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stderr


@pytest.mark.skipif(sys.platform in {"win32", "darwin"}, reason="Linux desktops alone")
@pytest.mark.parametrize("set_to", ["absolute", "relative", "", None])
def test_the_folder_is_that_of_the_standard(tmp_path, monkeypatch, set_to):
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path)
    expected = tmp_path / "home" / ".local" / "share"
    if set_to is None:
        monkeypatch.delenv("XDG_DATA_HOME", raising=False)
    else:
        monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data") if set_to == "absolute" else set_to)
        expected = tmp_path / "data" if set_to == "absolute" else expected
    assert all(path.is_relative_to(expected) for path in desktop_entry.install())
    assert desktop_entry.remove()


def test_a_place_that_cannot_be_written_to_is_said_in_words(tmp_path):
    (tmp_path / "icons").write_text("a file", encoding="utf-8")
    with pytest.raises(ToolkitError, match="cannot write here"):
        desktop_entry.install(tmp_path)
    assert not (tmp_path / "applications").exists()


@pytest.mark.parametrize("system", ["win32", "darwin"])
def test_other_systems_are_told_what_to_do(monkeypatch, system):
    monkeypatch.setattr(sys, "platform", system)
    with pytest.raises(ToolkitError, match="toolkit gui"):
        desktop_entry.install()
