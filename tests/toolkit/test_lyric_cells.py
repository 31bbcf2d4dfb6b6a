from dataclasses import replace

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from toolkit.errors import ToolkitError
from toolkit.lyrics.check import check
from toolkit.lyrics.contractions import suffixes_behind
from toolkit.lyrics.dice import Dice
from toolkit.lyrics.plan import Plan
from toolkit.lyrics.rules import LyricRules
from toolkit.lyrics.template import Cell, Line, Template, TemplateError, parse_template
from toolkit.lyrics.text import contains, misfit
from toolkit.lyrics.units import HELD, atoms, measured
from toolkit.lyrics.vocabulary import Vocabulary
from toolkit.readings import readings
from toolkit.tokenizer import CharTokenizer, IdTokenizer, SpaceTokenizer, WordTokenizer

LETTERS = CharTokenizer(("<unk>", "\n", *"abc"))
CHINESE = [CharTokenizer(("<unk>", "\n", "a", *"月光春")), WordTokenizer(("<unk>", "moon", "月光", "春风"))]
ENGLISH = [WordTokenizer(("<unk>", "moon", "月光", "sun")), SpaceTokenizer(("<unk>", "moon", "sun"))]

# What the vocabulary can do -----------------------------------------------------------------------

TINY = {
    "char": WordTokenizer(("<unk>", "\n", "，", "月", "光", "月光", "春月", "光月光", "的", "a")),
    "syllable": WordTokenizer(("<unk>", "\n", " ", "river", "moon", "golden", "giver", "didn", "beautiful", "月光")),
    "word": SpaceTokenizer(("<unk>", "<eos>", "moon", "moon-river", "the", "golden", "the-moon-the", "river,")),
}  # fmt: skip
CELLS = st.one_of(
    st.just(Cell()),
    st.sampled_from(["月", "光", "moon", "river", "Golden", HELD]).map(lambda text: Cell(literal=text)),
    st.sampled_from(["平", "仄"]).map(lambda tone: Cell(tone=tone)),
    st.sampled_from("mrg").map(lambda letter: Cell(opening=letter)),
    st.sampled_from("nre").map(lambda letter: Cell(closing=letter)),
    st.just(Cell(before="，")),
)


@pytest.mark.parametrize("unit", TINY)
@settings(max_examples=80, deadline=None)
@given(st.lists(CELLS, min_size=1, max_size=4))
def test_a_fit_is_what_trying_every_token_finds(unit, cells):
    vocabulary = Vocabulary(TINY[unit], unit)
    vocab = TINY[unit].vocab
    filled = [() if token in {"<unk>", "<eos>"} else atoms(token, unit) or () for token in vocab]

    def fits(token, place, part):
        cell = cells[place]
        last = [char for char in vocab[token] if char.isalnum()][-1]
        ends = filled[token][part + 1 :] == ()
        return all(
            [
                not cell.literal or filled[token][part].lower() == cell.literal.lower(),
                not cell.tone or any(said.is_level == (cell.tone == "平") for said in readings(filled[token][part])),
                not cell.opening or (part == 0 and filled[token][0][0] == cell.opening),
                not cell.closing or (ends and last == cell.closing),
                not cell.before or part == 0,
            ]
        )

    def lines_from(place):
        """All ways to fill the cells from one on, as tokens."""
        if place == len(cells):
            return [()]
        found = []
        for token, parts in enumerate(filled):
            behind = place + len(parts)
            cut = vocab[token] == "didn" and behind == len(cells)
            if parts and not cut and behind <= len(cells) and all(fits(token, place + i, i) for i in range(len(parts))):
                found += [(token, *rest) for rest in lines_from(behind)]
        return found

    fit = vocabulary.fit(cells)
    for place in range(len(cells)):
        assert set(np.flatnonzero(fit.masks[place])) == {line[0] for line in lines_from(place)}
        assert set(np.flatnonzero(fit.closing[place])) == {line[0] for line in lines_from(place) if len(line) == 1}
    assert fit.is_possible == bool(lines_from(0))
    assert set(np.flatnonzero(fit.endings(vocabulary.sizes))) == {line[-1] for line in lines_from(0)}


@pytest.mark.parametrize(
    ("tokens", "unit", "message"),
    [
        (IdTokenizer(("0", "1"), unk_id=None), "auto", "expected a model whose vocabulary is known, found ids alone"),
        (LETTERS, "word", "unit: this model writes letter by letter, .*, found 'word'"),
        (LETTERS, "syllable", "unit: this model writes letter by letter"),
        (CHINESE[0], "word", "unit: Chinese is written without blanks, so words are not counted: use char"),
        (CHINESE[1], "word", "unit: Chinese is written without blanks"),
    ],
)
def test_a_vocabulary_that_cannot_be_counted_so_is_refused(tokens, unit, message):
    with pytest.raises(ToolkitError, match=message):
        Vocabulary(tokens, unit)


