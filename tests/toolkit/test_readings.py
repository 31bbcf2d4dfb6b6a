import gzip
import importlib.util
from pathlib import Path

import pytest

from toolkit.corpus import built_in_bytes
from toolkit.errors import ToolkitError
from toolkit.pronunciations import VOWELS, pronunciations
from toolkit.readings import FINALS, INITIALS, Syllable, closing_readings, is_han, read, readings, syllable
from toolkit.tables import built_in_table

HERE = Path(__file__).parent
TABLES = ("readings-zh.tsv.gz", "phrases-zh.tsv.gz", "words-en.tsv.gz")
CONTEXTS = [line.split("\t") for line in (HERE / "readings-zh.tsv").read_text(encoding="utf-8").splitlines()[1:]]


# Syllables ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("spelling", "parts"),
    [
        ("zhi1", ("zh", "-i", 1)), ("chi2", ("ch", "-i", 2)), ("shi3", ("sh", "-i", 3)), ("ri4", ("r", "-i", 4)),
        ("zi5", ("z", "-i", 5)), ("ci2", ("c", "-i", 2)), ("si1", ("s", "-i", 1)), ("qi1", ("q", "i", 1)),
        ("yi1", ("", "i", 1)), ("yin1", ("", "in", 1)), ("ying1", ("", "ing", 1)), ("ye4", ("", "ie", 4)),
        ("you3", ("", "iou", 3)), ("yan1", ("", "ian", 1)), ("yong3", ("", "iong", 3)), ("yo1", ("", "io", 1)),
        ("wu2", ("", "u", 2)), ("wo3", ("", "uo", 3)), ("wei4", ("", "uei", 4)), ("wen2", ("", "uen", 2)),
        ("weng1", ("", "ueng", 1)), ("wai4", ("", "uai", 4)), ("wang4", ("", "uang", 4)),
        ("yu3", ("", "ü", 3)), ("yue4", ("", "üe", 4)), ("yuan2", ("", "üan", 2)), ("yun2", ("", "ün", 2)),
        ("ju1", ("j", "ü", 1)), ("qu4", ("q", "ü", 4)), ("xue2", ("x", "üe", 2)), ("quan2", ("q", "üan", 2)),
        ("xun4", ("x", "ün", 4)), ("jiong3", ("j", "iong", 3)), ("lü4", ("l", "ü", 4)), ("nüe4", ("n", "üe", 4)),
        ("lu4", ("l", "u", 4)), ("zhu1", ("zh", "u", 1)), ("bo1", ("b", "o", 1)), ("fo2", ("f", "o", 2)),
        ("guo2", ("g", "uo", 2)), ("ge1", ("g", "e", 1)), ("er2", ("", "er", 2)), ("ê4", ("", "ê", 4)),
        ("jiu3", ("j", "iou", 3)), ("gui4", ("g", "uei", 4)), ("lun2", ("l", "uen", 2)), ("zhang3", ("zh", "ang", 3)),
        ("ng2", ("", "ng", 2)), ("hng5", ("h", "ng", 5)), ("a5", ("", "a", 5)),
    ],
)  # fmt: skip
def test_a_syllable_has_an_initial_a_final_and_a_tone(spelling, parts):
    assert syllable(spelling) == Syllable(*parts)


@pytest.mark.parametrize("spelling", ["", "1", "zhang", "zhang6", "zhang0", "love1", "bx3", "b4", "yi", "q1"])
def test_what_is_no_syllable_is_refused(spelling):
    with pytest.raises(ToolkitError, match="expected a syllable in pinyin"):
        syllable(spelling)


@pytest.mark.parametrize(("spelling", "level"), [("ma1", 1), ("ma2", 1), ("ma3", 0), ("ma4", 0), ("ma5", 0)])
def test_the_first_two_tones_are_level(spelling, level):
    assert syllable(spelling).is_level == bool(level)


def test_every_syllable_of_the_table_has_its_parts():
    spellings = {s.strip("。") for text in built_in_table(TABLES[0]).values() for s in text.split() if s != "|"}
    assert len(spellings) > 1_300
    for spelling in spellings:
        found = syllable(spelling)
        assert found.initial in ("", *INITIALS)
        assert found.final in FINALS
    assert {syllable(spelling).final for spelling in spellings} >= FINALS - {"ê", "ng"}  # rare readings of 欸 and 嗯


# Characters --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("char", "listed"),
    [
        ("花", "hua1"), ("月", "yue4"), ("女", "nü3"), ("斜", "xie2"), ("〇", "ling2"), ("一", "yi1"), ("不", "bu4"),
        ("长", "chang2 zhang3"), ("乐", "le4 yue4"), ("还", "hai2 huan2"), ("都", "dou1 du1"), ("觉", "jue2 jiao4"),
        ("血", "xue4 xie3"), ("為", "wei4"),
    ],
)  # fmt: skip
def test_a_character_has_its_usual_reading_first(char, listed):
    assert readings(char)[: len(listed.split())] == tuple(map(syllable, listed.split()))


