"""Training a language model: each token of a text is predicted from those before it."""

from collections.abc import Iterator
from dataclasses import dataclass

from torch.nn import functional

from toolkit.bundle import LM
from toolkit.generation import generate
from toolkit.sampling import SamplingOptions
from toolkit.tokenizer import UNK_ID

from .batches import Batches
from .char_rnn import CharRNN
from .task import Batch, Carried, Loss
from .text_task import TextTask
from .torch_steps import EagerStepModel

_VALID_STREAMS = 32
"""Validation text is read as at most so many parallel streams, each of at least `_VALID_LENGTH` tokens."""
_VALID_LENGTH = 500


@dataclass
class LanguageTask(TextTask):
    """A `Task`; use `LanguageTask.start` or `LanguageTask.resume`.

    Raises:
        ToolkitError: the text is too short for one batch, or for the patience asked for.
    """

    network: CharRNN

    kind = LM

    def __post_init__(self) -> None:
        super().__post_init__()
        o = self.options
        self.batches = Batches(self.ids, o.sampling, o.batch_size, o.num_steps, o.seed)

    @property
    def predictions(self) -> int:
        """Every token of a sequence has a next one."""
        return self.options.num_steps

    def __len__(self) -> int:
        """Minibatches in an epoch."""
        return len(self.batches)

    def epoch(self, epoch: int, start: int = 0) -> Iterator[Batch]:
        """Inputs and targets, both int64 [N, T]."""
        return self.batches.epoch(epoch, start)

    def loss(self, batch: Batch, state: Carried) -> Loss:
        """Cross-entropy of the next tokens."""
        inputs, targets = batch
        if not state or not self.batches.carries_state:
            state = self.network.init_state(len(inputs))
        logits, after = self.network(inputs, state)
        # The logits lie time first in memory: flattened in that order, they need not be copied.
        mean = functional.cross_entropy(logits.transpose(0, 1).flatten(0, 1), targets.T.flatten())
        carried = tuple(part.detach() for part in after) if self.batches.carries_state else ()
        return Loss(mean, targets.numel(), len(targets), carried)

    def validate(self) -> float | None:
        """The mean loss over the validation text, read in parallel streams."""
        if len(self.valid_ids) < 2:
            return None
        streams = max(1, min(_VALID_STREAMS, len(self.valid_ids) // _VALID_LENGTH))
        rows = self.valid_ids[: len(self.valid_ids) // streams * streams].view(streams, -1)
        state = self.network.init_state(streams)
        total, count = 0.0, 0
        for start in range(0, rows.shape[1] - 1, _VALID_LENGTH):
            inputs = rows[:, start : start + _VALID_LENGTH]
            targets = rows[:, start + 1 : start + 1 + _VALID_LENGTH]
            logits, state = self.network(inputs[:, : targets.shape[1]], state)
            known = targets != UNK_ID
            total += functional.cross_entropy(logits[known], targets[known], reduction="sum").item()
            count += int(known.sum())
        return total / count if count else None

    def samples(self, number: int) -> Iterator[str]:
        """A text for each prefix; the random numbers of training are not touched."""
        model = EagerStepModel(self.network)
        options = SamplingOptions(
            max_new_tokens=self.options.sample_length,
            temperature=self.options.sample_temperature,
            seed=(self.options.seed + number) % 2**32,
        )
        for prefix in self.options.prefix or (self.tokenizer.example,):
            (result,) = generate(model, self.tokenizer, prefix, options)
            yield str(result)

    def layers(self) -> str:
        """See `TextTask.layers`."""
        o = self.network.options
        cell = f"{o.cell} ({o.nonlinearity})" if o.cell == "rnn" else o.cell
        return f"{cell}, {o.num_layers} x {o.hidden_size}"
