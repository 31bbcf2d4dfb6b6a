"""`toolkit.uniform` as graph nodes: the same numbers from the same seed.

The products of 32-bit numbers need 64 bits without a sign, which ONNX Runtime does not multiply. So half of the range
is taken off one factor first: what is left fits in int64, and what was taken off is put back in the two halves.
"""

import numpy as np
import numpy.typing as npt
import onnx_ir as ir

from toolkit.uniform import MULTIPLIERS, ROUNDS, WEYL

from .sampling_graph import FLOAT, constant
from .step_graph import Op

_WORD = 2**32
_LOW = np.int64(_WORD - 1)
_HALF = np.int64(2**31)


def uniforms(op: Op, seed: ir.Value, first_step: ir.Value, count: ir.Value) -> ir.Value:
    """The numbers of sequence 0.

    Args:
        op: builds the graph.
        seed: int64; its lowest 63 bits count.
        first_step: int64, the step of the first number.
        count: int64, how many.

    Returns:
        float32 [M, 1].
    """
    seed = op.BitwiseAnd(seed, constant(op, np.int64(2**63 - 1)))
    halves = op.Concat(
        op.Reshape(op.BitwiseAnd(seed, constant(op, _LOW)), [1]), op.Reshape(op.Div(seed, _WORD), [1]), axis=0
    )
    rounds = np.arange(ROUNDS)[:, None] * np.array(WEYL)[None, :]
    keys = op.BitwiseAnd(op.Add(halves, constant(op, rounds)), constant(op, _LOW))  # [rounds, 2]
    turned = np.array([[1, 0], [0, 1]] * (ROUNDS // 2))  # as the rounds below want them
    keys = op.Unsqueeze(op.GatherElements(keys, constant(op, turned), axis=1), [2])

    steps = op.BitwiseAnd(op.Add(op.Range(0, count, 1), first_step), constant(op, _LOW))
    factors = op.Concat(op.Unsqueeze(steps, [0]), op.Unsqueeze(op.Sub(steps, steps), [0]), axis=0)  # c0, c2: [2, M]
    others = op.Sub(factors, factors)  # c3, c1
    order = [0, 1]
    for i in range(ROUNDS):
        # (c0, c2) in this round is (c2, c0) in the next: so the rows of one of the two need not be changed.
        multipliers = np.array([int(MULTIPLIERS[j]) for j in order])[:, None]
        low, high = _product(op, factors, multipliers)
        factors = op.BitwiseXor(op.BitwiseXor(high, others), op.Gather(keys, constant(op, np.int64(i)), axis=0))
        others = op.Gather(low, constant(op, np.array([1, 0])), axis=0)
        order.reverse()
    word = op.Gather(factors, constant(op, np.array([order.index(0)])), axis=0)  # [1, M]
    share = op.Mul(op.Cast(op.Div(word, 256), to=FLOAT.value), constant(op, np.float32(2.0**-24)))
    return op.Transpose(share, perm=[1, 0])  # type: ignore[no-any-return]


def _product(op: Op, factors: ir.Value, multipliers: npt.NDArray[np.int64]) -> tuple[ir.Value, ir.Value]:
    """The low and the high word of the products of odd numbers [2, 1] and factors int64 [2, M], all below 2**32."""
    # m x = m (x - 2**31) + 2**31 + ((m - 1) / 2) 2**32, and the first two terms together fit.
    rest = op.Add(op.Mul(op.Sub(factors, constant(op, _HALF)), constant(op, multipliers)), constant(op, _HALF))
    low = op.BitwiseAnd(rest, constant(op, _LOW))
    high = op.Add(op.Div(op.Sub(rest, low), _WORD), constant(op, (multipliers - 1) // 2))
    return low, high
