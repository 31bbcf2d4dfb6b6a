"""How to train."""

import math
from collections.abc import Iterable
from dataclasses import dataclass

from toolkit.devices import DEVICES
from toolkit.options import Options, option
from toolkit.uniform import MAX_SEED


@dataclass(frozen=True)
class TrainOptions(Options):
    """The optimisation, from sampling to stopping."""

    epochs: int = option(30, "passes over the data; 0 keeps the first weights", minimum=0, maximum=1_000_000)
    sampling: str = option("consecutive", "how minibatches are cut", choices=("consecutive", "random"))
    batch_size: int = option(32, "sequences in a minibatch", minimum=1, maximum=65536)
    num_steps: int = option(35, "tokens of a sequence, and steps of backpropagation", minimum=1, maximum=65536)
    optimizer: str = option("adam", "update rule", choices=("adam", "adamw", "sgd", "adagrad"))
    lr: float = option(0.002, "learning rate", above=0, maximum=1e6)
    momentum: float = option(0.0, "of sgd", minimum=0, maximum=0.9999)
    weight_decay: float = option(0.0, "L2 penalty; decoupled with adamw", minimum=0, maximum=1e3)
    clip_norm: float = option(1.0, "largest norm of the gradient; 0 does not clip", minimum=0, maximum=1e9)
    clip_value: float = option(0.0, "largest absolute value in the gradient; 0 does not clip", minimum=0, maximum=1e9)
    loss: str = option("mean", "mean over a minibatch's tokens, or sum over each sequence's", choices=("mean", "sum"))
    lr_schedule: str = option("constant", "course of the learning rate", choices=("constant", "linear", "cosine"))
    warmup_steps: int = option(0, "updates in which the learning rate rises to lr", minimum=0)
    patience: int = option(0, "stop after so many epochs without a better validation; 0 never", minimum=0)
    keep: str = option(
        "best", "which epoch best.pt holds: the best in validation, or the last", choices=("best", "last")
    )
    seed: int = option(0, "of the initial weights, the sampling and dropout", minimum=0, maximum=MAX_SEED)
    device: str = option("auto", "where to train", choices=DEVICES)
    sample_every: int = option(10, "write sample texts every so many epochs; 0 never", minimum=0)
    sample_every_batches: int = option(0, "write sample texts every so many minibatches, too; 0 never", minimum=0)
    sample_temperature: float = option(0.8, "of the sample texts; 0 is greedy", minimum=0, maximum=100)
    sample_length: int = option(50, "tokens of a sample text", minimum=1, maximum=10_000)
    prefix: tuple[str, ...] = option((), "beginning of a sample text (repeatable)", metavar="TEXT")
    save_every: float = option(10.0, "seconds between checkpoints, at most", minimum=0, maximum=1e6, metavar="SECONDS")

    def conflicts(self) -> Iterable[str]:
        """Combinations that mean nothing."""
        if self.momentum and self.optimizer != "sgd":
            yield f"momentum belongs to optimizer sgd, found {self.optimizer}"
        if self.patience and self.keep == "last":
            yield f"patience {self.patience} waits for a better epoch, so it goes with keep best only"
        if not all(self.prefix):
            yield f"prefix must be texts of at least one character, found {self.prefix!r}"

    def learning_rate(self, update: int, total: int) -> float:
        """The learning rate of one update; a pure function, so a resumed run needs no scheduler state.

        Args:
            update: number of the update, from 0.
            total: updates in the whole run.
        """
        if update < self.warmup_steps:
            return self.lr * (update + 1) / self.warmup_steps
        done = (update - self.warmup_steps) / max(1, total - self.warmup_steps)
        if self.lr_schedule == "linear":
            return self.lr * (1 - done)
        if self.lr_schedule == "cosine":
            return self.lr * (1 + math.cos(math.pi * done)) / 2
        return self.lr


CHANGEABLE_ON_RESUME = (
    *("epochs", "device", "patience", "keep", "save_every", "prefix"),
    *("sample_every", "sample_every_batches", "sample_temperature", "sample_length"),
)
"""What may differ when a run goes on; everything else comes from its checkpoint."""
