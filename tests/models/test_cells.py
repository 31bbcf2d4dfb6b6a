import math

import pytest
import torch
from torch import nn

from toolkit.models.cells import gru_cell, lstm_cell, rnn_cell
from toolkit.signature import GATES

N, D, H = 5, 7, 4
LN3 = math.log(3)  # sigmoid(ln 3) = 3/4, sigmoid(-ln 3) = 1/4
ATANH_HALF = math.atanh(0.5)


def product(cell, inputs, *, with_b_hh=False):
    """The input product that the cells take: W_ih x + b_ih, with b_hh where the cell is to be given none."""
    x = inputs @ cell.weight_ih.T + cell.bias_ih
    return x + cell.bias_hh if with_b_hh else x


@pytest.fixture
def inputs():
    torch.manual_seed(1)
    return torch.randn(N, D, dtype=torch.float64), torch.randn(N, H, dtype=torch.float64), torch.randn(N, H).double()


@pytest.mark.parametrize("separate", [True, False], ids=["b_hh apart", "b_hh in x"])
@pytest.mark.parametrize("nonlinearity", ["tanh", "relu"])
def test_rnn_cell_equals_that_of_torch(inputs, nonlinearity, separate):
    x, h, _ = inputs
    cell = nn.RNNCell(D, H, nonlinearity=nonlinearity, dtype=torch.float64)
    b_hh = cell.bias_hh if separate else None
    found = rnn_cell(product(cell, x, with_b_hh=not separate), h, cell.weight_hh.T, b_hh, nonlinearity)
    torch.testing.assert_close(found, cell(x, h), rtol=1e-12, atol=1e-12)


def test_gru_cell_equals_that_of_torch(inputs):
    x, h, _ = inputs
    cell = nn.GRUCell(D, H, dtype=torch.float64)
    found = gru_cell(product(cell, x), h, cell.weight_hh.T, cell.bias_hh)
    torch.testing.assert_close(found, cell(x, h), rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("separate", [True, False], ids=["b_hh apart", "b_hh in x"])
def test_lstm_cell_equals_that_of_torch(inputs, separate):
    x, h, c = inputs
    cell = nn.LSTMCell(D, H, dtype=torch.float64)
    b_hh = cell.bias_hh if separate else None
    found = lstm_cell(product(cell, x, with_b_hh=not separate), h, c, cell.weight_hh.T, b_hh)
    for mine, theirs in zip(found, cell(x, (h, c)), strict=True):
        torch.testing.assert_close(mine, theirs, rtol=1e-12, atol=1e-12)


def matrix(*rows):
    return torch.tensor(rows, dtype=torch.float64)


@pytest.mark.parametrize(
    ("nonlinearity", "expected"),
    [("tanh", [-0.848283639957513, 0.761594155956]), ("relu", [0.0, 1.0])],
)
def test_rnn_cell_gives_the_numbers_worked_out_by_hand(nonlinearity, expected):
    # x + h W + b with h = (1, -1): (0.5 - 2 + 0.25, 0.5 + 0.25 + 0.25) = (-1.25, 1)
    w_hh = matrix([-2.0, 0.25], [0.0, 0.0])
    found = rnn_cell(matrix([0.5, 0.5]), matrix([1.0, -1.0]), w_hh, matrix(0.25, 0.25), nonlinearity)
    torch.testing.assert_close(found, matrix(expected), rtol=0, atol=1e-12)


def test_gru_cell_gives_the_number_worked_out_by_hand():
    # r = 3/4, z = 1/4, W_n h + b_n = 2 * 0.5 + 1 = 2, n = tanh(x_n + 3/4 * 2) = 1/2, h' = 3/4 * 1/2 + 1/4 * 1/2
    x = matrix([LN3, -LN3, ATANH_HALF - 1.5])
    found = gru_cell(x, matrix([0.5]), matrix([0.0, 0.0, 2.0]), matrix(0.0, 0.0, 1.0))
    assert found.item() == pytest.approx(0.5, abs=1e-15)
    # with h = 2: W_n h + b_n = 5, n = tanh(x_n + 3/4 * 5) = tanh(atanh(1/2) + 2.25), h' = 3/4 n + 1/4 * 2
    n = math.tanh(ATANH_HALF + 2.25)
    found = gru_cell(x, matrix([2.0]), matrix([0.0, 0.0, 2.0]), matrix(0.0, 0.0, 1.0))
    assert found.item() == pytest.approx(0.75 * n + 0.5, abs=1e-15)


def test_lstm_cell_gives_the_numbers_worked_out_by_hand():
    # i = 3/4, f = 1/4, g = 1/2, o = 1/2 and c = 2: c' = 1/4 * 2 + 3/4 * 1/2 = 0.875, h' = 1/2 tanh(0.875)
    x = matrix([LN3, -LN3 - 1, ATANH_HALF, 0.0])
    h, c = lstm_cell(x, matrix([0.5]), matrix([2.0]), matrix([0.0, 2.0, 0.0, 0.0]), None)
    assert c.item() == pytest.approx(0.875, abs=1e-15)
    assert h.item() == pytest.approx(0.5 * math.tanh(0.875), abs=1e-15)


def test_gates_says_how_many_blocks_each_cell_of_torch_has():
    modules = {"rnn": nn.RNNCell, "gru": nn.GRUCell, "lstm": nn.LSTMCell}
    assert {name: module(D, H).weight_hh.shape[0] // H for name, module in modules.items()} == GATES
