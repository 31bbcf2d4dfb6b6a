"""What a writer can ask for, as one frozen dataclass, and what it means: a `Template`."""

import difflib
import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from itertools import cycle, islice

from toolkit.errors import OptionError, ToolkitError
from toolkit.options import Options, option
from toolkit.readings import is_han

from .forms import every_name, find_form
from .template import FREE, MAX_CELLS, MAX_LINES, UNRHYMED, Cell, Line, Template, parse_template
from .units import CHAR, HELD, SYLLABLE, UNITS, WORD, atoms, spelt_with

DEFAULT_LINES = 8
DEFAULT_LENGTH = {CHAR: "5-9", WORD: "4-8", SYLLABLE: "6-10"}
"""Where nobody says how long lines are."""

_SPAN = re.compile(r"(\d+)(?:-(\d+))?")
_AT = re.compile(r"first|last|diagonal|\d+")
_FIXED = re.compile(r"(\d+):(\d+)=(.+)")
_LETTERED = re.compile(r"([A-Z])=(.+)")


class RuleError(ToolkitError):
    """A rule that cannot be met.

    Attributes:
        rule: its name, as in `LyricRules`.
        line: the number of the line, from 1; 0 where it is the whole text.
    """

    def __init__(self, rule: str, message: str, line: int = 0) -> None:
        super().__init__(f"{rule}{f', line {line}' if line else ''}: {message}")
        self.rule = rule
        self.line = line


