"""docs/gui.md and docs/gui.zh.md: what they say of keys, options, models, pictures and labels is so."""

import re
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

from toolkit.builtin_models import BUILTIN_MODELS
from toolkit.gui.translations import update

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
PAGES = {name: (DOCS / name).read_text(encoding="utf-8") for name in ("gui.md", "gui.zh.md")}

MNEMONIC = re.compile(r"\(&.\)|[：…]")
"""What labels have besides their words."""


def chinese(context=None):
    """The texts of the window and what they are in Chinese, of one part of the program or of all."""
    for part in ET.parse(Path(update.__file__).parent / "lyrics_zh_CN.ts").iter("context"):
        if context in {None, part.findtext("name")}:
            for message in part.iter("message"):
                yield message.findtext("source"), "".join(message.find("translation").itertext()).strip()


def linked(page):
    return re.findall(r"\]\(([\w.-]+)\)", page)


def code(page):
    """Names, options, files and variables, and the commands of the block."""
    spans = re.findall(r"(?<!`)`([^`\n]+)`(?!`)", page)
    lines = re.findall(r"^```sh\n(.*?)^```$", page, re.MULTILINE | re.DOTALL)[0].splitlines()
    return {*spans, *(line.partition(" #")[0].rstrip() for line in lines)}


@pytest.mark.parametrize("page", PAGES)
def test_the_table_of_keys_is_that_of_the_actions(page):
    from toolkit.gui.actions import CONTEXT, ENTRIES, TAKES

    words = {text: text if page == "gui.md" else translated for text, translated in chinese(CONTEXT)}
    rows = dict(re.findall(r"^\| ((?:Ctrl|F\d|Esc)[^|]*) \| ([^|]+) \|$", PAGES[page], re.MULTILINE))
    assert rows.pop("Ctrl+1 … Ctrl+8") == words[ENTRIES[TAKES[0]].help].replace("{n}", "1 … 8")
    assert rows == {", ".join(entry.keys): words[entry.help] for entry in ENTRIES.values() if entry.keys}


@pytest.mark.parametrize("name", sorted({name for page in PAGES.values() for name in linked(page)}))
def test_what_the_pages_show_and_name_is_there(name):
    assert (DOCS / name).is_file()


def test_the_pages_are_linked_to_each_other_and_from_the_readme():
    assert "](gui.zh.md)" in PAGES["gui.md"].splitlines()[2]
    assert "](gui.md)" in PAGES["gui.zh.md"].splitlines()[2]
    assert {f"docs/{name}" for name in PAGES} <= set(
        re.findall(r"\]\((docs/[^)]+)\)", (ROOT / "README.md").read_text(encoding="utf-8"))
    )


@pytest.mark.parametrize("page", PAGES.values(), ids=PAGES)
def test_their_options_and_models_exist(page):
    from toolkit.gui.commands import gui

    known = {option for parameter in gui.params for option in parameter.opts}
    assert set(re.findall(r"toolkit gui[^`\n]*(--[\w-]+)", page)) <= known
    assert {name for name, _ in re.findall(r"^\| `builtin:([\w-]+)` \| (.*) \|$", page, re.MULTILINE)} == set(
        BUILTIN_MODELS
    )


def test_both_pages_have_the_same_pictures_commands_and_files():
    english, chinese_page = PAGES.values()
    assert code(english) == code(chinese_page)
    assert sorted(name for name in linked(english) if name.endswith(".png")) == sorted(
        name for name in linked(chinese_page) if name.endswith(".png")
    )


def test_what_the_chinese_page_names_in_bold_stands_in_the_window():
    named = set(re.findall(r"\*\*(.+?)\*\*|「(.+?)」", PAGES["gui.zh.md"]))
    assert {"生成", "重新生成", "规则", "采样", "藏头"} <= {bold for bold, _ in named}
    assert {bold or quoted for bold, quoted in named} <= {MNEMONIC.sub("", text) for _, text in chinese()}
