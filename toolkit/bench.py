"""How fast a model decodes, against the floor: the products of one step with nothing around them.

At batch size 1 a step reads each weight once, so no implementation can be much faster than matrix-vector products over
the same bytes. All cases run in one process, in turns, so that a change of the machine's pace meets them all.
"""

import itertools
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from .bundle import ModelInfo
from .decode_loop import DecodeLoop, Knobs
from .errors import ToolkitError
from .language_model import LanguageModel
from .signature import GATES
from .step_model import StepModel
from .tokenizer import Tokenizer

TOKENS = 64
"""Tokens that each sequence writes in one run."""

FLOOR = "floor: products alone"
EAGER = "eager nn.* loop"
PLAIN = "torch.onnx.export + Python loop"
TORCHSCRIPT = "TorchScript step + Python loop"
TORCHSCRIPT_LOOP = "TorchScript generate"
PROGRAM = "torch.export + Python loop"
AOT = "AOTInductor + Python loop"
GREEDY, SAMPLED = Knobs(temperature=0.0), Knobs(top_k=40)

_SHORTEST_RUN = 0.02
"""Seconds; a case that is faster runs several times in a row."""


@dataclass(frozen=True)
class Case:
    """Something to be measured.

    Attributes:
        name: what it is, for people.
        run: writes `tokens` tokens for each of `batch_size` sequences.
        batch_size: N.
        threads: within an operator.
        tokens: for each sequence.
    """

    name: str
    run: Callable[[], object]
    batch_size: int = 1
    threads: int = 1
    tokens: int = TOKENS


@dataclass(frozen=True)
class Timing:
    """What was measured of one case.

    Attributes:
        name: of the case.
        batch_size: N.
        threads: within an operator.
        microseconds: for one token of one sequence, one value a round.
    """

    name: str
    batch_size: int
    threads: int
    microseconds: tuple[float, ...]

    @property
    def median(self) -> float:
        """Microseconds a token."""
        return statistics.median(self.microseconds)

    @property
    def quartiles(self) -> tuple[float, float]:
        """A quarter of the rounds were faster than the first, a quarter slower than the second."""
        low, _, high = statistics.quantiles(self.microseconds, n=4, method="inclusive")
        return low, high

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values."""
        return {
            "name": self.name,
            "batch_size": self.batch_size,
            "threads": self.threads,
            "microseconds_per_token": self.median,
            "quartiles": list(self.quartiles),
            "tokens_per_second": 1e6 / self.median,
        }


def measure(cases: Sequence[Case], rounds: int, progress: Callable[[int], object] = lambda _: None) -> list[Timing]:
    """Run all cases in turns.

    Args:
        cases: what to run; each is run once before, uncounted.
        rounds: values of each, at least 2.
        progress: called after each round with the number of rounds done.
    """
    repeats = []
    for case in cases:
        case.run()
        start = time.perf_counter()
        case.run()
        repeats.append(max(1, round(_SHORTEST_RUN / (time.perf_counter() - start))))
    found: list[list[float]] = [[] for _ in cases]
    for done in range(1, rounds + 1):
        for case, values, repeat in zip(cases, found, repeats, strict=True):
            start = time.perf_counter()
            for _ in range(repeat):
                case.run()
            values.append(1e6 * (time.perf_counter() - start) / (repeat * case.tokens * case.batch_size))
        progress(done)
    return [
        Timing(case.name, case.batch_size, case.threads, tuple(values))
        for case, values in zip(cases, found, strict=True)
    ]


# Cases -------------------------------------------------------------------------------------------


def matrices(info: ModelInfo) -> list[tuple[int, int]]:
    """The weights [K, M] that a step multiplies with: looked-up tables are not among them. None of a module's own."""
    n = info.network
    if "cell" not in n:
        return []
    hidden, gates = n["hidden_size"], GATES[n["cell"]] * n["hidden_size"]
    width = n["embedding_size"] if n["tie_weights"] else hidden
    table = 4 * n["vocab_size"] * gates
    folded = not n["embedding_size"] or table <= info.provenance["max_table_mib"] * 2**20
    first = [(hidden, gates)] if folded else [(n["embedding_size"], gates), (hidden, gates)]
    narrow = [(hidden, width)] if width != hidden else []
    return [*first, *[(hidden, gates)] * 2 * (n["num_layers"] - 1), *narrow, (width, n["vocab_size"])]


