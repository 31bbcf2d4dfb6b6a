"""How probable a model finds a text, token by token, and what could stand in its places instead."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

from .decode_loop import damaged
from .generation import bias_ids
from .language_model import LanguageModel
from .sampling import SamplingOptions, log_probs_of, processors_for, ruled, softmax, warped
from .step_model import Logits, State
from .stopping import Stop
from .tokenizer import Tokenizer

_MEMORY = 32 << 20
"""Bytes of states that a `Reader` holds at most."""


@dataclass(frozen=True)
class TokenScore:
    """A token of a text.

    Attributes:
        start: where it begins in the text, in characters.
        end: where it ends.
        id: of the token; the tokenizer's `unk_id` of one that the vocabulary lacks.
        log_prob: natural logarithm, behind all that stands before it, as of `toolkit.step_model.Chosen`; None where
            nothing stands before it, or where the token is one that is never written.
        rank: its place among all tokens, from 1, equals by their ids; None where `log_prob` is.
    """

    start: int
    end: int
    id: int
    log_prob: float | None
    rank: int | None


@dataclass(frozen=True)
class Choice:
    """What may come next.

    Attributes:
        id: of the token.
        text: what it adds behind the text.
        prob: under the model, among the tokens that may be written, before all options.
        kept: the probability that it is drawn with, after the options; 0 where they drop it.
    """

    id: int
    text: str
    prob: float
    kept: float


def score(model: LanguageModel, text: str) -> Iterator[TokenScore]:
    """The tokens of a text, one at a time, each as soon as it is known: stop when you like.

    What the vocabulary lacks is read as unknown; where nothing stands for that, it is left out. Blanks that a tokenizer
    drops belong to no token.

    Args:
        model: any backend. Its start marker is read first, where it has one.
        text: may be empty.

    Raises:
        ToolkitError: the model returned NaN or infinity.

    Example:
        >>> [(token.start, token.log_prob) for token in score(model, "床前明月光")]
    """
    return Reader(model).score(text)


def choices(
    model: LanguageModel, before: str, options: SamplingOptions | None = None, count: int = 10
) -> tuple[Choice, ...]:
    """What may follow on a text, the most probable first.

    Args:
        model: any backend.
        before: the text; where it is empty the model reads what stands before a text: its start marker or a line break.
        options: temperature, top_k, top_p, min_p, penalties (over the tokens of `before`) and logit_bias; the defaults
            of `SamplingOptions` if left out.
        count: how many are wanted. Where the options prefer others, up to so many of those come with them.

    Raises:
        ToolkitError: as of `LanguageModel.generate`.
    """
    return Reader(model).choices(before, options, count)


class _Read(NamedTuple):
    """A token of a text that the model can read."""

    id: int
    start: int
    end: int


@dataclass
class _Track:
    """The states along the last text that was read.

    Attributes:
        ids: the tokens.
        states: number of tokens -> the state that has read so many.
        stride: only each so-many-th state is held.
    """

    ids: list[int] = field(default_factory=list)
    states: dict[int, State] = field(default_factory=dict)
    stride: int = 1

    def along(self, ids: Sequence[int]) -> "_Track":
        """What of it serves for other tokens, as a copy: all of it where they are the first of its own."""
        shared = next((i for i, (a, b) in enumerate(zip(self.ids, ids, strict=False)) if a != b), len(self.ids))
        states = {place: state for place, state in self.states.items() if place <= shared}
        return _Track(self.ids[:shared], states, self.stride)

    def add(self, place: int, state: State, most: int) -> None:
        """Hold one more state; where there are too many, every second one goes."""
        if place % self.stride:
            return
        self.states[place] = state
        if len(self.states) > most:
            self.stride *= 2
            self.states = {place: state for place, state in self.states.items() if place % self.stride == 0}


class Reader:
    """`score` and `choices` for many texts that share their beginnings, as one that is being edited does.

    It holds the states along the last text, so that what was read is not read again: only from the first token that
    differs. One thread at a time.

    Args:
        model: any backend.
        memory: bytes that the states may take; where they are more, only every second one is held, and so on.

    Example:
        >>> reader = Reader(model)
        >>> reader.choices("床前明月")  # reads four tokens
        >>> reader.choices("床前明")  # and this one
    """

    def __init__(self, model: LanguageModel, memory: int = _MEMORY) -> None:
        self.model = model
        size = sum(part.nbytes for part in model.init_state(1))
        self._most = max(16, memory // max(1, size))
        self._track = _Track()

    def score(self, text: str, stop: Stop | None = None) -> Iterator[TokenScore]:
        """As the function; `stop` raises Stopped at the next token."""
        tokenizer = self.model.tokenizer
        first = [] if tokenizer.bos_id is None else [tokenizer.bos_id]
        tokens = _readable(tokenizer, text)
        ids = [*first, *(token.id for token in tokens)]
        behind = self._read(ids, len(first), stop)
        for place, token in enumerate(tokens, start=len(first)):
            logits = next(behind) if place else None
            yield _scored(token, logits, tokenizer)

    def choices(
        self, before: str, options: SamplingOptions | None = None, count: int = 10, stop: Stop | None = None
    ) -> tuple[Choice, ...]:
        """As the function; `stop` raises Stopped at the next token."""
        options = options or SamplingOptions()
        tokenizer = self.model.tokenizer
        options.check_vocab(len(tokenizer))
        processors = processors_for(options, bias_ids(tokenizer, options.logit_bias))
        history = [token.id for token in _readable(tokenizer, before)]
        first = [] if tokenizer.bos_id is None else [tokenizer.bos_id]
        ids = [*first, *history] or tokenizer.opening()
        logits = next(self._read(ids, len(ids), stop))
        allowed, processed = ruled(np.array([history], np.int64), logits, tokenizer.banned_ids, processors)
        probs = softmax(allowed)[0]
        kept = np.zeros_like(probs) if np.isneginf(processed.max()) else softmax(warped(processed, options))[0]
        top = [np.argsort(-values, kind="stable")[:count] for values in (probs, kept)]
        found = set(top[0].tolist()) | {i for i in top[1].tolist() if kept[i]}
        order = sorted((i for i in found if probs[i]), key=lambda i: (-probs[i], i))
        last = history[-1] if history else None
        return tuple(Choice(i, tokenizer.piece(i, last), float(probs[i]), float(kept[i])) for i in order)

    def _read(self, ids: Sequence[int], start: int, stop: Stop | None) -> Iterator[Logits]:
        """The logits [1, V] behind the first `start` tokens, if any, then behind one more each time."""
        track = self._track.along(ids)
        wanted = max(start, 1)
        read = max((place for place in track.states if place < wanted), default=0)
        state = track.states.get(read) or self.model.init_state(1)
        self._track = track
        for place in range(read, len(ids)):
            if stop is not None:
                stop.count(1)
            logits, state = self.model.backend.step(np.array([ids[place]]), state)
            if place == len(track.ids):
                track.ids.append(ids[place])
            track.add(place + 1, state, self._most)
            if place + 1 >= wanted:
                if not np.isfinite(logits.max()):
                    raise damaged(place)
                yield logits


def _readable(tokenizer: Tokenizer, text: str) -> list[_Read]:
    """The tokens of a text that the model can read."""
    found = ((tokenizer.ids.get(token, tokenizer.unk_id), start, end) for token, start, end in tokenizer.located(text))
    return [_Read(token_id, start, end) for token_id, start, end in found if token_id is not None]


def _scored(token: _Read, logits: Logits | None, tokenizer: Tokenizer) -> TokenScore:
    if logits is None or token.id in tokenizer.banned_ids:
        return TokenScore(token.start, token.end, token.id, None, None)
    allowed, _ = ruled(np.empty((1, 0), np.int64), logits, tokenizer.banned_ids, ())
    log_prob = float(log_probs_of(allowed, np.array([token.id]))[0])
    mine = allowed[0, token.id]
    rank = 1 + int((allowed[0] > mine).sum()) + int((allowed[0, : token.id] == mine).sum())
    return TokenScore(token.start, token.end, token.id, log_prob, rank)
