"""Networks that read a window through export: parity, bundle, runtime and command line."""

import itertools
import json
import shutil
from dataclasses import replace

import numpy as np
import onnx
import pytest
import torch
from onnx import numpy_helper

import toolkit
from toolkit.bundle import read_bundle
from toolkit.cli import _run
from toolkit.errors import FileFormatError, ParityError
from toolkit.export import window_bundle
from toolkit.export.differences import ATOL
from toolkit.export.export_options import ExportOptions
from toolkit.export.exporter import export_checkpoint, verify_bundle
from toolkit.export.torchscript_file import script, torchscript_bytes
from toolkit.language_model import UnknownTokenWarning
from toolkit.models.char_rnn import CharRNN
from toolkit.models.checkpoint import Checkpoint, load_checkpoint, save_checkpoint
from toolkit.models.network_options import NetworkOptions
from toolkit.models.rnn_by_hand import bidirectional_rnn
from toolkit.models.train_options import TrainOptions
from toolkit.models.window_options import WindowOptions
from toolkit.models.window_rnn import WindowRNN
from toolkit.tokenizer import CharTokenizer, TokenizerOptions

TEXT = "the moon is a lantern,\nthe sea is a mirror. "
SHAPES = {
    "rnn, one-hot": {"cell": "rnn", "embedding_size": 0, "num_layers": 1},
    "gru": {"cell": "gru"},
    "lstm, three layers": {"cell": "lstm", "num_layers": 3, "dropout": 0.5},
}
NO_STEP = "it has no step to go on with from token to token. Open it with toolkit.load_window, or use `toolkit window`"


def write_checkpoint(path, shape, size=0.4, weights=None):
    torch.manual_seed(0)
    options = WindowOptions(**{"hidden_size": 6, "embedding_size": 5, **shape})
    tokenizer = CharTokenizer.build([TEXT], TokenizerOptions())
    network = WindowRNN(options, len(tokenizer))
    with torch.no_grad():
        for weight in network.parameters():
            weight.uniform_(-size, size)
    corpus = {"source": "song.txt", "sha256": "", "characters": len(TEXT), "options": {}, "sample": TEXT}
    training = {"options": TrainOptions(num_steps=20).to_dict()}
    state = weights or network.state_dict()
    save_checkpoint(path, Checkpoint("window", options, {"tokenizer": tokenizer}, state, training, corpus, {}))
    return path


@pytest.fixture(scope="module", params=SHAPES.values(), ids=SHAPES)
def exported(request, tmp_path_factory):
    folder = tmp_path_factory.mktemp("window")
    checkpoint = write_checkpoint(folder / "song.pt", request.param)
    return checkpoint, export_checkpoint(checkpoint).folder


@pytest.fixture(scope="module")
def one_exported(tmp_path_factory):
    checkpoint = write_checkpoint(tmp_path_factory.mktemp("window") / "song.pt", SHAPES["gru"])
    return checkpoint, export_checkpoint(checkpoint).folder


@pytest.fixture
def bundle(one_exported, tmp_path):
    return shutil.copytree(one_exported[1], tmp_path / "song")


@pytest.fixture
def model(one_exported):
    return toolkit.load_window(one_exported[1], "cpu")


# The gate --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("backend", ["onnx", "torchscript", "eager"])
def test_the_exported_file_computes_what_torch_s_own_module_computes(exported, backend):
    checkpoint, folder = exported
    network = load_checkpoint(checkpoint).build()
    model = toolkit.load_window(checkpoint if backend == "eager" else folder, "cpu", backend=backend)
    random = np.random.default_rng(1)
    for shape in ((1, 1), (1, 20), (3, 7), (5, 40)):
        ids = random.integers(0, network.vocab_size, shape)
        with torch.no_grad():
            expected = network(torch.from_numpy(ids))
        np.testing.assert_allclose(model.logits(ids), expected, rtol=0, atol=2e-6)


def test_the_bundle_is_verified_and_says_what_it_is(exported):
    checkpoint, folder = exported
    report = verify_bundle(folder, checkpoint)
    cases = {(r.graph, r.data, r.batch_size) for r in report.rollouts}
    assert cases == {(g, d, n) for g in ("torchscript", "onnx") for d in ("text", "random") for n in (1, 2, 7)}
    assert report.lengths == (1, 20, 64)
    facts = json.loads((folder / "model.json").read_bytes())
    assert (facts["kind"], facts["network"]["window"]) == ("window", 20)
    assert facts["parity"]["lengths"] == [1, 20, 64]
    assert all(errors["logits"] <= ATOL for errors in facts["parity"]["largest_error"].values())
    assert list(facts["signatures"]) == ["sequence"]
    names = sorted(path.name for path in folder.iterdir())
    assert names == ["README.md", "model.json", "sequence.onnx", "sequence.ts.pt"]
    assert {opset.domain for opset in onnx.load(folder / "sequence.onnx").opset_import} == {""}


