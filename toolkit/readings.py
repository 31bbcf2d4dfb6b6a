"""How Chinese characters are read: alone, and in the phrase that they stand in."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

from .errors import ToolkitError
from .tables import built_in_table

INITIALS = ("zh", "ch", "sh", *"bpmfdtnlgkhjqxrzcs")
FINALS = frozenset({
    "a", "ia", "ua", "o", "io", "uo", "e", "ê", "ie", "üe", "-i", "er", "i", "ei", "uei", "ai", "uai", "u", "ü",
    "ou", "iou", "ao", "iao", "an", "ian", "uan", "üan", "en", "in", "uen", "ün", "ang", "iang", "uang",
    "eng", "ing", "ueng", "ong", "iong", "m", "n", "ng",
})  # fmt: skip
"""In full: jiu has iou, gui uei, lun uen. -i is the vowel of zhi chi shi ri zi ci si; m, n and ng are hummed."""

LONGEST_PHRASE = 4

_LINE_END = "。"
_APICAL = {"zh", "ch", "sh", "r", "z", "c", "s"}
_IN_FULL = {"iu": "iou", "ui": "uei", "un": "uen"}
_ALONE = {
    "yi": "i", "yin": "in", "ying": "ing", "yong": "iong", "wu": "u",
    "yu": "ü", "yue": "üe", "yuan": "üan", "yun": "ün",
}  # fmt: skip
_HUMMED = {"m": ("", "m"), "n": ("", "n"), "ng": ("", "ng"), "hm": ("h", "m"), "hng": ("h", "ng")}


@dataclass(frozen=True)
class Syllable:
    """A syllable of Mandarin by its parts.

    Attributes:
        initial: of `INITIALS`, or "" for none: y and w only spell the final.
        final: of `FINALS`.
        tone: 1 to 4; 5 is the neutral one.
    """

    initial: str
    final: str
    tone: int

    @property
    def is_level(self) -> bool:
        """平 by the modern tones: the first and second. The neutral one is 仄, being short and weak."""
        return self.tone <= 2


@cache
def syllable(spelling: str) -> Syllable:
    """The parts of a syllable in pinyin with its tone as a number: zhang3, lü4, de5.

    Raises:
        ToolkitError: it is no such syllable.
    """
    letters, tone = spelling[:-1], spelling[-1:]
    initial, final = _HUMMED.get(letters) or _parts(letters)
    if final not in FINALS or tone not in {"1", "2", "3", "4", "5"}:
        raise ToolkitError(f"expected a syllable in pinyin with a tone of 1 to 5, like zhang3, found {spelling!r}")
    return Syllable(initial, final, int(tone))


def _parts(letters: str) -> tuple[str, str]:
    """Initial and final of a syllable without its tone."""
    initial = next((start for start in INITIALS if letters.startswith(start)), "")
    rest = letters.removeprefix(initial)
    if initial in {"j", "q", "x"} and rest.startswith("u"):
        return initial, "ü" + rest[1:]
    if initial in _APICAL and rest == "i":
        return initial, "-i"
    if rest in _ALONE:
        return initial, _ALONE[rest]
    if rest[:1] in {"y", "w"}:
        rest = {"y": "i", "w": "u"}[rest[0]] + rest[1:]
    return initial, _IN_FULL.get(rest, rest)


def is_han(char: str) -> bool:
    """Whether it is a character of the table: most of U+4E00 to U+9FFF, and 〇."""
    return char in built_in_table("readings-zh.tsv.gz")


def readings(char: str) -> tuple[Syllable, ...]:
    """The listed readings of a character, the usual one first; none of what is no character."""
    return _spellings(char)[0]


def read(text: str) -> list[Syllable | None]:
    """How a text is read aloud: a syllable for each character, None for what is none.

    A character is read as in the longest phrase that it closes, else in its usual reading; a few that seldom close a
    line have another one there (还 is huán, not hái).
    """
    return [found[0] if found else None for found in _from_the_end(text)][::-1]


def closing_readings(text: str, count: int = 1, *, context: bool = True) -> list[tuple[Syllable, ...]]:
    """The readings of the last `count` characters of a text, last one last.

    Args:
        text: ends in a character.
        count: of characters; where one of them is no character, there are no readings.
        context: the text is all that is read, so that each has one reading; else more may stand before it, and each
            has every listed one, save in a phrase.
    """
    found = []
    for alternatives, _ in zip(_from_the_end(text[-count - LONGEST_PHRASE :]), range(count), strict=False):
        found.append(alternatives[:1] if context else alternatives)
    return found[::-1] if len(found) == count and all(found) else []


def _from_the_end(text: str) -> Iterator[tuple[Syllable, ...]]:
    """The readings of each character from the last to the first, best one first."""
    phrases = built_in_table("phrases-zh.tsv.gz")
    end = len(text)
    while end:
        size = next((n for n in range(min(LONGEST_PHRASE, end), 1, -1) if text[end - n : end] in phrases), 1)
        piece = text[end - size : end]
        if size > 1:
            for char, which in zip(piece[::-1], phrases[piece][::-1], strict=True):
                listed, rare, _ = _spellings(char)
                yield ((listed + rare)[int(which)],)
        else:
            listed, _, closing = _spellings(piece)
            closes = end == len(text) or not is_han(text[end])
            yield closing if closes else listed
        end -= size


@cache
def _spellings(char: str) -> tuple[tuple[Syllable, ...], tuple[Syllable, ...], tuple[Syllable, ...]]:
    """The listed readings of a character, those that it has in phrases only, and the listed ones at a line's end."""
    before, _, after = built_in_table("readings-zh.tsv.gz").get(char, "").partition("|")
    spelt = before.split()
    listed, rare, closing = (
        tuple(syllable(spelling.removesuffix(_LINE_END)) for spelling in spellings)
        for spellings in (spelt, after.split(), sorted(spelt, key=lambda spelling: not spelling.endswith(_LINE_END)))
    )
    return listed, rare, closing
