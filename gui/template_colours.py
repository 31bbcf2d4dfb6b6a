"""The signs of a template in its text: tones, letters and comments by colour, lines that cannot be read underlined."""

import re
from collections.abc import Collection

from PySide6.QtGui import QColor, QFont, QPalette, QSyntaxHighlighter, QTextCharFormat, QTextDocument

from toolkit.lyrics.template import EITHER, LEVEL, OBLIQUE

from . import theme

_COMMENT = re.compile(r"(?<!\\)[#＃].*")
_LETTER = re.compile(r"(?<!\\)[{｛][^{}｛｝]*[}｝]")
_SIGN = re.compile(rf"\\.|[_~＿～{LEVEL}{OBLIQUE}{EITHER}*]")


class TemplateColours(QSyntaxHighlighter):
    """Colours a template; the words that stay as they are keep the colour of text."""

    def __init__(self, document: QTextDocument) -> None:
        super().__init__(document)
        self._palette = QPalette()
        self._broken: frozenset[int] = frozenset()

    def set_palette(self, palette: QPalette) -> None:
        """Colours for light or dark."""
        self._palette = palette
        self.rehighlight()

    def set_broken(self, numbers: Collection[int]) -> None:
        """The lines that cannot be read, from 1; only those that change are painted anew."""
        changed, self._broken = self._broken ^ frozenset(numbers), frozenset(numbers)
        for number in changed:
            block = self.document().findBlockByNumber(number - 1)
            if block.isValid():
                self.rehighlightBlock(block)

    def highlightBlock(self, text: str) -> None:  # noqa: N802 - Qt's name
        """Called by Qt for each line."""
        comment = _COMMENT.search(text)
        for match in _SIGN.finditer(text):
            if not match[0].startswith("\\"):
                self._colour(match, theme.muted(self._palette))
        for match in _LETTER.finditer(text):
            self._colour(match, theme.accent(self._palette), bold=True)
        if comment:
            self._colour(comment, theme.muted(self._palette))
        if self.currentBlock().blockNumber() + 1 in self._broken:
            for i in range(len(text)):
                style = self.format(i)
                style.setUnderlineStyle(QTextCharFormat.UnderlineStyle.WaveUnderline)
                style.setUnderlineColor(theme.problem(self._palette))
                self.setFormat(i, 1, style)

    def _colour(self, match: "re.Match[str]", colour: QColor, bold: bool = False) -> None:
        style = QTextCharFormat()
        style.setForeground(colour)
        if bold:
            style.setFontWeight(QFont.Weight.Bold)
        self.setFormat(match.start(), match.end() - match.start(), style)
