"""The step of a model over real numbers as a module that can be scripted and captured."""

import torch
from torch import Tensor, nn

from toolkit.models.series_rnn import SeriesRNN

from .layers import Product, input_bias, input_weight, recurrent_layers


class OneStateSeries(nn.Module):
    """inputs [N, D], h0 [L, N, H] -> outputs [N, K], next_h0."""

    def __init__(self, layers: nn.Module, output: nn.Module) -> None:
        super().__init__()
        self.layers = layers
        self.output = output

    def forward(self, inputs: Tensor, h0: Tensor) -> tuple[Tensor, Tensor]:
        """One step; see the class."""
        hidden, after = self.layers(inputs, [h0])
        return self.output(hidden), after[0]


class TwoStateSeries(nn.Module):
    """inputs [N, D], h0 and c0 [L, N, H] -> outputs [N, K], next_h0, next_c0."""

    def __init__(self, layers: nn.Module, output: nn.Module) -> None:
        super().__init__()
        self.layers = layers
        self.output = output

    def forward(self, inputs: Tensor, h0: Tensor, c0: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """One step; see the class."""
        hidden, after = self.layers(inputs, [h0, c0])
        return self.output(hidden), after[0], after[1]


@torch.no_grad()
def series_module(network: SeriesRNN) -> nn.Module:
    """The step of a network over real numbers, ready for TorchScript and ONNX.

    Args:
        network: in eval mode, on the CPU.

    Returns:
        A module with the inputs and outputs of `toolkit.signature.series_signature`.
    """
    rnn, linear = network.rnn, network.output
    layers = recurrent_layers(rnn, Product(input_weight(rnn, 0), input_bias(rnn, 0)), network.options.nonlinearity)
    bias = linear.bias.detach() if linear.bias is not None else torch.zeros(linear.out_features)
    output: nn.Module = Product(linear.weight.detach().T, bias)
    if network.options.activation == "sigmoid":
        output = nn.Sequential(output, nn.Sigmoid())
    return (TwoStateSeries if network.options.cell == "lstm" else OneStateSeries)(layers, output).eval()
