"""A sequence-to-sequence network: an encoder reads the source, a decoder writes the target.

The encoder-decoder of Sutskever, Vinyals and Le (2014, arXiv:1409.3215) and Cho et al. (2014, arXiv:1406.1078); with
attention, see `attention`.
"""

from typing import cast

import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from toolkit.tokenizer import PAD_ID

from .attention import Attention
from .char_rnn import RECURRENT, State
from .seq2seq_options import Seq2SeqOptions


class _Tokens(nn.Module):
    """Ids as vectors: an embedding (with dropout), or one-hot."""

    def __init__(self, vocab_size: int, options: Seq2SeqOptions) -> None:
        super().__init__()
        self.vocab_size = vocab_size
        self.embedding = nn.Embedding(vocab_size, options.embedding_size) if options.embedding_size else None
        self.dropout = nn.Dropout(options.dropout)
        self.width = options.embedding_size or vocab_size

    def forward(self, ids: Tensor, dtype: torch.dtype) -> Tensor:
        """Ids [N, T] -> [N, T, E or V]."""
        if self.embedding is None:
            return functional.one_hot(ids, self.vocab_size).to(dtype)
        return cast("Tensor", self.dropout(self.embedding(ids)))


class Bridge(nn.Module):
    """The last states of the encoder as the first ones of the decoder, where their sizes or numbers differ.

    Args:
        given: layers times directions of the encoder, and units of each.
        wanted: layers of the decoder, and units of each.
        bounded: whether the states lie between -1 and 1, as h does and c does not.
    """

    def __init__(self, given: tuple[int, int], wanted: tuple[int, int], *, bounded: bool) -> None:
        super().__init__()
        self.layers, self.hidden_size = wanted
        self.bounded = bounded
        self.linear = nn.Linear(given[0] * given[1], wanted[0] * wanted[1])

    def forward(self, state: Tensor) -> Tensor:
        """[layers, N, units] of the encoder -> [L, N, H]."""
        joined: Tensor = self.linear(state.transpose(0, 1).flatten(1))
        if self.bounded:
            joined = torch.tanh(joined)
        return joined.view(-1, self.layers, self.hidden_size).transpose(0, 1).contiguous()


class Encoder(nn.Module):
    """Source ids -> memory, and the decoder's first states."""

    def __init__(self, options: Seq2SeqOptions, vocab_size: int) -> None:
        super().__init__()
        o, layers = options, options.encoder_layers or options.num_layers
        self.tokens = _Tokens(vocab_size, o)
        self.rnn = RECURRENT[o.cell](
            self.tokens.width,
            o.encoder_size,
            layers,
            bidirectional=o.bidirectional,
            dropout=o.dropout if layers > 1 else 0.0,
        )
        given, wanted = (layers * (2 if o.bidirectional else 1), o.encoder_size), (o.num_layers, o.hidden_size)
        parts = 2 if o.cell == "lstm" else 1
        bridges = [Bridge(given, wanted, bounded=part == 0) for part in range(parts)] if given != wanted else []
        self.bridges = nn.ModuleList(bridges)

    def forward(self, input_ids: Tensor, lengths: Tensor) -> tuple[Tensor, State]:
        """Read sources.

        Args:
            input_ids: int64 [N, T].
            lengths: int64 [N], from 1 to T; what stands behind them has no influence.

        Returns:
            memory [N, T, M], zeros behind the end of a source, and the decoder's first state, [L, N, H] each.
        """
        x = self.tokens(input_ids.T, self.rnn.weight_ih_l0.dtype)  # (T, N, E)
        packed = pack_padded_sequence(x, lengths.cpu(), enforce_sorted=False)
        out, last = self.rnn(packed)
        memory, _ = pad_packed_sequence(out, total_length=len(x))
        state: State = tuple(last) if isinstance(self.rnn, nn.LSTM) else (last,)
        if len(self.bridges):
            state = tuple(bridge(part) for bridge, part in zip(self.bridges, state, strict=True))
        return memory.transpose(0, 1), state


