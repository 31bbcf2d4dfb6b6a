"""The kinds of model: what a checkpoint of each must hold, and how its network is made."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from torch import nn

from toolkit.bundle import LM, SEQ2SEQ, SERIES, SOURCE, TARGET, TOKENIZER, WINDOW
from toolkit.options import Options
from toolkit.tokenizer import Tokenizer

from .char_rnn import CharRNN
from .network_options import NetworkOptions
from .seq2seq_options import Seq2SeqOptions
from .seq2seq_rnn import Seq2SeqRNN
from .series_options import SeriesOptions
from .series_rnn import SeriesRNN
from .window_options import WindowOptions
from .window_rnn import WindowRNN


@dataclass(frozen=True)
class Kind:
    """One kind of model.

    Attributes:
        shape: the options of its network.
        build: makes a network with fresh weights.
    """

    shape: type[Options]
    build: Callable[[Any, Mapping[str, Tokenizer]], nn.Module]


KINDS: Mapping[str, Kind] = {
    LM: Kind(NetworkOptions, lambda shape, t: CharRNN(shape, len(t[TOKENIZER]))),
    SERIES: Kind(SeriesOptions, lambda shape, _: SeriesRNN(shape)),
    SEQ2SEQ: Kind(Seq2SeqOptions, lambda shape, t: Seq2SeqRNN(shape, len(t[SOURCE]), len(t[TARGET]))),
    WINDOW: Kind(WindowOptions, lambda shape, t: WindowRNN(shape, len(t[TOKENIZER]))),
}
"""A language model over tokens; real numbers in, real numbers out, at each step; text to text; a window of tokens to
the next one."""
