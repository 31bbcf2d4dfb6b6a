"""Texts from anywhere: a file, a folder of files, a .zip holding one, or one that is built in."""

import codecs
import hashlib
import io
import os
import zipfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

from .errors import ToolkitError
from .files import read_bytes
from .options import Options, option

BUILTIN = "builtin:"
BUILTIN_CORPORA = ("lyrics-zh", "lyrics-en")
"""Original lyrics written for this project, CC0: 130 Chinese and 40 English songs."""

MAX_ZIP_MEMBER_BYTES = 2**30
"""A larger text inside a .zip is refused: it is more likely a bomb than a corpus."""

_BOMS = (  # the four-byte marks first: UTF-32-LE begins with the mark of UTF-16-LE
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)


@dataclass(frozen=True)
class CorpusOptions(Options):
    """How to read a corpus."""

    encoding: str | None = option(None, "text encoding; without it BOM, UTF-8, then GB18030 are tried", metavar="NAME")
    max_chars: int = option(0, "use only the first so many characters; 0 uses all", minimum=0)
    valid_fraction: float = option(0.05, "share at the end held back for validation", minimum=0, maximum=0.9)


@dataclass(frozen=True)
class Corpus:
    """A text and where it came from.

    Attributes:
        source: the path or built-in name it was read from.
        train: the text to learn from.
        valid: the text held back; empty when nothing is.
        sha256: of the whole text in UTF-8, so that a resumed run can tell that it is the same.
        encodings: what its files were written in, each named once.
    """

    source: str
    train: str
    valid: str
    sha256: str
    encodings: tuple[str, ...] = ()


def load_corpus(source: str, options: CorpusOptions) -> Corpus:
    """Read a corpus and split it.

    The split is at the first line break after the exact place, so that no line is torn; at the exact
    place where only the text's end follows.

    Args:
        source: a path, or "builtin:lyrics-zh", "builtin:lyrics-en".
        options: encoding, length and split.

    Raises:
        ToolkitError: missing, empty, binary, or in an unknown encoding.
    """
    text, encodings = _read(source, options.encoding)
    if options.max_chars:
        text = text[: options.max_chars]
    place = len(text) - round(len(text) * options.valid_fraction)
    if options.valid_fraction:
        newline = text.find("\n", place, len(text) - 1)
        place = newline + 1 if newline != -1 else place
    digest = hashlib.sha256(text.encode()).hexdigest()
    return Corpus(source, text[:place], text[place:], digest, encodings)


def read_text(source: str, encoding: str | None = None) -> str:
    r"""All text of a corpus, line breaks as \n; files of a folder are joined in the order of their names.

    Raises:
        ToolkitError: missing, empty, binary, or in an unknown encoding.
    """
    return _read(source, encoding)[0]


def source_name(source: str) -> str:
    """What exported files call a text: a built-in one as it is, any other by its last part, without folders."""
    return source if source.startswith(BUILTIN) else Path(source).name


def _read(source: str, encoding: str | None) -> tuple[str, tuple[str, ...]]:
    """All text of a corpus, and the encodings of its files."""
    named, encodings = read_texts(source, encoding)
    texts = [text for _, text in named]
    return "\n".join(part.rstrip("\n") + "\n" if len(texts) > 1 else part for part in texts), encodings


def read_texts(
    source: str, encoding: str | None = None, built_in: Sequence[str] = BUILTIN_CORPORA
) -> tuple[list[tuple[str, str]], tuple[str, ...]]:
    r"""The files of a corpus one by one.

    Args:
        source: as of `load_corpus`.
        encoding: of all of them; without it each is found out.
        built_in: what a missing path could have been, for the error.

    Returns:
        The name and the text of each, line breaks as \n; and the encodings, each named once.

    Raises:
        ToolkitError: missing, empty, binary, or in an unknown encoding.
    """
    texts, encodings = [], {}
    for name, data in _sources(source, built_in):
        used = encoding_of(data, name) if encoding is None else encoding
        texts.append((name, decode_text(data, name, used)))
        encodings[used] = True
    if not any(text.strip() for _, text in texts):
        raise ToolkitError(f"{source}: expected a text, found nothing but blanks. Give a file with some lines.")
    return texts, tuple(encodings)


def built_in_names(names: Iterable[str]) -> str:
    """Built-in names as they are given, for an error."""
    return ", ".join(BUILTIN + name for name in names)


def built_in_bytes(file: str) -> bytes:
    """A file that comes with the toolkit."""
    return files("toolkit").joinpath("data", file).read_bytes()


