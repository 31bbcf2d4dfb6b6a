"""Text in three layers: `generate_step` or `loop_steps` (ids) -> `stream` (text pieces) -> `generate` (texts).

`generate_step` drives a StepModel token by token; a DecodeLoop does the same in one call for many tokens. Which of
them ran cannot be seen from the text: the same seed gives the same one, on every backend.
"""

import itertools
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from .decode_loop import DecodeLoop, damaged, in_python, loop_steps
from .errors import ToolkitError
from .sampling import LogitsProcessor, SamplingOptions, choose, log_probs_of, processors_for, ruled
from .step_model import Chosen, Ids, Logits, State, StepModel
from .tokenizer import Tokenizer
from .uniform import Uniforms, fresh_seed, uniform

_BLOCK = 64
"""Random numbers are made for so many steps at a time: one array operation instead of 64."""

_STREAMED = (1, 2, 4, 8, 16)
"""Tokens of the first calls of a DecodeLoop when streaming: the first shows at once, later ones cost less.

The last number stays: chunks of 16 cost little more than one long call, and are read faster than anybody reads."""

_AT_ONCE = (_BLOCK,)
"""Tokens of each call when nobody watches: few enough that an interrupt is heard."""


@dataclass(frozen=True)
class Piece:
    """A piece of streamed text.

    Attributes:
        index: which of the num_return_sequences texts it belongs to.
        text: what to append; may be empty.
        finish_reason: "length", "stop" or "exhausted" in a text's last piece, else None.
    """

    index: int
    text: str
    finish_reason: str | None = None


@dataclass(frozen=True)
class Generation:
    """One finished text.

    Attributes:
        prompt: what it continues.
        text: the new text, without the prompt and without the stop string.
        ids: the generated token ids.
        log_probs: the natural log-probability of each, see `Chosen`.
        finish_reason: "length", "stop" (a stop string was met) or "exhausted" (no_repeat_ngram_size
            left no token to choose).
        seed: what reproduces it.
    """

    prompt: str
    text: str
    ids: tuple[int, ...]
    log_probs: tuple[float, ...]
    finish_reason: str
    seed: int

    def __str__(self) -> str:
        return self.prompt + self.text


def prefill(model: StepModel, input_ids: Ids, state: State) -> tuple[Logits, State]:
    """Read a prompt [N, T], T >= 1, and return the logits after its last token and the state."""
    for ids in np.ascontiguousarray(input_ids.T):
        logits, state = model.step(ids, state)
    return logits, state


def generate_step(
    model: StepModel,
    input_ids: Ids,
    options: SamplingOptions,
    processors: Sequence[LogitsProcessor],
    banned: Sequence[int],
    seed: int,
    sequence: int = 0,
) -> Iterator[Chosen]:
    """Decode up to `options.max_new_tokens` tokens for each row, one step at a time.

    Args:
        model: any backend.
        input_ids: the prompt, int64 [N, T] with T >= 1.
        options: only the choice is taken from here; penalties must be in `processors`.
        processors: applied in order to the logits of each step.
        banned: ids that are never written: `<unk>`, and whatever else is no text.
        seed: see `toolkit.uniform`.
        sequence: the number of the first row; the others follow.

    Raises:
        ToolkitError: the model returned NaN or infinity.
    """
    batch_size, prompt_length = input_ids.shape
    tokens = np.empty((batch_size, prompt_length + options.max_new_tokens), dtype=np.int64)
    tokens[:, :prompt_length] = input_ids
    logits, state = prefill(model, input_ids, model.init_state(batch_size))
    for t in range(options.max_new_tokens):
        if t % _BLOCK == 0:
            numbers = uniform(seed, t, _BLOCK, batch_size, sequence)
        if not np.isfinite(logits.max(axis=1)).all():  # a NaN anywhere is the largest
            raise damaged(t)
        allowed, processed = ruled(tokens[:, : prompt_length + t], logits, banned, processors)
        exhausted = np.isneginf(processed.max(axis=1))
        processed[exhausted] = 0  # void rows still need a defined arithmetic
        ids = choose(processed, options, numbers[t % _BLOCK])
        yield Chosen(ids, log_probs_of(allowed, ids), exhausted)
        tokens[:, prompt_length + t] = ids
        if t + 1 < options.max_new_tokens:
            logits, state = model.step(ids, state)


class GrowingText:
    """One text as it grows: holds back what may become a stop string."""

    def __init__(self, stop_strings: Sequence[str]) -> None:
        self._stops = stop_strings
        self._held = ""
        self.ids: list[int] = []
        self.log_probs: list[float] = []
        self.finish_reason: str | None = None

    def take(self, token_id: int, log_prob: float, token: str, limit: int) -> str:
        """Take a generated token, at most `limit` of them, and return what is safe to show."""
        self.ids.append(token_id)
        self.log_probs.append(log_prob)
        shown = self.add(token)
        if self.finish_reason is None and len(self.ids) == limit:
            shown += self.end("length")
        return shown

    def add(self, token: str) -> str:
        """Take a token's text and return what is safe to show; sets `finish_reason` at a stop string."""
        if not self._stops:
            return token
        self._held += token
        met = [place for stop in self._stops if (place := self._held.find(stop)) >= 0]
        if met:
            self.finish_reason = "stop"
            return self._held[: min(met)]
        keep = max((n for stop in self._stops for n in range(len(stop)) if self._held.endswith(stop[:n])), default=0)
        cut = len(self._held) - keep
        shown, self._held = self._held[:cut], self._held[cut:]
        return shown

    def end(self, reason: str) -> str:
        """Finish for another reason and return what was held back."""
        self.finish_reason = reason
        return self._held

    def finished(self, prompt: str, shown: str, seed: int) -> Generation:
        """The finished text; `shown` is all that `add` and `end` returned."""
        return Generation(prompt, shown, tuple(self.ids), tuple(self.log_probs), str(self.finish_reason), seed)


