"""A recurrent network written out: what torch.nn.RNN computes, in plain tensors, one step after the other.

Elman's simple recurrent network (Cognitive Science 14, 1990) with tanh, and the same in both directions (Schuster and
Paliwal, IEEE Transactions on Signal Processing 45, 1997). The weights are those of an nn.RNN: its state_dict.
"""

from collections.abc import Mapping

import torch
from torch import Tensor


def rnn(x: Tensor, weights: Mapping[str, Tensor], layer: int = 0, direction: str = "") -> tuple[Tensor, Tensor]:
    """Read sequences with one layer, first step to last: h_t = tanh(W_ih x_t + b_ih + W_hh h_(t-1) + b_hh).

    Args:
        x: [T, N, D]: steps, sequences, numbers.
        weights: weight_ih_l0 [H, D], weight_hh_l0 [H, H] and, where there are biases, bias_ih_l0 and bias_hh_l0 [H].
        layer: the number in those names.
        direction: the end of those names: "", or "_reverse" for the weights of the backward direction.

    Returns:
        The state after each step [T, N, H], and after the last one [N, H]. Before the first it is zeros.
    """
    name = f"l{layer}{direction}"
    w_ih = weights[f"weight_ih_{name}"]  # [H, D]
    w_hh = weights[f"weight_hh_{name}"]  # [H, H]
    h = torch.zeros(x.shape[1], w_hh.shape[0], dtype=x.dtype)  # [N, H]
    outputs = []
    for x_t in x:  # [N, D]
        from_input = x_t @ w_ih.T  # [N, H]
        from_state = h @ w_hh.T  # [N, H]
        total = from_input + from_state
        if f"bias_ih_{name}" in weights:
            total = total + weights[f"bias_ih_{name}"] + weights[f"bias_hh_{name}"]
        h = torch.tanh(total)
        outputs.append(h)
    return torch.stack(outputs), h


def bidirectional_rnn(x: Tensor, weights: Mapping[str, Tensor], num_layers: int = 1) -> tuple[Tensor, Tensor]:
    """Read sequences in both directions; each layer reads what both directions of the one below gave.

    Args:
        x: [T, N, D].
        weights: as of `rnn`, for each layer and direction; D of the second layer on is 2H.
        num_layers: L.

    Returns:
        What both directions of the last layer gave at each place, side by side [T, N, 2H], and their last states
        [2L, N, H]: layer by layer, forward before backward.
    """
    last = []
    for layer in range(num_layers):
        forward, last_forward = rnn(x, weights, layer)  # [T, N, H], [N, H]
        from_the_end = x.flip(0)  # [T, N, D]: the last step first
        flipped, last_backward = rnn(from_the_end, weights, layer, "_reverse")
        backward = flipped.flip(0)  # [T, N, H]: at each place, what was read from the end up to there
        x = torch.cat([forward, backward], dim=-1)  # [T, N, 2H]
        last += [last_forward, last_backward]
    return x, torch.stack(last)
