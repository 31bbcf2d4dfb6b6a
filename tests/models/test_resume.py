import itertools
import signal
from dataclasses import replace

import pytest
import torch

from toolkit.corpus import CorpusOptions, load_corpus
from toolkit.errors import ToolkitError
from toolkit.models.checkpoint import load_checkpoint
from toolkit.models.language_task import LanguageTask
from toolkit.models.run_folder import RunFolder
from toolkit.models.train_options import TrainOptions
from toolkit.models.trainer import Trainer, merged_options

NETWORKS = {
    "rnn one-hot": {"cell": "rnn", "embedding_size": 0, "dropout": 0.3},
    "rnn embedding": {"cell": "rnn", "dropout": 0.3},
    "lstm one-hot": {"cell": "lstm", "embedding_size": 0, "dropout": 0.3},
    "lstm embedding": {"cell": "lstm", "dropout": 0.3},
    "gru, two layers, tied": {"cell": "gru", "num_layers": 2, "tie_weights": True, "dropout": 0.3},
}
TIMES = {"seconds", "tokens_per_second"}


@pytest.fixture
def _no_plot(monkeypatch):
    """The picture at the end of each of many short runs takes longer than the run."""
    monkeypatch.setattr(RunFolder, "draw", lambda _: None)


def resume(folder, **changes):
    checkpoint = folder.open()
    options = merged_options(TrainOptions.from_dict(checkpoint.training["options"], "test"), changes)
    corpus_options = CorpusOptions.from_dict(checkpoint.corpus["options"], "test")
    corpus = load_corpus(checkpoint.corpus["source"], corpus_options)
    torch.manual_seed(12345)  # another process would not have our random state
    torch.rand(7)
    task = LanguageTask.resume(checkpoint, options, corpus, corpus_options)
    return Trainer.resume(folder, task, options, checkpoint)


def figures(folder):
    return [{k: v for k, v in record.items() if k not in TIMES} for record in folder.read_metrics()]


def assert_same_end(one, other):
    """Two runs have the same figures, weights and optimizer, to the last bit."""
    assert figures(one) == figures(other)
    for name in ("last", "best"):
        a, b = (load_checkpoint(getattr(folder, name)) for folder in (one, other))
        torch.testing.assert_close(dict(a.weights), dict(b.weights), rtol=0, atol=0)
        assert {k: v for k, v in a.metrics.items() if k not in TIMES} == {
            k: v for k, v in b.metrics.items() if k not in TIMES
        }
        state = [x.training.get("optimizer", {"state": {}})["state"] for x in (a, b)]
        torch.testing.assert_close(*state, rtol=0, atol=0)


def stop_after(recorder, batches):
    """A reporter at which somebody presses Ctrl-C after so many minibatches."""
    left = itertools.count(batches - 1, -1)
    return recorder(after_batch=lambda: next(left) == 0 and signal.raise_signal(signal.SIGINT))


@pytest.mark.parametrize("network", NETWORKS.values(), ids=NETWORKS)
@pytest.mark.parametrize("sampling", ["consecutive", "random"])
@pytest.mark.usefixtures("_no_plot")
def test_a_run_interrupted_after_every_minibatch_has_the_losses_of_an_unbroken_one(start, recorder, network, sampling):
    options = {"sampling": sampling, "epochs": 3, "warmup_steps": 2, "lr_schedule": "cosine", **network}
    unbroken, whole = start("unbroken", **options), recorder()
    unbroken.run(whole)

    trainer, losses, stops = start("broken", **options), [], 0
    while True:
        piece = stop_after(recorder, 1)
        outcome = trainer.run(piece)
        losses += piece.batches
        if outcome.reason == "finished":
            break
        assert (outcome.reason, len(piece.batches)) == ("interrupted", 1)
        stops += 1
        trainer = resume(trainer.folder)
    assert losses == whole.batches  # every running loss, not approximately
    assert stops == len(whole.batches) - 1  # behind the last one there is nothing to go on with
    assert_same_end(trainer.folder, unbroken.folder)


@pytest.mark.parametrize("optimizer", ["adamw", "sgd", "adagrad"])
@pytest.mark.usefixtures("_no_plot")
def test_every_optimizer_goes_on_as_if_never_stopped(start, recorder, optimizer):
    options = {"optimizer": optimizer, "weight_decay": 0.01, "momentum": 0.9 if optimizer == "sgd" else 0.0}
    unbroken, whole = start("unbroken", **options), recorder()
    unbroken.run(whole)
    trainer, first, second = start("broken", **options), stop_after(recorder, 5), recorder()
    trainer.run(first)
    resumed = resume(trainer.folder)
    resumed.run(second)
    assert first.batches + second.batches == whole.batches
    assert len(first.batches) == 5
    assert_same_end(resumed.folder, unbroken.folder)


@pytest.mark.usefixtures("_no_plot")
def test_patience_counts_on_over_an_interruption(start, recorder):
    options = {
        "epochs": 100, "patience": 3, "max_chars": 1500, "valid_fraction": 0.3, "lr": 0.03, "hidden_size": 32
    }  # fmt: skip
    unbroken = start("unbroken", **options)
    expected = unbroken.run(recorder())
    assert expected.reason == "early"
    trainer = start("broken", **options)
    trainer.run(stop_after(recorder, (expected.best_epoch + 1) * len(trainer.task.batches)))
    trainer = resume(trainer.folder)
    assert trainer.run(recorder()) == expected
    assert_same_end(trainer.folder, unbroken.folder)