def damaged(data):
    """sequence.onnx with one recurrent weight changed by a hundredth."""
    graph = onnx.load_from_string(data)
    weight = next(part for part in graph.graph.initializer if part.name == "rnn_r_l0")
    array = numpy_helper.to_array(weight).copy()
    array[1, 0, 0] += 0.01  # of the backward direction
    weight.CopyFrom(numpy_helper.from_array(array, weight.name))
    return graph.SerializeToString()


@pytest.mark.parametrize("size", [0.4, 2.0], ids=["a calm network", "one that amplifies rounding"])
def test_a_changed_weight_is_found(size, tmp_path):
    checkpoint = load_checkpoint(write_checkpoint(tmp_path / "song.pt", {"cell": "rnn", "hidden_size": 24}, size))
    folder = export_checkpoint(tmp_path / "song.pt").folder
    bundle = read_bundle(folder)
    rounding = bundle.info.parity["rounding_of_eager_float32"]
    assert bool(rounding) == (size == 2)
    files = {name: bundle.read(name) for name in bundle.files}
    files["sequence.onnx"] = damaged(files["sequence.onnx"])
    with pytest.raises(ParityError, match=r"onnx: output logits differs from eager PyTorch by .* \(text ids, batch"):
        window_bundle.check(checkpoint, files, bundle.info)


class Frozen(torch.nn.Module):
    def __init__(self, network):
        super().__init__()
        self.network = network

    def forward(self, input_ids: torch.Tensor):
        return self.network(input_ids.view(2, 20))


def test_a_graph_frozen_to_one_length_is_found(one_exported):
    checkpoint, folder = one_exported
    bundle = read_bundle(folder)
    files = {name: bundle.read(name) for name in bundle.files}
    network = load_checkpoint(checkpoint).build()
    files["sequence.ts.pt"] = torchscript_bytes(script(Frozen(network).eval()), "")
    with pytest.raises(ParityError, match=r"torchscript: does not run \(text ids, batch size 1, 1 tokens long\)"):
        window_bundle.check(load_checkpoint(checkpoint), files, bundle.info)


def test_tokens_that_eager_holds_equal_are_ties(tmp_path):
    checkpoint = load_checkpoint(write_checkpoint(tmp_path / "song.pt", {"cell": "gru"}))
    weights = {name: weight.clone() for name, weight in checkpoint.weights.items()}
    weights["output.weight"][2] = weights["output.weight"][3]  # two tokens of equal logits, above all others
    weights["output.bias"][2:4] = 5
    equal = replace(checkpoint, weights=weights)
    built = window_bundle.build(equal, "", ExportOptions())
    graph = onnx.load_from_string(built.files["sequence.onnx"])
    bias = next(part for part in graph.graph.initializer if part.name == "output_b")
    array = numpy_helper.to_array(bias).copy()
    array[3] += 1e-5
    bias.CopyFrom(numpy_helper.from_array(array, bias.name))
    report = window_bundle.check(equal, {**built.files, "sequence.onnx": graph.SerializeToString()}, built.info)
    assert (built.report.ties, report.ties) == (0, 60)  # every sequence: of 1, 2 and 7, 3 lengths, 2 kinds of data


def test_another_checkpoint_is_refused(one_exported, tmp_path):
    checkpoint, folder = one_exported
    weights = {name: weight.clone() for name, weight in load_checkpoint(checkpoint).weights.items()}
    weights["rnn.weight_hh_l0_reverse"][-1, 0] += 1e-2
    other = write_checkpoint(tmp_path / "other.pt", SHAPES["gru"], weights=weights)
    with pytest.raises(ParityError, match=r"does not equal .*other\.pt"):
        verify_bundle(folder, other)


def test_quantising_is_refused(one_exported, tmp_path, capsys):
    command = ["export", str(one_exported[0]), "-o", str(tmp_path / "q"), "--quantize", "int8"]
    assert _run(args=command) == 2
    assert "a network that reads a window has no step for that. Export it without." in capsys.readouterr().err
    assert not (tmp_path / "q").exists()


# The runtime -----------------------------------------------------------------------------------------


