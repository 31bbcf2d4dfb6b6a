"""The model in use, and the choice of another."""

from collections.abc import Sequence
from functools import partial
from pathlib import Path

from PySide6.QtCore import QCoreApplication, QEvent, Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QLabel, QMenu, QProgressBar, QPushButton, QVBoxLayout, QWidget

from toolkit.builtin_models import BUILTIN_MODELS, builtin_name
from toolkit.corpus import BUILTIN
from toolkit.loading import Opened

from .choice_row import ChoiceRow
from .facts_table import FactsTable
from .model_facts import rows_of
from .muted_label import MutedLabel
from .notice import Notice
from .plain import visible
from .plain_view import PlainView
from .recent_models import exists

MODELS_CONTEXT = "models"
"""Of what the built-in models write, in the translation files."""


class ModelPanel(QWidget):
    """Choosing says what is wanted; only `show_model` says what is in use."""

    open_wanted = Signal()
    chosen = Signal(str)
    """A path, or builtin:NAME."""
    forget_missing_wanted = Signal()
    """Drop the recent models whose files are gone."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._model: Opened | None = None
        self._speed: float | None = None
        self._loading: str | None = None
        self._recent: tuple[str, ...] = ()
        self.title = QLabel(self)
        self.builtin = {name: ChoiceRow(self) for name in BUILTIN_MODELS}
        self.open_button = QPushButton(self)
        self.recent_button = QPushButton(self)
        self.recent_menu = QMenu(self.recent_button)
        self.recent_menu.setToolTipsVisible(True)
        self.recent_button.setMenu(self.recent_menu)
        self.loading = MutedLabel(self)
        self.bar = QProgressBar(self)
        self.bar.setRange(0, 0)
        self.bar.setTextVisible(False)
        self.bar.setMaximumHeight(self.fontMetrics().height() // 2)
        self.notice = Notice(self)
        self.name = PlainView(self)
        self.facts = FactsTable(self)

        buttons = QHBoxLayout()
        buttons.addWidget(self.open_button)
        buttons.addWidget(self.recent_button)
        column = QVBoxLayout(self)
        column.addWidget(self.title)
        for row in self.builtin.values():
            column.addWidget(row)
        column.addLayout(buttons)
        for part in (self.loading, self.bar, self.notice):
            column.addWidget(part)
        column.addSpacing(self.fontMetrics().height() // 2)
        column.addWidget(self.name)
        column.addWidget(self.facts)
        column.addStretch(1)

        for name, row in self.builtin.items():
            row.clicked.connect(partial(self._choose, f"{BUILTIN}{name}"))
        self.open_button.clicked.connect(self.open_wanted)
        self.recent_menu.aboutToShow.connect(self._fill_recent)
        self._bold_name()
        self.show_loading(None)
        self.set_recent([])
        self.retranslate()

    def show_model(self, model: Opened | None) -> None:
        """Show the model in use; what was said of another's loading or failing goes."""
        self._model, self._speed = model, None
        self.show_loading(None)
        self.notice.hide()
        in_use = "" if model is None else builtin_name(model.path)
        for name, row in self.builtin.items():
            row.set_in_use(name == in_use)
        self._show_facts()

    def show_speed(self, tokens_per_second: float) -> None:
        """Show how fast the model in use just wrote."""
        self._speed = tokens_per_second
        self._show_facts()

    def show_loading(self, path: str | None) -> None:
        """Say that a model is being opened, and which; None when it no longer is."""
        self._loading = path
        self.loading.setVisible(path is not None)
        self.bar.setVisible(path is not None)
        self._say_loading()

    def show_error(self, message: str) -> None:
        """Say why a model was not opened. The one in use stays shown."""
        self.show_loading(None)
        self.notice.show_text(message)

    def set_recent(self, paths: Sequence[str]) -> None:
        """The models opened last, the last one first."""
        self._recent = tuple(paths)
        self.recent_button.setEnabled(bool(paths))

    def _choose(self, which: str) -> None:
        self.chosen.emit(which)

    def _fill_recent(self) -> None:
        """Look which are still there, at the moment somebody looks."""
        self.recent_menu.clear()
        missing = False
        for path in self._recent:
            there = exists(path)
            missing = missing or not there
            text = visible(short_path(path)).replace("&", "&&")
            action = self.recent_menu.addAction(text if there else self.tr("{model} (missing)").format(model=text))
            action.setEnabled(there)
            action.triggered.connect(partial(self._choose, path))
        if missing:
            self.recent_menu.addSeparator()
            forget = self.recent_menu.addAction(self.tr("Forget those that are missing"))
            forget.triggered.connect(self.forget_missing_wanted)

    def _show_facts(self) -> None:
        model = self._model
        self.name.setVisible(model is not None)
        self.facts.setVisible(model is not None)
        if model is not None:
            self.name.show_text(builtin_name(model.path) or short_path(str(model.path)))
            self.facts.show_rows(rows_of(model, self._speed))

    def _say_loading(self) -> None:
        if self._loading is not None:
            self.loading.show_text(self.tr("Opening {model} …").format(model=short_path(self._loading)))

    def _bold_name(self) -> None:
        font = self.font()
        font.setBold(True)
        self.name.setFont(font)
        self.title.setTextFormat(Qt.TextFormat.PlainText)

    def changeEvent(self, event: QEvent) -> None:  # noqa: N802 - Qt's name
        """Follow the language and the font."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.LanguageChange:
            self.retranslate()
        elif event.type() == QEvent.Type.FontChange:
            self._bold_name()

    def retranslate(self) -> None:
        """Set every text."""
        self.title.setText(self.tr("Models that come with the program"))
        for name, row in self.builtin.items():
            writes = QCoreApplication.translate(MODELS_CONTEXT, BUILTIN_MODELS[name])
            row.set_words(name, writes[:1].upper() + writes[1:])
        self.open_button.setText(self.tr("Open…"))
        self.open_button.setToolTip(self.tr("Open a bundle folder or an .onnx file"))
        self.recent_button.setText(self.tr("Recent"))
        self.recent_button.setToolTip(self.tr("Models opened before"))
        self.bar.setAccessibleName(self.tr("A model is being opened"))
        self.name.setAccessibleName(self.tr("Model in use"))
        self.facts.setAccessibleName(self.tr("Facts about the model in use"))
        self._say_loading()
        self._show_facts()


def short_path(path: str) -> str:
    """The last two parts of a path: bundles are often called best or model."""
    parts = Path(path).parts
    return str(Path(*parts[-2:])) if len(parts) > 2 else path
