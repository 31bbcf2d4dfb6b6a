"""Sequence to sequence: attention, encoder and decoder, and their training on pairs of texts."""

import copy
import itertools
import math

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional

from toolkit.bundle import SOURCE, TARGET
from toolkit.errors import OptionError, ToolkitError
from toolkit.models.attention import Attention
from toolkit.models.recipe import read_recipe
from toolkit.models.run_folder import RunFolder
from toolkit.models.seq2seq_options import Seq2SeqOptions
from toolkit.models.seq2seq_rnn import Seq2SeqRNN
from toolkit.models.seq2seq_task import Seq2SeqTask
from toolkit.models.train_options import TrainOptions
from toolkit.models.trainer import Trainer
from toolkit.parallel import ParallelOptions, load_parallel
from toolkit.tokenizer import TokenizerOptions, build_marked_tokenizer

PAD, BOS, EOS = 1, 2, 3
READS, WRITES = 9, 8
"""Tokens of the two vocabularies of the networks made here."""

SHAPES = {
    "plain": {},
    "two layers": {"num_layers": 2},
    "bridge": {"num_layers": 2, "encoder_layers": 1, "encoder_hidden_size": 4},
    "one-hot": {"embedding_size": 0},
}


def network_of(seed=0, **options):
    """A network in float64 with weights large enough to make a difference."""
    torch.manual_seed(seed)
    network = Seq2SeqRNN(Seq2SeqOptions(**{"hidden_size": 6, "embedding_size": 5} | options), READS, WRITES).double()
    with torch.no_grad():
        for weight in network.parameters():
            weight.mul_(2)
    return network.eval()


def sources_of(*lengths, seed=1):
    """A batch with other tokens than padding behind the end: they must not be read."""
    torch.manual_seed(seed)
    return torch.randint(4, READS, (len(lengths), max(lengths))), torch.tensor(lengths)


def targets_of(*lengths, seed=2):
    """Start marker, so many tokens, end marker, padding."""
    torch.manual_seed(seed)
    targets = torch.full((len(lengths), max(lengths) + 2), PAD)
    for row, length in zip(targets, lengths, strict=True):
        row[: length + 2] = torch.tensor([BOS, *torch.randint(4, WRITES, (length,)).tolist(), EOS])
    return targets


# Networks --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("score", ["dot", "general", "additive"])
def test_attention_equals_its_formulas_written_out(score):
    torch.manual_seed(0)
    many, steps, places, width = 3, 4, 5, 3
    memory_size = width if score == "dot" else 2
    attention = Attention(score, width, memory_size).double()
    hidden, memory = torch.randn(many, steps, width).double(), torch.randn(many, places, memory_size).double()
    lengths = [5, 2, 1]
    with torch.no_grad():
        found, weights = attention(hidden, memory, torch.tensor(lengths))
    w = {name: weight.detach().numpy() for name, weight in attention.named_parameters()}
    for n, s in itertools.product(range(many), range(steps)):
        h, read = hidden[n, s].numpy(), memory[n].numpy()[: lengths[n]]
        scores = []
        for m in read:
            if score == "dot":
                scores.append(sum(a * b for a, b in zip(h, m, strict=True)))
            elif score == "general":
                matrix = w["score.weight"]
                scores.append(sum(h[i] * matrix[i, j] * m[j] for i in range(width) for j in range(memory_size)))
            else:
                both = w["score.query.weight"] @ h + w["score.query.bias"] + w["score.key.weight"] @ m
                scores.append(float(w["score.score.weight"][0] @ np.tanh(both)))
        shares = np.exp(scores) / sum(np.exp(scores))
        context = sum(share * m for share, m in zip(shares, read, strict=True))
        np.testing.assert_allclose(weights[n, s, : lengths[n]], shares, rtol=1e-12)
        assert not weights[n, s, lengths[n] :].any()
        np.testing.assert_allclose(found[n, s], np.tanh(w["join.weight"] @ [*context, *h]), rtol=1e-12)


