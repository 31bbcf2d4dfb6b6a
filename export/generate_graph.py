"""generate.onnx: the whole decode loop around a step, in standard operators.

Prompt ids and knobs go in, tokens come out. A first loop reads the prompts without computing logits; a second one
steps, chooses and feeds back. The last token of a prompt is left to the second loop, and the last token written
to the next call: so a text made in chunks equals the one made at once.
"""

from collections.abc import Sequence

import numpy as np
import onnx
import onnx_ir as ir

from toolkit.signature import Signature

from .graph_model import graph_model
from .sampling_graph import BOOL, FLOAT, INT64, Choice, choice_of, choose, column, constant, value
from .step_graph import Op, StepGraph

_NOBODY = 0
"""Stands for ids outside the vocabulary and opens an empty prompt: `<unk>`, which is never written."""


def generate_graph(step: onnx.ModelProto, signature: Signature, banned: Sequence[int], name: str) -> onnx.ModelProto:
    """Build the decode loop around a step.

    Args:
        step: a step graph, of any precision.
        signature: `toolkit.signature.generate_signature` of its contract.
        banned: ids that are never written.
        name: of the graph.

    Returns:
        A checked model without metadata.
    """
    vocab_size = next(spec.axes[1] for spec in signature.inputs if spec.name == "used")
    inner = StepGraph(step, int(vocab_size), banned)

    def body(op: Op, inputs: dict[str, ir.Value]) -> list[ir.Value]:
        return _generate(op, inner, inputs, signature.states)

    return graph_model(name, signature, body, inner.opset_imports, step.ir_version)


def _generate(op: Op, inner: StepGraph, inputs: dict[str, ir.Value], states: Sequence[str]) -> list[ir.Value]:
    """The outer graph: both loops, and what is done once before and after them."""
    *own_states, used, stopped = (inputs[name] for name in states)
    v = inner.vocab_size
    yes = constant(op, value=True)
    length, n = op.Squeeze(op.Shape(inputs["input_ids"], start=1, end=2), [0]), op.Shape(inputs["lengths"])
    lengths = op.Min(op.Max(inputs["lengths"], 0), length)

    # One column more in front, so that an empty prompt has a token to start from: column 0 is that of length 0.
    opening = op.Expand(constant(op, np.array([_NOBODY])), op.Concat(n, [1], axis=0))
    ids = op.Concat(opening, _inside(op, inputs["input_ids"], v), axis=1)
    last = op.GatherElements(ids, op.Unsqueeze(lengths, [1]), axis=1)  # [N, 1]
    parts = _prefill(op, inner, op.Transpose(ids, perm=[1, 0]), lengths, inner.unpack(op, own_states))

    in_prompt = op.LessOrEqual(op.Range(0, op.Add(length, 1), 1), op.Unsqueeze(lengths, [1]))  # [N, T+1]
    used = _mark(op, used, op.Where(in_prompt, ids, last), yes)
    choice = choice_of(op, inputs, v)
    carried_used = op.Slice(used, [0], op.Unsqueeze(op.Where(choice.penalised, v, 0), [0]), [1])
    stop_ids = op.Unsqueeze(_inside(op, inputs["stop_ids"], v), [0])
    goes_on = op.Squeeze(_mark(op, op.Expand(yes, constant(op, np.array([1, v]))), stop_ids, op.Not(yes)), [0])
    rows = op.Squeeze(op.Shape(inputs["uniforms"], start=0, end=1), [0])
    count = op.Min(op.Max(inputs["max_new_tokens"], 0), rows)
    start = [op.Squeeze(last, [1]), op.Not(stopped), carried_used, *parts]
    *ended, output_ids, log_probs = _decode(op, inner, count, goes_on, choice, start)

    shape = op.Concat(op.Shape(output_ids, start=0, end=1), n, axis=0)  # [R, N], also where R is 0
    output_ids, log_probs = (op.Transpose(op.Reshape(x, shape), perm=[1, 0]) for x in (output_ids, log_probs))
    output_ids, log_probs = _quiet(op, output_ids, log_probs, op.Gather(goes_on, output_ids), stopped, last)
    after_used = _mark(op, used, output_ids, yes)
    return [output_ids, log_probs, *inner.pack(op, ended[3:]), after_used, op.Not(ended[1])]