def floor_case(info: ModelInfo) -> Case:
    """Matrix-vector products over float32 weights of the model's sizes; numpy's BLAS must be held to one thread."""
    generator = np.random.default_rng(0)
    weights = [generator.random(shape, dtype=np.float32) for shape in matrices(info)]
    inputs = [generator.random(len(w), dtype=np.float32) for w in weights]
    outputs = [np.empty(w.shape[1], np.float32) for w in weights]

    def run() -> None:
        for _ in range(TOKENS):
            for x, w, y in zip(inputs, weights, outputs, strict=True):
                np.dot(x, w, out=y)

    return Case(FLOOR, run)


def step_case(name: str, step: StepModel, batch_size: int = 1, threads: int = 1) -> Case:
    """A plain loop in Python: step, take the largest logit, feed it back."""

    def run() -> None:
        ids, state = np.ones(batch_size, np.int64), step.init_state(batch_size)
        for _ in range(TOKENS):
            logits, state = step.step(ids, state)
            ids = logits.argmax(axis=1)

    return Case(name, run, batch_size, threads)


def loop_case(  # how a loop can be called
    name: str,
    loop: DecodeLoop,
    batch_size: int = 1,
    threads: int = 1,
    knobs: Knobs = GREEDY,
    chunk: int = TOKENS,
) -> Case:
    """A decode loop, called for so many tokens at a time."""
    numbers = np.random.default_rng(0).random((TOKENS, batch_size), dtype=np.float32)
    prompt, lengths = np.ones((batch_size, 1), np.int64), np.ones(batch_size, np.int64)

    def run() -> None:
        ids, state = prompt, loop.init_state(batch_size)
        for start in range(0, TOKENS, chunk):
            ids, _, state = loop.generate(ids[:, -1:], lengths, state, knobs, numbers[start : start + chunk])

    return Case(name, run, batch_size, threads)


def some_text(tokenizer: Tokenizer, tokens: int) -> str:
    """A text of so many tokens."""
    ids = itertools.cycle(i for i in range(len(tokenizer)) if i not in tokenizer.special_ids)
    return tokenizer.decode(itertools.islice(ids, tokens))


def text_case(name: str, model: LanguageModel) -> Case:
    """Text in, text out, as a program would call it."""
    prompt = some_text(model.tokenizer, 1)

    def run() -> None:
        model.generate(prompt, max_new_tokens=TOKENS, temperature=0)

    return Case(name, run)


def model_cases(
    label: str, models: Mapping[int, LanguageModel], batch_sizes: Iterable[int], *, details: bool
) -> list[Case]:
    """The cases of one exported model.

    Args:
        label: in front of the names; may be empty.
        models: threads -> the model opened with so many.
        batch_sizes: at which the decode loop is measured.
        details: also sampling, chunks, single steps and text.
    """
    cases = []
    for threads, model in models.items():
        loop = model.loop
        if loop is not None:
            cases += [loop_case(f"{label}generate graph", loop, n, threads) for n in batch_sizes]
        if threads > 1 or not details:
            continue
        cases.append(step_case(f"{label}step + Python loop", model.backend))
        if loop is not None:
            cases.append(loop_case(f"{label}generate graph, top_k 40", loop, knobs=SAMPLED))
            cases.append(loop_case(f"{label}generate graph, chunks of 16", loop, chunk=16))
        cases.append(text_case(f"{label}model.generate(), text", model))
    return cases


# Processes ---------------------------------------------------------------------------------------