class Decoder(nn.Module):
    """Target ids -> logits of the next ones."""

    def __init__(self, options: Seq2SeqOptions, vocab_size: int) -> None:
        super().__init__()
        o = options
        self.tokens = _Tokens(vocab_size, o)
        dropout = o.dropout if o.num_layers > 1 else 0.0
        self.rnn = RECURRENT[o.cell](self.tokens.width, o.hidden_size, o.num_layers, dropout=dropout)
        self.attention = Attention(o.attention, o.hidden_size, o.memory_size) if o.attention != "none" else None
        self.dropout = nn.Dropout(o.dropout)
        self.output = nn.Linear(o.hidden_size, vocab_size)

    def forward(
        self, input_ids: Tensor, state: State, memory: Tensor, lengths: Tensor
    ) -> tuple[Tensor, State, Tensor | None]:
        """Read targets.

        Args:
            input_ids: int64 [N, S].
            state: of the encoder or an earlier call.
            memory: [N, T, M].
            lengths: int64 [N].

        Returns:
            logits [N, S, V], the state after the last token, and the attention's weights [N, S, T] where there is one.
        """
        x = self.tokens(input_ids.T, self.rnn.weight_ih_l0.dtype)  # (S, N, E)
        lstm = isinstance(self.rnn, nn.LSTM)
        hidden, after = self.rnn(x, state if lstm else state[0])
        hidden, weights = hidden.transpose(0, 1), None
        if self.attention is not None:
            hidden, weights = self.attention(hidden, memory, lengths)
        return self.output(self.dropout(hidden)), after if lstm else (after,), weights


class Seq2SeqRNN(nn.Module):
    """Encoder and decoder.

    Args:
        options: their shape.
        source_size: tokens of the source vocabulary.
        target_size: V, tokens of the target vocabulary.
    """

    def __init__(self, options: Seq2SeqOptions, source_size: int, target_size: int) -> None:
        super().__init__()
        self.options = options
        self.source_size, self.target_size = source_size, target_size
        self.encoder = Encoder(options, source_size)
        self.decoder = Decoder(options, target_size)

    @property
    def device(self) -> torch.device:
        """Where the weights are."""
        return self.decoder.output.weight.device

    def forward(self, sources: Tensor, lengths: Tensor, targets: Tensor) -> Tensor:
        """Read sources, and targets as far as the decoder is given them (see `Seq2SeqOptions.teacher_forcing`).

        Args:
            sources: int64 [N, T].
            lengths: int64 [N], of the sources.
            targets: int64 [N, S], the start marker first.

        Returns:
            logits [N, S, V] of the token after each.
        """
        memory, state = self.encoder(sources, lengths)
        forced = self.options.teacher_forcing if self.training else 1.0
        if forced == 1:
            logits: Tensor = self.decoder(targets, state, memory, lengths)[0]
            return logits
        given, ids = torch.rand(targets.shape) < forced, targets[:, :1]
        steps: list[Tensor] = []
        for t in range(targets.shape[1]):
            if t:
                own = steps[-1].argmax(dim=-1)
                ids = torch.where(given[:, t : t + 1].to(own.device), targets[:, t : t + 1], own)
            step, state, _ = self.decoder(ids, state, memory, lengths)
            steps.append(step)
        return torch.cat(steps, dim=1)

    def loss(self, sources: Tensor, lengths: Tensor, targets: Tensor, reduction: str = "mean") -> Tensor:
        """Cross-entropy of the targets' tokens after the first; padding does not count.

        Args:
            sources: int64 [N, T].
            lengths: int64 [N].
            targets: int64 [N, S + 1]: start marker, tokens, end marker, padding.
            reduction: "mean" over what counts, or "sum".
        """
        logits = self(sources, lengths, targets[:, :-1])
        return functional.cross_entropy(
            logits.flatten(0, 1), targets[:, 1:].flatten(), ignore_index=PAD_ID, reduction=reduction
        )
