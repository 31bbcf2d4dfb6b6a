"""Choosing the tokens of a target: beam search against all texts there are, greedy decoding, sampling, attention."""

import itertools

import numpy as np
import pytest
import torch

from toolkit.beam_search import beam_search, score_of
from toolkit.errors import OptionError, ToolkitError
from toolkit.models.seq2seq_options import Seq2SeqOptions
from toolkit.models.seq2seq_rnn import Seq2SeqRNN
from toolkit.models.torch_seq2seq import EagerSeq2Seq
from toolkit.seq2seq import Encoded, batch_of
from toolkit.tokenizer import CharTokenizer
from toolkit.translation import TranslateOptions, attention_of
from toolkit.translator import LongSourceWarning, Translator

SPECIAL = ("<unk>", "<pad>", "<bos>", "<eos>")
BOS, EOS = 2, 3


def translator_of(letters="ab", seed=0, *, cell="gru", attention="general", double=True, **options):
    """A network whose random weights are so large that it has opinions; it reads and writes the same letters."""
    torch.manual_seed(seed)
    tokenizer = CharTokenizer((*SPECIAL, *letters), pad_id=1, bos_id=2, eos_id=3)
    shape = Seq2SeqOptions(**{"hidden_size": 5, "embedding_size": 3, "cell": cell, "attention": attention} | options)
    network = Seq2SeqRNN(shape, len(tokenizer), len(tokenizer))
    with torch.no_grad():
        for weight in network.parameters():
            weight.mul_(3)
    translator = Translator(EagerSeq2Seq(network.double() if double else network), tokenizer, tokenizer)
    return translator, network


def encoded(translator, *texts):
    return translator.backend.encode(*batch_of([translator.source_tokenizer.encode(text) for text in texts]))


@torch.no_grad()
def all_log_probs(network, source, texts):
    """Of each token of some texts of one length, which torch reads as a whole: [texts, tokens].

    What is never written has no part in the softmax.
    """
    texts, lengths = torch.tensor(texts), torch.tensor([len(source)] * len(texts))
    read = torch.cat([torch.full((len(texts), 1), BOS), texts[:, :-1]], dim=1)
    memory, state = network.encoder(torch.from_numpy(source).expand(len(texts), -1), lengths)
    logits, _, _ = network.decoder(read, state, memory, lengths)
    return torch.log_softmax(logits[:, :, EOS:], dim=2).gather(2, texts[:, :, None] - EOS)[:, :, 0]


def log_probs(network, source, ids):
    """Of each token of one text."""
    return all_log_probs(network, source, [ids])[0].tolist()


def all_texts(network, source, letters, fewest, most, penalty):
    """Every text that can be written, with its score, the best first."""
    ordinary, scored = range(len(SPECIAL), len(SPECIAL) + letters), []
    for length in range(fewest, most + 1):
        texts = list(itertools.product(ordinary, repeat=length))
        if length < most:
            texts = [(*text, EOS) for text in texts]
        sums = all_log_probs(network, source, texts).sum(dim=1).tolist()
        scored += [(total / len(ids) ** penalty, ids) for total, ids in zip(sums, texts, strict=True)]
    return sorted(scored, reverse=True)


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("penalty", [-1.5, 0.0, 0.4, 1.0, 2.5])
@pytest.mark.parametrize(
    ("letters", "fewest", "most", "beams"),
    [
        ("ab", 0, 1, 3),
        ("ab", 0, 3, 5),  # of two letters there are four texts of two
        ("ab", 0, 4, 31),
        ("ab", 2, 4, 28),
        ("ab", 3, 3, 8),
        ("abc", 0, 3, 40),
        ("abc", 1, 2, 12),
    ],
)
def test_a_search_that_keeps_enough_finds_what_all_texts_hold(letters, fewest, most, beams, penalty, seed):
    translator, network = translator_of(letters, seed)
    tokenizer = translator.target_tokenizer
    found = beam_search(translator.backend, encoded(translator, "aba"), tokenizer, beams, penalty, fewest, most)
    expected = all_texts(network, tokenizer.encode("aba"), len(letters), fewest, most, penalty)[:beams]
    assert [one.ids for one in found] == [ids for _, ids in expected]
    assert [one.score for one in found] == pytest.approx([score for score, _ in expected], rel=1e-9)


