"""When alternatives to a character are asked for: the mouse rests on it, or the keyboard walks along the text."""

from typing import Protocol

from PySide6.QtCore import QObject, QPointF, QTimer, Signal

from .colouring import Spans

REST_MS = 400


class Text(Protocol):
    """What is asked of the editor."""

    @property
    def composing(self) -> bool: ...  # noqa: D102
    @property
    def streaming(self) -> bool: ...  # noqa: D102
    def text(self) -> str: ...  # noqa: D102
    def cursor_position(self) -> int: ...  # noqa: D102
    def set_cursor_position(self, position: int) -> None: ...  # noqa: D102
    def character_at(self, point: QPointF) -> int: ...  # noqa: D102


class Asking(QObject):
    """Keeps the character that is asked about, and which ones may be."""

    wanted = Signal(int)
    left = Signal()

    def __init__(self, parent: QObject, text: Text) -> None:
        """Args: parent: owns it; text: the same, for what it asks."""
        super().__init__(parent)
        self._text = text
        self._point = QPointF()
        self._rest = QTimer(self)
        self._rest.setSingleShot(True)
        self._rest.setInterval(REST_MS)
        self._rest.timeout.connect(self._rested)
        self.generated = Spans()
        self.asked: tuple[int, int] | None = None
        self.walking = False

    def may_ask(self, position: int) -> bool:
        """Whether a character was generated, or nothing is known to be."""
        if not 0 <= position < len(self._text.text()) or self._text.composing or self._text.streaming:
            return False
        return not len(self.generated) or any(True for _ in self.generated.among(position, position + 1))

    def moved(self, point: QPointF) -> None:
        """The mouse moved over the text."""
        self._point = point
        self._rest.start()

    def pause(self) -> None:
        """The mouse went elsewhere, perhaps to the alternatives."""
        self._rest.stop()

    def _rested(self) -> None:
        """The mouse rests."""
        position = self._text.character_at(self._point)
        if position >= 0 and self.may_ask(position):
            if self.asked is None or not self.asked[0] <= position < self.asked[1]:
                self._ask(position, walking=False)
        else:
            self.leave()

    def walk(self, step: int) -> None:
        """Ask about the character before (-1) or after (1) the one that is asked about, else the cursor."""
        if self.asked is not None:
            position = self.asked[0] - 1 if step < 0 else self.asked[1]
        else:
            position = self._text.cursor_position() - (step < 0)
        while 0 <= position < len(self._text.text()):
            if self.may_ask(position):
                self._text.set_cursor_position(position)
                self._ask(position, walking=True)
                return
            position += step

    def _ask(self, position: int, *, walking: bool) -> None:
        """Ask about a character."""
        self._rest.stop()
        self.walking = walking
        self.asked = (position, position + 1)
        self.wanted.emit(position)

    def leave(self) -> None:
        """No longer ask; nothing is said if nothing was asked."""
        self._rest.stop()
        if self.asked is not None:
            self.asked = None
            self.left.emit()
