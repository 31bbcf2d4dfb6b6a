"""Minibatches of a text: random and consecutive sampling, as in Dive into Deep Learning, section 6.3 (1st ed.)."""

from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import Tensor

from toolkit.errors import ToolkitError


def shuffled(count: int, seed: int, epoch: int) -> Tensor:
    """The numbers below `count`, int64, in an order that seed and epoch decide."""
    generator = torch.Generator().manual_seed((seed * 1_000_003 + epoch) % 2**63)
    return torch.randperm(count, generator=generator)


@dataclass(frozen=True)
class Batches:
    """All minibatches of one epoch, addressed by number, so that a run can go on in the middle.

    Attributes:
        ids: the text, int64 [length].
        sampling: "consecutive": row n of a batch goes on where row n of the one before ended, so the state
            is carried; "random": pieces in shuffled order, the state starts at zero in each batch.
        batch_size: N.
        num_steps: T.
        seed: with the epoch's number it decides the order of random sampling.
    """

    ids: Tensor
    sampling: str
    batch_size: int
    num_steps: int
    seed: int

    def __post_init__(self) -> None:
        if len(self) == 0:
            raise ToolkitError(self._too_short())

    def _too_short(self) -> str:
        length, n, t = len(self.ids), self.batch_size, self.num_steps
        needed = f"batch_size {n} and num_steps {t} need at least {self._needed(n, t):,} tokens of training text"
        found = f"{needed}, found {length:,}"
        fitting_n = next((m for m in range(n, 0, -1) if length >= self._needed(m, t)), 0)
        if fitting_n:
            return f"{found}. Use --batch-size {fitting_n} or smaller, or a longer text."
        fitting_t = next((s for s in range(t, 0, -1) if length >= self._needed(1, s)), 0)
        if fitting_t:
            return f"{found}. Use --batch-size 1 --num-steps {fitting_t} or smaller, or a longer text."
        return f"{found}. Use a longer text."

    def _needed(self, batch_size: int, num_steps: int) -> int:
        """The shortest text that gives one batch."""
        return batch_size * num_steps + 1 if self.sampling == "random" else batch_size * (num_steps + 1)

    def __len__(self) -> int:
        """Batches in an epoch."""
        if self.sampling == "random":
            return max(0, len(self.ids) - 1) // self.num_steps // self.batch_size
        return max(0, len(self.ids) // self.batch_size - 1) // self.num_steps

    @property
    def carries_state(self) -> bool:
        """Whether the state after a batch is the state before the next."""
        return self.sampling == "consecutive"

    def epoch(self, epoch: int, start: int = 0) -> Iterator[tuple[Tensor, Tensor]]:
        """Inputs and targets, both int64 [N, T]; a target is the token after its input.

        Args:
            epoch: number of the epoch; with the seed it fixes the order.
            start: batches to leave out at the beginning.
        """
        n, t = self.batch_size, self.num_steps
        if self.sampling == "random":
            order = (shuffled((len(self.ids) - 1) // t, self.seed, epoch) * t).to(self.ids.device)
            window = torch.arange(t, device=self.ids.device)
            for i in range(start, len(self)):
                places = order[i * n : (i + 1) * n, None] + window  # (N, T)
                yield self.ids[places], self.ids[places + 1]
            return
        rows = self.ids[: n * (len(self.ids) // n)].view(n, -1)  # (N, length // N)
        for i in range(start, len(self)):
            yield rows[:, i * t : (i + 1) * t], rows[:, i * t + 1 : (i + 1) * t + 1]
