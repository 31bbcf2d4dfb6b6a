"""Names and values, as one text that can be selected and copied."""

from collections.abc import Sequence

from PySide6.QtCore import QEvent
from PySide6.QtGui import QTextCharFormat, QTextCursor, QTextLength, QTextTable, QTextTableFormat
from PySide6.QtWidgets import QWidget

from . import theme
from .plain_view import PlainView, visible

_NAMES_PERCENT = 30
"""Of the width, for the names."""


class FactsTable(PlainView):
    """A table of two columns. Nothing in it is markup."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._rows: tuple[tuple[str, str], ...] = ()
        self._table: QTextTable | None = None

    def rows(self) -> tuple[tuple[str, str], ...]:
        """What is shown."""
        return self._rows

    def show_rows(self, rows: Sequence[tuple[str, str]]) -> None:
        """Show these rows; where only values changed, the others keep what is selected in them."""
        rows = tuple((visible(name), visible(value)) for name, value in rows)
        if rows == self._rows:
            return
        same_names = [name for name, _ in rows] == [name for name, _ in self._rows]
        old, self._rows = self._rows, rows
        if self._table is None or not same_names:
            self._fill()
            return
        for number, (row, before) in enumerate(zip(rows, old, strict=True)):
            if row != before:
                self._write(self._table, number, 1, row[1])

    def _fill(self) -> None:
        self.clear()
        self._table = None
        if not self._rows:
            return
        shape = QTextTableFormat()
        shape.setBorder(0)
        shape.setCellSpacing(0)
        shape.setCellPadding(2)
        percent = QTextLength.Type.PercentageLength
        shape.setWidth(QTextLength(percent, 100))
        shape.setColumnWidthConstraints(
            [QTextLength(percent, _NAMES_PERCENT), QTextLength(percent, 100 - _NAMES_PERCENT)]
        )
        self._table = QTextCursor(self.document()).insertTable(len(self._rows), 2, shape)
        for number, row in enumerate(self._rows):
            for column, text in enumerate(row):
                self._write(self._table, number, column, text)

    def _write(self, table: QTextTable, row: int, column: int, text: str) -> None:
        cell = table.cellAt(row, column)
        cursor = cell.firstCursorPosition()
        cursor.setPosition(cell.lastPosition(), QTextCursor.MoveMode.KeepAnchor)
        ink = QTextCharFormat()
        if column == 0:
            ink.setForeground(theme.muted(self.palette()))
        cursor.insertText(text, ink)

    def changeEvent(self, event: QEvent) -> None:  # noqa: N802 - Qt's name
        """Follow the palette."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange and self._rows:
            self._fill()
