"""Opening models from text to text: whole bundles, single files, and what is refused."""

import json
import shutil

import numpy as np
import pytest

import toolkit
from toolkit.cli import _run

NOT_A_TRANSLATOR = "is a language model: open it with toolkit.load, or use `toolkit generate`"
A_TRANSLATOR = "is a model from text to text: open it with toolkit.load_translator, or use `toolkit translate`"


@pytest.fixture(scope="module")
def made(made_of_pairs):
    return made_of_pairs()


@pytest.fixture
def alone(made, tmp_path):
    """A function: the name of a file of the bundle -> a copy of it alone, under another name."""
    return lambda name: shutil.copy(made.bundle / name, tmp_path / f"my-{name}")


def refused(call):
    """The message, one line, with which something is refused."""
    with pytest.raises(toolkit.ToolkitError) as error:
        call()
    assert "\n" not in str(error.value)
    return str(error.value)


def test_translate_onnx_alone_translates_as_the_bundle_does(made, alone, capsys):
    path = alone("translate.onnx")
    single, bundle = toolkit.load_translator(path, "cpu"), toolkit.load_translator(made.bundle, "cpu", threads=2)
    assert repr(single).startswith("Translator(OnnxSeq2Seq on cpu, CharTokenizer(")
    for options in ({}, {"temperature": 1.0, "seed": 3, "num_return_sequences": 3}):
        assert single.translate("春风", **options) == bundle.translate("春风", **options)
    assert _run(args=["translate", str(path), "春风", "--device", "cpu"]) == 0
    assert capsys.readouterr().out == f"{single.translate('春风')[0].text}\n"


@pytest.mark.parametrize("options", [{"num_beams": 3}, {"attention": True}])
def test_beams_and_attention_need_the_bundle(alone, options, made):
    path = alone("translate.onnx")
    message = refused(lambda: toolkit.load_translator(path, "cpu").translate("春风", **options))
    assert message == (
        f"{path}: holds the translation loop alone, and the encoder was asked for (beams and attention need it). "
        "Open the bundle."
    )
    assert toolkit.load_translator(made.bundle, "cpu").translate("春风", **options)[0].ids


@pytest.mark.parametrize("graph", ["encoder", "decoder"])
def test_half_a_model_is_refused_when_it_is_opened(alone, graph, capsys):
    path = alone(f"{graph}.onnx")
    message = f"{path}: holds the {graph} alone. Open the bundle, or its translate.onnx."
    assert refused(lambda: toolkit.load_translator(path, "cpu")) == message
    assert _run(args=["translate", str(path), "春风"]) == 2
    assert capsys.readouterr().err == f"error: {message}\n"


def test_attention_of_a_model_without_it_is_refused(made_of_pairs):
    translator = toolkit.load_translator(made_of_pairs(cell="lstm", attention="none").bundle, "cpu")
    assert "this model was trained without attention" in refused(lambda: translator.translate("春风", attention=True))


@pytest.mark.parametrize("backend", ["onnx", "torchscript", "eager"])
def test_attention_looks_at_every_token_of_the_source_and_sums_to_one(made, backend):
    path = made.checkpoint if backend == "eager" else made.bundle
    translator = toolkit.load_translator(path, "cpu", backend=backend)
    found = [t[0] for t in translator.translate_batch(["春风", "江上春风"], attention=True, min_new_tokens=3)]
    for one, length in zip(found, (2, 4), strict=True):
        assert one.attention.shape == (len(one.ids), length)
        assert one.attention.shape[0] >= 3
        np.testing.assert_allclose(one.attention.sum(axis=1), 1, atol=1e-6)
        assert (one.attention > 0).all()


def test_another_kind_of_model_is_refused_with_the_way_to_open_it(made, make_bundle, make_checkpoint):
    for path, backend in ((make_bundle(), None), (make_bundle(), "torchscript"), (make_checkpoint(), None)):
        assert NOT_A_TRANSLATOR in refused(lambda path=path, b=backend: toolkit.load_translator(path, "cpu", backend=b))
    for path in (made.bundle, made.bundle / "translate.onnx", made.bundle / "decoder.onnx", made.checkpoint):
        for load in (toolkit.load, toolkit.load_window):
            assert f"{path}: {A_TRANSLATOR}" in refused(lambda load=load, path=path: load(path, "cpu"))
    for backend in ("onnx", "torchscript"):
        for load in (toolkit.load, toolkit.load_series, toolkit.load_window):
            assert A_TRANSLATOR in refused(lambda load=load, b=backend: load(made.bundle, "cpu", backend=b))


@pytest.mark.parametrize("command", ["generate", "series", "window"])
def test_other_commands_say_what_to_use_instead(made, command, capsys):
    rest = {"generate": ["-p", "春"], "series": ["-i", "builtin:sine"], "window": ["春"]}
    assert _run(args=[command, str(made.bundle), *rest[command]]) == 2
    assert capsys.readouterr().err == f"error: {made.bundle}: {A_TRANSLATOR}.\n"


