"""translate.onnx, token for token against a reference in plain Python, and given whatever a host may give it.

The reference reads each source by itself through eager PyTorch in float64, the whole target again for each token, and
chooses as the fixture `slow_choice` does.
"""

import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

import toolkit
from toolkit.decode_loop import Knobs
from toolkit.models.checkpoint import load_checkpoint
from toolkit.onnx_session import open_session
from toolkit.parallel import ParallelOptions, load_parallel
from toolkit.seq2seq import batch_of

DATES = {"source": "builtin:dates", "max_pairs": 500, "epochs": 4, "cell": "lstm"}
SHAPES = {
    "lstm": DATES,
    "rnn, dot, one-hot, 2 layers": {"cell": "rnn", "attention": "dot", "embedding_size": 0, "num_layers": 2},
    "gru without attention, both directions": {
        "attention": "none", "bidirectional": True, "num_layers": 2, "encoder_layers": 1, "encoder_hidden_size": 5,
    },
}  # fmt: skip
BOS, EOS = 2, 3
BANNED = {0, 1, BOS}
TOKENS = 14

PLAIN = Knobs()
CHOICES = {
    "greedy": Knobs(temperature=0.0),
    "plain": PLAIN,
    "temperature": Knobs(temperature=0.5),
    "top_k": Knobs(temperature=1.5, top_k=4),
    "top_p": Knobs(temperature=1.25, top_p=0.5),
    "min_p": Knobs(min_p=0.25),
    "greedy penalty": Knobs(temperature=0.0, repetition_penalty=1.75),
    "penalty": Knobs(repetition_penalty=1.5),
    "stops": Knobs(temperature=2.0, stop_ids=tuple(range(5, 400, 3))),
    "everything": Knobs(0.75, 9, 0.875, 0.0625, 1.25, (6, 9)),
}


@pytest.fixture(scope="module", params=SHAPES.values(), ids=SHAPES)
def model(request, made_of_pairs):
    """A network in float64, and the bundle that was made of it."""
    made = made_of_pairs(**request.param)
    return load_checkpoint(made.checkpoint).build().eval().double(), toolkit.load_translator(made.bundle, "cpu")


def sources_of(vocab_size, rows):
    """Random sources of random lengths, some longer than any in training; and numbers to draw from."""
    random = np.random.default_rng(rows)
    lengths = random.integers(1, 50, rows)
    return [random.integers(0, vocab_size, n) for n in lengths], random.random((TOKENS, rows), dtype=np.float32)


# The reference -----------------------------------------------------------------------------------


@torch.no_grad()
def slow_target(network, slow_choice, source, fewest, knobs, numbers):
    """One target by itself: ids and log-probabilities until it ends."""
    memory, state = network.encoder(torch.tensor([source]), torch.tensor([len(source)]))
    ids, log_probs = [BOS], []
    for u in numbers:
        logits, _, _ = network.decoder(torch.tensor([ids]), state, memory, torch.tensor([len(source)]))
        allowed = {i: score for i, score in enumerate(logits[0, -1].tolist()) if i not in BANNED}
        whole = math.log(math.fsum(map(math.exp, allowed.values())))
        open_ended = {i: score for i, score in allowed.items() if i != EOS}
        ids.append(slow_choice(open_ended if len(ids) <= fewest else allowed, set(ids), float(u), knobs))
        log_probs.append(allowed[ids[-1]] - whole)
        if ids[-1] in {EOS, *knobs.stop_ids}:
            break
    return ids[1:], log_probs


@pytest.mark.parametrize("choice", CHOICES)
def test_each_target_is_the_one_that_the_reference_writes_by_itself(model, slow_choice, choice):
    network, translator = model
    knobs, ends = CHOICES[choice], set()
    for rows in (1, 2, 7):
        sources, numbers = sources_of(network.source_size, rows)
        ids, lengths = batch_of(sources)
        fewest = np.arange(rows) % 4 * 2
        expected = [
            slow_target(network, slow_choice, *one, knobs, numbers[:, n])
            for n, one in enumerate(zip(map(list, sources), fewest.tolist(), strict=True))
        ]
        written, log_probs = translator.loop.translate(ids, lengths, fewest, knobs, numbers)
        assert written.shape == log_probs.shape == (rows, max(len(target) for target, _ in expected))
        for row, row_log_probs, (target, probs) in zip(written.tolist(), log_probs, expected, strict=True):
            assert row[: len(target)] == target
            assert row_log_probs[: len(target)] == pytest.approx(probs, abs=1e-4)
            # What has ended stays ended: it repeats its last token, for certain.
            assert set(row[len(target) :]) <= {target[-1]}
            assert not row_log_probs[len(target) :].any()
            ends.add((target[-1] == EOS, len(target) == TOKENS))
    if choice == "stops":
        assert (False, False) in ends  # a stop id that is no end marker


