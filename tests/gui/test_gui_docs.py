"""docs/gui.md: what it says of keys, options, models and pictures is so."""

import re
from pathlib import Path

import pytest

from toolkit.builtin_models import BUILTIN_MODELS

DOCS = Path(__file__).parents[2] / "docs"
PAGE = (DOCS / "gui.md").read_text(encoding="utf-8")


def test_the_table_of_keys_is_that_of_the_actions():
    from toolkit.gui.actions import ENTRIES, TAKES

    rows = dict(re.findall(r"^\| ((?:Ctrl|F\d|Esc)[^|]*) \| ([^|]+) \|$", PAGE, re.MULTILINE))
    assert rows.pop("Ctrl+1 … Ctrl+8") == ENTRIES[TAKES[0]].help.replace("{n}", "1 … 8")
    assert rows == {", ".join(entry.keys): entry.help for entry in ENTRIES.values() if entry.keys}


@pytest.mark.parametrize("name", sorted(set(re.findall(r"\]\(([\w.-]+)\)", PAGE))))
def test_what_the_page_shows_and_names_is_there(name):
    assert (DOCS / name).is_file()


def test_its_options_and_models_exist():
    from toolkit.gui.commands import gui

    known = {option for parameter in gui.params for option in parameter.opts}
    assert set(re.findall(r"toolkit gui[^`\n]*(--[\w-]+)", PAGE)) <= known
    assert {name for name, _ in re.findall(r"^\| `builtin:([\w-]+)` \| (.*) \|$", PAGE, re.MULTILINE)} == set(
        BUILTIN_MODELS
    )
