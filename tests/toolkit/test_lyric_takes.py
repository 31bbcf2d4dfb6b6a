"""Takes that are watched, and lines of any text written anew."""

import re
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from toolkit.errors import OptionError
from toolkit.language_model import LanguageModel, UnknownTokenWarning
from toolkit.lyrics.check import check
from toolkit.lyrics.edit import reroll_line
from toolkit.lyrics.like import rules_like
from toolkit.lyrics.options import LyricOptions
from toolkit.lyrics.rules import LyricRules, RuleError
from toolkit.lyrics.template import TemplateError
from toolkit.lyrics.units import atoms
from toolkit.lyrics.write import write, write_takes
from toolkit.rhymes import Rhymes
from toolkit.tokenizer import CharTokenizer, WordTokenizer
from toolkit.translator import LongSourceWarning, Translator

ZH = "光霜乡床心人春金来开台天边年风空东中声星月夜雪落水雨泪里你爱海去了的乐长重"
EN = "I you the a moon June soon light night 7 fight rain again train river heart art start fly my way never qzx"
TOKENIZERS = {
    "zh": CharTokenizer(("<unk>", "\n", "，", *ZH)),
    "en": WordTokenizer(("<unk>", "\n", " ", ",", "'", "t", "s", *EN.split())),
    "en letters": CharTokenizer(("<unk>", "\n", " ", ",", "'", *"abcdefghilmnorstuwyI1")),
}
RULES = LyricRules(lines=4, length="3", rhyme="AABA")


@pytest.fixture(scope="module")
def models(moody):
    return {name: LanguageModel(moody(len(tokens)), tokens) for name, tokens in TOKENIZERS.items()}


# Watching -----------------------------------------------------------------------------------------


def test_who_watches_sees_each_take_grow_to_its_song(models):
    seen = {}
    options = LyricOptions(seed=5, num_return_sequences=3, num_candidates=4)
    takes = write_takes(models["zh"], RULES, options, watch=lambda take, lines: seen.setdefault(take, []).append(lines))
    assert not takes.errors
    assert sorted(seen) == [0, 1, 2]
    for song in takes.songs:
        grown = seen[song.recipe.take]
        assert grown[-1] == tuple(line.text for line in song.lines)
        assert {len(lines) for lines in grown} == {1, 2, 3, 4}
        for before, after in pairwise(grown):
            longer, shorter = (after, before) if len(after) > len(before) else (before, after)
            assert longer[: len(shorter)] == shorter  # a line more, or back


def test_watching_changes_nothing(models):
    options = LyricOptions(seed=5, num_return_sequences=2)
    watched = write_takes(models["zh"], RULES, options, watch=lambda _take, _lines: None)
    assert list(watched.songs) == write(models["zh"], RULES, options)


def test_given_lines_are_seen_too(models):
    seen = []
    write_takes(models["zh"], RULES, given={1: "月落霜", 2: "春夜光"}, watch=lambda _take, lines: seen.append(lines))
    assert seen[:2] == [("月落霜",), ("月落霜", "春夜光")]


def test_takes_that_lead_nowhere_are_errors_where_write_warns(models):
    rules = LyricRules(lines=4, length="2", rhyme="ABBA")
    options = LyricOptions(seed=1, num_return_sequences=8, num_candidates=1, max_tries=1)
    takes = write_takes(models["zh"], rules, options)
    assert len(takes.songs) + len(takes.errors) == 8
    assert takes.songs
    assert takes.errors
    with pytest.warns(UserWarning, match="one text less") as caught:
        assert write(models["zh"], rules, options) == list(takes.songs)
    assert [str(warning.message) for warning in caught] == [f"one text less than asked for: {e}" for e in takes.errors]


def test_what_cannot_be_met_is_said_before_anything_is_written(models):
    with pytest.raises(RuleError, match="acrostic"):
        write_takes(models["zh"], LyricRules(acrostic="鱼"), watch=lambda *_: pytest.fail("something was written"))


# Any text's own shape -----------------------------------------------------------------------------

