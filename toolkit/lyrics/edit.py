"""Changing a text that is there: each operation gives a new `Song` and leaves the old one as it was."""

from collections.abc import Generator, Sequence
from dataclasses import dataclass, replace
from itertools import accumulate

import numpy as np

from toolkit.errors import OptionError
from toolkit.language_model import LanguageModel
from toolkit.rhymes import Rhymes
from toolkit.sampling import log_softmax
from toolkit.step_model import Logits
from toolkit.uniform import fresh_seed

from .dice import Dice
from .judge import Judge
from .like import rules_like
from .options import LyricOptions
from .plan import Plan
from .rules import LyricRules, RuleError
from .search import Answer, Request
from .song import Recipe, Song, SongLine
from .template import Template
from .text import lines_of
from .units import UNITS, atoms
from .vocabulary import Vocabulary, vocabulary_of
from .write import answered, opening, write


@dataclass(frozen=True)
class Alternative:
    """What could stand in a place.

    Attributes:
        id: of the token.
        text: of the token.
        prob: under the model, among the tokens that are text, before any rule.
        broken: the first rule that the line would break with it; "" if it would keep all.
    """

    id: int
    text: str
    prob: float
    broken: str


@dataclass(frozen=True)
class Alternatives:
    """What could stand in a place, most probable first.

    Attributes:
        before: of all tokens, whatever the rules.
        after: of those with which the line keeps every rule.
    """

    before: tuple[Alternative, ...]
    after: tuple[Alternative, ...]


def reroll(model: LanguageModel, song: Song, number: int, seed: int | None = None) -> Song:
    """Write one line anew; all others stay, and with them its rhyme.

    Args:
        model: that wrote the text.
        song: the text.
        number: of the line, from 1.
        seed: of the new line; by default a new one.

    Raises:
        OptionError: there is no such line, or the text is of another model.
        RuleError: no other line keeps the rules.
    """
    _check(model, song, number)
    recipe = song.recipe
    if _layout(model, recipe.rules).lines[number - 1].is_fixed:
        raise RuleError("fixed", "all of it is given by the rules, so there is no other one.", number)
    options = replace(recipe.options, seed=fresh_seed() if seed is None else seed, num_return_sequences=1)
    avoid = (song.lines[number - 1].text,)
    parts = {"prompt": recipe.prompt, "fingerprint": recipe.model}
    return write(model, recipe.rules, options, given=_others(song, number), avoid=avoid, **parts)[0]


def reroll_line(
    model: LanguageModel,
    text: str,
    number: int,
    options: LyricOptions | None = None,
    *,
    rhymes: Rhymes | None = Rhymes(),  # noqa: B008 - frozen
    prompt: str = "",
    fingerprint: str = "",
) -> tuple[SongLine, Recipe]:
    """Another line for one of any text, as long and with the same rhyme: no rules are needed but its own shape.

    Args:
        model: any language model.
        text: what somebody typed. Lines without a character or a word, as empty ones, part stanzas.
        number: of the line, from 1; all that line breaks part count.
        options: as of `toolkit.lyrics.write.write`; one line is written.
        rhymes: what rhymes with what; None lets the line end as it likes.
        prompt: as of `toolkit.lyrics.write.write`.
        fingerprint: the same.

    Returns:
        The line, and the recipe of a text that has it in its place.

    Raises:
        OptionError: there is no such line, or nothing in it that can be counted.
        RuleError: no other line of that length and rhyme was found.
        TemplateError: a line is too long, or there are too many.
    """
    vocabulary = vocabulary_of(model.tokenizer)
    lines = [" ".join(line.splitlines()).strip() for line in text.split("\n")]
    lines = [line if atoms(line, vocabulary.unit) else "" for line in lines]
    if not 1 <= number <= len(lines):
        raise OptionError(f"line: expected 1 to {len(lines)}, found {number}")
    if not lines[number - 1]:
        raise OptionError(f"line {number}: expected {UNITS[vocabulary.unit]} whose number is to be kept, found none")
    rules = rules_like("\n".join(lines), vocabulary.unit, rhymes if vocabulary.can_rhyme else None)
    options = replace(options or LyricOptions(), num_return_sequences=1)
    place = sum(map(bool, lines[:number]))
    given = {i: line for i, line in enumerate(filter(None, lines), start=1) if i != place}
    parts = {"prompt": prompt, "fingerprint": fingerprint}
    song = write(model, rules, options, given=given, avoid=(lines[number - 1],), **parts)[0]
    return song.lines[place - 1], song.recipe


