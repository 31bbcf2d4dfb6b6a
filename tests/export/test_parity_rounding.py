import numpy as np
import pytest
import torch

from toolkit.errors import ParityError
from toolkit.export import parity
from toolkit.export.differences import ATOL, relative_error
from toolkit.export.parity import GREEDY_TOKENS, ROUNDING_FACTOR

HIDDEN = 12


# Rounding ------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def chaotic(network_of):
    """Rounding grows from step to step until float32 eager strays from float64 far beyond the tolerance."""
    network = network_of("rnn", hidden_size=64)
    torch.manual_seed(0)
    with torch.no_grad():
        network.rnn.weight_hh_l0.normal_(0, 1.5 / 8)
        network.rnn.weight_ih_l0.normal_(0, 0.3)
        network.output.bias[5] = 20.0  # the greedy text at least is beyond doubt
    return network


def test_chaotic_network_passes_by_its_own_rounding_and_the_report_says_so(chaotic, check, torchscript):
    report = check(chaotic, {"torchscript": torchscript(chaotic)}).to_dict()
    error = report["largest_error"]["torchscript"]["next_h0"]
    rounding = report["rounding_of_eager_float32"]["next_h0"]
    assert error > 2 * ATOL
    assert error <= ROUNDING_FACTOR * rounding
    assert report["largest_error_of_single_steps"]["torchscript"]["next_h0"] < ATOL


@pytest.mark.usefixtures("short_rollouts")
@pytest.mark.parametrize("amount", [1e-3, 1e-4])
def test_chaotic_network_with_one_weight_off_is_refused_all_the_same(amount, chaotic, check, torchscript):
    def change(module):
        module.layers.layers[0].w_hh[3, 5] += amount

    with pytest.raises(ParityError, match="a single step from eager's state"):
        check(chaotic, {"torchscript": torchscript(chaotic, change)})


def test_large_logits_may_differ_by_a_few_times_the_rounding_of_eager(check, torchscript, network_of):
    network = network_of("rnn", hidden_size=64)
    with torch.no_grad():
        network.rnn.weight_hh_l0.normal_(0, 0.5 / 8)
        network.output.weight.normal_(0, 50)
    report = check(network, {"torchscript": torchscript(network)}).to_dict()
    assert report["largest_error"]["torchscript"]["logits"] > ATOL
    assert report["largest_error"]["torchscript"]["next_h0"] < ATOL
    assert ATOL < report["rounding_of_eager_float32"]["logits"] < 1e-2


# Greedy --------------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("short_rollouts")
def test_greedy_text_is_compared_even_where_no_rollout_looks(check, torchscript, network_of, text_ids):
    vocab_size = 1500
    seen = np.concatenate([ids.reshape(-1) for _, ids in parity.token_inputs(vocab_size, text_ids)])
    token, other = np.setdiff1d(np.arange(vocab_size), seen)[:2]
    network = network_of("rnn", vocab_size)
    with torch.no_grad():
        network.output.bias[token] = 20.0  # eager writes this token from the first step on
        network.output.weight[other] = 3.0
        network.output.bias[other] = 21.0 - 3 * HIDDEN  # just above it where every unit is 1, far below elsewhere

    def change(module):
        module.source.table[token] = 100.0  # after the token every unit is 1

    found = rf"^torchscript: greedy continuation .* at token 2 of {GREEDY_TOKENS}: expected id {token}, found {other}\."
    with pytest.raises(ParityError, match=found):
        check(network, {"torchscript": torchscript(network, change)})


@pytest.mark.usefixtures("short_rollouts")
def test_two_tokens_that_eager_holds_equal_may_be_exchanged_and_are_counted(check, torchscript, network_of):
    network = network_of("rnn")
    with torch.no_grad():
        for parameter in (network.output.weight, network.output.bias):
            parameter[9] = parameter[4]
        network.output.bias[[4, 9]] = 5.0

    def change(module):
        module.output.bias[9] += 2e-6

    assert check(network, {"torchscript": torchscript(network, change)}).ties == GREEDY_TOKENS
    assert check(network, {"torchscript": torchscript(network)}).ties == 0


@pytest.mark.parametrize(
    ("expected", "found", "error"),
    [
        ([0.5, -0.25], [0.5, -0.25], 0),
        ([0.5, -0.25], [0.5, 0.25], 0.5),
        ([200.0], [201.0], 0.005),
        ([-4.0, 0.0], [-3.0, 0.125], 0.25),
        ([1.0], [1.0, 1.0], np.inf),
        ([1.0], [np.nan], np.nan),
        ([np.nan], [np.nan], np.nan),
    ],
)
def test_error_is_absolute_below_one_and_relative_above(expected, found, error):
    np.testing.assert_equal(relative_error([np.array(expected)], [np.array(found)]), [error])
