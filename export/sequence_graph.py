"""sequence.onnx: a whole window in one call, the recurrent layers as ONNX's own operators."""

import numpy as np
import onnx
import onnx_ir as ir
from torch import Tensor

from toolkit.models.window_rnn import WindowRNN
from toolkit.signature import Signature

from .graph_model import graph_model
from .recurrent_graph import recurrent
from .sampling_graph import constant
from .step_graph import Op


def sequence_graph(network: WindowRNN, signature: Signature, name: str) -> onnx.ModelProto:
    """Build the graph.

    Args:
        network: gives the weights.
        signature: `toolkit.signature.sequence_signature` of its vocabulary.
        name: of the graph.

    Returns:
        A checked model without metadata; batch and length are dynamic.
    """

    def weight(op: Op, name: str, tensor: Tensor) -> ir.Value:
        array = tensor.detach().cpu().numpy()
        return op.builder.root.initializer(ir.tensor(array), name=name, qualify=False)  # type: ignore[no-any-return]

    def body(op: Op, inputs: dict[str, ir.Value]) -> list[ir.Value]:
        ids = op.Transpose(inputs["input_ids"], perm=[1, 0])  # [T, N]
        if network.embedding is not None:
            x = op.Gather(weight(op, "embedding", network.embedding.weight), ids, axis=0)  # [T, N, E]
        else:
            off_and_on = constant(op, np.array([0, 1], np.float32))
            x = op.OneHot(ids, network.vocab_size, off_and_on, axis=-1)  # [T, N, V]
        hidden, _ = recurrent(op, network.rnn, x)  # [T, N, 2H]
        last = op.Gather(hidden, constant(op, -1), axis=0)  # [N, 2H]
        output = network.output
        return [op.Gemm(last, weight(op, "output_w", output.weight), weight(op, "output_b", output.bias), transB=1)]

    return graph_model(name, signature, body)
