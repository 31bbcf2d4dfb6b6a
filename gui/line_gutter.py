"""The strip beside the lines: their number, count, rhyme and faults, a lock and a button that writes one anew."""

import html
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

from PySide6.QtCore import QEvent, QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import (
    QColor,
    QFont,
    QFontMetricsF,
    QHelpEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPalette,
    QTextBlock,
)
from PySide6.QtWidgets import QToolTip, QWidget

from . import theme
from .colouring import on_rhyme, rhyme_colour, rhymes
from .core_sentences import translated
from .signs import paint_fault, paint_lock, paint_reroll


@dataclass(frozen=True)
class LineMark:
    """What is said of a line beside it.

    Attributes:
        count: its length in the unit of the rules; 0 with nothing wanted shows nothing.
        wanted: the length that the rules ask for, such as "7" or "5-7"; empty if they ask for none.
        letter: of its rhyme class.
        fault: what is wrong with it, a sentence of the core a line; empty if nothing.
    """

    count: int = 0
    wanted: str = ""
    letter: str = ""
    fault: str = ""

    @property
    def fits(self) -> bool:
        """Whether it is as long as it should be."""
        shortest, _, longest = self.wanted.partition("-")
        return not shortest or int(shortest) <= self.count <= int(longest or shortest)


class Lines(Protocol):
    """What the strip asks of the editor that it stands beside."""

    def visible_blocks(self) -> Iterator[tuple[QTextBlock, QRectF]]: ...  # noqa: D102
    def marks(self) -> tuple[LineMark, ...]: ...  # noqa: D102
    def locked_lines(self) -> frozenset[int]: ...  # noqa: D102
    def current_line(self) -> int: ...  # noqa: D102
    def blockCount(self) -> int: ...  # noqa: D102, N802


