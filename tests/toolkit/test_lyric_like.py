import re
from functools import reduce
from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from toolkit.corpus import read_text
from toolkit.lyrics.like import rhyme_letters, template_like
from toolkit.lyrics.rules import LyricRules
from toolkit.lyrics.template import MAX_LINES, TemplateError, parse_template
from toolkit.rhymes import Rhymes, rhyme_word

STRICT, NEAR = Rhymes(), Rhymes(near=True)
SONGS = {name: read_text(f"builtin:lyrics-{name}").strip().split("\n\n") for name in ("zh", "en")}


def scheme(text, rhymes=STRICT, unit="auto"):
    return template_like(text, rhymes, unit).scheme


def common(lines, rhymes):
    """The classes that all of some lines have."""
    return reduce(frozenset.__and__, map(rhymes.read, lines))


# Songs by hand ------------------------------------------------------------------------------------


def test_a_chinese_song_gives_its_lengths_and_rhymes():
    song = "春风吹过小巷，\n我想起你的模样。\n桥下流水，静静\n带走了所有的光！\n"
    assert str(template_like(song, STRICT)) == "______{A}\n_______{A}\n______\n_______{A}"
    assert template_like(song, STRICT).unit == "char"


def test_an_english_song_is_counted_in_words():
    song = "I walk along the river's bend\nThe moon is over the hill,\nI don't know where it will end\nI love you still"
    assert str(template_like(song, STRICT)) == "_ _ _ _ _ _{A}\n_ _ _ _ _ _{B}\n_ _ _ _ _ _ _{A}\n_ _ _ _{B}"
    assert template_like(song, STRICT).unit == "word"


@pytest.mark.parametrize(
    ("text", "unit", "sizes"),
    [
        ("Beautiful river\nthe fire", "syllable", [5, 3]),
        ("Beautiful river\nthe fire", "char", [14, 7]),
        ("爱 you baby\n我的 baby", "auto", [8, 6]),
        ("爱 you baby\n我的 baby", "syllable", [4, 4]),
        ("爱 you baby\n我的 baby", "word", [3, 2]),
        ("never 1 2 3", "auto", [4]),
    ],
)
def test_the_unit_says_what_is_counted(text, unit, sizes):
    assert [len(line.cells) for line in template_like(text, STRICT, unit).lines] == sizes


def test_empty_lines_part_stanzas_however_many_there_are():
    song = "\n \n花开了\n你走了\n\n\t\n\n月亮\n海\n\n"
    assert [len(stanza) for stanza in template_like(song, STRICT).stanzas] == [2, 2]
    assert scheme(song) == "XX XX"


def test_line_breaks_and_marks_of_any_kind_leave_nothing_behind():
    plain = template_like("江南好\n风景旧曾谙\n\n能不忆江南", STRICT)
    assert template_like("\ufeff江南好，\r\n「风景」、旧曾谙……\r\n\r\n  能不忆 江南？ \r\n", STRICT) == plain


@pytest.mark.parametrize(
    ("text", "rhymes", "expected"),
    [
        ("月光\n远方\n花香\n故乡", STRICT, "AAAA"),
        ("月光\n花开\n远方\n大海", STRICT, "ABAB"),
        ("大海\n月光\n远方\n花开\n\n忧愁\n星星", STRICT, "ABBA XX"),
        ("月光\n阳光\n大海", STRICT, "XXX"),  # the same word does not rhyme with itself
        ("月光\n阳光\n远方", STRICT, "AAA"),
        ("星星\n月亮\n心心", STRICT, "XXX"),
        ("星星\n月亮\n心心", NEAR, "AXA"),
        ("大风\n天空\n真心\n人群", NEAR, "AXAA"),  # 风 with 心 or with 空: the more lines win
        ("大风\n天空\n真心\n相同\n人群\n长虹", NEAR, "AABABA"),
        ("平安\n月光\n海洋\n远山", STRICT, "ABBA"),
        ("平安\n月光\n海洋\n远山", NEAR, "AAAA"),
        ("我的家乡\n春天的花香\n青山上\n路旁", Rhymes(double=True), "AAXX"),
        ("hold me tight\nall the night\nlike a river\nand forever\nin the light", STRICT, "AAXXA"),
        ("hold me tight\nlike a river\nI shiver", STRICT, "XAA"),
        ("find\nmine\ntime", NEAR, "AAA"),
        ("find\nmine\ntime", STRICT, "XXX"),
        ("oh qzx\nyeah 99\n——啊", STRICT, "XXX"),
    ],
)
def test_lines_that_rhyme_have_a_letter_in_the_order_they_come(text, rhymes, expected):
    assert scheme(text, rhymes) == expected


