"""A loaded step with inputs, outputs and states of its own: what `toolkit.export.export_module` wrote, or any other."""

from collections.abc import Mapping
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from .bundle import LM, ModelInfo
from .errors import ToolkitError
from .signature import Signature, TensorSpec
from .step_model import Data, State, check_ids, check_state, parts_of


class Step(Protocol):
    """As `toolkit.step_model.StepModel`, with any data in place of ids and logits."""

    @property
    def signature(self) -> Signature:
        """Names, dtypes and axes of the step."""
        ...

    @property
    def device(self) -> str:
        """Where it really runs: "cpu" or "cuda"."""
        ...

    def init_state(self, batch_size: int) -> State:
        """Zeros."""
        ...

    def step(self, data: Data, state: State, /) -> tuple[Data, State]:
        """One step of each sequence."""
        ...


class ModuleModel:
    """Arrays in, arrays out, the state passed from step to step.

    Attributes:
        backend: the step, on whatever computes it.
        info: the facts of the model.
    """

    def __init__(self, backend: Step, info: ModelInfo) -> None:
        self.backend = backend
        self.info = info

    def __repr__(self) -> str:
        inputs, outputs = (", ".join(map(str, specs)) for specs in (self.signature.inputs, self.signature.outputs))
        return f"{type(self).__name__}({inputs} -> {outputs}; on {self.device})"

    @property
    def signature(self) -> Signature:
        """Names, dtypes and axes of the step; N is the batch."""
        return self.backend.signature

    @property
    def device(self) -> str:
        """Where it really runs: "cpu" or "cuda"."""
        return self.backend.device

    def init_state(self, batch_size: int) -> State:
        """Zeros in the dtype and shape of each state, in the signature's order.

        Raises:
            ToolkitError: the batch size is no positive number.
        """
        if type(batch_size) is not int or batch_size < 1:
            raise ToolkitError(f"batch_size must be a whole number from 1, found {batch_size!r}")
        return self.backend.init_state(batch_size)

    def step(
        self, inputs: Data | list[npt.NDArray[Any]] | Mapping[str, npt.NDArray[Any]], state: State
    ) -> tuple[Data, State]:
        """One step of each sequence.

        Args:
            inputs: an array, or a tuple or list of several in the signature's order, or a dict of them by name.
            state: from `init_state` or the last step, in the signature's order.

        Returns:
            The outputs, an array, or a tuple of several in the signature's order, and the next state.

        Raises:
            ToolkitError: wrong dtype or shape, names that the signature lacks, or ids out of range.
        """
        parts = self._in_order(inputs)
        batch_size = _check_data(self.signature.data_inputs, parts)
        if self.info.kind == LM:
            check_ids(parts[0], "[N]", len(self.info.tokenizer))
        if not isinstance(state, tuple) or not all(isinstance(part, np.ndarray) for part in state):
            raise ToolkitError(
                f"state must be a tuple of arrays ({', '.join(self.signature.states)}), found {type(state).__name__}. "
                f"Start from init_state({batch_size})."
            )
        check_state(self.signature, batch_size, state)
        try:
            return self.backend.step(parts if len(parts) > 1 else parts[0], state)
        except Exception as error:  # ort and torch raise unrelated classes
            reason = str(error).strip().partition("\n")[0]
            raise ToolkitError(f"the step does not run on these inputs: {reason}") from error

    def _in_order(self, inputs: Data | list[npt.NDArray[Any]] | Mapping[str, npt.NDArray[Any]]) -> State:
        """The inputs in the signature's order."""
        names = [spec.name for spec in self.signature.data_inputs]
        if isinstance(inputs, Mapping):
            if set(inputs) != set(names):
                raise ToolkitError(f"inputs must be {', '.join(names)}; found {', '.join(map(str, inputs)) or 'none'}")
            return tuple(inputs[name] for name in names)
        parts = tuple(inputs) if isinstance(inputs, list) else parts_of(inputs)
        if len(parts) != len(names):
            raise ToolkitError(f"inputs must be {len(names)} arrays ({', '.join(names)}), found {len(parts)}")
        return parts


def _check_data(specs: tuple[TensorSpec, ...], parts: State) -> int:
    """The batch size of some inputs; raise ToolkitError if one has the wrong dtype or shape."""
    first, axis = parts[0], specs[0].batch_axis
    batch_size = first.shape[axis] if isinstance(first, np.ndarray) and first.ndim > axis else 0
    for spec, part in zip(specs, parts, strict=True):
        found = f"{part.dtype} {list(part.shape)}" if isinstance(part, np.ndarray) else type(part).__name__
        if not batch_size or found != f"{spec.dtype} {spec.shape(batch_size)}":
            raise ToolkitError(
                f"input {spec} was expected, found {found}. N must be 1 or more, and the same in all inputs and states."
            )
    return batch_size
