"""The application: Qt, its languages and looks, one window, and a good end."""

import contextlib
import signal
import sys
import traceback
from pathlib import Path
from types import TracebackType

import onnxruntime  # noqa: F401 - before Qt: on Windows the other order loads the wrong libraries
from PySide6.QtCore import QCoreApplication, QSettings, QTimer
from PySide6.QtWidgets import QApplication

from toolkit.version import __version__

from . import settings, theme
from .desktop_entry import APP_ID
from .icons import app_icon
from .languages import Languages
from .main_window import MainWindow

NAME, ORGANISATION = "lyrics", "rnn-toolkit"

TURN_S = 0.0001
"""How long a thread of Python computes while another waits: with the usual 5 ms, the window, which waits anew after
each call of Qt, stood still for 100 ms beside a model that writes."""


def make_application(arguments: list[str]) -> QApplication:
    """Qt, with our name, looks and settings; the one that is there, if there is one."""
    sys.setswitchinterval(TURN_S)
    QCoreApplication.setOrganizationName(ORGANISATION)
    QCoreApplication.setApplicationName(NAME)
    QCoreApplication.setApplicationVersion(__version__)
    QSettings.setDefaultFormat(QSettings.Format.IniFormat)
    app = QApplication.instance() or QApplication(arguments)
    assert isinstance(app, QApplication)
    app.setDesktopFileName(APP_ID)
    app.setStyle("Fusion")
    scheme = settings.SCHEME.get()
    theme.apply_scheme(app, scheme if scheme in theme.SCHEMES else theme.SYSTEM)
    app.setWindowIcon(app_icon())
    return app


def open_window(app: QApplication, model: str | None, project: Path | None, language: str | None) -> MainWindow:
    """The window, shown, with what is to be in it on its way."""
    languages = Languages(app)
    languages.use(language or settings.LANGUAGE.get())
    window = MainWindow(languages)
    app.styleHints().colorSchemeChanged.connect(window.follow_system_scheme)
    window.show()
    window.begin(model, project)
    return window


def run(model: str | None, project: Path | None, language: str | None) -> int:
    """All of it, until the window is closed; the exit code."""
    app = make_application(sys.argv[:1])
    window = open_window(app, model, project, language)

    def defect(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        traceback.print_exception(kind, error, trace)
        with contextlib.suppress(RuntimeError):
            window.show_defect(error)

    sys.excepthook = defect
    awake = QTimer()  # lets Python hear of Ctrl+C
    awake.start(200)
    awake.timeout.connect(lambda: None)
    signal.signal(signal.SIGINT, lambda *_: window.close())
    signal.signal(signal.SIGTERM, lambda *_: window.close())
    try:
        return app.exec()
    finally:
        awake.stop()
