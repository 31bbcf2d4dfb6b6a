"""What was measured, on what, and how it is written down."""

import os
import platform
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from statistics import median
from typing import Any

_MARKS = "<!-- {} writes from here -->", "<!-- {} wrote to here -->"
"""Around the part of the document that a script writes."""

_PACKAGES = ("torch", "onnx", "onnxscript", "onnxruntime-gpu", "onnxruntime", "numpy")


@dataclass(frozen=True)
class Series:
    """One thing, measured some times.

    Attributes:
        what: what was measured.
        values: each measurement.
        command: what repeats it by hand.
    """

    what: str
    values: Sequence[float]
    command: str

    def text(self, unit: str) -> str:
        """Median, and the range where there is more than one value."""
        middle = f"**{_number(median(self.values))}** {unit}".rstrip()
        if len(self.values) == 1:
            return middle
        return f"{middle} ({_number(min(self.values))} to {_number(max(self.values))}, n = {len(self.values)})"


@dataclass(frozen=True)
class Figure:
    """One row of the table.

    Attributes:
        ours: the toolkit.
        unit: of all values; empty for a pure number.
        peer: what a user would do instead, measured in the same run, alternating with ours.
        at_most: target for our median.
        ratio_at_least: target for `ratio`.
        more_is_better: whether the larger value wins, as with a speed.
        notes: facts that belong to the figure, a sentence each.
    """

    ours: Series
    unit: str
    peer: Series | None = None
    at_most: float | None = None
    ratio_at_least: float | None = None
    more_is_better: bool = False
    notes: Sequence[str] = field(default_factory=tuple)

    @property
    def ratio(self) -> float | None:
        """How many times as fast as the peer we are, by medians; above 1 is in our favour."""
        if self.peer is None or not self.unit:
            return None
        ours, peer = median(self.ours.values), median(self.peer.values)
        return ours / peer if self.more_is_better else peer / ours

    @property
    def met(self) -> bool:
        """Whether every target is reached."""
        below = self.at_most is None or median(self.ours.values) <= self.at_most
        above = self.ratio_at_least is None or (self.ratio or 0) >= self.ratio_at_least
        return below and above

    @property
    def target(self) -> str:
        """The target in words."""
        if self.ratio_at_least is not None:
            return f"ratio at least {self.ratio_at_least:g}"
        return f"at most {self.at_most:g} {self.unit}".rstrip() if self.at_most is not None else "none"

    def row(self) -> str:
        """The figure as a row of a Markdown table."""
        peer = f"{self.peer.what}: {self.peer.text(self.unit)}" if self.peer else "none"
        ratio = f"{self.ratio:.2f}" if self.ratio is not None else ""
        cells = [self.ours.what, self.target, self.ours.text(self.unit), "yes" if self.met else "**no**", peer, ratio]
        return f"| {' | '.join(cells)} |"

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values, every measurement among them."""
        return {
            "figure": self.ours.what,
            "unit": self.unit,
            "target": self.target,
            "met": self.met,
            "median": median(self.ours.values),
            "values": list(self.ours.values),
            "command": self.ours.command,
            "peer": self.peer and {"what": self.peer.what, "values": list(self.peer.values)},
            "ratio": self.ratio,
            "notes": list(self.notes),
        }


def _number(value: float) -> str:
    """Three or four digits that mean something."""
    return f"{value:,.0f}" if value >= 1000 else f"{value:.4g}" if value < 2 else f"{value:.3g}"


def machine() -> dict[str, str]:
    """What the figures were measured on; call it before measuring, for the load."""
    versions = {"Python": platform.python_version()}
    for package in _PACKAGES:
        try:
            versions[package] = metadata.version(package)
        except metadata.PackageNotFoundError:
            continue
    load = f"{os.getloadavg()[0]:.1f}" if hasattr(os, "getloadavg") else "unknown"
    return {
        "date": datetime.now(UTC).strftime("%Y-%m-%d"),
        "processor": f"{_processor()}, {os.cpu_count()} cores",
        "system": f"{platform.system()} {platform.machine()}",
        "versions": ", ".join(f"{name} {version}" for name, version in versions.items()),
        "load average before": load,
    }


def _processor() -> str:
    """The model name that the processor gives itself."""
    facts = Path("/proc/cpuinfo")
    if facts.exists():
        for line in facts.read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def markdown(figures: Iterable[Figure], facts: dict[str, str]) -> str:
    """The table, the commands, the notes and the machine."""
    figures = list(figures)
    head = "| figure | target | measured | met | peer, alternating with it | ratio |\n|---|---|---|---|---|---|"
    commands = [series for figure in figures for series in (figure.ours, figure.peer) if series]
    by_command: dict[str, list[str]] = {}
    for series in commands:
        by_command.setdefault(series.command, []).append(series.what)
    parts = [
        "\n".join([head, *(figure.row() for figure in figures)]),
        "\n".join(f"- {note}" for figure in figures for note in figure.notes),
        "What was run:\n\n" + "\n".join(f"- `{command}`: {', '.join(what)}" for command, what in by_command.items()),
        "Where:\n\n" + "\n".join(f"- {name}: {value}" for name, value in facts.items()),
    ]
    return "\n\n".join(part for part in parts if part)


def check_marks(path: Path, script: str) -> None:
    """Fail now rather than after minutes of measuring."""
    begin, end = (mark.format(script) for mark in _MARKS)
    text = path.read_text(encoding="utf-8") if path.exists() else ""
    if not 0 <= text.find(begin) < text.find(end):
        raise SystemExit(f"error: {path}: expected the lines {begin} and {end}, found them missing; put them back")


def rewrite(path: Path, script: str, text: str) -> None:
    """Replace what stands between the two marks of a script in a document."""
    begin, end = (mark.format(script) for mark in _MARKS)
    before, _, rest = path.read_text(encoding="utf-8").partition(begin)
    after = rest.partition(end)[2]
    path.write_text(f"{before}{begin}\n\n{text}\n\n{end}{after}", encoding="utf-8")
