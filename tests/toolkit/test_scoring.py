"""Scores and choices beside a slow loop over single steps, written with plain lists and math."""

import itertools
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from toolkit.errors import OptionError, ToolkitError
from toolkit.language_model import LanguageModel
from toolkit.sampling import SamplingOptions
from toolkit.scoring import Choice, Reader, TokenScore, choices, score
from toolkit.stopping import Stop, Stopped
from toolkit.tokenizer import CharTokenizer, IdTokenizer, SpaceTokenizer, WordTokenizer

LETTERS = tuple("abcdefgh ，月")
TOKENIZERS = {
    "char": CharTokenizer(("<unk>", "\n", *LETTERS)),
    "char, lines as blanks": CharTokenizer(("<unk>", *LETTERS), newline="space"),
    "char without unknown": CharTokenizer(("\n", *LETTERS), unk_id=None),
    "char with start": CharTokenizer(("<unk>", "<pad>", "<bos>", "<eos>", *LETTERS), pad_id=1, bos_id=2, eos_id=3),
    "word": WordTokenizer(("<unk>", "\n", "月亮", *LETTERS)),
    "space": SpaceTokenizer(("<unk>", "<eos>", *LETTERS[:-3], "月亮")),
    "space without lines": SpaceTokenizer(("<unk>", *LETTERS[:-3], "月亮")),
    "ids": IdTokenizer(("0", "1", "2", "3"), unk_id=None),
}
TEXTS = st.text("abcdefgh ，月亮星\n\t 0123é😀", max_size=30)


@pytest.fixture(scope="module")
def models(moody):
    """A model of each tokenizer, whose every logit depends on all that it has read."""
    return {name: LanguageModel(moody(len(tokens)), tokens) for name, tokens in TOKENIZERS.items()}


def log_probs_behind(model, ids):
    """Natural log-probabilities of all tokens but unknown behind some ids, read anew from the first, as a dict."""
    state = model.init_state(1)
    for token_id in ids:
        logits, state = model.step(np.array([token_id]), state)
    kept = {i: float(x) for i, x in enumerate(logits[0]) if i != model.tokenizer.unk_id}
    total = math.log(sum(math.exp(x) for x in kept.values()))
    return {i: x - total for i, x in kept.items()}


def slow_score(model, text):
    """What `score` should give, by id."""
    tokenizer = model.tokenizer
    read = [] if tokenizer.bos_id is None else [tokenizer.bos_id]
    for token in tokenizer.split(text):
        token_id = tokenizer.ids.get(token, tokenizer.unk_id)
        if token_id is None:
            continue
        if read and token_id != tokenizer.unk_id:
            logs = log_probs_behind(model, read)
            order = sorted(logs, key=lambda i: (-logs[i], i))
            yield token_id, logs[token_id], order.index(token_id) + 1
        else:
            yield token_id, None, None
        read.append(token_id)


# Where tokens stand -------------------------------------------------------------------------------


@pytest.mark.parametrize("name", TOKENIZERS)
@settings(deadline=None)  # jieba reads its dictionary in the first
@given(text=TEXTS)
def test_tokens_are_located_as_they_are_split(name, text):
    tokenizer = TOKENIZERS[name]
    found = tokenizer.located(text)
    assert [token for token, _, _ in found] == tokenizer.split(text)
    assert all(a <= b for a, b in itertools.pairwise(i for _, *span in found for i in span))
    for token, start, end in found:
        there = text[start:end].replace("\n", " ") if tokenizer.newline == "space" else text[start:end]
        assert token == there or (token, there) == ("<eos>", "\n")


@pytest.mark.parametrize(
    ("name", "text", "spans"),
    [
        ("char", "a星\nb", [(0, 1, "a"), (1, 2, "<unk>"), (2, 3, "\n"), (3, 4, "b")]),
        ("char, lines as blanks", "a\nb", [(0, 1, "a"), (1, 2, " "), (2, 3, "b")]),
        ("char without unknown", "a星b", [(0, 1, "a"), (2, 3, "b")]),
        ("word", "月亮月星", [(0, 2, "月亮"), (2, 3, "月"), (3, 4, "<unk>")]),
        ("space", " a  月亮 é\n\tb", [(1, 2, "a"), (4, 6, "月亮"), (7, 8, "<unk>"), (8, 9, "<eos>"), (10, 11, "b")]),
        ("space without lines", "a\nb", [(0, 1, "a"), (2, 3, "b")]),
        ("ids", "1 2 9 x 0", [(0, 1, "1"), (2, 3, "2"), (8, 9, "0")]),
    ],
)
def test_each_token_stands_where_its_text_does(name, text, spans, models):
    vocab = TOKENIZERS[name].vocab
    assert [(token.start, token.end, vocab[token.id]) for token in score(models[name], text)] == spans


