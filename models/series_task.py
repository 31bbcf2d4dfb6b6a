"""Training on series of real numbers: each step's outputs are compared with its targets."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional

from toolkit.errors import ToolkitError
from toolkit.series_data import Series
from toolkit.tokenizer import Tokenizer

from .batches import shuffled
from .checkpoint import Checkpoint
from .series_options import SeriesDataOptions, SeriesOptions
from .series_rnn import SeriesRNN
from .task import Batch, Carried, Loss, fresh
from .torch_steps import resolve_torch_device
from .train_options import TrainOptions

_SAMPLE_POINTS = 512
"""So many input rows go into the checkpoint: real input for the parity check of the export."""


@dataclass
class SeriesTask:
    """A `Task`; use `SeriesTask.start` or `SeriesTask.resume`.

    Raises:
        ToolkitError: the data has another width than the network, or is too short for one batch.
    """

    network: SeriesRNN
    options: TrainOptions
    data: Series
    data_options: SeriesDataOptions

    kind = "series"
    measure = "loss"
    unit = "steps"
    guessing = None

    def __post_init__(self) -> None:
        o = self.network.options
        for name, found, expected in (
            ("input_size", self.data.inputs.shape[2], o.input_size),
            ("output_size", self.data.targets.shape[2], o.output_size),
        ):
            if found != expected:
                raise ToolkitError(f"{self.data.source}: has {found} numbers where {name} is {expected}")
        if not len(self):
            length, what = self._length()
            needed = self.options.num_steps if self.data.carried else self.options.batch_size
            raise ToolkitError(
                f"{self.data.source}: expected at least {needed} {what} for one batch, found {length}. "
                f"Use a smaller --{'num-steps' if self.data.carried else 'batch-size'}."
            )
        if self.options.patience and not len(self.data.valid_inputs):
            raise ToolkitError(f"patience {self.options.patience} needs something held back. Use --patience 0.")
        device = self.network.device
        self._tensors = [torch.from_numpy(part).to(device) for part in (self.data.inputs, self.data.targets)]
        self._valid = [torch.from_numpy(part).to(device) for part in (self.data.valid_inputs, self.data.valid_targets)]

    @classmethod
    def start(
        cls, network: SeriesOptions, options: TrainOptions, data: Series, data_options: SeriesDataOptions
    ) -> "SeriesTask":
        """With fresh weights."""
        return cls(fresh(lambda: SeriesRNN(network), options), options, data, data_options)

    @classmethod
    def resume(
        cls, checkpoint: Checkpoint, options: TrainOptions, data: Series, data_options: SeriesDataOptions
    ) -> "SeriesTask":
        """With the weights of a checkpoint of the same data.

        Raises:
            ToolkitError: the data has changed.
        """
        if data.sha256 != checkpoint.corpus["sha256"]:
            raise ToolkitError(f"{data.source}: is not the series that the run began with. Start a new run with -o.")
        network = checkpoint.build().to(resolve_torch_device(options.device))
        return cls(network, options, data, data_options)

    @property
    def shape(self) -> SeriesOptions:
        """See `Task.shape`."""
        return self.network.options

    @property
    def tokenizers(self) -> Mapping[str, Tokenizer]:
        """None."""
        return {}

    @property
    def corpus_facts(self) -> Mapping[str, Any]:
        """See `Task.corpus_facts`."""
        rows = self.data.inputs.reshape(-1, self.data.inputs.shape[2])
        return {
            "source": self.data.source,
            "sha256": self.data.sha256,
            "characters": len(rows),
            "options": self.data_options.to_dict(),
            "sample": rows[:_SAMPLE_POINTS].tolist(),
        }

    def _length(self) -> tuple[int, str]:
        """What is cut into batches."""
        sequences, steps = self.data.inputs.shape[:2]
        return (steps, "points") if self.data.carried else (sequences, "sequences")

    def __len__(self) -> int:
        """Minibatches in an epoch."""
        return self._length()[0] // (self.options.num_steps if self.data.carried else self.options.batch_size)

    def epoch(self, epoch: int, start: int = 0) -> Iterator[Batch]:
        """Inputs [N, T, D] and targets [N, T, K]: pieces of a long series in order, or whole sequences shuffled."""
        inputs, targets = self._tensors
        if self.data.carried:
            t = self.options.num_steps
            for i in range(start, len(self)):
                yield inputs[:, i * t : (i + 1) * t], targets[:, i * t : (i + 1) * t]
            return
        order = shuffled(len(inputs), self.options.seed, epoch).to(inputs.device)
        n = self.options.batch_size
        for i in range(start, len(self)):
            rows = order[i * n : (i + 1) * n]
            yield inputs[rows], targets[rows]

    def loss(self, batch: Batch, state: Carried) -> Loss:
        """Mean squared error, or cross-entropy of bits."""
        inputs, targets = batch
        if not state or not self.data.carried:
            state = self.network.init_state(len(inputs))
        raw, after = self.network.raw(inputs, state)
        carried = tuple(part.detach() for part in after) if self.data.carried else ()
        return Loss(self._error(raw, targets), targets.numel(), len(targets), carried)

    def _error(self, raw: Tensor, targets: Tensor) -> Tensor:
        if self.network.options.activation == "sigmoid":
            return functional.binary_cross_entropy_with_logits(raw, targets)
        return functional.mse_loss(raw, targets)

    def _predicted(self) -> Tensor | None:
        """What is held back, as the network sees it, before the sigmoid."""
        inputs = self._valid[0]
        return self.network.raw(inputs, self.network.init_state(len(inputs)))[0] if len(inputs) else None

    def validate(self) -> float | None:
        """The error on what is held back."""
        raw = self._predicted()
        return None if raw is None else float(self._error(raw, self._valid[1]))

    @torch.no_grad()
    def more_metrics(self) -> Mapping[str, float]:
        """valid_wrong: of sequences of bits, the share in which one is wrong."""
        raw = self._predicted()
        if raw is None or self.network.options.activation != "sigmoid":
            return {}
        wrong = ((raw > 0) != (self._valid[1] > 0.5)).flatten(1).any(dim=1)
        return {"valid_wrong": float(wrong.double().mean())}

    @torch.no_grad()
    def samples(self, _number: int) -> Iterator[str]:
        """The first steps of the first sequence: what goes in, what comes out."""
        inputs = self._tensors[0][:1, :8]
        outputs = self.network(inputs, self.network.init_state(1))[0]
        for x, y in zip(inputs[0].tolist(), outputs[0].tolist(), strict=True):
            yield f"{', '.join(f'{v:.9g}' for v in x)} -> {', '.join(f'{v:.9g}' for v in y)}"

    def facts(self) -> list[tuple[str, object]]:
        """See `Task.facts`."""
        o, t = self.network.options, self.options
        cell = f"{o.cell} ({o.nonlinearity})" if o.cell == "rnn" else o.cell
        weights = sum(p.numel() for p in self.network.parameters())
        length, what = self._length()
        size = f"1 x {t.num_steps}, the state carried" if self.data.carried else f"{t.batch_size} x all steps"
        return [
            ("series", f"{self.data.source}: {length:,} {what} to learn"),
            (
                "network",
                f"{cell}, {o.input_size} -> {o.num_layers} x {o.hidden_size} -> {o.output_size} "
                f"({o.activation}), {weights:,} weights",
            ),
            ("training", f"{t.epochs} epochs of {len(self)} batches of {size}, {t.optimizer}"),
        ]
