"""The graphs on ONNX Runtime: step.onnx, sequence.onnx, generate.onnx. None holds a state: many threads may use one."""

from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from .decode_loop import Knobs, LoopState, rows_of
from .signature import Signature
from .step_model import Data, Ids, Logits, State, as_given, parts_of, zero_state
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
        self._results = len(signature.data_outputs)

    @cached_property
    def _session(self) -> Any:  # noqa: ANN401 - ort is untyped
        return self._open_session()

    def init_state(self, batch_size: int) -> State:
        """Zeros; see `StepModel.init_state`."""
        return zero_state(self.signature, batch_size)

    def step(self, data: Data, state: State) -> tuple[Any, State]:
        """One step of each sequence, from ids, real numbers or several of either; see `StepModel.step`."""
        feeds = dict(zip(self._names, (*parts_of(data), *state), strict=True))
        found = self._session.run(None, feeds)
        return as_given(found[: self._results]), tuple(found[self._results :])


class OnnxSequence:
    """sequence.onnx on ONNX Runtime; see `toolkit.window_model.SequenceReader`."""

    def __init__(self, session: Any, signature: Signature, device: str) -> None:  # noqa: ANN401 - ort is untyped
        self._session = session
        self.signature = signature
        self.device = device

    def read(self, input_ids: Ids) -> Logits:
        """Ids [N, T] -> logits [N, V]."""
        logits: Logits = self._session.run(None, {self.signature.inputs[0].name: input_ids})[0]
        return logits


class OnnxDecodeLoop:
    """generate.onnx on ONNX Runtime.

    Args:
        session: on the graph.
        signature: of the graph.
        device: "cpu" or "cuda".
        bound: whether the states stay on the device from call to call, by I/O binding. By default they do on CUDA;
            on the CPU binding costs more than it saves (measured: 0.14 ms a call where the call takes 0.2 ms).
    """

    def __init__(self, session: Any, signature: Signature, device: str, *, bound: bool | None = None) -> None:  # noqa: ANN401 - ort is untyped
        self._session = session
        self._bound = device == "cuda" if bound is None else bound
        self.signature = signature
        self.device = device
        self._names = tuple(spec.name for spec in signature.inputs)
        self._outputs = tuple(spec.name for spec in signature.outputs)

    def init_state(self, batch_size: int) -> LoopState:
        """Zeros; see `DecodeLoop.init_state`."""
        return zero_state(self.signature, batch_size)

    def take(self, state: LoopState, rows: Sequence[int | None]) -> LoopState:
        """See `DecodeLoop.take`."""
        parts = zip(state, self.signature.state_inputs, strict=True)
        return tuple(
            rows_of(part if isinstance(part, np.ndarray) else part.numpy(), spec, rows) for part, spec in parts
        )

    def generate(
        self, input_ids: Ids, lengths: Ids, state: LoopState, knobs: Knobs, numbers: Uniforms
    ) -> tuple[Ids, npt.NDArray[np.float32], LoopState]:
        """Read prompts and write tokens; see `DecodeLoop.generate`."""
        feeds = dict(
            zip(
                self._names,
                (input_ids, lengths, *state, np.array(len(numbers)), *knobs.arrays(), numbers),
                strict=True,
            )
        )
        ids, log_probs, *after = self._run_bound(feeds) if self._bound else self._session.run(self._outputs, feeds)
        return ids, log_probs, tuple(after)

    def _run_bound(self, feeds: Mapping[str, Any]) -> list[Any]:
        """Ids and log-probabilities as arrays, the states as values on the device."""
        binding = self._session.io_binding()
        arrays = {name: np.asarray(part, order="C") for name, part in feeds.items() if isinstance(part, np.ndarray)}
        for name, part in feeds.items():  # the arrays stay alive: only their addresses are bound
            if name in arrays:
                binding.bind_cpu_input(name, arrays[name])
            else:
                binding.bind_ortvalue_input(name, part)
        for i, name in enumerate(self._outputs):
            binding.bind_output(name, "cpu" if i < 2 else self.device)  # what is read here
        self._session.run_with_iobinding(binding)
        ids, log_probs, *after = binding.get_outputs()
        return [ids.numpy(), log_probs.numpy(), *after]