@pytest.mark.parametrize("cell", ["rnn", "gru", "lstm"])
@pytest.mark.parametrize("bidirectional", [False, True])
@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES)
def test_the_encoder_equals_torch_s_own_module_over_each_source_alone(cell, bidirectional, shape):
    network = network_of(cell=cell, bidirectional=bidirectional, **shape)
    o, encoder = network.options, network.encoder
    layers = o.encoder_layers or o.num_layers
    kind = {"rnn": nn.RNN, "gru": nn.GRU, "lstm": nn.LSTM}[cell]
    own = kind(o.embedding_size or READS, o.encoder_size, layers, bidirectional=bidirectional).double()
    own.load_state_dict(encoder.rnn.state_dict())
    ids, lengths = sources_of(3, 6, 1)
    with torch.no_grad():
        memory, state = encoder(ids, lengths)
        assert [tuple(part.shape) for part in state] == [(o.num_layers, 3, 6)] * (2 if cell == "lstm" else 1)
        for row, length in enumerate(lengths.tolist()):
            read = ids[row, :length]
            x = encoder.tokens.embedding.weight[read] if o.embedding_size else torch.eye(READS).double()[read]
            hidden, last = own(x)
            torch.testing.assert_close(memory[row, :length], hidden, rtol=1e-10, atol=1e-12)
            assert not memory[row, length:].any()
            given = (o.num_layers, o.hidden_size) == (last[0] if cell == "lstm" else last).shape
            for number, (mine, part) in enumerate(zip(state, last if cell == "lstm" else [last], strict=True)):
                if given:
                    expected = part
                else:  # h through tanh(W h + b), c without tanh, since it has no bounds
                    linear = encoder.bridges[number].linear
                    expected = (linear.weight @ part.flatten() + linear.bias).view(o.num_layers, o.hidden_size)
                    expected = expected if number else torch.tanh(expected)
                torch.testing.assert_close(mine[:, row], expected, rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("cell", ["rnn", "gru", "lstm"])
@pytest.mark.parametrize("bidirectional", [False, True])
@pytest.mark.parametrize("attention", ["none", "dot", "general", "additive"])
@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES)
def test_a_sentence_has_the_same_result_alone_and_among_longer_ones(cell, bidirectional, attention, shape):
    if attention == "dot":
        shape = {**shape, "encoder_hidden_size": 3 if bidirectional else 6}
    network = network_of(cell=cell, bidirectional=bidirectional, attention=attention, **shape)
    (ids, lengths), targets = sources_of(2, 7, 4), targets_of(3, 3, 3)
    with torch.no_grad():
        memory, state = network.encoder(ids, lengths)
        logits, after, weights = network.decoder(targets, state, memory, lengths)
        assert (weights is None) == (attention == "none")
        for row, length in enumerate(lengths.tolist()):
            alone, count = ids[row : row + 1, :length], lengths[row : row + 1]
            own_memory, own_state = network.encoder(alone, count)
            own = network.decoder(targets[row : row + 1], own_state, own_memory, count)
            torch.testing.assert_close(memory[row, :length], own_memory[0])
            torch.testing.assert_close([part[:, row] for part in state], [part[:, 0] for part in own_state])
            torch.testing.assert_close(logits[row], own[0][0])
            torch.testing.assert_close([part[:, row] for part in after], [part[:, 0] for part in own[1]])
            if weights is not None:
                torch.testing.assert_close(weights[row, :, :length], own[2][0])
    assert not torch.allclose(logits[0], logits[1])  # the source does matter


