"""The command `toolkit`: a table of commands, each loaded when it is called."""

import difflib
import gc
import os
import sys
from collections.abc import Mapping
from importlib import import_module
from typing import Any, NamedTuple

import click

from toolkit.errors import MissingDependencyError, ToolkitError
from toolkit.version import __version__

EXIT_USER_ERROR = 2
EXIT_INTERRUPTED = 130


class Entry(NamedTuple):
    """Where a command lives, its line in ``toolkit --help`` and the extra it needs."""

    module: str
    name: str
    help: str
    extra: str | None = None


COMMANDS: Mapping[str, Entry] = {
    "demo": Entry(
        "toolkit.export.commands", "demo", "Train on built-in lyrics, export, check, write lyrics.", "train,export"
    ),
    "recipes": Entry("toolkit.models.commands", "recipes", "What `toolkit train --recipe` can train."),
    "train": Entry("toolkit.models.commands", "train", "Train a model on a text.", "train"),
    "export": Entry("toolkit.export.commands", "export", "Turn a checkpoint into a verified bundle.", "train,export"),
    "verify": Entry(
        "toolkit.export.commands", "verify", "Check a bundle against its checkpoint again.", "train,export"
    ),
    "generate": Entry("toolkit.cli.generate", "generate", "Write text with a model."),
    "lyrics": Entry("toolkit.cli.lyrics", "lyrics", "Write lyrics that keep rules of length, rhyme and more."),
    "translate": Entry("toolkit.cli.translate", "translate", "Write texts from texts with a model."),
    "series": Entry("toolkit.cli.series", "series", "Run a model over real numbers along a series."),
    "window": Entry("toolkit.cli.window", "window", "What may follow on a text, by a model that reads a window."),
    "eval": Entry("toolkit.cli.evaluate", "evaluate", "Perplexity of a text under a model."),
    "bench": Entry("toolkit.cli.bench", "bench", "How fast a model decodes, and how fast it could."),
    "embed": Entry("toolkit.cli.embed", "embed", "Write a program around a model: a web page, …"),
    "gui": Entry("toolkit.gui.commands", "gui", "Write lyrics in a window.", "gui"),
    "info": Entry("toolkit.cli.info", "info", "What a bundle, an .onnx file or a checkpoint holds."),
    "doctor": Entry("toolkit.cli.doctor", "doctor", "What works on this machine, and what to install."),
}


class LazyGroup(click.Group):
    """A group whose commands are imported by name, so that none pays for another's libraries."""

    def list_commands(self, _ctx: click.Context) -> list[str]:
        """In the order of the table: the way of a model from text to text."""
        return list(COMMANDS)

    def get_command(self, _ctx: click.Context, name: str) -> click.Command | None:
        """Import one command."""
        entry = COMMANDS.get(name)
        if entry is None:
            return None
        command: click.Command = getattr(import_module(entry.module), entry.name)
        return command

    def invoke(self, ctx: click.Context) -> object:
        """Run a command; a package that is missing is named together with the line that installs it."""
        try:
            result = super().invoke(ctx)
            sys.stdout.flush()  # now, while a full disk can still be reported
        except BrokenPipeError:  # the reader (head, less) has seen enough; click would exit with 1
            _discard_output()
            raise click.exceptions.Exit(0) from None
        except OSError as error:
            if error.filename is not None:  # not a stream: a defect of ours
                raise
            _discard_output()
            raise ToolkitError(f"standard output: cannot write to it: {error.strerror}.") from error
        except ModuleNotFoundError as error:
            entry = COMMANDS.get(ctx.invoked_subcommand or "")
            if entry is None or entry.extra is None or (error.name or "").startswith("toolkit"):
                raise
            purpose = f"toolkit {ctx.invoked_subcommand}"
            raise MissingDependencyError.for_extra(str(error.name).partition(".")[0], purpose, entry.extra) from error
        return result

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find a command; for a mistyped one, say which is meant."""
        name = args[0]
        close = difflib.get_close_matches(name, COMMANDS, n=1)
        if name not in COMMANDS and close:
            raise click.UsageError(f"No such command '{name}'. Did you mean '{close[0]}'?", ctx)
        return super().resolve_command(ctx, args)

    def format_commands(self, _ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the commands from the table, without importing any."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, entry.help) for name, entry in COMMANDS.items()])


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, prog_name="toolkit")
def cli() -> None:
    """Recurrent sequence models from a training script to anywhere.

    Train (or bring) an RNN, GRU or LSTM, export it as TorchScript and ONNX with the state as explicit
    input and output, proved equal to PyTorch, and run it with numpy and ONNX Runtime alone.
    """


def main() -> None:
    """Run the command line: errors of the user are one line on standard error and exit code 2."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            # A Windows pipe would choke on Chinese, any stream on arguments that are no UTF-8.
            stream.reconfigure(encoding="utf-8", errors="backslashreplace")
    code = _run()
    gc.freeze()  # on its way out the interpreter would search all of torch for cycles: a second
    sys.exit(code)


def _run(**options: Any) -> int:  # noqa: ANN401 - passed through to click
    try:
        code = cli.main(standalone_mode=False, prog_name="toolkit", **options)
    except click.exceptions.NoArgsIsHelpError as error:
        click.echo(error.format_message())
        return EXIT_USER_ERROR
    except click.ClickException as error:
        message = error.format_message().replace("\n", " ").replace("?.", "?")
        if isinstance(error, click.UsageError) and error.ctx:
            message += f"{'' if message.endswith(('.', '?')) else '.'} See: {error.ctx.command_path} --help"
        return _complain(message)
    except ToolkitError as error:
        return _complain(str(error))
    except (click.Abort, KeyboardInterrupt):
        click.echo("\ninterrupted", err=True)
        return EXIT_INTERRUPTED
    return code if isinstance(code, int) else 0


def _discard_output() -> None:
    """Let the interpreter's own flush at the end, of what could not be written, succeed."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _complain(message: str) -> int:
    click.secho("error: ", fg="red", bold=True, nl=False, err=True)
    click.echo(message, err=True)
    return EXIT_USER_ERROR
