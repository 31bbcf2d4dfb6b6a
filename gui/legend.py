"""What the tints under the text mean, below it while they are shown."""

from PySide6.QtCore import QEvent, QRectF, QSize, Qt
from PySide6.QtGui import QFont, QFontMetricsF, QPainter, QPaintEvent, QPalette
from PySide6.QtWidgets import QWidget

from . import theme
from .colouring import tint

_STEPS = (0.5, 0.15, 0.04, 0.01, 0.001)


class Legend(QWidget):
    """Five tints between two words."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._words = ("", "")
        self.retranslate()

    def retranslate(self) -> None:
        """Set the texts in the language of the window."""
        self._words = self.tr("expected"), self.tr("surprising")
        self.setToolTip(self.tr("The deeper the tint, the less the model expected the character that stands there."))
        self.setAccessibleName(self.tr("Legend of the tints"))
        self.setAccessibleDescription(self.toolTip())
        self.update()

    def changeEvent(self, event: QEvent) -> None:  # noqa: N802
        """The language may have changed."""
        if event.type() == QEvent.Type.LanguageChange:
            self.retranslate()
        super().changeEvent(event)

    def sizeHint(self) -> QSize:  # noqa: N802
        """One low row."""
        metrics = QFontMetricsF(self._small())
        words = sum(metrics.horizontalAdvance(word) for word in self._words)
        return QSize(round(words + 12 * metrics.height()), round(1.6 * metrics.height()))

    def _small(self) -> QFont:
        """Smaller than the lyric, never below what can be read."""
        font = QFont(self.font())
        font.setPointSizeF(max(8.5, 0.62 * font.pointSizeF()))
        return font

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802
        """From right to left: the right word, the tints, the left word."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.fillRect(event.rect(), self.palette().color(QPalette.ColorRole.Base))
        painter.setFont(self._small())
        metrics = QFontMetricsF(painter.font())
        gap, middle = metrics.height() * 0.5, self.height() / 2
        swatch = metrics.height() * 1.1
        before, after = (metrics.horizontalAdvance(word) for word in self._words)
        left = self.width() - before - after - len(_STEPS) * swatch - 4 * gap
        flags = int(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
        painter.setPen(theme.muted(self.palette()))
        painter.drawText(QRectF(left, 0, before + gap, self.height()), flags, self._words[0])
        right = left + before + 2 * gap + len(_STEPS) * swatch
        painter.drawText(QRectF(right, 0, after + gap, self.height()), flags, self._words[1])
        painter.setPen(self.palette().color(QPalette.ColorRole.Mid))
        for step, prob in enumerate(_STEPS):
            painter.setBrush(tint(prob, self.palette()))
            box = QRectF(left + before + gap + step * swatch, middle - swatch * 0.32, swatch - 3, swatch * 0.64)
            painter.drawRoundedRect(box, 2, 2)
        painter.end()
