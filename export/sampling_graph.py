"""`toolkit.sampling` as graph nodes: from logits and uniform numbers to the next ids.

The same order and the same sums, so that the graph and the loop in Python choose the same tokens. Each way of
choosing is a branch of its own: greedy never sorts nor adds up, and only top_k and top_p sort.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
import onnx_ir as ir

from toolkit.options import spec_of
from toolkit.sampling import SamplingOptions
from toolkit.uniform import MAX_UNIFORM

from .step_graph import Op

INT32, INT64, BOOL = ir.DataType.INT32, ir.DataType.INT64, ir.DataType.BOOL
FLOAT, DOUBLE = ir.DataType.FLOAT, ir.DataType.DOUBLE

LARGEST = np.iinfo(np.int64).max
"""Where a slice ends that goes to the end."""


def constant(op: Op, value: object) -> ir.Value:
    """A number of a dtype that a literal does not give, or an array."""
    return op.Constant(value=ir.tensor(np.array(value)))  # type: ignore[no-any-return]


def int32(op: Op, number: int) -> ir.Value:
    """A number in half the space of a literal."""
    return constant(op, np.int32(number))


def value(name: str | None, dtype: ir.DataType, shape: Sequence[str | int]) -> ir.Value:
    """A declared input or output of a graph."""
    return ir.Value(name=name, type=ir.TensorType(dtype), shape=ir.Shape(shape))


def column() -> ir.Value:
    """An unnamed output int64 [N, 1]."""
    return value(None, INT64, ["N", 1])


def branch(
    op: Op,
    condition: ir.Value,
    then: Callable[[Op], object],
    otherwise: Callable[[Op], object],
    outputs: Callable[[], list[ir.Value]] = lambda: [column()],
) -> Any:  # noqa: ANN401 - one Value or several, as `outputs` says
    """An If node; `outputs` declares what both branches return."""
    return op.If(
        condition,
        then_branch=op.builder.subgraph(then, [], outputs(), name="then"),
        else_branch=op.builder.subgraph(otherwise, [], outputs(), name="else"),
        _outputs=len(outputs()),
    )


@dataclass(frozen=True)
class Choice:
    """The knobs, brought into their ranges once, before the loop.

    Attributes:
        greedy: bool, whether the largest logit is taken and no penalty asked for.
        sampled: bool, temperature above 0.
        temperature: float32.
        penalised: bool, whether there is a repetition penalty.
        penalty: float32.
        ordered: bool, whether top_k or top_p cut.
        top_k: int64 [1], from 1 to V.
        nucleus: bool, whether top_p cuts.
        top_p: float64.
        cut: bool, whether min_p cuts.
        log_min_p: float32, its logarithm; minus infinity where nothing is cut.
        uniforms: float64 [M, N, 1], from 0 to below 1.
    """

    greedy: ir.Value
    sampled: ir.Value
    temperature: ir.Value
    penalised: ir.Value
    penalty: ir.Value
    ordered: ir.Value
    top_k: ir.Value
    nucleus: ir.Value
    top_p: ir.Value
    cut: ir.Value
    log_min_p: ir.Value
    uniforms: ir.Value


def choice_of(op: Op, knobs: Mapping[str, ir.Value], vocab_size: int) -> Choice:
    """Bring the knobs into their ranges. What is no number compares false and so means "off"."""
    penalties, temperatures = (range_of(name) for name in ("repetition_penalty", "temperature"))
    temperature, top_k = knobs["temperature"], knobs["top_k"]
    top_p, min_p, asked = knobs["top_p"], knobs["min_p"], knobs["repetition_penalty"]
    sampled = op.Greater(temperature, 0.0)
    penalty = op.Where(op.Equal(asked, asked), op.Min(op.Max(asked, penalties[0]), penalties[1]), 1.0)
    penalised = op.Not(op.Equal(penalty, 1.0))
    nucleus, cut, some = op.Less(top_p, 1.0), op.Greater(min_p, 0.0), op.Greater(top_k, 0)
    tiny = float(np.finfo(np.float32).tiny)
    uniforms = op.Where(op.GreaterOrEqual(knobs["uniforms"], 0.0), op.Min(knobs["uniforms"], MAX_UNIFORM), 0.0)
    return Choice(
        greedy=op.Not(op.Or(sampled, penalised)),
        sampled=sampled,
        temperature=op.Min(temperature, temperatures[1]),
        penalised=penalised,
        penalty=penalty,
        ordered=op.Or(some, nucleus),
        top_k=op.Unsqueeze(op.Where(some, op.Min(top_k, vocab_size), vocab_size), [0]),
        nucleus=nucleus,
        top_p=op.Cast(top_p, to=DOUBLE.value),
        cut=cut,
        log_min_p=op.Where(cut, op.Log(op.Min(op.Max(min_p, tiny), 1.0)), constant(op, np.float32(-np.inf))),
        uniforms=op.Cast(op.Unsqueeze(uniforms, [2]), to=DOUBLE.value),
    )


def range_of(name: str) -> tuple[float, float]:
    """The smallest and the largest value of a sampling option."""
    spec = spec_of(next(field for field in fields(SamplingOptions) if field.name == name))
    assert spec.minimum is not None
    assert spec.maximum is not None
    return float(spec.minimum), float(spec.maximum)


def choose(
    op: Op, logits: ir.Value, ids: ir.Value, used: ir.Value, step: ir.Value, choice: Choice
) -> tuple[ir.Value, ir.Value]:
    """The next ids.

    Args:
        op: builds the body of the loop.
        logits: float32 [N, V]; minus infinity for banned ids.
        ids: int64 [N], just read.
        used: bool [N, V]; or [N, 0] without a repetition penalty.
        step: int64, counts the iterations.
        choice: how.

    Returns:
        int64 [N, 1], and `used` with the ids just read.
    """

    def outputs() -> list[ir.Value]:
        return [column(), value(None, BOOL, ["N", "U"])]

    def greedy(op: Op) -> object:
        return op.ArgMax(logits, axis=-1, keepdims=1), op.Identity(used)

    def otherwise(op: Op) -> object:
        u = op.Gather(choice.uniforms, step, axis=0)  # [N, 1]
        return branch(op, choice.penalised, lambda op: penalised(op, u), lambda op: plain(op, u), outputs)

    def plain(op: Op, u: ir.Value) -> object:
        return _sample(op, logits, u, choice), op.Identity(used)

    def penalised(op: Op, u: ir.Value) -> object:
        read = op.Unsqueeze(ids, [1])
        now_used = op.ScatterElements(used, read, op.Expand(constant(op, value=True), op.Shape(read)), axis=1)
        changed = op.Where(op.Greater(logits, 0.0), op.Div(logits, choice.penalty), op.Mul(logits, choice.penalty))
        penal = op.Where(now_used, changed, logits)
        chosen = branch(
            op,
            choice.sampled,
            lambda op: _sample(op, penal, u, choice),
            lambda op: op.ArgMax(penal, axis=-1, keepdims=1),
        )
        return chosen, now_used

    chosen, now_used = branch(op, choice.greedy, greedy, otherwise, outputs)
    return chosen, now_used


def _sample(op: Op, logits: ir.Value, u: ir.Value, choice: Choice) -> ir.Value:
    """Ids [N, 1] drawn by inverse CDF in the order of the ids."""
    nothing = constant(op, np.float64(0))

    def sorted_draw(op: Op) -> object:
        largest, where = op.TopK(logits, choice.top_k, axis=1, _outputs=2)  # falling, ties by id
        warped = _warped(op, largest, choice)
        weights = op.Cast(op.Exp(warped), to=DOUBLE.value)
        kept = branch(
            op,
            choice.nucleus,
            lambda op: _nucleus(op, weights, choice.top_p),
            lambda op: op.Identity(weights),
            lambda: [value(None, DOUBLE, ["N", "K"])],
        )
        kept = op.Where(op.GreaterOrEqual(warped, choice.log_min_p), kept, nothing)
        ids, order = op.TopK(where, choice.top_k, axis=1, largest=0, _outputs=2)  # rising
        return op.GatherElements(ids, _draw(op, op.GatherElements(kept, order, axis=1), u), axis=1)

    def cut_draw(op: Op) -> object:
        warped = _warped(op, logits, choice)
        weights = op.Where(op.GreaterOrEqual(warped, choice.log_min_p), op.Exp(warped), 0.0)
        return _draw(op, op.Cast(weights, to=DOUBLE.value), u)

    def whole_draw(op: Op) -> object:
        return _draw(op, op.Cast(op.Exp(_warped(op, logits, choice)), to=DOUBLE.value), u)

    def unsorted(op: Op) -> object:
        return branch(op, choice.cut, cut_draw, whole_draw)

    drawn: ir.Value = branch(op, choice.ordered, sorted_draw, unsorted)
    return drawn


def _warped(op: Op, logits: ir.Value, choice: Choice) -> ir.Value:
    """Logits [N, K] with the temperature in them, the largest at 0."""
    return op.Div(op.Sub(logits, op.ReduceMax(logits, [-1], keepdims=1)), choice.temperature)  # type: ignore[no-any-return]


def _nucleus(op: Op, weights: ir.Value, top_p: ir.Value) -> ir.Value:
    """Falling float64 weights [N, K] with the fewest that reach top_p left, at least one, the others 0."""
    before = op.CumSum(weights, 1, exclusive=1)
    whole = op.Add(last_of(op, before, 1), last_of(op, weights, 1))
    first = op.Equal(before, constant(op, np.float64(0)))  # stays even where top_p is not positive
    keep = op.Or(first, op.Less(before, op.Mul(whole, top_p)))
    return op.Where(keep, weights, constant(op, np.float64(0)))  # type: ignore[no-any-return]


def _draw(op: Op, weights: ir.Value, u: ir.Value) -> ir.Value:
    """The first place [N, 1] whose cumulative weight exceeds u times the whole, from float64 weights [N, K]."""
    cdf = op.CumSum(weights, 1)
    below = op.LessOrEqual(cdf, op.Mul(u, last_of(op, cdf, 1)))
    # Counting in float32 is exact up to 2**24 and a third of the time of counting in int64.
    return op.Cast(op.ReduceSum(op.Cast(below, to=FLOAT.value), [1], keepdims=1), to=INT64.value)  # type: ignore[no-any-return]


def last_of(op: Op, x: ir.Value, axis: int) -> ir.Value:
    """The last entry along an axis, which stays: [N, K] -> [N, 1]."""
    return op.Slice(x, [-1], [LARGEST], [axis])  # type: ignore[no-any-return]
