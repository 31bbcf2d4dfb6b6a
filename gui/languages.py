"""The languages of the interface, and changing them while it runs."""

from importlib.resources import files

from PySide6.QtCore import QLibraryInfo, QLocale, QObject, QTranslator
from PySide6.QtWidgets import QApplication

SYSTEM = "system"
LANGUAGES = {"en": "English", "zh_CN": "简体中文"}
"""Code -> name in the language itself."""


class Languages(QObject):
    """Holds the translators of the application."""

    def __init__(self, app: QApplication) -> None:
        super().__init__(app)
        self._app = app
        self._installed: list[QTranslator] = []
        self.code = "en"

    def use(self, code: str) -> None:
        """Speak a language of `LANGUAGES`, or with "system" that of the system; all windows hear of it."""
        if code not in LANGUAGES:
            code = "zh_CN" if QLocale.system().language() == QLocale.Language.Chinese else "en"
        for translator in self._installed:
            self._app.removeTranslator(translator)
        self._installed.clear()
        self.code = code
        QLocale.setDefault(QLocale(code))
        if code == "en":  # what the program is written in
            return
        own = str(files("toolkit.gui").joinpath("translations"))
        for name, folder in (("lyrics", own), ("qtbase", QLibraryInfo.path(QLibraryInfo.LibraryPath.TranslationsPath))):
            translator = QTranslator(self)
            if translator.load(f"{name}_{code}", folder):
                self._app.installTranslator(translator)
                self._installed.append(translator)
