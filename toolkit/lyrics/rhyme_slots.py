"""Which tokens can stand at the end of a line for a rhyme, and which rhymes a set of lines can have."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from toolkit.rhymes import Rhymes
from toolkit.step_model import Ids

from .vocabulary import Mask, Vocabulary


@dataclass(frozen=True, eq=False)
class Ending:
    """How a line can end.

    Attributes:
        closing: the tokens that can close it: bool [V].
        before: the tokens that can stand before a closing one of one cell: bool [V].
        word: the rhyme word of a line that is given; "" of others.
    """

    closing: Mask
    before: Mask
    word: str = ""


class RhymeSlots:
    """The rhymes of a vocabulary.

    Args:
        vocabulary: of the model.
        rhymes: strict or near, of one syllable or two.
    """

    def __init__(self, vocabulary: Vocabulary, rhymes: Rhymes) -> None:
        self.vocabulary = vocabulary
        self.rhymes = rhymes

    @cached_property
    def _single(self) -> dict[str, Mask]:
        """The classes of the last syllable."""
        return self.vocabulary.rhyming(Rhymes(near=self.rhymes.near))

    @cached_property
    def _whole(self) -> dict[str, Mask]:
        """The classes that a token has by itself."""
        return self.vocabulary.rhyming(self.rhymes)

    @cached_property
    def names(self) -> list[str]:
        """All classes that a line can have."""
        if not self.in_two:
            return list(self._whole)
        pairs = [f"{first}+{last}" for first in self._single for last in self._single]
        return list(dict.fromkeys([*self._whole, *pairs]))

    @property
    def in_two(self) -> bool:
        """Whether the two syllables of a rhyme may be two tokens."""
        return self.rhymes.double and self.vocabulary.is_chinese

    def closing(self, name: str) -> Mask:
        """The tokens that can close a line of that class: bool [V]."""
        found = self._whole.get(name)
        if self.in_two:
            last = self._single.get(name.rpartition("+")[2])
            if last is not None:
                alone = last & (self.vocabulary.sizes == 1)
                found = alone if found is None else found | alone
        return np.zeros(len(self.vocabulary), np.bool_) if found is None else found

    def closing_any(self, names: Collection[str]) -> Mask:
        """The tokens that can close a line of one of some classes."""
        return _union([self.closing(name) for name in sorted(names)], len(self.vocabulary))

    def before_any(self, names: Collection[str]) -> Mask:
        """The tokens that can stand right before a closing token of one cell."""
        if not self.in_two:
            return np.ones(len(self.vocabulary), np.bool_)
        firsts = sorted({name.partition("+")[0] for name in names})
        return _union([self._single[first] for first in firsts if first in self._single], len(self.vocabulary))

    def possible(self, endings: Sequence[Ending], wanted: frozenset[str] | None, *, distinct: bool) -> frozenset[str]:
        """The classes that all of some lines can have.

        Args:
            endings: how each line can end.
            wanted: the classes to choose from; None is all.
            distinct: each line ends in another rhyme word.
        """
        names = self.names if wanted is None else sorted(wanted)
        return frozenset(name for name in names if self._fits(name, endings, distinct=distinct))

    def _fits(self, name: str, endings: Sequence[Ending], *, distinct: bool) -> bool:
        ids = np.flatnonzero(self.closing(name))
        fitting: dict[int, Ids] = {}  # lines of the same shapes have the same ending
        for ending in endings:
            if not ending.word and id(ending) not in fitting:
                found = ids[ending.closing[ids]]
                if self.in_two and not np.any(ending.before & self.before_any([name])):
                    found = found[self.vocabulary.sizes[found] > 1]  # which has both syllables
                if not len(found):
                    return False
                fitting[id(ending)] = found
        few = [self.vocabulary.count_rhyme_words(found) < len(endings) for found in fitting.values()]
        if not distinct or not (any(few) or any(ending.word for ending in endings)):
            return True
        kinds = {key: self._words(found) for key, found in fitting.items()}
        words = [frozenset([e.word]) if e.word else kinds[id(e)] for e in endings]
        return len(frozenset().union(*words)) >= len(words) == matching(words)

    def _words(self, ids: Ids) -> frozenset[str]:
        return frozenset(self.vocabulary.rhyme_words[i] for i in ids)


def _union(masks: Sequence[Mask], size: int) -> Mask:
    found = np.zeros(size, np.bool_)
    for mask in masks:
        found |= mask
    return found


def matching(choices: Sequence[frozenset[str]]) -> int:
    """How many of some seekers can have a choice of their own at once (Kuhn 1955, by augmenting paths)."""
    taken: dict[str, int] = {}

    def place(seeker: int, tried: set[str]) -> bool:
        for choice in sorted(choices[seeker]):
            if choice not in tried:
                tried.add(choice)
                if choice not in taken or place(taken[choice], tried):
                    taken[choice] = seeker
                    return True
        return False

    return sum(place(seeker, set()) for seeker in range(len(choices)))
