"""Ready ways to choose tokens: what each changes of the sampling options."""

from collections.abc import Mapping
from dataclasses import replace

from toolkit.sampling import SamplingOptions

PRECISE, BALANCED, WILD, OWN = "precise", "balanced", "wild", "own"

PRESETS: Mapping[str, Mapping[str, float]] = {
    PRECISE: {"temperature": 0.6, "top_k": 40, "top_p": 0.9, "min_p": 0.0, "repetition_penalty": 1.1},
    BALANCED: {"temperature": 0.9, "top_k": 0, "top_p": 0.95, "min_p": 0.0, "repetition_penalty": 1.05},
    WILD: {"temperature": 1.3, "top_k": 0, "top_p": 1.0, "min_p": 0.05, "repetition_penalty": 1.1},
}
"""Each names the same options, so that none leaves over what another set."""

TOUCHED = (*PRESETS[BALANCED], "no_repeat_ngram_size")
"""The options that are a matter of taste; whoever changes one has an own setting."""


def with_preset(options: SamplingOptions, name: str) -> SamplingOptions:
    """The options with what a preset sets."""
    return replace(options, **{"no_repeat_ngram_size": 0, **PRESETS[name]})  # type: ignore[arg-type]  # the fields' own types


def preset_of(options: SamplingOptions) -> str:
    """The preset that the options are, or OWN."""
    return next((name for name in PRESETS if with_preset(options, name) == options), OWN)