@pytest.mark.usefixtures("_no_plot")
def test_a_finished_run_goes_on_with_more_epochs_as_if_it_had_been_asked_for_them_at_once(start, recorder):
    long, whole = start("long", epochs=5, dropout=0.2), recorder()
    long.run(whole)
    short, first, second = start("short", epochs=3, dropout=0.2), recorder(), recorder()
    short.run(first)
    resumed = resume(short.folder, epochs=5)
    resumed.run(second)
    assert first.batches + second.batches == whole.batches
    assert_same_end(resumed.folder, long.folder)


def test_a_finished_run_resumed_has_nothing_to_do_and_loses_nothing(start, recorder):
    trainer = start()
    expected = trainer.run(recorder())
    before = {p.name: p.read_bytes() for p in trainer.folder.path.iterdir()}
    seen = recorder()
    again = resume(trainer.folder)
    assert again.run(seen) == expected
    assert seen.batches == []
    after = {p.name: p.read_bytes() for p in trainer.folder.path.iterdir()}
    assert after.keys() == before.keys()
    assert all(after[name] == before[name] for name in ("best.pt", "metrics.jsonl"))
    assert_same_end(again.folder, trainer.folder)


@pytest.mark.usefixtures("_no_plot")
def test_a_kill_between_best_and_last_is_made_good(start, recorder, monkeypatch):
    unbroken, whole = start("unbroken", epochs=3), recorder()
    unbroken.run(whole)

    class PowerCut(BaseException):
        """Nothing handles it."""

    trainer = start("broken", epochs=3, save_every=0)
    save_last, calls = RunFolder.save_last, itertools.count(1)

    def cut(folder, checkpoint):
        if next(calls) == len(trainer.task.batches) + 1:  # the save at the end of the first epoch
            raise PowerCut
        save_last(folder, checkpoint)

    with monkeypatch.context() as until_the_cut:
        until_the_cut.setattr(RunFolder, "save_last", cut)
        with pytest.raises(PowerCut):
            trainer.run(recorder())
    assert load_checkpoint(trainer.folder.best).metrics["epoch"] == 1
    assert load_checkpoint(trainer.folder.last).training["progress"]["epoch"] == 0
    assert len(trainer.folder.read_metrics()) == 1  # written already, and to be written again
    resumed, seen = resume(trainer.folder), recorder()
    resumed.run(seen)
    assert seen.batches == whole.batches[len(trainer.task.batches) :]
    assert_same_end(resumed.folder, unbroken.folder)


@pytest.mark.usefixtures("_no_plot")
def test_a_torn_line_of_metrics_is_left_out_and_written_again(start, recorder):
    trainer = start(epochs=3)
    trainer.run(stop_after(recorder, 2 * len(trainer.task.batches) + 1))
    with trainer.folder.metrics.open("a", encoding="utf-8") as file:
        file.write('{"epoch": 3, "loss": 3.1')
    resumed = resume(trainer.folder)
    resumed.run(recorder())
    assert [record["epoch"] for record in resumed.folder.read_metrics()] == [1, 2, 3]
    assert resumed.folder.metrics.read_text("utf-8").count("\n") == 3


def test_another_text_is_refused_and_the_run_left_as_it_was(start, recorder, tmp_path):
    text = tmp_path / "song.txt"
    text.write_text("all the leaves are brown and the sky is grey\n" * 30, encoding="utf-8")
    trainer = start(source=text)
    trainer.run(stop_after(recorder, 3))
    before = {p.name: p.read_bytes() for p in trainer.folder.path.iterdir()}
    text.write_text(text.read_text("utf-8").replace("grey", "blue"), encoding="utf-8")
    with pytest.raises(ToolkitError, match=r"expected the text that the run began with .* found another one") as caught:
        resume(trainer.folder)
    assert str(text) in str(caught.value)
    assert {p.name: p.read_bytes() for p in trainer.folder.path.iterdir()} == before


def test_the_best_checkpoint_is_no_place_to_go_on_from(start, recorder):
    trainer = start()
    trainer.run(recorder())
    best = load_checkpoint(trainer.folder.best)
    with pytest.raises(ToolkitError, match=r"found one for inference only\. Use last\.pt"):
        Trainer.resume(trainer.folder, trainer.task, trainer.options, best)


def test_a_run_interrupted_before_its_first_minibatch_can_go_on(start, recorder):
    unbroken, whole = start("unbroken"), recorder()
    unbroken.run(whole)
    waiting, seen = start("waiting"), recorder()
    resume(waiting.folder).run(seen)
    assert seen.batches == whole.batches


def test_options_that_may_change_do_not_change_the_numbers(start, recorder):
    unbroken, whole = start("unbroken", dropout=0.2), recorder()
    unbroken.run(whole)
    trainer, first, second = start("broken", dropout=0.2), stop_after(recorder, 4), recorder()
    trainer.run(first)
    resumed = resume(trainer.folder, sample_every=1, sample_length=5, prefix=("a",), save_every=0, patience=50)
    resumed.run(second)
    assert first.batches + second.batches == whole.batches
    assert resumed.options == replace(
        trainer.options, sample_every=1, sample_length=5, prefix=("a",), save_every=0, patience=50
    )
    assert second.samples
