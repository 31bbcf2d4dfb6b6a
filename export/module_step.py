"""A module of another's as a step: flat arguments, an eager reference, and what must hold before it is captured."""

import copy
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn
from torch.utils import _pytree as pytree

from toolkit.errors import ToolkitError
from toolkit.signature import NEXT, Signature, TensorSpec
from toolkit.step_model import Data, State, as_given, parts_of, zero_state

from .differences import relative_error
from .module_axes import dtype_of, of_batch, output_spec
from .state_tree import Tree, leaves_of, nested

_TRIAL = (2, 3)
"""Batch sizes of the trials; with 1, an axis might be taken for a constant."""

_MIXED = 1e-3
"""A sequence among others may differ by less than this, relative to max(1, |x|), from the same sequence alone."""


class FlatStep(nn.Module):
    """A module whose inputs and states come one by one, and whose outputs and next states leave so.

    Args:
        module: called as forward(*inputs, *state).
        inputs: how many there are.
        trees: how each state argument nests.
    """

    def __init__(self, module: nn.Module, inputs: int, trees: Sequence[Tree]) -> None:
        super().__init__()
        self.module = module
        self.inputs = inputs
        self.trees = tuple(trees)

    def forward(self, *args: Tensor) -> tuple[Tensor, ...]:
        """See the class; what goes in is left alone even where the module writes into it."""
        own = [part.clone() for part in args]
        tensors = iter(own[self.inputs :])
        found = self.module(*own[: self.inputs], *(nested(tree, tensors) for tree in self.trees))
        leaves = pytree.tree_leaves(found)
        twice = [any(leaf is other for other in leaves[:i]) for i, leaf in enumerate(leaves)]  # `return h, h`
        return tuple(leaf.clone() if again else leaf for leaf, again in zip(leaves, twice, strict=True))


def flat_copy(module: nn.Module, inputs: int, trees: Sequence[Tree]) -> FlatStep:
    """A copy of a module as a step: on the CPU, in eval mode, without gradients.

    Raises:
        ToolkitError: it cannot be copied, or is in another precision than float32.
    """
    name = type(module).__name__
    try:
        copied = copy.deepcopy(module).cpu().eval().requires_grad_(requires_grad=False)
    except Exception as error:  # torch raises unrelated classes
        raise ToolkitError(
            f"{name} cannot be copied to the CPU: {first_line(error)}. Is a tensor with a history kept on self?"
        ) from error
    for key, tensor in (*copied.named_parameters(), *copied.named_buffers()):
        if tensor.is_floating_point() and tensor.dtype != torch.float32:
            raise ToolkitError(
                f"{name}: expected float32, found {str(tensor.dtype).removeprefix('torch.')} in {key}. "
                "Export copy.deepcopy(module).float()."
            )
    return FlatStep(copied, inputs, trees).eval()


