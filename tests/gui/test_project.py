"""Projects and texts on the disk: nothing is lost, and what is no project says so."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from toolkit.errors import FileFormatError, ToolkitError
from toolkit.gui.project import (
    MAX_PROJECT_BYTES,
    MAX_TEXT_BYTES,
    Generation,
    Project,
    open_project,
    read_text_file,
    save,
    save_text,
)

posix_only = pytest.mark.skipif(sys.platform == "win32", reason="limits, pipes and permissions of POSIX")

FULL = Project(
    text="举头望明月\n低头思故乡\n",
    locked=(1,),
    generations=(
        Generation("低头思故乡", {"seed": 7, "rules": {"fixed": ["1:1=低"]}}, "2026-02-03T04:05:06+01:00", "songci"),
        Generation('a "quoted"\n\\line', {}, "", ""),
    ),
    takes=("一", "二\n三"),
    rules={"rhyme": "AABA", "include": ["月"], "near": True},
    sampling={"temperature": 0.8, "seed": None, "logit_bias": {"月": 1.5}},
    model="builtin:songci",
    fingerprint="ab" * 32,
    title="静夜思",
)

texts = st.text(max_size=30)
values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=8,
)
objects = st.dictionaries(texts, values, max_size=4)
projects = st.builds(
    Project,
    text=texts,
    locked=st.lists(st.integers(1, 10**6), max_size=4).map(tuple),
    generations=st.lists(st.builds(Generation, texts, objects, texts, texts), max_size=3).map(tuple),
    takes=st.lists(texts, max_size=8).map(tuple),
    rules=st.none() | objects,
    sampling=objects,
    model=texts,
    fingerprint=texts,
    title=texts,
)


def python(code: str, *args: object) -> str:
    return subprocess.run(
        [sys.executable, "-c", code, *map(str, args)], check=True, capture_output=True, text=True, encoding="utf-8"
    ).stdout


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


@settings(max_examples=60)
@given(projects)
def test_a_project_comes_back_as_it_was_saved(tmp_path_factory, project):
    path = tmp_path_factory.getbasetemp() / "any.lyrics"
    save(path, project)
    assert open_project(path) == project
    assert json.loads(path.read_bytes()) == json.loads(json.dumps(project.to_dict()))


def test_the_file_can_be_read_by_eye_with_a_generation_a_line(tmp_path):
    save(tmp_path / "a.lyrics", FULL)
    lines = (tmp_path / "a.lyrics").read_text(encoding="utf-8").splitlines()
    assert ' "title": "静夜思",' in lines
    assert sum("2026-02-03" in line for line in lines) == 1
    assert len(lines) == 16


@pytest.mark.parametrize("text", ["\ud800", "a\\\udfffb", "\\\\\udc00", "\x00\x07\u2028"])
def test_half_a_character_in_the_text_is_kept_too(tmp_path, text):
    save(tmp_path / "a.lyrics", Project(text=text))
    assert open_project(tmp_path / "a.lyrics").text == text


def test_a_link_stays_a_link(tmp_path):
    (tmp_path / "far").mkdir()
    (tmp_path / "link.lyrics").symlink_to(tmp_path / "far" / "real.lyrics")
    save(tmp_path / "link.lyrics", FULL)
    assert (tmp_path / "link.lyrics").is_symlink()
    assert open_project(tmp_path / "far" / "real.lyrics") == FULL


# Files that are no projects -----------------------------------------------------------------------


def test_a_project_cut_off_anywhere_is_said_to_be_damaged(tmp_path):
    path = tmp_path / "cut.lyrics"
    whole = FULL.to_bytes()
    for length in range(len(whole.rstrip(b"\n"))):
        path.write_bytes(whole[:length])
        with pytest.raises(FileFormatError, match=r"cut\.lyrics: expected a project of the lyric generator"):
            open_project(path)


def test_a_project_with_any_byte_changed_is_opened_or_refused_in_words(tmp_path):
    path = tmp_path / "flipped.lyrics"
    whole, refused = FULL.to_bytes(), 0
    for place in range(len(whole)):
        change = (0x01, 0x20, 0x80)[place % 3]
        path.write_bytes(whole[:place] + bytes([whole[place] ^ change]) + whole[place + 1 :])
        try:
            assert isinstance(open_project(path), Project)
        except FileFormatError as error:
            refused += 1
            assert str(error).startswith(str(path))  # noqa: PT017 - some are opened
    assert len(whole) // 3 < refused < len(whole)


@settings(max_examples=100)
@given(st.data())
def test_a_project_with_a_value_of_any_other_kind_is_opened_or_refused_in_words(data):
    wrong = FULL.to_dict()
    name = data.draw(st.sampled_from(sorted(wrong)))
    wrong[name] = data.draw(values | st.lists(objects, max_size=2))
    try:
        assert isinstance(Project.from_dict(wrong, "a.lyrics"), Project)
    except FileFormatError as error:
        assert str(error).startswith("a.lyrics")  # noqa: PT017 - some are opened


@pytest.mark.parametrize("name", sorted(FULL.to_dict()))
def test_a_project_without_one_of_its_parts_is_damaged(name):
    wrong = FULL.to_dict()
    del wrong[name]
    with pytest.raises(FileFormatError):
        Project.from_dict(wrong, "a.lyrics")


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"format_version": 2}, "has format version 2, this toolkit reads 1. Upgrade rnn-toolkit."),
        ({"format_version": True}, "has format version True"),
        ({"format": "another"}, "found another kind"),
        ({"text": 5}, "with a text as 'text', found 5. The file is damaged."),
        ({"locked": [0]}, "line numbers from 1 as 'locked'"),
        ({"locked": [True]}, "line numbers from 1 as 'locked'"),
        ({"takes": ["a", 2]}, "a list of texts as 'takes'"),
        ({"rules": []}, "an object as 'rules'"),
        ({"generations": [{"text": "a"}]}, r"generations\[0\]: expected .* as 'recipe', found nothing"),
        ({"generations": ["a"]}, r"generations\[0\]: expected .* with an object, found 'a'"),
    ],
)
def test_what_is_wrong_with_a_project_is_said(changes, words):
    with pytest.raises(FileFormatError, match=words):
        Project.from_dict(FULL.to_dict() | changes, "a.lyrics")


@pytest.mark.parametrize(
    "data",
    [b"", b"\0\0\0", b"null", b"[]", b"[" * 100_000, b"9" * 5000, b"\xff\xfe", b'{"format": "rnn-toolkit lyrics"}'],
    ids=range(8),
)
def test_other_files_are_refused_in_words(tmp_path, data):
    (tmp_path / "other.lyrics").write_bytes(data)
    with pytest.raises(FileFormatError, match=r"other\.lyrics: "):
        open_project(tmp_path / "other.lyrics")


@pytest.mark.parametrize(("read", "limit"), [(open_project, MAX_PROJECT_BYTES), (read_text_file, MAX_TEXT_BYTES)])
@posix_only
def test_huge_files_pipes_devices_folders_and_nothing_are_not_read(tmp_path, read, limit):
    with (tmp_path / "huge").open("wb") as file:
        file.truncate(2**40)  # takes no place on the disk
    with pytest.raises(FileFormatError, match=f"of at most {limit:,} bytes, found 1,099,511,627,776"):
        read(tmp_path / "huge")
    os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path / "pipe", Path("/dev/zero")):
        with pytest.raises(FileFormatError, match="found a pipe or a device"):
            read(path)
    with pytest.raises(FileFormatError, match="found a folder"):
        read(tmp_path)
    with pytest.raises(FileFormatError, match="found nothing there"):
        read(tmp_path / "none")


def test_a_project_too_large_to_be_opened_again_is_not_saved(tmp_path):
    save(tmp_path / "a.lyrics", FULL)
    with pytest.raises(ToolkitError, match=r"at most 67,108,864 are kept in a file\. Save the text alone"):
        save(tmp_path / "a.lyrics", Project(text="x" * MAX_PROJECT_BYTES))
    assert open_project(tmp_path / "a.lyrics") == FULL


# Disks that fill up, and kills --------------------------------------------------------------------

FULL_DISK = """
import resource, sys
from pathlib import Path
from toolkit.errors import ToolkitError
from toolkit.gui.project import Project, save, save_text

