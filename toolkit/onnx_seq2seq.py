"""encoder.onnx and decoder.onnx as a Seq2SeqBackend, translate.onnx as a TranslateLoop. None holds state."""

from collections.abc import Callable, Mapping
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from .bundle import DECODER, ENCODER
from .decode_loop import Knobs
from .seq2seq import Encoded, Weights
from .signature import Signature
from .step_model import Ids, Logits, State
from .uniform import Uniforms


class OnnxSeq2Seq:
    """Encoder and decoder on ONNX Runtime.

    Args:
        open_session: a graph's name -> its session, made when it is first needed: whoever only translates greedily
            needs translate.onnx alone.
        signatures: the contracts.
        device: "cpu" or "cuda".
    """

    def __init__(self, open_session: Callable[[str], Any], signatures: Mapping[str, Signature], device: str) -> None:
        self._open_session = open_session
        self.signatures = signatures
        self.device = device

    @cached_property
    def _encoder(self) -> Any:  # noqa: ANN401 - ort is untyped
        return self._open_session(ENCODER)

    @cached_property
    def _decoder(self) -> Any:  # noqa: ANN401 - ort is untyped
        return self._open_session(DECODER)

    def encode(self, input_ids: Ids, lengths: Ids) -> Encoded:
        """Read sources; see `Seq2SeqBackend.encode`."""
        memory, *state = self._encoder.run(None, {"input_ids": input_ids, "lengths": lengths})
        return Encoded(memory, lengths, tuple(state))

    def step(self, input_ids: Ids, state: State, source: Encoded) -> tuple[Logits, State, Weights | None]:
        """One target token for each sequence; see `Seq2SeqBackend.step`."""
        # A decoder without attention asks for neither memory nor lengths.
        names = [spec.name for spec in self.signatures[DECODER].inputs]
        feeds = dict(zip(names, (input_ids, *state, source.memory, source.lengths), strict=False))
        logits, *after = self._decoder.run(None, feeds)
        return logits, tuple(after[: len(state)]), after[len(state)] if len(after) > len(state) else None


class OnnxTranslateLoop:
    """translate.onnx on ONNX Runtime.

    Args:
        session: on the graph.
        signature: of the graph.
        device: "cpu" or "cuda".
    """

    def __init__(self, session: Any, signature: Signature, device: str) -> None:  # noqa: ANN401 - ort is untyped
        self._session = session
        self._names = tuple(spec.name for spec in signature.inputs)
        self.device = device

    def translate(
        self, input_ids: Ids, lengths: Ids, min_lengths: Ids, knobs: Knobs, numbers: Uniforms
    ) -> tuple[Ids, npt.NDArray[np.float32]]:
        """Read sources and write targets; see `TranslateLoop.translate`."""
        values = (input_ids, lengths, min_lengths, np.array(len(numbers)), *knobs.arrays(), numbers)
        ids, log_probs = self._session.run(None, dict(zip(self._names, values, strict=True)))
        return ids, log_probs
