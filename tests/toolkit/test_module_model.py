"""The step of any bundle, run by `toolkit.load_module` with numpy and ONNX Runtime."""

import json
import shutil
import subprocess
import sys

import numpy as np
import pytest
import torch
from torch import nn

import toolkit
from toolkit.export import export_module

N, D, H = 5, 3, 4


class Gated(nn.Module):
    """Two inputs, two outputs, states of two dtypes, the batch on axis 1 of one of them."""

    def __init__(self):
        super().__init__()
        self.linear = nn.Linear(D, H)

    def forward(self, x, gate, h, count):
        h = torch.where(gate[:, None], torch.tanh(self.linear(x) + h[0]), h[0])[None]
        return h[0].sum(1), x * 2, h, count + gate


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    torch.manual_seed(0)
    examples = torch.randn(N, D), torch.arange(N) % 2 == 0
    state = [torch.zeros(1, N, H), torch.zeros(N, dtype=torch.int64)]
    path = tmp_path_factory.mktemp("module") / "gated"
    return export_module(Gated(), examples, state, path, output_names=["total", "double"], steps=8).folder


@pytest.fixture(scope="module")
def model(folder):
    return toolkit.load_module(folder, "cpu")


def inputs(n=2):
    return np.ones((n, D), np.float32), np.ones(n, np.bool_)


def test_inputs_and_outputs_are_tuples_in_the_signature_s_order_or_named(model):
    state = model.init_state(2)
    assert [(part.dtype.name, part.shape) for part in state] == [("float32", (1, 2, H)), ("int64", (2,))]
    (total, double), after = model.step(inputs(), state)
    assert (total.shape, double.tolist()) == ((2,), [[2.0] * D] * 2)
    assert after[1].tolist() == [1, 1]
    x, gate = inputs()
    named, again = model.step({"gate": gate, "x": x}, state)
    np.testing.assert_array_equal(named[0], total)
    np.testing.assert_array_equal(again[0], after[0])
    assert "x float32 [N, 3], gate bool [N], h float32 [1, N, 4], count int64 [N] -> total float32 [N]" in repr(model)
    assert (model.device, model.info.kind) == ("cpu", "module")


def test_the_state_that_went_in_is_left_alone(folder):
    for backend in ("onnx", "torchscript", "pt2"):
        model = toolkit.load_module(folder, "cpu", backend=backend)
        state = model.init_state(2)
        _, after = model.step(inputs(), state)
        model.step(inputs(), after)
        assert not any(part.any() for part in state)
        assert after[1].tolist() == [1, 1]


x, gate = inputs()


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (x, r"inputs must be 2 arrays \(x, gate\), found 1"),
        ((x, gate, gate), "found 3"),
        ({"x": x}, "inputs must be x, gate; found x"),
        ({"x": x, "gate": gate, "y": x}, "inputs must be x, gate; found x, gate, y"),
        ((x.astype(float), gate), r"input x float32 \[N, 3\] was expected, found float64 \[2, 3\]"),
        ((x[:, :2], gate), r"found float32 \[2, 2\]"),
        ((x[0], gate), r"found float32 \[3\]"),
        ((x[:0], gate[:0]), r"found float32 \[0, 3\]\. N must be 1 or more"),
        ((x, gate[:1]), r"input gate bool \[N\] was expected, found bool \[1\]"),
        (([[1.0]], gate), r"input x float32 \[N, 3\] was expected, found list"),
    ],
)
def test_wrong_inputs_are_named(model, given, message):
    with pytest.raises(toolkit.ToolkitError, match=message):
        model.step(given, model.init_state(2))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda _: None, r"state must be a tuple of arrays \(h, count\), found NoneType\. Start from init_state\(2\)"),
        (lambda s: s[:1], r"state must be \(h, count\) float32 \[1, 2, 4\], int64 \[2\]; found float32 \[1, 2, 4\]\."),
        (lambda s: (s[0], s[1].astype(np.int32)), r"found float32 \[1, 2, 4\], int32 \[2\]"),
        (lambda s: (s[0][:, :1], s[1]), r"found float32 \[1, 1, 4\], int64 \[2\]"),
        (lambda s: (s[0], None), "state must be a tuple of arrays"),
    ],
)
def test_wrong_states_are_named(model, change, message):
    with pytest.raises(toolkit.ToolkitError, match=message):
        model.step(inputs(), change(model.init_state(2)))


@pytest.mark.parametrize("batch_size", [0, -1, 1.0, "2", None, True])
def test_a_batch_size_is_a_whole_number(model, batch_size):
    with pytest.raises(toolkit.ToolkitError, match="batch_size must be a whole number from 1"):
        model.init_state(batch_size)


