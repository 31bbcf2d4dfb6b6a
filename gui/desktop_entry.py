"""The place of the application in the menus of a Linux desktop, and its files opened from a file manager.

Not covered: macOS and Windows know applications by bundles and installers, which `pip install` does not make. There
the window starts with `toolkit gui`, and the system asks which program opens a .lyrics file.
"""

import contextlib
import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from toolkit.errors import ToolkitError
from toolkit.files import write_atomic, write_error

from .icons import APP, APP_SIZES, app_picture, drawing

APP_ID = "rnn-toolkit-lyrics"
"""Of the application: QGuiApplication.setDesktopFileName takes it, so that its windows have our icon."""

MIME_TYPE = "application/x-rnn-toolkit-lyrics"
ENDING = ".lyrics"
"""Of its files."""

_TEXTS = {
    "Name": {"": "Lyric Writer", "zh_CN": "写词"},
    "GenericName": {"": "Lyric generator", "zh_CN": "歌词生成器"},
    "Comment": {
        "": "Write lyrics and poems with a recurrent network, under rules of length, rhyme and form",
        "zh_CN": "用循环神经网络写歌词和诗词,可定字数、押韵与格律",
    },
    "Keywords": {"": "lyrics;poem;rhyme;song;", "zh_CN": "歌词;诗词;押韵;写作;藏头诗;"},
}

_REFRESH = (("update-desktop-database", "applications"), ("update-mime-database", "mime"))
"""Programs that desktops keep their lists with, and the folder that each reads; without them it takes a new log-in."""


def entry(command: Sequence[str]) -> str:
    """The text of the .desktop file.

    Args:
        command: what starts the window; the file to open comes behind it.
    """
    texts = [
        f"{key}[{language}]={text}" if language else f"{key}={text}"
        for key, translations in _TEXTS.items()
        for language, text in translations.items()
    ]
    lines = [
        "[Desktop Entry]",
        "Type=Application",
        "Version=1.4",
        *texts,
        f"Exec={' '.join(map(_quoted, command))} %f",
        f"TryExec={_escaped(command[0])}",
        f"Icon={APP_ID}",
        "Terminal=false",
        "StartupNotify=true",
        f"StartupWMClass={APP_ID}",
        "Categories=Office;WordProcessor;",
        f"MimeType={MIME_TYPE};",
    ]
    return "\n".join(lines) + "\n"


def mime_package() -> str:
    """The text of the file that says what our files are called."""
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        '<mime-info xmlns="http://www.freedesktop.org/standards/shared-mime-info">\n'
        f'  <mime-type type="{MIME_TYPE}">\n'
        "    <comment>Lyric of the RNN toolkit</comment>\n"
        '    <comment xml:lang="zh_CN">RNN 工具箱歌词</comment>\n'
        '    <sub-class-of type="application/json"/>\n'
        f'    <icon name="{APP_ID}"/>\n'
        f'    <glob pattern="*{ENDING}"/>\n'
        "  </mime-type>\n"
        "</mime-info>\n"
    )


def install(folder: Path | None = None, command: Sequence[str] | None = None) -> list[Path]:
    """Write the entry, the kind of file and the icons; what was there of ours is replaced.

    Args:
        folder: of the user's data; by default XDG_DATA_HOME, or ~/.local/share.
        command: what starts the window; by default this Python's `toolkit gui`.

    Returns:
        What was written.

    Raises:
        ToolkitError: this is no Linux desktop and no folder was given, or it cannot be written to.
    """
    home = _data_home(folder)
    found = _files(home, command or _own_command())
    for path, data in found.items():
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise write_error(path, error) from error
        write_atomic(path, data)
    _refresh(home)
    return list(found)


def remove(folder: Path | None = None) -> list[Path]:
    """Take away what `install` wrote; arguments and errors as there.

    Returns:
        What was there.
    """
    home = _data_home(folder)
    found = [path for path in _files(home, ("toolkit",)) if path.is_file()]
    for path in found:
        try:
            path.unlink()
        except OSError as error:
            raise write_error(path, error) from error
    if found:
        _refresh(home)
    return found


def _files(home: Path, command: Sequence[str]) -> dict[Path, bytes]:
    """Each file with what is in it; the entry comes last, so that it never stands alone."""
    icons = home / "icons" / "hicolor"
    return {
        **{icons / f"{size}x{size}" / "apps" / f"{APP_ID}.png": app_picture(size) for size in APP_SIZES},
        icons / "scalable" / "apps" / f"{APP_ID}.svg": drawing(APP),
        home / "mime" / "packages" / f"{APP_ID}.xml": mime_package().encode(),
        home / "applications" / f"{APP_ID}.desktop": entry(command).encode(),
    }


def _data_home(folder: Path | None) -> Path:
    if folder is not None:
        return folder.absolute()
    if sys.platform in {"win32", "darwin"}:
        raise ToolkitError(
            f"a menu entry is made for Linux desktops, found {sys.platform}. Start the window with `toolkit gui`."
        )
    named = Path(os.environ.get("XDG_DATA_HOME") or "~")  # one that is not absolute is ignored, says the standard
    return named if named.is_absolute() else Path.home() / ".local" / "share"


def _own_command() -> tuple[str, ...]:
    """What starts the window from anywhere."""
    if getattr(sys, "frozen", False):  # a folder application is the window itself
        return (sys.executable,)
    program = Path(sys.executable).with_name("toolkit")
    return (str(program), "gui") if program.is_file() else (sys.executable, "-m", "toolkit", "gui")


def _quoted(argument: str) -> str:
    """An argument as Exec has it."""
    text = argument.replace("%", "%%")
    if argument and not set(argument) & set(" \t\n\"'\\><~|&;$*?#()`"):
        return text
    for sign in '\\"`$':
        text = text.replace(sign, f"\\{sign}")
    return _escaped(f'"{text}"')


def _escaped(text: str) -> str:
    """A value as any key has it."""
    return text.replace("\\", "\\\\").replace("\n", "\\n").replace("\t", "\\t")


def _refresh(home: Path) -> None:
    for name, part in _REFRESH:
        program = shutil.which(name)
        if program and (home / part).is_dir():
            with contextlib.suppress(OSError, subprocess.TimeoutExpired):
                subprocess.run([program, str(home / part)], capture_output=True, timeout=30, check=False)
