import json
import math
import re

import numpy as np
import pytest
import torch

import toolkit
from toolkit.cli import _run
from toolkit.models.checkpoint import load_checkpoint

TEXT = "月光照在窗前\n我想起你☃的脸\n风从远方来，☃☃吹过山和海\n" * 3


@pytest.fixture(scope="module")
def checkpoint(make_checkpoint):
    return make_checkpoint()


@pytest.fixture(scope="module")
def bundle(make_bundle):
    return make_bundle()


@pytest.fixture
def text(tmp_path):
    path = tmp_path / "诗.txt"
    path.write_text(TEXT, encoding="utf-8")
    return path


def reference(checkpoint, text):
    """Mean negative log-probability of the known tokens, with torch's own modules over the whole text at once."""
    loaded = load_checkpoint(checkpoint)
    vocab = {token: i for i, token in enumerate(loaded.tokenizer.vocab)}
    ids = torch.tensor([vocab.get(character, 0) for character in text])
    network = loaded.build().double()
    with torch.no_grad():
        logits, _ = network(ids[None, :-1], tuple(part.double() for part in network.init_state(1)))
    log_probs = torch.log_softmax(logits[0], dim=1).numpy()
    targets = ids[1:].numpy()
    known = targets != 0
    mean = -log_probs[np.arange(len(targets)), targets][known].mean()
    return mean, int(known.sum()), int((ids == 0).sum())


def test_figures_equal_an_independent_computation(checkpoint, bundle, text, cli):
    done = cli("eval", bundle, text, "--json", "--device", "cpu")
    assert done.returncode == 0, done.stderr
    said = json.loads(done.stdout)
    mean, tokens, unknown = reference(checkpoint, TEXT)
    assert unknown >= 9
    assert (said["tokens"], said["unknown"]) == (tokens, unknown)
    assert said["perplexity"] == pytest.approx(math.exp(mean), rel=1e-5)
    assert said["bits_per_token"] == pytest.approx(mean / math.log(2), rel=1e-5)
    assert (said["model"], said["text"], said["device"]) == (str(bundle), str(text), "cpu")
    assert done.stderr == ""


def test_bundle_file_torchscript_and_checkpoint_agree(checkpoint, bundle):
    models = [
        toolkit.load(bundle, "cpu"),
        toolkit.load(bundle / "step.onnx", "cpu"),
        toolkit.load(bundle, "cpu", backend="torchscript"),
        toolkit.load(checkpoint, "cpu"),
    ]
    results = [toolkit.perplexity(model, TEXT) for model in models]
    assert {(result.tokens, result.unknown) for result in results} == {(results[0].tokens, results[0].unknown)}
    for result in results[1:]:
        assert result.perplexity == pytest.approx(results[0].perplexity, rel=1e-5)


def test_checkpoint_and_bundle_print_the_same_table(checkpoint, bundle, text, capfd, monkeypatch):
    monkeypatch.setenv("COLUMNS", "300")
    tables = []
    for model in (checkpoint, bundle):
        assert _run(args=["eval", str(model), str(text), "--device", "cpu"]) == 0
        out, err = capfd.readouterr()
        assert "Traceback" not in err
        tables.append(out.splitlines())
        assert tables[-1][0].split() == [str(text), "under", str(model)]
    rows = [[re.split(r"\s{2,}", line.strip()) for line in table[1:]] for table in tables]
    assert [name for name, _ in rows[0]] == ["perplexity", "bits a token", "tokens predicted", "outside the vocabulary"]
    assert rows[0][2:] == rows[1][2:]
    for (_, one), (_, other) in zip(rows[0][:2], rows[1][:2], strict=True):
        assert float(one) == pytest.approx(float(other), rel=1e-5)


def test_only_the_first_characters_are_read_when_asked(checkpoint, bundle, text, cli):
    said = json.loads(cli("eval", bundle, text, "--json", "--max-chars", 20).stdout)
    mean, tokens, unknown = reference(checkpoint, TEXT[:20])
    assert (said["tokens"], said["unknown"]) == (tokens, unknown)
    assert said["perplexity"] == pytest.approx(math.exp(mean), rel=1e-5)


def test_text_is_read_in_the_encoding_asked_for(bundle, text, tmp_path, cli):
    other = tmp_path / "utf16.txt"
    other.write_text(TEXT, encoding="utf-16-le")
    ways = ((text,), (other, "--encoding", "utf-16-le"))
    said = [json.loads(cli("eval", bundle, *way, "--json").stdout) for way in ways]
    assert said[0]["perplexity"] == said[1]["perplexity"]


def wrong(tmp_path):
    empty, one, unknown, binary = (tmp_path / name for name in ("empty", "one", "unknown", "binary"))
    empty.write_text("")
    one.write_text("月", encoding="utf-8")
    unknown.write_text("月☃☃☃", encoding="utf-8")
    binary.write_bytes(bytes(range(256)) * 4)
    return {"empty": empty, "one": one, "unknown": unknown, "binary": binary, "missing": tmp_path / "nowhere.txt"}


@pytest.mark.parametrize(
    ("kind", "message"),
    [
        ("empty", "empty"),
        ("one", "expected a text with at least two tokens"),
        ("unknown", "expected a text with at least two tokens"),
        ("binary", "binary"),
        ("missing", "nowhere.txt"),
    ],
)
def test_text_that_cannot_be_measured_is_one_line_and_exit_code_2(kind, message, bundle, tmp_path, cli):
    done = cli("eval", bundle, wrong(tmp_path)[kind], "--json")
    assert (done.returncode, done.stdout) == (2, "")
    (line,) = done.stderr.splitlines()
    assert line.startswith("error: ")
    assert message in line


@pytest.mark.parametrize("options", [["--max-chars", "-1"], ["--encoding", "klingon"], ["--backend", "magic"]])
def test_wrong_option_is_one_line_and_exit_code_2(options, bundle, text, cli):
    done = cli("eval", bundle, text, *options)
    assert (done.returncode, done.stdout) == (2, "")
    assert len(done.stderr.splitlines()) == 1
    assert options[1] in done.stderr
