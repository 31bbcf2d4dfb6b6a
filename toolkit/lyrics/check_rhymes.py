"""Whether lines rhyme that should, and none that should not."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from toolkit.rhymes import Rhymes, describe, rhyme_word

from .report import Finding, quoted
from .rules import LyricRules


@dataclass(frozen=True)
class _End:
    """What a line ends in."""

    word: str
    classes: frozenset[str]

    def __str__(self) -> str:
        names = " / ".join(describe(name) if name.isascii() else name for name in sorted(self.classes))
        return f"{quoted(self.word) or 'what is no word'} ({names or 'no rhyme known'})"


def rhyme_findings(lines: Sequence[tuple[int, str, str]], rules: LyricRules, scheme: bool) -> Iterator[Finding]:
    """What is found of the rules rhyme, rhyme_with and repeat_rhymes.

    Args:
        lines: the number, the letter and the text of each line that has a letter.
        rules: what was asked for.
        scheme: whether it was asked which lines rhyme; else only with what they do.
    """
    table = Rhymes(rules.near, rules.double)
    chosen = {letter: _End(rhyme_word(word), table.read(word)) for letter, word in rules.chosen_rhymes.items()}
    groups: dict[str, dict[int, _End]] = {}
    for number, letter, text in lines:
        groups.setdefault(letter, {})[number] = _End(rhyme_word(text), table.read(text))
    if scheme:
        yield from sorted(_scheme(groups, chosen), key=lambda finding: finding.line)
    yield from sorted(_chosen(groups, chosen), key=lambda finding: finding.line)
    if not rules.repeat_rhymes:
        yield from _repeated({number: end for group in groups.values() for number, end in group.items()})


def _scheme(groups: Mapping[str, Mapping[int, _End]], chosen: Mapping[str, _End]) -> Iterator[Finding]:
    """Whether the lines of a letter have a class in common, and those of two letters have none.

    To blame are the lines without the class that most of the others have; of two letters the later one.
    """
    common: dict[str, frozenset[str]] = {}
    for letter, group in groups.items():
        name = _most(group.values(), taken=frozenset().union(*common.values()))
        kept = {number: end for number, end in group.items() if name in end.classes}
        shared = frozenset.intersection(*(end.classes for end in kept.values())) if kept else frozenset[str]()
        if letter in chosen:
            shared = shared & chosen[letter].classes or shared
        rival = next((other for other, classes in common.items() if classes & shared), "")
        common[letter] = shared
        for number, end in group.items():
            partner = next((other for i, other in kept.items() if i != number), None)
            if number in kept and rival:
                other = next(end for end in groups[rival].values() if end.classes & shared)
                yield Finding("rhyme", number, False, f"{end} of {letter} rhymes with {other} of {rival}")
            elif partner:
                verb = "rhymes" if number in kept else "does not rhyme"
                yield Finding("rhyme", number, number in kept, f"{end} {verb} with {partner}")
            else:
                yield Finding("rhyme", number, number in kept, str(end))


def _chosen(groups: Mapping[str, Mapping[int, _End]], chosen: Mapping[str, _End]) -> Iterator[Finding]:
    """Whether the lines of a letter have one class of the word that was chosen for it."""
    for letter, word in chosen.items():
        group = groups.get(letter, {})
        name = _most(_End(end.word, end.classes & word.classes) for end in group.values())
        for number, end in group.items():
            kept = name in end.classes
            yield Finding("rhyme_with", number, kept, f"{end} {'rhymes' if kept else 'does not rhyme'} with {word}")


def _repeated(ends: Mapping[int, _End]) -> Iterator[Finding]:
    """Whether each line ends in another word than those before it."""
    first: dict[str, int] = {}
    for number in sorted(ends):
        word = ends[number].word
        before = first.setdefault(word, number) if word else number
        ending = f" ends line {before} too" if before != number else ""
        yield Finding("repeat_rhymes", number, before == number, f"{quoted(word) or 'what is no word'}{ending}")


def _most(ends: Iterable[_End], taken: frozenset[str] = frozenset()) -> str:
    """The class that most ends have; of equals one that is not taken, then the first; "" if there is none."""
    counted = Counter(name for end in ends for name in sorted(end.classes))
    return max(counted, key=lambda name: (counted[name], name not in taken), default="")
