"""Text of unknown origin, shown as it is: selectable, wrapped anywhere, as high as it needs."""

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QResizeEvent, QTextOption
from PySide6.QtWidgets import QFrame, QSizePolicy, QTextEdit, QWidget

from toolkit.tokenizer import readable

_KEPT = "\n\xa0\u3000"
"""Not printable, says Python, and still wanted: a line break, and the blanks of some scripts."""

_LONGEST = 2000
"""Characters of one text that are shown; a file may hold millions."""


def visible(text: str) -> str:
    """Text that a file or an error brought, with control characters written out and an end put to it.

    Line breaks and wide blanks stay.
    """
    end = " …" if len(text) > _LONGEST else ""
    return "".join(c if c in _KEPT else readable(c) for c in text[:_LONGEST]) + end


class PlainView(QTextEdit):
    """Plain text without a frame or bars; unlike a QLabel it wraps a long path, and its rows select as one."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setReadOnly(True)
        self.setAcceptRichText(False)
        self.setUndoRedoEnabled(False)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setTabChangesFocus(True)
        self.setTextInteractionFlags(
            Qt.TextInteractionFlag.TextSelectableByMouse | Qt.TextInteractionFlag.TextSelectableByKeyboard
        )
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setWordWrapMode(QTextOption.WrapMode.WrapAtWordBoundaryOrAnywhere)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.viewport().setAutoFillBackground(False)
        self.document().setDocumentMargin(0)
        self.document().documentLayout().documentSizeChanged.connect(lambda _size: self.updateGeometry())

    def show_text(self, text: str) -> None:
        """Show a text; nothing in it is markup."""
        self.setPlainText(visible(text))

    def sizeHint(self) -> QSize:  # noqa: N802 - Qt's name
        """As high as the text at the width that there is."""
        return QSize(super().sizeHint().width(), max(1, round(self.document().size().height())))

    def minimumSizeHint(self) -> QSize:  # noqa: N802 - Qt's name
        """Any width will do."""
        return QSize(6 * self.fontMetrics().height(), self.sizeHint().height())

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802 - Qt's name
        """Another width is another height."""
        super().resizeEvent(event)
        self.updateGeometry()
