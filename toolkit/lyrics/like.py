"""The template of an existing song: as many stanzas, lines and cells, and lines that rhyme where its own do."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import groupby

from toolkit.errors import ToolkitError
from toolkit.readings import is_han
from toolkit.rhymes import Rhymes, rhyme_word

from .rules import LyricRules
from .template import FREE, MAX_CELLS, MAX_LINES, UNRHYMED, Line, Template, TemplateError
from .units import CHAR, UNITS, WORD, measured

LETTERS = [letter for letter in "ABCDEFGHIJKLMNOPQRSTUVWXYZ" if letter != UNRHYMED]


def template_like(text: str, rhymes: Rhymes, unit: str = "auto") -> Template:
    """The template that a song is written by, if nothing counts but its shape and its rhymes.

    All cells are free, and no marks are asked for. Lines that rhyme have the same letter, in the order in which they
    come; a line that rhymes with no other has none, nor has one whose only rhyme is its own last word. A song can keep
    the rules of its own template, save that a rhyme word may come twice in it.

    Args:
        text: lines; an empty one parts stanzas.
        rhymes: what rhymes with what.
        unit: of `toolkit.lyrics.units.UNITS`; "auto" is characters if there is any Chinese one, else words.

    Raises:
        TemplateError: a line that cannot be counted, by its number, or none or too many of them.
    """
    if unit == "auto":
        unit = CHAR if any(map(is_han, text)) else WORD
    written: list[str] = []
    stanzas = []
    numbered = enumerate(text.removeprefix("\ufeff").splitlines(), start=1)
    for blank, part in groupby(numbered, key=lambda pair: not pair[1].strip()):
        if not blank:
            pairs = list(part)
            written += [line for _, line in pairs]
            stanzas.append(tuple(_line(line, number, unit) for number, line in pairs))
    if not 1 <= len(written) <= MAX_LINES:
        raise TemplateError(f"the song: expected 1 to {MAX_LINES} lines, found {len(written) or 'none'}.")
    template = Template(tuple(stanzas), unit)
    letters = rhyme_letters(written, rhymes)
    return template.with_lines(replace(a, letter=b) for a, b in zip(template.lines, letters, strict=True))


def rules_like(text: str, unit: str = "auto", rhymes: Rhymes | None = Rhymes()) -> LyricRules:  # noqa: B008 - frozen
    """Rules that keep a text in the shape it has: its stanzas, its lines, their lengths and their rhymes.

    The text itself keeps them: marks may stand anywhere, and a line or a rhyme word may come twice.

    Args:
        text: as of `template_like`.
        unit: the same; of a model what `toolkit.lyrics.vocabulary.vocabulary_of` counts in.
        rhymes: what rhymes with what; None keeps no rhyme.

    Raises:
        TemplateError: as of `template_like`.
    """
    template = template_like(text, rhymes or Rhymes(), unit)
    if rhymes is None:
        template = template.with_lines(replace(line, letter="") for line in template.lines)
    return LyricRules(
        template=str(template),
        unit=template.unit,
        near=rhymes is not None and rhymes.near,
        double=rhymes is not None and rhymes.double,
        repeat_rhymes=True,
        repeat_lines=True,
        punctuation="inside",
    )


def rhyme_letters(lines: Sequence[str], rhymes: Rhymes) -> list[str]:
    """The letter of each line, "" where it rhymes with none.

    Classes may overlap (`rhymes.near`): the one that most lines are in takes all of them, then the one that most of
    the others are in. So no class that all lines of one letter have is one that all lines of another have too: it
    would have had the lines of both. Where there are more groups than letters, the largest have them.
    """
    classes = [rhymes.read(line) for line in lines]
    words = [rhyme_word(line) for line in lines]
    groups = sorted(list(_groups(classes, words))[: len(LETTERS)])
    letter_of = {i: letter for letter, group in zip(LETTERS, groups, strict=False) for i in group}
    return [letter_of.get(i, "") for i in range(len(lines))]


def _groups(classes: Sequence[frozenset[str]], words: Sequence[str]) -> Iterator[list[int]]:
    """The lines that rhyme, group by group, the largest first; equals in the order of their first lines."""
    left = list(range(len(classes)))
    while True:
        sharing: dict[str, list[int]] = {}
        for i in left:
            for name in sorted(classes[i]):
                sharing.setdefault(name, []).append(i)
        rhyming = [group for group in sharing.values() if len({words[i] for i in group}) > 1]
        if not rhyming:
            return
        largest = max(rhyming, key=len)
        yield largest
        left = [i for i in left if i not in largest]


def _line(text: str, number: int, unit: str) -> Line:
    """As many free cells as a line fills."""
    try:
        size = measured(text, unit)
    except ToolkitError as error:
        raise TemplateError(f"the song, line {number}: {error}") from None
    if not 1 <= size <= MAX_CELLS:
        raise TemplateError(
            f"the song, line {number}: expected 1 to {MAX_CELLS} {UNITS[unit]}, found {size or 'none'}."
        )
    return Line((FREE,) * size, at=size)
