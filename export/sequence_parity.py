"""The gate of a network that reads whole sequences: a graph's logits must be those of eager PyTorch.

The reference is the network as it was trained, through torch's own nn.RNN, nn.GRU or nn.LSTM. Every logit must be within
`ATOL` relative to max(1, |x|), and the most probable token must be the same one, where eager PyTorch itself does not
hold two equal. There is no allowance for the rounding of eager float32, as `parity` has: that is for rollouts of 256
steps whose state a sharply trained network amplifies; here every sequence begins with a state of exact zeros, and is
no longer than what was trained or 64 tokens.
"""

from collections.abc import Mapping, Sequence

import numpy as np

from toolkit.errors import ParityError
from toolkit.step_model import Ids, Logits
from toolkit.window_model import SequenceReader

from .parity import ATOL, ParityReport, RolloutFigures, does_not_run, one_thread, relative_error, tied, token_inputs

LENGTHS = (1, 64)
"""Tokens of the sequences, beside as many as were trained."""


def check_sequences(
    reference: SequenceReader, graphs: Mapping[str, SequenceReader], text_ids: Ids, vocab_size: int, window: int
) -> ParityReport:
    """Compare graphs with eager PyTorch.

    Args:
        reference: eager PyTorch.
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
    figures: list[RolloutFigures] = []
    ties = 0
    with one_thread():
        for data, ids in token_inputs(vocab_size, text_ids, lengths[-1]):
            inputs = [np.ascontiguousarray(ids[:length].T) for length in lengths]
            expected = [reference.read(part) for part in inputs]
            for graph, model in graphs.items():
                where = f"{data} ids, batch size {ids.shape[1]}"
                errors = [_compare(graph, model, *pair, where) for pair in zip(inputs, expected, strict=True)]
                largest = max(error for error, _ in errors)
                figures.append(RolloutFigures(graph, data, ids.shape[1], {"logits": largest}, {}, {}))
                ties += sum(found for _, found in errors)
    return ParityReport(tuple(figures), ties, steps=lengths[-1], lengths=tuple(lengths))


def _compare(graph: str, model: SequenceReader, ids: Ids, expected: Logits, where: str) -> tuple[float, int]:
    """The largest difference of one graph on ids [N, T], and at how many rows it took the other of two equal tokens."""
    where = f"{where}, {ids.shape[1]} tokens long"
    try:
        logits = model.read(ids)
    except Exception as fault:  # a graph frozen to one size; ort and torch raise unrelated classes
        raise does_not_run(graph, where, fault) from fault
    error = float(relative_error([expected], [logits])[0])
    if not error <= ATOL:
        raise ParityError(
            f"{graph}: output logits differs from eager PyTorch by {error:.3g} ({where}); "
            f"at most {ATOL:g} relative to max(1, |x|) is allowed."
        )
    return error, sum(_ties(graph, expected, logits, where))


def _ties(graph: str, expected: Logits, logits: Logits, where: str) -> Sequence[bool]:
    """Whether each row's most probable token is another one, which eager PyTorch holds equal.

    Raises:
        ParityError: eager PyTorch does not.
    """
    chosen, others = expected.argmax(axis=1).tolist(), logits.argmax(axis=1).tolist()
    for row, (first, second) in enumerate(zip(chosen, others, strict=True)):
        if first != second and not tied(expected[row : row + 1], first, second):
            raise ParityError(
                f"{graph}: the most probable token is another one than eager PyTorch's ({where}): "
                f"expected id {first}, found {second}."
            )
    return [first != second for first, second in zip(chosen, others, strict=True)]
