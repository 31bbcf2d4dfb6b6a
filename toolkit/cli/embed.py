"""toolkit embed: a model in a program of its own."""

from pathlib import Path

import click

from toolkit.cli.output import console

TARGETS = {
    "html": "one file that opens in a browser from the disk",
    "web": "the same as a small site for a server",
    "node": "programs for Node and onnxruntime-node",
    "python": "programs for numpy and ONNX Runtime",
    "c": "programs in C11 for ONNX Runtime's library",
    "cpp": "the same in C++17",
}


@click.command()
@click.argument("model", type=click.Path(path_type=Path))
@click.option(
    "--target",
    required=True,
    type=click.Choice(tuple(TARGETS)),
    help="; ".join(f"{name}: {what}" for name, what in TARGETS.items()),
)
@click.option(
    "-o", "--output", required=True, type=click.Path(path_type=Path), help="The file (html), or the folder (others)."
)
@click.option("--force", is_flag=True, help="Replace what such a command wrote there before.")
@click.option(
    "--runtime",
    type=click.Path(path_type=Path),
    metavar="FILE.tgz",
    help="The archive of onnxruntime-web, where npm cannot fetch it.",
)
def embed(model: Path, target: str, output: Path, force: bool, runtime: Path | None) -> None:
    """Write a program around MODEL that reads text and writes text, and needs nothing of this toolkit.

    MODEL is a bundle, one .onnx file, or builtin:NAME. Where it has no text.onnx, that is made of its decode loop and
    checked against it first.

    \b
    toolkit embed runs/a/best --target html -o lyrics.html
    toolkit embed builtin:lyrics-zh --target web -o site
    """  # noqa: D301 - click wants the character itself
    from toolkit.embed import write_program

    sizes = write_program(model, target, output, runtime, force=force)
    out = console(stderr=True)
    for name, size in sizes.items():
        out.print(f"wrote {name}, {size / 2**20:.2f} MiB")
