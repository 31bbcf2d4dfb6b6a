"""Fields of rules one below the other or two side by side, what is wrong with them beneath; and parts that fold."""

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QGridLayout, QHBoxLayout, QSizePolicy, QToolButton, QVBoxLayout, QWidget

from . import theme
from .notes import Note
from .rule_fields import BROKEN, FlagField, RuleField

GAP, WIDE_GAP = 4, 10
"""Between what belongs together, and between two rules; in pixels that Qt scales."""


class RuleGrid(QWidget):
    """Rows of one field, or of two that are short."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setHorizontalSpacing(WIDE_GAP)
        self._grid.setVerticalSpacing(GAP)
        self._grid.setColumnStretch(0, 1)
        self._grid.setColumnStretch(1, 1)

    def add(self, *fields: RuleField) -> None:
        """A row; faults of its fields have the whole width."""
        if self._grid.count():
            self._grid.setRowMinimumHeight(self._grid.rowCount(), WIDE_GAP - GAP)
        row, span = self._grid.rowCount() + 1, 2 // len(fields)
        for column, field in enumerate(fields):
            field.editor.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
            if isinstance(field, FlagField):
                self._grid.addLayout(_beside(field.editor, field), row, column, 1, span)
                continue
            self._grid.addLayout(_beside(field.label, field), row, column, 1, span)
            self._grid.addWidget(field.editor, row + 1, column, 1, span)
        for i, field in enumerate(fields):
            self._grid.addWidget(field.problem, row + 2 + i, 0, 1, 2)


def _beside(left: QWidget, field: RuleField) -> QHBoxLayout:
    line = QHBoxLayout()
    line.setSpacing(GAP)
    line.addWidget(left, 1)
    line.addWidget(field.mark)
    return line


class Fold(QWidget):
    """A part that can be folded away; its head says so when something in it is wrong."""

    toggled = Signal(bool)

    def __init__(self, body: QWidget, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.body = body
        self.head = QToolButton()
        self.head.setCheckable(True)
        self.head.setAutoRaise(True)
        self.head.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self.head.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.sign = Note(theme.problem, wraps=False)
        line = QHBoxLayout()
        line.addWidget(self.head)
        line.addStretch(1)
        line.addWidget(self.sign)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(GAP)
        layout.addLayout(line)
        layout.addWidget(body)
        self.head.toggled.connect(self._turn)
        self._turn(False)

    def is_open(self) -> bool:
        """Whether its body is shown."""
        return self.head.isChecked()

    def set_open(self, is_open: bool) -> None:
        """Show or hide its body."""
        self.head.setChecked(is_open)

    def show_wrong(self, wrong: bool) -> None:
        """Whether something in it is wrong; said while it is folded."""
        self.sign.say(BROKEN if wrong and not self.is_open() else "")

    def _turn(self, is_open: bool) -> None:
        self.head.setArrowType(Qt.ArrowType.DownArrow if is_open else Qt.ArrowType.RightArrow)
        self.body.setVisible(is_open)
        self.toggled.emit(is_open)
