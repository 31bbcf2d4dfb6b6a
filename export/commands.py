"""toolkit export, verify and demo."""

import contextlib
import gc
import shlex
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from toolkit.bundle import GRAPH_FILES, LM, SEQ2SEQ, WINDOW, read_bundle
from toolkit.cli.output import console, json_option, print_json
from toolkit.cli.params import collect, dataclass_options

from .export_options import ExportOptions
from .foreign_options import ForeignOptions

if TYPE_CHECKING:
    from .exporter import Exported
    from .foreign.recognised import Recognised
    from .parity import ParityReport
    from .quantized import QuantizationReport


@click.command()
@click.argument("checkpoint", type=click.Path(path_type=Path))
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path),
    help="The bundle's folder; by default beside CHECKPOINT, named after it.",
)
@click.option("--force", is_flag=True, help="Replace a bundle that is there. Nothing but a bundle is ever replaced.")
@dataclass_options(ExportOptions)
@dataclass_options(ForeignOptions)
@json_option
def export(checkpoint: Path, output: Path | None, force: bool, as_json: bool, **params: Any) -> None:  # noqa: ANN401 - click passes the options by name
    """Turn CHECKPOINT into a bundle: its graphs as .onnx and .ts.pt, model.json and a model card.

    The bundle is written only if TorchScript and ONNX Runtime equal eager PyTorch: every logit and every
    state within 1e-5 relative to max(1, |x|) over 256 steps, or within a few times eager float32's own
    rounding error where that is larger, and the same greedy text.

    CHECKPOINT may come from another program: a state_dict of nn.RNN, nn.GRU or nn.LSTM with its linear layer, an
    encoder-decoder pair, the arrays of min-char-rnn, as .pt, .safetensors or .npz. What is seen in it is shown; none of
    its code is run. The options from --vocab to --set say what weights do not tell.

    \b
    toolkit export runs/a/best.pt
    toolkit export their.pt --corpus their.txt --vocab-order sorted
    """  # noqa: D301 - click wants the character itself
    options, foreign = collect(ExportOptions, params), collect(ForeignOptions, params)
    found: list[Recognised] = []
    start = time.perf_counter()
    with _without_gc():
        from .exporter import export_checkpoint

        def show(recognised: "Recognised") -> None:
            found.append(recognised)
            print_recognised(recognised)

        exported = export_checkpoint(checkpoint, output, options, foreign=foreign, seen=show, force=force)
    seconds = time.perf_counter() - start
    if as_json:
        print_json(
            {
                "folder": str(exported.folder),
                "files": dict(exported.sizes),
                "parity": exported.report.to_dict(),
                "quantization": dict(exported.info.quantization),
                **({"recognised": dict(found[0].facts)} if found else {}),
                "seconds": seconds,
            }
        )
        return
    out = console(stderr=True)
    print_parity(exported.report)
    if exported.quantized:
        out.print(_quantized_line(exported.quantized))
    out.print(_exported_line(exported, seconds))
    folder, info = str(exported.folder), exported.info
    if info.kind == SEQ2SEQ:
        command = ["translate", folder, exported.example]
    elif info.kind == LM:
        command = ["generate", folder, "--prompt", info.tokenizer.example, "--max-new-tokens", "50"]
    elif info.kind == WINDOW:
        command = ["window", folder, info.tokenizer.example]
    else:
        corpus = info.provenance["corpus"]
        command = ["series", folder, "--input", corpus["name"] if corpus else "POINTS.csv"]
    out.print(f"next: {shlex.join(['toolkit', *command])}")


@contextlib.contextmanager
def _without_gc() -> Iterator[None]:
    """Importing torch and capturing a graph make millions of lasting objects: searching them takes a second."""
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


def print_recognised(recognised: "Recognised") -> None:
    """What was seen in a checkpoint from elsewhere."""
    from rich.table import Table

    table = Table(title="This is what I see", title_justify="left")
    for name in ("part", "found", "size"):
        table.add_column(name, style="cyan" if name == "part" else None, overflow="fold")
    for row in recognised.rows:
        table.add_row(*row)
    out = console(stderr=True)
    out.print(table)
    for sentence in recognised.assumed:
        out.print(f"assumed: {sentence}")


