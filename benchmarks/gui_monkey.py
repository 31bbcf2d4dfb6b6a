"""A monkey at the window: random actions, and nothing may break or be lost.

usage: python benchmarks/gui_monkey.py [--actions 10000] [--seed 0] [--model FOLDER ...]

It types (letters, Chinese by an input method, emoji, control characters), clicks, presses every shortcut, undoes,
opens and drops good and bad files, answers what is asked, closes the window in the midst of everything and opens it
again. After each action: no exception, no warning of Qt's, and what the writer typed is in the text, or comes back by
undo, or is in a file, or was given up when the window asked. What stood in a window that was closed stands in the next
one. Printed are the crashes, exceptions, warnings and lost texts, each with the actions before it; 0 if there are none.
"""

import argparse
import collections
import faulthandler
import json
import os
import random
import re
import sys
import tempfile
import threading
import time
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from PySide6.QtCore import QEvent, QMetaObject, QMimeData, QPoint, Qt, QTimer, QtMsgType, QUrl, qInstallMessageHandler
from PySide6.QtGui import QDragEnterEvent, QDropEvent, QInputMethodEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QFileDialog, QLineEdit, QMessageBox, QStatusBar, QWidget
from shiboken6 import isValid

from toolkit.builtin_models import model_path
from toolkit.gui.app import make_application, open_window
from toolkit.gui.autosave import Autosave
from toolkit.gui.project import open_project

MARK = re.compile(r"m\d+x|春\d+秋")
"""What the monkey types is unlike anything else, so that its loss is seen."""

PIECES = (
    "\t",
    "\n",
    " ",
    "a,b.",
    "😀🎵",
    "👩‍👩‍👧",
    "é́",
    "\x00\x07\x1b",
    "\u202e",
    "<b>&amp;</b>",
    "　",
    "%1 {n}",
    "\U00020000",
)
LIFE = (40, 250)
"""Actions of a window, from and to."""

HARMLESS = ("does not support", "propagateSizeHints")
"""What the offscreen platform says of itself."""


