import itertools
import re

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from toolkit.errors import ToolkitError
from toolkit.models.batches import Batches

SIZES = st.tuples(st.integers(2, 400), st.integers(1, 9), st.integers(1, 12), st.integers(0, 2**63 - 1))


def make(length, n, t, sampling, seed=0):
    """Batches of the text 0, 1, 2, ...: each id is its own place."""
    return Batches(torch.arange(length), sampling, n, t, seed)


def fits(length, n, t, sampling):
    try:
        make(length, n, t, sampling)
    except ToolkitError:
        return False
    return True


def listed(batches, epoch=0, start=0):
    return [(x.tolist(), y.tolist()) for x, y in batches.epoch(epoch, start)]


def slow_consecutive(text, n, t):
    """The definition with lists: n parallel readers, each of its own part of the text, t tokens at a time."""
    part = len(text) // n
    readers = [text[row * part : (row + 1) * part] for row in range(n)]
    place, batches = 0, []
    while place + t + 1 <= part:
        window = [reader[place : place + t + 1] for reader in readers]
        batches.append(([w[:-1] for w in window], [w[1:] for w in window]))
        place += t
    return batches


@settings(max_examples=60, deadline=None)
@given(SIZES)
def test_consecutive_batches_equal_a_slow_reference(sizes):
    length, n, t, seed = sizes
    expected = slow_consecutive(list(range(length)), n, t)
    if not expected:
        assert not fits(length, n, t, "consecutive")
        return
    batches = make(length, n, t, "consecutive", seed)
    assert listed(batches) == expected
    assert listed(batches, epoch=7) == expected
    assert len(batches) == len(expected)


@settings(max_examples=60, deadline=None)
@given(SIZES, st.integers(0, 1000))
def test_random_batches_cover_every_piece_once_an_epoch_but_for_an_incomplete_batch(sizes, epoch):
    length, n, t, seed = sizes
    pieces = [list(range(p, p + t)) for p in range(0, length - t, t)]  # whole pieces with a token behind each
    if len(pieces) < n:
        assert not fits(length, n, t, "random")
        return
    batches = make(length, n, t, "random", seed)
    found = listed(batches, epoch)
    assert len(found) == len(batches) == len(pieces) // n
    seen = [row for inputs, _ in found for row in inputs]
    assert len(seen) == len({row[0] for row in seen}) == len(pieces) // n * n
    assert all(row in pieces for row in seen)


@pytest.mark.parametrize("sampling", ["consecutive", "random"])
def test_the_target_is_the_next_token(sampling):
    for inputs, targets in make(101, 3, 7, sampling).epoch(0):
        assert inputs.shape == targets.shape == (3, 7)
        assert torch.equal(targets, inputs + 1)  # the text is 0, 1, 2, ...


def test_a_consecutive_row_goes_on_where_it_ended():
    batches = make(200, 4, 5, "consecutive")
    assert batches.carries_state
    found = list(batches.epoch(0))
    for (_, before), (after, _) in itertools.pairwise(found):
        assert torch.equal(after[:, 0], before[:, -1])


def test_random_batches_carry_no_state():
    assert not make(200, 4, 5, "random").carries_state


def test_the_random_order_is_fixed_by_seed_and_epoch_alone():
    orders = {
        (seed, epoch): str(listed(make(300, 4, 5, "random", seed), epoch)) for seed in (0, 1, 2) for epoch in (0, 1, 2)
    }
    assert len(set(orders.values())) == 9
    torch.manual_seed(99)  # the global generator has no say
    assert str(listed(make(300, 4, 5, "random", 1), 2)) == orders[1, 2]


def test_drawing_random_batches_leaves_the_global_generator_alone():
    before = torch.get_rng_state()
    listed(make(300, 4, 5, "random"))
    assert torch.equal(torch.get_rng_state(), before)


@pytest.mark.parametrize("sampling", ["consecutive", "random"])
def test_start_skips_exactly_so_many_batches(sampling):
    batches = make(260, 3, 8, sampling, seed=5)
    whole = listed(batches, epoch=3)
    for k in range(len(batches) + 1):
        assert listed(batches, epoch=3, start=k) == whole[k:]


@pytest.mark.parametrize("sampling", ["consecutive", "random"])
def test_one_token_less_than_the_shortest_text_is_refused(sampling):
    needed = {"consecutive": 3 * (4 + 1), "random": 3 * 4 + 1}[sampling]
    assert len(make(needed, 3, 4, sampling)) == 1
    with pytest.raises(ToolkitError, match=f"need at least {needed} tokens of training text, found {needed - 1}"):
        make(needed - 1, 3, 4, sampling)


@settings(max_examples=150, deadline=None)
@given(st.integers(0, 60), st.integers(1, 40), st.integers(1, 40), st.sampled_from(("consecutive", "random")))
def test_the_advice_for_a_text_too_short_works_and_is_the_largest_that_does(length, n, t, sampling):
    try:
        make(length, n, t, sampling)
    except ToolkitError as error:
        message = str(error)
    else:
        return
    assert f"found {length:,}" in message
    size = re.search(r"--batch-size (\d+)(?: --num-steps (\d+))? or smaller", message)
    if size is None:
        assert not fits(length, 1, 1, sampling)
        return
    best_n, best_t = int(size[1]), int(size[2] or t)
    assert all(fits(length, m, best_t, sampling) for m in range(1, best_n + 1))
    assert all(fits(length, best_n, s, sampling) for s in range(1, best_t + 1))
    # neither number could be larger; and the sequences are shortened only where even one row is too long
    assert not fits(length, best_n + 1, t, sampling)
    if size[2]:
        assert not fits(length, 1, best_t + 1, sampling)
