"""toolkit series."""

from importlib import import_module
from pathlib import Path
from typing import Any

import click

from toolkit.errors import MissingDependencyError, ToolkitError

from .output import json_option, note, print_json
from .params import device_option

_CHART = "toolkit.models.series_chart"
"""Needs matplotlib."""


@click.command()
@click.argument("model", type=click.Path(path_type=Path))
@click.option("--input", "-i", "source", required=True, help="A .csv, a row for each step; or builtin:sine.")
@click.option(
    "--free",
    default=0,
    show_default=True,
    type=click.IntRange(min=0, max=1_000_000),
    help="Then go on for so many steps, each output the next input.",
)
@click.option("--output", "-o", type=click.Path(path_type=Path), help="Write the outputs to this .csv.")
@click.option("--chart", type=click.Path(path_type=Path), help="Draw inputs, outputs and what was run freely as a PNG.")
@device_option
@json_option
def series(
    model: Path, source: str, free: int, output: Path | None, chart: Path | None, device: str, as_json: bool
) -> None:
    """Run MODEL, a bundle over real numbers, along a series.

    The outputs go to standard output as .csv, a row for each step; with --free those of the free run follow.

    \b
    toolkit series runs/sine/best --input builtin:sine --free 200 --chart sine.png --output sine.csv
    """  # noqa: D301 - click wants the character itself
    import numpy as np

    from toolkit.loading import load_series
    from toolkit.series_data import points_text, read_points

    loaded = load_series(model, device)
    points = read_points(source)
    if points.shape[1] != loaded.input_size:
        raise ToolkitError(f"{source}: the model reads {loaded.input_size} numbers a step, found {points.shape[1]}")
    predicted = loaded.run(points[None])[0][0]
    written = loaded.run_free(points[None], free + 1)[0] if free else predicted[:0]  # the first is the last predicted
    if chart:
        _draw().draw(points, predicted, written, chart)
    text = points_text(np.concatenate([predicted, written[1:]]))
    if output:
        try:
            output.write_text(text, encoding="utf-8")
        except OSError as error:
            raise ToolkitError(f"{output}: cannot be written: {error.strerror}. Choose another place.") from error
    if as_json:
        print_json({"model": str(model), "outputs": predicted.tolist(), "free": written[1:].tolist()})
    elif not output:
        click.echo(text, nl=False)
    note(f"{len(predicted):,} steps{f' and {free:,} free ones' if free else ''} on {loaded.device}")


def _draw() -> Any:  # noqa: ANN401 - a module
    try:
        return import_module(_CHART)
    except ModuleNotFoundError as error:
        raise MissingDependencyError.for_extra(str(error.name), "--chart", "train") from error
