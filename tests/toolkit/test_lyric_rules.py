import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from toolkit.errors import OptionError
from toolkit.lyrics.rules import LyricRules, RuleError
from toolkit.lyrics.template import TemplateError, parse_template
from toolkit.lyrics.units import UNITS

# What cannot be asked for -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"lines": -1}, "lines must be at least 0 and at most 400, found -1"),
        ({"lines": 401}, "lines must be at least 0 and at most 400, found 401"),
        ({"stanzas": 401}, "stanzas must be at least 0"),
        ({"unit": "letter"}, "unit must be one of auto, char, word, syllable, found 'letter'"),
        ({"punctuation": "all"}, "punctuation must be one of end, inside, none, found 'all'"),
        ({"length": "0"}, "length must be numbers from 1 to 200 like 7, 5-9 or 7,7,5,5, found '0'"),
        ({"length": "201"}, "length must be numbers from 1 to 200"),
        ({"length": "7-5"}, "length must be numbers from 1 to 200"),
        ({"length": "7,,5"}, "length must be numbers from 1 to 200"),
        ({"length": "seven"}, "length must be numbers from 1 to 200"),
        ({"rhyme": "A1"}, "rhyme must be letters like AABA or 'ABAB CDCD', found 'A1'"),
        ({"rhyme": "甲乙"}, "rhyme must be letters"),
        ({"acrostic": "春", "acrostic_at": "0"}, "acrostic_at must be first, last, diagonal or a number from 1"),
        ({"acrostic_at": "middle"}, "acrostic_at must be first, last, diagonal or a number from 1, found 'middle'"),
        ({"acrostic": "，"}, "acrostic must have characters or letters, found '，'"),
        ({"fixed": ("春",)}, "fixed must be LINE:CELL=TEXT, counted from 1, like 3:2=月亮, found '春'"),
        ({"fixed": ("0:1=春",)}, "fixed must be LINE:CELL=TEXT"),
        ({"fixed": ("1:0=春",)}, "fixed must be LINE:CELL=TEXT"),
        ({"fixed": ("1:1=",)}, "fixed must be LINE:CELL=TEXT"),
        ({"include": ("",)}, "include must be texts with characters or letters, found ''"),
        ({"forbid": ("。",)}, "forbid must be texts with characters or letters, found '。'"),
        ({"length": "7", "form": "七绝"}, "length, form and template each say how long the lines are"),
        ({"length": "7", "template": "__"}, "length, form and template each say how long the lines are"),
        ({"form": "七绝", "template": "__"}, "length, form and template each say how long the lines are"),
        (
            {"form": "九绝"},
            r"form must be one of those that `toolkit lyrics --forms` lists, found '九绝'; did you mean .绝",
        ),
        ({"form": "七绝", "rhyme": "AABA"}, "rhyme: the form or template has its own letters"),
        ({"template": "__{A}", "rhyme": "A"}, "rhyme: the form or template has its own letters"),
        ({"rhyme_with": "A=光 A=心"}, "rhyme_with must be one word, or LETTER=WORD for some letters"),
        ({"rhyme_with": "a=光"}, "rhyme_with must be one word, or LETTER=WORD for some letters, found 'a=光'"),
        ({"rhyme_with": "A=光 心"}, "rhyme_with must be one word, or LETTER=WORD"),
        ({"rhyme_with": "光 心"}, "rhyme_with must be one word"),
        ({"rhyme_with": "A光"}, "rhyme_with must be one word"),
        ({"lines": "4"}, "lines must be a whole number, found '4'"),
        ({"near": 1}, "near must be true or false, found 1"),
        ({"include": "月"}, r"include must be .*, found '月'"),
    ],
)
def test_what_cannot_be_asked_for_is_said(options, message):
    with pytest.raises(OptionError, match=message):
        LyricRules(**options)


def test_all_faults_are_said_together():
    with pytest.raises(OptionError) as caught:
        LyricRules(lines=-1, length="x", rhyme="?", form="九绝")
    assert all(name in str(caught.value) for name in ("lines must", "length must", "rhyme must", "form must"))


