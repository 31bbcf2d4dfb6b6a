import contextlib
import hashlib
import io
import json
import re
import shutil
import zipfile
from dataclasses import replace
from pathlib import Path

import onnx
import pytest
import torch

import toolkit
from toolkit.cli import _run
from toolkit.corpus import CorpusOptions, load_corpus
from toolkit.export import language_bundle, parity
from toolkit.export.exporter import default_folder
from toolkit.models.checkpoint import load_checkpoint, save_checkpoint

FILES = ["README.md", "generate.onnx", "model.json", "step.onnx", "step.ts.pt"]


def contents(folder):
    """Every file below a folder, hidden ones too, with its bytes."""
    return {str(p.relative_to(folder)): p.read_bytes() if p.is_file() else None for p in sorted(folder.rglob("*"))}


def one_line(text):
    """The message of a refused command: one line, no traceback."""
    lines = [line for line in text.splitlines() if line]
    assert len(lines) == 1, text
    assert lines[0].startswith("error: ")
    return lines[0]


@pytest.fixture(scope="module")
def bundle(make_bundle):
    return make_bundle()


@pytest.fixture(scope="module")
def model_json(bundle):
    return json.loads((bundle / "model.json").read_bytes())


@pytest.fixture
def checkpoint(make_checkpoint, tmp_path):
    """A copy of the checkpoint in a folder with nothing else."""
    folder = tmp_path / "run"
    folder.mkdir()
    copied = folder / "best.pt"
    copied.write_bytes(make_checkpoint().read_bytes())
    return copied


# What is in a bundle -----------------------------------------------------------------------------------


def test_bundle_holds_two_graphs_the_facts_and_a_card(bundle):
    assert sorted(path.name for path in bundle.iterdir()) == FILES
    assert bundle.stat().st_mode & 0o055 == 0o055  # others may read it


def test_model_json_states_the_contract_in_full(model_json):
    vocab_size = len(model_json["tokenizer"]["vocab"])
    state = {"dtype": "float32", "axes": [1, "N", 48]}
    assert model_json["signatures"] == {
        "step": {
            "inputs": [
                {"name": "input_ids", "dtype": "int64", "axes": ["N"]},
                {"name": "h0", **state},
                {"name": "c0", **state},
            ],
            "outputs": [
                {"name": "logits", "dtype": "float32", "axes": ["N", vocab_size]},
                {"name": "next_h0", **state},
                {"name": "next_c0", **state},
            ],
            "states": {"h0": "next_h0", "c0": "next_c0"},
        },
        "generate": {
            "inputs": [
                {"name": "input_ids", "dtype": "int64", "axes": ["N", "T"]},
                {"name": "lengths", "dtype": "int64", "axes": ["N"]},
                {"name": "h0", **state},
                {"name": "c0", **state},
                {"name": "used", "dtype": "bool", "axes": ["N", vocab_size]},
                {"name": "stopped", "dtype": "bool", "axes": ["N"]},
                {"name": "max_new_tokens", "dtype": "int64", "axes": []},
                {"name": "temperature", "dtype": "float32", "axes": []},
                {"name": "top_k", "dtype": "int64", "axes": []},
                {"name": "top_p", "dtype": "float32", "axes": []},
                {"name": "min_p", "dtype": "float32", "axes": []},
                {"name": "repetition_penalty", "dtype": "float32", "axes": []},
                {"name": "stop_ids", "dtype": "int64", "axes": ["S"]},
                {"name": "uniforms", "dtype": "float32", "axes": ["M", "N"]},
            ],
            "outputs": [
                {"name": "output_ids", "dtype": "int64", "axes": ["N", "R"]},
                {"name": "log_probs", "dtype": "float32", "axes": ["N", "R"]},
                {"name": "next_h0", **state},
                {"name": "next_c0", **state},
                {"name": "next_used", "dtype": "bool", "axes": ["N", vocab_size]},
                {"name": "next_stopped", "dtype": "bool", "axes": ["N"]},
            ],
            "states": {"h0": "next_h0", "c0": "next_c0", "used": "next_used", "stopped": "next_stopped"},
        },
    }
    assert (model_json["format"], model_json["format_version"], model_json["kind"]) == ("rnn-toolkit model", 1, "lm")
    network = model_json["network"]
    assert (network["cell"], network["num_layers"], network["hidden_size"]) == ("lstm", 1, 48)
    assert network["vocab_size"] == vocab_size


def test_model_json_carries_the_vocabulary_of_the_checkpoint(model_json, make_checkpoint):
    tokenizer = load_checkpoint(make_checkpoint()).tokenizer
    expected = {"kind": "char", "newline": "keep", "unk_id": 0, "vocab": list(tokenizer.vocab)}
    assert model_json["tokenizer"] == expected


