"""A text that two write in: each step of either can be taken back, and an input method is never disturbed."""

from collections.abc import Iterable

from PySide6.QtCore import QEvent, QMimeData, Qt, Signal
from PySide6.QtGui import QFocusEvent, QGuiApplication, QInputMethodEvent, QKeyEvent, QKeySequence, QTextCursor
from PySide6.QtWidgets import QPlainTextEdit, QWidget

from . import line_locks
from .plain_text import Positions, changed_part, clean


class StepEditor(QPlainTextEdit):
    """Plain text with locked lines.

    Positions are characters of `text()`, lines are counted from 1. All text that comes in is cleaned by
    `gui.plain_text.clean`. Undo and redo are the document's own: a stream, a replacement and a lock are one step each.
    """

    locked_changed = Signal()
    composing_changed = Signal(bool)
    edited = Signal()
    """The text is another one; unlike `textChanged`, not when only a lock or a colour changed."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._preedit = ""
        self._text, self._positions = "", Positions("")
        self._stream: QTextCursor | None = None
        self._stream_start = 0
        self._stream_begun = self._stream_cr = False
        self._locks = line_locks.LineLocks(self.document())
        self.document().contentsChange.connect(self._follow)

    def _about_to_change(self) -> None:
        """For what is shown of the text and shall not be while it changes."""

    def _moved(self, change: tuple[int, int, int], first: int, last: int, shift: int) -> None:
        """For what belongs to characters and lines.

        Args:
            change: position, characters removed, characters added.
            first: line that it touched.
            last: line that it touched, counted after it.
            shift: by how much the lines behind moved.
        """

    # Text and positions

    def text(self) -> str:
        r"""All of the text, lines apart by `\n`."""
        return self._text

    def cursor_position(self) -> int:
        """Characters before the cursor."""
        return self._positions.to_chars(self.textCursor().position())

    def selected(self) -> tuple[int, int]:
        """Where the selection begins and ends; twice the cursor if there is none."""
        cursor = self.textCursor()
        return self._positions.to_chars(cursor.selectionStart()), self._positions.to_chars(cursor.selectionEnd())

    def set_cursor_position(self, position: int) -> None:
        """Put the cursor somewhere and show it."""
        self.setTextCursor(self._cursor(position))
        self.ensureCursorVisible()

    def current_line(self) -> int:
        """The line of the cursor, from 1."""
        return self.textCursor().blockNumber() + 1

    def load(self, text: str, locked: Iterable[int] = ()) -> None:
        """Begin with another text, its cursor at the end; there is no way back by undo."""
        self.end_stream()
        self.setUndoRedoEnabled(False)
        self.setPlainText(clean(text))
        self.set_locked_lines(locked)
        self.setUndoRedoEnabled(True)
        self.document().setModified(False)
        self.moveCursor(QTextCursor.MoveOperation.End)

    def _cursor(self, start: int, end: int | None = None) -> QTextCursor:
        """A cursor at a place or over a range, which is cut to the text."""
        cursor = QTextCursor(self.document())
        for at, mode in ((start, QTextCursor.MoveMode.MoveAnchor), (end, QTextCursor.MoveMode.KeepAnchor)):
            if at is not None:
                cursor.setPosition(self._positions.to_units(max(0, min(at, len(self._text)))), mode)
        return cursor

    def _follow(self, position: int, removed: int, added: int) -> None:
        """The document changed: what belongs to its lines and characters goes with them."""
        before, locked = self._text, self._locks.lines
        text = self.toPlainText()
        first, last, shift = self._locks.follow(position, added)
        if text != before:
            self._text, self._positions = text, Positions(text)
            start = self._positions.to_chars(position)
            behind = len(text) - self._positions.to_chars(position + added)
            change = changed_part(before, text, min(start, len(before)), max(0, behind))
            self._moved(change, first, last, shift)
            self.edited.emit()
        if self._locks.lines != locked:
            self.locked_changed.emit()

    # What is written by the model

    @property
    def streaming(self) -> bool:
        """Whether a stream is open."""
        return self._stream is not None

    def begin_stream(self, position: int | None = None, until: int | None = None) -> bool:
        """Open a place where text goes in piece by piece, as one step of undo; typing is refused meanwhile.

        Args:
            position: where; by default at the cursor.
            until: the text from `position` up to here is taken out first, in the same step.

        Returns:
            Whether it did: not while an input method composes, nor while another one is open.
        """
        if self.composing or self._stream is not None:
            return False
        self._about_to_change()
        start = self.cursor_position() if position is None else max(0, min(position, len(self._text)))
        cursor = self._cursor(start, until)
        self.setReadOnly(True)
        flags = Qt.TextInteractionFlag.TextSelectableByMouse | Qt.TextInteractionFlag.TextSelectableByKeyboard
        self.setTextInteractionFlags(flags)
        self._stream, self._stream_start = cursor, self._positions.to_chars(cursor.selectionStart())
        self._stream_begun = self._stream_cr = False
        if cursor.hasSelection():
            self._write_stream("")
        return True

    def stream(self, text: str) -> None:
        """Put the next piece in; nothing without an open stream."""
        if self._stream is None or not text:
            return
        if self._stream_cr:  # a line end of two characters came in two pieces
            text = text.removeprefix("\n")
        self._stream_cr = text.endswith("\r")
        text = clean(text)
        if text:
            self._write_stream(text)

    def restream(self, text: str) -> None:
        """Put a text in the place of all that this stream brought, in the same step of undo."""
        if self._stream is None:
            return
        text, start, end = clean(text), self._stream_start, self._positions.to_chars(self._stream.position())
        there = self._text[start:end]
        if text.startswith(there):
            self.stream(text[len(there) :])
            return
        self._stream = self._cursor(start, end)
        self._write_stream(text)

    def _write_stream(self, text: str) -> None:
        """Put clean text in, in the step of this stream; the view goes along if it shows the cursor at this place."""
        cursor = self._stream
        if cursor is None:
            return
        follows = self.textCursor().position() in (cursor.position(), cursor.anchor())
        follows = follows and self.viewport().rect().intersects(self.cursorRect())
        self._open_step(cursor)
        line_locks.insert(cursor, text)
        cursor.endEditBlock()
        if follows:
            self.setTextCursor(cursor)
            self.ensureCursorVisible()

    def _open_step(self, cursor: QTextCursor) -> None:
        """Open an edit block: the one of the stream if one is open, else a new one."""
        if self._stream is not None and self._stream_begun:
            cursor.joinPreviousEditBlock()
        else:
            cursor.beginEditBlock()
            self._stream_begun = self._stream is not None

    def end_stream(self) -> tuple[int, int]:
        """Close the place and let the writer type again; where the text stands that came in. Harmless twice."""
        if self._stream is None:
            return (0, 0)
        span = self._stream_start, self._positions.to_chars(self._stream.position())
        self._stream = None
        self.setReadOnly(False)
        return span

    def replace_all(self, text: str, locked: Iterable[int] | None = None) -> bool:
        """Make the text another one, as one step of undo; what is equal stays untouched, the view stays too.

        Args:
            text: all of the new text.
            locked: the lines that are locked then; by default those that the new text still has.

        Returns:
            Whether it did: not while an input method composes or a stream is open.
        """
        text = clean(text)
        before = self._text
        lines = (before.split("\n"), text.split("\n"))
        keep = frozenset(locked) if locked is not None else line_locks.kept_locks(self._locks.lines, *lines)
        start, removed, added = changed_part(before, text, 0, 0)
        return self._replace(start, start + removed, text[start : start + added], keep)

    def replace_range(self, start: int, end: int, text: str) -> bool:
        """Put a text in place of a range, as one step of undo; whether it did, as `replace_all`."""
        return self._replace(start, end, clean(text), None)

    def _replace(self, start: int, end: int, text: str, locked: frozenset[int] | None) -> bool:
        """One step of undo; `locked` None leaves the locks to follow their lines."""
        if self.composing or self._stream is not None:
            return False
        self._about_to_change()
        scroll = self.verticalScrollBar().value()
        cursor = self._cursor(start, end)
        cursor.beginEditBlock()
        if start != end or text:
            line_locks.insert(cursor, text)
        if locked is not None:
            self._set_locks(locked)
        cursor.endEditBlock()
        self.verticalScrollBar().setValue(scroll)
        return True

    # Locks

    def locked_lines(self) -> frozenset[int]:
        """The lines that are to stay as they are, from 1."""
        return self._locks.lines

    def set_locked_lines(self, lines: Iterable[int]) -> None:
        """Lock these and no others, as one step of undo; empty lines stay free."""
        cursor = QTextCursor(self.document())
        self._open_step(cursor)
        self._set_locks(frozenset(lines))
        cursor.endEditBlock()

    def toggle_lock(self, line: int) -> None:
        """Lock a line or free it; not while an input method composes."""
        if not self.composing:
            self.set_locked_lines(self._locks.lines ^ {line})

    def _set_locks(self, lines: frozenset[int]) -> None:
        """In the edit block that is open."""
        block = self.document().begin()
        while block.isValid():
            line_locks.set_locked(block, block.blockNumber() + 1 in lines)
            block = block.next()

    # Input

    @property
    def composing(self) -> bool:
        """Whether an input method has text that is not yet entered."""
        return bool(self._preedit)

    def inputMethodEvent(self, event: QInputMethodEvent) -> None:  # noqa: N802
        """An input method composes or enters text; what it enters is cleaned."""
        if self._stream is not None:
            event.ignore()
            return
        before = self._preedit
        if event.preeditString():
            self._about_to_change()
            self._preedit = event.preeditString()
        text = event.commitString()
        if clean(text) != text:
            cleaned = QInputMethodEvent(event.preeditString(), event.attributes())
            cleaned.setCommitString(clean(text), event.replacementStart(), event.replacementLength())
            event.accept()
            event = cleaned
        super().inputMethodEvent(event)
        self._preedit = event.preeditString()  # not before: whoever learns of the new text still finds it composing
        if bool(before) != self.composing:
            self.composing_changed.emit(self.composing)

    def event(self, event: QEvent) -> bool:
        """While an input method composes, keys are no one else's shortcuts."""
        if event.type() == QEvent.Type.ShortcutOverride and self.composing:
            event.accept()
            return True
        return super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802
        """Line ends are all of one kind; what an input method may still need changes nothing.

        Nor does it move the cursor, which Qt would move through what is composed, and out of the text.
        """
        types = bool(event.text()) and event.text().isprintable()
        if self.composing and (not types or event.modifiers() & ~Qt.KeyboardModifier.ShiftModifier):
            event.accept()
        elif event.matches(QKeySequence.StandardKey.Undo):  # as Alt+Backspace is on Windows, within no step of ours
            self.undo()
        elif event.matches(QKeySequence.StandardKey.Redo):
            self.redo()
        elif not self.isReadOnly() and (
            event.matches(QKeySequence.StandardKey.InsertParagraphSeparator)
            or event.matches(QKeySequence.StandardKey.InsertLineSeparator)
        ):
            self._insert("\n")
        else:
            self._edit_by_key(event)

    def _edit_by_key(self, event: QKeyEvent) -> None:
        """Qt's own typing; where it may take a locked line's text out, that and the lock are one step of undo."""
        cursor = self.textCursor()
        selected, deletes = cursor.hasSelection(), event.key() in (Qt.Key.Key_Backspace, Qt.Key.Key_Delete)
        types = bool(event.text()) and not event.modifiers() & ~Qt.KeyboardModifier.ShiftModifier
        cuts = event.matches(QKeySequence.StandardKey.Cut)
        if self.isReadOnly() or not self._locks.lines or not (deletes or (selected and (types or cuts))):
            super().keyPressEvent(event)
            return
        locked = line_locks.stays_locked(cursor)
        step = QTextCursor(self.document())
        step.beginEditBlock()
        super().keyPressEvent(event)
        if self.toPlainText() != self._text:
            block = self.textCursor().block()
            line_locks.set_locked(block, locked if selected else line_locks.is_locked(block))
        step.endEditBlock()

    def _insert(self, text: str) -> None:
        """Put clean text at the cursor as one step of undo."""
        cursor = self.textCursor()
        cursor.beginEditBlock()
        line_locks.insert(cursor, text)
        cursor.endEditBlock()
        self.setTextCursor(cursor)
        self.ensureCursorVisible()

    def canInsertFromMimeData(self, source: QMimeData) -> bool:  # noqa: N802
        """Text of any kind; files are for the window to open."""
        return source.hasText() and not any(url.isLocalFile() for url in source.urls())

    def insertFromMimeData(self, source: QMimeData) -> None:  # noqa: N802
        """Paste or drop: the plain text alone."""
        if self.canInsertFromMimeData(source) and not self.isReadOnly() and not self.composing:
            self._insert(clean(source.text()))

    def undo(self) -> None:
        """Take the last step back; not while an input method composes or a stream is open."""
        if not self.composing and not self.streaming:
            super().undo()

    def redo(self) -> None:
        """Take it again; not while an input method composes or a stream is open."""
        if not self.composing and not self.streaming:
            super().redo()

    def focusOutEvent(self, event: QFocusEvent) -> None:  # noqa: N802
        """What is composed when the focus goes is entered."""
        super().focusOutEvent(event)
        self.enter_composed()

    def end_composing(self) -> None:
        """Ask the input method to enter its text; what it does not is no longer shown, nor counted as text by Qt."""
        if self.composing:
            QGuiApplication.inputMethod().commit()
        if self.composing:
            self.inputMethodEvent(QInputMethodEvent())

    def enter_composed(self) -> None:
        """Enter what is composed: the input method was asked to do it, and did not."""
        if self.composing:
            last = QInputMethodEvent()
            last.setCommitString(self._preedit)
            self.inputMethodEvent(last)
