"""toolkit eval."""

import contextlib
from collections.abc import Callable, Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click

from .output import console, facts_table, json_option, print_json
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

    With a model from text to text, TEXT is a .tsv of sources and targets, or builtin:dates, of which those are
    taken that training holds back; then the share of targets that are exactly right is given, too.
    """
    from toolkit.bundle import SEQ2SEQ
    from toolkit.loading import kind_of

    if kind_of(model) != SEQ2SEQ:
        facts, rows = _text(model, text, encoding, max_chars, device, backend)
    elif max_chars:
        raise click.UsageError("--max-chars belongs to a text, and this model reads pairs of them")
    else:
        facts, rows = _pairs(model, text, encoding, device, backend)
    if as_json:
        print_json({"model": str(model), "text": text, **facts})
    else:
        console().print(facts_table(f"{text} under {model}", rows))


_Rows = list[tuple[str, object]]


def _text(
    model: Path, text: str, encoding: str | None, max_chars: int, device: str, backend: str | None
) -> tuple[dict[str, Any], _Rows]:
    """A text under a language model."""
    from toolkit.corpus import read_text
    from toolkit.evaluation import perplexity
    from toolkit.loading import load

    language_model = load(model, device, backend=backend)
    content = read_text(text, encoding)
    content = content[:max_chars] if max_chars else content
    with _progress() as moved:
        result = perplexity(language_model, content, moved)
    much = "; so much that the perplexity says little" if result.unknown > result.tokens / 10 else ""
    rows: _Rows = [
        ("perplexity", f"{result.perplexity:.4f}"),
        ("bits a token", f"{result.bits_per_token:.4f}"),
        ("tokens predicted", f"{result.tokens:,}"),
        ("outside the vocabulary", f"{result.unknown:,} (not counted{much})"),
    ]
    return {"device": language_model.device, **asdict(result)}, rows


def _pairs(
    model: Path, source: str, encoding: str | None, device: str, backend: str | None
) -> tuple[dict[str, Any], _Rows]:
    """Pairs of texts under a sequence-to-sequence model; of built-in ones those that training holds back."""
    from toolkit.corpus import BUILTIN
    from toolkit.evaluation import score_pairs
    from toolkit.loading import load_translator
    from toolkit.parallel import ParallelOptions, load_parallel

    built_in = source.startswith(BUILTIN)
    data = load_parallel(source, ParallelOptions(encoding=encoding, valid_fraction=0.1 if built_in else 0.0))
    translator = load_translator(model, device, backend=backend)
    with _progress() as moved:
        result = score_pairs(translator, data.valid if built_in else data.train, moved)
    rows: _Rows = [
        ("exactly right", f"{result.exact:.2%} of {result.pairs:,}"),
        ("perplexity", f"{result.perplexity:.4f}"),
        ("tokens predicted", f"{result.tokens:,}"),
        ("outside the vocabulary", f"{result.unknown:,} (not counted)"),
    ]
    return {"device": translator.device, **asdict(result)}, rows


@contextlib.contextmanager
def _progress() -> Iterator[Callable[[int, int], None]]:
    """A bar in a terminal; what moves it."""
    from rich.progress import Progress

    err = console(stderr=True)
    with Progress(console=err, transient=True, disable=not err.is_terminal) as progress:
        task = progress.add_task("reading")
        yield lambda done, total: progress.update(task, completed=done, total=total)
