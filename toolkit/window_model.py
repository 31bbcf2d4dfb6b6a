"""A loaded network that reads a window of text at once and says what may follow."""

import warnings
from typing import Protocol

import numpy as np
import numpy.typing as npt

from .errors import ToolkitError
from .language_model import UnknownTokenWarning, read_as_unknown
from .sampling import softmax
from .signature import Signature
from .step_model import Ids, Logits, check_ids
from .tokenizer import Tokenizer


class SequenceReader(Protocol):
    """Reads whole sequences. ONNX Runtime implements it here; eager PyTorch and TorchScript elsewhere."""

    @property
    def signature(self) -> Signature:
        """Names, dtypes and axes of the graph."""
        ...

    @property
    def device(self) -> str:
        """Where it really runs: "cpu" or "cuda"."""
        ...

    def read(self, input_ids: Ids) -> Logits:
        """Ids int64 [N, T], T at least 1, each in [0, V) -> logits float32 [N, V] of the token after the last."""
        ...


class WindowModel:
    """Text in, the next token out; there is no state, and no step to go on with.

    Attributes:
        backend: the network, on whatever computes it.
        tokenizer: with its vocabulary.
        window: tokens of a window in training; of a longer text the last so many are read.
    """

    def __init__(self, backend: SequenceReader, tokenizer: Tokenizer, window: int) -> None:
        self.backend = backend
        self.tokenizer = tokenizer
        self.window = window

    def __repr__(self) -> str:
        return f"{type(self).__name__}({type(self.backend).__name__} on {self.device}, {self.tokenizer!r})"

    @property
    def signature(self) -> Signature:
        """Names, dtypes and axes of the graph."""
        return self.backend.signature

    @property
    def device(self) -> str:
        """Where it really runs: "cpu" or "cuda"."""
        return self.backend.device

    def logits(self, input_ids: Ids) -> Logits:
        """Ids int64 [N, T], T at least 1 and of any length -> logits float32 [N, V] of the token after the last one.

        Raises:
            ToolkitError: wrong dtype, shape or range.
        """
        check_ids(input_ids, "[N, T]", len(self.tokenizer))
        return self.backend.read(input_ids)

    def predict(self, text: str) -> npt.NDArray[np.float32]:
        """The probability of each token of the vocabulary to follow on a text: float32 [V].

        Args:
            text: at least one token; unknown ones are named in an `UnknownTokenWarning`.

        Raises:
            ToolkitError: the text is empty.
        """
        return softmax(self._read(text))

    def next_tokens(self, text: str, n: int = 10) -> list[tuple[str, float]]:
        """The most probable tokens to follow on a text.

        Args:
            text: as of `predict`.
            n: how many, at least 1; fewer where the vocabulary has no more.

        Returns:
            Tokens with their probabilities, the most probable first, equals by id; `<unk>` is never one of them.

        Example:
            >>> toolkit.load_window("runs/a/best").next_tokens("想要有直升机", 3)
        """
        if n < 1:
            raise ToolkitError(f"n must be at least 1, found {n}")
        return most_probable(self._read(text), self.tokenizer, n)

    def _read(self, text: str) -> Logits:
        """The logits [V] after a text."""
        unknown = self.tokenizer.unknown(text)
        if unknown and self.tokenizer.unk_id is not None:  # else reading them is an error
            warnings.warn(read_as_unknown(unknown, self.tokenizer), UnknownTokenWarning, stacklevel=3)
        ids = self.tokenizer.encode(text)
        if not len(ids):
            raise ToolkitError("the text must hold at least one token, found an empty one")
        logits: Logits = self.backend.read(ids[None, -self.window :])[0]
        return logits


def most_probable(logits: Logits, tokenizer: Tokenizer, n: int) -> list[tuple[str, float]]:
    """See `WindowModel.next_tokens`; logits [V]."""
    order = np.argsort(-logits, kind="stable")
    probabilities = softmax(logits)
    best = [int(i) for i in order if i not in tokenizer.special_ids][:n]
    return [(tokenizer.vocab[i], float(probabilities[i])) for i in best]
