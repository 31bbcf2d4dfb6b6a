import subprocess
import sys
from itertools import combinations

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from toolkit.errors import OptionError, ToolkitError
from toolkit.lyrics.check import Finding, check
from toolkit.lyrics.check_line import TextLine
from toolkit.lyrics.novelty import found_spans
from toolkit.lyrics.rules import LyricRules
from toolkit.lyrics.units import UNITS, atoms
from toolkit.readings import read
from toolkit.rhymes import Rhymes
from toolkit.tables import built_in_table

CHARS = [char for char in built_in_table("readings-zh.tsv.gz") if "\u4e00" <= char <= "\u9fa5"]
TANG = """床前明月光
疑是地上霜
举头望明月
低头思故乡"""
MOON = """The moon is on the sea tonight,
A lantern in the rain.
The harbour keeps a single light
And I am home again."""
CLIMB = "白日依山尽，黄河入海流。\n欲穷千里目，更上一层楼。"
TONES = "中仄平平仄，平平仄仄平。{A}\n中平平仄仄，中仄中平平。{A}"


def broken(report):
    return {(finding.rule, finding.line) for finding in report.findings if not finding.kept}


# Every rule, kept and broken in one place ---------------------------------------------------------

# rules, a text that keeps them, what is put for what to break one, which and in which line
CASES = {
    "lines": ({"lines": 4}, TANG, ("\n低头思故乡", ""), "lines", 0),
    "lines, one more": ({"lines": 4}, MOON, ("again.", "again.\nAnd yet"), "lines", 0),
    "lines of a list": ({"length": "5,5,5,5"}, TANG, ("\n低头思故乡", ""), "lines", 0),
    "lines of an acrostic": ({"acrostic": "床疑举低"}, TANG, ("乡", "乡\n又"), "lines", 0),
    "lines of a scheme": ({"rhyme": "AABA"}, TANG, ("乡", "乡\n又"), "lines", 0),
    "stanzas": ({"stanzas": 2}, "春风\n明月\n\n秋雨\n落花", ("\n\n", "\n"), "stanzas", 0),
    "stanzas of equal size": ({"stanzas": 2}, "春风\n明月\n\n秋雨\n落花", ("\n\n秋雨", "\n秋雨\n"), "stanzas", 0),
    "stanzas of a scheme": ({"rhyme": "AX AX"}, "光\n月\n\n霜\n花", ("月\n\n霜", "月\n霜\n"), "stanzas", 0),
    "stanzas of a template": ({"template": "__\n\n__"}, "春风\n\n明月", ("\n\n", "\n"), "stanzas", 0),
    "characters": ({"length": "5"}, TANG, ("举头望明月", "举头望月"), "length", 3),
    "characters of English": ({"length": "5", "unit": "char"}, "I can't\nlove 2", ("love", "lov"), "length", 2),
    "words": ({"length": "7,5,6,5"}, MOON, ("A lantern", "A big lantern"), "length", 2),
    "syllables": ({"length": "8,6,8,6", "unit": "syllable"}, MOON, ("light", "lighter"), "length", 3),
    "unknown syllables": ({"length": "2", "unit": "syllable"}, "river\n我moon", ("moon", "moonq"), "length", 2),
    "both": (
        {"length": "5", "unit": "syllable", "punctuation": "inside"},
        "我爱你 river\n‘我爱你’baby’", ("我爱你 ", "我爱 "), "length", 1,
    ),
    "from": ({"length": "2-4"}, "春风\n春风又绿", ("春风又绿", "春"), "length", 2),
    "to": ({"length": "2-4"}, "春风\n春风又绿", ("春风又绿", "春风又绿江"), "length", 2),
    "apostrophes": ({"length": "3"}, "rock'n'roll lovin' you\nI don’t know", ("don’t", "do not"), "length", 2),
    "rhyme": ({"rhyme": "AABA"}, TANG, ("望明月", "望月亮"), "rhyme", 3),
    "rhyme, most": ({"rhyme": "AAAA"}, "光\n霜\n乡\n阳", ("光", "月"), "rhyme", 1),
    "English rhyme": ({"rhyme": "ABAB"}, MOON, ("light", "moon"), "rhyme", 3),
    "rhymes apart": ({"rhyme": "ABA"}, "光\n月\n霜", ("月", "乡"), "rhyme", 2),
    "English rhymes apart": ({"rhyme": "AB"}, "light\nrain", ("rain", "night"), "rhyme", 2),
    "rhyme of one line": ({"rhyme": "ABX"}, "光\n心\n7", ("心", "8"), "rhyme", 2),
    "near": ({"rhyme": "AA", "near": True}, "寒\n光", ("寒", "痕"), "rhyme", 2),
    "not near": ({"rhyme": "AA"}, "霜\n光", ("霜", "寒"), "rhyme", 2),
    "near English": ({"rhyme": "AA", "near": True}, "time\nfind", ("find", "found"), "rhyme", 2),
    "double": ({"rhyme": "AA", "double": True}, "大光\n沙霜", ("沙霜", "小霜"), "rhyme", 2),
    "double English": ({"rhyme": "AA", "double": True}, "never\nclever", ("clever", "over"), "rhyme", 2),
    "rhyme with": ({"rhyme_with": "光"}, "霜\n乡", ("霜", "月"), "rhyme_with", 1),
    "rhymes with": ({"rhyme": "AB", "rhyme_with": "A=光 B=心"}, "霜\n人", ("人", "月"), "rhyme_with", 2),
    "rhyme with English": ({"rhyme_with": "night"}, "light\nfight", ("fight", "fate"), "rhyme_with", 2),
    "repeated rhymes": ({"rhyme": "AA"}, "地上霜\n明月光", ("明月光", "九月霜"), "repeat_rhymes", 2),
    "repeated words": ({"rhyme": "AXA"}, "a light\nb\na night", ("a night", "the LIGHT!"), "repeat_rhymes", 3),
    "acrostic": ({"acrostic": "床疑举低"}, TANG, ("举头", "抬头"), "acrostic", 3),
    "acrostic with marks": ({"acrostic": "《床疑·举低》"}, TANG, ("举头", "抬头"), "acrostic", 3),
    "last": ({"acrostic": "光霜月乡", "acrostic_at": "last"}, TANG, ("月\n", "天\n"), "acrostic", 3),
    "diagonal": ({"acrostic": "床是望故", "acrostic_at": "diagonal"}, TANG, ("望", "看"), "acrostic", 3),
    "at 2": ({"acrostic": "前是头头", "acrostic_at": "2"}, TANG, ("疑是", "疑似"), "acrostic", 2),
    "letters": ({"acrostic": "tata"}, MOON, ("A lantern", "My lantern"), "acrostic", 2),
    "last letters": ({"acrostic": "t, N.", "acrostic_at": "last", "lines": 4}, MOON, ("rain", "rail"), "acrostic", 2),
    "letters at 2": ({"acrostic": "ml", "acrostic_at": "2", "lines": 4}, MOON, ("lantern", "Candle"), "acrostic", 2),
    "syllables at 3": (
        {"acrostic": "m", "acrostic_at": "3", "unit": "syllable"}, "river moon", ("river", "the"), "acrostic", 1
    ),
    "last syllable": (
        {"acrostic": "r", "acrostic_at": "last", "unit": "syllable"}, "the river", ("ver", "d"), "acrostic", 1
    ),
    "closing where a word ends": (
        {"template": "_ *r", "unit": "syllable"}, "the stir", ("stir", "sea"), "template", 1
    ),
    "closing inside a word": (
        {"template": "*r _", "unit": "syllable"}, "star light", ("star light", "river"), "template", 1
    ),
    "fixed": ({"fixed": ("3:4=明月",)}, TANG, ("望明月", "望月明"), "fixed", 3),
    "fixed words": ({"fixed": ("2:2=LANTERN in",)}, MOON, ("A lantern", "A red lantern"), "fixed", 2),
    "fixed syllables": (
        {"fixed": ("1:2=river",), "unit": "syllable"}, "the river moon", ("the", "golden"), "fixed", 1
    ),
    "literals": ({"template": "_前___\n_是___"}, "床前明月光\n疑是地上霜", ("疑是", "疑似"), "template", 2),
    "English literals": (
        {"template": "_ _ the moon _", "unit": "word"}, "look at The moon dear", ("moon", "sun"), "template", 1
    ),
    "held syllables": (
        {"template": "_ river _", "unit": "syllable"}, "the river runs", ("river", "golden"), "template", 1
    ),
    "words by letters": ({"template": "s* _ *n", "unit": "word"}, "Sail on Ann", ("Sail", "Fail"), "template", 1),
    "words by last letters": ({"template": "s* _ *n", "unit": "word"}, "Sail on Ann", ("Ann", "Tom"), "template", 1),
    "marks": ({"template": "__，__。"}, "春风，明月。", ("，", ""), "template", 1),
    "marks elsewhere": ({"template": "__，__。"}, "春风， 明月。", ("。", "！"), "template", 1),
    "marks more": ({"template": "__，__"}, "春风，明月", ("春", "春、"), "template", 1),
    "marks before": ({"template": "《__》"}, "《春风》", ("《", ""), "template", 1),
    "optional cells": ({"template": "春~~风_"}, "春啊风光", ("风", "雨"), "template", 1),
    "too many cells": ({"template": "春~~风_"}, "春啊啊风光", ("啊啊", "啊啊啊"), "length", 1),
    "apostrophe in a template": (
        {"template": "don't。", "unit": "char"}, "don't。", ("'", ""), "template", 1
    ),
    "level": ({"template": TONES}, CLIMB, ("黄河", "大河"), "tones", 1),
    "oblique": ({"template": TONES}, CLIMB, ("千里", "千山"), "tones", 2),
    "tones as read": ({"template": "仄仄平平"}, "快乐音箱", ("快乐", "快歌"), "tones", 1),
    "neutral": ({"template": "平仄"}, "天的", ("天的", "天天"), "tones", 1),
    "tones of words": (
        {"template": "_ _ 平", "unit": "syllable"}, "river 春", ("river 春", "the river"), "tones", 1
    ),
    "include": ({"include": ("明月", "思故乡")}, TANG, ("思", "想"), "include", 0),
    "include words": ({"include": ("THE rain",)}, MOON, ("the rain", "the  train"), "include", 0),
    "forbid": ({"forbid": ("太阳", "月光")}, TANG.replace("月光", "月色"), ("低头", "太阳"), "forbid", 4),
    "forbid words": (
        {"forbid": ("art", "s"), "punctuation": "inside"},
        "A heart's\nstart", ("start", "state-of-the-ART"), "forbid", 2
    ),
    "forbid apostrophes": ({"forbid": ("don't",)}, "I don\nI do", ("\nI do", "\nI don’t'"), "forbid", 2),
    "no marks": ({"punctuation": "none"}, "don't\nriver", ("river", "river 'n"), "punctuation", 2),
    "no marks in Chinese": ({"punctuation": "none"}, "春风\n明月", ("明月", "明月。"), "punctuation", 2),
    "no blanks": ({"punctuation": "none"}, "春风 a 1\n明月", ("明", "明 "), "punctuation", 2),
    "end": ({}, "春风……\n明月！”", ("明月", "明、月"), "punctuation", 2),
    "opening marks": ({}, "lovin' you,\nrock’n’roll.", ("rock", "\"rock"), "punctuation", 2),
    "hyphens": ({}, "well known\nmoon", ("moon", "moon-light"), "punctuation", 2),
    "only marks": ({}, "moon\nlight", ("light", "***"), "punctuation", 2),
    "inside": ({"punctuation": "inside", "length": "4"}, "“春，风”明月", ("春", ""), "length", 1),
    "repeated lines": ({}, "春风\n明月", ("明月", "春风！"), "repeat_lines", 2),
    "repeated English": ({}, "The moon\nis up\nThe moons", ("moons", "MOON."), "repeat_lines", 3),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_a_rule_is_kept_and_broken_just_where_it_is(name):
    options, text, (old, new), rule, line = CASES[name]
    rules = LyricRules(**options)
    report = check(text, rules)
    assert broken(report) == set()
    assert report.holds
    assert rule in {finding.rule for finding in report.findings}
    assert text.count(old) >= 1
    found = check(text.replace(old, new, 1), rules)
    assert {(rule, line)} == broken(found)
    assert not found.holds


# What is asked, and what is said ------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "asked"),
    [
        ({}, {"punctuation", "repeat_lines"}),
        ({"punctuation": "inside", "repeat_lines": True}, set()),
        ({"lines": 4}, {"lines"}),
        ({"stanzas": 1}, {"stanzas"}),
        ({"length": "5"}, {"length"}),
        ({"length": "5,5"}, {"length", "lines"}),
        ({"rhyme": "AABA"}, {"lines", "stanzas", "rhyme", "repeat_rhymes"}),
        ({"rhyme": "AABA", "repeat_rhymes": True}, {"lines", "stanzas", "rhyme"}),
        ({"rhyme": "X"}, {"lines", "stanzas"}),
        ({"rhyme_with": "光"}, {"rhyme_with", "repeat_rhymes"}),
        ({"acrostic": "床疑"}, {"lines", "acrostic"}),
        ({"fixed": ("1:1=床",)}, {"fixed"}),
        ({"template": "____平"}, {"lines", "stanzas", "length", "tones"}),
        ({"template": "_前___，{A}"}, {"lines", "stanzas", "length", "template", "rhyme", "repeat_rhymes"}),
        ({"include": ("月",), "forbid": ("日",)}, {"include", "forbid"}),
    ],
)
def test_what_nobody_asked_for_is_not_looked_at(options, asked):
    quiet = {"punctuation": "inside", "repeat_lines": True} if options else {}
    report = check(TANG, LyricRules(**(quiet | options)))
    rules = [finding.rule for finding in report.findings]
    assert set(rules) == asked
    assert [rule for i, rule in enumerate(rules) if rules[i - 1 : i] != [rule]] == list(dict.fromkeys(rules))


