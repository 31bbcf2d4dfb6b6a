"""How English words end: stress, syllables and closing sounds, after the CMU Pronouncing Dictionary."""

from dataclasses import dataclass
from functools import cache

from .tables import built_in_table

VOWELS = frozenset(["AA", "AE", "AH", "AO", "AW", "AY", "EH", "ER", "EY", "IH", "IY", "OW", "OY", "UH", "UW"])
"""Of the phones, which are those of CMUdict without the stress."""


@dataclass(frozen=True, slots=True)
class Pronunciation:
    """One way to say a word.

    Attributes:
        stress: a digit for each syllable: 1 primary, 2 secondary, 0 none.
        closing: the phones from the last vowel but one on, or from the last one of primary stress if that comes first;
            without a primary stress the last secondary one counts.
    """

    stress: str
    closing: tuple[str, ...]

    @property
    def syllables(self) -> int:
        """How many."""
        return len(self.stress)

    @property
    def rhymes(self) -> tuple[tuple[str, ...], ...]:
        """What rhymes with it sounds like: the phones from the last primary stress on.

        Also those from a secondary stress behind it: tomorrow rhymes with sorrow, and with go. From the last vowel
        where none is stressed.
        """
        vowels = self._vowels
        stress = self.stress[-len(vowels) :]
        primary, secondary = stress.rfind("1"), stress.rfind("2")
        starts = [i for i in (primary, secondary) if i >= max(primary, 0)] or [-1]
        return tuple([self.closing[vowels[i] :] for i in starts])

    @property
    def last_syllable(self) -> tuple[str, ...]:
        """The phones from the last vowel on."""
        return self.closing[self._vowels[-1] :]

    @property
    def double(self) -> tuple[str, ...]:
        """The phones from the last vowel but one on; of a single syllable all there are."""
        return self.closing[self._vowels[-2:][0] :]

    @property
    def _vowels(self) -> list[int]:
        return [i for i, phone in enumerate(self.closing) if phone in VOWELS]


@cache
def pronunciations(word: str) -> tuple[Pronunciation, ...]:
    """All ways to say a word, in any case; none where it is unknown.

    Of a word with hyphens each part is said; lovin' is said as loving with another n.
    """
    word = word.lower().replace("’", "'")
    words = built_in_table("words-en.tsv.gz")
    if word in words:
        return tuple([_parse(said) for said in words[word].split("/") if said])
    plain = word.strip("'")
    if word.endswith("in'") and f"{plain}g" in words:
        sung = tuple(_as_in(said) for said in pronunciations(f"{plain}g") if said.stress.endswith("0"))
        if sung:
            return sung
    if plain != word:
        return pronunciations(plain)
    before, hyphen, last = word.rpartition("-")
    if not (before and hyphen):
        return ()
    return tuple(_joined(first, said) for first in pronunciations(before) for said in pronunciations(last))


def _joined(first: Pronunciation, last: Pronunciation) -> Pronunciation:
    """Two words said as one."""
    closing = last.closing if last.syllables > 1 else first.last_syllable + last.closing
    return Pronunciation(first.stress + last.stress, closing)


def _as_in(said: Pronunciation) -> Pronunciation:
    """What ends in -ing said with -in."""
    return Pronunciation(said.stress, (*said.closing[:-1], "N"))


def _parse(said: str) -> Pronunciation:
    stress, *closing = said.split()
    return Pronunciation(stress, tuple(closing))
