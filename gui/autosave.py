"""What a window holds is on the disk a second later, and is found again after a crash."""

import contextlib
import os
import threading
import uuid
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from PySide6.QtCore import QLockFile, QObject, QTimer, Signal, Slot

from toolkit.errors import FileFormatError, ToolkitError
from toolkit.files import write_error

from .project import SUFFIX, Project, open_project, save

_LOCK = ".lock"
_RETRY_AFTER = 10
"""How many delays pass before a write that failed is tried again by itself."""


@dataclass(frozen=True)
class _Left:
    """A project that a process left behind, and the lock that keeps it from others."""

    project: Project
    file: Path
    lock: QLockFile


class Autosave(QObject):
    """Keeps the latest project of one window in a file of its own, under a lock that ends with the process.

    Serialising and writing happen on a thread that lives for one write. All methods belong to the thread of
    this object.
    """

    failed = Signal(str)
    """The text could not be kept; the sentence says why and where it is. Once until it can be kept again."""
    saved = Signal()
    """What was kept last is on the disk."""
    _ended = Signal(int)

    def __init__(self, folder: Path, delay_ms: int = 1000, parent: QObject | None = None) -> None:
        """Touches no disk.

        Args:
            folder: where the windows of all processes keep theirs; made when it is needed.
            delay_ms: a change is written at most so long after it, however fast others follow.
            parent: owns this object.
        """
        super().__init__(parent)
        self._folder = folder
        self._delay_ms = delay_ms
        self._file = folder / f"{uuid.uuid4().hex}{SUFFIX}"
        self._lock: QLockFile | None = None
        self._waiting: Project | None = None
        self._writing: Project | None = None
        self._thread: threading.Thread | None = None
        self._number = 0
        self._fault: ToolkitError | None = None
        self._told = ""
        self._kept_at: datetime | None = None
        self._left: list[_Left] = []
        self._timer = QTimer(self, singleShot=True)
        self._timer.timeout.connect(self._begin)
        self._ended.connect(self._end)

    @property
    def file(self) -> Path:
        """Where the project of this window is kept."""
        return self._file

    def keep(self, project: Project) -> None:
        """Remember a project, and write it soon. Costs nothing worth speaking of."""
        self._waiting = project
        if self._thread is None and (not self._timer.isActive() or self._timer.interval() > self._delay_ms):
            self._timer.start(self._delay_ms)

    def flush(self) -> bool:
        """Write at once what waits; whether all that was kept is on the disk. Blocks for as long as the disk does."""
        self._timer.stop()
        self._join()
        if self._waiting is not None:
            self._start()
            self._join()
        return self._waiting is None

    def clear(self) -> None:
        """Forget what this window kept: the text is saved elsewhere, or not wanted."""
        self._waiting = None
        self._timer.stop()
        self._join()
        self._timer.stop()
        self._waiting = None
        self._told, self._kept_at = "", None
        _remove(self._file)
        if self._lock is not None:
            self._lock.unlock()
            self._lock = None

    def close(self) -> None:
        """The window goes: what it kept is for the next one, of this process or another."""
        self.flush()
        self._timer.stop()
        for lock in (self._lock, *(left.lock for left in self._left)):
            if lock is not None:
                lock.unlock()
        self._lock = None
        self._left.clear()

    def restore(self) -> list[Project]:
        """The projects that no living process holds, the latest first.

        The projects are this window's from now on, and stay on the disk until `forget`; a window that ends before that
        leaves them to the next. A file that is damaged, or of a newer toolkit, stays where it is.
        """
        for lock_file in self._found(_LOCK):
            if not lock_file.with_suffix(SUFFIX).exists():
                _take(lock_file)  # and let go at once, which removes it
        known = {left.file for left in self._left} | {self._file}
        for file in self._found(SUFFIX):
            lock = None if file in known else _take(file.with_suffix(_LOCK))
            if lock is not None:
                with contextlib.suppress(FileFormatError):
                    self._left.append(_Left(open_project(file), file, lock))
                _remove(file.with_name(f".{file.name}.tmp"))  # of a write that was killed
        return [left.project for left in self._left]

    def forget(self, project: Project) -> None:
        """Remove a project that `restore` gave: it is in the window now, or not wanted.

        What `keep` was given is written first; if that fails, the restored file stays.
        """
        if not self.flush():
            return
        for left in [left for left in self._left if left.project is project]:
            _remove(left.file)
            left.lock.unlock()
            self._left.remove(left)

    def _found(self, suffix: str) -> list[Path]:
        """The files of all windows, the latest first; empty if there is no folder, or none that we may read."""
        found = []
        with contextlib.suppress(OSError), os.scandir(self._folder) as entries:
            for entry in entries:
                if entry.name.endswith(suffix) and not entry.name.startswith("."):
                    with contextlib.suppress(OSError):  # another process restored it and removed it
                        found.append((entry.stat().st_mtime, Path(entry.path)))
        return [path for _, path in sorted(found, reverse=True)]

    @Slot()
    def _begin(self) -> None:
        if self._waiting is not None and self._thread is None:
            self._start()

    def _start(self) -> None:
        project, self._waiting = self._waiting, None
        assert project is not None
        self._writing = project
        self._number += 1
        self._thread = threading.Thread(target=self._work, args=(project, self._number), name="autosave")
        self._thread.start()

    def _work(self, project: Project, number: int) -> None:
        """On the thread."""
        self._fault = None
        try:
            self._write(project)
        except ToolkitError as error:
            self._fault = error
        with contextlib.suppress(RuntimeError):  # the window was deleted meanwhile
            self._ended.emit(number)

    def _write(self, project: Project) -> None:
        """Under the lock, which whoever empties the folder takes along."""
        lock_file = self._file.with_suffix(_LOCK)
        try:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            if self._lock is None or not lock_file.exists():
                self._lock = None  # first, since its end removes the file
                self._lock = _take(lock_file)
        except OSError as error:
            raise write_error(self._file, error) from error
        if self._lock is None:
            raise ToolkitError(f"{lock_file}: cannot write here. Nothing was changed; make room or use another place.")
        save(self._file, project)

    @Slot(int)
    def _end(self, number: int) -> None:
        if number == self._number:  # else the call was on its way while `_join` waited
            self._join()

    def _join(self) -> None:
        """Wait for the thread, if there is one, and say what came of it."""
        if self._thread is None:
            return
        self._thread.join()
        self._thread = None
        if self._fault is None:
            self._told, self._kept_at = "", datetime.now().astimezone()
            self.saved.emit()
            after_ms = self._delay_ms
        else:
            self._waiting = self._waiting or self._writing
            if self._told != str(self._fault):
                self._told = str(self._fault)
                self.failed.emit(f"{self._fault} {self.where()}")
            after_ms = self._delay_ms * _RETRY_AFTER
        if self._waiting is not None:
            self._timer.start(after_ms)

    def where(self) -> str:
        """Where the text is now."""
        if self._kept_at is None:
            return self.tr("The text is in this window only: save it elsewhere, or copy it.")
        words = self.tr("The text of {time} is in {file}; what came later is in this window only.")
        return words.format(time=self._kept_at.strftime("%H:%M:%S"), file=self._file)


def _remove(file: Path) -> None:
    """If it is there and can be removed."""
    with contextlib.suppress(OSError):
        file.unlink(missing_ok=True)


def _take(lock_file: Path) -> QLockFile | None:
    """The lock, unless a living process holds it; of a dead one it is taken over."""
    lock = QLockFile(str(lock_file))
    lock.setStaleLockTime(0)  # however old, it holds while its process lives
    return lock if lock.tryLock(0) else None
