"""What a grid of cells shows: a template line by line, with the lyric's own text in it where there is one."""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from enum import Enum, auto

from toolkit.lyrics.check_cells import cell_faults, length_finding, mark_faults, tone_faults
from toolkit.lyrics.check_line import TextLine, stanzas_of
from toolkit.lyrics.report import Finding
from toolkit.lyrics.template import Cell, Line, Template, TemplateError, parse_template
from toolkit.lyrics.units import HELD

_OF_RHYME = {"rhyme", "rhyme_with", "repeat_rhymes"}
_OF_LINES = _OF_RHYME | {"punctuation", "repeat_lines", "forbid"}
"""Rules that no single cell breaks; length and marks are looked at here."""


class Kind(Enum):
    """What a cell of a grid is."""

    CELL = auto()
    OPTIONAL = auto()  # may be left out
    EXTRA = auto()  # the lyric has it, and the line is long enough without
    MISSING = auto()  # the lyric lacks it
    MARK = auto()  # punctuation, no cell at all


@dataclass(frozen=True)
class GridCell:
    """A cell as it is shown.

    Attributes:
        text: what stands in it: of the lyric, else what the template says.
        kind: what it is.
        is_given: whether the template says what stands there.
        fault: which rule it breaks, in a sentence; "" is none.
    """

    text: str = ""
    kind: Kind = Kind.CELL
    is_given: bool = False
    fault: str = ""


@dataclass(frozen=True)
class GridRow:
    """A line as it is shown.

    Attributes:
        number: of the line, from 1; in a template that cannot be read, of the line of its text.
        cells: with the marks between them.
        letter: of its rhyme.
        faults: what it breaks as a whole, or why it cannot be read, a sentence each.
        is_rhyme_broken: whether its rhyme is among them.
        opens_stanza: whether there is a gap before it.
        source: the line of the template's text, where it cannot be read.
    """

    number: int
    cells: tuple[GridCell, ...] = ()
    letter: str = ""
    faults: tuple[str, ...] = ()
    is_rhyme_broken: bool = False
    opens_stanza: bool = False
    source: str = ""

    @property
    def all_faults(self) -> tuple[str, ...]:
        """Those of the line and of its cells."""
        return (*self.faults, *(cell.fault for cell in self.cells if cell.fault and cell.fault not in self.faults))


@dataclass(frozen=True)
class ReadLine:
    """A line of a template's text that says something.

    Attributes:
        number: in the text, from 1.
        line: what it means; None if it cannot be read.
        error: why not.
        source: as it is written.
        opens_stanza: whether an empty line stands before it.
    """

    number: int
    line: Line | None
    error: str = ""
    source: str = ""
    opens_stanza: bool = False


def read_lines(text: str, unit: str) -> tuple[ReadLine, ...]:
    """The lines of a template's text, each read by itself, so that all faults are found."""
    found: list[ReadLine] = []
    gap = False
    for number, raw in enumerate(text.splitlines(), start=1):
        plain = raw.strip()
        if not plain:
            gap = bool(found)
        elif plain[0] not in "#＃":
            try:
                line: Line | None = parse_template(raw, unit).lines[0]
                error = ""
            except TemplateError as fault:
                line, error = None, re.sub(r"^.*?, line 1: ", "", str(fault), flags=re.DOTALL)
            found.append(ReadLine(number, line, error, plain, gap))
            gap = False
    return tuple(found)


def lines_of_template(template: Template) -> tuple[ReadLine, ...]:
    """The lines of a template that was read."""
    firsts = {sum(map(len, template.stanzas[:i])) for i in range(1, len(template.stanzas))}
    return tuple(ReadLine(i + 1, line, opens_stanza=i in firsts) for i, line in enumerate(template.lines))


def rows_of(lines: Sequence[ReadLine], unit: str, text: str = "", findings: Iterable[Finding] = ()) -> list[GridRow]:
    """A row for each line.

    Args:
        lines: of the template.
        unit: what is counted.
        text: of the lyric, whose lines stand in the rows; "" is none.
        findings: of a check of it, for what no single cell breaks.
    """
    written = [line for stanza in stanzas_of(text, unit) for line in stanza]
    broken = [finding for finding in findings if not finding.kept and finding.rule in _OF_LINES]
    rows = []
    for i, read in enumerate(lines):
        if read.line is None:
            rows.append(GridRow(read.number, faults=(read.error,), opens_stanza=read.opens_stanza, source=read.source))
            continue
        own = [finding for finding in broken if finding.line == i + 1]
        row = _written(i + 1, read.line, written[i]) if i < len(written) else GridRow(i + 1, tuple(_empty(read.line)))
        rows.append(
            replace(
                row,
                letter=read.line.letter,
                faults=(*row.faults, *(finding.detail for finding in own)),
                is_rhyme_broken=any(finding.rule in _OF_RHYME for finding in own),
                opens_stanza=read.opens_stanza,
            )
        )
    return rows


def _empty(line: Line) -> Iterator[GridCell]:
    """The cells of a line that nobody has written."""
    for i in range(len(line.cells) + 1):
        if i == line.at:
            yield from [GridCell(kind=Kind.OPTIONAL)] * line.optional
        if i < len(line.cells):
            yield from _with_mark(line.cells[i].before, _cell(line.cells[i]))
    yield from _with_mark(line.after)


def _written(number: int, line: Line, text: TextLine) -> GridRow:
    """The cells of a line with what somebody wrote."""
    length = length_finding(number, text, line)
    count = len(text.cells)
    if length.kept:
        wanted = line.of_length(count)
        faults = dict([*tone_faults(text, wanted), *cell_faults(text, wanted)])
        of_line = tuple(mark_faults(text, wanted, line.after))
    else:
        wanted = line.of_length(min(max(count, line.lengths[0]), line.lengths[-1]))
        faults, of_line = {}, (length.detail,)
    cells: list[GridCell] = []
    for i, mark in enumerate(text.marks()):
        kind = Kind.CELL if i < len(wanted) else Kind.EXTRA
        fault = faults.get(i, "") or (length.detail if kind is Kind.EXTRA else "")
        shown = "" if i == count else "-" if text.cells[i][0] == HELD else text.word_at(i)
        own = [GridCell(shown, kind, i < len(wanted) and bool(wanted[i].literal), fault)] if i < count else []
        cells += _with_mark(mark.strip(), *own)
    cells += [replace(_cell(cell), kind=Kind.MISSING, fault=length.detail) for cell in wanted[count:]]
    return GridRow(number, tuple(cells), faults=of_line)


def _cell(cell: Cell) -> GridCell:
    """What a template says of a cell."""
    letters = f"{cell.opening}*{cell.closing}" if cell.opening or cell.closing else ""
    return GridCell(cell.literal or letters or cell.tone, is_given=bool(cell.literal or letters))


def _with_mark(mark: str, *cells: GridCell) -> Iterator[GridCell]:
    if mark:
        yield GridCell(mark, Kind.MARK)
    yield from cells
