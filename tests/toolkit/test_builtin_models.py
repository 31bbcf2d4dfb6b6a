import re
from pathlib import Path

import pytest

import toolkit
from toolkit.builtin_models import BUILTIN_MODELS, model_path
from toolkit.cli import _run
from toolkit.corpus import read_text
from toolkit.lyrics.check import check
from toolkit.lyrics.rules import LyricRules

VALID = Path(__file__).parents[3] / "shared" / "data" / "songci-valid.txt"
MIB = {"songci": 4, "lyrics-zh": 2, "lyrics-en": 2}
RULES = {
    "songci": ({"form": "七绝", "rhyme_with": "光"}, ["--form", "七绝", "--rhyme-with", "光"]),
    "lyrics-zh": (
        {"length": "7", "rhyme": "AABA", "acrostic": "春夏秋冬"},
        ["--length", "7", "--rhyme", "AABA", "--acrostic", "春夏秋冬"],
    ),
    "lyrics-en": (
        {"lines": 4, "unit": "syllable", "length": "8", "rhyme": "AABB", "rhyme_with": "night"},
        ["--lines", "4", "--unit", "syllable", "--length", "8", "--rhyme", "AABB", "--rhyme-with", "night"],
    ),
}


@pytest.mark.parametrize("name", BUILTIN_MODELS)
def test_a_model_that_comes_along_writes_lyrics_that_keep_rules(name, capsys):
    rules, args = RULES[name]
    assert _run(args=["lyrics", f"builtin:{name}", *args, "--seed", "1"]) == 0
    text = capsys.readouterr().out
    report = check(text, LyricRules(**rules))
    assert report.holds, report.findings
    assert len(text.split()) >= 4


@pytest.mark.parametrize("name", BUILTIN_MODELS)
def test_it_is_small_says_what_it_is_and_stands_in_the_card(name, capsys):
    path = model_path(f"builtin:{name}")
    assert path.stat().st_size <= MIB[name] * 2**20
    assert _run(args=["info", f"builtin:{name}"]) == 0
    assert "int8" in capsys.readouterr().out
    card = path.with_name("README.md").read_text(encoding="utf-8")
    section = re.search(rf"## {name}\n(.*?)(?=\n## |\Z)", card, flags=re.S)[1]
    assert "toolkit train" in section
    assert "toolkit export" in section
    assert "--seed" in section


def test_it_continues_a_prompt():
    (text,) = toolkit.load("builtin:songci").generate("春", max_new_tokens=20, seed=1)
    assert len(text.ids) == 20
    assert re.fullmatch(r"[\u4e00-\u9fff，。、\n]{20}", text.text)


def test_one_that_is_not_there_is_refused_with_those_that_are(capsys):
    assert _run(args=["generate", "builtin:haiku", "--prompt", "a"]) == 2
    error = capsys.readouterr().err
    assert "builtin:haiku: no such built-in model; there are builtin:songci, builtin:lyrics-zh" in error


@pytest.mark.slow
@pytest.mark.skipif(not VALID.exists(), reason="the corpus of Song ci is not part of the project")
def test_songci_predicts_lyrics_that_it_has_not_seen():
    assert toolkit.perplexity(toolkit.load("builtin:songci"), read_text(str(VALID))).perplexity < 60
