"""text.onnx: tokenizer, decode loop, sampling and random numbers in one graph: UTF-8 in, UTF-8 out.

It is generate.onnx or translate.onnx with the vocabulary and the generator around it, in standard operators; a host
needs neither.
"""

from collections.abc import Mapping

import numpy as np
import onnx
import onnx_ir as ir

from toolkit.errors import ToolkitError
from toolkit.generation import stop_ids_of
from toolkit.signature import Signature, text_signature, text_to_text_signature
from toolkit.tokenizer import Tokenizer

from .graph_model import graph_model
from .philox_graph import uniforms
from .sampling_graph import FLOAT, INT32, INT64, branch, constant, int32, last_of, range_of, value
from .step_graph import Op
from .utf8_graph import code_points
from .vocabulary_graph import decode, encode, expect_readable

_LINE_BREAK = 10
"""Its byte in UTF-8."""


def text_graph(generate: onnx.ModelProto, step: Signature, tokenizer: Tokenizer, name: str) -> onnx.ModelProto:
    """Build text.onnx of a language model.

    Args:
        generate: its generate.onnx, of any precision.
        step: the contract of its step.
        tokenizer: of its vocabulary.
        name: of the graph.

    Returns:
        A checked model without metadata; its contract is `toolkit.signature.text_signature`.

    Raises:
        ToolkitError: the vocabulary is not known, or reads texts in a form that has an end.
    """
    expect_readable(tokenizer, name)
    if tokenizer.before or tokenizer.after or tokenizer.width:
        raise ToolkitError(
            f"{name}: the vocabulary puts marks around every text, and a text graph goes on where the last one ended. "
            "Leave text out of --graphs."
        )

    def body(op: Op, inputs: dict[str, ir.Value]) -> list[ir.Value]:
        last, position, no = inputs["last"], inputs["position"], constant(op, value=False)
        ids = op.Concat(op.Slice(op.Sub(last, 1), [0], op.Min(last, 1), [0]), _read(op, tokenizer, inputs), axis=0)
        ids = _begun(op, tokenizer, ids)
        stops = np.array(stop_ids_of(tokenizer, ("\n",)), np.int64)
        some = op.Mul(op.Cast(inputs["stop_at_newline"], to=INT64.value), len(stops))
        given = {
            "stopped": op.Unsqueeze(no, [0]),
            "stop_ids": op.Slice(constant(op, stops), [0], op.Unsqueeze(some, [0]), [0]),
            **_asked(op, inputs, ids, op.Squeeze(position, [0])),
        }
        output_ids, log_probs, *states, stopped = inlined(op, generate, {**inputs, **given})
        output_ids, log_probs, stopped = (op.Squeeze(part, [0]) for part in (output_ids, log_probs, stopped))
        read_last = last_of(op, ids, 0)
        text = _up_to_line_break(op, decode(op, tokenizer, output_ids, read_last), inputs["stop_at_newline"])
        now_last = op.Add(last_of(op, op.Concat(read_last, output_ids, axis=0), 0), 1)
        return [text, output_ids, log_probs, stopped, *states, now_last, op.Add(position, op.Shape(output_ids))]

    return graph_model(name, text_signature(step), body, _opsets(generate), generate.ir_version)


def text_to_text_graph(
    translate: onnx.ModelProto, tokenizers: tuple[Tokenizer, Tokenizer], name: str
) -> onnx.ModelProto:
    """Build text.onnx of a sequence-to-sequence model.

    Args:
        translate: its translate.onnx, of any precision.
        tokenizers: of source and target.
        name: of the graph.

    Returns:
        A checked model without metadata; its contract is `toolkit.signature.text_to_text_signature`.

    Raises:
        ToolkitError: a vocabulary is not known.
    """
    reads, writes = tokenizers
    for tokenizer in tokenizers:
        expect_readable(tokenizer, name)

    def body(op: Op, inputs: dict[str, ir.Value]) -> list[ir.Value]:
        given = {
            "min_lengths": op.Unsqueeze(inputs["min_new_tokens"], [0]),
            "stop_ids": constant(op, np.zeros(0, np.int64)),
            **_asked(op, inputs, _formed(op, reads, _read(op, reads, inputs)), constant(op, np.int64(0))),
        }
        written = inlined(op, translate, {**inputs, **given})
        output_ids, log_probs = (op.Squeeze(part, [0]) for part in written)
        text = decode(op, writes, output_ids, None)
        return [text, output_ids, log_probs]

    return graph_model(name, text_to_text_signature(), body, _opsets(translate), translate.ir_version)


