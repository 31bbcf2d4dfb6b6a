"""The folder of a training run: last.pt, best.pt, metrics.jsonl and loss.png."""

import io
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from toolkit.models.checkpoint import Checkpoint, load_checkpoint, save_checkpoint

from toolkit.errors import ToolkitError
from toolkit.files import write_atomic, write_error

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
        if self.last.exists():
            raise ToolkitError(
                f"{self.path}: holds a run already. Go on with it: toolkit train --resume {self.path}; "
                "or choose another folder with -o."
            )
        if self.path.exists() and (not self.path.is_dir() or any(self.path.iterdir())):
            raise ToolkitError(f"{self.path}: exists and is not an empty folder. Choose another one with -o.")
        try:
            self.path.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise write_error(self.path, error) from error

    def open(self) -> Checkpoint:
        """The checkpoint to go on from.

        Raises:
            ToolkitError: there is no run here, or its checkpoint is damaged.
        """
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


def loss_curve(records: Sequence[Metrics]) -> bytes:
    """Perplexity over epochs, training and validation, as a PNG."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg  # noqa: PLC0415 - half a second, once a run
    from matplotlib.figure import Figure  # noqa: PLC0415 - as above
    from matplotlib.ticker import MaxNLocator, ScalarFormatter  # noqa: PLC0415 - as above

    figure = Figure(figsize=(7, 4), dpi=120, layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.add_subplot()
    epochs = [record["epoch"] for record in records]
    marker = "o" if len(epochs) < 3 else None
    axes.plot(epochs, [record["perplexity"] for record in records], color="#2060a0", marker=marker, label="training")
    valid = [(r["epoch"], r["valid_perplexity"]) for r in records if r["valid_perplexity"] is not None]
    if valid:
        axes.plot(*zip(*valid, strict=True), color="#d06020", marker=marker, label="validation")
        best = min(valid, key=lambda point: point[1])
        axes.plot(*best, "o", color="#d06020")
        axes.annotate(f"{best[1]:.4g}", best, textcoords="offset points", xytext=(0, 8), ha="center", color="#d06020")
    last = (epochs[-1], records[-1]["perplexity"])
    axes.annotate(f"{last[1]:.4g}", last, textcoords="offset points", xytext=(0, 8), ha="right", color="#2060a0")
    axes.set_yscale("log")
    axes.yaxis.set_major_formatter(ScalarFormatter())
    axes.yaxis.set_minor_formatter(ScalarFormatter())
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.set_xlabel("epoch")
    axes.set_ylabel("perplexity")
    axes.grid(visible=True, which="both", alpha=0.25)
    axes.legend()
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png")
    return buffer.getvalue()
