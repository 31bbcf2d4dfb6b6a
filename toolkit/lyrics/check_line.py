"""A line as the checker reads it: what fills its cells, and the marks between them.

This is counted here once more, otherwise than in `units`, so that the two watch each other.
"""

import unicodedata
from dataclasses import dataclass
from functools import cached_property

from toolkit.pronunciations import pronunciations
from toolkit.readings import is_han

from .units import CHAR, HELD, WORD

_APOSTROPHES = ("'", "’")


@dataclass(frozen=True)
class Piece:
    """A character or word.

    Attributes:
        text: what is written; the apostrophe that ends an English word belongs to it, but for characters.
        gap: what stands before it, behind the piece before.
        cells: how many it fills; 0 where its syllables are not known.
    """

    text: str
    gap: str
    cells: int


@dataclass(frozen=True)
class TextLine:
    """A line without the blanks at its ends.

    Attributes:
        text: the line.
        unit: what is counted.
    """

    text: str
    unit: str

    @cached_property
    def pieces(self) -> tuple[Piece, ...]:
        """All characters or words."""
        spans = _spans(self.text, self.unit)
        ends = [0, *(end for _, end in spans)]
        found = []
        for (start, end), before in zip(spans, ends, strict=False):
            piece = self.text[start:end]
            found.append(Piece(piece, self.text[before:start], _size(piece, self.unit)))
        return tuple(found)

    @cached_property
    def rest(self) -> str:
        """What stands behind the last piece."""
        return self.text[sum(len(piece.gap) + len(piece.text) for piece in self.pieces) :]

    @property
    def unknown(self) -> tuple[str, ...]:
        """The words whose syllables are not known."""
        return tuple(piece.text for piece in self.pieces if not piece.cells)

    @cached_property
    def cells(self) -> tuple[tuple[str, Piece], ...]:
        """What stands in each cell, as it is compared, and the piece that this is of.

        The further cells of a piece hold `HELD`; a piece of unknown size is taken for one of a single cell.
        """
        return tuple(
            (HELD if i else same_case(piece.text), piece) for piece in self.pieces for i in range(piece.cells or 1)
        )

    def word_at(self, cell: int) -> str:
        """What is written in a cell, counted from 0; "" where there is none."""
        return self.cells[cell][1].text if 0 <= cell < len(self.cells) else ""

    def ends_at(self, cell: int) -> bool:
        """Whether the word in a cell goes no further."""
        return cell + 1 == len(self.cells) or self.cells[cell + 1][0] != HELD

    def reads(self, cell: int, literal: str) -> bool:
        """Whether a cell holds that text."""
        return 0 <= cell < len(self.cells) and self.cells[cell][0] == same_case(literal)

    def opens(self, cell: int, letter: str) -> bool:
        """Whether a word that begins in a cell does so with that letter."""
        starts = 0 <= cell < len(self.cells) and self.cells[cell][0] != HELD
        return starts and same_case(_letters(self.word_at(cell))[0]) == same_case(letter)

    def closes(self, cell: int, letter: str) -> bool:
        """Whether a word that ends in a cell does so with that letter."""
        stops = 0 <= cell < len(self.cells) and self.ends_at(cell)
        return stops and same_case(_letters(self.word_at(cell))[-1]) == same_case(letter)

    def marks(self, apostrophes: bool = False) -> tuple[str, ...]:
        """The marks before each cell, then those behind the last.

        Blanks are none, save between two characters of a script without blanks that are not counted as words.

        Args:
            apostrophes: of characters, whether one that belongs to an English word is a mark.
        """
        found, before = [], ""
        for text, piece in self.cells:
            found.append(self._marks(before, piece.gap, piece.text, apostrophes) if text != HELD else "")
            before = _letters(piece.text)[-1]
        return (*found, self._marks(before, self.rest, "", apostrophes))

    def _marks(self, before: str, gap: str, behind: str, apostrophes: bool) -> str:
        if self.unit == CHAR and is_spelt(before) and gap.startswith(_APOSTROPHES) and not apostrophes:
            gap = gap[1:]
        parts = self.unit == WORD or is_spelt(before) or is_spelt(behind[:1])
        return "" if parts and not gap.strip() else plain_marks(gap)


def plain_marks(gap: str) -> str:
    """Marks without the blanks beside them; only blanks are one."""
    return "".join(gap.split()).replace("’", "'") or (" " if gap else "")


def same_case(text: str) -> str:
    """A text as it is compared with another."""
    return text.casefold().replace("’", "'")


def is_counted(char: str) -> bool:
    """Whether it is a letter or a digit of any script."""
    return unicodedata.category(char)[0] in "LN"


def is_spelt(char: str) -> bool:
    """Whether it is a letter or digit that words are spelt with: none of Chinese, Japanese or Korean; "" is none."""
    return bool(char) and is_counted(char) and unicodedata.east_asian_width(char) not in "WF"


def is_chinese(text: str) -> bool:
    """Whether a text holds a Chinese character."""
    return any(char == "〇" or unicodedata.name(char, "").startswith("CJK ") for char in text if is_counted(char))


def occurs(wanted: str, line: str) -> bool:
    """Whether a text stands in a line, in any case, and cuts no English word there."""
    wanted, line = (" ".join(same_case(text).split()) for text in (wanted, line))
    at = line.find(wanted)
    while at >= 0 and (_cuts(line, at) or _cuts(line, at + len(wanted))):
        at = line.find(wanted, at + 1)
    return at >= 0


def stanzas_of(text: str, unit: str) -> list[list[TextLine]]:
    """The lines of each stanza."""
    found: list[list[TextLine]] = [[]]
    for raw in text.removeprefix("\ufeff").splitlines():
        if raw.strip():
            found[-1].append(TextLine(raw.strip(), unit))
        elif found[-1]:
            found.append([])
    return [stanza for stanza in found if stanza]


def _spans(text: str, unit: str) -> list[tuple[int, int]]:
    """Where each piece starts and ends."""
    found: list[tuple[int, int]] = []
    for i, char in enumerate(text):
        if not is_counted(char):
            continue
        start, end = found[-1] if found else (0, -1)
        near = end == i or (end == i - 1 >= 0 and text[end] in _APOSTROPHES)
        if near and (unit == WORD or (unit != CHAR and is_spelt(char) and is_spelt(text[end - 1]))):
            found[-1] = (start, i + 1)
        else:
            found.append((i, i + 1))
    if unit == CHAR:
        return found
    return [(a, b + (is_spelt(text[b - 1]) and text[b : b + 1] in _APOSTROPHES)) for a, b in found]


def _size(piece: str, unit: str) -> int:
    """How many cells a piece fills."""
    if unit in {CHAR, WORD} or is_han(piece):
        return 1
    said = pronunciations(piece)
    return said[0].syllables if said else 0


def _letters(word: str) -> str:
    return "".join(filter(is_counted, word))


def _cuts(line: str, at: int) -> bool:
    """Whether a place lies inside an English word."""
    before, behind = line[max(at - 2, 0) : at], line[at : at + 2]
    if behind[:1] == "'":
        behind = behind[1:]
    elif before[-1:] == "'":
        before = before[:-1]
    return is_spelt(before[-1:]) and is_spelt(behind[:1])
