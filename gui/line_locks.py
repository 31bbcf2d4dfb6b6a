"""Locked lines, kept in the format of their paragraph: so they move with their line, and undo brings them back."""

from PySide6.QtGui import QTextBlock, QTextBlockFormat, QTextCursor, QTextDocument, QTextFormat

_LOCKED = QTextFormat.Property.UserProperty.value + 1


def is_locked(block: QTextBlock) -> bool:
    """Whether a line is locked."""
    return block.blockFormat().hasProperty(_LOCKED)


def set_locked(block: QTextBlock, locked: bool) -> None:
    """Lock or free a line; a step of undo of its own, or part of the edit block that is open. Empty ones stay free."""
    locked = locked and block.length() > 1
    if locked != is_locked(block):
        form = QTextBlockFormat()
        if locked:
            form.setProperty(_LOCKED, True)
        QTextCursor(block).setBlockFormat(form)


def stays_locked(cursor: QTextCursor) -> bool:
    """Whether the line that is left when a cursor's selection is taken out is a locked one."""
    document = cursor.document()
    first, last = document.findBlock(cursor.selectionStart()), document.findBlock(cursor.selectionEnd())
    if cursor.selectionStart() > first.position() or first == last:
        return is_locked(first)
    return is_locked(last) and cursor.selectionEnd() < last.position() + last.length() - 1


def insert(cursor: QTextCursor, text: str) -> None:
    """Put clean text in place of a cursor's selection, in the edit block that is open.

    A locked line that is broken in two stays locked on both sides, an empty side and what comes between are free.
    """
    locked = stays_locked(cursor)
    cursor.removeSelectedText()
    head, tail, first = not cursor.atBlockStart(), not cursor.atBlockEnd(), cursor.blockNumber()
    if is_locked(cursor.block()):
        cursor.setBlockFormat(QTextBlockFormat())  # which lines that come inherit
    cursor.insertText(text)
    if text:  # Qt would add what is typed next to this step: no insertion must be the last thing in it
        cursor.insertText(" ")
        cursor.deletePreviousChar()
    if locked:
        if head or not tail or "\n" not in text:
            set_locked(cursor.document().findBlockByNumber(first), True)
        if tail:
            set_locked(cursor.block(), True)


def kept_locks(locked: frozenset[int], before: list[str], after: list[str]) -> frozenset[int]:
    """Which lines of a new text were locked: the same text at the same line from top or end, else the first one."""
    kept: set[int] = set()
    shift = len(after) - len(before)
    places: dict[str, list[int]] = {}
    for at in range(len(after), 0, -1):
        places.setdefault(after[at - 1], []).append(at)
    for line in sorted(locked):
        text = before[line - 1]
        same = [at for at in (line, line + shift) if 1 <= at <= len(after) and after[at - 1] == text and at not in kept]
        others = places.get(text, [])
        while others and not same:
            same = [at for at in (others.pop(),) if at not in kept]
        kept.update(same[:1])
    return frozenset(kept)


class LineLocks:
    """Which lines of a document are locked, kept up to date change by change without reading all of it."""

    def __init__(self, document: QTextDocument) -> None:
        """Args: document: whose lines they are."""
        self._document = document
        self._count = document.blockCount()
        self.lines: frozenset[int] = frozenset()

    def follow(self, position: int, added: int) -> tuple[int, int, int]:
        """Bring the lines up to date after a change.

        Args:
            position: where the document changed, in UTF-16 units.
            added: how many units stand there now.

        Returns:
            The first and the last line from 1 that the change touched, and by how much those after it moved.
        """
        document = self._document
        block = document.findBlock(position)
        last = document.findBlock(min(position + added, max(0, document.characterCount() - 1)))
        first_line, last_line = block.blockNumber() + 1, last.blockNumber() + 1
        shift = document.blockCount() - self._count
        self._count = document.blockCount()
        lines = {line for line in self.lines if line < first_line}
        lines |= {line + shift for line in self.lines if line + shift > last_line}
        while block.isValid() and block.blockNumber() < last_line:
            if is_locked(block):
                lines.add(block.blockNumber() + 1)
            block = block.next()
        self.lines = frozenset(lines)
        return first_line, last_line, shift