@pytest.mark.parametrize(
    ("options", "text", "finding"),
    [
        ({"lines": 1}, TANG, Finding("lines", 0, False, "1 line expected, 4 found")),
        (
            {"stanzas": 3},
            "春\n\n月",
            Finding("stanzas", 0, False, "3 stanzas of equal size expected, found those of 1, 1"),
        ),
        ({"rhyme": "AX A"}, "光\n乡", Finding("stanzas", 0, False, "stanzas of 2, 1 lines expected, found those of 2")),
        ({"length": "7"}, "春风又绿江南", Finding("length", 1, False, "7 characters expected, 6 found: 春风又绿江南")),
        ({"length": "1"}, "the moon", Finding("length", 1, False, "1 word expected, 2 found: the moon")),
        (
            {"length": "2-3", "unit": "syllable"},
            "the moonq",
            Finding("length", 1, False, "the dictionary does not say how many syllables moonq has"),
        ),
        ({"rhyme": "AA"}, "光\n月", Finding("rhyme", 2, False, "月 (皆) does not rhyme with 光 (唐)")),
        ({"rhyme": "AA"}, "light\nrain", Finding("rhyme", 2, False, "rain (-ey n) does not rhyme with light (-ay t)")),
        ({"rhyme": "AB"}, "光\n霜", Finding("rhyme", 2, False, "霜 (唐) of B rhymes with 光 (唐) of A")),
        (
            {"rhyme": "AA"},
            "光\n７",
            Finding("rhyme", 2, False, "what is no word (no rhyme known) does not rhyme with 光 (唐)"),
        ),
        ({"rhyme": "ABAB"}, "光\n乡\n霜\n月", Finding("rhyme", 4, True, "月 (皆)")),
        (
            {"rhyme_with": "night"},
            "The rain!",
            Finding("rhyme_with", 1, False, "rain (-ey n) does not rhyme with night (-ay t)"),
        ),
        ({"rhyme": "AA"}, "光\n光", Finding("repeat_rhymes", 2, False, "光 ends line 1 too")),
        (
            {"acrostic": "床疑", "acrostic_at": "6"},
            TANG,
            Finding("acrostic", 2, False, "疑 expected at 6, nothing found"),
        ),
        (
            {"acrostic": "月", "acrostic_at": "last"},
            "光",
            Finding("acrostic", 1, False, "月 expected at the end, 光 found"),
        ),
        ({"fixed": ("1:2=the sun",)}, "by the sea", Finding("fixed", 1, False, "the sun expected at 2, the sea found")),
        ({"template": "平仄"}, "光A", Finding("tones", 1, False, "仄 expected at 2, A is neither")),
        ({"template": "平仄"}, "光月", Finding("tones", 1, True, "平仄: 光月")),
        ({"template": "__，_"}, "春风 月", Finding("template", 1, False, "， expected before 3, a blank found")),
        ({"include": ("月",)}, "日\n明月", Finding("include", 2, True, "月 is in 明月")),
        ({"template": "river", "unit": "word"}, "sea", Finding("template", 1, False, "river expected at 1, sea found")),
        (
            {"template": "river", "unit": "syllable"},
            "the sea",
            Finding("template", 1, False, "river expected at 1, the found; a longer word expected at 2, sea found"),
        ),
        ({"include": ("日",)}, "月", Finding("include", 0, False, "日 is in no line")),
        ({"forbid": ("月",)}, "明月", Finding("forbid", 1, False, "月 is in 明月")),
        ({}, "春 风", Finding("punctuation", 1, False, "marks at the end only expected, a blank found: 春 风")),
        ({}, "春风\n春风。", Finding("repeat_lines", 2, False, "春风。 is line 1 too")),
        ({"forbid": ("月",)}, "春" * 41, Finding("punctuation", 1, True, "春" * 40 + "…")),
        ({}, "", Finding("lines", 0, False, "lines expected, none found")),
    ],
)  # fmt: skip
def test_a_finding_says_what_was_expected_and_found(options, text, finding):
    assert finding in check(text, LyricRules(**options)).findings


