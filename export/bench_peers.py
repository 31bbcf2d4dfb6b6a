"""What one would run without the toolkit: torch's own modules in a loop, and torch.onnx.export of them."""

from collections.abc import Iterable
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from toolkit.bench import EAGER, PLAIN, TOKENS, Case
from toolkit.models.char_rnn import CharRNN
from toolkit.models.checkpoint import load_checkpoint
from toolkit.onnx_session import open_session

from .onnx_file import quiet_exporter


def peer_cases(checkpoint: Path, batch_sizes: Iterable[int]) -> list[Case]:
    """The cases of a checkpoint without the toolkit, one thread."""
    torch.set_num_threads(1)
    network = load_checkpoint(checkpoint).build()
    return [*(_eager(network, n) for n in batch_sizes), _plain(network)]


def _eager(network: CharRNN, batch_size: int) -> Case:
    """The fused modules over sequences of length one, tensors all the way."""

    @torch.inference_mode()
    def run() -> None:
        ids, state = torch.ones(batch_size, 1, dtype=torch.int64), network.init_state(batch_size)
        for _ in range(TOKENS):
            logits, state = network(ids, state)
            ids = logits[:, 0].argmax(1, keepdim=True)

    return Case(EAGER, run, batch_size)


class _OneStep(nn.Module):
    """What a user would export: ids [N] and the states of torch's own module in, logits and states out."""

    def __init__(self, network: CharRNN) -> None:
        super().__init__()
        self.network = network

    def forward(self, ids: Tensor, *states: Tensor) -> tuple[Tensor, ...]:
        """See the class."""
        logits, after = self.network(ids[:, None], states)
        return (logits[:, 0], *after)


def _plain(network: CharRNN) -> Case:
    """torch.onnx.export of the fused modules for one sequence, and a loop that takes the largest logit."""
    start = network.init_state(1)
    ids = torch.ones(1, dtype=torch.int64)
    with quiet_exporter():
        program = torch.onnx.export(_OneStep(network), (ids, *start), dynamo=True, external_data=False, verbose=False)
    assert program is not None  # as in `to_onnx`
    session = open_session(program.model_proto.SerializeToString(), "a plain export")
    names = [part.name for part in session.get_inputs()]
    zeros = [part.numpy() for part in start]

    def run() -> None:
        ids, state = np.ones(1, np.int64), zeros
        for _ in range(TOKENS):
            logits, *state = session.run(None, dict(zip(names, (ids, *state), strict=True)))
            ids = logits.argmax(axis=1)

    return Case(PLAIN, run)
