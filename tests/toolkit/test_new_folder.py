"""Folders that appear under their name only when they are complete."""

import os
import shutil
import signal
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from toolkit.errors import ToolkitError
from toolkit.files import new_folder

posix_only = pytest.mark.skipif(os.name == "nt", reason="permissions, limits and signals as POSIX has them")


def tree(folder):
    """All names below a folder, with the content of the files."""
    return {
        str(path.relative_to(folder)): path.read_text(encoding="utf-8") if path.is_file() else None
        for path in folder.rglob("*")
    }


def make(path, *, replace=False, meanwhile=lambda: None):
    with new_folder(path, replace=replace) as folder:
        (folder / "deep").mkdir()
        (folder / "deep" / "file").write_text("new", encoding="utf-8")
        meanwhile()


WHOLE = {"best": None, "best/deep": None, "best/deep/file": "new"}


def test_a_folder_appears_when_the_block_ends_and_not_before(tmp_path):
    path = tmp_path / "best"
    with new_folder(path) as folder:
        assert folder.parent == path.parent  # so that renaming it is atomic
        assert folder.name.startswith(".")
        (folder / "deep").mkdir()
        (folder / "deep" / "file").write_text("new", encoding="utf-8")
        assert not path.exists()
    assert tree(tmp_path) == WHOLE


def test_parents_are_made(tmp_path):
    make(tmp_path / "a" / "b" / "best")
    assert tree(tmp_path / "a" / "b") == WHOLE


@posix_only
def test_others_may_read_the_folder(tmp_path):
    make(tmp_path / "best")
    assert stat.S_IMODE((tmp_path / "best").stat().st_mode) == 0o755


def fill(path, what):
    if what == "file":
        path.write_text("old", encoding="utf-8")
    else:
        path.mkdir()
        if what == "folder":
            (path / "old").write_text("old", encoding="utf-8")


@pytest.mark.parametrize("what", ["folder", "empty folder", "file"])
def test_what_is_there_is_refused_before_anything_is_done(tmp_path, what):
    fill(tmp_path / "best", what)
    before = tree(tmp_path)
    entered = False
    with (
        pytest.raises(ToolkitError, match=r"best: already exists\. Choose another folder with -o, or give --force "),
        new_folder(tmp_path / "best"),
    ):
        entered = True
    assert not entered
    assert tree(tmp_path) == before


def test_what_appears_while_the_block_runs_is_refused_and_kept(tmp_path):
    with pytest.raises(ToolkitError, match="best: already exists"):
        make(tmp_path / "best", meanwhile=lambda: fill(tmp_path / "best", "folder"))
    assert tree(tmp_path) == {"best": None, "best/old": "old"}


@pytest.mark.parametrize("what", ["folder", "empty folder"])
def test_a_folder_may_be_replaced_and_nothing_of_it_is_left(tmp_path, what):
    fill(tmp_path / "best", what)
    make(tmp_path / "best", replace=True)
    assert tree(tmp_path) == WHOLE


def test_permission_to_replace_needs_nothing_to_be_there(tmp_path):
    make(tmp_path / "best", replace=True)
    assert tree(tmp_path) == WHOLE


@pytest.mark.parametrize("error", [ValueError("no"), ToolkitError("no"), KeyboardInterrupt(), SystemExit(3)])
@pytest.mark.parametrize("replace", [False, True])
def test_an_error_in_the_block_passes_through_and_leaves_everything_as_it_was(tmp_path, error, replace):
    if replace:
        fill(tmp_path / "best", "folder")
    before = tree(tmp_path)

    def fail():
        raise error

    with pytest.raises(type(error)) as caught:
        make(tmp_path / "best", replace=replace, meanwhile=fail)
    assert caught.value is error
    assert tree(tmp_path) == before


@pytest.mark.parametrize("place", ["file/best", "x" * 300])
def test_a_place_that_cannot_hold_a_folder_is_one_sentence(tmp_path, place):
    (tmp_path / "file").touch()
    with pytest.raises(ToolkitError) as caught:
        make(tmp_path / place)
    assert str(caught.value).startswith(f"{tmp_path / place}: cannot write here: ")
    assert tree(tmp_path) == {"file": ""}


def test_the_old_folder_is_put_back_when_the_new_one_cannot_take_its_place(tmp_path, monkeypatch):
    fill(tmp_path / "best", "folder")
    rename = Path.rename

    def fails_for_the_new_one(self, target):
        if self.suffix == ".tmp":
            raise OSError(5, "Input/output error")
        return rename(self, target)

    monkeypatch.setattr(Path, "rename", fails_for_the_new_one)
    with pytest.raises(ToolkitError, match="best: cannot write here: Input/output error"):
        make(tmp_path / "best", replace=True)
    assert tree(tmp_path) == {"best": None, "best/old": "old"}


FULL_DISK = """
import resource, sys
from pathlib import Path
from toolkit.errors import ToolkitError
from toolkit.files import new_folder

path = Path(sys.argv[1])
resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))
try:
    with new_folder(path, replace=True) as folder:
        (folder / "first").write_bytes(b"fits")
        (folder / "second").write_bytes(b"does not fit" * 100_000)
except ToolkitError as error:
    print(error)
"""


@posix_only
@pytest.mark.parametrize("replace", [False, True])
def test_a_disk_that_fills_up_mid_way_leaves_everything_as_it_was(tmp_path, replace):
    if replace:
        fill(tmp_path / "best", "folder")
    before = tree(tmp_path)
    done = subprocess.run(
        [sys.executable, "-c", FULL_DISK, tmp_path / "best"], capture_output=True, text=True, timeout=60, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith(f"{tmp_path / 'best'}: cannot write here: File too large. Nothing was changed; ")
    assert tree(tmp_path) == before


REPLACES_FOREVER = """
import itertools, sys
from pathlib import Path
from toolkit.files import new_folder

for version in itertools.count(1):
    with new_folder(Path(sys.argv[1]), replace=True) as folder:
        for name in ("first", "second", "third"):
            (folder / name).write_text(str(version))
    print(version, flush=True)
"""


@posix_only
def test_killing_a_process_that_replaces_a_folder_leaves_a_complete_one(tmp_path):
    path = tmp_path / "best"
    for kill in range(8):
        with subprocess.Popen([sys.executable, "-c", REPLACES_FOREVER, path], stdout=subprocess.PIPE) as process:
            for _ in range(kill * 3 + 1):
                process.stdout.readline()
            process.send_signal(signal.SIGKILL)
            process.stdout.read()
        # Between two renames the old one has only its other name: still nothing is lost.
        (whole,) = [path] if path.exists() else tmp_path.glob(".best.*.old")
        contents = [(whole / name).read_text() for name in ("first", "second", "third")]
        assert len(set(contents)) == 1
        assert int(contents[0]) >= kill * 3 + 1
        for rest in tmp_path.glob(".*"):
            shutil.rmtree(rest)
