"""Which rules a text keeps, line by line, whoever wrote it.

This judges what the generator writes, so it knows nothing of it: it counts, compares and looks for itself, with the
tables of readings and rhymes only.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import cycle

from toolkit.errors import OptionError

from .check_cells import cell_faults, length_finding, mark_faults, mark_name, said_tones, tone_faults
from .check_line import TextLine, is_chinese, is_counted, occurs, stanzas_of
from .check_rhymes import rhyme_findings
from .report import Finding, Report, listed, many, quoted
from .rules import LyricRules
from .template import Line, Template
from .units import CHAR, UNITS, WORD

__all__ = ["Finding", "Report", "check"]


def check(text: str, rules: LyricRules, unit: str = "auto") -> Report:
    """Which rules a text keeps.

    Only what was asked for is looked at. How many lines there are is where `lines`, a form, a template, a scheme, an
    acrostic or a list of lengths says it; stanzas where `stanzas`, a scheme, a form or a template does; lengths where
    `length`, a form or a template does. Where lines are too few or too many, those that are there count from the
    first; where a line has another length than it should, its tones and what else a template says are not looked at.

    Args:
        text: its lines, with empty ones between stanzas. A BOM, blanks at the ends of lines and empty lines at its
            ends do not matter.
        rules: what was asked for; its unit comes first.
        unit: what is counted: of `toolkit.lyrics.units.UNITS`, or "auto", which is characters where the text or
            the template holds any Chinese one, or a form is asked for, else words.

    Raises:
        OptionError: two rules say different numbers of lines, or there is no such unit.
        RuleError: a word to rhyme with is for a letter that no line has.
        TemplateError: the template cannot be read.
    """
    unit = rules.unit if rules.unit != "auto" else unit
    if unit == "auto":
        unit = CHAR if rules.form or is_chinese(text + rules.template) else WORD
    if unit not in UNITS:
        raise OptionError(f"unit must be one of auto, {', '.join(UNITS)}, found {unit!r}")
    checker = _Checker(rules, unit, tuple(map(tuple, stanzas_of(text, unit))))
    return Report(tuple(checker.findings()), unit)


@dataclass(frozen=True)
class _Checker:
    """A text beside its rules."""

    rules: LyricRules
    unit: str
    stanzas: tuple[tuple[TextLine, ...], ...]

    def findings(self) -> Iterator[Finding]:
        yield from self.count()
        if self.shaped or self.rules.length:
            yield from (length_finding(*pair) for pair in self.pairs)
        sized = [
            (number, line, wanted.of_length(len(line.cells)), wanted.after)
            for number, line, wanted in self.pairs
            if len(line.cells) in wanted.lengths and not line.unknown
        ]
        for number, line, cells, _ in sized:
            if any(cell.tone for cell in cells):
                faults = [fault for _, fault in tone_faults(line, cells)]
                yield Finding("tones", number, not faults, "; ".join(faults) or said_tones(line))
        for number, line, cells, after in sized:
            if after or any(cell.literal or cell.before or cell.opening or cell.closing for cell in cells):
                faults = [*(fault for _, fault in cell_faults(line, cells)), *mark_faults(line, cells, after)]
                yield Finding("template", number, not faults, "; ".join(faults) or quoted(line.text))
        yield from self.acrostic()
        yield from self.fixed()
        lettered = [(number, wanted.letter, line.text) for number, line, wanted in self.pairs if wanted.letter]
        yield from rhyme_findings(lettered, self.rules, scheme=self.shaped or bool(self.rules.rhyme))
        yield from self.contents()
        yield from self.punctuation()
        yield from self.repeated_lines()

    @property
    def shaped(self) -> bool:
        """Whether a form or template says what is where."""
        return bool(self.rules.form or self.rules.template)

    @cached_property
    def lines(self) -> tuple[TextLine, ...]:
        return tuple(line for stanza in self.stanzas for line in stanza)

    @cached_property
    def initials(self) -> str:
        """The acrostic, a character for each line."""
        return "".join(filter(is_counted, self.rules.acrostic))

    @cached_property
    def expected_lines(self) -> int:
        """How many lines the rules say; 0 if none does."""
        spans = self.rules.length.count(",")
        said = [len(self.rules.rhyme.replace(" ", "")), len(self.initials), spans and spans + 1]
        return len(self.layout.lines) if self.shaped else self.rules.lines or max(said)

    @cached_property
    def layout(self) -> Template:
        """What the rules mean, without what stands at one place: that is looked for where it should be."""
        rules = replace(self.rules, acrostic="", fixed=())
        if not self.shaped:
            count = self.expected_lines
            rules = replace(rules, lines=count, stanzas=rules.stanzas if count else 0)
        return rules.layout(self.unit)

    @cached_property
    def pairs(self) -> tuple[tuple[int, TextLine, Line], ...]:
        """Each line with its number and what it should be; without those that are too many."""
        wanted = self.layout.lines if self.expected_lines else cycle(self.layout.lines)
        return tuple((i, line, of) for i, (line, of) in enumerate(zip(self.lines, wanted, strict=False), start=1))

    def count(self) -> Iterator[Finding]:
        """Lines and stanzas."""
        count, found = self.expected_lines, [len(stanza) for stanza in self.stanzas]
        if count:
            yield Finding("lines", 0, sum(found) == count, f"{many(count, 'lines')} expected, {sum(found)} found")
        elif not found:
            yield Finding("lines", 0, False, "lines expected, none found")
        if not (self.rules.stanzas or self.rules.rhyme or self.shaped):
            return
        if count:
            sizes = [len(stanza) for stanza in self.layout.stanzas]
            size = f"stanzas of {listed(sizes)} lines"
            kept = found == sizes if sum(found) == count else len(found) == len(sizes)
        else:
            size = f"{many(self.rules.stanzas, 'stanzas')} of equal size"
            kept = len(found) == self.rules.stanzas and len(set(found)) == 1
        yield Finding("stanzas", 0, kept, f"{size} expected, found {f'those of {listed(found)}' if found else 'none'}")

    def acrostic(self) -> Iterator[Finding]:
        """The characters, or letters of words, at their places."""
        at = self.rules.acrostic_at
        for number, initial in enumerate(self.initials, start=1):
            if number > len(self.lines):
                yield Finding("acrostic", number, False, f"{initial} expected, and there is no such line")
                continue
            line = self.lines[number - 1]
            cell = {"first": 0, "diagonal": number - 1, "last": len(line.cells) - 1}.get(at, -1)
            cell = int(at) - 1 if at.isdecimal() else cell
            holds = line.reads if self.unit == CHAR else line.closes if at == "last" else line.opens
            where = "the end" if at == "last" else cell + 1
            detail = f"{initial} expected at {where}, {quoted(line.word_at(cell)) or 'nothing'} found"
            yield Finding("acrostic", number, holds(cell, initial), detail)

    def fixed(self) -> Iterator[Finding]:
        """Words at a place."""
        for rule in self.rules.fixed:
            place, _, text = rule.partition("=")
            number, first = map(int, place.split(":"))
            if number > len(self.lines):
                yield Finding("fixed", number, False, f"{quoted(text)} expected, and there is no such line")
                continue
            line, wanted = self.lines[number - 1], TextLine(text.strip(), self.unit)
            places = range(first - 1, first - 1 + len(wanted.cells))
            there = all(line.reads(i, cell) for i, (cell, _) in zip(places, wanted.cells, strict=True))
            kept = bool(places) and not wanted.unknown and there
            found = " ".join(quoted(line.word_at(i)) for i in places).strip() or "nothing"
            yield Finding("fixed", number, kept, f"{quoted(text)} expected at {first}, {found} found")

    def contents(self) -> Iterator[Finding]:
        """What must and must not be said: one finding for a text that is, or for each line where it should not be."""
        for rule, texts in (("include", self.rules.include), ("forbid", self.rules.forbid)):
            for text in texts:
                where = [i for i, line in enumerate(self.lines, start=1) if occurs(text, line.text)]
                if not where:
                    yield Finding(rule, 0, rule == "forbid", f"{quoted(text)} is in no line")
                for number in where[:1] if rule == "include" else where:
                    detail = f"{quoted(text)} is in {quoted(self.lines[number - 1].text)}"
                    yield Finding(rule, number, rule == "include", detail)

    def punctuation(self) -> Iterator[Finding]:
        """Marks, save in lines whose template has some."""
        allowed = self.rules.punctuation
        given = {number for number, _, of in self.pairs if of.after or any(cell.before for cell in of.cells)}
        for number, line in enumerate(self.lines, start=1):
            if allowed == "inside" or number in given:
                continue
            *inside, last = line.marks()
            ends = allowed == "end" and bool(line.cells)
            wrong = ", ".join(mark_name(mark) for mark in (*inside, "" if ends else last) if mark)
            where = "marks at the end only" if allowed == "end" else "no marks"
            detail = f"{where} expected, {wrong} found: " if wrong else ""
            yield Finding("punctuation", number, not wrong, f"{detail}{quoted(line.text)}")

    def repeated_lines(self) -> Iterator[Finding]:
        """Lines that come twice."""
        first: dict[tuple[str, ...], int] = {}
        for number, line in enumerate(self.lines, start=1):
            if line.cells and not self.rules.repeat_lines:
                before = first.setdefault(tuple(text for text, _ in line.cells), number)
                same = f" is line {before} too" if before != number else ""
                yield Finding("repeat_lines", number, not same, f"{quoted(line.text)}{same}")
