"""The shape of a sequence-to-sequence network; apart from the network itself, so that ``--help`` needs no torch."""

from collections.abc import Iterable
from dataclasses import dataclass

from toolkit.options import Options, option, same_option

from .network_options import NetworkOptions


@dataclass(frozen=True)
class Seq2SeqOptions(Options):
    """The shape of a `Seq2SeqRNN`; the sizes of the vocabularies come from the tokenizers."""

    cell: str = same_option(NetworkOptions, "cell", "gru")
    num_layers: int = option(1, "recurrent layers of the decoder", minimum=1, maximum=64)
    hidden_size: int = option(128, "H, units in each layer of the decoder", minimum=1, maximum=65536)
    embedding_size: int = option(64, "width of both embeddings; 0 feeds one-hot vectors", minimum=0, maximum=65536)
    encoder_layers: int = option(0, "recurrent layers of the encoder; 0 as many as the decoder", minimum=0, maximum=64)
    encoder_hidden_size: int = option(
        0,
        "units in each layer and direction of the encoder; 0 as the decoder, half of it in each of two directions",
        minimum=0,
        maximum=65536,
    )
    bidirectional: bool = option(False, "whether the encoder also reads from the end")
    attention: str = option(
        "general", "how the decoder looks at the source", choices=("none", "dot", "general", "additive")
    )
    dropout: float = same_option(NetworkOptions, "dropout")
    teacher_forcing: float = option(
        1.0, "share of target tokens that training gives to the decoder; the others are its own", minimum=0, maximum=1
    )

    @property
    def encoder_size(self) -> int:
        """Units in each layer and direction of the encoder."""
        return self.encoder_hidden_size or max(1, self.hidden_size // (2 if self.bidirectional else 1))

    @property
    def memory_size(self) -> int:
        """M, what the encoder gives for each token of the source."""
        return self.encoder_size * (2 if self.bidirectional else 1)

    def conflicts(self) -> Iterable[str]:
        """Combinations that make no network."""
        if self.attention == "dot" and self.memory_size != self.hidden_size:
            yield (
                f"attention dot multiplies hidden_size with what the encoder gives: they must be equal, "
                f"found {self.hidden_size} and {self.memory_size}; attention general takes any"
            )
