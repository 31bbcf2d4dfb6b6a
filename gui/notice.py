"""Something that went wrong, in words, until it is dismissed."""

from PySide6.QtCore import QEvent, Qt, Signal
from PySide6.QtGui import QKeyEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QHBoxLayout, QWidget

from . import theme
from .drawn_buttons import CloseButton
from .plain_view import PlainView


class Notice(QWidget):
    """Hidden while there is nothing to say."""

    dismissed = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.text = PlainView(self)
        self.close_button = CloseButton(self)
        row = QHBoxLayout(self)
        row.setContentsMargins(10, 6, 2, 6)
        row.addWidget(self.text, 1)
        row.addWidget(self.close_button, 0, Qt.AlignmentFlag.AlignTop)
        self.close_button.clicked.connect(self.dismiss)
        self.retranslate()
        self.hide()

    def show_text(self, text: str) -> None:
        """Say it, as plain text."""
        self.text.show_text(text)
        self.show()

    def dismiss(self) -> None:
        """Say no more."""
        self.hide()
        self.dismissed.emit()

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802 - Qt's name
        """Esc dismisses it."""
        if event.key() == Qt.Key.Key_Escape:
            self.dismiss()
        else:
            super().keyPressEvent(event)

    def paintEvent(self, _event: QPaintEvent) -> None:  # noqa: N802 - Qt's name
        """A tinted area with an edge of the problem's colour."""
        painter, colour = QPainter(self), theme.problem(self.palette())
        painter.fillRect(0, 0, 3, self.height(), colour)
        colour.setAlphaF(0.1)
        painter.fillRect(3, 0, self.width() - 3, self.height(), colour)

    def changeEvent(self, event: QEvent) -> None:  # noqa: N802 - Qt's name
        """Follow the language."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.LanguageChange:
            self.retranslate()

    def retranslate(self) -> None:
        """Set every text."""
        self.text.setAccessibleName(self.tr("What went wrong"))
        self.close_button.setAccessibleName(self.tr("Dismiss"))
        self.close_button.setToolTip(self.tr("Dismiss this message"))
