"""The gate: an exported step must compute what eager PyTorch computes, at every step of long rollouts.

The reference is the network as it was trained, run through torch's own nn.RNN, nn.GRU or nn.LSTM; nothing
of the export's arithmetic takes part in it. Two things must hold for every logit and every state:

- single: from eager PyTorch's own state at each step, one step of the graph gives eager's result;
- carried: with its own state carried over all steps, the graph stays at eager's result.

Both within `ATOL` relative to max(1, |x|). A sharply trained network amplifies rounding: there eager PyTorch in
float32 itself strays further than that from eager PyTorch in float64. A graph may then differ by
`ROUNDING_FACTOR` times that stray, measured on the same rollouts, and the report says so. Whole numbers and booleans
must be equal.
"""

import contextlib
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt
import torch

from toolkit.errors import ParityError
from toolkit.signature import Signature, TensorSpec
from toolkit.step_model import Data, Ids, Logits, State, as_given, parts_of

from .differences import ATOL, Errors, relative_error

STEPS = 256
"""Steps of each rollout, the state carried all the way."""

BATCH_SIZES = (1, 2, 7)

GREEDY_TOKENS = 256

_UNBOUNDED, _FEWEST_STEPS = 1e30, 64
"""A rollout ends where a value exceeds this, but not after fewer steps."""

ROUNDING_FACTOR = 8.0
"""Two float32 computations of a chaotic rollout differ by a few times what each differs from float64."""

_REPEATED = 1e-3
"""A step that is run again may differ by this; only how its tensors lie in memory has changed."""

RANDOM_SEED = 20_240_229
"""Of the random ids; any other would do as well."""

_STEPS_AT_ONCE = 32
"""Single steps are tried, and all steps compared, so many at once: fast, and bounded in memory."""

_WAYS = {"single": "a single step from eager's state", "carried": "the state carried"}


class AnyStep(Protocol):
    """A step over tokens, real numbers or several of either; see `toolkit.step_model` and `toolkit.module_model`."""

    @property
    def signature(self) -> Signature:
        """Names, dtypes and axes of the step."""
        ...

    def init_state(self, batch_size: int) -> State:
        """Zeros."""
        ...

    def step(self, data: Any, state: State, /) -> tuple[Any, State]:  # noqa: ANN401 - `Data`, but ids for some
        """One step of each sequence: what goes in and what comes out are `Data`."""
        ...


Rollout = tuple[str, Data]
"""Kind of data, and what goes in at each step: int64 [STEPS, N] or float32 [STEPS, N, D]; a tuple of several."""


@dataclass(frozen=True)
class RolloutFigures:
    """The largest differences of one graph over one rollout.

    Attributes:
        graph: "torchscript" or "onnx".
        data: "text", "data", "example" or "random".
        batch_size: N.
        carried: output name -> largest difference with the state carried, or of whole sequences.
        single: output name -> largest difference of single steps from eager's state; empty where there are no steps.
        rounding: output name -> how far eager float32 strays from float64 in any of the rollouts; empty
            where no difference had exceeded `ATOL`, for then it is not needed.
    """

    graph: str
    data: str
    batch_size: int
    carried: Mapping[str, float]
    single: Mapping[str, float]
    rounding: Mapping[str, float]


