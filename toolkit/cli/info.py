"""toolkit info."""

from importlib import import_module
from pathlib import Path
from typing import Any

import click

from toolkit.bundle import SOURCE, TARGET, TOKENIZER
from toolkit.errors import FileFormatError, MissingDependencyError
from toolkit.facts import rows_of

from .output import console, facts_table, json_option, print_json

_SIZES = {TOKENIZER: "vocab_size", SOURCE: "source_vocab_size", TARGET: "vocab_size"}
"""What model.json calls the size of each vocabulary."""


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
        rows = rows_of(facts)
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