@pytest.mark.parametrize(
    ("options", "rule", "line", "message"),
    [
        (
            {"acrostic": "春夏秋", "lines": 2},
            "acrostic",
            0,
            "3 characters need as many lines, and there are 2",
        ),
        (
            {"acrostic": "春", "acrostic_at": "6", "length": "5"},
            "acrostic",
            1,
            r"cell 6 was asked for, .* than 5",
        ),
        ({"acrostic": "春夏", "acrostic_at": "diagonal", "length": "1"}, "acrostic", 2, "cell 2 was asked for"),
        ({"acrostic": "春", "fixed": ("1:1=夏",)}, "fixed", 1, "cell 1 should be '夏', and another rule makes it '春'"),
        ({"fixed": ("1:2=春", "1:1=夏天")}, "fixed", 1, "cell 2 should be '天', and another rule makes it '春'"),
        ({"template": "春_", "acrostic": "夏"}, "acrostic", 1, "cell 1 should be '夏', and another rule makes it '春'"),
        ({"acrostic": "s", "fixed": ("1:1=moon",), "unit": "word"}, "fixed", 1, r"cell 1 should be s\*, and is 'moon'"),
        ({"fixed": ("3:1=春",), "lines": 2}, "fixed", 0, "'3:1=春' speaks of line 3, and there are 2"),
        ({"fixed": ("1:5=春风",), "length": "5"}, "fixed", 1, r"cell 6 was asked for, .* than 5 cells"),
        ({"fixed": ("2:3=春",), "length": "2-5"}, "fixed", 2, r"cell 3 was asked for, .* than 2 cells"),
        ({"fixed": ("1:1=，",)}, "fixed", 1, "expected characters or words, found '，'"),
        ({"fixed": ("1:1=moonq",), "unit": "syllable"}, "fixed", 1, "the syllables of 'moonq' cannot be counted"),
        ({"rhyme_with": "A=光 B=心", "rhyme": "AA"}, "rhyme_with", 0, "no line has the letter B: the scheme is AA"),
        ({"rhyme_with": "光", "rhyme": "XX"}, "rhyme_with", 0, "no line has the letter A: the scheme is XX"),
        ({"template": "~春_", "fixed": ("1:2=风",)}, "fixed", 1, "cell 2 has no fixed place beside cells that may be"),
    ],
)
def test_rules_that_speak_of_what_is_not_there_are_named(options, rule, line, message):
    with pytest.raises(RuleError, match=message) as caught:
        LyricRules(**options).layout("char")
    assert (caught.value.rule, caught.value.line) == (rule, line)
    assert str(caught.value).startswith(f"{rule}, line {line}: " if line else f"{rule}: ")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"form": "七绝", "lines": 8}, "lines, stanzas: the form has 4 and 1 of them; leave both out"),
        ({"template": "__\n\n__", "stanzas": 1}, "lines, stanzas: the template has 2 and 2 of them"),
        ({"lines": 5, "stanzas": 2}, "lines, stanzas: 5 lines do not make 2 stanzas of equal size"),
        ({"lines": 5, "rhyme": "AB AB"}, "lines, rhyme: 5 lines are no multiple of the 4 letters of 'AB AB'"),
    ],
)
def test_two_rules_that_say_different_numbers_of_lines_are_named(options, message):
    with pytest.raises(OptionError, match=message):
        LyricRules(**options).layout("char")


# What the rules mean ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "template"),
    [
        ({}, "_____~~~~".replace("_~~~~", "~~~~_") + ("\n____~~~~_" * 7)),
        ({"lines": 2, "length": "3"}, "___\n___"),
        ({"length": "3,4-5"}, "___\n___~_"),
        ({"lines": 3, "length": "3,2"}, "___\n__\n___"),
        ({"lines": 4, "stanzas": 2, "length": "1"}, "_\n_\n\n_\n_"),
        ({"rhyme": "AXbA", "length": "2"}, "__{A}\n__\n__{B}\n__{A}"),
        ({"rhyme": "AB C", "length": "1"}, "_{A}\n_{B}\n\n_{C}"),
        ({"rhyme": "A B", "lines": 4, "length": "1"}, "_{A}\n\n_{B}\n\n_{A}\n\n_{B}"),
        ({"rhyme": "AB", "lines": 3, "length": "1"}, "_{A}\n_{B}\n_{A}"),
        ({"rhyme": "AB AB", "stanzas": 1, "length": "1"}, "_{A}\n_{B}\n_{A}\n_{B}"),
        ({"rhyme_with": "光", "lines": 2, "length": "2"}, "__{A}\n__{A}"),
        ({"rhyme_with": "B=光", "rhyme": "AB", "length": "2"}, "__{A}\n__{B}"),
        ({"acrostic": "春夏", "length": "3"}, "春__\n夏__"),
        ({"acrostic": "《春·夏》", "length": "1-3"}, "春~~\n夏~~"),
        ({"acrostic": "春夏", "acrostic_at": "last", "length": "3"}, "__春\n__夏"),
        ({"acrostic": "春夏", "acrostic_at": "last", "length": "2-3"}, "_~春\n_~夏"),
        ({"acrostic": "春夏秋", "acrostic_at": "diagonal", "length": "3"}, "春__\n_夏_\n__秋"),
        ({"acrostic": "春夏", "acrostic_at": "2", "length": "3"}, "_春_\n_夏_"),
        ({"acrostic": "春夏", "acrostic_at": "2", "length": "2-3"}, "_春~\n_夏~"),
        ({"acrostic": "春", "lines": 2, "length": "2"}, "春_\n__"),
        ({"fixed": ("2:2=明月",), "lines": 2, "length": "4"}, "____\n_明月_"),
        ({"fixed": ("1:1=春", "1:3=风"), "lines": 1, "length": "3"}, "春_风"),
        ({"fixed": ("1:1=春",), "acrostic": "春", "length": "2"}, "春_"),
        ({"template": "平仄中_\n\n__，~_。{A}"}, "平仄__\n\n__~，_。{A}"),
        ({"template": "平_\n__", "acrostic": "春夏", "rhyme": "AB"}, "春_{A}\n夏_{B}"),
        ({"form": "忆江南"}, "平_仄\n_仄仄平平{A}\n_仄_平平仄仄\n_平_仄仄平平{A}\n_仄仄平平{A}"),
    ],
)  # fmt: skip
def test_rules_of_characters_mean_a_template(options, template):
    rules = LyricRules(**options)
    assert str(rules.layout("char")) == template
    assert rules.layout("char") == LyricRules(**options, unit="char").layout("word")


