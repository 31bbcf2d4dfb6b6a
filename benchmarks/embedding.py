"""Microseconds a token of one model in several hosts, in turns: in Python, and as `toolkit embed` writes it.

    python benchmarks/embedding.py              both models; some minutes; writes the parts of docs/benchmarks.md and
                                                docs/embedding.md
    python benchmarks/embedding.py lyrics-zh    one of them; prints its table and writes nothing

One sequence, one thread, temperature 0.8, 500 tokens a text. It needs Chromium, npm, cc and c++.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from statistics import median

import numpy as np
import onnxruntime
from decode import ONE_THREAD, SIZES, make_checkpoint
from report import check_marks, machine, rewrite

from toolkit.bundle import GENERATE, GENERATE_ONNX, TEXT, TEXT_ONNX
from toolkit.decode_loop import Knobs
from toolkit.embed import program_files
from toolkit.embedding import Embeddable, embeddable
from toolkit.onnx_models import OnnxDecodeLoop
from toolkit.onnx_session import open_session
from toolkit.step_model import zero_state
from toolkit.uniform import uniform
from toolkit.web_page import one_page

HERE = Path(__file__).parent
DOCUMENT = HERE.parent / "docs" / "benchmarks.md"
PAGE = HERE.parent / "docs" / "embedding.md"
"""Has the same in short."""

SCRIPT = "benchmarks/embedding.py"

TOKENS = 500
TEXTS = 3
"""Written by each host in each round."""

SETTLE_MS = 3000
"""That a page stands open before it is measured; it uses them to warm up."""

TEMPERATURE = 0.8

PROGRAMS = ("text", "generate", "step")
BUILDS = {"c": ("cc", "-std=c11", "-O2"), "cpp": ("c++", "-std=c++17", "-O2")}


@dataclass(frozen=True)
class Found:
    """What a host did in one round.

    Attributes:
        microseconds: for one token, of each text.
        first_s: from opening the program to its first text, where that was measured.
    """

    microseconds: list[float]
    first_s: float | None = None


Host = Callable[[], Found]


def python_hosts(model: Embeddable, _folder: Path) -> Iterable[tuple[str, Host]]:
    """The same graphs in this process."""
    loop = OnnxDecodeLoop(open_session(model.graphs[GENERATE], GENERATE_ONNX), model.info.signatures[GENERATE], "cpu")
    knobs, numbers = Knobs(temperature=TEMPERATURE), uniform(1, 0, TOKENS, 1)
    prompt = np.array([[1, 2, 3]])

    def generate() -> None:
        loop.generate(prompt, np.array([3]), loop.init_state(1), knobs, numbers)

    session, signature = open_session(model.graphs[TEXT], TEXT_ONNX), model.info.signatures[TEXT]
    asked = {"max_new_tokens": TOKENS, "temperature": TEMPERATURE, "top_p": 1, "repetition_penalty": 1, "seed": 1}
    feeds = {
        **{spec.name: np.array(asked.get(spec.name, 0), spec.dtype) for spec in signature.inputs},
        **dict(zip(signature.states, zero_state(signature, 1), strict=True)),
        "input_text": np.frombuffer(model.example.encode(), np.uint8),
    }

    def timed(write: Callable[[], object]) -> Found:
        found = []
        for _ in range(TEXTS):
            start = time.perf_counter()
            write()
            found.append(1e6 * (time.perf_counter() - start) / TOKENS)
        return Found(found)

    yield "Python, generate.onnx", lambda: timed(generate)
    yield "Python, text.onnx", lambda: timed(lambda: session.run(None, feeds))


def chromium_hosts(model: Embeddable, folder: Path) -> Iterable[tuple[str, Host]]:
    """The page that `toolkit embed --target html` writes."""
    chromium = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if chromium is None or shutil.which("npm") is None:
        raise SystemExit("error: expected Chromium and npm, found one or both missing; apt-get install chromium npm")
    for source in (HERE / "page.mjs", *(HERE.parent / "tests" / "web").glob("package*.json")):
        shutil.copy(source, folder)
    subprocess.run(["npm", "ci", "--ignore-scripts", "--silent"], cwd=folder, check=True)
    page = folder / "page.html"
    page.write_bytes(one_page(model))

    def look() -> Found:
        command = ["node", "page.mjs", chromium, page.as_uri(), str(TEXTS), str(SETTLE_MS)]
        done = subprocess.run(command, cwd=folder, stdout=subprocess.PIPE, check=True)
        found = json.loads(done.stdout)
        return Found([1e6 * seconds / found["tokens"] for seconds in found["seconds"]], found["first_s"])

    yield f"Chromium, page of {page.stat().st_size / 2**20:.1f} MiB", look


def console_hosts(model: Embeddable, folder: Path) -> Iterable[tuple[str, Host]]:
    """The programs for Python, Node, C and C++, in pieces of 32 tokens or of one, as they write them."""
    for target in ("python", "node", "c", "cpp"):
        (folder / target).mkdir()
        for name, data in program_files(model, target).items():
            (folder / target / name).write_bytes(data)
    (folder / "node" / "node_modules").symlink_to(folder / "node_modules")
    for program in PROGRAMS:
        for target, build in BUILDS.items():
            made = folder / target / program
            subprocess.run([*build, f"{program}.{target}", "-o", made, "-ldl", "-lm"], cwd=folder / target, check=True)
        commands = {
            f"Python, {program}.py": [sys.executable, folder / "python" / f"{program}.py"],
            f"Node, {program}.mjs": ["node", folder / "node" / "write.mjs", program],
            f"C, {program}.c": [folder / "c" / program],
            f"C++, {program}.cpp": [folder / "cpp" / program],
        }
        for name, command in commands.items():
            asked = [*map(str, command), "--ids", "--max-new-tokens", str(TOKENS)]
            yield name, partial(of_console, asked, model.example)


def of_console(command: Sequence[str], beginning: str) -> Found:
    """One round of a program that answers each line with a line: from the one to the other, after a first one."""
    environment = {**os.environ, **ONE_THREAD, "ONNXRUNTIME": str(library())}
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    with subprocess.Popen(command, **pipes, text=True, env=environment) as process:
        assert process.stdin
        assert process.stdout
        found = []
        for _ in range(TEXTS + 1):
            start = time.perf_counter()
            process.stdin.write(f"{beginning}\n")
            process.stdin.flush()
            tokens = len(process.stdout.readline().split())
            found.append(1e6 * (time.perf_counter() - start) / tokens)
        process.stdin.close()
    return Found(found[1:])


def library() -> Path:
    """The library that the Python package of ONNX Runtime brings."""
    return next((Path(onnxruntime.__file__).parent / "capi").glob("libonnxruntime.so*"))


HOSTS = (python_hosts, chromium_hosts, console_hosts)
"""Each gives names and functions that measure one round; the first name is what the others are compared with."""


def lyrics_zh(_folder: Path) -> Embeddable:
    """Comes along."""
    return embeddable(Path("builtin:lyrics-zh"))


def float32(folder: Path) -> Embeddable:
    """The network of `benchmarks/decode.py` with random weights."""
    make_checkpoint(SIZES["lstm256"], folder / "model.pt")
    command = [sys.executable, "-m", "toolkit", "export", folder / "model.pt", "--json"]
    subprocess.run(command, env={**os.environ, **ONE_THREAD}, stdout=subprocess.DEVNULL, check=True)
    return embeddable(folder / "model")


MODELS = {
    "lyrics-zh": ("LSTM 1x256, V 2,368, int8 (`builtin:lyrics-zh`)", lyrics_zh),
    "float32": (f"{SIZES['lstm256']}, float32", float32),
}


def measure(make: Callable[[Path], Embeddable], rounds: int) -> dict[str, list[Found]]:
    """All hosts in turns; what each found, after one round that is not counted."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        model = make(folder)
        hosts = dict(host for these in HOSTS for host in these(model, folder))
        found: dict[str, list[Found]] = {host: [] for host in hosts}
        for number in range(rounds + 1):
            print(f"round {number} of {rounds}", file=sys.stderr, flush=True)
            for host, look in hosts.items():
                one = look()
                if number:
                    found[host].append(one)
    return found


