"""Files from elsewhere that are wrong or hostile: a short message says what was found; nothing is run or left."""

import contextlib
import os
import pickle
import warnings

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn.utils import parametrizations, prune

from toolkit.cli import _run
from toolkit.errors import FileFormatError, ToolkitError
from toolkit.export.exporter import open_checkpoint
from toolkit.export.foreign_options import ForeignOptions

LONGEST_MESSAGE = 900


class Payload:
    """Makes a file when it is unpickled."""

    def __init__(self, proof):
        self.proof = proof

    def __reduce__(self):
        return os.mkdir, (str(self.proof),)


class Own(nn.Module):
    """A class that only its program knows."""

    def __init__(self):
        super().__init__()
        self.rnn = nn.GRU(3, 4)


def legacy(content, path):
    torch.save(content, path, _use_new_zipfile_serialization=False)


def pickled(content, path):
    path.write_bytes(pickle.dumps(content))


def refused(path, *expected, **options):
    """What is said of a file that must be refused."""
    with pytest.raises(ToolkitError) as caught:
        open_checkpoint(path, ForeignOptions(**options))
    message = str(caught.value)
    for part in (str(path), *expected):
        assert part in message, message
    assert len(message) < LONGEST_MESSAGE, message
    return message


def saved(content, tmp_path):
    path = tmp_path / "their.pt"
    torch.save(content, path)
    return path


@pytest.mark.parametrize(
    "wrap", [lambda p, _: p, lambda p, w: {**w, "note": p}, lambda p, w: {"state_dict": w, "x": [p]}]
)
@pytest.mark.parametrize("save", [torch.save, legacy, pickled])
def test_code_in_a_pickle_is_named_and_not_run(save, wrap, tmp_path, foreign_weights):
    proof, path = tmp_path / "proof", tmp_path / "their.pt"
    save(wrap(Payload(proof), foreign_weights()), path)
    message = refused(path, "could run code when opened; it was not opened", "torch.save(model.state_dict(),")
    assert save is pickled or "mkdir" in message
    assert not proof.exists()


@pytest.mark.parametrize("suffix", [".npz", ".npy"])
def test_code_in_arrays_of_objects_is_not_run(suffix, tmp_path):
    proof, path = tmp_path / "proof", tmp_path / f"their{suffix}"
    objects = np.array([Payload(proof)], object)
    np.save(path, objects) if suffix == ".npy" else np.savez(path, Wxh=objects)
    refused(path, "holds pickled Python objects")
    assert not proof.exists()


@pytest.mark.parametrize("save", [torch.save, legacy])
@pytest.mark.parametrize(("model", "named"), [(nn.LSTM(3, 4), "torch.nn.modules.rnn.LSTM"), (Own(), "Own")])
def test_whole_models_are_refused_with_the_lines_that_make_a_state_dict(model, named, save, tmp_path):
    save(model, tmp_path / "their.pt")
    lines = "torch.load('their.pt'", "torch.save(model.state_dict(), 'their-weights.pt')"
    refused(tmp_path / "their.pt", named, *lines)


def test_a_newer_pickle_protocol_is_told_from_hostile_code(tmp_path, foreign_weights):
    path = tmp_path / "their.pt"
    torch.save(foreign_weights(), path, pickle_protocol=4)
    refused(path, "protocol above 2", "torch.save(content,")
    torch.save(torch.load(path, weights_only=False), path)
    assert open_checkpoint(path, ForeignOptions()).kind == "lm"


def test_torchscript_is_refused_with_the_lines_that_make_a_state_dict(tmp_path):
    path = tmp_path / "their.pt"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.jit.save(torch.jit.script(nn.LSTM(3, 4)), path)
    refused(path, "is a TorchScript program", "torch.jit.load('their.pt'")


NOT_RECURRENT = {
    "convolutions": nn.Sequential(nn.Conv2d(3, 4, 3), nn.Flatten(), nn.Linear(4, 2)),
    "a transformer": nn.TransformerEncoderLayer(8, 2, 16),
    "linear layers": nn.Sequential(nn.Linear(3, 4), nn.ReLU(), nn.Linear(4, 2)),
}


