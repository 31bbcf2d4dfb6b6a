"""The model in use, wherever the window shows it or depends on it."""

from PySide6.QtCore import QObject, Signal

from . import settings
from .bars import Bars
from .model_opener import ModelOpener
from .recent_models import RecentModels
from .side_panel import SidePanel
from .translate_page import TranslatePage


class ModelInUse(QObject):
    """Tells panels and bars of the model that was opened, that is being opened, or that could not be.

    Signals:
        problem: why one could not be opened, a sentence.
        notice: worth knowing, a sentence.
        loading: the path of one that is being opened.
    """

    problem = Signal(str)
    notice = Signal(str)
    loading = Signal(str)

    def __init__(self, models: ModelOpener, panel: SidePanel, page: TranslatePage, bars: Bars, parent: QObject) -> None:
        super().__init__(parent)
        self._models, self._panel, self._page, self._bars = models, panel, page, bars
        self._recent = RecentModels()
        self._panel.model.set_recent(self._recent.paths())
        models.changed.connect(self._changed)
        models.loading.connect(self._loading)
        models.failed.connect(self._failed)
        panel.model.chosen.connect(models.open)
        panel.model.forget_missing_wanted.connect(self._forget_missing)

    def _changed(self) -> None:
        models, panel = self._models, self._panel
        assert models.opened is not None
        panel.model.set_recent(self._recent.add(models.path))
        panel.model.show_model(models.opened)
        if models.translator is not None:
            self._page.set_model(models.opened)
        elif models.language_model is not None:
            panel.rules.set_unit(models.unit)
            panel.sampling.set_vocab_size(len(models.language_model.tokenizer))
        self._bars.show_model(models.path)
        settings.MODEL.set(models.path)
        if models.opened.warnings:
            self.notice.emit(" ".join(models.opened.warnings))

    def _loading(self, path: str) -> None:
        self._panel.model.show_loading(path or None)
        if path:
            self.loading.emit(self.tr("Opening {path} …").format(path=path))

    def _failed(self, path: str, why: str) -> None:
        self._panel.model.show_error(why)
        self.loading.emit("")
        kept = self._models.opened is not None
        stays = self.tr("The model in use stays.")
        self.problem.emit(f"{why} {stays}" if kept else why)
        if not kept and path != settings.MODEL.default:  # what was used the last time is gone
            self._models.open(settings.MODEL.default)

    def _forget_missing(self) -> None:
        self._panel.model.set_recent(self._recent.forget_missing())
