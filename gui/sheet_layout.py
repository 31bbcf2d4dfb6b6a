"""Where each line of a lyric sheet stands: stanzas that flow through pages or columns."""

import unicodedata
from bisect import bisect_left
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

from PySide6.QtCore import QPointF, Qt
from PySide6.QtGui import QFont, QTextLayout, QTextLine, QTextOption

GAP = 0.8
"""Rows between two stanzas."""
_WHOLE = 0.6
"""A stanza of at most this part of a page is never parted."""
_HANG = 2.0
"""How far the rest of a line that was too long is moved in; in heights of the font."""

_PIECE = 1000
"""A line of more characters is set piece by piece: in one piece, 200,000 took 20 seconds."""


@dataclass(frozen=True)
class Row:
    """A line, or the part of it that fits the width.

    Attributes:
        layout: of the line; it owns `line`.
        line: drawn at a position, it is moved in by itself.
        width: of its ink, with what it is moved in.
    """

    layout: QTextLayout
    line: QTextLine
    width: float


@dataclass(frozen=True)
class Placed:
    """A row and how many rows stand above it on its page."""

    row: Row
    above: float


def stanzas_of(text: str) -> list[list[str]]:
    """The lines of each stanza, without control characters and blanks at their ends."""
    lines = ("".join(filter(_is_text, line.expandtabs(4))).rstrip() for line in text.splitlines())
    return [list(part) for filled, part in groupby(lines, bool) if filled]


def _is_text(character: str) -> bool:
    """Neither a control character nor half of one."""
    return unicodedata.category(character) not in {"Cc", "Cs"}


def rows_of(line: str, font: QFont, width: float, *, centred: bool = False) -> list[Row]:
    """A line set in a font, broken where it is wider than `width`."""
    option = QTextOption(Qt.AlignmentFlag.AlignHCenter if centred else Qt.AlignmentFlag.AlignLeft)
    option.setWrapMode(QTextOption.WrapMode.WrapAtWordBoundaryOrAnywhere)
    rows: list[Row] = []
    for start in range(0, len(line), _PIECE):
        layout = QTextLayout(line[start : start + _PIECE], font)
        layout.setTextOption(option)
        layout.beginLayout()
        while (part := layout.createLine()).isValid():
            indent = _HANG * font.pixelSize() if rows and not centred else 0.0
            part.setLineWidth(width - indent)
            part.setPosition(QPointF(indent, 0.0))
            rows.append(Row(layout, part, indent + part.naturalTextWidth()))
        layout.endLayout()
    return rows


def flow(stanzas: Sequence[Sequence[Row]], room: Callable[[int], float]) -> list[list[Placed]]:
    """The rows of each page.

    A stanza starts on the next page rather than be parted, unless it is long; of one that is parted at least two
    rows stand together.

    Args:
        stanzas: the rows of each.
        room: number of a page, from 0 -> how many rows it holds, at least two.
    """
    pages: list[list[Placed]] = [[]]
    used = 0.0
    for stanza in stanzas:
        rest = list(stanza)
        while rest:
            start = used + GAP if used else 0.0
            here = _how_many(len(rest), room(len(pages) - 1) - start, room(len(pages)), empty=not used)
            pages[-1] += (Placed(row, start + index) for index, row in enumerate(rest[:here]))
            used = start + here if here else used
            del rest[:here]
            if rest:
                pages.append([])
                used = 0.0
    return pages


def _how_many(rows: int, free: float, next_page: float, *, empty: bool) -> int:
    """Of the rows of a stanza, how many stand on a page with so much room."""
    if rows <= free:
        return rows
    if not empty and rows <= _WHOLE * next_page:
        return 0
    here = min(int(free), rows - 2) if rows > 3 else int(free)
    return here if here >= 2 else int(max(free, 1.0)) * empty


def columns(stanzas: Sequence[Sequence[Row]], count: int) -> list[list[Placed]]:
    """The rows of at most so many columns, as short as they can be."""
    tallest = round(sum(len(stanza) + GAP for stanza in stanzas)) + 1
    rows = bisect_left(range(tallest), -count, lo=2, key=lambda rows: -len(flow(stanzas, lambda _: rows)))
    return flow(stanzas, lambda _: rows)


def height(pages: Sequence[Sequence[Placed]]) -> float:
    """Of the fullest page, in rows."""
    return max((page[-1].above + 1.0 for page in pages if page), default=0.0)


def widest(rows: Iterator[Row]) -> float:
    """The width of the widest row."""
    return max((row.width for row in rows), default=0.0)
