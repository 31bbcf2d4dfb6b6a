"""Encoder and decoder of a sequence-to-sequence network as modules that can be scripted, and the decoder captured.

The encoder keeps torch's own recurrent module and its packed sequences, which TorchScript knows; its ONNX form is built
by `encoder_graph`. The decoder is one step, made like that of a language model.
"""

import copy

import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from toolkit.models.attention import Attention
from toolkit.models.seq2seq_rnn import Seq2SeqRNN

from .layers import Product, Table, looked_up, recurrent_layers


class _OneHot(nn.Module):
    """ids [T, N] -> [T, N, V]."""

    def __init__(self, vocab_size: int) -> None:
        super().__init__()
        self.vocab_size = vocab_size

    def forward(self, input_ids: Tensor) -> Tensor:
        return functional.one_hot(input_ids, self.vocab_size).float()


class OneStateEncoder(nn.Module):
    """input_ids [N, T], lengths [N] -> memory [N, T, M], h0 [L, N, H]."""

    def __init__(self, tokens: nn.Module, rnn: nn.RNNBase, bridges: nn.ModuleList) -> None:
        super().__init__()
        self.tokens = tokens
        self.rnn = rnn
        self.bridge_h = bridges[0] if len(bridges) else nn.Identity()

    def forward(self, input_ids: Tensor, lengths: Tensor) -> tuple[Tensor, Tensor]:
        """See the class."""
        x = self.tokens(input_ids.t())  # (T, N, E)
        out, h = self.rnn(pack_padded_sequence(x, lengths.cpu(), enforce_sorted=False))
        memory, _ = pad_packed_sequence(out, total_length=x.size(0))
        return memory.transpose(0, 1).contiguous(), self.bridge_h(h)


class TwoStateEncoder(nn.Module):
    """input_ids [N, T], lengths [N] -> memory [N, T, M], h0 and c0 [L, N, H]."""

    def __init__(self, tokens: nn.Module, rnn: nn.RNNBase, bridges: nn.ModuleList) -> None:
        super().__init__()
        self.tokens = tokens
        self.rnn = rnn
        self.bridge_h = bridges[0] if len(bridges) else nn.Identity()
        self.bridge_c = bridges[1] if len(bridges) else nn.Identity()

    def forward(self, input_ids: Tensor, lengths: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """See the class."""
        x = self.tokens(input_ids.t())  # (T, N, E)
        out, (h, c) = self.rnn(pack_padded_sequence(x, lengths.cpu(), enforce_sorted=False))
        memory, _ = pad_packed_sequence(out, total_length=x.size(0))
        return memory.transpose(0, 1).contiguous(), self.bridge_h(h), self.bridge_c(c)


class _Attend(nn.Module):
    """Attention for one step: hidden [N, H], memory, lengths -> hidden [N, H], weights [N, T]."""

    def __init__(self, attention: Attention) -> None:
        super().__init__()
        self.attention = attention

    def forward(self, hidden: Tensor, memory: Tensor, lengths: Tensor) -> tuple[Tensor, Tensor]:
        found, weights = self.attention(hidden[:, None], memory, lengths)
        return found[:, 0], weights[:, 0]


class _Decoder(nn.Module):
    """What all decoder steps have.

    Args:
        source: ids [N] -> the first layer's input product.
        layers: of `layers.recurrent_layers`.
        output: hidden [N, H] -> logits [N, V].
    """

    def __init__(self, source: nn.Module, layers: nn.Module, output: nn.Module) -> None:
        super().__init__()
        self.source = source
        self.layers = layers
        self.output = output


class OneState(_Decoder):
    """input_ids [N], h0 [L, N, H] -> logits [N, V], next_h0."""

    def forward(self, input_ids: Tensor, h0: Tensor) -> tuple[Tensor, Tensor]:
        """One step; see the class."""
        hidden, states = self.layers(self.source(input_ids), [h0])
        return self.output(hidden), states[0]


class TwoStates(_Decoder):
    """input_ids [N], h0 and c0 [L, N, H] -> logits [N, V], next_h0, next_c0."""

    def forward(self, input_ids: Tensor, h0: Tensor, c0: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """One step; see the class."""
        hidden, states = self.layers(self.source(input_ids), [h0, c0])
        return self.output(hidden), states[0], states[1]


class OneStateAttending(_Decoder):
    """input_ids [N], h0 [L, N, H], memory [N, T, M], lengths [N] -> logits [N, V], next_h0, attention [N, T]."""

    def __init__(self, source: nn.Module, layers: nn.Module, output: nn.Module, attention: Attention) -> None:
        super().__init__(source, layers, output)
        self.attend = _Attend(attention)

    def forward(self, input_ids: Tensor, h0: Tensor, memory: Tensor, lengths: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """One step; see the class."""
        hidden, states = self.layers(self.source(input_ids), [h0])
        hidden, weights = self.attend(hidden, memory, lengths)
        return self.output(hidden), states[0], weights


class TwoStatesAttending(_Decoder):
    """As `OneStateAttending`, with c0 and next_c0."""

    def __init__(self, source: nn.Module, layers: nn.Module, output: nn.Module, attention: Attention) -> None:
        super().__init__(source, layers, output)
        self.attend = _Attend(attention)

    def forward(
        self, input_ids: Tensor, h0: Tensor, c0: Tensor, memory: Tensor, lengths: Tensor
    ) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """One step; see the class."""
        hidden, states = self.layers(self.source(input_ids), [h0, c0])
        hidden, weights = self.attend(hidden, memory, lengths)
        return self.output(hidden), states[0], states[1], weights


@torch.no_grad()
def encoder_module(network: Seq2SeqRNN) -> nn.Module:
    """The encoder, ready for TorchScript.

    Args:
        network: in eval mode, on the CPU.

    Returns:
        A module with the inputs and outputs of the encoder in `toolkit.signature.seq2seq_signatures`.
    """
    encoder = copy.deepcopy(network.encoder)
    kind = TwoStateEncoder if network.options.cell == "lstm" else OneStateEncoder
    embedding = encoder.tokens.embedding
    tokens = _OneHot(network.source_size) if embedding is None else Table(embedding.weight.detach())
    return kind(tokens, encoder.rnn, encoder.bridges).eval()


@torch.no_grad()
def decoder_module(network: Seq2SeqRNN, max_table_bytes: int) -> nn.Module:
    """One step of the decoder, ready for TorchScript and ONNX.

    Args:
        network: in eval mode, on the CPU.
        max_table_bytes: see `layers.looked_up`.

    Returns:
        A module with the inputs and outputs of the decoder in `toolkit.signature.seq2seq_signatures`.
    """
    decoder, two = network.decoder, network.options.cell == "lstm"
    embedding = decoder.tokens.embedding
    source = looked_up(decoder.rnn, None if embedding is None else embedding.weight.detach(), max_table_bytes)
    layers = recurrent_layers(decoder.rnn, nn.Identity(), "tanh")
    output = Product(decoder.output.weight.detach().T, decoder.output.bias.detach())
    if decoder.attention is None:
        return (TwoStates if two else OneState)(source, layers, output).eval()
    attention = copy.deepcopy(decoder.attention)
    return (TwoStatesAttending if two else OneStateAttending)(source, layers, output, attention).eval()
