"""A model's tokens as a writer of lines sees them: what each fills, and where it may stand."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache

import numpy as np
import numpy.typing as npt

from toolkit.errors import ToolkitError
from toolkit.readings import is_han, readings
from toolkit.rhymes import Rhymes, rhyme_word
from toolkit.step_model import Ids
from toolkit.tokenizer import CharTokenizer, IdTokenizer, SpaceTokenizer, Tokenizer, WordTokenizer

from .contractions import CUT_STEMS, SUFFIXES, suffixes_behind
from .template import LEVEL, Cell
from .units import CHAR, HELD, WORD, atoms, outside

Mask = npt.NDArray[np.bool_]
"""Which tokens: bool [V]."""

MARKS = frozenset("，。！？；、：…—,.!?;:")
"""What may be written between cells or behind a line. Of quotation marks and brackets none: they would not close."""

NEVER_WRITTEN, CELLS, MARK, SPACE, APOSTROPHE, SUFFIX, BREAK = range(7)
"""Kinds of tokens. An apostrophe joins, a suffix (the t of don't) follows one; a break ends a line."""


@dataclass(frozen=True)
class Fit:
    """How the cells of a line can be filled.

    Attributes:
        masks: for each cell the tokens that can begin there, so that the rest can still be filled: bool [V] each.
        closing: for each cell those of `masks` that fill the line to its end.
    """

    masks: tuple[Mask, ...]
    closing: tuple[Mask, ...]

    @property
    def is_possible(self) -> bool:
        """Whether any line fits."""
        return bool(self.masks[0].any())

    def endings(self, lengths: npt.NDArray[np.int64]) -> Mask:
        """The tokens that can close the line: bool [V]."""
        count, found = len(self.masks), np.zeros_like(self.masks[0])
        reached = {0}
        for i in range(count):
            if i in reached:
                found |= self.closing[i]
                reached |= {i + int(size) for size in np.unique(lengths[self.masks[i]])}
        return found

    def before_last(self, lengths: npt.NDArray[np.int64]) -> Mask:
        """The tokens after which one cell is left: bool [V]."""
        left = [mask & (lengths == len(self.masks) - 1 - i) for i, mask in enumerate(self.masks)]
        found: Mask = np.logical_or.reduce(left)
        return found


@lru_cache(maxsize=8)
def vocabulary_of(tokenizer: Tokenizer, unit: str = "auto") -> "Vocabulary":
    """A `Vocabulary`, made once: to look at some thousand tokens takes longer than to write ten lines."""
    return Vocabulary(tokenizer, unit)


class Vocabulary:
    """The tokens of a tokenizer, counted in a unit.

    Args:
        tokenizer: of a language model.
        unit: "auto" is characters where the tokens are characters or Chinese, else words.

    Raises:
        ToolkitError: nothing is known of the tokens, or they cannot be counted in this unit.
    """

    def __init__(self, tokenizer: Tokenizer, unit: str = "auto") -> None:
        if isinstance(tokenizer, IdTokenizer):
            raise ToolkitError("expected a model whose vocabulary is known, found ids alone. Export it with --vocab.")
        self.tokenizer = tokenizer
        self.is_chars = isinstance(tokenizer, CharTokenizer)
        plain = [token for i, token in enumerate(tokenizer.vocab) if i not in tokenizer.special_ids]
        self.is_chinese = sum(any(map(is_han, token)) for token in plain) * 2 > sum(map(_has_letter, plain))
        if unit == "auto":
            unit = CHAR if self.is_chars or self.is_chinese else WORD
        if unit != CHAR and self.is_chars and not self.is_chinese:
            raise ToolkitError(
                f"unit: this model writes letter by letter, so that lines are counted in characters, found {unit!r}. "
                "Train one with --tokenizer word to count words or syllables."
            )
        if unit == WORD and self.is_chinese:
            raise ToolkitError("unit: Chinese is written without blanks, so words are not counted: use char.")
        self.unit = unit

    def __len__(self) -> int:
        return len(self.tokenizer)

    @property
    def can_rhyme(self) -> bool:
        """Whether a rhyme can be seen from the tokens: not from single letters."""
        return self.is_chinese or not self.is_chars

    @cached_property
    def atoms(self) -> list[tuple[str, ...]]:
        """What each token puts into its cells; () of what fills none, or is never written."""
        found = []
        for i, token in enumerate(self.tokenizer.vocab):
            parts: tuple[str, ...] | None = ()
            if i not in self.tokenizer.special_ids and self._is_plain(token):
                parts = atoms(token, self.unit)
            found.append(parts or ())
        return found

    def _is_plain(self, token: str) -> bool:
        """Whether a token can stand in a line: letters and digits, alone or, split at white space, with marks."""
        if isinstance(self.tokenizer, WordTokenizer) and token in SUFFIXES:
            return False
        if isinstance(self.tokenizer, SpaceTokenizer):
            return _has_letter(token) and not any(char in '"“”()[]{}<>' for char in token)
        return token.isalnum()

    @cached_property
    def sizes(self) -> npt.NDArray[np.int64]:
        """How many cells each token fills: int64 [V]."""
        return np.array([len(parts) for parts in self.atoms], np.int64)

    @cached_property
    def kinds(self) -> npt.NDArray[np.int64]:
        """The kind of each token: int64 [V]."""
        return np.array([self._kind(i, token) for i, token in enumerate(self.tokenizer.vocab)], np.int64)

    def _kind(self, token_id: int, token: str) -> int:
        if token_id == self.break_id:
            return BREAK
        if token_id in self.tokenizer.special_ids:
            return NEVER_WRITTEN
        if self.sizes[token_id]:
            return CELLS
        if token == " ":
            return SPACE
        if token in {"'", "’"} and not isinstance(self.tokenizer, SpaceTokenizer):
            return APOSTROPHE
        if isinstance(self.tokenizer, WordTokenizer) and token in SUFFIXES:
            return SUFFIX
        return MARK if all(char in MARKS for char in token) else NEVER_WRITTEN

    @property
    def break_id(self) -> int | None:
        """The token of a line break, where there is one."""
        return self.tokenizer.break_id

    @cached_property
    def space_id(self) -> int | None:
        """The token of a blank, where there is one."""
        found = np.flatnonzero(self.kinds == SPACE)
        return int(found[0]) if len(found) else None

    @property
    def parting_id(self) -> int | None:
        """What is read between lines: a line break, or else a blank, where there is either."""
        return self.tokenizer.parting_id

    def of_kind(self, *kinds: int) -> Mask:
        """The tokens of some kinds."""
        if kinds not in self._by_kind:
            self._by_kind[kinds] = np.isin(self.kinds, kinds)
        return self._by_kind[kinds]

    @cached_property
    def _by_kind(self) -> dict[tuple[int, ...], Mask]:
        return {}

    @cached_property
    def ends_spaced(self) -> Mask:
        """Tokens that end in a digit, or a letter of a script whose words have blanks between them."""
        return np.array([bool(parts) and _is_spaced(self._last_char(i)) for i, parts in enumerate(self.atoms)])

    @cached_property
    def begins_spaced(self) -> Mask:
        """Tokens that begin with one."""
        return np.array([bool(parts) and _is_spaced(parts[0][0]) for parts in self.atoms])

    @property
    def parts_words(self) -> bool:
        """Whether blanks are tokens, and words are."""
        return self.space_id is not None and not self.is_chars

    @cached_property
    def is_cut(self) -> Mask:
        """Tokens that need an apostrophe behind them."""
        cut = isinstance(self.tokenizer, WordTokenizer)
        return np.array([cut and token.lower() in CUT_STEMS for token in self.tokenizer.vocab])

    def suffixes_behind(self, token_id: int) -> frozenset[str]:
        """What makes a contraction of a token and an apostrophe, of the tokens that there are."""
        if not isinstance(self.tokenizer, WordTokenizer):
            return frozenset()
        found = suffixes_behind(self.tokenizer.vocab[token_id])
        return frozenset(suffix for suffix in found if suffix in self.tokenizer.ids)

    def contraction(self, literal: str) -> tuple[str, str]:
        """A literal without the suffix that is a token of its own, and that suffix; "" where it is whole."""
        stem, mark, suffix = literal.replace("’", "'").rpartition("'")
        apart = mark and isinstance(self.tokenizer, WordTokenizer) and (0, literal.casefold()) not in self._places
        return (stem, suffix.lower()) if apart and suffix.lower() in self.tokenizer.ids else (literal, "")

    @cached_property
    def marks_inside(self) -> Mask:
        """Tokens that have a mark before or between their words: moon-light."""
        return np.array([any(outside(token)[:-1]) and size > 0 for token, size in self._sized])

    @cached_property
    def marks_behind(self) -> Mask:
        """Tokens that have a mark behind their words: light."""
        return np.array([bool(outside(token)[-1]) and size > 0 for token, size in self._sized])

    @property
    def _sized(self) -> Iterable[tuple[str, int]]:
        return zip(self.tokenizer.vocab, self.sizes, strict=True)

    def piece(self, token_id: int, after: int | None) -> str:
        """What a token adds to a line; no blank parts it from the one before it where neither is spelt with letters."""
        text = self.tokenizer.piece(token_id, after)
        parted = after is None or self.ends_spaced[after] or self.begins_spaced[token_id]
        return text if parted or text == " " else text.lstrip()

    def _last_char(self, token_id: int) -> str:
        return next(char for char in reversed(self.tokenizer.vocab[token_id]) if char.isalnum())

    # Cells ---------------------------------------------------------------------------------------

    @cached_property
    def _places(self) -> dict[tuple[int, str], list[int]]:
        """(which of its cells, what stands there in small letters) -> the tokens."""
        found: dict[tuple[int, str], list[int]] = {}
        for i, parts in enumerate(self.atoms):
            for j, part in enumerate(parts):
                found.setdefault((j, part.casefold()), []).append(i)
        return found

    def standing(self, literal: str, place: int = 0) -> Mask:
        """The tokens that have a literal in one of their cells, by default the first.

        Words in small or large letters as they are given, where there are such.
        """
        stem, _ = self.contraction(literal)
        ids = self._places.get((place, stem.casefold()), [])
        exact = [i for i in ids if self.atoms[i][place] == stem] if self.unit != CHAR else []
        return self._mask(exact or ids)

    def _mask(self, ids: Iterable[int]) -> Mask:
        mask = np.zeros(len(self), np.bool_)
        mask[np.fromiter(ids, np.int64)] = True
        return mask

    @cached_property
    def _levels(self) -> tuple[Mask, Mask]:
        """Which tokens can be 平 and which 仄, in the first cell, of those of one cell."""
        level, oblique = np.zeros(len(self), np.bool_), np.zeros(len(self), np.bool_)
        for i, parts in enumerate(self.atoms):
            for said in readings(parts[0]) if len(parts) == 1 else ():
                (level if said.is_level else oblique)[i] = True
        return level, oblique

    def _of_tone(self, place: int, tone: str) -> Mask:
        """The tokens that can have a tone in one of their cells."""
        if place == 0 and self.is_chars:
            return self._levels[tone != LEVEL]
        key = (place, tone)
        if key not in self._tones:
            wanted = tone == LEVEL
            self._tones[key] = np.array(
                [
                    len(parts) > place and any(said.is_level == wanted for said in readings(parts[place]))
                    for parts in self.atoms
                ]
            )
        return self._tones[key]

    @cached_property
    def _tones(self) -> dict[tuple[int, str], Mask]:
        return {}

    def with_letter(self, letter: str, *, closing: bool) -> Mask:
        """The tokens that begin or end with a letter."""
        key = (closing, letter.casefold())
        if key not in self._letters:
            self._letters[key] = np.array(
                [
                    bool(parts) and (self._last_char(i) if closing else parts[0][0]).casefold() == letter.casefold()
                    for i, parts in enumerate(self.atoms)
                ]
            )
        return self._letters[key]

    @cached_property
    def _letters(self) -> dict[tuple[bool, str], Mask]:
        return {}

    def holds(self, literal: str) -> bool:
        """Whether some token has this in one of its cells, or a contraction's tokens make it."""
        stem, _ = self.contraction(literal)
        return any((j, stem.casefold()) in self._places for j in range(self.longest))

    @cached_property
    def longest(self) -> int:
        """The most cells that a token fills."""
        return int(self.sizes.max())

    def fit(self, cells: Sequence[Cell], inner: Mask | None = None, last: Mask | None = None) -> Fit:
        """How some cells can be filled from left to right, planned from the last one backwards.

        Args:
            cells: of a line.
            inner: the tokens that may stand before its last one: bool [V]; None is all.
            last: those that may be its last one.
        """
        count = len(cells)
        reachable = [False] * count + [True]
        closes = next((cell.literal for cell in reversed(cells) if cell.literal != HELD), "")
        cut = np.zeros(len(self), np.bool_) if self.contraction(closes)[1] else self.is_cut
        masks: list[Mask] = []
        closing: list[Mask] = []
        for i in reversed(range(count)):
            mask = np.zeros(len(self), np.bool_)
            for size in range(1, min(self.longest, count - i) + 1):
                if reachable[i + size]:
                    mask |= self.sizes == size
            for j in range(min(self.longest, count - i)):
                self._narrow(mask, cells[i + j], j)
            ends = mask & (self.sizes == count - i)
            before = mask & ~ends
            if inner is not None:
                before &= inner
            if last is not None:
                ends &= last
            if i + self.longest >= count:
                ends &= ~cut
            mask = before | ends
            reachable[i] = bool(mask.any())
            masks.append(mask)
            closing.append(ends)
        return Fit(tuple(masks[::-1]), tuple(closing[::-1]))

    def _narrow(self, mask: Mask, cell: Cell, place: int) -> None:
        """Take out of a mask the tokens that have something else in one of their cells."""
        if cell.is_free:
            return
        reaches = self.sizes > place
        if cell.literal:
            mask &= ~reaches | self.standing(cell.literal, place)
        if cell.tone:
            mask &= ~reaches | self._of_tone(place, cell.tone)
        if cell.opening:  # of the word that begins here
            mask &= ~reaches | (self.with_letter(cell.opening, closing=False) & (place == 0))
        if cell.closing:  # of the word that ends here
            mask &= ~reaches | (self.with_letter(cell.closing, closing=True) & (self.sizes == place + 1))
        if cell.before and place:
            mask &= ~reaches  # a mark cannot stand inside a token

    # Rhymes --------------------------------------------------------------------------------------

    @cached_property
    def rhyme_words(self) -> list[str]:
        """What each token rhymes with; "" of what fills no cell."""
        return [rhyme_word(token) if self.sizes[i] else "" for i, token in enumerate(self.tokenizer.vocab)]

    @cached_property
    def _by_rhyme_word(self) -> dict[str, list[int]]:
        found: dict[str, list[int]] = {}
        for i, word in enumerate(self.rhyme_words):
            found.setdefault(word, []).append(i)
        return found

    def count_rhyme_words(self, ids: Ids) -> int:
        """How many different ones some tokens have."""
        return len(ids) if self.is_chars else len({self.rhyme_words[i] for i in ids})

    def with_rhyme_words(self, words: Iterable[str]) -> Mask:
        """The tokens that have one of some rhyme words."""
        return self._mask(i for word in words for i in self._by_rhyme_word.get(word, ()))

    @cached_property
    def _tables(self) -> dict[Rhymes, dict[str, Mask]]:
        return {}

    def rhyming(self, rhymes: Rhymes) -> dict[str, Mask]:
        """Class -> the tokens that can be chosen for it."""
        if rhymes not in self._tables:
            names = [token if self.sizes[i] else "" for i, token in enumerate(self.tokenizer.vocab)]
            if self.is_chars:  # single letters are no words
                names = [name if name and is_han(name) else "" for name in names]
            self._tables[rhymes] = {name: self._mask(ids) for name, ids in rhymes.table(names).items()}
        return self._tables[rhymes]


def _has_letter(token: str) -> bool:
    return any(char.isalnum() for char in token)


def _is_spaced(char: str) -> bool:
    """Of a script whose words have blanks between them, or a digit: not Chinese characters or kana."""
    return char.isalnum() and not ("\u2e80" <= char <= "\ua4cf" or "\uf900" <= char <= "\uffef")