@pytest.mark.parametrize("name", NOT_RECURRENT)
def test_other_networks_are_named_by_their_tensors(name, tmp_path):
    weights = NOT_RECURRENT[name].state_dict()
    first = next(iter(weights))
    found = f"expected a recurrent network (weight_ih_l0, weight_hh_l0 …), found {first} {[*weights[first].shape]}"
    refused(saved(weights, tmp_path), found, "toolkit.export.export_module")


BESIDE = {
    "conv": (nn.Conv1d(4, 4, 3), "cannot place conv.weight [4, 4, 3], conv.bias [4]"),
    "norm": (nn.LayerNorm(6), "cannot place norm.weight [6], norm.bias [6]"),
    "bn": (nn.BatchNorm1d(6), "bn.num_batches_tracked []"),
    "fc1": (
        nn.Linear(6, 6),
        "expected one linear layer [K, 6] behind the recurrent layers, found embedding [11, 4], fc",
    ),
    "head": (nn.Linear(11, 5), "cannot place head [5, 11] + bias"),
}


@pytest.mark.parametrize("name", BESIDE)
def test_layers_in_between_are_named_and_may_be_left_out_on_request(name, tmp_path, foreign_weights):
    layer, expected = BESIDE[name]
    more = {f"{name}.{key}": tensor for key, tensor in layer.state_dict().items()}
    path = saved(foreign_weights() | more, tmp_path)
    refused(path, expected, "--set")
    assert open_checkpoint(path, ForeignOptions(set=(f"ignore={name}",))).kind == "lm"


@pytest.mark.parametrize(
    "change",
    [
        lambda m: parametrizations.weight_norm(m["rnn"], "weight_hh_l0"),
        lambda m: parametrizations.spectral_norm(m["fc"]),
        lambda m: prune.l1_unstructured(m["fc"], "weight", 0.5),
    ],
    ids=["weight_norm", "spectral_norm", "pruning"],
)
def test_weights_in_parts_are_refused_with_what_puts_them_together(change, tmp_path):
    model = nn.ModuleDict({"embedding": nn.Embedding(11, 4), "rnn": nn.LSTM(4, 6), "fc": nn.Linear(6, 11)})
    change(model)
    refused(saved(model.state_dict(), tmp_path), "make up a weight that is normalised, pruned or dropped. Remove that")


TENSORS = ["embedding.weight", *(f"rnn.{p}_{s}_l{n}" for n in (0, 1) for p in ("weight", "bias") for s in ("ih", "hh"))]


@pytest.mark.parametrize("name", [*TENSORS, "fc.weight"])
def test_half_a_state_dict_is_told_by_what_is_missing(name, tmp_path, foreign_weights):
    weights = foreign_weights()
    del weights[name]
    message = refused(saved(weights, tmp_path))
    short = name.removeprefix("rnn.")
    assert f"{short} missing" in message or f"{short} is missing" in message or "the embedding is missing" in message


def test_an_output_layer_without_bias_is_said(tmp_path, foreign_weights):
    weights = foreign_weights()
    del weights["fc.bias"]  # as of nn.Linear(bias=False): nothing tells them apart
    assert "fc has no bias" in open_checkpoint(saved(weights, tmp_path), ForeignOptions()).recognised["assumed"]


