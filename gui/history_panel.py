"""All that was generated, the newest first, to come back to."""

import html
from collections.abc import Mapping, Sequence

from PySide6.QtCore import (
    QAbstractListModel,
    QDateTime,
    QEvent,
    QLocale,
    QModelIndex,
    QPersistentModelIndex,
    Qt,
    Signal,
    SignalInstance,
)
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QHBoxLayout, QLabel, QListView, QPushButton, QVBoxLayout, QWidget

from .history_rows import MADE, HistoryRows
from .project import Generation

Index = QModelIndex | QPersistentModelIndex

_AT_ONCE = 1000
"""Rows that are laid out without the window standing still."""
_TOOLTIP_LINES = 30
_PREVIEW_CHARACTERS = 200


class HistoryPanel(QWidget):
    """A list of texts; Enter, a double click or the button brings one back."""

    restore_wanted = Signal(int)
    """Index in what `set_generations` was given."""
    copy_recipe_wanted = Signal(int)
    """The same."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._model = _Generations(self)
        self._heading, self._empty = QLabel(), QLabel(wordWrap=True)
        self._list = QListView()
        self._buttons = QPushButton(), QPushButton()
        self._actions = QAction(self), QAction(self)
        for label in (self._heading, self._empty):
            label.setTextFormat(Qt.TextFormat.PlainText)
        self._heading.setBuddy(self._list)
        self._list.setModel(self._model)
        self._list.setItemDelegate(HistoryRows(self._list))
        self._list.setUniformItemSizes(True)
        self._list.setContextMenuPolicy(Qt.ContextMenuPolicy.ActionsContextMenu)
        self._list.addActions(self._actions)
        self._list.activated.connect(lambda _: self._ask(self.restore_wanted))
        self._list.selectionModel().currentChanged.connect(self._enable)
        buttons = QHBoxLayout()
        for button, action, signal in zip(
            self._buttons, self._actions, (self.restore_wanted, self.copy_recipe_wanted), strict=True
        ):
            action.triggered.connect(lambda _, signal=signal: self._ask(signal))
            button.clicked.connect(action.trigger)
            buttons.addWidget(button)
        buttons.addStretch()
        layout = QVBoxLayout(self)
        layout.addWidget(self._heading)
        layout.addWidget(self._empty, 1, Qt.AlignmentFlag.AlignTop)
        layout.addWidget(self._list, 1)
        layout.addLayout(buttons)
        self.retranslate()
        self.set_generations(())

    def set_generations(self, generations: Sequence[Generation]) -> None:
        """Show these, given the oldest first. The one chosen stays chosen, or else none is.

        Takes no longer for many: nothing of them is read until it is seen.
        """
        chosen, at_top = self._chosen(), self._list.verticalScrollBar().value() == 0
        modes = QListView.LayoutMode
        self._list.setLayoutMode(modes.Batched if len(generations) > _AT_ONCE else modes.SinglePass)
        self._model.set_generations(generations)
        if chosen is not None and chosen < len(generations):
            row = self._model.index(len(generations) - 1 - chosen)
            self._list.setCurrentIndex(row)
        if at_top:
            self._list.scrollToTop()
        self._list.setVisible(bool(generations))
        self._empty.setVisible(not generations)
        self._enable()

    def retranslate(self) -> None:
        """All words in the language of the window."""
        self._heading.setText(self.tr("&History"))
        self._empty.setText(self.tr("Nothing here yet. Every text that is generated is kept here."))
        words = (
            (self.tr("&Bring back"), self.tr("Put this text into the editor; it can be undone")),
            (self.tr("Copy reci&pe"), self.tr("Copy what writes this text again: model, rules, options and seed")),
        )
        for button, action, (name, tooltip) in zip(self._buttons, self._actions, words, strict=True):
            button.setText(name)
            button.setToolTip(tooltip)
            action.setText(name)
        self._list.setAccessibleName(self.tr("Texts generated, the newest first"))
        self._model.retranslate()

    def changeEvent(self, event: QEvent) -> None:  # noqa: N802 - Qt's name
        """A new language."""
        if event.type() == QEvent.Type.LanguageChange:
            self.retranslate()
        super().changeEvent(event)

    def _chosen(self) -> int | None:
        """Index in the sequence."""
        row = self._list.currentIndex().row()
        return self._model.rowCount() - 1 - row if row >= 0 else None

    def _ask(self, signal: SignalInstance) -> None:
        chosen = self._chosen()
        if chosen is not None:
            signal.emit(chosen)

    def _enable(self) -> None:
        for part in (*self._buttons, *self._actions):
            part.setEnabled(self._chosen() is not None)


class _Generations(QAbstractListModel):
    """Generations, the newest in the first row."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self._generations: Sequence[Generation] = ()

    def set_generations(self, generations: Sequence[Generation]) -> None:
        self.beginResetModel()
        self._generations = generations
        self.endResetModel()

    def retranslate(self) -> None:
        if self._generations:
            self.dataChanged.emit(self.index(0), self.index(len(self._generations) - 1))

    def rowCount(self, parent: Index | None = None) -> int:  # noqa: N802 - Qt's name
        return 0 if parent is not None and parent.isValid() else len(self._generations)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        if not index.isValid():
            return None
        generation = self._generations[-1 - index.row()]
        if role == Qt.ItemDataRole.DisplayRole:
            return self._preview(generation)
        if role == MADE:
            return self._made(generation)
        if role == Qt.ItemDataRole.AccessibleTextRole:
            return self.tr("{text}, {made}").format(text=self._preview(generation), made=self._made(generation))
        if role == Qt.ItemDataRole.ToolTipRole:
            return _tooltip(generation)
        return None

    def _preview(self, generation: Generation) -> str:
        """The first line that says something, on one line."""
        lines = (" ".join(line.split()) for line in generation.text.splitlines())
        first = next(filter(None, lines), "")[:_PREVIEW_CHARACTERS]
        return "".join(c for c in first if c.isprintable()) or self.tr("(empty)")

    def _made(self, generation: Generation) -> str:
        """When, and with which seed."""
        made = QDateTime.fromString(generation.made, Qt.DateFormat.ISODate).toLocalTime()
        form, locale = QLocale.FormatType.ShortFormat, QLocale()
        if not made.isValid():
            time = ""
        elif made.date() == QDateTime.currentDateTime().date():
            time = locale.toString(made.time(), "HH:mm:ss")
        else:
            time = locale.toString(made, form)
        seed = seed_of(generation.recipe)
        if seed is None:
            return time
        if not time:
            return self.tr("seed {seed}").format(seed=seed)
        return self.tr("{time} · seed {seed}").format(time=time, seed=seed)


def seed_of(recipe: Mapping[str, object]) -> int | None:
    """The seed in a recipe of a lyric, or in sampling options."""
    options = recipe.get("options", recipe)
    seed = options.get("seed") if isinstance(options, Mapping) else None
    return seed if isinstance(seed, int) else None


def _tooltip(generation: Generation) -> str:
    """The text as HTML that shows it as it is."""
    lines = generation.text.splitlines()
    shown = [line[:_PREVIEW_CHARACTERS] for line in lines[:_TOOLTIP_LINES]]
    if len(lines) > _TOOLTIP_LINES:
        shown.append("…")
    text = html.escape("\n".join(shown))
    return f'<div style="white-space: pre-wrap">{text}</div>'
