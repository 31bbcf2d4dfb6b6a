"""toolkit info."""

from importlib import import_module
from pathlib import Path
from typing import Any

import click

from toolkit.bundle import SEQ2SEQ, SERIES, SOURCE, TARGET, TOKENIZER, TOKENIZERS
from toolkit.errors import FileFormatError, MissingDependencyError
from toolkit.tokenizer import SPECIAL, readable

from .output import console, facts_table, json_option, print_json

_SIZES = {TOKENIZER: "vocab_size", SOURCE: "source_vocab_size", TARGET: "vocab_size"}
"""What model.json calls the size of each vocabulary."""

_UNITS = {SERIES: "points", SEQ2SEQ: "pairs"}
"""What the data of a kind are counted in, where that is not characters."""


@click.command()
@click.argument("model", type=click.Path(path_type=Path))
@json_option
def info(model: Path, as_json: bool) -> None:
    """What MODEL holds: a bundle folder, an .onnx file or a checkpoint."""
    checkpoint = model.suffix == ".pt" and model.is_file()
    facts = _checkpoint_facts(model) if checkpoint else _exported_facts(model)
    if as_json:
        print_json(facts)
        return
    try:
        rows = _rows(facts)
    except (KeyError, TypeError, ValueError, AttributeError) as error:  # figures that only people read
        raise FileFormatError(f"{model}: its facts are incomplete ({error!r}). Export the model again.") from error
    console().print(facts_table(f"{model}: {facts['what']}", rows))


def _exported_facts(path: Path) -> dict[str, Any]:
    """The facts of a bundle or an .onnx file; the files' hashes are checked."""
    from toolkit.bundle import read_bundle
    from toolkit.loading import read_info

    found = read_info(path).to_dict()
    if not path.is_dir():
        return {"what": "an exported graph", **found}
    bundle = read_bundle(path)
    for name in bundle.files:
        bundle.read(name)
    return {"what": "a bundle, all files intact", **found, "files": dict(bundle.files)}


def _checkpoint_facts(path: Path) -> dict[str, Any]:
    """The facts of a checkpoint, without its weights."""
    try:
        load_checkpoint = import_module("toolkit.models.checkpoint").load_checkpoint
    except ModuleNotFoundError as error:
        raise MissingDependencyError.for_extra("torch", f"{path}: reading a checkpoint", "train") from error
    checkpoint = load_checkpoint(path)
    sizes = {_SIZES[name]: len(tokenizer) for name, tokenizer in checkpoint.tokenizers.items()}
    corpus = {key: value for key, value in checkpoint.corpus.items() if key != "sample"}
    return {
        "what": "a checkpoint",
        "kind": checkpoint.kind,
        "network": {**checkpoint.network.to_dict(), **sizes},
        **{name: tokenizer.to_dict() for name, tokenizer in checkpoint.tokenizers.items()},
        "corpus": corpus,
        "metrics": dict(checkpoint.metrics),
        "training": dict(checkpoint.training["options"]),
        "resumable": "optimizer" in checkpoint.training,
    }


def _rows(facts: dict[str, Any]) -> list[tuple[str, str]]:
    """The facts a person wants to see, a line each."""

    def pairs(values: dict[str, Any]) -> str:
        return ", ".join(
            f"{k} {v:.4g}" if isinstance(v, float) else f"{k} {v}" for k, v in values.items() if v is not None
        )

    rows = [("kind", facts["kind"]), ("network", pairs(facts["network"]))]
    for name in TOKENIZERS[facts["kind"]]:
        tokenizer = facts[name]
        vocab, special = tokenizer["vocab"], {tokenizer.get(name) for name in SPECIAL}
        shown = " ".join([readable(token) for i, token in enumerate(vocab) if i not in special][:20])
        size = f"{len(vocab):,} {tokenizer['kind']} tokens, newline {tokenizer['newline']}"
        rows.append((name.replace("tokenizer", "vocabulary").replace("_", " "), f"{size}: {shown} …"))
    for name, signature in facts.get("signatures", {}).items():
        for group in ("inputs", "outputs"):
            specs = (f"{s['name']} {s['dtype']} [{', '.join(map(str, s['axes']))}]" for s in signature[group])
            rows.append((f"{name} {group}", "; ".join(specs)))
    if facts.get("parity"):
        parity = facts["parity"]
        errors = "; ".join(f"{g} {max(e.values()):.1e}" for g, e in parity["largest_error"].items())
        of = "the float32 graphs: " if facts.get("quantization") else ""
        rows.append(("parity", f"{of}{errors} (allowed {parity['atol']:g}, {parity['steps']} steps)"))
    if q := facts.get("quantization"):
        cost = f"perplexity {q['perplexity_float32']:.5g} -> {q['perplexity']:.5g} on {q['text']}"
        rows.append(("weights", f"{q['kind']}, {cost}"))
    for name, value in facts.get("provenance", {}).items():
        if name == "recognised":
            rows.append(("made from", f"{value['file']} of another program"))
            rows += [("assumed", sentence) for sentence in value["assumed"]]
        elif value is not None:
            rows.append((name, pairs(value if isinstance(value, dict) else {"": value}).strip()))
    if "resumable" in facts:
        corpus, unit = facts["corpus"], _UNITS.get(facts["kind"], "characters")
        rows += [
            (
                "corpus",
                f"{corpus['source']}, {corpus['characters']:,} {unit}, SHA-256 {corpus['sha256'][:16]}…",
            ),
            ("read with", pairs(corpus["options"])),
            ("metrics", pairs(facts["metrics"])),
            ("training", pairs(facts["training"])),
            ("to go on from", "yes" if facts["resumable"] else "no, for export and inference"),
        ]
    for name, entry in facts.get("files", {}).items():
        rows.append((name, f"{entry['bytes']:,} bytes, SHA-256 {entry['sha256'][:16]}…"))
    return rows
