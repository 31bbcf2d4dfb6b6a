"""`toolkit.tokenizer` as graph nodes: code points to ids, and ids to UTF-8.

Characters are looked up. Words between white space are looked up whole. Words of a running text are cut by longest
match, the first word first: jieba, which cut the training text, would weigh whole sentences, and needs its dictionary.
"""

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt
import onnx_ir as ir

from toolkit.errors import ToolkitError
from toolkit.tokenizer import CharTokenizer, IdTokenizer, SpaceTokenizer, Tokenizer, WordTokenizer

from .loop_graph import loop
from .sampling_graph import BOOL, INT32, INT64, LARGEST, constant, int32, value
from .step_graph import Op
from .trie import NOWHERE, build_trie

_PAGE = 256
"""Code points that stand together in a table."""

_PAGES = 0x110000 // _PAGE

_DROPPED = -1
"""Stands for what a vocabulary without `<unk>` does not have: it is left out."""


def expect_readable(tokenizer: Tokenizer, what: str) -> None:
    """Raise ToolkitError if no graph can read text for this vocabulary."""
    if isinstance(tokenizer, IdTokenizer):
        raise ToolkitError(
            f"{what}: reads ids whose tokens nobody told, and a text graph is made of them. Export with --vocab or "
            "--corpus, or leave text out of --graphs."
        )


def encode(op: Op, tokenizer: Tokenizer, points: ir.Value) -> ir.Value:
    """The ids int64 [T] of code points int32, as `Tokenizer.encode` gives them without `before`, `after` and `width`.

    A character that the vocabulary does not have, and that has no `<unk>` for it, is left out.
    """
    if isinstance(tokenizer, SpaceTokenizer):
        ids = _whole_words(op, tokenizer, points)
    elif isinstance(tokenizer, WordTokenizer):
        ids = _longest_words(op, tokenizer, points)
    else:
        assert isinstance(tokenizer, CharTokenizer)
        ids = _characters(op, tokenizer, points)
    if tokenizer.unk_id is None:
        ids = op.Compress(ids, op.GreaterOrEqual(ids, 0), axis=0)
    return ids


def _unknown(tokenizer: Tokenizer) -> int:
    return _DROPPED if tokenizer.unk_id is None else tokenizer.unk_id


def _characters(op: Op, tokenizer: Tokenizer, points: ir.Value) -> ir.Value:
    """One id for each code point."""
    known = {ord(token): i for token, i in tokenizer.ids.items() if len(token) == 1}
    if tokenizer.newline == "space":
        known[ord("\n")] = known.get(ord(" "), _unknown(tokenizer))
    return op.Cast(_look_up(op, points, known, _unknown(tokenizer)), to=INT64.value)  # type: ignore[no-any-return]


