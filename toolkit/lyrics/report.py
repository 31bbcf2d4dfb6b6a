"""What a check of lyrics found, and how it is said."""

from collections.abc import Iterable
from dataclasses import dataclass

_LONGEST_QUOTE = 40


@dataclass(frozen=True)
class Finding:
    """What was found of a rule.

    Attributes:
        rule: its name, as in `LyricRules`; also "tones", those of a form or template.
        line: the number of the line, from 1; 0 is the whole text.
        kept: whether it holds there.
        detail: what was found, and where it is not kept what was expected, for people.
    """

    rule: str
    line: int
    kept: bool
    detail: str


@dataclass(frozen=True)
class Report:
    """What was found of all rules.

    Attributes:
        findings: rule by rule.
        unit: what was counted, of `toolkit.lyrics.units.UNITS`.
    """

    findings: tuple[Finding, ...]
    unit: str

    @property
    def holds(self) -> bool:
        """Whether all rules are kept."""
        return all(finding.kept for finding in self.findings)


def many(count: int, things: str) -> str:
    """A count of things, by the plural of their name."""
    return f"{count} {things if count != 1 else things.removesuffix('s')}"


def listed(sizes: Iterable[int]) -> str:
    """Numbers with commas."""
    return ", ".join(map(str, sizes))


def quoted(text: str) -> str:
    """A text for people, not too long and without what cannot be shown."""
    shown = "".join(char if char.isprintable() else ascii(char)[1:-1] for char in text[:_LONGEST_QUOTE])
    return shown + "…" * (len(text) > _LONGEST_QUOTE)
