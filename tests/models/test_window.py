"""Networks that read a window: their arithmetic, the windows of a text, and their training."""

import itertools
import json
import math
import signal

import pytest
import torch
from torch import nn
from torch.nn import functional

from toolkit.corpus import CorpusOptions, load_corpus
from toolkit.errors import ToolkitError
from toolkit.models.checkpoint import load_checkpoint
from toolkit.models.run_folder import RunFolder
from toolkit.models.train_options import TrainOptions
from toolkit.models.trainer import Trainer, merged_options
from toolkit.models.window_options import WindowOptions
from toolkit.models.window_rnn import WindowRNN
from toolkit.models.window_task import WindowTask
from toolkit.tokenizer import TokenizerOptions, build_tokenizer

CELLS = {"rnn": nn.RNNCell, "gru": nn.GRUCell, "lstm": nn.LSTMCell}
SHAPE = {"hidden_size": 6, "embedding_size": 5}


@pytest.fixture
def begin(tmp_path):
    """A function that begins a run on windows of a text."""

    def make(text="the moon is a lantern, the sea is a mirror. " * 4, folder="run", shape=None, valid=0.0, **options):
        path = tmp_path / "song.txt"
        path.write_text(text, encoding="utf-8")
        defaults = {"num_steps": 5, "batch_size": 8, "device": "cpu", "sample_every": 0, "epochs": 2}
        task_options, corpus_options = TrainOptions(**defaults | options), CorpusOptions(valid_fraction=valid)
        corpus = load_corpus(str(path), corpus_options)
        tokenizer = build_tokenizer(corpus.train + corpus.valid, TokenizerOptions())
        task = WindowTask.start(WindowOptions(**SHAPE | (shape or {})), tokenizer, task_options, corpus, corpus_options)
        return Trainer.start(RunFolder(tmp_path / folder), task, task_options)

    return make


def resumed(folder, **changes):
    """The run of a folder, as another process would go on with it."""
    checkpoint = folder.open()
    options = merged_options(TrainOptions.from_dict(checkpoint.training["options"], "test"), changes)
    corpus_options = CorpusOptions.from_dict(checkpoint.corpus["options"], "test")
    corpus = load_corpus(checkpoint.corpus["source"], corpus_options)
    torch.manual_seed(12345)
    task = WindowTask.resume(checkpoint, options, corpus, corpus_options)
    return Trainer.resume(folder, task, options, checkpoint)


# The network -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("num_layers", [1, 2])
@pytest.mark.parametrize("embedding_size", [0, 5])
@pytest.mark.parametrize("cell", CELLS)
@torch.no_grad()
def test_the_network_equals_torch_s_cells_step_by_step(cell, embedding_size, num_layers):
    torch.manual_seed(0)
    shape = WindowOptions(cell=cell, num_layers=num_layers, hidden_size=6, embedding_size=embedding_size)
    network = WindowRNN(shape, 11).eval()
    weights = network.state_dict()
    ids = torch.randint(0, 11, (3, 7))
    x = weights["embedding.weight"][ids] if embedding_size else functional.one_hot(ids, 11).float()
    columns = list(x.unbind(1))  # [N, E or V] for each place
    for layer in range(num_layers):
        found = []
        for suffix, places in (("", range(7)), ("_reverse", range(6, -1, -1))):
            own = CELLS[cell](columns[0].shape[1], 6)
            own.load_state_dict({name: weights[f"rnn.{name}_l{layer}{suffix}"] for name in own.state_dict()})
            state, outputs = None, {}
            for place in places:
                state = own(columns[place], state)
                outputs[place] = state[0] if cell == "lstm" else state
            found.append(outputs)
        columns = [torch.cat([found[0][place], found[1][place]], dim=1) for place in range(7)]
    expected = columns[-1] @ weights["output.weight"].T + weights["output.bias"]
    torch.testing.assert_close(network(ids), expected)


# The windows of a text -------------------------------------------------------------------------------


