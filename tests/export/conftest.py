"""Models made the user's way: `toolkit train`, then `toolkit export`, for every cell and both tokenizers."""

from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest

from toolkit.cli import _run


class Made(NamedTuple):
    """A checkpoint and the bundle that the command line put beside it."""

    checkpoint: Path
    bundle: Path


@pytest.fixture(scope="session")
def trained_and_exported(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str, str], Made]:
    """A function (cell, tokenizer) -> what the two commands wrote, made once for each pair. Read only."""
    made: dict[tuple[str, str], Made] = {}

    def make(cell: str, tokenizer: str) -> Made:
        if (cell, tokenizer) not in made:
            run = tmp_path_factory.mktemp("runs") / "a"
            small = ["--max-chars", "2000", "--hidden-size", "32", "--embedding-size", "16", "--epochs", "2"]
            quick = ["--batch-size", "8", "--num-steps", "16", "--device", "cpu", "--sample-every", "0"]
            kind = ["--cell", cell, "--tokenizer", tokenizer]
            assert _run(args=["train", "builtin:lyrics-zh", "-o", str(run), *kind, *small, *quick]) == 0
            assert _run(args=["export", str(run / "best.pt")]) == 0
            made[cell, tokenizer] = Made(run / "best.pt", run / "best")
        return made[cell, tokenizer]

    return make
