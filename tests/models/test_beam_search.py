"""Beam search over real networks with random weights."""

import itertools
import math

import numpy as np
import pytest
import torch

from toolkit.beam_search import beam_search
from toolkit.errors import OptionError
from toolkit.models.seq2seq_options import Seq2SeqOptions
from toolkit.models.seq2seq_rnn import Seq2SeqRNN
from toolkit.models.torch_seq2seq import EagerSeq2Seq
from toolkit.seq2seq import batch_of
from toolkit.tokenizer import MARKERS, UNK, CharTokenizer
from toolkit.translation import TranslateOptions, target_ids, translate

EOS = 3


def model(seed, letters, cell="gru", attention="general"):
    """A network whose weights are large enough that no two texts are equally likely, and its target vocabulary."""
    torch.manual_seed(seed)
    tokenizer = CharTokenizer((UNK, *MARKERS, *"abcdefgh"[:letters]), markers=True)
    network = Seq2SeqRNN(
        Seq2SeqOptions(cell=cell, hidden_size=8, embedding_size=4, attention=attention), 9, len(tokenizer)
    )
    with torch.no_grad():
        for weight in network.parameters():
            weight.mul_(2.5)
    return EagerSeq2Seq(network.eval()), tokenizer


def sources(seed, count=3):
    random = np.random.default_rng(seed)
    return batch_of([random.integers(4, 9, random.integers(1, 6)) for _ in range(count)])


def log_prob(backend, source, ids):
    """The sum of a target's log-probabilities over what may be written, by torch over the whole target at once."""
    network = backend._network
    with torch.no_grad():
        memory, state = torch.from_numpy(source.memory), tuple(map(torch.from_numpy, source.state))
        read = torch.tensor([[2, *ids[:-1]]])
        logits = network.decoder(read, state, memory, torch.from_numpy(source.lengths))[0][0].double()
    logits[:, [0, 1, 2]] = -math.inf
    return [float(x) for x in torch.log_softmax(logits, -1)[torch.arange(len(ids)), list(ids)]]


def every_target(letters, fewest, most):
    """All that ends before it is too long, and all that is as long as it may be."""
    ordinary = range(4, 4 + letters)
    for length in range(fewest, most):
        yield from ((*ids, EOS) for ids in itertools.product(ordinary, repeat=length))
    yield from itertools.product(ordinary, repeat=most)


def exhaustive(backend, source, letters, fewest, most, penalty):
    found = []
    for ids in every_target(letters, fewest, most):
        total = sum(log_prob(backend, source, ids))
        found.append((total / len(ids) ** penalty, ids))
    return sorted(found, reverse=True)


@pytest.mark.parametrize("penalty", [1.0, 0.0, 0.6, -1.0, 2.0])
@pytest.mark.parametrize(
    ("letters", "beams", "fewest", "most"), [(2, 5, 0, 3), (2, 8, 2, 4), (3, 27, 0, 3), (4, 4, 0, 1)]
)
def test_a_search_that_is_wide_enough_finds_what_trying_everything_finds(letters, beams, fewest, most, penalty):
    for seed in range(4):
        backend, tokenizer = model(seed, letters, cell=("rnn", "gru", "lstm")[seed % 3])
        source = backend.encode(*sources(seed, 1))
        found = beam_search(backend, source, tokenizer, beams, penalty, fewest, most)
        expected = exhaustive(backend, source, letters, fewest, most, penalty)[: len(found)]
        assert len(found) == min(beams, len(list(every_target(letters, fewest, most))))
        assert found[0].ids == expected[0][1]
        assert [text.score for text in found] == pytest.approx([score for score, _ in expected], rel=1e-5)


@pytest.mark.parametrize("penalty", [1.0, 0.0, -2.0])
def test_five_beams_never_score_below_greedy(penalty):
    better = 0
    for seed in range(40):
        backend, tokenizer = model(seed, 8, attention=("none", "dot", "additive")[seed % 3])
        batch = sources(seed)
        wide = TranslateOptions(num_beams=5, length_penalty=penalty, max_new_tokens=12)
        greedy = TranslateOptions(max_new_tokens=12)
        pairs = zip(
            target_ids(backend, None, tokenizer, batch, wide, 0),
            target_ids(backend, None, tokenizer, batch, greedy, 0),
            strict=True,
        )
        for ((ids, probs), *_), ((greedy_ids, greedy_probs),) in pairs:
            best, first = sum(probs) / len(ids) ** penalty, sum(greedy_probs) / len(greedy_ids) ** penalty
            assert best >= first - 1e-5 * max(1, abs(first))
            better += best > first + 1e-3
    assert better > 10


