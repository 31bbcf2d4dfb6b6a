"""Where the lyric stands: the writer and the model write in one text, and nothing of either is ever lost."""

import html
from collections.abc import Iterable, Iterator, Mapping, Sequence

from PySide6.QtCore import QEvent, QMargins, QMimeData, QPointF, QRect, QRectF, Qt, Signal
from PySide6.QtGui import (
    QFocusEvent,
    QFontMetricsF,
    QHelpEvent,
    QInputMethodEvent,
    QKeyEvent,
    QKeySequence,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPalette,
    QPen,
    QResizeEvent,
    QTextBlock,
    QTextCursor,
)
from PySide6.QtWidgets import QFrame, QPlainTextEdit, QToolTip, QWidget

from . import line_locks, theme
from .asking import Asking
from .colouring import Colouring, Spans, boxes
from .legend import Legend
from .line_gutter import LineGutter, LineMark
from .plain_text import Positions, changed_part, clean
from .spaced_layout import SpacedLayout

FONT_POINTS = 16.0
_GAP = 0.55  # between lines, in heights of the font
_MARGIN = 12


class LyricEditor(QPlainTextEdit):
    """A plain text with marks beside its lines and colours under its characters.

    Positions are characters of `text()`, lines are counted from 1. All text that comes in is cleaned by
    `gui.plain_text.clean`. Undo and redo are the document's own: a stream, a replacement and a lock are one step each.
    """

    alternatives_wanted = Signal(int)
    left_alternatives = Signal()
    reroll_wanted = Signal(int)
    locked_changed = Signal()
    composing_changed = Signal(bool)
    edited = Signal()
    """The text is another one; unlike `textChanged`, not when only a lock or a colour changed."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._preedit = ""
        self._banded = 0
        self._text, self._positions = "", Positions("")
        self._marks: tuple[LineMark, ...] = ()
        self._colouring = Colouring()
        self._stream: QTextCursor | None = None
        self._stream_start = 0
        self._stream_begun = self._stream_cr = False
        self._layout = SpacedLayout(self.document())
        self.document().setDocumentLayout(self._layout)
        self.document().setDocumentMargin(_MARGIN)
        self._locks = line_locks.LineLocks(self.document())
        self._asking = Asking(self, self)
        self._gutter = LineGutter(self, self)
        self._legend = Legend(self)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setTabChangesFocus(True)
        self.setCursorWidth(2)
        self.viewport().setMouseTracking(True)
        self.document().contentsChange.connect(self._follow)
        self.blockCountChanged.connect(self._arrange)
        self.updateRequest.connect(self._update_gutter)
        self.cursorPositionChanged.connect(self._cursor_moved)
        self.verticalScrollBar().valueChanged.connect(self._asking.leave)
        self._gutter.lock_clicked.connect(self.toggle_lock)
        self._gutter.reroll_clicked.connect(self.reroll_wanted)
        self._asking.wanted.connect(self._ask)
        self._asking.left.connect(self._stop_asking)
        self.set_font_size(FONT_POINTS)
        self.document().clearUndoRedoStacks()  # of what it took to set it up
        self.retranslate()

    def retranslate(self) -> None:
        """Set the texts in the language of the window."""
        self.setAccessibleName(self.tr("Lyric"))
        self.setPlaceholderText(self.tr("Write the first words here, or let the model begin."))

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
            self._asking.generated.follow(*change, split=True)
            self._colouring.probs.follow(*change, split=False)
            if shift:
                self._move_marks(first, last, shift)
            self._asking.leave()
            self.edited.emit()
        if self._locks.lines != locked:
            self._gutter.update()
            self.locked_changed.emit()

    def _move_marks(self, first: int, last: int, shift: int) -> None:
        """Lines came or went: the marks behind go with their lines until new ones are set."""
        marks, kept = self._marks, last - shift
        if marks:
            self._marks = (*marks[:first], *[LineMark()] * (last - first), *marks[kept:])
        rhymes = self._colouring.rhymes
        self._colouring.rhymes = {
            line + shift * (line > kept): letter for line, letter in rhymes.items() if line <= first or line > kept
        }

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
        self._asking.leave()
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
        self._asking.leave()
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

    # Marks and colours

    def marks(self) -> tuple[LineMark, ...]:
        """What stands beside the lines."""
        return self._marks

    def set_counts(self, marks: Sequence[LineMark]) -> None:
        """Say something of each line, the first one first; an empty sequence takes the columns away."""
        if self._marks != tuple(marks):
            self._marks = tuple(marks)
            self._gutter.marks_changed()
            self._arrange()

    def set_generated(self, spans: Sequence[tuple[int, int]]) -> None:
        """Which characters have alternatives, as (start, end); all of them if none are named."""
        self._asking.generated = Spans([(start, end, 0.0) for start, end in spans])

    def generated(self) -> tuple[tuple[int, int], ...]:
        """Where these stand now."""
        return tuple((start, end) for start, end, _ in self._asking.generated.among(0, len(self._text)))

    def set_probs(self, probs: Sequence[tuple[int, int, float]]) -> None:
        """How probable what stands there was, as (start, end, probability)."""
        self._colouring.probs = Spans(probs)
        self.viewport().update()

    def set_rhymes(self, classes: Mapping[int, str]) -> None:
        """The rhyme class of lines: the line from 1 -> a letter."""
        self._colouring.rhymes = dict(classes)
        self.viewport().update()

    def show_probs(self, shown: bool) -> None:
        """Whether improbable characters are tinted."""
        self._colouring.probs_shown = shown
        self._arrange()
        self.viewport().update()

    def show_rhymes(self, shown: bool) -> None:
        """Whether what rhymes is underlined in the colour of its class."""
        self._colouring.rhymes_shown = shown
        self.viewport().update()

    def set_font_size(self, points: float) -> None:
        """How large the lyric is."""
        font = self.font()
        font.setPointSizeF(points)
        self.setFont(font)

    # Alternatives

    def mark_asked(self, start: int, end: int) -> None:
        """Frame the characters that the alternatives are for: those of one token may be several."""
        if self._asking.asked is not None:
            self._asking.asked = (start, end)
            self.viewport().update()

    @property
    def walking(self) -> bool:
        """Whether the keyboard, not the mouse, asked for the last alternatives."""
        return self._asking.walking

    def leave_alternatives(self) -> None:
        """No longer ask about a character, as when the list of them was closed."""
        self._asking.leave()

    def walk(self, step: int) -> None:
        """Ask about the next character (1) or the one before (-1)."""
        self._asking.walk(step)

    def character_rect(self, position: int) -> QRect:
        """Where a character stands on the screen, in global coordinates; empty if it is out of view."""
        block = self.document().findBlock(self._positions.to_units(position))
        rect = self.blockBoundingGeometry(block).translated(self.contentOffset())
        start = position - self._positions.to_chars(block.position())
        box = next(boxes(block, rect, start, start + 1), QRectF()).toRect()
        return QRect(self.viewport().mapToGlobal(box.topLeft()), box.size())

    def character_at(self, point: QPointF) -> int:
        """The character under a point of the viewport; -1 beside all of them."""
        near = self._positions.to_chars(self.cursorForPosition(point.toPoint()).position())
        for position in (near, near - 1):
            if 0 <= position < len(self._text) and self._text[position] != "\n":
                block = self.document().findBlock(self._positions.to_units(position))
                rect = self.blockBoundingGeometry(block).translated(self.contentOffset())
                start = position - self._positions.to_chars(block.position())
                if any(box.contains(point) for box in boxes(block, rect, start, start + 1)):
                    return position
        return -1

    def _ask(self, position: int) -> None:
        """Show the character before anyone learns that it is asked for."""
        self.viewport().update()
        self.alternatives_wanted.emit(position)

    def _stop_asking(self) -> None:
        self.viewport().update()
        self.left_alternatives.emit()

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
            self._asking.leave()
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
        """Alt with an arrow walks along the alternatives, line ends are all of one kind."""
        alt = event.modifiers() == Qt.KeyboardModifier.AltModifier
        if self.composing and event.modifiers() & ~Qt.KeyboardModifier.ShiftModifier:
            event.accept()
        elif alt and event.key() in (Qt.Key.Key_Left, Qt.Key.Key_Right):
            self.walk(-1 if event.key() == Qt.Key.Key_Left else 1)
        elif event.key() == Qt.Key.Key_Escape and self._asking.asked is not None:
            self._asking.leave()
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

    def mouseMoveEvent(self, event: QMouseEvent) -> None:  # noqa: N802
        """A rest of the mouse asks for alternatives."""
        super().mouseMoveEvent(event)
        if event.buttons() == Qt.MouseButton.NoButton:
            self._asking.moved(event.position())

    def mousePressEvent(self, event: QMouseEvent) -> None:  # noqa: N802
        """A click in the text leaves the alternatives."""
        self._asking.leave()
        super().mousePressEvent(event)

    def viewportEvent(self, event: QEvent) -> bool:  # noqa: N802
        """The mouse may leave, and a tooltip says how probable a tinted character was."""
        if event.type() == QEvent.Type.Leave:
            self._asking.pause()
        elif event.type() == QEvent.Type.ToolTip and isinstance(event, QHelpEvent):
            QToolTip.showText(event.globalPos(), html.escape(self._help_at(QPointF(event.pos()))), self)
            return True
        return super().viewportEvent(event)

    def _help_at(self, point: QPointF) -> str:
        """How probable the character under a point was, while that is shown."""
        position = self.character_at(point)
        if not self._colouring.probs_shown or position < 0 or self._asking.may_ask(position):
            return ""  # where alternatives appear, they say it
        for _, _, prob in self._colouring.probs.among(position, position + 1):
            return self.tr("The model gave this {percent} %.").format(percent=f"{100 * prob:.3g}")
        return ""

    def focusOutEvent(self, event: QFocusEvent) -> None:  # noqa: N802
        """Who goes elsewhere leaves the alternatives."""
        self._asking.leave()
        self._gutter.update()
        super().focusOutEvent(event)
        if self.composing:  # the input method was asked to enter its text, and did not
            last = QInputMethodEvent()
            last.setCommitString(self._preedit)
            self.inputMethodEvent(last)

    # Looks

    def visible_blocks(self) -> Iterator[tuple[QTextBlock, QRectF]]:
        """The lines in view, each with its place in the viewport."""
        block, offset = self.firstVisibleBlock(), self.contentOffset()
        top, bottom = self.blockBoundingGeometry(block).translated(offset).top(), self.viewport().height()
        while block.isValid() and top <= bottom:
            rect = self.blockBoundingRect(block).translated(offset.x(), top)
            yield block, rect
            block, top = block.next(), rect.bottom()

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802
        """The colours first, then the text over them."""
        painter = QPainter(self.viewport())
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        current = self.textCursor().block()
        for block, rect in self.visible_blocks():
            if rect.bottom() < event.rect().top() or rect.top() > event.rect().bottom():
                continue
            if block == current and self.hasFocus():
                band = QRectF(0, rect.top(), self.viewport().width(), block.layout().boundingRect().height())
                painter.fillRect(band, self.palette().color(QPalette.ColorRole.AlternateBase))
            begin = self._positions.to_chars(block.position())
            self._colouring.paint(painter, block, rect, begin, self.palette())
            self._paint_asked(painter, block, rect, begin)
        painter.end()
        super().paintEvent(event)

    def _paint_asked(self, painter: QPainter, block: QTextBlock, rect: QRectF, begin: int) -> None:
        """A frame about the characters that are asked about."""
        if self._asking.asked is None:
            return
        start, end = (at - begin for at in self._asking.asked)
        if end > 0 and start < block.length():
            painter.setPen(QPen(theme.accent(self.palette()), 1.5))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            for box in boxes(block, rect, max(0, start), end):
                painter.drawRoundedRect(box.adjusted(0, 0.5, 0, -0.5), 3, 3)

    def changeEvent(self, event: QEvent) -> None:  # noqa: N802
        """The language or the font may have changed."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.LanguageChange:
            self.retranslate()
        elif event.type() == QEvent.Type.FontChange and hasattr(self, "_gutter"):
            self._layout.set_gap(_GAP * QFontMetricsF(self.font()).ascent())
            self._arrange()

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802
        """The strip and the legend keep their sides."""
        super().resizeEvent(event)
        self._arrange()

    def _arrange(self) -> None:
        """Give the strip at the left and the legend at the bottom their room."""
        width = self._gutter.sizeHint().width()
        self._legend.setVisible(self._colouring.probs_shown)
        height = self._legend.sizeHint().height() if self._colouring.probs_shown else 0
        if self.viewportMargins() != QMargins(width, 0, 0, height):
            self.setViewportMargins(width, 0, 0, height)
        area = self.contentsRect()
        self._gutter.setGeometry(area.left(), area.top(), width, area.height() - height)
        self._legend.setGeometry(area.left(), area.bottom() + 1 - height, area.width(), height)

    def _cursor_moved(self) -> None:
        """The line of the cursor has a band of its own."""
        if self.current_line() != self._banded:
            self._banded = self.current_line()
            self.viewport().update()
            self._gutter.update()

    def _update_gutter(self, rect: QRect, scrolled: int) -> None:
        """The strip moves with the text."""
        if scrolled:
            self._gutter.update()
        else:
            self._gutter.update(0, rect.y(), self._gutter.width(), rect.height())
