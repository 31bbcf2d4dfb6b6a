import io
import os
import pickle
import random
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from toolkit.errors import FileFormatError, ToolkitError
from toolkit.models import checkpoint as module
from toolkit.models.checkpoint import FORMAT, FORMAT_VERSION, Checkpoint, digest, load_checkpoint, save_checkpoint


@pytest.fixture
def made(start, recorder) -> Checkpoint:
    """A small checkpoint with everything in it: optimizer, random state, carried state, metrics."""
    trainer = start(max_chars=700, hidden_size=4, embedding_size=3, num_steps=16, batch_size=4, save_every=0)
    stop = {"after": 12}

    class EnoughError(Exception):
        """Ends the run in the middle of its second epoch."""

    def count():
        stop["after"] -= 1
        if not stop["after"]:
            raise EnoughError

    with pytest.raises(EnoughError):
        trainer.run(recorder(after_batch=count))
    saved = load_checkpoint(trainer.folder.last)
    assert saved.metrics["epoch"] == 1
    assert saved.training["carried"]
    return saved


@pytest.fixture
def path(tmp_path) -> Path:
    return tmp_path / "ckpt.pt"


def plain(value):
    """Anything a checkpoint holds as nested tuples that `==` compares exactly, NaN included."""
    if isinstance(value, torch.Tensor):
        return str(value.dtype), tuple(value.shape), value.contiguous().numpy().tobytes()
    if isinstance(value, dict):
        return tuple((key, plain(entry)) for key, entry in value.items())
    if isinstance(value, list | tuple):
        return type(value).__name__, tuple(map(plain, value))
    return repr(value)


def content(checkpoint: Checkpoint):
    return plain(
        {
            "kind": checkpoint.kind,
            "network": checkpoint.network.to_dict(),
            "tokenizer": checkpoint.tokenizer.to_dict(),
            "weights": dict(checkpoint.weights),
            "training": dict(checkpoint.training),
            "corpus": dict(checkpoint.corpus),
            "metrics": dict(checkpoint.metrics),
        }
    )


def refused(path, *words):
    with pytest.raises(FileFormatError) as caught:
        load_checkpoint(path)
    message = str(caught.value)
    assert message.startswith(f"{path}: ")
    assert "\n" not in message
    for word in words:
        assert word in message


def test_a_checkpoint_is_read_as_it_was_written(made, path):
    save_checkpoint(path, made)
    assert content(load_checkpoint(path)) == content(made)
    assert [p.name for p in path.parent.iterdir() if p.is_file()] == [path.name]


def test_torch_alone_opens_a_checkpoint_with_weights_only(made, path):
    save_checkpoint(path, made)
    file = torch.load(path, weights_only=True)
    assert (file["format"], file["format_version"]) == (FORMAT, FORMAT_VERSION)
    payload = file["payload"]
    assert sorted(payload) == ["corpus", "kind", "metrics", "network", "tokenizer", "training", "weights"]
    assert payload["tokenizer"]["vocab"][0] == "<unk>"
    assert payload["corpus"]["sha256"] == made.corpus["sha256"]


def test_the_network_built_computes_what_the_one_saved_did(start, recorder):
    trainer = start(cell="gru", num_layers=2)
    trainer.run(recorder())
    rebuilt = load_checkpoint(trainer.folder.last).build()
    assert not rebuilt.training
    ids = torch.arange(1, 13).view(2, 6)
    before = trainer.network.eval()(ids, trainer.network.init_state(2))
    after = rebuilt(ids, rebuilt.init_state(2))
    assert torch.equal(before[0], after[0])
    assert torch.equal(before[1][0], after[1][0])


