"""Models from text to text through export: the gate, the graphs against eager PyTorch, the bundle and its card."""

import json
import re
import shlex
import shutil
from dataclasses import replace

import numpy as np
import onnx
import onnxruntime
import pytest
import torch
from onnx import numpy_helper

import toolkit
from toolkit.bundle import read_bundle
from toolkit.cli import _run
from toolkit.decode_loop import Knobs
from toolkit.errors import ParityError
from toolkit.export import seq2seq_bundle
from toolkit.export.torchscript_file import torchscript_bytes
from toolkit.files import sha256
from toolkit.loading import read_info
from toolkit.models.checkpoint import load_checkpoint, save_checkpoint
from toolkit.models.torch_steps import open_torchscript
from toolkit.onnx_session import declared_signature
from toolkit.seq2seq import batch_of
from toolkit.signature import KNOBS

SHAPES = {
    "gru, general": {},
    "gru, none, both directions, smaller encoder of one layer": {
        "attention": "none", "bidirectional": True, "num_layers": 2, "encoder_layers": 1, "encoder_hidden_size": 5,
    },
    "gru, dot, both directions, frequent words": {
        "attention": "dot", "bidirectional": True, "tokenizer": "word", "min_count": 2,
    },
    "rnn, dot, one-hot, 2 layers": {"cell": "rnn", "attention": "dot", "embedding_size": 0, "num_layers": 2},
    "rnn, additive, encoder of 2 layers": {"cell": "rnn", "attention": "additive", "encoder_layers": 2},
    "lstm, none": {"cell": "lstm", "attention": "none"},
    "lstm, additive, both directions, 2 layers": {
        "cell": "lstm", "attention": "additive", "bidirectional": True, "num_layers": 2,
    },
    "lstm, general, one-hot, larger encoder": {"cell": "lstm", "encoder_hidden_size": 33, "embedding_size": 0},
}  # fmt: skip
DATES = {"source": "builtin:dates", "max_pairs": 500, "epochs": 4, "cell": "lstm"}
FILES = ("encoder.onnx", "decoder.onnx", "translate.onnx", "encoder.ts.pt", "decoder.ts.pt")
STEPS = 40


SELDOM = (
    "lstm, none",
    "rnn, additive, encoder of 2 layers",
    "gru, dot, both directions, frequent words",
    "lstm, general, one-hot, larger encoder",
    "gru, none, both directions, smaller encoder of one layer",
)
"""What they show, others show, too; they are tried where slow tests run."""


@pytest.fixture(
    scope="module",
    params=[pytest.param(s, marks=pytest.mark.slow if name in SELDOM else ()) for name, s in SHAPES.items()],
    ids=SHAPES,
)
def exported(request, made_of_pairs):
    """A checkpoint, and its bundle, which the gate has let pass."""
    made = made_of_pairs(**request.param)
    return load_checkpoint(made.checkpoint), made.bundle


@pytest.fixture
def bundle(made_of_pairs, tmp_path):
    """A copy of a bundle that a test may spoil."""
    return shutil.copytree(made_of_pairs().bundle, tmp_path / "best")


# The bundle ------------------------------------------------------------------------------------------


