"""What a line is measured in: characters, words or syllables, each of which fills a cell."""

import re
from functools import cache

from toolkit.errors import ToolkitError
from toolkit.pronunciations import pronunciations
from toolkit.readings import is_han

CHAR, WORD, SYLLABLE = "char", "word", "syllable"
UNITS = {CHAR: "characters", WORD: "words", SYLLABLE: "syllables"}
"""The units and their names in sentences."""

HELD = "-"
"""Fills each further cell of a word of several syllables."""

_WORD = re.compile(r"[^\W_]+(?:['’][^\W_]+)*['’]?")


@cache
def atoms(text: str, unit: str) -> tuple[str, ...] | None:
    """The cells that a text fills, each with what stands in it; () where it is only blanks and marks.

    Characters are letters and digits of any script. A word of k syllables is itself, and then `HELD` k - 1 times.
    None where the syllables of a word are not known.
    """
    if unit == CHAR:
        return tuple(char for char in text if char.isalnum())
    words = _WORD.findall(text)
    if unit == WORD:
        return tuple(words)
    found: list[str] = []
    for word in words:
        for part in re.findall(r"[\u3400-\u9fff〇]|[^\u3400-\u9fff〇]+", word):
            if is_han(part):
                found.append(part)
                continue
            if part in {"'", "’"}:  # behind a character
                continue
            said = pronunciations(part)
            if not said:
                return None
            found += [part, *[HELD] * (said[0].syllables - 1)]
    return tuple(found)


def measured(text: str, unit: str) -> int:
    """How many cells a text fills.

    Raises:
        ToolkitError: it holds a word whose syllables are not known.
    """
    found = atoms(text, unit)
    if found is None:
        unknown = next(word for word in _WORD.findall(text) if atoms(word, unit) is None)
        raise ToolkitError(
            f"{unknown!r}: expected words of the pronouncing dictionary, whose syllables can be counted. "
            "Write it otherwise, or count words: --unit word."
        )
    return len(found)


def outside(text: str) -> list[str]:
    """What stands before its words and characters, between them, and behind the last."""
    return _WORD.split(text)


def spelt_with(word: str, opening: str, closing: str) -> bool:
    """Whether a word begins and ends with some letters, in large or small ones; "" is any."""
    letters = word.rstrip("'’").casefold()
    return letters.startswith(opening.casefold()) and letters.endswith(closing.casefold())