@pytest.mark.parametrize("attention", ["none", "general"])
@torch.no_grad()
def test_the_loss_is_the_mean_over_all_tokens_that_are_no_padding(attention):
    network = network_of(attention=attention)
    (ids, lengths), counts = sources_of(3, 5, 1), (4, 1, 0)
    targets = targets_of(*counts)
    total = 0.0
    for row, count in enumerate(counts):
        logits = network(
            ids[row : row + 1, : lengths[row]], lengths[row : row + 1], targets[row : row + 1, : count + 1]
        )
        right = targets[row, 1 : count + 2]
        assert right[-1] == EOS
        total -= sum(float(torch.log_softmax(logits[0, t], 0)[token]) for t, token in enumerate(right))
    assert float(network.loss(ids, lengths, targets)) == pytest.approx(total / (sum(counts) + 3), rel=1e-12)
    assert float(network.loss(ids, lengths, targets, "sum")) == pytest.approx(total, rel=1e-12)


def stepped(network, sources, targets, own):
    """Logits one step at a time: each token given, or the most probable one of the step before; also what was read."""
    ids, lengths = sources
    memory, state = network.encoder(ids, lengths)
    token, read, steps = targets[:, :1], [], []
    for t in range(targets.shape[1]):
        if t:
            token = steps[-1].argmax(dim=-1) if own else targets[:, t : t + 1]
        read.append(token)
        logits, state, _ = network.decoder(token, state, memory, lengths)
        steps.append(logits)
    return torch.cat(steps, dim=1), torch.cat(read, dim=1)


@pytest.mark.parametrize("cell", ["rnn", "gru", "lstm"])
@pytest.mark.parametrize("forced", [1.0, 0.0])
def test_the_ends_of_teacher_forcing_equal_steps_by_hand(cell, forced):
    network = network_of(cell=cell, teacher_forcing=forced)
    sources, targets = sources_of(3, 5), targets_of(6, 6)
    expected, read = stepped(network, sources, targets, own=forced == 0)
    assert torch.equal(read, targets) == (forced == 1)
    with torch.no_grad():
        torch.testing.assert_close(network.train()(*sources, targets), expected.detach())
        given, _ = stepped(network, sources, targets, own=False)
        torch.testing.assert_close(network.eval()(*sources, targets), given)  # validation is given all


def test_teacher_forcing_gives_its_share_and_no_more_and_depends_on_the_seed_alone():
    network = network_of(teacher_forcing=0.7).train()
    sources, targets = sources_of(*[5] * 60), targets_of(*[30] * 60)
    read = []
    network.decoder.register_forward_pre_hook(lambda _, inputs: read.append(inputs[0]))

    def run(seed):
        read.clear()
        torch.manual_seed(seed)
        with torch.no_grad():
            logits = network(*sources, targets)
        return logits, torch.cat(read, dim=1)

    logits, ids = run(0)
    own = logits[:, :-1].argmax(dim=-1)
    later, given = ids[:, 1:], targets[:, 1:]
    assert torch.equal(ids[:, 0], targets[:, 0])
    assert bool(((later == own) | (later == given)).all())
    differ = own != given
    assert float((later == given)[differ].double().mean()) == pytest.approx(0.7, abs=0.04)
    again, _ = run(0)
    assert torch.equal(again, logits)
    other, _ = run(1)
    assert not torch.equal(other, logits)


# Options ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "encoder_size", "memory_size"),
    [
        ({"hidden_size": 10}, 10, 10),
        ({"hidden_size": 10, "bidirectional": True}, 5, 10),
        ({"hidden_size": 11, "bidirectional": True}, 5, 10),
        ({"hidden_size": 1, "bidirectional": True}, 1, 2),
        ({"hidden_size": 10, "encoder_hidden_size": 7}, 7, 7),
        ({"hidden_size": 10, "encoder_hidden_size": 7, "bidirectional": True}, 7, 14),
    ],
)
def test_sizes_that_are_left_out_follow_from_the_others(options, encoder_size, memory_size):
    made = Seq2SeqOptions(**options)
    assert (made.encoder_size, made.memory_size) == (encoder_size, memory_size)
    network = Seq2SeqRNN(made, READS, WRITES)
    assert network.encoder.rnn.hidden_size == encoder_size
    memory, state = network.encoder(*sources_of(2, 3))
    assert memory.shape == (2, 3, memory_size)
    assert state[0].shape == (1, 2, made.hidden_size)