# Damage ----------------------------------------------------------------------------------------------


@pytest.fixture
def bundle(made, tmp_path):
    """A copy of the bundle that a test may spoil."""
    return shutil.copytree(made.bundle, tmp_path / "best")


@pytest.mark.parametrize("graph", ["encoder", "decoder", "translate"])
def test_a_missing_or_altered_graph_is_named(bundle, graph):
    path = bundle / f"{graph}.onnx"
    data = path.read_bytes()
    path.write_bytes(data[:-1])
    message = refused(lambda: toolkit.load_translator(bundle, "cpu"))
    assert message.startswith(f"{path}: expected {len(data)} bytes, found {len(data) - 1}")
    path.write_bytes(bytes([*data[:3000], data[3000] ^ 4, *data[3001:]]))
    message = refused(lambda: toolkit.load_translator(bundle, "cpu").translate("春", num_beams=2))
    assert message.startswith(f"{path}: expected SHA-256 ")
    path.unlink()
    assert refused(lambda: toolkit.load_translator(bundle, "cpu")).startswith(f"{path}: expected the file that model")


@pytest.mark.parametrize("name", ["encoder.ts.pt", "decoder.ts.pt"])
def test_a_missing_torchscript_file_is_named_where_it_is_needed(bundle, name):
    (bundle / name).unlink()
    assert toolkit.load_translator(bundle, "cpu").translate("春")
    message = refused(lambda: toolkit.load_translator(bundle, "cpu", backend="torchscript"))
    assert message.startswith(f"{bundle / name}: expected the file that model.json lists")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda facts: facts["network"].update(hidden_size=25), "the encoder does not fit the network: output should"),
        (lambda facts: facts["network"].update(attention="none"), "the decoder does not fit the network: "),
        (lambda facts: facts["network"].update(cell="lstm"), "output c0 float32 [1, N, 24] is missing"),
        (lambda facts: facts["signatures"].pop("translate"), "has no translate graph; found encoder, decoder"),
        (lambda facts: facts["target_tokenizer"]["vocab"].pop(), "the decoder does not fit the network: "),
        (lambda facts: facts["network"].update(longest_source="7"), "longest_source must be a number of tokens"),
        (lambda facts: facts.pop("source_tokenizer"), "incomplete: 'source_tokenizer'"),
    ],
)
def test_facts_that_do_not_fit_together_are_refused_in_words(bundle, change, message):
    path = bundle / "model.json"
    facts = json.loads(path.read_bytes())
    change(facts)
    path.write_text(json.dumps(facts), encoding="utf-8")
    said = refused(lambda: toolkit.load_translator(bundle, "cpu"))
    assert said.startswith(f"{path}: ")
    assert message in said
    assert said.endswith("Export the model again.")


def test_a_bundle_that_does_not_know_its_longest_source_translates_without_a_warning(bundle):
    path = bundle / "model.json"
    facts = json.loads(path.read_bytes())
    with pytest.warns(toolkit.translator.LongSourceWarning, match="a source has 8 characters, the longest in training"):
        toolkit.load_translator(bundle, "cpu").translate("春" * 8)
    del facts["network"]["longest_source"]
    path.write_text(json.dumps(facts), encoding="utf-8")
    assert toolkit.load_translator(bundle, "cpu").translate("春" * 8)


# toolkit info ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("what", ["bundle", "encoder.onnx", "decoder.onnx", "translate.onnx", "checkpoint"])
def test_info_names_both_vocabularies(made, what, monkeypatch, capsys):
    path = {"bundle": made.bundle, "checkpoint": made.checkpoint}.get(what, made.bundle / what)
    translator = toolkit.load_translator(made.bundle, "cpu")
    monkeypatch.setenv("COLUMNS", "300")
    assert _run(args=["info", str(path)]) == 0
    table = capsys.readouterr().out
    assert _run(args=["info", str(path), "--json"]) == 0
    facts = json.loads(capsys.readouterr().out)
    sizes = {}
    for side, tokenizer in (("source", translator.source_tokenizer), ("target", translator.target_tokenizer)):
        first = " ".join(tokenizer.vocab[4:24])
        assert f"{side} vocabulary" in table
        assert f"{len(tokenizer)} char tokens, newline keep: {first} …" in table
        assert facts[f"{side}_tokenizer"] == tokenizer.to_dict()
        sizes["vocab_size" if side == "target" else "source_vocab_size"] = len(tokenizer)
    assert sizes.items() <= facts["network"].items()
    if what == "checkpoint":
        assert "80 pairs" in table
    else:
        assert "memory float32 [N, T, 24]" in table
        assert "min_lengths int64 [N]" in table
