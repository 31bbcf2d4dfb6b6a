"""Whether a finished line keeps the rules, with the lines before it: what masks cannot see, and all that they can."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from toolkit.rhymes import rhyme_word

from .plan import Arrangement, LinePlan, Plan
from .text import cells_of, contains, misfit


@dataclass(frozen=True)
class Bonds:
    """What the lines that are there ask of those to come.

    Attributes:
        classes: letter -> the rhyme classes that its lines still can have.
        begun: the letters of which a line is there.
        words: the rhyme words of lettered lines.
        awaited: number of a line to come -> the rhyme word that it must have.
        lines: the cells of each line, in small letters.
    """

    classes: Mapping[str, frozenset[str]]
    begun: frozenset[str] = frozenset()
    words: frozenset[str] = frozenset()
    lines: frozenset[tuple[str, ...]] = field(default_factory=frozenset)
    awaited: Mapping[int, str] = field(default_factory=dict)

    def taken(self, number: int) -> frozenset[str]:
        """The rhyme words that a line cannot have."""
        return self.words | {word for other, word in self.awaited.items() if other != number}

    def rivals(self, letter: str) -> frozenset[str]:
        """The classes of the other letters that are begun."""
        return frozenset().union(*(names for other, names in self.classes.items() if other in self.begun - {letter}))


class Judge:
    """The rules over finished lines.

    Args:
        plan: the rules over a vocabulary.
        arrangement: of one take.
        avoid: lines that must not be written.
    """

    def __init__(self, plan: Plan, arrangement: Arrangement, avoid: Iterable[str] = ()) -> None:
        self._plan = plan
        self._lines = arrangement.lines
        self._classes = arrangement.classes
        self._avoid = frozenset(map(cells_of, avoid))

    def bonds(self, texts: Sequence[str | None], avoided: Mapping[str, frozenset[str]]) -> Bonds:
        """What the lines that are there ask for.

        Args:
            texts: of each line, None where there is none yet.
            avoided: letter -> classes that led nowhere.
        """
        classes = {letter: names - avoided.get(letter, frozenset()) for letter, names in self._classes.items()}
        begun, words, lines = set(), set(), set()
        awaited: dict[int, str] = {}
        for plan, text in zip(self._lines, texts, strict=True):
            if text is None:
                if plan.rhyme_word:
                    awaited[plan.number] = plan.rhyme_word
                continue
            lines.add(cells_of(text))
            letter = plan.line.letter
            if letter:
                classes[letter] = classes[letter] & self._plan.rhymes.read(text)
                begun.add(letter)
                words.add(rhyme_word(text))
        chosen = self._plan.chosen.keys()
        return Bonds(classes, frozenset(begun | chosen), frozenset(words), frozenset(lines), awaited)

    def fault(self, plan: LinePlan, length: int, text: str, bonds: Bonds) -> str:
        """The name of the first rule that a line of so many cells breaks; "" if it keeps all."""
        rules = self._plan.rules
        fault = misfit(text, plan.line.of_length(length), self._plan.vocabulary.unit)
        if fault:
            return fault
        if any(contains(text, word) for word in rules.forbid):
            return "forbid"
        if not all(contains(text, word) for word in plan.keywords):
            return "include"
        cells = cells_of(text)
        if cells in self._avoid or (not rules.repeat_lines and cells in bonds.lines):
            return "repeat_lines"
        return self._rhyme_fault(plan, text, bonds) if plan.line.letter else ""

    def _rhyme_fault(self, plan: LinePlan, text: str, bonds: Bonds) -> str:
        letter = plan.line.letter
        found = self._plan.rhymes.read(text) & bonds.classes[letter]
        if not found or not found.isdisjoint(bonds.rivals(letter)):
            return "rhyme"
        if not self._plan.rules.repeat_rhymes and rhyme_word(text) in bonds.taken(plan.number):
            return "repeat_rhymes"
        return ""
