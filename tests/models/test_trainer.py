import json
import math
from collections import Counter

import pytest
import torch
from matplotlib.image import imread
from torch import nn

from toolkit.errors import ToolkitError
from toolkit.evaluation import perplexity
from toolkit.language_model import LanguageModel
from toolkit.models.checkpoint import load_checkpoint
from toolkit.models.torch_steps import EagerStepModel


def weights_of(trainer):
    return {name: w.clone() for name, w in trainer.network.state_dict().items()}


def metrics(trainer):
    return [json.loads(line) for line in trainer.folder.metrics.read_text("utf-8").splitlines()]


class Reference(nn.Module):
    """An LSTM with an embedding from torch's own parts, with the weights of the run's network."""

    def __init__(self, network):
        super().__init__()
        o = network.options
        self.embedding = nn.Embedding(network.vocab_size, o.embedding_size)
        self.rnn = nn.LSTM(o.embedding_size, o.hidden_size, o.num_layers, batch_first=True)
        self.output = nn.Linear(o.hidden_size, network.vocab_size)
        self.load_state_dict(network.state_dict())

    def loss(self, window, state):
        """The mean loss of a [N, T + 1] window of ids, and the state behind it."""
        hidden, state = self.rnn(self.embedding(window[:, :-1]), state)
        logits = self.output(hidden)
        chosen = logits.gather(-1, window[:, 1:, None]).squeeze(-1)
        return (logits.logsumexp(-1) - chosen).mean(), tuple(part.detach() for part in state)


