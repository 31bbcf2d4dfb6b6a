"""toolkit generate."""

import time
import warnings
from pathlib import Path
from typing import Any

import click

from toolkit.sampling import SamplingOptions

from .output import json_option, note, print_json, warn
from .params import backend_option, collect, dataclass_options, device_option


@click.command()
@click.argument("model", type=click.Path(path_type=Path))
@click.option("--prompt", "-p", required=True, help="The text to continue.")
@dataclass_options(SamplingOptions)
@click.option("--stream", "as_stream", is_flag=True, help="Print the text while it is written.")
@device_option
@click.option("--threads", default=1, show_default=True, help="Threads within an operator.")
@backend_option
@json_option
def generate(model: Path, prompt: str, **params: Any) -> None:  # noqa: ANN401 - click passes the options by name
    """Continue a text with MODEL: a bundle folder, an .onnx file or a checkpoint.

    The text, prompt included, goes to standard output, everything else to standard error. The same seed
    gives the same text.

    \b
    toolkit generate runs/a/best --prompt 分开 --max-new-tokens 50 --temperature 0.8 --top-k 40 --seed 1
    """  # noqa: D301 - click wants the character itself
    from toolkit.loading import load
    from toolkit.uniform import fresh_seed

    if params["seed"] is None:
        params["seed"] = fresh_seed()
    options = collect(SamplingOptions, params)
    if params["as_stream"] and (params["as_json"] or options.num_return_sequences > 1):
        raise click.UsageError("--stream prints one text as it is written; it goes neither with --json nor with -n")
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", UserWarning)
        language_model = load(model, params["device"], threads=params["threads"], backend=params["backend"])
        start = time.perf_counter()
        if params["as_stream"]:
            pieces = language_model.stream(prompt, options)
        else:
            results = language_model.generate(prompt, options)
    for warning in caught:
        warn(str(warning.message))
    if params["as_stream"]:
        click.echo(prompt, nl=False)
        tokens = 0
        for tokens, piece in enumerate(pieces, start=1):  # noqa: B007 - counted
            click.echo(piece.text, nl=False)
        click.echo()
    elif params["as_json"]:
        elapsed = time.perf_counter() - start
        tokens = sum(len(result.ids) for result in results)
        print_json(
            {
                "model": str(model),
                "device": language_model.device,
                "prompt": prompt,
                "options": options.to_dict(),
                "texts": [
                    {
                        "text": result.text,
                        "finish_reason": result.finish_reason,
                        "ids": list(result.ids),
                        "log_prob": sum(result.log_probs),
                    }
                    for result in results
                ],
                "tokens_per_second": tokens / elapsed,
            }
        )
        return
    else:
        tokens = sum(len(result.ids) for result in results)
        for i, result in enumerate(results):
            if len(results) > 1:
                click.secho(f"--- {i + 1} of {len(results)}", dim=True)
            click.echo(str(result))
    speed = tokens / (time.perf_counter() - start)
    how = "greedy" if options.temperature == 0 else f"seed {options.seed}"
    note(f"{how}, {tokens} tokens, {speed:,.0f} a second on {language_model.device}")
