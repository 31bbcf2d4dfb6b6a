"""Sequence-to-sequence networks and their training."""

import numpy as np
import pytest
import torch
from torch import nn

from toolkit.bundle import SOURCE, TARGET
from toolkit.errors import ToolkitError
from toolkit.models.attention import Attention
from toolkit.models.run_folder import RunFolder
from toolkit.models.seq2seq_options import Seq2SeqOptions
from toolkit.models.seq2seq_rnn import Seq2SeqRNN
from toolkit.models.seq2seq_task import Seq2SeqTask
from toolkit.models.train_options import TrainOptions
from toolkit.models.trainer import Trainer
from toolkit.parallel import ParallelOptions, load_parallel
from toolkit.tokenizer import TokenizerOptions, build_marked_tokenizer

BOS, EOS, PAD = 2, 3, 1
SOURCES, TARGETS = 11, 13
"""Tokens of the two vocabularies."""

NETWORKS = {
    "rnn": {"cell": "rnn", "attention": "none"},
    "rnn, both ways, one-hot": {"cell": "rnn", "attention": "dot", "bidirectional": True, "embedding_size": 0},
    "gru, dot": {"cell": "gru", "attention": "dot"},
    "gru, two layers, both ways": {"cell": "gru", "attention": "general", "bidirectional": True, "num_layers": 2},
    "lstm": {"cell": "lstm", "attention": "none", "num_layers": 2},
    "lstm, unlike sizes": {"cell": "lstm", "attention": "additive", "encoder_hidden_size": 5, "encoder_layers": 2},
    "lstm, both ways": {"cell": "lstm", "attention": "general", "bidirectional": True, "encoder_layers": 2},
}


def build(seed=0, **options):
    torch.manual_seed(seed)
    return Seq2SeqRNN(Seq2SeqOptions(**{"hidden_size": 8, "embedding_size": 6} | options), SOURCES, TARGETS).eval()


@pytest.fixture(params=NETWORKS.values(), ids=NETWORKS)
def network(request):
    return build(**request.param)


@pytest.fixture
def batch():
    """Three sources of different length, and targets between their markers."""
    sources = torch.tensor([[4, 5, 6, 7, 8], [9, 4, PAD, PAD, PAD], [5, 10, 6, PAD, PAD]])
    targets = torch.tensor([[BOS, 4, 5, EOS, PAD, PAD], [BOS, 6, 7, 8, 9, EOS], [BOS, 12, EOS, PAD, PAD, PAD]])
    return sources, torch.tensor([5, 2, 3]), targets


# Attention -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("score", ["dot", "general", "additive"])
def test_attention_by_hand(score):
    torch.manual_seed(1)
    h, m = 4, 4 if score == "dot" else 6
    attention = Attention(score, h, m).double()
    hidden, memory, lengths = torch.randn(2, 3, h).double(), torch.randn(2, 5, m).double(), torch.tensor([5, 2])
    found, weights = attention(hidden, memory, lengths)
    w = {name: value.numpy() for name, value in attention.state_dict().items()}
    for n in range(2):
        for s in range(3):
            query, scores = hidden[n, s].numpy(), []
            for t in range(int(lengths[n])):
                key = memory[n, t].numpy()
                if score == "dot":
                    scores.append(query @ key)
                elif score == "general":
                    scores.append(query @ w["score.weight"] @ key)
                else:
                    both = w["score.query.weight"] @ query + w["score.query.bias"] + w["score.key.weight"] @ key
                    scores.append(w["score.score.weight"][0] @ np.tanh(both))
            shares = np.exp(scores) / np.exp(scores).sum()
            context = shares @ memory[n, : len(shares)].numpy()
            expected = np.tanh(w["join.weight"] @ np.concatenate([context, query]))
            np.testing.assert_allclose(found[n, s].detach(), expected, rtol=1e-12)
            np.testing.assert_allclose(weights[n, s, : len(shares)].detach(), shares, rtol=1e-12)
            assert not weights[n, s, len(shares) :].any()


# Networks --------------------------------------------------------------------------------------------


def test_the_encoder_reads_each_source_as_if_it_were_alone(network, batch):
    sources, lengths, _ = batch
    memory, state = network.encoder(sources, lengths)
    for row, length in enumerate(lengths.tolist()):
        alone = sources[row : row + 1, :length]
        x = network.encoder.tokens(alone.T, torch.float32)
        out, _ = network.encoder.rnn(x)  # nothing packed, nothing padded
        torch.testing.assert_close(memory[row, :length], out[:, 0])
        assert not memory[row, length:].any()
        for part, own in zip(state, network.encoder(alone, torch.tensor([length]))[1], strict=True):
            torch.testing.assert_close(part[:, row : row + 1], own)


@torch.no_grad()
def test_padding_never_changes_a_result(network, batch):
    sources, lengths, targets = batch
    together = network(sources, lengths, targets[:, :-1])
    other = sources.clone()
    other[sources == PAD] = 7  # what stands behind the end is not read
    torch.testing.assert_close(network(other, lengths, targets[:, :-1]), together, rtol=0, atol=0)
    for row, length in enumerate(lengths.tolist()):
        size = int((targets[row] != PAD).sum()) - 1
        alone = network(sources[row : row + 1, :length], lengths[row : row + 1], targets[row : row + 1, :size])
        torch.testing.assert_close(together[row : row + 1, :size], alone)


