"""Texts of lines: what they contain, whether they fit cells, and how a line that is given is written."""

import re
from collections.abc import Sequence
from dataclasses import replace
from functools import cache

from toolkit.readings import read

from .template import LEVEL, Cell, Line
from .units import CHAR, HELD, WORD, atoms, spelt_with

_SPELT = r"[^\W_\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\uff00-\uff60\U00020000-\U0003ffff]"
"""What words are spelt with: a letter or digit that is no Chinese, Japanese or Korean one."""


@cache
def _pattern(wanted: str) -> "re.Pattern[str]":
    """It stands between no letters that spell one word with its own; an apostrophe between letters joins them."""
    found = r"\s+".join(map(re.escape, wanted.casefold().replace("’", "'").split()))
    if re.match(_SPELT, wanted):
        found = rf"(?<!{_SPELT})(?<!{_SPELT}')" + found
    if re.search(rf"{_SPELT}'?$", wanted):
        found += rf"(?!'?{_SPELT})"
    return re.compile(found)


def contains(text: str, wanted: str) -> bool:
    """Whether a text has another in it, in large or small letters; an English word only as a whole word."""
    return _pattern(wanted.strip()).search(text.casefold().replace("’", "'")) is not None


def join(line: Line, unit: str) -> str:
    """The text of a line all of whose cells are given."""
    text = ""
    for cell in line.cells:
        if cell.literal == HELD:
            continue
        parted = unit == WORD or (unit != CHAR and _parts_words(text, cell.literal))
        text += cell.before + (" " if text and parted else "") + cell.literal
    return text + line.after


def _parts_words(before: str, behind: str) -> bool:
    """Whether a blank stands between two pieces of a line: where one of them is spelt with letters."""
    return re.search(rf"{_SPELT}\W*$", before) is not None or re.match(_SPELT, behind) is not None


def has_its_marks(text: str, line: Line, unit: str, punctuation: str) -> bool:
    """Whether a line that fills its cells has the marks of a template, or where that has none those allowed."""
    filled = atoms(text, unit) or ()
    cells = tuple(replace(cell, literal=part) for cell, part in zip(line.of_length(len(filled)), filled, strict=True))
    found, plain = _squeezed(text, unit), _squeezed(join(Line(cells, after=line.after), unit), unit)
    if line.has_marks or punctuation == "none":
        return found == plain
    return punctuation == "inside" or found.startswith(plain)


def _squeezed(text: str, unit: str) -> str:
    """Without what is no mark: the apostrophes of characters, and blanks but for those between Chinese characters."""
    text = text.strip().replace("’", "'")
    if unit == CHAR:
        text = re.sub(rf"(?<={_SPELT})'", "", text)
    if unit == WORD:
        return re.sub(r"\s+", "", text)
    return re.sub(rf"(?<![^\W_])\s+|\s+(?![^\W_])|(?<={_SPELT})\s+|\s+(?={_SPELT})", "", text)


def cells_of(text: str) -> tuple[str, ...]:
    """What tells a line from another: its letters and digits, in small letters."""
    return tuple(char.casefold() for char in atoms(text, CHAR) or ())


def lines_of(text: str) -> list[str]:
    """The lines of a text that are not empty, without blanks around them."""
    return [line.strip() for line in text.removeprefix("\ufeff").splitlines() if line.strip()]


def misfit(text: str, cells: Sequence[Cell], unit: str) -> str:
    """The name of the first rule of some cells that a line breaks; "" if it fits them."""
    filled = atoms(text, unit)
    if filled is None or len(filled) != len(cells):
        return "length"
    word = ""
    for found, behind, cell in zip(filled, (*filled[1:], ""), cells, strict=True):
        word = word if found == HELD else found
        if cell.literal and found.casefold() != cell.literal.casefold():
            return "template"
        if not spelt_with(found, cell.opening, "") or not spelt_with(word, "", cell.closing):
            return "acrostic"
        if cell.closing and behind == HELD:
            return "acrostic"
    return "" if _in_tone(text, cells) else "tones"


def _in_tone(text: str, cells: Sequence[Cell]) -> bool:
    """Whether each character is read in the tone of its cell."""
    if not any(cell.tone for cell in cells):
        return True
    said = [sound for char, sound in zip(text, read(text), strict=True) if char.isalnum()]
    return len(said) == len(cells) and all(
        not cell.tone or (sound is not None and sound.is_level == (cell.tone == LEVEL))
        for cell, sound in zip(cells, said, strict=True)
    )
