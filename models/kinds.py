"""The kinds of model: what a checkpoint of each must hold, and how its network is made."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from torch import nn

from toolkit.options import Options
from toolkit.tokenizer import Tokenizer

from .char_rnn import CharRNN
from .network_options import NetworkOptions
from .series_options import SeriesOptions
from .series_rnn import SeriesRNN


@dataclass(frozen=True)
class Kind:
    """One kind of model.

    Attributes:
        shape: the options of its network.
        tokenizers: the names of its vocabularies.
        build: makes a network with fresh weights.
    """

    shape: type[Options]
    tokenizers: tuple[str, ...]
    build: Callable[[Any, Mapping[str, Tokenizer]], nn.Module]


KINDS: Mapping[str, Kind] = {
    "lm": Kind(NetworkOptions, ("tokenizer",), lambda shape, t: CharRNN(shape, len(t["tokenizer"]))),
    "series": Kind(SeriesOptions, (), lambda shape, _: SeriesRNN(shape)),
}
"""lm: a language model over tokens. series: real numbers in, real numbers out, at each step."""
