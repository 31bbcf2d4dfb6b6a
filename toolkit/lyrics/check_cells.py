"""What stands in the cells of one line, beside what should."""

from collections.abc import Iterator
from itertools import accumulate

from toolkit.readings import read

from .check_line import TextLine, is_counted, plain_marks
from .report import Finding, many, quoted
from .template import LEVEL, OBLIQUE, Cell, Line
from .units import HELD, UNITS


def length_finding(number: int, line: TextLine, wanted: Line) -> Finding:
    """How long a line is."""
    if line.unknown:
        detail = f"the dictionary does not say how many {UNITS[line.unit]} {quoted(line.unknown[0])} has"
        return Finding("length", number, False, detail)
    shortest, longest, found = wanted.lengths[0], wanted.lengths[-1], len(line.cells)
    size = f"{shortest} to {longest} {UNITS[line.unit]}" if longest > shortest else many(longest, UNITS[line.unit])
    return Finding("length", number, found in wanted.lengths, f"{size} expected, {found} found: {quoted(line.text)}")


def said_tones(line: TextLine) -> str:
    """The tone of each cell as the line is read, - where it has neither, then the line."""
    return f"{''.join(tone or '-' for tone in _tones(line))}: {quoted(line.text)}"


def tone_faults(line: TextLine, cells: tuple[Cell, ...]) -> Iterator[tuple[int, str]]:
    """The cells of another tone than they should have, from 0, each with a sentence; there are as many as are given."""
    for i, ((_, piece), cell, tone) in enumerate(zip(line.cells, cells, _tones(line), strict=True)):
        if cell.tone not in {"", tone}:
            yield i, f"{cell.tone} expected at {i + 1}, {quoted(piece.text)} is {tone or 'neither'}"


def cell_faults(line: TextLine, cells: tuple[Cell, ...]) -> Iterator[tuple[int, str]]:
    """The cells that hold something else than they should, from 0, each with a sentence."""
    for i, cell in enumerate(cells):
        wrong = []
        if cell.literal and not line.reads(i, cell.literal):
            wrong.append("a longer word" if cell.literal == HELD else quoted(cell.literal))
        if cell.opening and not line.opens(i, cell.opening):
            wrong.append(f"{cell.opening}*")
        if cell.closing and not line.closes(i, cell.closing):
            wrong.append(f"*{cell.closing}")
        if wrong:
            yield i, f"{' and '.join(wrong)} expected at {i + 1}, {quoted(line.word_at(i))} found"


def mark_faults(line: TextLine, cells: tuple[Cell, ...], after: str) -> Iterator[str]:
    """The marks of a line, where a template gives any: no others, and none elsewhere."""
    given = [plain_marks(text) for text in (*(cell.before for cell in cells), after)]
    found = line.marks(apostrophes="'" in "".join(given))
    for i, (mark, there) in enumerate(zip(given, found, strict=True), start=1):
        if any(given) and mark != there:
            where = f"before {i}" if i <= len(cells) else "at the end"
            yield f"{mark_name(mark)} expected {where}, {mark_name(there)} found"


def mark_name(mark: str) -> str:
    """Marks in a sentence."""
    return "a blank" if mark == " " else quoted(mark) or "no mark"


def _tones(line: TextLine) -> Iterator[str]:
    """The tone of each cell: `LEVEL`, `OBLIQUE`, or "" of what is no Chinese character."""
    said = [syllable for char, syllable in zip(line.text, read(line.text), strict=True) if is_counted(char)]
    sizes = [sum(map(is_counted, piece.text)) if text != HELD else 0 for text, piece in line.cells]
    for size, end in zip(sizes, accumulate(sizes), strict=True):
        syllable = said[end - size] if size else None
        yield "" if syllable is None else LEVEL if syllable.is_level else OBLIQUE
