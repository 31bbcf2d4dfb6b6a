"""Quantised bundles: what they compute, how small they are, and when they are refused."""

import json
import platform
import shutil

import numpy as np
import onnx
import pytest

import toolkit
from toolkit.cli import _run
from toolkit.errors import ParityError
from toolkit.export.export_options import ExportOptions
from toolkit.export.exporter import export_checkpoint, verify_bundle
from toolkit.export.generate_graph import generate_graph
from toolkit.export.quantize import quantize
from toolkit.language_model import LanguageModel
from toolkit.onnx_models import OnnxDecodeLoop, OnnxStepModel
from toolkit.onnx_session import check_contract, open_session
from toolkit.tokenizer import UNK, CharTokenizer

KINDS = ("int8", "int4", "fp16")
CELLS = ("rnn", "gru", "lstm")
SHAPE = {"hidden_size": 96, "embedding_size": 32, "num_layers": 2}


@pytest.fixture(params=KINDS)
def kind(request):
    return request.param


@pytest.fixture(params=["int8", *(pytest.param(kind, marks=pytest.mark.slow) for kind in ("int4", "fp16"))])
def exported_kind(request):
    """Whole bundles of the others are made where slow tests run."""
    return request.param


@pytest.fixture
def rounded(loops_of, kind):
    """A function cell -> (the float32 step, a language model on the quantised graphs)."""

    def make(cell):
        found = loops_of(cell, 2)
        step = quantize(found.step_graph, kind)
        signature, contract = found.steps["onnx"].signature, found.loops["onnx"].signature
        sessions = [
            open_session(graph.SerializeToString(), "a quantised graph")
            for graph in (step, generate_graph(step, contract, (0,), "generate"))
        ]
        tokenizer = CharTokenizer((UNK, *(chr(0x4E00 + i) for i in range(28))))
        check_contract(sessions[0], signature, "step.onnx", "step")
        check_contract(sessions[1], contract, "generate.onnx", "generate")
        model = LanguageModel(
            OnnxStepModel(lambda: sessions[0], signature, "cpu"),
            tokenizer,
            OnnxDecodeLoop(sessions[1], contract, "cpu"),
        )
        return found.steps["onnx"], model

    return make


@pytest.mark.parametrize("cell", CELLS)
def test_quantised_steps_stay_near_the_float32_ones(rounded, text_ids, cell, kind):
    whole, model = rounded(cell)
    states = whole.init_state(1), model.init_state(1)
    for row in text_ids[:60, None]:
        exact, first = whole.step(row, states[0])
        near, second = model.step(row, states[1])
        states = first, second
        assert np.corrcoef(exact[0], near[0])[0, 1] > {"int8": 0.999, "int4": 0.97, "fp16": 0.99999}[kind]
        assert not np.array_equal(exact, near)  # or nothing was quantised


@pytest.mark.parametrize("cell", CELLS)
@pytest.mark.parametrize(
    "options",
    [{"temperature": 0}, {"temperature": 0.8, "top_k": 9}, {"top_p": 0.9, "repetition_penalty": 1.2}],
    ids=["greedy", "top-k", "top-p"],
)
def test_the_quantised_loop_writes_what_its_own_step_writes(rounded, cell, options):
    _, model = rounded(cell)
    prompt = model.tokenizer.decode([4, 9, 17])
    in_graph = model.generate(prompt, max_new_tokens=80, seed=3, **options)[0]
    model.loop = None
    step_by_step = model.generate(prompt, max_new_tokens=80, seed=3, **options)[0]
    assert in_graph.ids == step_by_step.ids
    assert in_graph.log_probs == pytest.approx(step_by_step.log_probs, abs=1e-4)


@pytest.mark.slow
def test_files_are_small_self_contained_and_int8_is_portable(make_bundle, exported_kind):
    kind = exported_kind
    whole, rounded = make_bundle(**SHAPE), make_bundle(kind, **SHAPE)
    assert sorted(path.name for path in rounded.iterdir()) == ["README.md", "generate.onnx", "model.json", "step.onnx"]
    for name in ("step.onnx", "generate.onnx"):
        facts = (whole / "model.json").stat().st_size  # they stand in each file, whatever the weights are
        size, before = ((folder / name).stat().st_size - facts for folder in (rounded, whole))
        assert size < (0.55 if kind == "fp16" else 0.35) * before  # 0.5 or 0.25 of the weights, and the graph itself
        domains = {opset.domain for opset in onnx.load(rounded / name).opset_import}
        assert domains == ({"", "com.microsoft"} if kind == "int4" else {""})


def test_model_json_and_card_say_what_it_costs(make_bundle, exported_kind):
    kind = exported_kind
    folder = make_bundle(kind, **SHAPE)
    found = json.loads((folder / "model.json").read_bytes())["quantization"]
    assert found["kind"] == kind
    assert found["fast_on"] == {"int8": "any", "int4": "native", "fp16": "cuda"}[kind]
    assert found["text"] == "the validation split of builtin:lyrics-zh"
    assert 0.9 < found["perplexity"] / found["perplexity_float32"] < 1.1
    assert found["bytes"] < found["bytes_float32"]
    card = (folder / "README.md").read_text(encoding="utf-8")
    assert f"| weights | {kind}, perplexity " in card
    assert ("faster than float32 in native ONNX Runtime only" in card) == (kind == "int4")
    assert ("faster than float32 on CUDA only" in card) == (kind == "fp16")
    assert "torch.jit.load" not in card


