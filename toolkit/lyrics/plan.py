"""What a model's vocabulary can do about the rules, found out before anything is written."""

import itertools
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np

from toolkit.rhymes import Rhymes, describe, rhyme_word

from .dice import Dice
from .rhyme_slots import Ending, RhymeSlots, matching
from .rules import LyricRules, RuleError
from .template import Cell, Line, Template
from .text import contains, has_its_marks, join, misfit
from .units import CHAR, HELD, UNITS, atoms
from .vocabulary import Fit, Mask, Vocabulary

_MOST_SHAPES = 16
"""Of one line: more would cost more than they add to what can be said."""


@dataclass(frozen=True)
class Shape:
    """One way to lay a line out.

    Attributes:
        cells: of the line.
        fit: how the vocabulary fills them.
        gaps: cell of a keyword, or behind it -> whether a blank parts it from letters before it, or nothing does.
    """

    cells: tuple[Cell, ...]
    fit: Fit
    gaps: Mapping[int, bool] = field(default_factory=dict)


@dataclass(frozen=True)
class LinePlan:
    """A line to be written.

    Attributes:
        number: from 1.
        line: what the template says.
        shapes: the ways to lay it out, at least one; none of a line that is given.
        given: the text of a line that is all fixed, else None.
        keywords: what it must contain.
    """

    number: int
    line: Line
    shapes: tuple[Shape, ...]
    given: str | None = None
    keywords: tuple[str, ...] = ()

    @property
    def rhyme_word(self) -> str:
        """What it must end in, where the rules say so and it has a letter; else ""."""
        ends = {shape.cells[-1].literal for shape in self.shapes} if self.line.letter else set()
        return rhyme_word(ends.pop()) if len(ends) == 1 else ""


@dataclass(frozen=True)
class Arrangement:
    """The lines of one take, with the keywords dealt out.

    Attributes:
        lines: in order.
        classes: letter -> the rhyme classes that all its lines can have.
    """

    lines: tuple[LinePlan, ...]
    classes: Mapping[str, frozenset[str]]


