"""Text of others, of models and of errors, shown as it is and never taken for HTML."""

import html
from collections.abc import Callable

from PySide6.QtCore import QEvent, Qt
from PySide6.QtGui import QColor, QPalette
from PySide6.QtWidgets import QLabel, QWidget


def visible(text: str) -> str:
    """A text whose control characters, but for line breaks, can be seen."""
    return "".join(char if char.isprintable() or char == "\n" else ascii(char)[1:-1] for char in text)


def tooltip_of(text: str) -> str:
    """What `setToolTip` shows as that text, wrapped; "" for none."""
    return f"<qt>{html.escape(visible(text)).replace(chr(10), '<br>')}</qt>" if text else ""


class Note(QLabel):
    """A plain text that wraps, in a colour of the theme; it takes no room while it is empty."""

    def __init__(
        self, colour: Callable[[QPalette], QColor], parent: QWidget | None = None, *, wraps: bool = True
    ) -> None:
        super().__init__(parent)
        self._colour = colour
        self.setTextFormat(Qt.TextFormat.PlainText)
        self.setWordWrap(wraps)
        self.setVisible(False)
        self._tint()

    def say(self, text: str, colour: Callable[[QPalette], QColor] | None = None) -> None:
        """Show a text, or hide where it is empty."""
        self._colour = colour or self._colour
        self._tint()
        self.setText(visible(text))
        self.setVisible(bool(text))

    def changeEvent(self, event: QEvent) -> None:  # noqa: N802 - Qt's name
        """The colour follows light and dark."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange:
            self._tint()

    def _tint(self) -> None:
        palette = self.palette()
        wanted = self._colour(palette)
        if palette.color(QPalette.ColorRole.WindowText) != wanted:
            palette.setColor(QPalette.ColorRole.WindowText, wanted)
            self.setPalette(palette)