def test_every_flipped_bit_is_found_or_does_no_harm(made, path):
    save_checkpoint(path, made)
    data, good = path.read_bytes(), content(made)
    choose = random.Random(2)
    found = 0
    for _ in range(200):
        flipped, bit = bytearray(data), choose.randrange(len(data) * 8)
        flipped[bit // 8] ^= 1 << bit % 8
        path.write_bytes(flipped)
        try:
            assert content(load_checkpoint(path)) == good, f"bit {bit} changed the content unseen"
        except FileFormatError:
            found += 1
    assert found > 50


def test_a_flipped_bit_in_a_weight_is_found_though_torch_reads_it(made, path):
    save_checkpoint(path, made)
    data = path.read_bytes()
    weight = made.weights["output.weight"].numpy().tobytes()
    assert data.count(weight) == 1
    place = data.index(weight) + len(weight) // 2
    path.write_bytes(data[:place] + bytes([data[place] ^ 1]) + data[place + 1 :])
    torch.load(path, weights_only=True)
    refused(path, "does not match its SHA-256")


def test_a_truncated_checkpoint_is_refused_at_any_length(made, path):
    save_checkpoint(path, made)
    data = path.read_bytes()
    for length in [*range(0, len(data), len(data) // 60), len(data) - 1]:
        path.write_bytes(data[:length])
        refused(path, "expected a checkpoint")


def npz():
    buffer = io.BytesIO()
    np.savez(buffer, a=np.zeros(3))
    return buffer.getvalue()


@pytest.mark.parametrize(
    ("write", "words"),
    [
        (lambda p: None, ["found nothing there"]),
        (Path.mkdir, ["found a folder"]),
        (lambda p: p.write_bytes(b""), ["expected a checkpoint", "truncated, damaged or another kind of file"]),
        (lambda p: p.write_text("to be or not to be\n" * 99), ["expected a checkpoint", "another kind of file"]),
        (lambda p: p.write_bytes(bytes(range(256)) * 9), ["expected a checkpoint", "another kind of file"]),
        (lambda p: p.write_bytes(npz()), ["expected a checkpoint", "another kind of file"]),
        (lambda p: torch.save([1, 2], p), ["expected a checkpoint that `toolkit train` wrote", "another object"]),
        (lambda p: torch.save({}, p), ["expected a checkpoint that `toolkit train` wrote", "another object"]),
        (
            lambda p: torch.save(torch.nn.LSTM(2, 3).state_dict(), p),
            ["expected a checkpoint that `toolkit train` wrote", "a dict with weight_ih_l0, weight_hh_l0"],
        ),
        (lambda p: torch.save(torch.nn.LSTM(2, 3), p), ["holds pickled Python objects", "not opened", "state_dict()"]),
        (lambda p: torch.save({"format": FORMAT, "format_version": 1}, p), ["does not match its SHA-256"]),
    ],
    ids=[
        "missing", "folder", "empty", "text", "binary", "npz", "list", "empty dict", "state_dict", "module",
        "no payload",
    ],
)  # fmt: skip
def test_what_is_no_checkpoint_is_refused_with_what_it_is(path, write, words):
    write(path)
    refused(path, *words)


class Payload:
    """Makes a folder when it is unpickled."""

    def __init__(self, mark):
        self.mark = mark

    def __reduce__(self):
        return os.mkdir, (str(self.mark),)


@pytest.mark.parametrize("wrapped", ["bare", "payload", "weights"])
@pytest.mark.parametrize("legacy", [False, True], ids=["zip", "legacy"])
def test_code_in_a_pickle_is_not_run(tmp_path, path, wrapped, legacy):
    mark = tmp_path / "ran"
    value = Payload(mark)
    if wrapped != "bare":
        inner = value if wrapped == "payload" else {"weights": {"w": value}}
        value = {"format": FORMAT, "format_version": FORMAT_VERSION, "sha256": "0" * 64, "payload": inner}
    torch.save(value, path, _use_new_zipfile_serialization=not legacy)
    torch.load(path, weights_only=False)
    assert mark.exists()  # the file is armed
    mark.rmdir()
    refused(path, "holds pickled Python objects, which could run code when opened; it was not opened")
    assert not mark.exists()


@pytest.mark.parametrize("protocol", [2, 5])
def test_code_in_a_plain_pickle_is_not_run(tmp_path, path, protocol):
    mark = tmp_path / "ran"
    path.write_bytes(pickle.dumps(Payload(mark), protocol))
    pickle.loads(path.read_bytes())
    mark.rmdir()
    refused(path)
    assert not mark.exists()


def forged(made, path, **changes):
    """A checkpoint with other content and the right hash: what a program, not an accident, would write."""
    save_checkpoint(path, made)
    file = torch.load(path, weights_only=True)
    for key, value in changes.items():
        file["payload"][key] = value(file["payload"][key])
    file["sha256"] = digest(file["payload"])
    torch.save(file, path)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        (
            {"weights": lambda w: {**w, "output.weight": w["output.weight"][:-1]}},
            ["the weights do not fit the network: output.weight should have shape [", "], has ["],
        ),
        (
            {"weights": lambda w: {k: v for k, v in w.items() if k != "rnn.bias_hh_l0"}},
            ["the weights do not fit the network: rnn.bias_hh_l0 is missing"],
        ),
        ({"weights": lambda w: {**w, "extra": torch.ones(1)}}, ["extra is not expected"]),
        ({"weights": lambda w: {**w, "output.bias": [1.0]}}, ["output.bias is missing"]),
        ({"weights": lambda _: 3}, ["incomplete checkpoint"]),
        ({"network": lambda n: {**n, "hidden_size": 5}}, ["the weights do not fit the network"]),
        (
            # half a terabyte of weights, if anybody made them
            {"network": lambda n: {**n, "hidden_size": 65536, "num_layers": 64}},
            ["the weights do not fit the network"],
        ),
        ({"network": lambda n: {**n, "cell": "elman"}}, ["cell must be one of rnn, gru, lstm, found 'elman'"]),
        ({"network": lambda n: {**n, "heads": 8}}, ["unknown option heads"]),
        ({"tokenizer": lambda t: {**t, "vocab": [*t["vocab"][1:], "<unk>"]}}, ["tokenizer"]),
        ({"tokenizer": lambda t: {**t, "vocab": t["vocab"][:-1]}}, ["the weights do not fit the network"]),
        ({"metrics": lambda _: None}, ["incomplete checkpoint"]),
    ],
)
def test_contradictory_content_is_refused_with_what_is_wrong(made, path, changes, words):
    forged(made, path, **changes)
    with pytest.raises(ToolkitError) as caught:
        load_checkpoint(path)
    assert str(caught.value).startswith(f"{path}: ")
    for word in words:
        assert word in str(caught.value)


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_weights_that_are_not_finite_are_refused(made, path, value):
    broken = made.weights["output.bias"].clone()
    broken[2] = value
    save_checkpoint(path, replace(made, weights={**made.weights, "output.bias": broken}))
    refused(path, "output.bias holds NaN or infinity: the training had diverged")


def test_a_newer_format_is_refused_with_what_to_do(made, path, monkeypatch):
    with monkeypatch.context() as later:
        later.setattr(module, "FORMAT_VERSION", FORMAT_VERSION + 1)
        save_checkpoint(path, made)
    refused(
        path, f"has format version {FORMAT_VERSION + 1}, this toolkit reads {FORMAT_VERSION}", "Upgrade rnn-toolkit"
    )


def test_the_digest_tells_apart_what_looks_alike():
    values = [
        1, 1.0, True, "1", None, [], {}, [1], [[1]], [1, 1], {"a": 1}, {"a": [1]}, {"b": 1}, [["a", 1]], "a", ["ab"],
        ["a", "b"], torch.tensor(1), torch.tensor(1.0), torch.tensor([1.0]), torch.tensor([[1.0]]),
        torch.tensor([1.0, 2.0]), torch.tensor([2.0, 1.0]), torch.tensor([1.0, 2.0]).double(), torch.zeros(0),
        torch.zeros(0, 3), torch.tensor([0.0]), torch.tensor([-0.0]),
    ]  # fmt: skip
    assert len({digest(value) for value in values}) == len(values)
    assert digest((1, 2)) == digest([1, 2])  # torch.load may give either
    transposed = torch.arange(6.0).view(2, 3).T
    assert digest(transposed) == digest(transposed.contiguous())
