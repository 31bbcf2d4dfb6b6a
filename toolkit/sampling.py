"""From logits to the next token: the options, the logits processors and the draw.

The order is fixed: tokens never written lose their logit; then bias, penalties, n-gram ban; then
temperature 0 takes the largest logit, and any other keeps top_k, divides, keeps top_p and min_p, and
draws by inverse CDF. Equal logits are ordered by token id everywhere, and float32 weights are added up in
float64, so every host picks the same token.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from .errors import OptionError
from .options import Options, option
from .step_model import Ids, Logits
from .uniform import MAX_SEED

LogitsProcessor = Callable[[Ids, Logits], Logits]
"""(ids so far [N, T], logits [N, V]) -> logits [N, V]. May write into the logits it is given."""

NEVER = np.float32(-np.inf)

MAX_BIAS = 1e30
"""More would make an infinity out of a float32 logit."""


@dataclass(frozen=True)
class SamplingOptions(Options):
    """How to choose tokens. Spelt as in Hugging Face, and as in llama.cpp where it has no name."""

    max_new_tokens: int = option(100, "stop after this many tokens", minimum=1, maximum=100_000)
    temperature: float = option(1.0, "below 1 safer, above 1 wilder; 0 is greedy", minimum=0, maximum=100)
    top_k: int = option(0, "keep only the k most probable tokens; 0 keeps all", minimum=0)
    top_p: float = option(1.0, "keep the fewest tokens whose probabilities reach p", above=0, maximum=1)
    min_p: float = option(0.0, "drop tokens below p times the best one's probability", minimum=0, maximum=1)
    repetition_penalty: float = option(1.0, "above 1 makes tokens already used less likely", minimum=0.01, maximum=100)
    presence_penalty: float = option(0.0, "taken off the logit of each token already used", minimum=-100, maximum=100)
    frequency_penalty: float = option(0.0, "taken off the logit once for each use so far", minimum=-100, maximum=100)
    no_repeat_ngram_size: int = option(0, "never repeat a sequence of n tokens; 0 allows it", minimum=0)
    stop_strings: tuple[str, ...] = option((), "end before this text (repeatable)", metavar="TEXT")
    logit_bias: Mapping[str, float] = option({}, "add to the logit of a token, as TOKEN=NUMBER (repeatable)")
    seed: int | None = option(None, "same seed, same text; by default a new one", minimum=0, maximum=MAX_SEED)
    num_return_sequences: int = option(1, "how many texts to write, as one batch", minimum=1, maximum=1024, short="n")

    def conflicts(self) -> Iterable[str]:
        """Faults inside the two options that hold several values."""
        if not all(isinstance(text, str) and text for text in self.stop_strings):
            yield f"stop_strings must be texts of at least one character, found {self.stop_strings!r}"
        for token, bias in self.logit_bias.items():
            if not isinstance(bias, int | float) or not abs(bias) <= MAX_BIAS:  # NaN compares false
                yield f"logit_bias must be numbers from {-MAX_BIAS:g} to {MAX_BIAS:g}, found {bias!r} for {token!r}"

    def check_vocab(self, vocab_size: int) -> None:
        """Raise OptionError if top_k exceeds the vocabulary."""
        if self.top_k > vocab_size:
            raise OptionError(f"top_k must be at most {vocab_size}, the size of the vocabulary, found {self.top_k}")


# Logits processors -------------------------------------------------------------------------------


def bias(by_id: Mapping[int, float]) -> LogitsProcessor:
    """Add a number to the logits of some ids (llama.cpp's logit_bias)."""
    ids = np.array(list(by_id), dtype=np.int64)
    amounts = np.array(list(by_id.values()), dtype=np.float32)

    def process(_tokens: Ids, logits: Logits) -> Logits:
        logits[:, ids] += amounts
        return logits

    return process


def counts(tokens: Ids, vocab_size: int) -> npt.NDArray[np.int64]:
    """How often each id occurs in each row: int64 [N, V]."""
    return np.stack([np.bincount(row, minlength=vocab_size) for row in tokens])


def repetition_penalty(penalty: float) -> LogitsProcessor:
    """Divide positive and multiply negative logits of used ids (Keskar et al. 2019, CTRL, section 4.1)."""
    factor = np.float32(penalty)

    def process(tokens: Ids, logits: Logits) -> Logits:
        used = counts(tokens, logits.shape[1]) > 0
        penalised = np.where(logits > 0, logits / factor, logits * factor)
        return np.where(used, penalised, logits)

    return process


def usage_penalty(presence: float, frequency: float) -> LogitsProcessor:
    """Subtract `presence` from every used id, and `frequency` for each time it was used."""

    def process(tokens: Ids, logits: Logits) -> Logits:
        used = counts(tokens, logits.shape[1])
        return logits - np.float32(presence) * (used > 0) - np.float32(frequency) * used.astype(np.float32)

    return process


def no_repeat_ngram(size: int) -> LogitsProcessor:
    """Ban every id that would complete an n-gram which the row already holds."""

    def process(tokens: Ids, logits: Logits) -> Logits:
        if tokens.shape[1] < size:
            return logits
        windows = np.lib.stride_tricks.sliding_window_view(tokens, size, axis=1)  # [N, T-size+1, size]
        prefix = tokens[:, tokens.shape[1] - size + 1 :]  # the last size-1 ids
        seen = (windows[:, :, :-1] == prefix[:, None, :]).all(axis=2)
        for row in range(len(tokens)):
            logits[row, windows[row, seen[row], -1]] = NEVER
        return logits

    return process


def ruled(
    tokens: Ids, logits: Logits, banned: Sequence[int], processors: Iterable[LogitsProcessor]
) -> tuple[Logits, Logits]:
    """Logits without the tokens that are never written, and those again after the processors; none is written into.

    Args:
        tokens: int64 [N, T], the text so far.
        logits: float32 [N, V] of the model.
        banned: ids that are never written.
        processors: in their order.
    """
    allowed = logits.copy()
    allowed[:, banned] = NEVER
    processed = allowed.copy()
    for process in processors:
        processed = process(tokens, processed)
    return allowed, processed


def processors_for(options: SamplingOptions, biases: Mapping[int, float]) -> list[LogitsProcessor]:
    """The processors that the options ask for, in their fixed order; absent ones cost nothing."""
    chain = []
    if biases:
        chain.append(bias(biases))
    if options.repetition_penalty != 1:
        chain.append(repetition_penalty(options.repetition_penalty))
    if options.presence_penalty or options.frequency_penalty:
        chain.append(usage_penalty(options.presence_penalty, options.frequency_penalty))
    if options.no_repeat_ngram_size:
        chain.append(no_repeat_ngram(options.no_repeat_ngram_size))
    return chain


# Choosing ----------------------------------------------------------------------------------------


def softmax(logits: Logits) -> npt.NDArray[np.float32]:
    """Probabilities along the last axis; at least one logit of each row is finite."""
    exponentials = np.exp(logits - logits.max(axis=-1, keepdims=True))
    total: npt.NDArray[np.float32] = exponentials.sum(axis=-1, keepdims=True)
    probs: npt.NDArray[np.float32] = exponentials / total
    return probs


def log_softmax(logits: Logits) -> npt.NDArray[np.float64]:
    """Natural log-probabilities along the last axis, added up in float64; at least one logit of each row is finite."""
    shifted = logits.astype(np.float64) - logits.max(axis=-1, keepdims=True)
    logs: npt.NDArray[np.float64] = shifted - np.log(np.exp(shifted).sum(axis=-1, keepdims=True))
    return logs


def log_probs_of(logits: Logits, ids: Ids) -> npt.NDArray[np.float32]:
    """Natural log-probability of one id in each row: float32 [N]."""
    shifted = logits - logits.max(axis=-1, keepdims=True)
    chosen: npt.NDArray[np.float32] = shifted[np.arange(len(ids)), ids] - np.log(np.exp(shifted).sum(axis=-1))
    return chosen


def keep_top_k(logits: Logits, k: int) -> Logits:
    """Exactly the k largest stay; among equals at the edge the smaller ids."""
    if k <= 0 or k >= logits.shape[1]:
        return logits
    edge = np.partition(logits, -k, axis=1)[:, -k, None]
    above = logits > edge
    at_edge = logits == edge
    room = k - above.sum(axis=1, keepdims=True)
    return np.where(above | (at_edge & (at_edge.cumsum(axis=1) <= room)), logits, NEVER)


def keep_top_p(logits: Logits, p: float) -> Logits:
    """The fewest tokens whose probabilities reach p (Holtzman et al. 2020); always at least one."""
    if p >= 1:
        return logits
    order = np.argsort(-logits, axis=1, kind="stable")  # falling, ties by id
    weights = np.exp(logits - logits.max(axis=1, keepdims=True))
    reached = np.take_along_axis(weights, order, axis=1).cumsum(axis=1, dtype=np.float64)
    short = reached < np.float64(np.float32(p)) * reached[:, -1:]
    kept = short.sum(axis=1, keepdims=True) + 1  # the one that reaches p belongs to them
    keep = np.empty(logits.shape, dtype=bool)
    np.put_along_axis(keep, order, np.arange(logits.shape[1]) < kept, axis=1)
    return np.where(keep, logits, NEVER)


def keep_min_p(logits: Logits, p: float) -> Logits:
    """Tokens with at least p times the best one's probability (Nguyen et al. 2024)."""
    if p <= 0:
        return logits
    return np.where(logits - logits.max(axis=1, keepdims=True) >= np.float32(np.log(p)), logits, NEVER)


def draw(logits: Logits, u: npt.NDArray[np.float32]) -> Ids:
    """Inverse-CDF sampling: the smallest id whose cumulative probability exceeds u.

    Args:
        logits: float32 [N, V]; -inf is never drawn.
        u: float32 [N] in [0, 1).

    Returns:
        int64 [N].
    """
    cdf = np.exp(logits - logits.max(axis=1, keepdims=True)).cumsum(axis=1, dtype=np.float64)
    below = cdf <= u[:, None].astype(np.float64) * cdf[:, -1:]
    chosen: Ids = below.sum(axis=1)
    return chosen


def warped(logits: Logits, options: SamplingOptions) -> Logits:
    """What `choose` draws from: processed logits [N, V] after temperature, top_k, top_p and min_p; greedy keeps one."""
    temperature = np.float32(options.temperature)
    if temperature == 0:  # or so small that float32 has no number for it
        return keep_top_k(logits, 1)
    logits = keep_top_k(logits, options.top_k)
    with np.errstate(over="ignore"):  # a tiny temperature sends all but the best to -inf, as it should
        scaled = (logits - logits.max(axis=1, keepdims=True)) / temperature
    return keep_min_p(keep_top_p(scaled, options.top_p), options.min_p)


def choose(logits: Logits, options: SamplingOptions, u: npt.NDArray[np.float32]) -> Ids:
    """The next id of each row, from processed logits [N, V] and uniform numbers [N]."""
    if np.float32(options.temperature) == 0:
        greedy: Ids = logits.argmax(axis=1)
        return greedy
    return draw(warped(logits, options), u)
