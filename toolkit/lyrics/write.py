"""Writing texts under rules: line by line, the best of the candidates, and back where it leads nowhere."""

import warnings
from collections import Counter
from collections.abc import Callable, Generator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import TypeVar

import numpy as np

from toolkit.decode_loop import damaged
from toolkit.generation import bias_ids
from toolkit.language_model import LanguageModel
from toolkit.readings import read
from toolkit.rhymes import Rhymes
from toolkit.sampling import NEVER, LogitsProcessor, log_softmax, processors_for
from toolkit.step_model import Ids, Logits, State, StepModel
from toolkit.tokenizer import Tokenizer
from toolkit.uniform import fresh_seed

from .dice import Dice
from .judge import Judge
from .options import LyricOptions
from .plan import Arrangement, LinePlan, Plan
from .rules import LyricRules, RuleError
from .search import Answer, Candidate, Context, LineSearch, Request, stacked, taken
from .song import Recipe, Song, SongLine, Token
from .text import cells_of
from .vocabulary import MARK, Vocabulary, vocabulary_of

_REPEATED = 0.5
"""Taken off a candidate's mean log-probability for the share of its cells that repeat a pair of cells of the text."""

_SAME_SOUND = 0.3
"""Taken off where the rhyme has the very sound of an earlier one: the ear hears the word again."""

_STRICT = 0.15
"""Added where near rhymes are enough and the rhyme is a strict one."""

_ROUNDS = 3
"""So often a line is begun anew before the search goes back to an earlier one."""


Watch = Callable[[int, tuple[str, ...]], None]
"""(number of a take, its lines that stand) -> nothing; called whenever these change, on the thread that writes."""


@dataclass(frozen=True)
class Takes:
    """What came of writing some texts.

    Attributes:
        songs: those that were finished, by `Recipe.take`.
        errors: of the others, a `RuleError` each.
    """

    songs: tuple[Song, ...]
    errors: tuple[RuleError, ...]


def write(
    model: LanguageModel,
    rules: LyricRules | None = None,
    options: LyricOptions | None = None,
    *,
    prompt: str = "",
    given: Mapping[int, str] | None = None,
    avoid: Sequence[str] = (),
    fingerprint: str = "",
) -> list[Song]:
    """Write texts in which every rule holds.

    Args:
        model: any language model; its step is what runs.
        rules: of the text; by default eight lines.
        options: how to choose; num_return_sequences texts are written side by side, as one batch.
        prompt: what the model reads first; it is no part of the text.
        given: number of a line, from 1 -> its text, which stays as it is.
        avoid: lines that must not be written.
        fingerprint: of the model, for the recipe.

    Returns:
        The texts; fewer than asked for, with a warning, where some takes led nowhere.

    Raises:
        RuleError: a rule cannot be met: before anything is written if no text of the vocabulary can, else with the
            line at which the search gave up.
        ToolkitError: rules, options or model do not fit together.

    Example:
        >>> songs = write(toolkit.load("runs/a/best"), LyricRules(lines=4, length="7", rhyme="AABA"))
    """
    parts = {"prompt": prompt, "given": given, "avoid": avoid, "fingerprint": fingerprint}
    takes = write_takes(model, rules, options, **parts)  # type: ignore[arg-type]  # each of its type
    if not takes.songs:
        raise takes.errors[0]
    for error in takes.errors:
        warnings.warn(f"one text less than asked for: {error}", stacklevel=2)
    return list(takes.songs)


def write_takes(
    model: LanguageModel,
    rules: LyricRules | None = None,
    options: LyricOptions | None = None,
    *,
    prompt: str = "",
    given: Mapping[int, str] | None = None,
    avoid: Sequence[str] = (),
    fingerprint: str = "",
    watch: Watch | None = None,
) -> Takes:
    """As `write`, without a warning: takes that led nowhere are among the errors.

    `watch` is told of each line while the texts are written; a take that goes back has fewer lines then.

    Raises:
        RuleError: before anything is written: a rule that no text of the vocabulary can keep.
        ToolkitError: rules, options or model do not fit together.
    """
    rules, options = rules or LyricRules(), options or LyricOptions()
    if options.seed is None:
        options = replace(options, seed=fresh_seed())
    assert options.seed is not None
    vocabulary = vocabulary_of(model.tokenizer, rules.unit)
    rules = replace(rules, unit=vocabulary.unit)
    plan = Plan(rules, vocabulary, given)
    options.sampling.check_vocab(len(vocabulary))
    processors = processors_for(options.sampling, bias_ids(model.tokenizer, options.logit_bias))
    recipe = Recipe(fingerprint, rules, options, 0, prompt, dict(given or {}), tuple(avoid))
    takes = {
        take: _Take(plan, replace(recipe, take=take), processors, model.backend, watch).run()
        for take in range(options.num_return_sequences)
    }
    songs, errors = _side_by_side(model.backend, takes, model.tokenizer)
    return Takes(tuple(songs), tuple(errors))


