r"""Templates: one line a lyric line, cell by cell.

    _______{A}          seven free cells; the line rhymes with the other lines {A}
    春_____光{A}         a literal is written as it is
    中平中仄仄平平{A}      平 and 仄 are tones, 中 is either
    ____~~{B}           ~ may be left out: four to six cells
    ____，____。         marks are written where they stand, and fill no cell
    \中_\_              behind \ a sign is a literal
    _ _ the moon _ {A}  with --unit word or syllable: cells and words stand apart
    s* _ _ *n           and a word may begin or end with a letter

An empty line parts stanzas; what follows # is a comment. {X}, or no letter, is a line without rhyme.
"""

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import cached_property

from toolkit.errors import ToolkitError

from .units import CHAR, HELD, UNITS, WORD, atoms

LEVEL, OBLIQUE, EITHER = "平", "仄", "中"
FREE_SIGN, OPTIONAL_SIGN = "_", "~"
UNRHYMED = "X"
MAX_LINES = 400
MAX_CELLS = 200

_FULL_WIDTH = str.maketrans("＿～｛｝＃＼", "_~{}#\\")
"""As Chinese keyboards have the signs."""

_LETTER = re.compile(r"(?<!\\)\{([^{}]*)\}\s*$")
_SIGNS = {FREE_SIGN, OPTIONAL_SIGN, LEVEL, OBLIQUE, EITHER, "\\", "#", "{", "}"}


class TemplateError(ToolkitError):
    """A template that cannot be read; the message says in which line and why."""


@dataclass(frozen=True)
class Cell:
    """A place for one character, word or syllable.

    Attributes:
        literal: what stands there; "" is free. `HELD` is the further syllable of the literal before it.
        tone: `LEVEL` or `OBLIQUE`; "" is either.
        before: marks written before it.
        opening: a letter that what stands there begins with (an acrostic of words); "" is any.
        closing: a letter that it ends with.
    """

    literal: str = ""
    tone: str = ""
    before: str = ""
    opening: str = ""
    closing: str = ""

    @property
    def is_free(self) -> bool:
        """Whether anything may stand there."""
        return self == Cell()


FREE = Cell()


@dataclass(frozen=True)
class Line:
    """A line's cells.

    Attributes:
        cells: those that are always there.
        optional: how many more free ones there may be.
        at: before which of the cells the optional ones stand.
        letter: lines of the same letter rhyme; "" is free.
        after: marks written behind the last cell.
    """

    cells: tuple[Cell, ...]
    optional: int = 0
    at: int = 0
    letter: str = ""
    after: str = ""

    @property
    def lengths(self) -> range:
        """How many cells it may have."""
        return range(len(self.cells), len(self.cells) + self.optional + 1)

    def of_length(self, length: int) -> tuple[Cell, ...]:
        """The cells of a line that is so long."""
        return (*self.cells[: self.at], *[FREE] * (length - len(self.cells)), *self.cells[self.at :])

    @property
    def is_fixed(self) -> bool:
        """Whether all of it is given."""
        return not self.optional and all(cell.literal for cell in self.cells)

    @property
    def has_marks(self) -> bool:
        """Whether it says which marks it has: then it has no others."""
        return bool(self.after or any(cell.before for cell in self.cells))

    def write(self, unit: str) -> str:
        """The line in the language of templates."""
        pieces = []
        for i in range(len(self.cells) + 1):
            if i == self.at and self.optional:
                pieces += [OPTIONAL_SIGN] * self.optional
            if i < len(self.cells) and self.cells[i].literal != HELD:
                cell = self.cells[i]
                sign = cell.tone or FREE_SIGN
                if cell.opening or cell.closing:
                    sign = f"{cell.opening}*{cell.closing}"
                pieces.append(_escaped(cell.before) + (_escaped(cell.literal) or sign))
        letter = f"{{{self.letter}}}" if self.letter else ""
        return ("" if unit == CHAR else " ").join(pieces) + _escaped(self.after) + letter


@dataclass(frozen=True)
class Template:
    """Stanzas of lines.

    Attributes:
        stanzas: each of at least one line.
        unit: what a cell holds, of `toolkit.lyrics.units.UNITS`.
    """

    stanzas: tuple[tuple[Line, ...], ...]
    unit: str = CHAR

    @cached_property
    def lines(self) -> tuple[Line, ...]:
        """All lines."""
        return tuple(line for stanza in self.stanzas for line in stanza)

    @property
    def scheme(self) -> str:
        """The rhyme letters, X where there is none, with a blank between stanzas."""
        return " ".join("".join(line.letter or UNRHYMED for line in stanza) for stanza in self.stanzas)

    def with_lines(self, lines: Iterable[Line]) -> "Template":
        """The same stanzas with other lines, as many as there are."""
        fresh = iter(lines)
        return replace(self, stanzas=tuple(tuple(next(fresh) for _ in stanza) for stanza in self.stanzas))

    def __str__(self) -> str:
        return "\n\n".join("\n".join(line.write(self.unit) for line in stanza) for stanza in self.stanzas)