class Clock:
    """A decoder with one letter, whose end marker has a probability that depends on the number of tokens alone."""

    def __init__(self, ends):
        self._logits = np.full((len(ends), 5), 50.0, np.float32)  # what is never written would be the best
        self._logits[:, EOS], self._logits[:, EOS + 1] = np.log(ends), np.log1p(-np.array(ends))

    def step(self, ids, state, _source):
        return self._logits[state[0][0, :, 0].astype(int)], (state[0] + 1,), None


@pytest.mark.parametrize("penalty", [-1.5, -0.3, 0.0, 0.4, 1.0, 2.5])
@pytest.mark.parametrize(("fewest", "beams"), [(0, 1), (0, 3), (2, 2)])
def test_a_search_ends_only_when_nothing_better_can_follow(fewest, beams, penalty):
    """With one letter there is one unfinished text at a time, so no beam is ever too narrow."""
    source = Encoded(np.zeros((1, 1, 1), np.float32), np.array([1]), (np.zeros((1, 1, 1), np.float32),))
    for seed in range(60):
        ends = np.random.default_rng(seed).uniform(0.02, 0.98, 7)
        scored = [(np.log1p(-ends).sum() / 7**penalty, (4,) * 7)]
        for length in range(fewest, 7):
            total = np.log1p(-ends[:length]).sum() + np.log(ends[length])
            scored.append((total / (length + 1) ** penalty, (*[4] * length, EOS)))
        scored = sorted(scored, reverse=True)[:beams]
        tokenizer = CharTokenizer((*SPECIAL, "a"), pad_id=1, bos_id=2, eos_id=3)
        found = beam_search(Clock(ends), source, tokenizer, beams, penalty, fewest, 7)
        assert [one.ids for one in found] == [ids for _, ids in scored]
        assert [one.score for one in found] == pytest.approx([score for score, _ in scored], rel=1e-4, abs=1e-5)


CASES = [(cell, attention) for cell in ("rnn", "gru", "lstm") for attention in ("none", "dot", "general", "additive")]


@pytest.mark.parametrize(("cell", "attention"), CASES)
def test_a_search_never_scores_below_greedy_and_sometimes_above(cell, attention):
    better = 0
    for seed in range(8):
        translator, _ = translator_of("abcdef", seed, cell=cell, attention=attention)
        for text, penalty, beams in (("abc", 1.0, 5), ("fade", 0.0, 2), ("e", -1.0, 3)):
            options = TranslateOptions(max_new_tokens=8, length_penalty=penalty)
            (greedy,) = translator.translate(text, options)
            (best,) = translator.translate(text, options, num_beams=beams)
            assert best.score >= greedy.score - 1e-12 * abs(greedy.score)
            better += best.ids != greedy.ids
    assert better > 2


@pytest.mark.parametrize(("cell", "attention"), CASES)
def test_without_beams_each_token_is_the_most_probable_one(cell, attention):
    for seed in range(3):
        translator, network = translator_of("abcdef", seed, cell=cell, attention=attention)
        tokenizer, texts = translator.target_tokenizer, ["abc", "f", "decade"]
        found = list(translator.translate_batch(texts, max_new_tokens=7))
        for text, (greedy,) in zip(texts, found, strict=True):
            source, ids = tokenizer.encode(text), []
            while len(ids) < 7 and ids[-1:] != [EOS]:
                following = [[*ids, token] for token in range(EOS, network.target_size)]
                ids = following[int(all_log_probs(network, source, following)[:, -1].argmax())]
            assert greedy.ids == tuple(ids)
            assert greedy.log_probs == pytest.approx(log_probs(network, source, ids), rel=1e-6)
            assert greedy.finish_reason == ("stop" if ids[-1] == EOS else "length")
            assert greedy.text == "".join(tokenizer.vocab[i] for i in ids if i != EOS)
            (single,) = beam_search(translator.backend, encoded(translator, text), tokenizer, 1, 1.0, 0, 7)
            assert single.score >= greedy.score - 1e-12


