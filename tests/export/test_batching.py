"""Many prompts through a running batch: the texts of single calls, in the order in which they end."""

import pytest

import toolkit
from toolkit.errors import OptionError, ToolkitError
from toolkit.language_model import UnknownTokenWarning

PROMPTS = ["月", "我在夜里听见风声", "人", "天上的月光", "一", "月", "人在风里", "天", "我们"]


@pytest.fixture(scope="module")
def model(make_bundle):
    return toolkit.load(make_bundle(), "cpu")


@pytest.fixture
def one_by_one(model):
    """A function (options) -> the texts written by the step loop in Python, one prompt after the other."""

    def write(**options):
        without = toolkit.LanguageModel(model.backend, model.tokenizer)
        return dict(without.generate_batch(PROMPTS, seed=11, **options))

    return write


@pytest.mark.parametrize("batch_size", [1, 2, 4, 32])
@pytest.mark.parametrize(
    "options",
    [
        {"max_new_tokens": 40},
        {"max_new_tokens": 33, "temperature": 0},
        {"max_new_tokens": 60, "temperature": 1.3, "stop_strings": ("\n", "的")},
        {"max_new_tokens": 1, "top_k": 5},
        {"max_new_tokens": 20, "repetition_penalty": 1.3, "presence_penalty": 0.5},
    ],
    ids=["sampled", "greedy", "stops", "one token", "rule in Python"],
)
def test_texts_depend_neither_on_the_batch_nor_on_who_runs_the_loop(model, one_by_one, batch_size, options):
    found = dict(model.generate_batch(PROMPTS, batch_size=batch_size, seed=11, **options))
    expected = one_by_one(**options)
    assert sorted(found) == list(range(len(PROMPTS)))
    for i, text in found.items():
        assert (text.prompt, text.ids, text.text) == (PROMPTS[i], expected[i].ids, expected[i].text)
        assert (text.finish_reason, text.seed) == (expected[i].finish_reason, 11)
        assert text.log_probs == pytest.approx(expected[i].log_probs, abs=1e-4)


def test_the_first_prompt_gets_the_text_of_a_single_call_and_equal_prompts_differ(model):
    found = dict(model.generate_batch(PROMPTS, max_new_tokens=30, seed=4))
    assert found[0] == model.generate(PROMPTS[0], max_new_tokens=30, seed=4)[0]
    assert PROMPTS[0] == PROMPTS[5]
    assert found[0].ids != found[5].ids


def test_results_come_as_they_end_and_places_are_refilled(model, monkeypatch):
    sizes = []
    generate = model.loop.generate

    def watched(input_ids, *rest):
        sizes.append(len(input_ids))
        return generate(input_ids, *rest)

    monkeypatch.setattr(model.loop, "generate", watched)
    texts = model.generate_batch(PROMPTS, batch_size=3, max_new_tokens=64, stop_strings=("\n", "的", "，"), seed=2)
    first = next(texts)
    calls_before_the_first = len(sizes)
    rest = list(texts)
    assert calls_before_the_first < len(sizes)
    lengths = {i: len(text.ids) for i, text in [first, *rest]}
    assert len(set(lengths.values())) > 2
    assert [first[0], *(i for i, _ in rest)] != list(range(len(PROMPTS)))  # a short text overtakes a long one
    assert sizes == sorted(sizes, reverse=True)  # full until the prompts run out, then ever smaller
    assert sizes[0] == 3


def test_without_a_seed_each_text_names_the_one_it_took(model):
    first = dict(model.generate_batch(PROMPTS[:2], max_new_tokens=20))
    again = dict(model.generate_batch(PROMPTS[:2], max_new_tokens=20, seed=first[0].seed))
    assert first == again


def test_no_prompts_no_texts(model):
    assert list(model.generate_batch([])) == []


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"batch_size": 0}, OptionError, "batch_size must be from 1 to 1024, found 0"),
        ({"batch_size": 1025}, OptionError, "batch_size must be from 1 to 1024, found 1025"),
        ({"num_return_sequences": 2}, OptionError, "num_return_sequences must be 1 in a batch, found 2"),
        ({"top_k": 10**6}, OptionError, "top_k must be at most"),
        ({"temperature": -1.0}, OptionError, "temperature must be"),
        ({"prompts": ["月", "", "人"]}, ToolkitError, "prompt 2 of 3 is empty"),
    ],
)
def test_bad_arguments_are_refused_before_anything_runs(model, arguments, error, message, monkeypatch):
    monkeypatch.setattr(model.loop, "generate", None)
    with pytest.raises(error, match=message):
        model.generate_batch(**{"prompts": ["月"], **arguments})


def test_unknown_tokens_of_all_prompts_are_named_once(model):
    with pytest.warns(UnknownTokenWarning, match="read as <unk>: Ω Ж$"):
        dict(model.generate_batch(["月Ω", "ЖΩ"], max_new_tokens=2))
