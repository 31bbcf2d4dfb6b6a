"""The contract on every host: embedded programs write, token for token, what eager PyTorch says.

Each program of each host reads the same 200 beginnings; the reference feeds eager PyTorch, in float64, with what the
program wrote, and chooses anew at every token by means of its own (`slow_choice`). Where another token was written, the
test proves that the number drawn, or the best two scores, lie within rounding of each other, and counts that.
"""

import math
import random
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest

from toolkit.bundle import SOURCE, TARGET, TOKENIZER
from toolkit.cli import _run
from toolkit.corpus import CorpusOptions, load_corpus
from toolkit.decode_loop import Knobs
from toolkit.export.text_parity import ids_read
from toolkit.models.checkpoint import load_checkpoint
from toolkit.models.torch_seq2seq import EagerSeq2Seq
from toolkit.models.torch_steps import EagerStepModel
from toolkit.seq2seq import SourcedStep, batch_of
from toolkit.step_model import StepModel
from toolkit.uniform import uniform

from .hosts import PROGRAMS, Asked, Browser, Console, needs_browser, node_host, python_host, serving
from .native import Native, needs_compilers

pytestmark = [pytest.mark.slow, needs_browser, needs_compilers]

ASKED = (
    Asked(max_new_tokens=24, temperature=0, top_k=0, seed=0),
    Asked(max_new_tokens=24, temperature=0.8, top_k=0, seed=1),
    Asked(max_new_tokens=24, temperature=1.2, top_k=7, seed=2**63 - 1),
)
"""Each is asked of a third of the beginnings."""

HOSTS = ("python", "node", "c", "cpp", "chromium")

MOST_IN_10_000 = 2
"""So many tokens may be others, where rounding decides."""

ROUNDING = 1e-5
"""Of scores, relative to max(1, |x|), and of sums of weights, relative to the whole."""

MARKS = (
    "\U0001f468\u200d\U0001f469\u200d\U0001f467",
    "\u200f\u05d0\u05d1",
    "\ufeff",
    "e\u0301",
    "\u3000",
    "\t",
    "x",
    "，",
)


class Model(NamedTuple):
    """What was trained, and what was exported of it."""

    checkpoint: Path
    bundle: Path


def beginnings() -> list[bytes]:
    """200 beginnings of one line: lyrics, lyrics with marks that nobody means to write, and no UTF-8."""
    chance = random.Random(8)
    corpus = load_corpus("builtin:lyrics-zh", CorpusOptions())
    lines = [line for line in (corpus.train + corpus.valid).split("\n") if len(line) > 4]
    plain = [line[: chance.randint(1, 12)] for line in chance.sample(lines, 140)]
    marked = [line[:2] + chance.choice(MARKS) + line[2:5] for line in chance.sample(lines, 40)]
    broken = [chance.randbytes(9).replace(b"\n", b"") + line.encode()[1:8] for line in chance.sample(lines, 20)]
    return [*(text.encode() for text in (*plain, *marked)), *broken]


class Reference:
    """Eager PyTorch in float64, and how it would go on at every token of a text that was written."""

    def __init__(self, checkpoint: Path, choose: Callable[..., int]) -> None:
        found = load_checkpoint(checkpoint)
        self._choose = choose
        self._network = found.build().double()
        self._pairs = SOURCE in found.tokenizers
        self.reads = found.tokenizers[SOURCE if self._pairs else TOKENIZER]
        self.writes = found.tokenizers[TARGET if self._pairs else TOKENIZER]
        self._banned = self.writes.unwritten_ids if self._pairs else set(self.writes.banned_ids)
        self.doubtful = cache(self._doubtful)

    def _begun(self, octets: bytes) -> tuple[StepModel, list[int]]:
        """A step, and the ids that it reads first."""
        ids = ids_read(self.reads, octets)
        if self._pairs:
            backend = EagerSeq2Seq(self._network)
            return SourcedStep(backend, backend.encode(*batch_of([ids]))), [self.writes.start_id]
        return EagerStepModel(self._network), ids.tolist() or self.reads.opening()

    def _doubtful(self, octets: bytes, written: tuple[int, ...], asked: Asked) -> int:
        """How many tokens are others than the reference chooses; each of them is within rounding.

        Raises:
            AssertionError: one is not, or the text is too short or too long.
        """
        model, ids = self._begun(octets)
        state = model.init_state(1)
        for i in ids[:-1]:
            _, state = model.step(np.array([i]), state)
        knobs = Knobs(temperature=asked.temperature, top_k=asked.top_k)
        numbers = uniform(asked.seed, 0, asked.max_new_tokens, 1)[:, 0].tolist()
        last, doubtful = ids[-1], 0
        for place, token in enumerate(written):
            logits, state = model.step(np.array([last]), state)
            scores = {i: float(x) for i, x in enumerate(logits[0]) if i not in self._banned}
            if token != self._choose(scores, set(), numbers[place], knobs):
                assert _within_rounding(scores, token, numbers[place], knobs), (octets, written, place)
                doubtful += 1
            last = token
        ended = self._pairs and last == self.writes.end_id
        assert len(written) == asked.max_new_tokens or (ended and written.count(last) == 1)
        return doubtful


