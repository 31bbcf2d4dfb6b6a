"""sequence.onnx: a whole window in one call, the recurrent layers as ONNX's own operators."""

import onnx
import onnx_ir as ir

from toolkit.models.window_rnn import WindowRNN
from toolkit.signature import Signature

from .graph_model import graph_model
from .recurrent_graph import recurrent, token_vectors, weight
from .sampling_graph import constant
from .step_graph import Op


def sequence_graph(network: WindowRNN, signature: Signature, name: str) -> onnx.ModelProto:
    """Build the graph.

    Args:
        network: gives the weights.
        signature: `toolkit.signature.sequence_signature` of its vocabulary.
        name: of the graph.

    Returns:
        A checked model without metadata; batch and length are dynamic. Ids outside the vocabulary are read as `<unk>`.
    """

    def body(op: Op, inputs: dict[str, ir.Value]) -> list[ir.Value]:
        x = token_vectors(op, inputs["input_ids"], network.vocab_size, network.embedding)  # [T, N, E or V]
        hidden, _ = recurrent(op, network.rnn, x)  # [T, N, 2H]
        last, output = op.Gather(hidden, constant(op, -1), axis=0), network.output  # [N, 2H]
        return [op.Gemm(last, weight(op, "output_w", output.weight), weight(op, "output_b", output.bias), transB=1)]

    return graph_model(name, signature, body)
