"""Perplexity of a text, or of pairs of texts, under a model."""

import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from .errors import ToolkitError
from .language_model import LanguageModel
from .sampling import log_probs_of
from .seq2seq import batch_of
from .translation import TranslateOptions, translate
from .translator import Translator


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
    predicted = model.tokenizer.known(ids)
    known = int(predicted[1:].sum())
    if not known:
        raise ToolkitError(f"expected a text with at least two tokens of the vocabulary, found {len(ids)} tokens")
    state = model.init_state(1)
    total = 0.0
    for i, (read, target) in enumerate(itertools.pairwise(ids), start=1):
        logits, state = model.backend.step(np.array([read]), state)
        if predicted[i]:
            total -= float(log_probs_of(logits, np.array([target]))[0])
        progress(i, len(ids) - 1)
    mean = total / known
    return Perplexity(float(np.exp(mean)), mean / float(np.log(2)), known, int((~predicted).sum()))


_BATCH = 64
"""Pairs that are read at once."""


@dataclass(frozen=True)
class PairScore:
    """How well a sequence-to-sequence model predicts targets.

    Attributes:
        perplexity: exp of the mean negative log-probability of the targets' tokens, the end markers among them, each
            given those before it.
        tokens: how many were predicted.
        unknown: how many were outside the vocabulary; they are read but not counted as predictions.
        exact: the share of sources whose greedy target is exactly the expected one.
        pairs: how many there were.
    """

    perplexity: float
    tokens: int
    unknown: int
    exact: float
    pairs: int


def pair_perplexity(
    model: Translator, pairs: Sequence[tuple[str, str]], batch_size: int = _BATCH
) -> tuple[float, int, int]:
    """Perplexity, tokens and unknown tokens of `PairScore`.

    Args:
        model: any backend.
        pairs: sources and targets, at least one; a source of at least one token.
        batch_size: so many pairs are read at once.
    """
    reads, writes = model.source_tokenizer, model.target_tokenizer
    total, count, unknown = 0.0, 0, 0
    for start in range(0, len(pairs), batch_size):
        part = pairs[start : start + batch_size]
        source = model.backend.encode(*batch_of([reads.encode(text) for text, _ in part]))
        targets, lengths = batch_of([writes.marked(text) for _, text in part])
        state = source.state
        for place, (ids, following) in enumerate(itertools.pairwise(np.ascontiguousarray(targets.T)), start=1):
            logits, state, _ = model.backend.step(ids, state, source)
            known = (place < lengths) & writes.known(following)
            total -= float(log_probs_of(logits, following)[known].sum(dtype=np.float64))
            count += int(known.sum())
            unknown += int(((place < lengths) & ~writes.known(following)).sum())
    return float(np.exp(total / count)), count, unknown


def score_pairs(
    model: Translator,
    pairs: Sequence[tuple[str, str]],
    progress: Callable[[int, int], None] = lambda _done, _total: None,
) -> PairScore:
    """Predict and translate pairs.

    Args:
        model: any backend.
        pairs: sources and targets, at least one.
        progress: called now and then with the number translated and the number to translate.

    Raises:
        ToolkitError: an empty source.
    """
    exact, tokenizers = 0, (model.source_tokenizer, model.target_tokenizer)
    for start in range(0, len(pairs), _BATCH):
        part = pairs[start : start + _BATCH]
        found = translate(model.backend, model.loop, tokenizers, [text for text, _ in part], TranslateOptions(), seed=0)
        exact += sum(targets[0].text == expected for targets, (_, expected) in zip(found, part, strict=True))
        progress(start + len(part), len(pairs))
    return PairScore(*pair_perplexity(model, pairs), exact / len(pairs), len(pairs))