@dataclass(frozen=True)
class ParityReport:
    """What the gate measured when it let a model pass.

    Attributes:
        rollouts: one entry for each graph, kind of data and batch size.
        ties: steps of the greedy continuations at which eager PyTorch itself held two tokens equal
            within the tolerance, and a graph took the other one.
        greedy_tokens: how long those continuations are; none of a model over real numbers.
        steps: of each rollout; fewer than `STEPS` where eager PyTorch itself leaves the numbers after them.
        loops: graph -> largest difference of its decode loop from its own single steps.
        encoders: graph -> largest difference of its encoder, of a model that has one.
        lengths: of the sequences, where they are read whole; the longest has `steps`.
    """

    rollouts: tuple[RolloutFigures, ...]
    ties: int
    greedy_tokens: int = 0
    steps: int = STEPS
    loops: Mapping[str, float] = field(default_factory=dict)
    encoders: Mapping[str, float] = field(default_factory=dict)
    lengths: tuple[int, ...] = ()

    @property
    def allowed(self) -> float:
        """The largest difference that was allowed anywhere, relative to max(1, |x|)."""
        strays = [stray for rollout in self.rollouts for stray in rollout.rounding.values()]
        return max([ATOL, *(ROUNDING_FACTOR * stray for stray in strays)])

    def to_dict(self) -> dict[str, Any]:
        """The figures as they stand in model.json."""
        graphs = dict.fromkeys(rollout.graph for rollout in self.rollouts)
        return {
            "reference": "eager PyTorch",
            "atol": ATOL,
            "steps": self.steps,
            **({"lengths": list(self.lengths)} if self.lengths else {}),
            "batch_sizes": list(BATCH_SIZES),
            "greedy_tokens": self.greedy_tokens,
            "greedy_ties": self.ties,
            "largest_error": {graph: self._worst(graph, "carried") for graph in graphs},
            "largest_error_of_single_steps": {
                graph: worst for graph in graphs if (worst := self._worst(graph, "single"))
            },
            "largest_error_of_decode_loops": dict(self.loops),
            "largest_error_of_encoders": dict(self.encoders),
            "rounding_of_eager_float32": {k: v for graph in graphs for k, v in self._worst(graph, "rounding").items()},
        }

    def _worst(self, graph: str, figure: str) -> dict[str, float]:
        """The largest of one figure over the rollouts of a graph, by output."""
        worst: dict[str, float] = {}
        for rollout in self.rollouts:
            if rollout.graph == graph:
                for name, error in getattr(rollout, figure).items():
                    worst[name] = max(error, worst.get(name, 0.0))
        return worst


@dataclass(frozen=True)
class _Trajectory:
    """What a model gave at each step: outputs[t] are its results and the next states, states[t] what went in."""

    outputs: list[State]
    states: list[State]

    def rows(self, rows: slice, signature: Signature) -> "_Trajectory":
        """What it gave for some of the sequences."""
        outputs = [_rows(parts, signature.outputs, rows) for parts in self.outputs]
        return _Trajectory(outputs, [_rows(state, signature.state_inputs, rows) for state in self.states])


def _rows(parts: State, specs: Sequence[TensorSpec], rows: slice) -> State:
    """Some of the sequences."""
    return tuple(part[(slice(None),) * s.batch_axis + (rows,)] for part, s in zip(parts, specs, strict=True))


def _side_by_side(many: Sequence[State], specs: Sequence[TensorSpec], lead: int = 0) -> State:
    """Several batches as one; `lead` axes stand before those of the specs."""
    parts = zip(zip(*many, strict=True), specs, strict=True)
    return tuple(np.concatenate(part, axis=lead + spec.batch_axis) for part, spec in parts)


def check_parity(
    reference: AnyStep,
    precise: Callable[[], AnyStep | None],
    graphs: Mapping[str, AnyStep],
    rollouts: Sequence[Rollout],
    greedy_from: int | None = None,
) -> ParityReport:
    """Compare graphs with eager PyTorch.

    Args:
        reference: eager PyTorch in float32.
        precise: makes eager PyTorch in float64, or None where it does not run so: nothing is then allowed for rounding.
            Called only if a difference exceeds `ATOL`.
        graphs: what is to be proved equal, by name.
        rollouts: what goes in, from `token_inputs` or the like.
        greedy_from: the first id of the greedy continuation; without one there is none.

    Returns:
        The largest difference of every output.

    Raises:
        ParityError: names the graph, the output, the step and the number.
    """
    specs = reference.signature.data_inputs
    inputs = _side_by_side([parts_of(data) for _, data in rollouts], specs, 1)
    expected = _roll(reference, inputs)  # a sequence does not depend on its neighbours
    steps = _bounded_steps(expected)
    rollouts = [(kind, as_given([part[:steps] for part in parts_of(data)])) for kind, data in rollouts]
    expected = _Trajectory(expected.outputs[:steps], expected.states[:steps])
    truth = _Truth(reference, precise, tuple(part[:steps] for part in inputs), expected)
    greedy = [] if greedy_from is None else _greedy(reference, greedy_from)

    def compare(graph: str) -> tuple[list[RolloutFigures], int]:
        with one_thread():
            return _figures(graph, graphs[graph], rollouts, truth), _ties(graph, graphs[graph], greedy)

    with one_thread(), ThreadPoolExecutor(len(graphs)) as pool:  # a graph computes without Python's lock
        found = list(pool.map(compare, graphs))
    figures = tuple(f for figures, _ in found for f in figures)
    return ParityReport(figures, sum(ties for _, ties in found), len(greedy), steps)


