"""A button of two lines: a name, and what it stands for."""

import html

from PySide6.QtCore import QRect, QRectF, QSize, Qt
from PySide6.QtGui import QFont, QFontMetrics, QPainter, QPaintEvent, QPalette
from PySide6.QtWidgets import QPushButton, QSizePolicy, QWidget

from . import theme

_MARGIN = 10


class ChoiceRow(QPushButton):
    """One of several; the one in use has an edge of the accent."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._name, self._description = "", ""
        self._in_use = False
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setCursor(Qt.CursorShape.PointingHandCursor)

    def set_words(self, name: str, description: str) -> None:
        """Both lines; plain text."""
        self._name, self._description = name, description
        self.setAccessibleName(name)
        self.setAccessibleDescription(description)
        self.setToolTip(html.escape(description))  # it may be too long for the row
        self.updateGeometry()
        self.update()

    def in_use(self) -> bool:
        """Whether it is marked."""
        return self._in_use

    def set_in_use(self, in_use: bool) -> None:
        """Mark it."""
        self._in_use = in_use
        self.update()

    def sizeHint(self) -> QSize:  # noqa: N802 - Qt's name
        """Two lines; what does not fit in the width is elided."""
        line = self.fontMetrics().lineSpacing()
        return QSize(self.fontMetrics().horizontalAdvance(self._description) + 2 * _MARGIN, 2 * line + _MARGIN)

    def minimumSizeHint(self) -> QSize:  # noqa: N802 - Qt's name
        """Any width will do."""
        return QSize(8 * self.fontMetrics().height(), self.sizeHint().height())

    def paintEvent(self, _event: QPaintEvent) -> None:  # noqa: N802 - Qt's name
        """A card."""
        painter, palette = QPainter(self), self.palette()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        card = QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5)
        lit = self.underMouse() or self.isDown()
        painter.setBrush(palette.color(QPalette.ColorRole.AlternateBase if lit else QPalette.ColorRole.Base))
        edge = palette.color(QPalette.ColorRole.Accent if self.hasFocus() else QPalette.ColorRole.Mid)
        painter.setPen(edge)
        painter.drawRoundedRect(card, 3, 3)
        if self._in_use:
            painter.fillRect(QRect(0, 3, 3, self.height() - 6), theme.accent(palette))

        bold = QFont(self.font())
        bold.setBold(self._in_use)
        line = self.fontMetrics().lineSpacing()
        area = QRect(_MARGIN, _MARGIN // 2, self.width() - 2 * _MARGIN, line)
        inks = (palette.color(QPalette.ColorRole.Text), theme.muted(palette))
        for text, font, ink in zip((self._name, self._description), (bold, self.font()), inks, strict=True):
            painter.setFont(font)
            painter.setPen(ink)
            shown = QFontMetrics(font).elidedText(text, Qt.TextElideMode.ElideRight, area.width())
            painter.drawText(area, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, shown)
            area.translate(0, line)