@pytest.mark.parametrize("penalty", [-0.5, 0.0, 1.0, 1.7])
def test_the_best_texts_are_sorted_distinct_and_scored_by_their_log_probabilities(penalty):
    for seed in range(8):
        translator, network = translator_of("abcd", seed)
        found = translator.translate(
            "badc", num_beams=6, num_return_sequences=6, length_penalty=penalty, max_new_tokens=9
        )
        assert len({one.ids for one in found}) == 6
        assert [one.score for one in found] == sorted((one.score for one in found), reverse=True)
        for one in found:
            logs = log_probs(network, translator.source_tokenizer.encode("badc"), one.ids)
            assert one.log_probs == pytest.approx(logs, rel=1e-9)
            assert one.score == pytest.approx(sum(logs) / len(one.ids) ** penalty, rel=1e-9)
            assert set(one.ids[:-1]) <= set(range(4, 8))
            assert one.ids[-1] != EOS or one.finish_reason == "stop"
        fewer = translator.translate(
            "badc", num_beams=6, num_return_sequences=2, length_penalty=penalty, max_new_tokens=9
        )
        assert fewer == found[:2]


def test_where_there_are_fewer_texts_than_beams_all_are_given():
    translator, _ = translator_of("ab")
    found = translator.translate("a", num_beams=50, num_return_sequences=50, max_new_tokens=2)
    assert len(found) == 7  # nothing, a, b, and two of two


@pytest.mark.parametrize("beams", [1, 4])
def test_each_source_is_translated_as_if_it_were_alone(beams):
    translator, _ = translator_of("abcdef", 3, bidirectional=True)
    texts = ["a", "fedcbaf", "cab", "be"]
    together = list(translator.translate_batch(texts, num_beams=beams, max_new_tokens=10, attention=True))
    for text, (one,) in zip(texts, together, strict=True):
        (alone,) = translator.translate(text, num_beams=beams, max_new_tokens=10, attention=True)
        assert one.ids == alone.ids
        assert one.attention.shape == (len(one.ids), len(text))
        np.testing.assert_allclose(one.attention, alone.attention)


# Lengths ---------------------------------------------------------------------------------------------


WAYS = {"greedy": {}, "beams": {"num_beams": 3}, "drawn": {"temperature": 2.0, "seed": 4}}


@pytest.mark.parametrize("how", WAYS.values(), ids=WAYS)
def test_targets_can_be_made_as_long_as_their_sources_or_longer_than_a_number(how):
    texts = ["a", "bcd", "fedcba", "cb"]
    ended_by_itself = 0
    for seed in range(6):
        translator, network = translator_of("abcdef", seed)
        free = [one.ids for (one,) in translator.translate_batch(texts, max_new_tokens=9, **how)]
        ended_by_itself += sum(len(ids) < 4 for ids in free)
        for text, (one,) in zip(texts, translator.translate_batch(texts, same_length=True, **how), strict=True):
            assert len(one.ids) == len(one.text) == len(text)
            logs = log_probs(network, translator.source_tokenizer.encode(text), one.ids)
            assert one.log_probs == pytest.approx(logs, rel=1e-5)
        for (one,) in translator.translate_batch(texts, min_new_tokens=4, max_new_tokens=9, **how):
            assert 4 <= len(one.text) <= 9
        for (one,) in translator.translate_batch(texts, same_length=True, max_new_tokens=2, **how):
            assert len(one.text) <= 2
    assert ended_by_itself  # without the rule there are shorter ones


# Attention -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("score", ["dot", "general", "additive"])
def test_each_token_attends_to_all_of_its_source_and_to_nothing_else(score):
    translator, _ = translator_of("abcdef", attention=score, double=False)
    source = encoded(translator, "abc", "fedcba", "d")
    ids, state = np.full(3, BOS), source.state
    for token in (4, 5, 6):
        _, state, weights = translator.backend.step(ids, state, source)
        assert weights.shape == (3, 6)
        assert weights.dtype == np.float32
        np.testing.assert_allclose(weights.sum(axis=1), 1, atol=1e-6)
        for row, length in enumerate((3, 6, 1)):
            assert (weights[row, :length] > 0).all()
            assert not weights[row, length:].any()
        ids = np.full(3, token)
    alone = attention_of(translator.backend, encoded(translator, "abc"), BOS, (4, 5, 6))
    assert alone.shape == (3, 3)
    np.testing.assert_allclose(alone[2], weights[0, :3], rtol=1e-5)


