"""The decode loops of generate.onnx and of TorchScript, token for token against a reference in plain Python.

The reference reads each sequence by itself through eager PyTorch, and chooses as the fixture `slow_choice` does.
"""

import itertools
import math
from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from toolkit.decode_loop import Knobs
from toolkit.onnx_models import OnnxDecodeLoop

CELLS = ("rnn", "gru", "lstm")
VOCAB, TOKENS = 29, 24
BANNED = 0

PLAIN = Knobs(temperature=1.0, top_k=0, top_p=1.0, min_p=0.0, repetition_penalty=1.0, stop_ids=())
CHOICES = {
    "greedy": replace(PLAIN, temperature=0.0),
    "plain": PLAIN,
    "top_k": replace(PLAIN, temperature=0.75, top_k=5),
    "top_p": replace(PLAIN, temperature=1.5, top_p=0.75),
    "min_p": replace(PLAIN, min_p=0.25),
    "penalty": replace(PLAIN, temperature=0.0, repetition_penalty=1.5),
    "stops": replace(PLAIN, temperature=2.0, stop_ids=(3, 7, 11)),
    "everything": Knobs(0.75, 9, 0.875, 0.0625, 1.25, (5, 13)),
}


# The reference -----------------------------------------------------------------------------------


@torch.no_grad()
def slow_text(network, slow_choice, prompt, numbers, knobs):
    """One sequence by itself: ids and log-probabilities until it stops."""
    read = list(prompt) or [BANNED]
    used = set(read)
    logits, state = network(torch.tensor([read]), network_state(network))
    ids, log_probs = [], []
    for u in numbers:
        scores = logits[0, -1].tolist()
        allowed = {i: score for i, score in enumerate(scores) if i != BANNED}
        token = slow_choice(allowed, used, float(u), knobs)
        weights = [math.exp(score) for score in scores]
        ids.append(token)
        log_probs.append(math.log(weights[token] / math.fsum(weights[1:])))
        if token in knobs.stop_ids:
            break
        used.add(token)
        logits, state = network(torch.tensor([[token]]), state)
    return ids, log_probs


def network_state(network):
    return tuple(part.double() for part in network.init_state(1))


# The loops ---------------------------------------------------------------------------------------


def run(loop, prompts, knobs, numbers, chunks=(TOKENS,)):
    """The prompts as one batch, in chunks: ids, log-probabilities and the last state."""
    lengths = np.array([len(prompt) for prompt in prompts])
    input_ids = np.full((len(prompts), max(lengths)), 17)  # what stands behind a prompt must not be read
    for row, prompt in zip(input_ids, prompts, strict=True):
        row[: len(prompt)] = prompt
    state = loop.init_state(len(prompts))
    found = []
    for end, size in zip(itertools.accumulate(chunks), chunks, strict=True):
        ids, log_probs, state = loop.generate(input_ids, lengths, state, knobs, numbers[end - size : end])
        found.append((ids, log_probs))
        if ids.shape[1] < size:
            break
        input_ids, lengths = ids[:, -1:], np.ones_like(lengths)
    ids, log_probs = (np.concatenate(parts, axis=1) for parts in zip(*found, strict=True))
    return ids, log_probs, state


def a_case(rows, seed=0):
    """Prompts of mixed length, the first empty if there are several, and numbers."""
    generator = np.random.default_rng([rows, seed])
    prompts = [generator.integers(1, VOCAB, n).tolist() for n in generator.permutation(rows) * 2] if rows > 1 else [[4]]
    return prompts, generator.random((TOKENS, rows), dtype=np.float32)


@pytest.mark.parametrize("num_layers", [1, 2, 3])
@pytest.mark.parametrize("cell", CELLS)
@pytest.mark.parametrize("choice", CHOICES)
def test_each_sequence_is_the_one_that_the_reference_writes_by_itself(loops_of, slow_choice, cell, num_layers, choice):
    network, _, loops, _ = loops_of(cell, num_layers)
    knobs = CHOICES[choice]
    for rows in (1, 3, 7):
        prompts, numbers = a_case(rows)
        expected = [slow_text(network, slow_choice, prompt, numbers[:, n], knobs) for n, prompt in enumerate(prompts)]
        for loop in loops.values():
            ids, log_probs, state = run(loop, prompts, knobs, numbers)
            assert ids.shape[1] == max(len(written) for written, _ in expected)
            texts = zip(prompts, expected, strict=True)
            held = [{*(prompt or [BANNED]), *written} for prompt, (written, _) in texts]
            assert [set(np.flatnonzero(row)) for row in np.asarray(state[-2])] == held
            for row, row_log_probs, (written, probs) in zip(ids.tolist(), log_probs, expected, strict=True):
                assert row[: len(written)] == written
                assert row_log_probs[: len(written)] == pytest.approx(probs, abs=1e-4)
                # What has stopped stays stopped: it repeats its stop id, for certain.
                assert set(row[len(written) :]) <= {written[-1]}
                assert not row_log_probs[len(written) :].any()


