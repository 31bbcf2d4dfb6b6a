"""Many prompts through a running batch of fixed size: a place is refilled as soon as its text has ended."""

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from .decode_loop import DecodeLoop, damaged, in_python, knobs_of
from .errors import OptionError, ToolkitError
from .generation import Generation, GrowingText, generate, stop_ids_of
from .sampling import SamplingOptions
from .step_model import Ids, StepModel
from .tokenizer import Tokenizer
from .uniform import uniform_at

MAX_BATCH_SIZE = 1024

_CHUNK = 16
"""Tokens a call: a text that ends inside leaves its place idle for the rest."""


@dataclass
class _Place:
    """One place of the running batch.

    Attributes:
        index: which prompt it works on; it numbers the prompt's random numbers, too.
        ids: what to read next: the prompt, then the last token.
        text: what was written.
    """

    index: int
    ids: Ids
    text: GrowingText
    shown: str = ""


def generate_batch(
    model: StepModel,
    loop: DecodeLoop | None,
    tokenizer: Tokenizer,
    prompts: Sequence[str],
    options: SamplingOptions,
    seed: int,
    batch_size: int,
) -> Iterator[tuple[int, Generation]]:
    """Continue each prompt; results come as they end.

    Args:
        model: any backend.
        loop: the same model as a decode loop; without one, or with rules that it does not know, the prompts are
            continued one after the other.
        tokenizer: of the same vocabulary.
        prompts: each of at least one token.
        options: how; num_return_sequences must be 1.
        seed: prompt i draws the numbers of sequence i, whatever the batch size.
        batch_size: places of the running batch.

    Yields:
        The number of the prompt and its text.

    Raises:
        ToolkitError: a prompt is empty, or an option is out of range; before anything runs.
    """
    if not 1 <= batch_size <= MAX_BATCH_SIZE:
        raise OptionError(f"batch_size must be from 1 to {MAX_BATCH_SIZE}, found {batch_size}")
    if options.num_return_sequences != 1:
        raise OptionError(
            f"num_return_sequences must be 1 in a batch, found {options.num_return_sequences}; "
            "give the prompt several times instead"
        )
    options.check_vocab(len(tokenizer))
    encoded = [tokenizer.encode(prompt) for prompt in prompts]
    empty = [i for i, ids in enumerate(encoded) if not len(ids)]
    if empty:
        raise ToolkitError(f"prompt {empty[0] + 1} of {len(prompts)} is empty: the model needs at least one token.")
    if loop is None or in_python(options):
        return _one_by_one(model, tokenizer, prompts, options, seed)
    return _running(loop, tokenizer, prompts, encoded, options, seed, batch_size)


def _one_by_one(
    model: StepModel, tokenizer: Tokenizer, prompts: Sequence[str], options: SamplingOptions, seed: int
) -> Iterator[tuple[int, Generation]]:
    for i, prompt in enumerate(prompts):
        yield i, generate(model, tokenizer, prompt, replace(options, seed=seed), sequence=i)[0]


def _running(
    loop: DecodeLoop,
    tokenizer: Tokenizer,
    prompts: Sequence[str],
    encoded: Sequence[Ids],
    options: SamplingOptions,
    seed: int,
    batch_size: int,
) -> Iterator[tuple[int, Generation]]:
    knobs = knobs_of(options, stop_ids_of(tokenizer, options.stop_strings))
    waiting = (_Place(i, ids, GrowingText(options.stop_strings)) for i, ids in enumerate(encoded))
    places = list(itertools.islice(waiting, batch_size))
    state = loop.init_state(len(places))
    while places:
        count = min(_CHUNK, *(options.max_new_tokens - len(place.text.ids) for place in places))
        written = np.array([len(place.text.ids) for place in places], np.uint64)
        sequences = np.array([place.index for place in places], np.uint64)
        numbers = uniform_at(seed, written + np.arange(count, dtype=np.uint64)[:, None], sequences)
        lengths = np.array([len(place.ids) for place in places])
        input_ids = np.zeros((len(places), lengths.max()), np.int64)
        for row, place in zip(input_ids, places, strict=True):
            row[: len(place.ids)] = place.ids
        ids, log_probs, state = loop.generate(input_ids, lengths, state, knobs, numbers)
        rows: list[int | None] = []
        going = []
        for n, place in enumerate(places):
            _write(place, ids[n], log_probs[n], tokenizer, options.max_new_tokens)
            if place.text.finish_reason is None:
                rows.append(n)
                going.append(place)
                continue
            yield place.index, place.text.finished(prompts[place.index], place.shown, seed)
            if (fresh := next(waiting, None)) is not None:
                rows.append(None)
                going.append(fresh)
        if rows != list(range(len(places))):
            state = loop.take(state, rows)
        places = going


def _write(place: _Place, ids: Ids, log_probs: npt.NDArray[np.float32], tokenizer: Tokenizer, limit: int) -> None:
    """Add new tokens to a text until it ends."""
    text = place.text
    for token_id, log_prob in zip(ids.tolist(), log_probs, strict=True):
        if not np.isfinite(log_prob):
            raise damaged(len(text.ids))
        piece = tokenizer.piece(token_id, text.ids[-1] if text.ids else int(place.ids[-1]))
        place.shown += text.take(token_id, float(log_prob), piece, limit)
        if text.finish_reason is not None:
            return
    place.ids = ids[-1:]
