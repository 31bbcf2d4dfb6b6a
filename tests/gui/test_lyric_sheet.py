"""A lyric as a picture and as pages: set in the middle, whole stanzas, and nothing left out."""

import re
from itertools import chain, pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PySide6.QtGui import QColor, QFontDatabase, QFontInfo, QImage

from toolkit.errors import ToolkitError
from toolkit.gui.fonts import cjk_family, lyric_font
from toolkit.gui.lyric_sheet import MAX_PICTURE_LINES, save_pdf, save_png
from toolkit.gui.sheet_layout import GAP, columns, flow, rows_of, stanzas_of

POEM = "举头望明月\n低头思故乡\n床前明月光\n疑是地上霜\n\n春眠不觉晓\n处处闻啼鸟\n夜来风雨声\n花落知多少"
LINE = "The tide had nothing left to say, it only pulled the gravel back and forth, and forth and back, until the day"

pytestmark = pytest.mark.usefixtures("qapp")


def ink_of(path) -> tuple[QImage, list[list[int]]]:
    """A picture, and for each row of pixels inside its frame the columns that are dark."""
    image = QImage(str(path))
    gray = image.convertToFormat(QImage.Format.Format_Grayscale8)
    data, width = bytes(gray.constBits()), gray.bytesPerLine()
    inside = range(50, image.width() - 50)
    return image, [
        [x for x in inside if data[y * width + x] < 160] if 50 <= y < image.height() - 50 else []
        for y in range(image.height())
    ]


def bands(dark: list[list[int]]) -> list[tuple[int, int, int, int]]:
    """Of each line of text or rule: its top, bottom, left and right."""
    filled = [y for y, row in enumerate(dark) if row]
    edges = [filled[0], *chain.from_iterable((a, b) for a, b in pairwise(filled) if b - a > 8), filled[-1]]
    return [
        (
            top,
            bottom,
            min(chain.from_iterable(dark[top : bottom + 1])),
            max(chain.from_iterable(dark[top : bottom + 1])),
        )
        for top, bottom in zip(edges[::2], edges[1::2], strict=True)
    ]


def pages_of(path) -> int:
    return len(re.findall(rb"/Type /Page\b", path.read_bytes()))


# Pictures -----------------------------------------------------------------------------------------


