"""The d2l setting, trained by the toolkit and by the tutorial's own loop, epoch by epoch in turn."""

import sys
import time
from pathlib import Path

import torch
from report import Figure, Series
from tutorial_loop import TutorialLoop

from toolkit.corpus import CorpusOptions, load_corpus
from toolkit.models.language_task import LanguageTask
from toolkit.models.network_options import NetworkOptions
from toolkit.models.run_folder import RunFolder
from toolkit.models.train_options import TrainOptions
from toolkit.models.trainer import Trainer
from toolkit.tokenizer import TokenizerOptions, build_tokenizer

EPOCHS = 250

_CORPUS = CorpusOptions(max_chars=10_000, valid_fraction=0)
_NETWORK = NetworkOptions(cell="rnn", hidden_size=256, embedding_size=0)
_TRAINING = {"batch_size": 32, "num_steps": 35, "lr": 1e-3, "clip_norm": 1e-2, "seed": 0}
_COMMAND = (
    "toolkit train builtin:lyrics-zh -o FOLDER --max-chars 10000 --valid-fraction 0 --newline space --cell rnn "
    "--hidden-size 256 --embedding-size 0 --batch-size 32 --num-steps 35 --lr 0.001 --clip-norm 0.01 "
    "--sampling consecutive --epochs 250 --sample-every 0 --device cpu"
)


class TakingTurns:
    """A reporter that, after each epoch of the toolkit, lets the tutorial's loop train one, and times both.

    An epoch of the toolkit is all that lies between two calls: minibatches, progress, metrics.jsonl and the copy of
    the best weights. Nothing is saved or validated in between.
    """

    def __init__(self, tutorial: TutorialLoop) -> None:
        self.tutorial = tutorial
        self.ours: list[float] = []
        self.theirs: list[float] = []
        self.perplexity = self.their_perplexity = float("nan")
        self.characters = 0
        self._began = time.perf_counter()

    def batch(self, *_: object) -> None:
        """Nothing to show."""

    def sample(self, _: str) -> None:
        """None are written."""

    def milestone(self, *_: object) -> None:
        """Nothing to show."""

    def epoch(self, record) -> None:
        """An epoch of ours is done: now one of theirs."""
        ended = time.perf_counter()
        self.ours.append(ended - self._began)
        self.perplexity = record["perplexity"]
        self.their_perplexity, self.characters = self.tutorial.epoch()
        self._began = time.perf_counter()
        self.theirs.append(self._began - ended)
        if record["epoch"] % 25 == 0:
            print(f"training, epoch {record['epoch']}", file=sys.stderr, flush=True)


def measure_training(folder: Path, epochs: int = EPOCHS) -> list[Figure]:
    """Perplexity after the last epoch, and characters a second of every epoch but the first."""
    corpus = load_corpus("builtin:lyrics-zh", _CORPUS)
    tokenizer = build_tokenizer(corpus.train, TokenizerOptions(newline="space"))
    options = TrainOptions(
        epochs=epochs, sampling="consecutive", sample_every=0, save_every=1e6, device="cpu", **_TRAINING
    )
    trainer = Trainer.start(
        RunFolder(folder), LanguageTask.start(_NETWORK, tokenizer, options, corpus, _CORPUS), options
    )
    turns = TakingTurns(TutorialLoop(corpus.train.replace("\n", " "), hidden_size=256, **_TRAINING))
    trainer.run(turns)

    def speeds(seconds: list[float]) -> list[float]:
        return [turns.characters / one for one in seconds[1:]]

    peer, peer_command = "tutorial's loop", "benchmarks/tutorial_loop.py, called by benchmarks/d2l_training.py"
    perplexity = Figure(
        Series(f"d2l setting, training perplexity of epoch {epochs}", [turns.perplexity], _COMMAND),
        "",
        Series(peer, [turns.their_perplexity], peer_command),
        at_most=1.03,
    )
    speed = Figure(
        Series("d2l setting, training speed, each epoch", speeds(turns.ours), _COMMAND),
        "characters/s",
        Series(peer, speeds(turns.theirs), peer_command),
        ratio_at_least=1.2,
        more_is_better=True,
        notes=[f"Both loops train with {torch.get_num_threads()} threads in one process."],
    )
    return [perplexity, speed]
