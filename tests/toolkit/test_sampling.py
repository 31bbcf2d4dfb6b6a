"""From processed logits to an id: the truncations, the draw, and their order."""

import math

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from toolkit.sampling import (
    MAX_BIAS,
    SamplingOptions,
    choose,
    draw,
    keep_min_p,
    keep_top_k,
    keep_top_p,
    log_probs_of,
    softmax,
)
from toolkit.uniform import uniform

NEVER = -math.inf
fixed = settings(deadline=None, derandomize=True, max_examples=150)

finite = st.floats(-30, 30, width=32)
rows_of_logits = st.integers(1, 12).flatmap(
    lambda v: st.lists(st.lists(finite, min_size=v, max_size=v), min_size=1, max_size=3)
)
# Few distinct values, so that ties are common.
steps = st.integers(-6, 6).map(float)
unit = st.integers(0, 2**24 - 1).map(lambda word: word / 2**24)


def array(*rows):
    return np.array(rows, dtype=np.float32)


def of_probs(*probs):
    """Logits of given probabilities."""
    with np.errstate(divide="ignore"):
        return np.log(np.array([probs], dtype=np.float64)).astype(np.float32)


def kept(logits):
    return [set(np.flatnonzero(~np.isneginf(row)).tolist()) for row in logits]


def ranked(row):
    """Ids from the most to the least probable, equals by id."""
    return sorted(range(len(row)), key=lambda i: (-row[i], i))


def exact_probs(row, temperature=1.0):
    weights = [math.exp((x - max(row)) / temperature) for x in row]
    return [w / math.fsum(weights) for w in weights]


# Probabilities -----------------------------------------------------------------------------------


def test_softmax_gives_hand_computed_probabilities_and_is_indifferent_to_a_common_offset():
    expected = [[0.1, 0.2, 0.3, 0.4]]
    for offset in (0, -50, 3e4):
        # float32 holds 3e4 plus a logarithm to 1e-3 only
        found = softmax(of_probs(0.1, 0.2, 0.3, 0.4) + np.float32(offset))
        np.testing.assert_allclose(found, expected, rtol=3e-3 if offset > 1e4 else 1e-5)


def test_softmax_gives_banned_ids_nothing():
    assert softmax(array([0, NEVER, 0])).tolist() == [[0.5, 0, 0.5]]


@fixed
@given(rows=rows_of_logits, data=st.data())
def test_log_probs_equal_a_sum_over_single_exponentials(rows, data):
    ids = [data.draw(st.integers(0, len(row) - 1)) for row in rows]
    found = log_probs_of(array(*rows), np.array(ids))
    for row, i, value in zip(rows, ids, found, strict=True):
        expected = row[i] - max(row) - math.log(math.fsum(math.exp(x - max(row)) for x in row))
        assert value == pytest.approx(expected, abs=1e-5, rel=1e-6)


def test_log_probs_neither_overflow_nor_vanish_for_large_logits():
    assert log_probs_of(array([1e4, 0], [1e4, 0], [-1e4, -1e4]), np.array([0, 1, 0])).tolist() == pytest.approx(
        [0, -1e4, -math.log(2)]
    )


# Truncations -------------------------------------------------------------------------------------


def test_top_k_keeps_exactly_k_even_with_ties():
    logits = array([1, 3, 3, 3, 0], [2, 2, 2, 2, 2], [5, 4, 3, 2, 1])
    assert kept(keep_top_k(logits, 2)) == [{1, 2}, {0, 1}, {0, 1}]
    assert kept(keep_top_k(logits, 4)) == [{0, 1, 2, 3}, {0, 1, 2, 3}, {0, 1, 2, 3}]


@pytest.mark.parametrize("k", [0, 3, 4, 10**30])
def test_top_k_of_nothing_or_of_all_keeps_all(k):
    assert keep_top_k(array([1, 3, 2]), k).tolist() == [[1, 3, 2]]


def test_top_k_larger_than_what_is_left_brings_nothing_back():
    assert keep_top_k(array([NEVER, 1, NEVER, 2]), 3).tolist() == [[NEVER, 1, NEVER, 2]]


@fixed
@given(rows=st.lists(st.lists(steps, min_size=7, max_size=7), min_size=1, max_size=3), k=st.integers(1, 7))
def test_top_k_equals_the_head_of_a_sorted_list(rows, k):
    found = keep_top_k(array(*rows), k)
    assert kept(found) == [set(ranked(row)[:k]) for row in rows]
    for row, result in zip(rows, found.tolist(), strict=True):
        assert all(value in (row[i], NEVER) for i, value in enumerate(result))


@pytest.mark.parametrize(
    ("p", "expected"),
    [(1e-9, {2}), (0.5, {2}), (0.50001, {0, 2}), (0.75, {0, 2}), (0.75001, {0, 1, 2}), (0.876, {0, 1, 2, 3})],
)
def test_top_p_keeps_the_fewest_that_reach_p(p, expected):
    assert kept(keep_top_p(of_probs(0.25, 0.125, 0.5, 0.125), p)) == [expected]


