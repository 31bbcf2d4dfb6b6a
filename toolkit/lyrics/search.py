"""Writing one line: candidates side by side, masks at every cell, a look ahead where little is allowed.

Where the next cell leaves little choice (a rhyme, a literal), each candidate is written on in several ways, and those
go on that make what must come there likely: particles weighted by the probability of what is allowed (Pitt and
Shephard 1999, the auxiliary particle filter), drawn anew by systematic resampling.
"""

from collections.abc import Generator, Iterable, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np
import numpy.typing as npt

from toolkit.readings import is_han
from toolkit.sampling import NEVER, LogitsProcessor, SamplingOptions, choose
from toolkit.signature import Signature
from toolkit.step_model import Ids, Logits, State

from .dice import Dice
from .judge import Bonds
from .plan import LinePlan, Plan, Shape
from .song import Token
from .units import CHAR
from .vocabulary import APOSTROPHE, BREAK, CELLS, MARK, SPACE, SUFFIX, Mask

WAYS = 4
"""In how many ways each candidate is written on before a cell that leaves little choice."""

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
        last: the token before; None at the line's start.
        tokens: so far.
        queue: marks of the template that come next.
        wide: one of `WAYS` of its parent.
        closed: a mark stands behind the last cell, and it is to be seen whether a line break follows.
    """

    shape: int
    place: int = 0
    last: int | None = None
    tokens: tuple[Token, ...] = ()
    queue: str = ""
    wide: bool = False
    closed: bool = False

    @property
    def text(self) -> str:
        return "".join(token.text for token in self.tokens)


@dataclass(frozen=True)
class _Choice:
    """What a row may write next.

    Attributes:
        ids: int64 [allowed].
        ways: how many tokens are drawn for it.
        is_tight: whether the cell leaves little choice.
    """

    ids: Ids
    ways: int = 1
    is_tight: bool = False


@dataclass
class LineSearch:
    """The candidates for one line.

    Args:
        plan: the rules over a vocabulary.
        line: to be written.
        bonds: what the lines that are there ask for.
        options: how to choose.
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
    _choices: dict[tuple[int, int, int], _Choice] = field(default_factory=dict)

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
        return [replace(row, queue=self._shape(row).cells[0].before) for row in rows]

    def _shape(self, row: _Row) -> Shape:
        return self.line.shapes[row.shape]

    def _take(self, state: State, rows: Sequence[int]) -> State:
        axes = [spec.batch_axis for spec in self.signature.state_inputs]
        return tuple(np.take(part, rows, axis=axis) for part, axis in zip(state, axes, strict=True))

    def _resampled(
        self, rows: list[_Row], logits: Logits, logs: npt.NDArray[np.float64], state: State
    ) -> tuple[list[_Row], Logits, npt.NDArray[np.float64], State]:
        """Of the ways that have come to a cell with little choice those that make it likely, as many as candidates."""
        arrived = [i for i, row in enumerate(rows) if row.wide and not row.closed and self._choice(row).is_tight]
        if not arrived:
            return rows, logits, logs, state
        mass = np.array([self._mass(rows[i], logits[i], logs[i]) for i in arrived])
        best = mass.max()
        stay = [i for i in range(len(rows)) if i not in set(arrived)]
        if np.isfinite(best):
            count = max(1, round(len(arrived) / WAYS))
            stay += [arrived[i] for i in self.dice.resample(np.exp(mass - best), count)]
        rows = [replace(rows[i], wide=rows[i].wide and i not in set(arrived)) for i in stay]
        return rows, logits[stay], logs[stay], self._take(state, stay)

    def _mass(self, row: _Row, logits: Logits, log_sum: float) -> float:
        """The log-probability that what comes next is allowed."""
        allowed = logits[self._choice(row).ids]
        return float(_log_sums(allowed[None, :])[0] - log_sum) if len(allowed) else -np.inf

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
            drawn = self._drawn(processed[members], choice, rows, members, shared=shared)
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
        self, logits: Logits, choice: _Choice, rows: Sequence[_Row], members: Sequence[int], *, shared: bool
    ) -> Iterable[tuple[int, int]]:
        """Pairs of a row and a token for it; none for rows without a choice."""
        if not len(choice.ids):
            return
        allowed = logits[:, choice.ids]
        for k, i in enumerate(members):
            banned = self._forbidden_next(rows[i])
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

    # What is allowed -----------------------------------------------------------------------------

    def _choice(self, row: _Row) -> _Choice:
        key = (row.shape, row.place, self._kind_of_last(row))
        if key not in self._choices:
            self._choices[key] = self._find_choice(row)
        return self._choices[key]

    def _kind_of_last(self, row: _Row) -> int:
        """What of the token before matters for the next one."""
        if row.last is None:
            return -1
        vocabulary = self.plan.vocabulary
        kind = int(vocabulary.kinds[row.last])
        if kind == CELLS and vocabulary.is_cut[row.last]:
            return -2
        return kind if kind != CELLS or vocabulary.ends_spaced[row.last] else -3

    def _find_choice(self, row: _Row) -> _Choice:
        vocabulary, shape = self.plan.vocabulary, self._shape(row)
        before = self._kind_of_last(row)
        if row.place == len(shape.cells):
            return _Choice(np.flatnonzero(self._closers()))
        cells = self._cells(row)
        after_letter = before in {CELLS, SUFFIX}
        if before == -2:
            return _Choice(np.flatnonzero(vocabulary.of_kind(APOSTROPHE)))
        if before == APOSTROPHE:
            joined = cells & vocabulary.begins_spaced if vocabulary.is_chars else vocabulary.of_kind(SUFFIX)
            return _Choice(np.flatnonzero(joined))
        needs_space = vocabulary.space_id is not None and not vocabulary.is_chars
        if needs_space and (after_letter or (before == MARK and not vocabulary.is_chinese)):
            cells = cells & ~vocabulary.begins_spaced
        gap = shape.gaps.get(row.place)
        if gap and after_letter:
            return _Choice(np.flatnonzero(vocabulary.of_kind(SPACE)))
        tight = self._is_tight(shape, row.place) and bool(cells.any())
        ahead = not tight and row.place + 1 < len(shape.cells) and self._is_tight(shape, row.place + 1)
        allowed = cells if gap is False else cells | self._between(row, before, after_letter=after_letter)
        return _Choice(np.flatnonzero(allowed), WAYS if ahead and not row.wide else 1, tight)

    def _between(self, row: _Row, before: int, *, after_letter: bool) -> Mask:
        """What may stand between two cells, fills none and is no mark of the template."""
        vocabulary = self.plan.vocabulary
        kinds = []
        if after_letter:
            filled = self._shape(row).cells[row.place - 1]
            whole = vocabulary.unit != CHAR and bool(filled.literal or filled.closing)
            kinds += [SPACE, APOSTROPHE] if before == CELLS and not whole else [SPACE]
        elif before == MARK and not vocabulary.is_chinese:
            kinds.append(SPACE)
        if self.line.line.has_marks:
            pass
        elif self.plan.rules.punctuation == "inside" and before in {CELLS, SUFFIX, -3}:
            kinds.append(MARK)
        found = vocabulary.of_kind(*kinds)
        if APOSTROPHE in kinds and not (vocabulary.is_chars or vocabulary.of_kind(SUFFIX).any()):
            found = found & ~vocabulary.of_kind(APOSTROPHE)
        return found & self.plan.usable if self.plan.rules.forbid else found

    def _closers(self) -> Mask:
        """What may stand behind the last cell: a line break, or a mark."""
        vocabulary = self.plan.vocabulary
        kinds = [BREAK if vocabulary.break_id is not None else SPACE]
        if self.plan.rules.punctuation != "none" and not self.line.line.has_marks:
            kinds.append(MARK)
        return vocabulary.of_kind(*kinds)

    def _cells(self, row: _Row) -> Mask:
        """The tokens that fill the next cells."""
        fit, sizes = self._shape(row).fit, self.plan.vocabulary.sizes
        mask = fit.masks[row.place]
        if self.line.line.letter:
            closing = fit.closing[row.place]
            mask = (mask & ~closing) | (closing & self._rhyming)
            if self._before_rhyme is not None:
                leaves_one = sizes == len(fit.masks) - row.place - 1
                mask &= ~leaves_one | self._before_rhyme
        return mask

    @cached_property
    def _rhyming(self) -> Mask:
        """The tokens that may close the line."""
        letter, slots, vocabulary = self.line.line.letter, self.plan.slots, self.plan.vocabulary
        names, rivals = self.bonds.classes[letter], self.bonds.rivals(letter)
        mask = slots.closing_any(names - rivals)
        if rivals and letter not in self.bonds.begun:
            apart = mask & ~slots.closing_any(rivals)
            mask = apart if apart.any() else mask
        taken = frozenset() if self.plan.rules.repeat_rhymes else self.bonds.taken(self.line.number)
        if taken:
            used = np.array([word in taken for word in vocabulary.rhyme_words])
            mask = mask & ~used
        return mask

    @cached_property
    def _before_rhyme(self) -> Mask | None:
        letter = self.line.line.letter
        return self.plan.slots.before_any(self.bonds.classes[letter] - self.bonds.rivals(letter))

    def _is_tight(self, shape: Shape, place: int) -> bool:
        """Whether a cell leaves little choice."""
        cell = shape.cells[place]
        closes = place == len(shape.cells) - 1 and bool(self.line.line.letter)
        return closes or bool(cell.literal or cell.opening or cell.closing)

    def _forbidden_next(self, row: _Row) -> Mask | None:
        """The tokens that would complete a forbidden text."""
        found: Mask | None = None
        text = row.text.casefold() if self.plan.rules.forbid else ""
        for word in self.plan.rules.forbid:
            folded = word.strip().casefold()
            if not any(map(is_han, folded)):
                continue  # an English word is whole only when the next one begins: the judge sees to it
            for k in range(1, len(folded)):
                if text.endswith(folded[:k]):
                    starts = self.plan.starting_with(folded[k:])
                    found = starts if found is None else found | starts
        return found

    # Growing -------------------------------------------------------------------------------------

    def _with_token(self, row: _Row, token_id: int, log_prob: float, *, wide: bool) -> _Row:
        vocabulary = self.plan.vocabulary
        kind = vocabulary.kinds[token_id]
        place = row.place + int(vocabulary.sizes[token_id])
        text = "" if kind == BREAK else vocabulary.piece(token_id, row.last)
        cells = self._shape(row).cells
        fresh = kind == CELLS
        after = self.line.line.after if place == len(cells) else cells[place].before if place < len(cells) else ""
        return replace(
            row,
            place=place,
            last=token_id,
            tokens=(*row.tokens, Token(token_id, text, log_prob)),
            queue=after if fresh else row.queue,
            wide=wide,
            closed=kind == MARK and row.place == len(cells),
        )

    def _mark_written(self, row: _Row, logits: Logits, log_sum: float) -> _Row:
        """With the next mark of the template; one that the vocabulary lacks is read as unknown, or as what was last."""
        mark, rest = row.queue[0], row.queue[1:]
        tokenizer = self.plan.vocabulary.tokenizer
        stand_in = tokenizer.unk_id if tokenizer.unk_id is not None else (row.last or self.history[-1])
        token_id = tokenizer.ids.get(mark, stand_in)
        log_prob = float(logits[token_id] - log_sum) if mark in tokenizer.ids else 0.0
        at_end = row.place == len(self._shape(row).cells)
        return replace(
            row,
            last=token_id,
            tokens=(*row.tokens, Token(token_id, mark, log_prob)),
            queue=rest,
            closed=at_end and not rest,
        )

    def _after_mark(self, row: _Row, logits: Logits, log_sum: float) -> _Row:
        """With a line break, or what stands for it, where the model thinks it likely; else as it is."""
        vocabulary = self.plan.vocabulary
        parts = vocabulary.break_id if vocabulary.break_id is not None else vocabulary.space_id
        if parts is None or logits[parts] - log_sum < np.log(0.5):
            return replace(row, place=row.place + 1)
        token = Token(parts, "", float(logits[parts] - log_sum))
        return replace(row, place=row.place + 1, last=parts, tokens=(*row.tokens, token))

    def _is_done(self, row: _Row) -> bool:
        """Whether the line has come to its end, and what parts it from the next one is written."""
        count = len(self._shape(row).cells)
        if row.queue or row.place < count:
            return False
        if row.place > count:
            return True
        last = self.plan.vocabulary.kinds[row.last]
        return last in {BREAK, SPACE} or (last == CELLS and not self._closers().any())

    def _candidate(self, row: _Row, logits: Logits, state: State) -> Candidate:
        """A row that is done, with the logits that its last token was chosen from, and the state before it."""
        count = len(self._shape(row).cells)
        if row.place > count and row.tokens[-1].text:  # a mark closes it, and is read
            context = Context(state, None, logits)
        else:
            context = Context(state, row.tokens[-1].id)
        return Candidate(row.shape, row.tokens, row.text.strip(), context)


def _log_sums(logits: Logits) -> npt.NDArray[np.float64]:
    """Log of the sum of exponentials of each row."""
    best = logits.max(axis=1)
    safe = np.where(np.isfinite(best), best, 0)
    with np.errstate(divide="ignore"):
        found: npt.NDArray[np.float64] = safe + np.log(np.exp(logits - safe[:, None]).sum(axis=1, dtype=np.float64))
    return found