def test_every_graph_declares_what_the_bundle_and_the_network_promise(exported):
    checkpoint, folder = exported
    network, facts = checkpoint.build(), json.loads((folder / "model.json").read_bytes())
    o = network.options
    assert sorted(facts["files"]) == sorted([*FILES, "README.md"])
    assert (facts["kind"], facts["network"]["memory_size"]) == ("seq2seq", network.encoder.rnn.hidden_size * (
        1 + o.bidirectional
    ))  # fmt: skip
    assert (facts["network"]["source_vocab_size"], facts["network"]["vocab_size"]) == (
        network.source_size,
        network.target_size,
    )
    states = ["h0", "c0"] if o.cell == "lstm" else ["h0"]
    state = [f"{name} float32 [{o.num_layers}, N, 24]" for name in states]
    memory = f"memory float32 [N, T, {facts['network']['memory_size']}]"
    source, step = ["input_ids int64 [N, T]", "lengths int64 [N]"], ["input_ids int64 [N]", *state]
    logits = [f"logits float32 [N, {network.target_size}]", *(f"next_{spec}" for spec in state)]
    attends = o.attention != "none"
    expected = {
        "encoder": (source, [memory, *state]),
        "decoder": (
            [*step, *([memory, "lengths int64 [N]"] if attends else [])],
            [*logits, *(["attention float32 [N, T]"] if attends else [])],
        ),
        "translate": (
            [*source, "min_lengths int64 [N]", *map(str, KNOBS)],
            ["output_ids int64 [N, R]", "log_probs float32 [N, R]"],
        ),
    }
    assert list(facts["signatures"]) == list(expected)
    for graph, (inputs, outputs) in expected.items():
        declared = declared_signature(session(folder, graph), [])
        assert [str(spec) for spec in declared.inputs] == inputs
        assert [str(spec) for spec in declared.outputs] == outputs
        assert {opset.domain for opset in onnx.load(folder / f"{graph}.onnx").opset_import} == {""}


def test_the_gate_s_figures_stand_in_the_bundle(exported):
    info = read_info(exported[1])
    figures, outputs = info.parity, [spec.name for spec in info.signatures["decoder"].outputs]
    assert (figures["steps"], figures["batch_sizes"], figures["greedy_tokens"]) == (48, [1, 2, 7], 16)
    for graph in ("torchscript", "onnx"):
        assert list(figures["largest_error"][graph]) == outputs
        assert 0 < max(figures["largest_error"][graph].values()) <= 1e-5
        assert 0 <= figures["largest_error_of_encoders"][graph] <= 1e-5
    assert 0 < figures["largest_error_of_decode_loops"]["onnx"] <= 1e-5


@pytest.mark.usefixtures("short_rollouts")
def test_verify_passes_for_the_checkpoint_and_fails_for_others(bundle, make_pairs_checkpoint, tmp_path, capsys):
    path = make_pairs_checkpoint()
    assert _run(args=["verify", str(bundle), "--against", str(path)]) == 0
    said = capsys.readouterr().err
    assert f"{bundle} equals {path}" in " ".join(said.split())
    assert "encoders differ by at most" in said
    assert "decode loops choose as single steps do, within" in said
    checkpoint = load_checkpoint(path)
    weights = {**checkpoint.weights, "encoder.rnn.weight_hh_l0": checkpoint.weights["encoder.rnn.weight_hh_l0"] * 1.01}
    save_checkpoint(tmp_path / "other.pt", replace(checkpoint, weights=weights))
    assert _run(args=["verify", str(bundle), "--against", str(tmp_path / "other.pt")]) == 2
    assert re.search(r"does not equal .*other\.pt: torchscript: encoder output \w+ differs", capsys.readouterr().err)
    other = make_pairs_checkpoint(attention="none")
    assert _run(args=["verify", str(bundle), "--against", str(other)]) == 2
    assert f"was not exported from {other}" in capsys.readouterr().err


# Against eager PyTorch -------------------------------------------------------------------------------


def session(folder, graph):
    return onnxruntime.InferenceSession(folder / f"{graph}.onnx", providers=["CPUExecutionProvider"])


def graphs_of(folder):
    """Encoder and decoder of both kinds of file, as functions of arrays in the order of their contracts."""

    def onnx_call(graph):
        running = session(folder, graph)
        names = [part.name for part in running.get_inputs()]
        return lambda *arrays: running.run(None, dict(zip(names, arrays, strict=True)))

    def torch_call(graph):
        module = open_torchscript((folder / f"{graph}.ts.pt").read_bytes(), graph, torch.device("cpu"))
        return lambda *arrays: [part.numpy() for part in module(*map(torch.from_numpy, arrays))]

    with torch.no_grad():
        return [{graph: call(graph) for graph in ("encoder", "decoder")} for call in (onnx_call, torch_call)]


