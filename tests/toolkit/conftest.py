"""Step models made by hand in numpy, whose logits a test can work out."""

import numpy as np
import pytest

from toolkit.signature import step_signature
from toolkit.step_model import zero_state


class HandMade:
    """A step whose logits come from a function of the test.

    `logits_of(h, ids)` gets one number h for each row and the ids, both [N], and gives [N, V].
    `next_h(h, ids)` gives the next h; without it h counts the tokens read so far.
    """

    device = "cpu"

    def __init__(self, vocab_size, logits_of, next_h=lambda h, ids: h + 1):
        self.signature = step_signature("rnn", 1, 1, vocab_size)
        self.calls = 0
        self._logits_of = logits_of
        self._next_h = next_h

    def init_state(self, batch_size):
        return zero_state(self.signature, batch_size)

    def step(self, input_ids, state):
        self.calls += 1
        h = state[0][0, :, 0]
        logits = np.array(self._logits_of(h, input_ids), dtype=np.float32)
        logits.setflags(write=False)  # the loop must work on a copy
        return logits, (self._next_h(h, input_ids).astype(np.float32).reshape(1, -1, 1),)


@pytest.fixture(scope="session")
def hand_made():
    return HandMade


@pytest.fixture(scope="session")
def scripted():
    """A model that after a prompt of one token writes given ids, whatever it reads, and then repeats the last."""

    def make(ids, vocab_size):
        script = np.array(ids)

        def logits_of(h, _ids):
            return 40.0 * np.eye(vocab_size)[script[np.minimum(h.astype(int), len(script) - 1)]]

        return HandMade(vocab_size, logits_of)

    return make


@pytest.fixture(scope="session")
def moody():
    """A model whose every logit depends on all tokens that its own row has read, in their order."""

    def make(vocab_size):
        def next_h(h, ids):
            return (h * 31 + ids + 1) % 1009

        def logits_of(h, ids):
            return 3 * np.sin(np.outer(next_h(h, ids), np.arange(vocab_size) + 2))

        return HandMade(vocab_size, logits_of, next_h)

    return make
