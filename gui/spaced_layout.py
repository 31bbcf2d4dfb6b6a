"""Lines of a plain text with air below them; Qt's own layout of plain text knows no line height."""

from PySide6.QtCore import QRectF
from PySide6.QtGui import QTextBlock, QTextDocument
from PySide6.QtWidgets import QPlainTextDocumentLayout


class SpacedLayout(QPlainTextDocumentLayout):
    """The layout of a plain text whose paragraphs stand apart; the rows of a wrapped one stay together."""

    def __init__(self, document: QTextDocument) -> None:
        super().__init__(document)
        self._gap = 0.0

    def set_gap(self, pixels: float) -> None:
        """How much room there is below each paragraph."""
        self._gap = pixels

    def blockBoundingRect(self, block: QTextBlock) -> QRectF:  # noqa: N802
        """Of one paragraph, with the room below."""
        rect = super().blockBoundingRect(block)
        if block.isVisible():
            rect.setHeight(rect.height() + self._gap)
        return rect
