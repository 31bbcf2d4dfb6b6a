"""Text of others, shown as it is: nothing in it is markup, and nothing in it is invisible."""

import html
import unicodedata
from collections.abc import Callable

from PySide6.QtCore import QEvent, Qt
from PySide6.QtGui import QColor, QPalette
from PySide6.QtWidgets import QLabel, QWidget

_PICTURES = 0x2400
"""U+2400 is the picture of the control character 0, and so on up to 32."""


def visible(text: str) -> str:
    """A text with control characters as their pictures; those that turn the direction of writing become U+FFFD."""
    return "".join(_shown(sign) for sign in text)


def _shown(sign: str) -> str:
    code = ord(sign)
    if code < 0x20 and sign not in "\n\t":
        return chr(_PICTURES + code)
    if code == 0x7F:
        return "\N{SYMBOL FOR DELETE}"
    kept = sign in "\n\t" or unicodedata.category(sign) not in {"Cc", "Cs"}
    return sign if kept and unicodedata.bidirectional(sign) not in _TURNS else "\N{REPLACEMENT CHARACTER}"


_TURNS = {"LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI"}
"""Bidirectional classes of signs that show a text in another order than it has."""


def tooltip_of(text: str) -> str:
    """What `setToolTip` shows as that text, wrapped; "" for none."""
    return f"<qt>{html.escape(visible(text)).replace(chr(10), '<br>')}</qt>" if text else ""


class PlainLabel(QLabel):
    """A label that takes no text for markup, in a colour of `toolkit.gui.theme` if one is given."""

    def __init__(self, tone: Callable[[QPalette], QColor] | None = None, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._tone = tone
        self.setTextFormat(Qt.TextFormat.PlainText)
        self._colour()

    def set_tone(self, tone: Callable[[QPalette], QColor]) -> None:
        """Another colour of `toolkit.gui.theme`."""
        self._tone = tone
        self._colour()

    def show_text(self, text: str) -> None:
        """Show a text; control characters in it are seen."""
        self.setText(visible(text))

    def changeEvent(self, event: QEvent) -> None:  # noqa: N802 - Qt's name
        """The colour follows the palette."""
        if event.type() == QEvent.Type.PaletteChange:
            self._colour()
        super().changeEvent(event)

    def _colour(self) -> None:
        palette = self.palette()
        if self._tone is not None and palette.color(QPalette.ColorRole.WindowText) != self._tone(palette):
            palette.setColor(QPalette.ColorRole.WindowText, self._tone(palette))
            self.setPalette(palette)