def test_the_best_are_sorted_distinct_and_their_scores_follow_from_their_tokens():
    backend, tokenizer = model(3, 6)
    batch = sources(3)
    options = TranslateOptions(num_beams=6, num_return_sequences=6, max_new_tokens=8)
    for row, targets in enumerate(target_ids(backend, None, tokenizer, batch, options, 0)):
        source = backend.encode(batch[0][row : row + 1, : batch[1][row]], batch[1][row : row + 1])
        assert len({ids for ids, _ in targets}) == 6
        scores = [sum(probs) / len(ids) for ids, probs in targets]
        assert scores == sorted(scores, reverse=True)
        for ids, probs in targets:
            assert probs == pytest.approx(log_prob(backend, source, ids), abs=1e-5)
            assert all(i >= EOS for i in ids)
            assert EOS not in ids[:-1]


def test_drawn_targets_depend_on_the_seed_alone():
    backend, tokenizer = model(5, 8)
    ids, lengths = sources(5, 6)
    options = TranslateOptions(temperature=1.0, max_new_tokens=10, top_k=6, top_p=0.9)
    whole = target_ids(backend, None, tokenizer, (ids, lengths), options, 11)
    parts = [
        target_ids(backend, None, tokenizer, (ids[i : i + 2], lengths[i : i + 2]), options, 11, i)[j]
        for i in (0, 2, 4)
        for j in (0, 1)
    ]
    assert [[target[0] for target in row] for row in parts] == [[target[0] for target in row] for row in whole]
    assert target_ids(backend, None, tokenizer, (ids, lengths), options, 12) != whole


@pytest.mark.parametrize("beams", [1, 4])
def test_lengths_that_are_asked_for_are_kept(beams):
    backend, tokenizer = model(8, 5)
    batch = sources(8, 5)
    same = target_ids(backend, None, tokenizer, batch, TranslateOptions(num_beams=beams, same_length=True), 0)
    assert [len(targets[0][0]) for targets in same] == batch[1].tolist()
    assert all(EOS not in targets[0][0] for targets in same)
    options = TranslateOptions(num_beams=beams, min_new_tokens=4, max_new_tokens=6)
    for targets in target_ids(backend, None, tokenizer, batch, options, 0):
        assert all(EOS not in ids[:4] and 5 <= len(ids) <= 6 for ids, _ in targets)


def test_attention_of_a_target_is_that_of_its_steps_and_ends_with_the_source():
    backend, tokenizer = model(2, 5)
    reads = CharTokenizer((UNK, *MARKERS, *"vwxyz"), markers=True)
    texts = ["vwxyz", "zz"]
    found = translate(backend, None, (reads, tokenizer), texts, TranslateOptions(max_new_tokens=7), 0, attention=True)
    for text, (best,) in zip(texts, found, strict=True):
        assert best.attention.shape == (len(best.ids), len(text))
        np.testing.assert_allclose(best.attention.sum(axis=1), 1, rtol=1e-5)
        source = backend.encode(*batch_of([reads.encode(text)]))
        read = torch.tensor([[2, *best.ids[:-1]]])
        memory, state = torch.from_numpy(source.memory), tuple(map(torch.from_numpy, source.state))
        with torch.no_grad():
            weights = backend._network.decoder(read, state, memory, torch.from_numpy(source.lengths))[2]
        np.testing.assert_allclose(best.attention, weights[0], atol=1e-6)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"num_beams": 5, "temperature": 1.0}, "num_beams 5 searches, so it goes neither with temperature"),
        ({"num_beams": 5, "repetition_penalty": 1.1}, "num_beams 5 searches"),
        ({"num_return_sequences": 2}, "num_return_sequences must be at most num_beams .1. unless a temperature draws"),
        ({"num_beams": 0}, "num_beams must be at least 1"),
        ({"length_penalty": float("nan")}, "length_penalty must be"),
        ({"min_new_tokens": 6, "max_new_tokens": 5}, "min_new_tokens must be at most max_new_tokens 5, found 6"),
        ({"min_new_tokens": 6, "same_length": True}, "same_length sets the length"),
    ],
)
def test_options_that_exclude_each_other_are_refused(options, message):
    with pytest.raises(OptionError, match=message):
        TranslateOptions(**options)
