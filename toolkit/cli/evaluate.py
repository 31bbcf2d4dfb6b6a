"""toolkit eval."""

from dataclasses import asdict
from pathlib import Path

import click

from .output import console, facts_table, json_option, print_json, warn
from .params import backend_option, device_option


@click.command(name="eval")
@click.argument("model", type=click.Path(path_type=Path))
@click.argument("text")
@click.option("--encoding", metavar="NAME", help="Of TEXT; without it BOM, UTF-8, then GB18030 are tried.")
@click.option("--max-chars", default=0, help="Read only the first so many characters.", type=click.IntRange(min=0))
@device_option
@backend_option
@json_option
def evaluate(
    model: Path, text: str, encoding: str | None, max_chars: int, device: str, backend: str | None, as_json: bool
) -> None:
    """Perplexity of TEXT (a file, a folder, a .zip, or builtin:lyrics-zh) under MODEL.

    MODEL is a bundle, an .onnx file or a checkpoint. The text is read once from beginning to end with the
    state carried. Tokens outside the vocabulary are read but not counted as predictions.
    """
    from rich.progress import Progress

    from toolkit.corpus import read_text
    from toolkit.evaluation import perplexity
    from toolkit.loading import load

    language_model = load(model, device, backend=backend)
    content = read_text(text, encoding)
    content = content[:max_chars] if max_chars else content
    err = console(stderr=True)
    with Progress(console=err, transient=True, disable=not err.is_terminal) as progress:
        task = progress.add_task("reading")
        result = perplexity(
            language_model, content, lambda read, total: progress.update(task, completed=read, total=total)
        )
    if as_json:
        print_json({"model": str(model), "text": text, "device": language_model.device, **asdict(result)})
        return
    facts = (
        ("perplexity", f"{result.perplexity:.4f}"),
        ("bits a token", f"{result.bits_per_token:.4f}"),
        ("tokens predicted", f"{result.tokens:,}"),
        ("outside the vocabulary", f"{result.unknown:,} (not counted)"),
    )
    if result.unknown > result.tokens / 10:
        warn("much of this text is outside the vocabulary, so the perplexity says little about it")
    console().print(facts_table(f"{text} under {model}", facts))