@pytest.mark.parametrize("choice", CHOICES)
@pytest.mark.parametrize("cell", CELLS)
@pytest.mark.parametrize("chunks", [(1,) * TOKENS, (1, 2, 4, 8, 9), (16, 8)], ids=["ones", "growing", "sixteens"])
def test_chunks_give_the_tokens_and_states_of_one_call(loops_of, cell, choice, chunks):
    loops = loops_of(cell).loops
    prompts, numbers = a_case(3)
    for name, loop in loops.items():
        whole, whole_log_probs, state = run(loop, prompts, CHOICES[choice], numbers)
        ids, log_probs, after = run(loop, prompts, CHOICES[choice], numbers, chunks)
        assert ids[:, : whole.shape[1]].tolist() == whole.tolist()
        np.testing.assert_allclose(log_probs[:, : whole.shape[1]], whole_log_probs, atol=1e-5)
        *_, used, stopped = (np.asarray(part) for part in after)
        assert used.tolist() == np.asarray(state[-2]).tolist()
        assert stopped.tolist() == np.asarray(state[-1]).tolist()
        for part, other, gone_on in zip(after[:-2], state[:-2], [~stopped] * 2, strict=False):
            np.testing.assert_allclose(
                np.asarray(part)[:, gone_on], np.asarray(other)[:, gone_on], atol=1e-5, err_msg=name
            )


@pytest.mark.parametrize("cell", CELLS)
def test_the_state_has_read_all_but_the_last_token(loops_of, cell):
    network, _, loops, _ = loops_of(cell, 2)
    prompts, numbers = a_case(3)
    for loop in loops.values():
        ids, _, state = run(loop, prompts, PLAIN, numbers)
        for n, prompt in enumerate(prompts):
            read = [*(prompt or [BANNED]), *ids[n, :-1].tolist()]
            with torch.no_grad():
                _, expected = network(torch.tensor([read]), network_state(network))
            for part, other in zip(state, expected, strict=False):  # the network has no `used` and no `stopped`
                np.testing.assert_allclose(np.asarray(part)[:, n], other[:, 0].numpy(), atol=1e-4)


def test_a_state_is_taken_apart_and_refilled_by_rows(loops_of):
    loops = loops_of("lstm").loops
    prompts, numbers = a_case(3)
    for loop in loops.values():
        _, _, state = run(loop, prompts, CHOICES["stops"], numbers)
        before = [np.asarray(part).copy() for part in state]
        taken = loop.take(state, [None, 2, 0, None])
        for old, kept, new, spec in zip(before, state, taken, loop.signature.state_inputs, strict=True):
            rows = spec.axes.index("N")
            assert old.tolist() == np.asarray(kept).tolist()
            assert not np.asarray(new).take([0, 3], axis=rows).any()
            assert np.asarray(new).take([1, 2], axis=rows).tolist() == old.take([2, 0], axis=rows).tolist()


def test_when_all_have_stopped_nothing_more_is_written(loops_of):
    loops = loops_of("gru").loops
    stop = replace(PLAIN, stop_ids=tuple(range(1, VOCAB)))
    numbers = np.full((5, 2), 0.5, np.float32)
    for loop in loops.values():
        ids, _, state = run(loop, [[4], [5, 6]], stop, numbers, (5,))
        assert ids.shape == (2, 1)
        again, log_probs, _ = loop.generate(ids, np.array([1, 1]), state, stop, numbers)
        assert again.shape == log_probs.shape == (2, 0)


# Straight into the graph -------------------------------------------------------------------------

BIG = 2**63 - 1
numbers_of_any_kind = st.one_of(st.floats(width=32), st.sampled_from([-1.0, 0.0, 1e-45, 1.0, 1e38]))
integers_of_any_kind = st.one_of(st.integers(-BIG - 1, BIG), st.integers(-3, VOCAB + 3))


@pytest.fixture(scope="module")
def call(loops_of):
    """A function (changed inputs) -> the outputs by name, straight from ONNX Runtime."""
    loops = loops_of("lstm").loops
    loop = loops["onnx"]

    def make(**changes):
        rows = len(changes.get("input_ids", [[1], [1]]))
        states = {
            spec.name: part for spec, part in zip(loop.signature.state_inputs, loop.init_state(rows), strict=True)
        }
        feeds = {
            "input_ids": [[4, 5], [6, 7]],
            "lengths": [2, 1],
            "max_new_tokens": 6,
            "temperature": 1.0,
            "top_k": 0,
            "top_p": 1.0,
            "min_p": 0.0,
            "repetition_penalty": 1.0,
            "stop_ids": [],
            "uniforms": np.random.default_rng(1).random((6, rows)),
            **changes,
        }
        dtypes = {spec.name: spec.dtype for spec in loop.signature.inputs}
        with np.errstate(over="ignore"):
            arrays = {name: np.array(value, dtypes[name]) for name, value in feeds.items()}
        session_feeds = {**{name: np.asarray(part) for name, part in states.items()}, **arrays}
        names = [spec.name for spec in loop.signature.outputs]
        return dict(zip(names, loop._session.run(names, session_feeds), strict=True))

    return make