@pytest.mark.parametrize("most", [0, 1, 3])
def test_no_more_tokens_are_written_than_asked_for(model, most):
    network, translator = model
    sources, numbers = sources_of(network.source_size, 3)
    batch, nothing = batch_of(sources), np.zeros(3, np.int64)
    whole, whole_log_probs = translator.loop.translate(*batch, nothing + TOKENS, PLAIN, numbers)
    ids, log_probs = translator.loop.translate(*batch, nothing + TOKENS, PLAIN, numbers[:most])
    assert whole.shape == (3, TOKENS)
    assert ids.tolist() == whole[:, :most].tolist()
    assert log_probs.tolist() == whole_log_probs[:, :most].tolist()
    if most:
        text = translator.source_tokenizer.vocab[7]
        (found,) = translator.translate(text, max_new_tokens=most, min_new_tokens=most, temperature=1.0, seed=3)
        assert (len(found.ids), found.finish_reason) == (most, "length")


def test_the_end_marker_is_banned_for_so_many_tokens_and_no_longer(translators, dates):
    translator = translators["loop"]
    batch = batch_of([translator.source_tokenizer.encode(source) for source in dates[:20]])
    knobs, numbers = CHOICES["greedy"], np.zeros((30, 20), np.float32)
    ids, _ = translator.loop.translate(*batch, np.zeros(20, np.int64), knobs, numbers)
    written = (ids == EOS).argmax(axis=1)
    assert (written > 3).all()
    again, _ = translator.loop.translate(*batch, written, knobs, numbers)
    assert again.tolist() == ids.tolist()
    longer, _ = translator.loop.translate(*batch, written + 1, knobs, numbers)
    for row, other, end in zip(ids, longer, written, strict=True):
        assert other[:end].tolist() == row[:end].tolist()
        assert other[end] != EOS


def test_a_target_does_not_depend_on_its_batch(model):
    network, translator = model
    sources, numbers = sources_of(network.source_size, 7)
    nothing = np.zeros(7, np.int64)
    ids, _ = translator.loop.translate(*batch_of(sources), nothing, PLAIN, numbers)
    for n, source in enumerate(sources):
        alone, _ = translator.loop.translate(*batch_of([source]), nothing[:1], PLAIN, numbers[:, n : n + 1])
        length = alone.shape[1]
        assert alone[0].tolist() == ids[n, :length].tolist()


# Four ways to the same text ----------------------------------------------------------------------


@pytest.fixture(scope="module")
def translators(made_of_pairs):
    """The same model as translate.onnx, as steps of ONNX, as TorchScript, and eagerly."""
    checkpoint, folder = made_of_pairs(**DATES)
    stepwise = toolkit.load_translator(folder, "cpu")
    stepwise.loop = None
    return {
        "loop": toolkit.load_translator(folder, "cpu"),
        "onnx": stepwise,
        "torchscript": toolkit.load_translator(folder, "cpu", backend="torchscript"),
        "eager": toolkit.load_translator(checkpoint, "cpu"),
    }


@pytest.fixture(scope="module")
def dates():
    return [source for source, _ in load_parallel("builtin:dates", ParallelOptions(max_pairs=500)).train]


OPTIONS = {
    "sampled": {"temperature": 1.0, "num_return_sequences": 2},
    "all rules": {"temperature": 0.75, "top_k": 7, "top_p": 0.9, "min_p": 0.05, "repetition_penalty": 1.2},
    "greedy with a penalty": {"repetition_penalty": 1.3, "min_new_tokens": 4},
    "of the same length": {"temperature": 1.5, "same_length": True},
}