def test_a_bridge_is_there_only_where_sizes_differ():
    assert not network_of(num_layers=2).encoder.bridges
    assert not network_of(encoder_layers=2, num_layers=2, encoder_hidden_size=6).encoder.bridges
    assert len(network_of(bidirectional=True).encoder.bridges) == 1
    assert len(network_of(bidirectional=True, cell="lstm").encoder.bridges) == 2


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"attention": "dot", "encoder_hidden_size": 7}, "must be equal, found 128 and 7; attention general takes any"),
        ({"attention": "dot", "hidden_size": 5, "bidirectional": True}, "must be equal, found 5 and 4"),
        ({"attention": "bahdanau"}, "attention must be one of none, dot, general, additive, found 'bahdanau'"),
        ({"teacher_forcing": 1.1}, "teacher_forcing must be at least 0 and at most 1, found 1.1"),
        ({"num_layers": 0}, "num_layers must be at least 1"),
    ],
)
def test_options_that_make_no_network_are_refused(options, message):
    with pytest.raises(OptionError) as error:
        Seq2SeqOptions(**options)
    assert message in str(error.value)


# Training --------------------------------------------------------------------------------------------

SMALL = {"hidden_size": 16, "embedding_size": 8}


def task_of(source, shape=None, data=None, **options):
    """A task on pairs of texts, with its options."""
    data_options = ParallelOptions(**data or {})
    pairs = load_parallel(str(source), data_options)
    sides = zip(*pairs.train, *pairs.valid, strict=True)
    tokenizers = {
        name: build_marked_tokenizer(texts, TokenizerOptions())
        for name, texts in zip((SOURCE, TARGET), sides, strict=True)
    }
    train = TrainOptions(**{"batch_size": 16, "device": "cpu", "sample_every": 0, "save_every": 1000} | options)
    return Seq2SeqTask.start(Seq2SeqOptions(**SMALL | (shape or {})), tokenizers, train, pairs, data_options)


@pytest.fixture
def begin(tmp_path):
    """A function that begins a run on pairs of texts."""

    def make(source="builtin:couplets-zh", folder="run", shape=None, data=None, **options):
        task = task_of(source, shape, {"max_pairs": 60} | (data or {}), **options)
        return Trainer.start(RunFolder(tmp_path / folder), task, task.options)

    return make


def resumed(trainer, **options):
    """A run that goes on from its last.pt."""
    checkpoint = trainer.folder.open()
    train = TrainOptions(**vars(trainer.options) | options)
    data = load_parallel(trainer.task.data.source, trainer.task.data_options)
    task = Seq2SeqTask.resume(checkpoint, train, data, trainer.task.data_options)
    return Trainer.resume(trainer.folder, task, train, checkpoint)


def greedy_ids(network, source, limit):
    """What is written for the ids of one source, step by step, markers but the last one never."""
    allowed = torch.tensor([i for i in range(network.target_size) if i >= EOS])
    memory, state = network.encoder(torch.tensor([source]), torch.tensor([len(source)]))
    found = [BOS]
    while len(found) <= limit and found[-1] != EOS:
        logits, state, _ = network.decoder(torch.tensor([found[-1:]]), state, memory, torch.tensor([len(source)]))
        found.append(int(allowed[logits[0, 0, allowed].argmax()]))
    return found[1:]


