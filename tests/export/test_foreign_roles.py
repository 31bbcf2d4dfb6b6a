"""What is ambiguous in a checkpoint from elsewhere is asked for; what is said of it is checked; verify remembers it."""

import json

import pytest
import torch
from torch import nn

from toolkit.bundle import read_bundle
from toolkit.cli import _run
from toolkit.errors import ToolkitError
from toolkit.export import parity
from toolkit.export.exporter import open_checkpoint
from toolkit.export.foreign_options import ForeignOptions

V, H, E = 11, 6, 4


def module(**parts):
    return nn.ModuleDict(parts)


def saved(content, tmp_path):
    path = tmp_path / "their.pt"
    torch.save(content, path)
    return path


def opened(content, tmp_path, **options):
    return open_checkpoint(saved(content, tmp_path), ForeignOptions(**options))


def refused(content, tmp_path, *expected, **options):
    with pytest.raises(ToolkitError) as caught:
        opened(content, tmp_path, **options)
    for part in expected:
        assert part in str(caught.value), str(caught.value)


@pytest.fixture
def one_hot():
    return module(rnn=nn.RNN(V, H), fc=nn.Linear(H, V)).state_dict()


SCRATCH = {"W_xh": (V, H), "W_hh": (H, H), "b_h": (H,), "W_hq": (H, V), "b_q": (V,)}
MIN_CHAR = {"Wxh": (H, V), "Whh": (H, H), "Why": (V, H), "bh": (H, 1), "by": (V, 1)}


def arrays(shapes, **others):
    return {name: torch.zeros(shape) for name, shape in (shapes | others).items()}


@pytest.mark.parametrize("shapes", [SCRATCH, MIN_CHAR], ids=["d2l", "min-char-rnn"])
def test_arrays_from_scratch_must_have_their_shapes_and_all_be_there(shapes, tmp_path):
    assert opened(arrays(shapes), tmp_path).kind == "lm"
    for name, shape in shapes.items():
        refused(arrays(shapes, **{name: (*shape, 2)}), tmp_path, "should have shape")
        refused(arrays(shapes, **{name: tuple(n + 1 for n in shape)}), tmp_path, "should have shape")
        if name[0] == "W" and shape[0] != shape[1]:
            refused(arrays(shapes, **{name: shape[::-1]}), tmp_path, f"{name} should have shape")
        less = arrays(shapes)
        del less[name]
        refused(less, tmp_path, f"this one lacks {name}")
        whole = arrays(shapes) | {name: torch.zeros(shape, dtype=torch.int32)}
        refused(whole, tmp_path, f"{name} {[*shape]} is int32")
    more = arrays(shapes, mWxh=(H, V), hprev=(H, 1))
    refused(more, tmp_path, "this one holds hprev, mWxh besides. Leave those out: --set ignore=hprev,mWxh")
    assert opened(more, tmp_path, set=("ignore=hprev,mWxh",)).kind == "lm"


def test_a_gru_from_scratch_is_refused_with_the_reason(tmp_path):
    gates = {f"W_{source}{gate}": (V if source == "x" else H, H) for source in "xh" for gate in "zrh"}
    gru = SCRATCH | gates | {f"b_{gate}": (H,) for gate in "zr"}
    refused(arrays(gru), tmp_path, "which resets h before multiplying it with W_hh; nn.GRU resets the product")


def test_of_several_state_dicts_the_usual_one_is_taken_and_said_or_it_is_asked_for(tmp_path, foreign_weights, capsys):
    good = foreign_weights()
    other = {name: weight + 1 for name, weight in good.items()}
    seen = []
    path = saved({"ema": other, "model": good}, tmp_path)
    checkpoint = open_checkpoint(path, ForeignOptions(), seen.append)
    assert torch.equal(checkpoint.weights["output.weight"], good["fc.weight"])
    assert "state_dict found under model; not ema (--set state_dict=NAME)" in seen[0].rows[0][1]
    checkpoint = open_checkpoint(path, ForeignOptions(set=("state_dict=ema",)))
    assert torch.equal(checkpoint.weights["output.weight"], other["fc.weight"])
    two = {"ema": other, "live": good}
    refused(two, tmp_path, "holds several state_dicts: ema, live. Say which is the model's: --set state_dict=ema")
    refused(two, tmp_path, "expected the state_dict best", "Its state_dicts are ema, live", set=("state_dict=best",))
    refused(good, tmp_path, "Leave --set state_dict out", set=("state_dict=model",))
    assert opened({"nets": two}, tmp_path, set=("state_dict=nets.live",)).kind == "lm"


