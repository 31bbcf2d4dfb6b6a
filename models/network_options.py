"""The shape of a network; apart from the network itself, so that ``--help`` needs no torch."""

from collections.abc import Iterable
from dataclasses import dataclass

from toolkit.options import Options, option


@dataclass(frozen=True)
class NetworkOptions(Options):
    """The shape of a `CharRNN`; the vocabulary's size comes from the tokenizer."""

    cell: str = option("lstm", "the recurrent cell", choices=("rnn", "gru", "lstm"))
    nonlinearity: str = option("tanh", "of cell rnn", choices=("tanh", "relu"))
    num_layers: int = option(1, "recurrent layers", minimum=1, maximum=64)
    hidden_size: int = option(256, "H, units in each layer", minimum=1, maximum=65536)
    embedding_size: int = option(128, "width of the embedding; 0 feeds one-hot vectors", minimum=0, maximum=65536)
    dropout: float = option(0.0, "share of activations dropped in training", minimum=0, maximum=0.95)
    tie_weights: bool = option(False, "use the embedding as output matrix")
    init: str = option(
        "torch",
        "first weights: as torch draws them, or normal with deviation 0.01, biases 0 and one bias a layer, "
        "as networks written from scratch have them",
        choices=("torch", "normal"),
    )

    def conflicts(self) -> Iterable[str]:
        """Combinations that make no network."""
        if self.tie_weights and not self.embedding_size:
            yield "tie_weights needs an embedding, found embedding_size 0 (one-hot)"
        if self.nonlinearity != "tanh" and self.cell != "rnn":
            yield f"nonlinearity {self.nonlinearity} belongs to cell rnn, found cell {self.cell}"