@torch.no_grad()
def test_states_without_a_bridge_are_the_encoder_s_own_and_with_one_they_fit(network, batch):
    o = network.options
    _, state = network.encoder(*batch[:2])
    assert len(state) == (2 if o.cell == "lstm" else 1)
    assert all(part.shape == (o.num_layers, 3, o.hidden_size) for part in state)
    same = not o.bidirectional and not o.encoder_hidden_size and not o.encoder_layers
    assert bool(len(network.encoder.bridges)) != same
    if len(network.encoder.bridges):
        assert float(state[0].abs().max()) < 1


@torch.no_grad()
def test_the_decoder_step_by_step_equals_whole_targets(network, batch):
    sources, lengths, targets = batch
    whole = network(sources, lengths, targets[:, :-1])
    memory, state = network.encoder(sources, lengths)
    for t in range(targets.shape[1] - 1):
        logits, state, weights = network.decoder(targets[:, t : t + 1], state, memory, lengths)
        torch.testing.assert_close(logits[:, 0], whole[:, t])
        if weights is not None:
            torch.testing.assert_close(weights.sum(-1), torch.ones(3, 1))


@torch.no_grad()
def test_the_loss_is_the_mean_over_all_tokens_that_are_no_padding(network, batch):
    sources, lengths, targets = batch
    total, count = 0.0, 0
    for row, length in enumerate(lengths.tolist()):
        size = int((targets[row] != PAD).sum()) - 1
        logits = network(sources[row : row + 1, :length], lengths[row : row + 1], targets[row : row + 1, :size])[0]
        chosen = torch.log_softmax(logits, -1)[torch.arange(size), targets[row, 1 : size + 1]]
        total, count = total - float(chosen.sum()), count + size
    assert float(network.loss(*batch)) == pytest.approx(total / count, rel=1e-5)
    assert float(network.loss(*batch, "sum")) == pytest.approx(total, rel=1e-5)


@pytest.mark.parametrize("share", [0.0, 0.5, 1.0])
def test_teacher_forcing_by_hand(share, batch):
    sources, lengths, targets = batch
    network = build(cell="gru", teacher_forcing=share).train()
    torch.manual_seed(7)
    found = network(sources, lengths, targets[:, :-1])
    torch.manual_seed(7)
    given = torch.rand(3, 5) < share
    memory, state = network.encoder(sources, lengths)
    ids = targets[:, 0]
    for t in range(5):
        logits, state, _ = network.decoder(ids[:, None], state, memory, lengths)
        torch.testing.assert_close(found[:, t], logits[:, 0])
        own = logits[:, 0].argmax(-1)
        if t < 4:
            ids = torch.stack([targets[n, t + 1] if given[n, t + 1] else own[n] for n in range(3)])
    network.eval()
    assert torch.equal(network(sources, lengths, targets[:, :-1]), network(sources, lengths, targets[:, :-1]))


@pytest.mark.parametrize(
    ("options", "sizes"),
    [
        ({"hidden_size": 10}, (10, 10)),
        ({"hidden_size": 10, "bidirectional": True}, (5, 10)),
        ({"hidden_size": 9, "bidirectional": True}, (4, 8)),
        ({"hidden_size": 10, "encoder_hidden_size": 7, "bidirectional": True}, (7, 14)),
    ],
)
def test_sizes_that_follow_from_others(options, sizes):
    shape = Seq2SeqOptions(**options)
    assert (shape.encoder_size, shape.memory_size) == sizes


def test_dot_attention_needs_equal_sizes():
    with pytest.raises(ToolkitError, match="they must be equal, found 9 and 8; attention general takes any"):
        Seq2SeqOptions(hidden_size=9, bidirectional=True, attention="dot")


# Training --------------------------------------------------------------------------------------------


@pytest.fixture
def begin(tmp_path):
    """A function that begins a run on pairs."""

    def make(source="builtin:couplets-zh", folder="run", shape=None, max_pairs=40, **options):
        task_options = TrainOptions(**{"batch_size": 16, "device": "cpu", "sample_every": 0} | options)
        data_options = ParallelOptions(max_pairs=max_pairs)
        data = load_parallel(str(source), data_options)
        sources, targets = zip(*data.train, *data.valid, strict=True)
        tokenizers = {
            SOURCE: build_marked_tokenizer(sources, TokenizerOptions()),
            TARGET: build_marked_tokenizer(targets, TokenizerOptions()),
        }
        options = Seq2SeqOptions(**{"hidden_size": 16, "embedding_size": 8} | (shape or {}))
        task = Seq2SeqTask.start(options, tokenizers, task_options, data, data_options)
        return Trainer.start(RunFolder(tmp_path / folder), task, task_options)

    return make


