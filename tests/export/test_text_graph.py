"""text.onnx of both kinds of model against the text layers of the toolkit, and given whatever a host may give it."""

import contextlib
import json
import math
import re
import shutil
from dataclasses import replace

import numpy as np
import onnx
import onnxruntime
import pytest

import toolkit
from toolkit.bundle import SOURCE, TARGET, TEXT, read_bundle
from toolkit.cli import _run
from toolkit.errors import ParityError, ToolkitError
from toolkit.export.text_file import LOOPS, check_made, contract, make_text
from toolkit.language_model import UnknownTokenWarning
from toolkit.tokenizer import CharTokenizer
from toolkit.uniform import MAX_SEED

DTYPES = {"uint8": np.uint8, "int64": np.int64, "float32": np.float32, "bool": np.bool_}
PLAIN = {
    "max_new_tokens": 40, "temperature": 0.8, "top_k": 0, "top_p": 1.0, "min_p": 0.0, "repetition_penalty": 1.0,
    "seed": 1,
}  # fmt: skip


def made_from(bundle):
    """The bytes of text.onnx of a bundle, and the facts that speak of it."""
    info = read_bundle(bundle).info
    info = replace(info, signatures={**info.signatures, TEXT: contract(info)})
    loop = onnx.load(bundle / f"{LOOPS[info.kind]}.onnx")
    return make_text(loop, info).SerializeToString(), info


class Host:
    """A program that knows the contract and ONNX Runtime, and nothing else."""

    def __init__(self, data, info):
        self.session = onnxruntime.InferenceSession(data, providers=["CPUExecutionProvider"])
        self.inputs, self.states = info.signatures[TEXT].inputs, info.signatures[TEXT].states
        self.outputs = [spec.name for spec in info.signatures[TEXT].outputs]

    def run(self, text, state=None, **knobs):
        """Outputs by name, those of the next state under the names of the state."""
        given = {**PLAIN, **(state or {}), **knobs, "input_text": np.frombuffer(text, np.uint8)}
        feeds = {}
        for spec in self.inputs:
            value = given[spec.name] if spec.name in given else np.zeros([int(axis) for axis in spec.axes])
            feeds[spec.name] = np.asarray(value).astype(DTYPES[spec.dtype])
        found = dict(zip(self.outputs, self.session.run(None, feeds), strict=True))
        return found, {name: found[f"next_{name}"] for name in self.states}


SHAPES = {
    "lstm over characters": {"cell": "lstm"},
    "gru over words, line breaks as blanks": {"cell": "gru", "tokenizer": "word", "newline": "space"},
    "rnn over words between blanks": {"cell": "rnn", "tokenizer": "word", "corpus": "builtin:lyrics-en"},
}


@pytest.fixture(scope="module", params=SHAPES.values(), ids=SHAPES)
def model(request, make_bundle):
    """A language model, and its text graph."""
    bundle = make_bundle(**request.param)
    return toolkit.load(bundle, "cpu"), Host(*made_from(bundle))


@pytest.fixture(scope="module")
def writer(make_bundle):
    """One over characters."""
    bundle = make_bundle(cell="lstm")
    return toolkit.load(bundle, "cpu"), Host(*made_from(bundle))


CHOICES = {
    "greedy": {"temperature": 0.0},
    "drawn": {"temperature": 1.0},
    "top_k": {"top_k": 5, "temperature": 1.25},
    "top_p": {"top_p": 0.75},
    "min_p": {"min_p": 0.125},
    "penalty": {"repetition_penalty": 1.5, "temperature": 0.0},
    "everything": {"top_k": 30, "top_p": 0.9, "min_p": 0.01, "repetition_penalty": 1.2, "seed": MAX_SEED},
    "seed 0": {"seed": 0},
}


def one_token_after(model, prompt):
    """A prompt that every way of cutting words reads alike."""
    return prompt if isinstance(model.tokenizer, CharTokenizer) else model.tokenizer.example


@pytest.mark.parametrize("choice", CHOICES.values(), ids=CHOICES)
def test_it_writes_what_generate_writes(model, choice):
    runs, host = model
    prompt = one_token_after(runs, "我的夜\n")
    expected = runs.generate(prompt, **{**PLAIN, **choice})[0]
    found, _ = host.run(prompt.encode(), **choice)
    assert tuple(found["output_ids"].tolist()) == expected.ids
    assert found["output_text"].tobytes().decode() == expected.text
    np.testing.assert_allclose(found["log_probs"], expected.log_probs, atol=1e-5)
    assert not found["stopped"]


@pytest.mark.parametrize("choice", CHOICES.values(), ids=CHOICES)
def test_in_pieces_it_writes_the_same(model, choice):
    runs, host = model
    prompt = one_token_after(runs, "我的夜").encode()
    whole, end = host.run(prompt, **choice)
    state, text, octets = None, prompt, b""
    for count in (0, 1, 16, 0, 7, 16):
        found, state = host.run(text, state, **{**choice, "max_new_tokens": count})
        text, octets = b"", octets + found["output_text"].tobytes()
    assert octets == whole["output_text"].tobytes()
    for name, part in end.items():
        np.testing.assert_allclose(state[name], part, atol=1e-6, err_msg=name)


