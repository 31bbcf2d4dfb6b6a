"""The shape of a network over real numbers; apart from the network itself, so that ``--help`` needs no torch."""

from collections.abc import Iterable
from dataclasses import dataclass

from toolkit.options import Options, option


@dataclass(frozen=True)
class SeriesOptions(Options):
    """The shape of a `SeriesRNN`."""

    cell: str = option("rnn", "the recurrent cell", choices=("rnn", "gru", "lstm"))
    nonlinearity: str = option("tanh", "of cell rnn", choices=("tanh", "relu", "sigmoid", "none"))
    num_layers: int = option(1, "recurrent layers", minimum=1, maximum=64)
    input_size: int = option(1, "D, numbers that go in at a step", minimum=1, maximum=65536)
    hidden_size: int = option(32, "H, units in each layer", minimum=1, maximum=65536)
    output_size: int = option(1, "K, numbers that come out at a step", minimum=1, maximum=65536)
    activation: str = option(
        "linear",
        "of the outputs: linear (learns by squared error) or sigmoid (by cross-entropy of bits)",
        choices=("linear", "sigmoid"),
    )
    bias: bool = option(True, "whether there are biases")
    init: str = option("torch", "first weights: as torch draws them, or all ones", choices=("torch", "ones"))

    def conflicts(self) -> Iterable[str]:
        """Combinations that make no network."""
        if self.nonlinearity != "tanh" and self.cell != "rnn":
            yield f"nonlinearity {self.nonlinearity} belongs to cell rnn, found cell {self.cell}"


@dataclass(frozen=True)
class SeriesDataOptions(Options):
    """How to read a series."""

    valid_fraction: float = option(0.1, "share at the end of a .csv held back for validation", minimum=0, maximum=0.9)
