"""Beam search over the step of a decoder, in numpy.

At each token the `num_beams` unfinished texts with the highest sum of log-probabilities are kept, and beside them the
one that greedy decoding writes: so the best text never scores below the greedy one, which plain beam search does not
promise. The score of a finished text is its sum of log-probabilities divided by its number of tokens, the end marker
among them, to the power of the length penalty (as in Hugging Face's beam search). The search ends when no unfinished
text can score above those that are kept any more.
"""

from dataclasses import dataclass

import numpy as np

from .decode_loop import damaged
from .sampling import NEVER, log_softmax
from .seq2seq import Encoded, Seq2SeqBackend
from .tokenizer import Tokenizer


@dataclass(frozen=True)
class Hypothesis:
    """A finished text.

    Attributes:
        ids: its tokens, the end marker last where it met one.
        log_probs: of each token.
        score: see the module.
    """

    ids: tuple[int, ...]
    log_probs: tuple[float, ...]
    score: float


def score_of(log_prob: float, tokens: int, length_penalty: float) -> float:
    """The score of a text whose tokens have this sum of log-probabilities."""
    return float(log_prob / max(1, tokens) ** length_penalty)


def beam_search(
    backend: Seq2SeqBackend,
    source: Encoded,
    tokenizer: Tokenizer,
    num_beams: int,
    length_penalty: float,
    fewest: int,
    most: int,
) -> list[Hypothesis]:
    """The best texts for one source, best first: `num_beams` of them, fewer where there are fewer.

    Args:
        backend: any.
        source: one source.
        tokenizer: of the target, with markers.
        num_beams: unfinished texts that are kept at each token.
        length_penalty: see the module.
        fewest: no end marker before so many tokens.
        most: a text of so many tokens is finished without an end marker.

    Raises:
        ToolkitError: the model returned NaN or infinity.
    """
    eos = tokenizer.end_id
    banned = sorted(tokenizer.unwritten_ids)
    beams, finished = [Hypothesis((), (), 0.0)], list[Hypothesis]()
    greedy: int | None = 0  # its place among the beams, until it has ended
    state, last, rows = source.state, np.array([tokenizer.start_id]), np.zeros(1, np.int64)
    for length in range(1, most + 1):
        logits, after, _ = backend.step(last, state, source.take(np.zeros_like(rows)))
        if not np.isfinite(logits.max()):  # a NaN anywhere is the largest
            raise damaged(length - 1)
        logits = logits.copy()
        logits[:, banned] = NEVER
        steps = log_softmax(logits)  # [B, V]
        if length > fewest:
            finished += [_longer(beam, eos, steps[row, eos], length_penalty) for row, beam in enumerate(beams)]
        finished = sorted(finished, key=lambda text: -text.score)[:num_beams]

        totals = np.array([sum(beam.log_probs) for beam in beams])[:, None] + steps
        totals[:, eos] = NEVER
        places = np.argsort(-totals, axis=None, kind="stable")[:num_beams].tolist()
        places = [place for place in places if totals.flat[place] > NEVER]
        if greedy is not None:
            token = int((steps if length > fewest else totals)[greedy].argmax())
            following = greedy * steps.shape[1] + token
            if token != eos and following not in places:
                places.append(following)
            greedy = places.index(following) if token != eos else None
        if not places:
            break
        rows, last = np.divmod(np.array(places), steps.shape[1])
        state = tuple(part[:, rows] for part in after)
        pairs = zip(rows.tolist(), last.tolist(), strict=True)
        beams = [_longer(beams[row], token, steps[row, token], length_penalty) for row, token in pairs]
        if length == most:
            finished += beams
        elif len(finished) == num_beams:
            longest = most if length_penalty > 0 else length + 1
            best = max(sum(beam.log_probs) for beam in beams)
            if score_of(best, longest, length_penalty) <= finished[-1].score:
                break
    return sorted(finished, key=lambda text: -text.score)[:num_beams]


def _longer(beam: Hypothesis, token: int, log_prob: float, length_penalty: float) -> Hypothesis:
    ids, log_probs = (*beam.ids, token), (*beam.log_probs, float(log_prob))
    return Hypothesis(ids, log_probs, score_of(sum(log_probs), len(ids), length_penalty))