@dataclass(frozen=True)
class LyricRules(Options):
    """Rules of a text. All of them hold together."""

    lines: int = option(0, "how many lines; 0: as many as the other rules say, else 8", minimum=0, maximum=MAX_LINES)
    stanzas: int = option(0, "how many stanzas of equal size; 0: as the scheme says", minimum=0, maximum=MAX_LINES)
    length: str = option("", "of a line: 7, 5-9, or one for each line in turn: 7,7,5,5", metavar="N[-M],…")
    unit: str = option("auto", "what lines are counted in", choices=("auto", *UNITS))
    rhyme: str = option("", "a letter a line, X is free, a blank parts stanzas: AABA, 'ABAB CDCD'", metavar="SCHEME")
    near: bool = option(False, "near rhymes are enough (an and ang, en and eng, i and ü)")
    double: bool = option(False, "the last two syllables rhyme")
    rhyme_with: str = option("", "the rhyme of A, or of several letters: 光, or 'A=光 B=心'", metavar="WORD")
    repeat_rhymes: bool = option(False, "a rhyme word may come twice")
    acrostic: str = option("", "a character (of words a first letter) for each line", metavar="TEXT")
    acrostic_at: str = option("first", "where: first, last, diagonal, or a number from 1", metavar="PLACE")
    fixed: tuple[str, ...] = option((), "words at a place, as LINE:CELL=TEXT (repeatable)", metavar="L:C=TEXT")
    include: tuple[str, ...] = option((), "what some line must contain (repeatable)", metavar="TEXT")
    forbid: tuple[str, ...] = option((), "what no line may contain (repeatable)", metavar="TEXT")
    form: str = option("", "a classical form; `toolkit lyrics --forms` lists them", metavar="NAME")
    template: str = option("", "the text of a template, cell by cell", metavar="TEXT")
    punctuation: str = option(
        "end", "marks that fill no cell: at line ends, inside lines too, or none", choices=("end", "inside", "none")
    )
    repeat_lines: bool = option(False, "a line may come twice")

    def __post_init__(self) -> None:
        """Full-width letters, digits and signs, as Chinese keyboards have them, are taken for plain ones."""
        for name in ("length", "rhyme", "rhyme_with", "acrostic_at"):
            value = getattr(self, name)
            if isinstance(value, str):
                object.__setattr__(self, name, unicodedata.normalize("NFKC", value).strip())
        if isinstance(self.fixed, tuple):
            object.__setattr__(self, "fixed", tuple(map(_plain_place, self.fixed)))
        super().__post_init__()

    def conflicts(self) -> Iterable[str]:
        """Faults in the small languages of some options, and rules that exclude each other."""
        if self.length and not all(_span_holds(span) for span in self.length.split(",")):
            yield f"length must be numbers from 1 to {MAX_CELLS} like 7, 5-9 or 7,7,5,5, found {self.length!r}"
        if not re.fullmatch(r"([A-Za-z]+( +[A-Za-z]+)*)?", self.rhyme):
            yield f"rhyme must be letters like AABA or 'ABAB CDCD', found {self.rhyme!r}"
        if not _AT.fullmatch(self.acrostic_at) or self.acrostic_at == "0":
            yield f"acrostic_at must be first, last, diagonal or a number from 1, found {self.acrostic_at!r}"
        if self.acrostic and not atoms(self.acrostic, CHAR):
            yield f"acrostic must have characters or letters, found {self.acrostic!r}"
        for text in self.fixed:
            if not isinstance(text, str) or not _FIXED.fullmatch(text) or "0" in text.partition("=")[0].split(":"):
                yield f"fixed must be LINE:CELL=TEXT, counted from 1, like 3:2=月亮, found {text!r}"
        for name in ("include", "forbid"):
            for text in getattr(self, name):
                if not isinstance(text, str) or not atoms(text, CHAR):
                    yield f"{name} must be texts with characters or letters, found {text!r}"
        if sum(map(bool, (self.form, self.template, self.length))) > 1:
            yield "length, form and template each say how long the lines are: give one of them"
        if self.form and find_form(self.form) is None:
            near = difflib.get_close_matches(self.form, every_name(), n=3, cutoff=0.3)
            meant = f"; did you mean {', '.join(near)}?" if near else ""
            yield f"form must be one of those that `toolkit lyrics --forms` lists, found {self.form!r}{meant}"
        if self.rhyme and (self.form or "{" in self.template):
            yield "rhyme: the form or template has its own letters: leave one of the two out"
        if self.rhyme_with:
            yield from self._rhyme_with_faults()

    def _rhyme_with_faults(self) -> Iterable[str]:
        parts = re.split(r"[\s,]+", self.rhyme_with)
        letters = [part.partition("=")[0] for part in parts]
        right = all(map(_LETTERED.fullmatch, parts)) and len(set(letters)) == len(letters)
        if not (right if "=" in self.rhyme_with else _is_word(self.rhyme_with)):
            yield f"rhyme_with must be one word, or LETTER=WORD for some letters, found {self.rhyme_with!r}"

    @property
    def chosen_rhymes(self) -> Mapping[str, str]:
        """Letter -> the word that its lines rhyme with."""
        if "=" not in self.rhyme_with:
            return {"A": self.rhyme_with} if self.rhyme_with else {}
        return dict(part.split("=", 1) for part in re.split(r"[\s,]+", self.rhyme_with))

    def layout(self, unit: str) -> Template:
        """What the rules mean, cell by cell.

        Args:
            unit: of `toolkit.lyrics.units.UNITS`; it takes the place of "auto".

        Raises:
            OptionError: two rules say different numbers of lines.
            RuleError: a rule speaks of a line or cell that is not there, or of one that another rule fills.
            TemplateError: the template cannot be read.
        """
        unit = unit if self.unit == "auto" else self.unit
        template = self._with_letters(self._cells(unit))
        lines = list(template.lines)
        self._put_acrostic(lines, unit)
        for text in self.fixed:
            self._put_fixed(lines, unit, text)
        unused = sorted(set(self.chosen_rhymes) - {line.letter for line in lines})
        if unused:
            raise RuleError("rhyme_with", f"no line has the letter {unused[0]}: the scheme is {template.scheme}.")
        return template.with_lines(lines)

    def _cells(self, unit: str) -> Template:
        """The lines before letters and literals are put in."""
        written = find_form(self.form).text if self.form else self.template  # type: ignore[union-attr]  # checked
        if written:
            template = parse_template(written, unit, f"form {self.form}" if self.form else "the template")
            count = len(template.lines)
            if self.lines not in (0, count) or self.stanzas not in (0, len(template.stanzas)):
                raise OptionError(
                    f"lines, stanzas: the {'form' if self.form else 'template'} has {count} and "
                    f"{len(template.stanzas)} of them; leave both out"
                )
            return template
        sizes = self._stanza_sizes()
        spans = cycle((self.length or DEFAULT_LENGTH[unit]).split(","))
        lines = [_free_line(span) for span in islice(spans, sum(sizes))]
        fresh = iter(lines)
        return Template(tuple(tuple(next(fresh) for _ in range(size)) for size in sizes), unit)

    def _stanza_sizes(self) -> list[int]:
        """How many lines each stanza has."""
        parts = self.rhyme.split()
        letters = sum(map(len, parts))
        spans = self.length.count(",") + 1 if "," in self.length else 0
        acrostic = len(atoms(self.acrostic, CHAR) or ())
        count = self.lines or max(letters, spans, acrostic) or DEFAULT_LINES
        if len(parts) > 1 and not self.stanzas:
            if count % letters:
                raise OptionError(
                    f"lines, rhyme: {count} lines are no multiple of the {letters} letters of {self.rhyme!r}, whose "
                    "blanks part stanzas"
                )
            return [len(part) for part in parts] * (count // letters)
        stanzas = self.stanzas or 1
        if count % stanzas:
            raise OptionError(f"lines, stanzas: {count} lines do not make {stanzas} stanzas of equal size")
        return [count // stanzas] * stanzas

    def _with_letters(self, template: Template) -> Template:
        """Its lines with the rhyme letters of the scheme, which begins anew when it ends."""
        letters = self.rhyme.upper().replace(" ", "")
        if not letters and self.rhyme_with and not any(line.letter for line in template.lines):
            letters = "A"
        if not letters:
            return template
        pairs = zip(template.lines, cycle(letters), strict=False)
        return template.with_lines(replace(line, letter="" if a == UNRHYMED else a) for line, a in pairs)

    def _put_acrostic(self, lines: list[Line], unit: str) -> None:
        chars = atoms(self.acrostic, CHAR) or ()
        if len(chars) > len(lines):
            raise RuleError("acrostic", f"{len(chars)} characters need as many lines, and there are {len(lines)}.")
        for i, char in enumerate(chars):
            place = {"first": "1", "diagonal": str(i + 1)}.get(self.acrostic_at, self.acrostic_at)
            index = -1 if place == "last" else int(place) - 1
            letter = Cell(closing=char) if place == "last" else Cell(opening=char)
            cell = Cell(literal=char) if unit == CHAR else letter
            lines[i] = _put(lines[i], index, (cell,), "acrostic", i + 1)

    @staticmethod
    def _put_fixed(lines: list[Line], unit: str, text: str) -> None:
        match = _FIXED.fullmatch(text)
        assert match  # checked in `conflicts`
        number, first = int(match[1]), int(match[2])
        if number > len(lines):
            raise RuleError("fixed", f"{text!r} speaks of line {number}, and there are {len(lines)}.")
        parts = atoms(match[3], unit)
        if parts is None:
            raise RuleError("fixed", f"the {UNITS[unit]} of {match[3]!r} cannot be counted.", number)
        if not parts:
            raise RuleError("fixed", f"expected characters or words, found {match[3]!r}.", number)
        cells = tuple(Cell(literal=part) for part in parts)
        lines[number - 1] = _put(lines[number - 1], first - 1, cells, "fixed", number)


def _plain_place(text: object) -> object:
    """LINE:CELL=TEXT, with what stands before the text in plain signs."""
    if not isinstance(text, str):
        return text
    place, sign, words = text.replace("＝", "=", 1).partition("=")
    return unicodedata.normalize("NFKC", place) + sign + words


def _is_word(text: str) -> bool:
    """Whether a text is Chinese characters alone, or words of letters."""
    chinese = [is_han(char) for char in text]
    return all(chinese) if any(chinese) else re.fullmatch(r"[^\W_]+([ '’-]+[^\W_]+)*['’]?", text) is not None


def _span_holds(span: str) -> bool:
    match = _SPAN.fullmatch(span.strip())
    return match is not None and 1 <= int(match[1]) <= int(match[2] or match[1]) <= MAX_CELLS


def _free_line(span: str) -> Line:
    match = _SPAN.fullmatch(span.strip())
    assert match  # checked in `conflicts`
    shortest, longest = int(match[1]), int(match[2] or match[1])
    return Line((FREE,) * shortest, longest - shortest, shortest - 1 if longest > shortest else shortest)


def _put(line: Line, index: int, cells: tuple[Cell, ...], rule: str, number: int) -> Line:
    """A line with some of its cells filled; the first is `index` from the start, or -1 for the last one."""
    size, count = len(line.cells), len(cells)
    start = size - 1 if index == -1 else index
    if start + count > size:
        raise RuleError(
            rule, f"cell {start + count} was asked for, and the line may have no more than {size} cells.", number
        )
    at = line.at
    if line.optional and index == -1:
        at = min(at, start)
    elif line.optional:  # what may be left out stands behind, so that the place counts from the start
        at = max(at, start + count)
    if not all(cell.is_free for cell in line.cells[min(at, line.at) : max(at, line.at)]):
        raise RuleError(rule, f"cell {start + 1} has no fixed place beside cells that may be left out (~).", number)
    placed = list(line.cells)
    for i, cell in enumerate(cells, start=start):
        there = placed[i]
        for name in ("literal", "opening", "closing"):
            wanted, found = getattr(cell, name), getattr(there, name)
            if wanted and found and wanted.casefold() != found.casefold():
                raise RuleError(
                    rule, f"cell {i + 1} should be {wanted!r}, and another rule makes it {found!r}.", number
                )
        merged = Cell(
            literal=there.literal or cell.literal,
            tone=there.tone,
            before=there.before,
            opening=there.opening or cell.opening,
            closing=there.closing or cell.closing,
        )
        if merged.literal not in {"", HELD}:  # has the letters of its own
            if not spelt_with(merged.literal, merged.opening, merged.closing):
                letters = f"{merged.opening}*{merged.closing}"
                raise RuleError(rule, f"cell {i + 1} should be {letters}, and is {merged.literal!r}.", number)
            merged = replace(merged, opening="", closing="")
        placed[i] = merged
    return replace(line, cells=tuple(placed), at=at)