def table(title: str, found: dict[str, list[Found]]) -> str:
    """Medians of all texts; ratios are medians of the rounds' own."""

    def of_round(one: Found) -> float:
        return median(one.microseconds)

    lines = [f"| {title} | µs a token | tokens a second | x the first | s to the first text |", "|---|---|---|---|---|"]
    base = next(iter(found.values()))
    for host, rounds in found.items():
        value = median(x for one in rounds for x in one.microseconds)
        ratio = median(of_round(one) / of_round(first) for one, first in zip(rounds, base, strict=True))
        starts = [one.first_s for one in rounds if one.first_s is not None]
        start = f"{median(starts):.2f} ({min(starts):.2f} to {max(starts):.2f})" if starts else ""
        lines.append(f"| {host} | {value:,.0f} | {1e6 / value:,.0f} | {ratio:.2f} | {start} |")
    return "\n".join(lines)


def short_table(found: dict[str, dict[str, list[Found]]]) -> str:
    """Microseconds a token, a row for each host and model, a column for each program."""
    lines = ["| host | model | " + " | ".join(f"`{p}`" for p in PROGRAMS) + " |", "|---|---|" + "---|" * len(PROGRAMS)]
    for host in ("Python", "Node", "C", "C++", "Chromium"):
        for name, (title, _) in MODELS.items():
            cells = dict.fromkeys(PROGRAMS, "")
            for what, rounds in found[name].items():
                own, _, program = what.partition(", ")
                stem, _, suffix = program.partition(".")
                if own == host and suffix != "onnx":
                    cells[stem if stem in cells else "text"] = _micros(rounds)  # the page runs text.onnx
            lines.append(f"| {host} | {title} | " + " | ".join(cells.values()) + " |")
    return "\n".join(lines)


def _micros(rounds: Sequence[Found]) -> str:
    return f"{median(x for one in rounds for x in one.microseconds):,.0f}"


def main() -> None:
    """Measure, print, and write the document if all models were measured."""
    summary, _, more = (__doc__ or "").partition("\n\n")
    parser = argparse.ArgumentParser(
        description=summary, epilog=more, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("models", nargs="*", metavar="MODEL", help=f"among {', '.join(MODELS)}; default: all")
    parser.add_argument("--rounds", type=int, default=7, help="of each host (%(default)s)")
    chosen = parser.parse_args()
    unknown = set(chosen.models) - set(MODELS)
    if unknown:
        parser.error(f"expected models among {', '.join(MODELS)}, found {', '.join(sorted(unknown))}")
    if not chosen.models:
        for document in (DOCUMENT, PAGE):
            check_marks(document, SCRIPT)
    facts = "\n".join(f"- {name}: {value}" for name, value in machine().items())
    found = {name: measure(MODELS[name][1], chosen.rounds) for name in chosen.models or MODELS}
    tables = (table(MODELS[name][0], rounds) for name, rounds in found.items())
    text = "\n\n".join([*tables, f"Where:\n\n{facts}"])
    print(text)
    if not chosen.models:
        rewrite(DOCUMENT, SCRIPT, text)
        rewrite(PAGE, SCRIPT, short_table(found))


if __name__ == "__main__":
    main()