LINES = st.text("光霜月夜心人abI7 ，。'!_~#{A}\\-\t😀“平仄中é한", max_size=12)


@settings(deadline=None)
@given(lines=st.lists(LINES, min_size=1, max_size=6), near=st.booleans())
def test_a_text_keeps_the_rules_of_its_own_shape(lines, near):
    text = "\n".join(line for line in lines if not line.strip() or atoms(line, "char"))
    if not text.strip():
        return
    rules = rules_like(text, "char", Rhymes(near=near))
    report = check(text, rules)
    assert report.holds, [finding for finding in report.findings if not finding.kept]


def test_the_shape_is_that_of_its_lines_and_rhymes():
    rules = rules_like("春风吹过小巷，\n我想起你\n\n桥下流水\n带走了所有的光！", "char")
    assert rules.layout("char").scheme == "AX XA"
    assert [len(line.cells) for line in rules.layout("char").lines] == [6, 4, 4, 7]
    assert rules_like("月光\n心霜", "char", None).layout("char").scheme == "XX"


@pytest.mark.parametrize("name", TOKENIZERS)
@settings(deadline=None, max_examples=25)
@given(lines=st.lists(LINES, min_size=1, max_size=5), at=st.integers(0, 4), seed=st.integers(0, 9))
def test_a_line_is_written_anew_in_its_own_length_and_rhyme(name, lines, at, seed, models):
    text, at = "\n".join(lines), at % len(lines)
    unit = "word" if name == "en" else "char"
    options = LyricOptions(seed=seed, num_candidates=4)
    try:
        found = reroll_line(models[name], text, at + 1, options)[0].text
    except OptionError:
        found = ""
    except RuleError:
        return
    if not found:
        assert not atoms(lines[at], unit)
        return
    assert len(atoms(found, unit)) == len(atoms(lines[at], unit))
    assert found.casefold() != lines[at].strip().casefold()
    if name != "en letters":
        kept = [line if atoms(line, unit) else "" for line in lines]
        letters = rules_like("\n".join(kept), unit).layout(unit).lines
        mine = letters[sum(map(bool, kept[:at]))].letter
        written = [line for line in kept if line]
        others = [line for line, other in zip(written, letters, strict=True) if other.letter == mine]
        others.remove(kept[at])
        assert not mine or all(not Rhymes().read(found).isdisjoint(Rhymes().read(line)) for line in others)


def test_lines_are_counted_as_an_editor_does(models):
    text = "月光\n\n——\n春\u2028风\n人心"
    assert len(atoms(reroll_line(models["zh"], text, 4, LyricOptions(seed=1))[0].text, "char")) == 2
    for number in (0, 2, 3, 6):
        with pytest.raises(OptionError, match="line"):
            reroll_line(models["zh"], text, number)


def test_a_line_without_end_is_refused_in_words(models):
    with pytest.raises(TemplateError, match="line 2: expected 1 to 200 characters"):
        reroll_line(models["zh"], "月光\n" + "春" * 500, 1)


# What to know before ------------------------------------------------------------------------------


def test_notes_of_a_model_are_its_warnings(models):
    model = models["zh"]
    assert model.notes("月光") == []
    (note,) = model.notes("月鱼", "鸟")
    assert note == "not in the vocabulary, read as <unk>: 鱼 鸟"
    with pytest.warns(UnknownTokenWarning, match=re.escape(note)):
        list(model.generate_batch(["月鱼", "鸟"], max_new_tokens=1))


def test_notes_of_a_translator_are_its_warnings():
    translator = Translator(None, TOKENIZERS["zh"], TOKENIZERS["zh"], longest_source=3)
    assert translator.notes(["月光"]) == []
    notes = translator.notes(["月光", "月鱼光光光"])
    assert [note.split(":")[0] for note in notes] == [
        "not in the vocabulary, read as <unk>",
        "a source has 5 characters, the longest in training had 3",
    ]
    with pytest.warns(UnknownTokenWarning), pytest.warns(LongSourceWarning):
        translator.translate_batch(["月光", "月鱼光光光"])
