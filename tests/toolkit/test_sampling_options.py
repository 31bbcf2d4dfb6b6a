"""What may be asked of the sampler, and what the refusals say."""

import math

import pytest

from toolkit.errors import OptionError
from toolkit.sampling import MAX_BIAS, SamplingOptions
from toolkit.uniform import MAX_SEED

RANGES = {
    "max_new_tokens": ("at least 1 and at most 100,000", [0, -1, 100_001, 1_000_000]),
    "temperature": ("at least 0 and at most 100", [-0.1, 100.5, math.nan, math.inf, -math.inf]),
    "top_k": ("at least 0", [-1]),
    "top_p": ("above 0 and at most 1", [0, -0.5, 1.0001, math.nan]),
    "min_p": ("at least 0 and at most 1", [-0.01, 1.5, math.nan]),
    "repetition_penalty": ("at least 0.01 and at most 100", [0, -1.0, 1e-50, 101, math.inf, math.nan]),
    "presence_penalty": ("at least -100 and at most 100", [-101, 100.5, math.nan]),
    "frequency_penalty": ("at least -100 and at most 100", [-101, 100.5, math.nan]),
    "no_repeat_ngram_size": ("at least 0", [-1]),
    "seed": ("at least 0 and at most ", [-1, MAX_SEED + 1]),
    "num_return_sequences": ("at least 1 and at most 1,024", [0, 1025]),
}


@pytest.mark.parametrize(("name", "value"), [(name, value) for name, (_, bad) in RANGES.items() for value in bad])
def test_a_value_out_of_range_is_refused_with_the_range(name, value):
    with pytest.raises(OptionError) as caught:
        SamplingOptions(**{name: value})
    assert str(caught.value).startswith(f"{name} must be {RANGES[name][0]}")
    assert str(caught.value).endswith(f", found {value!r}")


@pytest.mark.parametrize("name", sorted(RANGES))
@pytest.mark.parametrize("value", [True, "1", [1]], ids=["bool", "text", "list"])
def test_a_value_of_another_type_is_refused(name, value):
    with pytest.raises(OptionError, match=f"^{name} must be a (whole )?number"):
        SamplingOptions(**{name: value})


@pytest.mark.parametrize(
    "options",
    [
        {"temperature": 0, "top_p": 1, "min_p": 1, "seed": MAX_SEED},
        {"temperature": 100, "top_k": 10**400, "no_repeat_ngram_size": 10**400},
        {"logit_bias": {"a": MAX_BIAS, "b": -MAX_BIAS}, "repetition_penalty": 0.01},
    ],
)
def test_values_on_the_edges_are_taken(options):
    found = SamplingOptions(**options)
    assert {name: getattr(found, name) for name in options} == options


@pytest.mark.parametrize("stops", [("",), ("a", ""), ("a", 5)])
def test_a_stop_string_needs_at_least_one_character(stops):
    with pytest.raises(OptionError, match=r"^stop_strings must be texts of at least one character, found \("):
        SamplingOptions(stop_strings=stops)


@pytest.mark.parametrize("stops", [None, 5, "ab", ["ab"]])
def test_stop_strings_of_another_type_are_refused(stops):
    with pytest.raises(OptionError, match=r"^stop_strings must be tuple"):
        SamplingOptions(stop_strings=stops)


@pytest.mark.parametrize("amount", [math.nan, math.inf, -math.inf, 1e39, -1.01e30, 10**400, "1", None])
def test_a_bias_that_would_make_an_infinity_of_a_logit_is_refused(amount):
    with pytest.raises(OptionError, match=r"^logit_bias must be numbers from -1e\+30 to 1e\+30, found .* for '开'$"):
        SamplingOptions(logit_bias={"分": 1.0, "开": amount})


def test_all_faults_are_reported_together():
    with pytest.raises(OptionError) as caught:
        SamplingOptions(
            max_new_tokens=0, temperature=-1, top_p=2, min_p=math.nan, stop_strings=("",), logit_bias={"a": math.nan}
        )
    named = [fault.split(" must be ")[0] for fault in str(caught.value).split("; ")]
    assert named == ["max_new_tokens", "temperature", "top_p", "min_p", "stop_strings", "logit_bias"]


def test_top_k_may_reach_the_vocabulary_and_not_exceed_it():
    SamplingOptions(top_k=8).check_vocab(8)
    with pytest.raises(OptionError, match=r"^top_k must be at most 8, the size of the vocabulary, found 9$"):
        SamplingOptions(top_k=9).check_vocab(8)


def test_the_defaults_sample_freely():
    assert SamplingOptions().to_dict() == {
        "max_new_tokens": 100,
        "temperature": 1.0,
        "top_k": 0,
        "top_p": 1.0,
        "min_p": 0.0,
        "repetition_penalty": 1.0,
        "presence_penalty": 0.0,
        "frequency_penalty": 0.0,
        "no_repeat_ngram_size": 0,
        "stop_strings": [],
        "logit_bias": {},
        "seed": None,
        "num_return_sequences": 1,
    }
