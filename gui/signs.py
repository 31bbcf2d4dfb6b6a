"""The small drawn signs beside the lines; they take their colour from the palette, as an emoji would not."""

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPen


def paint_lock(painter: QPainter, box: QRectF, colour: QColor, *, closed: bool) -> None:
    """A padlock; its shackle stands open when it is."""
    painter.save()
    side = box.width()
    painter.setPen(_stroke(colour, side))
    painter.setBrush(Qt.BrushStyle.NoBrush)
    body = QRectF(box.left() + 0.14 * side, box.top() + 0.46 * side, 0.72 * side, 0.5 * side)
    arch = QRectF(box.left() + 0.28 * side, box.top() + 0.08 * side, 0.44 * side, 0.6 * side)
    painter.drawArc(arch, 0 if closed else 35 * 16, 180 * 16 if closed else 145 * 16)
    for x in (arch.left(), arch.right())[: 1 + closed]:
        painter.drawLine(QPointF(x, arch.center().y()), QPointF(x, body.top()))
    if closed:
        painter.setBrush(colour)
    painter.drawRoundedRect(body, 0.1 * side, 0.1 * side)
    painter.restore()


def paint_reroll(painter: QPainter, box: QRectF, colour: QColor) -> None:
    """A circular arrow."""
    painter.save()
    side = box.width()
    painter.setPen(_stroke(colour, side))
    ring = box.adjusted(0.14 * side, 0.14 * side, -0.14 * side, -0.14 * side)
    painter.drawArc(ring, 60 * 16, 300 * 16)
    tip, wing = ring.center() + QPointF(ring.width() * 0.25, -ring.height() * 0.433), 0.2 * side
    painter.setBrush(colour)
    painter.setPen(Qt.PenStyle.NoPen)
    corners = ((1.3, 0.75), (0.5, -1.1), (-0.6, 0.75))
    painter.drawPolygon([tip + QPointF(wing * x, wing * y) for x, y in corners])
    painter.restore()


def paint_fault(painter: QPainter, box: QRectF, colour: QColor) -> None:
    """A triangle with an exclamation mark: its shape tells it, not only its colour."""
    painter.save()
    side = box.width()
    painter.setPen(_stroke(colour, side))
    painter.setBrush(Qt.BrushStyle.NoBrush)
    corners = ((0.5, 0.06), (1.0, 0.92), (0.0, 0.92))
    painter.drawPolygon([box.topLeft() + QPointF(side * x, side * y) for x, y in corners])
    middle = box.center().x()
    painter.drawLine(QPointF(middle, box.top() + 0.38 * side), QPointF(middle, box.top() + 0.6 * side))
    painter.drawPoint(QPointF(middle, box.top() + 0.76 * side))
    painter.restore()


def _stroke(colour: QColor, side: float) -> QPen:
    """For a sign of this size."""
    pen = QPen(colour, max(1.2, side * 0.11), Qt.PenStyle.SolidLine, Qt.PenCapStyle.RoundCap)
    pen.setJoinStyle(Qt.PenJoinStyle.RoundJoin)
    return pen