@pytest.mark.slow
def test_a_quantised_bundle_is_verified_and_a_changed_one_is_not(make_bundle, make_checkpoint, exported_kind, tmp_path):
    kind = exported_kind
    checkpoint, folder = make_checkpoint(**SHAPE), make_bundle(kind, **SHAPE)
    assert kind in verify_bundle(folder, checkpoint).loops
    other = tmp_path / "other"
    shutil.copytree(folder, other)
    model = onnx.load(other / "step.onnx")
    bias = next(tensor for tensor in model.graph.initializer if tensor.name == "output.bias")
    values = onnx.numpy_helper.to_array(bias) + np.float32(0.01)
    bias.CopyFrom(onnx.numpy_helper.from_array(values, bias.name))
    data = model.SerializeToString()
    (other / "step.onnx").write_bytes(data)
    facts = json.loads((other / "model.json").read_bytes())
    facts["files"]["step.onnx"] = {"bytes": len(data), "sha256": toolkit.files.sha256(data)}
    (other / "model.json").write_text(json.dumps(facts), encoding="utf-8")
    with pytest.raises(ParityError, match=r"step\.onnx is not what exporting and quantising the checkpoint gives"):
        verify_bundle(other, checkpoint)


@pytest.mark.slow
def test_a_model_that_would_suffer_is_refused_and_nothing_is_left(make_checkpoint, make_bundle, tmp_path, capsys):
    # A text drawn from the float32 model itself: no other distribution predicts it better on average.
    text = tmp_path / "own.txt"
    own = toolkit.load(make_bundle(**SHAPE), "cpu").generate("月", max_new_tokens=3000, seed=1)[0]
    text.write_text(own.text, encoding="utf-8")
    target = tmp_path / "bundle"
    arguments = ["export", make_checkpoint(**SHAPE), "-o", target, "--quantize", "int4", "--eval", text]
    assert _run(args=[*map(str, arguments), "--max-ppl-increase", "0"]) == 2
    said = capsys.readouterr().err
    assert f"error: int4: the perplexity on {text.name} rises from " in said
    assert "--max-ppl-increase allows 0 %. Nothing was exported." in said
    assert sorted(path.name for path in tmp_path.iterdir()) == ["own.txt"]


@pytest.mark.slow
def test_export_prints_the_cost_and_chooses_a_folder_of_its_own(make_checkpoint, tmp_path, capsys):
    checkpoint = shutil.copy(make_checkpoint(**SHAPE), tmp_path / "song.pt")
    assert _run(args=["export", str(checkpoint), "--quantize", "int8"]) == 0
    said = " ".join(capsys.readouterr().err.split())
    assert "int8: perplexity " in said
    assert "x as fast on cpu here" in said
    assert (tmp_path / "song-int8" / "generate.onnx").is_file()


@pytest.mark.slow
def test_where_there_is_no_validation_split_the_carried_text_is_used(make_checkpoint, tmp_path):
    import torch

    from toolkit.models.checkpoint import load_checkpoint, save_checkpoint

    checkpoint = load_checkpoint(make_checkpoint(**SHAPE))
    moved = tmp_path / "moved.pt"
    corpus = {**checkpoint.corpus, "source": str(tmp_path / "gone.txt")}
    save_checkpoint(moved, type(checkpoint)(**{**vars(checkpoint), "corpus": corpus}))
    assert torch.load(moved, weights_only=True)["payload"]["corpus"]["source"].endswith("gone.txt")
    done = export_checkpoint(moved, tmp_path / "b", ExportOptions(quantize="int8", max_ppl_increase=100.0))
    assert done.quantized.text == "the beginning of the training text"


@pytest.mark.slow
def test_int4_warns_on_a_processor_that_has_no_arithmetic_for_it(make_bundle, monkeypatch):
    monkeypatch.setattr(platform, "machine", lambda: "wasm32")
    with pytest.warns(UserWarning, match="int4 is slower than float32 on wasm32; export with --quantize int8"):
        toolkit.load(make_bundle("int4", **SHAPE), "cpu")
    toolkit.load(make_bundle("int8", **SHAPE), "cpu")


@pytest.mark.slow
def test_fp16_warns_on_the_cpu(make_bundle):
    with pytest.warns(UserWarning, match="fp16 is slower than float32 on the CPU; export with --quantize int8"):
        toolkit.load(make_bundle("fp16", **SHAPE), "cpu")


def test_quantising_leaves_the_graph_it_is_given_alone(make_bundle, kind):
    step = onnx.load(make_bundle(**SHAPE) / "step.onnx")
    before = step.SerializeToString()
    quantize(step, kind)
    assert step.SerializeToString() == before


def test_a_text_to_measure_on_needs_a_quantisation(tmp_path, capsys):
    assert _run(args=["export", str(tmp_path / "a.pt"), "--eval", "builtin:lyrics-en"]) == 2
    assert "eval measures what quantisation costs; give quantize int8, int4 or fp16, too" in capsys.readouterr().err
