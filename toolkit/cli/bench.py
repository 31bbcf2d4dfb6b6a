"""toolkit bench."""

import os
import subprocess
import sys
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from toolkit.errors import MissingDependencyError, ToolkitError

from .output import console, json_option, print_json

if TYPE_CHECKING:
    from rich.table import Table

_THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "VECLIB_MAXIMUM_THREADS")
"""numpy's BLAS reads one of these when it is loaded; the floor is a matter of one thread."""

_PEERS = "toolkit.export.bench_peers"
"""Needs torch, so it is imported by name and only when asked for."""

_CHART = "toolkit.models.decode_chart"
"""Needs matplotlib."""


@click.command()
@click.argument("model", type=click.Path(path_type=Path))
@click.option(
    "--also", type=click.Path(path_type=Path), multiple=True, help="Another bundle beside it, a quantised one say."
)
@click.option("--against", type=click.Path(path_type=Path), help="The checkpoint, to run torch's own modules, too.")
@click.option("--aot", is_flag=True, help="With --against: also compile with AOTInductor; needs a C++ compiler.")
@click.option("--batch-sizes", default="1,8,32,128", show_default=True, metavar="N,N,…", help="Sequences side by side.")
@click.option("--device", type=click.Choice(["cpu", "cuda"]), default="cpu", show_default=True, help="Where to run.")
@click.option("--rounds", default=11, show_default=True, type=click.IntRange(min=2), help="Values of each case.")
@click.option("--chart", type=click.Path(path_type=Path), help="Also draw a PNG.")
@json_option
def bench(model: Path, as_json: bool, **params: Any) -> None:  # noqa: ANN401 - click passes the options by name
    """How fast MODEL decodes on this machine, against the floor that its weights set.

    All cases run in turns in one process; the table shows medians and quartiles. Leave the machine alone meanwhile.

    \b
    toolkit bench runs/a/best --also runs/a/best-int8 --against runs/a/best.pt
    """  # noqa: D301 - click wants the character itself
    if any(os.environ.get(name) != "1" for name in _THREADS):
        done = subprocess.run(  # a fresh process: numpy has been loaded in this one
            [sys.executable, "-m", "toolkit", *sys.argv[1:]],
            env={**os.environ, **dict.fromkeys(_THREADS, "1")},
            check=False,
        )
        raise click.exceptions.Exit(done.returncode)
    found = run_bench(model, **params)
    if as_json:
        print_json(found)
        return
    out = console()
    out.print(_cases_table(found))
    out.print()
    out.print(_processes_table(found))


