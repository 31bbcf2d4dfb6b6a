"""The signs of a template in its text: tones, letters and comments by colour, lines that cannot be read underlined."""

import re
from collections.abc import Collection

from PySide6.QtGui import QFont, QPalette, QSyntaxHighlighter, QTextCharFormat, QTextDocument

from toolkit.lyrics.template import EITHER, LEVEL, OBLIQUE

from . import theme

_COMMENT = re.compile(r"(?<!\\)[#＃].*")
_LETTER = re.compile(r"(?<!\\)[{｛][^{}｛｝]*[}｝]")
_SIGNS = re.compile(rf"\\.|[_~＿～{LEVEL}{OBLIQUE}{EITHER}* ]+")


class TemplateColours(QSyntaxHighlighter):
    """Colours a template; the words that stay as they are keep the colour of text."""

    def __init__(self, document: QTextDocument) -> None:
        super().__init__(document)
        self._broken: frozenset[int] = frozenset()
        self._muted, self._letter, self._problem = QTextCharFormat(), QTextCharFormat(), QPalette().text().color()
        self._letter.setFontWeight(QFont.Weight.Bold)

    def set_palette(self, palette: QPalette) -> None:
        """Colours for light or dark."""
        self._muted.setForeground(theme.muted(palette))
        self._letter.setForeground(theme.accent(palette))
        self._problem = theme.problem(palette)
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
        for pattern, style in ((_SIGNS, self._muted), (_LETTER, self._letter), (_COMMENT, self._muted)):
            for match in pattern.finditer(text):
                if not match[0].startswith("\\"):
                    self.setFormat(match.start(), match.end() - match.start(), style)
        if self.currentBlock().blockNumber() + 1 in self._broken:
            for i in range(len(text)):
                style = QTextCharFormat(self.format(i))
                style.setUnderlineStyle(QTextCharFormat.UnderlineStyle.WaveUnderline)
                style.setUnderlineColor(self._problem)
                self.setFormat(i, 1, style)
