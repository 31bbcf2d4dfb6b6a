"""A model as a window opens it: all of it at once, checked, and stopped between its calls."""

import os
import re
import shutil
import threading

import pytest
import torch

import toolkit
from toolkit.export import export_module
from toolkit.loading import MOST_BYTES, fingerprint, open_model
from toolkit.models.checkpoint import load_checkpoint
from toolkit.scoring import score
from toolkit.stopping import Stop, Stopped, stoppable
from toolkit.translation import TranslateOptions


@pytest.fixture
def bundle(make_bundle, tmp_path):
    """A copy of the bundle that a test may spoil."""
    return shutil.copytree(make_bundle(), tmp_path / "best")


def refused(path):
    with pytest.raises(toolkit.ToolkitError) as error:
        open_model(path, "cpu")
    assert "\n" not in str(error.value).strip()
    return str(error.value)


def test_a_bundle_is_opened_as_load_opens_it(bundle):
    opened = open_model(bundle, "cpu")
    assert (opened.path, opened.info.kind, opened.warnings) == (bundle, "lm", ())
    assert opened.fingerprint == fingerprint(bundle)
    assert opened.model.generate("月", seed=1) == toolkit.load(bundle, "cpu").generate("月", seed=1)


@pytest.mark.parametrize("name", ["step.onnx", "generate.onnx"])
def test_a_single_file_is_opened(name, bundle):
    opened = open_model(str(bundle / name), "cpu")
    assert opened.fingerprint == fingerprint(bundle / name)
    assert opened.model.generate("月", seed=1) == toolkit.load(bundle / name, "cpu").generate("月", seed=1)


def test_a_translator_is_opened(make_pairs_bundle):
    opened = open_model(make_pairs_bundle(), "cpu")
    assert opened.info.kind == "seq2seq"
    expected = toolkit.load_translator(make_pairs_bundle(), "cpu").translate("春风", num_beams=2)
    assert opened.model.translate("春风", num_beams=2) == expected


def test_once_open_it_needs_its_files_no_more(bundle):
    expected = toolkit.load(bundle, "cpu").generate("月", seed=1, presence_penalty=1.0)
    opened = open_model(bundle, "cpu")
    shutil.rmtree(bundle)
    assert opened.model.generate("月", seed=1, presence_penalty=1.0) == expected


@pytest.mark.parametrize("name", ["step.onnx", "generate.onnx"])
def test_altered_graph_is_refused_though_it_is_not_needed_yet(name, bundle):
    data = bytearray((bundle / name).read_bytes())
    data[5000] ^= 4
    (bundle / name).write_bytes(data)
    assert refused(bundle).startswith(f"{bundle / name}: expected SHA-256 ")


def test_what_is_no_model_is_refused_in_words(tmp_path, make_checkpoint):
    empty, text, checkpoint = tmp_path / "empty.onnx", tmp_path / "song.txt", tmp_path / "best.pt"
    empty.write_bytes(b"")
    text.write_text("moon", encoding="utf-8")
    shutil.copy(make_checkpoint(), checkpoint)
    assert "expected an ONNX file" in refused(empty)
    assert "found a text" in refused(text)
    assert "toolkit export best.pt" in refused(checkpoint)
    assert "found no model.json" in refused(tmp_path)
    assert "found nothing there" in refused(tmp_path / "gone.onnx")


def test_no_more_than_the_head_is_read_of_what_is_no_onnx_file_by_its_name(tmp_path):
    path = tmp_path / "film.mp4"
    with path.open("wb") as file:
        file.truncate(1 << 42)  # four terabytes of nothing
    assert "found another kind of file" in refused(path)


@pytest.mark.parametrize("name", ["big.onnx", "model.json"])
def test_what_is_too_large_is_refused_before_it_is_read(name, tmp_path):
    path = tmp_path / name
    with path.open("wb") as file:
        file.truncate(MOST_BYTES + 1)
    message = refused(path if name.endswith(".onnx") else tmp_path)
    assert re.search(r"of at most [\d,]+ bytes, found 2,147,483,648", message)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes with names here")