def test_a_poem_stands_in_the_middle_under_its_title_with_its_stanzas_apart(tmp_path):
    save_png(tmp_path / "a.png", POEM, "静夜思")
    image, dark = ink_of(tmp_path / "a.png")
    title, rule, *lines = bands(dark)
    assert len(lines) == 8
    for _, _, left, right in (title, rule, *lines):
        assert abs(left + right - image.width()) < 12
    assert title[1] - title[0] > 1.3 * (lines[0][1] - lines[0][0])
    gaps = [below[0] - above[1] for above, below in pairwise(lines)]
    assert gaps[3] > 1.5 * max(gaps[:3] + gaps[4:])
    assert abs(title[0] - (image.height() - lines[-1][1])) < 40  # as much above as below
    assert image.width() / 4 < lines[0][2]
    assert QColor(image.pixel(image.width() // 2, rule[0])).red() > 150


@pytest.mark.parametrize("scale", [1.0, 3.0])
def test_a_picture_is_as_fine_as_was_asked(tmp_path, scale):
    save_png(tmp_path / "plain.png", POEM)
    save_png(tmp_path / "a.png", POEM, scale=scale)
    plain, image = QImage(str(tmp_path / "plain.png")), QImage(str(tmp_path / "a.png"))
    assert abs(image.width() * 2 / scale - plain.width()) < 4
    assert abs(image.height() * 2 / scale - plain.height()) < 4


def test_three_hundred_lines_stand_in_columns_of_a_picture_that_is_not_a_ribbon(tmp_path):
    save_png(tmp_path / "a.png", "\n".join("床前明月光" for _ in range(300)), scale=0.5)
    image = QImage(str(tmp_path / "a.png"))
    assert 1 < image.height() / image.width() <= 2.6


@pytest.mark.parametrize("text", ["", "\n\n \n", "\x00\x07\x1b"])
def test_a_sheet_without_a_text_is_blank_or_has_a_title(tmp_path, text):
    for title in ("", "无题"):
        save_png(tmp_path / "a.png", text, title)
        save_pdf(tmp_path / "a.pdf", text, title)
        assert any(ink_of(tmp_path / "a.png")[1]) == bool(title)
        assert pages_of(tmp_path / "a.pdf") == 1


@pytest.mark.parametrize("text", ["x\n" * MAX_PICTURE_LINES + "x", "x" * 200_000], ids=["many lines", "one long line"])
def test_what_is_too_long_for_a_picture_is_said_before_anything_is_written(tmp_path, text):
    with pytest.raises(ToolkitError, match=r"a picture holds at most 1,000 lines, found .*Save it as a PDF"):
        save_png(tmp_path / "a.png", text)
    assert list(tmp_path.iterdir()) == []


def test_a_picture_that_would_need_too_much_memory_is_said(tmp_path):
    with pytest.raises(ToolkitError, match=r"pixels is too large\. Save it as a PDF"):
        save_png(tmp_path / "a.png", POEM, scale=50)


# Pages --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "pages"),
    [(POEM, 1), ("\n".join(["床前明月光"] * 300), 13), ("\n\n".join([LINE] * 4), 1), ("\n".join([LINE] * 20), 2)],
    ids=["poem", "300 lines", "long lines", "many long lines"],
)
def test_a_text_flows_over_as_many_pages_of_a4_as_it_needs(tmp_path, text, pages):
    save_pdf(tmp_path / "a.pdf", text, "静夜思")
    data = (tmp_path / "a.pdf").read_bytes()
    assert data.startswith(b"%PDF-")
    assert pages_of(tmp_path / "a.pdf") == pages
    assert b"/MediaBox [0 0 595.000000 842.000000]" in data or b"/MediaBox [0 0 595 842]" in data
    assert "静夜思".encode("utf-16-be") in data or b"<FEFF9759591C601D>" in data.upper()
    assert len(data) < 100_000 + 10_000 * pages  # the glyphs in use, not the font


@pytest.mark.parametrize("save", [save_png, save_pdf])
def test_a_sheet_that_cannot_be_written_is_said_and_the_old_one_stays(tmp_path, save):
    (tmp_path / "sheet").mkdir()
    with pytest.raises(ToolkitError, match="cannot write here"):
        save(tmp_path / "sheet", POEM, "静夜思")
    with pytest.raises(ToolkitError, match="cannot write here: No such file or directory"):
        save(tmp_path / "none" / "a", POEM)
    assert [path.name for path in tmp_path.iterdir()] == ["sheet"]


# Where lines stand --------------------------------------------------------------------------------


def test_stanzas_are_what_blank_lines_part_without_control_characters():
    assert stanzas_of("\n a\x07\x1b[1m \r\n\tb\n\u3000\n\n　c👩‍👧\x85d\ud800\n\n") == [
        [" a[1m", "    b"],
        ["　c👩‍👧", "d"],
    ]


def test_the_rest_of_a_line_that_is_too_long_is_moved_in_and_nothing_is_lost():
    font = lyric_font(10)
    font.setPixelSize(100)
    for line in (LINE, "床前明月光，" * 20, "x" * 3000):
        rows = rows_of(line, font, 2000)
        assert len(rows) > 2
        parts = [row.layout.text()[row.line.textStart() :][: row.line.textLength()] for row in rows]
        assert "".join(parts) == line
        assert max(row.width for row in rows) <= 2000
        assert [row.line.x() for row in rows] == [0.0] + [200.0] * (len(rows) - 1)


stanzas = st.lists(st.lists(st.integers(), min_size=1, max_size=60), max_size=12)


@settings(max_examples=100)
@given(stanzas, st.floats(2, 30), st.floats(2, 40))
def test_pages_hold_all_rows_in_order_and_stanzas_stay_together(stanzas, first, others):
    def room(page: int) -> float:
        return others if page else first

    pages = flow(stanzas, room)
    assert [placed.row for placed in chain.from_iterable(pages)] == list(chain.from_iterable(stanzas))
    for number, page in enumerate(pages):
        assert all(placed.above + 1 <= room(number) + 1e-9 for placed in page)
        steps = [below.above - above.above for above, below in pairwise(page)]
        assert all(step == pytest.approx(1) or step == pytest.approx(1 + GAP) for step in steps)
    assert all(pages[1:])
    where = iter([number for number, page in enumerate(pages) for _ in page])
    for stanza in stanzas:
        numbers = [next(where) for _ in stanza]
        if len(stanza) <= 0.6 * others and numbers[0] > 0:
            assert len(set(numbers)) == 1
        if len(stanza) > 3 and min(first, others) >= 4:
            assert min(numbers.count(number) for number in numbers) >= 2


@settings(max_examples=50)
@given(stanzas, st.integers(1, 8))
def test_columns_are_no_more_than_asked_and_hold_all(stanzas, count):
    found = columns(stanzas, count)
    assert len(found) <= count
    assert [placed.row for placed in chain.from_iterable(found)] == list(chain.from_iterable(stanzas))


# Fonts --------------------------------------------------------------------------------------------


def test_lyrics_are_set_in_a_font_that_has_chinese_where_there_is_one():
    chinese = QFontDatabase.families(QFontDatabase.WritingSystem.SimplifiedChinese)
    family = cjk_family()
    assert (family in chinese) == bool(chinese)
    if family is not None:
        assert QFontInfo(lyric_font(12)).family() == family
    assert lyric_font(12.5).pointSizeF() == 12.5