class Plan:
    """The rules over a vocabulary.

    Args:
        rules: what was asked for.
        vocabulary: of the model.
        given: number of a line, from 1 -> its text, which stays as it is.

    Raises:
        RuleError: a rule that no text of this vocabulary can keep, by name.
    """

    def __init__(self, rules: LyricRules, vocabulary: Vocabulary, given: Mapping[int, str] | None = None) -> None:
        self.rules = rules
        self.given = given or {}
        self.vocabulary = vocabulary
        self.template: Template = rules.layout(vocabulary.unit)
        self.rhymes = Rhymes(near=rules.near, double=rules.double)
        self._check_literals()
        if any(line.letter for line in self.template.lines) and not vocabulary.can_rhyme:
            raise RuleError(
                "rhyme",
                "this model writes letter by letter, and a rhyme cannot be heard from letters: it can have length, "
                "acrostic and words, no rhyme. Train one with --tokenizer word.",
            )
        self.slots = RhymeSlots(vocabulary, self.rhymes)
        self.arrange(Dice(0, 0))

    @cached_property
    def usable(self) -> Mask:
        """The tokens without a forbidden text in them: bool [V]. A letter is no word yet: the judge sees to those."""
        vocabulary, forbid = self.vocabulary, self.rules.forbid
        pairs = zip(vocabulary.tokenizer.vocab, vocabulary.begins_spaced & vocabulary.is_chars, strict=True)
        return np.array([is_letter or not any(contains(token, text) for text in forbid) for token, is_letter in pairs])

    def starting_with(self, text: str) -> Mask:
        """The tokens that begin with a text in small letters."""
        if text not in self._starting:
            vocab = self.vocabulary.tokenizer.vocab
            self._starting[text] = np.array([token.casefold().startswith(text) for token in vocab])
        return self._starting[text]

    @cached_property
    def _starting(self) -> dict[str, Mask]:
        return {}

    @cached_property
    def chosen(self) -> Mapping[str, frozenset[str]]:
        """Letter -> the classes of the word that was chosen for it."""
        found = {letter: self.rhymes.read(word) for letter, word in self.rules.chosen_rhymes.items()}
        for letter, names in found.items():
            if not names:
                few = " of two syllables" if self.rules.double else ""
                raise RuleError(
                    "rhyme_with",
                    f"expected a word{few} with a known sound, found {self.rules.chosen_rhymes[letter]!r}.",
                )
        return found

    def _check_literals(self) -> None:
        """Each thing that is asked for by name is in the vocabulary."""
        vocabulary, rules = self.vocabulary, self.rules
        for i, char in enumerate(atoms(rules.acrostic, CHAR) or ()):
            last = rules.acrostic_at == "last"
            there = vocabulary.holds(char) if vocabulary.unit == CHAR else vocabulary.with_letter(char, closing=last)
            if not np.any(there):
                raise RuleError("acrostic", self._missing(char), i + 1)
        for text in rules.include:
            self._check_words("include", text, 0)
        for text in rules.fixed:
            place, _, words = text.partition("=")
            self._check_words("fixed", words, int(place.partition(":")[0]))
        for number, line in enumerate(self.template.lines, start=1):
            for cell in () if line.is_fixed or number in self.given else line.cells:
                if cell.literal and not vocabulary.holds(cell.literal):
                    raise RuleError("template", self._missing(cell.literal), number)
                if cell.tone and not vocabulary.is_chinese:
                    raise RuleError(
                        "template", f"{cell.tone} is a tone of Chinese, and this model writes none.", number
                    )

    def _check_words(self, rule: str, text: str, number: int) -> None:
        parts = atoms(text, self.vocabulary.unit)
        if parts is None:
            raise RuleError(rule, f"the {UNITS[self.vocabulary.unit]} of {text!r} cannot be counted.", number)
        for part in parts:
            if not self.vocabulary.holds(part):
                raise RuleError(rule, self._missing(part), number)

    @staticmethod
    def _missing(part: str) -> str:
        return f"{part!r} is not in the model's vocabulary, so it cannot write it. Choose another one."

    # Lines ---------------------------------------------------------------------------------------

    def arrange(self, dice: Dice) -> Arrangement:
        """Deal the keywords out to lines, and find the rhymes that are left.

        Raises:
            RuleError: as of the class.
        """
        lines = [self._line_plan(number, line) for number, line in enumerate(self.template.lines, start=1)]
        self._check_given(lines)
        error = None
        for _ in range(1 if not self.rules.include else 12):
            try:
                dealt = self._deal(list(lines), dice)
                return Arrangement(tuple(dealt), self._classes(dealt))
            except RuleError as found:
                error = error or found
        assert error
        raise error

    def _line_plan(self, number: int, line: Line) -> LinePlan:
        """A line without keywords."""
        if number in self.given:
            return LinePlan(number, line, (), given=self.given[number])
        if line.is_fixed:
            return LinePlan(number, line, (), given=join(line, self.vocabulary.unit))
        shapes = [self._shape(line, line.of_length(length)) for length in line.lengths]
        possible = tuple(shape for shape in shapes if shape.fit.is_possible)
        if not possible:
            raise self._cannot_fill(number, line)
        return LinePlan(number, line, possible)

    def _shape(self, line: Line, cells: tuple[Cell, ...], gaps: Mapping[int, bool] | None = None) -> Shape:
        marks = "none" if line.has_marks else self.rules.punctuation  # none but its own
        if (cells, marks) not in self._fits:
            self._fits[cells, marks] = self.vocabulary.fit(cells, *self._writable(marks))
        return Shape(cells, self._fits[cells, marks], gaps or {})

    @cached_property
    def _fits(self) -> dict[tuple[tuple[Cell, ...], str], Fit]:
        return {}

    def _writable(self, marks: str) -> tuple[Mask, Mask]:
        """The tokens that may stand inside a line, and at its end, for what they hold beside letters."""
        if marks == "inside":
            return self.usable, self.usable
        last = self.usable & ~self.vocabulary.marks_inside
        inner = last & ~self.vocabulary.marks_behind
        return inner, inner if marks == "none" else last

    def _cannot_fill(self, number: int, line: Line) -> RuleError:
        """Say which cell it is that nothing fits."""
        cells = line.of_length(line.lengths[0])
        empty = _empty(self.vocabulary.fit(cells))
        if not empty:
            empty = _empty(self.vocabulary.fit(cells, self.usable, self.usable))
            if not empty:
                return RuleError("punctuation", "all that fits the line has a mark in it.", number)
            return RuleError("forbid", f"nothing is left for cell {empty[-1] + 1} without what is forbidden.", number)
        where = empty[-1]
        cell = cells[where]
        wanted = " ".join(filter(None, [cell.tone, repr(cell.literal) if cell.literal else "", cell.opening]))
        return RuleError(
            "tones" if cell.tone else "length",
            f"no token fits cell {where + 1}{f' ({wanted})' if wanted else ''} and what is behind it.",
            number,
        )

    def _check_given(self, lines: Sequence[LinePlan]) -> None:
        """Lines that are given whole keep the rules among themselves."""
        given = [plan for plan in lines if plan.given is not None]
        for plan in given:
            self._check_fits(plan)
            for text in self.rules.forbid:
                if contains(str(plan.given), text):
                    raise RuleError("forbid", f"{text!r} stands in a line that is given.", plan.number)
        for first, second in itertools.combinations(given, 2):
            a, b = str(first.given), str(second.given)
            if not self.rules.repeat_lines and atoms(a, CHAR) == atoms(b, CHAR):
                raise RuleError("repeat_lines", f"is given, and the same as line {first.number}.", second.number)
            lettered = first.line.letter and second.line.letter
            if lettered and not self.rules.repeat_rhymes and rhyme_word(a) == rhyme_word(b):
                raise RuleError(
                    "repeat_rhymes", f"is given, and ends in {rhyme_word(b)!r} as line {first.number}.", second.number
                )

    def _check_fits(self, plan: LinePlan) -> None:
        """A line that is given has the cells and marks that the rules ask for."""
        unit = self.vocabulary.unit
        found, lengths = len(atoms(str(plan.given), unit) or ()), plan.line.lengths
        if found not in lengths:
            wanted = str(lengths[0]) if len(lengths) == 1 else f"{lengths[0]} to {lengths[-1]}"
            raise RuleError("length", f"is given with {found} {UNITS[unit]}, {wanted} expected.", plan.number)
        fault = misfit(str(plan.given), plan.line.of_length(found), unit)
        if not fault and not has_its_marks(str(plan.given), plan.line, unit, self.rules.punctuation):
            fault = "template" if plan.line.has_marks else "punctuation"
        if fault:
            raise RuleError(fault, "is given, and breaks this rule.", plan.number)

    # Keywords ------------------------------------------------------------------------------------

    def _deal(self, lines: list[LinePlan], dice: Dice) -> list[LinePlan]:
        """Each keyword gets a line that has room for it, a line of its own if it can be."""
        for text in self.rules.include:
            if any(plan.given is not None and contains(plan.given, text) for plan in lines):
                continue
            order = sorted(dice.shuffled(range(len(lines))), key=lambda i: len(lines[i].keywords))
            found = next((with_it for i in order if (with_it := self._with_keyword(lines[i], text, dice))), None)
            if found is None:
                raise RuleError("include", f"no line has room for {text!r}, as the other rules are.")
            lines[found.number - 1] = found
        return lines

    def _with_keyword(self, plan: LinePlan, text: str, dice: Dice) -> LinePlan | None:
        """A line that contains a keyword at one place or another; None where it cannot."""
        if plan.given is not None:
            return None
        parts = atoms(text, self.vocabulary.unit) or ()
        inner: list[Shape] = []
        outer: list[Shape] = []
        for shape in plan.shapes:
            for start in range(len(shape.cells) - len(parts) + 1):
                cells, gaps = _placed(shape.cells, start, parts), self._gaps(text, start)
                if cells is None or any(shape.gaps.get(place, gap) != gap for place, gap in gaps.items()):
                    continue
                ends = bool(plan.line.letter) and start + len(parts) == len(cells)
                (outer if ends else inner).append(replace(shape, cells=cells, gaps={**shape.gaps, **gaps}))
        for choices in (inner, outer):  # a keyword at the line's end would choose the rhyme
            shapes = (self._shape(plan.line, shape.cells, shape.gaps) for shape in dice.shuffled(choices))
            possible = tuple(itertools.islice((shape for shape in shapes if shape.fit.is_possible), _MOST_SHAPES))
            if possible:
                return replace(plan, shapes=possible, keywords=(*plan.keywords, text))
        return None

    def _gaps(self, text: str, start: int) -> dict[int, bool]:
        """What stands before each character of a keyword, and behind it: where letters spell, a word is a whole one."""
        if self.vocabulary.unit != CHAR:
            return {}
        sizes = [len(atoms(word, CHAR) or ()) for word in text.split()]
        places = [*itertools.accumulate(sizes, initial=start)]
        found = dict.fromkeys(range(start + 1, places[-1]), False)
        return found | dict.fromkeys(places if start else places[1:], True)

    # Rhymes --------------------------------------------------------------------------------------

    def _classes(self, lines: Sequence[LinePlan]) -> dict[str, frozenset[str]]:
        """Letter -> the classes for which each of its lines has a rhyme word of its own.

        Raises:
            RuleError: some letter has none, or all of them together too few.
        """
        letters = list(dict.fromkeys(plan.line.letter for plan in lines if plan.line.letter))
        if not letters:
            return {}
        found = {letter: self._classes_of(letter, [p for p in lines if p.line.letter == letter]) for letter in letters}
        if matching([found[letter] for letter in letters]) < len(letters):
            every = frozenset().union(*found.values())
            raise RuleError(
                "rhyme",
                f"{len(letters)} letters need as many different rhymes, and the vocabulary has no more than "
                f"{len(every)} with enough words. Use fewer letters.",
            )
        return found

    def _classes_of(self, letter: str, lines: Sequence[LinePlan]) -> frozenset[str]:
        wanted = self.chosen.get(letter)
        endings: list[Ending] = []
        for plan in lines:
            if plan.given is not None:
                names = self.rhymes.read(plan.given)
                wanted = names if wanted is None else wanted & names
                endings.append(frozenset([rhyme_word(plan.given)]))
            else:
                endings.append(self._ending_masks(plan))
        found = self.slots.possible(endings, wanted, distinct=not self.rules.repeat_rhymes)
        if not found:
            raise self._no_rhyme(letter, lines, wanted)
        return found

    def _ending_masks(self, plan: LinePlan) -> Mask:
        """The tokens that can close a line; the same array for lines of the same shapes."""
        key = tuple(shape.cells for shape in plan.shapes)
        if key not in self._endings:
            masks = [shape.fit.endings(self.vocabulary.sizes) for shape in plan.shapes]
            self._endings[key] = np.logical_or.reduce(masks)
        return self._endings[key]

    @cached_property
    def _endings(self) -> dict[tuple[tuple[Cell, ...], ...], Mask]:
        return {}

    def _no_rhyme(self, letter: str, lines: Sequence[LinePlan], wanted: frozenset[str] | None) -> RuleError:
        word = self.rules.chosen_rhymes.get(letter)
        numbers = ", ".join(str(plan.number) for plan in lines)
        kinds = "" if self.rules.repeat_rhymes or len(lines) == 1 else f"{len(lines)} different "
        if word:
            sounds = f" ({', '.join(map(describe, sorted(wanted)))})" if wanted else ""
            return RuleError(
                "rhyme_with",
                f"the vocabulary has no {kinds}words that rhyme with {word!r}{sounds} and fit the ends of lines "
                f"{numbers}.",
            )
        return RuleError(
            "rhyme",
            f"letter {letter}: no rhyme has {kinds}words that fit the ends of lines {numbers}.",
            lines[0].number,
        )


def _empty(fit: Fit) -> list[int]:
    """The cells that nothing fits."""
    return [i for i, mask in enumerate(fit.masks) if not mask.any()]


def _placed(cells: tuple[Cell, ...], start: int, parts: Iterable[str]) -> tuple[Cell, ...] | None:
    """The cells with a text put in; None where others stand there."""
    placed = list(cells)
    for i, part in enumerate(parts, start=start):
        there = placed[i].literal
        if there and there.casefold() != part.casefold():
            return None
        placed[i] = replace(placed[i], literal=there or part)
    behind = start + len(tuple(parts))
    if (
        behind < len(placed)
        and placed[behind].literal == HELD
        and cells[behind - 1].literal != placed[behind - 1].literal
    ):
        return None
    return tuple(placed)
