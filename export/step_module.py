"""The step as a module that can be scripted and captured: `CharRNN`'s weights, the arithmetic of `cells`.

Weights are laid out for ``x @ w``; the bias of the input and of the recurrence are added up where the cell
allows it; and the first layer's input product is looked up in a table [V, gates*H] where that is not too large.
"""

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional

from toolkit.models.cells import gru_cell, lstm_cell, rnn_cell
from toolkit.models.char_rnn import CharRNN

from .generate_module import DecodeLoop


class _Table(nn.Module):
    """ids [N] -> the first layer's input product [N, gates*H], looked up."""

    table: Tensor

    def __init__(self, table: Tensor) -> None:
        super().__init__()
        self.register_buffer("table", table.contiguous())

    def forward(self, input_ids: Tensor) -> Tensor:
        return functional.embedding(input_ids, self.table)


class _Product(nn.Module):
    """x [N, D] -> x w + b [N, K]."""

    weight: Tensor
    bias: Tensor

    def __init__(self, weight: Tensor, bias: Tensor) -> None:
        super().__init__()
        self.register_buffer("weight", weight.contiguous())  # [D, K]
        self.register_buffer("bias", bias.contiguous())  # [K]

    def forward(self, x: Tensor) -> Tensor:
        return torch.matmul(x, self.weight) + self.bias


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


class OneStateStep(DecodeLoop):
    """input_ids [N], h0 [L, N, H] -> logits [N, V], next_h0."""

    def __init__(self, source: nn.Module, layers: nn.ModuleList, output: nn.Module, banned: Tensor) -> None:
        super().__init__(output, banned)
        self.source = source
        self.layers = layers

    def advance(self, input_ids: Tensor, states: list[Tensor]) -> tuple[Tensor, list[Tensor]]:
        """See `DecodeLoop.advance`."""
        x = self.source(input_ids)
        h0 = states[0]
        next_h: list[Tensor] = []
        for i, layer in enumerate(self.layers):
            x = layer(x, h0[i])
            next_h.append(x)
        return x, [torch.stack(next_h)]

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

    def __init__(self, source: nn.Module, layers: nn.ModuleList, output: nn.Module, banned: Tensor) -> None:
        super().__init__(output, banned)
        self.source = source
        self.layers = layers

    def advance(self, input_ids: Tensor, states: list[Tensor]) -> tuple[Tensor, list[Tensor]]:
        """See `DecodeLoop.advance`."""
        x = self.source(input_ids)
        h0, c0 = states[0], states[1]
        next_h: list[Tensor] = []
        next_c: list[Tensor] = []
        for i, layer in enumerate(self.layers):
            x, c = layer(x, h0[i], c0[i])
            next_h.append(x)
            next_c.append(c)
        return x, [torch.stack(next_h), torch.stack(next_c)]

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
        max_table_bytes: an embedding is folded into a look-up table of at most this size; a one-hot
            input always is one, of the size of its own W_ih.
        banned: ids that `generate` never writes: `<unk>`.

    Returns:
        A module with the inputs and outputs of `toolkit.signature.step_signature`, and a method `generate` with those
        of `toolkit.signature.generate_signature`.
    """
    options, rnn = network.options, network.rnn
    folds_bias = options.cell != "gru"  # the GRU multiplies its recurrent bias with the reset gate

    def weight(name: str, layer: int) -> Tensor:
        tensor = getattr(rnn, f"{name}_l{layer}")
        assert isinstance(tensor, Tensor)
        return tensor.detach()

    def input_bias(layer: int) -> Tensor:
        bias = weight("bias_ih", layer)
        return bias + weight("bias_hh", layer) if folds_bias else bias

    w_ih = weight("weight_ih", 0).T  # (V or E, gates*H)
    if network.embedding is None:
        source: nn.Module = _Table(w_ih + input_bias(0))
    elif network.vocab_size * w_ih.shape[1] * w_ih.element_size() <= max_table_bytes:
        # In float64, or the last bits would depend on where the tensors lie in memory, and so would the files.
        table = network.embedding.weight.detach().double() @ w_ih.double() + input_bias(0).double()
        source = _Table(table.to(w_ih.dtype))
    else:
        source = nn.Sequential(_Table(network.embedding.weight.detach()), _Product(w_ih, input_bias(0)))

    layers = nn.ModuleList()
    for layer in range(options.num_layers):
        product = _Product(weight("weight_ih", layer).T, input_bias(layer)) if layer else nn.Identity()
        w_hh = weight("weight_hh", layer).T
        if options.cell == "lstm":
            layers.append(_Lstm(product, w_hh))
        elif options.cell == "gru":
            layers.append(_Gru(product, w_hh, weight("bias_hh", layer)))
        else:
            layers.append(_Rnn(product, w_hh, options.nonlinearity))

    w_out = network.output.weight.detach().T
    output: nn.Module = _Product(w_out, network.output.bias.detach())
    if network.projection is not None:
        narrow = network.projection.weight.detach().T
        output = nn.Sequential(_Product(narrow, torch.zeros(narrow.shape[1])), output)
    step = TwoStateStep if options.cell == "lstm" else OneStateStep
    never = torch.zeros(network.vocab_size, dtype=torch.bool)
    never[list(banned)] = True
    return step(source, layers, output, never).eval()
