import re

import numpy as np
import onnx
import pytest
import torch
from onnx import helper, numpy_helper

from toolkit.bundle import ModelInfo
from toolkit.errors import FileFormatError, ParityError
from toolkit.export.differences import ATOL
from toolkit.export.language_bundle import open_graphs
from toolkit.export.onnx_file import to_onnx
from toolkit.export.onnx_proto import with_metadata
from toolkit.export.step_module import step_module
from toolkit.export.torchscript_file import script, torchscript_bytes
from toolkit.models.torch_steps import network_signature
from toolkit.onnx_models import OnnxStepModel
from toolkit.onnx_session import open_session
from toolkit.tokenizer import CharTokenizer

VOCAB, HIDDEN = 29, 12
TABLE = 2**24
WORD = 15  # the third of text_ids


def opened(proto, network):
    session = open_session(proto.SerializeToString(), "step.onnx")
    return OnnxStepModel(lambda: session, network_signature(network), "cpu")


@pytest.fixture(scope="module")
def lstm(network_of):
    network = network_of("lstm")
    with torch.no_grad():
        network.rnn.bias_ih_l0[HIDDEN : 2 * HIDDEN] = 12.0  # the forget gate stays open: the cell remembers everything
    return network


@pytest.fixture(scope="module")
def exported_lstm(lstm):
    return to_onnx(step_module(lstm, TABLE), network_signature(lstm), "step")


@pytest.fixture
def proto(exported_lstm):
    copied = onnx.ModelProto()
    copied.CopyFrom(exported_lstm)
    return copied


# Ways to make the graph wrong ------------------------------------------------------------------------


def weights(proto, *shape):
    """The one weight of a shape: a writable copy, and a function that puts it back."""
    (tensor,) = [t for t in proto.graph.initializer if tuple(t.dims) == shape]
    values = numpy_helper.to_array(tensor).copy()
    return values, lambda: tensor.CopyFrom(numpy_helper.from_array(values, tensor.name))


def one_weight_off(proto, shape, index, amount):
    values, put_back = weights(proto, *shape)
    values[index] += amount
    put_back()


def rewired(proto, output, op_type, inputs, *tensors, **attributes):
    """Let an operator make an output of the graph out of others; the old one is called old_OUTPUT."""
    for node in proto.graph.node:
        for i, name in enumerate(node.output):
            if name == output:
                node.output[i] = f"old_{output}"
        for i, name in enumerate(node.input):
            if name == output:
                node.input[i] = f"old_{output}"
    proto.graph.initializer.extend(tensors)
    proto.graph.node.append(helper.make_node(op_type, inputs, [output], **attributes))


def weight_of_the_recurrence(proto):
    one_weight_off(proto, (HIDDEN, 4 * HIDDEN), (3, 3 * HIDDEN + 5), 1e-3)


def weight_of_the_table(proto):
    one_weight_off(proto, (VOCAB, 4 * HIDDEN), (WORD, 40), 1e-3)


def bias_of_one_logit(proto):
    one_weight_off(proto, (VOCAB,), 11, 3 * ATOL)


def gates_swapped(proto):
    for shape in ((HIDDEN, 4 * HIDDEN), (VOCAB, 4 * HIDDEN)):
        values, put_back = weights(proto, *shape)
        i, f, g, o = np.split(values.copy(), 4, axis=1)
        values[:] = np.concatenate([i, f, o, g], axis=1)
        put_back()


def stale_h(proto):
    rewired(proto, "next_h0", "Identity", ["h0"])


def stale_c(proto):
    rewired(proto, "next_c0", "Identity", ["c0"])


def states_swapped(proto):
    rewired(proto, "next_h0", "Identity", ["old_next_c0"])
    rewired(proto, "next_c0", "Identity", ["old_next_h0"])


def nan_in_the_table(proto):
    one_weight_off(proto, (VOCAB, 4 * HIDDEN), (5, 0), np.nan)


def nan_in_a_state(proto):
    rewired(proto, "next_c0", "Add", ["old_next_c0", "nan"], numpy_helper.from_array(np.float32(np.nan), "nan"))


def infinite_logit(proto):
    one_weight_off(proto, (VOCAB,), 2, np.inf)


