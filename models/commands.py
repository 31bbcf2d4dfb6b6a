"""toolkit train and recipes."""

import math
import shlex
from collections.abc import Callable, Mapping
from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from toolkit.bundle import LM, SEQ2SEQ, SERIES, SOURCE, TARGET, TOKENIZER, WINDOW
from toolkit.cli.output import console, facts_table, json_option, print_json
from toolkit.cli.params import collect, dataclass_options, given
from toolkit.corpus import Corpus, CorpusOptions, load_corpus
from toolkit.parallel import ParallelOptions, load_parallel
from toolkit.tokenizer import UNK, Tokenizer, TokenizerOptions, build_marked_tokenizer, build_tokenizer

from .network_options import NetworkOptions
from .recipe import SECTIONS, Recipe, read_recipe, recipe_names
from .seq2seq_options import Seq2SeqOptions
from .series_options import SeriesDataOptions, SeriesOptions
from .train_options import CHANGEABLE_ON_RESUME, TrainOptions

if TYPE_CHECKING:
    from .task import Task
    from .trainer import Trainer


def _use_recipe(ctx: click.Context, _param: click.Parameter, name: str | None) -> Recipe | None:
    """What the recipe sets becomes the default; what stands on the command line goes before it."""
    if name is None:
        return None
    recipe = read_recipe(name)
    if recipe.kind == LM:
        ctx.default_map = {"corpus": recipe.source, **recipe.values()}
    return recipe


@click.command()
@click.argument("corpus", required=False)
@click.option(
    "--recipe",
    metavar="NAME|FILE",
    is_eager=True,  # before the options whose defaults it sets
    callback=_use_recipe,
    help="A recipe of `toolkit recipes`, or a .toml of your own; other options change it.",
)
@click.option("-o", "--output", type=click.Path(path_type=Path), help="The folder of the run, to be made.")
@click.option("--resume", type=click.Path(path_type=Path), help="Go on with the run in this folder.")
@dataclass_options(
    CorpusOptions, TokenizerOptions, NetworkOptions, TrainOptions, Seq2SeqOptions, ParallelOptions, SeriesOptions
)
@click.pass_context
def train(
    ctx: click.Context,
    /,
    corpus: str | None,
    recipe: Recipe | None,
    output: Path | None,
    resume: Path | None,
    **params: Any,  # noqa: ANN401 - click passes the options by name
) -> None:
    """Train a language model on CORPUS, or what a recipe says.

    CORPUS is a text file, a folder of *.txt, a .zip holding one, builtin:lyrics-zh or builtin:lyrics-en. With a
    recipe from text to text it is a .tsv of two columns, or one file and --target another, line by line.
    The run folder gets last.pt and best.pt (by validation perplexity; by training perplexity with
    --valid-fraction 0), metrics.jsonl and loss.png. Ctrl-C saves; --resume goes on exactly there.

    \b
    toolkit train builtin:lyrics-zh -o runs/a --cell lstm
    toolkit train --recipe d2l-gru -o runs/b --epochs 80
    toolkit train pairs.tsv --recipe dates -o runs/c
    toolkit train --resume runs/a --epochs 60
    """  # noqa: D301 - click wants the character itself
    if resume is not None:
        if recipe is not None:
            raise click.UsageError("--resume goes on with what the run began with; leave --recipe out")
        trainer = _resumed(ctx, resume, corpus, output, params)
    elif recipe is not None and recipe.kind != LM and output is not None:
        changes = {name: params[name] for name in given(ctx) if name in params}
        trainer = _started(recipe.kind, corpus or recipe.source, output, recipe.options(changes))
    elif corpus is None or output is None:
        raise click.UsageError("give a CORPUS or a --recipe and a run folder (-o RUN), or --resume RUN")
    else:
        known = {part.name for cls in SECTIONS[LM].values() for part in fields(cls)}  # type: ignore[arg-type]  # dataclasses
        if other := [f"--{name.replace('_', '-')}" for name in given(ctx) if name in params and name not in known]:
            raise click.UsageError(
                f"a language model has no {', '.join(other)}; other kinds of model begin with a --recipe"
            )
        options = {section: collect(cls, params) for section, cls in SECTIONS[LM].items()}
        trainer = _started(LM, corpus, output, options)
    run_trainer(trainer)
    if recipe is not None and recipe.figure is not None:
        figure, found = recipe.figure, trainer.metrics.get(recipe.figure.metric)
        said = f", the tutorial's {figure.tutorial}" if figure.tutorial else ""
        reached = "not known" if found is None else f"{found:.4g}"
        console(stderr=True).print(
            f"recipe {recipe.name}: {figure.metric} {reached}, expected at most {figure.at_most:g}{said}"
        )


