"""What the graphs with a decode loop share: the loop itself, what it needs, and what is done after it."""

from collections.abc import Callable, Mapping, Sequence

import numpy as np
import onnx_ir as ir

from .sampling_graph import BOOL, FLOAT, INT64, Choice, choose, column, constant, value
from .step_graph import Known, Op, StepGraph

NOBODY = 0
"""Stands for ids outside the vocabulary: `<unk>`, which is never written."""


Allow = Callable[[Op, ir.Value, ir.Value], ir.Value]
"""An op builder, the number of a token and logits -> logits."""

Declared = tuple[str, ir.DataType, tuple[str | int, ...]]
"""Name, dtype and axes."""


def goes_on_after(op: Op, stop_ids: ir.Value, vocab_size: int) -> ir.Value:
    """A bool [V], false for stop ids; those outside the vocabulary stop nothing but `<unk>`, which is never written."""
    yes = constant(op, value=True)
    every = op.Expand(yes, constant(op, np.array([1, vocab_size])))
    return op.Squeeze(mark(op, every, op.Unsqueeze(stop_ids, [0]), op.Not(yes)), [0])  # type: ignore[no-any-return]


def tokens_to_write(op: Op, inputs: Mapping[str, ir.Value]) -> ir.Value:
    """int64: max_new_tokens, but no more than there are rows of uniform numbers."""
    rows = op.Squeeze(op.Shape(inputs["uniforms"], start=0, end=1), [0])
    return op.Min(op.Max(inputs["max_new_tokens"], 0), rows)  # type: ignore[no-any-return]


def sequences_first(op: Op, written: Sequence[ir.Value], n: ir.Value) -> list[ir.Value]:
    """What a loop wrote, [R, N, 1] each, as [N, R], also where R is 0; n is N as int64 [1]."""
    shape = op.Concat(op.Shape(written[0], start=0, end=1), n, axis=0)
    return [op.Transpose(op.Reshape(part, shape), perm=[1, 0]) for part in written]


def quiet(
    op: Op, ids: ir.Value, log_probs: ir.Value, goes_on: ir.Value, stopped: ir.Value, last: ir.Value
) -> tuple[ir.Value, ir.Value]:
    """What a sequence wrote after it had stopped becomes its last token, with log-probability 0.

    Done once after the loop: in the loop it would cost each token more than choosing it.

    Args:
        op: builds the outer graph.
        ids: int64 [N, R].
        log_probs: float32 [N, R].
        goes_on: bool [N, R], false at stop ids.
        stopped: bool [N], before the loop.
        last: int64 [N, 1], the last ids of the prompts.
    """
    stops = op.CumSum(op.Cast(op.Not(goes_on), to=INT64.value), 1, exclusive=1)  # so many before this token
    runs = op.Equal(op.Add(stops, op.Unsqueeze(op.Cast(stopped, to=INT64.value), [1])), 0)
    written = op.ReduceSum(op.Cast(runs, to=INT64.value), [1], keepdims=1)  # [N, 1]
    final = op.GatherElements(op.Concat(last, ids, axis=1), written, axis=1)
    return op.Where(runs, ids, final), op.Where(runs, log_probs, 0.0)


def inside(op: Op, ids: ir.Value, vocab_size: int) -> ir.Value:
    """Ids outside the vocabulary become `NOBODY`."""
    inside = op.And(op.GreaterOrEqual(ids, 0), op.Less(ids, vocab_size))
    return op.Where(inside, ids, NOBODY)  # type: ignore[no-any-return]


def mark(op: Op, table: ir.Value, ids: ir.Value, mark: ir.Value) -> ir.Value:
    """Set table[n, ids[n, t]] to a mark, for all n and t."""
    return op.ScatterElements(table, ids, op.Expand(mark, op.Shape(ids)), axis=1)  # type: ignore[no-any-return]


def decode(
    op: Op,
    inner: StepGraph,
    count: ir.Value,
    goes_on: ir.Value,
    choice: Choice,
    start: Sequence[ir.Value],
    known: Known | None = None,
    allow: Allow | None = None,
) -> list[ir.Value]:
    """Step, choose, feed back.

    Args:
        op: builds the outer graph.
        inner: the step.
        count: int64, at most so many tokens.
        goes_on: bool [V], false for stop ids.
        choice: how to choose.
        start: ids int64 [N], alive bool [N], used bool [N, U], and what the step carries.
        known: of `StepGraph.known`.
        allow: the logits [N, V] of a token -> those to choose from; log-probabilities are of the former.

    Returns:
        The last of each of these, then output ids int64 [R, N, 1] and their log-probabilities float32 [R, N, 1].
    """

    def body(
        op: Op, step: ir.Value, _on: ir.Value, ids: ir.Value, alive: ir.Value, used: ir.Value, *parts: ir.Value
    ) -> list[ir.Value]:
        logits, after = inner.step(op, ids, parts, known)
        allowed = logits if allow is None else allow(op, step, logits)
        chosen, used = choose(op, allowed, ids, used, step, choice)
        log_prob = op.GatherElements(op.LogSoftmax(logits, axis=-1), chosen, axis=1)
        ids = op.Squeeze(chosen, [1])
        alive = op.And(alive, op.Gather(goes_on, ids, axis=0))
        return [any_of(op, alive), ids, alive, used, *after, chosen, log_prob]

    carried = [("ids", INT64, ("N",)), ("alive", BOOL, ("N",)), ("used", BOOL, ("N", "U")), *declared(inner)]
    written = [column(), value(None, FLOAT, ["N", 1])]
    return loop(op, "decode", count, any_of(op, start[1]), body, carried, start, written)


def any_of(op: Op, flags: ir.Value) -> ir.Value:
    """Whether one of the flags [N] is set."""
    number = op.ReduceMax(op.Cast(flags, to=ir.DataType.INT32.value), keepdims=0)
    return op.Cast(number, to=BOOL.value)  # type: ignore[no-any-return]


def declared(inner: StepGraph) -> list[Declared]:
    """What a step carries."""
    return [(f"state{i}", part.before.dtype or FLOAT, part.shape) for i, part in enumerate(inner.carried)]


def loop(
    op: Op,
    name: str,
    count: ir.Value,
    first: ir.Value,
    body: object,
    carried: Sequence[Declared],
    start: Sequence[ir.Value],
    written: Sequence[ir.Value],
) -> list[ir.Value]:
    """A Loop node: the last of what is carried, then what was written, one row an iteration."""
    inputs = [value(f"{name}_step", INT64, []), value(f"{name}_on", BOOL, [])]
    inputs += [value(f"{name}_{part}", dtype, shape) for part, dtype, shape in carried]
    outputs = [value(None, BOOL, []), *(value(None, dtype, shape) for _, dtype, shape in carried), *written]
    graph = op.builder.subgraph(body, inputs, outputs, name=name)
    found = op.Loop(count, first, *start, body=graph, _outputs=len(outputs) - 1)
    return [found] if isinstance(found, ir.Value) else list(found)