def test_a_required_text_is_found_once_and_a_forbidden_one_everywhere():
    found = [(rule.rule, rule.line) for rule in check(TANG, LyricRules(include=("明月",), forbid=("头",))).findings]
    assert found[:3] == [("include", 1), ("forbid", 3), ("forbid", 4)]


def test_the_unit_is_found_out():
    assert [check(text, LyricRules()).unit for text in ("", "moon", "moon 月", "12", "\U00020000")] == [
        "word", "word", "char", "word", "char",
    ]  # fmt: skip
    assert check("moon", LyricRules(template="平平")).unit == "char"
    assert check("月", LyricRules(), "syllable").unit == "syllable"
    assert check("月", LyricRules(unit="word"), "syllable").unit == "word"
    with pytest.raises(OptionError, match="unit must be one of auto, char, word, syllable, found 'line'"):
        check("月", LyricRules(), "line")


def test_a_missing_line_keeps_no_rule_that_speaks_of_it():
    report = check("床前", LyricRules(lines=1, acrostic="床疑", fixed=("3:1=月",)))
    assert broken(report) == {("acrostic", 2), ("fixed", 3)}


def test_lines_too_few_or_too_many_are_checked_as_far_as_they_go():
    rules = LyricRules(length="5,5,6", rhyme="AAB", acrostic="床疑举")
    assert broken(check("床前明月光\n疑是地上雪", rules)) == {("lines", 0), ("rhyme", 2), ("acrostic", 3)}
    assert broken(check(f"{TANG}\n{TANG}", rules)) >= {("lines", 0), ("length", 3), ("repeat_lines", 8)}


