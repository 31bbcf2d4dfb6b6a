"""What all tests share: the command line as a real process, and small trained and exported models."""

import functools
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import hypothesis
import pytest

from toolkit.corpus import CorpusOptions, load_corpus
from toolkit.tokenizer import TokenizerOptions, build_tokenizer

# Small matrices do not gain from a second thread, and on a busy machine waiting for it took twenty times as long.
os.environ.setdefault("OMP_NUM_THREADS", "1")

# How long an example takes says nothing on a busy machine, and speed is for benchmarks.
hypothesis.settings.register_profile("calm", deadline=None)
hypothesis.settings.load_profile("calm")

Cli = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture
def cli(tmp_path: Path) -> Cli:
    """Run ``toolkit ARGS`` as a process of its own in an empty folder; returns what it printed and its code."""

    def run(*args: object, cwd: Path = tmp_path, **env: str) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            [sys.executable, "-m", "toolkit", *map(str, args)],
            cwd=cwd,
            env={**os.environ, "OMP_NUM_THREADS": "1", "COLUMNS": "200", **env},
            capture_output=True,
            encoding="utf-8",
            check=False,
            timeout=300,
        )

    return run


@pytest.fixture(scope="session", autouse=True)
def operators_read_once() -> None:
    """torch reads its list of operators anew for each export: two fifths of the time that a small one takes."""
    from torch.onnx._internal.exporter import _registration

    known = functools.cache(_registration.ONNXRegistry.from_torchlib)
    _registration.ONNXRegistry.from_torchlib = staticmethod(known)


def pytest_plugin_registered(plugin: object, manager: pytest.PytestPluginManager) -> None:
    """Where Qt cannot be loaded, pytest-qt would end the whole run; tests/gui/conftest.py skips what needs it."""
    if manager.has_plugin("pytest-qt"):
        try:
            import PySide6.QtTest
            import PySide6.QtWidgets  # noqa: F401
        except ImportError:
            manager.unregister(name="pytest-qt")


class Silent:
    """A `Reporter` that says nothing."""

    def batch(self, *_: object) -> None: ...

    def milestone(self, *_: object) -> None: ...

    def epoch(self, _: object) -> None: ...

    def sample(self, _: str) -> None: ...


@pytest.fixture
def closed_folder() -> Iterator[Path]:
    """A folder with a file `kept` in which nobody may write, not even root, who is somebody else for the test."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "kept").write_bytes(b"old")
        folder.chmod(0o555)
        root = os.geteuid() == 0
        if root:
            os.seteuid(65534)
        try:
            yield folder
        finally:
            if root:
                os.seteuid(0)
            folder.chmod(0o755)


@pytest.fixture(scope="session")
def make_checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Path]:
    """A function that trains a small network on built-in lyrics once for each combination; gives its best.pt."""
    from toolkit.models.language_task import LanguageTask
    from toolkit.models.network_options import NetworkOptions
    from toolkit.models.run_folder import RunFolder
    from toolkit.models.train_options import TrainOptions
    from toolkit.models.trainer import Trainer

    made: dict[object, Path] = {}

    def make(
        tokenizer: str = "char",
        newline: str = "keep",
        corpus: str = "builtin:lyrics-zh",
        max_chars: int = 4000,
        epochs: int = 2,
        **network: object,
    ) -> Path:
        key = (tokenizer, newline, corpus, max_chars, epochs, *sorted(network.items()))
        if key not in made:
            corpus_options = CorpusOptions(max_chars=max_chars)
            text = load_corpus(corpus, corpus_options)
            vocabulary = build_tokenizer(
                text.train + text.valid, TokenizerOptions(tokenizer=tokenizer, newline=newline)
            )
            shape = NetworkOptions(**{"hidden_size": 48, "embedding_size": 24, **network})
            options = TrainOptions(
                epochs=epochs, batch_size=8, num_steps=16, sample_every=0, device="cpu", save_every=60
            )
            folder = RunFolder(tmp_path_factory.mktemp("run") / "run")
            task = LanguageTask.start(shape, vocabulary, options, text, corpus_options)
            Trainer.start(folder, task, options).run(Silent())
            made[key] = folder.best
        return made[key]

    return make


@pytest.fixture(scope="session")
def make_bundle(make_checkpoint: Callable[..., Path], tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Path]:
    """A function that exports such a checkpoint once for each combination; gives the bundle's folder. Read only."""
    from toolkit.export.export_options import ExportOptions
    from toolkit.export.exporter import export_checkpoint

    made: dict[tuple[Path, str], Path] = {}

    def make(quantize: str = "none", **options: object) -> Path:
        checkpoint = make_checkpoint(**options)
        if (checkpoint, quantize) not in made:
            folder = tmp_path_factory.mktemp("bundle") / "model"
            how = ExportOptions(quantize=quantize, max_ppl_increase=100.0)
            made[checkpoint, quantize] = export_checkpoint(checkpoint, folder, how).folder
        return made[checkpoint, quantize]

    return make


@pytest.fixture(scope="session")
def make_pairs_checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Path]:
    """A function that trains a small network on pairs of texts once for each combination; gives its best.pt."""
    from toolkit.bundle import SOURCE, TARGET
    from toolkit.models.run_folder import RunFolder
    from toolkit.models.seq2seq_options import Seq2SeqOptions
    from toolkit.models.seq2seq_task import Seq2SeqTask
    from toolkit.models.train_options import TrainOptions
    from toolkit.models.trainer import Trainer
    from toolkit.parallel import ParallelOptions, load_parallel
    from toolkit.tokenizer import build_marked_tokenizer

    made: dict[object, Path] = {}

    def make(
        source: str = "builtin:couplets-zh",
        max_pairs: int = 80,
        epochs: int = 2,
        tokenizer: str = "char",
        min_count: int = 1,
        **network: object,
    ) -> Path:
        key = (source, max_pairs, epochs, tokenizer, min_count, *sorted(network.items()))
        if key not in made:
            data_options = ParallelOptions(max_pairs=max_pairs)
            data = load_parallel(source, data_options)
            sources, targets = zip(*data.train, *data.valid, strict=True)
            words = TokenizerOptions(tokenizer=tokenizer, min_count=min_count)
            tokenizers = {
                SOURCE: build_marked_tokenizer(sources, words),
                TARGET: build_marked_tokenizer(targets, words),
            }
            shape = Seq2SeqOptions(**{"hidden_size": 24, "embedding_size": 12, **network})
            options = TrainOptions(epochs=epochs, batch_size=16, lr=0.01, sample_every=0, device="cpu", save_every=60)
            folder = RunFolder(tmp_path_factory.mktemp("run") / "run")
            task = Seq2SeqTask.start(shape, tokenizers, options, data, data_options)
            Trainer.start(folder, task, options).run(Silent())
            made[key] = folder.best
        return made[key]

    return make


@pytest.fixture(scope="session")
def make_pairs_bundle(
    make_pairs_checkpoint: Callable[..., Path], tmp_path_factory: pytest.TempPathFactory
) -> Callable[..., Path]:
    """A function that exports such a checkpoint once for each combination; gives the bundle's folder. Read only."""
    from toolkit.export.exporter import export_checkpoint

    made: dict[Path, Path] = {}

    def make(**options: object) -> Path:
        checkpoint = make_pairs_checkpoint(**options)
        if checkpoint not in made:
            made[checkpoint] = export_checkpoint(checkpoint, tmp_path_factory.mktemp("bundle") / "model").folder
        return made[checkpoint]

    return make