def _escaped(text: str) -> str:
    """With a backslash before each sign."""
    return "".join(f"\\{char}" if char in _SIGNS else char for char in text)


def parse_template(text: str, unit: str = CHAR, where: str = "the template") -> Template:
    """A template out of its text.

    Args:
        text: in the language that this module's head shows.
        unit: what a cell holds.
        where: the file it is from, for errors.

    Raises:
        TemplateError: the first line that cannot be read, by its number.
    """
    stanzas: list[list[Line]] = [[]]
    for number, raw in enumerate(text.translate(_FULL_WIDTH).splitlines(), start=1):
        plain = _without_comment(raw).strip()
        if plain:
            stanzas[-1].append(_line(plain, unit, f"{where}, line {number}"))
        elif not raw.strip() and stanzas[-1]:
            stanzas.append([])
    kept = tuple(tuple(stanza) for stanza in stanzas if stanza)
    count = sum(map(len, kept))
    if not 1 <= count <= MAX_LINES:
        raise TemplateError(f"{where}: expected 1 to {MAX_LINES} lines, found {count or 'none'}.")
    return Template(kept, unit)


def _without_comment(raw: str) -> str:
    """Up to a # that is no literal."""
    return re.split(r"(?<!\\)#", raw, maxsplit=1)[0]


def _line(text: str, unit: str, where: str) -> Line:
    """One line of a template."""
    letter, match = "", _LETTER.search(text)
    if match:
        letter, text = unicodedata.normalize("NFKC", match[1]), text[: match.start()]
        if not re.fullmatch("[A-Z]?", letter):
            raise TemplateError(f"{where}: expected a capital letter in braces, like {{A}}, found {{{letter}}}.")
    cells: list[Cell] = []
    marks, optional, at = "", 0, 0
    for sign, kind in _signs(text.strip(), unit, where):
        if kind == "optional":
            if optional and at != len(cells):
                raise TemplateError(f"{where}: expected all ~ side by side, found some apart.")
            optional, at = optional + 1, len(cells)
        elif kind == "mark":
            marks += sign
        else:
            for i, part in enumerate(_parts(sign, kind, unit, where)):
                cells.append(replace(part, before="" if i else marks))
            marks = ""
    if not cells or len(cells) + optional > MAX_CELLS:
        raise TemplateError(
            f"{where}: expected 1 to {MAX_CELLS} cells, at least one of which is no ~, "
            f"found {len(cells) + optional if cells else 'none'}."
        )
    if not optional:
        at = len(cells)
    return Line(tuple(cells), optional, at, "" if letter == UNRHYMED else letter, marks)


def _signs(text: str, unit: str, where: str) -> Iterable[tuple[str, str]]:
    """The signs of a line, each with its kind: optional, free, tone, letters, literal or mark."""
    pattern = (
        r"\\.|\S" if unit == CHAR else r"[~_](?=\s|$)|[^\W_]?\*[^\W_]?(?![^\W_])|\\[\W_]|(?:[^\W_]|['’]|\\[^\W_])+|\S"
    )
    for sign in re.findall(pattern, text):
        if sign in {"{", "}", "\\"}:
            raise TemplateError(f"{where}: {sign} stands alone; a rhyme letter comes last, like {{A}}.")
        if sign == OPTIONAL_SIGN:
            yield sign, "optional"
        elif sign == FREE_SIGN:
            yield sign, "free"
        elif set(sign) <= {LEVEL, OBLIQUE, EITHER}:
            if unit == WORD:
                raise TemplateError(f"{where}: {sign} is a tone, and words have none; count characters or syllables.")
            yield from ((tone, "tone") for tone in sign)
        elif unit != CHAR and "*" in sign and len(sign) > 1:
            yield sign, "letters"
        else:
            literal = re.sub(r"\\(.)", r"\1", sign)
            yield literal, "literal" if atoms(literal, CHAR) else "mark"


def _parts(sign: str, kind: str, unit: str, where: str) -> list[Cell]:
    """The cells of a sign that fills some."""
    if kind == "free":
        return [FREE]
    if kind == "tone":
        return [Cell(tone="" if sign == EITHER else sign)]
    if kind == "letters":
        opening, _, closing = sign.partition("*")
        return [Cell(opening=opening, closing=closing)]
    parts = atoms(sign, unit)
    if parts is None:
        raise TemplateError(f"{where}: the dictionary does not say how many {UNITS[unit]} {sign!r} has.")
    return [Cell(literal=part) for part in parts]