@pytest.mark.parametrize("rules", [{"rhyme": "A B", "lines": 3}, {"rhyme_with": "B=光"}, {"template": "_~_~"}])
def test_rules_that_mean_nothing_are_refused(rules):
    with pytest.raises(ToolkitError):
        check("春风", LyricRules(**rules))


@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("bom", ["", "\ufeff"])
def test_blanks_at_ends_and_kinds_of_line_ends_do_not_matter(newline, bom):
    rules = LyricRules(rhyme="AX AX", length="2", punctuation="none")
    plain = "春光\n明月\n\n冰霜\n落花"
    odd = bom + newline.join(["", " \u3000", "春光 ", "\t明月\u3000", " ", "", "冰霜", "  落花", "\t", ""])
    assert check(odd, rules) == check(plain, rules)
    assert check(odd, rules).holds


@given(
    st.text(st.characters(exclude_categories=()) | st.sampled_from("月 A'’\n，_")),
    st.sampled_from(
        [
            LyricRules(length="5", rhyme="AB", acrostic="月A", acrostic_at="last", include=("月",), forbid=("a",)),
            LyricRules(template="平_，仄{A}\n\ns~~", unit="syllable", fixed=("1:1=月 A",), punctuation="none"),
            LyricRules(template="平_，仄{A}\n\n月~~", unit="char", rhyme_with="光", near=True),
            LyricRules(rhyme_with="light", double=True, stanzas=2, fixed=("2:1=！", "1:2=moonq")),
        ]
    ),
    st.sampled_from(["auto", *UNITS]),
)
def test_no_text_is_too_odd(text, rules, unit):
    for finding in check(text, rules, unit).findings:
        assert finding.detail.encode().decode().isprintable()
        assert finding.rule in {*LyricRules().to_dict(), "tones"}
        assert 0 <= finding.line <= max(3, len(text))