def test_text_may_come_at_any_time(writer):
    runs, host = writer
    _, state = host.run("我的".encode(), max_new_tokens=0)
    found, state = host.run("夜里".encode(), state, temperature=0.0, max_new_tokens=5)
    first = runs.generate("我的夜里", max_new_tokens=5, temperature=0)[0].text
    assert found["output_text"].tobytes().decode() == first
    found, _ = host.run("天".encode(), state, temperature=0.0, max_new_tokens=5)
    then = runs.generate(f"我的夜里{first}天", max_new_tokens=5, temperature=0)[0].text
    assert found["output_text"].tobytes().decode() == then


def test_a_line_ends_where_it_is_asked_to_and_the_next_call_writes_the_next(writer):
    runs, host = writer
    state, text, lines = None, "夜".encode(), []
    while len(lines) < 3:
        found, state = host.run(text, state, stop_at_newline=True, max_new_tokens=200)
        assert found["stopped"]
        lines.append(found["output_text"].tobytes().decode())
        text = b""
    expected = runs.generate("夜", **{**PLAIN, "max_new_tokens": 600})[0].text
    assert expected.startswith("\n".join(lines) + "\n")


def test_without_a_text_it_begins_as_after_an_empty_line(writer):
    runs, host = writer
    found, _ = host.run(b"")
    assert found["output_text"].tobytes().decode() == runs.generate("\n\n", **PLAIN)[0].text


ODD_TEXTS = {
    "no UTF-8": b"\xff\xfe\xe4\xb8",
    "half a surrogate": b"\xed\xa0\x80",
    "emoji and joiners": "👨‍👩‍👧‍👦".encode(),
    "right to left": "\u202e夜\u200f\u2066".encode(),
    "nul": b"\0\0",
    "known and unknown": "夜x夜".encode(),
}


@pytest.mark.parametrize("text", ODD_TEXTS.values(), ids=ODD_TEXTS)
def test_unknown_text_is_read_as_unknown_and_never_written(writer, text):
    runs, host = writer
    with pytest.warns(UnknownTokenWarning):
        expected = runs.generate(text.decode("utf-8", errors="replace"), **PLAIN)[0]
    found, _ = host.run(text)
    assert tuple(found["output_ids"].tolist()) == expected.ids
    assert 0 not in found["output_ids"]


ABSURD = [
    {"max_new_tokens": -1},
    {"max_new_tokens": -(2**63)},
    {"temperature": math.nan},
    {"temperature": math.inf},
    {"temperature": -1.0},
    {"temperature": 1e-30},
    {"top_k": 2**62},
    {"top_k": -5},
    {"top_p": 0.0},
    {"top_p": -1.0},
    {"top_p": math.nan},
    {"min_p": 2.0},
    {"min_p": math.nan},
    {"repetition_penalty": 0.0},
    {"repetition_penalty": math.inf},
    {"repetition_penalty": math.nan},
    {"seed": -(2**63)},
]


@pytest.mark.parametrize("knobs", ABSURD, ids=str)
def test_no_knob_makes_it_fail(writer, knobs):
    runs, host = writer
    found, _ = host.run("夜".encode(), **knobs)
    wanted = max(0, knobs.get("max_new_tokens", PLAIN["max_new_tokens"]))
    assert len(found["output_ids"]) == wanted
    assert all(0 < i < len(runs.tokenizer) for i in found["output_ids"].tolist())
    assert np.isfinite(found["log_probs"]).all()


def test_the_most_that_is_written_at_once_is_what_the_options_allow(writer):
    _, host = writer
    found, _ = host.run(
        "夜".encode(), max_new_tokens=2**62, stop_at_newline=True, temperature=1.0
    )  # numbers for as many as there could be, and the end of the line
    assert 0 < len(found["output_ids"]) < 100_000


# From text to text -------------------------------------------------------------------------------

PAIRS = {
    "gru over characters, attention": {},
    "lstm over words": {
        "source": "builtin:dates", "max_pairs": 120, "cell": "lstm", "attention": "none",
    },
}  # fmt: skip


@pytest.mark.parametrize("shape", PAIRS.values(), ids=PAIRS)
def test_a_target_is_that_of_the_translator(shape, made_of_pairs):
    bundle = made_of_pairs(**shape).bundle
    translator, host = toolkit.load_translator(bundle, "cpu"), Host(*made_from(bundle))
    sources = ["春风", "March 3, 2021", translator.source_tokenizer.example, "?\ufffd"]
    for choice in ({"temperature": 0.0}, {"temperature": 1.0}, {"temperature": 0.7, "top_k": 5, "min_new_tokens": 4}):
        for source in sources:
            knobs = {**PLAIN, **choice, "max_new_tokens": 12}
            with pytest.warns() if translator.notes([source]) else contextlib.nullcontext():
                expected = translator.translate(source, **knobs)[0]
            found, state = host.run(source.encode(), **knobs)
            assert tuple(found["output_ids"].tolist()) == expected.ids
            assert found["output_text"].tobytes().decode() == expected.text
            assert state == {}