class Monkey:
    """Acts on one window after the other, and writes down what went wrong."""

    def __init__(self, seed: int, folder: Path, models: list[str], *, autosave: bool = True) -> None:

        self.random = random.Random(seed)
        self.folder = folder
        self.faults: dict[str, list[str]] = {"exceptions": [], "warnings": [], "lost": [], "left_over": []}
        self.done = 0
        self.lives = 0
        self._last: collections.deque[str] = collections.deque(maxlen=12)
        self._typed = 0
        self._excused: set[str] = set()
        self._marks: set[str] = set()
        self._generations = 0
        self._loaded = False
        self._patience = 0
        self._listen()
        self._app = make_application(["monkey"])
        self._files = make_files(folder)
        self._models = ["builtin:songci", "builtin:songci", "builtin:lyrics-zh", "builtin:lyrics-en", *models]
        self._actions = list(self._choices())
        if not autosave:
            Autosave.keep = lambda *_: None  # type: ignore[method-assign]

    # What goes wrong ------------------------------------------------------------------------------

    def _listen(self) -> None:

        def heard(kind: QtMsgType, _context: object, text: str) -> None:
            if kind not in {QtMsgType.QtDebugMsg, QtMsgType.QtInfoMsg} and not any(h in text for h in HARMLESS):
                self.fault("warnings", "\n".join([text, *traceback.format_stack()[-6:-1]]))

        def raised(kind: Any, error: Any, trace: Any) -> None:
            self.fault("exceptions", "".join(traceback.format_exception(kind, error, trace)[-5:]))

        self._heard = heard
        qInstallMessageHandler(heard)
        sys.excepthook = raised
        threading.excepthook = lambda args: raised(args.exc_type, args.exc_value, args.exc_traceback)
        sys.unraisablehook = lambda args: raised(args.exc_type, args.exc_value, args.exc_traceback)

    def fault(self, kind: str, what: str) -> None:
        """Write down what went wrong, and how it came to it."""
        self.faults[kind].append(what)
        print(f"{kind}: action {self.done}: {what}\n  after {', '.join(self._last)}", file=sys.stderr, flush=True)

    # Lives ----------------------------------------------------------------------------------------

    def run(self, actions: int) -> None:
        """So many actions, in as many windows as that takes."""
        left = None
        while self.done < actions:
            left = self._live(min(actions - self.done, self.random.randint(*LIFE)), left)
        self._live(0, left)

    def _live(self, actions: int, left: Any) -> Any:
        """One window: see that it holds what the last one left, act, close it; what it left."""
        threads = set(threading.enumerate())
        self.window = window = open_window(self._app, self._some_model(), None, self.random.choice(("en", "zh_CN")))
        window.keeper.opened.connect(self._on_load)
        window.keeper.place_changed.connect(self._excuse_saved)
        for name in ("undo", "redo"):  # what the writer took back may go when something else is written
            window.actions_by_name[name].triggered.connect(lambda *_, name=name: self._check(name))
        self._loaded = False
        self.lives += 1
        if left is not None:
            self._until(lambda: not window.keeper.busy)
            self._compare(left, window.workspace.project(), "in the next window")
        answers = QTimer(interval=15)
        answers.timeout.connect(self._answer)
        answers.start()
        self._settle()
        for _ in range(actions):
            self.done += 1
            self._act()
        self._last.append("close")
        window.close()
        answers.stop()
        self._patience = 0
        for _ in range(100):
            popup = self._app.activePopupWidget()
            if popup is None:
                break
            popup.close()
        left = window.workspace.project()
        timers = [t for t in window.findChildren(QTimer) if t.isActive() and not isinstance(t.parent(), QStatusBar)]
        if timers:
            self.fault("left_over", f"timers of a closed window: {[timer.parent() for timer in timers]}")
        if more := set(threading.enumerate()) - threads:
            self.fault("left_over", f"threads of a closed window: {more}")
        self._check("closing")
        window.deleteLater()
        for _ in range(3):
            self._app.sendPostedEvents(None, QEvent.Type.DeferredDelete)
            self._app.processEvents()
        if isValid(window):
            self.fault("left_over", "the window")
        return left

    def _compare(self, left: Any, found: Any, where: str) -> None:
        """What a window left is what is there."""
        if not (left.text.strip() or left.generations or left.takes or left.title.strip()):
            return
        plain = self.window.keeper.path is not None and self.window.keeper.path.suffix != ".lyrics"
        names = ("text",) if plain else ("text", "title", "locked", "generations", "takes")
        for name in names:
            was, now = getattr(left, name), getattr(found, name)
            if name == "locked":  # an empty line holds nothing that could be kept
                rows = left.text.split("\n")
                was, now = ([line for line in lines if rows[line - 1 : line] != [""]] for lines in (was, now))
            if plain:
                was, now = was.rstrip("\n"), now.rstrip("\n")
            if was != now:
                self.fault("lost", f"{name} {where}: was {was!r:.300}, is {now!r:.300}")

    # Actions --------------------------------------------------------------------------------------

    def _act(self) -> None:
        if self._app.activeModalWidget() is None:
            self.window.activateWindow()
        faulthandler.dump_traceback_later(60, exit=True)  # a window that stands still says where
        name, call = self.random.choices(self._actions, [weight for weight, _, _ in self._actions])[0][1:]
        self._last.append(name)
        call()
        if self.random.random() < 0.3:
            self._wait(self.random.choice((5, 20, 60)))
        self._app.processEvents()
        self._check(name)

    def _choices(self) -> Iterator[tuple[float, str, Callable[[], object]]]:
        """Weight, name, call."""
        yield 14, "type", self._type
        yield 10, "compose", self._compose
        yield 3, "begin to compose", lambda: self._compose(ends=False)
        yield 14, "key", self._key
        yield 12, "click", self._click
        yield 3, "hover", self._hover
        yield 12, "shortcut", self._shortcut
        yield 5, "generate", lambda: self._trigger("generate")
        yield 3, "menu", self._menu
        yield 1, "new", lambda: self._trigger("new")
        yield 1, "open", lambda: self._trigger("open")
        yield 1, "save", lambda: self._trigger("save")
        yield 4, "undo", lambda: self._trigger("undo")
        yield 2, "redo", lambda: self._trigger("redo")
        yield 2, "drop", self._drop
        yield 1, "open two", lambda: (self._open_some(), self._open_some())
        yield 1, "open model", self._open_some
        yield 1, "title", self._title
        yield 1, "paste", self._paste
        yield 1, "language", lambda: self.window.use_language(self.random.choice(("en", "zh_CN", "system")))
        yield 0.5, "scheme", lambda: self.window.use_scheme(self.random.choice(("light", "dark", "system")))
        yield 0.7, "font", lambda: self.window.set_font_points(self.random.randint(5, 50))
        yield 1, "size", lambda: self.window.resize(self.random.randint(300, 1500), self.random.randint(200, 1000))
        yield 1, "rules", lambda: self.window.panel.rules.set_on(self.random.random() < 0.6)
        yield 1, "tab", lambda: self.window.panel.setCurrentIndex(self.random.randrange(4))
        yield 1, "power cut", self._power_cut
        yield 1, "pause", lambda: self._wait(250)

    def _some_model(self) -> str:
        return self.random.choice(self._models)

    def _mark(self) -> int:
        self._typed += 1
        return self._typed

    def _type(self) -> None:

        text = f"m{self._mark()}x"
        editor = self.window.page.editor
        free = not editor.streaming and not editor.composing and editor.isVisible()
        if free:
            editor.setFocus()
        QTest.keyClicks(editor, text)
        if self.random.random() < 0.4:
            QTest.keyClick(editor, self._keys()["Return"])
        if free and text not in editor.text() and text not in "".join(self._history()):
            self.fault("lost", f"{text} was typed and is not there")

    def _compose(self, *, ends: bool = True) -> None:

        target = self._app.focusWidget() if self.random.random() < 0.3 else self.window.page.editor
        target = target or self.window.page.editor
        for preedit in ("c", "ch", "chun"):
            if self.random.random() < 0.2:
                self._app.processEvents()
            if not isValid(target):  # of a dialog that was answered
                return
            self._app.sendEvent(target, QInputMethodEvent(preedit, []))
        if ends:
            event = QInputMethodEvent("", [])
            editor = self.window.page.editor
            text = f"春{self._mark()}秋"
            free = target is editor and not editor.streaming
            event.setCommitString(text + self.random.choice(("", "", *PIECES)))
            self._app.sendEvent(target, event)
            if free and text not in editor.text():
                self.fault("lost", f"{text} was entered and is not there")

    @staticmethod
    def _keys() -> dict[str, Any]:

        names = [
            "Return",
            "Backspace",
            "Delete",
            "Left",
            "Right",
            "Up",
            "Down",
            "Home",
            "End",
            "Tab",
            "Escape",
            "Space",
            "PageUp",
            "PageDown",
            "Backtab",
            "F2",
        ]
        return {name: getattr(Qt.Key, f"Key_{name}") for name in (*names, *"A1270")}

    def _key(self) -> None:

        modifier = self.random.choice(
            [Qt.KeyboardModifier.NoModifier] * 5
            + [Qt.KeyboardModifier.ShiftModifier] * 2
            + [Qt.KeyboardModifier.AltModifier, Qt.KeyboardModifier.ControlModifier]
        )
        target = self._app.focusWidget() or self.window.page.editor
        for _ in range(self.random.choice((1, 1, 1, 5))):
            if isValid(target):  # else the key before closed its dialog
                QTest.keyClick(target, self.random.choice(list(self._keys().values())), modifier)
                self._check("key")

    def _visible(self) -> list[Any]:

        roots = [self.window, self.window.popup]
        found = [widget for root in roots for widget in root.findChildren(QWidget)]
        return [w for w in found if w.isVisible() and w.isEnabled() and not w.visibleRegion().isEmpty()]

    def _spot(self) -> tuple[Any, Any]:

        widget = self.random.choice(self._visible())
        rect = widget.visibleRegion().boundingRect()
        return widget, QPoint(
            self.random.randint(rect.left(), rect.right()), self.random.randint(rect.top(), rect.bottom())
        )

    def _click(self) -> None:

        widget, point = self._spot()
        self._last[-1] += f" {type(widget).__name__} {widget.objectName() or widget.accessibleName()}"
        button = self.random.choice([Qt.MouseButton.LeftButton] * 6 + [Qt.MouseButton.RightButton])
        shift = self.random.choice([Qt.KeyboardModifier.NoModifier] * 4 + [Qt.KeyboardModifier.ShiftModifier])
        click = QTest.mouseDClick if self.random.random() < 0.1 else QTest.mouseClick
        click(widget, button, shift, point)

    def _hover(self) -> None:

        widget, point = self._spot()
        QTest.mouseMove(widget, point)
        self._wait(self.random.choice((10, 450)))

    def _trigger(self, name: str) -> None:
        """As its shortcut does, which is not heard beside a dialog."""
        action = self.window.actions_by_name[name]
        if self._app.activeModalWidget() is None and action.isEnabled():
            action.trigger()

    def _shortcut(self) -> None:

        names = [name for name in self.window.actions_by_name if name != "quit"]
        name = self.random.choice(names)
        self._last[-1] += f" {name}"
        keys = self.window.actions_by_name[name].shortcuts()
        if keys and self.random.random() < 0.5:
            self.window.activateWindow()
            QTest.keySequence(self._app.focusWidget() or self.window, self.random.choice(keys))
        else:
            self._trigger(name)

    def _menu(self) -> None:
        menus = [action.menu() for action in self.window.menuBar().actions()]
        actions = [action for menu in menus for action in menu.actions()]
        actions += [inner for action in actions if action.menu() for inner in action.menu().actions()]
        usable = [a for a in actions if a.isEnabled() and not a.menu() and a.objectName() != "quit"]
        action = self.random.choice(usable)
        self._last[-1] += f" {action.objectName() or action.text()}"
        action.trigger()

    def _title(self) -> None:
        self.window.page.title.setText(self.random.choice(("四季", "", f"m{self._mark()}x", "<i>a</i>")))

    def _paste(self) -> None:
        text = "\r\n".join(self.random.choice((*PIECES, "明月几时有")) for _ in range(self.random.randint(1, 12)))
        self._app.clipboard().setText(text)
        self._trigger("paste")

    def _some_file(self) -> Path:
        """Good or bad; some are gone by the time that they are opened."""
        if self.random.random() < 0.15:
            path = self.folder / f"gone{self.random.choice(('.onnx', '.lyrics', '.txt'))}"
            path.write_bytes(b"x" * 99)

            QTimer.singleShot(self.random.choice((0, 3)), lambda: path.unlink(missing_ok=True))
            return path
        own = sorted(self.folder.glob("own*"))
        return Path(self.random.choice([*self._files, *own]))

    def _open_some(self) -> None:
        bad = str(self._some_file())
        self.window.models.open(self._some_model() if self.random.random() < 0.6 else bad)

    def _drop(self) -> None:

        path = self._some_file()
        self._last[-1] += f" {path.name}"
        data = QMimeData()
        data.setUrls([QUrl.fromLocalFile(str(path))])
        actions, buttons = Qt.DropAction.CopyAction, Qt.MouseButton.LeftButton
        keys = Qt.KeyboardModifier.NoModifier
        self._app.sendEvent(self.window, QDragEnterEvent(QPoint(50, 50), actions, data, buttons, keys))
        self._app.sendEvent(self.window, QDropEvent(QPoint(50, 50), actions, data, buttons, keys))

    def _power_cut(self) -> None:
        """Were it now, a little after the last change, all would be on the disk."""
        window, autosave = self.window, self.window.keeper._autosave
        window.desk.stop()
        autosave._timer.setInterval(min(autosave._timer.interval(), 30))
        timers = window.keeper._soon, autosave._timer
        self._until(lambda: not any(timer.isActive() for timer in timers) and autosave._thread is None)
        if window.keeper.modified and not window.page.editor.composing:
            kept = open_project(autosave.file) if autosave.file.exists() else None
            if kept is None:
                self.fault("lost", "what is not saved was not kept on the disk")
            elif kept != window.workspace.project():
                self._compare(window.workspace.project(), kept, "on the disk")

    # What is asked --------------------------------------------------------------------------------

    def _answer(self) -> None:
        """Whatever stands in the way: press a button, name a file, or go."""

        def soon(widget: Any, call: Callable[[], object]) -> None:
            """Not from here: this timer does not run again while what it calls waits for an answer."""
            QTimer.singleShot(0, widget, call)

        popup, dialog = self._app.activePopupWidget(), self._app.activeModalWidget()
        self._patience = self._patience + 1 if popup or dialog else 0
        if self._patience > 60:
            soon(popup or dialog, (popup or dialog).close)
        elif popup is not None:
            key = self.random.choice((Qt.Key.Key_Down, Qt.Key.Key_Escape, Qt.Key.Key_Return))
            soon(popup, lambda: QTest.keyClick(popup, key))
        elif isinstance(dialog, QMessageBox):
            button = self.random.choice(dialog.buttons())
            if dialog.standardButton(button) in (QMessageBox.StandardButton.Discard,):
                self._excused |= self._marks_of(self.window.page.editor.text()) | self._marks
                self._generations = 0
            self._last.append(f"[{button.text()}]")
            soon(button, button.click)
        elif isinstance(dialog, QFileDialog):
            if self.random.random() < 0.3 or self._patience > 20:
                soon(dialog, dialog.reject)
                return
            line = dialog.findChild(QLineEdit, "fileNameEdit")
            saves = dialog.acceptMode() == QFileDialog.AcceptMode.AcceptSave
            name = str(self._some_file())
            if saves:
                names = ("own1.lyrics", "own2.txt", "own3", "own4.lyrics", "no/such/own.lyrics", "own.pdf", "own.png")
                name = str(self.folder / self.random.choice(names))
            self._last.append(f"[{Path(name).name}]")
            line.setText(name)
            soon(dialog, lambda: QMetaObject.invokeMethod(dialog, "accept"))
        elif dialog is not None:
            soon(dialog, dialog.close)

    # What must hold -------------------------------------------------------------------------------

    def _on_load(self) -> None:
        self._loaded = True
        self._last.append("[loaded]")

    def _marks_of(self, text: str) -> set[str]:
        return set(MARK.findall(text))

    def _settle(self) -> None:
        project = self.window.workspace.project()
        self._marks, self._generations = self._marks_of(project.text), len(project.generations)
        self._stood = project.text

    def _check(self, name: str) -> None:
        """Nothing was lost since the last time that the text stood still."""
        editor = self.window.page.editor
        if editor.streaming or editor.composing:
            return
        self._excuse_saved()
        text = editor.text()
        if text != editor.toPlainText():
            self.fault("lost", "the editor does not know its own text")
        gone = self._marks - self._marks_of(text) - self._excused
        signs = iter(text)
        if gone and all(sign in signs for sign in self._stood):  # something came between, and all still stands there
            gone = set()
        if gone and not self._loaded:
            gone -= self._marks_of("\n".join(self._history()))
        if gone:
            where = " of another text" if self._loaded else ""
            self.fault("lost", f"{sorted(gone)} by {name}{where}: {self._stood!r:.400} became {text!r:.400}")
        generations = len(self.window.workspace.project().generations)
        if generations < self._generations and not self._loaded:
            self.fault("lost", f"generations: {self._generations} became {generations}")
        self._loaded = False
        self._settle()

    def _excuse_saved(self) -> None:
        """What is in the file of the text is safe, and what undo led to was left with it."""
        path, text = self.window.keeper.path, self.window.page.editor.text()
        if path is None or not path.is_file() or self.window.keeper.modified:
            return
        held = path.read_text(encoding="utf-8", errors="replace")
        held = json.loads(held)["text"] if path.suffix == ".lyrics" else held
        if self._marks_of(text) <= self._marks_of(held):
            self._excused |= self._marks_of("\n".join([held, *self._history()]))
        else:
            self.fault("lost", f"{text!r:.300} is said to be saved, but the file holds {held!r:.300}")

    def _history(self) -> list[str]:
        """All texts that undo and redo lead to; the document stands as before behind it."""
        document = self.window.page.editor.document()
        before, texts = document.toPlainText(), []
        for there, back, can in (
            (document.undo, document.redo, document.isUndoAvailable),
            (document.redo, document.undo, document.isRedoAvailable),
        ):
            steps = 0
            while can():
                there()
                steps += 1
                texts.append(document.toPlainText())
            for _ in range(steps):
                back()
        if document.toPlainText() != before:
            self.fault("lost", f"undo and redo lead from {before!r:.200} to {document.toPlainText()!r:.200}")
        return texts

    # Time -----------------------------------------------------------------------------------------

    def _wait(self, milliseconds: int) -> None:

        QTest.qWait(milliseconds)

    def _until(self, so: Callable[[], object], limit_s: float = 30) -> None:
        end = time.monotonic() + limit_s
        while not so():
            self._wait(5)
            if time.monotonic() > end:
                self.fault("exceptions", "waited in vain")
                return


