"""From the bytes of a checkpoint that another program wrote to one of ours, with a table of what was seen in it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch.nn import functional

from toolkit.bundle import LM, SEQ2SEQ, SERIES, SOURCE, TARGET, TOKENIZER, WINDOW
from toolkit.errors import FileFormatError, ToolkitError
from toolkit.export.foreign_options import ForeignOptions
from toolkit.files import sha256
from toolkit.models.checkpoint import Checkpoint
from toolkit.signature import STATE_INPUTS
from toolkit.step_model import Ids
from toolkit.tokenizer import IdTokenizer, Tokenizer, id_tokenizer

from .container import read_container
from .layout import EXPORT_IT, layout_of, without
from .rebuild import Owners, shape_of, weights_of
from .roles import Part, Seen, recognise
from .scratch import from_scratch
from .vocabulary import Sources, Vocabulary

_SAMPLE_CHARACTERS = 4000
_PERPLEXITY_TOKENS = 1000

_KINDS = {
    LM: "language model: reads a token, predicts the next",
    SERIES: "real numbers in and out at each step",
    SEQ2SEQ: "text to text: encoder and decoder",
    WINDOW: "reads a window of tokens in both directions, predicts the next",
}


@dataclass(frozen=True)
class Recognised:
    """A checkpoint from elsewhere.

    Attributes:
        checkpoint: as one of ours, with the owner's modules as reference.
        rows: what was seen: part, module, size.
        facts: the same in a few words, for model.json.
        assumed: what neither weights nor options tell, a sentence each.
    """

    checkpoint: Checkpoint
    rows: tuple[tuple[str, str, str], ...]
    facts: Mapping[str, Any]
    assumed: tuple[str, ...]


def recognise_checkpoint(
    data: bytes, path: Path, options: ForeignOptions, tokenizers: Mapping[str, Tokenizer] | None = None
) -> Recognised:
    """See a network in a file; no code in it is ever run.

    Args:
        data: of the file.
        path: for messages, and its suffix.
        options: what weights do not tell.
        tokenizers: where they are known already, as of a bundle that is verified.

    Raises:
        FileFormatError: unreadable, a network that is not known here, or more than one way to see it.
        ToolkitError: a vocabulary or a corpus cannot be read.
    """
    settings = options.settings
    entry = next(iter(settings.get("state_dict", ())), None)
    halves = (*settings.get("encoder", ()), *settings.get("decoder", ()))
    container = read_container(data, path, entry, halves)
    if container.halves:
        settings = {role: names for role, names in settings.items() if role not in {"encoder", "decoder"}}
    kept = without(container.tensors, frozenset(settings.get("ignore", ())), path)
    tensors, scratch = from_scratch(kept, path)
    layout = layout_of(tensors, path)
    sources = Sources(container.extras, options, path)
    seen = recognise(layout, settings, options.input, sources.tell_of, path)
    first = seen.part.first
    if options.nonlinearity == "relu" and first.cell != "rnn":
        raise FileFormatError(
            f"{path}: --nonlinearity relu belongs to an RNN, found {first.cell.upper()} ({first.name}). Leave that out."
        )
    if options.nonlinearity == "relu" and seen.kind in {SEQ2SEQ, WINDOW}:
        raise FileFormatError(
            f"{path}: --nonlinearity relu is not known of this kind: {_KINDS[seen.kind]}. {EXPORT_IT}"
        )
    _refuse_what_has_no_meaning(seen, options, path)
    vocabularies = _vocabularies(seen, sources) if tokenizers is None else {}
    if any(isinstance(v.tokenizer, IdTokenizer) for v in vocabularies.values()):
        _refuse(_given(options, "tokenizer", "newline"), "say how text is read, and no vocabulary is known", path)
    known = {name: v.tokenizer for name, v in vocabularies.items()} or _fitting(seen, tokenizers or {})
    shape = shape_of(seen, options.nonlinearity or "tanh")
    assumed = [*dict.fromkeys([*seen.assumed, *(sentence for v in vocabularies.values() for sentence in v.assumed)])]
    if scratch:
        assumed[0] = f"the arrays are used as their names say, {scratch}"
    if seen.part.first.cell == "rnn" and options.nonlinearity is None:
        assumed.append("the RNN's nonlinearity is tanh (--nonlinearity relu if it is not)")
    if seen.kind == SEQ2SEQ and not options.width:
        assumed.append("padding is never read or written (--width if it is)")
    if seen.kind == WINDOW:
        assumed.append(f"a window has {options.window} tokens (--window)")
    facts = {
        "file": container.kind,
        "modules": {role: module for role, module, _ in _modules(seen)},
        "assumed": assumed,
        "options": {k: v for k, v in options.to_dict().items() if k in _LASTING and v != getattr(_DEFAULTS, k)},
    }
    corpus = _corpus(seen, sources, options, known)
    text_rows: list[tuple[str, str, str]] = []
    if seen.kind == LM and corpus and tokenizers is None:
        found = _perplexity(Owners(seen, shape).eval(), known[TOKENIZER].encode(corpus["sample"]))
        text_rows.append(("text", corpus["source"], f"perplexity {found:.4g} at its beginning"))
        if found > len(known[TOKENIZER]):
            assumed.append(
                f"the vocabulary is in the right order, though a perplexity of {found:.4g} on the corpus is worse than "
                f"guessing ({len(known[TOKENIZER])})"
            )
    checkpoint = Checkpoint(
        kind=seen.kind,
        network=shape,
        tokenizers=known,
        weights=weights_of(seen),
        training={"options": {"num_steps": options.window}} if seen.kind == WINDOW else {},
        corpus=corpus,
        metrics={},
        recognised=facts,
        reference=(lambda: Owners(seen, shape).eval()) if seen.kind in {LM, SERIES} else None,
    )
    notes = [*container.notes, *([scratch] if scratch else [])]
    if layout.stripped:
        notes.append(f"names without {layout.stripped}")
    rows = [("file", "; ".join([container.kind, *notes]), f"{len(container.tensors)} tensors")]
    rows.append(("kind", _KINDS[seen.kind], ""))
    rows += [(role, module, size) for role, module, size in _modules(seen)]
    rows += [
        (name.replace("tokenizer", "vocabulary").replace("_", " "), v.where, _size(v))
        for name, v in vocabularies.items()
    ]
    return Recognised(checkpoint, (*rows, *text_rows), facts, tuple(assumed))


@torch.no_grad()
def _perplexity(network: Owners, ids: Ids) -> float:
    """Of the owner's modules, over the beginning of a text."""
    read = torch.from_numpy(ids[: _PERPLEXITY_TOKENS + 1])
    if len(read) < 2:
        return 1.0
    shape = (network.options.num_layers, 1, network.options.hidden_size)
    state = tuple(torch.zeros(shape) for _ in STATE_INPUTS[network.options.cell])
    logits, _ = network(read[None, :-1], state)
    return float(functional.cross_entropy(logits[0], read[1:]).exp())


