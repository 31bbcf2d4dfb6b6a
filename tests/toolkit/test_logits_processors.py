"""Each logits processor against numbers worked out by hand and against a loop over single values."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from toolkit.sampling import (
    MAX_BIAS,
    SamplingOptions,
    bias,
    counts,
    no_repeat_ngram,
    processors_for,
    repetition_penalty,
    usage_penalty,
)

NEVER = -np.inf
fixed = settings(deadline=None, derandomize=True, max_examples=100)

VOCAB = 6
token_rows = st.integers(1, 3).flatmap(
    lambda rows: st.integers(1, 12).flatmap(
        lambda length: st.lists(
            st.lists(st.integers(0, VOCAB - 1), min_size=length, max_size=length), min_size=rows, max_size=rows
        )
    )
)


def row(*values):
    return np.array([values], dtype=np.float32)


def tokens(*ids):
    return np.array([ids], dtype=np.int64)


def some_logits(rows):
    """Positive, negative and zero, different in every place."""
    return ((np.arange(rows * VOCAB, dtype=np.float32) * 7) % 13 - 6).reshape(rows, VOCAB) / 2


def run(processor, ids, logits):
    """The result, after checking what every processor promises."""
    before = ids.copy()
    found = processor(ids, logits.copy())
    assert found.dtype == np.float32
    assert found.shape == logits.shape
    assert np.array_equal(ids, before)
    return found


def test_bias_is_added_to_its_ids_in_every_row():
    found = run(bias({1: 2.5, 3: -1}), np.zeros((2, 1), dtype=np.int64), np.zeros((2, 4), dtype=np.float32))
    assert found.tolist() == [[0, 2.5, 0, -1]] * 2


def test_repetition_penalty_divides_positive_and_multiplies_negative_logits_of_used_ids():
    found = run(repetition_penalty(2), tokens(0, 1, 2, 0, 0), row(3, -3, 0, 3, -3))
    assert found.tolist() == [[1.5, -6, 0, 3, -3]]


def test_repetition_penalty_below_one_makes_used_ids_likelier():
    assert run(repetition_penalty(0.5), tokens(0, 1), row(3, -3, 1)).tolist() == [[6, -1.5, 1]]


def test_usage_penalty_takes_presence_once_and_frequency_for_each_use():
    found = run(usage_penalty(0.5, 0.25), tokens(1, 2, 1, 1), row(1, 1, 1, 1))
    assert found.tolist() == [[1, 1 - 0.5 - 0.75, 1 - 0.5 - 0.25, 1]]


def test_negative_usage_penalties_reward_used_ids():
    assert run(usage_penalty(-1, -2), tokens(1, 1), row(0, 0)).tolist() == [[0, 1 + 4]]


@pytest.mark.parametrize(
    ("size", "ids", "banned"),
    [
        (1, [2, 4, 2], {2, 4}),  # no token twice
        (2, [1, 2, 1], {2}),  # 1 2 was there
        (2, [1, 2, 1, 3, 1], {2, 3}),
        (2, [1, 1], {1}),
        (2, [1, 2, 3], set()),
        (2, [1], set()),
        (3, [1, 2, 3, 1, 2], {3}),
        (3, [1, 2, 3, 2, 1], set()),
        (3, [1, 1, 1], {1}),
        (3, [1, 2], set()),
        (4, [1, 2, 3], set()),
        (3, [5, 1, 2, 4, 1, 2, 5, 1, 2], {4, 5}),
    ],
)
def test_no_repeat_ngram_bans_what_would_complete_a_known_ngram(size, ids, banned):
    found = run(no_repeat_ngram(size), tokens(*ids), np.ones((1, VOCAB), dtype=np.float32))
    assert set(np.flatnonzero(np.isneginf(found[0])).tolist()) == banned
    assert set(found[0, ~np.isneginf(found[0])].tolist()) == {1.0}


@fixed
@given(rows=token_rows, size=st.integers(1, 5))
def test_no_repeat_ngram_equals_a_search_through_all_ngrams(rows, size):
    found = run(no_repeat_ngram(size), np.array(rows), some_logits(len(rows)))
    for ids, logits, result in zip(rows, some_logits(len(rows)), found, strict=True):
        seen = {tuple(ids[i : i + size]) for i in range(len(ids) - size + 1)}
        for candidate in range(VOCAB):
            repeats = tuple([*ids, candidate][-size:]) in seen
            assert result[candidate] == (NEVER if repeats else logits[candidate])


@fixed
@given(
    rows=token_rows,
    penalty=st.sampled_from([0.25, 0.5, 2, 4]),
    presence=st.sampled_from([-2, 0, 0.5]),
    frequency=st.sampled_from([-0.25, 0, 1.5]),
)
def test_penalties_equal_a_loop_over_single_logits(rows, penalty, presence, frequency):
    before = some_logits(len(rows))  # powers of two throughout, so every result is exact
    repeated = run(repetition_penalty(penalty), np.array(rows), before)
    used = run(usage_penalty(presence, frequency), np.array(rows), before)
    for n, ids in enumerate(rows):
        for v in range(VOCAB):
            logit, times = float(before[n, v]), ids.count(v)
            assert counts(np.array(rows), VOCAB)[n, v] == times
            assert used[n, v] == logit - (presence if times else 0) - frequency * times
            if times:
                logit = logit / penalty if logit > 0 else logit * penalty
            assert repeated[n, v] == logit


@pytest.mark.parametrize(
    "make", [lambda: repetition_penalty(3), lambda: usage_penalty(1, 1), lambda: no_repeat_ngram(1)]
)
def test_no_penalty_revives_a_banned_id(make):
    assert np.isneginf(run(make(), tokens(0, 1), row(NEVER, 1, 1))[0, 0])


# The chain ---------------------------------------------------------------------------------------


def run_chain(options, ids, logits, biases=None):
    for process in processors_for(options, biases or {}):
        logits = process(ids, logits)
    return logits


def test_absent_rules_are_absent_from_the_chain():
    assert processors_for(SamplingOptions(), {}) == []
    everything = SamplingOptions(repetition_penalty=2, presence_penalty=1, no_repeat_ngram_size=2)
    assert len(processors_for(everything, {1: 1.0})) == 4


@pytest.mark.parametrize("name", ["presence_penalty", "frequency_penalty"])
def test_either_usage_penalty_alone_is_enough_to_be_applied(name):
    assert run_chain(SamplingOptions(**{name: 1}), tokens(1), row(5, 5, 5)).tolist() == [[5, 4, 5]]


def test_no_bias_revives_a_banned_id():
    options = SamplingOptions(no_repeat_ngram_size=1)
    found = run_chain(options, tokens(1), row(NEVER, 0, 0), biases={0: MAX_BIAS, 1: MAX_BIAS})
    assert found.tolist() == [[NEVER, NEVER, 0]]


def test_bias_comes_before_the_penalties():
    # -1 + 5 = 4 is positive, so it is halved, then 0.5 is taken off; penalising first would give -2 + 5 - 0.5.
    options = SamplingOptions(repetition_penalty=2, presence_penalty=0.5)
    assert run_chain(options, tokens(1), row(0, -1, 0), biases={1: 5}).tolist() == [[0, 1.5, 0]]


def test_repetition_penalty_comes_before_the_usage_penalty():
    # 2 / 2 - 0.5; the other way round it were (2 - 0.5) / 2 = 0.75.
    options = SamplingOptions(repetition_penalty=2, frequency_penalty=0.5)
    assert run_chain(options, tokens(1), row(0, 2, 0)).tolist() == [[0, 0.5, 0]]


@pytest.mark.parametrize("penalty", [0.01, 100])
@pytest.mark.parametrize("amount", [MAX_BIAS, -MAX_BIAS])
def test_the_most_extreme_options_make_no_infinity(penalty, amount):
    options = SamplingOptions(repetition_penalty=penalty, presence_penalty=-100, frequency_penalty=100)
    found = run_chain(options, np.full((1, 5000), 1), row(0, 9, 9), biases={1: amount})
    assert np.isfinite(found[0, 1:]).all()