def run_bench(
    model: Path,
    also: tuple[Path, ...],
    against: Path | None,
    aot: bool,
    batch_sizes: str,
    device: str,
    rounds: int,
    chart: Path | None,
) -> dict[str, Any]:
    """Measure everything; the dict is what ``--json`` prints."""
    if aot and not against:
        raise ToolkitError("--aot compiles the checkpoint's step; give --against CKPT, too")
    from rich.progress import Progress

    from toolkit import bench
    from toolkit.bundle import LM
    from toolkit.loading import expect_kind, load, read_info

    sizes = _sizes(batch_sizes)
    info = read_info(model)
    expect_kind(info, LM, model)
    kinds = {path: read_info(path).quantization.get("kind", path.name) for path in also}
    prompt = info.tokenizer.example
    commands = {"toolkit generate": bench.first_token_command(model, prompt)}
    commands |= {f"toolkit generate, {kind}": bench.first_token_command(path, prompt) for path, kind in kinds.items()}
    if against:
        commands["plain torch script"] = bench.plain_first_token_command(against, prompt)
    on_cpu = device == "cpu"  # the floor and the threads are matters of the CPU
    models = {threads: load(model, device, threads=threads) for threads in ((1, 2) if on_cpu else (1,))}
    cases = [bench.floor_case(info)] if on_cpu and bench.matrices(info) else []
    if against:
        cases += _peers(against).peer_cases(against, sizes, device, aot=aot)
    cases += bench.model_cases("", models, sizes, details=True)
    for path, kind in kinds.items():
        cases += bench.model_cases(f"{kind} ", {1: load(path, device)}, sizes, details=False)
    starts = bench.cold_starts(commands, runs=5)
    err = console(stderr=True)
    with Progress(console=err, transient=True, disable=not err.is_terminal) as progress:
        task = progress.add_task("measuring", total=rounds)
        timings = bench.measure(cases, rounds, lambda done: progress.update(task, completed=done))
    latency = bench.first_token_latency(models[1], runs=15)
    cases_found = [timing.to_dict() for timing in timings]
    found = {
        "model": str(model),
        "device": device,
        "network": dict(info.network),
        "bytes_per_step": 4 * sum(rows * columns for rows, columns in bench.matrices(info)),
        "cases": cases_found,
        "first_token_microseconds": sorted(latency)[len(latency) // 2],
        "cold_starts": [start.to_dict() for start in starts],
    }
    _add_ratios(cases_found)
    if chart:
        _chart().draw(found, chart)
    return found


def _sizes(text: str) -> list[int]:
    """--batch-sizes; 1 is always among them."""
    try:
        sizes = sorted({1, *(int(part) for part in text.split(","))})
    except ValueError:
        sizes = [0]
    if not 1 <= sizes[0] <= sizes[-1] <= 1024:
        raise ToolkitError(f"--batch-sizes must be whole numbers from 1 to 1024 with commas between, found {text!r}")
    return sizes


def _peers(against: Path) -> Any:  # noqa: ANN401 - a module
    try:
        return import_module(_PEERS)
    except ModuleNotFoundError as error:
        raise MissingDependencyError.for_extra(
            str(error.name), f"{against}: measuring torch's modules", "export"
        ) from error


def _chart() -> Any:  # noqa: ANN401 - a module
    try:
        return import_module(_CHART)
    except ModuleNotFoundError as error:
        raise MissingDependencyError.for_extra(str(error.name), "--chart", "train") from error


def _add_ratios(cases: list[dict[str, Any]]) -> None:
    """How many times the floor a case takes, and how many times as fast as the peers it is, at its batch size."""
    from toolkit.bench import EAGER, FLOOR, PLAIN

    times = {
        (case["name"], case["batch_size"]): case["microseconds_per_token"] for case in cases if case["threads"] == 1
    }
    for case in cases:
        mine, n = case["microseconds_per_token"], case["batch_size"]
        floor = times.get((FLOOR, n))
        case["times_floor"] = mine / floor if floor else None
        for key, name in (("faster_than_eager", EAGER), ("faster_than_plain_export", PLAIN)):
            peer = times.get((name, n))
            case[key] = peer / mine if peer else None


def _cases_table(found: dict[str, Any]) -> "Table":
    from rich.table import Table

    n = found["network"]
    what = f"{n['cell']} {n['num_layers']}x{n['hidden_size']}" if "cell" in n else n["module"]
    title = (
        f"{found['device']}: {what}, {n['vocab_size']:,} tokens, "
        f"{(found['bytes_per_step'] or 4 * n['parameters']) / 2**20:.1f} MiB of float32 weights a step"
    )
    table = Table(title=title, title_justify="left", box=None, padding=(0, 1, 0, 0), caption_justify="left")
    table.caption = (
        "±: half the distance of the quartiles. floor: times the floor. eager, export: times as fast as these."
    )
    table.add_column("case", style="cyan", no_wrap=True)
    for name in ("N", "µs/token", "±%", "tokens/s", "floor", "eager", "export"):
        table.add_column(name, justify="right", no_wrap=True)
    for case in found["cases"]:
        low, high = case["quartiles"]
        threads = f", {case['threads']} threads" if case["threads"] > 1 else ""
        ratios = [case[key] for key in ("times_floor", "faster_than_eager", "faster_than_plain_export")]
        table.add_row(
            case["name"] + threads,
            str(case["batch_size"]),
            f"{case['microseconds_per_token']:,.1f}",
            f"{50 * (high - low) / case['microseconds_per_token']:.0f}",
            f"{case['tokens_per_second']:,.0f}",
            *("" if ratio is None else f"{ratio:.2f}" for ratio in ratios),
        )
    return table


def _processes_table(found: dict[str, Any]) -> "Table":
    from rich.table import Table

    table = Table(title="One token from a cold process", title_justify="left", box=None, padding=(0, 1, 0, 0))
    table.add_column("process", style="cyan")
    table.add_column("seconds", justify="right")
    table.add_column("peak MiB", justify="right")
    for start in found["cold_starts"]:
        peak = "" if start["peak_mib"] is None else f"{start['peak_mib']:,.0f}"
        table.add_row(start["name"], f"{start['seconds']:.2f}", peak)
    table.add_row("in a warm process, prompt of 16 tokens", f"{found['first_token_microseconds'] / 1e6:.5f}", "")
    return table
