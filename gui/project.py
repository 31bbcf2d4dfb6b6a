"""What a writer keeps in one file: the text, all that was generated for it, and what wrote it."""

import json
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, Self, TypeVar

from toolkit.corpus import decode_text
from toolkit.errors import FileFormatError, ToolkitError
from toolkit.files import read_bytes, write_atomic

FORMAT = "rnn-toolkit lyrics"
FORMAT_VERSION = 1
SUFFIX = ".lyrics"
MAX_PROJECT_BYTES = 64 * 2**20
MAX_TEXT_BYTES = 4 * 2**20

_PROJECT, _TEXT = "a project of the lyric generator", "a text"

T = TypeVar("T")


@dataclass(frozen=True)
class Generation:
    """A text that a model wrote.

    Attributes:
        text: what it wrote.
        recipe: writes it again, as plain JSON values.
        made: when, in ISO 8601 with the offset from UTC.
        model: what the model is called.
    """

    text: str
    recipe: Mapping[str, Any]
    made: str
    model: str

    @cached_property
    def line(self) -> bytes:
        """JSON, made once: a history is written each time that a text is."""
        return _json(self.to_dict())

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values."""
        return {"text": self.text, "recipe": self.recipe, "made": self.made, "model": self.model}

    @classmethod
    def from_dict(cls, values: object, where: str) -> Self:
        """The reverse of `to_dict`; errors as of `Project.from_dict`."""
        read = _Reader(values, where)
        return cls(read.text("text"), read.mapping("recipe"), read.text("made"), read.text("model"))


@dataclass(frozen=True)
class Project:
    """All that a window holds of a text.

    Attributes:
        text: as it stands in the editor.
        locked: numbers of its lines that are to stay, from 1.
        generations: all that was generated, the oldest first.
        takes: the texts side by side.
        rules: as of `LyricRules.to_dict`; None: they are switched off.
        sampling: as of `SamplingOptions.to_dict`.
        model: its path, or builtin:NAME.
        fingerprint: of the model, see `toolkit.loading.fingerprint`.
        title: of the text; "" has none.
    """

    text: str = ""
    locked: tuple[int, ...] = ()
    generations: tuple[Generation, ...] = ()
    takes: tuple[str, ...] = ()
    rules: Mapping[str, Any] | None = None
    sampling: Mapping[str, Any] = field(default_factory=dict)
    model: str = ""
    fingerprint: str = ""
    title: str = ""

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values."""
        return self._head() | {"generations": [generation.to_dict() for generation in self.generations]}

    @classmethod
    def from_dict(cls, values: object, where: str) -> Self:
        """The reverse of `to_dict`. Rules and sampling options are checked by those who use them.

        Args:
            values: what JSON gave.
            where: the file, for the error.

        Raises:
            FileFormatError: it is no project, is damaged, or a newer toolkit wrote it.
        """
        if not isinstance(values, Mapping) or values.get("format") != FORMAT:
            raise FileFormatError(
                f"{where}: expected {_PROJECT}, found another kind of file. Open one ending in {SUFFIX}."
            )
        version = values.get("format_version")
        if version != FORMAT_VERSION or version is True:
            raise FileFormatError(
                f"{where}: has format version {version!r}, this toolkit reads {FORMAT_VERSION}. Upgrade rnn-toolkit."
            )
        read = _Reader(values, where)
        return cls(
            text=read.text("text"),
            locked=tuple(read.line_numbers("locked")),
            generations=tuple(
                Generation.from_dict(each, f"{where}: generations[{index}]")
                for index, each in enumerate(read.items("generations"))
            ),
            takes=tuple(read.texts("takes")),
            rules=None if values.get("rules", 0) is None else read.mapping("rules"),
            sampling=read.mapping("sampling"),
            model=read.text("model"),
            fingerprint=read.text("fingerprint"),
            title=read.text("title"),
        )

    def to_bytes(self) -> bytes:
        """The file: JSON in UTF-8, each generation on a line of its own.

        Made piece by piece: in one piece, a long history would keep all other threads waiting.
        """
        return b"".join(self._pieces())

    def _head(self) -> dict[str, Any]:
        return {
            "format": FORMAT,
            "format_version": FORMAT_VERSION,
            "title": self.title,
            "text": self.text,
            "locked": list(self.locked),
            "takes": list(self.takes),
            "rules": self.rules,
            "sampling": self.sampling,
            "model": self.model,
            "fingerprint": self.fingerprint,
        }

    def _pieces(self) -> Iterator[bytes]:
        yield b"{\n"
        for name, value in self._head().items():
            yield b' "%s": %s,\n' % (name.encode(), _json(value))
        yield b' "generations": ['
        for index, generation in enumerate(self.generations):
            yield b",\n  " if index else b"\n  "
            yield generation.line
        yield b"\n ]\n}\n"


