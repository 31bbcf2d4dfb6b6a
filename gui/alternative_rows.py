"""How an alternative is painted: its key, the token, and its probability before and after sampling and rules."""

from dataclasses import dataclass
from itertools import pairwise

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFont, QFontMetricsF, QPainter, QPaintEvent, QPalette
from PySide6.QtWidgets import QSizePolicy, QStyle, QStyledItemDelegate, QStyleOptionViewItem, QWidget

from . import theme
from .plain_text import on_one_line, visible

KEYS = "1234567890"
ROW_ROLE = Qt.ItemDataRole.UserRole
_LEFT = Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft | Qt.TextFlag.TextSingleLine
_RIGHT = Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignRight


@dataclass(frozen=True)
class Row:
    """One alternative.

    Attributes:
        text: of the token.
        prob: its probability before sampling and rules.
        kept: after them; 0 where they drop it.
        note: a few words more, such as which rule it breaks.
        scale: the probability of a whole bar.
    """

    text: str
    prob: float
    kept: float
    note: str = ""
    scale: float = 1.0


def percent(prob: float) -> str:
    """A probability for people; a dash for none."""
    if prob <= 0:
        return "–"
    if prob < 0.0005:
        return "<0.1%"
    return f"{100 * prob:.1f}%" if prob < 0.0995 else f"{100 * prob:.0f}%"


def _cells(rect: QRectF, font: QFont) -> tuple[QRectF, QRectF, QRectF, QRectF]:
    """Where key, text and the two probabilities of a row stand."""
    em = QFontMetricsF(font).height()
    cell, key = 6.2 * em, 1.4 * em
    lefts = (0.45 * em, key, rect.width() - 2 * cell, rect.width() - cell, rect.width())
    boxes = [
        QRectF(rect.left() + left, rect.top(), right - left - 0.45 * em, rect.height())
        for left, right in pairwise(lefts)
    ]
    return boxes[0], boxes[1], boxes[2], boxes[3]


class RowPainter(QStyledItemDelegate):
    """Key, text, and both probabilities as bars and numbers."""

    def sizeHint(  # noqa: N802
        self, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex
    ) -> QSize:
        """As high as a line of text with some air."""
        em = QFontMetricsF(option.font).height()
        return QSize(round(17 * em), round(1.55 * em))

    def paint(
        self, painter: QPainter, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex
    ) -> None:
        """One row."""
        rect, font, palette = QRectF(option.rect), option.font, option.palette
        row: Row = index.data(ROW_ROLE)
        key, text, before, after = _cells(rect, font)
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        if option.state & QStyle.StateFlag.State_Selected:
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(_thinned(theme.accent(palette), 0.15))
            painter.drawRoundedRect(rect.adjusted(1, 1, -1, -1), 4, 4)
        painter.setFont(font)
        painter.setPen(theme.muted(palette))
        painter.drawText(key, int(_LEFT), KEYS[index.row() : index.row() + 1])
        ink = palette.color(QPalette.ColorRole.Text) if row.kept > 0 else theme.muted(palette)
        _paint_text(painter, text, row, ink, theme.muted(palette))
        _paint_prob(painter, before, row.prob, row.scale, theme.muted(palette))
        _paint_prob(painter, after, row.kept, row.scale, theme.accent(palette))
        painter.restore()


def _thinned(colour: QColor, alpha: float) -> QColor:
    thin = QColor(colour)
    thin.setAlphaF(alpha)
    return thin


def _paint_text(painter: QPainter, box: QRectF, row: Row, ink: QColor, muted: QColor) -> None:
    """The token, larger, and the note in what room is left."""
    plain, large = QFont(painter.font()), QFont(painter.font())
    large.setPointSizeF(plain.pointSizeF() * 1.25)
    metrics = QFontMetricsF(large)
    shown = metrics.elidedText(visible(row.text), Qt.TextElideMode.ElideRight, box.width())
    painter.setFont(large)
    painter.setPen(ink)
    painter.drawText(box, int(_LEFT), shown)
    rest = box.adjusted(metrics.horizontalAdvance(shown) + metrics.height() * 0.35, 0, 0, 0)
    painter.setFont(plain)
    painter.setPen(muted)
    if row.note and rest.width() > metrics.height():
        note = QFontMetricsF(plain).elidedText(on_one_line(row.note), Qt.TextElideMode.ElideRight, rest.width())
        painter.drawText(rest, int(_LEFT), note)


def _paint_prob(painter: QPainter, cell: QRectF, prob: float, scale: float, colour: QColor) -> None:
    """A bar on its track, and the number at the right."""
    em = QFontMetricsF(painter.font()).height()
    track = QRectF(cell.left(), cell.center().y() - 0.14 * em, cell.width() - 3.5 * em, 0.28 * em)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(_thinned(colour, 0.18))
    painter.drawRoundedRect(track, 0.14 * em, 0.14 * em)
    if prob > 0:
        painter.setBrush(colour)
        filled = max(track.height(), track.width() * min(1.0, prob / scale))
        painter.drawRoundedRect(QRectF(track.left(), track.top(), filled, track.height()), 0.14 * em, 0.14 * em)
    painter.setPen(theme.muted())
    painter.drawText(cell, int(_RIGHT), percent(prob))


class Heads(QWidget):
    """The heads of the two columns of probabilities."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self._words = ("", "")
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)

    def set_words(self, before: str, after: str) -> None:
        """Set both heads."""
        self._words = (before, after)
        self.update()

    def sizeHint(self) -> QSize:  # noqa: N802
        """One row."""
        return QSize(0, round(QFontMetricsF(self.font()).height() * 1.2))

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802
        """Paint them over their columns."""
        painter = QPainter(self)
        painter.setPen(theme.muted(self.palette()))
        _, _, before, after = _cells(QRectF(self.rect()), self.font())
        for box, word in zip((before, after), self._words, strict=True):
            shown = painter.fontMetrics().elidedText(word, Qt.TextElideMode.ElideRight, round(box.width()))
            painter.drawText(box, int(_LEFT), shown)
        painter.end()