def test_a_literal_keeps_the_tone_of_its_cell():
    (line,) = LyricRules(template="仄_", fixed=("1:1=月",)).layout("char").lines
    assert (line.cells[0].literal, line.cells[0].tone) == ("月", "仄")


@pytest.mark.parametrize(
    ("options", "unit", "template"),
    [
        ({}, "word", "_ _ _ ~ ~ ~ ~ _" + "\n_ _ _ ~ ~ ~ ~ _" * 7),
        ({"lines": 1}, "syllable", "_ _ _ _ _ ~ ~ ~ ~ _"),
        ({"acrostic": "ml", "length": "3"}, "word", "m* _ _\nl* _ _"),
        ({"acrostic": "m l", "acrostic_at": "last", "length": "1-3"}, "word", "~ ~ *m\n~ ~ *l"),
        ({"acrostic": "ml", "acrostic_at": "diagonal", "length": "2"}, "syllable", "m* _\n_ l*"),
        ({"fixed": ("1:2=the moon",), "lines": 1, "length": "4"}, "word", "_ the moon _"),
        ({"fixed": ("1:1=golden",), "lines": 1, "length": "3"}, "syllable", "golden _"),
        ({"template": "s* _ the ~ *n,{A}"}, "word", "s* _ the ~ *n,{A}"),
        ({"template": "平中仄\n_ 平 仄"}, "syllable", "平 _ 仄\n_ 平 仄"),
        ({"acrostic": "ml", "fixed": ("1:1=moon",), "length": "2"}, "word", "moon _\nl* _"),
    ],
)  # fmt: skip
def test_rules_of_words_and_syllables_mean_a_template(options, unit, template):
    assert str(LyricRules(**options).layout(unit)) == template


@pytest.mark.parametrize("options", [{"form": "七绝"}, {"template": "平平仄仄"}, {"template": "_ 平 _"}])
def test_words_have_no_tones(options):
    with pytest.raises(TemplateError, match=r"line 1: [平中仄]+ is a tone, and words have none"):
        LyricRules(**options).layout("word")


# There and back -----------------------------------------------------------------------------------

OPTIONS = st.fixed_dictionaries(
    {},
    optional={
        "lines": st.integers(0, 12),
        "stanzas": st.integers(0, 4),
        "length": st.sampled_from(["", "7", "5-9", "3,4-6"]),
        "unit": st.sampled_from(["auto", *UNITS]),
        "rhyme": st.sampled_from(["", "AABA", "AB CD", "X"]),
        "near": st.booleans(),
        "acrostic": st.text("春夏ab，", max_size=3).filter(lambda text: text.strip("，") or not text),
        "fixed": st.lists(st.sampled_from(["1:1=春", "2:1=the moon"]), max_size=2).map(tuple),
        "forbid": st.lists(st.sampled_from(["月", "the"]), max_size=2).map(tuple),
    },
)


@given(OPTIONS)
def test_rules_come_back_from_json(options):
    rules = LyricRules(**options)
    assert LyricRules.from_dict(json.loads(json.dumps(rules.to_dict())), "here") == rules


@given(OPTIONS, st.sampled_from(["char", "syllable", "word"]))
def test_a_layout_comes_back_from_its_text(options, unit):
    try:
        template = LyricRules(**options).layout(unit)
    except (RuleError, OptionError):
        return
    assert parse_template(str(template), template.unit) == template


def test_full_width_signs_are_taken_for_plain_ones():
    typed = LyricRules(rhyme="ＡＡＢＡ", length="７，５", rhyme_with="Ａ＝光，Ｂ＝心", fixed=("３：２＝月亮",))
    assert typed == LyricRules(rhyme="AABA", length="7,5", rhyme_with="A=光,B=心", fixed=("3:2=月亮",))
    assert typed.chosen_rhymes == {"A": "光", "B": "心"}
    assert parse_template("＿＿～春｛Ａ｝") == parse_template("__~春{A}")