def test_what_may_have_no_end_is_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "pipe.onnx")
    assert "found no ordinary file" in refused(tmp_path / "pipe.onnx")


class Cell(torch.nn.Module):
    """Gives its outputs and its state."""

    def __init__(self, cell):
        super().__init__()
        self.cell = cell

    def forward(self, x, h):
        h = self.cell(x, h)
        return h, h


def test_a_model_that_writes_no_text_is_named_for_what_it_is(tmp_path):
    module, x, h = torch.nn.GRUCell(3, 4), torch.randn(2, 3), torch.zeros(2, 4)
    export_module(Cell(module), x, [h], tmp_path / "gru", steps=8)
    assert "toolkit.load_series" in refused(tmp_path / "gru")


# Stopped between its calls ------------------------------------------------------------------------


@pytest.mark.parametrize("count", [1, 16, 17, 100])
def test_a_stoppable_loop_writes_the_same(count, make_bundle):
    model = toolkit.load(make_bundle(), "cpu")
    options = {"max_new_tokens": count, "num_return_sequences": 2, "seed": 4, "stop_strings": ("月",)}
    stop = Stop()
    found = stoppable(model, stop)
    assert found.generate("春风", **options) == model.generate("春风", **options)
    assert list(found.stream("春风", **options)) == list(model.stream("春风", **options))
    assert stop.tokens > 0


def test_a_loop_is_stopped_between_its_calls(make_bundle):
    stop = Stop()
    pieces = stoppable(toolkit.load(make_bundle(), "cpu"), stop).stream("春风", max_new_tokens=500)
    assert [next(pieces) for _ in range(3)]
    stop.set()
    shown = 0
    with pytest.raises(Stopped):
        for shown, _ in enumerate(pieces, start=1):  # noqa: B007 - counted
            pass
    assert shown < 16  # what is left of the call


def test_a_long_call_is_stopped_from_another_thread(make_bundle):
    stop, found = Stop(), []
    model = stoppable(toolkit.load(make_bundle(), "cpu"), stop)

    def run():
        try:
            model.generate("春风", max_new_tokens=100_000)
        except Stopped:
            found.append("stopped")

    thread = threading.Thread(target=run)
    thread.start()
    stop.set()
    thread.join(60)
    assert found == ["stopped"]


@pytest.mark.parametrize("changes", [{}, {"num_beams": 3}, {"temperature": 1.0, "seed": 1}])
def test_a_stoppable_translator_writes_the_same_until_it_is_stopped(changes, make_pairs_bundle):
    model, stop = toolkit.load_translator(make_pairs_bundle(), "cpu"), Stop()
    found = stoppable(model, stop)
    options = TranslateOptions(**changes)
    assert found.translate("春风", options) == model.translate("春风", options)
    assert stop.tokens > 0
    stop.set()
    with pytest.raises(Stopped):
        found.translate("春风", options)


# Scores beside eager PyTorch ----------------------------------------------------------------------


def test_scores_are_those_of_eager_pytorch(make_checkpoint, make_bundle):
    """The whole text in one `forward`, and torch's own log_softmax."""
    model, network = toolkit.load(make_bundle(), "cpu"), load_checkpoint(make_checkpoint()).build()
    text = model.generate("春风", max_new_tokens=60, seed=2)[0]
    ids = model.tokenizer.encode(str(text))
    with torch.no_grad():
        logits, _ = network(torch.from_numpy(ids)[None], network.init_state(1))
    logits[..., model.tokenizer.unk_id] = -torch.inf
    expected = torch.log_softmax(logits.reshape(len(ids), -1), dim=-1)
    for place, token in enumerate(score(model, str(text))):
        assert (token.start, token.end, token.id) == (place, place + 1, ids[place])
        if place:
            row = expected[place - 1]
            assert token.log_prob == pytest.approx(float(row[token.id]), abs=1e-4)
            assert 1 + int((row > row[token.id] + 1e-4).sum()) <= token.rank <= int((row >= row[token.id] - 1e-4).sum())
