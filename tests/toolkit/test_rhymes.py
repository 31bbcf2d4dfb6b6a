from itertools import product
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from toolkit.corpus import read_text
from toolkit.parallel import ParallelOptions, load_parallel
from toolkit.readings import FINALS, is_han
from toolkit.rhymes import CHINESE_CLASSES, NEAR_CHINESE, Rhymes, describe, rhyme_word
from toolkit.tables import built_in_table

HERE = Path(__file__).parent
PAIRS = [
    (language, *line.split("\t"))
    for language in ("zh", "en")
    for line in (HERE / f"rhymes-{language}.tsv").read_text(encoding="utf-8").splitlines()[1:]
]
STRICT, NEAR, DOUBLE = Rhymes(), Rhymes(near=True), Rhymes(double=True)
EVERY = [Rhymes(near, double) for near, double in product((False, True), repeat=2)]
CHARS = list(built_in_table("readings-zh.tsv.gz"))
WORDS = list(built_in_table("words-en.tsv.gz"))


# Lists written by hand ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("language", "relation", "least"),
    [
        ("zh", "strict", 300), ("zh", "not strict", 300), ("zh", "near", 60), ("zh", "not near", 60),
        ("en", "strict", 200), ("en", "not strict", 200), ("en", "near", 50), ("en", "not near", 50),
    ],
)  # fmt: skip
def test_pairs_rhyme_as_a_reader_says(language, relation, least):
    pairs = [pair for of, kind, *pair in PAIRS if (of, kind) == (language, relation)]
    assert len({frozenset(pair) for pair in pairs}) == len(pairs) >= least
    rhymes = NEAR if "near" in relation else STRICT
    rhyming = [(a, b) for a, b in pairs if rhymes.rhymes(a, b)]
    assert rhyming == [(a, b) for a, b in pairs if rhymes.rhymes(b, a)]
    assert rhyming == ([] if "not" in relation else [(a, b) for a, b in pairs])


# Classes -----------------------------------------------------------------------------------------


def test_the_eighteen_classes_share_out_the_finals():
    finals = [final for finals in CHINESE_CLASSES.values() for final in finals]
    assert len(CHINESE_CLASSES) == 18
    assert sorted(finals) == sorted(FINALS - {"m", "n", "ng"})


@pytest.mark.parametrize(
    ("text", "strict", "near"),
    [
        ("光", "唐", "寒唐"), ("山", "寒", "寒唐"), ("心", "痕", "痕庚"), ("空", "东", "庚东"),
        ("风", "庚", "痕庚|庚东"),
        ("雨", "鱼", "齐鱼"), ("衣", "齐", "齐鱼"), ("诗", "支", "支"), ("二", "儿", "儿"), ("我", "波", "波歌"),
        ("night", "AY T", "AY stop"), ("find", "AY N D", "AY nasal"), ("嗯", "", ""), ("7", "", ""), ("", "", ""),
        ("，", "", ""), ("ложь", "", ""), ("xqzt", "", ""), ("hm", "", ""),
    ],
)  # fmt: skip
def test_a_text_has_classes(text, strict, near):
    assert STRICT.read(text) == STRICT.classes(text) == {strict} - {""}
    assert NEAR.read(text) == NEAR.classes(text) == set(near.split("|")) - {""}


@pytest.mark.parametrize(
    ("token", "chosen", "read"),
    [
        ("乐", {"歌", "皆"}, {"歌"}), ("音乐", {"皆"}, {"皆"}), ("快乐", {"歌"}, {"歌"}), ("还", {"寒", "开"}, {"寒"}),
        ("都", {"模", "侯"}, {"模"}), ("行", {"庚", "唐"}, {"庚"}),
        ("银行", {"唐"}, {"唐"}), ("了", {"歌", "豪"}, {"歌"}),
        ("着", {"歌", "豪", "波"}, {"歌"}), ("地", {"齐", "歌"}, {"齐"}), ("得", {"歌", "微"}, {"歌"}),
        ("觉", {"皆", "豪"}, {"皆"}), ("睡觉", {"豪"}, {"豪"}), ("薄", {"波", "豪"}, {"波"}),
        ("落", {"波", "麻", "豪"}, {"波"}), ("朝", {"豪"}, {"豪"}), ("重", {"东"}, {"东"}), ("血", {"皆"}, {"皆"}),
        ("没", {"微", "波"}, {"微"}), ("万", {"寒"}, {"寒"}), ("天地", {"齐"}, {"齐"}),
    ],
)  # fmt: skip
def test_a_polyphone_is_chosen_by_any_listed_reading_and_read_by_its_context(token, chosen, read):
    assert STRICT.classes(token) == chosen
    assert STRICT.read(token) == read


@pytest.mark.parametrize("end", ["", "。", "！”", "…\n", " 》", "——", "~"])
@pytest.mark.parametrize("text", ["一片月光", "all the night"])
def test_punctuation_at_the_end_counts_for_nothing(text, end):
    for rhymes in EVERY:
        assert rhymes.read(text + end) == rhymes.read(text) != frozenset()
        assert rhymes.classes(text + end) == rhymes.classes(text)
    assert rhyme_word(text + end) == rhyme_word(text)


def test_an_apostrophe_belongs_to_the_word():
    assert STRICT.read("all this lovin', ") == STRICT.read("shovin’") == {"AH V IH N"}
    assert STRICT.read("that is 'sin'") == {"IH N"}
    assert STRICT.rhymes("what I'm", "in time")


@pytest.mark.parametrize(
    "text", ["love--night", "love - night", "love-night", "爱night", "3night", "love/night", "…night"]
)
def test_the_last_word_counts(text):
    assert STRICT.read(text) == {"AY T"}