def windows(trainer):
    """The consecutive [N, T + 1] windows of an epoch."""
    n, t = trainer.options.batch_size, trainer.options.num_steps
    ids = trainer.task.batches.ids
    rows = ids[: len(ids) // n * n].view(n, -1)
    return [rows[:, i : i + t + 1] for i in range(0, rows.shape[1] - t, t)]


def train_reference(trainer, optimizer, clip_norm, epochs):
    """The mean losses of some epochs, by a loop of its own; and the network after them."""
    reference = Reference(trainer.network)
    update = optimizer(reference.parameters())
    losses = []
    for _ in range(epochs):
        state, total = None, 0.0
        for window in windows(trainer):
            loss, state = reference.loss(window, state)
            update.zero_grad()
            loss.backward()
            norm = torch.stack([p.grad.square().sum() for p in reference.parameters()]).sum().sqrt()
            if clip_norm and norm > clip_norm:
                for p in reference.parameters():
                    p.grad *= clip_norm / norm
            update.step()
            total += loss.item()
        losses.append(total / len(windows(trainer)))
    return losses, reference


def slow(cls, **options):
    return lambda weights: cls(weights, foreach=False, **options)


@pytest.mark.parametrize(
    ("options", "optimizer"),
    [
        ({"optimizer": "adam", "lr": 0.01}, slow(torch.optim.Adam, lr=0.01)),
        ({"optimizer": "adam", "weight_decay": 0.1}, slow(torch.optim.Adam, lr=0.002, weight_decay=0.1)),
        (
            {"optimizer": "adamw", "lr": 0.01, "weight_decay": 0.1},
            slow(torch.optim.AdamW, lr=0.01, weight_decay=0.1),
        ),
        ({"optimizer": "sgd", "lr": 0.5}, slow(torch.optim.SGD, lr=0.5)),
        (
            {"optimizer": "sgd", "lr": 0.3, "momentum": 0.9, "weight_decay": 0.01},
            slow(torch.optim.SGD, lr=0.3, momentum=0.9, weight_decay=0.01),
        ),
        ({"optimizer": "adagrad", "lr": 0.1}, slow(torch.optim.Adagrad, lr=0.1)),
    ],
    ids=["adam", "adam with decay", "adamw", "sgd", "sgd with momentum and decay", "adagrad"],
)
def test_losses_and_weights_equal_a_plain_loop_with_each_optimizer_of_torch(start, recorder, options, optimizer):
    trainer = start(clip_norm=0.2, **options)
    losses, reference = train_reference(trainer, optimizer, 0.2, epochs=2)
    begun = weights_of(trainer)
    trainer.run(recorder())
    assert [record["loss"] for record in metrics(trainer)] == pytest.approx(losses, rel=1e-5)
    for name, weight in trainer.network.state_dict().items():
        torch.testing.assert_close(weight, reference.state_dict()[name], rtol=1e-3, atol=1e-4)
        assert not torch.equal(weight, begun[name])


def test_the_batches_reported_add_up_to_the_perplexity_of_the_epoch(start, recorder):
    trainer, seen = start(), recorder()
    trainer.run(seen)
    total = len(trainer.task.batches)
    assert [(epoch, done, of) for epoch, done, of, _, _ in seen.batches] == [
        (epoch, done, total) for epoch in (1, 2) for done in range(1, total + 1)
    ]
    assert all(tokens == 4 * 32 for *_, tokens in seen.batches)
    for record in seen.epochs:
        assert record["perplexity"] == math.exp(record["loss"])
        assert record["perplexity"] == seen.batches[record["epoch"] * total - 1][3]


def test_training_learns_more_than_the_frequencies_of_the_letters(start, recorder):
    trainer = start(
        max_chars=6000, valid_fraction=0, hidden_size=64, embedding_size=32, lr=0.02, epochs=6, num_steps=20
    )
    trainer.run(recorder())
    found = [record["perplexity"] for record in metrics(trainer)]
    counts = Counter(trainer.task.corpus.train)
    size = len(trainer.task.corpus.train)
    by_frequency = math.exp(-sum(n / size * math.log(n / size) for n in counts.values()))
    assert found == sorted(found, reverse=True)
    assert found[-1] < 0.7 * by_frequency


@pytest.mark.parametrize("clip_norm", [0.01, 0.1, 0.0])
def test_clip_norm_bounds_the_gradient_of_the_update(start, recorder, clip_norm):
    # one update of plain descent with lr 1: the weights move by exactly the gradient
    trainer = start(optimizer="sgd", lr=1.0, clip_norm=clip_norm, epochs=1, batch_size=2, num_steps=500, seed=3)
    assert len(trainer.task.batches) == 1
    before = weights_of(trainer)
    loss, _ = Reference(trainer.network).loss(windows(trainer)[0], None)
    reference = Reference(trainer.network)
    reference.loss(windows(trainer)[0], None)[0].backward()
    raw = math.sqrt(sum(p.grad.double().square().sum().item() for p in reference.parameters()))
    assert raw > 0.1
    trainer.run(recorder())
    assert metrics(trainer)[0]["loss"] == pytest.approx(loss.item(), rel=1e-5)
    moved = math.sqrt(sum((w - before[n]).double().square().sum().item() for n, w in weights_of(trainer).items()))
    assert moved == pytest.approx(clip_norm or raw, rel=1e-3)


@pytest.mark.parametrize("schedule", ["linear", "cosine"])
def test_the_schedule_sets_the_rate_of_every_update(start, recorder, schedule):
    trainer = start(lr_schedule=schedule, warmup_steps=3, lr=0.25, optimizer="sgd")
    rates = []
    trainer.run(recorder(after_batch=lambda: rates.append(trainer.optimizer.param_groups[0]["lr"])))
    total = 2 * len(trainer.task.batches)
    assert rates == [trainer.options.learning_rate(update, total) for update in range(total)]
    assert [record["lr"] for record in metrics(trainer)] == [rates[total // 2 - 1], rates[-1]]


@pytest.mark.parametrize(("max_chars", "min_count"), [(1200, 1), (3000, 3)])
def test_validation_equals_reading_the_text_token_by_token(start, recorder, max_chars, min_count):
    trainer = start(max_chars=max_chars, min_count=min_count, valid_fraction=0.25, epochs=1)
    assert 250 < len(trainer.task.valid_ids) < 1000  # so short a text is one stream
    assert (trainer.task.valid_ids == 0).any() == (min_count > 1)
    trainer.run(recorder())
    expected = perplexity(
        LanguageModel(EagerStepModel(trainer.network), trainer.task.tokenizer), trainer.task.corpus.valid
    )
    assert metrics(trainer)[0]["valid_perplexity"] == pytest.approx(expected.perplexity, rel=1e-5)


def test_validation_of_a_long_text_is_the_mean_over_its_parts_each_read_alone(start, recorder):
    trainer = start(source="builtin:lyrics-zh", max_chars=6000, valid_fraction=0.5, epochs=1)
    ids = trainer.task.valid_ids
    streams = len(ids) // 500
    assert streams >= 5
    trainer.run(recorder())
    network, nats, count = trainer.network.eval(), 0.0, 0
    for part in ids[: len(ids) // streams * streams].view(streams, -1):
        logits, _ = network(part[None, :-1], network.init_state(1))
        nats -= logits.log_softmax(-1)[0, torch.arange(len(part) - 1), part[1:]].double().sum().item()
        count += len(part) - 1
    assert metrics(trainer)[0]["valid_perplexity"] == pytest.approx(math.exp(nats / count), rel=1e-5)


def overfitting(start, **options):
    """A run that learns a short text by heart, so that its validation gets worse after some epochs."""
    return start(max_chars=1500, valid_fraction=0.3, lr=0.03, hidden_size=32, **options)


def test_best_holds_the_weights_of_the_epoch_with_the_best_validation(start, recorder):
    trainer = overfitting(start, epochs=12)
    after = []
    outcome = trainer.run(recorder(after_epoch=lambda: after.append(weights_of(trainer))))
    scores = [record["valid_perplexity"] for record in metrics(trainer)]
    best = scores.index(min(scores))
    assert best < 11, "this text should be learnt by heart before the last epoch"
    assert (outcome.reason, outcome.epochs, outcome.best_epoch) == ("finished", 12, best + 1)
    assert outcome.best == scores[best]
    saved = load_checkpoint(trainer.folder.best)
    assert saved.metrics == metrics(trainer)[best]
    torch.testing.assert_close(dict(saved.weights), after[best], rtol=0, atol=0)
    torch.testing.assert_close(dict(load_checkpoint(trainer.folder.last).weights), after[-1], rtol=0, atol=0)


def test_without_a_validation_text_the_best_is_by_training_perplexity(start, recorder):
    trainer = start(valid_fraction=0, epochs=3)
    outcome = trainer.run(recorder())
    records = metrics(trainer)
    assert [record["valid_perplexity"] for record in records] == [None] * 3
    assert outcome.best == min(record["perplexity"] for record in records)
    assert load_checkpoint(trainer.folder.best).metrics == records[outcome.best_epoch - 1]


def test_best_can_be_made_to_hold_the_last_epoch(start, recorder):
    trainer, seen = overfitting(start, epochs=30, keep="last"), recorder()
    outcome = trainer.run(seen)
    scores = [record["valid_perplexity"] for record in seen.epochs]
    assert min(scores) < scores[-1]
    assert (outcome.best_epoch, outcome.best) == (30, scores[-1])
    best, last = load_checkpoint(trainer.folder.best), load_checkpoint(trainer.folder.last)
    assert all(torch.equal(weight, last.weights[name]) for name, weight in best.weights.items())


@pytest.mark.parametrize("patience", [1, 3])
def test_patience_stops_so_many_epochs_after_the_best(start, recorder, patience):
    trainer = overfitting(start, epochs=100, patience=patience)
    outcome = trainer.run(recorder())
    scores = [record["valid_perplexity"] for record in metrics(trainer)]
    assert outcome.reason == "early"
    assert len(scores) == outcome.epochs == outcome.best_epoch + patience < 100
    assert scores.index(min(scores)) + 1 == outcome.best_epoch
    record = [math.inf]
    waits = [0]
    for score in scores:  # no epoch before the last had already waited so long
        waits.append(0 if score < min(record) else waits[-1] + 1)
        record.append(score)
    assert waits[-1] == patience
    assert max(waits[:-1]) < patience


def test_patience_without_a_validation_text_is_refused(start, tmp_path):
    with pytest.raises(ToolkitError, match="patience 3 needs a validation text"):
        start(patience=3, valid_fraction=0)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("sampling", ["consecutive", "random"])
@pytest.mark.parametrize("embedding_size", [0, 6])
def test_the_state_is_carried_detached_within_an_epoch_and_reset_between_epochs(
    start, recorder, sampling, embedding_size
):
    trainer = start(sampling=sampling, embedding_size=embedding_size)
    seen = []

    def watch(network, args, output):
        if network.training:
            seen.append((args[1], output[1]))

    trainer.network.register_forward_hook(watch)
    trainer.run(recorder())
    total = len(trainer.task.batches)
    assert len(seen) == 2 * total > 6
    for number, (given, _) in enumerate(seen):
        assert not any(part.requires_grad for part in given)
        if sampling == "random" or number % total == 0:
            assert not any(part.any() for part in given)
        else:
            assert all(map(torch.equal, given, seen[number - 1][1]))
            assert given[0].any()


def test_sample_texts_begin_with_each_prefix_and_leave_the_training_alone(start, recorder):
    plain, sampled = recorder(), recorder()
    start("a", epochs=4, dropout=0.3).run(plain)
    start("b", epochs=4, dropout=0.3, sample_every=2, sample_length=17, prefix=("The ", "I")).run(sampled)
    assert [(text[:4], len(text)) for text in sampled.samples[::2]] == [("The ", 21)] * 2
    assert [(text[:1], len(text)) for text in sampled.samples[1::2]] == [("I", 18)] * 2
    assert sampled.samples[0] != sampled.samples[2]
    assert sampled.batches == plain.batches
    assert plain.samples == []


def test_without_a_prefix_a_sample_begins_with_the_most_frequent_letter(start, recorder):
    trainer, seen = start(sample_every=2), recorder()
    trainer.run(seen)
    letters = Counter(c for c in trainer.task.corpus.train + trainer.task.corpus.valid if c.strip())
    assert [text[0] for text in seen.samples] == [letters.most_common(1)[0][0]]


def test_the_same_seed_gives_the_same_run_and_another_seed_another(start, recorder):
    runs = []
    for folder, seed in (("a", 1), ("b", 1), ("c", 2)):
        seen = recorder()
        start(folder, seed=seed, dropout=0.2, sampling="random").run(seen)
        runs.append(seen.batches)
    assert runs[0] == runs[1]
    assert runs[0] != runs[2]


def test_the_metrics_hold_a_complete_record_of_every_epoch(start, recorder):
    trainer, seen = start(epochs=3), recorder()
    trainer.run(seen)
    records = metrics(trainer)
    assert records == seen.epochs
    assert [record["epoch"] for record in records] == [1, 2, 3]
    names = {"epoch", "loss", "perplexity", "valid_perplexity", "lr", "tokens_per_second", "seconds"} | {
        "smooth_loss",
        "smooth_loss_ratio",
    }
    for record in records:
        assert record.keys() == names
        assert all(math.isfinite(value) for value in record.values())
        tokens = len(trainer.task.batches) * 4 * 32
        assert record["tokens_per_second"] * record["seconds"] == pytest.approx(tokens)


@pytest.mark.parametrize(("epochs", "valid_fraction"), [(1, 0.2), (3, 0.2), (3, 0)])
def test_the_loss_curve_is_a_picture_with_the_curves_in_it(start, recorder, epochs, valid_fraction):
    trainer = start(epochs=epochs, valid_fraction=valid_fraction)
    trainer.run(recorder())
    pixels = imread(trainer.folder.plot)[..., :3]
    assert pixels.shape == (480, 840, 3)
    blue, orange = (torch.tensor([0x20, 0x60, 0xA0]) / 255, torch.tensor([0xD0, 0x60, 0x20]) / 255)

    def count(colour):
        return int((torch.from_numpy(pixels) - colour).abs().amax(-1).lt(0.02).sum())

    assert count(blue) > 100
    assert (count(orange) > 100) == bool(valid_fraction)
