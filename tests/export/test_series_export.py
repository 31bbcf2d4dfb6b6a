"""Models over real numbers through export: parity, bundle, runtime and command line."""

import contextlib
import io
import json
import shutil

import numpy as np
import onnx
import onnxruntime
import pytest
import torch
from matplotlib.image import imread

import toolkit
from toolkit.cli import _run
from toolkit.errors import FileFormatError, ParityError
from toolkit.export.exporter import export_checkpoint, verify_bundle
from toolkit.models.checkpoint import Checkpoint, load_checkpoint, save_checkpoint
from toolkit.models.series_options import SeriesOptions
from toolkit.models.series_rnn import SeriesRNN
from toolkit.series_data import addition_bits, sum_bits

SHAPES = {
    "rnn": {"cell": "rnn"},
    "rnn, sigmoid": {"cell": "rnn", "nonlinearity": "sigmoid", "activation": "sigmoid"},
    "rnn, none, no bias": {"cell": "rnn", "nonlinearity": "none", "bias": False, "hidden_size": 2},
    "rnn, relu, 2 layers": {"cell": "rnn", "nonlinearity": "relu", "num_layers": 2},
    "gru, 2 layers": {"cell": "gru", "num_layers": 2},
    "gru, no bias": {"cell": "gru", "bias": False},
    "lstm, 3 layers": {"cell": "lstm", "num_layers": 3, "activation": "sigmoid"},
    "lstm, no bias": {"cell": "lstm", "bias": False},
}


def write_checkpoint(path, shape, weights=None):
    torch.manual_seed(0)
    options = SeriesOptions(**{"input_size": 3, "hidden_size": 6, "output_size": 2, **shape})
    sample = np.random.default_rng(0).standard_normal((40, 3)).astype(np.float32).tolist()
    corpus = {"source": "walk.csv", "sha256": "", "characters": 40, "options": {}, "sample": sample}
    state = weights or SeriesRNN(options).state_dict()
    save_checkpoint(path, Checkpoint("series", options, {}, state, {"options": {}}, corpus, {}))
    return path


SELDOM = ("rnn, none, no bias", "gru, no bias", "lstm, no bias")
"""What they show, others show, too; they are tried where slow tests run."""


@pytest.fixture(
    scope="module",
    params=[pytest.param(s, marks=pytest.mark.slow if name in SELDOM else ()) for name, s in SHAPES.items()],
    ids=SHAPES,
)
def exported(request, tmp_path_factory):
    folder = tmp_path_factory.mktemp("series")
    checkpoint = write_checkpoint(folder / "walk.pt", request.param)
    return checkpoint, export_checkpoint(checkpoint).folder


@pytest.fixture
def bundle(exported, tmp_path):
    return shutil.copytree(exported[1], tmp_path / "walk")


@pytest.mark.parametrize("backend", ["onnx", "torchscript"])
def test_the_exported_file_computes_what_torch_s_own_module_computes(exported, backend):
    checkpoint, folder = exported
    network = load_checkpoint(checkpoint).build()
    model = toolkit.load_series(folder, "cpu", backend=backend)
    assert (model.input_size, model.output_size) == (3, 2)
    inputs = np.random.default_rng(1).standard_normal((5, 60, 3)).astype(np.float32)
    outputs, state = model.run(inputs[:, :25])
    later, state = model.run(inputs[:, 25:], state)
    with torch.no_grad():
        expected, last = network(torch.from_numpy(inputs), network.init_state(5))
    scale = max(1.0, float(expected.abs().max()))
    np.testing.assert_allclose(np.concatenate([outputs, later], axis=1) / scale, expected / scale, atol=2e-6)
    for found, part in zip(state, last, strict=True):
        np.testing.assert_allclose(found / scale, part / scale, atol=2e-6)


def test_the_bundle_is_verified_and_says_what_it_is(exported):
    checkpoint, folder = exported
    report = verify_bundle(folder, checkpoint)
    assert {rollout.data for rollout in report.rollouts} == {"data", "random"}
    assert report.greedy_tokens == 0
    facts = json.loads((folder / "model.json").read_bytes())
    assert facts["kind"] == "series"
    assert "tokenizer" not in facts
    assert facts["signatures"]["step"]["inputs"][0] == {"name": "inputs", "dtype": "float32", "axes": ["N", 3]}
    assert sorted(path.name for path in folder.iterdir()) == ["README.md", "model.json", "step.onnx", "step.ts.pt"]
    assert {opset.domain for opset in onnx.load(folder / "step.onnx").opset_import} == {""}
    card = (folder / "README.md").read_text(encoding="utf-8")
    code = card.split("```python")[2].split("```")[0]  # the one without this toolkit
    assert "onnxruntime.InferenceSession" in code


