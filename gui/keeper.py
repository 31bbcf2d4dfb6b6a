"""Keeping the text: projects, plain texts, sheets, and what a crash leaves."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from PySide6.QtCore import QObject, QStandardPaths, QTimer, Signal

from toolkit.errors import ToolkitError

from .autosave import Autosave
from .project import SUFFIX, Project, open_project, read_text_file, save, save_text
from .worker import Ended, Lane, Work


def autosave_folder() -> Path:
    """Where windows keep what is not saved."""
    place = QStandardPaths.writableLocation(QStandardPaths.StandardLocation.AppLocalDataLocation)
    return Path(place) / "autosave"


SOON_MS = 80
"""So long after a change the next ones go with it."""


@dataclass(frozen=True)
class Place:
    """Where a text belongs.

    Attributes:
        path: of its file; None has none yet.
        saved: what the file holds.
        stamp: its time and size, by which a change of others is seen.
    """

    path: Path | None = None
    saved: Project | None = None
    stamp: tuple[int, int] | None = None


class Keeper(QObject):
    """Knows the file of the text, and keeps what is not in it.

    Signals:
        problem: why something could not be read or written, a ToolkitError.
        notice: worth knowing, a sentence.
        opened: a `Project` that is to be shown.
        place_changed: another file, or its content is no longer what stands in the window.
    """

    problem = Signal(object)
    notice = Signal(str)
    opened = Signal(object)
    place_changed = Signal()

    def __init__(self, current: Callable[[], Project], parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._current = current
        self._place = Place()
        self._lane = Lane("files", self)
        self._soon = QTimer(self, singleShot=True, interval=SOON_MS)
        self._soon.timeout.connect(self._keep)
        self._autosave = Autosave(autosave_folder(), parent=self)
        self._autosave.failed.connect(lambda words: self.problem.emit(ToolkitError(words)))

    @property
    def path(self) -> Path | None:
        """The file of the text."""
        return self._place.path

    @property
    def busy(self) -> bool:
        """Whether a file is being read or written beside the window."""
        return self._lane.busy

    @property
    def modified(self) -> bool:
        """Whether the window holds what its file does not; another model alone is nothing to lose."""
        return self._differs(self._current())

    def _differs(self, now: Project) -> bool:
        saved = self._place.saved
        if saved is None:
            return self._is_worth_keeping(now)
        return self._is_worth_keeping(now) and now != replace(saved, model=now.model, fingerprint=now.fingerprint)

    def changed(self) -> None:
        """Something in the window changed: keep it, soon. A text that is being written changes all the time."""
        if not self._soon.isActive():
            self._soon.start()

    def _keep(self) -> None:
        now = self._current()
        if self._differs(now):
            self._autosave.keep(now)
        self.place_changed.emit()

    def restore(self) -> bool:
        """Show what the last window left, if it did; whether there was something."""
        left = self._autosave.restore()
        if not left:
            return False
        project, *others = left
        self._place = Place()
        self.opened.emit(project)
        self._autosave.keep(self._current())
        self._autosave.forget(project)
        words = self.tr("The text of the last time is here again.")
        if others:
            words += " " + self.tr("{n} more come when the program is started again.").format(n=len(others))
        self.notice.emit(words)
        self.place_changed.emit()
        return True

    def open(self, path: Path) -> None:
        """Open a project or a plain text, beside what stands there until it is whole."""
        now = self._current()
        self._lane.start(_open_work(path)).ended.connect(partial(self._opened, path, (now.text, now.title)))

    def _opened(self, path: Path, stood: tuple[str, str], ended: Ended) -> None:
        if ended.problem is not None:
            self.problem.emit(ended.problem)
            return
        now = self._current()
        if (now.text, now.title) != stood:
            words = self.tr("{file} was not opened, since the text went on meanwhile. Open it again.")
            self.problem.emit(ToolkitError(words.format(file=path)))
            return
        self.opened.emit(ended.value)
        self._place = Place(path, self._current(), _stamp(path))
        self._autosave.clear()
        self.place_changed.emit()

    def new(self) -> None:
        """Show an empty text."""
        self.opened.emit(Project(text=""))
        self._place = Place()
        self._autosave.clear()
        self.place_changed.emit()

    def save(self, path: Path) -> bool:
        """Write the project, or its text where that is a plain one; whether it could be. Else the old file stays."""
        now = self._current()
        if path == self._place.path and self._place.stamp != (stamp := _stamp(path)) and stamp is not None:
            self._place = replace(self._place, stamp=stamp)
            words = self.tr("{file} was changed by another program. Save again to replace it, or under another name.")
            self.problem.emit(ToolkitError(words.format(file=path)))
            return False
        try:
            if _is_project(path):
                save(path, now)
            else:
                save_text(path, now.text + ("" if now.text.endswith("\n") else "\n"))
        except ToolkitError as error:
            self._autosave.keep(now)
            kept = self._autosave.flush()
            where = (
                self.tr("The text is kept in {file}.").format(file=self._autosave.file)
                if kept
                else self._autosave.where()
            )
            self.problem.emit(ToolkitError(f"{error} {where}".strip()))
            return False
        self._place = Place(path, now, _stamp(path))
        self._autosave.clear()
        self.place_changed.emit()
        return True

    def save_sheet(self, path: Path) -> None:
        """Write the text as a sheet."""
        now = self._current()
        run = self._lane.start(_sheet_work(path, now.text, now.title))
        run.ended.connect(partial(self._sheet_saved, path))

    def _sheet_saved(self, path: Path, ended: Ended) -> None:
        if ended.problem is not None:
            self.problem.emit(ended.problem)
        else:
            self.notice.emit(self.tr("The sheet is in {file}.").format(file=path))

    def flush(self) -> bool:
        """Put what is not saved on the disk at once; whether it is there."""
        if not self.modified:
            return True
        self._autosave.keep(self._current())
        return self._autosave.flush()

    def close(self) -> None:
        """The window closes: what is not saved waits for the next one."""
        self._soon.stop()
        if self.modified:
            self._autosave.keep(self._current())
        else:
            self._autosave.clear()
        self._autosave.close()

    @staticmethod
    def _is_worth_keeping(project: Project) -> bool:
        return bool(project.text.strip() or project.title.strip() or project.generations or project.takes)


def _is_project(path: Path) -> bool:
    """Whether a file holds a project; all others hold plain text, whatever their ending, and go on doing so."""
    return path.suffix.lower() == SUFFIX


def _stamp(path: Path) -> tuple[int, int] | None:
    """Time of the last change and size of a file; None where there is none."""
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size


def _open_work(path: Path) -> Work:
    """Read a project; of a plain text one with its name as the title."""
    if _is_project(path):
        return lambda _stop, _tell: open_project(path)
    return lambda _stop, _tell: Project(text=read_text_file(path), title=path.stem)


def _sheet_work(path: Path, text: str, title: str) -> Work:
    """Write a sheet."""
    from .lyric_sheet import save_pdf, save_png  # noqa: PLC0415 - the first window comes sooner without

    write = save_png if path.suffix.lower() == ".png" else save_pdf
    return lambda _stop, _tell: write(path, text, title)
