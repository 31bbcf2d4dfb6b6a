"""Models from text to text: answers for the lines of the translate page."""

from PySide6.QtCore import QObject, Signal

from toolkit.translation import TranslateOptions, Translation

from .model_opener import ModelOpener
from .translate_page import TranslatePage, sources_of
from .worker import Ended, Lane
from .writing_jobs import translate_lines


class Answerer(QObject):
    """Runs the translator for the page."""

    busy_changed = Signal(bool)

    def __init__(self, page: TranslatePage, models: ModelOpener, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._page, self._models = page, models
        self._lane = Lane("answer", self)
        self._lane.busy_changed.connect(self.busy_changed)
        page.wanted.connect(self.answer)

    @property
    def busy(self) -> bool:
        """Whether an answer is being written."""
        return self._lane.busy

    def answer(self, text: str, options: TranslateOptions) -> None:
        """Answer each line of a text."""
        model = self._models.translator
        if model is None:
            return
        self._page.begin()
        found: list[Translation] = []

        def told(answers: list[Translation]) -> None:
            found.extend(answers)
            self._page.show_results(found)

        run = self._lane.start(translate_lines(model, sources_of(text), options))
        run.told.connect(told)
        run.ended.connect(self._ended)

    def stop(self) -> None:
        """Stop at once; what is answered stays."""
        if self.busy:
            self._lane.stop()
            self._page.end()

    def _ended(self, ended: Ended) -> None:
        self._page.end()
        if ended.problem is not None:
            self._page.show_error(str(ended.problem))
