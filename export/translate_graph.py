"""translate.onnx: encoder, decoder and the whole decode loop, in standard operators.

Source ids and knobs go in, target ids come out; the end marker stops a sequence. What the decoder computes from the
source alone is computed once, before the loop.
"""

import numpy as np
import onnx
import onnx_ir as ir

from toolkit.models.seq2seq_rnn import Seq2SeqRNN
from toolkit.signature import Signature
from toolkit.tokenizer import Tokenizer, nothing_id

from .encoder_graph import encode
from .graph_model import graph_model
from .loop_graph import decode, goes_on_after, inside, quiet, sequences_first, tokens_to_write
from .sampling_graph import choice_of, constant
from .step_graph import NEVER, Op, StepGraph


def translate_graph(
    network: Seq2SeqRNN,
    decoder: onnx.ModelProto,
    contracts: tuple[Signature, Signature],
    tokenizer: Tokenizer,
    name: str,
) -> onnx.ModelProto:
    """Build the loop around a decoder.

    Args:
        network: gives the encoder; in eval mode, on the CPU.
        decoder: its step, as decoder.onnx has it.
        contracts: of the decoder and of this graph.
        tokenizer: of the target, with markers.
        name: of the graph.

    Returns:
        A checked model without metadata.
    """
    step, signature = contracts
    banned = sorted(tokenizer.unwritten_ids)
    inner = StepGraph(decoder, step.states, len(tokenizer), banned)

    def body(op: Op, inputs: dict[str, ir.Value]) -> list[ir.Value]:
        return _translate(op, network, inner, inputs, tokenizer)

    return graph_model(name, signature, body, inner.opset_imports, decoder.ir_version)


def _translate(
    op: Op, network: Seq2SeqRNN, inner: StepGraph, inputs: dict[str, ir.Value], tokenizer: Tokenizer
) -> list[ir.Value]:
    """Encode, decode, and end what has met its end marker."""
    v, yes, n = len(tokenizer), constant(op, value=True), op.Shape(inputs["lengths"])

    # One column more behind, so that a source of no length has something to be read.
    column = op.Expand(constant(op, np.array([nothing_id(network.source_size)])), op.Concat(n, [1], axis=0))
    length = op.Squeeze(op.Shape(inputs["input_ids"], start=1, end=2), [0])
    lengths = op.Max(op.Min(inputs["lengths"], length), 1)
    memory, states = encode(op, network, op.Concat(inputs["input_ids"], column, axis=1), lengths)
    known = inner.known(op, {"memory": memory, "lengths": lengths})

    choice = choice_of(op, inputs, v)
    used = op.Expand(op.Not(yes), op.Concat(n, op.Unsqueeze(op.Where(choice.penalised, v, 0), [0]), axis=0))
    stop_ids = op.Concat(inside(op, inputs["stop_ids"], v), [tokenizer.end_id], axis=0)
    goes_on = goes_on_after(op, stop_ids, v)
    first = op.Expand(constant(op, np.array([tokenizer.start_id])), n)
    start = [first, op.Expand(yes, n), used, *inner.unpack(op, states)]
    row = np.zeros((1, v), bool)
    row[0, tokenizer.end_id] = True
    end, never, shortest = constant(op, row), constant(op, NEVER), op.Unsqueeze(inputs["min_lengths"], [1])

    def allow(op: Op, step: ir.Value, logits: ir.Value) -> ir.Value:
        return op.Where(op.And(op.Less(step, shortest), end), never, logits)  # type: ignore[no-any-return]

    ended = decode(op, inner, tokens_to_write(op, inputs), goes_on, choice, start, known, allow)
    output_ids, log_probs = sequences_first(op, ended[-2:], n)
    stopped, last = op.Expand(op.Not(yes), n), op.Unsqueeze(first, [1])
    return list(quiet(op, output_ids, log_probs, op.Gather(goes_on, output_ids), stopped, last))