@contextlib.contextmanager
def one_thread() -> Iterator[None]:
    """Steps of small batches are too short to share: on a busy machine, waiting took six times as long."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)  # of the calling thread
    try:
        yield
    finally:
        torch.set_num_threads(threads)


class _Truth:
    """What eager PyTorch gave, and how far it strays by rounding.

    Attributes:
        signature: of the step.
        names: of the outputs.
        expected: over all rollouts side by side.
        unknown: why nothing is allowed for rounding, once that was asked for; empty where something may be.
    """

    def __init__(
        self, reference: AnyStep, precise: Callable[[], AnyStep | None], inputs: State, expected: _Trajectory
    ) -> None:
        self.signature = reference.signature
        self.names = [spec.name for spec in self.signature.outputs]
        self.expected = expected
        self.unknown = ""
        self._reference = reference
        self._precise = precise
        self._inputs = inputs
        self._lock = threading.Lock()
        self._strays: dict[str, list[Errors]] = {}

    def stray(self, way: str) -> list[Errors]:
        """How far eager float32 strays from float64: of each output and step the largest over all rollouts.

        In a single rollout the stray is at some steps small by luck; measured, that refused half of the chaotic
        networks.
        """
        with self._lock:  # the graphs are compared at the same time
            if way not in self._strays:
                strays, exact = [], self._precise()
                if exact is None:
                    self.unknown = " It does not run in float64: nothing is allowed for rounding."
                elif not self._repeats():
                    self.unknown = " It does not repeat its own results: it keeps something from step to step."
                elif way == "single":
                    strays = _single_steps(exact, self._inputs, self.expected)
                else:
                    strays = _compare(self.expected, _roll(exact, self._inputs))
                none = np.zeros(len(self.expected.outputs))
                self._strays[way] = [
                    stray if spec.dtype == "float32" else none  # whole numbers are not rounded
                    for stray, spec in zip(strays or [none] * len(self.names), self.signature.outputs, strict=True)
                ]
            return self._strays[way]

    def _repeats(self) -> bool:
        """Whether each step, run again in another order, gives what it gave: a network may keep a clock of its own."""
        found = []
        for t in reversed(range(len(self.expected.states))):
            data = as_given([part[t] for part in self._inputs])
            results, after = self._reference.step(data, self.expected.states[t])
            found.append((*parts_of(results), *after))
        errors = _compare(self.expected, _Trajectory(found[::-1], self.expected.states))
        return all(bool((by_step <= _REPEATED).all()) for by_step in errors)


def _figures(graph: str, model: AnyStep, rollouts: Sequence[Rollout], truth: _Truth) -> list[RolloutFigures]:
    """Compare one graph with eager PyTorch over all rollouts."""
    figures = []
    strays: dict[str, list[Errors]] = {}
    first = 0
    for data, given in rollouts:
        inputs = parts_of(given)
        kinds = {"ids" if part.dtype == np.int64 else "numbers" for part in inputs}
        batch_size = inputs[0].shape[1 + truth.signature.inputs[0].batch_axis]
        where = f"{data} {kinds.pop() if len(kinds) == 1 else 'inputs'}, batch size {batch_size}"
        expected = truth.expected.rows(slice(first, first + batch_size), truth.signature)
        first += batch_size
        try:
            found = {
                "single": _single_steps(model, inputs, expected),
                "carried": _compare(expected, _roll(model, inputs)),
            }
        except Exception as fault:  # a graph frozen to one batch size; ort and torch raise unrelated classes
            raise does_not_run(graph, where, fault) from fault
        for way, errors in found.items():
            if way not in strays and not max(by_step.max() for by_step in errors) <= ATOL:
                strays[way] = truth.stray(way)
            limits = [_limit(stray) for stray in strays.get(way, [np.zeros(len(inputs[0]))] * len(truth.names))]
            for name, by_step, limit in zip(truth.names, errors, limits, strict=True):
                _check(graph, name, by_step, limit, f"{where}, {_WAYS[way]}", truth.unknown)
        largest = {way: _largest(truth.names, errors) for way, errors in found.items()}
        stray = _largest(truth.names, list(np.max(list(strays.values()), axis=0))) if strays else {}
        figures.append(RolloutFigures(graph, data, batch_size, largest["carried"], largest["single"], stray))
    return figures


def does_not_run(graph: str, where: str, fault: Exception) -> ParityError:
    """What to say of a graph that raises."""
    reason = str(fault).partition("\n")[0]
    return ParityError(f"{graph}: does not run ({where}): {reason}.")


def _bounded_steps(expected: _Trajectory) -> int:
    """How many steps stay within the numbers: a network without a bound (relu, no activation) may grow out of them.

    Raises:
        ParityError: so few that nothing is proved.
    """
    largest = np.array([max(float(np.abs(part).max()) for part in outputs) for outputs in expected.outputs])
    beyond = np.flatnonzero(~(largest < _UNBOUNDED))
    steps = int(beyond[0]) if len(beyond) else len(largest)
    if steps < min(_FEWEST_STEPS, len(largest)):
        raise ParityError(
            f"eager PyTorch itself gives {largest[steps]:.3g} at step {steps + 1}: train the model again."
        )
    return steps


def token_inputs(vocab_size: int, text_ids: Ids | None, steps: int | None = None) -> list[tuple[str, Ids]]:
    """Rollouts of a model over tokens.

    Args:
        vocab_size: V.
        text_ids: real text, int64 [any length above 0]; repeated where it is too short. None where none is known.
        steps: of each; by default `STEPS`.

    Returns:
        int64 [steps, N] each: text, where it is known, and random ids, for all batch sizes.
    """
    random, steps = np.random.default_rng(RANDOM_SEED), steps or STEPS
    found: list[tuple[str, Ids]] = []
    for batch_size in BATCH_SIZES:
        if text_ids is not None:
            found.append(("text", text_ids[places(batch_size, len(text_ids), steps)]))
        found.append(("random", random.integers(0, vocab_size, (steps, batch_size), dtype=np.int64)))
    return found


def number_inputs(points: npt.NDArray[np.float32] | None, input_size: int) -> list[Rollout]:
    """Rollouts of a model over real numbers.

    Args:
        points: real inputs, float32 [any length above 0, D]; repeated where they are too few. None where none are
            known: then only normally distributed ones of deviation 1.
        input_size: D.

    Returns:
        float32 [STEPS, N, D] each: those, and normally distributed ones of their deviation, for all batch sizes.
    """
    random = np.random.default_rng(RANDOM_SEED)
    scale = 1.0 if points is None else points.std() or 1.0
    found: list[Rollout] = []
    for batch_size in BATCH_SIZES:
        if points is not None:
            found.append(("data", points[places(batch_size, len(points))]))
        numbers = random.standard_normal((STEPS, batch_size, input_size)) * scale
        found.append(("random", numbers.astype(np.float32)))
    return found


def places(batch_size: int, length: int, steps: int | None = None) -> npt.NDArray[np.int64]:
    """Where the sequences of a batch read, spread over what there is: [steps, N]; by default `STEPS`."""
    return (np.arange(steps or STEPS)[:, None] + np.arange(batch_size) * (length // batch_size)) % length


def _roll(model: AnyStep, inputs: State) -> _Trajectory:
    """Feed inputs [STEPS, ...], the state carried."""
    state = model.init_state(inputs[0].shape[1 + model.signature.inputs[0].batch_axis])
    outputs, states = [], []
    for data in zip(*inputs, strict=True):
        states.append(state)
        results, state = model.step(as_given(data), state)
        outputs.append((*parts_of(results), *state))
    return _Trajectory(outputs, states)


def _compare(expected: _Trajectory, found: _Trajectory) -> list[Errors]:
    """The errors of each output, step by step."""
    pairs = zip(zip(*expected.outputs, strict=True), zip(*found.outputs, strict=True), strict=True)
    blocks = range(0, len(expected.outputs), _STEPS_AT_ONCE)
    return [
        np.concatenate([relative_error(xs[i : i + _STEPS_AT_ONCE], ys[i : i + _STEPS_AT_ONCE]) for i in blocks])
        for xs, ys in pairs
    ]


def _single_steps(model: AnyStep, inputs: State, expected: _Trajectory) -> list[Errors]:
    """One step from each of eager's states. They do not depend on each other, so many go in as one batch."""
    signature = model.signature
    batch_size = inputs[0].shape[1 + signature.inputs[0].batch_axis]
    steps = list(zip(*inputs, strict=True))
    found: list[State] = []
    for start in range(0, len(steps), _STEPS_AT_ONCE):
        block = steps[start : start + _STEPS_AT_ONCE]
        data = _side_by_side(block, signature.data_inputs)
        state = _side_by_side(expected.states[start : start + _STEPS_AT_ONCE], signature.state_inputs)
        results, after = model.step(as_given(data), state)
        outputs = (*parts_of(results), *after)
        rows = [slice(t * batch_size, (t + 1) * batch_size) for t in range(len(block))]
        found += [_rows(outputs, signature.outputs, row) for row in rows]
    return _compare(expected, _Trajectory(found, expected.states))


