"""A sentence beside what matters."""

from PySide6.QtCore import QEvent, Qt
from PySide6.QtGui import QPalette
from PySide6.QtWidgets import QLabel, QWidget

from . import theme


class MutedLabel(QLabel):
    """Plain text that wraps, in the muted colour of the palette of the moment."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setTextFormat(Qt.TextFormat.PlainText)
        self.setWordWrap(True)
        self._colour()

    def changeEvent(self, event: QEvent) -> None:  # noqa: N802 - Qt's name
        """Follow the palette."""
        super().changeEvent(event)
        if event.type() in {QEvent.Type.PaletteChange, QEvent.Type.ApplicationPaletteChange}:
            self._colour()

    def _colour(self) -> None:
        palette, colour = self.palette(), theme.muted(self.palette())
        if palette.color(QPalette.ColorRole.WindowText) != colour:  # setting it is a change of palette, too
            palette.setColor(QPalette.ColorRole.WindowText, colour)
            self.setPalette(palette)
