"""What is asked in windows of their own, files and whether to save; and what is only told, keys and about."""

import platform
from collections.abc import Mapping
from pathlib import Path

from PySide6.QtCore import QObject, qVersion
from PySide6.QtGui import QAction, QGuiApplication, QKeySequence
from PySide6.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QFileDialog,
    QMessageBox,
    QTableWidget,
    QTableWidgetItem,
    QVBoxLayout,
    QWidget,
)

from toolkit.version import __version__

from . import settings
from .project import SUFFIX

_LONGEST_NAME = 80


class Dialogs(QObject):
    """Asks and tells over a window."""

    def __init__(self, window: QWidget) -> None:
        super().__init__(window)
        self._window = window

    # Files ----------------------------------------------------------------------------------------

    def open(self) -> Path | None:
        """A project or a text."""
        kinds = self.tr("Lyrics and texts (*{suffix} *.txt);;All files (*)").format(suffix=SUFFIX)
        return _picked(QFileDialog.getOpenFileName(self._window, self.tr("Open"), _folder(), kinds)[0])

    def model(self) -> Path | None:
        """A model: one .onnx file, or the folder of a bundle by its model.json."""
        kinds = self.tr("Models (*.onnx model.json);;All files (*)")
        path = _picked(QFileDialog.getOpenFileName(self._window, self.tr("Open a model"), _folder(), kinds)[0])
        return path.parent if path is not None and path.name == "model.json" else path

    def save(self, path: Path | None, title: str) -> Path | None:
        """Where the text goes; a name without one of the endings gets one."""
        kinds = self.tr("Lyrics with takes, rules and recipes (*{suffix});;Plain text (*.txt)").format(suffix=SUFFIX)
        start = str(path or Path(_folder(), self._name(title) + SUFFIX))
        name, kind = QFileDialog.getSaveFileName(self._window, self.tr("Save"), start, kinds)
        return _with_ending(_picked(name), ".txt" if "*.txt" in kind else SUFFIX, {SUFFIX, ".txt"})

    def sheet(self, path: Path | None, title: str) -> Path | None:
        """Where a sheet goes: .pdf or .png."""
        start = path.with_suffix(".pdf") if path else Path(_folder(), f"{self._name(title)}.pdf")
        kinds = self.tr("PDF (*.pdf);;Picture (*.png)")
        name, kind = QFileDialog.getSaveFileName(self._window, self.tr("Export a sheet"), str(start), kinds)
        return _with_ending(_picked(name), ".png" if "*.png" in kind else ".pdf", {".pdf", ".png"})

    def _name(self, title: str) -> str:
        kept = "".join(char for char in title if char.isalnum() or char in " -_").strip()
        return kept[:_LONGEST_NAME] or self.tr("Untitled")

    # Questions and answers ------------------------------------------------------------------------

    def ask_to_save(self) -> str:
        """Whether to save the text first: "save", "discard" or "cancel"."""
        box = QMessageBox(self._window)
        box.setIcon(QMessageBox.Icon.Question)
        box.setWindowTitle(self.tr("Save the text?"))
        box.setText(self.tr("There are changes that are in no file. Save them first?"))
        buttons = QMessageBox.StandardButton
        box.setStandardButtons(buttons.Save | buttons.Discard | buttons.Cancel)
        box.setDefaultButton(buttons.Save)
        answer = box.exec()
        box.deleteLater()
        return {buttons.Save: "save", buttons.Discard: "discard"}.get(buttons(answer), "cancel")

    def show_keys(self, actions: Mapping[str, QAction]) -> None:
        """All keys, and what they do."""
        shown = [action for action in actions.values() if not action.shortcut().isEmpty()]
        table = QTableWidget(len(shown), 2)
        table.setHorizontalHeaderLabels([self.tr("Keys"), self.tr("What they do")])
        for i, action in enumerate(shown):
            keys = action.shortcut().toString(QKeySequence.SequenceFormat.NativeText)
            table.setItem(i, 0, QTableWidgetItem(keys))
            table.setItem(i, 1, QTableWidgetItem(action.statusTip()))
        table.verticalHeader().hide()
        table.setEditTriggers(QTableWidget.EditTrigger.NoEditTriggers)
        table.setSelectionBehavior(QTableWidget.SelectionBehavior.SelectRows)
        table.resizeColumnsToContents()
        table.horizontalHeader().setStretchLastSection(True)
        dialog = QDialog(self._window)
        dialog.setWindowTitle(self.tr("Keyboard"))
        dialog.resize(640, 480)
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        buttons.rejected.connect(dialog.reject)
        box = QVBoxLayout(dialog)
        box.addWidget(table)
        box.addWidget(buttons)
        dialog.exec()
        dialog.deleteLater()

    def show_about(self) -> None:
        """Version, licence, and what runs here."""
        words = self.tr(
            "Lyrics {version}\n\nWrites lyrics with recurrent models on this machine alone: nothing is sent anywhere."
            "\n\nMIT licence. Python {python}, Qt {qt}."
        )
        box = QMessageBox(self._window)
        box.setWindowTitle(self.tr("About"))
        box.setIconPixmap(QGuiApplication.windowIcon().pixmap(64, 64))
        box.setText(words.format(version=__version__, python=platform.python_version(), qt=qVersion()))
        box.exec()
        box.deleteLater()


def _folder() -> str:
    """Of the last file."""
    last = settings.FOLDER.get()
    return last if last and Path(last).is_dir() else str(Path.home())


def _picked(name: str) -> Path | None:
    if not name:
        return None
    settings.FOLDER.set(str(Path(name).parent))
    return Path(name)


def _with_ending(path: Path | None, usual: str, known: set[str]) -> Path | None:
    return path if path is None or path.suffix.lower() in known else path.with_name(path.name + usual)
