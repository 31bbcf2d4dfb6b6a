"""Models made by the command line, and small networks with random weights and their steps for the parity gate."""

import copy
import io
import itertools
import math
import shutil
import subprocess
from collections.abc import Callable, Mapping
from collections.abc import Set as AbstractSet
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import onnx
import pytest
import torch

from toolkit.cli import _run
from toolkit.decode_loop import DecodeLoop, Knobs
from toolkit.export import parity, seq2seq_parity
from toolkit.export.exporter import export_checkpoint
from toolkit.export.generate_graph import generate_graph
from toolkit.export.onnx_file import to_onnx
from toolkit.export.step_module import step_module
from toolkit.export.torchscript_file import script, torchscript_bytes
from toolkit.models.char_rnn import CharRNN
from toolkit.models.network_options import NetworkOptions
from toolkit.models.torch_steps import (
    EagerStepModel,
    TorchScriptDecodeLoop,
    TorchScriptStepModel,
    network_signature,
    torchscript_allowed,
)
from toolkit.onnx_models import OnnxDecodeLoop, OnnxStepModel
from toolkit.onnx_session import check_contract, open_session
from toolkit.signature import generate_signature
from toolkit.step_model import Ids, StepModel

WEB = Path(__file__).parents[1] / "web"


class Made(NamedTuple):
    """A checkpoint and the bundle that the command line put beside it."""

    checkpoint: Path
    bundle: Path


@pytest.fixture(scope="session")
def trained_and_exported(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str, str], Made]:
    """A function (cell, tokenizer) -> what the two commands wrote, made once for each pair. Read only."""
    made: dict[tuple[str, str], Made] = {}

    def make(cell: str, tokenizer: str) -> Made:
        if (cell, tokenizer) not in made:
            run = tmp_path_factory.mktemp("runs") / "a"
            small = ["--max-chars", "2000", "--hidden-size", "32", "--embedding-size", "16", "--epochs", "2"]
            quick = ["--batch-size", "8", "--num-steps", "16", "--device", "cpu", "--sample-every", "0"]
            kind = ["--cell", cell, "--tokenizer", tokenizer]
            assert _run(args=["train", "builtin:lyrics-zh", "-o", str(run), *kind, *small, *quick]) == 0
            assert _run(args=["export", str(run / "best.pt")]) == 0
            made[cell, tokenizer] = Made(run / "best.pt", run / "best")
        return made[cell, tokenizer]

    return make


@pytest.fixture(scope="session")
def text_ids() -> Ids:
    """400 ids that stand for a text; none is 0 and none above 28."""
    return np.random.default_rng(0).integers(1, 29, 400)


@pytest.fixture(scope="session")
def network_of() -> Callable[..., CharRNN]:
    """A function (cell, vocab_size, options) -> a one-hot network of 12 units with random weights."""

    def make(cell: str, vocab_size: int = 29, **options: Any) -> CharRNN:
        torch.manual_seed(3)
        shape = NetworkOptions(cell=cell, **{"hidden_size": 12, "embedding_size": 0, **options})
        network = CharRNN(shape, vocab_size).eval()
        with torch.no_grad():
            for parameter in network.parameters():
                parameter.uniform_(-0.4, 0.4)
        return network

    return make


@pytest.fixture(scope="session")
def torchscript() -> Callable[..., StepModel]:
    """A function (network, change) -> the network's step as TorchScript, after `change` of its module."""

    def make(network: CharRNN, change: Callable[[Any], object] = lambda _: None) -> StepModel:
        module = step_module(copy.deepcopy(network), 2**24)  # a copy: buffers may share the network's memory
        with torch.no_grad():
            change(module)
        return TorchScriptStepModel(script(module), network_signature(network), torch.device("cpu"))

    return make


@pytest.fixture(scope="session")
def check(text_ids: Ids) -> Callable[..., parity.ParityReport]:
    """A function (network, graphs) -> what the gate says of graphs that should equal the network."""

    def run(network: CharRNN, graphs: Mapping[str, StepModel], ids: Ids = text_ids) -> parity.ParityReport:
        def precise() -> StepModel:
            return EagerStepModel(copy.deepcopy(network).double())

        inputs = parity.token_inputs(network.vocab_size, ids)
        return parity.check_parity(EagerStepModel(network), precise, graphs, inputs, int(ids[0]))

    return run


@pytest.fixture
def short_rollouts(monkeypatch: pytest.MonkeyPatch) -> None:
    """A fault that shows early need not be waited for."""
    for module in (parity, seq2seq_parity):
        monkeypatch.setattr(module, "STEPS", 48)


