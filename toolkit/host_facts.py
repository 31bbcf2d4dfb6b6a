"""What a program in another language needs to know of a vocabulary, as plain values: no rule of ours, only tables."""

from collections.abc import Sequence
from typing import Any

from .bundle import ModelInfo
from .generation import stop_ids_of
from .tokenizer import CharTokenizer, SpaceTokenizer, Tokenizer, nothing_id


def host_facts(info: ModelInfo) -> dict[str, Any]:
    """What stands in the model.json of an embedded model beyond the facts of `ModelInfo.to_dict`.

    Args:
        info: of a model that writes text.

    Returns:
        reads, how a text becomes ids, and writes, how ids become a text: see `_reads` and `_writes`.
    """
    names = list(info.tokenizers)
    source, target = (info.tokenizers[name] for name in (names[0], names[-1]))
    pairs = source is not target
    opening = [nothing_id(len(source))] if pairs else source.opening()
    return {"reads": _reads(source, opening), "writes": _writes(target, spoken=pairs)}


def _shared(tokenizer: Tokenizer) -> dict[str, Any]:
    """What is the same for reading and writing.

    Returns:
        spaced: whether blanks part the tokens.
        line_break: the id that stands for a line break among them; null where they have none, or are not parted.
    """
    spaced = isinstance(tokenizer, SpaceTokenizer)
    return {"spaced": spaced, "line_break": tokenizer.break_id if spaced else None}


def _reads(tokenizer: Tokenizer, opening: Sequence[int]) -> dict[str, Any]:
    """How a text becomes ids.

    Args:
        tokenizer: of the model's input.
        opening: see below.

    Returns:
        tokens: what is looked up, by id; "" of what no text is read as.
        spaced, line_break: see `_shared`. Without blanks the longest token that fits is taken, from left to right.
        longest: characters of the longest token.
        newline: "keep", or "space" where line breaks are read as blanks.
        unk_id: what stands for the unknown; null where that is left out.
        pad_id, width: shorter texts are filled up to so many tokens.
        before, after: ids in front of each text and behind it.
        opening: as given: the ids that are read where a text begins and there are none.
    """
    tokens = list(tokenizer.vocab)
    if not isinstance(tokenizer, SpaceTokenizer):
        one = isinstance(tokenizer, CharTokenizer)
        unread = {i for i, token in enumerate(tokens) if one and len(token) > 1} | tokenizer.special_ids
        tokens = ["" if i in unread else token for i, token in enumerate(tokens)]
    return {
        "tokens": tokens,
        **_shared(tokenizer),
        "longest": max(map(len, tokens)),
        "newline": tokenizer.newline,
        "unk_id": tokenizer.unk_id,
        "pad_id": tokenizer.pad_id,
        "width": tokenizer.width,
        "before": list(tokenizer.before),
        "after": list(tokenizer.after),
        "opening": list(opening),
    }


def _writes(tokenizer: Tokenizer, *, spoken: bool) -> dict[str, Any]:
    """How ids become a text.

    Args:
        tokenizer: of the model's output.
        spoken: whether texts of their own are written, between start and end marker, and no text is gone on with.

    Returns:
        pieces: the text of each token where a text begins, by id; "" of what is no text.
        spaced, line_break: see `_shared`. Where spaced, a blank stands before each piece but the first and those
            beside a line break.
        banned: ids that are never written.
        stop_ids: those whose text holds a line break.
        bos_id, eos_id: what is read before the first token, and what ends a text; null where texts have no end.
    """
    special = tokenizer.special_ids
    return {
        "pieces": ["" if i in special else tokenizer.piece(i, None) for i in range(len(tokenizer))],
        **_shared(tokenizer),
        "banned": sorted(tokenizer.unwritten_ids) if spoken else list(tokenizer.banned_ids),
        "stop_ids": stop_ids_of(tokenizer, ("\n",)),
        "bos_id": tokenizer.bos_id if spoken else None,
        "eos_id": tokenizer.eos_id if spoken else None,
    }