def _quiet(
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


def _inside(op: Op, ids: ir.Value, vocab_size: int) -> ir.Value:
    """Ids outside the vocabulary become `_NOBODY`."""
    inside = op.And(op.GreaterOrEqual(ids, 0), op.Less(ids, vocab_size))
    return op.Where(inside, ids, _NOBODY)  # type: ignore[no-any-return]


def _mark(op: Op, table: ir.Value, ids: ir.Value, mark: ir.Value) -> ir.Value:
    """Set table[n, ids[n, t]] to a mark, for all n and t."""
    return op.ScatterElements(table, ids, op.Expand(mark, op.Shape(ids)), axis=1)  # type: ignore[no-any-return]


def _prefill(
    op: Op, inner: StepGraph, columns: ir.Value, lengths: ir.Value, parts: Sequence[ir.Value]
) -> list[ir.Value]:
    """Read all but the last token of each prompt.

    Args:
        op: builds the outer graph.
        inner: the step.
        columns: int64 [T+1, N]; prompt n stands in rows 1 to lengths[n].
        lengths: int64 [N].
        parts: what is carried.

    Returns:
        What is carried on; a shorter prompt keeps its own while the longer ones are read.
    """

    def body(op: Op, step: ir.Value, on: ir.Value, *parts: ir.Value) -> list[ir.Value]:
        row = op.Add(step, 1)
        after = inner.advance(op, op.Gather(columns, row, axis=0), parts)
        reads = op.Less(row, lengths)
        masks = {tail: op.Unsqueeze(reads, list(range(1, tail + 1))) if tail else reads for tail in set(tails)}
        kept = [op.Where(masks[tail], new, old) for tail, new, old in zip(tails, after, parts, strict=True)]
        return [op.Identity(on), *kept]

    tails = [len(part.shape) - 1 - part.shape.index("N") for part in inner.carried]
    count = op.Max(op.Sub(op.ReduceMax(lengths, keepdims=0), 1), 0)
    return _loop(op, "prefill", count, constant(op, value=True), body, _declared(inner), parts, [])


def _decode(
    op: Op, inner: StepGraph, count: ir.Value, goes_on: ir.Value, choice: Choice, start: Sequence[ir.Value]
) -> list[ir.Value]:
    """Step, choose, feed back.

    Args:
        op: builds the outer graph.
        inner: the step.
        count: int64, at most so many tokens.
        goes_on: bool [V], false for stop ids.
        choice: how to choose.
        start: ids int64 [N], alive bool [N], used bool [N, U], and what the step carries.

    Returns:
        The last of each of these, then output ids int64 [R, N, 1] and their log-probabilities float32 [R, N, 1].
    """

    def body(
        op: Op, step: ir.Value, _on: ir.Value, ids: ir.Value, alive: ir.Value, used: ir.Value, *parts: ir.Value
    ) -> list[ir.Value]:
        logits, after = inner.step(op, ids, parts)
        chosen, used = choose(op, logits, ids, used, step, choice)
        log_prob = op.GatherElements(op.LogSoftmax(logits, axis=-1), chosen, axis=1)
        ids = op.Squeeze(chosen, [1])
        alive = op.And(alive, op.Gather(goes_on, ids, axis=0))
        return [_any(op, alive), ids, alive, used, *after, chosen, log_prob]

    carried = [("ids", INT64, ("N",)), ("alive", BOOL, ("N",)), ("used", BOOL, ("N", "U")), *_declared(inner)]
    written = [column(), value(None, FLOAT, ["N", 1])]
    return _loop(op, "decode", count, _any(op, start[1]), body, carried, start, written)


def _any(op: Op, flags: ir.Value) -> ir.Value:
    """Whether one of the flags [N] is set."""
    number = op.ReduceMax(op.Cast(flags, to=ir.DataType.INT32.value), keepdims=0)
    return op.Cast(number, to=BOOL.value)  # type: ignore[no-any-return]


Declared = tuple[str, ir.DataType, tuple[str | int, ...]]
"""Name, dtype and axes."""


def _declared(inner: StepGraph) -> list[Declared]:
    return [(f"state{i}", FLOAT, part.shape) for i, part in enumerate(inner.carried)]


def _loop(
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