def one_logit_more(proto):
    proto.graph.output[0].type.tensor_type.shape.dim[1].dim_value += 1
    width = numpy_helper.from_array(np.array([0, 0, 0, 1]), "width")
    rewired(proto, "logits", "Pad", ["old_logits", "width"], width)


def transposed_logits(proto):
    proto.graph.output[0].type.tensor_type.ClearField("shape")
    rewired(proto, "logits", "Transpose", ["old_logits"], perm=[1, 0])


NUMBER = r"(?:\d[\d.e+-]*|inf|nan)"


@pytest.mark.parametrize(
    ("break_it", "output"),
    [
        (weight_of_the_recurrence, "logits"),
        (weight_of_the_table, "logits"),
        (bias_of_one_logit, "logits"),
        (gates_swapped, "logits"),
        (stale_h, "next_h0"),
        (stale_c, "next_c0"),
        (states_swapped, "next_h0"),
        (nan_in_the_table, "logits"),
        (nan_in_a_state, "next_c0"),
        (infinite_logit, "logits"),
        (one_logit_more, "logits"),
        (transposed_logits, "logits"),
    ],
)
@pytest.mark.usefixtures("short_rollouts")
def test_wrong_graph_is_refused_with_graph_output_step_and_number(break_it, output, proto, lstm, check):
    break_it(proto)
    with pytest.raises(ParityError) as refused:
        check(lstm, {"onnx": opened(proto, lstm)})
    pattern = (
        rf"onnx: output {output} differs from eager PyTorch by {NUMBER} at step (\d+) of 48 "
        rf"\(text ids, batch size 1, .*\); at most {NUMBER} relative to max\(1, \|x\|\) is allowed\."
    )
    found = re.fullmatch(pattern, str(refused.value))
    assert found, refused.value
    assert 1 <= int(found[1]) <= 48


def test_right_graphs_pass_with_errors_of_rounding_only(proto, lstm, check, torchscript):
    report = check(lstm, {"torchscript": torchscript(lstm), "onnx": opened(proto, lstm)})
    assert {(r.graph, r.data, r.batch_size) for r in report.rollouts} == {
        (graph, data, n) for graph in ("torchscript", "onnx") for data in ("text", "random") for n in (1, 2, 7)
    }
    for rollout in report.rollouts:
        assert list(rollout.carried) == list(rollout.single) == ["logits", "next_h0", "next_c0"]
        assert max(*rollout.carried.values(), *rollout.single.values()) < ATOL
        assert rollout.rounding == {}
    assert report.to_dict()["rounding_of_eager_float32"] == {}


@pytest.mark.usefixtures("short_rollouts")
def test_error_in_one_word_that_the_text_lacks_is_found_by_the_random_ids(proto, lstm, check, text_ids):
    weight_of_the_table(proto)
    text = text_ids[text_ids != WORD]
    with pytest.raises(ParityError, match=r"onnx: output \w+ .*\(random ids, batch size [127]"):
        check(lstm, {"onnx": opened(proto, lstm)}, text)


@pytest.mark.usefixtures("short_rollouts")
def test_error_that_shows_at_its_step_is_reported_at_that_step(proto, lstm, check, text_ids):
    weight_of_the_table(proto)
    text = np.where(text_ids == WORD, 0, text_ids)
    text[41] = WORD
    with pytest.raises(ParityError, match=r"at step 42 of 48 \(text ids, batch size 1"):
        check(lstm, {"onnx": opened(proto, lstm)}, text)


def test_drift_too_small_for_one_step_is_found_with_the_state_carried(proto, lstm, check):
    factor = numpy_helper.from_array(np.float32(1 + ATOL / 5), "factor")
    rewired(proto, "next_c0", "Mul", ["old_next_c0", "factor"], factor)
    with pytest.raises(ParityError, match=r"onnx: output \w+ .*, the state carried\)") as refused:
        check(lstm, {"onnx": opened(proto, lstm)})
    step = int(re.search(r"at step (\d+)", str(refused.value))[1])
    assert step > 2