def test_nothing_of_the_generator_is_used():
    code = (
        "import sys, toolkit.lyrics.check; print(*(name for name in sys.modules if name.startswith('toolkit.lyrics')))"
    )
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, encoding="utf-8").stdout
    assert not {f"toolkit.lyrics.{name}" for name in ("plan", "write", "edit")} & set(loaded.split())


# Against other definitions ------------------------------------------------------------------------

SNIPPETS = st.lists(
    st.sampled_from([*"月爱〇㐀𠀀のé한2aⅧ²_Ａ'’-,。 \u3000", "river", "don't", "lovin'", "o'", "moonq", " the "]),
    max_size=12,
).map("".join)


@given(SNIPPETS | st.text(), st.sampled_from(list(UNITS)))
@example("‘我爱你’", "syllable")
@example("rock''n '爱'love", "syllable")
def test_cells_are_those_that_the_generator_counts(text, unit):
    expected = atoms(text, unit)
    line = TextLine(text, unit)
    if expected is None:
        assert line.unknown
        return
    assert not line.unknown
    plain = [part.strip("'’").casefold().replace("’", "'") for part in expected]
    assert [part.strip("'") for part, _ in line.cells] == plain


@given(SNIPPETS | st.text(), st.sampled_from(list(UNITS)))
def test_every_sign_of_a_line_is_in_a_cell_or_between_them(text, unit):
    line = TextLine(text, unit)
    assert "".join(piece.gap + piece.text for piece in line.pieces) + line.rest == text
    marks = "".join(line.marks(apostrophes=True)).replace(" ", "")
    letters = "".join(piece.text for piece in line.pieces)
    assert len(marks) + len(letters) == len("".join(text.split()))