def test_the_card_s_code_runs(bundle, monkeypatch, capsys):
    monkeypatch.chdir(bundle)
    card = (bundle / "README.md").read_text(encoding="utf-8")
    for code in card.split("```python")[1:]:
        exec(code.split("```")[0], {})
    assert len(capsys.readouterr().out.splitlines()) == 10


def test_a_changed_weight_is_found(exported, tmp_path):
    checkpoint, folder = exported
    trained = load_checkpoint(checkpoint)
    weights = {name: weight.clone() for name, weight in trained.weights.items()}
    weights["rnn.weight_hh_l0"][0, 0] += 1e-2
    other = write_checkpoint(tmp_path / "other.pt", trained.network.to_dict(), weights)
    with pytest.raises(ParityError, match=r"does not equal .*other\.pt"):
        verify_bundle(folder, other)


def test_a_single_file_is_enough(exported, tmp_path):
    alone = shutil.copy(exported[1] / "step.onnx", tmp_path / "walk.onnx")
    inputs = np.zeros((1, 4, 3), np.float32)
    np.testing.assert_array_equal(
        toolkit.load_series(alone, "cpu").run(inputs)[0], toolkit.load_series(exported[1], "cpu").run(inputs)[0]
    )


def test_a_series_writes_no_text_and_a_language_model_reads_no_numbers(bundle, make_bundle, capsys):
    with pytest.raises(toolkit.ToolkitError, match=r"it writes no text: open it with toolkit\.load_series"):
        toolkit.load(bundle, "cpu")
    with pytest.raises(toolkit.ToolkitError, match=r"is a language model: open it with toolkit\.load"):
        toolkit.load_series(make_bundle(), "cpu")
    for command in ("generate", "eval"):
        rest = ["-p", "a"] if command == "generate" else ["builtin:lyrics-en"]
        assert _run(args=[command, str(bundle), *rest]) == 2
        assert "it writes no text" in capsys.readouterr().err
    assert _run(args=["info", str(bundle)]) == 0
    assert "inputs float32 [N, 3]" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("inputs", "message"),
    [
        (np.zeros((2, 5, 2), np.float32), "inputs must be float32 [N, T, D] with D = 3, found float32 [2, 5, 2]"),
        (np.zeros((5, 3), np.float32), "found float32 [5, 3]"),
        (np.zeros((2, 0, 3), np.float32), "found float32 [2, 0, 3]"),
        (np.zeros((1, 1, 3)), "found float64 [1, 1, 3]"),
        ([[[1, 2, 3]]], "found list"),
        (np.full((1, 1, 3), np.nan, np.float32), "must be finite"),
    ],
)
def test_wrong_inputs_are_refused_in_words(bundle, inputs, message):
    model = toolkit.load_series(bundle, "cpu")
    with pytest.raises(toolkit.ToolkitError) as error:
        model.run(inputs)
    assert message in str(error.value)
    with pytest.raises(toolkit.ToolkitError, match="state must be"):
        model.run(np.zeros((2, 1, 3), np.float32), model.init_state(1))
    with pytest.raises(toolkit.ToolkitError, match="must have the same width, found 2 and 3"):
        model.run_free(np.zeros((1, 1, 3), np.float32), 2)


def test_a_damaged_signature_is_refused(bundle):
    path = bundle / "model.json"
    path.write_text(path.read_text("utf-8").replace('"outputs"', '"results"'), "utf-8")
    with pytest.raises(FileFormatError):
        toolkit.load_series(bundle, "cpu")


def test_quantising_is_refused(exported, tmp_path, capsys):
    command = ["export", str(exported[0]), "-o", str(tmp_path / "q"), "--quantize", "int8"]
    assert _run(args=command) == 2
    assert "measured as perplexity, which a model over real numbers does not have" in capsys.readouterr().err
    assert not (tmp_path / "q").exists()