def test_an_epoch_holds_every_pair_once_in_another_order(begin):
    task = begin(batch_size=7).task
    epochs = [[tuple(row.tolist()) for batch in task.epoch(epoch) for row in batch[2]] for epoch in (0, 1)]
    stripped = [sorted(tuple(i for i in row if i != PAD) for row in rows) for rows in epochs]
    expected = sorted(tuple(task.tokenizers[TARGET].marked(target).tolist()) for _, target in task.data.train)
    assert stripped == [expected, expected]
    assert epochs[0] != epochs[1]
    assert [len(batch[0]) for batch in task.epoch(0)] == [7, 7, 7, 7, 7, 1]
    assert len(task) == 6


def test_learning_six_words_by_heart_and_one_unseen(begin, recorder):
    """The word translator: man -> women and so on; mans, with a letter that no source has, still leads to women."""
    shape = {"cell": "rnn", "hidden_size": 128, "embedding_size": 32, "attention": "none", "bidirectional": True}
    words = ("man", "black", "king", "girl", "up", "high", "mans")
    seen = recorder()
    trainer = begin("builtin:antonyms", shape=shape, epochs=120, batch_size=6, lr=0.001, prefix=words, sample_every=120)
    trainer.run(seen)
    written = [text.partition(" -> ")[2] for text in seen.samples]
    assert written == ["women", "white", "queen", "boy", "down", "low", "women"]
    assert seen.epochs[-1]["valid_wrong"] == 0


def test_wrong_targets_and_wrong_lengths_are_counted(begin, recorder):
    seen = recorder()
    trainer = begin("builtin:antonyms", epochs=60, batch_size=6, lr=0.01, sample_every=1, prefix=WORDS)
    trainer.run(seen)
    for epoch, record in enumerate(seen.epochs):
        written = [text.partition(" -> ")[2] for text in seen.samples[6 * epoch : 6 * epoch + 6]]
        pairs = list(zip(written, OPPOSITES, strict=True))
        assert record["valid_wrong"] == sum(a != b for a, b in pairs) / 6
        assert record["valid_other_length"] == sum(len(a) != len(b) for a, b in pairs) / 6
    assert any(0 < record["valid_wrong"] < 1 for record in seen.epochs)


WORDS = ("man", "black", "king", "girl", "up", "high")
OPPOSITES = ("women", "white", "queen", "boy", "down", "low")


def test_validation_is_the_mean_over_all_tokens_held_back(begin, recorder):
    seen = recorder()
    trainer = begin(epochs=1)
    trainer.run(seen)
    task, network = trainer.task, trainer.network.eval()
    total, count = 0.0, 0
    with torch.no_grad():
        for source, target in task.data.valid:
            ids = torch.from_numpy(task.tokenizers[SOURCE].encode(source))[None]
            marked = torch.from_numpy(task.tokenizers[TARGET].marked(target))[None]
            total += float(network.loss(ids, torch.tensor([ids.shape[1]]), marked, "sum"))
            count += marked.shape[1] - 1
    assert seen.epochs[0]["valid_perplexity"] == pytest.approx(np.exp(total / count), rel=1e-5)


def test_a_broken_run_goes_on_as_if_it_had_not_been(begin, recorder):
    shape = {"dropout": 0.3, "teacher_forcing": 0.5}
    unbroken, whole = begin(folder="unbroken", shape=shape, epochs=2), recorder()
    unbroken.run(whole)
    broken, first = begin(folder="broken", shape=shape, epochs=1), recorder()
    broken.run(first)
    checkpoint = broken.folder.open()
    options = TrainOptions(**{**vars(broken.options), "epochs": 2})
    data_options = ParallelOptions.from_dict(checkpoint.corpus["options"], "last.pt")
    data = load_parallel("builtin:couplets-zh", data_options)
    second = recorder()
    task = Seq2SeqTask.resume(checkpoint, options, data, data_options)
    Trainer.resume(broken.folder, task, options, checkpoint).run(second)
    assert first.batches + second.batches == whole.batches


def test_other_pairs_than_the_run_began_with_are_refused(begin, recorder):
    trainer = begin(epochs=1)
    trainer.run(recorder())
    options = ParallelOptions(max_pairs=41)
    with pytest.raises(ToolkitError, match="are not the pairs that the run began with"):
        Seq2SeqTask.resume(
            trainer.folder.open(), trainer.options, load_parallel("builtin:couplets-zh", options), options
        )


def test_patience_needs_pairs_that_are_held_back(begin, tmp_path):
    path = tmp_path / "one.tsv"
    path.write_text("a\tb\n", encoding="utf-8")
    with pytest.raises(ToolkitError, match="patience 3 needs pairs that are held back"):
        begin(path, patience=3)


def test_torch_s_own_modules_are_what_is_trained():
    network = build(cell="lstm", bidirectional=True, num_layers=2)
    assert type(network.encoder.rnn) is type(network.decoder.rnn) is nn.LSTM
    assert network.encoder.rnn.bidirectional
    assert network.encoder.rnn.num_layers == network.decoder.rnn.num_layers == 2
