"""The menus and the tool bar."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from PySide6.QtCore import QEvent, QObject, Qt, Signal, SignalInstance
from PySide6.QtGui import QAction, QActionGroup, QPalette
from PySide6.QtWidgets import QMainWindow, QMenu, QSizePolicy, QToolBar, QToolButton, QWidget

from toolkit.builtin_models import builtin_name

from . import theme
from .actions import MENUS, TAKES, retranslate_actions, translated
from .icons import icon
from .languages import LANGUAGES, SYSTEM
from .plain import visible

_TOOLS = ("generate", "stop", "regenerate", "takes", "", "undo", "redo", "", "save", "export_sheet")
_ICONS_ONLY = ("undo", "redo", "save", "export_sheet")
_WRITE, _VIEW = 2, 3
_LONGEST_NAME = 28


class Bars(QObject):
    """Everything above the sheet.

    Signals:
        language_chosen: a code of `LANGUAGES`, or "system".
        scheme_chosen: one of `theme.SCHEMES`.
        model_wanted: the button of the model was pressed.
    """

    language_chosen = Signal(str)
    scheme_chosen = Signal(str)
    model_wanted = Signal()

    def __init__(self, window: QMainWindow, actions: Mapping[str, QAction]) -> None:
        super().__init__(window)
        self._actions = actions
        self._path = ""
        self._bar = self._make_bar(window)
        self._menus = [window.menuBar().addMenu("") for _ in MENUS]
        for menu, (_, names) in zip(self._menus, MENUS, strict=True):
            for name in names:
                if name:
                    menu.addAction(actions[name])
                else:
                    menu.addSeparator()
        self._menus[_WRITE].addSeparator()
        self._take_menu = self._menus[_WRITE].addMenu("")
        self._take_menu.addActions([actions[name] for name in TAKES])
        self._menus[_VIEW].addSeparator()
        self._language_menu, self._scheme_menu = (self._menus[_VIEW].addMenu("") for _ in range(2))
        self._languages = self._choices(self._language_menu, (SYSTEM, *LANGUAGES), self.language_chosen)
        self._schemes = self._choices(self._scheme_menu, theme.SCHEMES, self.scheme_chosen)
        window.installEventFilter(self)
        self.retranslate()

    def _make_bar(self, window: QMainWindow) -> QToolBar:
        bar = QToolBar()
        bar.setObjectName("toolbar")
        bar.setMovable(False)
        bar.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        for name in _TOOLS:
            if not name:
                bar.addSeparator()
                continue
            bar.addAction(self._actions[name])
            button = bar.widgetForAction(self._actions[name])
            assert isinstance(button, QToolButton)
            button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
            if name in _ICONS_ONLY:
                button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonIconOnly)
            if name == "generate":
                button.setObjectName("primary")
                self._actions[name].setIcon(icon(name, QPalette.ColorRole.HighlightedText))
                self._actions[name].setIconVisibleInMenu(False)  # where it would be white on white
        gap = QWidget()
        gap.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        bar.addWidget(gap)
        self._model = QToolButton()
        self._model.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self._model.clicked.connect(self.model_wanted)
        bar.addWidget(self._model)
        window.addToolBar(bar)
        return bar

    def _choices(self, menu: QMenu, names: Sequence[str], chosen: SignalInstance) -> dict[str, QAction]:
        group = QActionGroup(menu)
        found = {}
        for name in names:
            action = menu.addAction("")
            action.setCheckable(True)
            action.triggered.connect(lambda _=False, name=name: chosen.emit(name))
            group.addAction(action)
            found[name] = action
        return found

    def show_chosen(self, language: str, scheme: str) -> None:
        """Mark the language and the looks that are in use."""
        self._languages.get(language, self._languages[SYSTEM]).setChecked(True)
        self._schemes.get(scheme, self._schemes[theme.SYSTEM]).setChecked(True)

    def show_model(self, path: str) -> None:
        """The name of the model in use."""
        self._path = path
        name = visible(builtin_name(Path(path)) or Path(path).stem)
        shown = name if len(name) <= _LONGEST_NAME else f"{name[:_LONGEST_NAME]}…"
        self._model.setText(self.tr("Model: {name}").format(name=shown.replace("&", "&&") or "…"))

    def retranslate(self) -> None:
        """Set all texts in the language of the window."""
        retranslate_actions(self._actions)
        for menu, (title, _) in zip(self._menus, MENUS, strict=True):
            menu.setTitle(translated(title))
        self._take_menu.setTitle(self.tr("&Use a take"))
        self._language_menu.setTitle(self.tr("L&anguage"))
        self._scheme_menu.setTitle(self.tr("A&ppearance"))
        for code, action in self._languages.items():
            action.setText(LANGUAGES.get(code) or self.tr("As the system"))
        looks = {
            theme.SYSTEM: self.tr("As the system"),
            theme.LIGHT: self.tr("Light"),
            theme.DARK: self.tr("Dark"),
        }
        for scheme, action in self._schemes.items():
            action.setText(looks[scheme])
        self._bar.setWindowTitle(self.tr("Tools"))
        self._model.setToolTip(self.tr("The model in use; press to see it and to choose another"))
        self.show_model(self._path)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # noqa: N802 - Qt's name
        """The window speaks another language: so do its bars."""
        if event.type() == QEvent.Type.LanguageChange:
            self.retranslate()
        return super().eventFilter(watched, event)
