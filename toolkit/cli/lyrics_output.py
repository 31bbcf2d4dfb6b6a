"""How lyrics and what is found of them look in a terminal."""

from collections.abc import Mapping
from typing import Any

import click

from toolkit.lyrics.edit import Alternatives
from toolkit.lyrics.report import Finding, Report
from toolkit.lyrics.song import Song
from toolkit.rhymes import describe, rhyme_word
from toolkit.tokenizer import readable


def print_report(report: Report) -> None:
    """Each broken rule with what is wrong; of kept ones the lines."""
    kept: dict[str, list[Finding]] = {}
    for found in report.findings:
        if found.kept:
            kept.setdefault(found.rule, []).append(found)
    for rule, findings in kept.items():
        lines = [found.line for found in findings if found.line]
        where = f"lines {_spans(lines)}" if len(lines) > 1 else f"line {lines[0]}" if lines else findings[0].detail
        click.echo(f"{click.style('kept  ', fg='green')} {rule:<14} {where}")
    for found in report.findings:
        if not found.kept:
            where = f"line {found.line}: " if found.line else ""
            click.echo(f"{click.style('broken', fg='red')} {found.rule:<14} {where}{found.detail}")


def _spans(numbers: list[int]) -> str:
    """1-4, 6 for 1, 2, 3, 4, 6."""
    spans: list[list[int]] = []
    for number in sorted(set(numbers)):
        if spans and spans[-1][-1] == number - 1:
            spans[-1].append(number)
        else:
            spans.append([number])
    return ", ".join(f"{span[0]}-{span[-1]}" if len(span) > 1 else str(span[0]) for span in spans)


def novelty_text(novelty: Mapping[str, Any]) -> str:
    """What is said of it behind the other figures."""
    if not novelty:
        return ""
    facts = novelty["novelty"]
    return f", {facts['found']} of {facts['spans']} spans of 8 stand in {facts['corpus']} ({facts['share_found']:.1%})"


def print_alternatives(found: Alternatives) -> None:
    """Both lists, each token with its probability and the rule that it would break."""
    for title, listed in (("whatever the rules", found.before), ("with every rule kept", found.after)):
        click.secho(title, bold=True)
        for a in listed:
            broken = click.style(f"  breaks {a.broken}", fg="red") if a.broken else ""
            click.echo(f"  {a.prob:7.2%}  {readable(a.text)}{broken}")


_COLOURS = ("cyan", "magenta", "yellow", "green", "blue", "red", "bright_cyan", "bright_magenta", "bright_yellow")


def print_song(song: Song) -> None:
    """The lines; in a terminal the rhyme words in the colour of their letter, which stands behind."""
    colours = {letter: _COLOURS[i % len(_COLOURS)] for i, letter in enumerate(song.rhymes)}
    fresh = iter(song.lines)
    for i, size in enumerate(song.stanzas):
        if i:
            click.echo()
        for _ in range(size):
            line = next(fresh)
            word = rhyme_word(line.text) if line.letter else ""
            at = line.text.lower().replace("’", "'").rfind(word) if word else -1
            if at < 0:
                click.echo(line.text)
                continue
            colour, end = colours[line.letter], at + len(word)
            click.echo(line.text[:at], nl=False)
            click.secho(line.text[at:end], fg=colour, bold=True, nl=False)
            click.echo(line.text[end:])
    if song.rhymes:
        click.echo(
            "  ".join(
                click.style(f"{letter} {describe(name)}", fg=colours[letter]) for letter, name in song.rhymes.items()
            ),
            err=True,
        )