def _sources(source: str, built_in: Sequence[str]) -> Iterator[tuple[str, bytes]]:
    """The name and the bytes of each text."""
    if source.startswith(BUILTIN):
        name = source.removeprefix(BUILTIN)
        if name not in BUILTIN_CORPORA:
            raise ToolkitError(f"{source}: no such built-in corpus; there are {built_in_names(BUILTIN_CORPORA)}")
        yield source, built_in_bytes(f"{name}.txt")
        return
    path = Path(source)
    if os.path.isdir(source):  # noqa: PTH112 - Path.is_dir raises for a text in place of a path
        found = sorted(file for file in path.rglob("*") if file.suffix.lower() == ".txt" and file.is_file())
        if not found:
            raise ToolkitError(f"{source}: expected text files, found a folder without any *.txt")
        for file in found:
            yield str(file), read_bytes(file, "a text file")
        return
    data = read_bytes(path, f"a text file, a folder, a .zip, or one of {BUILTIN}{{{','.join(built_in)}}}")
    if data.startswith((b"PK\x03\x04", b"PK\x05\x06")):  # the second is a .zip with nothing in it
        yield from _zip_members(path, data)
    else:
        yield source, data


def _zip_members(path: Path, data: bytes) -> Iterator[tuple[str, bytes]]:
    """The text files in a .zip: *.txt, or the only file there is."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            yield from ((f"{path}/{member.filename}", archive.read(member)) for member in _texts(archive, path))
    except ToolkitError:
        raise
    except Exception as error:  # zipfile lets a dozen unrelated classes through, zlib.error and IndexError among them
        raise ToolkitError(f"{path}: expected a .zip with a text inside, but it cannot be unpacked: {error}") from error


def _texts(archive: zipfile.ZipFile, path: Path) -> list[zipfile.ZipInfo]:
    """The members to read, in the order of their names."""
    members = [m for m in archive.infolist() if not m.is_dir() and not m.filename.startswith("__MACOSX/")]
    texts = [m for m in members if m.filename.lower().endswith(".txt")]
    if not texts and len(members) == 1:
        texts = members
    if not texts:
        raise ToolkitError(f"{path}: expected a text file inside, found {len(members)} files, none of them *.txt")
    for member in texts:
        if member.file_size > MAX_ZIP_MEMBER_BYTES:
            raise ToolkitError(f"{path}: {member.filename} unpacks to {member.file_size:,} bytes. Unpack it yourself.")
    return sorted(texts, key=lambda m: m.filename)


def decode_text(data: bytes, name: str, encoding: str | None = None) -> str:
    r"""Bytes to text: BOM, strict UTF-8, strict GB18030, else an error with the byte offset.

    8 % of 20-character UTF-8 lyric snippets also decode as GB18030, hence the order. UTF-16 without a
    byte-order mark is read only when asked for.

    Args:
        data: the file's bytes.
        name: its name, for the error.
        encoding: what the user says it is; nothing else is tried then.

    Returns:
        The text without byte-order mark, line breaks as \n.
    """
    return _unify(_decode(data, name, encoding_of(data, name) if encoding is None else encoding))


def encoding_of(data: bytes, name: str) -> str:
    """The encoding of a text: what its byte-order mark says, else UTF-8 or GB18030 if it is valid in all of it.

    Raises:
        ToolkitError: binary, or neither of the two.
    """
    for mark, by_mark in _BOMS:
        if data.startswith(mark):
            return by_mark
    if b"\0" in data:
        raise ToolkitError(
            f"{name}: expected a text, found a zero byte at offset {data.index(0):,}: this looks binary. "
            "If it is UTF-16 text, give --encoding utf-16-le or utf-16-be."
        )
    try:
        data.decode("utf-8")
    except UnicodeDecodeError as utf8:
        try:
            data.decode("gb18030")
        except UnicodeDecodeError as gb:
            raise ToolkitError(
                f"{name}: neither UTF-8 (byte {utf8.start:,} is {data[utf8.start]:#04x}) nor GB18030 "
                f"(byte {gb.start:,} is {data[gb.start]:#04x}). Say which encoding it is with --encoding."
            ) from None
        return "gb18030"
    return "utf-8"


def _decode(data: bytes, name: str, encoding: str) -> str:
    """Decode strictly, with our own errors."""
    try:
        text = data.decode(encoding)
        text.encode()  # some encodings can write half a character
    except LookupError:
        raise ToolkitError(
            f"--encoding {encoding}: Python knows no such encoding; try utf-8, gb18030 or big5"
        ) from None
    except UnicodeDecodeError as error:
        start = error.start + len(data) - len(error.object)  # utf-8-sig counts from behind the mark
        raise ToolkitError(
            f"{name}: expected {encoding}, but byte {start:,} is {data[start]:#04x}: {error.reason}. "
            "Give the encoding it was written in with --encoding."
        ) from None
    except UnicodeError as error:
        raise ToolkitError(f"{name}: expected {encoding}: {error}") from None
    return text.removeprefix("\ufeff")


def _unify(text: str) -> str:
    r"""Line breaks of Windows and of old Macs as \n."""
    return text.replace("\r\n", "\n").replace("\r", "\n")