class Pair(nn.Module):
    """Encoder and decoder."""

    def __init__(self, reads=E, width=H, cell=nn.GRU, layers=1, output=None, attention=False, **encoder):
        super().__init__()
        self.encoder = module(embedding=nn.Embedding(V, E), rnn=nn.GRU(E, H, **encoder))
        rnn, fc = cell(reads, width, layers), nn.Linear(output or width, V + 2)
        self.decoder = module(embedding=nn.Embedding(V + 2, E), rnn=rnn, fc_out=fc)
        if attention:
            self.decoder["attention"] = module(attn=nn.Linear(2 * H, H), v=nn.Linear(H, 1, bias=False))


REFUSED = {
    "a classifier": (
        module(embedding=nn.Embedding(V, E), lstm=nn.LSTM(E, H), fc=nn.Linear(H, 2)),
        "reads 11 tokens, and fc [2, 6] + bias writes another number: it predicts no tokens",
    ),
    "a tagger of both directions": (
        module(word=nn.Embedding(V, E), lstm=nn.LSTM(E, H, bidirectional=True), tag=nn.Linear(2 * H, 5)),
        "reads 11 tokens, and tag [5, 12] + bias writes another number",
    ),
    "numbers in both directions": (
        module(lstm=nn.LSTM(1, H, bidirectional=True), fc=nn.Linear(2 * H, 1)),
        "lstm reads from both ends, and numbers do not come in windows",
    ),
    "layers of different sizes": (
        module(emb=nn.Embedding(V, E), lstm1=nn.LSTM(E, H), lstm2=nn.LSTM(H, 5), fc=nn.Linear(5, V)),
        "lstm2 (LSTM, 1 layer(s), 6 -> 5) differ in cell or size",
    ),
    "modules that do not feed each other": (
        module(emb=nn.Embedding(V, E), a=nn.GRU(E, H), b=nn.GRU(E, H), fc=nn.Linear(H, V)),
        "b reads 4 numbers, a gives 6. Say the order with --set rnn=FIRST,SECOND",
    ),
    "a projection": (
        module(emb=nn.Embedding(V, E), lstm=nn.LSTM(E, H, proj_size=3), fc=nn.Linear(3, V)),
        "weight_hr_l0 is the projection of an LSTM with proj_size",
    ),
    "two linear layers in a row": (
        module(emb=nn.Embedding(V, E), gru=nn.GRU(E, H), head=nn.Sequential(nn.Linear(H, 9), nn.Linear(9, V))),
        "cannot place head.1 [11, 9] + bias",
    ),
    "attention": (Pair(attention=True), "decoder.attention.attn, decoder.attention.v look like attention"),
    "a context beside the embedding": (Pair(reads=E + H), "the decoder decoder.rnn reads 10 numbers at a step"),
    "a context before the output": (Pair(output=E + 2 * H), "expected one linear layer [K, 6] behind the decoder"),
    "both contexts": (Pair(reads=E + H, output=E + 2 * H), "a context joins them; how, weights do not tell"),
    "unequal sizes": (Pair(width=8), "differ in cell, size or layers"),
    "unequal layers": (Pair(layers=2), "(GRU, 2 layer(s), 4 -> 6) differ in cell, size or layers"),
    "unequal cells": (Pair(cell=nn.LSTM), "decoder.rnn (LSTM, 1 layer(s), 4 -> 6) differ in cell"),
    "an encoder of both directions": (Pair(bidirectional=True), "encoder.rnn reads from both ends"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_networks_that_weights_do_not_define_are_refused_with_the_reason(name, tmp_path):
    network, expected = REFUSED[name]
    refused(network.state_dict(), tmp_path, expected, "toolkit.export.export_module", bos="1", eos="2")


SAID = {
    ("rnn=nope",): "--set rnn=nope: there is no such module; found rnn, embedding, fc",
    ("rnn=fc",): "--set rnn=fc: expected a recurrent module, one of rnn",
    ("gru=fc",): "--set rnn=fc: expected a recurrent module",
    ("rnn=rnn,rnn",): "--set names rnn twice, as rnn and as rnn. Name it once",
    ("output=rnn",): "--set output=rnn: expected a linear module, one of embedding, fc",
    ("output=embedding",): "embedding [11, 4] reads 4 numbers, the recurrent layers give 6",
    ("embedding=fc",): "expected one linear layer [K, 6] behind the recurrent layers",
    ("embedding=fc", "output=fc"): "--set names fc twice, as embedding and as output",
    ("output=fc", "linear=embedding"): "--set output: expected one module, found fc, embedding",
    ("encoder=rnn",): "expected recurrent modules of an encoder and of a decoder, found rnn. Name both",
    ("decoder=rnn",): "Name both: --set encoder=NAME --set decoder=NAME",
    ("source_embedding=embedding",): "this network has no such part; what it has is rnn, embedding, output",
    ("vocab=chars",): "--set vocab=chars: there is no such entry; vocabularies in it: none",
    ("ignore=nope",): "--set ignore=nope: there is no such tensor or module; found embedding.weight, rnn.weight_ih_l0",
    ("ignore=embedding.bias",): "--set ignore=embedding.bias: there is no such",
    ("ignore=rnn",): "expected a recurrent network",
    ("ignore=fc",): "expected one linear layer [K, 6] behind the recurrent layers, found embedding [11, 4]",
    ("colour=fc",): "set must be ROLE=NAME with a role of state_dict, vocab, embedding",
    ("output",): "found 'output'",
    ("output=",): "found 'output='",
}


@pytest.mark.parametrize("said", SAID)
def test_what_is_said_wrongly_is_named(said, tmp_path, foreign_weights):
    refused(foreign_weights(), tmp_path, SAID[said], set=said)


@pytest.mark.parametrize("said", [("rnn=rnn",), ("lstm=rnn",), ("fc=fc",), ("linear=fc.weight", "embedding=embedding")])
def test_what_is_said_rightly_changes_nothing(said, tmp_path, foreign_weights):
    plain, told = (opened(foreign_weights(), tmp_path, set=entries) for entries in ((), said))
    assert all(torch.equal(plain.weights[name], weight) for name, weight in told.weights.items())


def test_roles_of_encoder_and_decoder_can_be_said(tmp_path):
    torch.manual_seed(0)
    parts = {name: nn.GRU(E, H) for name in ("one", "two")} | {"here": nn.Embedding(V, E), "there": nn.Embedding(V, E)}
    weights = module(**parts, last=nn.Linear(H, V)).state_dict()
    marks = {"bos": "0", "eos": "1"}
    refused(weights, tmp_path, "do not feed each other", **marks)
    modules = ("encoder=two", "decoder=one")
    refused(weights, tmp_path, "each of here, there may be the embedding of 4 numbers", set=modules, **marks)
    told = opened(weights, tmp_path, set=(*modules, "source_embedding=there", "target_embedding=here"), **marks)
    assert torch.equal(told.weights["encoder.rnn.weight_hh_l0"], weights["two.weight_hh_l0"])
    assert torch.equal(told.weights["encoder.tokens.embedding.weight"], weights["there.weight"])


def test_whether_ids_or_numbers_go_in_is_asked_where_sizes_do_not_tell(tmp_path, one_hot, foreign_weights):
    assert opened(one_hot, tmp_path).recognised["assumed"][1].startswith("the 11 inputs are one-hot ids")
    assert opened(one_hot, tmp_path, input="ids").kind == "lm"
    assert opened(one_hot, tmp_path, input="numbers").kind == "series"
    fewer = module(rnn=nn.RNN(V, H), fc=nn.Linear(H, 5)).state_dict()
    refused(fewer, tmp_path, "rnn reads 11 numbers at a step, fc writes 5", "say --input numbers")
    refused(fewer, tmp_path, "no one-hot ids, those are as many", input="ids")
    assert opened(fewer, tmp_path, input="numbers").kind == "series"
    refused(foreign_weights(), tmp_path, "--input numbers: it has an embedding", input="numbers")
    one = module(rnn=nn.RNN(1, H), fc=nn.Linear(H, 1)).state_dict()
    assert opened(one, tmp_path).kind == "series"
    refused(one, tmp_path, "reads 1 numbers, writes 1: no one-hot ids", input="ids")
    refused(one, tmp_path, "have no vocabulary: leave --corpus out", corpus=("builtin:lyrics-en",))


def test_relu_is_of_plain_rnns_only(tmp_path, foreign_weights):
    assert opened(foreign_weights(nn.RNN), tmp_path, nonlinearity="relu").network.nonlinearity == "relu"
    refused(foreign_weights(), tmp_path, "--nonlinearity relu belongs to an RNN, found LSTM (rnn)", nonlinearity="relu")
    both = foreign_weights(nn.RNN, bidirectional=True)
    refused(both, tmp_path, "--nonlinearity relu is not known of this kind", nonlinearity="relu")


def test_options_for_others_are_refused_with_a_checkpoint_of_ours(make_checkpoint):
    with pytest.raises(ToolkitError, match=r"says all itself: leave --tokenizer, --window out\."):
        open_checkpoint(make_checkpoint(), ForeignOptions(tokenizer="char", window=3))


COMMANDS = [
    ("generate", "FILE", "--prompt", "a"),
    ("eval", "FILE", "builtin:lyrics-en"),
    ("info", "FILE"),
    ("train", "--resume", "FILE"),
]


@pytest.mark.parametrize("args", COMMANDS, ids=lambda args: args[0])
def test_other_commands_point_to_export(args, tmp_path, foreign_weights, capsys):
    path = saved(foreign_weights(), tmp_path)
    assert _run(args=[str(path) if arg == "FILE" else arg for arg in args]) == 2
    err = capsys.readouterr().err
    assert "`toolkit export` reads" in err
    assert "Traceback" not in err


@pytest.fixture(scope="module")
def told(tmp_path_factory):
    """A checkpoint and its bundle, of which nearly all had to be said."""
    torch.manual_seed(0)
    folder = tmp_path_factory.mktemp("told")
    rnn = nn.RNN(H, H, nonlinearity="relu", bias=False)
    weights = module(
        **{"[/b]": nn.Embedding(V, H)}, b=rnn, c=nn.Linear(H, V, bias=False), d=nn.Linear(3, 3)
    ).state_dict()
    torch.save({"ema": weights, "old": {}, "live": weights}, folder / "their.pt")
    (folder / "vocab.json").write_text(json.dumps(list("abcdefghijk")))
    said = [f"--set={entry}" for entry in ("state_dict=ema", "embedding=[/b]", "output=c", "ignore=d")]
    more = ["--nonlinearity", "relu", "--vocab", str(folder / "vocab.json")]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(parity, "STEPS", 48)
        assert _run(args=["export", str(folder / "their.pt"), *said, *more]) == 0
    return folder


def verify(told, content, capsys):
    path = told / "other.pt"
    torch.save(content, path)
    code = _run(args=["verify", str(told / "their"), "--against", str(path)])
    return code, capsys.readouterr().err


def test_verify_remembers_what_was_said_at_export(told, capsys):
    content = torch.load(told / "their.pt", weights_only=True)
    assert verify(told, content, capsys)[0] == 0
    options = read_bundle(told / "their").info.provenance["recognised"]["options"]
    assert options["nonlinearity"] == "relu"
    content["ema"]["b.weight_hh_l0"][0, 0] += 0.01
    code, err = verify(told, content, capsys)
    assert code == 2
    assert "does not equal" in err


OTHERS = {
    "cell": "its export was told --nonlinearity, --set. With that, ",
    "layers": "was not exported from",
    "tokens": "was not exported from",
    "width": "was not exported from",
    "nothing to read": "With that, ",
}


@pytest.mark.parametrize("change", OTHERS)
def test_verify_says_that_another_network_is_another(change, told, capsys):
    v, h = V + (change == "tokens"), H + (change == "width")
    rnn = nn.GRU(h, h, bias=False) if change == "cell" else nn.RNN(h, h, 1 + (change == "layers"), bias=False)
    a = nn.Embedding(v, 3 if change == "nothing to read" else h)
    code, err = verify(
        told, {"ema": module(**{"[/b]": a}, b=rnn, c=nn.Linear(h, v, bias=False), d=rnn).state_dict()}, capsys
    )
    assert code == 2
    assert err.startswith("error: ")
    assert OTHERS[change] in err
    assert "Traceback" not in err


def half(cell, output=False):
    """An encoder or a decoder as wide as its embedding, as PyTorch's translation tutorial has them."""
    parts = {"embedding": nn.Embedding(V, H), "gru": cell(H, H)}
    return module(**parts, **({"out": nn.Linear(H, V)} if output else {})).state_dict()


@pytest.mark.parametrize("names", [("encoder", "decoder"), ("en", "de")])
def test_a_pair_as_wide_as_its_embeddings_is_put_together_from_two_state_dicts(names, tmp_path):
    content = {names[0]: half(nn.GRU), names[1]: half(nn.GRU, output=True), "iteration": 4}
    said = () if names[0] == "encoder" else (f"encoder={names[0]}", f"decoder={names[1]}")
    found = opened(content, tmp_path, bos="0", eos="1", set=said)
    assert found.kind == "seq2seq"
    assert torch.equal(found.weights["encoder.tokens.embedding.weight"], content[names[0]]["embedding.weight"])
    assert torch.equal(found.weights["decoder.tokens.embedding.weight"], content[names[1]]["embedding.weight"])
    assert torch.equal(found.weights["decoder.output.weight"], content[names[1]]["out.weight"])
    if said:
        refused(content, tmp_path, "of an encoder and a decoder, --set encoder=de --set decoder=en", bos="0", eos="1")


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("window", 9),
        ("bos", "1"),
        ("pad", "1"),
        ("source_end", "1"),
        ("source_vocab", "none.txt"),
        ("tokenizer", "space"),
        ("newline", "space"),
        ("encoding", "utf-8"),
    ],
)
def test_what_would_change_nothing_is_refused(one_hot, option, value, tmp_path):
    refused(one_hot, tmp_path, f"--{option.replace('_', '-')}", "Leave that out.", **{option: value})


def test_a_vocabulary_in_another_order_shows_in_the_perplexity_of_the_corpus(tmp_path):
    corpus = tmp_path / "corpus.txt"
    corpus.write_text("acb" * 300, encoding="utf-8")
    network = module(rnn=nn.RNN(3, 8), fc=nn.Linear(8, 3))
    ids = torch.tensor([0, 2, 1] * 30)  # sorted: a, b, c
    optimizer = torch.optim.Adam(network.parameters(), 0.02)
    for _ in range(60):
        hidden, _ = network["rnn"](nn.functional.one_hot(ids[:-1], 3).float())
        loss = nn.functional.cross_entropy(network["fc"](hidden), ids[1:])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    path, seen = saved(network.state_dict(), tmp_path), []
    for order in ("sorted", "first-seen"):
        open_checkpoint(path, ForeignOptions(corpus=(str(corpus),), vocab_order=order), seen.append)
    right, wrong = seen
    assert any(part == "text" and size.startswith("perplexity 1.0") for part, _, size in right.rows)
    assert not any("worse than guessing" in sentence for sentence in right.assumed)
    assert any("worse than guessing (3)" in sentence for sentence in wrong.assumed)
