"""A sentence beside what matters."""

from PySide6.QtWidgets import QWidget

from .plain import PlainLabel
from .theme import muted


class MutedLabel(PlainLabel):
    """Plain text that wraps, in the muted colour."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(muted, parent)
        self.setWordWrap(True)
