"""What was written is found again, whatever ended the window, and never by two."""

import json
import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest
import shiboken6

from toolkit.gui.autosave import Autosave
from toolkit.gui.project import Generation, Project, open_project, save

posix_only = pytest.mark.skipif(sys.platform == "win32", reason="limits, kills and permissions of POSIX")

NEVER_MS = 10**6


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir()) if folder.exists() else []


def texts(projects) -> list[str]:
    return [project.text for project in projects]


def running() -> bool:
    return "autosave" in {thread.name for thread in threading.enumerate()}


@pytest.fixture
def windows(qtbot):
    """A function that makes the autosave of a window; all end with the test, without a thread left."""
    made = []

    def make(folder: Path, delay_ms: int = NEVER_MS) -> Autosave:
        made.append(Autosave(folder, delay_ms))
        return made[-1]

    yield make
    for autosave in made:
        autosave.clear()
    assert not running()


# In another process -------------------------------------------------------------------------------

OTHER = """
import os, signal, sys
from pathlib import Path
from PySide6.QtCore import QCoreApplication
from toolkit.gui.autosave import Autosave
from toolkit.gui.project import Project

app = QCoreApplication([])
autosave = Autosave(Path(sys.argv[1]), delay_ms=0)
for line in sys.stdin:
    word, _, rest = line.strip().partition(" ")
    if word == "keep":
        autosave.keep(Project(text=rest))
        print(autosave.flush(), flush=True)
    elif word == "restore":
        print(",".join(sorted(project.text for project in autosave.restore())), flush=True)
    elif word == "clear":
        autosave.clear()
        print("cleared", flush=True)
    elif word == "write":
        written = []
        autosave.saved.connect(lambda: written.append(1) or len(written) == 3 and print("writing", flush=True))
        for number in range(10**6):
            autosave.keep(Project(text=f"{number},".ljust(200_000, "x")))
            app.processEvents()
"""


class Other:
    """A window in a process of its own."""

    def __init__(self, folder: Path) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-c", OTHER, folder], stdin=subprocess.PIPE, stdout=subprocess.PIPE, encoding="utf-8"
        )

    def begin(self, words: str) -> None:
        self.process.stdin.write(words + "\n")
        self.process.stdin.flush()

    def end(self) -> str:
        return self.process.stdout.readline().strip()

    def say(self, words: str) -> str:
        self.begin(words)
        return self.end()

    def kill(self) -> None:
        self.process.kill()
        self.process.communicate()


@pytest.fixture
def other(tmp_path):
    made = []

    def make() -> Other:
        made.append(Other(tmp_path / "auto"))
        return made[-1]

    yield make
    for each in made:
        each.kill()


# One window ---------------------------------------------------------------------------------------


def test_nothing_is_touched_until_there_is_something_to_keep(tmp_path, windows):
    autosave = windows(tmp_path / "auto")
    assert autosave.restore() == []
    assert autosave.flush()
    autosave.clear()
    assert not (tmp_path / "auto").exists()


def test_the_latest_of_many_changes_is_on_the_disk_by_itself(tmp_path, qtbot, windows):
    autosave = windows(tmp_path / "auto", delay_ms=1)
    with qtbot.waitSignal(autosave.saved):
        for number in range(100):
            autosave.keep(Project(text=str(number)))
    qtbot.waitUntil(lambda: open_project(autosave.file).text == "99")


def test_changes_without_a_pause_are_written_all_the_same(tmp_path, qtbot, windows):
    autosave = windows(tmp_path / "auto", delay_ms=20)
    typing = 0

    def type_on() -> bool:
        nonlocal typing
        typing += 1
        autosave.keep(Project(text=str(typing)))
        return autosave.file.exists()

    qtbot.waitUntil(type_on)  # called every 10 ms


def test_writing_is_done_on_another_thread(tmp_path, qtbot, windows):
    autosave = windows(tmp_path / "auto", delay_ms=0)
    told = []
    autosave.saved.connect(lambda: told.append(threading.current_thread()))
    with qtbot.waitSignal(autosave.saved):
        autosave.keep(Project(text="a"))
        assert not autosave.file.exists()
    assert told == [threading.main_thread()]


def test_clear_leaves_nothing_and_the_window_may_go_on(tmp_path, windows):
    autosave = windows(tmp_path / "auto")
    autosave.keep(Project(text="a"))
    assert autosave.flush()
    assert len(names(tmp_path / "auto")) == 2
    autosave.keep(Project(text="b"))
    autosave.clear()
    assert names(tmp_path / "auto") == []
    assert autosave.flush()
    assert names(tmp_path / "auto") == []
    autosave.keep(Project(text="c"))
    assert autosave.flush()
    assert open_project(autosave.file).text == "c"