class LineGutter(QWidget):
    """Paints the marks of the lines in view, and takes clicks on their locks and buttons."""

    lock_clicked = Signal(int)
    reroll_clicked = Signal(int)

    def __init__(self, editor: QWidget, lines: Lines) -> None:
        """Args: editor: on which it stands; lines: the same, for what it asks."""
        super().__init__(editor)
        self._lines = lines
        self._hovered = 0
        self._counts = self._letters = False
        self._count_text = ""
        self.setMouseTracking(True)
        self.retranslate()

    def retranslate(self) -> None:
        """Set the texts in the language of the window."""
        self.setAccessibleName(self.tr("Marks of the lines"))

    def changeEvent(self, event: QEvent) -> None:  # noqa: N802
        """The language or the font may have changed."""
        if event.type() == QEvent.Type.LanguageChange:
            self.retranslate()
        super().changeEvent(event)

    def marks_changed(self) -> None:
        """Find out how much room the marks need."""
        marks = self._lines.marks()
        self._counts = any(mark.count or mark.wanted for mark in marks)
        self._letters = any(mark.letter for mark in marks)
        self._count_text = max((_count_of(mark) for mark in marks), key=len, default="")
        self.update()

    def sizeHint(self) -> QSize:  # noqa: N802
        """As wide as the columns that are in use."""
        return QSize(round(self._columns()["end"]), 0)

    def _small(self) -> QFont:
        """For figures: smaller than the lyric, never below what can be read."""
        font = QFont(self.font())
        font.setPointSizeF(max(8.5, 0.62 * font.pointSizeF()))
        return font

    def _columns(self) -> dict[str, float]:
        """Where each column begins, in pixels."""
        metrics = QFontMetricsF(self._small())
        em = metrics.height()
        digits = metrics.horizontalAdvance("0" * max(2, len(str(self._lines.blockCount()))))
        counts = metrics.horizontalAdvance(self._count_text) + em * 0.7 if self._counts else 0.0
        widths = {
            "reroll": em * 1.25,
            "lock": em * 1.25,
            "number": digits + em * 0.3,
            "count": counts,
            "letter": em * 1.6 if self._letters else 0.0,
            "fault": em * 1.25 if self._counts or self._letters else 0.0,
        }
        columns, left = {}, em * 0.3
        for name, width in widths.items():
            columns[name] = left
            left += width
        return {**columns, "end": left + em * 0.25}

    def _hit(self, point: QPointF) -> tuple[int, str]:
        """The line from 1 and the column under a point; 0 and nothing beside all lines."""
        columns = list(self._columns().items())
        column = next((name for name, left in reversed(columns) if point.x() >= left), "")
        for block, rect in self._lines.visible_blocks():
            if rect.top() <= point.y() < rect.bottom():
                return block.blockNumber() + 1, column
        return 0, column

    def mouseMoveEvent(self, event: QMouseEvent) -> None:  # noqa: N802
        """The line under the mouse shows its buttons."""
        line, column = self._hit(event.position())
        hand = line and column in ("lock", "reroll")
        self.setCursor(Qt.CursorShape.PointingHandCursor if hand else Qt.CursorShape.ArrowCursor)
        if line != self._hovered:
            self._hovered = line
            self.update()

    def leaveEvent(self, event: QEvent) -> None:  # noqa: N802
        """No line is under the mouse."""
        self._hovered = 0
        self.update()
        super().leaveEvent(event)

    def mousePressEvent(self, event: QMouseEvent) -> None:  # noqa: N802
        """A click on a lock or on a button."""
        line, column = self._hit(event.position())
        if event.button() != Qt.MouseButton.LeftButton or not line:
            return
        if column == "lock":
            self.lock_clicked.emit(line)
        elif column == "reroll" and line not in self._lines.locked_lines():
            self.reroll_clicked.emit(line)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:  # noqa: N802
        """The end of a click is no one else's."""
        event.accept()

    def event(self, event: QEvent) -> bool:
        """A tooltip says what is under the mouse."""
        if event.type() == QEvent.Type.ToolTip and isinstance(event, QHelpEvent):
            QToolTip.showText(event.globalPos(), html.escape(self.help_at(QPointF(event.pos()))), self)
            return True
        return super().event(event)

    def help_at(self, point: QPointF) -> str:
        """What the tooltip at a point says, plain text."""
        line, column = self._hit(point)
        mark = _mark_of(self._lines.marks(), line)
        if not line:
            return ""
        if column == "lock":
            if line in self._lines.locked_lines():
                return self.tr("Line {line} is locked: it stays as it is. Click to free it.").format(line=line)
            return self.tr("Lock line {line}: it then stays as it is.").format(line=line)
        if column == "reroll":
            return self.tr("Write line {line} anew and keep its neighbours.").format(line=line)
        if mark.fault:
            return "\n".join(map(translated, mark.fault.splitlines()))
        if column == "count" and mark.wanted:
            return self.tr("{count} of the {wanted} wanted.").format(count=mark.count, wanted=mark.wanted)
        if column == "letter" and mark.letter:
            return self.tr("Rhyme {letter}: lines with the same letter rhyme.").format(letter=mark.letter)
        return ""

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802
        """Paint the lines in view."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setFont(self._small())
        columns, marks, locked = self._columns(), self._lines.marks(), self._lines.locked_lines()
        current = self._lines.current_line() if self._lines_have_focus() else 0
        painter.fillRect(event.rect(), self.palette().color(QPalette.ColorRole.Base))
        for block, rect in self._lines.visible_blocks():
            if rect.bottom() < event.rect().top() or rect.top() > event.rect().bottom():
                continue
            line = block.blockNumber() + 1
            row = QRectF(0, rect.top(), columns["end"], block.layout().lineAt(0).height())
            active = line in (self._hovered, current)
            empty = block.length() == 1
            if line == current:
                band = QRectF(0, rect.top(), self.width(), block.layout().boundingRect().height())
                painter.fillRect(band, self.palette().color(QPalette.ColorRole.AlternateBase))
            self._paint_buttons(painter, columns, row, locked=line in locked, active=active, empty=empty)
            painter.setPen(self.palette().color(QPalette.ColorRole.Text) if line == current else self._faint())
            box = QRectF(columns["number"], row.top(), columns["count"] - columns["number"], row.height())
            painter.drawText(box, int(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter), str(line))
            self._paint_mark(painter, columns, row, _mark_of(marks, line))
        painter.end()

    def _lines_have_focus(self) -> bool:
        """Whether the editor has the focus."""
        parent = self.parentWidget()
        return parent is not None and parent.hasFocus()

    def _faint(self) -> QColor:
        """Of what need not be read."""
        colour = theme.muted(self.palette())
        colour.setAlphaF(0.75)
        return colour

    def _paint_buttons(
        self, painter: QPainter, columns: dict[str, float], row: QRectF, *, locked: bool, active: bool, empty: bool
    ) -> None:
        """The lock, and the arrow that writes the line anew."""
        size = QFontMetricsF(painter.font()).height() * 0.82
        colour = theme.accent(self.palette()) if locked else self._faint()
        if (locked or active) and not empty:
            paint_lock(painter, _square(columns["lock"], row, size), colour, closed=locked)
        if active and not locked and not empty:
            paint_reroll(painter, _square(columns["reroll"], row, size), self._faint())

    def _paint_mark(self, painter: QPainter, columns: dict[str, float], row: QRectF, mark: LineMark) -> None:
        """Count, letter and fault."""
        em = QFontMetricsF(painter.font()).height()
        if mark.count or mark.wanted:
            painter.setPen(theme.muted(self.palette()) if mark.fits else theme.problem(self.palette()))
            box = QRectF(columns["count"], row.top(), columns["letter"] - columns["count"], row.height())
            painter.drawText(box, int(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter), _count_of(mark))
        if mark.letter:
            badge = _square(columns["letter"] + em * 0.45, row, em * 1.02)
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(
                rhyme_colour(mark.letter, self.palette()) if rhymes(mark.letter) else Qt.BrushStyle.NoBrush
            )
            painter.drawRoundedRect(badge, em * 0.28, em * 0.28)
            font = QFont(painter.font())
            font.setPointSizeF(font.pointSizeF() * 0.82)
            font.setBold(True)
            painter.save()
            painter.setFont(font)
            painter.setPen(on_rhyme(self.palette()) if rhymes(mark.letter) else self._faint())
            painter.drawText(badge, int(Qt.AlignmentFlag.AlignCenter), mark.letter[:2])
            painter.restore()
        if mark.fault:
            paint_fault(painter, _square(columns["fault"] + em * 0.25, row, em * 0.85), theme.problem(self.palette()))


def _count_of(mark: LineMark) -> str:
    return f"{mark.count}/{mark.wanted}" if mark.wanted else str(mark.count or "")


def _mark_of(marks: tuple[LineMark, ...], line: int) -> LineMark:
    return marks[line - 1] if 1 <= line <= len(marks) else LineMark()


def _square(left: float, row: QRectF, size: float) -> QRectF:
    """A square in a row, centred from top to bottom."""
    return QRectF(left, row.center().y() - size / 2, size, size)