def _given(options: ForeignOptions, *names: str) -> list[str]:
    """Those that are not what they are by default."""
    return [name for name in names if getattr(options, name) != getattr(_DEFAULTS, name)]


def _refuse(given: Sequence[str], why: str, path: Path) -> None:
    if given:
        flags = ", ".join(f"--{name.replace('_', '-')}" for name in given)
        raise ToolkitError(f"{path}: {flags} {why}. Leave that out.")


def _refuse_what_has_no_meaning(seen: Seen, options: ForeignOptions, path: Path) -> None:
    """Raise ToolkitError for options that would change nothing."""
    if seen.kind != WINDOW:
        _refuse(_given(options, "window"), f"is not known of this kind: {_KINDS[seen.kind]}", path)
    if seen.kind != SEQ2SEQ:
        pair = ("pad", "bos", "eos", "width", "source_vocab", "source_start", "source_end")
        _refuse(_given(options, *pair), f"belongs to text to text, and this is a {_KINDS[seen.kind]}", path)
    if options.vocab is None and options.source_vocab is None and not options.corpus:
        _refuse(_given(options, "encoding"), "says how --vocab or --corpus is written, and there is none", path)


_DEFAULTS = ForeignOptions()
_LASTING = ("nonlinearity", "input", "set", "window")
"""Options that are needed to see the same network again."""