POOL = [
    *"光霜乡月雪心人空乐还",
    "light",
    "night",
    "read",
    "bed",
    "reed",
    "tomorrow",
    "sorrow",
    "go",
    "wind",
    "kind",
    "7",
]


@given(
    st.lists(st.sampled_from(POOL), min_size=1, max_size=6),
    st.text("ABCX", min_size=6, max_size=6),
    st.none() | st.sampled_from(POOL),
    st.booleans(),
    st.booleans(),
)
def test_rhymes_hold_when_lines_have_a_class_in_common_and_letters_have_none(ends, letters, word, near, double):
    letters = letters[: len(ends)]
    assume(word is None or "A" in letters)
    lines = [f"the {end}" for end in ends]
    table = Rhymes(near, double)
    groups = {
        letter: [table.read(line) for line, a in zip(lines, letters, strict=True) if a == letter]
        + ([table.read(word)] if word and letter == "A" else [])
        for letter in set(letters) - {"X"}
    }
    common = [frozenset.intersection(*group) for group in groups.values()]
    expected = all(common) and all(a.isdisjoint(b) for a, b in combinations(common, 2))
    rules = LyricRules(rhyme=letters, rhyme_with=word or "", near=near, double=double)
    found = {rule for rule, _ in broken(check("\n".join(lines), rules))}
    assert not {"rhyme", "rhyme_with"} & found if expected else {"rhyme", "rhyme_with"} & found
    used = [end for end, letter in zip(ends, letters, strict=True) if letter != "X" and end != "7"]
    assert ("repeat_rhymes" in found) == (len(set(used)) < len(used))


LINES = st.lists(st.text(CHARS, min_size=2, max_size=9), min_size=1, max_size=6)