@click.command()
@click.argument("name", required=False)
@json_option
def recipes(name: str | None, as_json: bool) -> None:
    """List the recipes of `toolkit train --recipe`, or print the file of one: a start for your own.

    \b
    toolkit recipes
    toolkit recipes d2l-gru > mine.toml
    toolkit train --recipe mine.toml -o runs/mine
    """  # noqa: D301 - click wants the character itself
    if name is not None:
        recipe = read_recipe(name)
        if as_json:
            print_json({"name": recipe.name, "kind": recipe.kind, "source": recipe.source, **recipe.sections})
        else:
            click.echo(recipe.text, nl=False)
        return
    found = [read_recipe(name) for name in recipe_names()]
    if as_json:
        print_json({"recipes": [{"name": r.name, "kind": r.kind, "about": r.about} for r in found]})
        return
    console().print(facts_table("", [(recipe.name, recipe.about) for recipe in found]))


def _started(kind: str, source: str, output: Path, options: Mapping[str, Any]) -> "Trainer":
    """A new run, from the options of each section of `SECTIONS`."""
    task = _TASKS[kind](source, options)

    from .run_folder import RunFolder
    from .trainer import Trainer

    return Trainer.start(RunFolder(output), task, options["training"])


def _language_task(source: str, options: Mapping[str, Any]) -> "Task":
    """A new run on a text, token by token."""
    corpus, tokenizer = _text(source, options)

    from .language_task import LanguageTask

    return LanguageTask.start(options["network"], tokenizer, options["training"], corpus, options["corpus"])


def _window_task(source: str, options: Mapping[str, Any]) -> "Task":
    """A new run on a text, window by window."""
    corpus, tokenizer = _text(source, options)

    from .window_task import WindowTask

    return WindowTask.start(options["network"], tokenizer, options["training"], corpus, options["corpus"])


def _text(source: str, options: Mapping[str, Any]) -> tuple[Corpus, Tokenizer]:
    """A text and its vocabulary."""
    corpus = load_corpus(source, options["corpus"])
    return corpus, build_tokenizer(corpus.train + corpus.valid, options["tokenizer"])


def _series_task(source: str, options: Mapping[str, Any]) -> "Task":
    """A new run on numbers."""
    from toolkit.series_data import load_series_data

    data = load_series_data(source, options["data"].valid_fraction)

    from .series_task import SeriesTask

    return SeriesTask.start(options["network"], options["training"], data, options["data"])


def _seq2seq_task(source: str, options: Mapping[str, Any]) -> "Task":
    """A new run on pairs of texts."""
    data = load_parallel(source, options["data"])
    pairs = zip((SOURCE, TARGET), zip(*data.train, *data.valid, strict=True), strict=True)
    tokenizers = {name: build_marked_tokenizer(texts, options["tokenizer"]) for name, texts in pairs}

    from .seq2seq_task import Seq2SeqTask

    return Seq2SeqTask.start(options["network"], tokenizers, options["training"], data, options["data"])


_TASKS: Mapping[str, Callable[[str, Mapping[str, Any]], "Task"]] = {
    LM: _language_task,
    SERIES: _series_task,
    SEQ2SEQ: _seq2seq_task,
    WINDOW: _window_task,
}
"""Kind of model -> what begins its training on a source. All that can be wrong without torch is found before."""