def random_sources(vocab_size, batch_size, longest):
    """Random sources of random lengths, the longest among them, and what fills them up."""
    random = np.random.default_rng([batch_size, longest])
    lengths = random.integers(1, longest + 1, batch_size)
    lengths[0] = longest
    return batch_of([random.integers(0, vocab_size, n) for n in lengths])


def close(found, expected):
    assert found.shape == tuple(expected.shape)
    assert found.dtype == np.float32
    scale = np.maximum(1, np.abs(expected.numpy()))
    np.testing.assert_allclose(found / scale, expected.numpy() / scale, rtol=0, atol=1e-5)


@torch.no_grad()
def test_encoder_and_decoder_compute_what_the_network_computes(exported):
    checkpoint, folder = exported
    network = checkpoint.build().eval()
    attends = network.decoder.attention is not None
    for graphs in graphs_of(folder):
        for batch_size, longest in ((1, 1), (1, 3), (2, 7), (7, 6), (7, 60)):  # in training 7 at most
            ids, lengths = random_sources(network.source_size, batch_size, longest)
            memory, state = network.encoder(torch.from_numpy(ids), torch.from_numpy(lengths))
            found = graphs["encoder"](ids, lengths)
            for part, expected in zip(found, (memory, *state), strict=True):
                close(part, expected)
            # The network reads whole targets; the graph token by token, with its own states and memory.
            targets = np.random.default_rng(batch_size).integers(0, network.target_size, (batch_size, STEPS))
            logits, last, weights = network.decoder(torch.from_numpy(targets), state, memory, torch.from_numpy(lengths))
            memory, *carried = found
            extra = (memory, lengths) if attends else ()
            for step, column in enumerate(np.ascontiguousarray(targets.T)):
                scores, *carried = graphs["decoder"](column, *carried, *extra)
                close(scores, logits[:, step])
                if attends:
                    *carried, looks = carried
                    close(looks, weights[:, step])
            for part, expected in zip(carried, last, strict=True):
                close(part, expected)


@torch.no_grad()
def test_what_stands_behind_a_source_is_not_read(exported):
    _, folder = exported
    translator = toolkit.load_translator(folder, "cpu")
    ids, lengths = random_sources(len(translator.source_tokenizer), 4, 9)
    behind = np.arange(9) >= lengths[:, None]
    assert behind.any()
    spoilt = np.where(behind, 5, ids)
    assert (ids != spoilt).any()
    for graphs in graphs_of(folder):
        read, again = (graphs["encoder"](part, lengths) for part in (ids, spoilt))
        for one, other in zip(read, again, strict=True):
            np.testing.assert_array_equal(one, other)
        memory, *state = read
        assert not memory[behind].any()
        if "memory" in {spec.name for spec in translator.backend.signatures["decoder"].inputs}:
            junk = np.where(behind[:, :, None], np.float32(1e6), memory)
            for one, other in zip(
                *(graphs["decoder"](ids[:, 0], *state, part, lengths) for part in (memory, junk)), strict=True
            ):
                np.testing.assert_array_equal(one, other)
    numbers = np.random.default_rng(1).random((12, 4), dtype=np.float32)
    knobs = Knobs()
    for one, other in zip(
        *(translator.loop.translate(part, lengths, 0 * lengths, knobs, numbers) for part in (ids, spoilt)), strict=True
    ):
        np.testing.assert_array_equal(one, other)


# The gate --------------------------------------------------------------------------------------------


def changed_onnx(name, index, number):
    """A function: bytes of an .onnx -> the same with another number in a weight."""

    def change(data):
        proto = onnx.load_from_string(data)
        (tensor,) = [t for t in proto.graph.initializer if t.name == name]
        values = numpy_helper.to_array(tensor).copy()
        values[index] = number
        tensor.CopyFrom(numpy_helper.from_array(values, name))
        return proto.SerializeToString()

    return change


