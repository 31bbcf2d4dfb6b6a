"""A loaded model over real numbers."""

from typing import Protocol

import numpy as np

from .errors import ToolkitError
from .series_data import Numbers
from .signature import Signature
from .step_model import State, check_state


class SeriesStep(Protocol):
    """As `toolkit.step_model.StepModel`, with numbers in place of ids and logits."""

    @property
    def signature(self) -> Signature:
        """Names, dtypes and axes of the step."""
        ...

    @property
    def device(self) -> str:
        """Where it really runs: "cpu" or "cuda"."""
        ...

    def init_state(self, batch_size: int) -> State:
        """The state before the first step: zeros."""
        ...

    def step(self, inputs: Numbers, state: State, /) -> tuple[Numbers, State]:
        """One step of each sequence: inputs float32 [N, D], state -> outputs float32 [N, K], next state."""
        ...


class SeriesModel:
    """Numbers in, numbers out: single steps, whole sequences, or free running.

    Attributes:
        backend: the step, on whatever computes it.
    """

    def __init__(self, backend: SeriesStep) -> None:
        self.backend = backend

    @property
    def signature(self) -> Signature:
        """Names, dtypes and axes of the step."""
        return self.backend.signature

    @property
    def device(self) -> str:
        """Where it really runs: "cpu" or "cuda"."""
        return self.backend.device

    @property
    def input_size(self) -> int:
        """D, numbers that go in at a step."""
        return int(self.signature.inputs[0].axes[1])

    @property
    def output_size(self) -> int:
        """K, numbers that come out at a step."""
        return int(self.signature.outputs[0].axes[1])

    def init_state(self, batch_size: int) -> State:
        """The state before the first step: zeros, float32 [L, N, H] each."""
        return self.backend.init_state(batch_size)

    def step(self, inputs: Numbers, state: State) -> tuple[Numbers, State]:
        """One step of each sequence: inputs float32 [N, D], state -> outputs float32 [N, K], next state.

        Raises:
            ToolkitError: wrong dtype or shape, or not finite.
        """
        self._check(inputs, "[N, D]", 2)
        check_state(self.signature, len(inputs), state)
        return self.backend.step(inputs, state)

    def run(self, inputs: Numbers, state: State | None = None) -> tuple[Numbers, State]:
        """Whole sequences.

        Args:
            inputs: float32 [N, T, D], T >= 1.
            state: from an earlier call; zeros if left out.

        Returns:
            outputs float32 [N, T, K] and the state after the last step.

        Raises:
            ToolkitError: wrong dtype or shape, or not finite.
        """
        self._check(inputs, "[N, T, D]", 3)
        state = self.init_state(len(inputs)) if state is None else state
        check_state(self.signature, len(inputs), state)
        outputs = []
        for x in np.ascontiguousarray(inputs.transpose(1, 0, 2)):
            y, state = self.backend.step(x, state)
            outputs.append(y)
        return np.stack(outputs, axis=1), state

    def run_free(self, inputs: Numbers, steps: int) -> Numbers:
        """Read sequences, then go on without: each output is the next input.

        Args:
            inputs: float32 [N, T, D], T >= 1.
            steps: so many outputs; the first is that of the last input, the others follow freely.

        Returns:
            float32 [N, steps, K].

        Raises:
            ToolkitError: outputs and inputs have different widths, or as `run`.
        """
        if self.input_size != self.output_size:
            raise ToolkitError(
                f"free running feeds outputs back as inputs: they must have the same width, "
                f"found {self.output_size} and {self.input_size}"
            )
        outputs, state = self.run(inputs)
        written = [outputs[:, -1]]
        for _ in range(steps - 1):
            y, state = self.backend.step(written[-1], state)
            written.append(y)
        return np.stack(written[:steps], axis=1) if steps else outputs[:, :0]

    def _check(self, inputs: Numbers, axes: str, ndim: int) -> None:
        fits = isinstance(inputs, np.ndarray) and inputs.dtype == np.float32 and inputs.ndim == ndim
        if not fits or inputs.shape[-1] != self.input_size or not inputs.size:
            found = f"{inputs.dtype} {list(inputs.shape)}" if isinstance(inputs, np.ndarray) else type(inputs).__name__
            raise ToolkitError(f"inputs must be float32 {axes} with D = {self.input_size}, found {found}")
        if not np.isfinite(inputs).all():
            raise ToolkitError("inputs must be finite, found NaN or infinity")