def rewrite(model: LanguageModel, recipe: Recipe) -> Song:
    """The text of a recipe.

    Raises:
        ToolkitError: as of `write`.
    """
    parts = {"prompt": recipe.prompt, "given": recipe.given, "avoid": recipe.avoid, "fingerprint": recipe.model}
    songs = write(model, recipe.rules, recipe.options, **parts)  # type: ignore[arg-type]  # each of its type
    return next(song for song in songs if song.recipe.take == recipe.take)


Item = TypeVar("Item")


def _side_by_side(
    model: StepModel, writings: Mapping[int, Generator[Request, Answer, Item]], tokenizer: Tokenizer
) -> tuple[list[Item], list[RuleError]]:
    """Run what asks for steps to its ends, all in one batch; what came out, by number, and what could not."""
    asked: dict[int, Request] = {}
    found: dict[int, Item] = {}
    errors: list[RuleError] = []
    special = list(tokenizer.special_ids)

    def go_on(number: int, answer: Answer | None) -> None:
        asked.pop(number, None)
        try:
            asked[number] = next(writings[number]) if answer is None else writings[number].send(answer)
        except StopIteration as end:
            found[number] = end.value
        except RuleError as error:
            errors.append(error)

    for number in writings:
        go_on(number, None)
    while asked:
        order = list(asked)
        ids = np.concatenate([asked[number][0] for number in order])
        logits, state = _step(model, ids, stacked(model.signature, [asked[number][1] for number in order]), special)
        start = 0
        for number in order:
            rows = range(start, start + len(asked[number][0]))
            start = rows.stop
            alone = len(order) == 1
            go_on(number, (logits, state) if alone else (logits[rows], taken(model.signature, state, rows)))
    return [found[number] for number in sorted(found)], errors


def answered(model: StepModel, steps: Generator[Request, Answer, Item], tokenizer: Tokenizer) -> Item:
    """Run what asks for steps, and breaks no rule, to its end.

    Raises:
        ToolkitError: the model returned NaN or infinity.
    """
    return _side_by_side(model, {0: steps}, tokenizer)[0][0]


def _step(model: StepModel, ids: Ids, state: State, special: Sequence[int]) -> Answer:
    """A step, without logits for what is no text."""
    logits, after = model.step(ids, state)
    if not np.isfinite(logits.max(axis=1)).all():
        raise damaged(0)
    if not logits.flags.writeable:
        logits = logits.copy()
    logits[:, special] = NEVER
    return logits, after


def opening(
    model: StepModel, vocabulary: Vocabulary, prompt: str
) -> Generator[Request, Answer, tuple[Context, list[int]]]:
    """What the model reads before a text: what stands between two texts, or the prompt; and its ids."""
    tokenizer = vocabulary.tokenizer
    ids = tokenizer.opening(tokenizer.encode(prompt).tolist() if prompt else ())
    context = yield from Context(model.init_state(1), ids[0]).followed_by(ids[1:])
    return context, ids


@dataclass(frozen=True)
class _Written:
    """A line that stands: what is shown, and where the text is behind it."""

    text: str
    tokens: tuple[Token, ...]
    context: Context


