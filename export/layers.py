"""Recurrent layers for a step that can be scripted and captured: torch's weights, the arithmetic of `cells`.

Weights are laid out for ``x @ w``; the bias of the input and of the recurrence are added up where the cell allows it.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional

from toolkit.models.cells import gru_cell, lstm_cell, rnn_cell


class Product(nn.Module):
    """x [N, D] -> x w + b [N, K]."""

    weight: Tensor
    bias: Tensor

    def __init__(self, weight: Tensor, bias: Tensor) -> None:
        super().__init__()
        self.register_buffer("weight", weight.contiguous())  # [D, K]
        self.register_buffer("bias", bias.contiguous())  # [K]

    def forward(self, x: Tensor) -> Tensor:
        """See the class."""
        return torch.matmul(x, self.weight) + self.bias


class Table(nn.Module):
    """ids [N] -> rows of a table [N, K]."""

    table: Tensor

    def __init__(self, table: Tensor) -> None:
        super().__init__()
        self.register_buffer("table", table.contiguous())

    def forward(self, input_ids: Tensor) -> Tensor:
        """See the class."""
        return functional.embedding(input_ids, self.table)


class TiedProduct(nn.Module):
    """x [N, D] -> x tableᵀ + b [N, K], of the very tensor [K, D] that a `Table` holds: files have it once."""

    table: Tensor
    bias: Tensor

    def __init__(self, table: Tensor, bias: Tensor) -> None:
        super().__init__()
        self.register_buffer("table", table)
        self.register_buffer("bias", bias.contiguous())

    def forward(self, x: Tensor) -> Tensor:
        """See the class."""
        return torch.matmul(x, self.table.t()) + self.bias


class _Rnn(nn.Module):
    """One layer of cell rnn: x, h -> h'."""

    w_hh: Tensor

    def __init__(self, product: nn.Module, w_hh: Tensor, nonlinearity: str) -> None:
        super().__init__()
        self.product = product
        self.nonlinearity = nonlinearity
        self.register_buffer("w_hh", w_hh.contiguous())

    def forward(self, x: Tensor, h: Tensor) -> Tensor:
        return rnn_cell(self.product(x), h, self.w_hh, None, self.nonlinearity)


class _Gru(nn.Module):
    """One layer of cell gru: x, h -> h'."""

    w_hh: Tensor
    b_hh: Tensor

    def __init__(self, product: nn.Module, w_hh: Tensor, b_hh: Tensor) -> None:
        super().__init__()
        self.product = product
        self.register_buffer("w_hh", w_hh.contiguous())
        self.register_buffer("b_hh", b_hh.contiguous())

    def forward(self, x: Tensor, h: Tensor) -> Tensor:
        return gru_cell(self.product(x), h, self.w_hh, self.b_hh)


class _Lstm(nn.Module):
    """One layer of cell lstm: x, h, c -> h', c'."""

    w_hh: Tensor

    def __init__(self, product: nn.Module, w_hh: Tensor) -> None:
        super().__init__()
        self.product = product
        self.register_buffer("w_hh", w_hh.contiguous())

    def forward(self, x: Tensor, h: Tensor, c: Tensor) -> tuple[Tensor, Tensor]:
        return lstm_cell(self.product(x), h, c, self.w_hh, None)


class OneState(nn.Module):
    """Layers of cell rnn or gru: x [N, D], h0 [L, N, H] -> hidden [N, H], next_h0."""

    def __init__(self, layers: nn.ModuleList) -> None:
        super().__init__()
        self.layers = layers

    def forward(self, x: Tensor, states: list[Tensor]) -> tuple[Tensor, list[Tensor]]:
        """See the class."""
        h0 = states[0]
        next_h: list[Tensor] = []
        for i, layer in enumerate(self.layers):
            x = layer(x, h0[i])
            next_h.append(x)
        return x, [torch.stack(next_h)]


class TwoStates(nn.Module):
    """Layers of cell lstm: x [N, D], h0 and c0 [L, N, H] -> hidden [N, H], next_h0, next_c0."""

    def __init__(self, layers: nn.ModuleList) -> None:
        super().__init__()
        self.layers = layers

    def forward(self, x: Tensor, states: list[Tensor]) -> tuple[Tensor, list[Tensor]]:
        """See the class."""
        h0, c0 = states[0], states[1]
        next_h: list[Tensor] = []
        next_c: list[Tensor] = []
        for i, layer in enumerate(self.layers):
            x, c = layer(x, h0[i], c0[i])
            next_h.append(x)
            next_c.append(c)
        return x, [torch.stack(next_h), torch.stack(next_c)]


def input_weight(rnn: nn.RNNBase, layer: int) -> Tensor:
    """W_ih [D, gates*H], transposed for ``x @ w``."""
    return _weight(rnn, "weight_ih", layer).T


def input_bias(rnn: nn.RNNBase, layer: int) -> Tensor:
    """b_ih [gates*H], with b_hh where that is no more than added to it."""
    if not rnn.bias:
        return torch.zeros(_weight(rnn, "weight_ih", layer).shape[0])
    bias = _weight(rnn, "bias_ih", layer)
    folds = not isinstance(rnn, nn.GRU)  # the GRU multiplies its recurrent bias with the reset gate
    return bias + _weight(rnn, "bias_hh", layer) if folds else bias


def looked_up(rnn: nn.RNNBase, embedding: Tensor | None, max_table_bytes: int) -> nn.Module:
    """The input product of the first layer over tokens: ids [N] -> [N, gates*H].

    Args:
        rnn: gives the weights.
        embedding: [V, E], detached; None where the input is one-hot.
        max_table_bytes: an embedding is folded into a look-up table of at most this size; a one-hot input always is
            one, of the size of its own W_ih.
    """
    w_ih, b_ih = input_weight(rnn, 0), input_bias(rnn, 0)  # (V or E, gates*H), (gates*H,)
    if embedding is None:
        return Table(w_ih + b_ih)
    if len(embedding) * w_ih.shape[1] * w_ih.element_size() <= max_table_bytes:
        # In float64, or the last bits would depend on where the tensors lie in memory, and so would the files.
        table = embedding.double() @ w_ih.double() + b_ih.double()
        return Table(table.to(w_ih.dtype))
    return nn.Sequential(Table(embedding), Product(w_ih, b_ih))


def recurrent_layers(rnn: nn.RNNBase, first: nn.Module, nonlinearity: str) -> nn.Module:
    """All layers of a recurrent module.

    Args:
        rnn: gives the weights.
        first: the input product of the first layer.
        nonlinearity: of an nn.RNN.

    Returns:
        `TwoStates` for an LSTM, else `OneState`.
    """
    layers = nn.ModuleList()
    for layer in range(rnn.num_layers):
        product = Product(input_weight(rnn, layer), input_bias(rnn, layer)) if layer else first
        w_hh = _weight(rnn, "weight_hh", layer).T
        if isinstance(rnn, nn.LSTM):
            layers.append(_Lstm(product, w_hh))
        elif isinstance(rnn, nn.GRU):
            b_hh = _weight(rnn, "bias_hh", layer) if rnn.bias else torch.zeros(w_hh.shape[1])
            layers.append(_Gru(product, w_hh, b_hh))
        else:
            layers.append(_Rnn(product, w_hh, nonlinearity))
    return TwoStates(layers) if isinstance(rnn, nn.LSTM) else OneState(layers)


def _weight(rnn: nn.RNNBase, name: str, layer: int) -> Tensor:
    tensor = getattr(rnn, f"{name}_l{layer}")
    assert isinstance(tensor, Tensor)
    return tensor.detach()
