"""What the window wants to know of a text, worked out on a thread: counts, faults, probabilities, alternatives."""

import math
from dataclasses import dataclass

from toolkit.errors import ToolkitError
from toolkit.language_model import LanguageModel
from toolkit.lyrics.check import check
from toolkit.lyrics.edit import alternatives, read_song
from toolkit.lyrics.like import rhyme_letters
from toolkit.lyrics.report import Report
from toolkit.lyrics.rules import LyricRules
from toolkit.lyrics.template import MAX_LINES
from toolkit.lyrics.units import atoms
from toolkit.rhymes import Rhymes
from toolkit.sampling import SamplingOptions
from toolkit.scoring import Reader
from toolkit.stopping import Stop, stoppable

from .text_plan import numbered
from .worker import Tell, Work


@dataclass(frozen=True)
class LineFacts:
    """What is known of a line.

    Attributes:
        count: of its characters, words or syllables; None where they cannot be counted.
        wanted: how many the rules ask for, like 7 or 5-9; "" is free.
        letter: of its rhyme.
        fault: what it breaks, in words.
    """

    count: int | None
    wanted: str = ""
    letter: str = ""
    fault: str = ""


@dataclass(frozen=True)
class Judged:
    """What is known of a text.

    Attributes:
        lines: place in the editor, from 1 -> what is known of the line.
        report: which rules it keeps; None without rules.
    """

    lines: dict[int, LineFacts]
    report: Report | None


def judge(text: str, rules: LyricRules | None, unit: str) -> Work:
    """Count, and compare with the rules; gives `Judged`."""

    def work(stop: Stop, _tell: Tell) -> Judged:
        lines = numbered(text)
        if not lines or len(lines) > MAX_LINES:
            return Judged({}, None)
        counted = rules.unit if rules is not None and rules.unit != "auto" else unit
        counts = {place: _count(line, counted) for place, line in lines}
        stop.check()
        if rules is None:
            letters = rhyme_letters([line for _, line in lines], Rhymes(near=True))
            return Judged(
                {
                    place: LineFacts(counts[place], letter=letter)
                    for (place, _), letter in zip(lines, letters, strict=True)
                },
                None,
            )
        try:
            wanted = rules.layout(unit).lines
            report = check(text, rules, unit)
        except ToolkitError:  # the panel says what is wrong with the rules
            return Judged({place: LineFacts(counts[place]) for place, _ in lines}, None)
        faults: dict[int, list[str]] = {}
        for finding in report.findings:
            if not finding.kept:
                faults.setdefault(finding.line, []).append(f"{finding.rule}: {finding.detail}")
        found = {}
        for number, (place, _) in enumerate(lines, start=1):
            line = wanted[number - 1] if number <= len(wanted) else None
            span = "" if line is None else _span(line.lengths)
            fault = "\n".join(faults.get(number, []))
            found[place] = LineFacts(counts[place], span, line.letter if line else "", fault)
        return Judged(found, report)

    return work


def _count(line: str, unit: str) -> int | None:
    found = atoms(line, unit)
    return None if found is None else len(found)


def _span(lengths: range) -> str:
    return str(lengths.start) if len(lengths) == 1 else f"{lengths.start}-{lengths[-1]}"


@dataclass(frozen=True)
class Scored:
    """How likely a text is.

    Attributes:
        text: that was read.
        spans: start and end of each token in it, with its probability.
    """

    text: str
    spans: tuple[tuple[int, int, float], ...]


def score(reader: Reader, text: str) -> Work:
    """The probability of each token; gives `Scored`."""

    def work(stop: Stop, _tell: Tell) -> Scored:
        found = reader.score(text, stop)
        spans = ((token.start, token.end, token.log_prob) for token in found)
        return Scored(text, tuple((start, end, math.exp(p)) for start, end, p in spans if p is not None))

    return work


@dataclass(frozen=True)
class Option:
    """What could stand in a place.

    Attributes:
        text: of the token.
        prob: under the model, before sampling options and rules.
        kept: behind them; 0 where it could not be written.
        note: the rule it breaks; "" is none.
    """

    text: str
    prob: float
    kept: float
    note: str = ""


@dataclass(frozen=True)
class Options:
    """What could stand in a place.

    Attributes:
        start: where the token that stands there begins, in the text.
        end: where it ends.
        rows: those that keep the rules first, and the most probable ones of them.
        by_rules: whether `kept` is behind the rules; else behind the sampling options.
    """

    start: int
    end: int
    rows: tuple[Option, ...]
    by_rules: bool


COUNT = 10
"""How many alternatives are shown, of those that keep the rules."""

_MOST = 14
"""With some likely ones that would break a rule."""


def look(
    reader: Reader, text: str, position: int, options: SamplingOptions, rules: LyricRules | None, fingerprint: str
) -> Work:
    """What else could stand at a place, gives `Options`; behind the rules where the text keeps them."""

    def work(stop: Stop, _tell: Tell) -> Options:
        spans = ((start, end) for _, start, end in reader.model.tokenizer.located(text))
        start, end = next((span for span in spans if span[0] <= position < span[1]), (position, position))
        if rules is not None:
            found = _by_rules(stoppable(reader.model, stop), text, position, start, rules, fingerprint)
            if found is not None:
                return Options(start, end, found, by_rules=True)
        rows = reader.choices(text[:start], options, COUNT, stop)
        return Options(start, end, tuple(Option(row.text, row.prob, row.kept) for row in rows), by_rules=False)

    return work


def _by_rules(
    model: LanguageModel, text: str, position: int, start: int, rules: LyricRules, fingerprint: str
) -> tuple[Option, ...] | None:
    """What the rules leave of the alternatives; None where there is no cell, or the text does not keep the rules."""
    before = text[:position].split("\n")
    line = text.split("\n")[len(before) - 1]
    number = sum(bool(one.strip()) for one in before[:-1]) + 1
    try:
        song = read_song(model, text, rules, fingerprint=fingerprint)
        unit = song.recipe.rules.unit
        column = len(before[-1])
        first = column - (position - start)
        cells = len(atoms(line[:first].strip(), unit) or ()) + 1
        if not atoms(line[first : column + 1].strip(), unit):
            return None
        found = alternatives(model, song, number, cells, COUNT)
    except ToolkitError:
        return None
    kept = {one.id: one.prob for one in found.after}
    rows = {one.id: one for one in (*found.before, *found.after)}
    ordered = sorted(rows.values(), key=lambda one: (bool(one.broken), -one.prob, one.id))
    return tuple(Option(one.text, one.prob, kept.get(one.id, 0.0), one.broken) for one in ordered[:_MOST])
