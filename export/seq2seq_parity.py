"""The gate for sequence-to-sequence models: encoder, decoder and translate.onnx must compute what eager PyTorch does.

Encoders read real and random sources, batches of mixed lengths. Decoders go through the gate of every step (`parity`),
each from its own encoder's memory and states; the attention's weights are compared like one more state. The loop of
translate.onnx writes targets, and each of its tokens must be the one that single steps of the same graphs lead to.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from toolkit.bundle import DECODER
from toolkit.decode_loop import Knobs
from toolkit.errors import ParityError
from toolkit.sampling import NEVER, log_softmax
from toolkit.seq2seq import Encoded, Seq2SeqBackend, TranslateLoop, batch_of
from toolkit.signature import Signature
from toolkit.step_model import Ids, Logits, State
from toolkit.tokenizer import Tokenizer
from toolkit.uniform import uniform

from .differences import ATOL, relative_error
from .loop_parity import check_choices
from .parity import BATCH_SIZES, RANDOM_SEED, ROUNDING_FACTOR, STEPS, ParityReport, check_parity, places

_LONGEST_RANDOM = 40
"""Tokens of the longest random source, or those of the longest real one where that is longer."""

_LOOP_SOURCES, _LOOP_TOKENS, _LOOP_SEED = 32, 48, 7
_WAYS = {"greedy": Knobs(temperature=0.0), "drawn": Knobs()}

Batch = tuple[Ids, Ids]
"""Sources int64 [N, T] and their lengths int64 [N]."""


class _Sourced:
    """A decoder with its sources, as a step for `check_parity`; the attention rides along as one more state.

    Single steps go in as one batch of many times the sources.
    """

    def __init__(self, backend: Seq2SeqBackend, batch: Batch) -> None:
        self._backend = backend
        self._source = backend.encode(*batch)
        contract = backend.signatures[DECODER]
        self._states = len(contract.states)
        weights = contract.outputs[1 + self._states :]
        self._attends = bool(weights)
        states = (*contract.state_inputs, *weights)
        self.signature = Signature((contract.inputs[0], *states), contract.outputs, tuple(s.name for s in states))

    def init_state(self, batch_size: int) -> State:
        source = self._source
        assert batch_size == len(source.lengths)
        return (*source.state, *([np.zeros(source.memory.shape[:2], np.float32)] if self._attends else []))

    def step(self, input_ids: Ids, state: State) -> tuple[Logits, State]:
        many = np.resize(np.arange(len(self._source.lengths)), len(input_ids))
        logits, after, weights = self._backend.step(input_ids, state[: self._states], self._source.take(many))
        return logits, after if weights is None else (*after, weights)


def check_seq2seq(
    reference: Seq2SeqBackend,
    precise: Callable[[], Seq2SeqBackend],
    graphs: Mapping[str, Seq2SeqBackend],
    pairs: Sequence[tuple[Ids, Ids]] | None,
    tokenizers: tuple[Tokenizer, Tokenizer],
) -> ParityReport:
    """Compare encoders and decoders with eager PyTorch.

    Args:
        reference: eager PyTorch in float32.
        precise: makes eager PyTorch in float64; called only if a difference exceeds `ATOL`.
        graphs: what is to be proved equal, by name.
        pairs: real sources and targets between their markers; None where none are known.
        tokenizers: of source and target.

    Returns:
        The largest difference of every output.

    Raises:
        ParityError: names the graph, the output, the step and the number.
    """
    reads, writes = tokenizers
    random = np.random.default_rng(RANDOM_SEED)
    text = np.concatenate([target for _, target in pairs]) if pairs else None
    reports, encoders = [], dict.fromkeys(graphs, 0.0)
    for batch_size in BATCH_SIZES:
        cases, longest = [], _LONGEST_RANDOM
        if pairs and text is not None:
            real = batch_of([pairs[row % len(pairs)][0] for row in range(batch_size)])
            cases, longest = [("text", real, text[places(batch_size, len(text))])], max(longest, real[0].shape[1])
        lengths = random.integers(1, longest + 1, batch_size)
        made = random.integers(0, len(reads), (batch_size, int(lengths.max())), dtype=np.int64), lengths
        cases.append(("random", made, random.integers(0, len(writes), (STEPS, batch_size), dtype=np.int64)))
        for data, batch, ids in cases:
            for name, graph in graphs.items():
                error = _check_encoder(name, graph, (reference, precise), batch, f"{data} ids, batch size {batch_size}")
                encoders[name] = max(encoders[name], error)
            sourced = {name: _Sourced(graph, batch) for name, graph in graphs.items()}
            greedy = writes.start_id if batch_size == 1 and data == cases[0][0] else None
            reports.append(
                check_parity(
                    _Sourced(reference, batch),
                    lambda batch=batch: _Sourced(precise(), batch),  # type: ignore[misc]  # bound now, not later
                    sourced,
                    [(data, ids)],
                    greedy,
                )
            )
    return ParityReport(
        tuple(figures for report in reports for figures in report.rollouts),
        sum(report.ties for report in reports),
        max(report.greedy_tokens for report in reports),
        min(report.steps for report in reports),
        encoders=encoders,
    )


def _check_encoder(
    name: str,
    graph: Seq2SeqBackend,
    eager: tuple[Seq2SeqBackend, Callable[[], Seq2SeqBackend]],
    batch: Batch,
    where: str,
) -> float:
    """The largest |x - y| / max(1, |x|) of an encoder's outputs."""
    try:
        found = _outputs(graph.encode(*batch))
    except Exception as fault:  # ort and torch raise unrelated classes
        raise ParityError(f"{name}: the encoder does not run ({where}): {str(fault).partition(chr(10))[0]}.") from fault
    reference, precise = eager
    expected, worst = _outputs(reference.encode(*batch)), 0.0
    for output, x in expected.items():
        error = float(relative_error([x], [found[output]])[0])
        allowed = ATOL
        if not error <= allowed:
            exact = _outputs(precise().encode(*batch))[output]
            allowed = max(ATOL, ROUNDING_FACTOR * float(relative_error([exact], [x])[0]))
        if not error <= allowed:
            raise ParityError(
                f"{name}: encoder output {output} differs from eager PyTorch by {error:.3g} ({where}); at most "
                f"{allowed:.3g} relative to max(1, |x|) is allowed."
            )
        worst = max(worst, error)
    return worst