def test_no_line_has_the_letter_x_and_there_are_no_more_than_twenty_five():
    pairs = [
        "light night", "day way", "go snow", "free sea", "cold gold", "rain train", "blue true", "heart part",
        "fire wire", "moon soon", "time climb", "song long", "fall wall", "car star", "dream stream", "hand sand",
        "bed red", "hill still", "town down", "cup up", "ring sing", "deep sleep", "boy joy", "sky high", "fish dish",
        "book look", "glass pass", "rock clock",
    ]  # fmt: skip
    lines = [word for pair in pairs for word in pair.split()]
    letters = rhyme_letters([*lines, "kiss", "miss"], STRICT)
    assert list(dict.fromkeys(filter(None, letters))) == list("ABCDEFGHIJKLMNOPQRSTUVWYZ")
    # the largest come first
    letters = rhyme_letters([*lines, "kiss", "miss", "this"], STRICT)
    assert letters[-1] == letters[-3] == "Z"


# Built-in songs -----------------------------------------------------------------------------------


@pytest.mark.parametrize("rhymes", [STRICT, NEAR, Rhymes(double=True), Rhymes(near=True, double=True)], ids=str)
@pytest.mark.parametrize("language", SONGS)
def test_every_built_in_song_keeps_the_rules_of_its_own_template(language, rhymes):
    for song in SONGS[language]:
        template = template_like(song, rhymes)
        lines = song.split("\n")
        words = [re.findall(r"[\u4e00-\u9fff]" if language == "zh" else r"[\w'’]+", line) for line in lines]
        assert [list(line.lengths) for line in template.lines] == [[len(found)] for found in words]
        assert all(cell.is_free for line in template.lines for cell in line.cells)
        groups = {}
        for line, shape in zip(lines, template.lines, strict=True):
            groups.setdefault(shape.letter, []).append(line)
        free = groups.pop("", [])
        shared = {letter: common(group, rhymes) for letter, group in groups.items()}
        assert all(shared.values())
        assert all(len({rhyme_word(line) for line in group}) > 1 for group in groups.values())
        assert all(shared[a].isdisjoint(shared[b]) for a, b in combinations(shared, 2))
        assert not any(rhymes.rhymes(a, b) for a, b in combinations(free, 2))
        assert parse_template(str(template), template.unit) == template
        assert LyricRules(template=str(template), unit=template.unit).layout("char") == template


@pytest.mark.parametrize("language", SONGS)
def test_most_lines_of_the_built_in_songs_rhyme(language):
    letters = [line.letter for song in SONGS[language] for line in template_like(song, NEAR).lines]
    assert sum(map(bool, letters)) > 0.8 * len(letters)


@given(st.lists(st.text(alphabet="心风空光山家鱼衣歌波月的了好1。", min_size=1, max_size=3), max_size=14))
def test_letters_never_clash_however_the_near_classes_overlap(lines):
    letters = rhyme_letters(lines, NEAR)
    groups = {a: [line for line, b in zip(lines, letters, strict=True) if a == b] for a in sorted(set(letters) - {""})}
    shared = [common(group, NEAR) for group in groups.values()]
    assert all(shared)
    assert all(a.isdisjoint(b) for a, b in combinations(shared, 2))
    free = [line for line, letter in zip(lines, letters, strict=True) if not letter]
    assert not any(NEAR.rhymes(a, b) for a, b in combinations(free, 2))


# Bad input ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "unit", "message"),
    [
        ("", "auto", "expected 1 to 400 lines, found none"),
        (" \n\t\n\ufeff", "auto", "the song"),
        ("花开\n\n……\n月亮", "auto", "the song, line 3: expected 1 to 200 characters, found none"),
        ("hello\n---", "auto", "the song, line 2: expected 1 to 200 words, found none"),
        ("hello\nthe qzxv sings", "syllable", "the song, line 2: 'qzxv': expected words of the pronouncing dictionary"),
        ("花" * 201, "auto", "the song, line 1: expected 1 to 200 characters, found 201"),
        ("花开\n" * (MAX_LINES + 1), "auto", "expected 1 to 400 lines, found 401"),
    ],
)
def test_what_is_no_song_is_refused_with_the_line(text, unit, message):
    with pytest.raises(TemplateError, match=message):
        template_like(text, STRICT, unit)
