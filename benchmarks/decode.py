"""Measure how fast exported models decode, for five sizes, and rewrite that part of docs/benchmarks.md.

    python benchmarks/decode.py                 all five, some twenty minutes; writes the document and the chart
    python benchmarks/decode.py lstm256 rnn256  some of them; prints the tables and writes nothing

The networks have random weights: speed does not depend on what they have learnt.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

import torch
from report import check_marks, machine, rewrite

import toolkit
from toolkit.bench import AOT, EAGER, FLOOR, PLAIN, PROGRAM, TORCHSCRIPT, TORCHSCRIPT_LOOP
from toolkit.corpus import CorpusOptions
from toolkit.models.char_rnn import CharRNN
from toolkit.models.checkpoint import Checkpoint, save_checkpoint
from toolkit.models.network_options import NetworkOptions
from toolkit.tokenizer import UNK, CharTokenizer

DOCS = Path(__file__).parents[1] / "docs"
DOCUMENT, CHART = DOCS / "benchmarks.md", DOCS / "decode.png"
SCRIPT = "benchmarks/decode.py"

GRAPH = "generate graph"
OTHERS = ("step + Python loop", TORCHSCRIPT_LOOP, TORCHSCRIPT, AOT, PROGRAM)
ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")


@dataclass(frozen=True)
class Size:
    """A network to be measured, and what it should reach.

    Attributes:
        cell, layers, hidden, vocab: its shape; the embedding has 128 units.
        floor: at most so many times the products alone.
        eager: at least so many times as fast as torch's own modules in a loop.
        plain: at least so many times as fast as torch.onnx.export and a loop in Python.
        int8: at least so many times as fast as our float32.
        top_k: drawing among 40 costs at most so many times greedy.
        batches: batch sizes.
    """

    cell: str
    layers: int
    hidden: int
    vocab: int
    floor: float
    eager: float | None
    plain: float | None
    int8: float
    top_k: float
    batches: str = "1,8,32,128"

    def __str__(self) -> str:
        return f"{self.cell.upper()} {self.layers}x{self.hidden}, V {self.vocab:,}"


SIZES = {
    "rnn256": Size("rnn", 1, 256, 1027, 1.0, 5, 1.6, 1.5, 1.6),
    "lstm256": Size("lstm", 1, 256, 1027, 1.35, 18, 3, 1.5, 1.6),
    "gru512": Size("gru", 2, 512, 3000, 1.08, 1.4, 1.2, 2.5, 1.1, "1,32"),
    "lstm512": Size("lstm", 2, 512, 5000, 1.08, 4, 1.3, 2.5, 1.1, "1,32"),
    "lstm1024": Size("lstm", 3, 1024, 6000, 1.05, None, None, 2.5, 1.1, "1,8"),
}


def make_checkpoint(size: Size, path: Path) -> None:
    """A checkpoint with random weights."""
    torch.manual_seed(0)
    shape = NetworkOptions(cell=size.cell, num_layers=size.layers, hidden_size=size.hidden)
    vocab = (UNK, *(chr(0x4E00 + i) for i in range(size.vocab - 1)))
    corpus = {
        "source": "random",
        "sha256": "",
        "characters": 0,
        "options": CorpusOptions().to_dict(),
        "sample": "".join(vocab[1:400]),
    }
    weights = CharRNN(shape, size.vocab).state_dict()
    save_checkpoint(
        path, Checkpoint("lm", shape, {"tokenizer": CharTokenizer(vocab)}, weights, {"options": {}}, corpus, {})
    )


def run(*arguments: object) -> str:
    """A command of the toolkit; its standard output."""
    command = [sys.executable, "-m", "toolkit", *map(str, arguments)]
    done = subprocess.run(command, env={**os.environ, **ONE_THREAD}, stdout=subprocess.PIPE, check=True, text=True)
    return done.stdout


def sharing(bundle: Path) -> float:
    """How many times as many tokens two threads write with one model object as one thread does."""
    model = toolkit.load(bundle, "cpu")
    tokens = 512

    def write() -> None:
        model.generate(model.tokenizer.vocab[1], max_new_tokens=tokens, temperature=0)

    ratios = []
    for _ in range(9):
        start = time.perf_counter()
        write()
        alone = time.perf_counter() - start
        workers = [threading.Thread(target=write) for _ in range(2)]
        start = time.perf_counter()
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join()
        ratios.append(2 * alone / (time.perf_counter() - start))
    return median(ratios)


def measure(size: Size, folder: Path, rounds: int, chart: Path | None) -> dict[str, Any]:
    """All that is known of one size."""
    checkpoint = folder / "model.pt"
    make_checkpoint(size, checkpoint)
    text = folder / "text.txt"
    text.write_text("".join(chr(0x4E00 + i * 7 % (size.vocab - 1)) for i in range(300)), encoding="utf-8")
    run("export", checkpoint, "--json")
    for kind in ("int8", "int4"):
        run("export", checkpoint, "--quantize", kind, "--eval", text, "--max-ppl-increase", 1000, "--json")
    bundle = folder / "model"
    also = ("--also", folder / "model-int8", "--also", folder / "model-int4")
    drawn = ("--chart", chart) if chart else ()
    aot = ("--aot",) if any(shutil.which(name) for name in ("c++", "g++", "clang++")) else ()
    found: dict[str, Any] = json.loads(
        run(
            "bench",
            bundle,
            *also,
            "--against",
            checkpoint,
            *aot,
            "--batch-sizes",
            size.batches,
            "--rounds",
            rounds,
            *drawn,
            "--json",
        )
    )
    found["sharing"] = sharing(bundle)
    found["bytes"] = {
        path.name: (path / "generate.onnx").stat().st_size
        for path in (bundle, folder / "model-int8", folder / "model-int4")
    }
    return found


def time_of(found: dict[str, Any], name: str, batch: int = 1, threads: int = 1) -> float | None:
    """Microseconds a token of one case."""
    for case in found["cases"]:
        if (case["name"], case["batch_size"], case["threads"]) == (name, batch, threads):
            return float(case["microseconds_per_token"])
    return None


def judged(value: float | None, target: float | None, *, at_most: bool) -> str:
    """A ratio, its target, and whether it is met."""
    if value is None:
        return ""
    shown = f"{value:.2f}"
    if target is None:
        return shown
    met = value <= target if at_most else value >= target
    wanted = f"{'≤' if at_most else '≥'} {target:g}"
    return f"**{shown}** ({wanted})" if met else f"{shown} ({wanted}, **no**)"


def markdown(results: dict[str, dict[str, Any]], facts: dict[str, str]) -> str:
    """The tables of the document."""

    def row(*cells: str) -> str:
        return f"| {' | '.join(cells)} |"

    def quotient(found: dict[str, Any], over: tuple[str, int], under: tuple[str, int]) -> float | None:
        a, b = time_of(found, *over), time_of(found, *under)
        return a / b if a and b else None

    head = [
        "greedy, one sequence, one thread",
        "µs a token",
        "x floor",
        "x eager",
        "x plain export",
        "top_k 40",
        "chunks of 16",
    ]
    first = [row(*head), "|" + "---|" * len(head)]
    head = [
        "",
        "int8 speed",
        "int4 speed",
        "int8 size",
        "int4 size",
        "N = 128, x eager",
        "int8, N = 128, x eager",
        "two threads share",
    ]
    second = [row(*head), "|" + "---|" * len(head)]
    for key, found in results.items():
        size = SIZES[key]
        graph = (GRAPH, 1)
        first.append(
            row(
                f"{size} ({found['bytes_per_step'] / 1e6:.1f} MB a step)",
                f"{time_of(found, GRAPH):,.1f}",
                judged(quotient(found, graph, (FLOOR, 1)), size.floor, at_most=True),
                judged(quotient(found, (EAGER, 1), graph), size.eager, at_most=False),
                judged(quotient(found, (PLAIN, 1), graph), size.plain, at_most=False),
                judged(quotient(found, (f"{GRAPH}, top_k 40", 1), graph), size.top_k, at_most=True),
                judged(quotient(found, (f"{GRAPH}, chunks of 16", 1), graph), 1.1, at_most=True),
            )
        )
        wide = key == "lstm256"
        second.append(
            row(
                str(size),
                judged(quotient(found, graph, (f"int8 {GRAPH}", 1)), size.int8, at_most=False),
                judged(quotient(found, graph, (f"int4 {GRAPH}", 1)), None, at_most=False),
                judged(found["bytes"]["model-int8"] / found["bytes"]["model"], 0.3, at_most=True),
                judged(found["bytes"]["model-int4"] / found["bytes"]["model"], None, at_most=True),
                judged(quotient(found, (EAGER, 128), (GRAPH, 128)), 3 if wide else None, at_most=False),
                judged(quotient(found, (EAGER, 128), (f"int8 {GRAPH}", 128)), 6 if wide else None, at_most=False),
                judged(found["sharing"], 1.7, at_most=False),
            )
        )
    head = ["one sequence, one thread; µs a token", GRAPH, *OTHERS]
    third = [row(*head), "|" + "---|" * len(head)]
    fourth = ["| one token from a cold process | seconds | x plain torch |", "|---|---|---|"]
    for key, found in results.items():
        times = [time_of(found, name) for name in (GRAPH, *OTHERS)]
        third.append(row(str(SIZES[key]), *("" if time is None else f"{time:,.1f}" for time in times)))
        starts = {start["name"]: start for start in found["cold_starts"]}
        plain = starts["plain torch script"]["seconds"]
        for name, start in starts.items():
            target = 8 if name == "toolkit generate" else None
            ratio = judged(plain / start["seconds"], target, at_most=False)
            fourth.append(row(f"{SIZES[key]}: {name}", f"{start['seconds']:.2f}", ratio))
    machine_lines = "\n".join(f"- {name}: {value}" for name, value in facts.items())
    tables = ["\n".join(table) for table in (first, second, third, fourth)]
    return "\n\n".join([*tables, f"Where:\n\n{machine_lines}"])


def measure_all(keys: Iterable[str], rounds: int, *, chart: bool) -> dict[str, dict[str, Any]]:
    """Each size in a folder of its own."""
    results = {}
    for key in keys:
        print(f"{key} …", file=sys.stderr, flush=True)
        with tempfile.TemporaryDirectory() as folder:
            results[key] = measure(SIZES[key], Path(folder), rounds, CHART if chart and key == "lstm512" else None)
    return results


def main() -> None:
    """Measure, print, and write the document if all sizes were measured."""
    summary, _, more = (__doc__ or "").partition("\n\n")
    parser = argparse.ArgumentParser(
        description=summary, epilog=more, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("sizes", nargs="*", metavar="SIZE", help=f"among {', '.join(SIZES)}; default: all")
    parser.add_argument("--rounds", type=int, default=9, help="values of each case (%(default)s)")
    chosen = parser.parse_args()
    unknown = set(chosen.sizes) - set(SIZES)
    if unknown:
        parser.error(f"expected sizes among {', '.join(SIZES)}, found {', '.join(sorted(unknown))}")
    complete = not chosen.sizes
    if complete:
        check_marks(DOCUMENT, SCRIPT)
    facts = machine()
    results = measure_all(chosen.sizes or SIZES, chosen.rounds, chart=complete)
    table = markdown(results, facts)
    print(table)
    if complete:
        rewrite(DOCUMENT, SCRIPT, table)
        print(f"wrote {DOCUMENT} and {CHART}", file=sys.stderr)


if __name__ == "__main__":
    main()