def _quantized_line(q: "QuantizationReport") -> str:
    return (
        f"{q.kind}: perplexity {q.perplexity_float32:.5g} -> {q.perplexity:.5g} ({q.increase:+.2f} %, "
        f"{q.tokens:,} tokens of {q.text}), "
        f"{GRAPH_FILES[q.graph]} {q.bytes_float32 / 2**20:.1f} -> {q.bytes / 2**20:.1f} MiB "
        f"({q.bytes / q.bytes_float32:.2f} x), {q.speedup:.1f} x as fast on {q.device} here"
    )


def _exported_line(exported: "Exported", seconds: float) -> str:
    graphs = {name: size for name, size in exported.sizes.items() if not name.endswith((".json", ".md"))}
    sizes = (f"{name} {size / 2**10:,.0f} KiB" for name, size in graphs.items())
    return f"wrote {exported.folder} in {seconds:.1f} s ({', '.join(sizes)})"


@click.command()
@click.argument("bundle", type=click.Path(path_type=Path))
@click.option("--against", required=True, type=click.Path(path_type=Path), help="The checkpoint it was made from.")
@json_option
def verify(bundle: Path, against: Path, as_json: bool) -> None:
    """Check the files of BUNDLE against their hashes and against its checkpoint, as the export did."""
    from .exporter import verify_bundle

    report = verify_bundle(bundle, against)
    if as_json:
        print_json({"bundle": str(bundle), "checkpoint": str(against), "parity": report.to_dict()})
        return
    print_parity(report)
    kind = read_bundle(bundle).info.quantization.get("kind")
    made = f"is what exporting {against} and quantising it ({kind}) gives; the figures are of the float32 graphs"
    console(stderr=True).print(f"{bundle} {made if kind else f'equals {against}'}")


def print_parity(report: "ParityReport") -> None:
    """The figures of the gate as a table."""
    from rich.table import Table

    from .differences import ATOL
    from .parity import ROUNDING_FACTOR

    outputs, single = list(report.rollouts[0].carried), ["single step"] if report.rollouts[0].single else []
    lengths = ", ".join(map(str, report.lengths))
    extent = f"sequences of {lengths} tokens" if lengths else f"{report.steps} steps, state carried"
    table = Table(title=f"Largest difference from eager PyTorch, {extent}", title_justify="left")
    for name in ("graph", "data", "batch"):
        table.add_column(name, style="cyan")
    for name in (*outputs, *single):
        table.add_column(name, justify="right")
    for r in sorted(report.rollouts, key=lambda r: r.graph):
        figures = [*r.carried.values(), *([max(r.single.values())] if single else [])]
        table.add_row(r.graph, r.data, str(r.batch_size), *(f"{figure:.1e}" for figure in figures))
    out = console(stderr=True)
    out.print(table)
    stray = max((max(r.rounding.values()) for r in report.rollouts if r.rounding), default=None)
    allowed = f"allowed {ATOL:g} relative to max(1, |x|)"
    if stray is not None:
        allowed += f"; or {ROUNDING_FACTOR:g} x eager float32's own rounding error, which reaches {stray:.1e} here"
    out.print(allowed)
    ties = f", {report.ties} ties" if report.ties else ""
    if report.lengths:
        out.print(f"most probable tokens identical{ties}")
    if report.greedy_tokens:
        out.print(f"greedy continuation of {report.greedy_tokens} tokens identical{ties}")
    if report.encoders:
        out.print(f"encoders differ by at most {max(report.encoders.values()):.1e}")
    if report.loops:
        chunks = "" if report.encoders else ", whole and in chunks"  # a target is written in one call
        out.print(f"decode loops choose as single steps do{chunks}, within {max(report.loops.values()):.1e}")


@click.command()
@click.option(
    "-o", "--output", default="demo", show_default=True, type=click.Path(path_type=Path), help="The folder to be made."
)
@click.option("--corpus", default="builtin:lyrics-zh", show_default=True, help="What to train on.")
def demo(output: Path, corpus: str) -> None:
    """Train a small model on the built-in lyrics, export it, check it and write lyrics: some two minutes."""
    from .demo import run_demo

    run_demo(output, corpus)
