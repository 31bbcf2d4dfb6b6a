"""The arithmetic of one recurrent step, written out: what the export turns into a graph.

Each function takes the input product ``x`` (W_ih x + b_ih, shape [N, gates*H]) and the previous state and
returns the next one. Gate order and formulas are those of torch.nn.RNNCell, GRUCell and LSTMCell, so
that the weights of nn.RNN, nn.GRU and nn.LSTM can be used as they are. All are scriptable. Where b_hh may
be None, it was added to x beforehand.
"""

import torch
from torch import Tensor


def rnn_cell(x: Tensor, h: Tensor, w_hh: Tensor, b_hh: Tensor | None, nonlinearity: str) -> Tensor:
    """Elman's simple recurrent network (Cognitive Science 14, 1990): h' = f(x + W h + b).

    Args:
        x: [N, H].
        h: [N, H].
        w_hh: [H, H], transposed for ``h @ w_hh``.
        b_hh: [H] or None.
        nonlinearity: "tanh", "relu", "sigmoid" or "none".

    Returns:
        h' [N, H].
    """
    total = x + torch.matmul(h, w_hh)
    if b_hh is not None:
        total = total + b_hh
    if nonlinearity == "relu":
        return torch.relu(total)
    if nonlinearity == "sigmoid":
        return torch.sigmoid(total)
    return total if nonlinearity == "none" else torch.tanh(total)


def gru_cell(x: Tensor, h: Tensor, w_hh: Tensor, b_hh: Tensor) -> Tensor:
    """Gated recurrent unit (Cho et al. 2014, arXiv:1406.1078), in the variant of cuDNN and nn.GRU.

    r = s(x_r + W_r h + b_r), z = s(x_z + W_z h + b_z), n = tanh(x_n + r (W_n h + b_n)),
    h' = (1 - z) n + z h.

    Args:
        x: [N, 3H], gates r, z, n.
        h: [N, H].
        w_hh: [H, 3H], transposed.
        b_hh: [3H].

    Returns:
        h' [N, H].
    """
    x_r, x_z, x_n = torch.chunk(x, 3, dim=-1)
    h_r, h_z, h_n = torch.chunk(torch.matmul(h, w_hh) + b_hh, 3, dim=-1)
    r = torch.sigmoid(x_r + h_r)
    z = torch.sigmoid(x_z + h_z)
    n = torch.tanh(x_n + r * h_n)
    return n + z * (h - n)


def lstm_cell(x: Tensor, h: Tensor, c: Tensor, w_hh: Tensor, b_hh: Tensor | None) -> tuple[Tensor, Tensor]:
    """Long short-term memory with a forget gate (Gers et al. 2000), as nn.LSTM.

    i, f, o = s(...), g = tanh(...), c' = f c + i g, h' = o tanh(c').

    Args:
        x: [N, 4H], gates i, f, g, o.
        h: [N, H].
        c: [N, H].
        w_hh: [H, 4H], transposed.
        b_hh: [4H] or None.

    Returns:
        h', c', both [N, H].
    """
    gates = x + torch.matmul(h, w_hh)
    if b_hh is not None:
        gates = gates + b_hh
    i, f, g, o = torch.chunk(gates, 4, dim=-1)
    next_c = torch.sigmoid(f) * c + torch.sigmoid(i) * torch.tanh(g)
    return torch.sigmoid(o) * torch.tanh(next_c), next_c