H = 6
SHAPES = {
    "rnn.weight_hh_l0": [
        (lambda w: w[: 2 * H], "has shape [12, 6]; expected [H, H] (RNN), [3H, H] (GRU) or [4H, H] (LSTM)"),
        (lambda w: w.T.contiguous(), "[6, 24] (transposed?)"),
        (lambda w: w[:, :4].clone(), "weight_hh has shape [24, 4]"),  # as where it and weight_ih are swapped
        (lambda w: w[..., None], "[24, 6, 1]"),
        (lambda _: torch.tensor(1.0), "has shape []"),
        (lambda w: w[:0], "[0, 6]"),
    ],
    "rnn.weight_ih_l0": [
        (lambda w: w.T.contiguous(), "weight_ih_l0 should have shape [24, 24] in LSTM of 6 units, has [4, 24]"),
        (lambda w: w[: 3 * H], "should have shape [24, 4] in LSTM of 6 units, has [18, 4]"),
        (lambda w: w[:, :0], "has [24, 0]"),
    ],
    "rnn.weight_ih_l1": [
        (lambda w: w[:, :5], "weight_ih_l1 should have shape [24, 6] in LSTM of 6 units, has [24, 5]")
    ],
    "rnn.bias_hh_l0": [(lambda b: b[:7], "bias_hh_l0 should have shape [24] in LSTM of 6 units, has [7]")],
    "fc.bias": [(lambda b: b[:5], "fc: weight [11, 6] and bias [5] do not fit")],
    "fc.weight": [(lambda w: w.T.contiguous(), "fc: weight [6, 11] and bias [11] do not fit")],
    "embedding.weight": [
        (lambda w: w[:0], "embedding: weight [0, 4]"),
        (lambda w: w[None], "cannot place embedding.weight"),
    ],
}


@pytest.mark.parametrize(("name", "change", "expected"), [(n, *case) for n, cases in SHAPES.items() for case in cases])
def test_sizes_that_do_not_fit_are_named(name, change, expected, tmp_path, foreign_weights):
    weights = foreign_weights()
    weights[name] = change(weights[name])
    refused(saved(weights, tmp_path), expected)


NUMBERS = {
    "int64": (lambda t: t.long(), "is int64, strided; expected plain floating-point numbers"),
    "int8": (lambda t: t.to(torch.int8), "is int8"),
    "bool": (lambda t: t > 0, "is bool"),
    "complex": (lambda t: t.to(torch.complex64), "is complex64"),
    "float8": (lambda t: t.to(torch.float8_e4m3fn), "is float8_e4m3fn"),
    "sparse": (lambda t: t.to_sparse(), "is float32, sparse_coo"),
    "meta": (lambda t: t.to("meta"), "is meta, without numbers"),
    "too large": (lambda t: t.double() * 1e300, "holds numbers beyond float32"),
    "NaN": (lambda t: torch.full_like(t, float("nan")), "holds NaN or infinity: the training had diverged"),
    "infinity": (lambda t: t.new_full(t.shape, float("-inf")), "holds NaN or infinity"),
}


@pytest.mark.parametrize("name", ["embedding.weight", "rnn.bias_ih_l1", "fc.weight"])
@pytest.mark.parametrize("kind", NUMBERS)
def test_tensors_of_no_use_are_named(kind, name, tmp_path, foreign_weights):
    change, expected = NUMBERS[kind]
    weights = foreign_weights()
    weights[name] = change(weights[name])
    refused(saved(weights, tmp_path), name, expected)


@pytest.mark.filterwarnings("ignore:.*quantized tensor creation:UserWarning", "ignore:TypedStorage:UserWarning")
def test_quantised_tensors_are_named(tmp_path, foreign_weights):
    weights = foreign_weights()
    weights["fc.weight"] = torch.quantize_per_tensor(weights["fc.weight"], 0.1, 0, torch.qint8)
    refused(saved(weights, tmp_path), "fc.weight [11, 6] is qint8")


CONTENTS = {
    "an empty dict": ({}, "expected a state_dict: tensors with names, found nothing"),
    "no tensors": ({"epoch": 3, "note": "x"}, "found epoch (int), note (str)"),
    "a list": ([1, 2], "found 0 (int), 1 (int)"),
    "a list of tensors": ([torch.zeros(2, 2)] * 11, "holds 11 tensors without names"),
    "a tensor": (torch.zeros(3), "found a single tensor [3]"),
    "nothing": (None, "found NoneType"),
    "optimizer": (
        {"optimizer_state_dict": {"state": {0: {"exp_avg": torch.zeros(3)}}, "param_groups": []}},
        "found optimizer_state_dict (dict)",
    ),
    "bare optimizer": (
        {"state": {0: {"exp_avg": torch.zeros(3)}}, "param_groups": []},
        "found state (dict), param_groups",
    ),
}


@pytest.mark.parametrize("name", CONTENTS)
def test_files_without_a_state_dict_are_told_by_what_they_hold(name, tmp_path):
    content, expected = CONTENTS[name]
    refused(saved(content, tmp_path), expected)