@given(LINES, st.data())
def test_a_text_keeps_its_own_shape_and_loses_it_with_any_character(lines, data):
    rules = LyricRules(
        length=",".join(str(len(line)) for line in lines),
        acrostic="".join(line[0] for line in lines),
        lines=len(lines),
        unit="char",
        repeat_lines=True,
    )
    text = "\n".join(line + data.draw(st.sampled_from(["", "，", "……", " "])) for line in lines)
    assert check(text, rules).holds
    for i, char in enumerate(text):
        if char in "，… \n":
            continue
        number = text[:i].count("\n") + 1
        assert ("length", number) in broken(check(text[:i] + text[i + 1 :], rules))


@given(
    st.lists(st.lists(st.sampled_from(["river", "moon", "don't", "爱", "golden"]), min_size=2), min_size=1, max_size=4)
)
def test_a_text_loses_its_length_with_any_word(lines):
    for unit in ("word", "syllable"):
        sizes = [
            sum(1 if unit == "word" or word in {"moon", "don't", "爱"} else 2 for word in words) for words in lines
        ]
        assume(max(sizes) <= 200)
        lengths = ",".join(map(str, sizes))
        rules = LyricRules(length=lengths, lines=len(lines), unit=unit, repeat_lines=True, punctuation="inside")
        assert check("\n".join(map(" ".join, lines)), rules).holds
        for i, words in enumerate(lines):
            for j in range(len(words)):
                less = [*lines[:i], words[:j] + words[j + 1 :], *lines[i + 1 :]]
                assert broken(check("\n".join(map(" ".join, less)), rules)) == {("length", i + 1)}


@pytest.mark.parametrize(
    "line", [CLIMB.splitlines()[0], "朝辞白帝彩云间，千里江陵一日还。", "快乐的音乐，还会再来吗？"]
)
def test_each_tone_of_a_line_is_checked(line):
    signs = "".join(
        char if said is None else "平" if said.is_level else "仄" for char, said in zip(line, read(line), strict=True)
    )
    assert check(line, LyricRules(template=signs)).holds
    for i, sign in enumerate(signs):
        if sign in "平仄":
            other = signs[:i] + ("仄" if sign == "平" else "平") + signs[i + 1 :]
            assert broken(check(line, LyricRules(template=other))) == {("tones", 1)}


# How much is new ----------------------------------------------------------------------------------


def slow_spans(units, known, size):
    """Span by span, as lists."""
    there = [known[i : i + size] for i in range(len(known) - size + 1)]
    spans = [units[i : i + size] for i in range(len(units) - size + 1)]
    return sum(span in there for span in spans), len(spans)


@pytest.mark.parametrize(
    ("text", "corpus", "size", "expected"),
    [
        ("床前明月光，\n疑是地上霜", "床前明月光疑是地上霜。", 8, (3, 3)),
        ("床前明月光", "床前明月光疑是地上霜", 8, (0, 0)),
        ("床前明日光", "床前明月光，疑是", 3, (1, 3)),
        ("Don’t look back,\nmy love", "i said: don't LOOK back. My lovely", 3, (2, 3)),
        ("love me", "glove men", 1, (0, 2)),
        ("月 moon", "The MOON: 月moon", 5, (1, 1)),
        ("", "月", 8, (0, 0)),
        ("月", "", 1, (0, 1)),
        ("\ud800！", "月", 1, (0, 0)),
    ],
)
def test_spans_found_in_a_corpus(text, corpus, size, expected):
    assert found_spans(text, corpus, size) == expected


@given(st.text("月光a，\n"), st.text("月光a，\n"), st.integers(1, 4))
def test_spans_of_characters_are_found_one_by_one(text, corpus, size):
    text += "月"
    units, known = ([char for char in given if char not in "，\n"] for given in (text, corpus))
    assert found_spans(text, corpus, size) == slow_spans(units, known, size)


@given(*[st.lists(st.sampled_from(["a", "aa", "b", "b'a"]))] * 2, st.integers(1, 3))
def test_spans_of_words_are_found_one_by_one(words, corpus, size):
    units, known = ([word.replace("'", "") for word in given] for given in (words, corpus))
    assert found_spans(" ".join(words), "\n".join(corpus), size) == slow_spans(units, known, size)


def test_a_size_of_nothing_is_refused():
    with pytest.raises(OptionError, match="size must be at least 1, found 0"):
        found_spans("月", "月", 0)
