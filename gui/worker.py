"""Work beside the window: it runs on a thread, and what it tells arrives as signals in the window's thread.

A timer brings what was told, about thirty times a second, so that a model that writes fast never floods the window.
A `Lane` runs one work at a time; a new one takes the place of the one before, whose late words are not heard.
"""

import queue
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from PySide6.QtCore import QObject, QTimer, Signal

from toolkit.errors import ToolkitError
from toolkit.stopping import Stop, Stopped

TICK_MS = 25
"""How often the window hears from its work."""

_BUDGET_S = 0.008
"""What is told after so long a time waits for the next tick."""

Tell = Callable[[object], None]
"""Tells the window something; raises `Stopped` once the work is stopped."""

Work = Callable[[Stop, Tell], Any]
"""What runs on the thread: it returns what came of it, and raises a ToolkitError where nothing can."""


@dataclass(frozen=True)
class Ended:
    """How a work ended.

    Attributes:
        value: what it returned.
        problem: why nothing came of it; None where something did.
        seconds: it took.
        tokens: that a model read or wrote in it.
    """

    value: Any = None
    problem: ToolkitError | None = None
    seconds: float = 0.0
    tokens: int = 0


@dataclass(frozen=True)
class _Defect:
    """An error that is none of the user's."""

    error: BaseException


class Run(QObject):
    """One work on its way; the signals come in the window's thread, none behind `stop`."""

    told = Signal(object)
    ended = Signal(object)

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self.stop = Stop()


class Lane(QObject):
    """A thread that works for the window."""

    busy_changed = Signal(bool)

    def __init__(self, name: str, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._name = name
        self._tasks: queue.SimpleQueue[tuple[Run, Work] | None] = queue.SimpleQueue()
        self._said: queue.SimpleQueue[tuple[Run, object]] = queue.SimpleQueue()
        self._thread: threading.Thread | None = None
        self._run: Run | None = None
        self._timer = QTimer(self)
        self._timer.setInterval(TICK_MS)
        self._timer.timeout.connect(self._deliver)

    @property
    def busy(self) -> bool:
        """Whether somebody waits for a work."""
        return self._run is not None

    def start(self, work: Work) -> Run:
        """Run a work in the place of the one that runs; connect to the signals before control goes back to Qt."""
        self._leave()
        if self._thread is None:
            self._thread = threading.Thread(target=self._work, name=f"toolkit-{self._name}", daemon=True)
            self._thread.start()
        self._run = run = Run(self)
        self._tasks.put((run, work))
        self._timer.start()
        self.busy_changed.emit(True)
        return run

    def stop(self) -> None:
        """Stop the work; from now on nobody hears of it."""
        if self._run is not None:
            self._leave()
            self._timer.stop()
            self.busy_changed.emit(False)

    def close(self, timeout_s: float = 5.0) -> bool:
        """Stop the work and the thread; whether it has ended."""
        self.stop()
        thread, self._thread = self._thread, None
        if thread is None:
            return True
        self._tasks.put(None)
        thread.join(timeout_s)
        return not thread.is_alive()

    def _leave(self) -> None:
        run, self._run = self._run, None
        if run is not None:
            run.stop.set()
            run.deleteLater()

    def _work(self) -> None:
        """On the thread: one work after the other."""
        while (task := self._tasks.get()) is not None:
            run, work = task
            begun = time.perf_counter()
            try:
                if run.stop.is_set:
                    continue
                value = work(run.stop, self._teller(run))
                self._said.put((run, Ended(value, None, time.perf_counter() - begun, run.stop.tokens)))
            except Stopped:
                pass
            except ToolkitError as error:
                self._said.put((run, Ended(None, error, time.perf_counter() - begun)))
            except Exception as error:  # a defect of ours is raised again in the window's thread
                self._said.put((run, _Defect(error)))

    def _teller(self, run: Run) -> Tell:
        def tell(thing: object) -> None:
            if run.stop.is_set:
                raise Stopped
            self._said.put((run, thing))

        return tell

    def _deliver(self) -> None:
        """Pass on what was told since the last tick."""
        until = time.perf_counter() + _BUDGET_S
        while time.perf_counter() < until:
            try:
                run, thing = self._said.get_nowait()
            except queue.Empty:
                return
            if run is not self._run:
                continue
            if isinstance(thing, Ended | _Defect):
                self._end(run, thing)
            else:
                run.told.emit(thing)

    def _end(self, run: Run, thing: Ended | _Defect) -> None:
        self._run = None
        self._timer.stop()
        self.busy_changed.emit(False)
        if isinstance(thing, _Defect):
            problem = ToolkitError(f"a defect of the program: {thing.error!r}. Your text is kept.")
            run.ended.emit(Ended(None, problem))
            run.deleteLater()
            raise thing.error
        run.ended.emit(thing)
        run.deleteLater()


def close_lanes(owner: QObject) -> bool:
    """Stop all threads that work for a window; whether all have ended."""
    lanes = [lane for lane in owner.findChildren(QObject) if isinstance(lane, Lane)]
    for lane in lanes:
        lane.stop()
    return not [lane for lane in lanes if not lane.close()]
