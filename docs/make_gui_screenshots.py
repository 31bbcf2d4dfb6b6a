"""Draws the pictures of docs/gui.md, with a real window, a real model and real texts, on Qt's offscreen platform.

usage: python docs/make_gui_screenshots.py [FOLDER]          by default this one

The seed is fixed; on another processor int8 arithmetic may round otherwise, and the texts differ. Needs the extra `gui`
and a font with Chinese characters (fonts-noto-cjk).
"""

import os
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

os.environ["QT_QPA_PLATFORM"] = "offscreen"
os.environ["OMP_NUM_THREADS"] = "1"

from PySide6.QtCore import QCoreApplication, QEvent, QPoint, QSettings
from PySide6.QtGui import QPainter, QPixmap
from PySide6.QtWidgets import QApplication

from toolkit.gui import theme
from toolkit.gui.app import make_application, open_window
from toolkit.gui.main_window import MainWindow
from toolkit.lyrics.rules import LyricRules

WIDTH, HEIGHT = 1120, 720
SEED = 20
TITLE, ACROSTIC = "十里春风", "春风十里杨柳依依"
DEADLINE_S = 60
RULES, SAMPLING, MODEL, HISTORY = range(4)
"""The panels."""


def wait(app: QApplication, done: Callable[[], object], what: str) -> None:
    """Let the window work until something is so."""
    end = time.monotonic() + DEADLINE_S
    while not done():
        if time.monotonic() > end:
            raise TimeoutError(f"waited {DEADLINE_S} s for {what}")
        app.processEvents()


def settle(app: QApplication, window: MainWindow) -> None:
    """Wait until nothing is written, and what stands beside the text is of this text."""
    wait(app, lambda: not window.desk.busy, "the text")
    end = time.monotonic() + 2.0  # counts, marks and colours come by themselves, a moment later
    wait(app, lambda: time.monotonic() > end, "the marks")
    window.statusBar().clearMessage()
    window.messages.hide()
    app.processEvents()


@contextmanager
def window_in(app: QApplication, language: str) -> Iterator[MainWindow]:
    """A window of somebody new, with eight lines in it."""
    QSettings().clear()
    window = open_window(app, "builtin:songci", None, language)
    window.resize(WIDTH, HEIGHT)
    wait(app, lambda: window.models.opened is not None and not window.models.busy, "the model")
    window.page.title.setText(TITLE)
    window.panel.rules.set_rules(LyricRules(lines=8, length="7", rhyme="AABA", acrostic=ACROSTIC))
    sampling = window.panel.sampling
    sampling.set_options(replace(sampling.options(), seed=SEED))
    sampling.set_seed_locked(True)
    window.generate()
    settle(app, window)
    window.page.editor.setFocus()
    yield window
    window.keeper.new()  # nothing is left for the next one
    window.close()
    window.deleteLater()
    QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)


def draw(window: MainWindow, file: Path) -> None:
    """The window, and the alternatives over it if they are shown."""
    QApplication.processEvents()
    picture: QPixmap = window.grab()
    if window.popup.isVisible():
        painter = QPainter(picture)
        painter.drawPixmap(window.mapFromGlobal(window.popup.mapToGlobal(QPoint(0, 0))), window.popup.grab())
        painter.end()
    picture.save(str(file))
    sys.stdout.write(f"{file}\n")


def main(folder: Path) -> None:
    """All pictures."""
    app = make_application(["lyrics"])
    with window_in(app, "en") as window:
        draw(window, folder / "gui-light.png")

        window.use_scheme(theme.DARK)
        window.actions_by_name["show_probs"].setChecked(True)
        window.panel.setCurrentIndex(SAMPLING)
        settle(app, window)
        draw(window, folder / "gui-dark.png")
        window.actions_by_name["show_probs"].setChecked(False)
        window.use_scheme(theme.LIGHT)
        window.panel.setCurrentIndex(RULES)

        editor = window.page.editor
        editor.set_cursor_position(editor.text().index("\n") + 4)
        editor.ask()
        wait(app, window.popup.isVisible, "the alternatives")
        settle(app, window)
        draw(window, folder / "gui-alternatives.png")
        window.escape()

        editor.replace_range(editor.text().index("\n") + 1, editor.text().index("\n") + 2, "雨")
        settle(app, window)
        draw(window, folder / "gui-rules.png")
        editor.undo()

        window.actions_by_name["lock_line"].trigger()
        window.write_takes(3)
        settle(app, window)
        draw(window, folder / "gui-takes.png")
    with window_in(app, "zh_CN") as window:
        window.panel.setCurrentIndex(MODEL)
        settle(app, window)
        draw(window, folder / "gui-zh.png")


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as home:
        QSettings.setPath(QSettings.Format.IniFormat, QSettings.Scope.UserScope, home)
        os.environ["XDG_DATA_HOME"] = home
        main(Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parent)
