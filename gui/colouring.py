"""Colours under the text: how expected each character was, which rhymes go together.

They are painted below the letters, for the lines in view only. Neither extra selections nor a highlighter do it: the
first are gone through once a line and cost 50 ms a repaint with a few thousand, the second lays every line out anew;
both fill the whole height of the line, and both come in the way of an input method's own marks.
"""

import math
import re
from collections.abc import Iterator, Mapping, Sequence

import numpy as np
from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPalette, QTextBlock

from . import theme
from .plain_text import Positions

_RHYMES = (  # (light, dark): badge under white letters, under black ones
    ("#9a4a3a", "#e3a595"),
    ("#35678a", "#93bfdb"),
    ("#54713a", "#b3cf8e"),
    ("#76549a", "#c9aee3"),
    ("#8a6116", "#e3bf77"),
    ("#2a736e", "#8ed0c9"),
    ("#98416a", "#e7a3c1"),
    ("#5b606e", "#b8bcc8"),
)
_SURPRISE = ("#e08a2e", "#d98a3a")
_DEEPEST = (0.62, 0.50)  # of the surprise colour, at a probability of a thousandth and less
_NO_RHYME = frozenset({"", "x", "X", "-", "."})
_RHYMING = re.compile(r"([A-Za-zÀ-ɏ'’]+|\w)[^\w]*$")
_RADIUS = 3.0


def rhyme_colour(letter: str, palette: QPalette | None = None) -> QColor:
    """Of a rhyme class by its letter: A, B, C …; one that rhymes with nothing is muted."""
    if not rhymes(letter):
        return theme.muted(palette)
    index = ord(letter[0].upper()) - ord("A") if letter[0].isascii() else ord(letter[0])
    return QColor(_RHYMES[index % len(_RHYMES)][theme.is_dark(palette)])


def rhymes(letter: str) -> bool:
    """Whether a letter of a scheme stands for a rhyme."""
    return letter not in _NO_RHYME


def on_rhyme(palette: QPalette | None = None) -> QColor:
    """Of a letter on a rhyme's colour."""
    return QColor("#161513" if theme.is_dark(palette) else "#ffffff")


def surprise(prob: float) -> float:
    """How little expected a probability is: 0 from a half up, 1 from a thousandth down, by its logarithm."""
    if not prob > 0.001:
        return 1.0
    return max(0.0, min(1.0, math.log(0.5 / prob) / math.log(500)))


def tint(prob: float, palette: QPalette | None = None) -> QColor:
    """Under a character of this probability: none where it was expected, deeper the less it was."""
    dark = theme.is_dark(palette)
    colour = QColor(_SURPRISE[dark])
    colour.setAlphaF(_DEEPEST[dark] * surprise(prob))
    return colour


def rhyming_part(line: str) -> tuple[int, int]:
    """Where the part of a line that rhymes stands: its last character, or the last word of a language with letters."""
    found = _RHYMING.search(line)
    return found.span(1) if found else (len(line), len(line))


class Spans:
    """Stretches of a text in order, each with a number; they follow when the text around them changes."""

    def __init__(self, spans: Sequence[tuple[int, int, float]] = ()) -> None:
        """Args: spans: start, end, number; empty ones are left out."""
        table = np.asarray([span for span in sorted(spans) if span[1] > span[0]], np.float64).reshape(-1, 3)
        self._starts, self._ends, self._values = table[:, 0].astype(int), table[:, 1].astype(int), table[:, 2]

    def __len__(self) -> int:
        return len(self._starts)

    def among(self, start: int, end: int) -> Iterator[tuple[int, int, float]]:
        """Those that share something with a stretch."""
        first = int(np.searchsorted(self._ends, start, "right"))
        last = int(np.searchsorted(self._starts, end, "left"))
        for at in range(first, last):
            yield int(self._starts[at]), int(self._ends[at]), float(self._values[at])

    def follow(self, position: int, removed: int, added: int, *, split: bool) -> None:
        """After a change of the text: those behind move; those that it cut are cut too (`split`), or go."""
        if not len(self):
            return
        stop, shift = position + removed, added - removed
        before = self._ends <= position
        behind = self._starts >= stop if removed else (self._starts >= position) & ~before
        cut = ~before & ~behind
        parts = [
            (self._starts[before], self._ends[before], self._values[before]),
            (self._starts[behind] + shift, self._ends[behind] + shift, self._values[behind]),
        ]
        if split and cut.any():
            starts, ends, values = self._starts[cut], self._ends[cut], self._values[cut]
            parts.insert(1, (starts, np.minimum(ends, position), values))
            parts.insert(2, (np.maximum(starts, stop) + shift, ends + shift, values))
        starts, ends, values = (np.concatenate(column) for column in zip(*parts, strict=True))
        full = ends > starts
        order = np.argsort(starts[full], kind="stable")
        self._starts, self._ends, self._values = starts[full][order], ends[full][order], values[full][order]


def boxes(block: QTextBlock, top: QRectF, start: int, end: int) -> Iterator[QRectF]:
    """The places of a stretch of a line on the screen, one for each row that it is wrapped to.

    Args:
        block: the line.
        top: its place on the screen.
        start: of the stretch, in characters of the line.
        end: behind the stretch; behind the line's end is the line break, a narrow box.
    """
    layout, positions, size = block.layout(), Positions(block.text()), block.length() - 1
    start, end = (min(positions.to_units(at), size + 1) for at in (start, end))
    preedit, length = layout.preeditAreaPosition(), len(layout.preeditAreaText())
    if length:  # what an input method shows stands in the layout, not in the text
        start, end = (at + length * (at >= preedit) for at in (start, end))
    at = start
    while at < end:
        row = layout.lineForTextPosition(at)
        if not row.isValid():
            return
        stop = min(end, row.textStart() + row.textLength())
        left = row.cursorToX(at)[0]  # type: ignore[index]  # the stubs have one of its two forms
        if stop <= at:  # the line break
            yield QRectF(top.left() + left, top.top() + row.y(), row.height() / 3, row.height())
            return
        right = row.cursorToX(stop)[0]  # type: ignore[index]
        box = QRectF(left, row.y(), right - left, row.height()).normalized()
        yield box.translated(top.topLeft())
        at = stop


class Colouring:
    """What is painted below the text of one editor."""

    def __init__(self) -> None:
        self.probs = Spans()
        self.rhymes: Mapping[int, str] = {}
        self.probs_shown = False
        self.rhymes_shown = False

    def paint(self, painter: QPainter, block: QTextBlock, rect: QRectF, begin: int, palette: QPalette) -> None:
        """Paint one line's colours; `rect` is where it stands on the screen, `begin` where in the text."""
        painter.setPen(Qt.PenStyle.NoPen)
        text = block.text()
        if self.probs_shown:
            for start, end, prob in self.probs.among(begin, begin + len(text)):
                painter.setBrush(tint(prob, palette))
                for box in boxes(block, rect, max(0, start - begin), min(len(text), end - begin)):
                    painter.drawRoundedRect(box.adjusted(0.5, 1, -0.5, -1), _RADIUS, _RADIUS)
        letter = self.rhymes.get(block.blockNumber() + 1, "") if self.rhymes_shown else ""
        if rhymes(letter):
            painter.setBrush(rhyme_colour(letter, palette))
            for box in boxes(block, rect, *rhyming_part(text)):
                painter.drawRoundedRect(QRectF(box.left() + 1, box.bottom() - 2.5, box.width() - 2, 2.5), 1.2, 1.2)