def test_every_place_of_the_text_is_a_window_once_an_epoch(begin):
    trainer = begin(text="abcdefghijk", num_steps=3, batch_size=3)
    task, vocab = trainer.task, trainer.task.tokenizer.vocab
    by_hand = {"abc": "d", "bcd": "e", "cde": "f", "def": "g", "efg": "h", "fgh": "i", "ghi": "j", "hij": "k"}
    orders = []
    for epoch in range(3):
        batches = list(task.epoch(epoch))
        assert [len(windows) for windows, _ in batches] == [3, 3, 2]
        assert len(batches) == len(task)
        pairs = [
            ("".join(vocab[i] for i in window), vocab[target])
            for windows, targets in batches
            for window, target in zip(windows.tolist(), targets.tolist(), strict=True)
        ]
        assert dict(pairs) == by_hand
        assert len(pairs) == len(by_hand)
        orders.append(pairs)
    assert orders[0] != orders[1] != orders[2]


def test_the_order_is_a_matter_of_seed_and_epoch_alone(begin):
    def batches(trainer, epoch, start=0):
        return [tuple(part.tolist() for part in batch) for batch in trainer.task.epoch(epoch, start)]

    one, same, other = (begin(folder=str(i), seed=seed) for i, seed in enumerate((3, 3, 4)))
    assert batches(one, 1) == batches(same, 1)
    assert batches(one, 1) != batches(other, 1)
    assert batches(one, 1, start=2) == batches(same, 1)[2:]


@pytest.mark.parametrize(
    ("text", "options", "message"),
    [
        ("abcde", {}, "num_steps 5 needs at least 6 tokens of training text, found 5. Use a smaller --num-steps"),
        ("abcdef", {"patience": 1}, "patience 1 needs a validation text of at least 6 tokens, found 0"),
    ],
)
def test_a_text_too_short_is_refused_before_anything_is_written(text, options, message, begin, tmp_path):
    with pytest.raises(ToolkitError) as error:
        begin(text=text, **options)
    assert message in str(error.value)
    assert not (tmp_path / "run").exists()


def test_a_text_of_one_window_is_enough(begin, recorder):
    trainer = begin(text="abcdef")
    trainer.run(recorder())
    assert load_checkpoint(trainer.folder.best).metrics["epoch"] == 2


# Training --------------------------------------------------------------------------------------------


def test_training_equals_a_loop_of_one_s_own(begin, recorder):
    trainer = begin(lr=0.01, clip_norm=0.0, shape={"cell": "gru"})
    embedding, rnn = nn.Embedding(*trainer.network.embedding.weight.shape), nn.GRU(5, 6, 2, bidirectional=True)
    output = nn.Linear(12, trainer.network.vocab_size)
    for own, its in ((embedding, "embedding"), (rnn, "rnn"), (output, "output")):
        own.load_state_dict(getattr(trainer.network, its).state_dict())
    optimizer = torch.optim.Adam([*embedding.parameters(), *rnn.parameters(), *output.parameters()], 0.01)
    perplexities = []
    for epoch in range(2):
        losses = []
        for windows, targets in trainer.task.epoch(epoch):
            hidden, _ = rnn(embedding(windows.T))
            logits = output(hidden[-1])
            optimizer.zero_grad()
            functional.cross_entropy(logits, targets).backward()
            optimizer.step()
            losses += functional.cross_entropy(logits.detach(), targets, reduction="none").tolist()
        perplexities.append(math.exp(sum(losses) / len(losses)))
    seen = recorder()
    trainer.run(seen)
    assert [record["perplexity"] for record in seen.epochs] == pytest.approx(perplexities, rel=1e-4)


def test_validation_reads_every_window_of_the_text_held_back(begin, recorder):
    trainer = begin(valid=0.3, epochs=1)
    seen = recorder()
    trainer.run(seen)
    task, network = trainer.task, trainer.network.eval()
    ids = task.tokenizer.encode(task.corpus.valid)
    losses = []
    for place in range(5, len(ids)):
        logits = network(torch.from_numpy(ids[place - 5 : place])[None]).detach()[0]
        losses.append(-float(torch.log_softmax(logits, dim=0)[ids[place]]))
    assert len(losses) > 30
    assert seen.epochs[0]["valid_perplexity"] == pytest.approx(math.exp(sum(losses) / len(losses)), rel=1e-5)


