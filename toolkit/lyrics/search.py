"""Writing one line: candidates side by side, masks at every cell, a look ahead where little is allowed.

Where the next cell leaves little choice (a rhyme, a literal), each candidate is written on in several ways, and those
go on that make what must come there likely: particles weighted by the probability of what is allowed (Pitt and
Shephard 1999, the auxiliary particle filter), drawn anew by systematic resampling.
"""

from collections.abc import Generator, Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import numpy.typing as npt

from toolkit.sampling import NEVER, LogitsProcessor, SamplingOptions, choose
from toolkit.signature import Signature
from toolkit.step_model import Ids, Logits, State

from .choices import WAYS, Choice, Choices
from .dice import Dice
from .judge import Bonds
from .plan import LinePlan, Plan, Shape
from .song import Token
from .vocabulary import BREAK, CELLS, MARK, SPACE

Request = tuple[Ids, State]
"""Ids int64 [R] to be read, and the state before them."""

Answer = tuple[Logits, State]
"""Logits float32 [R, V], -inf for what is no text, and the state after."""

Steps = Generator[Request, Answer, Answer]
"""What asks for steps of the model, so that many texts share one batch."""


@dataclass(frozen=True)
class Context:
    """Where a text stands, for one sequence.

    Attributes:
        state: of the model, N = 1.
        pending: the token to be read next; None where all are read.
        logits: float32 [1, V] after the last token, where all are read.
    """

    state: State
    pending: int | None = None
    logits: Logits | None = None

    def read(self) -> Steps:
        """The logits for what comes next, and the state."""
        if self.pending is None:
            assert self.logits is not None
            return self.logits, self.state
        return (yield np.array([self.pending]), self.state)

    def followed_by(self, ids: Iterable[int]) -> "Generator[Request, Answer, Context]":
        """Where the text stands behind some more tokens, the last of which is pending."""
        context = self
        for token_id in ids:
            _, state = yield from context.read()
            context = Context(state, token_id)
        return context


@dataclass(frozen=True)
class Candidate:
    """A finished line.

    Attributes:
        shape: which of the plan's.
        tokens: with those that part it from the next line.
        text: as it is shown.
        context: for the next line.
    """

    shape: int
    tokens: tuple[Token, ...]
    text: str
    context: Context


@dataclass
class _Row:
    """A line as it grows.

    Attributes:
        shape: which of the plan's.
        place: the next cell.
        tokens: so far.
        lead: marks of the template before the first token, which the model cannot read.
        queue: those that come next, of which it can read the first.
        wide: one of `WAYS` of its parent.
        closed: a mark stands behind the last cell, and it is to be seen whether a line break follows.
    """

    shape: int
    place: int = 0
    tokens: tuple[Token, ...] = ()
    lead: str = ""
    queue: str = ""
    wide: bool = False
    closed: bool = False

    @property
    def text(self) -> str:
        return "".join(token.text for token in self.tokens)

    @property
    def last(self) -> int | None:
        """The token before; None at the line's start."""
        return self.tokens[-1].id if self.tokens else None


