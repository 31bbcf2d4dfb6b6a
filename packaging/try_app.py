"""Starts a folder app once on a screen of its own, writes lyrics with it by the keyboard, and looks at what it saved.

usage: python packaging/try_app.py FOLDER SCREENSHOT    (Linux, with Xvfb, xdotool and ImageMagick's import)

The app is copied first, to a folder with a blank and Chinese characters in its name, and has an empty home: what works
there works wherever it is moved to.
"""

import contextlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeVar

import contents

NEEDED = {"Xvfb": "xvfb", "xdotool": "xdotool", "import": "imagemagick"}
"""Program -> Debian's package."""

SIZE = "1280x800x24"
TITLE = "– Lyrics$"
DEADLINE_S = 60.0
LINES = 8
"""That the rules of a first start ask for."""

T = TypeVar("T")


class TrialError(Exception):
    """The app does not do what it should; the message says what."""


@contextlib.contextmanager
def screen() -> Iterator[str]:
    """A new X server; its DISPLAY."""
    read, write = os.pipe()
    # Without -noreset it starts anew, and refuses a client meanwhile, whenever its last client leaves.
    command = ["Xvfb", "-displayfd", str(write), "-screen", "0", SIZE, "-noreset", "-nolisten", "tcp"]
    server = subprocess.Popen(command, pass_fds=[write], stderr=subprocess.DEVNULL)
    os.close(write)
    try:
        with os.fdopen(read) as told:
            number = told.readline().strip()
        if not number:
            raise TrialError("expected an X server, but Xvfb ended")
        yield f":{number}"
    finally:
        server.terminate()
        server.wait()


def until(found: Callable[[], T | None], what: str, app: "subprocess.Popen[bytes]") -> T:
    """Ask until there is an answer.

    Raises:
        TrialError: the app ended, or a minute has passed.
    """
    deadline = time.monotonic() + DEADLINE_S
    while time.monotonic() < deadline:
        answer = found()
        if answer is not None:
            return answer
        if app.poll() is not None:
            raise TrialError(f"expected {what}, but the app ended with exit code {app.returncode}")
        time.sleep(0.02)
    raise TrialError(f"expected {what}, found none in {DEADLINE_S:.0f} s")


class Hand:
    """Keys on a screen without a window manager."""

    def __init__(self, environment: dict[str, str]) -> None:
        self._environment = environment

    def window(self, name: str) -> str | None:
        """The id of the visible window of that name, a regular expression."""
        done = subprocess.run(
            ["xdotool", "search", "--onlyvisible", "--name", name],
            env=self._environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, check=False,
        )  # fmt: skip
        return done.stdout.split()[0] if done.stdout.split() else None

    def press(self, window: str, *keys: str) -> None:
        """Give a window the keyboard, and press keys."""
        self._do("windowfocus", "--sync", window, "key", "--clearmodifiers", *keys)

    def type(self, text: str) -> None:
        """Type into the window that has the keyboard."""
        self._do("type", "--delay", "5", text)

    def picture(self, path: Path) -> None:
        """Save the screen as PNG."""
        subprocess.run(["import", "-window", "root", str(path)], env=self._environment, check=True)

    def _do(self, *words: str) -> None:
        subprocess.run(["xdotool", *words], env=self._environment, check=True, stdout=subprocess.DEVNULL)


def libraries(process: int) -> set[Path]:
    """The shared libraries that a process has loaded."""
    lines = Path(f"/proc/{process}/maps").read_text(encoding="utf-8").splitlines()
    return {Path(line.split(maxsplit=5)[5]) for line in lines if ".so" in line}


