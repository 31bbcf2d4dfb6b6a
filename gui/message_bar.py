"""What went wrong or is worth knowing, in words above the text; it never stands in the way."""

from PySide6.QtCore import QEvent, Qt, QTimer
from PySide6.QtGui import QHideEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QSizePolicy, QToolButton, QWidget

from .core_sentences import translated
from .plain import PlainLabel, visible
from .theme import muted, problem

STAYS_MS = 12_000
"""So long what is only worth knowing is shown; a problem stays until it is gone or closed."""

_LONGEST = 600
"""Characters of a message; the rest helps nobody."""


class MessageBar(QFrame):
    """One message at a time, as plain text; the newest is shown."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._is_problem = False
        self._going = QTimer(self, singleShot=True, interval=STAYS_MS)
        self._going.timeout.connect(self.hide)
        self._label = PlainLabel()
        self._label.setWordWrap(True)
        self._label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self._label.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self._close = QToolButton()
        self._close.setAutoRaise(True)
        self._close.setText("×")
        self._close.clicked.connect(self.hide)
        row = QHBoxLayout(self)
        row.setContentsMargins(10, 4, 4, 4)
        row.addWidget(self._label, 1)
        row.addWidget(self._close)
        self.setFrameShape(QFrame.Shape.StyledPanel)
        self.hide()
        self.retranslate()

    def show_problem(self, message: str) -> None:
        """Say what could not be done, and why; a sentence of the core in the language of the window."""
        self._show(translated(message), is_problem=True)

    def show_message(self, message: str) -> None:
        """Say what is worth knowing, for a while."""
        self._show(message, is_problem=False)

    def settle(self) -> None:
        """What was wrong is so no longer."""
        if self._is_problem:
            self.hide()

    def hideEvent(self, event: QHideEvent) -> None:  # noqa: N802 - Qt's name
        """No message waits to go."""
        self._going.stop()
        super().hideEvent(event)

    @property
    def text(self) -> str:
        """What is shown; "" if nothing is."""
        return self._label.text() if not self.isHidden() else ""

    def _show(self, message: str, *, is_problem: bool) -> None:
        self._is_problem = is_problem
        self._label.show_text(_cut(message))
        self._label.setAccessibleName(visible(_cut(message)))
        self._paint()
        self.show()
        if is_problem:
            self._going.stop()
        else:
            self._going.start()

    def _paint(self) -> None:
        colour = problem(self.palette()) if self._is_problem else muted(self.palette())
        self.setStyleSheet(f"MessageBar {{ border: 1px solid {colour.name()}; border-radius: 6px; }}")

    def retranslate(self) -> None:
        """Set all texts in the language of the window."""
        self.setAccessibleName(self.tr("Message"))
        self._close.setToolTip(self.tr("Close this message"))
        self._close.setAccessibleName(self.tr("Close this message"))

    def changeEvent(self, event: QEvent) -> None:  # noqa: N802 - Qt's name
        """Another language, or other colours."""
        if event.type() == QEvent.Type.LanguageChange:
            self.retranslate()
        if event.type() == QEvent.Type.PaletteChange and hasattr(self, "_label"):
            self._paint()
        super().changeEvent(event)


def _cut(message: str) -> str:
    return message if len(message) <= _LONGEST else f"{message[:_LONGEST]}…"
