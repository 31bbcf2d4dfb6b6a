"""The gate of a network that reads whole sequences: a graph's logits must be those of eager PyTorch.

The reference is the network as it was trained, through torch's own nn.RNN, nn.GRU or nn.LSTM. Every logit must be
within `ATOL` relative to max(1, |x|), and the most probable token must be the same one, where eager PyTorch itself does
not hold two equal. As in `parity`, a graph may differ by `ROUNDING_FACTOR` times as much as eager PyTorch in float32
itself strays from float64: in the 64 steps of a sequence a sharply trained network amplifies rounding, too (measured:
the recipe bilstm-window strays by 2.4e-6, with recurrent weights 1.5 times as large by 8.7e-6, twice as large by 4e-5).
"""

from collections.abc import Callable, Mapping
from functools import cache
from itertools import product

import numpy as np

from toolkit.errors import ParityError
from toolkit.step_model import Ids, Logits
from toolkit.window_model import SequenceReader

from .parity import (
    ATOL,
    ROUNDING_FACTOR,
    ParityReport,
    RolloutFigures,
    does_not_run,
    one_thread,
    relative_error,
    tied,
    token_inputs,
)

LENGTHS = (1, 64)
"""Tokens of the sequences, beside as many as were trained."""


def check_sequences(
    reference: SequenceReader,
    precise: Callable[[], SequenceReader],
    graphs: Mapping[str, SequenceReader],
    text_ids: Ids,
    vocab_size: int,
    window: int,
) -> ParityReport:
    """Compare graphs with eager PyTorch.

    Args:
        reference: eager PyTorch in float32.
        precise: makes eager PyTorch in float64; called only if a difference exceeds `ATOL`.
        graphs: what is to be proved equal, by name.
        text_ids: real text, int64 [any length above 0].
        vocab_size: V.
        window: so many tokens were read at once in training.

    Returns:
        The largest difference of each graph, kind of data and batch size.

    Raises:
        ParityError: names the graph, the sequences and the number.
    """
    lengths = sorted({*LENGTHS, window})
    cases = [
        (data, np.ascontiguousarray(ids[:length].T))
        for data, ids in token_inputs(vocab_size, text_ids, lengths[-1])
        for length in lengths
    ]
    expected = [reference.read(ids) for _, ids in cases]

    @cache
    def stray() -> float:
        """How far eager float32 strays from float64: the largest over all sequences, as `parity` has it."""
        exact = precise()
        pairs = zip(cases, expected, strict=True)
        return max(float(relative_error([exact.read(ids)], [logits])[0]) for (_, ids), logits in pairs)

    def compare(graph: str, ids: Ids, logits: Logits, data: str) -> tuple[float, int]:
        """The largest difference on ids [N, T], and at how many rows the graph took the other of two equal tokens."""
        where = f"{data} ids, batch size {ids.shape[0]}, {ids.shape[1]} tokens long"
        try:
            found = graphs[graph].read(ids)
        except Exception as fault:  # a graph frozen to one size; ort and torch raise unrelated classes
            raise does_not_run(graph, where, fault) from fault
        error = float(relative_error([logits], [found])[0])
        allowed = ATOL if error <= ATOL else max(ATOL, ROUNDING_FACTOR * stray())
        if not error <= allowed:
            raise ParityError(
                f"{graph}: output logits differs from eager PyTorch by {error:.3g} ({where}); "
                f"at most {allowed:.3g} relative to max(1, |x|) is allowed."
            )
        return error, _ties(graph, logits, found, allowed, where)

    largest: dict[tuple[str, str, int], float] = {}
    ties = 0
    with one_thread():
        for graph, ((data, ids), logits) in product(graphs, zip(cases, expected, strict=True)):
            error, met = compare(graph, ids, logits, data)
            which = graph, data, len(ids)
            largest[which] = max(error, largest.get(which, 0.0))
            ties += met
    rounding = {"logits": stray()} if stray.cache_info().currsize else {}
    figures = (RolloutFigures(*which, {"logits": error}, {}, rounding) for which, error in largest.items())
    return ParityReport(tuple(figures), ties, steps=lengths[-1], lengths=tuple(lengths))


def _ties(graph: str, expected: Logits, found: Logits, tolerance: float, where: str) -> int:
    """In how many rows the most probable token is another one, which eager PyTorch holds equal.

    Raises:
        ParityError: eager PyTorch does not.
    """
    pairs = list(zip(expected.argmax(axis=1).tolist(), found.argmax(axis=1).tolist(), strict=True))
    for row, (first, second) in enumerate(pairs):
        if first != second and not tied(expected[row : row + 1], first, second, tolerance):
            raise ParityError(
                f"{graph}: the most probable token differs from eager PyTorch's ({where}): "
                f"expected id {first}, found {second}."
            )
    return sum(first != second for first, second in pairs)
