"""A grid of cells, a row for each line of a lyric: what its rules ask for, what stands there, and what is wrong."""

from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtCore import QEvent, QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QHelpEvent, QPainter, QPaintEvent, QPalette, QPen, QPolygonF, QResizeEvent
from PySide6.QtWidgets import QSizePolicy, QToolTip, QWidget

from . import theme
from .cell_rows import GridCell, GridRow, Kind
from .core_sentences import translated
from .plain import tooltip_of, visible
from .rule_fields import BROKEN

_CELL, _GAP, _STANZA_GAP = 1.4, 0.14, 0.6
"""Side of a cell, gap between cells and gap between stanzas, in heights of a line of text."""


@dataclass(frozen=True)
class _Box:
    """A cell where it is painted."""

    place: QRectF
    cell: GridCell


@dataclass(frozen=True)
class _Placed:
    """A row where it is painted."""

    place: QRectF
    row: GridRow
    boxes: tuple[_Box, ...]
    letter: QRectF


class CellGrid(QWidget):
    """Paints rows of cells; long rows go on in the next line. What is wrong stands in the tooltip of the cell."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._rows: tuple[GridRow, ...] = ()
        self._placed: tuple[int, list[_Placed]] = (-1, [])
        policy = QSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        policy.setHeightForWidth(True)
        self.setSizePolicy(policy)

    def rows(self) -> tuple[GridRow, ...]:
        """What is shown."""
        return self._rows

    def set_rows(self, rows: Sequence[GridRow]) -> None:
        """Show other rows."""
        if tuple(rows) != self._rows:
            self._rows = tuple(rows)
            self._place_anew()

    def heightForWidth(self, width: int) -> int:  # noqa: N802 - Qt's name
        """As high as its rows need."""
        placed = self._place(width)
        return round(placed[-1].place.bottom()) + 1 if placed else 0

    def sizeHint(self) -> QSize:  # noqa: N802 - Qt's name
        """Its rows at the width that it has."""
        width = max(self.width(), 1)
        return QSize(width, self.heightForWidth(width))

    def minimumSizeHint(self) -> QSize:  # noqa: N802 - Qt's name
        """It takes any width; rows go on in the next line."""
        return QSize(1, 1)

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802 - Qt's name
        """Rows are broken anew."""
        super().resizeEvent(event)
        self.updateGeometry()

    def changeEvent(self, event: QEvent) -> None:  # noqa: N802 - Qt's name
        """Cells are as large as the font."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.FontChange:
            self._place_anew()

    def event(self, event: QEvent) -> bool:
        """The tooltip of a cell, or of its line."""
        if isinstance(event, QHelpEvent):
            QToolTip.showText(event.globalPos(), tooltip_of(self.fault_at(event.pos().toPointF())), self)
            return True
        return super().event(event)

    def fault_at(self, point: QPointF) -> str:
        """What is wrong at a point of the widget; "" is nothing."""
        for placed in self._place(self.width()):
            if placed.place.contains(point):
                for box in placed.boxes:
                    if box.cell.fault and box.place.contains(point):
                        return translated(box.cell.fault)
                return "\n".join(map(translated, placed.row.faults))
        return ""

    def _place_anew(self) -> None:
        self._placed = (-1, [])
        self.updateGeometry()
        self.update()

    def _place(self, width: int) -> list[_Placed]:
        """Where all is painted, in a widget of some width."""
        if self._placed[0] != width:
            self._placed = (width, self._places(width))
        return self._placed[1]

    def _places(self, width: int) -> list[_Placed]:
        metrics = self.fontMetrics()
        high, gap = metrics.height() * _CELL, metrics.height() * _GAP
        left = metrics.horizontalAdvance("0" * len(str(len(self._rows)))) + 3 * gap
        letter_wide = high
        found: list[_Placed] = []
        y = 0.0
        for row in self._rows:
            top = y = y + (metrics.height() * _STANZA_GAP if row.opens_stanza and found else 0)
            x = left
            boxes: list[_Box] = []
            for cell in row.cells:
                wide = metrics.horizontalAdvance(cell.text) + (0 if cell.kind is Kind.MARK else 3 * gap)
                wide = wide if cell.kind is Kind.MARK else max(wide, high)
                if boxes and x + wide > width - letter_wide:
                    x, y = left, y + high + gap
                boxes.append(_Box(QRectF(x, y, wide, high), cell))
                x += wide + gap
            letter = QRectF(min(x + gap, width - letter_wide), y, letter_wide, high)
            y += high + gap
            found.append(_Placed(QRectF(0, top, width, y - top), row, tuple(boxes), letter))
        return found

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802 - Qt's name
        """Paints the rows that are to be seen."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        for placed in self._place(self.width()):
            if placed.place.intersects(QRectF(event.rect())):
                self._paint_row(painter, placed)
        painter.end()

    def _paint_row(self, painter: QPainter, placed: _Placed) -> None:
        palette, row = self.palette(), placed.row
        first = QRectF(placed.place.topLeft(), placed.letter.size())
        painter.setPen(theme.problem(palette) if row.faults else theme.muted(palette))
        painter.drawText(first, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, str(row.number))
        if row.source:
            where = placed.place.adjusted(self.fontMetrics().height() * 1.6, 0, 0, 0)
            shown = self.fontMetrics().elidedText(
                f"{BROKEN} {visible(row.source)}", Qt.TextElideMode.ElideRight, int(where.width())
            )
            painter.drawText(where, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, shown)
        for box in placed.boxes:
            self._paint_cell(painter, box)
        if row.letter:
            colour = theme.problem(palette) if row.is_rhyme_broken else theme.accent(palette)
            painter.setPen(colour)
            sign = f"{row.letter}{BROKEN}" if row.is_rhyme_broken else row.letter
            font = painter.font()
            font.setBold(True)
            painter.setFont(font)
            painter.drawText(placed.letter, Qt.AlignmentFlag.AlignCenter, sign)
            font.setBold(False)
            painter.setFont(font)

    def _paint_cell(self, painter: QPainter, box: _Box) -> None:
        palette, cell = self.palette(), box.cell
        wrong = bool(cell.fault)
        if cell.kind is not Kind.MARK:
            border = theme.problem(palette) if wrong else palette.color(QPalette.ColorRole.Mid)
            pen = QPen(border, 1.6 if wrong else 1)
            if cell.kind in {Kind.OPTIONAL, Kind.MISSING}:
                pen.setStyle(Qt.PenStyle.DashLine)
            painter.setPen(pen)
            painter.setBrush(self._ground(cell))
            place, round_by = box.place.adjusted(0.5, 0.5, -0.5, -0.5), box.place.height() * 0.16
            painter.drawRoundedRect(place, round_by, round_by)
            if wrong:
                side = box.place.height() * 0.28
                corner = place.topRight()
                painter.setPen(Qt.PenStyle.NoPen)
                painter.setBrush(border)
                painter.drawPolygon(QPolygonF([corner - QPointF(side, 0), corner, corner + QPointF(0, side)]))
        painter.setPen(self._ink(cell))
        painter.drawText(box.place, Qt.AlignmentFlag.AlignCenter, visible(cell.text))

    def _ground(self, cell: GridCell) -> QColor:
        palette = self.palette()
        role = QPalette.ColorRole.Button if cell.is_given else QPalette.ColorRole.Base
        return QColor(Qt.GlobalColor.transparent) if cell.kind is Kind.OPTIONAL else palette.color(role)

    def _ink(self, cell: GridCell) -> QColor:
        palette = self.palette()
        if cell.fault:
            return theme.problem(palette)
        if cell.kind is Kind.MARK or not (cell.is_given or cell.is_written):
            return theme.muted(palette)
        return palette.color(QPalette.ColorRole.Text)
