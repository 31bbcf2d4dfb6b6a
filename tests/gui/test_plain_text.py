"""Text that comes in is clean, and positions count characters."""

import random

import pytest

from toolkit.gui.plain_text import Positions, changed_part, clean, on_one_line, visible

WIDE = "春𠀀风😀\n👩‍👩‍👧x𪚥"


def test_positions_agree_with_the_units_that_utf16_has():
    positions = Positions(WIDE)
    for chars in range(len(WIDE) + 1):
        units = len(WIDE[:chars].encode("utf-16-le")) // 2
        assert positions.to_units(chars) == units
        assert positions.to_chars(units) == chars


def test_a_place_within_a_pair_is_its_character():
    assert [Positions("a😀b").to_chars(units) for units in range(5)] == [0, 1, 1, 2, 3]


@pytest.mark.parametrize("end", ["\r\n", "\r", "\u2028", "\u2029", "\v", "\f", "\x85"])
def test_every_line_end_is_one_newline(end):
    assert clean(f"一{end}二") == "一\n二"


def test_what_cannot_be_seen_is_dropped_and_emoji_stay_whole():
    assert clean("\ufeffa\x00b\x1b[31mc\u202ed\ud800e\ufffcf") == "ab[31mcdef"
    assert clean(WIDE + "\t") == WIDE + "\t"


def test_blanks_and_line_ends_of_a_token_are_shown():
    assert visible(" \n\u3000\x07") == "␣↵␣␇"
    assert on_one_line("two\nlines\x00") == "two lines␀"


def test_a_changed_part_turns_one_text_into_the_other_and_is_as_short_as_can_be():
    draw = random.Random(3)
    for _ in range(300):
        before = "".join(draw.choices("ab\n", k=draw.randrange(12)))
        at, end = sorted((draw.randint(0, len(before)), draw.randint(0, len(before))))
        after = before[:at] + "".join(draw.choices("ab\n", k=draw.randrange(4))) + before[end:]
        start, removed, added = changed_part(before, after, 0, 0)
        assert before[:start] + after[start : start + added] + before[start + removed :] == after
        assert (
            (removed, added) == (0, 0) or before[start : start + 1] != after[start : start + 1] or not removed * added
        )
