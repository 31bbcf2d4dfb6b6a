"""A lyric set as a sheet to keep: one picture, or pages to print."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

from PySide6.QtCore import QBuffer, QIODevice, QMarginsF, QPointF, QRectF
from PySide6.QtGui import QColor, QFont, QImage, QPageSize, QPainter, QPalette, QPdfWriter, QPen

from toolkit.errors import ToolkitError
from toolkit.files import write_atomic

from .fonts import lyric_font
from .sheet_layout import Placed, Row, columns, flow, height, rows_of, stanzas_of, widest
from .theme import palette_of

_PT = 10
"""All lengths are in tenths of a point: fonts have whole sizes, and glyphs are not moved to pixels."""
_DPI = 72 * _PT

MAX_PICTURE_LINES = 1000
_MAX_PIXELS = 80 * 10**6
_TALL = 2.5
"""A picture of more than this height to its width gets another column."""


@dataclass(frozen=True)
class _Style:
    """Of a sheet; lengths in points.

    Attributes:
        size: of the text.
        leading: from line to line.
        title_size: of the title.
        side: margin at the left and the right.
        head: margin at the top and the bottom.
        measure: the widest that a line can be.
    """

    size: int
    leading: float
    title_size: int
    side: float
    head: float
    measure: float

    @property
    def font(self) -> QFont:
        return _font(self.size)

    @property
    def title_font(self) -> QFont:
        font = _font(self.title_size)
        font.setLetterSpacing(QFont.SpacingType.PercentageSpacing, 108)
        return font

    @property
    def row(self) -> float:
        return self.leading * _PT


_CARD = _Style(size=18, leading=34, title_size=27, side=76, head=84, measure=34 * 18)
_A4_WIDTH, _A4_HEIGHT = 595, 842
_PAGE = _Style(size=14, leading=26, title_size=22, side=85, head=92, measure=_A4_WIDTH - 2 * 85)
_CARD_WIDTH = 440 * _PT
_BETWEEN_COLUMNS = 54 * _PT
_TITLE_LEADING = 1.5
_RULE_LENGTH, _RULE_ABOVE, _RULE_BELOW = 34 * _PT, 14 * _PT, 40 * _PT


def save_png(path: Path, text: str, title: str = "", scale: float = 2.0) -> None:
    """One picture of a lyric, as large as it needs; a long one stands in columns.

    Args:
        path: written whole or not at all.
        text: lines; empty ones part stanzas.
        title: "" has none.
        scale: pixels to a point.

    Raises:
        ToolkitError: too long for a picture, or the file cannot be written.
    """
    lines = text.count("\n") + 1
    stanzas = _set(text, _CARD) if lines <= MAX_PICTURE_LINES else []
    lines = max(lines, sum(map(len, stanzas)))
    if lines > MAX_PICTURE_LINES:
        raise ToolkitError(
            f"{path}: a picture holds at most {MAX_PICTURE_LINES:,} lines, found {lines:,}. Save it as a PDF."
        )
    block = widest(chain.from_iterable(stanzas))
    for count in range(1, len(stanzas) + lines + 1):
        pages = columns(stanzas, count)
        inner = len(pages) * (block + _BETWEEN_COLUMNS) - _BETWEEN_COLUMNS
        width = max(_CARD_WIDTH, inner + 2 * _CARD.side * _PT)
        heading = _Heading(title, _CARD, width)
        tall = 2 * _CARD.head * _PT + heading.height + height(pages) * _CARD.row
        if tall <= _TALL * width:
            break
    factor = scale / _PT
    size = round(width * factor), round(tall * factor)
    image = QImage(*size, QImage.Format.Format_RGB32) if size[0] * size[1] <= _MAX_PIXELS else QImage()
    if image.isNull():
        raise ToolkitError(f"{path}: a picture of {size[0]:,} x {size[1]:,} pixels is too large. Save it as a PDF.")
    ink = _Ink()
    image.fill(ink.paper)
    with QPainter(image) as painter:
        painter.setRenderHints(QPainter.RenderHint.Antialiasing | QPainter.RenderHint.TextAntialiasing)
        painter.scale(factor, factor)
        _frame(painter, width, tall, ink)
        top = heading.paint(painter, _CARD.head * _PT, ink)
        left = (width - inner) / 2
        for index, page in enumerate(pages):
            _paint(painter, page, QPointF(left + index * (block + _BETWEEN_COLUMNS), top), _CARD, ink)
    buffer = QBuffer()
    buffer.open(QIODevice.OpenModeFlag.WriteOnly)
    image.setDotsPerMeterX(round(scale * 72 / 0.0254))
    image.setDotsPerMeterY(round(scale * 72 / 0.0254))
    image.save(buffer, "PNG")  # type: ignore[call-overload]  # the stubs want bytes, Qt takes both
    write_atomic(path, bytes(buffer.data().data()))


def save_pdf(path: Path, text: str, title: str = "") -> None:
    """Pages of a lyric, in A4; one that fits a page stands in its middle.

    Args:
        path: written whole or not at all.
        text: lines; empty ones part stanzas.
        title: "" has none.

    Raises:
        ToolkitError: the file cannot be written.
    """
    stanzas = _set(text, _PAGE)
    page_size = QRectF(0, 0, _A4_WIDTH * _PT, _A4_HEIGHT * _PT)
    heading = _Heading(title, _PAGE, page_size.width())
    inner = page_size.height() - 2 * _PAGE.head * _PT
    first = max(2.0, (inner - heading.height) / _PAGE.row)
    pages = flow(stanzas, lambda page: inner / _PAGE.row if page else first)
    left = (page_size.width() - widest(chain.from_iterable(stanzas))) / 2
    spare = 0.4 * (inner - heading.height - height(pages) * _PAGE.row) if len(pages) == 1 else 0.0
    buffer = QBuffer()
    buffer.open(QIODevice.OpenModeFlag.WriteOnly)
    writer = QPdfWriter(buffer)
    writer.setResolution(_DPI)
    writer.setPageSize(QPageSize(QPageSize.PageSizeId.A4))
    writer.setPageMargins(QMarginsF(0, 0, 0, 0))
    writer.setTitle(title)
    ink = _Ink()
    with QPainter(writer) as painter:
        for index, page in enumerate(pages):
            top = _PAGE.head * _PT
            if index:
                writer.newPage()
            else:
                top = heading.paint(painter, top + max(0.0, spare), ink)
            _paint(painter, page, QPointF(left, top), _PAGE, ink)
            if len(pages) > 1:
                _number(painter, index + 1, page_size, ink)
    write_atomic(path, bytes(buffer.data().data()))


class _Ink:
    """The colours of paper, whatever the window's are."""

    def __init__(self) -> None:
        palette = palette_of(dark=False)
        self.paper: QColor = palette.color(QPalette.ColorRole.Base)
        self.text: QColor = palette.color(QPalette.ColorRole.Text)
        self.rule: QColor = palette.color(QPalette.ColorRole.Accent)
        self.frame: QColor = palette.color(QPalette.ColorRole.Mid)
        self.number: QColor = palette.color(QPalette.ColorRole.PlaceholderText)


