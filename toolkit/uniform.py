"""Random numbers as a pure function of (seed, step, sequence).

Philox4x32-10, the counter-based generator of Salmon et al., "Parallel random numbers: as easy as
1, 2, 3" (SC 2011). It needs only 32-bit products, so every host (C, JavaScript, a graph) can compute
the same numbers without keeping a generator's state.
"""

import secrets

import numpy as np
import numpy.typing as npt

MAX_SEED = 2**63 - 1
"""Seeds are whole numbers from 0 to this one."""

_LOW = np.uint64(0xFFFFFFFF)
_HALF = np.uint64(32)
MULTIPLIERS = (np.uint64(0xD2511F53), np.uint64(0xCD9E8D57))
WEYL = (0x9E3779B9, 0xBB67AE85)  # golden ratio and sqrt(3) - 1, added to the key each round
ROUNDS = 10

Words = npt.NDArray[np.uint64]

Uniforms = npt.NDArray[np.float32]
"""Numbers in [0, 1)."""

MAX_UNIFORM = 1 - 2.0**-24
"""The largest of them."""


def philox4x32(counter: tuple[Words, Words, Words, Words], key: tuple[int, int]) -> tuple[Words, ...]:
    """Four random 32-bit words for each counter.

    Args:
        counter: four arrays of 32-bit values, held in uint64, of one shape.
        key: two 32-bit values.

    Returns:
        Four uint64 arrays of that shape with 32-bit values.
    """
    c0, c1, c2, c3 = counter
    for i in range(ROUNDS):
        k0, k1 = (np.uint64((k + i * w) & 0xFFFFFFFF) for k, w in zip(key, WEYL, strict=True))
        p0, p1 = c0 * MULTIPLIERS[0], c2 * MULTIPLIERS[1]  # 32 x 32 -> 64 bits, never overflows
        c0, c1, c2, c3 = (p1 >> _HALF) ^ c1 ^ k0, p1 & _LOW, (p0 >> _HALF) ^ c3 ^ k1, p0 & _LOW
    return c0, c1, c2, c3


def uniform(seed: int, first_step: int, num_steps: int, batch_size: int, first_sequence: int = 0) -> Uniforms:
    """Uniform numbers in [0, 1) for a stretch of decode steps.

    The number for step t and sequence n is ``(word >> 8) * 2**-24``, exact in float32, where ``word`` is
    the first output of Philox4x32-10 with counter (t, n, 0, 0) and key (seed mod 2**32, seed div 2**32).

    Args:
        seed: 0 to `MAX_SEED`.
        first_step: t of the first row; the first generated token has t = 0.
        num_steps: rows.
        batch_size: columns, one for each sequence.
        first_sequence: n of the first column.

    Returns:
        float32 [num_steps, batch_size].
    """
    steps = np.arange(first_step, first_step + num_steps, dtype=np.uint64)
    sequences = np.arange(first_sequence, first_sequence + batch_size, dtype=np.uint64)
    return uniform_at(seed, steps[:, None], sequences[None, :])


def uniform_at(seed: int, steps: Words, sequences: Words) -> Uniforms:
    """The numbers of `uniform` for any steps and sequences: two arrays that broadcast, of 32-bit values."""
    step, sequence = np.broadcast_arrays(steps, sequences)
    zero = np.zeros_like(step)
    word = philox4x32((step, sequence, zero, zero), (seed & 0xFFFFFFFF, seed >> 32))[0]
    return (word >> np.uint64(8)).astype(np.float32) * np.float32(2.0**-24)


def fresh_seed() -> int:
    """A seed from the operating system, short enough to be typed again."""
    return secrets.randbelow(2**32)