# Recipes to the end ----------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def recipe_bundle(tmp_path_factory):
    """A function that trains and exports a recipe once; gives the bundle."""
    made = {}

    def make(name, *options):
        if name not in made:
            run = tmp_path_factory.mktemp("recipe") / "run"
            with contextlib.redirect_stderr(io.StringIO()) as said:
                assert _run(args=["train", "--recipe", name, "-o", str(run), "--device", "cpu", *options]) == 0
            assert "next: toolkit export" in said.getvalue()
            assert "epochs are done" not in said.getvalue()
            made[name] = export_checkpoint(run / "best.pt").folder
        return made[name]

    return make


@pytest.mark.parametrize(
    ("name", "expected"), [("srn", [4, 12, 32]), ("srn-tanh", [1.92805516, 1.99845109, 1.99997535])]
)
def test_the_exported_step_gives_the_worked_example_s_numbers(recipe_bundle, name, expected):
    session = onnxruntime.InferenceSession(recipe_bundle(name) / "step.onnx", providers=["CPUExecutionProvider"])
    h, found = np.zeros((1, 1, 2), np.float32), []
    for x in (1, 1, 2):
        outputs, h = session.run(None, {"inputs": np.full((1, 2), x, np.float32), "h0": h})
        assert outputs[0, 0] == outputs[0, 1]
        found.append(float(outputs[0, 0]))
    np.testing.assert_allclose(found, expected, rtol=2e-7)


def test_a_network_that_grows_without_bound_is_compared_for_as_long_as_it_is_finite(recipe_bundle):
    facts = json.loads((recipe_bundle("srn") / "model.json").read_bytes())["parity"]
    assert 64 < facts["steps"] < 128  # it doubles with each step, and float32 ends at 2**128
    assert json.loads((recipe_bundle("srn-tanh") / "model.json").read_bytes())["parity"]["steps"] == 256


@pytest.mark.slow
def test_the_exported_adder_adds_numbers_far_longer_than_it_has_learnt(recipe_bundle):
    model = toolkit.load_series(recipe_bundle("binary-addition"), "cpu")
    data = toolkit.series_data.load_series_data("builtin:binary-addition")
    assert ((model.run(data.inputs)[0] > 0.5) == (data.targets > 0.5)).all()
    random = np.random.default_rng(0)
    a, b = random.integers(0, 2**64, (2, 1000), dtype=np.uint64)
    outputs, _ = model.run(addition_bits(a, b, 64))
    np.testing.assert_array_equal(outputs > 0.5, sum_bits(a, b, 64) > 0.5)


@pytest.mark.slow
def test_the_exported_sine_runs_free(recipe_bundle, tmp_path, capsys):
    bundle = recipe_bundle("sine")
    chart, output = tmp_path / "sine.png", tmp_path / "sine.csv"
    command = ["series", str(bundle), "--input", "builtin:sine", "--free", "200", "--device", "cpu"]
    assert _run(args=["verify", str(bundle), "--against", str(bundle.parent / "best.pt")]) == 0
    capsys.readouterr()
    assert _run(args=[*command, "--chart", str(chart), "--output", str(output)]) == 0
    printed = capsys.readouterr()
    assert (printed.out, printed.err) == ("", "2,000 steps and 200 free ones on cpu\n")
    assert imread(chart).shape[2] == 4
    points = np.loadtxt(output, np.float32)
    wave = np.sin(2 * np.pi * np.arange(1, 2201) / 40)
    assert ((points[100:2000] - wave[100:2000]) ** 2).mean() < 1e-3
    assert np.abs(points[2000:] - wave[2000:]).max() < 0.5
    assert _run(args=[*command, "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    np.testing.assert_array_equal(np.array([*found["outputs"], *found["free"]], np.float32)[:, 0], points)


def test_wrong_input_on_the_command_line_is_refused_in_words(recipe_bundle, tmp_path, capsys):
    bundle = str(recipe_bundle("srn"))
    assert _run(args=["series", bundle, "--input", "builtin:sine"]) == 2
    assert "builtin:sine: the model reads 2 numbers a step, found 1" in capsys.readouterr().err
    assert _run(args=["series", bundle, "--input", str(tmp_path / "none.csv")]) == 2
    assert "found nothing there" in capsys.readouterr().err
    assert _run(args=["series", bundle, "-i", "builtin:srn", "--chart", str(tmp_path / "no" / "a.png")]) == 2
    assert "cannot be written" in capsys.readouterr().err
