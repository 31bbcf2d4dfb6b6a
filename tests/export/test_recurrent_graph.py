"""ONNX's recurrent operators, built from torch's modules, against those modules."""

import itertools

import numpy as np
import onnx
import onnx_ir as ir
import pytest
import torch
from onnxscript import GraphBuilder
from torch import nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from toolkit.export.onnx_proto import OPSET
from toolkit.export.recurrent_graph import recurrent
from toolkit.export.sampling_graph import FLOAT, value
from toolkit.onnx_session import open_session

MODULES = {
    "rnn": (nn.RNN, {}),
    "rnn, relu, no bias": (nn.RNN, {"nonlinearity": "relu", "bias": False}),
    "gru": (nn.GRU, {}),
    "gru, no bias": (nn.GRU, {"bias": False}),
    "lstm": (nn.LSTM, {}),
    "lstm, no bias, batch first": (nn.LSTM, {"bias": False, "batch_first": True}),
}
INPUT_SIZE, HIDDEN_SIZE = 5, 6


def random_module(kind, **options):
    torch.manual_seed(1)
    rnn = kind(INPUT_SIZE, HIDDEN_SIZE, **options).eval()
    with torch.no_grad():
        for weight in rnn.parameters():
            weight.uniform_(-0.7, 0.7)
    return rnn


def session_of(rnn, *, with_lengths):
    """A graph of nothing but the operators."""
    x = value("x", FLOAT, ["T", "N", INPUT_SIZE])
    lengths = value("lengths", ir.DataType.INT32, ["N"]) if with_lengths else None
    inputs = [part for part in (x, lengths) if part]
    graph = ir.Graph(inputs, [], nodes=[], opset_imports={"": OPSET}, name="recurrent")
    outputs, states = recurrent(GraphBuilder(graph).op, rnn, x, lengths)
    for name, result in zip(("outputs", "h", "c"), (outputs, *states), strict=False):
        result.name = name
        result.type = ir.TensorType(FLOAT)
        graph.outputs.append(result)
    proto = ir.to_proto(ir.Model(graph, ir_version=10))
    onnx.checker.check_model(proto, full_check=True)
    return open_session(proto.SerializeToString(), "recurrent.onnx")


def expected_of(rnn, x, lengths):
    """What torch's module gives for [T, N, D], as packed sequences where there are lengths."""
    data = x.transpose(0, 1) if rnn.batch_first else x
    with torch.no_grad():
        if lengths is None:
            outputs, states = rnn(data)
            outputs = outputs.transpose(0, 1) if rnn.batch_first else outputs
        else:
            packed = pack_padded_sequence(data, lengths, batch_first=rnn.batch_first, enforce_sorted=False)
            outputs, states = rnn(packed)
            outputs = pad_packed_sequence(outputs, total_length=len(x))[0]
    return [outputs, *(states if isinstance(rnn, nn.LSTM) else (states,))]


@pytest.mark.parametrize("with_lengths", [False, True])
@pytest.mark.parametrize("bidirectional", [False, True])
@pytest.mark.parametrize("num_layers", [1, 2, 3])
@pytest.mark.parametrize(("kind", "options"), MODULES.values(), ids=MODULES)
def test_the_operators_compute_what_torch_s_module_computes(kind, options, num_layers, bidirectional, with_lengths):
    rnn = random_module(kind, num_layers=num_layers, bidirectional=bidirectional, **options)
    session = session_of(rnn, with_lengths=with_lengths)
    random = np.random.default_rng(0)
    for batch_size, steps in itertools.product((1, 2, 7), (1, 2, 11)):
        x = random.standard_normal((steps, batch_size, INPUT_SIZE)).astype(np.float32)
        lengths = random.integers(1, steps + 1, batch_size, dtype=np.int32) if with_lengths else None
        found = session.run(None, {"x": x, **({} if lengths is None else {"lengths": lengths})})
        expected = expected_of(rnn, torch.from_numpy(x), None if lengths is None else torch.from_numpy(lengths).long())
        for result, torchs in zip(found, expected, strict=True):
            assert result.shape == torchs.shape
            np.testing.assert_allclose(result, torchs, rtol=0, atol=1e-5)
        if lengths is not None:
            behind = np.arange(steps)[:, None] >= lengths
            assert not found[0][behind].any()


def test_what_stands_behind_the_end_is_not_read():
    session = session_of(random_module(nn.GRU, num_layers=2, bidirectional=True), with_lengths=True)
    x = np.random.default_rng(0).standard_normal((9, 3, INPUT_SIZE)).astype(np.float32)
    lengths = np.array([4, 9, 1], np.int32)
    spoilt = np.where((np.arange(9)[:, None] >= lengths)[:, :, None], np.float32(1e6), x)
    for one, other in zip(*(session.run(None, {"x": part, "lengths": lengths}) for part in (x, spoilt)), strict=True):
        np.testing.assert_array_equal(one, other)