@pytest.mark.parametrize(("char", "count"), [("行", 2), ("了", 2), ("着", 4), ("得", 3), ("落", 3), ("薄", 3)])
def test_a_polyphone_lists_all_that_live(char, count):
    assert len(set(readings(char))) == len(readings(char)) == count


@pytest.mark.parametrize("char", ["", "a", "，", "1", "㐀", "\n", "花花"])
def test_what_is_no_character_has_no_reading(char):
    assert readings(char) == ()
    assert not is_han(char)


# Context -----------------------------------------------------------------------------------------


def test_a_character_is_read_by_its_phrase():
    assert len(CONTEXTS) > 300
    found = [(text, which, read(text)[int(which) - 1]) for text, which, _ in CONTEXTS]
    assert found == [(text, which, syllable(spelling)) for text, which, spelling in CONTEXTS]


def test_a_text_has_a_reading_for_each_character_and_none_for_the_rest():
    assert read("花，a 月\n") == [syllable("hua1"), None, None, None, syllable("yue4"), None]
    assert read("") == []


@pytest.mark.parametrize("mark", ["", "。", "，后来", "\n后来"])
def test_an_adverb_closes_no_line(mark):
    assert read(f"人未还{mark}")[2] == syllable("huan2")
    assert read("还来")[0] == syllable("hai2")


def test_closing_readings_are_those_of_the_whole_text():
    text = "昨夜西风凋碧树，独上高楼，望尽天涯路。银行的音乐还在成长"
    for end in range(1, len(text) + 1):
        for count in (1, 2, 3):
            whole = read(text[:end])[-count:]
            found = closing_readings(text[:end], count)
            assert [s for (s,) in found] == (whole if len(whole) == count and None not in whole else [])


def test_without_context_a_single_character_has_every_listed_reading_and_a_phrase_its_own():
    assert [set(s) for s in closing_readings("乐", context=False)] == [set(readings("乐"))]
    assert closing_readings("音乐", 2, context=False) == [(syllable("yin1"),), (syllable("yue4"),)]
    assert closing_readings("乐", 2, context=False) == []


# English -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("word", "stress", "rhymes"),
    [
        ("love", {"1"}, {"AH V"}), ("believe", {"01"}, {"IY V"}), ("memory", {"100"}, {"EH M ER IY"}),
        ("tomorrow", {"012"}, {"AA R OW", "OW"}), ("read", {"1"}, {"EH D", "IY D"}),
        ("Moonlight", {"12"}, {"UW N L AY T", "AY T"}), ("for", {"1"}, {"AO R"}), ("year", {"1"}, {"IH R"}),
        ("I’m", {"1"}, {"AY M"}), ("'cause", {"0"}, {"AH Z"}), ("lovin'", {"10"}, {"AH V IH N"}),
        ("'sin'", {"1"}, {"IH N"}), ("heart-stone", {"11"}, {"OW N"}), ("xqzt", set(), set()), ("", set(), set()),
        ("-", set(), set()), ("hm", set(), set()), ("xqzt-love", set(), set()),
    ],
)  # fmt: skip
def test_a_word_has_its_stresses_and_rhymes(word, stress, rhymes):
    said = pronunciations(word)
    assert {way.stress for way in said} == stress
    assert {" ".join(phones) for way in said for phones in way.rhymes} == rhymes
    assert {way.syllables for way in said} == {len(digits) for digits in stress}


def test_every_pronunciation_closes_with_as_many_syllables_as_it_tells():
    for word in built_in_table(TABLES[2]):
        for way in pronunciations(word):
            vowels = [i for i, phone in enumerate(way.closing) if phone in VOWELS]
            assert 0 < len(vowels) <= way.syllables
            assert vowels[0] == 0
            assert len(vowels) >= min(2, way.syllables)
            assert way.double[-len(way.last_syllable) :] == way.last_syllable
            assert all(rhyme == way.closing[-len(rhyme) :] for rhyme in way.rhymes)


# The tables --------------------------------------------------------------------------------------


def test_the_tables_are_what_the_generator_makes():
    for library in ("pypinyin", "pronouncing"):
        pytest.importorskip(library, reason=f"{library} makes the tables; it comes with the dev extra")
    import toolkit

    place = Path(toolkit.__file__).parent / "data" / "make_readings.py"
    spec = importlib.util.spec_from_file_location("make_readings", place)
    generator = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(generator)
    made = generator.tables()
    assert set(made) == set(TABLES)
    for name, data in made.items():  # unpacked: other builds of zlib pack otherwise
        assert gzip.decompress(data) == gzip.decompress(built_in_bytes(name)), f"run {place.name}"


@pytest.mark.parametrize("name", TABLES)
def test_a_table_says_where_it_is_from_and_has_no_date(name):
    data = built_in_bytes(name)
    first = gzip.decompress(data).decode().partition("\n")[0]
    assert first.startswith("# ")
    assert any(licence in first for licence in ("MIT", "BSD-2-Clause"))
    assert data[4:8] == bytes(4)


def test_the_tables_are_small_and_their_licences_come_along():
    assert sum(len(built_in_bytes(name)) for name in TABLES) < 2_000_000
    notice = built_in_bytes("LICENSES.txt").decode()
    assert "mozillazg" in notice
    assert "Carnegie Mellon University" in notice
