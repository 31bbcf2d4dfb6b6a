"""Buttons with a picture drawn in the palette's ink: sharp at any size, right in light and dark."""

from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QPainter, QPainterPath, QPaintEvent, QPalette, QPen
from PySide6.QtWidgets import QStyle, QStyleOptionToolButton, QStylePainter, QToolButton, QWidget

_PIPS = {
    1: ((0, 0),),
    2: ((-1, -1), (1, 1)),
    3: ((-1, -1), (0, 0), (1, 1)),
    4: ((-1, -1), (1, -1), (-1, 1), (1, 1)),
    5: ((-1, -1), (1, -1), (0, 0), (-1, 1), (1, 1)),
    6: ((-1, -1), (1, -1), (-1, 0), (1, 0), (-1, 1), (1, 1)),
}
"""Where the pips of each face of a die are, from its middle."""


class DrawnButton(QToolButton):
    """A flat tool button of the height of a line of text; subclasses draw within a unit square about (0, 0)."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAutoRaise(True)

    def sizeHint(self) -> QSize:  # noqa: N802 - Qt's name
        """A square somewhat higher than a line of text."""
        side = self.fontMetrics().height() + 9
        return QSize(side, side)

    def minimumSizeHint(self) -> QSize:  # noqa: N802 - Qt's name
        """The same."""
        return self.sizeHint()

    def paintEvent(self, _event: QPaintEvent) -> None:  # noqa: N802 - Qt's name
        """The style's button, then the picture."""
        painter = QStylePainter(self)
        option = QStyleOptionToolButton()
        self.initStyleOption(option)
        painter.drawComplexControl(QStyle.ComplexControl.CC_ToolButton, option)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.translate(QRectF(self.rect()).center())
        side = 0.62 * min(self.width(), self.height())
        painter.scale(side, side)
        colour = self.palette().color(QPalette.ColorRole.ButtonText)
        painter.setPen(QPen(colour, 0.1, Qt.PenStyle.SolidLine, Qt.PenCapStyle.RoundCap, Qt.PenJoinStyle.RoundJoin))
        self.draw(painter)

    def draw(self, painter: QPainter) -> None:
        """The picture, from -0.5 to 0.5 either way, with the pen that is set."""


class DiceButton(DrawnButton):
    """A die; it shows a face of the number it was given."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._face = 5

    def set_number(self, number: int) -> None:
        """Turn it."""
        self._face = number % 6 + 1
        self.update()

    def draw(self, painter: QPainter) -> None:
        """A rounded square with pips."""
        painter.drawRoundedRect(QRectF(-0.45, -0.45, 0.9, 0.9), 0.16, 0.16)
        painter.setBrush(painter.pen().color())
        painter.setPen(Qt.PenStyle.NoPen)
        for x, y in _PIPS[self._face]:
            painter.drawEllipse(QPointF(0.24 * x, 0.24 * y), 0.085, 0.085)


class LockButton(DrawnButton):
    """A padlock that is shut while the button is on."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setCheckable(True)

    def draw(self, painter: QPainter) -> None:
        """A body, and a bow that is lifted on one side while open."""
        bow = QPainterPath(QPointF(-0.22, 0.0))
        top = -0.2 if self.isChecked() else -0.26
        bow.lineTo(-0.22, top)
        bow.arcTo(QRectF(-0.22, top - 0.22, 0.44, 0.44), 180, -180)
        if self.isChecked():
            bow.lineTo(0.22, 0.0)
        painter.drawPath(bow)
        if self.isChecked():
            painter.setBrush(painter.pen().color())
        painter.drawRoundedRect(QRectF(-0.36, 0.0, 0.72, 0.46), 0.08, 0.08)


class CloseButton(DrawnButton):
    """A cross."""

    def draw(self, painter: QPainter) -> None:
        """Two strokes."""
        painter.drawLine(QPointF(-0.25, -0.25), QPointF(0.25, 0.25))
        painter.drawLine(QPointF(-0.25, 0.25), QPointF(0.25, -0.25))