def test_model_json_says_where_the_model_came_from(model_json, make_checkpoint):
    provenance = model_json["provenance"]
    corpus = load_corpus("builtin:lyrics-zh", CorpusOptions(max_chars=4000))
    assert provenance["checkpoint_sha256"] == hashlib.sha256(make_checkpoint().read_bytes()).hexdigest()
    assert provenance["corpus"]["name"] == "builtin:lyrics-zh"
    assert provenance["corpus"]["characters"] == len(corpus.train) + len(corpus.valid)
    assert re.fullmatch("[0-9a-f]{64}", provenance["corpus"]["sha256"])
    assert provenance["toolkit"] == toolkit.__version__
    assert torch.__version__.startswith(provenance["torch"])
    assert provenance["epoch"] in {1, 2}
    assert 1 < provenance["perplexity"] < len(model_json["tokenizer"]["vocab"]) * 2
    assert provenance["valid_perplexity"] > 1


def test_model_json_gives_the_figures_of_the_gate(model_json):
    parity = model_json["parity"]
    assert (parity["atol"], parity["steps"], parity["batch_sizes"]) == (1e-5, 256, [1, 2, 7])
    assert (parity["greedy_tokens"], parity["greedy_ties"]) == (256, 0)
    for figures in (parity["largest_error"], parity["largest_error_of_single_steps"]):
        assert sorted(figures) == ["onnx", "torchscript"]
        for errors in figures.values():
            assert sorted(errors) == ["logits", "next_c0", "next_h0"]
            assert 0 < max(errors.values()) <= 1e-5


def test_hashes_and_sizes_in_model_json_are_those_of_the_files(bundle, model_json):
    assert sorted(model_json["files"]) == [name for name in FILES if name != "model.json"]
    for name, entry in model_json["files"].items():
        data = (bundle / name).read_bytes()
        assert entry == {"bytes": len(data), "sha256": hashlib.sha256(data).hexdigest()}


def test_all_graph_files_carry_the_facts_of_model_json(bundle, model_json):
    facts = {key: value for key, value in model_json.items() if key != "files"}
    for graph in ("step", "generate"):
        (entry,) = onnx.load(bundle / f"{graph}.onnx").metadata_props
        assert json.loads(entry.value) == {**facts, "graph": graph}
    extra = {"rnn_toolkit": ""}
    with pytest.warns(DeprecationWarning, match=r"torch\.jit\.load"):
        torch.jit.load(bundle / "step.ts.pt", _extra_files=extra)
    assert json.loads(extra["rnn_toolkit"]) == {**facts, "graph": "step"}


@pytest.mark.parametrize(
    ("checkpoint", "folder"),
    [("runs/a/best.pt", "runs/a/best"), ("ckpt", "ckpt-bundle"), ("a.b.pt", "a.b"), ("/x/m.ckpt", "/x/m")],
)
def test_default_folder_lies_beside_the_checkpoint_and_bears_its_name(checkpoint, folder):
    assert default_folder(Path(checkpoint)) == Path(folder)


# The gate ------------------------------------------------------------------------------------------------


@pytest.fixture
def wrong_step(monkeypatch, bundle):
    """The exporter builds the step with one weight off by a hundredth; `bundle` was made before."""
    right = language_bundle.step_module
    monkeypatch.setattr(parity, "STEPS", 48)  # the fault shows early

    def wrong(*args):
        module = right(*args)
        module.layers.layers[0].w_hh[3, 5] += 1e-2
        return module

    monkeypatch.setattr(language_bundle, "step_module", wrong)


@pytest.mark.usefixtures("wrong_step")
@pytest.mark.parametrize("there_is_a_bundle", [False, True])
def test_failed_parity_leaves_nothing_behind_and_an_old_bundle_as_it_was(there_is_a_bundle, checkpoint, bundle, capfd):
    if there_is_a_bundle:
        shutil.copytree(bundle, checkpoint.with_suffix(""))
    before = contents(checkpoint.parent)
    assert _run(args=["export", str(checkpoint), *(["--force"] if there_is_a_bundle else [])]) == 2
    message = one_line(capfd.readouterr().err)
    assert re.search(r"torchscript: output \w+ differs from eager PyTorch by \d\S+ at step \d+ of 48 ", message)
    assert message.endswith("Nothing was exported.")
    assert contents(checkpoint.parent) == before


