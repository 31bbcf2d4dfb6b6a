"""The chart of `toolkit bench`."""

from pathlib import Path
from typing import Any

import matplotlib as mpl
from matplotlib.figure import Figure

from toolkit.bench import FLOOR
from toolkit.errors import ToolkitError


def draw(found: dict[str, Any], path: Path) -> None:
    """Microseconds a token of one sequence, one bar a case, the floor as a line."""
    cases = [case for case in found["cases"] if case["batch_size"] == 1 and case["threads"] == 1]
    cases = sorted((case for case in cases if case["name"] != FLOOR), key=lambda case: -case["microseconds_per_token"])
    floors = [case["microseconds_per_token"] for case in found["cases"] if case["name"] == FLOOR]
    times = [case["microseconds_per_token"] for case in cases]
    with mpl.rc_context({"svg.hashsalt": "toolkit"}):
        figure = Figure(figsize=(8, 0.45 * len(cases) + 1.3), layout="constrained")
        axes = figure.add_subplot()
        bars = axes.barh([case["name"] for case in cases], times, color="#4477aa")
        axes.bar_label(bars, labels=[f" {value:,.0f}" for value in times])
        for floor in floors:
            axes.axvline(floor, color="#cc3311", label=f"floor: the products alone, {floor:,.0f}")
            axes.legend(loc="upper right")
        axes.set_xscale("log")
        axes.set_xlim(min([*floors, *times]) / 1.5, max([*floors, *times]) * 1.8)
        where = "one thread" if found["device"] == "cpu" else found["device"]
        axes.set_xlabel(f"microseconds a token, one sequence, {where}")
        n = found["network"]
        axes.set_title(f"{n['cell']} {n['num_layers']}x{n['hidden_size']}, {n['vocab_size']:,} tokens", loc="left")
        try:
            figure.savefig(path, dpi=110, format="png")
        except OSError as error:
            raise ToolkitError(f"{path}: cannot be written: {error.strerror}. Choose another place.") from error
