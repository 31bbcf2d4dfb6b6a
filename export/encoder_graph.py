"""encoder.onnx: a whole source in one call, by ONNX's own recurrent operators.

torch.onnx.export would unroll the recurrence over time, or freeze its length.
"""

import onnx
import onnx_ir as ir
from torch import nn

from toolkit.models.seq2seq_rnn import Bridge, Seq2SeqRNN
from toolkit.signature import Signature

from .graph_model import graph_model
from .recurrent_graph import recurrent, token_vectors, weight
from .sampling_graph import INT32, constant
from .step_graph import Op


def encoder_graph(network: Seq2SeqRNN, signature: Signature, name: str) -> onnx.ModelProto:
    """The encoder of a network in eval mode, on the CPU, as a checked model without metadata."""

    def body(op: Op, inputs: dict[str, ir.Value]) -> list[ir.Value]:
        memory, states = encode(op, network, inputs["input_ids"], inputs["lengths"])
        return [memory, *states]

    return graph_model(name, signature, body)


def encode(op: Op, network: Seq2SeqRNN, input_ids: ir.Value, lengths: ir.Value) -> tuple[ir.Value, list[ir.Value]]:
    """Build the encoder into a graph.

    Args:
        op: builds it; weights become initializers of its outermost one.
        network: in eval mode, on the CPU.
        input_ids: int64 [N, T], T at least 1; ids outside the vocabulary are read as `<unk>`.
        lengths: int64 [N]; outside 1 to T they mean the nearest of the two.

    Returns:
        memory float32 [N, T, M], zeros behind the end of a source, and the decoder's first states, [L, N, H] each.
    """
    encoder, length = network.encoder, op.Squeeze(op.Shape(input_ids, start=1, end=2), [0])
    x = token_vectors(op, input_ids, network.source_size, encoder.tokens.embedding, "source_embedding")
    lengths = op.Cast(op.Max(op.Min(lengths, length), 1), to=INT32.value)
    memory, states = recurrent(op, encoder.rnn, x, lengths, "encoder")
    if len(encoder.bridges):
        pairs = zip(encoder.bridges, states, "hc", strict=False)
        states = [_bridge(op, bridge, state, f"bridge_{part}") for bridge, state, part in pairs]
    return op.Transpose(memory, perm=[1, 0, 2]), states


def _bridge(op: Op, bridge: nn.Module, state: ir.Value, name: str) -> ir.Value:
    """[layers, N, units] of the encoder -> [L, N, H]."""
    assert isinstance(bridge, Bridge)
    units = bridge.linear.in_features
    joined = op.Reshape(op.Transpose(state, perm=[1, 0, 2]), constant(op, [-1, units]))
    w, b = weight(op, f"{name}_w", bridge.linear.weight.T), weight(op, f"{name}_b", bridge.linear.bias)
    joined = op.Add(op.MatMul(joined, w), b)
    if bridge.bounded:
        joined = op.Tanh(joined)
    apart = op.Reshape(joined, constant(op, [-1, bridge.layers, bridge.hidden_size]))
    return op.Transpose(apart, perm=[1, 0, 2])  # type: ignore[no-any-return]