def extend(
    model: LanguageModel,
    text: str,
    rules: LyricRules,
    options: LyricOptions | None = None,
    *,
    prompt: str = "",
    fingerprint: str = "",
) -> list[Song]:
    """Go on with a text.

    Args:
        model: any language model.
        text: its lines stand first, as they are.
        rules: of the whole text, those lines included.
        options: as of `toolkit.lyrics.write.write`.
        prompt: the same.
        fingerprint: the same.

    Raises:
        OptionError: the rules have no line behind those of the text.
        RuleError: as of `toolkit.lyrics.write.write`; also where a line that is there breaks a rule.
    """
    lines = lines_of(text)
    wanted = len(_layout(model, rules).lines)
    if not lines or len(lines) >= wanted:
        raise OptionError(
            f"lines: expected more lines than the {len(lines)} of the text that is there, found {wanted} in the rules"
        )
    given = dict(enumerate(lines, start=1))
    return write(model, rules, options, prompt=prompt, given=given, fingerprint=fingerprint)


def fill(
    model: LanguageModel,
    text: str,
    rules: LyricRules | None = None,
    options: LyricOptions | None = None,
    *,
    prompt: str = "",
    fingerprint: str = "",
) -> list[Song]:
    """Fill the gaps of a half-written text.

    Args:
        model: any language model.
        text: a template: each `_` is a gap of one cell, each `~` one that may be left out, the rest stays as it is.
        rules: what else is to hold; they bring no template, form or length of their own.
        options: as of `toolkit.lyrics.write.write`.
        prompt: the same.
        fingerprint: the same.

    Raises:
        OptionError: the rules say how long lines are, too.
        RuleError: as of `toolkit.lyrics.write.write`.
        TemplateError: the text cannot be read as a template.
    """
    rules = replace(rules or LyricRules(), template=text)
    return write(model, rules, options, prompt=prompt, fingerprint=fingerprint)


def read_song(model: LanguageModel, text: str, rules: LyricRules, *, prompt: str = "", fingerprint: str = "") -> Song:
    """A text that somebody wrote as a `Song`, with the probability of each token.

    Raises:
        RuleError: it breaks a rule, or has another number of lines.
    """
    lines = lines_of(text)
    rules = rules if rules.template or rules.form or rules.lines else replace(rules, lines=len(lines))
    wanted = len(_layout(model, rules).lines)
    if wanted != len(lines):
        raise RuleError("lines", f"expected {wanted}, found {len(lines)}.")
    given = dict(enumerate(lines, start=1))
    options = LyricOptions(seed=0)
    return write(model, rules, options, prompt=prompt, given=given, fingerprint=fingerprint)[0]


def alternatives(model: LanguageModel, song: Song, number: int, cell: int, count: int = 8) -> Alternatives:
    """What could stand in one place of a text, as the model sees it after all that stands before.

    Args:
        model: that wrote the text.
        song: the text.
        number: of the line, from 1.
        cell: of the place in the line, from 1.
        count: of alternatives in each list, at most.

    Raises:
        OptionError: there is no such place, or the text is of another model.
        RuleError: the text has other lines than its rules.
    """
    _check(model, song, number)
    recipe = song.recipe
    vocabulary = vocabulary_of(model.tokenizer, recipe.rules.unit)
    line = song.lines[number - 1]
    place = _token_at(vocabulary, line, number, cell)
    size = sum(_filled(vocabulary, line))
    before = [token.id for done in song.lines[: number - 1] for token in done.tokens]
    before += [token.id for token in line.tokens[:place]]
    logits = answered(model.backend, _logits_behind(model, vocabulary, recipe.prompt, before), model.tokenizer)
    probs = np.exp(log_softmax(logits)[0])

    plan = Plan(recipe.rules, vocabulary, _others(song, number))
    arrangement = plan.arrange(Dice(0, 0))
    judge = Judge(plan, arrangement)
    texts = [None if i == number else other.text for i, other in enumerate(song.lines, start=1)]
    bonds = judge.bonds(texts, number=number)
    last = line.tokens[place - 1].id if place else None

    def broken(token_id: int) -> str:
        piece = vocabulary.piece(token_id, last)
        text = "".join([*(t.text for t in line.tokens[:place]), piece, *(t.text for t in line.tokens[place + 1 :])])
        if not vocabulary.sizes[token_id]:
            return "length"
        return judge.fault(arrangement.lines[number - 1], size, text.strip(), bonds)

    first: list[Alternative] = []
    kept: list[Alternative] = []
    for token_id in map(int, np.argsort(-probs, kind="stable")):
        if (len(first) >= count and len(kept) >= count) or not probs[token_id]:
            break
        found = Alternative(token_id, model.tokenizer.vocab[token_id], float(probs[token_id]), broken(token_id))
        if len(first) < count:
            first.append(found)
        if not found.broken and len(kept) < count:
            kept.append(found)
    return Alternatives(tuple(first), tuple(kept))


