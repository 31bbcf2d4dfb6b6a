"""toolkit demo: the whole way on real lyrics, in about two minutes."""

from pathlib import Path

from toolkit.cli.output import console, facts_table
from toolkit.corpus import CorpusOptions, load_corpus
from toolkit.loading import load
from toolkit.models.commands import run_trainer
from toolkit.models.language_task import LanguageTask
from toolkit.models.network_options import NetworkOptions
from toolkit.models.run_folder import RunFolder
from toolkit.models.train_options import TrainOptions
from toolkit.models.trainer import Trainer
from toolkit.sampling import SamplingOptions
from toolkit.tokenizer import TokenizerOptions, build_tokenizer

from .commands import print_parity
from .exporter import export_checkpoint

_PROMPTS = {"builtin:lyrics-zh": "我在", "builtin:lyrics-en": "The moon"}

_SAMPLING = SamplingOptions(max_new_tokens=64, temperature=0.7, top_k=40, seed=1)


def run_demo(folder: Path, source: str) -> None:
    """Train, export, check and write; `folder` becomes the run folder, with the bundle in it.

    Raises:
        ToolkitError: the folder exists, or the corpus cannot be read.
    """
    out = console(stderr=True)
    out.rule("1. train", align="left")
    # No validation: a demonstration should sing, and 130 songs are too few to hold some back.
    corpus_options = CorpusOptions(valid_fraction=0.0)
    corpus = load_corpus(source, corpus_options)
    tokenizer = build_tokenizer(corpus.train, TokenizerOptions())
    options = TrainOptions(epochs=30, lr=0.004, sample_every=10, device="cpu")
    run = RunFolder(folder)
    task = LanguageTask.start(NetworkOptions(), tokenizer, options, corpus, corpus_options)
    run_trainer(Trainer.start(run, task, options))

    out.rule("2. export and compare with eager PyTorch", align="left")
    exported = export_checkpoint(run.best, folder / "model")
    print_parity(exported.report)
    out.print(facts_table("", [(name, f"{size:,} bytes") for name, size in exported.sizes.items()]))

    out.rule("3. write lyrics from the exported file", align="left")
    prompt = _PROMPTS.get(source, tokenizer.example)
    (result,) = load(exported.folder, "cpu").generate(prompt, _SAMPLING)
    console().print(str(result))
    out.print(
        f"\nmore: toolkit generate {exported.folder} --prompt {prompt!r} --temperature {_SAMPLING.temperature} "
        f"--top-k {_SAMPLING.top_k} --seed 2 --stream"
    )
