"""Stopping a model between two of its steps, from another thread."""

import copy
import threading
from collections.abc import Mapping, Sequence
from typing import TypeVar

import numpy as np
import numpy.typing as npt

from .decode_loop import DecodeLoop, Knobs, LoopState
from .language_model import LanguageModel
from .seq2seq import Encoded, Seq2SeqBackend, TranslateLoop, Weights
from .signature import Signature
from .step_model import Ids, Logits, State, StepModel
from .translator import Translator
from .uniform import Uniforms

_CHUNK = 16
"""Tokens that a decode loop writes at most before it is asked again whether to stop."""


class Stopped(Exception):  # noqa: N818 - no error: somebody asked for it
    """Raised out of whatever runs a stoppable model, at its next step after the stop was set."""


class Stop:
    """Set by one thread, obeyed by another.

    Attributes:
        tokens: how many the model has read or written under it so far, each text of a batch by itself.
    """

    def __init__(self) -> None:
        self._event = threading.Event()
        self.tokens = 0

    def set(self) -> None:
        """Ask whatever runs to stop; from any thread, as often as one likes."""
        self._event.set()

    @property
    def is_set(self) -> bool:
        """Whether `set` was called."""
        return self._event.is_set()

    def check(self) -> None:
        """Raise Stopped if it is set."""
        if self._event.is_set():
            raise Stopped

    def count(self, tokens: int) -> None:
        """Raise Stopped if it is set, else add to `tokens`."""
        self.check()
        self.tokens += tokens


ModelT = TypeVar("ModelT", LanguageModel, Translator)


def stoppable(model: ModelT, stop: Stop) -> ModelT:
    """The same model, computing the same, that raises `Stopped` at the next step once `stop` is set.

    It shares session and tokenizer with the one that it is made from, so it costs nothing, and what is remembered of a
    vocabulary serves both. Once stopped it stays so: make another one for the next task. After `Stopped` a generator
    of texts is spent, and nothing else is changed.

    Args:
        model: a language model or a translator, on any backend.
        stop: one for each task.

    Example:
        >>> stop = Stop()
        >>> songs = write(stoppable(model, stop), rules)  # elsewhere: stop.set()
    """
    found = copy.copy(model)
    if isinstance(found, LanguageModel):
        found.backend = _StoppableStep(found.backend, stop)
        found.loop = found.loop and _StoppableLoop(found.loop, stop)
    else:
        found.backend = _StoppableSeq2Seq(found.backend, stop)
        found.loop = found.loop and _StoppableTranslate(found.loop, stop)
    return found


class _StoppableStep:
    """A `StepModel`."""

    def __init__(self, model: StepModel, stop: Stop) -> None:
        self._model = model
        self._stop = stop

    @property
    def signature(self) -> Signature:
        return self._model.signature

    @property
    def device(self) -> str:
        return self._model.device

    def init_state(self, batch_size: int) -> State:
        return self._model.init_state(batch_size)

    def step(self, input_ids: Ids, state: State) -> tuple[Logits, State]:
        self._stop.count(len(input_ids))
        return self._model.step(input_ids, state)


class _StoppableLoop:
    """A `DecodeLoop` in chunks, which lead to the tokens of one call."""

    def __init__(self, loop: DecodeLoop, stop: Stop) -> None:
        self._loop = loop
        self._stop = stop

    @property
    def signature(self) -> Signature:
        return self._loop.signature

    @property
    def device(self) -> str:
        return self._loop.device

    def init_state(self, batch_size: int) -> LoopState:
        return self._loop.init_state(batch_size)

    def take(self, state: LoopState, rows: Sequence[int | None]) -> LoopState:
        return self._loop.take(state, rows)

    def generate(
        self, input_ids: Ids, lengths: Ids, state: LoopState, knobs: Knobs, numbers: Uniforms
    ) -> tuple[Ids, npt.NDArray[np.float32], LoopState]:
        found: list[tuple[Ids, npt.NDArray[np.float32]]] = []
        for first in range(0, len(numbers), _CHUNK):
            chunk = numbers[first : first + _CHUNK]
            self._stop.check()
            ids, log_probs, state = self._loop.generate(input_ids, lengths, state, knobs, chunk)
            self._stop.count(int(lengths.sum()) + ids.size - len(ids))  # the last ones are not read yet
            found.append((ids, log_probs))
            if ids.shape[1] < len(chunk):
                break
            input_ids, lengths = ids[:, -1:], np.ones_like(lengths)
        ids, log_probs = (np.concatenate(parts, axis=1) for parts in zip(*found, strict=True))
        return ids, log_probs, state


class _StoppableSeq2Seq:
    """A `Seq2SeqBackend`."""

    def __init__(self, backend: Seq2SeqBackend, stop: Stop) -> None:
        self._backend = backend
        self._stop = stop

    @property
    def signatures(self) -> Mapping[str, Signature]:
        return self._backend.signatures

    @property
    def device(self) -> str:
        return self._backend.device

    def encode(self, input_ids: Ids, lengths: Ids) -> Encoded:
        self._stop.count(int(lengths.sum()))
        return self._backend.encode(input_ids, lengths)

    def step(self, input_ids: Ids, state: State, source: Encoded) -> tuple[Logits, State, Weights | None]:
        self._stop.count(len(input_ids))
        return self._backend.step(input_ids, state, source)


class _StoppableTranslate:
    """A `TranslateLoop`: one call for a batch, so it stops between batches."""

    def __init__(self, loop: TranslateLoop, stop: Stop) -> None:
        self._loop = loop
        self._stop = stop

    @property
    def device(self) -> str:
        return self._loop.device

    def translate(
        self, input_ids: Ids, lengths: Ids, min_lengths: Ids, knobs: Knobs, numbers: Uniforms
    ) -> tuple[Ids, npt.NDArray[np.float32]]:
        self._stop.check()
        ids, log_probs = self._loop.translate(input_ids, lengths, min_lengths, knobs, numbers)
        self._stop.count(int(lengths.sum()) + ids.size)
        return ids, log_probs
