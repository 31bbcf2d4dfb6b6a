"""Colours that mean something: seen on light and dark, and never in the way of the letters."""

import random

import pytest
from PySide6.QtGui import QColor, QPalette

from toolkit.gui.colouring import Spans, on_rhyme, rhyme_colour, rhyming_part, surprise, tint
from toolkit.gui.theme import palette_of


def luminance(colour):
    parts = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in colour.getRgbF()[:3]]
    return sum(part * weight for part, weight in zip(parts, (0.2126, 0.7152, 0.0722), strict=True))


def contrast(one, other):
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def over(top, below):
    alpha = top.alphaF()
    return QColor.fromRgbF(
        *(alpha * one + (1 - alpha) * other for one, other in zip(top.getRgbF()[:3], below.getRgbF()[:3], strict=True))
    )


@pytest.mark.parametrize("dark", [False, True])
def test_letters_can_be_read_on_every_badge_and_tint(qapp, dark):
    palette = palette_of(dark=dark)
    ink, paper = palette.color(QPalette.ColorRole.Text), palette.color(QPalette.ColorRole.Base)
    assert min(contrast(on_rhyme(palette), rhyme_colour(letter, palette)) for letter in "ABCDEFGH") >= 4.5
    assert min(contrast(rhyme_colour(letter, palette), paper) for letter in "ABCDEFGH") >= 3
    assert contrast(ink, over(tint(0.0, palette), paper)) >= 4.5
    assert tint(0.9, palette).alphaF() == 0


def test_the_less_a_character_was_expected_the_deeper_its_tint():
    steps = [surprise(prob) for prob in (1.0, 0.5, 0.2, 0.05, 0.01, 0.001, 0.0, float("nan"))]
    assert steps == sorted(steps)
    assert (steps[0], steps[-1]) == (0.0, 1.0)


@pytest.mark.parametrize(
    ("line", "part"),
    [
        ("春风又绿江南岸，", "岸"),
        ("over the hills —", "hills"),
        ("don’t", "don’t"),
        ("", ""),
        ("……", ""),
        ("我的 love!", "love"),
    ],
)
def test_what_rhymes_is_the_last_character_or_word(line, part):
    start, end = rhyming_part(line)
    assert line[start:end] == part


@pytest.mark.parametrize("split", [False, True])
def test_spans_follow_a_text_as_marks_on_its_characters_would(split):
    draw = random.Random(5)
    for _ in range(200):
        marks = [draw.randrange(3) for _ in range(12)]  # 0: none, else the number of a span of one character
        spans = Spans([(at, at + 1, float(mark)) for at, mark in enumerate(marks) if mark])
        at = draw.randint(0, 12)
        removed, added = draw.randint(0, 12 - at), draw.randrange(4)
        spans.follow(at, removed, added, split=split)
        marks[at : at + removed] = [0] * added
        assert list(spans.among(0, 99)) == [(at, at + 1, float(mark)) for at, mark in enumerate(marks) if mark]


def test_a_long_span_is_cut_or_goes():
    for split, left in ((True, [(2, 4, 1.0), (7, 10, 1.0)]), (False, [])):
        spans = Spans([(2, 8, 1.0)])
        spans.follow(4, 1, 3, split=split)
        assert list(spans.among(0, 99)) == left