def inlined(op: Op, model: onnx.ModelProto, inputs: Mapping[str, ir.Value]) -> list[ir.Value]:
    """The outputs of a model that becomes a part of the graph, from its inputs by name; others are left alone."""
    own_copy = onnx.ModelProto()
    own_copy.CopyFrom(model)  # renaming a weight would rename it there
    graph = ir.from_proto(own_copy).graph
    results = list(graph.outputs)
    graph.outputs.clear()
    for weight in graph.initializers.values():
        if not weight.uses():
            continue
        own = op.builder.root.initializer(weight.const_value, name=f"{graph.name}_{weight.name}", qualify=False)
        ir.convenience.replace_all_uses_with(weight, own)
    for given in graph.inputs:
        ir.convenience.replace_all_uses_with(given, inputs[str(given.name)])
    for node in list(graph):
        graph.remove(node)
        op.builder.add_node(node)
    return results


def _opsets(model: onnx.ModelProto) -> dict[str, int]:
    return {opset.domain: opset.version for opset in model.opset_import}


def _asked(op: Op, inputs: Mapping[str, ir.Value], ids: ir.Value, first: ir.Value) -> dict[str, ir.Value]:
    """What both loops read of ids [T] and the number of the first token."""
    count = _count(op, inputs)
    return {
        "input_ids": op.Unsqueeze(ids, [0]),
        "lengths": op.Shape(ids),
        "max_new_tokens": count,
        "uniforms": _numbers(op, inputs, first, count),
    }


def _read(op: Op, tokenizer: Tokenizer, inputs: Mapping[str, ir.Value]) -> ir.Value:
    """The ids int64 [T] of the bytes; nothing costs nothing."""
    octets = inputs["input_text"]
    some = op.Greater(op.Squeeze(op.Shape(octets), [0]), 0)
    ids: ir.Value = branch(
        op,
        some,
        lambda op: encode(op, tokenizer, code_points(op, octets)),
        lambda op: op.Constant(value=ir.tensor(np.zeros(0, np.int64))),
        lambda: [value(None, INT64, ["T"])],
    )
    return ids


def _begun(op: Op, tokenizer: Tokenizer, ids: ir.Value) -> ir.Value:
    """Some ids [T], or where there are none what opens a text."""
    opening = np.array(tokenizer.opening(), np.int64)
    needed = op.Where(op.Equal(op.Shape(ids), 0), len(opening), 0)  # [1]
    return op.Concat(op.Slice(constant(op, opening), [0], needed, [0]), ids, axis=0)  # type: ignore[no-any-return]


def _formed(op: Op, tokenizer: Tokenizer, ids: ir.Value) -> ir.Value:
    """Ids [T] filled up, and with what stands before and behind every text."""
    if tokenizer.width and tokenizer.pad_id is not None:
        missing = op.Max(op.Sub(tokenizer.width, op.Shape(ids)), 0)
        ids = op.Concat(ids, op.Expand(constant(op, np.array([tokenizer.pad_id])), missing), axis=0)
    if tokenizer.before or tokenizer.after:
        edges = [constant(op, np.array(edge, np.int64)) for edge in (tokenizer.before, tokenizer.after)]
        ids = op.Concat(edges[0], ids, edges[1], axis=0)
    return ids


def _count(op: Op, inputs: Mapping[str, ir.Value]) -> ir.Value:
    """int64: how many tokens may be written, within what the options allow."""
    most = int(range_of("max_new_tokens")[1])
    return op.Min(op.Max(inputs["max_new_tokens"], 0), most)  # type: ignore[no-any-return]


def _numbers(op: Op, inputs: Mapping[str, ir.Value], first: ir.Value, count: ir.Value) -> ir.Value:
    """float32 [M, 1] to draw from; greedy draws nothing."""
    shape = op.Concat(op.Unsqueeze(count, [0]), [1], axis=0)
    zero = constant(op, np.float32(0))
    numbers: ir.Value = branch(
        op,
        op.Greater(inputs["temperature"], 0.0),
        lambda op: uniforms(op, inputs["seed"], first, count),
        lambda op: op.Expand(zero, shape),
        lambda: [value(None, FLOAT, ["M", 1])],
    )
    return numbers


def _up_to_line_break(op: Op, octets: ir.Value, stops: ir.Value) -> ir.Value:
    """Bytes [C] up to the first line break, where one stops."""
    breaks = op.Equal(op.Cast(octets, to=INT32.value), int32(op, _LINE_BREAK))
    met = op.CumSum(op.Cast(breaks, to=INT32.value), 0)
    keep = op.Or(op.Equal(met, int32(op, 0)), op.Not(stops))
    return op.Compress(octets, keep, axis=0)  # type: ignore[no-any-return]
