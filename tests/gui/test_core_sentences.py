import pytest
from PySide6.QtCore import QTranslator

from toolkit import load
from toolkit.errors import ToolkitError
from toolkit.gui.core_sentences import FOUND, SAID, translated
from toolkit.gui.languages import Languages
from toolkit.lyrics.check import check
from toolkit.lyrics.dice import Dice
from toolkit.lyrics.like import template_like
from toolkit.lyrics.options import LyricOptions
from toolkit.lyrics.plan import Plan
from toolkit.lyrics.rules import LyricRules
from toolkit.lyrics.template import parse_template
from toolkit.lyrics.vocabulary import vocabulary_of
from toolkit.lyrics.write import write_takes
from toolkit.tokenizer import CharTokenizer

CHARS = "春夏秋冬光阳香长天月山人间，。花开落水流红绿"

CHECKED = [
    ("春天，花。开，\n夏", LyricRules(length="7")),
    ("春天", LyricRules(length="5-7")),
    ("春，天", LyricRules(punctuation="none")),
    ("春天", LyricRules(lines=4)),
    ("", LyricRules()),
    ("花光\n天水", LyricRules(rhyme="AA", lines=2)),
    ("花光\n天香", LyricRules(rhyme="AB", lines=2)),
    ("花光\n天光", LyricRules(rhyme="AA", lines=2)),
    ("花光\n花光", LyricRules(lines=2)),
    ("花光\n天香\n月月", LyricRules(rhyme="AA BB")),
    ("花光\n\n天香\n月月", LyricRules(stanzas=2)),
    ("花光", LyricRules(acrostic="春夏")),
    ("花光", LyricRules(acrostic="春", acrostic_at="last")),
    ("花光", LyricRules(fixed=("3:1=月",))),
    ("花光", LyricRules(include=("月",), forbid=("花",))),
    ("花光天", LyricRules(template="平仄仄")),
    ("花光天，", LyricRules(template="_，__。")),
    ("zxqv", LyricRules(length="3", unit="syllable")),
]
"""Texts that keep some rules and break others."""

ENTERED = [
    {"length": "seven"},
    {"rhyme": "A1"},
    {"rhyme_with": "A=光 A=心"},
    {"fixed": ("月亮",)},
    {"lines": 7, "stanzas": 2},
    {"lines": 7, "rhyme": "AABA CCDC"},
    {"acrostic": "春夏秋冬", "lines": 2},
    {"fixed": ("9:1=月",), "lines": 2},
    {"rhyme_with": "Z=光", "rhyme": "AA"},
    {"template": "__{a}"},
    {"template": "__{"},
]
"""Rules that are at odds with themselves."""

PLANNED = [
    ({"acrostic": "龘", "lines": 1}, {}),
    ({"rhyme": "AAAA", "rhyme_with": "红", "length": "3"}, {}),
    ({"rhyme": "AAAAAAAAAA", "length": "3"}, {}),
    ({"rhyme": "AA", "rhyme_with": "zxqv"}, {}),
    ({"include": ("春夏秋冬",), "length": "2"}, {}),
    ({"forbid": ("春",), "lines": 2}, {1: "春天山人间"}),
    ({"forbid": tuple(set(CHARS) - set("，。")), "lines": 1}, {}),
    ({"length": "3", "lines": 2}, {1: "春"}),
    ({"lines": 2}, {1: "春天山人间", 2: "春天山人间"}),
    ({"lines": 2, "rhyme": "AA"}, {1: "春天山月光", 2: "山月人间光"}),
    ({"template": "平平\n__"}, {1: "月月"}),
]
"""Rules that a vocabulary, or lines that are given, cannot meet."""


@pytest.fixture(scope="module")
def said_by_the_core():
    """What the core really says: findings, and errors one by one."""
    found = [finding for text, rules in CHECKED for finding in check(text, rules).findings]
    said = [(finding.detail, finding.kept) for finding in found]
    vocabulary = vocabulary_of(CharTokenizer((*dict.fromkeys(CHARS), "\n"), unk_id=None), "char")
    calls = [lambda values=values: LyricRules(**values).layout("char") for values in ENTERED]
    calls += [lambda v=v, g=g: Plan(LyricRules(**v), vocabulary, g).arrange(Dice(0, 0)) for v, g in PLANNED]
    level = vocabulary_of(CharTokenizer(("春", "天", "\n"), unk_id=None), "char")
    calls += [lambda: Plan(LyricRules(template="仄仄"), level).arrange(Dice(0, 0))]
    calls += [lambda: template_like("", "char"), lambda: parse_template("__ }", "char")]
    for call in calls:
        with pytest.raises(ToolkitError) as error:
            call()
        said.append((str(error.value), False))
    hopeless = LyricRules(lines=4, length="2", rhyme="ABBA")
    options = LyricOptions(num_return_sequences=8, seed=1, num_candidates=1, max_tries=1)
    takes = write_takes(load("builtin:songci"), hopeless, options)
    return said + [(str(error), False) for error in takes.errors]


@pytest.fixture
def chinese(qapp):
    languages = Languages(qapp)
    languages.use("zh_CN")
    yield
    languages.use("en")


def test_what_the_core_says_of_broken_rules_is_said_in_chinese(said_by_the_core, chinese):
    english = [text for text, kept in said_by_the_core if not kept and translated(text) == text]
    assert english == []


class Marked(QTranslator):
    """A language whose words are the English ones in brackets; it keeps in mind what was asked for."""

    def __init__(self):
        super().__init__()
        self.asked = set()

    def isEmpty(self):  # noqa: N802 - Qt's name
        return False

    def translate(self, context, text, _comment=None, _n=-1):
        self.asked.add(text)
        return f"[{text}]"


def test_each_pattern_is_of_a_sentence_that_the_core_really_says(said_by_the_core, qapp):
    marked = Marked()
    qapp.installTranslator(marked)
    try:
        for text, _ in said_by_the_core:
            translated(text)
    finally:
        qapp.removeTranslator(marked)
    assert {*FOUND, *SAID} <= marked.asked


def test_values_stay_and_what_is_in_them_is_no_sentence(chinese):
    assert translated("7 characters expected, 1 found: 5 words") == "应为 7 字，实为 1：5 words"
    assert translated("acrostic, line 2: is given, and breaks this rule.").startswith("藏头，第 2 行：")


@pytest.mark.parametrize("text", ["", "lines", "a thing nobody foresaw", "x: cannot write here: disk full.", "第 1 行"])
def test_what_no_pattern_fits_stays_as_it_is(chinese, text):
    assert translated(text) == text


def test_english_stays_as_the_core_says_it(said_by_the_core, qapp):
    assert all(translated(text) == text for text, _ in said_by_the_core)
