"""Files that are written whole or not at all, whatever happens meanwhile."""

import os
import subprocess
import sys
import threading

import pytest

from toolkit.errors import FileFormatError, ToolkitError
from toolkit.files import read_bytes, sha256, write_atomic

posix_only = pytest.mark.skipif(os.name == "nt", reason="errors, permissions, limits and signals as POSIX has them")


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def python(code, *args):
    """Run a script to its end; its standard output."""
    done = subprocess.run(
        [sys.executable, "-c", code, *map(str, args)], capture_output=True, encoding="utf-8", timeout=60, check=False
    )
    assert done.stderr == ""
    return done.stdout


# Reading -----------------------------------------------------------------------------------------


def test_bytes_are_read_as_they_are(tmp_path):
    data = bytes(range(256)) + b"\r\n"
    (tmp_path / "a").write_bytes(data)
    assert read_bytes(tmp_path / "a", "a file") == data


@posix_only
def test_reading_what_is_not_there_names_the_path_and_what_was_expected(tmp_path):
    (tmp_path / "file").touch()
    for place, found in {
        "nothing": "found nothing there. Check the path.",
        "": "found a folder.",
        "file/deep": "but it cannot be read: Not a directory.",
        "x" * 300: "but it cannot be read: File name too long.",
    }.items():
        path = tmp_path / place
        with pytest.raises(FileFormatError) as caught:
            read_bytes(path, "a checkpoint")
        assert str(caught.value) == f"{path}: expected a checkpoint, {found}"


@posix_only
def test_reading_without_permission_says_so(closed_folder):
    os.seteuid(os.getuid())
    (closed_folder / "kept").chmod(0)
    if os.getuid() == 0:
        os.seteuid(65534)
    with pytest.raises(FileFormatError, match="but it cannot be read: Permission denied"):
        read_bytes(closed_folder / "kept", "a checkpoint")


def test_sha256_is_the_published_one():
    assert sha256(b"abc") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"


# Writing -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("old", [None, b"", b"old content, longer than the new"])
def test_a_file_holds_exactly_the_new_bytes_and_nothing_else_is_left(tmp_path, old):
    path = tmp_path / "a.bin"
    if old is not None:
        path.write_bytes(old)
    write_atomic(path, b"new\r\n\x00")
    assert path.read_bytes() == b"new\r\n\x00"
    assert names(tmp_path) == ["a.bin"]


def test_what_a_killed_process_left_behind_does_no_harm(tmp_path):
    (tmp_path / ".a.bin.tmp").write_bytes(b"half of something long")
    write_atomic(tmp_path / "a.bin", b"new")
    assert (tmp_path / "a.bin").read_bytes() == b"new"
    assert names(tmp_path) == ["a.bin"]


@posix_only
def test_a_reader_sees_the_old_file_or_the_new_one_and_never_a_mixture(tmp_path):
    path = tmp_path / "a.bin"
    versions = [bytes([i]) * 300_000 for i in range(60)]
    write_atomic(path, versions[0])
    torn, seen, done = [], set(), threading.Event()

    def read():
        while not done.is_set():
            found = path.read_bytes()
            seen.add(found[:1])
            if found not in versions:
                torn.append(len(found))

    reader = threading.Thread(target=read)
    reader.start()
    try:
        for version in versions:
            write_atomic(path, version)
    finally:
        done.set()
        reader.join()
    assert torn == []
    assert len(seen) > 3


@pytest.mark.parametrize("place", ["missing/a.bin", "file/a.bin", "folder", "x" * 300])
def test_a_file_that_cannot_be_written_is_one_sentence_and_changes_nothing(tmp_path, place):
    (tmp_path / "file").write_bytes(b"old")
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "kept").touch()
    path = tmp_path / place
    with pytest.raises(ToolkitError) as caught:
        write_atomic(path, b"new")
    assert str(caught.value).startswith(f"{path}: cannot write here: ")
    assert "\n" not in str(caught.value)
    assert names(tmp_path) == ["file", "folder"]
    assert names(tmp_path / "folder") == ["kept"]
    assert (tmp_path / "file").read_bytes() == b"old"


@posix_only
def test_a_read_only_folder_is_refused_and_unchanged(closed_folder):
    for name in ("kept", "new"):
        with pytest.raises(ToolkitError, match="cannot write here: Permission denied"):
            write_atomic(closed_folder / name, b"new")
    assert names(closed_folder) == ["kept"]
    assert (closed_folder / "kept").read_bytes() == b"old"


FULL_DISK = """
import resource, sys
from pathlib import Path
from toolkit.errors import ToolkitError
from toolkit.files import write_atomic

path = Path(sys.argv[1])
resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))
write_atomic(path, b"fits" * 1000)
try:
    write_atomic(path, b"does not fit" * 100_000)
except ToolkitError as error:
    print(error)
"""


@posix_only
def test_a_disk_that_fills_up_mid_way_leaves_the_old_file_and_no_rest(tmp_path):
    path = tmp_path / "a.bin"
    assert python(FULL_DISK, path) == (
        f"{path}: cannot write here: File too large. Nothing was changed; make room or use another place.\n"
    )
    assert path.read_bytes() == b"fits" * 1000
    assert names(tmp_path) == ["a.bin"]


# Kills -------------------------------------------------------------------------------------------

SAVES_IN_A_LOOP = """
import sys
from pathlib import Path
from toolkit.files import write_atomic

for version in range(1, 1000):
    write_atomic(Path(sys.argv[1]), str(version).encode().rjust(32) * 100_000)
    print(version, flush=True)
"""


@posix_only
def test_killing_a_process_that_saves_in_a_loop_never_damages_the_file(tmp_path):
    path = tmp_path / "ckpt.pt"
    struck = 0
    for kill in range(12):
        with subprocess.Popen([sys.executable, "-c", SAVES_IN_A_LOOP, path], stdout=subprocess.PIPE) as process:
            process.stdout.readline()
            if kill % 3:  # wait until it is in the middle of the next one
                while names(tmp_path) == ["ckpt.pt"] and process.poll() is None:
                    pass
            process.kill()
            reported = max([1, *map(int, process.stdout.read().split())])
        data = path.read_bytes()
        assert data == data[:32] * 100_000
        assert int(data[:32]) in (reported, reported + 1)
        struck += names(tmp_path) != ["ckpt.pt"]
        write_atomic(path, b"a new start")
        assert names(tmp_path) == ["ckpt.pt"]
    assert struck > 0  # the test did what it is for


# Limits --------------------------------------------------------------------------------------------


def test_a_file_as_large_as_the_limit_is_read_and_a_larger_one_is_not(tmp_path):
    (tmp_path / "a").write_bytes(b"12345")
    assert read_bytes(tmp_path / "a", "a text", limit=5) == b"12345"
    with pytest.raises(FileFormatError, match="expected a text of at most 4 bytes, found 5"):
        read_bytes(tmp_path / "a", "a text", limit=4)