def test_the_unit_of_a_vocabulary_is_found_out():
    assert {Vocabulary(tokens).unit for tokens in (LETTERS, *CHINESE)} == {"char"}
    assert {Vocabulary(tokens).unit for tokens in ENGLISH} == {"word"}


# Texts and cells ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "wanted", "found"),
    [
        ("床前明月光", "明月", True), ("床前明月光", "月明", False), ("a heart", "art", False),
        ("Art of", "art", True), ("art-house", "art", True), ("the art's", "art", False), ("my heart's", "s", False),
        ("art' and", "art", True), ("don’t go", "don't", True), ("I don't", "don", False),
        ("lovin' you", "lovin'", True), ("爱art爱", "art", True), ("my love爱", "love爱", True),
        ("gloves爱", "loves爱", False), ("the  rain", "the rain", True), ("17", "7", False), ("第7天", "7", True),
        ("x.y", "x-y", False),
    ],
)  # fmt: skip
def test_a_word_is_contained_as_a_whole(text, wanted, found):
    assert contains(text, wanted) is found


@given(st.text("aB春月 '’-7。", max_size=8), st.text("aB春月 '-7", min_size=1, max_size=3))
def test_the_generator_finds_a_text_where_the_checker_does(text, wanted):
    assume(any(map(str.isalnum, wanted)))
    report = check(f"x\n{text}", LyricRules(forbid=(wanted,)))
    assert contains(text, wanted) is any(found.rule == "forbid" and not found.kept for found in report.findings)


@pytest.mark.parametrize(
    ("text", "template", "unit", "rule"),
    [
        ("春风明月", "____", "char", ""), ("春风明月", "___", "char", "length"), ("春，风！", "_风", "char", ""),
        ("春风", "_雨", "char", "template"), ("moon qzx", "_ _", "syllable", "length"),
        ("The Moon", "the _", "word", ""), ("the moon", "t* *n", "word", ""),
        ("the moon", "m* _", "word", "acrostic"), ("the moon's", "_ *n", "word", "acrostic"),
        ("lovin' you", "*n _", "word", ""), ("the river", "_ _ *r", "syllable", ""),
        ("the river", "_ *r _", "syllable", "acrostic"), ("the river", "_ _ e*", "syllable", "acrostic"),
        ("音乐", "_仄", "char", ""), ("音乐", "_平", "char", "tones"), ("银行", "_平", "char", ""),
        ("行人", "仄_", "char", "tones"), ("a月", "平_", "char", "tones"), ("a月", "_仄", "char", ""),
        ("", "_", "char", "length"),
    ],
)  # fmt: skip
def test_the_first_rule_that_a_line_breaks_is_named(text, template, unit, rule):
    (line,) = parse_template(template, unit).lines
    assert misfit(text, line.cells, unit) == rule


@pytest.mark.parametrize(
    ("text", "unit", "expected"),
    [
        ("春，a1 ", "char", ("春", "a", "1")),
        ("don't lovin' rock'n'roll", "word", ("don't", "lovin'", "rock'n'roll")),
        ("moon-light 7", "word", ("moon", "light", "7")), ("— … ", "word", ()),
        ("beautiful", "syllable", ("beautiful", "-", "-")), ("我love你", "syllable", ("我", "love", "你")),
        ("qzx", "syllable", None), ("", "syllable", ()), ("〇", "char", ("〇",)),
    ],
)  # fmt: skip
def test_a_text_fills_cells(text, unit, expected):
    assert atoms(text, unit) == expected


def test_what_cannot_be_counted_is_named():
    assert measured("the beautiful river", "syllable") == 6
    with pytest.raises(ToolkitError, match="'qzx': expected words of the pronouncing dictionary"):
        measured("the qzx river", "syllable")


# Templates ----------------------------------------------------------------------------------------

MARKS = st.text("，。!？(~_#{}", max_size=2)


