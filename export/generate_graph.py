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
from .loop_graph import (
    NOBODY,
    declared,
    decode,
    goes_on_after,
    inside,
    loop,
    mark,
    quiet,
    sequences_first,
    tokens_to_write,
)
from .sampling_graph import BOOL, choice_of, constant
from .step_graph import Op, StepGraph


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
    inner = StepGraph(step, signature.states[:-2], int(vocab_size), banned)
    return graph_model(
        name,
        signature,
        lambda op, inputs: _generate(op, inner, inputs, signature.states),
        inner.opset_imports,
        step.ir_version,
    )


def _generate(op: Op, inner: StepGraph, inputs: dict[str, ir.Value], states: Sequence[str]) -> list[ir.Value]:
    """The outer graph: both loops, and what is done once before and after them."""
    *own_states, used, stopped = (inputs[name] for name in states)
    v = inner.vocab_size
    yes = constant(op, value=True)
    length, n = op.Squeeze(op.Shape(inputs["input_ids"], start=1, end=2), [0]), op.Shape(inputs["lengths"])
    lengths = op.Min(op.Max(inputs["lengths"], 0), length)

    # One column more in front, so that an empty prompt has a token to start from: column 0 is that of length 0.
    opening = op.Expand(constant(op, np.array([NOBODY])), op.Concat(n, [1], axis=0))
    ids = op.Concat(opening, inside(op, inputs["input_ids"], v), axis=1)
    last = op.GatherElements(ids, op.Unsqueeze(lengths, [1]), axis=1)  # [N, 1]
    parts = _prefill(op, inner, op.Transpose(ids, perm=[1, 0]), lengths, inner.unpack(op, own_states))

    places = op.Range(0, op.Add(length, 1), 1)
    in_prompt = op.And(op.Greater(places, 0), op.LessOrEqual(places, op.Unsqueeze(lengths, [1])))  # [N, T+1]
    used = mark(op, used, op.Where(in_prompt, ids, last), yes)
    choice = choice_of(op, inputs, v)
    carried_used = op.Slice(used, [0], op.Unsqueeze(op.Where(choice.penalised, v, 0), [0]), [1])
    goes_on = goes_on_after(op, inside(op, inputs["stop_ids"], v), v)
    count = tokens_to_write(op, inputs)
    start = [op.Squeeze(last, [1]), op.Not(stopped), carried_used, *parts]
    ended = decode(op, inner, count, goes_on, choice, start)
    output_ids, log_probs = sequences_first(op, ended[-2:], n)
    output_ids, log_probs = quiet(op, output_ids, log_probs, op.Gather(goes_on, output_ids), stopped, last)
    after_used = mark(op, used, output_ids, yes)
    return [output_ids, log_probs, *inner.pack(op, ended[3:-2]), after_used, op.Not(ended[1])]


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
        kept = [_where(op, masks[tail], *pair) for tail, *pair in zip(tails, after, parts, strict=True)]
        return [op.Identity(on), *kept]

    tails = [len(part.shape) - 1 - part.shape.index("N") for part in inner.carried]
    count = op.Max(op.Sub(op.ReduceMax(lengths, keepdims=0), 1), 0)
    return loop(op, "prefill", count, constant(op, value=True), body, declared(inner), parts, [])


def _where(op: Op, mask: ir.Value, new: ir.Value, old: ir.Value) -> ir.Value:
    """One of two values; ONNX Runtime has no Where for booleans."""
    if old.dtype == BOOL:
        return op.Or(op.And(mask, new), op.And(op.Not(mask), old))  # type: ignore[no-any-return]
    return op.Where(mask, new, old)  # type: ignore[no-any-return]
