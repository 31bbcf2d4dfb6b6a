"""The shape of a lyric as a grid of cells, and the template that says it, to be edited with what is wrong beside it."""

from collections.abc import Iterable

from PySide6.QtCore import QEvent, QSignalBlocker, Qt, Signal
from PySide6.QtGui import QFontDatabase, QResizeEvent
from PySide6.QtWidgets import QGridLayout, QLabel, QPlainTextEdit, QScrollArea, QVBoxLayout, QWidget

from toolkit.lyrics.report import Finding
from toolkit.lyrics.template import EITHER, LEVEL, OBLIQUE, Template
from toolkit.lyrics.units import CHAR, WORD

from . import theme
from .cell_grid import CellGrid
from .cell_rows import GridRow, lines_of_template, read_lines, rows_of
from .notes import Note
from .rule_fields import BROKEN, PROBLEM
from .rule_grid import GAP, WIDE_GAP, Fold
from .template_colours import TemplateColours

_MOST_LINES_SHOWN = 14
_MOST_FAULTS_NAMED = 3


class TemplateEditor(QWidget):
    """A grid of cells above the text of a template, which can be folded away.

    Attributes:
        grid: the cells.
        source: the text of the template.
        fold: the part that it is in.
        faults: what is wrong, the first of it.
    """

    changed = Signal()  # of the text, by typing

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._unit = CHAR
        self._lyric = ""
        self._findings: tuple[Finding, ...] = ()
        self._layout: Template | None = None
        self._problem = ("", 0)
        self._seen = ""
        self.grid = CellGrid()
        self._area = QScrollArea()
        self._area.setWidget(self.grid)
        self._area.setWidgetResizable(True)
        self._area.setFrameShape(QScrollArea.Shape.NoFrame)
        self._area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._area.viewport().setAutoFillBackground(False)
        self.grid.setAutoFillBackground(False)
        self.faults = Note(theme.problem)
        self.source = QPlainTextEdit()
        self.source.setFont(QFontDatabase.systemFont(QFontDatabase.SystemFont.FixedFont))
        self.source.setTabChangesFocus(True)
        self.source.setLineWrapMode(QPlainTextEdit.LineWrapMode.NoWrap)
        self._colours = TemplateColours(self.source.document())
        self._legend = QWidget()
        self._legend_lines = QGridLayout(self._legend)
        self._legend_lines.setContentsMargins(0, 0, 0, 0)
        self._legend_lines.setHorizontalSpacing(WIDE_GAP)
        self._legend_lines.setVerticalSpacing(0)
        self._legend_lines.setColumnStretch(1, 1)
        body = QWidget()
        inside = QVBoxLayout(body)
        inside.setContentsMargins(0, 0, 0, 0)
        inside.setSpacing(GAP)
        inside.addWidget(self.source)
        inside.addWidget(self._legend)
        self.fold = Fold(body)
        self.fold.set_open(True)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(GAP)
        for part in (self._area, self.faults, self.fold):
            layout.addWidget(part)
        self.source.textChanged.connect(self._edited)
        self._colours.set_palette(self.palette())
        self.retranslate()

    def text(self) -> str:
        """The template."""
        return self.source.toPlainText()

    def set_text(self, text: str) -> None:
        """Another template, without `changed`; one that is there already stays as it was typed."""
        if text != self.text():
            with QSignalBlocker(self.source):
                self.source.setPlainText(text)
        self._seen = self.text()
        self._show_rows()

    def set_unit(self, unit: str) -> None:
        """What a cell holds, of `toolkit.lyrics.units.UNITS`."""
        if unit != self._unit:
            self._unit = unit
            self._write_legend()
            self._show_rows()

    def show_lines(self, text: str, findings: Iterable[Finding] = ()) -> None:
        """Put a lyric into the cells, and mark those that break a rule.

        Args:
            text: its lines; "" takes it out again.
            findings: of a check of it; for rhymes and what else no single cell breaks.
        """
        self._lyric, self._findings = text, tuple(findings)
        self._show_rows()

    def show_layout(self, layout: Template | None) -> None:
        """What the grid shows in place of the text's own template: that with other rules on top. None: the text's."""
        self._layout = layout
        self._show_rows()

    def show_problem(self, message: str, line: int = 0) -> None:
        """What cannot be met, above the text; "" is nothing."""
        self._problem = (message, line)
        self._show_rows()

    def error(self) -> str:
        """Why the text cannot be read; "" if it can."""
        wrong = next((read for read in read_lines(self.text(), self._unit) if read.error), None)
        return self._in_line(wrong.number, wrong.error) if wrong else ""

    def set_wanted_height(self) -> None:
        """As high as its rows, up to some; the rest scrolls."""
        wanted = self.grid.heightForWidth(max(self._area.viewport().width(), 1))
        self._area.setFixedHeight(min(wanted, round(_MOST_LINES_SHOWN * self.fontMetrics().height() * 1.55)))
        self._area.setVisible(bool(self.grid.rows()))

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802 - Qt's name
        """Rows may need another height."""
        super().resizeEvent(event)
        self.set_wanted_height()

    def changeEvent(self, event: QEvent) -> None:  # noqa: N802 - Qt's name
        """The language and the colours may switch at run time."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.LanguageChange:
            self.retranslate()
        elif event.type() == QEvent.Type.PaletteChange:
            self._colours.set_palette(self.palette())
            self.retranslate()

    def retranslate(self) -> None:
        """All texts, in the language of the window."""
        self.fold.head.setText(self.tr("Edit it cell by cell"))
        self.fold.head.setToolTip(self.tr("The template: one line a lyric line, one sign a cell"))
        self.source.setAccessibleName(self.tr("Template"))
        self.source.setPlaceholderText("_______{A}\n_______{A}\n_______\n_______{A}")
        self.grid.setAccessibleName(self.tr("Shape of the lyric, line by line"))
        lines = self.source.fontMetrics().lineSpacing() * 7
        self.source.setMinimumHeight(lines)
        self._write_legend()
        self._show_rows()

    def _write_legend(self) -> None:
        """The signs, those that the unit has."""
        signs = {
            "_": self.tr("anything may stand here"),
            "~": self.tr("the same, or nothing at all"),
            f"{LEVEL} {OBLIQUE}": self.tr("a level tone, an oblique one"),
            EITHER: self.tr("either tone"),
            "s*  *t": self.tr("a word that begins with s, that ends with t"),
            "{A}": self.tr("rhymes with the other lines {A}"),
            "\\_": self.tr("the sign itself, as a word of the lyric"),
            "#": self.tr("what follows is a note for yourself"),
        }
        left_out = {WORD: {f"{LEVEL} {OBLIQUE}", EITHER}, CHAR: {"s*  *t"}}.get(self._unit, set())
        while self._legend_lines.count():
            item = self._legend_lines.takeAt(0)
            widget = item.widget() if item else None
            if widget:
                widget.deleteLater()
        for row, (sign, meaning) in enumerate((a, b) for a, b in signs.items() if a not in left_out):
            left, right = QLabel(sign), Note(theme.muted)
            left.setTextFormat(Qt.TextFormat.PlainText)
            left.setFont(self.source.font())
            left.setAlignment(Qt.AlignmentFlag.AlignTop)
            right.say(meaning)
            self._legend_lines.addWidget(left, row, 0)
            self._legend_lines.addWidget(right, row, 1)

    def _edited(self) -> None:
        if self.text() != self._seen:  # colours alone are no change
            self._seen = self.text()
            self._layout = None
            self._show_rows()
            self.changed.emit()

    def _show_rows(self) -> None:
        """The grid and what is wrong, anew."""
        own = read_lines(self.text(), self._unit)
        errors = {read.number: read.error for read in own if read.error}
        shown = lines_of_template(self._layout) if self._layout and not errors else own
        rows = rows_of(shown, self._unit, self._lyric, self._findings)
        self._colours.set_broken(errors)
        self.grid.set_rows(rows)
        self._say_faults(rows)
        self.set_wanted_height()

    def _say_faults(self, rows: Iterable[GridRow]) -> None:
        message, line = self._problem
        said = [f"{PROBLEM} {self._in_line(line, message) if line else message}"] if message else []
        wrong = [(row, fault) for row in rows for fault in row.all_faults]
        said += [
            f"{PROBLEM if row.source else BROKEN} {self._in_line(row.number, fault)}"
            for row, fault in wrong[:_MOST_FAULTS_NAMED]
        ]
        if len(wrong) > _MOST_FAULTS_NAMED:
            said.append(self.tr("and {count} more").format(count=len(wrong) - _MOST_FAULTS_NAMED))
        self.faults.say("\n".join(said))
        self.grid.setAccessibleDescription(self.faults.text())

    def _in_line(self, number: int, message: str) -> str:
        return self.tr("Line {number}: {message}").format(number=number, message=message)
