"""Pairs of texts to learn one from the other: two columns, two files, or each line of a text and the next one."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise

from .corpus import (
    BUILTIN,
    BUILTIN_CORPORA,
    CorpusOptions,
    built_in_bytes,
    built_in_names,
    decode_text,
    read_texts,
)
from .dates import date_pairs
from .errors import ToolkitError
from .files import sha256
from .options import Options, option, same_option

Pair = tuple[str, str]
"""A source and its target."""


@dataclass(frozen=True)
class ParallelOptions(Options):
    """How to read pairs of texts."""

    encoding: str | None = same_option(CorpusOptions, "encoding")
    target: str | None = option(None, "second of two files with a line for each line of the first", metavar="FILE")
    pairs: str = option(
        "columns",
        "two columns with a tab between, or each line of a text and the next one",
        choices=("columns", "lines"),
    )
    max_pairs: int = option(0, "use only the first so many pairs; 0 uses all", minimum=0)
    valid_fraction: float = option(0.1, "share of the pairs held back for validation", minimum=0, maximum=0.9)

    def conflicts(self) -> Iterable[str]:
        """Two ways to make pairs at once."""
        if self.target is not None and self.pairs != "columns":
            yield f"target goes with pairs columns only, found pairs {self.pairs}"


@dataclass(frozen=True)
class Parallel:
    """Pairs of a source and a target, and where they came from.

    Attributes:
        source: the path or built-in name they were read from.
        train: the pairs to learn from, in the order they were found in.
        valid: the pairs held back; empty when none is.
        sha256: of all of them in UTF-8, so that a resumed run can tell that they are the same.
        encodings: what their files were written in, each named once.
    """

    source: str
    train: tuple[Pair, ...]
    valid: tuple[Pair, ...]
    sha256: str
    encodings: tuple[str, ...] = ()


def load_parallel(source: str, options: ParallelOptions) -> Parallel:
    """Read or make pairs and split them.

    The pairs held back are spread over all of them, and none has a source that occurs more than once: what
    is held back has never been seen. builtin:antonyms and builtin:dates have a split of their own, whatever
    `valid_fraction` is; of theirs, `max_pairs` takes the first of both parts.

    Args:
        source: a path, "builtin:couplets-zh", "builtin:antonyms" or "builtin:dates"; with pairs "lines" a
            path, "builtin:lyrics-zh" or "builtin:lyrics-en".
        options: how pairs are told apart, how many, and the split.

    Raises:
        ToolkitError: missing, empty, binary, in an unknown encoding, or a line that is no pair; the message names
            its file and its number.
    """
    name = _built_in_name(source, options)
    encodings: tuple[str, ...] = ()
    if name in _MADE:
        train, valid = (part[: options.max_pairs or None] for part in _MADE[name]())
        pairs = [*train, *valid]
    else:
        pairs, encodings = _read(source, options)
        pairs = pairs[: options.max_pairs or None]
        train, valid = _split(pairs, options.valid_fraction)
    digest = sha256("".join(f"{first}\n{second}\n" for first, second in pairs).encode())
    return Parallel(source, tuple(train), tuple(valid), digest, encodings)


def _built_in_name(source: str, options: ParallelOptions) -> str:
    """What stands behind "builtin:", if it is known and no second file is given with it; empty for a path."""
    if not source.startswith(BUILTIN):
        return ""
    name = source.removeprefix(BUILTIN)
    if name not in (BUILTIN_CORPORA if options.pairs == "lines" else BUILTIN_PAIRS):
        columns, lines = built_in_names(BUILTIN_PAIRS), built_in_names(BUILTIN_CORPORA)
        raise ToolkitError(f"{source}: no such built-in pairs; there are {columns}, and with --pairs lines {lines}")
    if options.target is not None:
        raise ToolkitError(f"{source}: has targets of its own, found --target {options.target}. Leave that out.")
    return name


def _split(pairs: list[Pair], fraction: float) -> tuple[list[Pair], list[Pair]]:
    """Hold back a share of the pairs at equal distances; pairs whose source comes again are left to training."""
    counts = Counter(source for source, _ in pairs)
    once = [i for i, (source, _) in enumerate(pairs) if counts[source] == 1]
    count = min(round(len(pairs) * fraction), len(once), len(pairs) - 1)
    held_back = {once[(2 * i + 1) * len(once) // (2 * count)] for i in range(count)}
    train = [pair for i, pair in enumerate(pairs) if i not in held_back]
    return train, [pair for i, pair in enumerate(pairs) if i in held_back]


def _read(source: str, options: ParallelOptions) -> tuple[list[Pair], tuple[str, ...]]:
    """All pairs of a source, and the encodings of its files."""
    if source == BUILTIN + _COUPLETS:
        return list(_columns(source, decode_text(built_in_bytes(f"{_COUPLETS}.tsv"), source))), ("utf-8",)
    if options.pairs == "lines":
        texts, encodings = read_texts(source, options.encoding)
        pairs = [pair for _, text in texts for pair in _neighbours(text)]
        if not pairs:
            raise ToolkitError(f"{source}: expected lines that follow each other, found each between empty lines")
        return pairs, encodings
    texts, encodings = read_texts(source, options.encoding, BUILTIN_PAIRS)
    if options.target is None:
        return [pair for name, text in texts for pair in _columns(name, text)], encodings
    others, more = read_texts(options.target, options.encoding)
    if len(texts) != len(others):
        raise ToolkitError(f"{source} holds {len(texts)} texts, {options.target} {len(others)}: expected as many")
    pairs = [pair for two in zip(texts, others, strict=True) for pair in _aligned(*two)]
    return pairs, tuple(dict.fromkeys(encodings + more))


def _columns(name: str, text: str) -> Iterator[Pair]:
    """The pairs of a text with a tab in each line; empty lines are left out."""
    for number, line in enumerate(text.split("\n"), start=1):
        if not line.strip():
            continue
        cells = [cell.strip() for cell in line.split("\t")]
        if len(cells) != 2:
            hint = ". A second file goes to --target; for the lines of one text there is --pairs lines."
            raise ToolkitError(
                f"{name}, line {number}: expected two columns with a tab between, found {len(cells)}"
                f"{hint if len(cells) == 1 else ''}"
            )
        if not all(cells):
            what = "target" if cells[0] else "source"
            raise ToolkitError(f"{name}, line {number}: expected a source, a tab and a target, found an empty {what}")
        yield cells[0], cells[1]


def _aligned(sources: tuple[str, str], targets: tuple[str, str]) -> Iterator[Pair]:
    """The pairs of two texts, each a name and its content; lines that are empty in both are left out."""
    (name, text), (other, partner) = sources, targets
    first, second = text.rstrip().split("\n"), partner.rstrip().split("\n")
    if len(first) != len(second):
        alone = min(len(first), len(second)) + 1
        raise ToolkitError(
            f"{name} has {len(first)} lines, {other} {len(second)}: line {alone} has no partner. "
            "Each line of the one belongs to the line of the other with the same number."
        )
    for number, lines in enumerate(zip(first, second, strict=True), start=1):
        source, target = (line.strip() for line in lines)
        if source and target:
            yield source, target
        elif source or target:
            empty, full = (other, name) if source else (name, other)
            raise ToolkitError(f"{empty}, line {number}: expected the partner of that line of {full}, found nothing")


def _neighbours(text: str) -> Iterator[Pair]:
    """Each line and the next one; an empty line ends a song or a stanza, and no pair goes across."""
    lines = (line.strip() for line in text.split("\n"))
    return ((line, following) for line, following in pairwise(lines) if line and following)


def _antonyms() -> tuple[list[Pair], list[Pair]]:
    """Six words and their opposites, trained and validated on all: to be learnt by heart, so none is held back."""
    words = ("man women", "black white", "king queen", "girl boy", "up down", "high low")
    pairs = [(source, target) for source, target in map(str.split, words)]
    return pairs, pairs


_COUPLETS = "couplets-zh"
_MADE: Mapping[str, Callable[[], tuple[list[Pair], list[Pair]]]] = {"antonyms": _antonyms, "dates": date_pairs}

BUILTIN_PAIRS = (_COUPLETS, *_MADE)
"""614 original Chinese couplets written for this project, CC0; six opposites; generated dates."""
