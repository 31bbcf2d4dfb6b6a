"""Where a text may come from, and how it is cut and split."""

import hashlib
import io
import zipfile
from pathlib import Path

import pytest

from toolkit.corpus import BUILTIN_CORPORA, MAX_ZIP_MEMBER_BYTES, CorpusOptions, load_corpus, read_text
from toolkit.errors import OptionError, ToolkitError

SONGS = "窗外的麻雀\n在电线杆上多嘴\n"


def write(path, content):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def zipped(members, compression=zipfile.ZIP_DEFLATED):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", compression) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return buffer.getvalue()


def refusal(source, options=None):
    """The one line that refuses a corpus."""
    with pytest.raises(ToolkitError) as caught:
        load_corpus(str(source), options or CorpusOptions())
    message = str(caught.value)
    assert "\n" not in message
    return message


def text_or_refusal(source):
    try:
        return read_text(str(source))
    except ToolkitError as error:
        return str(error)


def whole(source, **options):
    corpus = load_corpus(str(source), CorpusOptions(**options))
    return corpus.train + corpus.valid


# Files and folders -------------------------------------------------------------------------------


def test_a_file_is_read_whole_and_says_where_it_came_from(tmp_path):
    file = write(tmp_path / "songs.txt", SONGS)
    corpus = load_corpus(str(file), CorpusOptions())
    assert corpus.source == str(file)
    assert corpus.train + corpus.valid == SONGS
    assert corpus.sha256 == hashlib.sha256(SONGS.encode()).hexdigest()


@pytest.mark.parametrize("newline", ["\r\n", "\r", "\n"], ids=["windows", "old mac", "unix"])
def test_line_breaks_of_every_system_become_one_character(tmp_path, newline):
    file = write(tmp_path / "songs.txt", SONGS.replace("\n", newline))
    assert whole(file) == SONGS


def test_line_breaks_are_unified_before_characters_are_counted(tmp_path):
    assert whole(write(tmp_path / "a.txt", "ab\r\ncd\r\n"), max_chars=4) == "ab\nc"


def test_the_same_text_has_the_same_hash_whatever_its_encoding(tmp_path):
    files = [write(tmp_path / name, SONGS.encode(name)) for name in ("utf-8", "utf-8-sig", "gb18030", "utf-16")]
    assert len({load_corpus(str(file), CorpusOptions()).sha256 for file in files}) == 1


def test_a_folder_is_read_in_the_order_of_its_names_with_an_empty_line_between_texts(tmp_path):
    write(tmp_path / "b.txt", "third\n\n\n")
    write(tmp_path / "a.TXT", "second")
    write(tmp_path / "1" / "deep.txt", "first\n")
    write(tmp_path / "notes.md", "not a song")
    (tmp_path / "c.txt").mkdir()
    assert whole(tmp_path) == "first\n\nsecond\n\nthird\n"


def test_the_files_of_a_folder_may_differ_in_encoding(tmp_path):
    write(tmp_path / "a.txt", "歌".encode("gb18030"))
    write(tmp_path / "b.txt", "曲".encode("utf-16"))
    assert whole(tmp_path) == "歌\n\n曲\n"


def test_a_folder_with_one_text_is_that_text(tmp_path):
    write(tmp_path / "a.txt", "no line break at the end")
    assert whole(tmp_path) == "no line break at the end"


def test_a_folder_with_one_unreadable_text_names_it(tmp_path):
    write(tmp_path / "a.txt", "fine")
    bad = write(tmp_path / "b.txt", b"\x00\x01")
    assert refusal(tmp_path).startswith(f"{bad}: expected a text, found a zero byte at offset 0")


def test_a_folder_without_texts_is_refused(tmp_path):
    write(tmp_path / "cover.jpg", b"\xff\xd8")
    assert refusal(tmp_path) == f"{tmp_path}: expected text files, found a folder without any *.txt"


@pytest.mark.parametrize("content", ["", " ", "\n\n \t\n", "\u3000\u3000", "\ufeff\n"])
def test_a_text_of_nothing_but_blanks_is_refused(tmp_path, content):
    file = write(tmp_path / "a.txt", content)
    assert refusal(file) == f"{file}: expected a text, found nothing but blanks. Give a file with some lines."