def _within_rounding(scores: dict[int, float], token: int, u: float, knobs: Knobs) -> bool:
    """Whether a token would be chosen if scores and sums were a little different."""
    best = max(scores.values())
    if knobs.temperature == 0:
        return best - scores[token] <= ROUNDING * max(1, abs(best))
    ranking = sorted(scores, key=lambda i: (-scores[i], i))[: knobs.top_k or None]
    if token not in ranking:
        edge = scores[ranking[-1]]
        return edge - scores[token] <= ROUNDING * max(1, abs(edge))
    weights = {i: math.exp((scores[i] - best) / knobs.temperature) for i in sorted(ranking)}
    whole = math.fsum(weights.values())
    below = math.fsum(weight for i, weight in weights.items() if i < token) / whole
    return below - ROUNDING <= u <= below + weights[token] / whole + ROUNDING


@pytest.fixture(scope="module", params=["characters", "words", "pairs"])
def model(request, make_checkpoint, make_bundle, made_of_pairs) -> Model:
    if request.param == "pairs":
        return Model(*made_of_pairs(attention="dot"))
    how = {"cell": "lstm"} if request.param == "characters" else {"cell": "gru", "num_layers": 2, "tokenizer": "word"}
    return Model(make_checkpoint(**how), make_bundle(**how))


@pytest.fixture(scope="module")
def reference(model, slow_choice) -> Reference:
    return Reference(model.checkpoint, slow_choice)


def _embedded(model: Model, target: str, folder: Path) -> Path:
    assert _run(args=["embed", str(model.bundle), "--target", target, "-o", str(folder)]) == 0
    return folder


@pytest.fixture(scope="module")
def python(model, tmp_path_factory) -> Console:
    return python_host(_embedded(model, "python", tmp_path_factory.mktemp("python") / "program"))


@pytest.fixture(scope="module")
def node(model, tmp_path_factory, node_folder) -> Console:
    return node_host(_embedded(model, "node", tmp_path_factory.mktemp("node") / "program"), node_folder)


@pytest.fixture(scope="module")
def c(model, tmp_path_factory) -> Console:
    return Native.embedded("c", model.bundle, tmp_path_factory.mktemp("c") / "program", "-O2").console()


@pytest.fixture(scope="module")
def cpp(model, tmp_path_factory) -> Console:
    return Native.embedded("cpp", model.bundle, tmp_path_factory.mktemp("cpp") / "program", "-O2").console()


@pytest.fixture(scope="module")
def chromium(model, tmp_path_factory, node_folder) -> Iterator[Browser]:
    """The site, with the programs for Node in a folder of it."""
    site = _embedded(model, "web", tmp_path_factory.mktemp("chromium") / "site")
    _embedded(model, "node", site / "node")
    with serving(site) as url:
        yield Browser(url, node_folder)


@pytest.mark.parametrize(
    ("host", "program"),
    [
        *((host, program) for host in ("python", "node", "c", "cpp", "chromium") for program in PROGRAMS),
        ("chromium", "worker"),
    ],
)
def test_every_host_writes_what_eager_pytorch_says(request, host, program, reference):
    found = request.getfixturevalue(host)
    prompts = [octets for octets in beginnings() if reference.reads.split(octets.decode(errors="replace"))]
    assert len(prompts) == 200
    tasks = [(prompts[start :: len(ASKED)], asked) for start, asked in enumerate(ASKED)]
    tokens = doubtful = 0
    for (own, asked), texts in zip(tasks, found.ids(program, tasks), strict=True):
        for octets, ids in zip(own, texts, strict=True):
            doubtful += reference.doubtful(octets, tuple(ids), asked)
            tokens += len(ids)
    assert tokens > 1000
    assert doubtful <= math.ceil(tokens * MOST_IN_10_000 / 10_000), f"{doubtful} of {tokens} tokens"