class _Heading:
    """The title, centred, and the rule below it; of no height without a title."""

    def __init__(self, title: str, style: _Style, width: float) -> None:
        plain = " ".join(chain.from_iterable(stanzas_of(title))).strip()
        side = style.side * _PT
        self._rows = rows_of(plain, style.title_font, width - 2 * side, centred=True) if plain else []
        self._left, self._middle = side, width / 2
        self._row = style.title_size * _TITLE_LEADING * _PT
        self._text_height = len(self._rows) * self._row
        self.height = self._text_height + _RULE_ABOVE + _RULE_BELOW if plain else 0.0

    def paint(self, painter: QPainter, top: float, ink: _Ink) -> float:
        """Returns where the text begins."""
        painter.setPen(ink.text)
        for index, row in enumerate(self._rows):
            row.line.draw(painter, QPointF(self._left, top + index * self._row))
        if self._rows:
            rule = QRectF(self._middle - _RULE_LENGTH / 2, top + self._text_height + _RULE_ABOVE, _RULE_LENGTH, _PT)
            painter.fillRect(rule, ink.rule)
        return top + self.height


def _font(size: int) -> QFont:
    font = lyric_font(size)
    font.setPixelSize(size * _PT)
    font.setHintingPreference(QFont.HintingPreference.PreferNoHinting)
    return font


def _set(text: str, style: _Style) -> list[list[Row]]:
    font = style.font
    return [[row for line in stanza for row in rows_of(line, font, style.measure * _PT)] for stanza in stanzas_of(text)]


def _paint(painter: QPainter, page: Sequence[Placed], corner: QPointF, style: _Style, ink: _Ink) -> None:
    painter.setPen(ink.text)
    for placed in page:
        slack = (style.row - placed.row.line.height()) / 2
        placed.row.line.draw(painter, corner + QPointF(0.0, placed.above * style.row + slack))


def _frame(painter: QPainter, width: float, tall: float, ink: _Ink) -> None:
    inset = 20 * _PT
    painter.setPen(QPen(ink.frame, 0.5 * _PT))
    painter.drawRect(QRectF(inset, inset, width - 2 * inset, tall - 2 * inset))


def _number(painter: QPainter, number: int, page: QRectF, ink: _Ink) -> None:
    (row,) = rows_of(str(number), _font(10), page.width(), centred=True)
    painter.setPen(ink.number)
    row.line.draw(painter, QPointF(0.0, page.height() - 56 * _PT))