@pytest.mark.parametrize(("a", "b"), [("月光", "日光"), ("Love", "my love!"), ("I’m", "i'm"), ("乐", "快乐"), ("", "")])
def test_a_word_does_not_rhyme_with_itself(a, b):
    assert rhyme_word(a) == rhyme_word(b)
    assert not any(rhymes.rhymes(a, b) for rhymes in EVERY)


def test_a_word_that_sounds_the_same_is_another_word():
    assert STRICT.rhymes("the sea", "I see")
    assert STRICT.rhymes("是", "事")


def test_languages_do_not_rhyme_with_each_other():
    assert not NEAR.rhymes("唐诗", "tonight")


# Double ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("a", "b", "double"),
    [
        ("月光", "雪霜", True), ("月光", "日光灯", False), ("月光", "银霜", False), ("我的家乡", "沙场", True),
        ("我的家乡", "花香", True), ("音乐", "心月", True), ("快乐", "心月", False), ("glory", "story", True),
        ("glory", "holy", False), ("my way", "I say", True), ("my way", "no way", False), ("my way", "to say", False),
        ("know her", "lower", True), ("know me", "snowy", True), ("tomorrow", "sorrow", True),
        ("melody", "a body", False),
    ],
)  # fmt: skip
def test_a_double_rhyme_has_two_syllables(a, b, double):
    assert DOUBLE.rhymes(a, b) == double


@pytest.mark.parametrize("text", ["光", "，光", "night", "a，光", "光 night", "", "，"])
def test_a_single_syllable_has_no_double_rhyme(text):
    assert DOUBLE.read(text) == DOUBLE.classes(text) == frozenset()


def test_a_double_class_of_chinese_is_one_for_each_syllable():
    assert DOUBLE.read("月光") == {"皆+唐"}
    assert DOUBLE.classes("行乐") == {"庚+歌"}
    assert Rhymes(near=True, double=True).read("东风") == {"庚东+痕庚", "庚东+庚东"}


# Vocabularies ------------------------------------------------------------------------------------


@pytest.mark.parametrize("rhymes", EVERY, ids=str)
def test_the_table_of_a_vocabulary_names_who_can_be_chosen(rhymes):
    vocab = ["<unk>", "\n", "，", "光", "霜", "乐", "音乐", "光", "night", "light", "glory", "story", "月光", "雪霜"]
    table = rhymes.table(vocab)
    assert list(table) == sorted({name for token in vocab for name in rhymes.classes(token)})
    for name, ids in table.items():
        assert ids.dtype == np.int64
        assert ids.tolist() == [i for i, token in enumerate(vocab) if name in rhymes.classes(token)]
        assert np.flatnonzero(rhymes.members(vocab, name)).tolist() == ids.tolist()
    assert not rhymes.members(vocab, "nothing").any()
    assert rhymes.members([], "唐").shape == (0,)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("唐", "唐 (ang iang uang)"), ("齐鱼", "齐鱼 (i ü)"), ("麻+支", "麻 (a ia ua) + 支 (-i)"), ("AY T", "-ay t"),
    ],
)  # fmt: skip
def test_a_class_is_described_to_people(name, text):
    assert describe(name) == text


# Properties --------------------------------------------------------------------------------------


@given(st.sampled_from(CHARS) | st.sampled_from(WORDS), st.sampled_from(CHARS) | st.sampled_from(WORDS))
def test_what_rhymes_strictly_rhymes_nearly(a, b):
    for double in (False, True):
        strict, near = Rhymes(double=double), Rhymes(near=True, double=double)
        if strict.rhymes(a, b):
            assert near.rhymes(a, b)


@pytest.mark.parametrize("double", [False, True])
def test_near_is_coarser_than_strict_for_every_word_and_phrase(double):
    strict, near = Rhymes(double=double), Rhymes(near=True, double=double)
    merged = {}
    for token in (*CHARS, *list(built_in_table("phrases-zh.tsv.gz"))[::5], *WORDS[::5]):
        for name in (names := strict.classes(token)):
            if len(names) == 1:
                assert merged.setdefault(name, near.classes(token)) == near.classes(token)
    assert len({frozenset(names) for names in merged.values()}) < len(merged)


@given(st.lists(st.sampled_from(CHARS), min_size=1, max_size=6).map("".join) | st.sampled_from(WORDS))
def test_what_is_read_can_be_chosen(token):
    for rhymes in EVERY:
        assert rhymes.read(token) <= rhymes.classes(token)


@given(st.text(max_size=12))
def test_any_text_has_classes_or_none(text):
    for rhymes in EVERY:
        assert all(rhymes.read(text) | rhymes.classes(text) | {"-"})


def test_a_line_of_chinese_is_in_one_strict_class():
    lines = [line for line in read_text("builtin:lyrics-zh").splitlines() if line and is_han(line[-1])]
    assert len(lines) > 2_000
    assert {len(STRICT.read(line)) for line in lines} == {1}
    assert {len(DOUBLE.read(line)) for line in lines if len(line) > 1 and is_han(line[-2])} == {1}


def test_every_character_of_verse_has_a_class():
    pairs = load_parallel("builtin:couplets-zh", ParallelOptions())
    text = "".join(side for pair in (*pairs.train, *pairs.valid) for side in pair)
    chars = {char for char in text if "\u4e00" <= char <= "\u9fff"}
    assert len(chars) > 900
    assert all(STRICT.classes(char) for char in chars)
    assert {name for char in chars for name in NEAR.read(char)} <= {*NEAR_CHINESE, *CHINESE_CLASSES}
