"""toolkit translate."""

import time
import warnings
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from toolkit.errors import MissingDependencyError, ToolkitError
from toolkit.translation import TranslateOptions

from .output import json_option, note, print_json, warn
from .params import backend_option, collect, dataclass_options, device_option

if TYPE_CHECKING:
    from toolkit.translation import Translation
    from toolkit.translator import Translator

_CHART = "toolkit.models.attention_chart"
"""Needs matplotlib."""


@click.command()
@click.argument("model", type=click.Path(path_type=Path))
@click.argument("texts", nargs=-1)
@click.option("--input", "-i", "file", help="A text file, a source in each line.")
@dataclass_options(TranslateOptions)
@click.option("--attention", type=click.Path(path_type=Path), help="Draw where the decoder looked, as a PNG.")
@click.option("--batch-size", default=64, show_default=True, type=click.IntRange(1, 4096), help="Sources read at once.")
@device_option
@click.option("--threads", default=1, show_default=True, help="Threads within an operator.")
@backend_option
@json_option
def translate(model: Path, texts: tuple[str, ...], file: str | None, **params: Any) -> None:  # noqa: ANN401 - click passes the options by name
    """Write the targets of TEXTS with MODEL: a bundle, its translate.onnx, or a checkpoint.

    A line for each source goes to standard output; with -n N so many, each with its score, the best first.

    \b
    toolkit translate runs/dates/best 'March 3, 2021' 二〇二一年三月三日
    toolkit translate runs/couplets/best 溪暖鱼苗动 --num-beams 5 -n 3 --attention attention.png
    """  # noqa: D301 - click wants the character itself
    from toolkit.loading import load_translator

    options = collect(TranslateOptions, params)
    sources = _sources(texts, file)
    chart: Path | None = params["attention"]
    if chart and len(sources) != 1:
        raise click.UsageError(f"--attention draws one source, found {len(sources)}")
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", UserWarning)
        translator = load_translator(model, params["device"], threads=params["threads"], backend=params["backend"])
        start = time.perf_counter()
        results = list(
            translator.translate_batch(sources, options, batch_size=params["batch_size"], attention=chart is not None)
        )
        seconds = time.perf_counter() - start
    for warning in caught:
        warn(str(warning.message))
    if chart:
        _draw(translator, results[0][0], chart)
    if params["as_json"]:
        print_json(
            {
                "model": str(model),
                "device": translator.device,
                "options": options.to_dict(),
                "sources": [
                    {"source": source, "targets": [_facts(found) for found in targets]}
                    for source, targets in zip(sources, results, strict=True)
                ],
                "seconds": seconds,
            }
        )
        return
    for targets in results:
        for found in targets:
            click.echo(f"{found.score:.4f}\t{found.text}" if options.num_return_sequences > 1 else found.text)
    tokens = sum(len(found.ids) for targets in results for found in targets)
    note(f"{len(sources)} sources, {tokens} tokens, {tokens / seconds:,.0f} a second on {translator.device}")


def _sources(texts: Sequence[str], file: str | None) -> list[str]:
    """What is to be translated.

    Raises:
        ToolkitError: the file cannot be read, or a line of it is empty.
    """
    if (file is None) == (not texts):
        raise click.UsageError("give TEXTS, or a file of them with -i")
    if file is None:
        return list(texts)
    from toolkit.corpus import read_text

    lines = read_text(file).rstrip("\n").split("\n")
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            raise ToolkitError(f"{file}, line {number}: expected a source, found an empty line. Delete the line.")
    return lines


def _facts(found: "Translation") -> dict[str, Any]:
    """One target as JSON values."""
    weights = {} if found.attention is None else {"attention": found.attention.tolist()}
    return {
        "text": found.text,
        "score": found.score,
        "log_prob": sum(found.log_probs),
        "ids": list(found.ids),
        "finish_reason": found.finish_reason,
        **weights,
    }


def _draw(translator: "Translator", found: "Translation", path: Path) -> None:
    try:
        chart = import_module(_CHART)
    except ModuleNotFoundError as error:
        raise MissingDependencyError.for_extra(str(error.name), "--attention", "train") from error
    target = [translator.target_tokenizer.vocab[i] for i in found.ids]
    if not chart.draw(found.attention, translator.source_tokenizer.split(found.source), target, path):
        warn(f"{path}: no installed font has all characters; some are boxes (Debian: apt-get install fonts-noto-cjk)")