@st.composite
def template_lines(draw, unit):
    """Lines as `Template` holds them: without optional cells their place is the end."""
    words = st.sampled_from(["moon", "don't", "7", "ABC"] if unit == "word" else ["moon", "golden", "月"])
    literals = st.sampled_from("春a7中平仄Zé") if unit == "char" else words
    cells = [
        Cell(before=before, literal=part)
        for literal, mark in draw(st.lists(st.tuples(st.one_of(st.just(""), literals), MARKS), min_size=1, max_size=5))
        for part, before in zip(atoms(literal, unit) or [""], [mark, "", "", ""], strict=False)
    ]
    for i, cell in enumerate(cells):
        if not cell.literal and unit != "word":
            cells[i] = replace(cell, tone=draw(st.sampled_from(["", "平", "仄"])))
        if not cell.literal and unit != "char" and not cells[i].tone:
            letters = st.sampled_from(["", "s", "N"])
            cells[i] = replace(cell, opening=draw(letters), closing=draw(letters))
    optional, at = draw(st.integers(0, 3)), draw(st.integers(0, len(cells)))
    held = at < len(cells) and cells[at].literal == HELD
    at = at if optional and not held else len(cells)
    return Line(tuple(cells), optional, at, draw(st.sampled_from(["", "A", "Z"])), draw(MARKS))


@pytest.mark.parametrize("unit", ["char", "word", "syllable"])
@settings(max_examples=60, deadline=None)
@given(st.data())
def test_a_template_comes_back_from_its_text(unit, data):
    stanzas = st.lists(st.lists(template_lines(unit), min_size=1, max_size=3).map(tuple), min_size=1, max_size=3)
    template = Template(tuple(data.draw(stanzas)), unit)
    assert parse_template(str(template), unit) == template


@pytest.mark.parametrize(
    ("text", "unit", "same"),
    [
        ("# head\n\n\n__ # two\n# between\n__{X}\n\n", "char", "__\n__"), (" _ 春 _ {A} ", "char", "_春_{A}"),
        ("中平仄{}", "char", "_平仄"), ("《_》", "char", "《_》"), (r"\平\#_", "char", r"\平\#_"),
        ("_~~_", "char", "_~~_"), ("平平仄", "syllable", "平 平 仄"), ("_ don't go", "word", "_ don't go"),
        ("春风 _", "syllable", "春 风 _"), ("s* _ *n！", "word", "s* _ *n！"), ("_\r\n\r\n_", "char", "_\n\n_"),
    ],
)  # fmt: skip
def test_a_template_is_written_in_one_way(text, unit, same):
    assert str(parse_template(text, unit)) == same


@pytest.mark.parametrize(
    ("text", "unit", "message"),
    [
        ("", "char", "the template: expected 1 to 400 lines, found none"),
        ("# only\n\n", "char", "the template: expected 1 to 400 lines, found none"),
        ("_\n" * 401, "char", "expected 1 to 400 lines, found 401"),
        ("_\n_~_~", "char", "the template, line 2: expected all ~ side by side, found some apart"),
        ("~~", "char", "line 1: expected 1 to 200 cells, at least one of which is no ~, found none"),
        ("，。", "char", "line 1: expected 1 to 200 cells"), ("_" * 201, "char", "1 to 200 cells, .* found 201"),
        ("__{a}", "char", r"expected a capital letter in braces, like \{A\}, found \{a\}"),
        ("__{AB}", "char", r"found \{AB\}"), ("{A}__", "char", r"line 1: \{ stands alone; a rhyme letter comes last"),
        ("__\\", "char", "stands alone"), ("_ 平", "word", "平 is a tone, and words have none"),
        ("_ qzx", "syllable", "line 1: the dictionary does not say how many syllables 'qzx' has"),
    ],
)  # fmt: skip
def test_a_template_that_cannot_be_read_is_named_by_its_line(text, unit, message):
    with pytest.raises(TemplateError, match=message):
        parse_template(text, unit)


@pytest.mark.parametrize(
    ("word", "expected"),
    [
        ("I", {"m", "ve", "ll", "d"}),
        ("You", {"re", "ve", "ll", "d"}),
        ("it", {"s", "ll", "d"}),
        ("don", {"t"}),
        ("didn", {"t"}),
        ("would", {"ve"}),
        ("moon", {"s"}),
        ("stars", set()),
        ("the", set()),
        ("7", set()),
    ],
)
def test_a_contraction_is_one_that_exists(word, expected):
    assert suffixes_behind(word) == expected


def test_a_word_with_an_apostrophe_is_made_of_its_tokens():
    tokens = WordTokenizer(("<unk>", "\n", " ", "'", "t", "s", "don", "didn", "moon", "it", "I"))
    vocabulary = Vocabulary(tokens, "word")
    assert vocabulary.contraction("don't") == ("don", "t")
    assert vocabulary.contraction("moon") == ("moon", "")
    assert vocabulary.holds("didn't")
    assert not vocabulary.holds("won't")
    rules = LyricRules(lines=2, length="3", include=("I didn't",), fixed=("1:3=don't",))
    plan = Plan(rules, vocabulary)
    assert plan.arrange(Dice(0, 0)).lines[0].shapes
