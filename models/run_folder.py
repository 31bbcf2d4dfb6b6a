"""The folder of a training run: last.pt, best.pt, metrics.jsonl and loss.png."""

import importlib.util
import io
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from toolkit.errors import MissingDependencyError, ToolkitError
from toolkit.files import write_atomic, write_error

from .checkpoint import Checkpoint, load_checkpoint, save_checkpoint

Metrics = Mapping[str, Any]
"""The record of one epoch, as in metrics.jsonl."""


class RunFolder:
    """Reads and writes the files of a run."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.last = path / "last.pt"
        self.best = path / "best.pt"
        self.metrics = path / "metrics.jsonl"
        self.plot = path / "loss.png"

    def create(self) -> None:
        """Make the folder.

        Raises:
            ToolkitError: it holds something already, or cannot be made.
        """
        try:
            if self.last.exists():
                raise ToolkitError(
                    f"{self.path}: holds a run already. Go on with it: toolkit train --resume {self.path}; "
                    "or choose another folder with -o."
                )
            # A run killed in its first moment leaves no more than a temporary file.
            if self.path.exists() and (not self.path.is_dir() or any(p.suffix != ".tmp" for p in self.path.iterdir())):
                raise ToolkitError(f"{self.path}: exists and is not an empty folder. Choose another one with -o.")
            self.path.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise write_error(self.path, error) from error

    def open(self) -> Checkpoint:
        """The checkpoint to go on from.

        Raises:
            ToolkitError: there is no run here, or its checkpoint is damaged.
        """
        if self.path.is_file():
            raise ToolkitError(
                f"{self.path}: expected the folder of a run that `toolkit train` wrote, found a file. Training goes on "
                "from such a folder only; `toolkit export` reads checkpoints of other programs, too."
            )
        if not self.last.exists():
            raise ToolkitError(f"{self.path}: expected the folder of a run, found no last.pt in it. Check the path.")
        return load_checkpoint(self.last)

    def save_last(self, checkpoint: Checkpoint) -> None:
        """Replace last.pt."""
        save_checkpoint(self.last, checkpoint)

    def save_best(self, checkpoint: Checkpoint) -> None:
        """Replace best.pt."""
        save_checkpoint(self.best, checkpoint)

    def append_metrics(self, record: Metrics) -> None:
        """Add one epoch's record."""
        try:
            with self.metrics.open("a", encoding="utf-8") as file:
                file.write(json.dumps(record) + "\n")
        except OSError as error:
            raise write_error(self.metrics, error) from error

    def read_metrics(self) -> list[Metrics]:
        """All complete records; a line torn by a kill is left out."""
        if not self.metrics.exists():
            return []
        records: list[Metrics] = []
        for line in self.metrics.read_text(encoding="utf-8").splitlines():
            try:
                records.append(json.loads(line))
            except ValueError:
                break
        return records

    def keep_metrics(self, epochs: int) -> None:
        """Drop the records after an epoch, which a resumed run will write again."""
        kept = [record for record in self.read_metrics() if record["epoch"] <= epochs]
        write_atomic(self.metrics, "".join(json.dumps(record) + "\n" for record in kept).encode())

    def draw(self) -> None:
        """Write loss.png from metrics.jsonl."""
        records = self.read_metrics()
        if records:
            write_atomic(self.plot, loss_curve(records))


def require_plotting() -> None:
    """Say before a training, not after it, that the loss curve cannot be drawn.

    Raises:
        MissingDependencyError: there is no matplotlib.
    """
    if importlib.util.find_spec("matplotlib") is None:
        raise MissingDependencyError.for_extra("matplotlib", "The loss curve of a training", "train")


def loss_curve(records: Sequence[Metrics]) -> bytes:
    """Perplexity (or loss, where there is none) over epochs, training and validation, as a PNG."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg  # noqa: PLC0415 - half a second, once a run
    from matplotlib.figure import Figure  # noqa: PLC0415 - as above
    from matplotlib.ticker import MaxNLocator  # noqa: PLC0415 - as above

    figure = Figure(figsize=(7, 4), dpi=120, layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.add_subplot()
    epochs = [record["epoch"] for record in records]
    measure = "perplexity" if "perplexity" in records[0] else "loss"
    train = [record[measure] for record in records]
    valid = [(r["epoch"], r[f"valid_{measure}"]) for r in records if r[f"valid_{measure}"] is not None]
    marker = "o" if len(epochs) < 3 else None
    axes.plot(epochs, train, color="#2060a0", marker=marker, label=f"training, at last {train[-1]:.4g}")
    if valid:
        best = min(valid, key=lambda point: point[1])
        label = f"validation, at best {best[1]:.4g} in epoch {best[0]}"
        axes.plot(*zip(*valid, strict=True), color="#d06020", marker=marker, label=label)
        axes.plot(*best, "o", color="#d06020")
    if min([*train, *(value for _, value in valid)]) > 0:
        _scale_by_ratios(axes)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    if len(epochs) == 1:
        axes.set_xlim(epochs[0] - 1, epochs[0] + 1)
    axes.set_xlabel("epoch")
    axes.set_ylabel(measure)
    axes.grid(visible=True, which="both", alpha=0.25)
    axes.legend()
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png")
    return buffer.getvalue()


def _scale_by_ratios(axes: Any) -> None:  # noqa: ANN401 - matplotlib's own is a moving target
    """A logarithmic axis with numbers on it, however little the values differ."""
    from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator  # noqa: PLC0415 - as above

    axes.set_yscale("log")
    low, high = axes.get_ylim()
    wide = high / low > 8  # over less than a decade, powers of ten leave the axis without numbers
    steps = (1, 2, 5) if high / low < 1e6 else (1,)
    axes.yaxis.set_major_locator(LogLocator(subs=steps) if wide else MaxNLocator(6))
    axes.yaxis.set_minor_locator(LogLocator(subs=range(1, 10)) if wide else MaxNLocator(12))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:.4g}"))
    axes.yaxis.set_minor_formatter(FuncFormatter(lambda *_: ""))
