"""What stands in the editor, as the rules see it: lines that stay, and one that is only begun."""

from collections.abc import Iterable
from dataclasses import dataclass, replace

from toolkit.lyrics.rules import LyricRules
from toolkit.lyrics.units import atoms


@dataclass(frozen=True)
class TextPlan:
    """What to write, and what stays.

    Attributes:
        rules: with the beginning of a line that is only begun.
        given: number of a line, from 1 -> its text, which stays.
        complete: whether no line is left to write.
    """

    rules: LyricRules
    given: dict[int, str]
    complete: bool


def numbered(text: str) -> list[tuple[int, str]]:
    """The lines that are not empty, each with its place in the editor, from 1."""
    return [(place, line.strip()) for place, line in enumerate(text.split("\n"), start=1) if line.strip()]


def lyric_numbers(text: str, places: Iterable[int]) -> list[int]:
    """The numbers, among the lines that are not empty, of some places in the editor."""
    number_of = {place: number for number, (place, _) in enumerate(numbered(text), start=1)}
    return sorted(number_of[place] for place in places if place in number_of)


def places_of(text: str, numbers: Iterable[int]) -> list[int]:
    """The reverse of `lyric_numbers`."""
    lines = numbered(text)
    return sorted(lines[number - 1][0] for number in numbers if number <= len(lines))


def plan_of(text: str, rules: LyricRules, unit: str) -> TextPlan:
    """Go on with a text: all its lines stay, and one that is too short yet is written to its end.

    Args:
        text: of the editor.
        rules: of the whole text.
        unit: that lines are counted in, where the rules leave it open.

    Raises:
        ToolkitError: as of `LyricRules.layout`.
    """
    lines = rules.layout(unit).lines
    unit = unit if rules.unit == "auto" else rules.unit
    given = {number: line for number, (_, line) in enumerate(numbered(text), start=1)}
    last = len(given)
    if 1 <= last <= len(lines) and not text.endswith("\n"):
        size = len(atoms(given[last], unit) or ())
        if 0 < size < lines[last - 1].lengths.start:
            begun = f"{last}:1={given.pop(last)}"
            rules = replace(rules, fixed=(*rules.fixed, begun))
    return TextPlan(rules, given, len(given) >= len(lines))


def plan_anew(text: str, rules: LyricRules, unit: str, locked: Iterable[int]) -> TextPlan:
    """Write a text anew, but for its locked lines.

    Args:
        text: of the editor.
        rules: of the whole text.
        unit: as of `plan_of`.
        locked: places of the lines that stay, from 1.

    Raises:
        ToolkitError: as of `LyricRules.layout`.
    """
    count = len(rules.layout(unit).lines)
    lines = numbered(text)
    given = {number: lines[number - 1][1] for number in lyric_numbers(text, locked)}
    return TextPlan(rules, given, len(given) >= count)