def _look_up(op: Op, points: ir.Value, table: Mapping[int, int], other: int) -> ir.Value:
    """What a table says of code points int32 [T]: int32 [T]. Only pages that hold something are stored."""
    pages = sorted({point // _PAGE for point in table})
    cells = np.full((1 + len(pages), _PAGE), other, np.int32)  # the first page is that of all others
    where = np.zeros(_PAGES, np.int32)
    where[pages] = np.arange(1, 1 + len(pages))
    for point, number in table.items():
        cells[where[point // _PAGE], point % _PAGE] = number
    page = op.Gather(_small(op, where), op.Div(points, int32(op, _PAGE)))
    cell = op.Add(op.Mul(_wide(op, page), int32(op, _PAGE)), op.Mod(points, int32(op, _PAGE)))
    return _wide(op, op.Gather(_small(op, cells.reshape(-1)), cell))


def _small(op: Op, array: npt.NDArray[np.int32]) -> ir.Value:
    """A table in two bytes a number where they are enough."""
    info = np.iinfo(np.int16)
    fits = info.min <= int(array.min()) and int(array.max()) <= info.max
    return constant(op, array.astype(np.int16) if fits else array)


def _wide(op: Op, numbers: ir.Value) -> ir.Value:
    return op.Cast(numbers, to=INT32.value)  # type: ignore[no-any-return]


def _symbols(words: Sequence[str]) -> dict[int, int]:
    """A number from 1 for each code point of some words, the frequent ones first: they need the fewest places."""
    counts: dict[str, int] = {}
    for character in "".join(words):
        counts[character] = counts.get(character, 0) + 1
    ranked = sorted(counts, key=lambda c: (-counts[c], c))
    return {ord(character): i for i, character in enumerate(ranked, 1)}


def _longest_matches(op: Op, tokens: Mapping[str, int], points: ir.Value) -> tuple[ir.Value, ir.Value]:
    """The longest token that begins at each code point.

    Args:
        op: builds the graph.
        tokens: with their ids.
        points: int32 [T].

    Returns:
        Its id, or `NOWHERE`, and how long it is, or 0: int32 [T] each.
    """
    numbers = _symbols(tuple(tokens))
    trie = build_trie({tuple(numbers[ord(c)] for c in token): i for token, i in tokens.items()})
    symbols = _look_up(op, points, numbers, 0)  # 0 is in no token
    count = op.Shape(symbols)
    ahead = op.Concat(symbols, constant(op, np.zeros(trie.longest, np.int32)), axis=0)
    base, parent, values = (_small(op, array) for array in (trie.base, trie.parent, trie.value))

    def body(
        op: Op, depth: ir.Value, _on: ir.Value, alive: ir.Value, node: ir.Value, found: ir.Value, length: ir.Value
    ) -> list[ir.Value]:
        start = op.Unsqueeze(depth, [0])
        child = op.Add(_wide(op, op.Gather(base, node)), op.Slice(ahead, start, op.Add(count, start), [0]))
        alive = op.And(alive, op.Equal(_wide(op, op.Gather(parent, child)), node))
        word = _wide(op, op.Gather(values, child))
        ends = op.And(alive, op.GreaterOrEqual(word, int32(op, 0)))
        length = op.Where(ends, op.Add(_wide(op, depth), int32(op, 1)), length)
        return [op.Identity(_on), alive, op.Where(alive, child, node), op.Where(ends, word, found), length]

    root = op.Sub(symbols, symbols)
    start = [op.Equal(root, root), root, op.Add(root, int32(op, NOWHERE)), root]
    kinds = [(name, BOOL if name == "alive" else INT32, ("P",)) for name in ("alive", "node", "found", "length")]
    depths = constant(op, np.int64(trie.longest))
    found = loop(op, "walk", depths, constant(op, value=True), body, kinds, start, [])
    return found[2], found[3]


def _longest_words(op: Op, tokenizer: Tokenizer, points: ir.Value) -> ir.Value:
    """From left to right the longest token that fits; a code point that begins none is unknown."""
    if tokenizer.newline == "space":
        points = op.Where(op.Equal(points, int32(op, ord("\n"))), int32(op, ord(" ")), points)
    tokens = {token: i for token, i in tokenizer.ids.items() if i not in tokenizer.special_ids}
    ids, lengths = _longest_matches(op, tokens, points)
    ids = op.Cast(op.Where(op.Less(ids, int32(op, 0)), int32(op, _unknown(tokenizer)), ids), to=INT64.value)
    lengths = op.Cast(op.Max(lengths, int32(op, 1)), to=INT64.value)
    end = op.Squeeze(op.Shape(points), [0])

    def body(op: Op, _step: ir.Value, _on: ir.Value, place: ir.Value) -> list[ir.Value]:
        after = op.Add(place, op.Gather(lengths, place))
        return [op.Less(after, end), after, op.Identity(place)]

    first, written = constant(op, np.int64(0)), value(None, INT64, [])
    found = loop(op, "cut", end, op.Greater(end, 0), body, [("place", INT64, ())], [first], [written])
    return op.Gather(ids, found[1])  # type: ignore[no-any-return]


def _whole_words(op: Op, tokenizer: SpaceTokenizer, points: ir.Value) -> ir.Value:
    """What white space parts, and the token of a line break where there is one."""
    blanks = {code: 1 for code in range(0x110000) if chr(code).isspace()}
    tokens = {token: i for token, i in tokenizer.ids.items() if not any(c.isspace() for c in token)}
    ids, lengths = _longest_matches(op, tokens, points)

    blank = op.Cast(_look_up(op, points, blanks, 0), to=BOOL.value)
    edge = constant(op, np.array([True]))
    within = op.Not(blank)
    starts = op.And(within, op.Slice(op.Concat(edge, blank, axis=0), [0], [-1], [0]))
    # How far it is from each place to the next blank: the place of the first blank from there on, less its own.
    places = op.Range(0, op.Squeeze(op.Shape(points), [0]), 1)
    ends = op.And(within, op.Slice(op.Concat(blank, edge, axis=0), [1], [LARGEST], [0]))
    first = op.Compress(places, starts, axis=0)
    last = op.Compress(places, ends, axis=0)  # of the same words, in the same order
    size = op.Cast(op.Add(op.Sub(last, first), 1), to=INT32.value)
    whole = op.Equal(op.Gather(lengths, first), size)
    word = op.Where(whole, op.Gather(ids, first), int32(op, _unknown(tokenizer)))
    if tokenizer.break_id is None or tokenizer.newline == "space":
        return op.Cast(word, to=INT64.value)  # type: ignore[no-any-return]
    # Words and line breaks in the order of their places.
    all_words = op.ScatterElements(op.Sub(ids, ids), first, word, axis=0)
    breaks = op.Equal(points, int32(op, ord("\n")))
    found = op.Where(breaks, int32(op, tokenizer.break_id), all_words)
    return op.Cast(op.Compress(found, op.Or(breaks, starts), axis=0), to=INT64.value)  # type: ignore[no-any-return]


_NOTHING = -1
"""Stands for the id before the first one of a text."""


def decode(op: Op, tokenizer: Tokenizer, ids: ir.Value, before: ir.Value | None) -> ir.Value:
    """The UTF-8 uint8 [B] of ids int64 [R], as `Tokenizer.piece` gives it after the id int64 [1], or as a whole text.

    Each piece is stored with the blank in front that a vocabulary of words puts there; behind a line break, and where
    a text begins, it is left out.
    """
    spaced = isinstance(tokenizer, SpaceTokenizer)
    after = tokenizer.ids[tokenizer.example] if spaced else None
    pieces = [tokenizer.piece(i, after).encode() for i in range(len(tokenizer))]
    longest = max(map(len, pieces))
    sizes = np.array([len(piece) for piece in pieces], np.int32)
    first = np.cumsum(sizes, dtype=np.int32) - sizes
    octets = np.frombuffer(b"".join(pieces) + bytes(longest), np.uint8)

    start, size = (op.Gather(_small(op, table), ids) for table in (first, sizes))
    start, size = _wide(op, start), _wide(op, size)
    if isinstance(tokenizer, SpaceTokenizer) and (before is None or tokenizer.break_id is not None):
        begins = _NOTHING if tokenizer.break_id is None else tokenizer.break_id
        first_before = constant(op, np.array([begins])) if before is None else before
        previous = op.Slice(op.Concat(first_before, ids, axis=0), [0], [-1], [0])
        blanks = np.array([piece.startswith(b" ") for piece in pieces], np.int32)
        follows = op.Equal(previous, constant(op, np.int64(begins)))
        skipped = op.Mul(op.Cast(follows, to=INT32.value), op.Gather(constant(op, blanks), ids))
        start, size = op.Add(start, skipped), op.Sub(size, skipped)
    columns = constant(op, np.arange(longest, dtype=np.int32))
    places = op.Add(op.Unsqueeze(start, [1]), columns)  # [R, longest]
    there = op.Less(columns, op.Unsqueeze(size, [1]))
    whole = op.Reshape(op.Gather(constant(op, octets), places), [-1])
    return op.Compress(whole, op.Reshape(there, [-1]), axis=0)  # type: ignore[no-any-return]
