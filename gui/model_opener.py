"""The model in use; another is opened beside it, and takes its place once it is whole."""

import contextlib
from pathlib import Path

from PySide6.QtCore import QObject, Signal

from toolkit.corpus import BUILTIN
from toolkit.errors import ToolkitError
from toolkit.language_model import LanguageModel
from toolkit.loading import Opened, open_model
from toolkit.lyrics.plan import Plan
from toolkit.lyrics.rules import LyricRules
from toolkit.lyrics.vocabulary import vocabulary_of
from toolkit.stopping import Stop
from toolkit.translator import Translator

from .worker import Ended, Lane, Tell, Work


def open_work(path: str) -> Work:
    """Open a model; tells it, and its unit where it writes lyrics, and then gets ready what the first text needs."""

    def work(_stop: Stop, tell: Tell) -> None:
        opened = open_model(path)
        if not isinstance(opened.model, LanguageModel):
            tell((opened, ""))
            return
        vocabulary = vocabulary_of(opened.model.tokenizer, "auto")
        tell((opened, vocabulary.unit))
        Plan(LyricRules(lines=2, rhyme="AA"), vocabulary)  # reads the tables of rhymes, and they stay
        with contextlib.suppress(ToolkitError):  # as does the dictionary of Chinese words, where there is one
            opened.model.tokenizer.split("词")

    return work


class ModelOpener(QObject):
    """Holds the model.

    Attributes:
        opened: the model; None before the first.
        path: where it was opened.
        wanted: the same, or of one that is being opened.
        unit: what a model of lyrics counts in.

    Signals:
        changed: another model is in use.
        loading: the path that is being opened; "" when none is any more.
        failed: a path that could not be opened, and why.
    """

    changed = Signal()
    loading = Signal(str)
    failed = Signal(str, str)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._lane = Lane("open", self)
        self.opened: Opened | None = None
        self.path = ""
        self.wanted = ""
        self.unit = ""

    @property
    def language_model(self) -> LanguageModel | None:
        """The model, if it writes on from a text."""
        model = self.opened.model if self.opened else None
        return model if isinstance(model, LanguageModel) else None

    @property
    def translator(self) -> Translator | None:
        """The model, if it writes texts from texts."""
        model = self.opened.model if self.opened else None
        return model if isinstance(model, Translator) else None

    @property
    def busy(self) -> bool:
        """Whether one is being opened."""
        return self._lane.busy

    def open(self, path: str) -> None:
        """Open a model in the place of the one in use, and of one that is just being opened."""
        self.wanted = _whole(path)
        run = self._lane.start(open_work(path))
        run.told.connect(lambda found: self._use(path, found))
        run.ended.connect(lambda ended: self._end(path, ended))
        self.loading.emit(path)

    def _use(self, path: str, found: tuple[Opened, str]) -> None:
        self.opened, self.unit = found
        self.path = _whole(path)
        self.loading.emit("")
        self.changed.emit()

    def _end(self, path: str, ended: Ended) -> None:
        self.loading.emit("")
        self.wanted = self.path
        if ended.problem is not None:
            self.failed.emit(path, str(ended.problem))


def _whole(path: str) -> str:
    """A path that means the same in another folder."""
    return path if path.startswith(BUILTIN) else str(Path(path).absolute())
