"""Where the lyric stands: the writer and the model write in one text, and nothing of either is ever lost."""

import html
from collections.abc import Iterator, Mapping, Sequence

from PySide6.QtCore import QEvent, QMargins, QPointF, QRect, QRectF, Qt, Signal
from PySide6.QtGui import (
    QFocusEvent,
    QFontMetricsF,
    QHelpEvent,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPalette,
    QPen,
    QResizeEvent,
    QTextBlock,
)
from PySide6.QtWidgets import QFrame, QToolTip, QWidget

from . import theme
from .asking import Asking
from .colouring import Colouring, Spans, boxes
from .legend import Legend
from .line_gutter import LineGutter, LineMark
from .spaced_layout import SpacedLayout
from .step_editor import StepEditor

FONT_POINTS = 16.0
_GAP = 0.55  # between lines, in heights of the font
_MARGIN = 12


class LyricEditor(StepEditor):
    """The text of `StepEditor` with marks beside its lines, colours under its characters, and alternatives to them."""

    alternatives_wanted = Signal(int)
    left_alternatives = Signal()
    reroll_wanted = Signal(int)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._marks: tuple[LineMark, ...] = ()
        self._banded = 0
        self._colouring = Colouring()
        self._layout = SpacedLayout(self.document())
        self.document().setDocumentLayout(self._layout)
        self.document().setDocumentMargin(_MARGIN)
        self._asking = Asking(self, self)
        self._gutter = LineGutter(self, self)
        self._legend = Legend(self)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setTabChangesFocus(True)
        self.setCursorWidth(2)
        self.viewport().setMouseTracking(True)
        self.blockCountChanged.connect(self._arrange)
        self.updateRequest.connect(self._update_gutter)
        self.cursorPositionChanged.connect(self._cursor_moved)
        self.locked_changed.connect(self._gutter.update)
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
        self.setPlaceholderText(self.tr("Write a beginning, or nothing at all, and press Generate (Ctrl+Enter)."))

    # Marks and colours

    def _about_to_change(self) -> None:
        self._asking.leave()

    def _moved(self, change: tuple[int, int, int], first: int, last: int, shift: int) -> None:
        self._asking.generated.follow(*change, split=True)
        self._colouring.probs.follow(*change, split=False)
        if shift:
            self._move_marks(first, last, shift)
        self._asking.leave()

    def _move_marks(self, first: int, last: int, shift: int) -> None:
        """Lines came or went: the marks behind go with their lines until new ones are set."""
        marks, kept = self._marks, last - shift
        if marks:
            self._marks = (*marks[:first], *[LineMark()] * (last - first), *marks[kept:])
        rhymes = self._colouring.rhymes
        self._colouring.rhymes = {
            line + shift * (line > kept): letter for line, letter in rhymes.items() if line <= first or line > kept
        }

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

    def probs(self) -> tuple[tuple[int, int, float], ...]:
        """What `set_probs` was given, where the text is still the same."""
        return tuple(self._colouring.probs.among(0, len(self.text())))

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

    def ask(self) -> None:
        """Ask about the character behind the cursor, else the one before it, as a walk does."""
        self.leave_alternatives()
        self.walk(1)
        if self._asking.asked is None:
            self.walk(-1)

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
        """The character under a point of the viewport; -1 beside all of them, and while an input method composes."""
        if self.composing:  # what it shows counts in the layout, not in the text
            return -1
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

    # Keys, mouse and focus

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802
        """Alt with an arrow walks along the alternatives, Esc leaves them."""
        alt = event.modifiers() == Qt.KeyboardModifier.AltModifier
        if not self.composing and alt and event.key() in (Qt.Key.Key_Left, Qt.Key.Key_Right):
            self.walk(-1 if event.key() == Qt.Key.Key_Left else 1)
        elif event.key() == Qt.Key.Key_Escape and self._asking.asked is not None:
            self._asking.leave()
        else:
            super().keyPressEvent(event)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:  # noqa: N802
        """A rest of the mouse asks for alternatives."""
        super().mouseMoveEvent(event)
        if event.buttons() == Qt.MouseButton.NoButton:
            self._asking.moved(event.position())

    def mousePressEvent(self, event: QMouseEvent) -> None:  # noqa: N802
        """A click in the text leaves the alternatives."""
        self._asking.leave()
        self.end_composing()
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