def test_top_p_orders_ties_by_id_and_judges_each_row_by_itself():
    logits = np.concatenate([of_probs(0.25, 0.25, 0.25, 0.25), of_probs(0.01, 0.01, 0.01, 0.97)])
    assert kept(keep_top_p(logits, 0.5)) == [{0, 1}, {3}]


def test_top_p_of_one_keeps_even_the_least_probable():
    assert keep_top_p(array([0, -80, -200]), 1).tolist() == [[0, -80, -200]]


@fixed
@given(row=st.lists(finite, min_size=1, max_size=12), p=st.floats(1e-6, 0.999999))
def test_top_p_keeps_a_head_of_the_ranking_that_reaches_p_and_is_no_longer_than_needed(row, p):
    (found,) = kept(keep_top_p(array(row), p))
    ranking, probs = ranked(row), exact_probs(row)
    assert found == set(ranking[: len(found)])
    assert math.fsum(probs[i] for i in found) > p - 1e-5
    assert math.fsum(probs[i] for i in ranking[: len(found) - 1]) < p + 1e-5


@pytest.mark.parametrize(
    ("p", "expected"),
    [
        (0, {0, 1, 2, 3}),
        (0.125, {0, 1, 2, 3}),
        (0.2, {0, 1, 2}),
        (0.25, {0, 1, 2}),
        (0.5, {0, 1}),
        (0.6, {1}),
        (1, {1}),
    ],
)
def test_min_p_keeps_what_reaches_a_share_of_the_best(p, expected):
    assert kept(keep_min_p(of_probs(0.5, 1, 0.25, 0.125), p)) == [expected]


def test_min_p_of_one_keeps_all_that_equal_the_best():
    assert kept(keep_min_p(array([2, 1, 2, NEVER]), 1)) == [{0, 2}]


# The draw ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("u", "expected"),
    [(0, 1), (0.24999, 1), (0.25, 3), (0.49999, 3), (0.5, 4), (1 - 2**-24, 4)],
)
def test_draw_takes_the_smallest_id_whose_cumulative_probability_exceeds_u(u, expected):
    # Ids 0, 2 and 5 have no probability: not even the ends of the interval reach them.
    logits = array([NEVER, 0, NEVER, 0, math.log(2), NEVER])
    assert draw(logits, np.array([u], dtype=np.float32)).tolist() == [expected]


@fixed
@given(row=st.lists(st.one_of(finite, st.just(NEVER)), min_size=1, max_size=12), u=unit)
def test_draw_lands_where_u_lies_among_the_exact_cumulative_probabilities(row, u):
    assume(max(row) > NEVER)
    chosen = int(draw(array(row), np.array([u], dtype=np.float32))[0])
    probs = exact_probs(row)
    assert probs[chosen] > 0
    assert math.fsum(probs[:chosen]) <= u + 1e-6
    assert math.fsum(probs[: chosen + 1]) > u - 1e-6


def test_evenly_spaced_u_draw_each_id_in_proportion_to_its_probability():
    probs = [0.05, 0.4, 0, 0.3, 0.25]
    u = ((np.arange(1000) + 0.5) / 1000).astype(np.float32)
    drawn = draw(np.repeat(of_probs(*probs), 1000, axis=0), u)
    assert np.bincount(drawn, minlength=5).tolist() == [50, 400, 0, 300, 250]


def test_our_random_numbers_draw_the_distribution_of_the_logits():
    probs = np.array([0.5, 0.2, 0.15, 0.1, 0.04, 0.01])
    numbers = uniform(11, 0, 20_000, 1)[:, 0]
    observed = np.bincount(draw(np.repeat(of_probs(*probs), len(numbers), axis=0), numbers), minlength=len(probs))
    expected = probs * len(numbers)
    assert ((observed - expected) ** 2 / expected).sum() < 20.5  # 5 degrees of freedom: 0.1 % of fair samples exceed it


# The whole choice --------------------------------------------------------------------------------


def chosen(logits, u=0.5, **options):
    return choose(logits, SamplingOptions(**options), np.full(len(logits), u, dtype=np.float32)).tolist()


def reachable(logits, **options):
    """Every id that some u leads to."""
    u = ((np.arange(4096) + 0.5) / 4096).astype(np.float32)
    return set(choose(np.repeat(logits, len(u), axis=0), SamplingOptions(**options), u).tolist())


def test_temperature_zero_takes_the_largest_whatever_else_is_set_and_the_smallest_id_among_equals():
    logits = array([0, 3, 3, 1], [2, 2, 2, 2])
    for u in (0, 0.99):
        assert chosen(logits, u, temperature=0, top_k=3, top_p=0.9, min_p=0.1) == [1, 0]


