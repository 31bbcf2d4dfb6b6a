"""One of several takes: its text, a note, and the button that chooses it."""

from PySide6.QtCore import QEvent, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QFocusEvent, QFont, QFontMetrics, QKeySequence, QPainter, QPaintEvent, QPalette, QTextCursor
from PySide6.QtWidgets import QFrame, QHBoxLayout, QPlainTextEdit, QPushButton, QVBoxLayout, QWidget

from . import theme
from .plain import PlainLabel, visible

_CELLS = 9
"""Full-width characters that a card has room for at least: a line of seven with its mark."""


class TakeCard(QWidget):
    """A take, numbered from 0; it is empty, a draft, or finished."""

    chosen = Signal(int)
    """Of this number: it is wanted in the text."""

    def __init__(self, index: int, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.index = index
        self._text, self._note, self._writing = "", "", True
        self._heading = PlainLabel()
        bold = self._heading.font()
        bold.setBold(True)
        self._heading.setFont(bold)
        self._state = PlainLabel(theme.muted)
        self._state.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        self._body = _Body()
        self._body.focus_changed.connect(self.update)
        self._about = PlainLabel(theme.muted)
        self._about.setWordWrap(True)
        self.use = QPushButton()
        self.use.clicked.connect(self.choose)
        head = QHBoxLayout()
        head.addWidget(self._heading)
        head.addWidget(self._state, 1)
        box = QVBoxLayout(self)
        box.addLayout(head)
        box.addWidget(self._body, 1)
        box.addWidget(self._about)
        box.addWidget(self.use)
        self._show("", "", writing=True)
        self.retranslate()

    # What it holds -------------------------------------------------------------------------------

    @property
    def text(self) -> str:
        """As far as it is written."""
        return self._text

    @property
    def is_writing(self) -> bool:
        """Whether more is expected."""
        return self._writing

    @property
    def can_be_chosen(self) -> bool:
        """Whether there is a text, and no more of it comes."""
        return bool(self._text) and not self._writing

    def set_draft(self, text: str) -> None:
        """Show what is written so far."""
        self._show(text, "", writing=True)

    def finish(self, text: str, note: str = "") -> None:
        """Show the whole text, and a note below it; without a text the note says why."""
        self._show(text, note, writing=False)

    def end(self) -> None:
        """No more comes: a draft stays as it is."""
        self._show(self._text, self._note, writing=False)

    def choose(self) -> None:
        """Want it in the text, if there is one."""
        if self.can_be_chosen:
            self.chosen.emit(self.index)

    def _show(self, text: str, note: str, *, writing: bool) -> None:
        changed = writing != self._writing
        if text != self._text:
            self._text = text
            self._body.show_text(visible(text))
        self._note, self._writing = note, writing
        self._about.show_text(note)
        self._about.setVisible(bool(note))
        self.use.setEnabled(self.can_be_chosen)
        if changed:
            self._show_state()

    # How it looks --------------------------------------------------------------------------------

    def set_text_font(self, font: QFont) -> None:
        """The font of the text."""
        self._body.setFont(font)

    def body(self) -> QPlainTextEdit:
        """What shows the text."""
        return self._body

    def note(self) -> str:
        """What is said below the text."""
        return self._about.text()

    def retranslate(self) -> None:
        """Set all texts anew."""
        number = self.index + 1
        name = self.tr("Take {number}").format(number=number)
        keys = QKeySequence(f"Ctrl+{number}").toString(QKeySequence.SequenceFormat.NativeText)
        self.setAccessibleName(name)
        self._heading.setText(name)
        self._body.setAccessibleName(self.tr("Text of take {number}").format(number=number))
        self.use.setText(self.tr("Use this one"))
        self.use.setAccessibleName(self.tr("Use take {number}").format(number=number))
        self.use.setToolTip(self.tr("Put this take into the text ({keys}).").format(keys=keys))
        self._show_state()

    def _show_state(self) -> None:
        self._state.setText(self.tr("writing …") if self._writing else "")

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802 - Qt's name
        """A sheet of paper; its edge is coloured while the text has the focus."""
        palette = self.palette()
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setBrush(palette.color(QPalette.ColorRole.Base))
        painter.setPen(theme.accent(palette) if self._body.hasFocus() else palette.color(QPalette.ColorRole.Mid))
        painter.drawRoundedRect(QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5), 4, 4)

    def changeEvent(self, event: QEvent) -> None:  # noqa: N802 - Qt's name
        """The language of the window may change."""
        if event.type() == QEvent.Type.LanguageChange:
            self.retranslate()
        super().changeEvent(event)


class _Body(QPlainTextEdit):
    """A text to read and to copy from."""

    focus_changed = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.setReadOnly(True)
        self.setTabChangesFocus(True)
        self.setUndoRedoEnabled(False)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setTextInteractionFlags(
            Qt.TextInteractionFlag.TextSelectableByMouse | Qt.TextInteractionFlag.TextSelectableByKeyboard
        )

    def show_text(self, text: str) -> None:
        """Show a text; what only grows keeps the selection, and is followed where its end was in sight."""
        bar = self.verticalScrollBar()
        at_end, shown = bar.value() == bar.maximum(), self.toPlainText()
        if shown and text.startswith(shown):
            cursor = QTextCursor(self.document())
            cursor.movePosition(QTextCursor.MoveOperation.End)
            cursor.insertText(text[len(shown) :])
        else:
            self.setPlainText(text)
        if at_end:
            bar.setValue(bar.maximum())

    def focusInEvent(self, event: QFocusEvent) -> None:  # noqa: N802 - Qt's name
        """Say so."""
        super().focusInEvent(event)
        self.focus_changed.emit()

    def focusOutEvent(self, event: QFocusEvent) -> None:  # noqa: N802 - Qt's name
        """As `focusInEvent`."""
        super().focusOutEvent(event)
        self.focus_changed.emit()

    def minimumSizeHint(self) -> QSize:  # noqa: N802 - Qt's name
        """Room for the lines of a verse."""
        metrics = QFontMetrics(self.font())
        width = metrics.horizontalAdvance("国" * _CELLS) + self.verticalScrollBar().sizeHint().width()
        return QSize(width + 2 * int(self.document().documentMargin()), 4 * metrics.lineSpacing())

    def sizeHint(self) -> QSize:  # noqa: N802 - Qt's name
        """As wide as it must be, and eight lines high."""
        return QSize(self.minimumSizeHint().width(), 9 * QFontMetrics(self.font()).lineSpacing())
