"""The gate for decode loops: they must choose as the step of the same graph chooses, token by token.

The steps were compared with eager PyTorch before (`parity`). Here each loop writes some texts, prompts of different
length in one batch, greedily and drawn; then the step reads those texts again, and every token, its log-probability
and the last states must be what follows from its logits. In chunks the loop must write the very same tokens.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from toolkit.decode_loop import DecodeLoop, Knobs, LoopState
from toolkit.errors import ParityError
from toolkit.sampling import log_softmax
from toolkit.step_model import Ids, Logits, State, StepModel
from toolkit.uniform import Uniforms, uniform

from .differences import relative_error

TOKENS = 128
"""Tokens that each sequence writes."""

_CHUNK = 16
_SEED = 7
_GREEDY, _DRAWN = Knobs(temperature=0.0), Knobs()


def check_loops(
    models: Mapping[str, tuple[StepModel, DecodeLoop]],
    banned: Sequence[int],
    text_ids: Ids,
    tolerance: float,
    lengths: Sequence[int] = (1, 12, 5),
) -> dict[str, float]:
    """Compare decode loops with their own steps.

    Args:
        models: step and loop of each graph, by name.
        banned: ids that are never written.
        text_ids: real text, int64 [any length above 0]; repeated where it is too short.
        tolerance: what the steps were allowed to differ by, relative to max(1, |x|).
        lengths: of the prompts. Where sequences of a batch influence each other (int8) it must be a single one.

    Returns:
        The largest difference of a log-probability or state, by name.

    Raises:
        ParityError: names the graph, the sequence, the token and the number.
    """
    prompts = _Prompts(np.resize(text_ids, (len(lengths), max(lengths))), np.array(lengths))
    return {name: _check(name, *pair, banned, prompts, tolerance) for name, pair in models.items()}


class _Prompts(NamedTuple):
    """The beginnings of the texts: prompt n is ``ids[n, :lengths[n]]``."""

    ids: Ids
    lengths: Ids


def _check(
    name: str, step: StepModel, loop: DecodeLoop, banned: Sequence[int], prompts: _Prompts, tolerance: float
) -> float:
    numbers = uniform(_SEED, 0, TOKENS, len(prompts.lengths))
    worst = 0.0
    for way, knobs in (("greedy", _GREEDY), ("drawn", _DRAWN)):
        try:
            ids, log_probs, state = _write(loop, prompts, knobs, numbers, TOKENS)
            chunked, _, _ = _write(loop, prompts, knobs, numbers, _CHUNK)
        except Exception as fault:  # ort and torch raise unrelated classes
            reason = str(fault).partition("\n")[0]
            raise ParityError(f"{name}: the decode loop does not run ({way}): {reason}.") from fault
        if not np.array_equal(ids, chunked):
            raise ParityError(f"{name}: the decode loop writes other tokens in chunks of {_CHUNK} ({way}).")
        logits, states = _read(step, prompts, ids)
        for row, length in enumerate(prompts.lengths.tolist()):
            scores = logits[length - 1 : length - 1 + TOKENS, row].copy()
            scores[:, list(banned)] = -np.inf
            where = f"{name}: decode loop, {way}, sequence {row + 1} of {len(prompts.lengths)}"
            check_choices(where, scores, ids[row], numbers[:, row] if knobs is _DRAWN else None, tolerance)
            expected = [log_softmax(scores)[np.arange(TOKENS), ids[row]]]
            found = [log_probs[row]]
            for spec, part, own in zip(step.signature.state_inputs, states[length + TOKENS - 2], state, strict=False):
                expected.append(part.take(row, spec.batch_axis))
                found.append(np.asarray(own).take(row, spec.batch_axis))
            errors = [float(relative_error([x], [y])[0]) for x, y in zip(expected, found, strict=True)]
            if not max(errors) <= tolerance:
                raise ParityError(
                    f"{where}: log-probabilities and states differ by {max(errors):.3g} from those of single steps; at "
                    f"most {tolerance:.3g} relative to max(1, |x|) is allowed."
                )
            worst = max(worst, *errors)
    return worst


def _write(
    loop: DecodeLoop, prompts: _Prompts, knobs: Knobs, numbers: Uniforms, chunk: int
) -> tuple[Ids, npt.NDArray[np.float32], LoopState]:
    """What the loop writes after the prompts, so many tokens a call."""
    (input_ids, lengths), state = prompts, loop.init_state(len(prompts.lengths))
    found = []
    for start in range(0, len(numbers), chunk):
        ids, log_probs, state = loop.generate(input_ids, lengths, state, knobs, numbers[start : start + chunk])
        found.append((ids, log_probs))
        input_ids, lengths = ids[:, -1:], np.ones_like(lengths)
    ids, log_probs = (np.concatenate(parts, axis=1) for parts in zip(*found, strict=True))
    return ids, log_probs, state


def _read(step: StepModel, prompts: _Prompts, ids: Ids) -> tuple[Logits, list[State]]:
    """Feed prompts and texts to the step: logits [steps, N, V], and the state after each step.

    A sequence that is shorter than the longest one goes on with what stands there; nobody looks at that.
    """
    texts = np.zeros((len(ids), prompts.ids.shape[1] + TOKENS - 1), np.int64)
    for row, length in enumerate(prompts.lengths):
        texts[row, : length + TOKENS - 1] = [*prompts.ids[row, :length], *ids[row, :-1]]
    state = step.init_state(len(ids))
    logits, states = [], []
    for column in np.ascontiguousarray(texts.T):
        scores, state = step.step(column, state)
        logits.append(scores)
        states.append(state)
    return np.stack(logits), states


def check_choices(where: str, scores: Logits, ids: Ids, numbers: Uniforms | None, tolerance: float) -> None:
    """Each token must be the largest logit, or the one whose share of the CDF holds the number; up to rounding."""
    steps = np.arange(len(ids))
    if numbers is None:
        best = scores.max(axis=1)
        wrong = ~(best - scores[steps, ids] <= 2 * tolerance * np.maximum(1, np.abs(best)))
    else:
        cdf = np.exp(log_softmax(scores)).cumsum(axis=1)
        high = cdf[steps, ids]
        low = np.where(ids > 0, cdf[steps, ids - 1], 0.0)
        wrong = ~((low - tolerance <= numbers) & (numbers <= high + tolerance) & (high > low))
    if wrong.any():
        token = int(np.flatnonzero(wrong)[0])
        raise ParityError(f"{where}: token {token + 1} is id {ids[token]}, which single steps do not choose there.")
