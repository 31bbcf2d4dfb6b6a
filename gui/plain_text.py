"""Text as the window holds it: clean on the way in, counted in characters, though Qt counts UTF-16 units."""

import re
from bisect import bisect_left

from . import plain

_BREAKS = re.compile("\r\n|[\r\v\f\x1c-\x1e\x85\u2028\u2029]")
_DROPPED = re.compile(
    "[\x00-\x08\x0e-\x1b\x1f\x7f-\x84\x86-\x9f"  # control characters that are no line ends
    "\ufeff\u202a-\u202e\u2066-\u2069"  # byte order mark, overrides of the direction
    "\ufffc\ufdd0-\ufdef\ufffe\uffff\ud800-\udfff]"  # Qt's own, no characters, halves
)
_SHOWN = str.maketrans({"\n": "↵", " ": "␣", "\t": "⇥", "\u00a0": "␣", "\u3000": "␣"})


def clean(text: str) -> str:
    r"""A text from outside with every kind of line end as `\n`, without what cannot be seen and turns text about.

    Dropped are control characters (NUL too), byte order marks, overrides of the writing direction, halves of
    surrogate pairs, and the characters that Qt keeps for itself.
    """
    return _DROPPED.sub("", _BREAKS.sub("\n", text)).replace("\u00a0", " ")


def visible(text: str) -> str:
    """A short text such as a token with its line ends and blanks to be seen: ↵ ␣."""
    return plain.visible(text).translate(_SHOWN)


class Positions:
    """Between positions in a Python string and in Qt's, where a character beyond U+FFFF counts two."""

    def __init__(self, text: str) -> None:
        """Args: text: what the positions are in."""
        has_wide = len(text.encode("utf-16-le", "surrogatepass")) != 2 * len(text)
        self._wide = [at for at, char in enumerate(text) if char > "\uffff"] if has_wide else []
        self._wide_units = [at + before for before, at in enumerate(self._wide)]

    def to_units(self, chars: int) -> int:
        """Characters before a place -> UTF-16 units before it."""
        return chars + bisect_left(self._wide, chars)

    def to_chars(self, units: int) -> int:
        """UTF-16 units before a place -> characters before it; within a pair it is the character's begin."""
        return units - bisect_left(self._wide_units, units)


def changed_part(before: str, after: str, start: int, kept_behind: int) -> tuple[int, int, int]:
    """Where two texts differ, at most in a stretch that is known.

    Args:
        before: the one text.
        after: the other.
        start: characters that are equal at the begin.
        kept_behind: characters that are equal at the end.

    Returns:
        Position, characters removed, characters added; nothing removed and added where they are equal.
    """
    kept_behind = min(kept_behind, len(before) - start, len(after) - start)
    old, new = before[start : len(before) - kept_behind], after[start : len(after) - kept_behind]
    head = _common_prefix(old, new)
    tail = _common_prefix(old[head:][::-1], new[head:][::-1])
    return start + head, len(old) - head - tail, len(new) - head - tail


def _common_prefix(one: str, other: str) -> int:
    """How many first characters two texts share, by halving: strings compare faster than a loop does."""
    low, high = 0, min(len(one), len(other))
    while low < high:
        middle = (low + high + 1) // 2
        if one[low:middle] == other[low:middle]:
            low = middle
        else:
            high = middle - 1
    return low


def on_one_line(text: str) -> str:
    """A sentence of others on one line."""
    return plain.visible(" ".join(text.split()))
