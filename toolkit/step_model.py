"""What the decode loop needs of a model, whoever computes it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from .errors import ToolkitError
from .signature import Signature

Ids = npt.NDArray[np.int64]
"""Token ids."""

Logits = npt.NDArray[np.float32]
"""Raw scores; the last axis is the vocabulary."""

State = tuple[npt.NDArray[Any], ...]
"""The state is a value: passed in, returned, never kept on the model. (h0,) or (h0, c0), each float32 [L, N, H]; what
the signature says where a module of another's was exported."""

Data = npt.NDArray[Any] | tuple[npt.NDArray[Any], ...]
"""What goes into a step, or comes out, beside the state: an array, or a tuple of several in the signature's order."""


def parts_of(data: Data) -> State:
    """The arrays, however many."""
    return data if isinstance(data, tuple) else (data,)


def as_given(parts: Sequence[npt.NDArray[Any]]) -> Data:
    """The reverse of `parts_of`."""
    return parts[0] if len(parts) == 1 else tuple(parts)


@dataclass(frozen=True)
class Chosen:
    """The tokens of one decode step.

    Attributes:
        ids: int64 [N].
        log_probs: float32 [N], natural logarithms, under the model's own distribution over the tokens that
            may be written (before bias, penalties, temperature and truncation).
        exhausted: bool [N], true where the rules left no token to choose; the id is then void.
    """

    ids: Ids
    log_probs: npt.NDArray[np.float32]
    exhausted: npt.NDArray[np.bool_]


class StepModel(Protocol):
    """One recurrent step. ONNX Runtime implements it here; eager PyTorch and TorchScript elsewhere."""

    @property
    def signature(self) -> Signature:
        """Names, dtypes and axes of the step."""
        ...

    @property
    def device(self) -> str:
        """Where it really runs: "cpu" or "cuda"."""
        ...

    def init_state(self, batch_size: int) -> State:
        """The state before the first token: zeros."""
        ...

    def step(self, input_ids: Ids, state: State) -> tuple[Logits, State]:
        """One token for each sequence.

        Args:
            input_ids: int64 [N], each in [0, V).
            state: one float32 [L, N, H] array for each state input.

        Returns:
            logits float32 [N, V] and the next state. Neither shares memory with a later call.
        """
        ...


def zero_state(signature: Signature, batch_size: int) -> State:
    """Zeros in the shape and dtype that the signature's state inputs have, for N = `batch_size`."""
    return tuple(np.zeros(spec.shape(batch_size), dtype=spec.dtype) for spec in signature.state_inputs)


def check_step_args(signature: Signature, vocab_size: int, input_ids: Ids, state: State) -> None:
    """Raise ToolkitError if a step's arguments have the wrong dtype, shape or range."""
    check_ids(input_ids, "[N]", vocab_size)
    check_state(signature, len(input_ids), state)


def check_ids(input_ids: Ids, axes: str, vocab_size: int) -> None:
    """Raise ToolkitError if ids have the wrong dtype, other axes than "[N]" or "[N, T]", or lie out of range."""
    if input_ids.dtype != np.int64 or input_ids.ndim != len(axes.split(",")) or not input_ids.size:
        raise ToolkitError(f"input_ids must be int64 {axes}, found {input_ids.dtype} {list(input_ids.shape)}")
    if input_ids.min() < 0 or input_ids.max() >= vocab_size:
        raise ToolkitError(f"input_ids must lie in 0..{vocab_size - 1}, found {input_ids.min()}..{input_ids.max()}")


def check_state(signature: Signature, batch_size: int, state: State) -> None:
    """Raise ToolkitError if a state has the wrong dtype or shape for so many sequences."""
    specs = signature.state_inputs
    expected = [f"{s.dtype} {s.shape(batch_size)}" for s in specs]
    found = [f"{part.dtype} {list(part.shape)}" for part in state]
    if expected != found:
        names = ", ".join(signature.states)
        raise ToolkitError(
            f"state must be ({names}) {', '.join(expected)}; found {', '.join(found) or 'nothing'}. "
            f"Start from init_state({batch_size})."
        )
