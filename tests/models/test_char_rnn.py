import math

import pytest
import torch
from torch import nn

from toolkit.errors import OptionError
from toolkit.models.char_rnn import CharRNN
from toolkit.models.network_options import NetworkOptions

V, N, T = 23, 3, 9
MODULES = {"rnn": nn.RNN, "gru": nn.GRU, "lstm": nn.LSTM}
CELLS = {
    "rnn-tanh": {"cell": "rnn"},
    "rnn-relu": {"cell": "rnn", "nonlinearity": "relu"},
    "gru": {"cell": "gru"},
    "lstm": {"cell": "lstm"},
}
INPUTS = {
    "one-hot": {"embedding_size": 0},
    "embedding": {"embedding_size": 6},
    "tied": {"embedding_size": 10, "tie_weights": True},
    "tied with projection": {"embedding_size": 6, "tie_weights": True},
}
all_cells = pytest.mark.parametrize("cell", CELLS.values(), ids=CELLS)
all_inputs = pytest.mark.parametrize("source", INPUTS.values(), ids=INPUTS)
all_depths = pytest.mark.parametrize("num_layers", [1, 2, 3])


def make(seed=3, **options):
    torch.manual_seed(seed)
    network = CharRNN(NetworkOptions(hidden_size=10, **options), V).double().eval()
    ids = torch.randint(V, (N, T))
    state = tuple(torch.randn_like(part, dtype=torch.float64) for part in network.init_state(N))
    return network, ids, state


def by_torch(network, ids, state):
    """The same network from torch's own modules, batch first, nothing shared but the numbers."""
    o = network.options
    weights = network.state_dict()
    more = {"nonlinearity": o.nonlinearity} if o.cell == "rnn" else {}
    width = o.embedding_size or V
    rnn = MODULES[o.cell](width, o.hidden_size, o.num_layers, batch_first=True, dtype=torch.float64, **more)
    rnn.load_state_dict({name.removeprefix("rnn."): w for name, w in weights.items() if name.startswith("rnn.")})
    x = weights["embedding.weight"][ids] if o.embedding_size else torch.eye(V, dtype=torch.float64)[ids]
    hidden, after = rnn(x, state if o.cell == "lstm" else state[0])
    if o.tie_weights and o.embedding_size != o.hidden_size:
        hidden = hidden @ weights["projection.weight"].T
    matrix = weights["embedding.weight"] if o.tie_weights else weights["output.weight"]
    return hidden @ matrix.T + weights["output.bias"], after if o.cell == "lstm" else (after,)


def assert_equal(found, expected, tolerance=1e-12):
    for mine, theirs in zip((found[0], *found[1]), (expected[0], *expected[1]), strict=True):
        torch.testing.assert_close(mine, theirs, rtol=tolerance, atol=tolerance)


@all_cells
@all_depths
@all_inputs
def test_forward_and_step_equal_the_modules_of_torch(cell, num_layers, source):
    network, ids, state = make(**cell, **source, num_layers=num_layers)
    with torch.no_grad():
        expected = by_torch(network, ids, state)
        assert_equal(network(ids, state), expected)
        logits, after = [], state
        for place in range(T):
            one, after = network.step(ids[:, place], after)
            logits.append(one)
        assert_equal((torch.stack(logits, dim=1), after), expected)


@all_cells
def test_a_text_read_in_two_halves_gives_what_one_reading_gives(cell):
    network, ids, state = make(**cell, num_layers=2)
    with torch.no_grad():
        first, middle = network(ids[:, :4], state)
        second, after = network(ids[:, 4:], middle)
        assert_equal((torch.cat([first, second], dim=1), after), network(ids, state))


@all_cells
def test_the_rows_of_a_batch_do_not_touch_each_other(cell):
    network, ids, state = make(**cell)
    with torch.no_grad():
        logits, _ = network(ids, state)
        for row in range(N):
            alone, _ = network(ids[row : row + 1], tuple(part[:, row : row + 1] for part in state))
            torch.testing.assert_close(alone[0], logits[row], rtol=1e-12, atol=1e-12)


@all_cells
def test_training_on_one_hot_input_equals_the_fused_modules_in_value_and_gradient(cell):
    network, ids, state = make(**cell, embedding_size=0)
    targets = torch.randint(V, (N, T))

    def run(mode):
        network.train(mode)
        network.zero_grad()
        start = tuple(part.clone().requires_grad_() for part in state)
        logits, after = network(ids, start)
        loss = nn.functional.cross_entropy(logits.flatten(0, 1), targets.flatten())
        (loss + sum(part.square().sum() for part in after)).backward()
        gradients = {name: p.grad.clone() for name, p in network.named_parameters()}
        return (logits.detach(), tuple(p.detach() for p in after)), gradients, [part.grad for part in start]

    loop, loop_gradients, loop_start = run(mode=True)
    fused, fused_gradients, fused_start = run(mode=False)
    assert_equal(loop, fused)
    assert loop_gradients.keys() == fused_gradients.keys()
    torch.testing.assert_close(loop_gradients, fused_gradients, rtol=1e-10, atol=1e-12)
    torch.testing.assert_close(loop_start, fused_start, rtol=1e-10, atol=1e-12)
    assert all(gradient.abs().max() > 0 for gradient in fused_gradients.values())


