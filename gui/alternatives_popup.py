"""What else could stand there: a small window beside a character, which leaves the keyboard to the editor."""

from collections.abc import Sequence

from PySide6.QtCore import QEvent, QObject, QRect, Qt, Signal
from PySide6.QtGui import (
    QFontMetricsF,
    QGuiApplication,
    QHideEvent,
    QInputMethodEvent,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPalette,
)
from PySide6.QtWidgets import QAbstractScrollArea, QFrame, QListWidget, QListWidgetItem, QVBoxLayout, QWidget

from . import theme
from .alternative_rows import KEYS, ROW_ROLE, Heads, Row, RowPainter, percent
from .plain import PlainLabel
from .plain_text import on_one_line, visible

_ROOM = 6
_WIDTH = 25  # in heights of a line
_LEAVING = (QEvent.Type.FocusOut, QEvent.Type.Hide, QEvent.Type.MouseButtonPress, QEvent.Type.Wheel)
_MOVING = (QEvent.Type.Move, QEvent.Type.Resize, QEvent.Type.WindowStateChange, QEvent.Type.WindowDeactivate)
_MODIFIERS = (Qt.Key.Key_Shift, Qt.Key.Key_Control, Qt.Key.Key_Alt, Qt.Key.Key_Meta, Qt.Key.Key_AltGr)
_ENTER = (Qt.Key.Key_Return, Qt.Key.Key_Enter)