def test_unknown_tokens_are_no_target_of_validation(begin):
    trainer = begin(valid=0.3)
    with torch.no_grad():
        before = trainer.task.validate()
        trainer.task.valid_ids[5:] = 0
        assert trainer.task.validate() is None
    assert before > 0


@pytest.mark.usefixtures("_no_plot")
def test_a_run_interrupted_after_every_minibatch_goes_on_bit_for_bit(begin, recorder):
    options = {"shape": {"dropout": 0.3}, "valid": 0.2, "batch_size": 32, "lr_schedule": "cosine"}
    unbroken, whole = begin(folder="unbroken", **options), recorder()
    unbroken.run(whole)
    trainer, losses = begin(folder="broken", **options), []
    for _ in whole.batches:
        left = itertools.count(0, -1)
        piece = recorder(after_batch=lambda left=left: next(left) == 0 and signal.raise_signal(signal.SIGINT))
        trainer.run(piece)
        losses += piece.batches
        trainer = resumed(trainer.folder)
    assert losses == whole.batches
    for name in ("last", "best"):
        one, other = (load_checkpoint(getattr(run.folder, name)) for run in (trainer, unbroken))
        torch.testing.assert_close(dict(one.weights), dict(other.weights), rtol=0, atol=0)
        assert one.metrics["valid_perplexity"] == other.metrics["valid_perplexity"]


@pytest.fixture
def _no_plot(monkeypatch):
    """The picture at the end of each of many short runs takes longer than the run."""
    monkeypatch.setattr(RunFolder, "draw", lambda _: None)


def test_another_text_is_refused_when_a_run_goes_on(begin, recorder, tmp_path):
    trainer = begin()
    trainer.run(recorder())
    (tmp_path / "song.txt").write_text("another one " * 20, encoding="utf-8")
    with pytest.raises(ToolkitError, match="expected the text that the run began with"):
        resumed(trainer.folder, epochs=3)


def test_samples_are_the_tokens_that_may_follow(begin, recorder):
    trainer = begin(epochs=12, lr=0.02, sample_every=6, prefix=("the mo", "is a mirr"))
    seen = recorder()
    trainer.run(seen)
    assert len(seen.samples) == 4
    assert seen.samples[2].startswith("the mo -> o 0.")
    assert seen.samples[3].startswith("is a mirr -> o 0.")
    assert seen.samples[3].count(",") in (4, 5)  # a comma may be one of the five


def test_the_command_line_trains_by_a_recipe_and_goes_on(tmp_path, run_cli):
    small = ("--max-chars", 300, "--hidden-size", 48, "--device", "cpu")
    code, said = run_cli("train", "--recipe", "rnn-by-hand", "-o", "run", "--epochs", 3, *small)
    assert code == 0, said
    assert "rnn, 2 x 48 in both directions, one-hot" in said
    assert "next: toolkit export" in said
    code, said = run_cli("train", "--resume", "run", "--epochs", 4)
    assert code == 0, said
    records = [json.loads(line) for line in (tmp_path / "run" / "metrics.jsonl").read_text().splitlines()]
    assert [record["epoch"] for record in records] == [1, 2, 3, 4]
    assert records[3]["perplexity"] < records[2]["perplexity"]
    code, said = run_cli("train", "--recipe", "rnn-by-hand", "-o", "wild", "--epochs", 1, "--lr", 1000, *small)
    assert code == 0, said
    assert "this is worse than guessing" in said
    code, said = run_cli("train", "--recipe", "rnn-by-hand", "-o", "tied", "--tie-weights")
    assert code == 2
    assert "a model of kind window has no --tie-weights" in said
