"""A few words that the model would write, as one moves the controls."""

from PySide6.QtCore import QEvent, QTimer, Signal
from PySide6.QtGui import QFontMetrics, QTextOption
from PySide6.QtWidgets import QCheckBox, QPlainTextEdit, QVBoxLayout, QWidget

from .muted_label import MutedLabel
from .plain_view import visible

DELAY_MS = 120
"""A preview is asked for after the last change; a slider makes many."""

_LINES = 3


class PreviewBox(QWidget):
    """Text that stays where it is until there is another; its height never changes."""

    wanted = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.switch = QCheckBox(self)
        self.text = QPlainTextEdit(self)
        self.note = MutedLabel(self)
        self.switch.setChecked(True)
        self.text.setReadOnly(True)
        self.text.setTabChangesFocus(True)
        self.text.setWordWrapMode(QTextOption.WrapMode.WrapAtWordBoundaryOrAnywhere)
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(DELAY_MS)

        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(3)
        for part in (self.switch, self.text, self.note):
            column.addWidget(part)

        self._timer.timeout.connect(self.wanted)
        self.switch.toggled.connect(self._switched)
        self._fit()
        self.retranslate()

    def is_on(self) -> bool:
        """Whether previews are wanted."""
        return self.switch.isChecked()

    def ask(self) -> None:
        """Something changed: want a preview soon."""
        if self.is_on():
            self._timer.start()

    def show_text(self, text: str, note: str) -> None:
        """Show a preview and a line about it, both as plain text."""
        self.text.setPlainText(visible(text))
        self.note.setText(visible(note))
        self.note.setVisible(bool(note) and self.is_on())

    def _switched(self, on: bool) -> None:
        self.text.setVisible(on)
        self.note.setVisible(on and bool(self.note.text()))
        if on:
            self.ask()
        else:
            self._timer.stop()

    def _fit(self) -> None:
        """As high as a few lines, whatever the font."""
        frame = 2 * (self.text.frameWidth() + int(self.text.document().documentMargin()))
        self.text.setFixedHeight(_LINES * QFontMetrics(self.text.font()).lineSpacing() + frame)

    def changeEvent(self, event: QEvent) -> None:  # noqa: N802 - Qt's name
        """Follow the language and the font."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.LanguageChange:
            self.retranslate()
        elif event.type() == QEvent.Type.FontChange:
            self._fit()

    def retranslate(self) -> None:
        """Set every text."""
        self.switch.setText(self.tr("What it would write"))
        self.switch.setToolTip(self.tr("Write a few words anew whenever a control moves"))
        self.text.setAccessibleName(self.tr("Preview"))
        self.text.setAccessibleDescription(self.switch.toolTip())
        self.text.setPlaceholderText(self.tr("A few words appear here when a control moves"))
