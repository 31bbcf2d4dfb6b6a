"""What the tests of networks and training share: a run made in a line, and a reporter that remembers."""

import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import torch

from toolkit.cli import main
from toolkit.corpus import CorpusOptions, load_corpus
from toolkit.models.language_task import LanguageTask
from toolkit.models.network_options import NetworkOptions
from toolkit.models.run_folder import RunFolder
from toolkit.models.train_options import TrainOptions
from toolkit.models.trainer import Trainer
from toolkit.tokenizer import TokenizerOptions, build_tokenizer


@pytest.fixture(autouse=True, scope="session")
def _one_thread():
    before = torch.get_num_threads()
    torch.set_num_threads(1)  # the networks here are so small that threads only wait for each other
    yield
    torch.set_num_threads(before)


@dataclass
class Recorder:
    """Remembers all that a trainer reports; `after_batch` and `after_epoch` are called when it does."""

    after_batch: Callable[[], object] = lambda: None
    after_epoch: Callable[[], object] = lambda: None
    batches: list[tuple] = field(default_factory=list)
    epochs: list[dict] = field(default_factory=list)
    samples: list[str] = field(default_factory=list)
    milestones: list[tuple] = field(default_factory=list)

    def batch(self, *figures):
        self.batches.append(figures)
        self.after_batch()

    def milestone(self, *figures):
        self.milestones.append(figures)

    def epoch(self, record):
        self.epochs.append(dict(record))
        self.after_epoch()

    def sample(self, text):
        self.samples.append(text)


@pytest.fixture
def run_cli(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]):
    """As ``cli``, but in this process, which has torch already: for all that a process of its own proves no better."""

    def run(*args: object) -> tuple[int, str]:
        with monkeypatch.context() as patch:
            patch.setattr(sys, "argv", ["toolkit", *map(str, args)])
            patch.setenv("COLUMNS", "200")
            patch.chdir(tmp_path)
            capsys.readouterr()
            with pytest.raises(SystemExit) as ended:
                main()
        printed = capsys.readouterr()
        assert printed.out == ""
        return int(ended.value.code or 0), printed.err

    return run


@pytest.fixture
def recorder():
    return Recorder


@pytest.fixture
def start(tmp_path: Path):
    """A function that begins a small run on real lyrics; keywords are options of any kind."""

    def make(folder="run", source="builtin:lyrics-en", **options) -> Trainer:
        defaults = {
            "max_chars": 1200,
            "hidden_size": 12,
            "embedding_size": 6,
            "epochs": 2,
            "batch_size": 4,
            "num_steps": 32,
            "sample_every": 0,
            "device": "cpu",
        }
        values = defaults | options

        def pick(kind):
            return kind(**{name: values.pop(name) for name in list(values) if name in kind.__dataclass_fields__})

        corpus_options, network, train = pick(CorpusOptions), pick(NetworkOptions), pick(TrainOptions)
        tokenizer_options = pick(TokenizerOptions)
        assert not values, f"no such option: {values}"
        corpus = load_corpus(str(source), corpus_options)
        tokenizer = build_tokenizer(corpus.train + corpus.valid, tokenizer_options)
        task = LanguageTask.start(network, tokenizer, train, corpus, corpus_options)
        return Trainer.start(RunFolder(tmp_path / folder), task, train)

    return make
