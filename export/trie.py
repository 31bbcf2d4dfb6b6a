"""A set of words as three arrays that a graph can walk: the double array of Aoe (1989).

From node n a symbol s leads to node ``base[n] + s``, if that node says that it comes from n (``parent``).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

NOWHERE = -1
"""The parent of a place that is no node, and the value of a node that ends no word."""


@dataclass(frozen=True)
class Trie:
    """The arrays, int32 [nodes] each; node 0 is the root.

    Attributes:
        base: what a symbol is added to.
        parent: the node that a node comes from.
        value: of the word that ends there.
        longest: symbols of the longest word.
    """

    base: npt.NDArray[np.int32]
    parent: npt.NDArray[np.int32]
    value: npt.NDArray[np.int32]
    longest: int


def build_trie(words: Mapping[Sequence[int], int]) -> Trie:
    """A trie of words, each a sequence of symbols from 1, and their values.

    There is a place behind every node for every symbol, so that a walk never leaves the arrays.
    """
    children: list[dict[int, int]] = [{}]
    values = [NOWHERE]
    for word, meant in words.items():
        node = 0
        for symbol in word:
            if symbol not in children[node]:
                children[node][symbol] = len(children)
                children.append({})
                values.append(NOWHERE)
            node = children[node][symbol]
        values[node] = meant

    most = max((symbol for word in words for symbol in word), default=0)
    taken, first_free = {0}, 1
    place, bases = {0: 0}, {0: 0}
    for node, nexts in enumerate(children):  # parents come before their children
        if not nexts:
            continue
        lowest = min(nexts)
        start = max(first_free - lowest, 0)
        while any(start + symbol in taken for symbol in nexts):
            start += 1
        bases[node] = start
        for symbol, child in nexts.items():
            place[child] = start + symbol
            taken.add(start + symbol)
        while first_free in taken:
            first_free += 1

    size = max(*taken, max(bases.values()) + most) + 1
    base, parent, value = (np.full(size, fill, np.int32) for fill in (0, NOWHERE, NOWHERE))
    for node, nexts in enumerate(children):
        base[place[node]] = bases.get(node, 0)
        value[place[node]] = values[node]
        for child in nexts.values():
            parent[place[child]] = place[node]
    return Trie(base, parent, value, max(map(len, words), default=0))