@pytest.fixture(scope="module")
def replaced(make_checkpoint, bundle, tmp_path_factory):
    """`toolkit export --force` over a bundle: the folder, and what the command printed."""
    home = tmp_path_factory.mktemp("secret-home")
    loaded = load_checkpoint(make_checkpoint())
    corpus = {**loaded.corpus, "source": str(home / "songs.txt")}
    save_checkpoint(home / "best.pt", replace(loaded, corpus=corpus))
    shutil.copytree(bundle, home / "best")
    (home / "best" / "left over.txt").write_text("of the old bundle")
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        assert _run(args=["export", str(home / "best.pt"), "--force", "--max-table-mib", "0"]) == 0
    return home / "best", out.getvalue(), err.getvalue()


def test_force_replaces_a_bundle_as_a_whole(replaced):
    folder, _, _ = replaced
    assert sorted(path.name for path in folder.parent.iterdir()) == ["best", "best.pt"]
    assert sorted(path.name for path in folder.iterdir()) == FILES
    assert toolkit.load(folder).device in {"cpu", "cuda"}


def test_table_of_figures_goes_to_standard_error(replaced):
    _, out, err = replaced
    assert out == ""
    assert len(re.findall(r"(?m)^│ (?:onnx|torchscript) .*(?:\d\.\de[-+]\d\d.*){4}│$", err)) == 12
    assert "allowed 1e-05 relative to max(1, |x|)" in err
    assert "greedy continuation of 256 tokens identical" in err


def test_table_is_folded_only_up_to_the_size_asked_for(replaced, bundle):
    def shapes(folder):
        return {tuple(tensor.dims) for tensor in onnx.load(folder / "step.onnx").graph.initializer}

    unfolded, _, _ = replaced
    vocab_size = len(toolkit.load(unfolded).tokenizer)
    assert (vocab_size, 4 * 48) in shapes(bundle)  # embedding x W_ih
    assert (vocab_size, 24) in shapes(unfolded)  # the embedding itself
    texts = [toolkit.load(folder, "cpu").generate("月", temperature=0)[0].text for folder in (bundle, unfolded)]
    assert texts[0] == texts[1]


def test_files_name_the_corpus_but_not_the_folder_it_lay_in(replaced):
    folder, _, _ = replaced
    assert json.loads((folder / "model.json").read_bytes())["provenance"]["corpus"]["name"] == "songs.txt"
    for path in folder.iterdir():
        data = path.read_bytes()
        if zipfile.is_zipfile(path):
            with zipfile.ZipFile(path) as archive:
                data += b"".join(archive.read(name) for name in archive.namelist())
        assert b"secret-home" not in data


# Where it may be written -------------------------------------------------------------------------------


def not_a_bundle(folder):
    folder.mkdir()
    (folder / "poems.txt").write_text("precious")


def json_of_another_program(folder):
    folder.mkdir()
    (folder / "model.json").write_text('{"format": "of another program"}')


def plain_file(folder):
    folder.write_text("precious")


@pytest.mark.parametrize("force", [[], ["--force"]])
@pytest.mark.parametrize("there", [not_a_bundle, json_of_another_program, plain_file])
def test_nothing_but_a_bundle_is_ever_replaced(there, force, checkpoint, capfd):
    there(checkpoint.with_suffix(""))
    before = contents(checkpoint.parent)
    assert _run(args=["export", str(checkpoint), *force]) == 2
    message = one_line(capfd.readouterr().err)
    assert str(checkpoint.with_suffix("")) in message
    assert "-o" in message
    assert contents(checkpoint.parent) == before


def test_bundle_is_not_replaced_without_force(checkpoint, make_bundle, capfd):
    before = contents(make_bundle())
    assert _run(args=["export", str(checkpoint), "-o", str(make_bundle())]) == 2
    assert "--force" in one_line(capfd.readouterr().err)
    assert contents(make_bundle()) == before


@pytest.mark.parametrize("below", ["best.pt/model", "best.pt/deeper/model"])
def test_target_below_a_regular_file_is_refused(below, checkpoint, capfd):
    before = contents(checkpoint.parent)
    assert _run(args=["export", str(checkpoint), "-o", str(checkpoint.parent / below)]) == 2
    assert "best.pt" in one_line(capfd.readouterr().err)
    assert contents(checkpoint.parent) == before


@pytest.mark.skipif(not Path("/proc/self").exists(), reason="needs a folder that not even root can write to")
def test_target_that_cannot_be_written_to_is_refused(checkpoint, capfd):
    assert _run(args=["export", str(checkpoint), "-o", "/proc/self/model"]) == 2
    assert "/proc/self/model: cannot write here" in one_line(capfd.readouterr().err)


def test_truncated_checkpoint_leaves_nothing_behind(checkpoint, capfd):
    checkpoint.write_bytes(checkpoint.read_bytes()[:-1000])
    before = contents(checkpoint.parent)
    assert _run(args=["export", str(checkpoint)]) == 2
    assert str(checkpoint) in one_line(capfd.readouterr().err)
    assert contents(checkpoint.parent) == before
