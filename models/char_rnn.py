"""The language model of the tutorials: ids -> one-hot or embedding -> recurrent layers -> logits."""

from collections.abc import Callable
from typing import cast

import torch
from torch import Tensor, nn
from torch.nn import functional

from toolkit.signature import STATE_INPUTS

from .cells import gru_cell, lstm_cell, rnn_cell
from .network_options import NetworkOptions

State = tuple[Tensor, ...]
"""(h,) or (h, c), each [L, N, H]."""

RECURRENT: dict[str, Callable[..., nn.RNNBase]] = {"rnn": nn.RNN, "gru": nn.GRU, "lstm": nn.LSTM}
"""Torch's own modules."""


class CharRNN(nn.Module):
    """A recurrent language model over any tokens.

    `forward` reads whole sequences through torch's fused modules, for training; `step` reads one token
    through the explicit arithmetic of `cells`, which is what gets exported. Both use the same weights.
    """

    def __init__(self, options: NetworkOptions, vocab_size: int) -> None:
        super().__init__()
        self.options = options
        self.vocab_size = vocab_size
        o = options
        self.embedding = nn.Embedding(vocab_size, o.embedding_size) if o.embedding_size else None
        kinds = {"nonlinearity": o.nonlinearity} if o.cell == "rnn" else {}
        self.rnn = RECURRENT[o.cell](
            o.embedding_size or vocab_size,
            o.hidden_size,
            o.num_layers,
            dropout=o.dropout if o.num_layers > 1 else 0.0,  # torch drops between layers only, and warns
            **kinds,
        )
        self.dropout = nn.Dropout(o.dropout)
        # A tied output is as wide as the embedding; a projection takes H there where they differ.
        width = o.embedding_size if o.tie_weights else o.hidden_size
        self.projection = nn.Linear(o.hidden_size, width, bias=False) if width != o.hidden_size else None
        self.output = nn.Linear(width, vocab_size)
        if o.tie_weights and self.embedding is not None:
            nn.init.normal_(self.embedding.weight, std=width**-0.5)  # as an output matrix it must start small
            self.output.weight = self.embedding.weight
        if o.init == "normal":
            self._init_from_scratch()

    def _init_from_scratch(self) -> None:
        """Weights from N(0, 0.01²), biases 0; the second bias of each layer, which such networks lack, stays 0."""
        for name, weight in self.named_parameters():
            if "bias" in name:
                nn.init.zeros_(weight)
                weight.requires_grad_("bias_hh" not in name)
            else:
                nn.init.normal_(weight, std=0.01)

    @property
    def device(self) -> torch.device:
        """Where the weights are."""
        return self.output.weight.device

    def init_state(self, batch_size: int) -> State:
        """Zeros, one [L, N, H] tensor for each state input of the cell."""
        shape = (self.options.num_layers, batch_size, self.options.hidden_size)
        return tuple(torch.zeros(shape, device=self.device) for _ in STATE_INPUTS[self.options.cell])

    def forward(self, input_ids: Tensor, state: State) -> tuple[Tensor, State]:
        """Read a batch of sequences.

        Args:
            input_ids: int64 [N, T].
            state: see `init_state`.

        Returns:
            logits float32 [N, T, V] and the state after the last token.
        """
        ids = input_ids.T  # (T, N): time first keeps each step's rows together
        if self._unrolls():
            hidden, next_state = self._unrolled(ids, state)
        else:
            x = self._input(ids)  # (T, N, V or E)
            hx = state if self.options.cell == "lstm" else state[0]
            hidden, after = self.rnn(x, hx)
            next_state = after if self.options.cell == "lstm" else (after,)
        return self._logits(hidden).transpose(0, 1), next_state

    def step(self, input_ids: Tensor, state: State) -> tuple[Tensor, State]:
        """Read one token of each sequence with explicit arithmetic.

        Args:
            input_ids: int64 [N].
            state: see `init_state`.

        Returns:
            logits float32 [N, V] and the next state.
        """
        x = functional.linear(self._input(input_ids), self._weight("weight_ih", 0), self._weight("bias_ih", 0))
        hidden, next_state = self._step_layers(x, state)
        return self._logits(hidden), next_state

    def _input(self, ids: Tensor) -> Tensor:
        """What the first layer sees: an embedding (with dropout) or a one-hot vector."""
        if self.embedding is not None:
            return cast("Tensor", self.dropout(self.embedding(ids)))
        return functional.one_hot(ids, self.vocab_size).to(self.output.weight.dtype)

    def _logits(self, hidden: Tensor) -> Tensor:
        hidden = self.dropout(hidden)
        if self.projection is not None:
            hidden = self.projection(hidden)
        return cast("Tensor", self.output(hidden))

    def _weight(self, name: str, layer: int) -> Tensor:
        return cast("Tensor", getattr(self.rnn, f"{name}_l{layer}"))

    def _step_layers(self, x: Tensor, state: State) -> tuple[Tensor, State]:
        """One step of all layers from the first layer's input product [N, gates*H]."""
        next_layers: list[State] = []
        for layer in range(self.options.num_layers):
            if layer:
                x = functional.linear(x, self._weight("weight_ih", layer), self._weight("bias_ih", layer))
            next_layers.append(self._cell(layer, x, tuple(part[layer] for part in state)))
            x = next_layers[-1][0]
        return x, tuple(torch.stack(parts) for parts in zip(*next_layers, strict=True))

    def _cell(self, layer: int, x: Tensor, state: State) -> State:
        """One step of one layer: input product [N, gates*H], state [N, H] each -> next state [N, H] each."""
        w_hh, b_hh = self._weight("weight_hh", layer).T, self._weight("bias_hh", layer)
        if self.options.cell == "lstm":
            return lstm_cell(x, state[0], state[1], w_hh, b_hh)
        if self.options.cell == "gru":
            return (gru_cell(x, state[0], w_hh, b_hh),)
        return (rnn_cell(x, state[0], w_hh, b_hh, self.options.nonlinearity),)

    def _unrolls(self) -> bool:
        """Whether training takes the loop below: one-hot input, one layer, on the CPU.

        Multiplying a one-hot batch with W_ih is a look-up of its columns. nn.RNN cannot be given the
        product, only the one-hot vectors; looping over `cells` is 1.2 to 1.6 x faster here.
        """
        return self.training and self.embedding is None and self.options.num_layers == 1 and self.device.type == "cpu"

    def _unrolled(self, ids: Tensor, state: State) -> tuple[Tensor, State]:
        """The recurrence over looked-up input products: ids [T, N] -> hidden [T, N, H], state."""
        products = functional.embedding(ids, self._weight("weight_ih", 0).T) + self._weight("bias_ih", 0)
        layer_state = tuple(part[0] for part in state)
        hidden = []
        for x in products.unbind(0):
            layer_state = self._cell(0, x, layer_state)
            hidden.append(layer_state[0])
        return torch.stack(hidden), tuple(part[None] for part in layer_state)