class AlternativesPopup(QFrame):
    """The ten most probable tokens at one place.

    It never takes the focus: keys come from the widget that it was made for, through an event filter, while it is
    shown. Typing, an input method, scrolling, a click elsewhere, another window and Esc close it.
    """

    chosen = Signal(str, bool)
    """The text that was chosen, and whether the rest of the lyric is to be kept."""
    closed = Signal()

    def __init__(self, editor: QWidget) -> None:
        """Args: editor: which has the keyboard; a scroll area's scroll bars close the window, too."""
        super().__init__(editor, Qt.WindowType.ToolTip)
        self.setAttribute(Qt.WidgetAttribute.WA_ShowWithoutActivating)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self._editor = editor
        self._rows: tuple[Row, ...] = ()
        self._takes_keys = True
        self._showing = 0
        self._window: QWidget | None = None  # of the editor, while this one is shown
        self._heading, self._hint = PlainLabel(parent=self), PlainLabel(theme.muted, self)
        self._heads = Heads(self)
        self._list = QListWidget(self)
        for label in (self._heading, self._hint):
            label.setWordWrap(True)
        self._list.setItemDelegate(RowPainter(self._list))
        self._list.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self._list.setFrameShape(QFrame.Shape.NoFrame)
        self._list.setMouseTracking(True)
        self._list.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._list.itemEntered.connect(self._list.setCurrentItem)
        self._list.viewport().installEventFilter(self)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(8, 8, 8, 8)
        layout.setSpacing(4)
        for widget in (self._heading, self._heads, self._list, self._hint):
            layout.addWidget(widget)
        editor.installEventFilter(self)  # never taken off: the editor may be half gone when this one hides
        if isinstance(editor, QAbstractScrollArea):
            editor.viewport().installEventFilter(self)
            editor.verticalScrollBar().valueChanged.connect(self.hide)
            editor.horizontalScrollBar().valueChanged.connect(self.hide)
        self.retranslate()

    def retranslate(self) -> None:
        """Set the texts in the language of the window."""
        self.setAccessibleName(self.tr("Alternatives"))
        self._list.setAccessibleName(self.tr("Alternatives, the most probable first"))
        self._heads.set_words(self.tr("before"), self.tr("after"))
        help_ = self.tr(
            "Left: the probability that the model gives. Right: after the sampling options and the rules; "
            "a dash where they drop it."
        )
        self._heads.setToolTip(help_)
        self._list.setAccessibleDescription(help_)
        self._hint.setText(
            self.tr("Before and after sampling and rules.")
            + "\n"
            + self.tr("Enter: put it here and go on · Shift+Enter: keep the rest · Esc: leave")
        )

    def changeEvent(self, event: QEvent) -> None:  # noqa: N802
        """The language may have changed."""
        if event.type() == QEvent.Type.LanguageChange:
            self.retranslate()
        super().changeEvent(event)

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802
        """A sheet with an edge that is seen on light and on dark."""
        painter = QPainter(self)
        painter.setPen(self.palette().color(QPalette.ColorRole.Mid))
        painter.setBrush(self.palette().color(QPalette.ColorRole.Base))
        painter.drawRect(self.rect().adjusted(0, 0, -1, -1))
        painter.end()

    def rows(self) -> tuple[Row, ...]:
        """What is shown."""
        return self._rows

    def current(self) -> int:
        """Which row is selected, from 0; -1 for none."""
        return self._list.currentRow()

    def show_rows(self, rows: Sequence[Row], heading: str, at: QRect, *, take_keys: bool = True) -> None:
        """Show alternatives beside a character, within the screen.

        Args:
            rows: the most probable first; the first ten have a key.
            heading: what is said above them, plain text.
            at: where the character stands, in global coordinates.
            take_keys: whether digits and Enter choose at once; else only after Up or Down, so that who goes on typing
                while the mouse rests on the text changes nothing.
        """
        self._rows, self._takes_keys = tuple(rows), take_keys
        self._showing += 1
        self._heading.show_text(heading)
        self._heading.setVisible(bool(heading))
        self._list.clear()
        for number, row in enumerate(self._rows):
            item = QListWidgetItem()
            item.setData(ROW_ROLE, row)
            item.setData(Qt.ItemDataRole.AccessibleTextRole, self._spoken(number, row))
            self._list.addItem(item)
        self._list.setCurrentRow(0 if take_keys and self._rows else -1)
        self._place(at)
        if not self.isVisible():
            self._window = self._editor.window()
            self._window.installEventFilter(self)
            self.show()

    def _spoken(self, number: int, row: Row) -> str:
        """A row for a screen reader."""
        said = self.tr("{number}: {text}, {before} before, {after} after sampling and rules").format(
            number=number + 1, text=visible(row.text), before=percent(row.prob), after=percent(row.kept)
        )
        return f"{said}. {on_one_line(row.note)}" if row.note else said

    def _place(self, at: QRect) -> None:
        """Below the character, else above it, else where it fits."""
        screen = QGuiApplication.screenAt(at.center()) or self._editor.screen()
        area = screen.availableGeometry()
        em = QFontMetricsF(self.font()).height()
        row_height = self._list.sizeHintForRow(0) if self._rows else 0
        self._list.setFixedHeight(row_height * len(self._rows))
        self._list.setVisible(bool(self._rows))
        width = min(round(_WIDTH * em), area.width())
        self.setFixedWidth(width)
        layout = self.layout()
        others = layout.totalHeightForWidth(width) - self._list.height() if layout else 0
        self._list.setFixedHeight(max(0, min(self._list.height(), area.height() - others)))
        height = min(others + self._list.height(), area.height())
        left = max(area.left(), min(at.left() - round(em), area.right() + 1 - width))
        below, above = at.bottom() + 1 + _ROOM, at.top() - _ROOM - height
        if below + height <= area.bottom() + 1:
            top = below
        else:
            top = above if above >= area.top() else max(area.top(), area.bottom() + 1 - height)
        self.setGeometry(left, top, width, height)  # not move: some platforms give it a frame

    def hideEvent(self, event: QHideEvent) -> None:  # noqa: N802
        """Nobody else's keys are looked at any more."""
        super().hideEvent(event)
        if self._window is not None:
            self._window = None
            self.closed.emit()

    def choose(self, row: int, *, keep_rest: bool = False) -> None:
        """Choose a row by its number from 0; nothing where there is none."""
        if 0 <= row < len(self._rows):
            showing = self._showing
            self.chosen.emit(self._rows[row].text, keep_rest)
            if showing == self._showing:
                self.hide()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # noqa: N802
        """Keys of the editor, and what closes this window."""
        kind = event.type()
        if watched is self._list.viewport():
            return self._clicked(event)
        if self._window is None:
            return False
        if kind in (QEvent.Type.KeyPress, QEvent.Type.ShortcutOverride) and isinstance(event, QKeyEvent):
            return watched is self._editor and self._take_key(event)
        composes = isinstance(event, QInputMethodEvent) and (event.preeditString() or event.commitString())
        leaves = kind in _LEAVING and (watched is self._editor or watched is not self._window)
        if composes or leaves or (kind in _MOVING and watched is self._window):
            self.hide()
        return False

    def _clicked(self, event: QEvent) -> bool:
        """A click on a row chooses it, with Shift it keeps the rest."""
        if event.type() != QEvent.Type.MouseButtonRelease or not isinstance(event, QMouseEvent):
            return False
        item = self._list.itemAt(event.position().toPoint())
        if item is not None and event.button() == Qt.MouseButton.LeftButton:
            shift = bool(event.modifiers() & Qt.KeyboardModifier.ShiftModifier)
            self.choose(self._list.row(item), keep_rest=shift)
        return True

    def _take_key(self, event: QKeyEvent) -> bool:
        """Whether a key is for this window; what is not closes it, but for a walk to the next character."""
        key, modifiers = event.key(), event.modifiers() & ~Qt.KeyboardModifier.KeypadModifier
        shift = modifiers == Qt.KeyboardModifier.ShiftModifier
        plain = modifiers == Qt.KeyboardModifier.NoModifier
        digit = KEYS.find(event.text()) if plain and event.text() else -1
        moves = plain and key in (Qt.Key.Key_Up, Qt.Key.Key_Down) and bool(self._rows)
        enters = self._takes_keys and (plain or shift) and key in _ENTER and self.current() >= 0
        digits = self._takes_keys and 0 <= digit < len(self._rows)
        leaves = plain and key == Qt.Key.Key_Escape
        walks = modifiers == Qt.KeyboardModifier.AltModifier and key in (Qt.Key.Key_Left, Qt.Key.Key_Right)
        if event.type() == QEvent.Type.ShortcutOverride:  # no shortcut of the window gets it, a key press follows
            if moves or enters or digits or leaves:
                event.accept()
            return moves or enters or digits or leaves
        if moves:
            self._takes_keys = True
            step = 1 if key == Qt.Key.Key_Down else -1
            self._list.setCurrentRow((self.current() + step) % len(self._rows) if self.current() >= 0 else 0)
        elif enters:
            self.choose(self.current(), keep_rest=shift)
        elif digits:
            self._list.setCurrentRow(digit)
        elif leaves or not (walks or key in _MODIFIERS):
            self.hide()
        return moves or enters or digits or leaves
