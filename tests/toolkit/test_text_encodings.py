"""Bytes to text: mark, UTF-8, GB18030, or a refusal that names the byte."""

import codecs
import encodings.aliases
import random
import warnings

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from toolkit.corpus import decode_text, read_text
from toolkit.errors import ToolkitError

fixed = settings(deadline=None, derandomize=True, max_examples=150)
SONG = "窗外的麻雀\n在电线杆上多嘴 a€𠮷\n"
texts = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\r\0\ufeff"), max_size=40)


def refusal(data, encoding=None):
    with pytest.raises(ToolkitError) as caught:
        decode_text(data, "song.txt", encoding)
    return str(caught.value)


@pytest.mark.parametrize(
    "data",
    [
        SONG.encode("utf-8"),
        codecs.BOM_UTF8 + SONG.encode("utf-8"),
        codecs.BOM_UTF16_LE + SONG.encode("utf-16-le"),
        codecs.BOM_UTF16_BE + SONG.encode("utf-16-be"),
        codecs.BOM_UTF32_LE + SONG.encode("utf-32-le"),
        codecs.BOM_UTF32_BE + SONG.encode("utf-32-be"),
        SONG.encode("gb18030"),
        SONG.replace("€", "").replace("𠮷", "").encode("gbk"),
    ],
    ids=["utf-8", "utf-8 mark", "utf-16-le", "utf-16-be", "utf-32-le", "utf-32-be", "gb18030", "gbk"],
)
def test_common_encodings_are_recognised_and_the_mark_is_dropped(data):
    assert decode_text(data, "song.txt") in (SONG, SONG.replace("€", "").replace("𠮷", ""))


@fixed
@given(text=texts)
def test_utf_8_is_never_mistaken_for_gb18030(text):
    assert decode_text(text.encode(), "song.txt") == text


def test_lyrics_that_also_are_gb18030_are_read_as_utf_8():
    lines = read_text("builtin:lyrics-zh").split("\n")
    snippets = [line for line in lines if decodes(line.encode(), "gb18030")]
    assert len(snippets) > 10  # there are such lines
    assert all(decode_text(line.encode(), "song.txt") == line for line in snippets)


def decodes(data, encoding):
    try:
        data.decode(encoding)
    except UnicodeDecodeError:
        return False
    return True


@fixed
@given(text=texts, encoding=st.sampled_from(["utf-8-sig", "utf-16", "utf-32"]))
def test_a_mark_decides_even_for_a_text_without_lines(text, encoding):
    assert decode_text(text.encode(encoding), "song.txt") == text


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be", "utf-32-le", "utf-32-be"])
def test_utf_16_without_a_mark_is_read_only_when_asked_for(encoding):
    data = ("a" + SONG).encode(encoding)
    assert "found a zero byte at offset" in refusal(data)
    assert decode_text(data, "song.txt", encoding) == "a" + SONG


@pytest.mark.parametrize(("encoding", "text"), [("big5", "窗外的麻雀"), ("shift_jis", "歌詞"), ("latin-1", "déjà vu")])
def test_other_encodings_are_read_when_asked_for(encoding, text):
    assert decode_text(text.encode(encoding), "song.txt", encoding) == text


def test_the_encoding_asked_for_is_the_only_one_tried():
    assert decode_text("é".encode(), "song.txt", "latin-1") == "Ã©"
    assert refusal("窗".encode("gb18030"), "utf-8").startswith("song.txt: expected utf-8, but byte 0 is 0xb4: ")


def test_a_mark_is_dropped_also_where_the_encoding_is_given():
    for encoding in ("utf-8", "utf-8-sig"):
        assert decode_text(codecs.BOM_UTF8 + b"ab", "song.txt", encoding) == "ab"
    assert decode_text(codecs.BOM_UTF16_LE + "ab".encode("utf-16-le"), "song.txt", "utf-16-le") == "ab"


@pytest.mark.parametrize(
    ("data", "encoding", "place"),
    [
        (b"ab\xffcd", "utf-8", "expected utf-8, but byte 2 is 0xff"),
        (codecs.BOM_UTF8 + b"ab\xffcd", None, "expected utf-8-sig, but byte 5 is 0xff"),
        (codecs.BOM_UTF8 + b"ab\xffcd", "utf-8-sig", "expected utf-8-sig, but byte 5 is 0xff"),
        (b"ab\xffcd", "utf-8-sig", "expected utf-8-sig, but byte 2 is 0xff"),
        (codecs.BOM_UTF16_LE + b"a\0b", None, "expected utf-16, but byte 4 is 0x62"),
        (codecs.BOM_UTF16_BE + b"\0a\xd8\0\0b", None, "expected utf-16, but byte 4 is 0xd8"),
        (codecs.BOM_UTF32_LE + b"a\0\0\0\xff\xff\xff\xff", None, "expected utf-32, but byte 8 is 0xff"),
        (b"x" * 1234 + b"\xe7\xaa", "utf-8", "expected utf-8, but byte 1,234 is 0xe7"),
        (b"abc\xa4", "big5", "expected big5, but byte 3 is 0xa4"),
    ],
)
def test_a_wrong_byte_is_named_by_its_place_in_the_file(data, encoding, place):
    message = refusal(data, encoding)
    assert message.startswith(f"song.txt: {place}: ")
    assert message.endswith("Give the encoding it was written in with --encoding.")


def test_a_text_in_neither_encoding_names_the_first_wrong_byte_of_both():
    assert refusal(b"ab\xe7\xaa\x97\xff\xff") == (
        "song.txt: neither UTF-8 (byte 5 is 0xff) nor GB18030 (byte 4 is 0x97). "
        "Say which encoding it is with --encoding."
    )


@pytest.mark.parametrize(
    "data",
    [b"\x7fELF\x02\x01\x01\0", b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", b"song\0song"],
    ids=["program", "picture", "one zero"],
)
def test_a_binary_file_is_refused_with_the_place_of_its_first_zero_byte(data):
    assert refusal(data).startswith(
        f"song.txt: expected a text, found a zero byte at offset {data.index(0)}: this looks binary. "
    )


@pytest.mark.parametrize("encoding", ["klingon", "", "base64", "rot13", "歌"])
def test_a_name_that_is_no_text_encoding_is_refused(encoding):
    assert refusal(b"ab", encoding) == (
        f"--encoding {encoding}: Python knows no such encoding; try utf-8, gb18030 or big5"
    )


@pytest.mark.parametrize("encoding", ["unicode_escape", "raw_unicode_escape"])
def test_half_a_character_is_refused(encoding):
    # It could be read, but neither be hashed nor printed.
    message = refusal(rb"ab\ud83d", encoding)
    assert message.startswith(f"song.txt: expected {encoding}: ")
    assert "surrogates not allowed" in message


NAMES = sorted({*encodings.aliases.aliases.values(), "idna", "punycode", "undefined", "utf_8_sig", "unicode_escape"})


def test_random_bytes_in_any_encoding_that_python_knows_are_text_or_a_refusal():
    random_bytes = random.Random(0)
    telling = b"+-\\uN{~\x1b$()\x0e\x0f\x80\xff"  # what the stateful ones look out for
    texts = 0
    for encoding in NAMES:
        for _ in range(60):
            size = random_bytes.randrange(12)
            data = bytes(random_bytes.choice([random_bytes.randrange(256), *telling]) for _ in range(size))
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", DeprecationWarning)  # unicode_escape's own
                try:
                    text = decode_text(data, "song.txt", encoding)
                except ToolkitError:
                    continue
            assert "\r" not in text
            text.encode()
            texts += 1
    assert texts > 1000