def _resumed(
    ctx: click.Context, resume: Path, source: str | None, output: Path | None, params: dict[str, Any]
) -> "Trainer":
    """A run that goes on; only some options may differ from the saved ones."""
    changed = [name for name in given(ctx) if name not in {"resume", "corpus"}]
    fixed = [f"--{name.replace('_', '-')}" for name in changed if name not in CHANGEABLE_ON_RESUME]
    if fixed or output is not None:
        allowed = ", ".join(f"--{name.replace('_', '-')}" for name in CHANGEABLE_ON_RESUME)
        raise click.UsageError(f"--resume keeps {', '.join(fixed)} as the run began; only {allowed} may change")

    from toolkit.series_data import load_series_data

    from .language_task import LanguageTask
    from .run_folder import RunFolder
    from .series_task import SeriesTask
    from .trainer import Trainer, merged_options
    from .window_task import WindowTask

    folder = RunFolder(resume.parent if resume.name == "last.pt" else resume)
    checkpoint = folder.open()
    where = str(folder.last)
    saved = TrainOptions.from_dict(checkpoint.training["options"], where)
    options = merged_options(saved, {name: params[name] for name in changed})
    source, saved_options = source or checkpoint.corpus["source"], checkpoint.corpus["options"]
    task: Task
    if checkpoint.kind == SEQ2SEQ:
        from .seq2seq_task import Seq2SeqTask

        pair_options = ParallelOptions.from_dict(saved_options, where)
        task = Seq2SeqTask.resume(checkpoint, options, load_parallel(source, pair_options), pair_options)
    elif checkpoint.kind == SERIES:
        data_options = SeriesDataOptions.from_dict(saved_options, where)
        data = load_series_data(source, data_options.valid_fraction)
        task = SeriesTask.resume(checkpoint, options, data, data_options)
    else:
        corpus_options = CorpusOptions.from_dict(saved_options, where)
        text_task = WindowTask if checkpoint.kind == WINDOW else LanguageTask
        task = text_task.resume(checkpoint, options, load_corpus(source, corpus_options), corpus_options)
    return Trainer.resume(folder, task, options, checkpoint)


def run_trainer(trainer: "Trainer") -> None:
    """Run a trainer with a progress bar, and say what comes next."""
    from .progress import ConsoleReporter

    out, task = console(stderr=True), trainer.task
    where: list[tuple[str, object]] = [
        ("device", next(trainer.network.parameters()).device.type),
        ("folder", trainer.folder.path),
    ]
    out.print(facts_table("", [*task.facts(), *where]))
    batches, p = len(task), trainer.progress
    if p.epoch >= trainer.options.epochs > 0:
        out.print(f"all {p.epoch} epochs are done; for more: toolkit train --resume {trainer.folder.path} --epochs N")
    done = p.epoch * batches + p.batch
    for prefix in trainer.options.prefix:
        for name, tokenizer in task.tokenizers.items():
            if name != TARGET and (unknown := tokenizer.unknown(prefix)):
                out.print(f"prefix {prefix}: not in the vocabulary, read as {UNK}: {' '.join(unknown)}")
    with ConsoleReporter(out, trainer.options.epochs, batches, done, task.unit, task.measure) as reporter:
        outcome = trainer.run(reporter)
    folder = trainer.folder
    if outcome.best_epoch:
        best = "best " if trainer.options.keep == "best" else ""
        out.print(f"{best}{task.measure} {outcome.best:.4g} in epoch {outcome.best_epoch}, kept in {folder.best}")
    if outcome.reason == "interrupted":
        command = f"toolkit train --resume {shlex.quote(str(folder.path))}"
        out.print(f"stopped in epoch {outcome.epochs + 1} and saved. Go on with: {command}")
        raise click.exceptions.Exit(130)
    if outcome.reason == "early":
        out.print(f"stopped early: no better validation for {trainer.options.patience} epochs")
    if outcome.best_epoch or not trainer.options.epochs:
        if task.guessing is not None and math.inf > outcome.best > len(task.tokenizers[TOKENIZER]):
            out.print("this is worse than guessing: the training diverged. Start again with a smaller --lr")
        else:
            out.print(f"next: toolkit export {shlex.quote(str(folder.best))}")
