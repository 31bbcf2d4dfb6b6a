"""The best answers to each line, with their scores, and what can be done with one."""

import math
from collections.abc import Sequence

from PySide6.QtCore import QEvent, Qt, Signal
from PySide6.QtGui import QBrush, QFont
from PySide6.QtWidgets import (
    QAbstractItemView,
    QApplication,
    QHeaderView,
    QPushButton,
    QTreeWidget,
    QTreeWidgetItem,
    QVBoxLayout,
    QWidget,
)

from toolkit.translation import Translation

from . import theme
from .flow_layout import FlowLayout
from .plain import visible

_TEXT, _SURE, _SCORE = range(3)
_WHOLE = Qt.ItemDataRole.UserRole


class AnswersList(QWidget):
    """Source lines, and below each its answers from best to worst."""

    chosen = Signal(str)
    """This answer is to go into the text."""
    next_wanted = Signal(str)
    """This answer is to be the next line that is answered."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._groups: list[Sequence[Translation]] = []
        self._says_cut = False
        self._text_font = self.font()
        self.tree = QTreeWidget()
        self.tree.setColumnCount(3)
        self.tree.setMinimumHeight(5 * self.tree.fontMetrics().lineSpacing())
        self.tree.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.tree.setRootIsDecorated(False)
        self.tree.setItemsExpandable(False)
        self.tree.setTextElideMode(Qt.TextElideMode.ElideRight)
        header = self.tree.header()
        header.setStretchLastSection(False)
        header.setSectionResizeMode(_TEXT, QHeaderView.ResizeMode.Stretch)
        for column in (_SURE, _SCORE):
            header.setSectionResizeMode(column, QHeaderView.ResizeMode.ResizeToContents)
        self.tree.currentItemChanged.connect(self._show_what_can_be_done)
        self.tree.itemActivated.connect(self.choose)
        self.use, self.next, self.copy = QPushButton(), QPushButton(), QPushButton()
        self.use.clicked.connect(self.choose)
        self.next.clicked.connect(self._want_next)
        self.copy.clicked.connect(self._copy)
        below = QWidget()
        buttons = FlowLayout(below)
        for button in (self.use, self.next, self.copy):
            buttons.addWidget(button)
        box = QVBoxLayout(self)
        box.setContentsMargins(0, 0, 0, 0)
        box.addWidget(self.tree, 1)
        box.addWidget(below)
        self.retranslate()

    def show_groups(self, groups: Sequence[Sequence[Translation]], *, says_cut: bool = False) -> None:
        """Show answers by the line that they are to; the row that is current stays where it is.

        Args:
            groups: the answers to each line.
            says_cut: whether those that ended without an end marker are said to be cut off.
        """
        current = self._place()
        self._groups, self._says_cut = list(groups), says_cut
        self.tree.clear()
        for group in self._groups:
            line = QTreeWidgetItem([visible(group[0].source).replace("\n", "↵")])
            line.setFlags(Qt.ItemFlag.ItemIsEnabled)
            line.setFont(_TEXT, self._text_font)
            self.tree.addTopLevelItem(line)
            line.setFirstColumnSpanned(True)
            line.addChildren([self._row(found) for found in group])
            line.setExpanded(True)
        self._colour()
        number, row = current or (0, 0)
        above = self.tree.topLevelItem(number)
        answer = above.child(min(row, above.childCount() - 1)) if above is not None else None
        if answer is not None:
            self.tree.setCurrentItem(answer)
        self._show_what_can_be_done()

    def current(self) -> str:
        """The answer that is current; "" if none is."""
        item = self.tree.currentItem()
        return "" if item is None else str(item.data(_TEXT, _WHOLE) or "")

    def choose(self) -> None:
        """Want the current answer in the text."""
        if self.current():
            self.chosen.emit(self.current())

    def _want_next(self) -> None:
        self.next_wanted.emit(self.current())

    def _copy(self) -> None:
        QApplication.clipboard().setText(self.current())

    def set_text_font(self, font: QFont) -> None:
        """The font of lines and answers."""
        self._text_font = font
        self.show_groups(self._groups, says_cut=self._says_cut)

    def _row(self, found: Translation) -> QTreeWidgetItem:
        sure = math.exp(sum(found.log_probs) / max(1, len(found.log_probs)))
        item = QTreeWidgetItem([visible(found.text).replace("\n", "↵"), f"{sure:.0%}", f"{found.score:.2f}"])
        item.setFont(_TEXT, self._text_font)
        item.setData(_TEXT, _WHOLE, found.text)
        if self._says_cut and found.finish_reason == "length":
            item.setText(_TEXT, f"{item.text(_TEXT)} …")
            item.setToolTip(_TEXT, self.tr("It ends here because it may be no longer."))
        for column in (_SURE, _SCORE):
            item.setTextAlignment(column, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        return item

    def _place(self) -> tuple[int, int] | None:
        item = self.tree.currentItem()
        line = item.parent() if item is not None else None
        if item is None or line is None:
            return None
        return self.tree.indexOfTopLevelItem(line), line.indexOfChild(item)

    def _show_what_can_be_done(self) -> None:
        for button in (self.use, self.next, self.copy):
            button.setEnabled(bool(self.current()))

    def _colour(self) -> None:
        """Lines are muted: what matters are the answers."""
        for number in range(self.tree.topLevelItemCount()):
            line = self.tree.topLevelItem(number)
            if line is not None:
                line.setForeground(_TEXT, QBrush(theme.muted(self.palette())))

    def retranslate(self) -> None:
        """Set all texts anew."""
        self.tree.setAccessibleName(self.tr("Answers"))
        self.tree.setHeaderLabels([self.tr("Answer"), self.tr("Sure"), self.tr("Score")])
        head = self.tree.headerItem()
        head.setToolTip(_SURE, self.tr("Probability of a token, on average over the answer."))
        head.setToolTip(_SCORE, self.tr("What the search ranks answers by; higher is better."))
        self.use.setText(self.tr("Put into the te&xt"))
        self.use.setToolTip(self.tr("Put this answer into the lyric."))
        self.next.setText(self.tr("Use as &next line"))
        self.next.setToolTip(self.tr("Put this answer below the lines above, to be answered in its turn."))
        self.copy.setText(self.tr("&Copy"))
        self.copy.setToolTip(self.tr("Copy this answer."))
        self.show_groups(self._groups, says_cut=self._says_cut)

    def changeEvent(self, event: QEvent) -> None:  # noqa: N802 - Qt's name
        """The language of the window may change, and its colours."""
        if event.type() == QEvent.Type.LanguageChange:
            self.retranslate()
        elif event.type() == QEvent.Type.PaletteChange:
            self._colour()
        super().changeEvent(event)