def test_next_tokens_are_the_most_probable_ones(model):
    logits = model.logits(model.tokenizer.encode("the moon")[None])[0].astype(np.float64)
    expected = np.exp(logits) / np.exp(logits).sum()
    np.testing.assert_allclose(model.predict("the moon"), expected, rtol=1e-5)
    best = model.next_tokens("the moon", 3)
    order = [i for i in np.argsort(-expected) if i != model.tokenizer.unk_id]
    assert [token for token, _ in best] == [model.tokenizer.vocab[i] for i in order[:3]]
    assert [p for _, p in best] == pytest.approx(expected[order[:3]], rel=1e-5)
    every = model.next_tokens("the moon", 1000)
    assert sorted(token for token, _ in every) == sorted(model.tokenizer.vocab[1:])


def test_of_a_long_text_the_last_window_is_read(model):
    text = TEXT * 3
    np.testing.assert_array_equal(model.predict(text), model.predict(text[-20:]))
    assert not np.array_equal(model.predict(text), model.predict(text[-19:]))


def test_unknown_characters_are_named_and_read_as_unk(model):
    with pytest.warns(UnknownTokenWarning, match="not in the vocabulary, read as <unk>: ü ö"):
        found = model.predict("thü moöon")
    ids = np.array(
        [[*model.tokenizer.encode("th"), 0, *model.tokenizer.encode(" m"), 0, *model.tokenizer.encode("on")]]
    )
    ids = np.insert(ids, 6, model.tokenizer.ids["o"], axis=1)
    assert found.argmax() == model.logits(ids)[0].argmax()
    assert model.backend.read(np.array([[10**6, -1]])).tolist() == model.logits(np.array([[0, 0]])).tolist()


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda m: m.predict(""), "the text must hold at least one token, found an empty one"),
        (lambda m: m.next_tokens("a", 0), "n must be at least 1, found 0"),
        (lambda m: m.logits(np.zeros(3, np.int64)), "input_ids must be int64 [N, T], found int64 [3]"),
        (lambda m: m.logits(np.zeros((2, 0), np.int64)), "input_ids must be int64 [N, T], found int64 [2, 0]"),
        (lambda m: m.logits(np.zeros((1, 1), np.int32)), "input_ids must be int64 [N, T], found int32 [1, 1]"),
        (lambda m: m.logits(np.array([[99]])), "input_ids must lie in 0..15, found 99..99"),
    ],
)
def test_wrong_input_is_refused_in_words(model, call, message):
    with pytest.raises(toolkit.ToolkitError) as error:
        call(model)
    assert message in str(error.value)


def test_a_single_file_is_enough(model, one_exported, tmp_path):
    alone = toolkit.load_window(shutil.copy(one_exported[1] / "sequence.onnx", tmp_path / "a.onnx"), "cpu", threads=2)
    assert alone.window == model.window
    assert alone.next_tokens("sea") == model.next_tokens("sea")
    assert "OnnxSequence on cpu" in repr(alone)


@pytest.mark.parametrize("change", [('"window": 20', '"windows": 20'), ('"window": 20', '"window": "20"')])
def test_a_bundle_without_its_window_is_refused(bundle, change):
    path = bundle / "model.json"
    path.write_text(path.read_text("utf-8").replace(*change), "utf-8")
    with pytest.raises(FileFormatError, match=r"window.*Export the model again"):
        toolkit.load_window(bundle, "cpu")


@pytest.mark.parametrize(
    ("command", "what"),
    [
        *itertools.product(("generate", "eval", "bench", "series"), ("bundle", "graph")),
        *itertools.product(("generate", "eval", "translate"), ("checkpoint",)),
    ],
)
def test_other_commands_say_what_to_use_instead(command, what, one_exported, monkeypatch, capsys):
    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "VECLIB_MAXIMUM_THREADS"):
        monkeypatch.setenv(name, "1")  # or bench would start another process
    checkpoint, folder = one_exported
    path = {"bundle": folder, "graph": folder / "sequence.onnx", "checkpoint": checkpoint}[what]
    rest = {"generate": ["-p", "a"], "eval": ["builtin:lyrics-en"], "series": ["-i", "builtin:sine"]}
    assert _run(args=[command, str(path), *rest.get(command, ["a"] if command == "translate" else [])]) == 2
    said = capsys.readouterr().err
    assert f"{path}: is a network that reads a window" in said
    assert NO_STEP in said
    assert said.count("\n") == 1


