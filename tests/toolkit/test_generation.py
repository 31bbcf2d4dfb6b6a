"""The decode loop over models made by hand, against a loop over single rows and tokens."""

import math

import numpy as np
import pytest

from toolkit.errors import OptionError, ToolkitError
from toolkit.generation import generate, generate_step, prefill, stream
from toolkit.sampling import SamplingOptions, choose, processors_for
from toolkit.tokenizer import UNK, CharTokenizer
from toolkit.uniform import uniform

TOKENIZER = CharTokenizer((UNK, *"abcdefg"))
V = len(TOKENIZER)


def texts(model, prompt="a", **options):
    return generate(model, TOKENIZER, prompt, SamplingOptions(**options))


def slow_text(model, prompt, sequence, seed, biases, options):
    """One row by itself: its ids and log-probabilities, and whether the rules ran out of tokens."""
    history = TOKENIZER.encode(prompt).tolist()
    state = model.init_state(1)
    for token in history:
        logits, state = model.step(np.array([token]), state)
    ids, log_probs = [], []
    for t in range(options.max_new_tokens):
        warped = np.array(logits)
        warped[:, 0] = -math.inf
        for process in processors_for(options, biases):
            warped = process(np.array([history]), warped)
        if warped.max() == -math.inf:
            return ids, log_probs, "exhausted"
        u = uniform(seed, t, 1, sequence + 1)[:, sequence]
        token = int(choose(warped, options, u)[0])
        weights = [math.exp(x) for x in logits[0].tolist()]
        log_probs.append(math.log(weights[token] / math.fsum(weights[1:])))
        ids.append(token)
        history.append(token)
        logits, state = model.step(np.array([token]), state)
    return ids, log_probs, "length"


@pytest.mark.parametrize(
    "choice",
    [
        {"temperature": 0},
        {"temperature": 0.8, "top_k": 5},
        {"temperature": 1.7, "top_p": 0.9, "min_p": 0.01},
        {"repetition_penalty": 1.5, "presence_penalty": 0.3, "frequency_penalty": 0.2},
        {"no_repeat_ngram_size": 2},
        {"logit_bias": {"b": 1.0, "c": -2.5}},
    ],
    ids=["greedy", "top-k", "top-p", "penalties", "ngrams", "biases"],
)
@pytest.mark.parametrize("rows", [1, 3])
def test_each_text_equals_the_same_row_decoded_by_itself(moody, choice, rows):
    # 150 tokens: the random numbers come in blocks of 64, and every border must go unnoticed.
    options = SamplingOptions(max_new_tokens=150, num_return_sequences=rows, seed=2**40 + 7, **choice)
    biases = {TOKENIZER.ids[token]: amount for token, amount in options.logit_bias.items()}
    for n, found in enumerate(generate(moody(V), TOKENIZER, "cab", options)):
        ids, log_probs, reason = slow_text(moody(V), "cab", n, options.seed, biases, options)
        assert found.ids == tuple(ids)
        assert found.log_probs == pytest.approx(log_probs, abs=1e-5)
        assert found.text == TOKENIZER.decode(ids)
        assert found.finish_reason == reason
        assert (found.prompt, found.seed) == ("cab", options.seed)
        assert str(found) == "cab" + found.text


def test_the_texts_of_one_batch_differ_and_the_first_is_the_one_written_alone(moody):
    several = texts(moody(V), num_return_sequences=4, seed=3)
    assert len({found.ids for found in several}) == 4
    assert several[0] == texts(moody(V), seed=3)[0]


def test_greedy_needs_no_seed_and_ignores_it(moody):
    assert len({texts(moody(V), temperature=0, seed=seed)[0].ids for seed in (0, 1, 2**62)}) == 1


def test_the_same_seed_writes_the_same_text_and_another_seed_another(moody):
    first, again, other = (texts(moody(V), seed=seed)[0] for seed in (5, 5, 6))
    assert first == again
    assert first.ids != other.ids


def test_without_a_seed_each_text_is_new_and_names_the_seed_that_repeats_it(moody):
    first, second = texts(moody(V))[0], texts(moody(V))[0]
    assert first.seed != second.seed
    assert first.ids != second.ids
    assert texts(moody(V), seed=first.seed)[0] == first


def test_a_shorter_text_is_the_beginning_of_a_longer_one(moody):
    long = texts(moody(V), max_new_tokens=70, seed=1)[0]
    for length in (1, 2, 63, 64, 65):
        assert texts(moody(V), max_new_tokens=length, seed=1)[0].ids == long.ids[:length]


# The model ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(("prompt", "new"), [("a", 1), ("abc", 1), ("abc", 7)])
def test_the_model_reads_each_token_once_and_not_the_last(moody, prompt, new):
    model = moody(V)
    options = SamplingOptions(max_new_tokens=new)
    chosen = list(generate_step(model, TOKENIZER.encode(prompt)[None], options, [], (0,), 1))
    assert len(chosen) == new
    assert model.calls == len(prompt) + new - 1
    texts(model, prompt, max_new_tokens=new)
    assert model.calls == 2 * (len(prompt) + new - 1)