def _json(value: object) -> bytes:
    text = json.dumps(value, ensure_ascii=False, default=dict)  # of a Mapping that is no dict
    return text.encode("utf-8", "backslashreplace")  # half a surrogate pair becomes its JSON escape


def save(path: Path, project: Project) -> None:
    """Write a project, whole or not at all. A link is followed.

    Raises:
        ToolkitError: it cannot be written, or is larger than `open_project` reads; the old file is unchanged.
    """
    data = project.to_bytes()
    if len(data) > MAX_PROJECT_BYTES:
        raise ToolkitError(
            f"{path}: the project has {len(data):,} bytes, at most {MAX_PROJECT_BYTES:,} are kept in a file. "
            "Save the text alone, or begin a new project."
        )
    _write(path, data)


def open_project(path: Path) -> Project:
    """Read a project.

    Raises:
        FileFormatError: it cannot be read, is no project, is damaged, or a newer toolkit wrote it.
    """
    data = read_bytes(path, _PROJECT, MAX_PROJECT_BYTES)
    try:
        values = json.loads(data.decode("utf-8-sig"))
    except (ValueError, RecursionError) as error:
        raise FileFormatError(f"{path}: expected {_PROJECT}, but it is damaged or of another kind: {error}.") from error
    return Project.from_dict(values, str(path))


def save_text(path: Path, text: str) -> None:
    """Write a text in UTF-8, whole or not at all. A link is followed.

    Raises:
        ToolkitError: it cannot be written; the old file is unchanged.
    """
    _write(path, text.encode("utf-8", "replace"))


def read_text_file(path: Path) -> str:
    r"""A text file in UTF-8, GB18030, or what its byte-order mark says; line breaks as \n.

    Raises:
        FileFormatError: it cannot be read, is too large, binary or in another encoding.
    """
    data = read_bytes(path, _TEXT, MAX_TEXT_BYTES)
    try:
        return decode_text(data, str(path))
    except ToolkitError as error:
        raise FileFormatError(
            f"{path}: expected a text in UTF-8 or GB18030, found a binary file or another encoding. "
            "Save it as UTF-8 in the program that wrote it, and open it again."
        ) from error


def _write(path: Path, data: bytes) -> None:
    write_atomic(Path(os.path.realpath(path)), data)


class _Reader:
    """The values of a JSON object, each checked for its type."""

    def __init__(self, values: object, where: str) -> None:
        self._where = where
        if not isinstance(values, Mapping):
            raise self._fault("an object", values)
        self._values = values

    def text(self, name: str) -> str:
        return self._of(name, str, "a text")

    def texts(self, name: str) -> list[str]:
        found = self.items(name)
        if not all(isinstance(item, str) for item in found):
            raise self._fault(f"a list of texts as {name!r}", found)
        return found

    def line_numbers(self, name: str) -> list[int]:
        found = self.items(name)
        if not all(isinstance(item, int) and not isinstance(item, bool) and item > 0 for item in found):
            raise self._fault(f"a list of line numbers from 1 as {name!r}", found)
        return found

    def items(self, name: str) -> list[Any]:
        return self._of(name, list, "a list")

    def mapping(self, name: str) -> dict[str, Any]:
        return self._of(name, dict, "an object")

    def _of(self, name: str, kind: type[T], words: str) -> T:
        value = self._values.get(name)
        if not isinstance(value, kind):
            raise self._fault(f"{words} as {name!r}", value)
        return value

    def _fault(self, expected: str, found: object) -> FileFormatError:
        shown = "nothing" if found is None else f"{found!r:.60}"
        return FileFormatError(
            f"{self._where}: expected {_PROJECT} with {expected}, found {shown}. The file is damaged."
        )