@pytest.mark.parametrize("temperature", [1e-6, 1e-30, 1e-40, 1e-46, 5e-324])
@pytest.mark.parametrize("u", [0, 0.999])
def test_a_tiny_temperature_is_greedy_without_a_warning(temperature, u):
    logits = array([NEVER, -3, 2, -1e4, 1.9])
    assert chosen(logits, u, temperature=temperature) == [2]
    assert chosen(logits, u, temperature=temperature, top_k=2, top_p=0.5, min_p=0.5) == [2]


@pytest.mark.parametrize("temperature", [0, 1e-40, 1, 100])
def test_the_largest_bias_decides_at_every_temperature(temperature):
    logits = array([NEVER, 1, MAX_BIAS * 100, -MAX_BIAS * 100])
    assert chosen(logits, 0.999, temperature=temperature, top_p=0.999) == [2]


@pytest.mark.parametrize(("temperature", "share"), [(0.5, 0.8), (1, 2 / 3), (2, 2**0.5 / (1 + 2**0.5))])
def test_temperature_divides_the_logits(temperature, share):
    logits = of_probs(2 / 3, 1 / 3)
    assert chosen(logits, share - 1e-4, temperature=temperature) == [0]
    assert chosen(logits, share + 1e-4, temperature=temperature) == [1]


def test_temperature_comes_before_top_p():
    # Squared, 0.6 : 0.3 : 0.1 is 0.78 : 0.20 : 0.02, so one token reaches 0.7; before, it takes two.
    logits = of_probs(0.6, 0.3, 0.1)
    assert reachable(logits, temperature=0.5, top_p=0.7) == {0}
    assert reachable(logits, temperature=1, top_p=0.7) == {0, 1}


def test_top_p_is_measured_on_what_top_k_left():
    # Of 0.4, 0.3, 0.2, 0.1 the first two are 0.57 and 0.43 once only they are left.
    logits = of_probs(0.4, 0.3, 0.2, 0.1)
    assert reachable(logits, top_k=2, top_p=0.55) == {0}
    assert reachable(logits, top_p=0.55) == {0, 1}


def test_top_p_is_measured_before_min_p_takes_any_away():
    # min_p leaves 0.5 and 0.25, which are two thirds and one third once only they are left.
    logits = of_probs(0.5, 0.25, 0.125, 0.125)
    assert reachable(logits, top_p=0.6, min_p=0.4) == {0, 1}


def test_min_p_is_measured_after_the_temperature():
    logits = of_probs(0.8, 0.2)
    assert reachable(logits, temperature=2, min_p=0.4) == {0, 1}  # 0.2 / 0.8 is 0.25, its root 0.5
    assert reachable(logits, temperature=1, min_p=0.4) == {0}


def slow_choice(row, temperature, k, p, min_p, u):
    """The same rules one token at a time, in double precision; None where a decision is too close to call."""
    probs = exact_probs(row, temperature)
    left = ranked(row)[: k or None]
    total, reached, head = math.fsum(probs[i] for i in left), 0.0, []
    for i in left:
        if p < 1 and abs(reached - p) < 1e-5:
            return None
        if p == 1 or reached < p or not head:
            head.append(i)
        reached += probs[i] / total
    if any(abs(probs[i] / probs[head[0]] - min_p) < 1e-5 for i in head if min_p < 1):
        return None
    left = sorted(i for i in head if probs[i] >= min_p * probs[head[0]])
    total, reached = math.fsum(probs[i] for i in left), 0.0
    for i in left:
        reached += probs[i] / total
        if abs(reached - u) < 1e-5:
            return None
        if reached > u:
            return i
    return None


@settings(fixed, max_examples=300)
@given(
    row=st.lists(steps, min_size=2, max_size=9),
    temperature=st.sampled_from([0.5, 1, 2, 8]),
    k=st.integers(0, 9),
    p=st.sampled_from([0.1, 0.37, 0.61, 0.9, 0.99, 1]),
    min_p=st.sampled_from([0, 0.01, 0.17, 0.5, 1]),
    u=unit,
)
def test_choose_equals_the_rules_one_token_at_a_time(row, temperature, k, p, min_p, u):
    expected = slow_choice(row, temperature, k, p, min_p, u)
    assume(expected is not None)
    assert chosen(array(row), u, temperature=temperature, top_k=k, top_p=p, min_p=min_p) == [expected]


@fixed
@given(
    rows=st.lists(st.lists(steps, min_size=6, max_size=6), min_size=2, max_size=4),
    u=st.lists(unit, min_size=4, max_size=4),
)
def test_rows_are_chosen_independently_of_each_other(rows, u):
    options = SamplingOptions(temperature=0.7, top_k=4, top_p=0.9, min_p=0.05)
    numbers = np.array(u[: len(rows)], dtype=np.float32)
    together = choose(array(*rows), options, numbers)
    alone = [choose(array(row), options, numbers[i : i + 1])[0] for i, row in enumerate(rows)]
    assert together.tolist() == alone