def changed_torchscript(name, index, number):
    """As `changed_onnx`, of a .ts.pt."""

    def change(data):
        module = open_torchscript(data, name, torch.device("cpu"))
        with torch.no_grad():
            {**dict(module.named_parameters()), **dict(module.named_buffers())}[name][index] = number
        return torchscript_bytes(module, "")

    return change


LOOP, RECURRENCE = r"translation loop, greedy, source \d+ of 32: ", "layers.layers.0.w_hh"
DAMAGE = {
    "encoder.onnx": ("encoder.onnx", changed_onnx("encoder_r_l0", (0, 50, 3), 0.5), "encoder output memory"),
    "encoder.ts.pt": ("encoder.ts.pt", changed_torchscript("rnn.weight_hh_l0", (50, 3), 0.5), "encoder output memory"),
    "encoder.ts.pt, NaN": ("encoder.ts.pt", changed_torchscript("rnn.bias_hh_l0", 3, np.nan), "encoder output memory"),
    "decoder.onnx": ("decoder.onnx", changed_onnx(RECURRENCE, (3, 50), 0.5), "output logits"),
    "decoder.onnx, a logit": ("decoder.onnx", changed_onnx("output.bias", 200, 0.2), "output logits"),
    "decoder.onnx, score": ("decoder.onnx", changed_onnx("attend.attention.score.weight", (2, 5), 1), "output logits"),
    "decoder.ts.pt": ("decoder.ts.pt", changed_torchscript(RECURRENCE, (3, 50), 0.5), "output logits"),
    "decoder.ts.pt, attention": (
        "decoder.ts.pt",
        changed_torchscript("attend.attention.join.weight", (2, 5), 0.5),
        "output logits",
    ),
    "translate.onnx, encoder": (
        "translate.onnx",
        changed_onnx("encoder_r_l0", (0, 50, 3), 0.5),
        LOOP,
    ),
    "translate.onnx, decoder": (
        "translate.onnx",
        changed_onnx(RECURRENCE, (3, 50), 0.5),
        LOOP,
    ),
    "translate.onnx, a marker that is written": (
        "translate.onnx",
        changed_onnx("banned_bias", 1, 9),
        "translation loop, greedy, source 1 of 32: token 1 is id 1, which single steps do not choose there",
    ),
    "translate.onnx, no end": (
        "translate.onnx",
        changed_onnx("banned_bias", 3, -9),
        LOOP,
    ),
}


@pytest.mark.usefixtures("short_rollouts")
@pytest.mark.parametrize(("name", "change", "message"), DAMAGE.values(), ids=DAMAGE)
def test_a_changed_weight_is_found_and_the_graph_named(name, change, message, made_of_pairs):
    checkpoint, folder = made_of_pairs()
    bundle = read_bundle(folder)
    files = {file: bundle.read(file) for file in bundle.files}
    files[name] = change(files[name])
    kind = "torchscript" if name.endswith(".pt") else "onnx"
    with pytest.raises(ParityError, match=rf"^{kind}: {message}"):
        seq2seq_bundle.check(load_checkpoint(checkpoint), files, bundle.info)


@pytest.mark.usefixtures("short_rollouts")
def test_verify_refuses_a_changed_file_even_where_its_hash_is_right(bundle, make_pairs_checkpoint, capsys):
    path, facts = bundle / "translate.onnx", json.loads((bundle / "model.json").read_bytes())
    path.write_bytes(changed_onnx("output.weight", (3, 50), 2)(path.read_bytes()))
    arguments = ["verify", str(bundle), "--against", str(make_pairs_checkpoint())]
    assert _run(args=arguments) == 2
    assert f"{path}: expected SHA-256 " in capsys.readouterr().err
    facts["files"]["translate.onnx"].update(bytes=path.stat().st_size, sha256=sha256(path.read_bytes()))
    (bundle / "model.json").write_text(json.dumps(facts), encoding="utf-8")
    assert _run(args=arguments) == 2
    assert "onnx: translation loop, greedy, source 1 of 32" in capsys.readouterr().err


