"""The chart of `toolkit series`."""

from pathlib import Path

from matplotlib.figure import Figure

from toolkit.errors import ToolkitError
from toolkit.series_data import Numbers

_SHOWN = 100
"""So many of the last inputs are shown beside a free run, for more would hide it."""


def draw(inputs: Numbers, outputs: Numbers, free: Numbers, path: Path) -> None:
    """The first number of each step: the data, the next one predicted from each, and the free run after them.

    Args:
        inputs: float32 [T, D].
        outputs: float32 [T, K], outputs[t] after inputs[t].
        free: float32 [any number, K], what was run freely after the last input.
        path: of the PNG.
    """
    first = max(0, len(inputs) - _SHOWN) if len(free) else 0
    figure = Figure(figsize=(9, 3.6), dpi=120, layout="constrained")
    axes = figure.add_subplot()
    steps = range(first, len(inputs))
    axes.plot(steps, inputs[first:, 0], color="#888888", linewidth=3, alpha=0.6, label="data")
    axes.plot(range(first + 1, len(inputs) + 1), outputs[first:, 0], color="#2060a0", label="predicted, one step ahead")
    if len(free):
        places = range(len(inputs), len(inputs) + len(free))
        axes.plot(places, free[:, 0], color="#d06020", label="running free, each output the next input")
        axes.axvline(len(inputs) - 0.5, color="#888888", linestyle=":")
    axes.set_xlabel("step")
    axes.grid(visible=True, alpha=0.25)
    axes.legend(loc="upper left", bbox_to_anchor=(0, 1.18), ncols=3, frameon=False)
    try:
        figure.savefig(path, format="png")
    except OSError as error:
        raise ToolkitError(f"{path}: cannot be written: {error.strerror}. Choose another place.") from error
