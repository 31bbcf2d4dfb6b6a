import io

import numpy as np
import pytest
import torch

from toolkit.export.step_module import step_module
from toolkit.export.torchscript_file import script, torchscript_bytes
from toolkit.models.char_rnn import CharRNN
from toolkit.models.network_options import NetworkOptions

VOCAB, HIDDEN, EMBEDDING = 13, 6, 5
STEPS, BATCH = 5, 3

KINDS = {
    "rnn-tanh": {"cell": "rnn"},
    "rnn-relu": {"cell": "rnn", "nonlinearity": "relu"},
    "gru": {"cell": "gru"},
    "lstm": {"cell": "lstm"},
}
INPUTS = {
    "one-hot": {"embedding_size": 0},
    "embedding": {"embedding_size": EMBEDDING},
    "tied": {"embedding_size": HIDDEN, "tie_weights": True},
    "tied through a projection": {"embedding_size": EMBEDDING, "tie_weights": True},
}
FOLDED, UNFOLDED = 2**20, 0


def network_of(**options):
    """Random weights and biases in float64, large enough that every one of them matters."""
    torch.manual_seed(1)
    network = CharRNN(NetworkOptions(hidden_size=HIDDEN, **options), VOCAB).double().eval()
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.uniform_(-0.6, 0.6)
    return network


def rolled(step, ids, state):
    """All logits and states over the steps of ids [T, N]."""
    found = []
    for row in ids:
        logits, *state = step(row, *state)
        found += [logits, *state]
    return found


def fused(network):
    """One step through torch's own nn.RNN, nn.GRU or nn.LSTM."""

    def step(ids, *state):
        logits, after = network(ids[:, None], state)
        return (logits[:, 0], *after)

    return step


def random_case(network):
    generator = torch.Generator().manual_seed(2)
    ids = torch.randint(0, VOCAB, (STEPS, BATCH), generator=generator)
    shape = network.init_state(BATCH)[0].shape
    state = tuple(torch.randn(shape, generator=generator, dtype=torch.float64) for _ in network.init_state(BATCH))
    return ids, state


@torch.no_grad()
@pytest.mark.parametrize("table_bytes", [FOLDED, UNFOLDED], ids=["folded", "unfolded"])
@pytest.mark.parametrize("num_layers", [1, 3])
@pytest.mark.parametrize("source", INPUTS)
@pytest.mark.parametrize("kind", KINDS)
def test_module_equals_torchs_fused_modules_from_any_state(kind, source, num_layers, table_bytes):
    network = network_of(num_layers=num_layers, **KINDS[kind], **INPUTS[source])
    ids, state = random_case(network)
    expected = rolled(fused(network), ids, state)
    found = rolled(step_module(network, table_bytes), ids, state)
    for x, y in zip(expected, found, strict=True):
        torch.testing.assert_close(y, x, rtol=1e-12, atol=1e-12)


@torch.no_grad()
@pytest.mark.parametrize("table_bytes", [FOLDED, UNFOLDED], ids=["folded", "unfolded"])
@pytest.mark.parametrize("kind", KINDS)
def test_scripted_saved_and_loaded_module_equals_torchs_fused_modules(kind, table_bytes):
    network = network_of(num_layers=2, **KINDS[kind], **INPUTS["tied through a projection"])
    ids, state = random_case(network)
    archive = torchscript_bytes(script(step_module(network, table_bytes)), "facts")
    with pytest.warns(DeprecationWarning, match=r"torch\.jit\.load"):
        loaded = torch.jit.load(io.BytesIO(archive))
    for x, y in zip(rolled(fused(network), ids, state), rolled(loaded, ids, state), strict=True):
        torch.testing.assert_close(y, x, rtol=1e-12, atol=1e-12)


@torch.no_grad()
def test_gru_step_equals_numbers_worked_out_by_hand():
    # H = 1, V = 2, every product a plain number: r = s(0.5 + 0.2 h + 0.1), z = s(-0.4 + 0.3 h - 0.2),
    # n = tanh(0.7 + 0.05 + r (0.6 h + 0.9)), h' = (1 - z) n + z h, logits = (2 h' + 1, -3 h').
    network = CharRNN(NetworkOptions(cell="gru", hidden_size=1, embedding_size=0), 2).double().eval()
    rnn = network.rnn
    rnn.weight_ih_l0.copy_(torch.tensor([[0.0, 0.5], [0.0, -0.4], [0.0, 0.7]]))
    rnn.bias_ih_l0.copy_(torch.tensor([0.0, 0.0, 0.05]))
    rnn.weight_hh_l0.copy_(torch.tensor([[0.2], [0.3], [0.6]]))
    rnn.bias_hh_l0.copy_(torch.tensor([0.1, -0.2, 0.9]))
    network.output.weight.copy_(torch.tensor([[2.0], [-3.0]]))
    network.output.bias.copy_(torch.tensor([1.0, 0.0]))
    h = 0.25
    r, z = 1 / (1 + np.exp(-0.65)), 1 / (1 + np.exp(0.525))
    n = np.tanh(0.75 + r * 1.05)
    after = (1 - z) * n + z * h
    logits, next_h = step_module(network, FOLDED)(torch.tensor([1]), torch.full((1, 1, 1), h, dtype=torch.float64))
    np.testing.assert_allclose(next_h.item(), after, rtol=1e-6)
    np.testing.assert_allclose(logits.numpy(), [[2 * after + 1, -3 * after]], rtol=1e-6)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(("spare_bytes", "folds"), [(0, True), (-1, False)])
def test_embedding_is_folded_up_to_exactly_the_bytes_allowed(kind, spare_bytes, folds):
    gates = {"rnn": 1, "gru": 3, "lstm": 4}[KINDS[kind]["cell"]]
    network = network_of(embedding_size=EMBEDDING, **KINDS[kind])
    module = step_module(network, VOCAB * gates * HIDDEN * 8 + spare_bytes)
    inputs = {name: tuple(part.shape) for name, part in module.named_buffers() if name.startswith("source")}
    if folds:
        assert inputs == {"source.table": (VOCAB, gates * HIDDEN)}
    else:
        assert inputs["source.0.table"] == (VOCAB, EMBEDDING)
        assert inputs["source.1.weight"] == (EMBEDDING, gates * HIDDEN)


def test_one_hot_input_is_a_table_whatever_its_size():
    network = network_of(cell="rnn", embedding_size=0)
    table = dict(step_module(network, UNFOLDED).named_buffers())["source.table"]
    with torch.no_grad():
        expected = network.rnn.weight_ih_l0.T + network.rnn.bias_ih_l0 + network.rnn.bias_hh_l0
    torch.testing.assert_close(table, expected)


def test_module_holds_buffers_only_and_needs_no_gradient():
    module = step_module(network_of(num_layers=2), FOLDED)
    assert not list(module.parameters())
    assert not module.training
    assert not any(buffer.requires_grad for buffer in module.buffers())
