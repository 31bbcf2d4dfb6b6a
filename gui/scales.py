"""Positions of a slider and the values they stand for."""

import math
from bisect import bisect_left
from collections.abc import Iterable


def evenly(low: float, high: float, step: float) -> tuple[float, ...]:
    """Values from low to high in equal steps, both included."""
    count = round((high - low) / step)
    return tuple(round(low + i * step, 10) for i in range(count + 1))


def powers_of_two(limit: int) -> tuple[float, ...]:
    """0, 1, 2, 4 … and the limit."""
    return (0, *(2**i for i in range(math.ceil(math.log2(max(limit, 2))))), max(limit, 2))


def position_of(value: float, stops: Iterable[float]) -> int:
    """The position nearest to a value; that of an end for what lies beyond it."""
    stops = tuple(stops)
    above = bisect_left(stops, value)
    if above == 0:
        return 0
    if above == len(stops):
        return above - 1
    return above if stops[above] - value < value - stops[above - 1] else above - 1
