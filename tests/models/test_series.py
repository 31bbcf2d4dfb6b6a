"""Models over real numbers: their data, their networks and their training."""

import math

import numpy as np
import pytest
import torch
from torch import nn

from toolkit.errors import ToolkitError
from toolkit.models.run_folder import RunFolder
from toolkit.models.series_options import SeriesDataOptions, SeriesOptions
from toolkit.models.series_rnn import SeriesRNN
from toolkit.models.series_task import SeriesTask
from toolkit.models.train_options import TrainOptions
from toolkit.models.trainer import Trainer
from toolkit.series_data import load_series_data, points_text, read_points

SRN = {"input_size": 2, "hidden_size": 2, "output_size": 2, "bias": False, "init": "ones"}


@pytest.fixture
def begin(tmp_path):
    """A function that begins a run on numbers."""

    def make(source="builtin:sine", folder="run", shape=None, **options):
        task_options = TrainOptions(**{"num_steps": 20, "batch_size": 64, "device": "cpu", "sample_every": 0} | options)
        data_options = SeriesDataOptions()
        data = load_series_data(str(source), data_options.valid_fraction)
        task = SeriesTask.start(SeriesOptions(**shape or {}), task_options, data, data_options)
        return Trainer.start(RunFolder(tmp_path / folder), task, task_options)

    return make


# Data ------------------------------------------------------------------------------------------------


def test_the_sine_goes_on_where_the_held_back_part_begins():
    data = load_series_data("builtin:sine")
    whole = np.concatenate([data.inputs, data.valid_inputs, data.valid_targets[:, -1:]], axis=1)[0, :, 0]
    expected = [math.sin(2 * math.pi * t / 40) for t in range(2401)]
    np.testing.assert_allclose(whole, expected, atol=1e-5)
    np.testing.assert_array_equal(data.targets[0, :-1], data.inputs[0, 1:])


def test_binary_addition_holds_every_sum_bit_by_bit():
    data = load_series_data("builtin:binary-addition")
    weights = 2.0 ** np.arange(8)
    numbers = (data.inputs * weights[None, :, None]).sum(axis=1)
    sums = (data.targets[:, :, 0] * weights).sum(axis=1)
    assert sorted(map(tuple, numbers.astype(int).tolist())) == [(a, b) for a in range(128) for b in range(128)]
    np.testing.assert_array_equal(sums, numbers.sum(axis=1))


def test_rows_of_a_csv_are_points_and_the_next_row_is_learnt(tmp_path):
    path = tmp_path / "walk.csv"
    path.write_text("x,y\n" + "".join(f"{t},{-t / 2}\n" for t in range(21)) + "\n", encoding="utf-8")
    data = load_series_data(str(path), 0.25)
    assert data.inputs.shape == (1, 15, 2)
    assert data.valid_inputs.shape == (1, 5, 2)
    assert data.inputs[0, 3].tolist() == [3, -1.5]
    assert data.targets[0, 3].tolist() == [4, -2]
    assert data.valid_targets[0, -1].tolist() == [20, -10]
    points = read_points(str(path))
    again = tmp_path / "again.csv"
    again.write_text(points_text(points / 3), encoding="utf-8")
    np.testing.assert_array_equal(read_points(str(again)), points / 3)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("1,2\n3\n", "line 2: expected 2 numbers as above, found 1"),
        ("1,2\n3,x\n", "line 2: expected numbers with commas between, found ['3', 'x']"),
        ("1,2\n3,nan\n", "line 2: expected finite numbers"),
        ("1\n1e39\n", "line 2: expected finite numbers"),
        ("a,b\n", "expected rows of numbers with commas between, found none"),
        ("1,b\n", "line 1: expected numbers"),
        ("1,2\n", "expected at least two rows of numbers, found 1"),
    ],
)
def test_a_row_that_is_no_numbers_is_named_by_its_line(text, message, tmp_path):
    path = tmp_path / "a.csv"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ToolkitError) as error:
        load_series_data(str(path))
    assert str(error.value).startswith(f"{path}")
    assert message in str(error.value)


def test_an_unknown_built_in_series_is_refused():
    with pytest.raises(ToolkitError, match=r"no such built-in series; there are builtin:sine, "):
        load_series_data("builtin:cosine")


# Networks --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("module", [nn.RNN, nn.RNNCell, SeriesRNN])
def test_the_worked_example_of_a_simple_recurrent_network(module):
    """All weights 1: 2 + 0 = 2, out 4; 2 + 4 = 6, out 12; 4 + 12 = 16, out 32. With relu as without activation."""
    inputs = torch.tensor([[[1.0, 1], [1, 1], [2, 2]]])
    expected = torch.tensor([[[4.0, 4], [12, 12], [32, 32]]])
    if module is SeriesRNN:
        for nonlinearity in ("none", "relu"):
            network = SeriesRNN(SeriesOptions(nonlinearity=nonlinearity, **SRN))
            assert torch.equal(network(inputs, network.init_state(1))[0], expected)
        return
    cell = module(2, 2, bias=False, nonlinearity="relu")
    for weight in cell.parameters():
        nn.init.ones_(weight)
    if module is nn.RNN:
        hidden = cell(inputs.transpose(0, 1))[0].transpose(0, 1)
    else:
        h, hidden = torch.zeros(1, 2), []
        for x in inputs[0]:
            h = cell(x[None], h)
            hidden.append(h)
        hidden = torch.stack(hidden, dim=1)
    assert torch.equal(hidden @ torch.ones(2, 2), expected)


