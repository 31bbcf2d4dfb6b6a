"""The decode loop as one call: what generate.onnx computes, and how the text layers use it, in chunks."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import astuple, dataclass
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from .errors import ToolkitError
from .sampling import SamplingOptions
from .signature import Signature, TensorSpec
from .step_model import Chosen, Ids
from .uniform import Uniforms

LoopState = tuple[Any, ...]
"""The states of the signature, on the device of the loop: passed back as they came, or made by `init_state`."""


@dataclass(frozen=True)
class Knobs:
    """How to choose, in the order of `toolkit.signature.KNOBS`, after max_new_tokens and before the numbers."""

    temperature: float = 1.0
    top_k: int = 0
    top_p: float = 1.0
    min_p: float = 0.0
    repetition_penalty: float = 1.0
    stop_ids: tuple[int, ...] = ()

    def arrays(self) -> tuple[npt.NDArray[Any], ...]:
        """As the graph takes them: float32 and int64 scalars, and the stop ids int64 [S]."""
        temperature, top_k, top_p, min_p, repetition_penalty, stop_ids = astuple(self)
        return (
            np.array(temperature, np.float32),
            np.array(top_k, np.int64),
            np.array(top_p, np.float32),
            np.array(min_p, np.float32),
            np.array(repetition_penalty, np.float32),
            np.array(stop_ids, np.int64),
        )


class DecodeLoop(Protocol):
    """Many decode steps in one call. generate.onnx is one, the `generate` of a TorchScript file another."""

    @property
    def signature(self) -> Signature:
        """Names, dtypes and axes; see `toolkit.signature.generate_signature`."""
        ...

    @property
    def device(self) -> str:
        """Where it really runs: "cpu" or "cuda"."""
        ...

    def init_state(self, batch_size: int) -> LoopState:
        """The state before the first token."""
        ...

    def take(self, state: LoopState, rows: Sequence[int | None]) -> LoopState:
        """A state made of some rows of another, in that order; None gives a row as before its first token."""
        ...

    def generate(
        self, input_ids: Ids, lengths: Ids, state: LoopState, knobs: Knobs, numbers: Uniforms
    ) -> tuple[Ids, npt.NDArray[np.float32], LoopState]:
        """Read prompts and write tokens.

        Args:
            input_ids: int64 [N, T]; prompt n is ``input_ids[n, :lengths[n]]``, what follows is not read.
            lengths: int64 [N].
            state: from `init_state` or the last call.
            knobs: how to choose.
            numbers: float32 [M, N] in [0, 1): M tokens are written for each sequence, fewer if all have stopped.

        Returns:
            ids int64 [N, R], log-probabilities float32 [N, R], next state. A sequence that has met a stop id
            repeats it with log-probability 0.
        """
        ...


def rows_of(part: npt.NDArray[Any], spec: TensorSpec, rows: Sequence[int | None]) -> npt.NDArray[Any]:
    """One state tensor of `DecodeLoop.take`, on the CPU."""
    axis = spec.batch_axis
    taken = np.take(part, [row or 0 for row in rows], axis=axis)
    np.moveaxis(taken, axis, 0)[[i for i, row in enumerate(rows) if row is None]] = 0
    return taken


def in_python(options: SamplingOptions) -> bool:
    """Whether the options ask for a rule that only the step loop in Python knows."""
    return bool(
        options.logit_bias or options.presence_penalty or options.frequency_penalty or options.no_repeat_ngram_size
    )


def knobs_of(options: SamplingOptions, stop_ids: Iterable[int]) -> Knobs:
    """The part of the options that the graph knows."""
    return Knobs(
        temperature=options.temperature,
        top_k=options.top_k,
        top_p=options.top_p,
        min_p=options.min_p,
        repetition_penalty=options.repetition_penalty,
        stop_ids=tuple(stop_ids),
    )


def loop_steps(
    loop: DecodeLoop,
    input_ids: Ids,
    options: SamplingOptions,
    stop_ids: Iterable[int],
    numbers: Iterator[Uniforms],
) -> Iterator[Chosen]:
    """Decode chunk by chunk; the tokens are those that a single call would write.

    Args:
        loop: any backend.
        input_ids: the prompt, int64 [N, T] with T >= 1.
        options: without a rule that is `in_python`.
        stop_ids: a sequence ends with such a token.
        numbers: for each chunk its uniform numbers, float32 [size of the chunk, N].

    Raises:
        ToolkitError: the model returned NaN or infinity.
    """
    knobs = knobs_of(options, stop_ids)
    lengths = np.full(len(input_ids), input_ids.shape[1])
    state = loop.init_state(len(input_ids))
    done = 0
    none_exhausted = np.zeros(len(input_ids), dtype=bool)
    for chunk in numbers:
        ids, log_probs, state = loop.generate(input_ids, lengths, state, knobs, chunk)
        finite = np.isfinite(log_probs.sum(axis=0))
        for t in range(ids.shape[1]):
            if not finite[t]:
                raise damaged(done + t)
            yield Chosen(ids[:, t], log_probs[:, t], none_exhausted)
        done += ids.shape[1]
        if ids.shape[1] < len(chunk):
            return
        input_ids, lengths = ids[:, -1:], np.ones_like(lengths)


def damaged(done: int) -> ToolkitError:
    """What to say of a model that returned something that is not finite after `done` tokens."""
    return ToolkitError(
        f"the model returned NaN or infinity at token {done + 1}: its weights are damaged. Train it again."
    )
