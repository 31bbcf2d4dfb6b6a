"""Checkpoints as other programs write them, made by a process of their own, exported, and stepped beside their code."""

import importlib.util
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import toolkit
from toolkit.cli import _run
from toolkit.export.exporter import open_checkpoint
from toolkit.export.foreign_options import ForeignOptions
from toolkit.models.torch_seq2seq import EagerSeq2Seq
from toolkit.models.torch_steps import EagerSeriesModel, EagerStepModel
from toolkit.sampling import log_softmax
from toolkit.seq2seq import SourcedStep, batch_of

MAKER = Path(__file__).with_name("foreign_checkpoints.py")


def _shapes():
    spec = importlib.util.spec_from_file_location("foreign_checkpoints", MAKER)
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # dataclasses look there
    spec.loader.exec_module(module)
    return module.SHAPES


SHAPES = _shapes()


@pytest.fixture(scope="session")
def made(tmp_path_factory):
    """A function (layers, trained) -> the folder that the process wrote, once for each."""
    folders = {}

    def make(layers, trained):
        if (layers, trained) not in folders:
            folder = folders[layers, trained] = tmp_path_factory.mktemp("theirs")
            subprocess.run([sys.executable, MAKER, folder, str(layers), *(["trained"] if trained else [])], check=True)
        return folders[layers, trained]

    return make


def outputs_of(backend, expected):
    """What a step gives for their data, step by step."""
    *source, data = (expected[name] for name in sorted(expected) if name.startswith("data"))
    if source:
        backend = SourcedStep(backend, backend.encode(*batch_of(source[0])))
    state, found = backend.init_state(len(data)), []
    for t in range(data.shape[1]):
        outputs, state = backend.step(np.ascontiguousarray(data[:, t]), state)
        found.append(outputs)
    return np.stack(found, 1)


def difference(name, found, expected):
    wanted = expected["outputs"]
    found = log_softmax(found) if name.startswith("word-language") else found  # its forward ends with log_softmax
    assert found.shape == wanted.shape
    return float(np.abs(found - wanted).max())


OPENERS = {
    "lm": lambda folder: toolkit.load(folder, "cpu").backend,
    "series": lambda folder: toolkit.load_series(folder, "cpu").backend,
    "seq2seq": lambda folder: toolkit.load_translator(folder, "cpu").backend,
}


def check_exported(name, folder, bundle):
    shape = SHAPES[name]
    expected = dict(np.load(folder / f"{name}.expected.npz"))
    command = ["export", str(folder / f"{name}{shape.suffix}"), "-o", str(bundle), *shape.options]
    assert _run(args=command) == 0
    if shape.kind == "window":
        found = toolkit.load_window(bundle, "cpu").logits(expected["data0"])
    else:
        found = outputs_of(OPENERS[shape.kind](bundle), expected)
    assert difference(name, found, expected) <= 1e-5


EXPORTED = (
    "d2l-rnn",
    "min-char-rnn",
    "word-language-model-tied",
    "time-sequence",
    "word-translator",
    "bilstm-window",
)
"""Of the others the same graphs would be made, from networks that are compared below; they are exported where slow
tests run."""


@pytest.mark.parametrize("name", EXPORTED)
def test_the_exported_file_computes_what_their_own_code_computes(name, made, tmp_path, capsys):
    check_exported(name, made(2, trained=True), tmp_path / "bundle")
    shown = capsys.readouterr().err
    assert "This is what I see" in shown


@pytest.mark.parametrize(("layers", "trained"), [(1, True), pytest.param(3, False, marks=pytest.mark.slow)])
def test_what_is_seen_computes_what_their_own_code_computes(layers, trained, made):
    folder = made(layers, trained=trained)
    for name, shape in SHAPES.items():
        expected = dict(np.load(folder / f"{name}.expected.npz"))
        pairs = zip(shape.options[::2], shape.options[1::2], strict=True)
        options = {}
        for flag, value in pairs:
            options.setdefault(flag.removeprefix("--"), []).append(value)
        options = {key: tuple(v) if key == "set" else v[0] for key, v in options.items()}
        checkpoint = open_checkpoint(folder / f"{name}{shape.suffix}", ForeignOptions(**options))
        assert checkpoint.kind == shape.kind, name
        if shape.kind == "window":
            continue  # it has no step; the exported graph is compared above
        eager = {"lm": EagerStepModel, "series": EagerSeriesModel, "seq2seq": EagerSeq2Seq}[shape.kind]
        network = checkpoint.build() if trained else checkpoint.build_reference()
        assert difference(name, outputs_of(eager(network), expected), expected) <= 1e-5, name


@pytest.mark.slow
@pytest.mark.usefixtures("short_rollouts")  # it rolls 200 steps itself
@pytest.mark.parametrize("name", [name for name in SHAPES if name not in EXPORTED])
def test_every_other_exported_file_computes_what_their_own_code_computes(name, made, tmp_path):
    layers, trained = ((1, True), (3, False))[list(SHAPES).index(name) % 2]
    check_exported(name, made(layers, trained=trained), tmp_path / "bundle")