@pytest.mark.parametrize("options", OPTIONS.values(), ids=OPTIONS)
def test_the_same_seed_gives_the_same_texts_everywhere(translators, dates, options):
    found = {
        name: [
            (translation.ids, translation.text, translation.finish_reason)
            for several in translator.translate_batch(dates[:20], seed=5, max_new_tokens=16, batch_size=8, **options)
            for translation in several
        ]
        for name, translator in translators.items()
    }
    assert len(set(found["loop"])) > 10
    for name in ("onnx", "torchscript", "eager"):
        assert found[name] == found["loop"]


@torch.no_grad()
def test_greedy_targets_of_500_sources_are_the_same_but_for_ties(translators, dates):
    texts = {
        name: [found[0].ids for found in translator.translate_batch(dates, max_new_tokens=20)]
        for name, translator in translators.items()
    }
    expected = texts.pop("eager")
    assert len({*expected}) > 100
    assert sum(target[-1] == EOS for target in expected) > 400
    eager, ties = translators["eager"].backend, 0
    for name, targets in texts.items():
        for source, target, other in zip(dates, expected, targets, strict=True):
            if target == other:
                continue
            place = next(i for i, pair in enumerate(zip(target, other, strict=False)) if pair[0] != pair[1])
            encoded = eager.encode(*batch_of([translators["eager"].source_tokenizer.encode(source)]))
            state = encoded.state
            for token in (BOS, *target[:place]):
                logits, state, _ = eager.step(np.array([token]), state, encoded)
            first, second = float(logits[0, target[place]]), float(logits[0, other[place]])
            assert abs(first - second) <= 2e-5 * max(1, abs(first)), (name, source)
            ties += 1
    assert ties <= 3  # of 1,500 targets


# Straight into the graphs ------------------------------------------------------------------------

BIG = 2**63 - 1
numbers_of_any_kind = st.one_of(st.floats(width=32), st.sampled_from([-1.0, 0.0, 1e-45, 1.0, 1e38]))
integers_of_any_kind = st.one_of(st.integers(-BIG - 1, BIG), st.integers(-3, 60))


@pytest.fixture(scope="module")
def sizes(translators):
    """Tokens of the source vocabulary and of the target's."""
    translator = translators["loop"]
    return len(translator.source_tokenizer), len(translator.target_tokenizer)


def call_of(translator, folder, graph):
    """A function: changed inputs by name -> the outputs of a graph, straight from ONNX Runtime."""
    signature = translator.backend.signatures[graph]
    running = open_session((folder / f"{graph}.onnx").read_bytes(), graph)
    dtypes = {spec.name: spec.dtype for spec in signature.inputs}

    def call(**changes):
        rows = len(changes.get("input_ids", [1, 1]))
        feeds = {
            "input_ids": [[4, 5, 6], [7, 8, 9]],
            "lengths": [3, 2][:rows] + [1] * (rows - 2),
            "min_lengths": [0] * rows,
            "max_new_tokens": 6,
            "temperature": 1.0,
            "top_k": 0,
            "top_p": 1.0,
            "min_p": 0.0,
            "repetition_penalty": 1.0,
            "stop_ids": [],
            "uniforms": np.random.default_rng(1).random((6, rows)),
            **changes,
        }
        with np.errstate(over="ignore"):
            arrays = {name: np.array(feeds[name], dtype) for name, dtype in dtypes.items()}
        return running.run(None, arrays)

    return call


@pytest.fixture(scope="module")
def translate(translators, made_of_pairs):
    return call_of(translators["loop"], made_of_pairs(**DATES).bundle, "translate")


@pytest.fixture(scope="module")
def encode(translators, made_of_pairs):
    return call_of(translators["loop"], made_of_pairs(**DATES).bundle, "encoder")


