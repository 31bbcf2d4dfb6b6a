"""The shape of a network that reads a window; apart from the network itself, so that ``--help`` needs no torch."""

from dataclasses import dataclass

from toolkit.options import Options, option, same_option

from .network_options import NetworkOptions


@dataclass(frozen=True)
class WindowOptions(Options):
    """The shape of a `WindowRNN`; the vocabulary's size comes from the tokenizer, the window's from num_steps."""

    cell: str = same_option(NetworkOptions, "cell")
    num_layers: int = same_option(NetworkOptions, "num_layers", 2)
    hidden_size: int = option(128, "H, units in each layer and direction", minimum=1, maximum=65536)
    embedding_size: int = same_option(NetworkOptions, "embedding_size", 64)
    dropout: float = same_option(NetworkOptions, "dropout")