def test_six_words_are_learnt_and_a_plural_never_seen_has_one(begin, recorder):
    """The word translator of the recipe; its figures after every epoch against a count by hand."""
    recipe = read_recipe("antonyms")
    options = recipe.options({"epochs": 50, "sample_every": 0, "device": "cpu", "save_every": 1000.0})
    trainer = begin(recipe.source, shape=vars(options["network"]), data={"max_pairs": 0}, **vars(options["training"]))
    task, seen, counted = trainer.task, recorder(), []
    reads, writes = task.tokenizers[SOURCE], task.tokenizers[TARGET]

    @torch.no_grad()
    def count():
        found = [greedy_ids(task.network.eval(), reads.encode(source).tolist(), 6) for source, _ in task.data.valid]
        expected = [[*writes.encode(target).tolist(), EOS] for _, target in task.data.valid]
        pairs = list(zip(found, expected, strict=True))
        wrong = sum(mine != right for mine, right in pairs) / 6
        other = sum(len(mine) != len(right) or mine[-1] != EOS for mine, right in pairs) / 6
        counted.append((wrong, other))
        task.network.train()

    seen.after_epoch = count
    trainer.run(seen)
    assert [(record["valid_wrong"], record["valid_other_length"]) for record in seen.epochs] == counted
    assert len({wrong for wrong, _ in counted}) > 3
    assert len({other for _, other in counted}) > 3
    assert any(other < wrong for wrong, other in counted)
    assert counted[-1] == (0, 0)
    lines = list(task.samples(0))
    assert lines[1] == "mans -> women"
    assert lines[2] == "king -> queen"


def test_a_held_back_target_longer_than_all_in_training_can_be_right(tmp_path):
    path = tmp_path / "pairs.tsv"
    path.write_text("a\tx\nb\tyxxy\nc\ty\n", encoding="utf-8")
    task = task_of(path, data={"valid_fraction": 1 / 3})
    assert task.data.valid == (("b", "yxxy"),)
    assert task.more_metrics()["valid_wrong"] == 1
    optimizer = torch.optim.Adam(task.network.parameters(), 0.02)
    source = torch.from_numpy(task.tokenizers[SOURCE].encode("b"))[None]
    target = torch.from_numpy(task.tokenizers[TARGET].marked("yxxy"))[None]
    for _ in range(60):
        optimizer.zero_grad()
        task.network.loss(source, torch.tensor([1]), target).backward()
        optimizer.step()
    assert task.more_metrics() == {"valid_wrong": 0, "valid_other_length": 0}


def test_training_equals_a_loop_over_sentences_one_by_one(begin, recorder):
    """No padding, no packing, a mean over all tokens of a minibatch, Adam; the loss of an epoch is that of a token."""
    lines = {"pairs": "lines", "max_pairs": 40}
    trainer = begin("builtin:lyrics-en", shape={"bidirectional": True}, data=lines, epochs=2, lr=0.01, clip_norm=0.0)
    task, network = trainer.task, copy.deepcopy(trainer.network)
    optimizer = torch.optim.Adam(network.parameters(), 0.01)
    reads, writes = task.tokenizers[SOURCE], task.tokenizers[TARGET]
    losses = []
    for epoch in range(2):
        total, tokens = 0.0, 0
        for sources, lengths, targets in task.epoch(epoch):
            parts = []
            for source, length, target in zip(sources, lengths, targets, strict=True):
                ids = target[target != PAD]
                logits = network(source[None, :length], length[None], ids[None, :-1])
                parts.append(functional.cross_entropy(logits[0], ids[1:], reduction="none"))
            loss = torch.cat(parts)
            optimizer.zero_grad()
            loss.mean().backward()
            optimizer.step()
            total, tokens = total + float(loss.detach().sum()), tokens + len(loss)
        assert tokens == sum(len(target) + 1 for _, target in task.data.train)
        losses.append(total / tokens)
    seen = recorder()
    trainer.run(seen)
    assert [record["loss"] for record in seen.epochs] == pytest.approx(losses, rel=1e-4)
    with torch.no_grad():
        nats, tokens = 0.0, 0
        for source, target in task.data.valid:
            ids, read = torch.from_numpy(writes.marked(target)), torch.from_numpy(reads.encode(source))
            logits = task.network.eval()(read[None], torch.tensor([len(read)]), ids[None, :-1])
            nats += float(functional.cross_entropy(logits[0], ids[1:], reduction="sum"))
            tokens += len(ids) - 1
    assert seen.epochs[-1]["valid_perplexity"] == pytest.approx(math.exp(nats / tokens), rel=1e-5)


