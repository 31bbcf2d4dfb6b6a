"""How much of a text is taken from the corpus."""

import re
from functools import lru_cache

from toolkit.errors import OptionError

from .check_line import is_chinese


def found_spans(text: str, corpus: str, size: int = 8) -> tuple[int, int]:
    """How many runs of a text also stand in the corpus.

    Only letters and digits count, in any case; runs go on over marks, blanks and line ends.

    Args:
        text: of Chinese its characters are counted; without any, its words, as eight letters stand in every corpus.
        corpus: reduced in the same way. The last one is kept, so that many texts are compared with it quickly.
        size: how many characters or words a run has.

    Returns:
        The runs that the corpus has, and all of them: one from each character or word on, so far as they are whole.

    Raises:
        OptionError: the size is less than 1.
    """
    if size < 1:
        raise OptionError(f"size must be at least 1, found {size}")
    by_words = not is_chinese(text)
    units, known = _units(text, by_words), _known(corpus, by_words)
    runs = [_joined(units[i : i + size], by_words) for i in range(len(units) - size + 1)]
    return sum(run in known for run in runs), len(runs)


def _units(text: str, by_words: bool) -> list[str]:
    """Its characters or words, of letters and digits only."""
    if by_words:
        text = re.sub(r"['’]", "", text)
    return re.findall(r"[^\W_]+" if by_words else r"[^\W_]", text.casefold())


def _joined(units: list[str], by_words: bool) -> str:
    """One text of them, in which words stand between blanks."""
    return f" {' '.join(units)} " if by_words else "".join(units)


@lru_cache(maxsize=1)
def _known(corpus: str, by_words: bool) -> str:
    return _joined(_units(corpus, by_words), by_words)
