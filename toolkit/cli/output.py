"""What commands print: tables and notes on standard error, results on standard output."""

import json
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

json_option = click.option("--json", "as_json", is_flag=True, help="One JSON object on standard output.")


def console(*, stderr: bool = False) -> "Console":
    """A console; made when needed, so that tests and pipes see the streams of the moment."""
    from rich.console import Console  # 30 ms that commands without tables need not spend

    class OurConsole(Console):
        def on_broken_pipe(self) -> None:
            raise BrokenPipeError  # for the command line to end quietly; rich would exit with 1

    # Paths, tokens and lyrics may hold "[/b]"; none of it is markup.
    return OurConsole(stderr=stderr, highlight=False, markup=False, soft_wrap=True)


def note(text: str) -> None:
    """A line beside the result."""
    click.secho(text, dim=True, err=True)


def warn(text: str) -> None:
    """A line that should be read."""
    click.secho("warning: ", fg="yellow", nl=False, err=True)
    click.echo(text, err=True)


def print_json(value: Mapping[str, Any]) -> None:
    """One JSON object, in one line, with Chinese as it is."""
    click.echo(json.dumps(value, ensure_ascii=False))


def facts_table(title: str, facts: Iterable[tuple[str, object]]) -> "Table":
    """Two columns: what, and its value."""
    from rich.table import Table  # as above

    table = Table(
        title=title, title_justify="left", title_style="bold", show_header=False, box=None, padding=(0, 2, 0, 0)
    )
    table.add_column(style="cyan", no_wrap=True)
    table.add_column(overflow="fold")
    for name, value in facts:
        table.add_row(name, str(value))
    return table