def _outputs(encoded: Encoded) -> dict[str, npt.NDArray[Any]]:
    return {"memory": encoded.memory, **{f"{part}0": x for part, x in zip("hc", encoded.state, strict=False)}}


def check_translate(
    name: str, backend: Seq2SeqBackend, loop: TranslateLoop, batch: Batch, tokenizer: Tokenizer, tolerance: float
) -> float:
    """Compare a translation loop with single steps of the same graphs, greedily and drawn.

    Args:
        name: of the graphs, for errors.
        backend: encoder and decoder.
        loop: what is to be proved equal.
        batch: real sources.
        tokenizer: of the target.
        tolerance: what the steps were allowed to differ by, relative to max(1, |x|).

    Returns:
        The largest difference of a log-probability.

    Raises:
        ParityError: names the source, the token and the number.
    """
    ids, lengths = (part[:_LOOP_SOURCES] for part in batch)
    numbers, worst = uniform(_LOOP_SEED, 0, _LOOP_TOKENS, len(ids)), 0.0
    source = backend.encode(ids, lengths)
    for way, knobs in _WAYS.items():
        try:
            written, log_probs = loop.translate(ids, lengths, np.zeros_like(lengths), knobs, numbers)
        except Exception as fault:  # ort raises unrelated classes
            reason = str(fault).partition("\n")[0]
            raise ParityError(f"{name}: the translation loop does not run ({way}): {reason}.") from fault
        scores = _read(backend, source, tokenizer, written)
        for row, target in enumerate(written):
            ends = np.flatnonzero(target == tokenizer.end_id)
            end = int(ends[0]) + 1 if len(ends) else len(target)
            where = f"{name}: translation loop, {way}, source {row + 1} of {len(written)}"
            drawn = numbers[:end, row] if way == "drawn" else None
            check_choices(where, scores[:end, row], target[:end], drawn, tolerance)
            expected = log_softmax(scores[:end, row])[np.arange(end), target[:end]]
            error = float(relative_error([expected], [log_probs[row, :end]])[0])
            quiet = (target[end:] == tokenizer.end_id).all() and not log_probs[row, end:].any()
            if not (error <= tolerance and quiet):
                raise ParityError(
                    f"{where}: log-probabilities differ by {error:.3g} from those of single steps (at most "
                    f"{tolerance:.3g} is allowed), or something is written after the end."
                )
            worst = max(worst, error)
    return worst


def _read(backend: Seq2SeqBackend, source: Encoded, tokenizer: Tokenizer, written: Ids) -> Logits:
    """The logits [R, N, V] from which each token of some targets was chosen."""
    state, last, scores = source.state, np.full(len(written), tokenizer.start_id), []
    for column in np.ascontiguousarray(written.T):
        logits, state, _ = backend.step(last, state, source)
        allowed = logits.copy()
        allowed[:, sorted(tokenizer.unwritten_ids)] = NEVER
        scores.append(allowed)
        last = column
    return np.stack(scores)
