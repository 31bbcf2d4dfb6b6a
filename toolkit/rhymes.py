"""Rhyme: the classes that endings fall into, Chinese and English, strict and near.

Two texts rhyme when they share a class. A class has a name, a short text: of Chinese the rhyme's (唐), of English the
sounds (AY T). The strict Chinese classes are the eighteen of 中华新韵 (1941), by the modern readings, whatever the
tone. The near ones are those that writers of songs take for one: an and ang (寒唐); en, in, un and eng, ing (痕庚);
i and ü (齐鱼); o and e (波歌); eng, ing and ong (庚东), as in the thirteen rhymes of the northern stage. A syllable
in eng is in two of them, so that 心 nearly rhymes with 风, and 风 with 空, but not 心 with 空. 支 and 齐 stay apart: 诗
and 衣 have different vowels.

English words rhyme when they sound the same from the last stressed vowel on; where a secondary stress follows the
primary one, from either (tomorrow with sorrow and with go, moonlight with night). A word that sounds the same
altogether (sea, see) is another word, and rhymes. They nearly rhyme when from there on the vowels are the same and the
consonants of the same kind: stops, hisses (fricatives and affricates), nasals, l, r, glides. At the end t, d, s and z
are not heard behind another consonant (find, mine), save t and d behind r; an unstressed i is as a, and the vowel of
thought, but for r, as that of lot.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import product

import numpy as np
import numpy.typing as npt

from .pronunciations import VOWELS, pronunciations
from .readings import Syllable, closing_readings, is_han, readings

CHINESE_CLASSES: Mapping[str, tuple[str, ...]] = {
    "麻": ("a", "ia", "ua"), "波": ("o", "uo", "io"), "歌": ("e",), "皆": ("ê", "ie", "üe"), "支": ("-i",),
    "儿": ("er",), "齐": ("i",), "微": ("ei", "uei"), "开": ("ai", "uai"), "模": ("u",), "鱼": ("ü",),
    "侯": ("ou", "iou"), "豪": ("ao", "iao"), "寒": ("an", "ian", "uan", "üan"), "痕": ("en", "in", "uen", "ün"),
    "唐": ("ang", "iang", "uang"), "庚": ("eng", "ing", "ueng"), "东": ("ong", "iong"),
}  # fmt: skip
"""The finals of each strict class, as `toolkit.readings` writes them. What is hummed (嗯) rhymes with nothing."""

NEAR_CHINESE = ("寒唐", "痕庚", "庚东", "齐鱼", "波歌")
"""Which strict classes make a near one; each of the others is a near class by itself."""

_CLASS_OF = {final: name for name, finals in CHINESE_CLASSES.items() for final in finals}
_KINDS = {
    **dict.fromkeys(["P", "B", "T", "D", "K", "G"], "stop"),
    **dict.fromkeys(["F", "V", "TH", "DH", "S", "Z", "SH", "ZH", "CH", "JH", "HH"], "hiss"),
    **dict.fromkeys(["M", "N", "NG"], "nasal"),
    **dict.fromkeys(["W", "Y"], "glide"),
}
_AND = "+"


@dataclass(frozen=True)
class Rhymes:
    """What rhymes with what.

    A text is judged by its end; punctuation, blanks and line breaks there count for nothing. Digits, other scripts and
    English words that the dictionary lacks have no class.

    Attributes:
        near: nearly is enough. Whatever rhymes strictly also does so nearly.
        double: the last two syllables rhyme. In Chinese each of the two has its class, and the name is both of them,
            like 麻+唐. In English the sounds count from the last vowel but one; a single syllable takes the last one
            of the word before it, and what opens a word is free (my way, I say). A text of one syllable has no class.
    """

    near: bool = False
    double: bool = False

    def classes(self, token: str) -> frozenset[str]:
        """The classes that a token can be chosen for: those of any listed reading.

        Where a phrase of the dictionary closes the token its reading is the only one: 音乐 is not 歌, while 乐 is
        both 歌 and 皆. What the whole line is then read as, `read` says.
        """
        if len(token) == 1 and is_han(token):  # the tokens of most models, by a shorter way
            said = () if self.double else readings(token)
            return frozenset(name for syllable in said for name in _chinese(syllable, self.near))
        return self._classes(token, context=False)

    def read(self, text: str) -> frozenset[str]:
        """The classes of a line as it is read.

        Of Chinese by context, so one of the strict classes at most; of an English word all its pronunciations count.
        """
        return self._classes(text, context=True)

    def rhymes(self, a: str, b: str) -> bool:
        """Whether two lines rhyme as they are read; a word never does with itself, nor a character."""
        return rhyme_word(a) != rhyme_word(b) and not self.read(a).isdisjoint(self.read(b))

    def table(self, vocab: Iterable[str]) -> dict[str, npt.NDArray[np.int64]]:
        """The ids of the tokens that can be chosen for each class that a vocabulary has, each int64 [members]."""
        found: dict[str, list[int]] = {}
        for i, token in enumerate(vocab):
            for name in self.classes(token):
                found.setdefault(name, []).append(i)
        return {name: np.array(ids, dtype=np.int64) for name, ids in sorted(found.items())}

    def members(self, vocab: Sequence[str], name: str) -> npt.NDArray[np.bool_]:
        """Which tokens of a vocabulary can be chosen for a class, as bool [V]."""
        return np.array([name in self.classes(token) for token in vocab], dtype=np.bool_)

    def _classes(self, text: str, *, context: bool) -> frozenset[str]:
        text = _trimmed(text)
        if not text:
            return frozenset()
        if is_han(text[-1]):
            ends = closing_readings(text, 1 + self.double, context=context)
            names = [{name for syllable in said for name in _chinese(syllable, self.near)} for said in ends]
            return frozenset(map(_AND.join, product(*names))) if names else frozenset()
        return frozenset(self._english(text))

    def _english(self, text: str) -> Iterable[str]:
        """Of the words that close a text."""
        word = _last_word(text)
        for said in pronunciations(word):
            if not self.double:
                for phones in said.rhymes:
                    yield _sounds(phones, self.near)
            elif said.syllables > 1:
                yield _sounds(said.double, self.near)
            else:
                for before in pronunciations(_last_word(_trimmed(text[: len(text) - len(word)]))):
                    yield _sounds(before.last_syllable + said.closing, self.near)


def rhyme_word(text: str) -> str:
    """What a text rhymes with: its last character, or its last English word in small letters; "" without either."""
    text = _trimmed(text)
    return text[-1] if text and is_han(text[-1]) else _last_word(text).lower().replace("’", "'")


def describe(name: str) -> str:
    """A class for people: 唐 (ang iang uang), or -ay t."""
    parts = [(part, [char for char in part if char in CHINESE_CLASSES]) for part in name.split(_AND)]
    if not all(strict for _, strict in parts):
        return f"-{name.lower()}"
    return " + ".join(f"{part} ({' '.join(f for s in strict for f in CHINESE_CLASSES[s])})" for part, strict in parts)


@cache
def _chinese(syllable: Syllable, near: bool) -> tuple[str, ...]:
    """The classes of a syllable."""
    strict = _CLASS_OF.get(syllable.final)
    if strict is None:
        return ()
    return (near and tuple(name for name in NEAR_CHINESE if strict in name)) or (strict,)


@cache
def _sounds(phones: tuple[str, ...], near: bool) -> str:
    """The class of the closing sounds of English."""
    if not near:
        return " ".join(phones)
    heard = list(phones)
    while (
        heard[-1] in {"T", "D", "S", "Z"} and heard[-2] not in VOWELS and not (heard[-1] in "TD" and heard[-2] == "R")
    ):
        heard.pop()
    kinds = []
    for i, phone in enumerate(heard):
        if phone == "AO" and heard[i + 1 : i + 2] != ["R"]:
            kinds.append("AA")
        elif phone == "IH" and i:
            kinds.append("AH")
        else:
            kinds.append(_KINDS.get(phone, phone))
    return " ".join(kinds)


def _trimmed(text: str) -> str:
    """Without what is neither letter nor digit at the end."""
    end = len(text)
    while end and not text[end - 1].isalnum():
        end -= 1
    if text[:end].endswith("in") and text[end : end + 1] in {"'", "’"}:
        end += 1  # lovin'
    return text[:end]


def _last_word(text: str) -> str:
    """The English word, or words with hyphens, at the very end."""
    if text.isascii() and text.isalpha():  # most tokens
        return text
    start = len(text)
    while start and (text[start - 1] in "'’-" or (text[start - 1].isalpha() and text[start - 1] < "\u0250")):
        start -= 1
    return text[start:].rpartition("--")[2].lstrip("'’-")