def test_an_epoch_holds_every_pair_once_and_in_another_order_than_the_one_before():
    task = task_of("builtin:couplets-zh", data={"max_pairs": 50}, batch_size=8)
    reads, writes = task.tokenizers[SOURCE], task.tokenizers[TARGET]

    def texts(epoch):
        found = []
        for sources, lengths, targets in task.epoch(epoch):
            for source, length, target in zip(sources, lengths, targets, strict=True):
                found.append((reads.decode(source[:length]), writes.decode(target)))
        return found

    assert len(task) == len(list(task.epoch(0))) == 6
    assert sorted(texts(0)) == sorted(texts(1)) == sorted(task.data.train)
    assert texts(0) != texts(1)
    rest = list(itertools.islice(task.epoch(0), 4, None))
    for mine, batch in zip(task.epoch(0, start=4), rest, strict=True):
        assert all(torch.equal(a, b) for a, b in zip(mine, batch, strict=True))


class KilledError(Exception):
    """What ends a run in the middle."""


@pytest.mark.parametrize("batches", [3, 4, 6], ids=["within an epoch", "at its end", "in the second epoch"])
def test_a_broken_run_goes_on_as_if_it_had_not_been(begin, recorder, batches):
    shape = {"dropout": 0.3, "teacher_forcing": 0.5, "num_layers": 2, "cell": "lstm"}
    unbroken, whole = begin(folder="unbroken", shape=shape, epochs=2), recorder()
    unbroken.run(whole)
    broken, first = begin(folder="broken", shape=shape, epochs=2), recorder()

    def kill():
        if len(first.batches) == batches:
            broken.save()
            raise KilledError

    first.after_batch = kill
    with pytest.raises(KilledError):
        broken.run(first)
    second = recorder()
    on = resumed(broken)
    on.run(second)
    assert first.batches + second.batches == whole.batches
    assert len(whole.batches) == 8
    for name, weight in unbroken.network.state_dict().items():
        assert torch.equal(on.network.state_dict()[name], weight), name


def test_other_pairs_than_the_run_began_with_are_refused(begin, recorder):
    trainer = begin(epochs=1, data={"max_pairs": 20})
    trainer.run(recorder())
    other = ParallelOptions(max_pairs=21)
    with pytest.raises(ToolkitError, match="are not the pairs that the run began with") as error:
        Seq2SeqTask.resume(trainer.folder.open(), trainer.options, load_parallel("builtin:couplets-zh", other), other)
    assert str(error.value).startswith("builtin:couplets-zh: ")


def test_patience_without_pairs_held_back_is_refused():
    with pytest.raises(ToolkitError, match="patience 3 needs pairs that are held back"):
        task_of("builtin:couplets-zh", data={"max_pairs": 20, "valid_fraction": 0.0}, patience=3)


def test_without_pairs_held_back_there_are_no_figures_of_them(begin, recorder):
    trainer, seen = begin(epochs=1, data={"max_pairs": 20, "valid_fraction": 0.0}), recorder()
    trainer.run(seen)
    assert seen.epochs[0]["valid_perplexity"] is None
    assert "valid_wrong" not in seen.epochs[0]
    assert len(list(trainer.task.samples(1))) == 3


def test_what_a_checkpoint_says_of_its_pairs(tmp_path):
    path = tmp_path / "pairs.tsv"
    path.write_text("abc\tx\nab\tyyyy\na\tz\nabcdef\tu\n", encoding="utf-8")
    task = task_of(path, data={"valid_fraction": 0.0})
    facts = task.corpus_facts
    assert (facts["longest_source"], facts["longest_target"], facts["characters"]) == (6, 4, 4)
    assert facts["sample"] == [["abc", "x"], ["ab", "yyyy"], ["a", "z"], ["abcdef", "u"]]
    assert facts["source"] == str(path)