@pytest.mark.parametrize("source", [{"embedding_size": 0}, {"embedding_size": 6}], ids=["one-hot", "embedding"])
@pytest.mark.parametrize("num_layers", [1, 2])
def test_dropout_acts_in_training_only(source, num_layers):
    network, ids, state = make(**source, num_layers=num_layers, dropout=0.5)
    plain, _, _ = make(**source, num_layers=num_layers)
    plain.load_state_dict(network.state_dict())
    with torch.no_grad():
        assert_equal(network(ids, state), plain(ids, state), tolerance=0)
        assert_equal(network(ids, state), network(ids, state), tolerance=0)
        network.train()
        plain.train()
        assert_equal(plain(ids, state), plain.eval()(ids, state))
        torch.manual_seed(1)
        first = network(ids, state)[0]
        second = network(ids, state)[0]
        assert not torch.allclose(first, second)
        torch.manual_seed(1)
        assert torch.equal(network(ids, state)[0], first)


def test_dropout_of_one_layer_acts_before_the_output():
    network, ids, state = make(embedding_size=0, dropout=0.5)
    network.train()
    with torch.no_grad():
        network.output.weight.copy_(torch.eye(V, 10))
        network.output.bias.zero_()
        dropped = network(ids, state)[0][..., :10]
        kept = network.eval()(ids, state)[0][..., :10]
    zero = dropped == 0
    assert 0.3 < zero.double().mean() < 0.7
    torch.testing.assert_close(dropped[~zero], 2 * kept[~zero])  # the rest is scaled up by 1 / (1 - p)


def test_a_tied_output_is_the_embedding_and_learns_from_both_sides():
    network, ids, state = make(embedding_size=6, tie_weights=True)
    assert network.output.weight is network.embedding.weight
    untied, _, _ = make(embedding_size=6)
    saved = V * 10 - 10 * 6  # a [V, H] output less, an [E, H] projection more
    assert sum(p.numel() for p in untied.parameters()) - sum(p.numel() for p in network.parameters()) == saved
    logits, _ = network(ids, state)
    logits[:, :, 0].sum().backward()
    unread = next(i for i in range(1, V) if i not in ids)
    assert network.embedding.weight.grad[0].abs().sum() > 0  # as output row 0
    assert network.embedding.weight.grad[unread].abs().sum() == 0
    read = int(ids[0, 0]) or int(ids[0, 1])
    assert network.embedding.weight.grad[read].abs().sum() > 0  # as input


@all_inputs
def test_fresh_weights_predict_about_evenly(source):
    torch.manual_seed(0)
    width = source["embedding_size"] * 8
    network = CharRNN(NetworkOptions(cell="rnn", hidden_size=64, **{**source, "embedding_size": width}), 500)
    ids = torch.randint(500, (8, 20))
    loss = nn.functional.cross_entropy(network(ids, network.init_state(8))[0].flatten(0, 1), ids.flatten())
    assert loss.item() == pytest.approx(math.log(500), rel=0.02)


@all_cells
def test_the_state_begins_at_zero_with_a_tensor_for_each_input_of_the_cell(cell):
    network, _, _ = make(**cell, num_layers=2)
    state = network.init_state(5)
    assert len(state) == (2 if cell["cell"] == "lstm" else 1)
    assert all(part.shape == (2, 5, 10) and not part.any() for part in state)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (
            {"tie_weights": True, "embedding_size": 0},
            "tie_weights needs an embedding, found embedding_size 0 (one-hot)",
        ),
        ({"cell": "gru", "nonlinearity": "relu"}, "nonlinearity relu belongs to cell rnn, found cell gru"),
        ({"cell": "transformer"}, "cell must be one of rnn, gru, lstm, found 'transformer'"),
        ({"num_layers": 0}, "num_layers must be at least 1 and at most 64, found 0"),
        ({"dropout": 1.0}, "dropout must be at least 0 and at most 0.95, found 1.0"),
        ({"hidden_size": 12.0}, "hidden_size must be a whole number, found 12.0"),
    ],
)
def test_options_that_make_no_network_are_refused(options, message):
    with pytest.raises(OptionError) as caught:
        NetworkOptions(**options)
    assert str(caught.value) == message