def _largest(names: list[str], errors: list[Errors]) -> dict[str, float]:
    return {name: float(part.max()) for name, part in zip(names, errors, strict=True)}


def _limit(stray: Errors) -> Errors:
    """What is allowed at each step where eager itself strays so far up to there."""
    limit: Errors = np.maximum(ATOL, ROUNDING_FACTOR * np.maximum.accumulate(stray))
    return limit


def _check(graph: str, name: str, errors: Errors, allowed: Errors, where: str, unknown: str) -> None:
    """Raise ParityError at the first step whose error exceeds what is allowed; NaN always does."""
    beyond = np.flatnonzero(~(errors <= allowed))
    if len(beyond):
        step = int(beyond[0])
        raise ParityError(
            f"{graph}: output {name} differs from eager PyTorch by {errors[step]:.3g} at step {step + 1} of "
            f"{len(errors)} ({where}); at most {allowed[step]:.3g} relative to max(1, |x|) is allowed.{unknown}"
        )


def _greedy(reference: AnyStep, first_id: int) -> list[tuple[Ids, Logits]]:
    """Continue greedily: of each step the id that goes in and the logits that come out."""
    ids, state = np.array([first_id]), reference.init_state(1)
    steps = []
    for _ in range(GREEDY_TOKENS):
        logits, state = reference.step(ids, state)
        steps.append((ids, logits))
        ids = logits.argmax(axis=1)
    return steps


def _ties(graph: str, model: AnyStep, greedy: Sequence[tuple[Ids, Logits]]) -> int:
    """Continue with eager's tokens; the graph must choose the same at every step. Returns the number of ties met."""
    if not greedy:
        return 0
    state = model.init_state(1)
    ties = 0
    for token, (ids, expected) in enumerate(greedy, start=1):
        logits, state = model.step(ids, state)
        chosen, other = int(expected.argmax()), int(logits.argmax())
        if other == chosen:
            continue
        if not _tied(expected, chosen, other):
            raise ParityError(
                f"{graph}: greedy continuation differs from eager PyTorch at token {token} of {GREEDY_TOKENS}: "
                f"expected id {chosen}, found {other}."
            )
        ties += 1
    return ties


def _tied(logits: Logits, first: int, second: int) -> bool:
    """Whether eager PyTorch itself holds two tokens equal, each within the tolerance."""
    best, other = float(logits[0, first]), float(logits[0, second])
    return best - other <= 2 * ATOL * max(1.0, abs(best))