def make_files(folder: Path) -> list[Path]:
    """What somebody may open: good and bad models, projects and texts, and what is none of them."""
    whole = model_path("builtin:songci").read_bytes()
    contents = {
        "good.onnx": whole,
        "cut.onnx": whole[: len(whole) // 2],
        "wrong.onnx": "<b>床前明月光</b>\x00".encode() * 999,
        "empty.onnx": b"",
        "good.txt": "春眠不觉晓\r\n处处闻啼鸟\n".encode(),
        "gb.txt": "春眠不觉晓\n处处闻啼鸟".encode("gb18030"),
        "binary.txt": bytes(range(256)) * 99,
        "control.txt": b"a\x00b\x1b[31mc\x07<script>\n" * 9,
        "damaged.lyrics": b'{"format": "toolkit.lyrics"',
        "deep.lyrics": b"[" * 200_000,
        "wrong.lyrics": json.dumps({"format": 1}).encode(),
        "wrong.png": b"\x89PNG\r\n",
    }
    for name, content in contents.items():
        (folder / name).write_bytes(content)
    for name in ("huge.onnx", "huge.txt", "huge.lyrics"):
        with (folder / name).open("wb") as huge:
            huge.truncate(20 << 30)
    (folder / "empty folder").mkdir()
    return [
        folder / name for name in (*contents, "huge.onnx", "huge.txt", "huge.lyrics", "empty folder", "absent.onnx")
    ]


def main() -> int:
    """Act, and print what went wrong; the exit code says whether anything did."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--actions", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--model", action="append", default=[], help="more models, good or bad")
    parser.add_argument(
        "--without-autosave", dest="autosave", action="store_false", help="texts are lost then, and must be found so"
    )
    options = parser.parse_args()
    faulthandler.enable()
    with tempfile.TemporaryDirectory() as home, tempfile.TemporaryDirectory() as folder:
        os.environ |= {"QT_QPA_PLATFORM": "offscreen", "XDG_CONFIG_HOME": home, "XDG_DATA_HOME": home, "HOME": home}
        os.environ.setdefault("OMP_NUM_THREADS", "1")
        monkey = Monkey(options.seed, Path(folder), options.model, autosave=options.autosave)
        begun = time.monotonic()
        monkey.run(options.actions)
        counts = {kind: len(found) for kind, found in monkey.faults.items()}
        print(json.dumps({"seed": options.seed, "actions": monkey.done, "windows": monkey.lives, **counts}))
        print(f"{time.monotonic() - begun:.0f} seconds", file=sys.stderr)
    return int(any(counts.values()))


if __name__ == "__main__":
    sys.exit(main())
