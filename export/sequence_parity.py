"""The gate of a network that reads whole sequences: a graph's logits must be those of eager PyTorch.

The reference is the network as it was trained, through torch's own nn.RNN, nn.GRU or nn.LSTM. Every logit must be
within `ATOL` relative to max(1, |x|); then the most probable token is the same one, too, but where eager PyTorch itself
holds two equal within that: such ties are counted. As in `parity`, a graph may differ by `ROUNDING_FACTOR` times as
much as eager PyTorch in float32 itself strays from float64, here in sequences of that length: 64 steps are enough for a
sharply trained network to amplify rounding (measured: by 2.4e-6 in recipe bilstm-window, and by 7e-5 in rnn-by-hand
with one layer in place of two).
"""

from collections.abc import Callable, Mapping
from itertools import product

import numpy as np

from toolkit.errors import ParityError
from toolkit.step_model import Ids, Logits
from toolkit.window_model import SequenceReader

from .differences import ATOL, relative_error
from .parity import ROUNDING_FACTOR, ParityReport, RolloutFigures, does_not_run, one_thread, token_inputs

LENGTHS = (1, 64)
"""Tokens of the sequences, beside as many as were trained."""


def check_sequences(
    reference: SequenceReader,
    precise: Callable[[], SequenceReader],
    graphs: Mapping[str, SequenceReader],
    text_ids: Ids | None,
    vocab_size: int,
    window: int,
) -> ParityReport:
    """Compare graphs with eager PyTorch.

    Args:
        reference: eager PyTorch in float32.
        precise: makes eager PyTorch in float64; called only if a difference exceeds `ATOL`.
        graphs: what is to be proved equal, by name.
        text_ids: real text, int64 [any length above 0]; None where none is known.
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
    strays: dict[int, float] = {}

    def stray(length: int) -> float:
        """How far eager float32 strays from float64 in any sequence of a length: in a single one it may by luck not."""
        if length not in strays:
            exact = precise()
            pairs = ((ids, logits) for (_, ids), logits in zip(cases, expected, strict=True) if ids.shape[1] == length)
            strays[length] = max(float(relative_error([exact.read(ids)], [logits])[0]) for ids, logits in pairs)
        return strays[length]

    def compare(graph: str, ids: Ids, logits: Logits, data: str) -> tuple[float, int]:
        """The largest difference on ids [N, T], and at how many rows the graph took the other of two equal tokens."""
        where = f"{data} ids, batch size {ids.shape[0]}, {ids.shape[1]} tokens long"
        try:
            found = graphs[graph].read(ids)
        except Exception as fault:  # a graph frozen to one size; ort and torch raise unrelated classes
            raise does_not_run(graph, where, fault) from fault
        error = float(relative_error([logits], [found])[0])
        allowed = ATOL if error <= ATOL else max(ATOL, ROUNDING_FACTOR * stray(ids.shape[1]))
        if not error <= allowed:
            raise ParityError(
                f"{graph}: output logits differs from eager PyTorch by {error:.3g} ({where}); "
                f"at most {allowed:.3g} relative to max(1, |x|) is allowed."
            )
        return error, int((found.argmax(axis=1) != logits.argmax(axis=1)).sum())

    largest: dict[tuple[str, str, int], float] = {}
    ties = 0
    with one_thread():
        for graph, ((data, ids), logits) in product(graphs, zip(cases, expected, strict=True)):
            error, met = compare(graph, ids, logits, data)
            which = graph, data, len(ids)
            largest[which] = max(error, largest.get(which, 0.0))
            ties += met
    rounding = {"logits": max(strays.values())} if strays else {}
    figures = (RolloutFigures(*which, {"logits": error}, {}, rounding) for which, error in largest.items())
    return ParityReport(tuple(figures), ties, steps=lengths[-1], lengths=tuple(lengths))
