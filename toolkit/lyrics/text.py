"""Texts of lines: what they contain, and how the cells of a line that is given are written."""

import re
from functools import cache

from toolkit.readings import is_han

from .template import Line
from .units import CHAR, HELD
from .vocabulary import Vocabulary


@cache
def _pattern(wanted: str) -> "re.Pattern[str]":
    escaped = re.escape(wanted.casefold())
    if any(map(is_han, wanted)):
        return re.compile(escaped)
    return re.compile(rf"(?<![^\W_]){escaped}(?![^\W_])")


def contains(text: str, wanted: str) -> bool:
    """Whether a text has another in it, in large or small letters; an English word only as a whole word."""
    return _pattern(wanted.strip()).search(text.casefold()) is not None


def join(line: Line, vocabulary: Vocabulary) -> str:
    """The text of a line all of whose cells are given."""
    blank = "" if vocabulary.unit == CHAR else " "
    pieces = [
        ("" if cell.before or not i else blank) + cell.before + (blank if cell.before and i else "") + cell.literal
        for i, cell in enumerate(line.cells)
        if cell.literal != HELD
    ]
    return "".join(pieces) + line.after
