"""The shape of a lyric as a grid of cells, and the template that says it, to be edited with what is wrong beside it."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from PySide6.QtCore import QEvent, QSignalBlocker, Qt, Signal
from PySide6.QtGui import QFontDatabase, QResizeEvent
from PySide6.QtWidgets import QGridLayout, QLabel, QPlainTextEdit, QScrollArea, QVBoxLayout, QWidget

from toolkit.lyrics.report import Finding
from toolkit.lyrics.template import EITHER, LEVEL, OBLIQUE, Template
from toolkit.lyrics.units import CHAR, WORD

from . import theme
from .cell_grid import CellGrid
from .cell_rows import GridRow, lines_of_template, read_lines, rows_of
from .core_sentences import translated
from .notes import Note
from .rule_fields import BROKEN, PROBLEM
from .rule_grid import GAP, WIDE_GAP, Fold
from .template_colours import TemplateColours

_MOST_LINES_SHOWN = 14
_MOST_FAULTS_NAMED = 3
_MOST_ROWS = 60
"""Of the grid; what is longer is no song, and must not slow down typing."""


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
        self._waits = False
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
        self._rest = Note(theme.muted)
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
        self._legend_rows: list[tuple[QLabel, Note]] = []
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
        for part in (self._area, self._rest, self.faults, self.fold):
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
        lines = enumerate(read_lines(self.text(), self._unit), start=1)
        return next((self._in_line(number, translated(read.error)) for number, read in lines if read.error), "")

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
            "s* *t": self.tr("a word that begins with s, that ends with t"),
            "{A}": self.tr("rhymes with the other lines {A}"),
            "\\_": self.tr("the sign itself, as it is sung"),
            "#": self.tr("what follows is a note for yourself"),
            f"{BROKEN} ◥": self.tr("breaks a rule: point at it to see which"),
        }
        left_out = {WORD: {f"{LEVEL} {OBLIQUE}", EITHER}, CHAR: {"s* *t"}}.get(self._unit, set())
        for row, (sign, meaning) in enumerate(signs.items()):
            if row == len(self._legend_rows):
                left, right = QLabel(), Note(theme.muted)
                left.setTextFormat(Qt.TextFormat.PlainText)
                left.setAlignment(Qt.AlignmentFlag.AlignTop)
                self._legend_lines.addWidget(left, row, 0)
                self._legend_lines.addWidget(right, row, 1)
                self._legend_rows.append((left, right))
            left, right = self._legend_rows[row]
            left.setFont(self.source.font())
            left.setText(sign)
            left.setVisible(sign not in left_out)
            right.say("" if sign in left_out else meaning)

    def _edited(self) -> None:
        if self.text() != self._seen:  # colours alone are no change
            self._seen = self.text()
            self._layout = None
            self._show_rows()
            self.changed.emit()

    @contextmanager
    def at_once(self) -> Iterator[None]:
        """Several changes of what is shown, after which it is made anew once."""
        self._waits = True
        try:
            yield
        finally:
            self._waits = False
            self._show_rows()

    def _show_rows(self) -> None:
        """The grid and what is wrong, anew."""
        if self._waits:
            return
        own = read_lines(self.text(), self._unit)
        errors = {read.number: read.error for read in own if read.error}
        shown = lines_of_template(self._layout) if self._layout and not errors else own
        rows = rows_of(shown[:_MOST_ROWS], self._unit, self._lyric, self._findings)
        self._colours.set_broken(errors)
        self.grid.set_rows(rows)
        self._say_faults(rows)
        rest = len(shown) - _MOST_ROWS
        self._rest.say(self.tr("and %n more lines", "", rest) if rest > 0 else "")
        self.set_wanted_height()

    def _say_faults(self, rows: Iterable[GridRow]) -> None:
        message, line = self._problem
        said = [f"{PROBLEM} {self._in_line(line, message) if line else message}"] if message else []
        wrong = [(row, fault) for row in rows for fault in row.all_faults]
        said += [
            f"{PROBLEM if row.source else BROKEN} {self._in_line(row.number, translated(fault))}"
            for row, fault in wrong[:_MOST_FAULTS_NAMED]
        ]
        if len(wrong) > _MOST_FAULTS_NAMED:
            said.append(self.tr("and {count} more").format(count=len(wrong) - _MOST_FAULTS_NAMED))
        self.faults.say("\n".join(said))
        self.grid.setAccessibleDescription(self.faults.text())

    def _in_line(self, number: int, message: str) -> str:
        return self.tr("Line {number}: {message}").format(number=number, message=message)