def first_line(error: Exception) -> str:
    """The first line of an error that says something, without a full stop."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return lines[0].rstrip(".:") if lines else type(error).__name__


class EagerModule:
    """A module in eager PyTorch: the reference of the gate.

    Args:
        step: `flat_copy`.
        signature: of the step.
        dtype: of the arithmetic.
    """

    def __init__(self, step: FlatStep, signature: Signature, dtype: torch.dtype = torch.float32) -> None:
        self._step = step
        self._dtype = dtype
        self.signature = signature
        self._results = len(signature.data_outputs)

    def init_state(self, batch_size: int) -> State:
        """Zeros; see `StepModel.init_state`."""
        return zero_state(self.signature, batch_size)

    @torch.no_grad()
    def step(self, data: Data, state: State) -> tuple[Data, State]:
        """One step of each sequence; see `toolkit.module_model`."""
        tensors = (torch.from_numpy(np.ascontiguousarray(part)) for part in (*parts_of(data), *state))
        args = [part.to(self._dtype) if part.is_floating_point() else part for part in tensors]
        try:
            found = [part.numpy() for part in self._step(*args)]
        except Exception as error:  # whatever forward raises
            raise ToolkitError(
                f"forward itself fails in the trial runs: {first_line(error)}. It must run for many steps on end, from "
                "a state of zeros; give steps=... where it is made for fewer, num_ids=... where ids must be smaller."
            ) from error
        if len(found) != len(self.signature.outputs):
            raise ToolkitError(f"forward returns {len(found)} tensors, expected {len(self.signature.outputs)}.")
        return as_given(found[: self._results]), tuple(found[self._results :])


def in_float64(module: nn.Module, step: FlatStep, signature: Signature) -> EagerModule | None:
    """A module in float64, or None where it does not run so."""
    exact = EagerModule(flat_copy(module, step.inputs, step.trees).double(), signature, torch.float64)
    zeros = [np.zeros(spec.shape(1), spec.dtype) for spec in signature.data_inputs]
    try:
        results, after = exact.step(as_given(zeros), exact.init_state(1))
    except ToolkitError:
        return None
    found = zip((*parts_of(results), *after), signature.outputs, strict=True)
    return exact if all(part.dtype == np.float64 for part, spec in found if spec.dtype == "float32") else None


@dataclass(frozen=True)
class Trial:
    """A step and what was found out about it by running it on the examples.

    Attributes:
        step: of the module.
        inputs: name, dtype and axes of inputs and states.
        outputs: of the outputs, without the next states.
    """

    step: FlatStep
    inputs: tuple[TensorSpec, ...]
    outputs: tuple[TensorSpec, ...]

    def signature(self, inputs: Sequence[str], outputs: Sequence[str]) -> Signature:
        """The contract of the step, with these names of inputs and outputs."""
        states = self.inputs[len(inputs) :]
        data = (TensorSpec(name, s.dtype, s.axes) for name, s in zip(inputs, self.inputs, strict=False))
        results = (TensorSpec(name, s.dtype, s.axes) for name, s in zip(outputs, self.outputs, strict=True))
        return Signature(
            inputs=(*data, *states),
            outputs=(*results, *(TensorSpec(NEXT + s.name, s.dtype, s.axes) for s in states)),
            states=tuple(name for tree in self.step.trees for name in leaves_of(tree)),
        )


@torch.no_grad()
def run_examples(
    step: FlatStep, specs: Sequence[TensorSpec], examples: Sequence[Tensor], name_outputs: Callable[[int], list[str]]
) -> Trial:
    """Run a step on its examples, in two batch sizes.

    Args:
        step: `flat_copy`.
        specs: of inputs and states.
        examples: of the same.
        name_outputs: the names of so many outputs.

    Raises:
        ToolkitError: it fails, or what comes back is not outputs and the next of each state.
    """
    name, states = type(step.module).__name__, specs[step.inputs :]
    small, large = (_run(step, specs, examples, batch_size) for batch_size in _TRIAL)
    results = len(small) - len(states)
    if results < 1:
        raise ToolkitError(
            f"{name}.forward returns {len(small)} tensor(s): expected the outputs, then the next of "
            f"{', '.join(spec.name for spec in states)}."
        )
    for spec, part in zip(states, small[results:], strict=True):
        back = f"{str(part.dtype).removeprefix('torch.')} {list(part.shape)}"
        if back != f"{spec.dtype} {spec.shape(_TRIAL[0])}":
            raise ToolkitError(
                f"{name}.forward: the last {len(states)} tensor(s) that it returns should be the next states, and "
                f"{spec} came back as {back} for a batch of {_TRIAL[0]}. Return (*outputs, *next_state), the states in "
                "the order and shape in which they went in."
            )
    outputs = tuple(
        output_spec(own, dtype_of(f"output {own}", part), part, other, _TRIAL)
        for own, part, other in zip(name_outputs(results), small, large, strict=False)
    )
    return Trial(step, tuple(specs), outputs)


def _run(
    step: FlatStep, specs: Sequence[TensorSpec], examples: Sequence[Tensor], batch_size: int
) -> tuple[Tensor, ...]:
    """What a step returns for so many sequences made of the examples."""
    name = type(step.module).__name__
    try:
        alone = copy.deepcopy(step)  # nothing that it keeps reaches the next run
        found: tuple[Tensor, ...] = alone(
            *(of_batch(x, spec.batch_axis, batch_size) for x, spec in zip(examples, specs, strict=True))
        )
    except Exception as error:  # whatever forward raises
        shapes = ", ".join(f"{spec.name} {spec.shape(batch_size)}" for spec in specs)
        raise ToolkitError(
            f"{name}.forward fails for a batch of {batch_size} made of the examples ({shapes}): {first_line(error)}. "
            "It is called as forward(*inputs, *state); if the batch lies elsewhere, give batch_axes."
        ) from error
    for i, part in enumerate(found):
        if not isinstance(part, Tensor):
            raise ToolkitError(f"{name}.forward: value {i + 1} that it returns is a {type(part).__name__}, no tensor.")
    return found


def check_behaviour(step: FlatStep, signature: Signature, draw: Callable[[int], State]) -> None:
    """Raise ToolkitError if a module is no function of each sequence's inputs and state.

    Args:
        step: of the module.
        signature: of the step.
        draw: random inputs for so many sequences, others at each call.
    """
    name, eager, batch_size = type(step.module).__name__, EagerModule(step, signature), _TRIAL[1]

    def outputs(inputs: State) -> State:
        results, after = eager.step(as_given(inputs), eager.init_state(inputs[0].shape[signature.inputs[0].batch_axis]))
        return *parts_of(results), *after

    first = draw(batch_size)
    once = outputs(first)
    for spec, part in zip(signature.outputs, once, strict=True):
        if not np.isfinite(part).all():
            raise ToolkitError(
                f"{name}: {spec.name} is NaN or infinite after one step from a state of zeros, where every host "
                "begins. Make forward give finite numbers from there."
            )
    before = _kept(step)
    outputs(draw(batch_size))
    again, after = outputs(first), _kept(step)
    written = [key.removeprefix("module.") for key, mark in after.items() if before.get(key) != mark]
    if written or _apart(once, again):
        cause = f"it writes into {written[0]}" if written else "the same inputs and state give another result"
        raise ToolkitError(
            f"{name} keeps something on self from call to call, or draws random numbers in eval mode: {cause}. Take "
            "all that is remembered as a state and return its next."
        )
    for row in range(batch_size):
        alone = outputs(_only(first, signature.data_inputs, row))
        if _apart(_only(once, signature.outputs, row), alone, np.float32):  # rounding may decide on a whole number
            raise ToolkitError(
                f"{name}: a sequence gives another result in a batch of {batch_size} than alone. The sequences of a "
                "batch must not influence each other: no mean or norm over the batch."
            )


def _only(parts: State, specs: Sequence[TensorSpec], row: int) -> State:
    return tuple(part.take([row], spec.batch_axis) for part, spec in zip(parts, specs, strict=True))


def _apart(first: State, second: State, dtype: type[np.generic] = np.generic) -> bool:
    pairs = ((x, y) for x, y in zip(first, second, strict=True) if np.issubdtype(x.dtype, dtype))
    return any(not relative_error([x], [y])[0] <= _MIXED for x, y in pairs)


def _kept(step: nn.Module) -> Mapping[str, tuple[int, int]]:
    """What a module keeps: of each tensor which one it is, and how often it was written into."""
    return {name: (id(tensor), tensor._version) for name, tensor in step.state_dict(keep_vars=True).items()}
