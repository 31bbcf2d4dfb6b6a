"""The recurrence written out against torch's own module, with that module's weights."""

import pytest
import torch
from torch import nn

from toolkit.models.rnn_by_hand import bidirectional_rnn, rnn


@pytest.fixture(params=[True, False], ids=["biases", "no biases"])
def module_of(request):
    def make(num_layers, *, bidirectional):
        torch.manual_seed(0)
        return nn.RNN(3, 5, num_layers, bias=request.param, bidirectional=bidirectional)

    return make


@pytest.mark.parametrize("batch_size", [1, 3])
@pytest.mark.parametrize("num_layers", [1, 2])
@pytest.mark.parametrize("bidirectional", [False, True])
@torch.no_grad()
def test_it_equals_torch_s_module(module_of, bidirectional, num_layers, batch_size):
    module = module_of(num_layers, bidirectional=bidirectional)
    weights, x = module.state_dict(), torch.randn(9, batch_size, 3)
    if bidirectional:
        outputs, last = bidirectional_rnn(x, weights, num_layers)
    else:
        outputs, states = x, []
        for layer in range(num_layers):
            outputs, state = rnn(outputs, weights, layer)
            states.append(state)
        last = torch.stack(states)
    for found, expected in zip((outputs, last), module(x), strict=True):
        torch.testing.assert_close(found, expected, rtol=0, atol=1e-6)


@torch.no_grad()
def test_the_backward_direction_ends_at_the_first_step():
    torch.manual_seed(0)
    module = nn.RNN(3, 5, bidirectional=True)
    outputs, last = bidirectional_rnn(torch.randn(7, 2, 3), module.state_dict())
    assert torch.equal(outputs[-1, :, :5], last[0])
    assert torch.equal(outputs[0, :, 5:], last[1])
