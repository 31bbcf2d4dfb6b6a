"""The text with all that belongs to it, as one value: to keep, and to show again."""

import json

from PySide6.QtCore import QObject, Signal
from PySide6.QtGui import QGuiApplication

from toolkit.errors import OptionError
from toolkit.lyrics.rules import LyricRules
from toolkit.sampling import SamplingOptions

from .model_opener import ModelOpener
from .project import Generation, Project
from .side_panel import SidePanel
from .takes_writer import TakesWriter
from .writing_page import WritingPage


class Workspace(QObject):
    """Makes a `Project` of what the window holds, and the reverse; holds what was generated.

    Signals:
        generated: one generation more.
        problem: what of a project cannot be shown, a ToolkitError.
        notice: worth knowing, a sentence.
        model_wanted: the model of a project.
    """

    generated = Signal()
    problem = Signal(object)
    notice = Signal(str)
    model_wanted = Signal(str)

    def __init__(
        self, page: WritingPage, panel: SidePanel, takes: TakesWriter, models: ModelOpener, parent: QObject
    ) -> None:
        super().__init__(parent)
        self._page, self._panel, self._takes, self._models = page, panel, takes, models
        self._generations: list[Generation] = []
        self._kept_rules: LyricRules | None = None
        self._model_of_text = "", ""  # what wrote the text, until a model is open
        self._keeps_model = False

    def keep_model(self) -> None:
        """The model was asked for: the next project does not bring its own."""
        self._keeps_model = True

    def project(self) -> Project:
        """All that the window holds."""
        rules, editor, opened = self._panel.rules, self._page.editor, self._models.opened
        self._kept_rules = rules.rules() or self._kept_rules  # while a field has a fault, they are those from before
        found = self._kept_rules if rules.is_on() else None
        model, fingerprint = (self._models.path, opened.fingerprint) if opened else self._model_of_text
        return Project(
            text=editor.text(),
            locked=tuple(sorted(editor.locked_lines())),
            generations=tuple(self._generations),
            takes=self._takes.texts,
            rules=found.to_dict() if found else None,
            sampling=self._panel.sampling.options().to_dict(),
            model=model,
            fingerprint=fingerprint,
            title=self._page.title.text(),
        )

    def show(self, project: Project) -> None:
        """Show another text; rules and options come with it where it has some."""
        self._page.editor.load(project.text, project.locked)
        self._page.title.setText(project.title)
        self._model_of_text = project.model, project.fingerprint
        self._generations = list(project.generations)
        self._panel.history.set_generations(self._generations)
        self._takes.set_texts(project.takes)
        self._page.show_takes(shown=bool(project.takes))
        if not project.sampling:  # a plain text
            return
        rules = self._panel.rules
        try:
            self._panel.sampling.set_options(SamplingOptions.from_dict(project.sampling, "project"))
            if project.rules is not None:
                rules.set_rules(LyricRules.from_dict(project.rules, "project"))
            rules.set_on(project.rules is not None)
        except OptionError as error:
            self.problem.emit(error)
        keeps, self._keeps_model = self._keeps_model, False
        if project.model and project.model != self._models.wanted and not keeps:
            self.model_wanted.emit(project.model)

    # What was generated ---------------------------------------------------------------------------

    def add(self, generation: Generation) -> None:
        """One more."""
        self._generations.append(generation)
        self._panel.history.set_generations(self._generations)
        self.generated.emit()

    def restore(self, index: int) -> None:
        """Put an earlier one into the editor; one step back undoes it."""
        if 0 <= index < len(self._generations):
            self._page.editor.replace_all(self._generations[index].text)

    def copy_recipe(self, index: int | None = None) -> None:
        """Put the recipe of one, by default of the last, on the clipboard."""
        if not self._generations:
            self.notice.emit(self.tr("Nothing was generated yet, so there is no recipe."))
            return
        recipe = dict(self._generations[-1 if index is None else index].recipe)
        QGuiApplication.clipboard().setText(json.dumps(recipe, ensure_ascii=False, indent=1))
        self.notice.emit(self.tr("The recipe is on the clipboard."))
