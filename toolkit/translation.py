"""Text to text in two layers: `target_ids` (ids of a batch) -> `translate` (texts)."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from .beam_search import beam_search, score_of
from .decode_loop import damaged, knobs_of
from .errors import ToolkitError
from .generation import generate_step
from .options import Options, option, same_option
from .sampling import NEVER, LogitsProcessor, SamplingOptions, processors_for
from .seq2seq import Encoded, Seq2SeqBackend, SourcedStep, TranslateLoop, Weights, batch_of
from .step_model import Ids, Logits
from .tokenizer import Tokenizer
from .uniform import Uniforms, uniform


@dataclass(frozen=True)
class TranslateOptions(Options):
    """How to write a target. Greedy unless beams or a temperature are asked for."""

    max_new_tokens: int = same_option(SamplingOptions, "max_new_tokens")
    min_new_tokens: int = option(0, "do not end before so many tokens", minimum=0, maximum=100_000)
    same_length: bool = option(False, "write exactly as many tokens as the source has")
    num_beams: int = option(1, "unfinished texts kept at each token; 1 does not search", minimum=1, maximum=1024)
    length_penalty: float = option(
        1.0, "score is log-probability over length to this power: above 0 favours long texts", minimum=-10, maximum=10
    )
    num_return_sequences: int = same_option(SamplingOptions, "num_return_sequences")
    temperature: float = same_option(SamplingOptions, "temperature", 0.0)
    top_k: int = same_option(SamplingOptions, "top_k")
    top_p: float = same_option(SamplingOptions, "top_p")
    min_p: float = same_option(SamplingOptions, "min_p")
    repetition_penalty: float = same_option(SamplingOptions, "repetition_penalty")
    seed: int | None = same_option(SamplingOptions, "seed")

    def conflicts(self) -> Iterable[str]:
        """Beams and sampling exclude each other, and without either there is one text."""
        if self.num_beams > 1 and (self.temperature or self.repetition_penalty != 1):
            yield f"num_beams {self.num_beams} searches, so it goes neither with temperature nor repetition_penalty"
        if self.min_new_tokens > self.max_new_tokens:
            yield f"min_new_tokens must be at most max_new_tokens {self.max_new_tokens}, found {self.min_new_tokens}"
        if self.same_length and self.min_new_tokens:
            yield f"same_length sets the length, found min_new_tokens {self.min_new_tokens}, too"
        if not self.temperature and self.num_return_sequences > self.num_beams:
            yield (
                f"num_return_sequences must be at most num_beams ({self.num_beams}) unless a temperature draws, "
                f"found {self.num_return_sequences}"
            )

    def bounds(self, lengths: Ids) -> tuple[Ids, Ids]:
        """The fewest and the most tokens of the targets, the end marker left out, for sources of these lengths [N]."""
        most = np.full_like(lengths, self.max_new_tokens)
        if self.same_length:
            most = np.minimum(most, lengths)
            return most, most
        return np.full_like(lengths, self.min_new_tokens), most

    def sampling(self) -> SamplingOptions:
        """The same choice of tokens for the decode loops."""
        return SamplingOptions(
            max_new_tokens=self.max_new_tokens,
            temperature=self.temperature,
            top_k=self.top_k,
            top_p=self.top_p,
            min_p=self.min_p,
            repetition_penalty=self.repetition_penalty,
        )


@dataclass(frozen=True)
class Translation:
    """One finished target.

    Attributes:
        source: what it was made from.
        text: the target.
        ids: its token ids, the end marker last where it was met.
        log_probs: the natural log-probability of each, see `toolkit.step_model.Chosen`.
        score: their sum over the number of tokens to the power of length_penalty; higher is better.
        finish_reason: "stop" (the end marker) or "length".
        attention: of each token over the tokens of the source, float32 [len(ids), T]; None where it was not asked for.
    """

    source: str
    text: str
    ids: tuple[int, ...]
    log_probs: tuple[float, ...]
    score: float
    finish_reason: str
    attention: Weights | None = None

    def __str__(self) -> str:
        return self.text


Target = tuple[tuple[int, ...], tuple[float, ...]]
"""Ids and their log-probabilities; the end marker last where it was met."""


def target_ids(
    backend: Seq2SeqBackend,
    loop: TranslateLoop | None,
    tokenizer: Tokenizer,
    batch: tuple[Ids, Ids],
    options: TranslateOptions,
    seed: int,
    first_sequence: int = 0,
) -> list[list[Target]]:
    """The targets of a batch of sources, `num_return_sequences` of each, the best first.

    Args:
        backend: any.
        loop: the same model as a loop in one call, taken where there is one and no search is asked for.
        tokenizer: of the target.
        batch: ids int64 [N, T] and lengths int64 [N] of the sources.
        options: how.
        seed: see `toolkit.uniform`.
        first_sequence: the number of the first text among those of one seed.
    """
    many, (ids, lengths) = options.num_return_sequences, batch
    if options.num_beams > 1:
        return _searched(backend, tokenizer, backend.encode(ids, lengths), options)
    rows = np.repeat(np.arange(len(ids)), many)
    fewest, most = options.bounds(lengths[rows])
    options = replace(options, max_new_tokens=int(most.max()), min_new_tokens=0)
    if loop is not None:
        numbers = _numbers(options, seed, len(rows), first_sequence)
        written = loop.translate(ids[rows], lengths[rows], fewest, knobs_of(options.sampling(), ()), numbers)
    else:
        source = backend.encode(ids, lengths).take(rows)
        written = _stepwise(backend, tokenizer, source, fewest, options, seed, first_sequence)
    if not np.isfinite(written[1]).all():
        raise damaged(int(np.flatnonzero(~np.isfinite(written[1]).all(axis=0))[0]))
    flat = [_ended(*row, tokenizer.end_id) for row in zip(*written, most.tolist(), strict=True)]
    return [flat[start : start + many] for start in range(0, len(flat), many)]


def _searched(
    backend: Seq2SeqBackend, tokenizer: Tokenizer, encoded: Encoded, options: TranslateOptions
) -> list[list[Target]]:
    """The best targets that beam search finds for each source."""
    found = []
    for row, bounds in enumerate(zip(*options.bounds(encoded.lengths), strict=True)):
        fewest, most = (int(bound) for bound in bounds)
        source = encoded.take(np.array([row]))
        texts = beam_search(backend, source, tokenizer, options.num_beams, options.length_penalty, fewest, most)
        found.append([(text.ids, text.log_probs) for text in texts[: options.num_return_sequences]])
    return found


def _numbers(options: TranslateOptions, seed: int, rows: int, first: int) -> Uniforms:
    """What is drawn from; greedy draws nothing."""
    if options.temperature:
        return uniform(seed, 0, options.max_new_tokens, rows, first)
    return np.zeros((options.max_new_tokens, rows), np.float32)


def _ended(ids: Ids, log_probs: npt.NDArray[np.float32], most: int, eos_id: int) -> Target:
    """A row up to its end marker, or as long as it may be."""
    ends = np.flatnonzero(ids[:most] == eos_id)
    length = int(ends[0]) + 1 if len(ends) else most
    return tuple(ids[:length].tolist()), tuple(log_probs[:length].tolist())


def _not_before(fewest: Ids, eos_id: int) -> LogitsProcessor:
    """No end marker before so many tokens [N]; the first token read is the start marker."""

    def process(tokens: Ids, logits: Logits) -> Logits:
        logits[fewest >= tokens.shape[1], eos_id] = NEVER
        return logits

    return process


def _stepwise(
    backend: Seq2SeqBackend,
    tokenizer: Tokenizer,
    source: Encoded,
    fewest: Ids,
    options: TranslateOptions,
    seed: int,
    first: int,
) -> tuple[Ids, npt.NDArray[np.float32]]:
    """What translate.onnx does, one step at a time: ids and log-probabilities, both [N, R]."""
    sampling, eos = options.sampling(), tokenizer.end_id
    start = np.full((len(source.lengths), 1), tokenizer.start_id)
    banned = sorted(tokenizer.unwritten_ids)
    ended = np.zeros(len(start), dtype=bool)
    columns = []
    step, processors = SourcedStep(backend, source), [*processors_for(sampling, {}), _not_before(fewest, eos)]
    for chosen in generate_step(step, start, sampling, processors, banned, seed, first):
        columns.append((chosen.ids, chosen.log_probs))
        ended |= chosen.ids == eos
        if ended.all():
            break
    ids, log_probs = (np.stack(parts, axis=1) for parts in zip(*columns, strict=True))
    return ids, log_probs


def attention_of(backend: Seq2SeqBackend, source: Encoded, bos_id: int, ids: Sequence[int]) -> Weights:
    """How much each token of a target attends to each token of its source: float32 [len(ids), T].

    Raises:
        ToolkitError: the model has no attention.
    """
    state, last, found = source.state, bos_id, []
    for token in ids:
        _, state, weights = backend.step(np.array([last]), state, source)
        if weights is None:
            raise ToolkitError("this model was trained without attention. Leave the attention out.")
        found.append(weights[0])
        last = token
    return np.stack(found)


def translate(
    backend: Seq2SeqBackend,
    loop: TranslateLoop | None,
    tokenizers: tuple[Tokenizer, Tokenizer],
    texts: Sequence[str],
    options: TranslateOptions,
    seed: int,
    *,
    attention: bool = False,
    first: int = 0,
) -> list[list[Translation]]:
    """The targets of some sources, read as one batch; `num_return_sequences` of each, of a search the best first.

    Args:
        backend: any.
        loop: see `target_ids`.
        tokenizers: of source and target.
        texts: the sources, each at least one token.
        options: how.
        seed: see `toolkit.uniform`.
        attention: whether its weights are wanted.
        first: the number of the first source among those of one seed.

    Raises:
        ToolkitError: an empty source, top_k above the vocabulary, no attention where it was asked for, or a model
            that returns NaN or infinity.
    """
    reads, writes = tokenizers
    options.sampling().check_vocab(len(writes))
    sources = [reads.encode(text) for text in texts]
    for text, ids in zip(texts, sources, strict=True):
        if not len(ids) or not reads.split(text):
            raise ToolkitError(f"expected a source of at least one token, found {text!r}. Give some text.")
    batch = batch_of(sources)
    first *= options.num_return_sequences

    def translation(row: int, target: Target) -> Translation:
        ids, log_probs = target
        weights = None
        if attention:
            weights = attention_of(backend, backend.encode(*batch_of([sources[row]])), writes.start_id, ids)
        score = score_of(sum(log_probs), len(ids), options.length_penalty)
        reason = "stop" if ids[-1:] == (writes.end_id,) else "length"
        return Translation(texts[row], writes.decode(ids), ids, log_probs, score, reason, weights)

    found = target_ids(backend, loop, writes, batch, options, seed, first)
    return [[translation(row, target) for target in targets] for row, targets in enumerate(found)]