@pytest.fixture(scope="session")
def made_of_pairs(
    make_pairs_checkpoint: Callable[..., Path], tmp_path_factory: pytest.TempPathFactory
) -> Callable[..., Made]:
    """A function (options) -> checkpoint and bundle of a model on pairs, made once for each combination. Read only.

    The gate before it is that of an export, but for shorter rollouts.
    """
    made: dict[Path, Made] = {}

    def make(**options: Any) -> Made:
        path = make_pairs_checkpoint(**options)
        if path not in made:
            with pytest.MonkeyPatch.context() as patch:
                for module in (parity, seq2seq_parity):
                    patch.setattr(module, "STEPS", 48)
                patch.setattr(parity, "GREEDY_TOKENS", 16)
                made[path] = Made(path, export_checkpoint(path, tmp_path_factory.mktemp("bundle") / "best").folder)
        return made[path]

    return make


@pytest.fixture(scope="session")
def slow_choice() -> Callable[[Mapping[int, float], AbstractSet[int], float, Knobs], int]:
    """A function (id -> logit of what may be written, ids used, uniform number, knobs) -> the id to be written.

    It chooses with Python's own floats, sorting and sums: it shares nothing with the graphs or `toolkit.sampling`.
    """

    def choose(logits: Mapping[int, float], used: AbstractSet[int], u: float, knobs: Knobs) -> int:
        score = dict(logits)
        for i in used & score.keys():
            score[i] = score[i] / knobs.repetition_penalty if score[i] > 0 else score[i] * knobs.repetition_penalty
        ranking = sorted(score, key=lambda i: (-score[i], i))
        if knobs.temperature == 0:
            return ranking[0]
        weight = {i: math.exp((score[i] - score[ranking[0]]) / knobs.temperature) for i in ranking}
        ranking = ranking[: knobs.top_k or None]
        if knobs.top_p < 1:
            whole = math.fsum(weight[i] for i in ranking)
            reached = itertools.accumulate(weight[i] for i in ranking)
            ranking = ranking[: 1 + sum(r < knobs.top_p * whole for r in reached)]
        kept = sorted(i for i in ranking if weight[i] >= knobs.min_p)
        below = u * math.fsum(weight[i] for i in kept)
        return next(i for i, r in zip(kept, itertools.accumulate(weight[i] for i in kept), strict=True) if r > below)

    return choose


class Loops(NamedTuple):
    """A network of `network_of` in float64, and steps and decode loops made of it, by the name of their graph."""

    network: CharRNN
    steps: Mapping[str, StepModel]
    loops: Mapping[str, DecodeLoop]
    step_graph: onnx.ModelProto


@pytest.fixture(scope="session")
def loops_of(network_of: Callable[..., CharRNN]) -> Callable[..., Loops]:
    """A function (cell, num_layers) -> `Loops`, made once for each pair; id 0 is never written. Read only."""
    made: dict[tuple[str, int], Loops] = {}

    def make(cell: str, num_layers: int = 1) -> Loops:
        if (cell, num_layers) not in made:
            network = network_of(cell, num_layers=num_layers)
            signature = network_signature(network)
            contract = generate_signature(signature)
            module = step_module(network, 2**20, (0,))
            step = to_onnx(module, signature, "step")
            steps = open_session(step.SerializeToString(), "step.onnx")
            session = open_session(
                generate_graph(step, contract, (0,), "generate").SerializeToString(), "generate.onnx"
            )
            check_contract(session, contract, "generate.onnx", "generate")
            with torchscript_allowed():
                scripted = torch.jit.load(io.BytesIO(torchscript_bytes(script(module), "")))
            cpu = torch.device("cpu")
            made[cell, num_layers] = Loops(
                copy.deepcopy(network).double(),
                {
                    "onnx": OnnxStepModel(lambda: steps, signature, "cpu"),
                    "torchscript": TorchScriptStepModel(scripted, signature, cpu),
                },
                {
                    "onnx": OnnxDecodeLoop(session, contract, "cpu"),
                    "torchscript": TorchScriptDecodeLoop(scripted, contract, cpu),
                },
                step,
            )
        return made[cell, num_layers]

    return make


@pytest.fixture(scope="session")
def foreign_weights():
    """Makes the state_dict of embedding, rnn and fc over 11 tokens, as others write such networks."""

    def make(cell=torch.nn.LSTM, layers=2, **kind):
        torch.manual_seed(0)
        parts = {"embedding": torch.nn.Embedding(11, 4), "rnn": cell(4, 6, layers, **kind)}
        parts["fc"] = torch.nn.Linear(12 if kind.get("bidirectional") else 6, 11)
        return dict(torch.nn.ModuleDict(parts).state_dict())

    return make


@pytest.fixture(scope="session")
def node_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the scripts that drive a browser, and the packages that they and embedded programs need."""
    folder = tmp_path_factory.mktemp("node")
    for file in WEB.iterdir():
        if file.is_file():
            shutil.copy(file, folder)
    subprocess.run(["npm", "ci", "--ignore-scripts", "--silent"], cwd=folder, check=True)
    return folder
