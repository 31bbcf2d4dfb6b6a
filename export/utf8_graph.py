"""UTF-8 as graph nodes: bytes to code points, all at once and without a loop.

What is no UTF-8 becomes U+FFFD, one for each maximal part of a sequence, as in Unicode 16, section 3.9 ("U+FFFD
Substitution of Maximal Subparts"), in Python's ``errors="replace"`` and in the browsers' TextDecoder.
"""

import numpy as np
import onnx_ir as ir

from .sampling_graph import INT32, constant, int32
from .step_graph import Op

REPLACEMENT = 0xFFFD

_LONGEST = 3
"""Continuation bytes of the longest sequence."""


def _leads() -> tuple[list[int], list[int], list[int], list[int]]:
    """Of each byte: how many continuation bytes follow, the range of the first of them, and the bits it carries.

    The ranges are those of table 3-7 of the Unicode standard. A byte that begins no sequence has an empty range, and
    asks for more than there can be.
    """
    follow, low, high, bits = [0] * 256, [256] * 256, [-1] * 256, list(range(256))
    for byte in range(0x80, 256):
        follow[byte] = _LONGEST + 1
    for count, first, last, mask in ((1, 0xC2, 0xDF, 0x1F), (2, 0xE0, 0xEF, 0x0F), (3, 0xF0, 0xF4, 0x07)):
        for byte in range(first, last + 1):
            follow[byte], low[byte], high[byte], bits[byte] = count, 0x80, 0xBF, byte & mask
    low[0xE0], high[0xED] = 0xA0, 0x9F  # neither overlong nor a surrogate
    low[0xF0], high[0xF4] = 0x90, 0x8F  # neither overlong nor above U+10FFFF
    return follow, low, high, bits


def code_points(op: Op, octets: ir.Value) -> ir.Value:
    """The code points int32 [T] of bytes uint8 [B]."""
    octets = op.Cast(octets, to=INT32.value)
    count = op.Shape(octets)
    follow, low, high, bits = (op.Gather(constant(op, np.array(t, np.int32)), octets) for t in _leads())
    ahead = op.Concat(octets, constant(op, np.zeros(_LONGEST, np.int32)), axis=0)
    nexts = [op.Slice(ahead, [i], op.Add(count, i), [0]) for i in range(1, _LONGEST + 1)]

    # How much of a sequence is there, byte by byte; what was read of it so far.
    there = op.And(op.GreaterOrEqual(nexts[0], low), op.LessOrEqual(nexts[0], high))
    value, span = bits, int32(op, 1)
    for i, byte in enumerate(nexts):
        if i:
            continues = op.Equal(op.Div(byte, int32(op, 64)), int32(op, 2))  # 10xxxxxx
            there = op.And(op.And(there, op.Greater(follow, int32(op, i))), continues)
        longer = op.Add(op.Mul(value, int32(op, 64)), op.Sub(byte, int32(op, 0x80)))
        value, span = op.Where(there, longer, value), op.Add(span, op.Cast(there, to=INT32.value))
    value = op.Where(op.Equal(span, op.Add(follow, int32(op, 1))), value, int32(op, REPLACEMENT))

    # A byte that belongs to a sequence begun before it begins none.
    behind = op.Concat(constant(op, np.ones(_LONGEST, np.int32)), span, axis=0)
    inside = [
        op.Greater(op.Slice(behind, [_LONGEST - i], op.Add(count, _LONGEST - i), [0]), int32(op, i))
        for i in range(1, _LONGEST + 1)
    ]
    return op.Compress(value, op.Not(op.Or(op.Or(inside[0], inside[1]), inside[2])), axis=0)  # type: ignore[no-any-return]
