"""The gate for decode loops: right ones pass, and each kind of wrong one is named."""

import numpy as np
import pytest

from toolkit.errors import ParityError
from toolkit.export.loop_parity import TOKENS, check_loops

TOLERANCE = 1e-5


class Wrong:
    """A decode loop with something done to what it returns."""

    def __init__(self, loop, change):
        self.signature, self.device, self.init_state = loop.signature, loop.device, loop.init_state
        self._loop, self._change = loop, change

    def generate(self, input_ids, lengths, state, knobs, numbers):
        ids, log_probs, after = self._loop.generate(input_ids, lengths, state, knobs, numbers)
        return self._change(ids.copy(), log_probs.copy(), after, knobs, numbers, state)


def other_greedy_token(ids, log_probs, after, knobs, numbers, _state):
    if knobs.temperature == 0 and len(numbers) == TOKENS:
        ids[1, 40] = ids[1, 40] % 28 + 1
    return ids, log_probs, after


def other_drawn_token(ids, log_probs, after, knobs, numbers, _state):
    if knobs.temperature and len(numbers) == TOKENS:
        ids[2, 0] = ids[2, 0] % 28 + 1
    return ids, log_probs, after


def the_same_token_again(ids, log_probs, after, *_):
    ids[:, 1:] = ids[:, :1]
    return ids, log_probs, after


def unk(ids, log_probs, after, _knobs, _numbers, _state):
    ids[0, -1] = 0
    return ids, log_probs, after


def log_probs_of_another_base(ids, log_probs, after, *_):
    return ids, log_probs / np.float32(np.log(2)), after


def the_state_that_went_in(ids, log_probs, _after, _knobs, numbers, state):
    return ids, log_probs, state if len(numbers) == TOKENS else _after


def breakdown(*_):
    raise RuntimeError("out of order\nand more")


@pytest.mark.parametrize("graph", ["onnx", "torchscript"])
@pytest.mark.parametrize("cell", ["rnn", "gru", "lstm"])
def test_right_loops_pass_and_their_figure_is_small(loops_of, text_ids, cell, graph):
    _, steps, loops, _ = loops_of(cell, 2)
    found = check_loops({graph: (steps[graph], loops[graph])}, (0,), text_ids, TOLERANCE)
    assert list(found) == [graph]
    assert 0 < found[graph] < TOLERANCE


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        (other_greedy_token, r"writes other tokens in chunks of 16 \(greedy\)"),
        (other_drawn_token, r"writes other tokens in chunks of 16 \(drawn\)"),
        (the_same_token_again, r"writes other tokens|is id \d+, which single steps do not choose there"),
        (unk, r"writes other tokens|is id 0, which single steps do not choose there"),
        (log_probs_of_another_base, r"log-probabilities and states differ by 0.\d+ from those of single steps"),
        (the_state_that_went_in, "log-probabilities and states differ by"),
        (breakdown, r"the decode loop does not run \(greedy\): out of order\."),
    ],
)
def test_a_wrong_loop_is_refused(loops_of, text_ids, change, complaint):
    _, steps, loops, _ = loops_of("lstm", 2)
    with pytest.raises(ParityError, match=rf"^onnx: .*({complaint})"):
        check_loops({"onnx": (steps["onnx"], Wrong(loops["onnx"], change))}, (0,), text_ids, TOLERANCE)


def test_a_loop_of_other_weights_is_refused(loops_of, text_ids):
    steps, loops = loops_of("gru", 1).steps, loops_of("gru", 2).loops
    with pytest.raises(ParityError, match=r"sequence 1 of 3: token 1 is id|does not run|single steps do not choose"):
        check_loops({"onnx": (steps["onnx"], loops["onnx"])}, (0,), text_ids, TOLERANCE)
