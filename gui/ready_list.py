"""Rules for the first minute, a button each."""

from collections.abc import Mapping

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QPushButton, QVBoxLayout, QWidget

from toolkit.lyrics.rules import LyricRules

from .rule_grid import GAP


class ReadyList(QWidget):
    """What a click makes the rules."""

    chosen = Signal(object)  # LyricRules

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._buttons: list[QPushButton] = []
        self._rules: list[LyricRules] = []
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.setSpacing(GAP)

    def set_presets(self, presets: Mapping[str, LyricRules]) -> None:
        """Those to choose from, by their names in the language of the window."""
        self._rules = list(presets.values())
        while len(self._buttons) < len(presets):
            self._add()
        names = [*presets, *[""] * (len(self._buttons) - len(presets))]
        for button, name in zip(self._buttons, names, strict=True):
            button.setText(name.replace("&", "&&"))
            button.setVisible(bool(name))

    def _add(self) -> None:
        button, number = QPushButton(self), len(self._buttons)
        button.setAutoDefault(False)
        button.clicked.connect(lambda: self.chosen.emit(self._rules[number]))
        self._buttons.append(button)
        self._column.addWidget(button)