# How probable they are ----------------------------------------------------------------------------


@pytest.mark.parametrize("name", TOKENIZERS)
@settings(deadline=None)  # jieba reads its dictionary in the first
@given(text=TEXTS)
def test_scores_are_those_of_a_slow_loop(name, text, models):
    found = list(score(models[name], text))
    expected = list(slow_score(models[name], text))
    assert [(token.id, token.rank) for token in found] == [(token_id, rank) for token_id, _, rank in expected]
    assert [token.log_prob for token in found] == [
        log_prob if log_prob is None else pytest.approx(log_prob, abs=1e-5) for _, log_prob, _ in expected
    ]


@pytest.mark.parametrize("name", ["char", "word", "space"])
def test_scores_of_what_was_generated_are_those_it_was_generated_with(name, models):
    model = models[name]
    text = model.generate("a", max_new_tokens=20, seed=3, top_k=5)[0]
    scores = list(score(model, str(text)))[-20:]
    if model.tokenizer.encode(str(text))[-20:].tolist() == list(text.ids):
        assert [token.log_prob for token in scores] == list(text.log_probs)


def test_equal_logits_rank_by_id(hand_made):
    model = LanguageModel(hand_made(3, lambda h, _ids: np.zeros((len(h), 3))), CharTokenizer(("<unk>", "a", "b")))
    assert [token.rank for token in score(model, "bab")] == [None, 1, 2]
    assert [choice.text for choice in choices(model, "b")] == ["a", "b"]


def test_first_token_has_a_value_behind_a_start_marker_only(models):
    assert next(score(models["char with start"], "abc")).log_prob is not None
    assert next(score(models["char"], "abc")) == TokenScore(0, 1, 2, None, None)


def test_an_empty_text_has_no_tokens(models):
    assert list(score(models["char"], "")) == []


def test_who_stops_asking_has_read_no_more(hand_made):
    step = hand_made(3, lambda h, _ids: np.zeros((len(h), 3)))
    found = score(LanguageModel(step, CharTokenizer(("<unk>", "a", "b"))), "ab" * 50)
    assert [next(found).start for _ in range(3)] == [0, 1, 2]
    assert step.calls == 2


def test_damaged_model_is_named(hand_made):
    model = LanguageModel(hand_made(3, lambda h, _ids: np.full((len(h), 3), np.nan)), CharTokenizer(("?", "a", "b")))
    with pytest.raises(ToolkitError, match="weights are damaged"):
        list(score(model, "ab"))
    with pytest.raises(ToolkitError, match="weights are damaged"):
        choices(model, "ab")


# What may come next -------------------------------------------------------------------------------


@pytest.mark.parametrize("name", TOKENIZERS)
@settings(deadline=None)  # jieba reads its dictionary in the first
@given(text=TEXTS)
def test_choices_are_the_most_probable_tokens_of_a_slow_loop(name, text, models):
    model = models[name]
    tokenizer = model.tokenizer
    read = [] if tokenizer.bos_id is None else [tokenizer.bos_id]
    read += [i for token in tokenizer.split(text) if (i := tokenizer.ids.get(token, tokenizer.unk_id)) is not None]
    logs = log_probs_behind(model, read or tokenizer.opening())
    found = choices(model, text, count=5)
    assert [choice.id for choice in found] == sorted(logs, key=lambda i: (-logs[i], i))[:5]
    assert [choice.prob for choice in found] == [pytest.approx(math.exp(logs[c.id]), rel=1e-4) for c in found]
    assert [choice.kept for choice in found] == [pytest.approx(choice.prob) for choice in found]


OPTIONS = [
    {"temperature": 0},
    {"temperature": 0.3},
    {"top_k": 3},
    {"top_p": 0.5},
    {"min_p": 0.2},
    {"repetition_penalty": 1.8, "top_k": 4},
    {"presence_penalty": 2.0, "frequency_penalty": 0.5},
    {"no_repeat_ngram_size": 2, "temperature": 2.0},
    {"logit_bias": {"h": 9.0, "a": -9.0}, "top_k": 2},
]