def test_a_window_deleted_while_it_writes_is_no_error(tmp_path, qtbot):
    autosave = Autosave(tmp_path / "auto", delay_ms=0)
    autosave.keep(Project(text="x" * 10**6))
    file = autosave.file
    qtbot.waitUntil(lambda: running() or file.exists())
    shiboken6.delete(autosave)
    qtbot.waitUntil(lambda: not running())
    assert len(open_project(file).text) == 10**6


def test_a_long_history_is_written_while_other_threads_run(tmp_path, windows):
    generation = Generation("月" * 200, {"seed": 1, "rules": {"rhyme": "AABA"}}, "2026-02-03T04:05:06Z", "songci")
    autosave = windows(tmp_path / "auto")
    autosave.keep(Project(generations=(generation,) * 5000))
    assert autosave.flush()
    assert len(open_project(autosave.file).generations) == 5000


# Several windows ----------------------------------------------------------------------------------


def test_two_windows_of_one_process_keep_apart(tmp_path, windows):
    first, second = windows(tmp_path / "auto"), windows(tmp_path / "auto")
    for autosave, text in (first, "a"), (second, "b"):
        autosave.keep(Project(text=text))
        assert autosave.flush()
    assert first.restore() == second.restore() == windows(tmp_path / "auto").restore() == []
    assert (open_project(first.file).text, open_project(second.file).text) == ("a", "b")


def test_a_window_that_lives_is_not_restored_and_a_killed_one_is(tmp_path, windows, other):
    autosave, there = windows(tmp_path / "auto"), other()
    assert there.say("keep 举头望明月") == "True"
    assert autosave.restore() == []
    there.kill()
    assert texts(autosave.restore()) == ["举头望明月"]


def test_two_processes_that_write_at_once_each_find_their_own(tmp_path, windows, other):
    both = other(), other()
    for there in both:
        there.begin("write")
    assert [there.end() for there in both] == ["writing", "writing"]
    for there in both:
        there.kill()
    found = windows(tmp_path / "auto").restore()
    assert len(found) == 2
    for project in found:
        number = project.text.partition(",")[0]
        assert project.text == f"{number},".ljust(200_000, "x")
    assert not [name for name in names(tmp_path / "auto") if name.endswith(".tmp")]


def test_of_several_processes_that_start_after_a_crash_only_one_restores(other):
    crashed = other()
    crashed.say("keep lost")
    crashed.kill()
    starting = [other() for _ in range(3)]
    for there in starting:
        there.begin("restore")
    assert sorted(there.end() for there in starting) == ["", "", "lost"]


def test_a_clean_end_leaves_nothing_to_restore(tmp_path, windows, other):
    there = other()
    there.say("keep a")
    assert there.say("clear") == "cleared"
    there.kill()
    assert windows(tmp_path / "auto").restore() == []
    assert names(tmp_path / "auto") == []


# What was restored ---------------------------------------------------------------------------------


def crash(folder: Path, text: str, age_s: int = 0) -> Path:
    """What a process leaves that was killed."""
    folder.mkdir(exist_ok=True)
    file = folder / f"{text}.lyrics"
    save(file, Project(text=text))
    os.utime(file, (10**9 - age_s, 10**9 - age_s))
    return file


def test_what_was_left_comes_the_latest_first(tmp_path, windows):
    for age_s, text in enumerate(["new", "older", "oldest"]):
        crash(tmp_path, text, age_s)
    autosave = windows(tmp_path)
    assert texts(autosave.restore()) == ["new", "older", "oldest"]
    assert autosave.restore() == autosave.restore()


def test_what_was_restored_stays_until_it_is_kept_anew(tmp_path, windows):
    crash(tmp_path, "a", 1)
    crash(tmp_path, "b", 2)
    autosave = windows(tmp_path)
    first, _ = autosave.restore()
    autosave.keep(first)
    autosave.forget(first)
    assert open_project(autosave.file).text == "a"
    assert texts(autosave.restore()) == ["b"]
    autosave.clear()
    assert [name for name in names(tmp_path) if name.endswith(".lyrics")] == ["b.lyrics"]


def test_a_window_that_is_killed_before_it_kept_what_it_restored_leaves_it_to_the_next(tmp_path, windows, other):
    first, second = other(), other()
    first.say("keep a")
    first.kill()
    assert second.say("restore") == "a"
    assert windows(tmp_path / "auto").restore() == []
    second.kill()
    assert texts(windows(tmp_path / "auto").restore()) == ["a"]