@pytest.mark.usefixtures("short_rollouts")
def test_a_wrong_graph_is_not_exported(make_pairs_checkpoint, monkeypatch, tmp_path, capsys):
    checkpoint = shutil.copy(make_pairs_checkpoint(), tmp_path / "best.pt")
    right = seq2seq_bundle.encoder_graph

    def wrong(*arguments):
        return onnx.load_from_string(
            changed_onnx("encoder_r_l0", (0, 50, 3), 0.5)(right(*arguments).SerializeToString())
        )

    monkeypatch.setattr(seq2seq_bundle, "encoder_graph", wrong)
    assert _run(args=["export", str(checkpoint)]) == 2
    message = capsys.readouterr().err
    assert message.startswith("error: onnx: encoder output ")
    assert message.endswith("Nothing was exported.\n")
    assert list(tmp_path.iterdir()) == [checkpoint]


# The model card --------------------------------------------------------------------------------------


CARDS = {
    "dates": DATES,
    "lstm without attention": SHAPES["lstm, none"],
    "words, some unknown": SHAPES["gru, dot, both directions, frequent words"],
}


@pytest.mark.filterwarnings("ignore:.*read as <unk>")
@pytest.mark.parametrize(
    "options",
    [pytest.param(c, marks=pytest.mark.slow if name.startswith("lstm") else ()) for name, c in CARDS.items()],
    ids=CARDS,
)
def test_the_card_s_shell_line_and_all_its_code_print_the_same_text(options, made_of_pairs, monkeypatch, capsys):
    folder = made_of_pairs(**options).bundle
    card = (folder / "README.md").read_text(encoding="utf-8")
    program, *arguments = shlex.split(re.search(r"```sh\n(.*?)```", card, re.DOTALL)[1])
    assert program == "toolkit"
    source, translator = arguments[-1], toolkit.load_translator(folder, "cpu")
    assert bool(translator.source_tokenizer.unknown(source)) == ("min_count" in options)
    text = translator.translate(source, max_new_tokens=50)[0].text
    monkeypatch.chdir(folder)
    assert _run(args=arguments) == 0
    assert capsys.readouterr().out == f"{text}\n"
    snippets = re.findall(r"```python\n(.*?)```", card, re.DOTALL)
    assert len(snippets) == 3
    for code in snippets:
        exec(code, {})
        assert capsys.readouterr().out == f"{text}\n"
    assert not any("import toolkit" in code for code in snippets[1:])


def test_the_card_quotes_its_example_for_shell_and_python(made_of_pairs):
    info = read_info(made_of_pairs(**DATES).bundle)
    source = """1'2"3 $HOME `4` \\n"""
    card = seq2seq_bundle.seq2seq_card(info, {}, source)
    assert shlex.split(re.search(r"```sh\n(.*)\n", card)[1])[-1] == source
    assert f"translator.translate({source!r})[0].text" in card


def test_the_card_states_contract_and_figures(exported):
    _, folder = exported
    card = (folder / "README.md").read_text(encoding="utf-8")
    info = read_info(folder)
    for signature in info.signatures.values():
        for kind, spec in [("input", s) for s in signature.inputs] + [("output", s) for s in signature.outputs]:
            assert f"| {kind} | {spec.name} | {spec.dtype} | [{', '.join(map(str, spec.axes))}] |" in card
    for name in FILES:
        assert f"- `{name}`, {(folder / name).stat().st_size:,} bytes" in card
    outputs = info.signatures["decoder"].outputs
    for graph in ("torchscript", "onnx"):
        for state in ("carried", "single step"):
            assert re.search(rf"\| {graph} \| {state} \|( \d\.\de[+-]\d\d \|){{{len(outputs)}}}", card)
