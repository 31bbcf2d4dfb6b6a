"""Series of real numbers to learn from: built-in ones, or the rows of a .csv."""

import csv
import hashlib
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from .corpus import BUILTIN, built_in_names, read_text
from .errors import ToolkitError

Numbers = npt.NDArray[np.float32]

SINE_PERIOD = 40
"""Points in one period of builtin:sine."""

_LARGEST = float(np.finfo(np.float32).max)

ADDITION_BITS = 7
"""Of the two numbers in builtin:binary-addition."""


@dataclass(frozen=True)
class Series:
    """Sequences of inputs, and what should come out at each step.

    Attributes:
        source: the path or built-in name.
        inputs: float32 [S, T, D].
        targets: float32 [S, T, K].
        valid_inputs: what is held back, float32 [S', T', D]; S' may be 0.
        valid_targets: float32 [S', T', K].
        carried: whether a sequence is long, and is learnt in pieces with the state carried from one to the next.
        sha256: of all of it.
    """

    source: str
    inputs: Numbers
    targets: Numbers
    valid_inputs: Numbers
    valid_targets: Numbers
    carried: bool
    sha256: str = field(init=False)

    def __post_init__(self) -> None:
        digest = hashlib.sha256()
        for part in (self.inputs, self.targets, self.valid_inputs, self.valid_targets):
            digest.update(repr(part.shape).encode() + np.ascontiguousarray(part, "<f4").tobytes())
        object.__setattr__(self, "sha256", digest.hexdigest())


def load_series_data(source: str, valid_fraction: float = 0.1) -> Series:
    """Read or make a series.

    Args:
        source: one of `BUILTIN_SERIES` behind "builtin:", or a .csv: each row is one point in time, each column one
            number of it, and what is learnt is the next row.
        valid_fraction: share at the end of a .csv that is held back.

    Raises:
        ToolkitError: there is no such series, or a row that is no numbers; the message names its line.
    """
    if source.startswith(BUILTIN):
        name = source.removeprefix(BUILTIN)
        if name not in BUILTIN_SERIES:
            raise ToolkitError(f"{source}: no such built-in series; there are {built_in_names(BUILTIN_SERIES)}")
        return BUILTIN_SERIES[name](source)
    points = read_points(source)
    cut = len(points) - 1 - round((len(points) - 1) * valid_fraction)
    if cut < 1:
        raise ToolkitError(f"{source}: expected at least two rows of numbers, found {len(points)}")
    inputs, targets = points[None, :-1], points[None, 1:]
    held_back = slice(0, 1 if cut < len(points) - 1 else 0)
    return Series(source, inputs[:, :cut], targets[:, :cut], inputs[held_back, cut:], targets[held_back, cut:], True)


def read_points(source: str) -> Numbers:
    """The rows of a .csv as float32 [T, D]; a first row of names is left out.

    Raises:
        ToolkitError: missing, empty, no numbers, not finite, or rows of different lengths; with the line's number.
    """
    if source.startswith(BUILTIN):
        points: Numbers = load_series_data(source).inputs[0]
        return points
    rows: list[list[float]] = []
    for line, cells in enumerate(csv.reader(read_text(source).splitlines()), start=1):
        if not any(cell.strip() for cell in cells):
            continue
        try:
            row = [float(cell) for cell in cells]
        except ValueError:
            if line == 1 and not any(_is_number(cell) for cell in cells):
                continue
            raise ToolkitError(f"{source}, line {line}: expected numbers with commas between, found {cells}") from None
        if not all(math.isfinite(number) and abs(number) < _LARGEST for number in row):
            raise ToolkitError(f"{source}, line {line}: expected finite numbers, found {cells}")
        if rows and len(row) != len(rows[0]):
            raise ToolkitError(f"{source}, line {line}: expected {len(rows[0])} numbers as above, found {len(row)}")
        rows.append(row)
    if not rows:
        raise ToolkitError(f"{source}: expected rows of numbers with commas between, found none")
    return np.array(rows, np.float32)


def points_text(points: Numbers) -> str:
    """The reverse of `read_points`; the shortest decimals that give the same float32."""
    return "".join(",".join(str(number) for number in row) + "\n" for row in points)


def _is_number(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return False
    return True


def sine(source: str) -> Series:
    """2,000 points of a sine wave, the next point to be predicted; the 400 after them are held back."""
    points = np.sin(2 * np.pi * np.arange(2401) / SINE_PERIOD).astype(np.float32)[None, :, None]
    return Series(source, points[:, :2000], points[:, 1:2001], points[:, 2000:-1], points[:, 2001:], True)


def addition_bits(a: npt.NDArray[np.uint64], b: npt.NDArray[np.uint64], bits: int) -> Numbers:
    """Two numbers bit by bit, least significant first, and a step for the last carry: float32 [S, bits + 1, 2]."""
    places = np.arange(bits, dtype=np.uint64)
    both = np.stack([a, b], axis=-1)[:, None, :] >> places[None, :, None] & np.uint64(1)
    found: Numbers = np.concatenate([both, np.zeros_like(both[:, :1])], axis=1).astype(np.float32)
    return found


def sum_bits(a: npt.NDArray[np.uint64], b: npt.NDArray[np.uint64], bits: int) -> Numbers:
    """What should come out: the bits of a + b, float32 [S, bits + 1, 1]; Python's own sums, of any size."""
    sums = [int(x) + int(y) for x, y in zip(a, b, strict=True)]
    return np.array([[[total >> place & 1] for place in range(bits + 1)] for total in sums], np.float32)


def binary_addition(source: str) -> Series:
    """All 128 x 128 sums of two 7-bit numbers."""
    a, b = (part.ravel().astype(np.uint64) for part in np.mgrid[: 2**ADDITION_BITS, : 2**ADDITION_BITS])
    inputs, targets = addition_bits(a, b, ADDITION_BITS), sum_bits(a, b, ADDITION_BITS)
    return Series(source, inputs, targets, inputs, targets, carried=False)


def srn(source: str, outputs: tuple[float, ...] = (4, 12, 32)) -> Series:
    """The worked example of a simple recurrent network: two inputs, two units, two outputs, all weights 1."""
    inputs = np.array([[[1, 1], [1, 1], [2, 2]]], np.float32)
    targets = np.array([[[y, y] for y in outputs]], np.float32)
    return Series(source, inputs, targets, inputs, targets, carried=False)


def srn_tanh(source: str) -> Series:
    """The same with tanh: 2 tanh(2), and so on."""
    return srn(source, (1.92805516, 1.99845109, 1.99997535))


BUILTIN_SERIES: Mapping[str, Callable[[str], Series]] = {
    "sine": sine,
    "binary-addition": binary_addition,
    "srn": srn,
    "srn-tanh": srn_tanh,
}
