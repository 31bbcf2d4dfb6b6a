"""What is said of a model or a checkpoint to people: a name and a sentence for each fact."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

from .bundle import LM, MODULE, SEQ2SEQ, SERIES, TOKENIZERS, WINDOW
from .tokenizer import SPECIAL, readable

_SHOWN = 20
"""Tokens of a vocabulary that are shown."""

_UNITS = {SERIES: "points", SEQ2SEQ: "pairs"}
"""What the data of a kind are counted in, where that is not characters."""

KINDS = {
    LM: "language model (lm)",
    SERIES: "real numbers in and out (series)",
    SEQ2SEQ: "text to text (seq2seq)",
    WINDOW: "reads a window of text at once (window)",
    MODULE: "a step of any kind (module)",
}
VOCABULARY = "{size:,} {kind} tokens, newline {newline}: {first} …"
PARITY = "equal to PyTorch within {atol:g} over {steps} steps (largest error: {errors})"
PARITY_OF_FLOAT32 = "the float32 graphs: " + PARITY
WEIGHTS = "{kind}, perplexity {before:.5g} -> {after:.5g} on {text}"
RECOGNISED = "{file} of another program"
CORPUS = "{source}, {characters:,} {unit}, SHA-256 {sha256:.16}…"
RESUMABLE, NOT_RESUMABLE = "yes", "no, for export and inference"
FILE = "{bytes:,} bytes, SHA-256 {sha256:.16}…"
SENTENCES = (
    *KINDS.values(),
    VOCABULARY,
    PARITY,
    PARITY_OF_FLOAT32,
    WEIGHTS,
    RECOGNISED,
    CORPUS,
    RESUMABLE,
    NOT_RESUMABLE,
    FILE,
)
"""What a window translates, as it does the names."""

NAMES = ("kind", "network", "vocabulary", "source vocabulary", "target vocabulary", "parity", "weights", "made from")
"""Those of the facts that do not come from the file."""


@dataclass(frozen=True)
class Fact:
    """One fact.

    Attributes:
        name: of what.
        sentence: with the names of values in braces.
        values: what stands there; they come from a file and may be of any type.
    """

    name: str
    sentence: str
    values: Mapping[str, Any] = field(default_factory=dict)

    @property
    def text(self) -> str:
        """The sentence, complete; TypeError, ValueError or KeyError where a value is none that it can hold."""
        return self.sentence.format(**self.values)


def pairs(values: Mapping[str, Any]) -> str:
    """Names and values in a line, without those that are None."""
    return ", ".join(f"{k} {v:.4g}" if isinstance(v, float) else f"{k} {v}" for k, v in values.items() if v is not None)


def _plain(name: str, text: object) -> Fact:
    return Fact(name, "{text}", {"text": text})


def _network(facts: Mapping[str, Any]) -> Iterator[Fact]:
    yield Fact("kind", KINDS[facts["kind"]])
    yield _plain("network", pairs(facts["network"]))


def _vocabularies(facts: Mapping[str, Any]) -> Iterator[Fact]:
    for name in TOKENIZERS[facts["kind"]]:
        tokenizer = facts[name]
        vocab, special = tokenizer["vocab"], {tokenizer.get(name) for name in SPECIAL}
        first = islice((readable(token) for i, token in enumerate(vocab) if i not in special), _SHOWN)
        values = {key: tokenizer[key] for key in ("kind", "newline")}
        title = name.replace("tokenizer", "vocabulary").replace("_", " ")
        yield Fact(title, VOCABULARY, {"size": len(vocab), "first": " ".join(first), **values})


def _signatures(facts: Mapping[str, Any]) -> Iterator[Fact]:
    for name, signature in facts.get("signatures", {}).items():
        for group in ("inputs", "outputs"):
            specs = (f"{s['name']} {s['dtype']} [{', '.join(map(str, s['axes']))}]" for s in signature[group])
            yield _plain(f"{name} {group}", "; ".join(specs))


def _parity(facts: Mapping[str, Any]) -> Iterator[Fact]:
    if parity := facts.get("parity"):
        errors = ", ".join(f"{g} {max(e.values()):.1e}" for g, e in parity["largest_error"].items())
        sentence = PARITY_OF_FLOAT32 if facts.get("quantization") else PARITY
        yield Fact("parity", sentence, {"atol": parity["atol"], "steps": parity["steps"], "errors": errors})


def _weights(facts: Mapping[str, Any]) -> Iterator[Fact]:
    if q := facts.get("quantization"):
        values = {"kind": q["kind"], "before": q["perplexity_float32"], "after": q["perplexity"], "text": q["text"]}
        yield Fact("weights", WEIGHTS, values)


def _provenance(facts: Mapping[str, Any]) -> Iterator[Fact]:
    for name, value in facts.get("provenance", {}).items():
        if name == "recognised":
            yield Fact("made from", RECOGNISED, {"file": value["file"]})
            for sentence in value["assumed"]:
                yield _plain("assumed", sentence)
        elif value is not None:
            yield _plain(name, pairs(value if isinstance(value, dict) else {"": value}).strip())


def _training(facts: Mapping[str, Any]) -> Iterator[Fact]:
    if "resumable" in facts:
        unit = _UNITS.get(facts["kind"], "characters")
        yield Fact("corpus", CORPUS, {**facts["corpus"], "unit": unit})
        yield _plain("read with", pairs(facts["corpus"]["options"]))
        yield _plain("metrics", pairs(facts["metrics"]))
        yield _plain("training", pairs(facts["training"]))
        yield Fact("to go on from", RESUMABLE if facts["resumable"] else NOT_RESUMABLE)


def _files(facts: Mapping[str, Any]) -> Iterator[Fact]:
    for name, entry in facts.get("files", {}).items():
        yield Fact(name, FILE, entry)


GROUPS: Mapping[str, Callable[[Mapping[str, Any]], Iterator[Fact]]] = {
    "network": _network,
    "vocabularies": _vocabularies,
    "signatures": _signatures,
    "parity": _parity,
    "weights": _weights,
    "provenance": _provenance,
    "training": _training,
    "files": _files,
}
"""Facts as `toolkit info --json` has them -> those of one kind; KeyError and the like where they are incomplete."""


def rows_of(facts: Mapping[str, Any]) -> list[tuple[str, str]]:
    """All of them, a line each; KeyError, TypeError, ValueError or AttributeError where they are incomplete."""
    return [(fact.name, fact.text) for group in GROUPS.values() for fact in group(facts)]
