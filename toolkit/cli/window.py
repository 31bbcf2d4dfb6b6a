"""toolkit window."""

import warnings
from pathlib import Path

import click

from toolkit.tokenizer import readable

from .output import json_option, note, print_json, warn
from .params import backend_option, device_option


@click.command()
@click.argument("model", type=click.Path(path_type=Path))
@click.argument("text")
@click.option("-n", "number", default=10, show_default=True, type=click.IntRange(min=1), help="How many tokens.")
@device_option
@backend_option
@json_option
def window(model: Path, text: str, number: int, device: str, backend: str | None, as_json: bool) -> None:
    """The most probable next tokens after TEXT, with their probabilities.

    MODEL is a bundle, an .onnx file or a checkpoint of a network that reads a window of text at once. Of a text longer
    than the windows it was trained on, the end is read.

    \b
    toolkit window runs/a/best 想要有直升机 -n 3
    """  # noqa: D301 - click wants the character itself
    from toolkit.loading import load_window

    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", UserWarning)
        loaded = load_window(model, device, backend=backend)
        found = loaded.next_tokens(text, number)
    for warning in caught:
        warn(str(warning.message))
    if as_json:
        tokens = [{"token": token, "probability": probability} for token, probability in found]
        print_json({"model": str(model), "device": loaded.device, "text": text, "next": tokens})
        return
    for token, probability in found:
        click.echo(f"{probability:.4f}  {readable(token)}")
    read = len(loaded.tokenizer.split(text))
    cut = f"the last {loaded.window} of " if read > loaded.window else ""
    note(f"read {cut}{read} {loaded.tokenizer.unit} on {loaded.device}")