def put(model: LanguageModel, song: Song, number: int, cell: int, text: str) -> Song:
    """Put another text in the place of one token; all else stays, and every rule still holds.

    Args:
        model: that wrote the text.
        song: the text.
        number: of the line, from 1.
        cell: of the place in the line, from 1; of a token of several cells any of them.
        text: what is to stand there, in as many cells.

    Raises:
        OptionError: there is no such place.
        RuleError: the line, or the text with it, would break a rule.
    """
    _check(model, song, number)
    recipe, line = song.recipe, song.lines[number - 1]
    place = _token_at(vocabulary_of(model.tokenizer, recipe.rules.unit), line, number, cell)
    there = line.tokens[place].text
    blank = there[: len(there) - len(there.lstrip())]
    pieces = [token.text for token in line.tokens]
    changed = "".join([*pieces[:place], blank, text, *pieces[place + 1 :]]).strip()
    given = {**_others(song, number), number: changed}
    options = replace(recipe.options, num_return_sequences=1)
    return write(model, recipe.rules, options, prompt=recipe.prompt, given=given, fingerprint=recipe.model)[0]


def _others(song: Song, number: int) -> dict[int, str]:
    """The texts of all lines but one, by their numbers."""
    return {i: line.text for i, line in enumerate(song.lines, start=1) if i != number}


def _filled(vocabulary: Vocabulary, line: SongLine) -> list[int]:
    """How many cells each token of a line fills; of what the vocabulary lacks those of its text."""
    return [len(atoms(token.text, vocabulary.unit) or ()) for token in line.tokens]


def _token_at(vocabulary: Vocabulary, line: SongLine, number: int, cell: int) -> int:
    """Which token fills a cell."""
    ends = list(accumulate(_filled(vocabulary, line)))
    if not 1 <= cell <= ends[-1]:
        raise OptionError(f"cell: expected 1 to {ends[-1]} in line {number}, found {cell}")
    return next(i for i, end in enumerate(ends) if end >= cell)


def _logits_behind(
    model: LanguageModel, vocabulary: Vocabulary, prompt: str, ids: Sequence[int]
) -> Generator[Request, Answer, Logits]:
    """The logits [1, V] behind some tokens of a text."""
    start, _ = yield from opening(model.backend, vocabulary, prompt)
    context = yield from start.followed_by(ids)
    logits, _ = yield from context.read()
    return logits


def _layout(model: LanguageModel, rules: LyricRules) -> Template:
    return rules.layout(vocabulary_of(model.tokenizer, rules.unit).unit)


def _check(model: LanguageModel, song: Song, number: int) -> None:
    """Raise a ToolkitError if a text has no such line, or cannot be one of this model and its own rules."""
    if len(song.lines) != (wanted := len(_layout(model, song.recipe.rules).lines)):
        raise RuleError("lines", f"expected {wanted} in the text, found {len(song.lines)}.")
    unknown = [token.id for line in song.lines for token in line.tokens if not 0 <= token.id < len(model.tokenizer)]
    if unknown:
        raise OptionError(f"tokens: expected ids from 0 to {len(model.tokenizer) - 1}, found {unknown[0]}")
    if not 1 <= number <= len(song.lines):
        raise OptionError(f"line: expected 1 to {len(song.lines)}, found {number}")
