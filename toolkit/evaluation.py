"""Perplexity of a text under a model."""

import itertools
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from .errors import ToolkitError
from .language_model import LanguageModel
from .sampling import log_probs_of


@dataclass(frozen=True)
class Perplexity:
    """How well a model predicts a text.

    Attributes:
        perplexity: exp of the mean negative log-probability of the tokens predicted.
        bits_per_token: the same mean in base 2.
        tokens: how many were predicted: all known ones but the first.
        unknown: how many were outside the vocabulary; they are read but not counted as predictions.
    """

    perplexity: float
    bits_per_token: float
    tokens: int
    unknown: int


def perplexity(
    model: LanguageModel, text: str, progress: Callable[[int, int], None] = lambda _read, _total: None
) -> Perplexity:
    """Read a text once from beginning to end, the state carried all the way.

    Args:
        model: any backend.
        text: at least two tokens.
        progress: called after each token with the number read and the number to read.

    Raises:
        ToolkitError: fewer than two tokens, or none to predict that the vocabulary knows.
    """
    ids = model.tokenizer.encode(text)
    unk_id = model.tokenizer.unk_id
    known = int((ids[1:] != unk_id).sum())
    if not known:
        raise ToolkitError(f"expected a text with at least two tokens of the vocabulary, found {len(ids)} tokens")
    state = model.init_state(1)
    total = 0.0
    for i, (read, target) in enumerate(itertools.pairwise(ids), start=1):
        logits, state = model.backend.step(np.array([read]), state)
        if target != unk_id:
            total -= float(log_probs_of(logits, np.array([target]))[0])
        progress(i, len(ids) - 1)
    mean = total / known
    return Perplexity(float(np.exp(mean)), mean / float(np.log(2)), known, int((ids == unk_id).sum()))