@posix_only
def test_what_was_restored_is_not_forgotten_while_it_cannot_be_kept(tmp_path, windows):
    crash(tmp_path / "auto", "a")
    autosave = windows(tmp_path / "auto")
    (left,) = autosave.restore()
    autosave._file = tmp_path / "none" / "b.lyrics"  # a folder that can be read, and not be written
    autosave.keep(left)
    autosave.forget(left)
    assert texts(autosave.restore()) == ["a"]


@pytest.mark.parametrize(
    "data", [b"", b"{", b"\0" * 50, json.dumps(Project().to_dict() | {"format_version": 9}).encode()]
)
def test_a_damaged_or_newer_file_stays_where_it_is(tmp_path, windows, data):
    crash(tmp_path, "good")
    (tmp_path / "bad.lyrics").write_bytes(data)
    assert texts(windows(tmp_path).restore()) == ["good"]
    assert (tmp_path / "bad.lyrics").read_bytes() == data


def test_locks_without_a_text_and_halves_of_writes_are_swept_up(tmp_path, windows, other):
    there = other()
    there.say("keep a")
    there.kill()
    (file,) = (tmp_path / "auto").glob("*.lyrics")
    file.with_name(f".{file.name}.tmp").write_bytes(b"half")
    autosave = windows(tmp_path / "auto")
    assert texts(autosave.restore()) == ["a"]
    assert len(names(tmp_path / "auto")) == 2
    file.unlink()
    autosave.clear()
    del autosave


# Places that cannot be written --------------------------------------------------------------------


def test_a_folder_that_cannot_be_made_is_said_once_and_the_text_is_kept_when_it_can_be(tmp_path, qtbot, windows):
    (tmp_path / "auto").write_text("in the way")
    autosave = windows(tmp_path / "auto")
    told = []
    autosave.failed.connect(told.append)
    for text in "abc":
        autosave.keep(Project(text=text))
        assert not autosave.flush()
    assert len(told) == 1
    assert "cannot write here: " in told[0]
    assert told[0].endswith("The text is in this window only: save it elsewhere, or copy it.")
    (tmp_path / "auto").unlink()
    assert autosave.flush()
    assert open_project(autosave.file).text == "c"
    assert len(told) == 1


def test_a_failed_write_is_tried_again_by_itself(tmp_path, qtbot, windows):
    (tmp_path / "auto").write_text("in the way")
    autosave = windows(tmp_path / "auto", delay_ms=1)
    with qtbot.waitSignal(autosave.failed):
        autosave.keep(Project(text="a"))
    with qtbot.waitSignal(autosave.saved):
        (tmp_path / "auto").unlink()


@posix_only
def test_a_read_only_folder_is_said(closed_folder, windows):
    autosave = windows(closed_folder)
    told = []
    autosave.failed.connect(told.append)
    autosave.keep(Project(text="a"))
    assert not autosave.flush()
    assert len(told) == 1
    assert str(closed_folder) in told[0]
    assert names(closed_folder) == ["kept"]


FULL_DISK = """
import resource, sys
from pathlib import Path
from PySide6.QtCore import QCoreApplication
from toolkit.gui.autosave import Autosave
from toolkit.gui.project import Project

app = QCoreApplication([])
autosave = Autosave(Path(sys.argv[1]))
autosave.failed.connect(print)
autosave.keep(Project(text="fits"))
print(autosave.flush())
resource.setrlimit(resource.RLIMIT_FSIZE, (10_000, 10_000))
autosave.keep(Project(text="x" * 20_000))
print(autosave.flush())
"""


@posix_only
def test_a_full_disk_is_said_with_the_place_of_the_text_that_was_kept(tmp_path, windows):
    said = subprocess.run(
        [sys.executable, "-c", FULL_DISK, tmp_path], check=True, capture_output=True, encoding="utf-8"
    ).stdout.splitlines()
    (kept,) = windows(tmp_path).restore()
    assert kept.text == "fits"
    (file,) = tmp_path.glob("*.lyrics")
    assert [said[0], said[2]] == ["True", "False"]
    assert "File too large" in said[1]
    assert said[1].endswith(f" is in {file}; what came later is in this window only.")


def test_a_folder_emptied_under_a_living_window_is_filled_and_locked_again(tmp_path, windows, other):
    there = other()
    there.say("keep a")
    for file in (tmp_path / "auto").iterdir():
        file.unlink()
    assert there.say("keep b") == "True"
    assert windows(tmp_path / "auto").restore() == []
    assert [name.rpartition(".")[2] for name in names(tmp_path / "auto")] == ["lock", "lyrics"]
