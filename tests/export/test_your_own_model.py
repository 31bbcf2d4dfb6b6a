"""docs/your-own-model.md: every block runs."""

import importlib.util
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

import toolkit
from toolkit.cli import _run
from toolkit.corpus import read_text

PAGE = Path(__file__).parents[2] / "docs" / "your-own-model.md"


def sections():
    """Heading -> blocks (language, text) of the page."""
    found = {}
    for part in re.split(r"^## ", PAGE.read_text(encoding="utf-8"), flags=re.MULTILINE)[1:]:
        heading, _, body = part.partition("\n")
        found[heading] = re.findall(r"^```(\w+)\n(.*?)^```$", body, flags=re.MULTILINE | re.DOTALL)
    return found


@pytest.fixture
def workplace(tmp_path, monkeypatch):
    """An empty folder with a text in it."""
    monkeypatch.chdir(tmp_path)
    Path("lyrics.txt").write_text(read_text("builtin:lyrics-en"), encoding="utf-8")
    return tmp_path


@pytest.mark.slow
def test_every_block_of_the_page_runs(workplace, capfd):
    blocks = [block for part in sections().values() for block in part]
    Path("theirs.py").write_text("\n\n".join(text for language, text in blocks if language == "python"), "utf-8")
    subprocess.run([sys.executable, "-W", "error", "theirs.py"], check=True)
    for line in "".join(text for language, text in blocks if language == "sh").splitlines():
        command = shlex.split(line)
        assert command.pop(0) == "toolkit"
        assert _run(args=command) == 0, (line, capfd.readouterr().err)
    assert "women\nwhite\nqueen\n" in capfd.readouterr().out
    pairs = {"man": "women", "black": "white", "king": "queen", "girl": "boy", "up": "down", "high": "low"}
    translations = toolkit.load_translator("translator").translate_batch(list(pairs))
    assert [best.text for (best,) in translations] == list(pairs.values())


def test_the_table_names_every_shape_that_is_tested():
    maker = Path(__file__).with_name("foreign_checkpoints.py")
    spec = importlib.util.spec_from_file_location("shapes_of_the_table", maker)
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    rows = re.findall(r"^\| (`.*?`) \|", PAGE.read_text(encoding="utf-8"), flags=re.MULTILINE)
    named = [name for row in rows for name in re.findall(r"`([\w-]+)`", row)]
    assert named == list(module.SHAPES)