@pytest.mark.parametrize("text", [b"", *ODD_TEXTS.values()], ids=repr)
def test_any_source_is_survived(text, made_of_pairs):
    host = Host(*made_from(made_of_pairs().bundle))
    found, _ = host.run(text, max_new_tokens=6)
    assert len(found["output_ids"]) <= 6


# Export ------------------------------------------------------------------------------------------


def test_it_is_written_where_it_is_asked_for_and_stands_alone(make_checkpoint, tmp_path, monkeypatch, capsys):
    checkpoint = shutil.copy(make_checkpoint(cell="lstm"), tmp_path / "a.pt")
    assert _run(args=["export", str(checkpoint), "--graphs", "step, generate,text", "--json"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert said["parity"]["largest_error_of_decode_loops"]["text"] < 1e-5
    bundle = tmp_path / "a"
    listed = json.loads((bundle / "model.json").read_bytes())
    assert list(listed["signatures"]) == ["step", "generate", "text"]
    card = (bundle / "README.md").read_text(encoding="utf-8")
    assert "| output | output_text | uint8 | [C] |" in card
    monkeypatch.chdir(bundle)
    exec(re.search(r"## Text in.*?```python\n(.*?)```", card, re.DOTALL)[1], {})
    model, start = toolkit.load(bundle), toolkit.load(bundle).tokenizer.example
    assert capsys.readouterr().out == f"{model.generate(start, max_new_tokens=50, temperature=0.8, seed=1)[0]}\n"
    model = onnx.load(bundle / "text.onnx")
    assert {opset.domain for opset in model.opset_import} == {""}
    assert {p.key for p in model.metadata_props} == {"rnn_toolkit"}

    assert _run(args=["info", str(bundle / "text.onnx")]) == 0
    assert "input_text" in capsys.readouterr().out
    with pytest.raises(ToolkitError, match=r"holds the graph from text to text alone.*generate\.onnx or step\.onnx"):
        toolkit.load(bundle / "text.onnx")
    assert _run(args=["verify", str(bundle), "--against", str(checkpoint)]) == 0


@pytest.mark.slow
def test_a_quantised_one_is_verified(make_checkpoint, tmp_path):
    checkpoint = shutil.copy(make_checkpoint(cell="gru"), tmp_path / "a.pt")
    how = ["--quantize", "int8", "--graphs", "step,generate,text", "--max-ppl-increase", "100"]
    assert _run(args=["export", str(checkpoint), *how]) == 0
    assert _run(args=["verify", str(tmp_path / "a-int8"), "--against", str(checkpoint)]) == 0


@pytest.mark.parametrize("graphs", ["step", "text", "step,generate,texts", ""])
def test_graphs_that_do_not_belong_together_are_refused_before_anything_is_made(graphs, make_checkpoint, capsys):
    assert _run(args=["export", str(make_checkpoint(cell="lstm")), "-o", "nowhere", "--graphs", graphs]) == 2
    assert (
        f"graphs of a model of kind lm must be step,generate, with or without text; found {graphs!r}"
        in capsys.readouterr().err
    )


def test_the_gate_refuses_the_graph_of_another_model(make_bundle):
    data, info = made_from(make_bundle(cell="lstm"))
    other = (make_bundle(cell="lstm", corpus="builtin:lyrics-zh", epochs=1) / "generate.onnx").read_bytes()
    with pytest.raises(ParityError, match=r"text\.onnx: after .*(writes other tokens|log-probabilities differ)"):
        check_made(data, other, info, ["我的夜"], 1e-5)


def test_the_gate_refuses_another_vocabulary(make_bundle):
    bundle = make_bundle(cell="lstm")
    data, info = made_from(bundle)
    vocab = list(info.tokenizer.vocab)
    vocab[5], vocab[6] = vocab[6], vocab[5]
    swapped = replace(info, tokenizers={"tokenizer": replace(info.tokenizer, vocab=tuple(vocab))})
    loop = (bundle / "generate.onnx").read_bytes()
    with pytest.raises(ParityError, match=r"text\.onnx: after "):
        check_made(data, loop, swapped, ["".join(vocab[1:40])], 1e-5)


def test_the_gate_refuses_a_text_to_text_graph_with_another_vocabulary(made_of_pairs):
    bundle = made_of_pairs().bundle
    data, info = made_from(bundle)
    vocab = list(info.tokenizers[TARGET].vocab)
    vocab[4:] = vocab[:3:-1]
    swapped = replace(
        info, tokenizers={**info.tokenizers, TARGET: replace(info.tokenizers[TARGET], vocab=tuple(vocab))}
    )
    source = info.tokenizers[SOURCE].example
    with pytest.raises(ParityError, match="writes another text than its tokens"):
        check_made(data, (bundle / "translate.onnx").read_bytes(), swapped, [source], 1e-5)
