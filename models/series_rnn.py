"""A recurrent network over real numbers: inputs -> recurrent layers -> outputs."""

from typing import cast

import torch
from torch import Tensor, nn
from torch.nn import functional

from toolkit.signature import STATE_INPUTS

from .cells import rnn_cell
from .char_rnn import RECURRENT, State
from .series_options import SeriesOptions

_OWN = ("sigmoid", "none")
"""Nonlinearities that nn.RNN does not have."""


class SeriesRNN(nn.Module):
    """Numbers in, numbers out, at each step.

    Reads sequences through torch's fused modules; an RNN whose nonlinearity they lack, step by step.
    """

    def __init__(self, options: SeriesOptions) -> None:
        super().__init__()
        self.options = options
        o = options
        kinds = {"nonlinearity": o.nonlinearity} if o.cell == "rnn" and o.nonlinearity not in _OWN else {}
        self.rnn = RECURRENT[o.cell](o.input_size, o.hidden_size, o.num_layers, bias=o.bias, **kinds)
        self.output = nn.Linear(o.hidden_size, o.output_size, bias=o.bias)
        if o.init == "ones":
            for weight in self.parameters():
                nn.init.ones_(weight)

    @property
    def device(self) -> torch.device:
        """Where the weights are."""
        return self.output.weight.device

    def init_state(self, batch_size: int) -> State:
        """Zeros, one [L, N, H] tensor for each state input of the cell."""
        shape = (self.options.num_layers, batch_size, self.options.hidden_size)
        weight = self.output.weight
        return tuple(torch.zeros(shape, device=weight.device) for _ in STATE_INPUTS[self.options.cell])

    def forward(self, inputs: Tensor, state: State) -> tuple[Tensor, State]:
        """Read a batch of sequences.

        Args:
            inputs: float32 [N, T, D].
            state: see `init_state`.

        Returns:
            outputs float32 [N, T, K] and the state after the last step.
        """
        raw, after = self.raw(inputs, state)
        return (torch.sigmoid(raw) if self.options.activation == "sigmoid" else raw), after

    def raw(self, inputs: Tensor, state: State) -> tuple[Tensor, State]:
        """As `forward`, before the sigmoid."""
        x = inputs.transpose(0, 1)  # (T, N, D)
        if self.options.nonlinearity in _OWN:
            hidden, after = self._unrolled(x, state)
        elif self.options.cell == "lstm":
            hidden, after = self.rnn(x, state)
        else:
            hidden, h = self.rnn(x, state[0])
            after = (h,)
        return self.output(hidden).transpose(0, 1), after

    def _unrolled(self, x: Tensor, state: State) -> tuple[Tensor, State]:
        """An RNN step by step: x [T, N, D] -> hidden [T, N, H], state."""
        last = []
        for layer, h in enumerate(state[0]):
            x = functional.linear(x, self._weight("weight_ih", layer), self._bias("bias_ih", layer))
            hidden = []
            for product in x.unbind(0):
                w_hh, b_hh = self._weight("weight_hh", layer).T, self._bias("bias_hh", layer)
                h = rnn_cell(product, h, w_hh, b_hh, self.options.nonlinearity)  # noqa: PLW2901 - the state goes on
                hidden.append(h)
            x = torch.stack(hidden)
            last.append(h)
        return x, (torch.stack(last),)

    def _weight(self, name: str, layer: int) -> Tensor:
        return cast("Tensor", getattr(self.rnn, f"{name}_l{layer}"))

    def _bias(self, name: str, layer: int) -> Tensor | None:
        return self._weight(name, layer) if self.options.bias else None