def test_another_kind_of_model_is_no_window(tmp_path, capsys):
    tokenizer = CharTokenizer.build([TEXT], TokenizerOptions())
    options = NetworkOptions(hidden_size=4)
    weights = CharRNN(options, len(tokenizer)).state_dict()
    path = tmp_path / "lm.pt"
    save_checkpoint(path, Checkpoint("lm", options, {"tokenizer": tokenizer}, weights, {"options": {}}, {}, {}))
    assert _run(args=["window", str(path), "a"]) == 2
    assert f"{path}: is a language model: open it with toolkit.load" in capsys.readouterr().err


# The command line and the card -----------------------------------------------------------------------


def test_the_command_line_prints_the_next_tokens(one_exported, capsys):
    checkpoint, folder = one_exported
    expected = toolkit.load_window(folder, "cpu").next_tokens("the sea", 4)
    for path in (folder, checkpoint):
        assert _run(args=["window", str(path), "the sea", "-n", "4", "--device", "cpu"]) == 0
        printed = capsys.readouterr()
        assert printed.out == "".join(f"{p:.4f}  {repr(token)[1:-1]}\n" for token, p in expected)
        assert printed.err == "read 7 characters on cpu\n"
    assert _run(args=["window", str(folder), "ü" + TEXT, "--json"]) == 0
    printed = capsys.readouterr()
    found = json.loads(printed.out)
    assert len(found["next"]) == 10
    assert found["next"][0]["probability"] > found["next"][9]["probability"] > 0
    assert "read as <unk>: ü" in printed.err
    assert _run(args=["window", str(folder), ""]) == 2
    assert "found an empty one" in capsys.readouterr().err
    assert _run(args=["window", str(folder), TEXT]) == 0
    assert "read the last 20 of 44 characters" in capsys.readouterr().err


def test_what_export_and_info_and_verify_say(one_exported, tmp_path, capsys):
    checkpoint, folder = (str(path) for path in one_exported)
    assert _run(args=["export", checkpoint, "-o", str(tmp_path / "again")]) == 0
    said = capsys.readouterr().err
    assert "sequences of 1, 20, 64 tokens" in said
    assert "most probable tokens identical" in said
    assert f"next: toolkit window {tmp_path / 'again'} " in said
    for name in ("sequence.onnx", "sequence.ts.pt", "model.json"):
        assert (tmp_path / "again" / name).read_bytes() == (one_exported[1] / name).read_bytes()
    assert _run(args=["verify", folder, "--against", checkpoint]) == 0
    assert f"{folder} equals {checkpoint}" in capsys.readouterr().err
    for path in (folder, checkpoint):
        assert _run(args=["info", path]) == 0
        assert "window" in capsys.readouterr().out


def test_the_card_s_code_runs(bundle, model, monkeypatch, capsys):
    monkeypatch.chdir(bundle)
    card = (bundle / "README.md").read_text(encoding="utf-8")
    for code in card.split("```python")[1:]:
        exec(code.split("```")[0], {})
    first, second = capsys.readouterr().out.splitlines()
    best = model.next_tokens(card.split("vocab.index('")[1][0], 3)
    assert first == str(best)
    assert second == best[0][0].strip("\n")
    line = card.split("```sh\n")[1].split("\n")[0]
    assert line == f"toolkit window . {card.split('vocab.index(')[1][:3]} -n 3"
    assert "| onnx | zeros at first | " in card


# Recipe rnn-by-hand ----------------------------------------------------------------------------------


def test_the_recurrence_by_hand_gives_the_exported_file_s_logits(tmp_path):
    small = ["--epochs", "2", "--max-chars", "400", "--device", "cpu"]
    assert _run(args=["train", "--recipe", "rnn-by-hand", "-o", str(tmp_path / "run"), *small]) == 0
    checkpoint = load_checkpoint(tmp_path / "run" / "best.pt")
    model = toolkit.load_window(export_checkpoint(tmp_path / "run" / "best.pt").folder, "cpu")
    weights = {name.removeprefix("rnn."): weight for name, weight in checkpoint.weights.items()}
    ids = model.tokenizer.encode(checkpoint.corpus["sample"])[:30].reshape(3, 10)
    x = torch.eye(len(model.tokenizer))[torch.from_numpy(ids).T]  # [T, N, V]
    outputs, _ = bidirectional_rnn(x, weights, 2)
    by_hand = outputs[-1] @ weights["output.weight"].T + weights["output.bias"]
    np.testing.assert_allclose(model.logits(ids), by_hand, rtol=0, atol=1e-5)
