"""How far numbers may lie apart, and how far they do. Needs no torch."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

ATOL = 1e-5
"""Largest difference allowed, relative to max(1, |x|)."""

Errors = npt.NDArray[np.float64]
"""The largest |x - y| / max(1, |x|) of each step: [steps]."""


def relative_error(expected: Sequence[npt.NDArray[Any]], found: Sequence[npt.NDArray[Any]]) -> Errors:
    """Of each step the largest |x - y| / max(1, |x|); infinite for another shape, NaN if either holds one.

    Of whole numbers and booleans that differ it is 1 at least, however large they are.
    """
    if [x.shape for x in expected] != [y.shape for y in found]:
        return np.full(len(expected), np.inf)
    x, y = np.stack(expected), np.stack(found)
    if not np.issubdtype(x.dtype, np.floating):
        apart = np.maximum(1.0, np.abs(x.astype(np.float64) - y.astype(np.float64)))
        return np.where(x == y, 0.0, apart).reshape(len(x), -1).max(axis=1)  # type: ignore[no-any-return]
    errors: Errors = (np.abs(x - y) / np.maximum(1, np.abs(x))).reshape(len(x), -1).max(axis=1)
    return errors