def test_difference_within_the_tolerance_passes_and_is_the_figure_reported(proto, lstm, check):
    one_weight_off(proto, (VOCAB,), 11, ATOL / 2)
    report = check(lstm, {"onnx": opened(proto, lstm)}).to_dict()
    assert report["largest_error"]["onnx"]["logits"] == pytest.approx(ATOL / 2, rel=0.1)
    assert report["largest_error"]["onnx"]["next_h0"] < ATOL / 4


@pytest.mark.usefixtures("short_rollouts")
def test_graph_frozen_to_one_batch_size_is_refused_in_one_line(proto, lstm, check):
    # The declared axes stay dynamic: only running it shows what is wrong.
    shape = numpy_helper.from_array(np.array([1, 1, HIDDEN]), "shape")
    rewired(proto, "next_h0", "Reshape", ["old_next_h0", "shape"], shape)
    with pytest.raises(ParityError, match=r"^onnx: does not run \(text ids, batch size 1\): .*\.$"):
        check(lstm, {"onnx": opened(proto, lstm)})


@pytest.mark.usefixtures("short_rollouts")
@pytest.mark.parametrize("cell", ["rnn", "gru", "lstm"])
def test_torchscript_with_one_weight_off_is_refused(cell, check, torchscript, network_of):
    network = network_of(cell, num_layers=2)

    def change(module):
        module.layers.layers[1].w_hh[2, 3] += 1e-3

    with pytest.raises(ParityError, match=r"^torchscript: output "):
        check(network, {"torchscript": torchscript(network, change)})


@pytest.mark.usefixtures("short_rollouts")
@pytest.mark.parametrize("cell", ["rnn", "gru", "lstm"])
def test_torchscript_with_two_layers_swapped_is_refused(cell, check, torchscript, network_of):
    network = network_of(cell, num_layers=3)

    def change(module):
        first, second, third = module.layers.layers
        module.layers.layers = torch.nn.ModuleList([first, third, second])

    with pytest.raises(ParityError, match=r"^torchscript: output "):
        check(network, {"torchscript": torchscript(network, change)})


@pytest.mark.usefixtures("short_rollouts")
@pytest.mark.parametrize("length", [1, 3])
def test_text_shorter_than_the_rollouts_is_repeated(length, check, torchscript, network_of, text_ids):
    network = network_of("rnn")
    report = check(network, {"torchscript": torchscript(network)}, text_ids[:length])
    assert len(report.rollouts) == 6


# Declared axes -----------------------------------------------------------------------------------------


def rename_batch(proto):
    for value in (*proto.graph.input, *proto.graph.output):
        for dim in value.type.tensor_type.shape.dim:
            if dim.dim_param:
                dim.dim_param = "batch"


def freeze_batch(proto):
    for value in (*proto.graph.input, *proto.graph.output):
        for dim in value.type.tensor_type.shape.dim:
            if dim.dim_param:
                dim.dim_value = 2


def drop_c(proto):
    del proto.graph.output[2:]


def rename_logits(proto):
    rewired(proto, "logits", "Identity", ["old_logits"])
    proto.graph.node[-1].output[0] = proto.graph.output[0].name = "scores"


def one_input_more(proto):
    proto.graph.input.append(helper.make_tensor_value_info("temperature", onnx.TensorProto.FLOAT, []))


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        (rename_batch, r"input should be input_ids int64 \[N\], is input_ids int64 \[batch\]"),
        (freeze_batch, r"output should be logits float32 \[N, 29\], is logits float32 \[2, 29\]"),
        (drop_c, r"output next_c0 float32 \[1, N, 12\] is missing"),
        (rename_logits, r"output logits .* is missing.*output scores .* is not expected"),
        (one_input_more, r"input temperature float32 \[\] is not expected"),
    ],
)
def test_graph_that_declares_other_axes_or_names_never_reaches_the_comparison(change, fault, proto, lstm):
    change(proto)
    vocab = ("<unk>", *(chr(97 + i) for i in range(VOCAB - 1)))
    info = ModelInfo("lm", {}, {"step": network_signature(lstm)}, {"tokenizer": CharTokenizer(vocab)})
    scripted = torchscript_bytes(script(step_module(lstm, TABLE)), "")
    with pytest.raises(FileFormatError, match=f"^step.onnx: .*{fault}"):
        open_graphs({"step.onnx": with_metadata(proto, ""), "step.ts.pt": scripted}, info)
