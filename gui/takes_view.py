"""Several takes side by side, of which one is chosen into the text."""

from collections.abc import Sequence

from PySide6.QtCore import QEvent, Qt, Signal
from PySide6.QtGui import QFont
from PySide6.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QScrollArea,
    QScrollBar,
    QSpinBox,
    QStackedLayout,
    QVBoxLayout,
    QWidget,
)

from . import theme
from .plain import PlainLabel
from .take_card import TakeCard

FEWEST, MOST = 2, 8
"""How many takes may stand side by side."""


class TakesView(QWidget):
    """Cards of takes, how many are wanted, and the way back to the text.

    Takes are counted from 0; each holds its place, whether there is a text in it or not.
    """

    wanted = Signal(int)
    """So many new takes."""
    stop_wanted = Signal()
    """No more of those that are being written."""
    chosen = Signal(int)
    """This take, finished and with a text, is to go into the text."""
    closed = Signal()
    """Back to the text, without any."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._cards: list[TakeCard] = []
        self._text_font: QFont | None = None
        self.count = QSpinBox()
        self.count.setRange(FEWEST, MOST)
        self.count.setValue(4)
        self._count_label = QLabel()
        self._count_label.setBuddy(self.count)
        self.write = QPushButton()
        self.write.clicked.connect(self._want)
        self.stop = QPushButton()
        self.stop.clicked.connect(self.stop_wanted)
        self.back = QPushButton()
        self.back.clicked.connect(self.closed)
        head = QHBoxLayout()
        head.addWidget(self._count_label)
        for widget in (self.count, self.write, self.stop):
            head.addWidget(widget)
        head.addStretch(1)
        head.addWidget(self.back)

        self._row = QHBoxLayout()
        self._row.setContentsMargins(0, 0, 0, 0)
        cards = _Cards()
        cards.setLayout(self._row)
        self._scroll = QScrollArea()
        self._scroll.setWidgetResizable(True)
        self._scroll.setFrameShape(QFrame.Shape.NoFrame)
        self._scroll.setWidget(cards)
        self._scroll.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self._hint = PlainLabel(theme.muted)
        self._hint.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._hint.setWordWrap(True)
        self._pages = QStackedLayout()
        self._pages.addWidget(self._hint)
        self._pages.addWidget(self._scroll)

        box = QVBoxLayout(self)
        box.addLayout(head)
        box.addLayout(self._pages, 1)
        self._show_running()
        self.retranslate()

    # Takes ---------------------------------------------------------------------------------------

    @property
    def running(self) -> bool:
        """Whether one of them is being written."""
        return any(card.is_writing for card in self._cards)

    def texts(self) -> tuple[str, ...]:
        """Of each take, "" where there is none; a draft as far as it is written."""
        return tuple(card.text for card in self._cards)

    def set_texts(self, texts: Sequence[str]) -> None:
        """Show finished takes; none leaves the view empty."""
        self._make_cards(len(texts))
        for card, text in zip(self._cards, texts, strict=True):
            card.finish(text)
        self._show_running()

    def begin(self, count: int) -> None:
        """So many takes are about to be written; those before are gone."""
        self._make_cards(count)
        if FEWEST <= count <= MOST:
            self.count.setValue(count)
        self._show_running()

    def set_draft(self, index: int, text: str) -> None:
        """A take as far as it is written; without effect on what does not wait for more."""
        if 0 <= index < len(self._cards) and self._cards[index].is_writing:
            self._cards[index].set_draft(text)

    def finish(self, index: int, text: str, note: str = "") -> None:
        """The whole take and a note on it; a note without a text says why there is none."""
        if 0 <= index < len(self._cards):
            self._cards[index].finish(text, note)
            self._show_running()

    def end(self) -> None:
        """No more comes: drafts stay as they are, and can be chosen."""
        for card in self._cards:
            if card.is_writing:
                card.end()
        self._show_running()

    def choose(self, index: int) -> None:
        """As the button of this take; without effect where it cannot be chosen."""
        if 0 <= index < len(self._cards):
            self._cards[index].choose()

    def card(self, index: int) -> TakeCard:
        """One of them."""
        return self._cards[index]

    def sideways(self) -> QScrollBar:
        """What scrolls the cards."""
        return self._scroll.horizontalScrollBar()

    def _want(self) -> None:
        self.wanted.emit(self.count.value())

    def _make_cards(self, count: int) -> None:
        if count == len(self._cards):  # which are costly to make
            for card in self._cards:
                card.set_draft("")
            return
        for card in self._cards:
            self._row.removeWidget(card)
            card.hide()
            card.deleteLater()
        self._cards = [TakeCard(index) for index in range(count)]
        last: QWidget = self.stop
        for card in self._cards:
            if self._text_font is not None:
                card.set_text_font(self._text_font)
            card.chosen.connect(self.chosen)
            self._row.addWidget(card, 1)
            for widget in (card.body(), card.use):
                QWidget.setTabOrder(last, widget)
                last = widget
        QWidget.setTabOrder(last, self.back)
        self._pages.setCurrentIndex(bool(count))

    def _show_running(self) -> None:
        running = self.running
        self.write.setEnabled(not running)
        self.stop.setVisible(running)

    # How it looks --------------------------------------------------------------------------------

    def set_text_font(self, font: QFont) -> None:
        """The font of the texts."""
        self._text_font = font
        for card in self._cards:
            card.set_text_font(font)

    def retranslate(self) -> None:
        """Set all texts anew."""
        self._count_label.setText(self.tr("&Takes:"))
        self.count.setAccessibleName(self.tr("Number of takes"))
        self.count.setToolTip(self.tr("How many texts to write side by side."))
        self.write.setText(self.tr("&Write them"))
        self.write.setToolTip(self.tr("Write so many texts at once; those below make way for them."))
        self.stop.setText(self.tr("&Stop"))
        self.stop.setToolTip(self.tr("Write no more; what stands stays."))
        self.back.setText(self.tr("&Back to the text"))
        self.back.setToolTip(self.tr("Leave the text as it is; the takes stay here."))
        self._hint.setText(self.tr("Several texts stand here side by side, and you choose the one to go on with."))

    def changeEvent(self, event: QEvent) -> None:  # noqa: N802 - Qt's name
        """The language of the window may change."""
        if event.type() == QEvent.Type.LanguageChange:
            self.retranslate()
        super().changeEvent(event)


class _Cards(QWidget):
    """The row of cards, which may be as low as the lowest allows: their texts scroll by themselves."""

    def heightForWidth(self, width: int) -> int:  # noqa: N802 - Qt's name
        """As low as it may be; by itself it would be as high as the cards would like."""
        layout = self.layout()
        return layout.totalMinimumHeightForWidth(width) if layout else -1
