"""toolkit gui."""

import os
import sys
from pathlib import Path

import click

from toolkit.corpus import BUILTIN
from toolkit.errors import FileFormatError

from .system import check_libraries, check_screen


@click.command()
@click.argument("model", required=False)
@click.option("--project", type=click.Path(path_type=Path), help="open a project or a text that was saved")
@click.option("--lang", type=click.Choice(["system", "en", "zh_CN"]), help="language of the window")
@click.option("--desktop-entry", is_flag=True, help="put the program into the desktop's menu, and end (Linux)")
@click.option("--remove-desktop-entry", is_flag=True, help="take it out of the menu again, and end")
def gui(
    model: str | None, project: Path | None, lang: str | None, desktop_entry: bool, remove_desktop_entry: bool
) -> int:
    """Write lyrics in a window.

    MODEL is a bundle, one .onnx file or builtin:songci, builtin:lyrics-zh, builtin:lyrics-en; by default the one of
    the last time. A project or a text can be given in its place.
    """
    if desktop_entry or remove_desktop_entry:
        check_libraries()
        from . import desktop_entry as desktop

        for path in desktop.install() if desktop_entry else desktop.remove():
            click.echo(path)
        return 0
    given = Path(model) if model is not None and not model.startswith(BUILTIN) else None
    for named in (given, project):
        if named is not None and not os.path.exists(named):  # noqa: PTH110 - Path's own raises where a name is too long
            raise FileFormatError(f"{named}: expected a model, a project or a text, found nothing. Check the path.")
    if given is not None and project is None and given.is_file() and given.suffix not in {".onnx", ".pt"}:
        model, project = None, given
    check_screen()
    from .app import run

    return run(model, project, lang)


def main() -> None:
    """`toolkit gui` as a program of its own: toolkit-gui, and the folder app."""
    from toolkit.cli import main as toolkit_main

    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:  # Windows gives a program without a console none
            setattr(sys, name, Path(os.devnull).open("w", encoding="utf-8"))  # noqa: SIM115 - until the end
    sys.argv[1:1] = ["gui"]
    toolkit_main()
