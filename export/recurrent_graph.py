"""Torch's recurrent modules as ONNX's own RNN, GRU and LSTM operators: whole sequences in one node a layer.

And what they read: the vectors of tokens.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx_ir as ir
from torch import Tensor, nn

from .loop_graph import inside
from .sampling_graph import constant
from .step_graph import Op

_GATE_ORDER = {nn.RNN: (0,), nn.GRU: (1, 0, 2), nn.LSTM: (0, 3, 1, 2)}
"""Where ONNX's gates stand in torch's weights: torch r, z, n -> ONNX z, r, h; torch i, f, g, o -> ONNX i, o, f, c."""

_ACTIVATIONS = {"tanh": "Tanh", "relu": "Relu"}


def recurrent(
    op: Op, rnn: nn.RNNBase, x: ir.Value, lengths: ir.Value | None = None, name: str = "rnn"
) -> tuple[ir.Value, list[ir.Value]]:
    """Read sequences from zero states, as `rnn` reads them in eval mode.

    With lengths it reads as torch reads packed sequences: each direction begins at its own end of the sequence, and
    what stands behind the end is not read. The formulas are those of ONNX's operators (opset 14), the GRU with
    linear_before_reset, as torch has it.

    Args:
        op: builds the graph; the weights become initializers of its outermost one.
        rnn: nn.RNN (tanh or relu), nn.GRU or nn.LSTM without projections; in one or both directions.
        x: float32 [T, N, D], T at least 1, whatever `rnn.batch_first` says.
        lengths: int32 [N], from 1 to T; without it every sequence is T long.
        name: of the weights, one for each module of a graph.

    Returns:
        The outputs of the last layer, float32 [T, N, directions*H], zeros behind the end of a sequence; and the final
        states h (and c of an LSTM), float32 [L*directions, N, H] each, in torch's order: layer by layer, the forward
        direction first.
    """
    kind = next(kind for kind in _GATE_ORDER if isinstance(rnn, kind))
    assert not rnn.proj_size
    order, directions = _GATE_ORDER[kind], 1 + rnn.bidirectional
    options: dict[str, Any] = {"hidden_size": rnn.hidden_size}
    options["direction"] = "bidirectional" if rnn.bidirectional else "forward"
    if isinstance(rnn, nn.RNN):
        options["activations"] = [_ACTIVATIONS[rnn.nonlinearity]] * directions
    elif isinstance(rnn, nn.GRU):
        options["linear_before_reset"] = 1
    states: list[list[ir.Value]] = []  # of each layer h (, c), [directions, N, H] each
    for layer in range(rnn.num_layers):
        weights = [
            op.builder.root.initializer(ir.tensor(array), name=f"{name}_{part}_l{layer}", qualify=False)
            for part, array in zip("wrb", _weights(rnn, layer, order), strict=False)  # there may be no biases
        ]
        bias = weights[2] if rnn.bias else None
        y, *after = getattr(op, kind.__name__)(
            x, *weights[:2], bias, lengths, **options, _outputs=3 if kind is nn.LSTM else 2
        )
        states.append(after)
        # [T, directions, N, H] -> [T, N, directions * H]
        x = op.Reshape(op.Transpose(y, perm=[0, 2, 1, 3]), [0, 0, directions * rnn.hidden_size])
    joined = [parts[0] if len(parts) == 1 else op.Concat(*parts, axis=0) for parts in zip(*states, strict=True)]
    return x, joined


def token_vectors(
    op: Op, input_ids: ir.Value, vocab_size: int, embedding: nn.Module | None, name: str = "embedding"
) -> ir.Value:
    """What a recurrent module reads of tokens.

    Args:
        op: builds the graph.
        input_ids: int64 [N, T]; those outside the vocabulary are read as `<unk>`.
        vocab_size: V.
        embedding: nn.Embedding; None for one-hot vectors.
        name: of its weight.

    Returns:
        float32 [T, N, E or V].
    """
    ids = op.Transpose(inside(op, input_ids, vocab_size), perm=[1, 0])  # [T, N]
    if embedding is None:
        return op.OneHot(ids, vocab_size, constant(op, np.array([0, 1], np.float32)))  # type: ignore[no-any-return]
    assert isinstance(embedding, nn.Embedding)
    return op.Gather(weight(op, name, embedding.weight), ids)  # type: ignore[no-any-return]


def weight(op: Op, name: str, tensor: Tensor) -> ir.Value:
    """A weight as an initializer of the outermost graph."""
    array = tensor.detach().cpu().numpy()
    return op.builder.root.initializer(ir.tensor(array), name=name, qualify=False)  # type: ignore[no-any-return]


def _weights(rnn: nn.RNNBase, layer: int, order: Sequence[int]) -> list[npt.NDArray[np.float32]]:
    """W [directions, gates*H, D], R [directions, gates*H, H] and, where there are biases, B [directions, 2*gates*H]."""

    def tensors(name: str) -> npt.NDArray[np.float32]:
        """One weight of both directions, its gates in ONNX's order: [directions, gates*H, ...]."""
        parts = []
        for suffix in ("", "_reverse")[: 1 + rnn.bidirectional]:
            tensor = getattr(rnn, f"{name}_l{layer}{suffix}")
            assert isinstance(tensor, Tensor)
            blocks = np.split(tensor.detach().cpu().numpy(), len(order))
            parts.append(np.concatenate([blocks[i] for i in order]))
        return np.stack(parts)

    found = [tensors("weight_ih"), tensors("weight_hh")]
    if rnn.bias:
        found.append(np.concatenate([tensors("bias_ih"), tensors("bias_hh")], axis=1))
    return found
