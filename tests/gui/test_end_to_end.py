"""The real program on a screen of its own, with real keys and a real mouse, looked at through the files it writes."""

import contextlib
import json
import os
import re
import shutil
import signal
import struct
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from toolkit.lyrics.check import check
from toolkit.lyrics.rules import LyricRules

NEEDED = {"Xvfb": "xvfb", "xdotool": "xdotool", "xkbcomp": "x11-xkb-utils"}
missing = [package for program, package in NEEDED.items() if shutil.which(program) is None]
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(bool(missing), reason=f"needs a virtual screen: apt-get install {' '.join(missing)}"),
]

ACROSTIC = "春风十里杨柳依依"
TITLE = "春风"
DEADLINE_S = 20
MODEL = "builtin:songci"


def until(found, what):
    """Wait until something is found, and give it; a machine may be slow, but not for ever."""
    end = time.monotonic() + DEADLINE_S
    while time.monotonic() < end:
        with contextlib.suppress(FileNotFoundError, json.JSONDecodeError):  # not there yet
            if value := found():
                return value
        time.sleep(0.05)
    raise AssertionError(f"waited {DEADLINE_S} s for {what}")


class Screen:
    """An X server without a monitor, whose keyboard has the characters of the acrostic."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        read, write = os.pipe()
        size = ("-screen", "0", "1280x800x24", "-fbdir", str(folder), "-nolisten", "tcp", "-noreset")
        self._log = (folder / "xvfb.log").open("wb")
        self._server = subprocess.Popen(
            ["Xvfb", "-displayfd", str(write), *size], pass_fds=(write,), stdout=self._log, stderr=self._log
        )
        os.close(write)
        with os.fdopen(read) as pipe:
            number = pipe.readline().strip()
        assert number, (folder / "xvfb.log").read_text()
        self.env = {**os.environ, "DISPLAY": f":{number}"}
        self.do("key", "shift")  # now the keyboard is xdotool's, and it is that which gets the keys
        self._add_keys(ACROSTIC)

    def _add_keys(self, characters: str) -> None:
        """Give characters a key each: one that xdotool adds for the moment is gone before Qt has looked at it."""
        display = self.env["DISPLAY"]
        keymap = subprocess.run(["xkbcomp", "-xkb", display, "-"], capture_output=True, encoding="utf-8", check=True)
        codes, symbols = keymap.stdout.split("xkb_symbols", 1)
        used = set(re.findall(r"key\s+(<\w+>)", symbols))
        free = [key for key in re.findall(r"(<\w+>) = \d+;", codes) if key not in used]
        new = dict(zip(dict.fromkeys(characters), free, strict=False))
        keys = "".join(f"key {key} {{ [ U{ord(char):04X} ] }};\n" for char, key in new.items())
        head, brace, rest = symbols.partition("{")
        text = f"{codes}xkb_symbols{head}{brace}\n{keys}{rest}"
        subprocess.run(["xkbcomp", "-w0", "-", display], input=text, encoding="utf-8", capture_output=True, check=True)

    def do(self, *words: object) -> str:
        """Run xdotool; what it says, or nothing if what it is about is not there."""
        command = ["xdotool", *map(str, words)]
        return subprocess.run(command, env=self.env, capture_output=True, encoding="utf-8", check=False).stdout.strip()

    def picture(self) -> np.ndarray:
        """What is to be seen, uint8 [height, width, 3], from the memory of the server (in the format of xwd)."""
        data = (self.folder / "Xvfb_screen0").read_bytes()
        header = struct.unpack(">25I", data[:100])
        width, height, line, colours = header[4], header[5], header[12], header[19]
        start = header[0] + 12 * colours
        pixels = np.frombuffer(data, np.uint8, height * line, start).reshape(height, line // 4, 4)
        return pixels[:, :width, 2::-1]

    def close(self) -> None:
        self._server.terminate()
        self._server.wait(DEADLINE_S)
        self._log.close()


class Program:
    """`toolkit gui` as a process, with a home of its own."""

    def __init__(self, screen: Screen, home: Path, *arguments: object) -> None:
        self.screen, self.home = screen, home
        self._stderr = home / "stderr"
        env = {name: value for name, value in screen.env.items() if not name.startswith(("QT_", "XDG_", "WAYLAND"))}
        places = {f"XDG_{name}_HOME": str(home / name.lower()) for name in ("CONFIG", "DATA", "CACHE", "STATE")}
        env |= {"HOME": str(home), "LC_ALL": "C.UTF-8", "XDG_RUNTIME_DIR": str(home), **places}
        with self._stderr.open("wb") as stderr:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "toolkit", "gui", *map(str, arguments)],
                env=env,
                cwd=home,
                stdout=stderr,
                stderr=stderr,
                start_new_session=True,
            )
        self.window = self._window_named(".+ – Lyrics$")
        self._focus()

    # What one sees ----------------------------------------------------------------------------------

    def _windows(self) -> list[str]:
        return self.screen.do("search", "--onlyvisible", "--pid", self.process.pid).split()

    def _window_named(self, pattern: str) -> str:
        def found() -> str:
            assert self.process.poll() is None, self._stderr.read_text()
            names = self.screen.do("search", "--all", "--onlyvisible", "--pid", self.process.pid, "--name", pattern)
            return names.split()[0] if names else ""

        return until(found, f"a window named {pattern}")

    def _focus(self) -> None:
        """There is no window manager, so nobody else gives the window the keyboard."""
        self.screen.do("windowfocus", "--sync", self.window)

    @property
    def title(self) -> str:
        return self.screen.do("getwindowname", self.window)

    def shot(self, name: str) -> None:
        """Keep what is to be seen, which is more than an empty window."""

        from matplotlib import image

        def drawn() -> list[np.ndarray]:
            picture = self.screen.picture()
            return [picture] if len(np.unique(picture @ (1, 256, 65536))) > 50 else []

        (picture,) = until(drawn, "a window with something in it")
        shots = self.screen.folder / "shots"
        shots.mkdir(exist_ok=True)
        image.imsave(shots / f"{name}.png", picture)

    # What one does ----------------------------------------------------------------------------------

    def press(self, *keys: str) -> None:
        self.screen.do("key", "--clearmodifiers", *keys)

    def write(self, text: str) -> None:
        self.screen.do("type", "--delay", 5, text)

    def click(self, x: int, y: int) -> None:
        """At a place of the window."""
        self.screen.do("mousemove", "--window", self.window, x, y, "click", 1)

    def answer(self, dialog: str, text: object) -> None:
        """Write a path into a dialog that asks for one."""
        window = self._window_named(f"^{dialog}$")
        self.screen.do("windowfocus", "--sync", window)
        self.press("ctrl+a")
        self.write(str(text))
        self.press("Return")
        until(lambda: window not in self._windows(), f"the dialog {dialog} to close")
        self._focus()

    def kept(self, file: Path, holds) -> dict:
        """Save until the file is as it should be; what is in it then."""

        def saved() -> dict | None:
            self.press("ctrl+s")
            project = json.loads(file.read_text(encoding="utf-8"))
            return project if holds(project) else None

        return until(saved, "the text")

    def quit(self) -> None:
        """Close, and nothing is left: no error, no process, no complaint."""
        self.press("ctrl+q")
        assert self.process.wait(DEADLINE_S) == 0
        self._is_gone()
        assert self._stderr.read_text(encoding="utf-8") == ""

    def kill(self) -> None:
        """As if the power went."""
        self.process.kill()
        self.process.wait(DEADLINE_S)
        self._is_gone()

    def _is_gone(self) -> None:
        with pytest.raises(ProcessLookupError):  # nor any that it started
            os.killpg(self.process.pid, 0)


@pytest.fixture(scope="module")
def screen(tmp_path_factory):
    screen = Screen(tmp_path_factory.mktemp("screen"))
    yield screen
    screen.close()


@pytest.fixture
def start(screen, tmp_path):
    """A function that starts the program; all are gone in the end, whatever happened."""
    programs = []

    def start(*arguments):
        programs.append(Program(screen, tmp_path, *arguments))
        return programs[-1]

    yield start
    for program in programs:
        if program.process.poll() is None:
            program.shot("last")
        with contextlib.suppress(ProcessLookupError):
            os.killpg(program.process.pid, signal.SIGKILL)
        program.process.wait()


def rules_of(project):
    return LyricRules.from_dict(project["rules"], "project")


def keeps_rules(project, text=None):
    """Eight lines of seven and their marks, with the acrostic; the rhymes are judged by the one who judges texts."""
    text = project["text"] if text is None else text
    lines = text.split("\n")
    sizes = {sum(char.isalpha() for char in line) for line in lines}
    return "".join(line[0] for line in lines) == ACROSTIC and sizes == {7} and check(text, rules_of(project)).holds


def changed_places(old, new):
    """Where two texts of one length differ."""
    return [i for i, (a, b) in enumerate(zip(old, new, strict=True)) if a != b]


def test_a_writer_writes_changes_saves_closes_and_finds_everything(start, tmp_path):
    file = tmp_path / "spring.lyrics"
    program = start()
    program.shot("1-empty")
    program.click(200, 110)
    program.write(TITLE)
    until(lambda: program.title == f"{TITLE}* – Lyrics", "the title")  # which is worth keeping, too
    program.press("alt+a")
    program.write(ACROSTIC)
    program.press("ctrl+Return")

    # Eight lines of seven with their rhymes and their acrostic.
    program.press("ctrl+s")
    program.answer("Save", file)

    def written(project):
        if not project["generations"]:
            program.press("ctrl+Return")  # the model may still have been on its way
        return project["generations"]

    first = program.kept(file, written)
    program.shot("2-written")
    assert keeps_rules(first), first["text"]
    assert first["title"] == TITLE
    assert first["rules"]["acrostic"] == ACROSTIC
    assert first["text"] == first["generations"][-1]["text"]

    # Another character in the second place of the first line, the rest stays.
    program.click(400, 250)

    def put(number):
        program.press("ctrl+Home", "Right", "F2")
        until(lambda: len(program._windows()) > 1, "the alternatives")
        program.shot("3-alternatives")
        program.press(*["Down"] * number, "shift+Return")
        until(lambda: len(program._windows()) == 1, "the alternatives to close")
        return program.kept(file, lambda _: program.title == "spring.lyrics – Lyrics")

    changed = next(project for n in range(1, 4) if (project := put(n))["text"] != first["text"])
    assert changed_places(first["text"], changed["text"]) == [1]
    program.press("ctrl+z")
    assert program.kept(file, lambda project: project["text"] == first["text"])
    program.press("ctrl+y")
    assert program.kept(file, lambda project: project["text"] == changed["text"])
    program.press("ctrl+z")

    # The third line anew, its neighbours and its rhyme stay.
    program.press("ctrl+Home", "Down", "Down", "ctrl+shift+r")
    rerolled = program.kept(file, lambda project: len(project["generations"]) == 2)
    program.shot("4-rerolled")
    lines = list(zip(first["text"].split("\n"), rerolled["text"].split("\n"), strict=True))
    assert [number for number, (old, new) in enumerate(lines, start=1) if old != new] == [3]
    assert keeps_rules(rerolled), rerolled["text"]

    # The others anew, a locked line stays.
    program.press("ctrl+l", "ctrl+r")
    regenerated = program.kept(file, lambda project: len(project["generations"]) == 3)
    assert regenerated["locked"] == [3]
    lines = list(zip(rerolled["text"].split("\n"), regenerated["text"].split("\n"), strict=True))
    assert [number for number, (old, new) in enumerate(lines, start=1) if old == new] == [3]
    assert keeps_rules(regenerated), regenerated["text"]

    # Three at once, the second is taken.
    program.press("ctrl+t")
    with_takes = program.kept(file, lambda project: len(project["takes"]) == 3)
    program.shot("5-takes")
    assert with_takes["text"] == regenerated["text"]
    assert all(keeps_rules(with_takes, take) for take in with_takes["takes"])
    program.press("ctrl+2")
    last = program.kept(file, lambda project: project["text"] == with_takes["takes"][1])
    program.shot("6-taken")
    program.quit()

    # All is there again: the window writes the same file once more.
    program = start()
    until(lambda: program.title == "spring.lyrics – Lyrics", "the text of the last time")
    file.unlink()
    assert program.kept(file, lambda _: True) == last
    program.shot("7-again")

    # The program dies with a line that was not saved.
    program.click(400, 250)
    program.press("ctrl+End", "Return")
    program.write("not saved")
    autosave = tmp_path / "data" / "rnn-toolkit" / "lyrics" / "autosave"
    until(lambda: any("not saved" in kept.read_text("utf-8") for kept in autosave.glob("*.lyrics")), "the autosave")
    program.kill()
    assert json.loads(file.read_text(encoding="utf-8")) == last

    program = start()
    until(lambda: program.title == f"{TITLE}* – Lyrics", "the text that was not saved")
    program.shot("8-restored")
    program.press("ctrl+s")
    program.answer("Save", tmp_path / "restored.lyrics")
    restored = program.kept(tmp_path / "restored.lyrics", lambda _: True)
    assert restored == {**last, "text": f"{last['text']}\nnot saved"}
    program.quit()


def test_a_long_text_is_stopped_and_taken_back(start, tmp_path):
    file = tmp_path / "long.lyrics"
    project = {"format": "rnn-toolkit lyrics", "format_version": 1, "text": "", "locked": [], "generations": []}
    project |= {"takes": [], "rules": None, "sampling": {"max_new_tokens": 100_000}, "model": MODEL}
    file.write_text(json.dumps({**project, "fingerprint": "", "title": ""}), encoding="utf-8")
    program = start("--project", file)
    until(lambda: program.title == "long.lyrics – Lyrics", "the project")

    def begun():
        program.press("ctrl+Return")
        return program.title == "long.lyrics* – Lyrics"

    until(begun, "the first words")
    program.shot("9-streaming")
    program.press("Escape")
    stopped = program.kept(file, lambda project: project["generations"])
    assert 0 < len(stopped["text"]) < 100_000
    assert stopped["generations"][0]["text"] == stopped["text"]
    assert program.kept(file, lambda _: True) == stopped  # and no word more
    program.click(400, 250)
    program.press("ctrl+z")
    assert program.kept(file, lambda project: project["text"] == "")
    program.press("ctrl+y")
    assert program.kept(file, lambda project: project["text"] == stopped["text"])
    program.quit()
