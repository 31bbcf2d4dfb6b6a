"""Training on windows: the token after each place of a text is predicted from the `num_steps` tokens up to there."""

import math
from collections.abc import Iterator
from dataclasses import dataclass

from torch import Tensor
from torch.nn import functional

from toolkit.bundle import WINDOW
from toolkit.errors import ToolkitError
from toolkit.tokenizer import UNK_ID, readable
from toolkit.window_model import most_probable

from .batches import shuffled
from .task import Batch, Carried, Loss
from .text_task import TextTask
from .torch_steps import TorchSequence
from .window_rnn import WindowRNN

_VALID_BATCH = 256

_SAMPLE_TOKENS = 5
"""So many next tokens stand in a sample."""


@dataclass
class WindowTask(TextTask):
    """A `Task`; use `WindowTask.start` or `WindowTask.resume`.

    Raises:
        ToolkitError: the text is too short for one window, or for the patience asked for.
    """

    network: WindowRNN

    kind = WINDOW

    def __post_init__(self) -> None:
        super().__post_init__()
        needed = 1 + self.context
        if len(self.ids) < needed:
            raise ToolkitError(
                f"num_steps {self.context} needs at least {needed:,} tokens of training text, found {len(self.ids):,}. "
                "Use a smaller --num-steps, or a longer text."
            )

    @property
    def context(self) -> int:
        """The tokens of a window."""
        return self.options.num_steps

    @property
    def predictions(self) -> int:
        """The token after a window."""
        return 1

    def _windows(self, ids: Tensor) -> Tensor:
        """Every window of a text and the token after it, int64 [windows, num_steps + 1]; shares its memory."""
        return ids.unfold(0, 1 + self.context, 1)

    def __len__(self) -> int:
        """Minibatches in an epoch; the last one may be smaller."""
        return math.ceil(len(self._windows(self.ids)) / self.options.batch_size)

    def epoch(self, epoch: int, start: int = 0) -> Iterator[Batch]:
        """Windows int64 [N, T] and the tokens after them int64 [N]: each place of the text once, shuffled."""
        windows, n = self._windows(self.ids), self.options.batch_size
        order = shuffled(len(windows), self.options.seed, epoch).to(windows.device)
        for i in range(start, len(self)):
            rows = windows[order[i * n : (i + 1) * n]]
            yield rows[:, :-1], rows[:, -1]

    def loss(self, batch: Batch, _state: Carried) -> Loss:
        """Cross-entropy of the next tokens."""
        windows, targets = batch
        return Loss(functional.cross_entropy(self.network(windows), targets), len(targets), len(targets), ())

    def validate(self) -> float | None:
        """The mean loss over all windows of the text held back."""
        if len(self.valid_ids) <= self.context:
            return None
        windows, total, count = self._windows(self.valid_ids), 0.0, 0
        for start in range(0, len(windows), _VALID_BATCH):
            rows = windows[start : start + _VALID_BATCH]
            logits, targets = self.network(rows[:, :-1]), rows[:, -1]
            known = targets != UNK_ID
            total += functional.cross_entropy(logits[known], targets[known], reduction="sum").item()
            count += int(known.sum())
        return total / count if count else None

    def samples(self, _number: int) -> Iterator[str]:
        """What may follow on each prefix, or on the beginning of the text."""
        beginning = self.tokenizer.decode(self.ids[: self.context].tolist())
        backend = TorchSequence(self.network, len(self.tokenizer), self.network.device)
        for prefix in self.options.prefix or (beginning,):
            ids = self.tokenizer.encode(prefix)[None, -self.context :]
            found = most_probable(backend.read(ids)[0], self.tokenizer, _SAMPLE_TOKENS)
            yield f"{readable(prefix)} -> {', '.join(f'{readable(token)} {share:.3f}' for token, share in found)}"

    def layers(self) -> str:
        """See `TextTask.layers`."""
        o = self.network.options
        return f"{o.cell}, {o.num_layers} x {o.hidden_size} in both directions"
