"""A bidirectional network over a window of tokens: ids -> one-hot or embedding -> recurrent layers -> logits."""

import torch
from torch import Tensor, nn
from torch.nn import functional

from .char_rnn import RECURRENT
from .window_options import WindowOptions


class WindowRNN(nn.Module):
    """Reads a window in both directions and predicts the token after it; scriptable.

    The output layer sees what the last recurrent layer gives at the last position. There its forward direction has read
    the whole window, its backward direction the last position alone (so that its W_hh has no influence): only from the
    second layer on does reading backward tell more, since every position then holds what the layer below read from both
    ends.
    """

    __jit_unused_properties__ = ("device",)

    def __init__(self, options: WindowOptions, vocab_size: int) -> None:
        super().__init__()
        self.options = options
        self.vocab_size = vocab_size
        o = options
        self.embedding = nn.Embedding(vocab_size, o.embedding_size) if o.embedding_size else None
        self.rnn = RECURRENT[o.cell](
            o.embedding_size or vocab_size,
            o.hidden_size,
            o.num_layers,
            dropout=o.dropout if o.num_layers > 1 else 0.0,  # torch drops between layers only, and warns
            bidirectional=True,
        )
        self.dropout = nn.Dropout(o.dropout)
        self.output = nn.Linear(2 * o.hidden_size, vocab_size)

    @property
    def device(self) -> torch.device:
        """Where the weights are."""
        return self.output.weight.device

    def forward(self, input_ids: Tensor) -> Tensor:
        """Read windows.

        Args:
            input_ids: int64 [N, T], T at least 1.

        Returns:
            logits [N, V] of the token after the last one.
        """
        ids = input_ids.t()  # (T, N)
        if self.embedding is not None:
            x = self.dropout(self.embedding(ids))  # (T, N, E)
        else:
            x = functional.one_hot(ids, self.vocab_size).to(self.output.weight.dtype)  # (T, N, V)
        hidden = self.rnn(x)[0]  # (T, N, 2H)
        logits: Tensor = self.output(self.dropout(hidden[-1]))
        return logits