def _numbers(
    seed: int, options: SamplingOptions, batch_size: int, sizes: Sequence[int], sequence: int
) -> Iterator[Uniforms]:
    """The uniform numbers of each chunk; the last of the sizes is repeated. Greedy draws none."""
    left, first = options.max_new_tokens, _BLOCK
    block = np.zeros((_BLOCK, batch_size), np.float32)
    for size in itertools.chain(sizes, itertools.repeat(sizes[-1])):
        if left <= 0:
            return
        if first + size > _BLOCK:
            if options.temperature:
                block = uniform(seed, options.max_new_tokens - left, _BLOCK, batch_size, sequence)
            first = 0
        yield block[first : first + min(size, left)]
        first, left = first + size, left - size


def stop_ids_of(tokenizer: Tokenizer, stop_strings: Sequence[str]) -> list[int]:
    """The tokens that hold a stop string: whatever stands before, the text ends with them."""
    if not stop_strings:
        return []
    pieces = (tokenizer.piece(i, None) for i in range(len(tokenizer)))
    return [i for i, piece in enumerate(pieces) if any(stop in piece for stop in stop_strings)]


def _choices(
    model: StepModel,
    loop: DecodeLoop | None,
    tokenizer: Tokenizer,
    batch: Ids,
    options: SamplingOptions,
    seed: int,
    sizes: Sequence[int],
    sequence: int,
) -> Iterable[Chosen]:
    """The ids, from the graph's loop where there is one and it knows all the rules, else from ours."""
    if loop is not None and not in_python(options):
        stop_ids = stop_ids_of(tokenizer, options.stop_strings)
        return loop_steps(loop, batch, options, stop_ids, _numbers(seed, options, len(batch), sizes, sequence))
    processors = processors_for(options, bias_ids(tokenizer, options.logit_bias))
    return generate_step(model, batch, options, processors, tokenizer.banned_ids, seed, sequence)


def _stream(
    model: StepModel,
    loop: DecodeLoop | None,
    tokenizer: Tokenizer,
    prompt: str,
    options: SamplingOptions,
    seed: int,
    texts: Sequence[GrowingText],
    sizes: Sequence[int],
    sequence: int = 0,
) -> Iterator[Piece]:
    """The loop behind `stream` and `generate`; fills `texts`."""
    ids = tokenizer.encode(prompt)
    if not len(ids):
        raise ToolkitError("the prompt is empty: the model needs at least one token to continue from. Give some text.")
    options.check_vocab(len(tokenizer))
    batch = np.repeat(ids[None, :], len(texts), axis=0)
    for chosen in _choices(model, loop, tokenizer, batch, options, seed, sizes, sequence):
        for index, text in enumerate(texts):
            if text.finish_reason is not None:
                continue
            if chosen.exhausted[index]:
                yield Piece(index, text.end("exhausted"), "exhausted")
                continue
            token_id = int(chosen.ids[index])
            token = tokenizer.piece(token_id, text.ids[-1] if text.ids else int(ids[-1]))
            shown = text.take(token_id, float(chosen.log_probs[index]), token, options.max_new_tokens)
            yield Piece(index, shown, text.finish_reason)
        if all(text.finish_reason is not None for text in texts):
            return


def stream(
    model: StepModel, tokenizer: Tokenizer, prompt: str, options: SamplingOptions, loop: DecodeLoop | None = None
) -> Iterator[Piece]:
    """Text as it is written, a piece for each token and text; arguments and errors as in `generate`."""
    seed = fresh_seed() if options.seed is None else options.seed
    texts = [GrowingText(options.stop_strings) for _ in range(options.num_return_sequences)]
    yield from _stream(model, loop, tokenizer, prompt, options, seed, texts, _STREAMED)


def generate(
    model: StepModel,
    tokenizer: Tokenizer,
    prompt: str,
    options: SamplingOptions,
    loop: DecodeLoop | None = None,
    *,
    sequence: int = 0,
) -> list[Generation]:
    """Continue a prompt `options.num_return_sequences` times, as one batch.

    Args:
        model: any backend.
        tokenizer: of the same vocabulary.
        prompt: at least one token.
        options: how.
        loop: the same model as a decode loop; it is used where it knows all rules that the options ask for.
        sequence: the number of the first text among those of one seed.

    Raises:
        ToolkitError: empty prompt, top_k above the vocabulary, a logit_bias for an unknown token, or a
            model that returns NaN or infinity.
    """
    seed = fresh_seed() if options.seed is None else options.seed
    texts = [GrowingText(options.stop_strings) for _ in range(options.num_return_sequences)]
    shown = [""] * len(texts)
    for piece in _stream(model, loop, tokenizer, prompt, options, seed, texts, _AT_ONCE, sequence):
        shown[piece.index] += piece.text
    return [text.finished(prompt, all_shown, seed) for text, all_shown in zip(texts, shown, strict=True)]


def bias_ids(tokenizer: Tokenizer, biases: Mapping[str, float]) -> dict[int, float]:
    """The ids of the tokens in a logit_bias.

    Raises:
        ToolkitError: a key is no token of the vocabulary.
    """
    missing = [token for token in biases if token not in tokenizer.ids]
    if missing:
        raise ToolkitError(f"logit_bias names {', '.join(map(repr, missing))}, which the vocabulary does not have")
    return {tokenizer.ids[token]: amount for token, amount in biases.items()}
