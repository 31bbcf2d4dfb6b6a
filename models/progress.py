"""The training as a person sees it: a live bar in a terminal, a line now and then elsewhere."""

import time
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn
from rich.text import Text

from .run_folder import Metrics

_LINE_EVERY_S = 5.0
"""In a log file a line at most so often."""


class ConsoleReporter:
    """A `Reporter` for a console. Use it as a context manager around `Trainer.run`."""

    def __init__(
        self,
        console: Console,
        epochs: int,
        batches: int,
        done: int = 0,
        unit: str = "tokens",
        measure: str = "perplexity",
    ) -> None:
        self._console = console
        self._measure = measure
        self._unit = unit
        self._epochs = epochs
        self._batches = batches
        self._progress = Progress(
            TextColumn("epoch {task.fields[epoch]}/{task.fields[epochs]}"),
            BarColumn(min(40, max(10, console.width - 72))),  # in a full line the ^C of Ctrl-C would leave a torn bar
            TextColumn(f"{measure} {{task.fields[measured]}}"),
            TextColumn(f"{{task.fields[speed]}} {unit}/s,"),
            TimeRemainingColumn(),
            TextColumn("left"),
            console=console,
            transient=True,
            disable=not console.is_terminal,
        )
        self._task = self._progress.add_task(
            "",
            total=epochs * batches,
            completed=done,
            epoch=done // batches + 1,
            epochs=epochs,
            measured="-",
            speed="-",
        )
        self._began = time.monotonic()
        self._tokens = 0
        self._last_line = 0.0
        self._unsaid: Metrics | None = None

    def __enter__(self) -> Self:
        self._progress.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._progress.stop()

    def batch(self, epoch: int, done: int, total: int, measured: float, tokens: int) -> None:
        """Move the bar."""
        self._tokens += tokens
        speed = self._tokens / max(1e-9, time.monotonic() - self._began)
        self._progress.update(
            self._task,
            completed=(epoch - 1) * total + done,
            epoch=epoch,
            measured=f"{measured:.4g}",
            speed=f"{speed:,.0f}",
        )

    def milestone(self, batches: int, smooth_loss: float) -> None:
        """Print a line above the sample texts that follow."""
        self._console.print(Text(f"minibatch {batches:,}  smooth loss {smooth_loss:.4g}"))

    def epoch(self, record: Metrics) -> None:
        """Print a line: every epoch in a terminal, at most every few seconds in a log."""
        last = record["epoch"] == self._epochs
        if not self._console.is_terminal and not last and time.monotonic() - self._last_line < _LINE_EVERY_S:
            self._unsaid = record
            return
        self._say(record)

    def _say(self, record: Metrics) -> None:
        self._unsaid = None
        self._last_line = time.monotonic()
        valid = record[f"valid_{self._measure}"]
        line = Text(f"epoch {record['epoch']:>3}  {self._measure} {record[self._measure]:>6.4g}")
        if valid is not None:
            line.append(f"  validation {valid:>6.4g}")
        line.append(f"  lr {record['lr']:.2g}  {record['tokens_per_second']:,.0f} {self._unit}/s", style="dim")
        self._console.print(line)

    def sample(self, text: str) -> None:
        """Print a sample text, its lines marked by a bar, below the line of its epoch."""
        if self._unsaid is not None:
            self._say(self._unsaid)
        for line in text.strip("\n").split("\n"):
            self._console.print(Text(f"  │ {line}", style="green"))