@pytest.mark.parametrize("options", OPTIONS, ids=str)
def test_kept_is_how_often_generation_takes_it(options, models):
    """Of 8192 texts of one token, each is drawn as often as `kept` says; what is dropped never."""
    model = models["char"]
    chosen = SamplingOptions(max_new_tokens=1, num_return_sequences=1024, **options)
    drawn = [text.ids[0] for seed in range(8) for text in model.generate("abcabd", chosen, seed=seed)]
    found = choices(model, "abcabd", chosen, count=len(model.tokenizer))
    assert sum(choice.kept for choice in found) == pytest.approx(1, abs=1e-5)
    for choice in found:
        expected = len(drawn) * choice.kept
        assert drawn.count(choice.id) == pytest.approx(expected, abs=5 * math.sqrt(expected))
    assert {c.id for c in found} >= set(drawn)


def test_what_the_options_prefer_comes_with_the_most_probable(models):
    plain = choices(models["char"], "ab", count=2)
    rare = choices(models["char"], "ab", count=12)[-1]
    found = choices(models["char"], "ab", SamplingOptions(logit_bias={rare.text: 30.0}), count=2)
    assert [choice.id for choice in found] == [*(choice.id for choice in plain), rare.id]
    assert found[-1].prob == rare.prob
    assert found[-1].kept == pytest.approx(1, abs=1e-3)


def test_where_no_token_is_left_all_are_dropped(models):
    text = "".join(a + b for a, b in itertools.product("\n" + "".join(LETTERS), repeat=2))
    found = choices(models["char"], text, SamplingOptions(no_repeat_ngram_size=1))
    assert {choice.kept for choice in found} == {0.0}


def test_a_word_behind_another_comes_with_its_blank(models):
    assert {choice.text for choice in choices(models["space"], "a", count=2)} <= {f" {c}" for c in "abcdefgh"} | {
        "\n",
        " 月亮",
    }
    assert not any(choice.text.startswith(" ") for choice in choices(models["space"], "a\n"))


@pytest.mark.parametrize(
    ("options", "fault"), [({"top_k": 99}, OptionError), ({"logit_bias": {"missing": 1.0}}, ToolkitError)]
)
def test_options_that_do_not_fit_the_vocabulary_are_refused(options, fault, models):
    with pytest.raises(fault, match=next(iter(options))):
        choices(models["char"], "ab", SamplingOptions(**options))


# Reading again ------------------------------------------------------------------------------------


@given(texts=st.lists(TEXTS, min_size=1, max_size=5), memory=st.sampled_from([0, 1 << 20]), stop_at=st.integers(0, 9))
def test_a_reader_says_the_same_of_each_text_whatever_it_read_before(texts, memory, stop_at, models):
    reader = Reader(models["char"], memory)
    for text in texts:
        list(itertools.islice(reader.score(text), stop_at))
        assert reader.choices(text[:stop_at]) == choices(models["char"], text[:stop_at])
        assert list(reader.score(text)) == list(score(models["char"], text))


@pytest.fixture
def counted(hand_made):
    step = hand_made(4, lambda h, _ids: np.outer(h, np.arange(4)))
    return step, LanguageModel(step, CharTokenizer(("<unk>", "a", "b", "c")))


def test_what_was_read_is_not_read_again(counted):
    step, model = counted
    reader = Reader(model)
    list(reader.score("abc" * 100))
    for text, calls in [("abc" * 100, 1), ("abc" * 30, 1), ("abc" * 99, 1), ("abc" * 30 + "b", 1), ("abc" * 30, 1)]:
        before = step.calls
        reader.choices(text)
        assert step.calls - before <= calls + 1


def test_memory_is_bounded_however_long_the_text(counted):
    step, model = counted
    reader = Reader(model, memory=64 * 4)  # 64 states of one float32
    list(reader.score("abc" * 1000))
    before = step.calls
    reader.choices("abc" * 700)
    assert step.calls - before <= 64  # from the nearest state that is held


def test_a_reader_obeys_a_stop_and_goes_on_afterwards(counted):
    _, model = counted
    reader, stop = Reader(model), Stop()
    found = reader.score("abcabc", stop)
    assert [next(found).start, next(found).start] == [0, 1]
    stop.set()
    with pytest.raises(Stopped):
        next(found)
    with pytest.raises(Stopped):
        reader.choices("ab", stop=stop)
    assert reader.choices("ab") == choices(model, "ab")
    assert stop.tokens == 1


def test_a_choice_is_plain_data(models):
    assert all(type(value) in {int, str, float} for c in choices(models["char"], "") for value in vars(c).values())
    assert isinstance(choices(models["char"], "")[0], Choice)
