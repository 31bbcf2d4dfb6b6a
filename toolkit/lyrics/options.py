"""How to write: the sampling options that lyrics know, and how hard to search."""

from collections.abc import Mapping
from dataclasses import dataclass, fields

from toolkit.options import Options, option, same_option
from toolkit.sampling import SamplingOptions


@dataclass(frozen=True)
class LyricOptions(Options):
    """As in `toolkit.sampling.SamplingOptions`; they choose among what the rules allow."""

    temperature: float = same_option(SamplingOptions, "temperature", 0.9)
    top_k: int = same_option(SamplingOptions, "top_k")
    top_p: float = same_option(SamplingOptions, "top_p")
    min_p: float = same_option(SamplingOptions, "min_p")
    repetition_penalty: float = same_option(SamplingOptions, "repetition_penalty")
    presence_penalty: float = same_option(SamplingOptions, "presence_penalty")
    frequency_penalty: float = same_option(SamplingOptions, "frequency_penalty")
    no_repeat_ngram_size: int = same_option(SamplingOptions, "no_repeat_ngram_size")
    logit_bias: Mapping[str, float] = same_option(SamplingOptions, "logit_bias")
    seed: int | None = same_option(SamplingOptions, "seed")
    num_return_sequences: int = same_option(SamplingOptions, "num_return_sequences")
    num_candidates: int = option(8, "lines written for each line kept", minimum=1, maximum=256)
    max_tries: int = option(6, "how often a line is begun anew, on average, before giving up", minimum=1, maximum=1000)

    @property
    def sampling(self) -> SamplingOptions:
        """What the choice of a token takes."""
        shared = {field.name for field in fields(SamplingOptions)} & {field.name for field in fields(self)}
        return SamplingOptions(**{name: getattr(self, name) for name in shared})