def test_the_worked_example_with_tanh():
    network = SeriesRNN(SeriesOptions(nonlinearity="tanh", **SRN))
    found = network(torch.tensor([[[1.0, 1], [1, 1], [2, 2]]]), network.init_state(1))[0]
    np.testing.assert_allclose(found[0, :, 0].tolist(), [1.92805516, 1.99845109, 1.99997535], rtol=1e-7)


@pytest.mark.parametrize("num_layers", [1, 2])
@pytest.mark.parametrize("bias", [True, False])
def test_a_network_step_by_step_equals_torch_s_own_module(num_layers, bias):
    torch.manual_seed(0)
    shape = {"input_size": 3, "hidden_size": 5, "output_size": 2, "num_layers": num_layers, "bias": bias}
    network = SeriesRNN(SeriesOptions(nonlinearity="tanh", **shape))
    x, state = torch.randn(7, 4, 3), (torch.randn(num_layers, 4, 5),)
    hidden, last = network.rnn(x, state[0])
    own, (own_last,) = network._unrolled(x, state)
    torch.testing.assert_close(own, hidden)
    torch.testing.assert_close(own_last, last)


def test_a_sigmoid_recurrence_by_hand():
    torch.manual_seed(0)
    network = SeriesRNN(SeriesOptions(nonlinearity="sigmoid", activation="sigmoid", hidden_size=1))
    w = {name: float(value.flatten()[0]) for name, value in network.state_dict().items()}
    h, found = 0.0, []
    for x in (0.5, -1.0, 2.0):
        total = w["rnn.weight_ih_l0"] * x + w["rnn.bias_ih_l0"] + w["rnn.weight_hh_l0"] * h + w["rnn.bias_hh_l0"]
        h = 1 / (1 + math.exp(-total))
        found.append(1 / (1 + math.exp(-w["output.weight"] * h - w["output.bias"])))
    outputs, state = network(torch.tensor([[[0.5], [-1.0], [2.0]]]), network.init_state(1))
    assert outputs[0, :, 0].tolist() == pytest.approx(found, rel=1e-6)
    assert float(state[0].detach()) == pytest.approx(h, rel=1e-6)


# Training --------------------------------------------------------------------------------------------


def test_training_carries_the_state_from_piece_to_piece(begin, recorder):
    """Against a loop of torch's own: nn.RNN, mean squared error, Adam, the state detached between pieces."""
    trainer = begin(epochs=2, lr=0.01, clip_norm=0.0)
    rnn, output = nn.RNN(1, 32), nn.Linear(32, 1)
    rnn.load_state_dict(trainer.network.rnn.state_dict())
    output.load_state_dict(trainer.network.output.state_dict())
    optimizer = torch.optim.Adam([*rnn.parameters(), *output.parameters()], 0.01)
    points = torch.tensor([math.sin(2 * math.pi * t / 40) for t in range(2001)])
    losses = []
    for _ in range(2):
        h, total = torch.zeros(1, 1, 32), 0.0
        for start in range(0, 2000, 20):
            x, y = points[start : start + 20, None, None], points[start + 1 : start + 21, None, None]
            hidden, h = rnn(x, h.detach())
            loss = ((output(hidden) - y) ** 2).mean()
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            total += loss.item()
        losses.append(total / 100)
    seen = recorder()
    trainer.run(seen)
    assert [record["loss"] for record in seen.epochs] == pytest.approx(losses, rel=1e-3)


@pytest.mark.parametrize("source", ["builtin:sine", "builtin:binary-addition"])
def test_a_broken_run_goes_on_as_if_it_had_not_been(source, begin, recorder):
    shape = {"input_size": 2, "activation": "sigmoid"} if source.endswith("addition") else {}
    unbroken, whole = begin(source, "unbroken", shape, epochs=2), recorder()
    unbroken.run(whole)
    broken, first = begin(source, "broken", shape, epochs=1), recorder()
    broken.run(first)
    checkpoint = broken.folder.open()
    options = TrainOptions(**{**vars(broken.options), "epochs": 2})
    data = load_series_data(source)
    task = SeriesTask.resume(checkpoint, options, data, SeriesDataOptions())
    second = recorder()
    Trainer.resume(broken.folder, task, options, checkpoint).run(second)
    assert first.batches + second.batches == whole.batches


def test_other_data_than_the_run_began_with_is_refused(begin, recorder):
    trainer = begin(epochs=1)
    trainer.run(recorder())
    with pytest.raises(ToolkitError, match="is not the series that the run began with"):
        SeriesTask.resume(trainer.folder.open(), trainer.options, load_series_data("builtin:srn"), SeriesDataOptions())


@pytest.mark.parametrize(
    ("source", "shape", "options", "message"),
    [
        ("builtin:srn", {}, {}, "builtin:srn: has 2 numbers where input_size is 1"),
        ("builtin:srn", {"input_size": 2}, {}, "builtin:srn: has 2 numbers where output_size is 1"),
        ("builtin:sine", {}, {"num_steps": 2001}, "expected at least 2001 points for one batch, found 2000"),
        ("builtin:srn", {**SRN}, {"batch_size": 2}, "expected at least 2 sequences for one batch, found 1"),
    ],
)
def test_data_that_do_not_fit_are_refused_before_anything_is_written(source, shape, options, message, begin, tmp_path):
    with pytest.raises(ToolkitError, match=message):
        begin(source, shape=shape, **options)
    assert not list(tmp_path.iterdir())
