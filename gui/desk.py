"""What all writing has in common: who may write now, by which rules and options, and what is said when it ends."""

import contextlib
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from PySide6.QtCore import QObject, Signal

from toolkit.errors import ToolkitError
from toolkit.language_model import LanguageModel
from toolkit.lyrics.options import LyricOptions
from toolkit.lyrics.rules import LyricRules, RuleError

from .lyric_editor import LyricEditor
from .model_opener import ModelOpener
from .project import Generation
from .rules_panel import RulesPanel
from .sampling_panel import SamplingPanel
from .text_plan import TextPlan, lyric_numbers, places_of
from .worker import Ended, Lane, Work

PROMPT_CHARS = 500
"""A longer text is continued from its last so many characters."""


class Desk(QObject):
    """Text, rules, options and model, for those who write.

    Signals:
        busy_changed: a text is being written, or no longer.
        problem: why nothing was written, a ToolkitError.
        notice: worth knowing, a sentence.
        wrote: a text that stands now, a `Generation`.
        speed: tokens a second that the model read and wrote for the last text.
    """

    busy_changed = Signal(bool)
    problem = Signal(object)
    notice = Signal(str)
    wrote = Signal(object)
    speed = Signal(float)

    def __init__(
        self,
        editor: LyricEditor,
        rules: RulesPanel,
        sampling: SamplingPanel,
        models: ModelOpener,
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self.editor, self.rules, self.sampling, self.models = editor, rules, sampling, models
        self._lane = Lane("write", self)
        self._lane.busy_changed.connect(self.busy_changed)
        self._leave: Callable[[], None] | None = None

    # Before it begins -----------------------------------------------------------------------------

    @property
    def busy(self) -> bool:
        """Whether a text is being written."""
        return self._lane.busy

    @property
    def unit(self) -> str:
        """What lines are counted in, where the rules leave it open."""
        return self.models.unit

    @property
    def fingerprint(self) -> str:
        """Of the model."""
        return self.models.opened.fingerprint if self.models.opened else ""

    def model(self) -> LanguageModel | None:
        """The model, if one may write now; else it is said why none does."""
        if self.editor.composing:
            return None
        model = self.models.language_model
        if model is None:
            waits = self.models.busy and self.models.opened is None
            self.notice.emit(
                self.tr("The model is still being opened.") if waits else self.tr("Open a model that writes lyrics.")
            )
        return model

    def planned(self, plan: Callable[[LyricRules], TextPlan], complete: str = "") -> TextPlan | None:
        """What to write by the rules of the panel; None, and said, if they have a fault or leave nothing.

        Args:
            plan: makes it of the rules.
            complete: what is said where no line is left to write; by default that all are locked.
        """
        self.rules.clear_problems()
        rules = self.rules.rules()
        if rules is None:
            self.problem.emit(ToolkitError(self.rules.fault()))
            return None
        try:
            found = plan(rules)
        except ToolkitError as error:
            self.say(error)
            return None
        if found.complete:
            self.notice.emit(complete or self.tr("All lines are locked: nothing is left to write anew."))
            return None
        return found

    def next_lyric_options(self, count: int = 1) -> LyricOptions:
        """How to write the next text by rules, with its seed."""
        self.sampling.next_seed()
        return self.sampling.lyric_options(count)

    def prompt(self, text: str) -> str:
        """What the model reads of a text; of an empty one what it can begin with."""
        model = self.models.language_model
        assert model is not None
        prompt = text[-PROMPT_CHARS:]
        if prompt.strip():
            with contextlib.suppress(ToolkitError):  # whoever reads it says so
                for note in model.notes(prompt):
                    self.notice.emit(note)
            return prompt
        tokenizer = model.tokenizer
        breaks = prompt or "\n"
        return breaks if len(tokenizer.encode(breaks)) and not tokenizer.unknown(breaks) else tokenizer.example

    # While it runs --------------------------------------------------------------------------------

    def start(self, work: Work, told: Callable[[Any], None], ended: Callable[[Ended], None]) -> None:
        """Run a work in the place of the one that runs."""
        self.stop()
        run = self._lane.start(work)
        run.told.connect(told)
        run.ended.connect(ended)

    def when_stopped(self, leave: Callable[[], None] | None) -> None:
        """What is to be done if the work is stopped, so that what it wrote stays; None: nothing."""
        self._leave = leave

    def stop(self) -> None:
        """Stop at once; what is written stays."""
        self._lane.stop()
        leave, self._leave = self._leave, None
        if leave is not None:
            leave()

    # When it ends ---------------------------------------------------------------------------------

    def replace(self, text: str) -> None:
        """Another text in the place of all; its lines keep their locks by their numbers."""
        locked = self.locked_numbers()
        self.editor.replace_all(text, places_of(text, locked))

    def locked_numbers(self) -> list[int]:
        """The locked lines, by their numbers among those that are not empty."""
        return lyric_numbers(self.editor.text(), self.editor.locked_lines())

    def keep(self, text: str, recipe: dict[str, Any]) -> None:
        """A text stands: say it."""
        made = datetime.now(UTC).isoformat(timespec="seconds")
        self.wrote.emit(Generation(text, recipe, made, self.models.path))

    def report(self, ended: Ended) -> None:
        """Say what went wrong, or how fast it was."""
        if ended.problem is not None:
            self.say(ended.problem)
        elif ended.tokens and ended.seconds:
            self.speed.emit(ended.tokens / ended.seconds)

    def say(self, error: ToolkitError) -> None:
        """Say why nothing could be written, of a rule beside its field."""
        if isinstance(error, RuleError) and self.rules.is_on():
            self.rules.show_problem(error.rule, str(error), error.line)
        self.problem.emit(error)