@pytest.mark.parametrize("name", ["missing.txt", "missing/deep.txt", "歌" * 200], ids=["file", "folder", "a lyric"])
def test_a_missing_source_is_refused_with_what_may_be_given(tmp_path, monkeypatch, name):
    monkeypatch.chdir(tmp_path)
    message = refusal(name)
    assert message.startswith(f"{name}: expected a text file, a folder, a .zip, or one of builtin:{{lyrics-zh,lyrics")


def test_a_path_through_a_file_is_refused(tmp_path):
    file = write(tmp_path / "a.txt", "x")
    assert "cannot be read" in refusal(file / "b.txt")


def test_an_empty_source_is_not_the_current_folder(tmp_path, monkeypatch):
    write(tmp_path / "a.txt", "x")
    monkeypatch.chdir(tmp_path)
    refusal("")


# Archives ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("compression", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_a_zip_with_one_text_is_that_text(tmp_path, compression):
    file = write(tmp_path / "lyrics.txt.zip", zipped({"lyrics.txt": SONGS}, compression))
    assert whole(file) == SONGS


def test_a_zip_is_known_by_its_content_not_its_name(tmp_path):
    assert whole(write(tmp_path / "songs", zipped({"a.txt": SONGS}))) == SONGS
    assert whole(write(tmp_path / "b.zip", SONGS)) == SONGS


def test_a_lone_member_is_read_whatever_its_name(tmp_path):
    assert whole(write(tmp_path / "a.zip", zipped({"lyrics": SONGS}))) == SONGS


def test_the_texts_of_a_zip_are_joined_by_name_and_everything_else_is_left_out(tmp_path):
    members = {
        "songs/": "",
        "songs/b.TXT": "second",
        "songs/a.txt": "first".encode("utf-16"),
        "__MACOSX/songs/._a.txt": b"\x00\x05\x16\x07",
        "README.md": "nothing",
    }
    assert whole(write(tmp_path / "a.zip", zipped(members))) == "first\n\nsecond\n"


@pytest.mark.parametrize(
    ("members", "count"), [({}, 0), ({"a/": ""}, 0), ({"a.md": "x", "b.jpg": "y"}, 2), ({"__MACOSX/a.txt": "x"}, 0)]
)
def test_a_zip_without_a_text_is_refused(tmp_path, members, count):
    file = write(tmp_path / "a.zip", zipped(members))
    assert refusal(file) == f"{file}: expected a text file inside, found {count} files, none of them *.txt"


def test_a_binary_member_is_named_with_its_archive(tmp_path):
    file = write(tmp_path / "a.zip", zipped({"deep/a.txt": b"ab\x00"}))
    assert refusal(file).startswith(f"{file}/deep/a.txt: expected a text, found a zero byte at offset 2")