@pytest.mark.parametrize(
    ("changes", "same_as"),
    [
        ({"temperature": -1.0}, {"temperature": 0.0}),
        ({"temperature": math.nan}, {"temperature": 0.0}),
        ({"temperature": math.inf}, {"temperature": 100.0}),
        ({"top_k": -7}, {"top_k": 0}),
        ({"top_k": VOCAB + 1}, {"top_k": VOCAB}),
        ({"top_k": BIG}, {"top_k": 0}),
        ({"top_p": 0.0}, {"top_k": 1}),
        ({"top_p": -1.0}, {"top_k": 1}),
        ({"top_p": 2.0}, {"top_p": 1.0}),
        ({"top_p": math.nan}, {"top_p": 1.0}),
        ({"min_p": -1.0}, {"min_p": 0.0}),
        ({"min_p": math.nan}, {"min_p": 0.0}),
        ({"min_p": 7.0}, {"min_p": 1.0}),
        ({"repetition_penalty": 0.0}, {"repetition_penalty": 0.01}),
        ({"repetition_penalty": math.inf}, {"repetition_penalty": 100.0}),
        ({"repetition_penalty": math.nan}, {"repetition_penalty": 1.0}),
        ({"max_new_tokens": BIG}, {"max_new_tokens": 6}),
        ({"max_new_tokens": -1}, {"max_new_tokens": 0}),
        ({"stop_ids": [-1, VOCAB, BIG]}, {"stop_ids": []}),
        ({"uniforms": np.full((6, 2), -0.5)}, {"uniforms": np.zeros((6, 2))}),
        ({"uniforms": np.full((6, 2), math.nan)}, {"uniforms": np.zeros((6, 2))}),
        ({"uniforms": np.full((6, 2), 1.5)}, {"uniforms": np.full((6, 2), 1 - 2**-24)}),
        ({"input_ids": [[4, BIG], [6, -1]]}, {"input_ids": [[4, 0], [6, 0]]}),
        ({"lengths": [9, -3]}, {"lengths": [2, 0]}),
        ({"input_ids": [[], []], "lengths": [0, 0]}, {"lengths": [0, 0]}),
    ],
)
def test_outside_its_range_an_input_means_the_nearest_value_inside(call, changes, same_as):
    found, expected = call(**changes), call(**same_as)
    for name, array in expected.items():
        assert found[name].tolist() == array.tolist()


@settings(deadline=None, max_examples=300, derandomize=True)
@given(
    st.fixed_dictionaries(
        {},
        optional={
            "temperature": numbers_of_any_kind,
            "top_k": integers_of_any_kind,
            "top_p": numbers_of_any_kind,
            "min_p": numbers_of_any_kind,
            "repetition_penalty": numbers_of_any_kind,
            "max_new_tokens": integers_of_any_kind,
            "stop_ids": st.lists(integers_of_any_kind, max_size=3),
            "input_ids": st.lists(st.lists(integers_of_any_kind, min_size=2, max_size=2), min_size=2, max_size=2),
            "lengths": st.lists(integers_of_any_kind, min_size=2, max_size=2),
            "uniforms": st.lists(st.lists(numbers_of_any_kind, min_size=2, max_size=2), min_size=1, max_size=5),
        },
    )
)
def test_no_input_makes_the_graph_fail_or_leave_the_vocabulary(call, changes):
    found = call(**changes)
    ids, log_probs = found["output_ids"], found["log_probs"]
    assert ids.shape == log_probs.shape
    assert len(ids) == 2
    running = log_probs != 0  # a sequence that started stopped repeats its prompt's last id, whatever that is
    assert ((ids > BANNED) & (ids < VOCAB))[running].all()
    assert np.isfinite(log_probs).all()


@pytest.mark.parametrize("choice", CHOICES)
def test_bound_states_give_the_same_tokens(loops_of, choice):
    # On a GPU the states are bound; here the same code runs on the CPU.
    loop = loops_of("lstm", 2).loops["onnx"]
    bound = OnnxDecodeLoop(loop._session, loop.signature, "cpu", bound=True)
    prompts, numbers = a_case(3)
    whole = run(loop, prompts, CHOICES[choice], numbers, (8, 8, 8))
    found = run(bound, prompts, CHOICES[choice], numbers, (8, 8, 8))
    assert found[0].tolist() == whole[0].tolist()
    assert found[1].tolist() == whole[1].tolist()
    for part, other in zip(found[2], whole[2], strict=True):
        assert part.numpy().tolist() == other.tolist()
    taken = bound.take(found[2], [2, None])
    assert [part.tolist() for part in taken] == [part.tolist() for part in loop.take(whole[2], [2, None])]
