"""What translating needs of a sequence-to-sequence model, whoever computes it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt

from .bundle import DECODER
from .decode_loop import Knobs
from .signature import Signature
from .step_model import Ids, Logits, State
from .tokenizer import PAD_ID
from .uniform import Uniforms

Weights = npt.NDArray[np.float32]
"""How much a target token attends to each token of its source: float32 [N, T], each row a sum of 1."""


@dataclass(frozen=True)
class Encoded:
    """A batch of sources as the encoder read them.

    Attributes:
        memory: float32 [N, T, M], zeros behind the end of a source.
        lengths: int64 [N], tokens of each source.
        state: of the decoder before its first token.
    """

    memory: npt.NDArray[np.float32]
    lengths: Ids
    state: State

    def take(self, rows: Ids) -> "Encoded":
        """Some of the sources, in that order, each as often as it is named."""
        return Encoded(self.memory[rows], self.lengths[rows], tuple(part[:, rows] for part in self.state))


class Seq2SeqBackend(Protocol):
    """An encoder and the step of a decoder: ONNX Runtime here, eager PyTorch and TorchScript elsewhere."""

    @property
    def signatures(self) -> Mapping[str, Signature]:
        """The contracts; see `toolkit.signature.seq2seq_signatures`."""
        ...

    @property
    def device(self) -> str:
        """Where it really runs: "cpu" or "cuda"."""
        ...

    def encode(self, input_ids: Ids, lengths: Ids) -> Encoded:
        """Read sources: source n is ``input_ids[n, :lengths[n]]``, at least one token; what follows is not read."""
        ...

    def step(self, input_ids: Ids, state: State, source: Encoded) -> tuple[Logits, State, Weights | None]:
        """One target token for each sequence.

        Args:
            input_ids: int64 [N], each in [0, V).
            state: one float32 [L, N, H] array for each state input.
            source: N sources.

        Returns:
            logits float32 [N, V], the next state, and where the model has attention its weights.
        """
        ...


class TranslateLoop(Protocol):
    """The whole decode loop in one call: translate.onnx."""

    @property
    def device(self) -> str:
        """Where it really runs: "cpu" or "cuda"."""
        ...

    def translate(
        self, input_ids: Ids, lengths: Ids, min_lengths: Ids, knobs: Knobs, numbers: Uniforms
    ) -> tuple[Ids, npt.NDArray[np.float32]]:
        """Read sources and write targets.

        Args:
            input_ids: int64 [N, T], as of `Seq2SeqBackend.encode`.
            lengths: int64 [N].
            min_lengths: int64 [N], no end marker before so many tokens.
            knobs: how to choose; the end marker stops a sequence in any case.
            numbers: float32 [M, N] in [0, 1): at most M tokens are written.

        Returns:
            ids int64 [N, R], log-probabilities float32 [N, R]. A sequence that has ended repeats its last token with
            log-probability 0.
        """
        ...


def batch_of(texts: Sequence[Ids]) -> tuple[Ids, Ids]:
    """Sequences of different length as one batch: ids int64 [N, T], filled up with `<pad>`, and lengths int64 [N]."""
    lengths = np.array([len(ids) for ids in texts], np.int64)
    padded = np.full((len(texts), max(1, int(lengths.max(initial=0)))), PAD_ID, np.int64)
    for row, ids in zip(padded, texts, strict=True):
        row[: len(ids)] = ids
    return padded, lengths


class SourcedStep:
    """A decoder together with its sources, as a `toolkit.step_model.StepModel` over the target."""

    def __init__(self, backend: Seq2SeqBackend, source: Encoded) -> None:
        self._backend = backend
        self._source = source
        self.signature = backend.signatures[DECODER]
        self.device = backend.device

    def init_state(self, batch_size: int) -> State:
        """What the encoder gives; there are as many sequences as sources."""
        assert batch_size == len(self._source.lengths)
        return self._source.state

    def step(self, input_ids: Ids, state: State) -> tuple[Logits, State]:
        """One target token for each source; see `Seq2SeqBackend.step`."""
        logits, after, _ = self._backend.step(input_ids, state, self._source)
        return logits, after