def processor_seconds(process: int) -> float:
    """What a process has used so far: unlike the clock's, the same on a busy machine."""
    fields = Path(f"/proc/{process}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def saved(path: Path) -> dict[str, object] | None:
    """A project that the app saved, once all lines are generated."""
    with contextlib.suppress(OSError, ValueError):
        project: dict[str, object] = json.loads(path.read_text(encoding="utf-8"))
        if project["generations"] and len(str(project["text"]).split()) == LINES:
            return project
    return None


def drive(app: "subprocess.Popen[bytes]", hand: Hand, window: str, home: Path, screenshot: Path) -> str:
    """Generate, save under a name, look, and quit; what was written."""
    song = home / "song.lyrics"
    deadline = time.monotonic() + DEADLINE_S
    project = None
    while project is None and time.monotonic() < deadline:  # the model is read meanwhile
        hand.press(window, "ctrl+Return")
        time.sleep(1.0)
        hand.press(window, "ctrl+s")
        if not song.exists():
            dialog = until(lambda: hand.window("^Save$"), "the dialog for a file name", app)
            hand.press(dialog, "ctrl+a")
            hand.type(str(song))
            hand.press(dialog, "Return")
            until(lambda: song.exists() or None, "a saved file", app)
        project = saved(song)
    if project is None:
        raise TrialError(f"expected {LINES} lines of lyrics in {song.name}, found none in {DEADLINE_S:.0f} s")
    loaded = {path for path in libraries(app.pid) if contents.ROOT in path.parents or path.name.startswith("libtorch")}
    if loaded:
        raise TrialError(f"expected libraries of the app and the system alone, found {sorted(map(str, loaded))}")
    hand.picture(screenshot)
    hand.press(window, "ctrl+q")
    return str(project["text"])


def try_menu(program: Path, environment: dict[str, str]) -> None:
    """Put the app into the menu of an empty home, and raise TrialError if that is not what the menu would start."""
    done = subprocess.run(
        [str(program), "--desktop-entry"], env=environment, stdout=subprocess.PIPE, text=True, check=False
    )
    entries = [Path(line) for line in done.stdout.splitlines() if line.endswith(".desktop")]
    lines = entries[0].read_text(encoding="utf-8").splitlines() if entries else []
    if f'Exec="{program}" %f' not in lines:  # quoted for its blank
        raise TrialError(f"expected a menu entry that starts {program}, found {lines or 'none'}")


def try_app(folder: Path, screenshot: Path) -> tuple[tuple[float, float], str]:
    """Try a folder app.

    Returns:
        Seconds from its start to its window, by the clock and of a processor; and the lyrics that it wrote.

    Raises:
        TrialError: it fails, or a program that is needed to try it is missing.
    """
    missing = [package for program, package in NEEDED.items() if shutil.which(program) is None]
    if missing:
        raise TrialError(f"expected Xvfb, xdotool and import to try the app with: apt install {' '.join(missing)}")
    with tempfile.TemporaryDirectory() as temporary, screen() as display:
        moved = shutil.copytree(folder, Path(temporary, "写词 app", folder.name), symlinks=True)
        home = Path(temporary, "home")
        home.mkdir()
        environment = {"HOME": str(home), "DISPLAY": display, "LANG": "C.UTF-8", "PATH": os.environ["PATH"]}
        hand = Hand(environment)
        with Path(temporary, "stderr").open("wb+") as said:
            begun = time.monotonic()
            app = subprocess.Popen([str(moved / contents.NAME)], env=environment, cwd=home, stderr=said)
            try:
                window = until(lambda: hand.window(TITLE), "a window", app)
                seconds = time.monotonic() - begun, processor_seconds(app.pid)
                text = drive(app, hand, window, home, screenshot)
                code = app.wait(DEADLINE_S)
            finally:
                app.kill()
                app.wait()
            said.seek(0)
            words = said.read().decode(errors="replace").strip()
        if code != 0 or words:
            raise TrialError(f"expected the app to end with 0 and without a word, found {code} and: {words}")
        try_menu(moved / contents.NAME, environment)
    return seconds, text


def main(arguments: list[str]) -> int:
    """The exit code."""
    if len(arguments) != 2:
        print(__doc__, file=sys.stderr)
        return 2
    try:
        (clock, processor), text = try_app(Path(arguments[0]).resolve(), Path(arguments[1]).resolve())
    except (TrialError, subprocess.CalledProcessError) as error:
        print(f"try_app.py: {error}", file=sys.stderr)
        return 1
    print(f"{clock:.2f} s from the start to the window, {processor:.2f} s of them of a processor; it wrote:\n{text}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
