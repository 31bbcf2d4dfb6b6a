"""Sentences that come and go beside what they speak of."""

from collections.abc import Callable

from PySide6.QtGui import QColor, QPalette
from PySide6.QtWidgets import QWidget

from .plain import PlainLabel


class Note(PlainLabel):
    """A plain text that wraps, in a colour of the theme; it takes no room while it is empty."""

    def __init__(
        self, colour: Callable[[QPalette], QColor], parent: QWidget | None = None, *, wraps: bool = True
    ) -> None:
        super().__init__(colour, parent)
        self.setWordWrap(wraps)
        self.setVisible(False)

    def say(self, text: str, colour: Callable[[QPalette], QColor] | None = None) -> None:
        """Show a text, or hide where it is empty."""
        if colour is not None:
            self.set_tone(colour)
        self.show_text(text)
        self.setVisible(bool(text))
