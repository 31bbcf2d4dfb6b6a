"""How a row of the history looks: a line of text, and below it in muted figures when it was made."""

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QRect, QSize, Qt
from PySide6.QtGui import QFont, QFontMetrics, QPainter, QPalette
from PySide6.QtWidgets import QApplication, QStyle, QStyledItemDelegate, QStyleOptionViewItem

from .theme import muted

MADE = int(Qt.ItemDataRole.UserRole)
"""The role of the second line."""

_SMALLER = 0.85
_TALL = 1.3
"""Of the height of a font: Chinese in a Latin font comes from another, which may be taller."""
_ABOVE, _BESIDE = 4, 8


class HistoryRows(QStyledItemDelegate):
    """Paints both lines, cut off with … where they are too long."""

    def paint(
        self, painter: QPainter, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex
    ) -> None:
        """The row, selected and focused as the style has it."""
        plain = QStyleOptionViewItem(option)
        self.initStyleOption(plain, index)
        text, plain.text = plain.text, ""
        style = plain.widget.style() if plain.widget else QApplication.style()
        style.drawControl(QStyle.ControlElement.CE_ItemViewItem, plain, painter, plain.widget)
        selected = bool(plain.state & QStyle.StateFlag.State_Selected)
        ink = plain.palette.color(QPalette.ColorRole.HighlightedText if selected else QPalette.ColorRole.Text)
        inside = plain.rect.adjusted(_BESIDE, _ABOVE, -_BESIDE, -_ABOVE)
        painter.save()
        for font, words, colour in (
            (plain.font, text, ink),
            (_smaller(plain.font), str(index.data(MADE)), ink if selected else muted(plain.palette)),
        ):
            row = QRect(inside.left(), inside.top(), inside.width(), _height(font))
            cut = QFontMetrics(font).elidedText(words, Qt.TextElideMode.ElideRight, row.width())
            painter.setFont(font)
            painter.setPen(colour)
            painter.drawText(row, Qt.AlignmentFlag.AlignVCenter | Qt.TextFlag.TextSingleLine, cut)
            inside.setTop(row.bottom() + 1)
        painter.restore()

    def sizeHint(self, option: QStyleOptionViewItem, _: QModelIndex | QPersistentModelIndex) -> QSize:  # noqa: N802 - Qt's name
        """As high as both lines; as narrow as the panel becomes."""
        return QSize(10 * _BESIDE, _height(option.font) + _height(_smaller(option.font)) + 2 * _ABOVE)


def _smaller(font: QFont) -> QFont:
    small = QFont(font)
    small.setPointSizeF(font.pointSizeF() * _SMALLER)
    return small


def _height(font: QFont) -> int:
    return round(_TALL * QFontMetrics(font).height())
