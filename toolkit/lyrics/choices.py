"""Which tokens may come next in a line: masks of the cells, rhymes, and what may stand between words."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum, auto
from functools import cached_property

import numpy as np

from toolkit.readings import is_han
from toolkit.step_model import Ids

from .judge import Bonds
from .plan import LinePlan, Plan, Shape
from .song import Token
from .units import HELD
from .vocabulary import APOSTROPHE, BREAK, CELLS, MARK, SPACE, SUFFIX, Mask

WAYS = 4
"""In how many ways each candidate is written on before a cell that leaves little choice."""


class Last(Enum):
    """What of the tokens before matters for the next one."""

    START = auto()
    CHARACTER = auto()  # fills a cell, in a script without blanks between words
    WORD = auto()  # fills a cell, with letters
    STEM = auto()  # the didn of didn't, no word by itself
    JOINED = auto()  # the t of didn't
    SPACE = auto()
    MARK = auto()
    APOSTROPHE = auto()


@dataclass(frozen=True)
class Choice:
    """What a line may go on with.

    Attributes:
        ids: int64 [allowed], rising.
        ways: how many tokens are drawn for it.
        is_tight: whether the cell leaves little choice.
    """

    ids: Ids
    ways: int = 1
    is_tight: bool = False


class Choices:
    """What one line may go on with, wherever it stands.

    Args:
        plan: the rules over a vocabulary.
        line: to be written.
        bonds: what the lines that are there ask for.
    """

    def __init__(self, plan: Plan, line: LinePlan, bonds: Bonds) -> None:
        self._plan = plan
        self._vocabulary = plan.vocabulary
        self._line = line
        self._bonds = bonds
        self._found: dict[tuple[int, int, Last, frozenset[str], bool], Choice] = {}

    def behind(self, shape: int, place: int, tokens: Sequence[Token], *, wide: bool) -> Choice:
        """What may come behind some tokens; the same object for places that are alike.

        Args:
            shape: which of the line's.
            place: the next cell.
            tokens: of the line so far.
            wide: the line is one of several ways already.
        """
        last = self._last(tokens)
        suffixes = self._suffixes(self._line.shapes[shape], place, last, tokens)
        key = (shape, place, last, suffixes, wide)
        if key not in self._found:
            self._found[key] = self._find(self._line.shapes[shape], place, last, suffixes, wide=wide)
        return self._found[key]

    def _suffixes(self, shape: Shape, place: int, last: Last, tokens: Sequence[Token]) -> frozenset[str]:
        """What an apostrophe may join to the word before: of a literal what it has; {""} is nothing."""
        if last in {Last.WORD, Last.STEM, Last.APOSTROPHE} and not self._vocabulary.is_chars:
            literal = next((cell.literal for cell in shape.cells[place - 1 :: -1] if cell.literal != HELD), "")
            if literal or shape.cells[place - 1].closing:
                return frozenset([self._vocabulary.contraction(literal)[1]])
            return self._vocabulary.suffixes_behind(tokens[-2 if last is Last.APOSTROPHE else -1].id)
        return frozenset()

    def is_whole(self, shape: int, place: int, tokens: Sequence[Token]) -> bool:
        """Whether no suffix is still to come behind the last word of a line."""
        last = self._last(tokens)
        given = self._line.shapes[shape].cells[place - 1].literal
        wanted = self._suffixes(self._line.shapes[shape], place, last, tokens) if given else frozenset()
        return last is not Last.APOSTROPHE and wanted <= {""}

    def _last(self, tokens: Sequence[Token]) -> Last:
        if not tokens:
            return Last.START
        vocabulary, token_id = self._vocabulary, tokens[-1].id
        kind = int(vocabulary.kinds[token_id])
        if kind == CELLS:
            if vocabulary.is_cut[token_id]:
                return Last.STEM
            return Last.WORD if vocabulary.ends_spaced[token_id] else Last.CHARACTER
        return {SUFFIX: Last.JOINED, SPACE: Last.SPACE, APOSTROPHE: Last.APOSTROPHE}.get(kind, Last.MARK)

    def _find(self, shape: Shape, place: int, last: Last, suffixes: frozenset[str], *, wide: bool) -> Choice:
        vocabulary = self._vocabulary
        if last is Last.APOSTROPHE and not vocabulary.is_chars:
            return Choice(np.array(sorted(vocabulary.tokenizer.ids[suffix] for suffix in suffixes), np.int64))
        given = bool(place and shape.cells[place - 1].literal) and not suffixes <= {""}
        if last is Last.STEM or (last is Last.WORD and given):
            return Choice(np.flatnonzero(vocabulary.of_kind(APOSTROPHE)))
        if place == len(shape.cells):
            return Choice(np.flatnonzero(self.closers))
        cells = self._cells(shape, place)
        if last is Last.APOSTROPHE:
            return Choice(np.flatnonzero(cells & vocabulary.begins_spaced))
        if vocabulary.parts_words and self._takes_blank(last):
            cells = cells & ~vocabulary.begins_spaced
        gap = shape.gaps.get(place)
        if gap and last in {Last.WORD, Last.JOINED}:
            return Choice(np.flatnonzero(vocabulary.of_kind(SPACE)))
        tight = self._is_tight(shape, place) and bool(cells.any())
        ahead = not (tight or wide) and place + 1 < len(shape.cells) and self._is_tight(shape, place + 1)
        can_join = last is Last.WORD and (vocabulary.is_chars or not suffixes <= {""})
        allowed = cells if gap is False else cells | self._between(last, can_join=can_join)
        return Choice(np.flatnonzero(allowed), WAYS if ahead else 1, tight)

    def _takes_blank(self, last: Last) -> bool:
        """Whether a blank may stand behind it."""
        return last in {Last.WORD, Last.JOINED} or (last is Last.MARK and not self._vocabulary.is_chinese)

    def _between(self, last: Last, *, can_join: bool) -> Mask:
        """What may stand between two cells, fills none and is no mark of the template."""
        vocabulary = self._vocabulary
        kinds = []
        if self._takes_blank(last):
            kinds.append(SPACE)
        if can_join:
            kinds.append(APOSTROPHE)
        marks = self._plan.rules.punctuation == "inside" and not self._line.line.has_marks
        if marks and last in {Last.WORD, Last.JOINED, Last.CHARACTER}:
            kinds.append(MARK)
        return vocabulary.of_kind(*kinds) & self._plan.usable

    @cached_property
    def closers(self) -> Mask:
        """What may stand behind the last cell: a line break or what stands for it, or a mark."""
        vocabulary = self._vocabulary
        kinds = [BREAK if vocabulary.break_id is not None else SPACE]
        if self._plan.rules.punctuation != "none" and not self._line.line.has_marks:
            kinds.append(MARK)
        return vocabulary.of_kind(*kinds)

    def _cells(self, shape: Shape, place: int) -> Mask:
        """The tokens that fill the next cells."""
        fit = shape.fit
        mask = fit.masks[place]
        if self._line.line.letter:
            closing = fit.closing[place]
            mask = (mask & ~closing) | (closing & self._rhyming)
            if self._plan.slots.in_two:
                leaves_one = self._vocabulary.sizes == len(fit.masks) - place - 1
                mask &= ~leaves_one | self._before_rhyme
        return mask

    @cached_property
    def _rhyming(self) -> Mask:
        """The tokens that may close the line."""
        letter, slots = self._line.line.letter, self._plan.slots
        names, rivals = self._bonds.classes[letter], self._bonds.rivals(letter)
        mask = slots.closing_any(names - rivals)
        if rivals and letter not in self._bonds.begun:
            apart = mask & ~slots.closing_any(rivals)
            mask = apart if apart.any() else mask
        if not self._plan.rules.repeat_rhymes and self._bonds.words:
            mask = mask & ~self._vocabulary.with_rhyme_words(self._bonds.words)
        return mask

    @cached_property
    def _before_rhyme(self) -> Mask:
        letter = self._line.line.letter
        return self._plan.slots.before_any(self._bonds.classes[letter] - self._bonds.rivals(letter))

    def _is_tight(self, shape: Shape, place: int) -> bool:
        """Whether a cell leaves little choice."""
        cell = shape.cells[place]
        closes = place == len(shape.cells) - 1 and bool(self._line.line.letter)
        return closes or bool(cell.literal or cell.opening or cell.closing)

    def forbidden_behind(self, text: str) -> Mask | None:
        """The tokens that would complete what is forbidden behind a text; None where none would."""
        found: Mask | None = None
        text = text.casefold()
        for word in self._plan.rules.forbid:
            folded = word.strip().casefold()
            if not any(map(is_han, folded)):
                continue  # an English word is whole only when the next one begins: the judge sees to it
            for k in range(1, len(folded)):
                if text.endswith(folded[:k]):
                    starts = self._plan.starting_with(folded[k:])
                    found = starts if found is None else found | starts
        return found