class _Take:
    """One text on its way."""

    def __init__(
        self,
        plan: Plan,
        recipe: Recipe,
        processors: Sequence[LogitsProcessor],
        model: StepModel,
        watch: Watch | None = None,
    ) -> None:
        self._watch = watch
        self._plan = plan
        self._recipe = recipe
        self._processors = processors
        self._model = model
        assert recipe.options.seed is not None
        self._dice = Dice(recipe.options.seed, recipe.take)
        self._arrangement: Arrangement = plan.arrange(self._dice)
        self._judge = Judge(plan, self._arrangement, recipe.avoid)
        self._faults: Counter[tuple[str, int]] = Counter()
        self._avoided: dict[str, frozenset[str]] = {}
        self._led_nowhere: set[tuple[int, tuple[str, ...]]] = set()

    def run(self) -> Generator[Request, Answer, Song]:
        """Line after line; where one cannot be written, back to an earlier one."""
        plans = self._arrangement.lines
        start, history = yield from opening(self._model, self._plan.vocabulary, self._recipe.prompt)
        written: list[_Written] = []
        begun = [0] * len(plans)
        left = self._recipe.options.max_tries * len(plans)
        while len(written) < len(plans):
            line = plans[len(written)]
            context = written[-1].context if written else start
            if line.given is not None:
                written.append((yield from self._read(line.given, context)))
                self._tell(written)
                continue
            if not left:
                raise self._given_up()
            left -= 1
            found = yield from self._line(line, written, context, history, begun[line.number - 1])
            if found is not None:
                written.append(found)
                self._tell(written)
                continue
            begun[line.number - 1] += 1
            if begun[line.number - 1] % _ROUNDS == 0:
                stay = self._go_back(line, written)
                for done in plans[stay : len(written)]:
                    begun[done.number - 1] += 1  # so that even greedy writes another one
                    self._led_nowhere.add((done.number, cells_of(written[done.number - 1].text)))
                del written[stay:]
                self._tell(written)
        return self._song(written)

    def _tell(self, written: Sequence[_Written]) -> None:
        """Which lines stand."""
        if self._watch is not None:
            self._watch(self._recipe.take, tuple(line.text for line in written))

    def _read(self, text: str, context: Context) -> Generator[Request, Answer, _Written]:
        """A line that is given."""
        vocabulary = self._plan.vocabulary
        tokens = []
        for token_id, piece in self._cut(text):
            logits, state = yield from context.read()
            tokens.append(Token(token_id, piece, _log_prob(logits, token_id)))
            context = Context(state, token_id)
        parts = vocabulary.parting_id
        if parts is not None:
            logits, state = yield from context.read()
            likely = _log_prob(logits, parts)
            if vocabulary.kinds[tokens[-1].id] != MARK or likely >= np.log(0.5):
                tokens.append(Token(parts, "", likely))
                context = Context(state, parts)
            else:
                context = Context(state, None, logits)
        return _Written(text, tuple(tokens), context)

    def _cut(self, text: str) -> list[tuple[int, str]]:
        """The ids of a line, at least one, each with what it adds; what the vocabulary lacks is read as unknown.

        Where nothing stands for what is unknown, it is added to what comes before.
        """
        vocabulary, tokenizer = self._plan.vocabulary, self._plan.vocabulary.tokenizer
        found: list[tuple[int, str]] = []
        for token in tokenizer.split(text):
            token_id = tokenizer.ids.get(token, tokenizer.unk_id)
            last = found[-1] if found else None
            if token_id is not None:
                known = token in tokenizer.ids
                found.append((token_id, vocabulary.piece(token_id, last and last[0]) if known else token))
            elif last is not None:
                found[-1] = (last[0], last[1] + token)
        return found or [(int(np.flatnonzero(vocabulary.sizes)[0]), text)]

    # One line ------------------------------------------------------------------------------------

    def _line(
        self, line: LinePlan, written: Sequence[_Written], context: Context, history: Sequence[int], again: int
    ) -> Generator[Request, Answer, _Written | None]:
        """The best of the candidates that keep all rules; None where none does."""
        bonds = self._judge.bonds(self._texts(written), self._avoided, line.number)
        if line.line.letter and not bonds.classes[line.line.letter] - bonds.rivals(line.line.letter):
            self._faults["rhyme", line.number] += 1
            return None
        search = LineSearch(
            self._plan,
            line,
            bonds,
            self._recipe.options.sampling,
            self._recipe.options.num_candidates,
            self._processors,
            [*history, *(token.id for done in written for token in done.tokens)],
            self._dice,
            self._model.signature,
            again,
        )
        candidates = yield from search.run(context)
        kept = []
        for candidate in candidates:
            fault = self._judge.fault(line, len(line.shapes[candidate.shape].cells), candidate.text, bonds)
            if fault:
                self._faults[fault, line.number] += 1
            else:
                kept.append(candidate)
        if not kept:
            if not candidates:  # all came to a place where nothing was left
                self._faults["rhyme" if line.line.letter else "length", line.number] += 1
            return None
        fresh = [c for c in kept if (line.number, cells_of(c.text)) not in self._led_nowhere]
        kept = fresh or kept
        scores = self._scores(line, kept, written)
        behind = self._arrangement.lines[line.number] if line.number < len(self._arrangement.lines) else None
        if behind is not None and behind.given is not None:
            likely = yield from self._likelihoods([i for i, _ in self._cut(behind.given)], [c.context for c in kept])
            scores = [score + more for score, more in zip(scores, likely, strict=True)]
        best = kept[int(np.argmax(scores))]
        return _Written(best.text, best.tokens, best.context)

    def _texts(self, written: Sequence[_Written]) -> list[str | None]:
        """The text of each line that stands or is given, None of the others."""
        texts = [line.given for line in self._arrangement.lines]
        texts[: len(written)] = [line.text for line in written]
        return texts

    def _scores(self, line: LinePlan, candidates: Sequence[Candidate], written: Sequence[_Written]) -> list[float]:
        """Mean log-probability a token of each, less for repetition, more for a good rhyme."""
        texts = self._texts(written)
        seen = {pair for text in texts if text is not None for pair in pairwise(cells_of(text))}
        letter = line.line.letter
        lines = zip(self._arrangement.lines, texts, strict=True)
        others = [text for plan, text in lines if letter and text is not None and plan.line.letter == letter]
        sounds = {_last_sound(text) for text in others} - {None}
        strict = Rhymes(double=self._plan.rules.double)
        found = []
        for candidate in candidates:
            score = sum(token.log_prob for token in candidate.tokens) / len(candidate.tokens)
            pairs = list(pairwise(cells_of(candidate.text)))
            repeated = sum(pair in seen for pair in pairs) + len(pairs) - len(set(pairs))
            score -= _REPEATED * repeated / max(1, len(pairs))
            score -= _SAME_SOUND * (bool(sounds) and _last_sound(candidate.text) in sounds)
            if self._plan.rules.near and others:
                score += _STRICT * any(strict.rhymes(candidate.text, text) for text in others)
            found.append(score)
        return found

    def _likelihoods(self, ids: Sequence[int], contexts: Sequence[Context]) -> Generator[Request, Answer, list[float]]:
        """The mean log-probability of some tokens behind each of some contexts."""
        answers = []
        for context in contexts:
            answers.append((yield from context.read()))
        logits = np.concatenate([found for found, _ in answers])
        state = stacked(self._model.signature, [state for _, state in answers])
        total = np.zeros(len(contexts))
        for k, token_id in enumerate(ids):
            total += [_log_prob(row[None, :], token_id) for row in logits]
            if k + 1 < len(ids):
                logits, state = yield np.full(len(contexts), token_id), state
        return [float(found) for found in total / len(ids)]

    # Back ----------------------------------------------------------------------------------------

    def _go_back(self, line: LinePlan, written: Sequence[_Written]) -> int:
        """How many lines stay.

        Where a rhyme led nowhere, those before the first line that has it: of the letter itself, or of another one
        that took the rhyme away. Else all but the last.
        """
        letter, plans = line.line.letter, self._arrangement.lines
        own = [plan for plan in plans[: len(written)] if plan.given is None]
        first: dict[str, LinePlan] = {}
        for plan in own:
            if plan.line.letter and plan.line.letter not in self._plan.chosen:
                first.setdefault(plan.line.letter, plan)
        cause = first.get(letter) if letter in first or not letter else next(reversed(first.values()), None)
        if cause is None:
            return own[-1].number - 1 if own else len(written)
        name = cause.line.letter
        used = self._plan.rhymes.read(written[cause.number - 1].text)
        avoided = self._avoided.get(name, frozenset()) | used
        self._avoided[name] = avoided if self._arrangement.classes[name] - avoided else frozenset()
        return cause.number - 1

    def _given_up(self) -> RuleError:
        """Which rule it was that most candidates broke, and where."""
        (rule, number), _ = self._faults.most_common(1)[0]
        return RuleError(
            rule,
            "no line was found that keeps it together with the other rules, and the search has come to its bound. "
            "Raise --max-tries or --num-candidates, or ask for less.",
            number,
        )

    def _song(self, written: Sequence[_Written]) -> Song:
        plans = self._arrangement.lines
        bonds = self._judge.bonds(self._texts(written))
        lines = tuple(
            SongLine(line.text, line.tokens, plan.line.letter, plan.given is not None)
            for plan, line in zip(plans, written, strict=True)
        )
        rhymes = {letter: min(names) for letter, names in sorted(bonds.classes.items())}
        return Song(lines, tuple(map(len, self._plan.template.stanzas)), rhymes, self._recipe)


def _log_prob(logits: Logits, token_id: int) -> float:
    """Of one token, from logits [1, V]; of one that is no text -inf counts as 0, as there is nothing to compare."""
    found = float(log_softmax(logits)[0, token_id])
    return found if np.isfinite(found) else 0.0


def _last_sound(text: str) -> object:
    """The last syllable of a Chinese line without its tone; None of others."""
    said = next((sound for sound in reversed(read(text)) if sound is not None), None)
    return None if said is None else (said.initial, said.final)
