"""The chance in a text: numbers that depend on the seed, the take and how many were asked for before."""

from collections.abc import Iterable
from typing import TypeVar

import numpy as np

from toolkit.uniform import Uniforms, uniform_at

Item = TypeVar("Item")

_BLOCK = 4096
"""Numbers are made so many at a time."""


class Dice:
    """Numbers in [0, 1), the same ones for the same seed and take.

    Args:
        seed: see `toolkit.uniform`.
        take: the number of the text among those of one seed.
    """

    def __init__(self, seed: int, take: int) -> None:
        self._seed = seed
        self._take = np.array([take], np.uint64)
        self._rolled = 0
        self._block = np.empty(0, np.float32)
        self._used = 0

    def roll(self, count: int) -> Uniforms:
        """The next so many numbers: float32 [count]."""
        while self._used + count > len(self._block):
            steps = np.arange(self._rolled, self._rolled + _BLOCK, dtype=np.uint64)
            fresh = uniform_at(self._seed, steps, self._take)
            self._block = np.concatenate([self._block[self._used :], fresh])
            self._used, self._rolled = 0, self._rolled + _BLOCK
        self._used += count
        return self._block[self._used - count : self._used]

    def spread(self, count: int) -> Uniforms:
        """Numbers of which one lies in each of so many equal parts of [0, 1), in falling and rising order mixed."""
        numbers = (np.arange(count) + self.roll(count).astype(np.float64)) / count
        spread: Uniforms = np.minimum(numbers, 1 - 2.0**-24).astype(np.float32)
        return spread

    def shuffled(self, items: Iterable[Item]) -> list[Item]:
        """The items in another order."""
        kept = list(items)
        return [kept[i] for i in np.argsort(self.roll(len(kept)), kind="stable")] if kept else kept

    def resample(self, weights: "np.typing.NDArray[np.float64]", count: int) -> list[int]:
        """Indices drawn in proportion to weights, evenly (systematic resampling, Kitagawa 1996): `count` of them."""
        edges = np.cumsum(weights) / weights.sum()
        points = (np.arange(count) + float(self.roll(1)[0])) / count
        return [int(i) for i in np.minimum(np.searchsorted(edges, points, side="right"), len(weights) - 1)]