def test_the_model_rests_once_every_text_has_ended(scripted):
    model = scripted(TOKENIZER.encode("abcdef"), V)
    texts(model, max_new_tokens=1000, temperature=0, stop_strings=("cd",), num_return_sequences=2)
    assert model.calls == 4


def test_prefill_is_stepping_through_the_prompt(moody):
    model, ids = moody(V), np.array([[1, 2, 3], [4, 5, 6]])
    logits, state = prefill(model, ids, model.init_state(2))
    expected_state = model.init_state(2)
    for column in ids.T:
        expected, expected_state = model.step(column, expected_state)
    assert np.array_equal(logits, expected)
    assert np.array_equal(state, expected_state)


@pytest.mark.parametrize("bad", [math.nan, math.inf])
@pytest.mark.parametrize("token", [1, 3])
def test_a_model_that_returns_nan_or_infinity_is_refused_with_the_token(hand_made, bad, token):
    def logits_of(h, ids):
        logits = np.zeros((len(ids), V))
        logits[-1, 3] = bad if h[-1] == token - 1 else 0  # in one row is enough
        return logits

    pieces = stream(hand_made(V, logits_of), TOKENIZER, "a", SamplingOptions(num_return_sequences=2))
    for _ in range(2 * (token - 1)):
        next(pieces)
    with pytest.raises(ToolkitError, match=f"^the model returned NaN or infinity at token {token}: "):
        next(pieces)


def test_a_model_may_rule_tokens_out_itself(hand_made):
    logits = np.where(np.arange(V) % 2, 0.0, -math.inf)
    found = texts(hand_made(V, lambda _h, ids: np.tile(logits, (len(ids), 1))), seed=1)[0]
    assert set(found.text) == set("aceg")
    assert found.log_probs == pytest.approx([-math.log(4)] * 100, abs=1e-5)


# Rules -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("options", [{"temperature": 0}, {}, {"logit_bias": {UNK: 1e30}}, {"temperature": 1e-40}])
def test_unk_is_never_written_even_when_the_model_wants_nothing_else(hand_made, options):
    model = hand_made(V, lambda _h, ids: np.tile(50.0 * (np.arange(V) == 0), (len(ids), 1)))
    for found in texts(model, "a?", seed=4, num_return_sequences=3, **options):
        assert len(found.ids) == 100
        assert 0 not in found.ids


def test_a_prompt_of_unknown_tokens_only_is_continued(moody):
    found = texts(moody(V), "???", seed=4)[0]
    assert str(found).startswith("???")
    assert 0 not in found.ids


def test_a_bias_makes_a_token_certain_or_impossible_and_leaves_its_log_probability_alone(moody):
    wanted = texts(moody(V), logit_bias={"e": 1e30}, seed=1)[0]
    assert set(wanted.text) == {"e"}
    assert all(value < -0.01 for value in wanted.log_probs)  # the model itself is not so sure
    unwanted = texts(moody(V), logit_bias=dict.fromkeys("abcdef", -1e9), seed=1)[0]
    assert set(unwanted.text) == {"g"}


def test_a_bias_for_a_token_outside_the_vocabulary_is_refused_before_the_model_runs(moody):
    model = moody(V)
    with pytest.raises(ToolkitError, match=r"^logit_bias names 'x', 'ab', which the vocabulary does not have$"):
        texts(model, logit_bias={"x": 1.0, "a": 1.0, "ab": 1.0})
    assert model.calls == 0


def test_top_k_above_the_vocabulary_is_refused_before_the_model_runs(moody):
    model = moody(V)
    with pytest.raises(OptionError, match=f"^top_k must be at most {V}, the size of the vocabulary, found {V + 1}$"):
        texts(model, top_k=V + 1)
    assert model.calls == 0


def test_an_empty_prompt_is_refused(moody):
    model = moody(V)
    with pytest.raises(ToolkitError, match=r"^the prompt is empty: "):
        texts(model, "")
    with pytest.raises(ToolkitError, match=r"^the prompt is empty: "):
        next(stream(model, TOKENIZER, "", SamplingOptions()))
    assert model.calls == 0


def test_a_text_ends_when_no_ngram_is_left(moody):
    several = texts(moody(V), "a", no_repeat_ngram_size=1, seed=2, num_return_sequences=5)
    for found in several:
        assert found.finish_reason == "exhausted"
        assert sorted(found.text) == list("bcdefg")  # each token once, the prompt's counted
    assert len({found.text for found in several}) > 1


def test_texts_run_out_of_ngrams_each_in_its_own_time(moody):
    several = texts(moody(V), "a", no_repeat_ngram_size=2, seed=2, num_return_sequences=6)
    for found in several:
        assert found.finish_reason == "exhausted"
        pairs = list(zip("a" + found.text, found.text, strict=False))
        assert len(set(pairs)) == len(pairs)
        last = str(found)[-1]
        assert {pair for pair in pairs if pair[0] == last} == {(last, token) for token in "abcdefg"}
    assert len({len(found.ids) for found in several}) > 1