def test_a_model_without_attention_says_so():
    translator, _ = translator_of(attention="none")
    assert translator.translate("ab", max_new_tokens=3)[0].attention is None
    with pytest.raises(ToolkitError, match="was trained without attention"):
        translator.translate("ab", max_new_tokens=3, attention=True)


# Sampling --------------------------------------------------------------------------------------------

DRAWN = {"temperature": 1.3, "max_new_tokens": 8, "num_return_sequences": 3}


def test_what_is_drawn_depends_on_the_seed_and_not_on_the_batch():
    translator, _ = translator_of("abcdef")
    texts = ["a", "bcd", "fedcba", "cb", "abc"]

    def drawn(seed, batch_size):
        return [
            [one.ids for one in found]
            for found in translator.translate_batch(texts, seed=seed, batch_size=batch_size, **DRAWN)
        ]

    once = drawn(7, 64)
    assert once == drawn(7, 64) == drawn(7, 1) == drawn(7, 2)
    assert once != drawn(8, 64)
    assert any(len(set(found)) > 1 for found in once)
    assert drawn(None, 64) != drawn(None, 64)


def test_tokens_are_drawn_as_often_as_they_are_probable():
    translator, network = translator_of("abcdef", 1)
    many = 1000
    found = translator.translate("fade", temperature=1.0, num_return_sequences=many, max_new_tokens=1, seed=5)
    counts = np.bincount([one.ids[0] for one in found], minlength=network.target_size)
    source = translator.source_tokenizer.encode("fade")
    for token in range(network.target_size):
        share = np.exp(log_probs(network, source, [token])[0]) if token >= EOS else 0.0
        assert abs(counts[token] - many * share) <= 4 * np.sqrt(many * share * (1 - share))


# What is refused -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"num_beams": 3, "temperature": 0.5}, "num_beams 3 searches, so it goes neither with temperature nor"),
        ({"num_beams": 3, "repetition_penalty": 1.2}, "num_beams 3 searches"),
        ({"num_beams": 3, "num_return_sequences": 4}, "num_return_sequences must be at most num_beams (3)"),
        ({"num_return_sequences": 2}, "must be at most num_beams (1) unless a temperature draws, found 2"),
        ({"min_new_tokens": 5, "max_new_tokens": 4}, "min_new_tokens must be at most max_new_tokens 4, found 5"),
        ({"same_length": True, "min_new_tokens": 2}, "same_length sets the length, found min_new_tokens 2, too"),
        ({"top_k": 7}, "top_k must be at most 6, the size of the vocabulary, found 7"),
        ({"beams": 3}, "beams"),
    ],
)
def test_options_that_go_not_together_are_refused(options, message):
    translator, _ = translator_of("ab")
    with pytest.raises(OptionError) as error:
        translator.translate("ab", **options)
    assert message in str(error.value)


def test_an_empty_source_is_refused():
    translator, _ = translator_of("ab")
    with pytest.raises(ToolkitError, match="expected a source of at least one token, found ''"):
        list(translator.translate_batch(["ab", ""]))
    assert list(translator.translate_batch([])) == []


def test_a_source_longer_than_any_in_training_is_warned_of():
    translator, _ = translator_of("ab")
    translator.longest_source = 3
    translator.translate("aba", max_new_tokens=2)
    with pytest.warns(LongSourceWarning, match="a source has 4 characters, the longest in training had 3"):
        list(translator.translate_batch(["ab", "abab"], max_new_tokens=2))


@pytest.mark.parametrize("how", WAYS.values(), ids=WAYS)
def test_a_damaged_network_is_reported_at_its_token(how):
    translator, network = translator_of("ab")
    with torch.no_grad():
        network.decoder.tokens.embedding.weight[4:] = torch.nan  # the start marker can still be read
    with pytest.raises(ToolkitError, match="NaN or infinity at token 2"):
        translator.translate("ab", min_new_tokens=1, **how)


def test_the_score_is_the_sum_over_the_length_to_a_power():
    assert score_of(-6.0, 4, 0.5) == -3
    assert score_of(-6.0, 4, 0.0) == -6
    assert score_of(-6.0, 4, -1.0) == -24
    assert score_of(0.0, 0, 1.0) == 0