@dataclass(frozen=True)
class ColdStart:
    """A whole process from its start to its end, the files read before.

    Attributes:
        name: what it is, for people.
        seconds: one value a run.
        peak_mib: the largest memory it ever held; None where the system does not tell.
    """

    name: str
    seconds: tuple[float, ...]
    peak_mib: float | None

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values."""
        return {"name": self.name, "seconds": statistics.median(self.seconds), "peak_mib": self.peak_mib}


def first_token_command(model: Path, prompt: str) -> list[str]:
    """A process that opens a model and writes one token."""
    return [sys.executable, "-m", "toolkit", "generate", str(model), "-p", prompt, "--max-new-tokens", "1"]


_COLD = """
import sys, torch
payload = torch.load(sys.argv[1], weights_only=True)["payload"]
shape, weights, vocab = payload["network"], payload["weights"], payload["tokenizer"]["vocab"]
size = shape["embedding_size"]
kind = {"rnn": torch.nn.RNN, "gru": torch.nn.GRU, "lstm": torch.nn.LSTM}[shape["cell"]]
rnn = kind(size or len(vocab), shape["hidden_size"], shape["num_layers"])
rnn.load_state_dict({name[4:]: w for name, w in weights.items() if name.startswith("rnn.")})
with torch.no_grad():
    ids = torch.tensor([[vocab.index(sys.argv[2])]])
    x = weights["embedding.weight"][ids] if size else torch.nn.functional.one_hot(ids, len(vocab)).float()
    hidden, _ = rnn(x)
    if "projection.weight" in weights:
        hidden = hidden @ weights["projection.weight"].T
    print(vocab[int((hidden[0, 0] @ weights["output.weight"].T + weights["output.bias"]).argmax())])
"""
"""One token in plain torch: import it, read the checkpoint, one step."""


def plain_first_token_command(checkpoint: Path, prompt: str) -> list[str]:
    """A process that does with torch alone what `first_token_command` does."""
    return [sys.executable, "-c", _COLD, str(checkpoint), prompt]


def cold_starts(commands: Mapping[str, Sequence[str]], runs: int) -> list[ColdStart]:
    """Run whole processes in turns, each once uncounted before."""
    seconds: dict[str, list[float]] = {name: [] for name in commands}
    peaks: dict[str, float | None] = dict.fromkeys(commands)
    for i in range(runs + 1):
        for name, command in commands.items():
            taken, peaks[name] = _run_process(command)
            if i:
                seconds[name].append(taken)
    return [ColdStart(name, tuple(values), peaks[name]) for name, values in seconds.items()]


_SPAWN = """
import os, sys, time
start = time.perf_counter()
quiet = [(os.POSIX_SPAWN_OPEN, fd, os.devnull, os.O_WRONLY, 0) for fd in (1, 2)]
_, status, usage = os.wait4(os.posix_spawn(sys.argv[1], sys.argv[1:], os.environ, file_actions=quiet), 0)
print(time.perf_counter() - start, usage.ru_maxrss, os.waitstatus_to_exitcode(status))
"""
"""A process's peak memory counts what its parent held when it was started: so a small process starts it."""


def _run_process(command: Sequence[str]) -> tuple[float, float | None]:
    """Seconds and peak MiB of a whole process."""
    peak = None
    if hasattr(os, "wait4"):
        said = subprocess.run([sys.executable, "-S", "-c", _SPAWN, *command], stdout=subprocess.PIPE, check=True)
        seconds, size, code = (float(part) for part in said.stdout.split())
        peak = size / (2**20 if sys.platform == "darwin" else 2**10)
    else:
        start = time.perf_counter()
        quiet = subprocess.DEVNULL
        code = subprocess.run(command, stdout=quiet, stderr=quiet, check=False).returncode
        seconds = time.perf_counter() - start
    if code:
        raise ToolkitError(f"{' '.join(command[:4])} …: failed with exit code {code:.0f}; run it by hand to see why")
    return seconds, peak


def first_token_latency(model: LanguageModel, runs: int) -> tuple[float, ...]:
    """Microseconds from a call with a prompt of 16 tokens to the first token, in a warm process."""
    prompt = some_text(model.tokenizer, 16)
    found = []
    for _ in range(runs + 1):
        start = time.perf_counter()
        next(model.stream(prompt, temperature=0, max_new_tokens=2))
        found.append(1e6 * (time.perf_counter() - start))
    return tuple(found[1:])