folder = Path(sys.argv[1])
save(folder / "a.lyrics", Project(text="fits"))
save_text(folder / "a.txt", "fits")
resource.setrlimit(resource.RLIMIT_FSIZE, (10_000, 10_000))
for write, name, value in (save, "a.lyrics", Project(text="x" * 20_000)), (save_text, "a.txt", "x" * 20_000):
    try:
        write(folder / name, value)
    except ToolkitError as error:
        print(error)
"""


@posix_only
def test_a_disk_that_fills_up_costs_nothing_that_was_there(tmp_path):
    said = python(FULL_DISK, tmp_path).splitlines()
    assert len(said) == 2
    assert all("cannot write here: File too large. Nothing was changed" in line for line in said)
    assert open_project(tmp_path / "a.lyrics").text == "fits"
    assert read_text_file(tmp_path / "a.txt") == "fits"
    assert names(tmp_path) == ["a.lyrics", "a.txt"]


SAVES_IN_A_LOOP = """
import sys
from pathlib import Path
from toolkit.gui.project import Project, save

for version in range(1, 10_000):
    save(Path(sys.argv[1]), Project(text=str(version) * 50_000, title=str(version)))
    print(version, flush=True)
"""


@posix_only
def test_a_kill_while_saving_never_costs_the_file(tmp_path):
    path = tmp_path / "a.lyrics"
    for kill in range(8):
        with subprocess.Popen([sys.executable, "-c", SAVES_IN_A_LOOP, path], stdout=subprocess.PIPE) as process:
            process.stdout.readline()
            while kill % 2 and names(tmp_path) == ["a.lyrics"] and process.poll() is None:
                pass  # until it is in the middle of the next one
            process.kill()
            reported = max([1, *map(int, process.stdout.read().split())])
        found = open_project(path)
        assert found.text == found.title * 50_000
        assert int(found.title) in (reported, reported + 1)


@posix_only
def test_a_read_only_folder_is_said(closed_folder):
    with pytest.raises(ToolkitError, match="cannot write here: Permission denied"):
        save(closed_folder / "kept", FULL)
    assert (closed_folder / "kept").read_bytes() == b"old"


# Plain texts ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16"])
def test_texts_in_the_usual_encodings_are_read(tmp_path, encoding):
    (tmp_path / "a.txt").write_bytes("举头望明月\r\n低头思故乡\r\n".encode(encoding))
    assert read_text_file(tmp_path / "a.txt") == "举头望明月\n低头思故乡\n"


@pytest.mark.parametrize("text", ["", " \n", "举头望明月\n\n低头思故乡", "x\n"])
def test_a_text_comes_back_as_it_was_saved(tmp_path, text):
    save_text(tmp_path / "a.txt", text)
    assert read_text_file(tmp_path / "a.txt") == text


@pytest.mark.parametrize("data", [b"a\0b", b"\xff\xff\xff", b"PK\x03\x04\0\0\xff"])
def test_a_file_that_is_no_text_is_refused_in_words_of_a_window(tmp_path, data):
    (tmp_path / "a.txt").write_bytes(data)
    with pytest.raises(FileFormatError, match="Save it as UTF-8 in the program that wrote it") as caught:
        read_text_file(tmp_path / "a.txt")
    assert "--encoding" not in str(caught.value)