@pytest.mark.parametrize(
    ("changes", "same_as"),
    [
        ({"temperature": -1.0}, {"temperature": 0.0}),
        ({"temperature": math.nan}, {"temperature": 0.0}),
        ({"temperature": math.inf}, {"temperature": 100.0}),
        ({"top_k": -7}, {"top_k": 0}),
        ({"top_k": BIG}, {"top_k": 0}),
        ({"top_p": -1.0}, {"top_k": 1}),
        ({"top_p": 2.0}, {"top_p": 1.0}),
        ({"top_p": math.nan}, {"top_p": 1.0}),
        ({"min_p": math.nan}, {"min_p": 0.0}),
        ({"min_p": 7.0}, {"min_p": 1.0}),
        ({"repetition_penalty": 0.0}, {"repetition_penalty": 0.01}),
        ({"repetition_penalty": math.inf}, {"repetition_penalty": 100.0}),
        ({"repetition_penalty": math.nan}, {"repetition_penalty": 1.0}),
        ({"max_new_tokens": BIG}, {"max_new_tokens": 6}),
        ({"max_new_tokens": -1}, {"max_new_tokens": 0}),
        ({"min_lengths": [BIG, -BIG]}, {"min_lengths": [6, 0]}),
        ({"stop_ids": [-1, 10**6, BIG]}, {"stop_ids": []}),
        ({"stop_ids": [EOS, EOS]}, {"stop_ids": []}),
        ({"uniforms": np.full((6, 2), -0.5)}, {"uniforms": np.zeros((6, 2))}),
        ({"uniforms": np.full((6, 2), math.nan)}, {"uniforms": np.zeros((6, 2))}),
        ({"uniforms": np.full((6, 2), 1.5)}, {"uniforms": np.full((6, 2), 1 - 2**-24)}),
        ({"input_ids": [[4, BIG, 6], [-1, 8, 9]]}, {"input_ids": [[4, 0, 6], [0, 8, 9]]}),
        ({"lengths": [9, -3]}, {"lengths": [3, 1]}),
        ({"lengths": [BIG, -BIG - 1]}, {"lengths": [3, 1]}),
        ({"lengths": [3, 0]}, {"lengths": [3, 1]}),
        ({"input_ids": [[], []], "lengths": [0, 5]}, {"input_ids": [[1], [1]], "lengths": [1, 1]}),  # <pad> is read
    ],
)
def test_outside_its_range_an_input_means_the_nearest_value_inside(translate, changes, same_as):
    for found, expected in zip(translate(**changes), translate(**same_as), strict=True):
        assert found.tolist() == expected.tolist()


def batches(least):
    """Ids of 1 to 3 sources, of at least so many columns, and a length for each."""
    shapes = st.tuples(st.integers(1, 3), st.integers(least, 5))
    return shapes.flatmap(
        lambda shape: st.fixed_dictionaries(
            {
                "input_ids": st.lists(rows_of(shape[1]), min_size=shape[0], max_size=shape[0]),
                "lengths": rows_of(shape[0]),
                "min_lengths": rows_of(shape[0]),
            }
        )
    )


def rows_of(size):
    return st.lists(integers_of_any_kind, min_size=size, max_size=size)


@settings(deadline=None, max_examples=300, derandomize=True)
@given(
    batches(0),
    st.fixed_dictionaries(
        {},
        optional={
            "temperature": numbers_of_any_kind,
            "top_k": integers_of_any_kind,
            "top_p": numbers_of_any_kind,
            "min_p": numbers_of_any_kind,
            "repetition_penalty": numbers_of_any_kind,
            "max_new_tokens": integers_of_any_kind,
            "stop_ids": st.lists(integers_of_any_kind, max_size=3),
        },
    ),
    st.lists(numbers_of_any_kind, max_size=5),
)
def test_no_input_makes_the_graph_fail_or_leave_the_vocabulary(translate, sizes, batch, knobs, numbers):
    rows = len(batch["input_ids"])
    uniforms = np.zeros((len(numbers), rows)) + np.array(numbers).reshape(-1, 1)
    ids, log_probs = translate(**batch, **knobs, uniforms=uniforms)
    assert ids.shape == log_probs.shape
    assert len(ids) == rows
    assert ids.shape[1] <= len(numbers)
    assert ((ids > BOS) & (ids < sizes[1])).all()
    assert np.isfinite(log_probs).all()


@settings(deadline=None, max_examples=100, derandomize=True)
@given(batches(1))
def test_the_encoder_reads_anything_and_nothing_behind_the_end(encode, sizes, batch):
    ids, lengths = np.array(batch["input_ids"]), np.array(batch["lengths"])
    width = ids.shape[1]
    tidy = np.where((ids >= 0) & (ids < sizes[0]), ids, 0), np.clip(lengths, 1, width)
    behind = np.arange(width) >= tidy[1][:, None]
    found = encode(input_ids=ids, lengths=lengths)
    for part, expected in zip(found, encode(input_ids=np.where(behind, 0, tidy[0]), lengths=tidy[1]), strict=True):
        assert np.isfinite(part).all()
        np.testing.assert_array_equal(part, expected)
    assert found[0].shape[:2] == ids.shape
    assert not found[0][behind].any()
