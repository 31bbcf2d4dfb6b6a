"""New, open, save and export, with the questions that belong to them."""

from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QObject

from .dialogs import Dialogs
from .keeper import Keeper


class Files(QObject):
    """What the menu of files does."""

    def __init__(
        self, keeper: Keeper, dialogs: Dialogs, title: Callable[[], str], stop_writing: Callable[[], None]
    ) -> None:
        """What it needs.

        Args:
            keeper: knows the file of the text.
            dialogs: ask.
            title: of the text, which suggests a name.
            stop_writing: nobody writes on in a text while it is asked whether to save it.
        """
        super().__init__(keeper)
        self._stop_writing = stop_writing
        self._keeper, self._dialogs, self._title = keeper, dialogs, title

    def new(self) -> None:
        """Begin an empty text."""
        if self.may_leave():
            self._keeper.new()

    def open(self, path: Path | None = None) -> None:
        """Open a project or a plain text; by default one that is chosen."""
        if self.may_leave():
            path = path or self._dialogs.open()
            if path is not None:
                self._keeper.open(path)

    def save(self) -> bool:
        """Write the file of the text; whether it could be."""
        return self._keeper.save(self._keeper.path) if self._keeper.path else self.save_as()

    def save_as(self) -> bool:
        """Write a file that is chosen; whether it could be."""
        path = self._dialogs.save(self._keeper.path, self._title())
        return path is not None and self._keeper.save(path)

    def export_sheet(self) -> None:
        """Write a sheet."""
        path = self._dialogs.sheet(self._keeper.path, self._title())
        if path is not None:
            self._keeper.save_sheet(path)

    def may_leave(self) -> bool:
        """Whether the text may make way: saved, or not wanted."""
        self._stop_writing()
        if not self._keeper.modified:
            return True
        answer = self._dialogs.ask_to_save()
        return self.save() if answer == "save" else answer == "discard"
