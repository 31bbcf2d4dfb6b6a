"""step.onnx as a StepModel and generate.onnx as a DecodeLoop. Both hold no state: many threads may use one object."""

from collections.abc import Callable, Sequence
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt
import onnxruntime as ort

from .decode_loop import Knobs, LoopState, rows_of
from .signature import Signature
from .step_model import Ids, Logits, State, zero_state
from .uniform import Uniforms


class OnnxStepModel:
    """A step on ONNX Runtime.

    Args:
        open_session: makes the session at the first step: whoever only generates needs generate.onnx alone.
        signature: of the step.
        device: "cpu" or "cuda".
    """

    def __init__(self, open_session: Callable[[], Any], signature: Signature, device: str) -> None:
        self._open_session = open_session
        self.signature = signature
        self.device = device
        self._names = tuple(spec.name for spec in signature.inputs)

    @cached_property
    def _session(self) -> Any:  # noqa: ANN401 - ort is untyped
        return self._open_session()

    def init_state(self, batch_size: int) -> State:
        """Zeros; see `StepModel.init_state`."""
        return zero_state(self.signature, batch_size)

    def step(self, input_ids: Ids, state: State) -> tuple[Logits, State]:
        """One token for each sequence; see `StepModel.step`."""
        feeds = dict(zip(self._names, (input_ids, *state), strict=True))
        logits, *next_state = self._session.run(None, feeds)
        return logits, tuple(next_state)


class OnnxDecodeLoop:
    """generate.onnx on ONNX Runtime. The states stay on its device from call to call."""

    def __init__(self, session: Any, signature: Signature, device: str) -> None:  # noqa: ANN401 - ort is untyped
        self._session = session
        self.signature = signature
        self.device = device
        self._names = tuple(spec.name for spec in signature.inputs)
        self._outputs = tuple(spec.name for spec in signature.outputs)

    def init_state(self, batch_size: int) -> LoopState:
        """Zeros; see `DecodeLoop.init_state`."""
        return tuple(ort.OrtValue.ortvalue_from_numpy(part) for part in zero_state(self.signature, batch_size))

    def take(self, state: LoopState, rows: Sequence[int | None]) -> LoopState:
        """See `DecodeLoop.take`."""
        parts = zip(state, self.signature.state_inputs, strict=True)
        taken = (rows_of(part.numpy(), spec, rows) for part, spec in parts)
        return tuple(ort.OrtValue.ortvalue_from_numpy(part) for part in taken)

    def generate(
        self, input_ids: Ids, lengths: Ids, state: LoopState, knobs: Knobs, numbers: Uniforms
    ) -> tuple[Ids, npt.NDArray[np.float32], LoopState]:
        """Read prompts and write tokens; see `DecodeLoop.generate`."""
        binding = self._session.io_binding()
        prompts = (np.ascontiguousarray(input_ids), lengths)
        feeds = (*prompts, *state, np.array(len(numbers)), *knobs.arrays(), np.ascontiguousarray(numbers))
        for name, part in zip(self._names, feeds, strict=True):  # feeds stay alive: only their addresses are bound
            if isinstance(part, np.ndarray):
                binding.bind_cpu_input(name, part)
            else:
                binding.bind_ortvalue_input(name, part)
        for i, name in enumerate(self._outputs):
            binding.bind_output(name, "cpu" if i < 2 else self.device)  # what is read here
        self._session.run_with_iobinding(binding)
        ids, log_probs, *after = binding.get_outputs()
        return ids.numpy(), log_probs.numpy(), tuple(after)