def _vocabularies(seen: Seen, sources: Sources) -> dict[str, Vocabulary]:
    if seen.kind == SERIES:
        sources.refuse()
        return {}
    if seen.encoder is None:
        return {TOKENIZER: sources.of(seen.part.vocab_size)}
    return {
        SOURCE: sources.of(seen.encoder.vocab_size, source=True),
        TARGET: sources.of(seen.part.vocab_size, target=True),
    }


def _fitting(seen: Seen, tokenizers: Mapping[str, Tokenizer]) -> dict[str, Tokenizer]:
    """Those that are known, as far as the network has as many tokens; else ids, which equal none of them."""
    if seen.kind == SERIES:
        return {}
    part = seen.part.vocab_size
    sizes = {TOKENIZER: part} if seen.encoder is None else {SOURCE: seen.encoder.vocab_size, TARGET: part}
    kept = {name: t for name, t in tokenizers.items() if len(t) == sizes.get(name)}
    return {name: kept.get(name, id_tokenizer(size)) for name, size in sizes.items()}


def _corpus(seen: Seen, sources: Sources, options: ForeignOptions, known: Mapping[str, Tokenizer]) -> dict[str, Any]:
    """The text that was given, or nothing; see `Checkpoint.corpus`."""
    unknown: dict[str, Any] = {"longest_source": None, "longest_target": None} if seen.encoder is not None else {}
    if not sources.texts or seen.kind not in {LM, WINDOW}:
        return unknown
    text, sample = sources.texts[0], sources.texts[0][:_SAMPLE_CHARACTERS]
    if len(sample) < len(text):  # no word is torn
        sample = sample[: 1 + max(sample.rfind("\n"), sample.rfind(" "))] or sample
    try:
        known[TOKENIZER].encode(sample)
    except ToolkitError as error:
        raise ToolkitError(f"{options.corpus[0]}: {error}") from error
    return {
        "source": options.corpus[0],
        "encoding": options.encoding,
        "sha256": sha256(text.encode()),
        "characters": len(text),
        "sample": sample,
    }


def _modules(seen: Seen) -> list[tuple[str, str, str]]:
    """Role, name and size of each module."""
    if seen.encoder is None:
        return [*_part(seen.part, "", seen.kind), ("output", seen.output.name, f"{_tied(seen)}{seen.output}")]
    return [
        *_part(seen.encoder, "encoder ", seen.kind),
        *_part(seen.part, "decoder ", seen.kind),
        ("output", seen.output.name, str(seen.output)),
    ]


def _part(part: Part, who: str, kind: str) -> list[tuple[str, str, str]]:
    size = part.first.input_size
    if part.embedding is not None:
        rows = [(f"{who}input", part.embedding.name, f"embedding {part.embedding}")]
    else:
        rows = [(f"{who}input", "-", f"{size} numbers" if kind == SERIES else f"one-hot ids, {size} tokens")]
    return rows + [(f"{who}recurrence", module.name, str(module)) for module in part.chain]


def _tied(seen: Seen) -> str:
    return "the embedding's matrix, " if seen.tied else ""


def _size(vocabulary: Vocabulary) -> str:
    tokenizer = vocabulary.tokenizer
    marks = {"unk": tokenizer.unk_id, "pad": tokenizer.pad_id, "bos": tokenizer.bos_id, "eos": tokenizer.eos_id}
    special = ", ".join(f"{role} {tokenizer.vocab[i]}" for role, i in marks.items() if i is not None)
    first = " ".join(map(repr, tokenizer.vocab[:6]))
    return f"{len(tokenizer)} {tokenizer.unit}: {first} …{f' ({special})' if special else ''}"
