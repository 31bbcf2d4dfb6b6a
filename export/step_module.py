"""The step of a language model as a module that can be scripted and captured.

The first layer's input product is looked up in a table [V, gates*H] where that is not too large.
"""

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from toolkit.models.char_rnn import CharRNN

from .generate_module import DecodeLoop
from .layers import Product, Table, TiedProduct, looked_up, recurrent_layers


class OneStateStep(DecodeLoop):
    """input_ids [N], h0 [L, N, H] -> logits [N, V], next_h0."""

    def __init__(self, source: nn.Module, layers: nn.Module, output: nn.Module, banned: Tensor) -> None:
        super().__init__(output, banned)
        self.source = source
        self.layers = layers

    def advance(self, input_ids: Tensor, states: list[Tensor]) -> tuple[Tensor, list[Tensor]]:
        """See `DecodeLoop.advance`."""
        hidden, after = self.layers(self.source(input_ids), states)
        return hidden, after

    def forward(self, input_ids: Tensor, h0: Tensor) -> tuple[Tensor, Tensor]:
        """One step; see the class."""
        x, states = self.advance(input_ids, [h0])
        return self.output(x), states[0]

    @torch.jit.export
    def generate(
        self,
        input_ids: Tensor,
        lengths: Tensor,
        h0: Tensor,
        used: Tensor,
        stopped: Tensor,
        max_new_tokens: int,
        temperature: float,
        top_k: int,
        top_p: float,
        min_p: float,
        repetition_penalty: float,
        stop_ids: Tensor,
        uniforms: Tensor,
    ) -> tuple[Tensor, Tensor, Tensor, Tensor, Tensor]:
        """The whole decode loop; see `DecodeLoop.loop`."""
        ids, log_probs, states, used, stopped = self.loop(
            input_ids,
            lengths,
            [h0],
            used,
            stopped,
            max_new_tokens,
            temperature,
            top_k,
            top_p,
            min_p,
            repetition_penalty,
            stop_ids,
            uniforms,
        )
        return ids, log_probs, states[0], used, stopped


class TwoStateStep(DecodeLoop):
    """input_ids [N], h0 and c0 [L, N, H] -> logits [N, V], next_h0, next_c0."""

    def __init__(self, source: nn.Module, layers: nn.Module, output: nn.Module, banned: Tensor) -> None:
        super().__init__(output, banned)
        self.source = source
        self.layers = layers

    def advance(self, input_ids: Tensor, states: list[Tensor]) -> tuple[Tensor, list[Tensor]]:
        """See `DecodeLoop.advance`."""
        hidden, after = self.layers(self.source(input_ids), states)
        return hidden, after

    def forward(self, input_ids: Tensor, h0: Tensor, c0: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """One step; see the class."""
        x, states = self.advance(input_ids, [h0, c0])
        return self.output(x), states[0], states[1]

    @torch.jit.export
    def generate(
        self,
        input_ids: Tensor,
        lengths: Tensor,
        h0: Tensor,
        c0: Tensor,
        used: Tensor,
        stopped: Tensor,
        max_new_tokens: int,
        temperature: float,
        top_k: int,
        top_p: float,
        min_p: float,
        repetition_penalty: float,
        stop_ids: Tensor,
        uniforms: Tensor,
    ) -> tuple[Tensor, Tensor, Tensor, Tensor, Tensor, Tensor]:
        """The whole decode loop; see `DecodeLoop.loop`."""
        ids, log_probs, states, used, stopped = self.loop(
            input_ids,
            lengths,
            [h0, c0],
            used,
            stopped,
            max_new_tokens,
            temperature,
            top_k,
            top_p,
            min_p,
            repetition_penalty,
            stop_ids,
            uniforms,
        )
        return ids, log_probs, states[0], states[1], used, stopped


@torch.no_grad()
def step_module(network: CharRNN, max_table_bytes: int, banned: Sequence[int] = (0,)) -> nn.Module:
    """The step of a network, ready for TorchScript and ONNX.

    Args:
        network: in eval mode, on the CPU.
        max_table_bytes: see `looked_up`.
        banned: ids that `generate` never writes: `<unk>`.

    Returns:
        A module with the inputs and outputs of `toolkit.signature.step_signature`, and a method `generate` with those
        of `toolkit.signature.generate_signature`.
    """
    options, rnn = network.options, network.rnn
    embedding = None if network.embedding is None else network.embedding.weight.detach()
    source = looked_up(rnn, embedding, max_table_bytes)
    layers = recurrent_layers(rnn, nn.Identity(), options.nonlinearity)

    bias = network.output.bias.detach()
    if options.tie_weights and embedding is not None and not isinstance(source, Table):
        output: nn.Module = TiedProduct(embedding, bias)
    else:  # not tied, or what is looked up is the product that the embedding was folded into
        output = Product(network.output.weight.detach().T, bias)
    if network.projection is not None:
        narrow = network.projection.weight.detach().T
        output = nn.Sequential(Product(narrow, torch.zeros(narrow.shape[1])), output)
    step = TwoStateStep if options.cell == "lstm" else OneStateStep
    never = torch.zeros(network.vocab_size, dtype=torch.bool)
    never[list(banned)] = True
    return step(source, layers, output, never).eval()