FILES = {
    "empty.pt": b"",
    "empty.npz": b"",
    "empty.safetensors": b"",
    "text.pt": b"to be or not to be\n" * 99,
    "chinese.pt": "天青色等烟雨\n".encode() * 99,
    "junk.npz": b"PK\x03\x04junk",
    "junk.safetensors": b"\xff" * 64,
    "graph.onnx": b"\x08\x07\x12\x04test",
    "step.ts.pt": b"PK\x03\x04",
}


@pytest.mark.parametrize("name", FILES)
def test_other_files_are_refused_in_a_line(name, tmp_path):
    path = tmp_path / name
    path.write_bytes(FILES[name])
    message = refused(path)
    assert message.isprintable()
    assert "cannot read it" in message or "Give the checkpoint that it was made from" in message


def test_folders_and_missing_files_are_refused(tmp_path):
    refused(tmp_path, "found a folder")
    refused(tmp_path / "their.pt", "found nothing there")


@pytest.mark.parametrize("save", [torch.save, legacy])
def test_no_cut_and_no_flipped_byte_ends_in_a_traceback(save, tmp_path, foreign_weights):
    path = tmp_path / "their.pt"
    save({"state_dict": foreign_weights(), "chars": list("abcdefghijk")}, path)
    whole, draw = path.read_bytes(), np.random.default_rng(0)
    spoilt = [whole[:length] for length in np.linspace(0, len(whole) - 1, 20, dtype=int)]
    for place in draw.integers(0, len(whole), 80):
        flipped = bytearray(whole)
        flipped[place] ^= 1 << int(draw.integers(8))
        spoilt.append(bytes(flipped))
    survived = 0
    for data in spoilt:
        path.write_bytes(data)
        with contextlib.suppress(FileFormatError):
            open_checkpoint(path, ForeignOptions())  # a flipped bit of a number is a number
            survived += len(data) < len(whole)
    assert not survived


FLOODS = {
    "10,000 tensors": {f"junk{i}.part.w": torch.zeros(1) for i in range(10_000)},
    "10,000 matrices": {f"junk{i}.weight": torch.zeros(2, 2) for i in range(10_000)},
    "a long name": {"x" * 5000 + ".weight": torch.zeros(2, 2)},
    "a line break": {"a\nb.weight": torch.zeros(2, 2)},
    "an escape": {"a\x1b[31mb.weight": torch.zeros(2, 2)},
    "100,000,000 layers": {"rnn.weight_hh_l99999999": torch.zeros(24, 6)},
}


@pytest.mark.parametrize("name", FLOODS)
def test_messages_stay_short_and_printable(name, tmp_path, foreign_weights):
    assert refused(saved(foreign_weights() | FLOODS[name], tmp_path)).isprintable()


def test_dicts_in_themselves_end(tmp_path, foreign_weights):
    config = {"deep": {}}
    config["deep"]["again"] = config
    path = saved({"state_dict": foreign_weights(), "cfg": config}, tmp_path)
    assert open_checkpoint(path, ForeignOptions()).kind == "lm"


@pytest.mark.parametrize("fault", ["payload", "NaN", "vocabulary", "tensor"])
def test_the_command_line_says_it_without_traceback_and_leaves_nothing(fault, tmp_path, foreign_weights, capsys):
    proof, weights = tmp_path / "proof", foreign_weights()
    weights["fc.bias"] = torch.full((11,), float("nan") if fault == "NaN" else 0.0)
    more = {"payload": Payload(proof), "vocabulary": list("abc"), "tensor": torch.zeros(3)}.get(fault, 3)
    saved({"state_dict": weights | ({"odd.w": more} if fault == "tensor" else {}), "chars": more}, tmp_path)
    assert _run(args=["export", str(tmp_path / "their.pt")]) == 2
    out, err = capsys.readouterr()
    assert not out
    assert err.startswith(f"error: {tmp_path / 'their.pt'}: ")
    assert "Traceback" not in err
    assert [path.name for path in tmp_path.iterdir()] == ["their.pt"]
