"""Option dataclasses: ranges, types, all faults in one message, and the way through JSON."""

import dataclasses
import json
import math
from collections.abc import Mapping
from dataclasses import dataclass

import pytest

from toolkit.corpus import CorpusOptions
from toolkit.errors import OptionError, ToolkitError
from toolkit.options import Options, option, same_option, spec_of
from toolkit.parallel import ParallelOptions
from toolkit.sampling import SamplingOptions
from toolkit.tokenizer import TokenizerOptions


@dataclass(frozen=True)
class Example(Options):
    count: int = option(1, "a whole number", minimum=1, maximum=1000)
    share: float = option(0.5, "a number", above=0, maximum=1)
    free: float = option(0.0, "any finite number")
    colour: str = option("red", "a word", choices=("red", "blue"))
    loud: bool = option(False, "a switch")
    seed: int | None = option(None, "a number or nothing", minimum=0)
    names: tuple[str, ...] = option((), "texts")
    weights: Mapping[str, float] = option({}, "numbers by name")

    def conflicts(self):
        if self.loud and "hush" in self.names:
            yield "loud does not go with hush"


@pytest.mark.parametrize(
    ("name", "value", "sentence"),
    [
        ("count", 0, "count must be at least 1 and at most 1,000, found 0"),
        ("count", 1001, "count must be at least 1 and at most 1,000, found 1001"),
        ("count", 2.0, "count must be a whole number, found 2.0"),
        ("count", True, "count must be a whole number, found True"),
        ("count", "3", "count must be a whole number, found '3'"),
        ("count", None, "count must be a whole number, found None"),
        ("share", 0, "share must be above 0 and at most 1, found 0"),
        ("share", -0.0, "share must be above 0 and at most 1, found -0.0"),
        ("share", math.nextafter(1, 2), "share must be above 0 and at most 1, found 1.0000000000000002"),
        ("share", math.nan, "share must be above 0 and at most 1, found nan"),
        ("share", False, "share must be a number, found False"),
        ("share", "0.5", "share must be a number, found '0.5'"),
        ("free", math.nan, "free must be finite, found nan"),
        ("free", math.inf, "free must be finite, found inf"),
        ("free", -math.inf, "free must be finite, found -inf"),
        ("colour", "green", "colour must be one of red, blue, found 'green'"),
        ("colour", "", "colour must be one of red, blue, found ''"),
        ("colour", 1, "colour must be text, found 1"),
        ("loud", 1, "loud must be true or false, found 1"),
        ("seed", -1, "seed must be at least 0, found -1"),
        ("seed", 1.5, "seed must be a whole number or nothing, found 1.5"),
        ("seed", True, "seed must be a whole number or nothing, found True"),
    ],
)
def test_a_value_out_of_range_or_of_another_type_is_named_with_what_is_allowed(name, value, sentence):
    with pytest.raises(OptionError) as caught:
        Example(**{name: value})
    assert str(caught.value) == sentence


@pytest.mark.parametrize("value", [10**400, -(10**400)], ids=["huge", "very negative"])
@pytest.mark.parametrize("name", ["count", "share"])
def test_a_number_too_large_for_a_float_is_a_fault_and_no_crash(name, value):
    with pytest.raises(OptionError, match=f"^{name} must be .* found -?1000"):
        Example(**{name: value})


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("count", 1),
        ("count", 1000),
        ("share", 1),
        ("share", 5e-324),
        ("free", -1e308),
        ("free", 3),
        ("colour", "blue"),
        ("seed", None),
        ("seed", 0),
        ("seed", 10**400),
    ],
)
def test_a_value_on_the_edge_of_its_range_is_kept_as_it_is(name, value):
    found = getattr(Example(**{name: value}), name)
    assert found == value
    assert type(found) is type(value)


def test_all_faults_are_reported_together():
    with pytest.raises(OptionError) as caught:
        Example(count=0, share=math.nan, colour="green", loud=True, names=("hush",))
    assert str(caught.value).split("; ") == [
        "count must be at least 1 and at most 1,000, found 0",
        "share must be above 0 and at most 1, found nan",
        "colour must be one of red, blue, found 'green'",
        "loud does not go with hush",
    ]


@pytest.mark.parametrize(("name", "value"), [("names", None), ("names", 5), ("names", "ab"), ("weights", [("a", 1)])])
def test_conflicts_are_looked_for_only_among_values_of_the_right_type(name, value):
    with pytest.raises(OptionError, match=f"^{name} must be ") as caught:
        Example(loud=True, **{name: value})
    assert "hush" not in str(caught.value)


def test_an_option_error_is_both_ours_and_a_value_error():
    assert issubclass(OptionError, ToolkitError)
    assert issubclass(OptionError, ValueError)


def test_options_cannot_be_changed_afterwards():
    with pytest.raises(dataclasses.FrozenInstanceError):
        Example().count = 2


def test_a_default_mapping_is_not_shared_between_instances():
    first, second = Example(), Example()
    assert first.weights == second.weights == {}
    assert first.weights is not second.weights


def test_options_survive_json():
    original = Example(7, 0.25, -1.5, "blue", True, 2**63, ("a", "分"), {"开": -0.5})
    through = Example.from_dict(json.loads(json.dumps(original.to_dict())), "file")
    assert through == original
    assert through.names == ("a", "分")


def test_from_dict_fills_missing_names_with_their_defaults():
    assert Example.from_dict({"count": 3}, "file") == Example(count=3)


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ({"cuont": 1, "count": 2, "zeal": 3}, "settings.json: unknown option cuont, zeal; known are colour, count,"),
        ({"count": 0}, "settings.json: count must be at least 1 and at most 1,000, found 0"),
        ({"names": "ab"}, "settings.json: names must be "),
    ],
)
def test_from_dict_says_which_file_is_wrong(values, sentence):
    with pytest.raises(OptionError) as caught:
        Example.from_dict(values, "settings.json")
    assert str(caught.value).startswith(sentence)


def test_the_same_option_has_the_range_and_the_default_of_the_other_or_its_own_default():
    @dataclass(frozen=True)
    class Second(Options):
        count: int = same_option(Example, "count")
        share: float = same_option(Example, "share", 0.25)
        weights: Mapping[str, float] = same_option(Example, "weights")

    second = Second()
    assert (second.count, second.share) == (1, 0.25)
    assert second.weights == {}
    assert second.weights is not Second().weights
    first = {field.name: spec_of(field) for field in dataclasses.fields(Example)}
    assert all(spec_of(field) is first[field.name] for field in dataclasses.fields(Second))
    with pytest.raises(OptionError, match="share must be above 0 and at most 1, found 0"):
        Second(share=0)


@pytest.mark.parametrize("cls", [SamplingOptions, TokenizerOptions, CorpusOptions, ParallelOptions])
def test_every_option_of_the_core_has_help_and_its_default_is_allowed(cls):
    options = cls()
    for field in dataclasses.fields(cls):
        spec = spec_of(field)
        assert spec.help
        assert not spec.help.endswith(".")
        if spec.choices:
            assert getattr(options, field.name) in spec.choices