@dataclass
class LineSearch:
    """The candidates for one line.

    Args:
        plan: the rules over a vocabulary.
        line: to be written.
        bonds: what the lines that are there ask for.
        options: how to choose.
        num_candidates: how many are begun.
        processors: penalties of the options.
        history: the ids of the text so far.
        dice: chance.
        signature: of the model.
        again: how often this line was begun before.
    """

    plan: Plan
    line: LinePlan
    bonds: Bonds
    options: SamplingOptions
    num_candidates: int
    processors: Sequence[LogitsProcessor]
    history: Sequence[int]
    dice: Dice
    signature: Signature
    again: int = 0

    @cached_property
    def _choices(self) -> Choices:
        return Choices(self.plan, self.line, self.bonds)

    def run(self, context: Context) -> Generator[Request, Answer, list[Candidate]]:
        """All candidates that came to an end."""
        logits, state = yield from context.read()
        rows = self._first_rows()
        logits, state = np.repeat(logits, len(rows), axis=0), self._take(state, [0] * len(rows))
        done: list[Candidate] = []
        first = True
        while rows:
            logs = _log_sums(logits)
            rows, logits, logs, state = self._resampled(rows, logits, logs, state)
            parents, grown = self._grown(rows, logits, logs, shared=first)
            first, rows, going = False, [], []
            for parent, row in zip(parents, grown, strict=True):
                if self._is_done(row):
                    done.append(self._candidate(row, logits[parent : parent + 1], self._take(state, [parent])))
                else:
                    rows.append(row)
                    going.append(parent)
            if rows:
                logits, state = yield np.array([row.tokens[-1].id for row in rows]), self._take(state, going)
        return done

    # Rows ----------------------------------------------------------------------------------------

    def _first_rows(self) -> list[_Row]:
        """One for each candidate, over the shapes in turn."""
        shapes = self.dice.shuffled(range(len(self.line.shapes)))
        rows = [_Row(shapes[i % len(shapes)]) for i in range(self.num_candidates)]
        parted = [self._readable(self._shape(row).cells[0].before) for row in rows]
        return [replace(row, lead=lead, queue=queue) for row, (lead, queue) in zip(rows, parted, strict=True)]

    def _readable(self, marks: str) -> tuple[str, str]:
        """Marks of the template in two: the first ones that the model cannot read, and the others."""
        known = self.plan.vocabulary.tokenizer.ids
        count = next((i for i, mark in enumerate(marks) if mark in known), len(marks))
        return marks[:count], marks[count:]

    def _shape(self, row: _Row) -> Shape:
        return self.line.shapes[row.shape]

    def _take(self, state: State, rows: Sequence[int]) -> State:
        return taken(self.signature, state, rows)

    def _resampled(
        self, rows: list[_Row], logits: Logits, logs: npt.NDArray[np.float64], state: State
    ) -> tuple[list[_Row], Logits, npt.NDArray[np.float64], State]:
        """Of the ways that have come to a cell with little choice those that make it likely, as many as candidates."""
        arrived = [i for i, row in enumerate(rows) if row.wide and not row.closed and self._choice(row).is_tight]
        if not arrived:
            return rows, logits, logs, state
        mass = self._masses(rows, logits, arrived) - logs[arrived]
        best = mass.max()
        there = set(arrived)
        stay = [i for i in range(len(rows)) if i not in there]
        if np.isfinite(best):
            count = max(1, round(len(arrived) / WAYS))
            stay += [arrived[i] for i in self.dice.resample(np.exp(mass - best), count)]
        rows = [replace(rows[i], wide=rows[i].wide and i not in there) for i in stay]
        return rows, logits[stay], logs[stay], self._take(state, stay)

    def _masses(self, rows: Sequence[_Row], logits: Logits, arrived: Sequence[int]) -> npt.NDArray[np.float64]:
        """The log of what the allowed tokens of some rows have together."""
        found = np.full(len(arrived), -np.inf)
        choices = [self._choice(rows[i]) for i in arrived]
        for choice in {id(choice): choice for choice in choices}.values():
            members = [k for k, other in enumerate(choices) if other is choice]
            if len(choice.ids):
                found[members] = _log_sums(logits[[arrived[k] for k in members]][:, choice.ids])
        return found

    def _grown(
        self, rows: Sequence[_Row], logits: Logits, logs: npt.NDArray[np.float64], *, shared: bool
    ) -> tuple[list[int], list[_Row]]:
        """Each row with its next token, or in several ways; and the row that each came from."""
        processed = self._processed(rows, logits)
        groups: dict[int, list[int]] = {}
        forced: list[tuple[int, _Row]] = []
        for i, row in enumerate(rows):
            if row.closed:
                forced.append((i, self._after_mark(row, logits[i], logs[i])))
            elif row.queue:
                forced.append((i, self._mark_written(row, logits[i], logs[i])))
            else:
                groups.setdefault(id(self._choice(row)), []).append(i)
        found = forced
        for members in groups.values():
            choice = self._choice(rows[members[0]])
            mine = processed if len(members) == len(rows) else processed[members]
            drawn = self._drawn(mine, choice, rows, members, shared=shared)
            for i, token_id in drawn:
                log_prob = float(logits[i, token_id] - logs[i])
                found.append((i, self._with_token(rows[i], token_id, log_prob, wide=choice.ways > 1 or rows[i].wide)))
        found.sort(key=lambda pair: pair[0])
        return [i for i, _ in found], [row for _, row in found]

    def _processed(self, rows: Sequence[_Row], logits: Logits) -> Logits:
        """The logits after the penalties of the options."""
        if not self.processors:
            return logits
        longest = max(len(row.tokens) for row in rows)
        pad = self.history[0]
        texts = [[*[pad] * (longest - len(row.tokens)), *self.history, *(t.id for t in row.tokens)] for row in rows]
        changed = logits.copy()
        for process in self.processors:
            changed = process(np.array(texts), changed)
        return changed

    def _drawn(
        self, logits: Logits, choice: Choice, rows: Sequence[_Row], members: Sequence[int], *, shared: bool
    ) -> Iterable[tuple[int, int]]:
        """Pairs of a row and a token for it; none for rows without a choice."""
        if not len(choice.ids):
            return
        allowed = logits[:, choice.ids]
        for k, i in enumerate(members if self.plan.rules.forbid else ()):
            banned = self._choices.forbidden_behind(rows[i].text)
            if banned is not None:
                allowed[k, banned[choice.ids]] = NEVER
        alive = np.flatnonzero(np.isfinite(allowed.max(axis=1)))
        members, allowed = [members[int(k)] for k in alive], allowed[alive]
        if not members:
            return
        if self.options.temperature == 0:
            places = self._best(allowed, choice.ways, shared=shared)
            owners = [members[k] for k in range(len(members)) for _ in range(choice.ways)]
        elif choice.ways > 1:
            numbers = np.concatenate([self.dice.spread(choice.ways) for _ in members])
            places = choose(np.repeat(allowed, choice.ways, axis=0), self.options, numbers)
            owners = [i for i in members for _ in range(choice.ways)]
        else:
            numbers = self.dice.spread(len(members)) if shared else self.dice.roll(len(members))
            places, owners = choose(allowed, self.options, numbers), list(members)
        for i, place in zip(owners, places, strict=True):
            yield i, int(choice.ids[place])

    def _best(self, allowed: Logits, ways: int, *, shared: bool) -> Ids:
        """Greedy: the most probable tokens, another one for each row that has the same logits."""
        order = np.argsort(-allowed, axis=1, kind="stable")
        finite = np.isfinite(allowed).sum(axis=1)
        ranks = np.arange(ways)[None, :]
        if shared:
            taken = np.arange(len(allowed)) + self.again * self.num_candidates
            ranks = (taken[:, None] * ways + ranks) % finite[:, None]
        ranks = np.minimum(ranks, finite[:, None] - 1)
        return np.asarray(np.take_along_axis(order, ranks, axis=1).ravel())

    def _choice(self, row: _Row) -> Choice:
        return self._choices.behind(row.shape, row.place, row.tokens, wide=row.wide)

    # Growing -------------------------------------------------------------------------------------

    def _with_token(self, row: _Row, token_id: int, log_prob: float, *, wide: bool) -> _Row:
        vocabulary = self.plan.vocabulary
        kind = vocabulary.kinds[token_id]
        place = row.place + int(vocabulary.sizes[token_id])
        text = "" if kind == BREAK else vocabulary.piece(token_id, row.last)
        cells = self._shape(row).cells
        text = text if row.tokens else row.lead + text
        after = self.line.line.after if place == len(cells) else cells[place].before if place < len(cells) else ""
        unread, queue = self._readable(after) if kind == CELLS else ("", row.queue)
        token = Token(token_id, text + unread, log_prob)
        closed = bool(kind == MARK and row.place == len(cells))
        return _Row(row.shape, place, (*row.tokens, token), row.lead, queue, wide, closed)

    def _mark_written(self, row: _Row, logits: Logits, log_sum: float) -> _Row:
        """With the next mark of the template, and those behind it that the model cannot read."""
        unread, rest = self._readable(row.queue[1:])
        token_id = self.plan.vocabulary.tokenizer.ids[row.queue[0]]
        text = row.queue[0] + unread if row.tokens else row.lead + row.queue[0] + unread
        log_prob = float(logits[token_id] - log_sum)
        at_end = row.place == len(self._shape(row).cells)
        return replace(
            row,
            tokens=(*row.tokens, Token(token_id, text, log_prob)),
            queue=rest,
            closed=at_end and not rest,
        )

    def _after_mark(self, row: _Row, logits: Logits, log_sum: float) -> _Row:
        """With a line break, or what stands for it, where the model thinks it likely; else as it is."""
        vocabulary = self.plan.vocabulary
        parts = vocabulary.parting_id
        if parts is None or logits[parts] - log_sum < np.log(0.5):
            return replace(row, place=row.place + 1)
        token = Token(parts, "", float(logits[parts] - log_sum))
        return replace(row, place=row.place + 1, tokens=(*row.tokens, token))

    def _is_done(self, row: _Row) -> bool:
        """Whether the line has come to its end, and what parts it from the next one is written."""
        count = len(self._shape(row).cells)
        if row.queue or row.place < count:
            return False
        if row.place > count:
            return True
        last = self.plan.vocabulary.kinds[row.last]
        if last in {BREAK, SPACE}:
            return True
        return not self._choices.closers.any() and self._choices.is_whole(row.shape, row.place, row.tokens)

    def _candidate(self, row: _Row, logits: Logits, state: State) -> Candidate:
        """A row that is done, with the logits that its last token was chosen from, and the state before it."""
        count = len(self._shape(row).cells)
        if row.place > count and row.tokens[-1].text:  # a mark closes it, and is read
            context = Context(state, None, logits)
        else:
            context = Context(state, row.tokens[-1].id)
        return Candidate(row.shape, row.tokens, row.text.strip(), context)


def taken(signature: Signature, state: State, rows: Sequence[int]) -> State:
    """The state of some of its sequences, in that order."""
    axes = [spec.batch_axis for spec in signature.state_inputs]
    return tuple(part.take(rows, axis=axis) for part, axis in zip(state, axes, strict=True))


def stacked(signature: Signature, states: Sequence[State]) -> State:
    """The state of all sequences of some states."""
    if len(states) == 1:
        return states[0]
    axes = [spec.batch_axis for spec in signature.state_inputs]
    return tuple(np.concatenate(parts, axis=axis) for parts, axis in zip(zip(*states, strict=True), axes, strict=True))


def _log_sums(logits: Logits) -> npt.NDArray[np.float64]:
    """Log of the sum of exponentials of each row."""
    best = logits.max(axis=1)
    safe = np.where(np.isfinite(best), best, 0)
    with np.errstate(divide="ignore"):
        found: npt.NDArray[np.float64] = safe + np.log(np.exp(logits - safe[:, None]).sum(axis=1, dtype=np.float64))
    return found