def test_a_single_file_is_enough(folder, tmp_path, model):
    alone = toolkit.load_module(shutil.copy(folder / "step.onnx", tmp_path / "a.onnx"), "cpu")
    np.testing.assert_array_equal(
        alone.step(inputs(), alone.init_state(2))[0][0], model.step(inputs(), model.init_state(2))[0][0]
    )


@pytest.mark.slow
def test_the_step_of_a_language_model_opens_too(make_bundle):
    model, text = toolkit.load_module(make_bundle(), "cpu"), toolkit.load(make_bundle(), "cpu")
    ids = np.array([3, 1])
    logits, _ = model.step(ids, model.init_state(2))
    np.testing.assert_array_equal(logits, text.step(ids, text.init_state(2))[0])
    with pytest.raises(toolkit.ToolkitError, match=r"input_ids must lie in 0\.\."):
        model.step(ids + 10_000, model.init_state(2))
    with pytest.raises(toolkit.ToolkitError, match=r"lists no file step\.pt2"):
        toolkit.load_module(make_bundle(), "cpu", backend="pt2")
    with pytest.raises(toolkit.ToolkitError, match=r"holds the generate alone\. Open the bundle, or its step\.onnx"):
        toolkit.load_module(make_bundle() / "generate.onnx", "cpu")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"backend": "eager"}, "backend of a step must be onnx, torchscript or pt2, found 'eager'"),
        ({"device": "tpu"}, "device must be one of"),
        ({"threads": 0}, "threads must be from 1"),
    ],
)
def test_wrong_options_are_named(folder, options, message):
    with pytest.raises(toolkit.ToolkitError, match=message):
        toolkit.load_module(folder, **options)


@pytest.mark.slow
def test_what_has_no_step_says_what_it_is(make_pairs_bundle, folder):
    with pytest.raises(toolkit.ToolkitError, match=r"a model from text to text: open it with toolkit\.load_translator"):
        toolkit.load_module(make_pairs_bundle(), "cpu")
    for load in (toolkit.load, toolkit.load_series, toolkit.load_translator, toolkit.load_window):
        with pytest.raises(toolkit.ToolkitError, match=r"open it with toolkit\.load_module"):
            load(folder, "cpu")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda s: s["inputs"][0].update(axes=["N", "N"]), r"x float32 \[N, N\] should be .* with one axis N"),
        (lambda s: s["inputs"][0].update(dtype="float16"), r"x float16 \[N, 3\] should be float32, int64, bool"),
        (
            lambda s: s["outputs"][3].update(dtype="float32"),
            "the states should stand last and come out as they went in",
        ),
        (lambda s: s["inputs"].reverse(), "the states should stand last"),
        (lambda s: s["states"].clear(), "inputs, outputs or states are missing"),
    ],
)
def test_a_contract_that_contradicts_itself_is_refused(folder, tmp_path, change, message):
    copied = shutil.copytree(folder, tmp_path / "gated")
    values = json.loads((copied / "model.json").read_bytes())
    change(values["signatures"]["step"])
    (copied / "model.json").write_text(json.dumps(values))
    with pytest.raises(toolkit.ToolkitError, match=message):
        toolkit.load_module(copied, "cpu")


def test_a_damaged_file_is_refused(folder, tmp_path):
    copied = shutil.copytree(folder, tmp_path / "gated")
    for name, backend in (("step.onnx", "onnx"), ("step.ts.pt", "torchscript"), ("step.pt2", "pt2")):
        data = bytearray((copied / name).read_bytes())
        data[len(data) // 2] ^= 1
        (copied / name).write_bytes(data)
        with pytest.raises(toolkit.ToolkitError, match=rf"{name}: expected SHA-256 .* altered or cut off"):
            toolkit.load_module(copied, "cpu", backend=backend)


def test_running_a_step_loads_neither_torch_nor_onnx_and_the_exporter_s_package_costs_nothing(folder):
    program = (
        "import sys, toolkit\n"
        "import toolkit.export\n"
        "model = toolkit.load_module(sys.argv[1])\n"
        "import numpy as np\n"
        "outputs, _ = model.step((np.ones((1, 3), np.float32), np.ones(1, bool)), model.init_state(1))\n"
        "print(outputs[0].shape, {'torch', 'onnx', 'onnxscript'} & set(sys.modules))\n"
    )
    done = subprocess.run([sys.executable, "-c", program, folder], capture_output=True, text=True, check=True)
    assert done.stdout == "(1,) set()\n"