@pytest.mark.parametrize("compression", [zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_a_zip_with_any_byte_changed_or_the_end_cut_off_is_read_exactly_or_refused(tmp_path, compression):
    intact = zipped({"lyrics.txt": SONGS * 3}, compression)
    file = tmp_path / "a.zip"
    damaged = [intact[:i] + bytes([intact[i] ^ 0xFF]) + intact[i + 1 :] for i in range(4, len(intact))]
    damaged += [intact[:i] for i in range(4, len(intact), 5)]
    outcomes = [text_or_refusal(write(file, content)) for content in damaged]
    refused = [outcome for outcome in outcomes if outcome != SONGS * 3]  # a changed date does no harm
    assert len(damaged) / 2 < len(refused) < len(damaged)
    assert all(outcome.startswith(f"{file}: ") for outcome in refused)


def test_a_zip_with_a_password_is_refused(tmp_path):
    content = bytearray(zipped({"a.txt": SONGS}))
    for signature, flags in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        content[content.index(signature) + flags] |= 1  # "encrypted"
    file = write(tmp_path / "a.zip", bytes(content))
    assert "cannot be unpacked" in refusal(file)
    assert "password" in refusal(file)


def test_a_zip_that_would_unpack_to_gigabytes_is_refused_unread(tmp_path):
    content = bytearray(zipped({"a.txt": SONGS}))
    size = content.index(b"PK\x01\x02") + 24
    content[size : size + 4] = (MAX_ZIP_MEMBER_BYTES + 1).to_bytes(4, "little")
    file = write(tmp_path / "a.zip", bytes(content))
    assert refusal(file) == f"{file}: a.txt unpacks to 1,073,741,825 bytes. Unpack it yourself."


# Built in ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", BUILTIN_CORPORA)
def test_a_built_in_corpus_is_songs_with_an_empty_line_between_them(name):
    text = read_text(f"builtin:{name}")
    songs = text.strip("\n").split("\n\n")
    assert len(songs) == {"lyrics-zh": 130, "lyrics-en": 40}[name]
    assert text.endswith("\n")
    assert not text.startswith("\n")
    assert "\n\n\n" not in text
    assert "\r" not in text
    assert "\t" not in text
    assert 30_000 < len(text) < 60_000


def test_a_built_in_corpus_can_be_used_twice_and_is_the_same():
    first, second = (load_corpus("builtin:lyrics-zh", CorpusOptions()) for _ in range(2))
    assert first == second


@pytest.mark.parametrize("source", ["builtin:", "builtin:lyrics", "builtin:../version", "builtin:lyrics-zh.txt"])
def test_an_unknown_built_in_name_is_refused_with_the_known_ones(source):
    assert refusal(source) == f"{source}: no such built-in corpus; there are builtin:lyrics-zh, builtin:lyrics-en"


# Length and split --------------------------------------------------------------------------------


@pytest.mark.parametrize("max_chars", [1, 7, 10_000])
def test_max_chars_takes_the_first_characters(max_chars):
    assert whole("builtin:lyrics-zh", max_chars=max_chars) == read_text("builtin:lyrics-zh")[:max_chars]


def test_a_text_shorter_than_max_chars_is_used_whole(tmp_path):
    assert whole(write(tmp_path / "a.txt", SONGS), max_chars=10**30) == SONGS


@pytest.mark.parametrize("fraction", [0.01, 0.05, 0.3, 0.9])
def test_the_split_tears_no_line_and_is_near_the_share_asked_for(fraction):
    corpus = load_corpus("builtin:lyrics-zh", CorpusOptions(valid_fraction=fraction))
    text = read_text("builtin:lyrics-zh")
    assert corpus.train + corpus.valid == text
    assert corpus.train.endswith("\n")
    longest_line = max(map(len, text.split("\n")))
    assert 0 <= len(text) * fraction - len(corpus.valid) <= longest_line + 1


@pytest.mark.parametrize(
    ("text", "fraction", "train", "valid"),
    [
        ("abcd\nefg\nhi\n", 0.5, "abcd\nefg\n", "hi\n"),
        ("abcd\nefghijkl", 0.5, "abcd\nef", "ghijkl"),  # no line break follows
        ("abcdefghi\n", 0.5, "abcde", "fghi\n"),  # only the last one follows
        ("abcd\nefg\nhi\n", 0.0, "abcd\nefg\nhi\n", ""),
        ("ab", 0.05, "ab", ""),  # a twentieth of two characters is none
        ("x", 0.9, "", "x"),
    ],
)
def test_split_places(tmp_path, text, fraction, train, valid):
    corpus = load_corpus(str(write(tmp_path / "a.txt", text)), CorpusOptions(valid_fraction=fraction))
    assert (corpus.train, corpus.valid) == (train, valid)


@pytest.mark.parametrize("options", [{"max_chars": -1}, {"valid_fraction": 0.95}, {"valid_fraction": float("nan")}])
def test_options_out_of_range_are_refused(options):
    with pytest.raises(OptionError, match=next(iter(options))):
        CorpusOptions(**options)


# The command line --------------------------------------------------------------------------------


def test_train_reads_another_encoding_only_when_told_and_writes_nothing_before(cli, tmp_path):
    file = write(tmp_path / "a.txt", SONGS.encode("utf-16-le"))
    without = cli("train", file, "-o", "run")
    told = cli("train", file, "-o", "run", "--encoding", "utf-16-le")
    assert "give --encoding utf-16-le or utf-16-be" in without.stderr
    assert "found 13. Use --batch-size" in told.stderr  # it was read: the training share of 15 characters is too short
    for result in (without, told):
        assert result.returncode == 2
        assert result.stderr.startswith("error: ")
        assert result.stderr.count("\n") == 1
        assert result.stdout == ""
    assert [path.name for path in Path(tmp_path).iterdir()] == ["a.txt"]
