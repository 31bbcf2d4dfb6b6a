"""Writing: on from what stands there, another way, several ways at once, one line, one character."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from PySide6.QtCore import QObject, Signal

from toolkit.errors import ToolkitError
from toolkit.language_model import LanguageModel
from toolkit.lyrics.like import rules_like
from toolkit.lyrics.rules import LyricRules, RuleError
from toolkit.lyrics.song import Song
from toolkit.lyrics.write import Takes

from .lyric_editor import LyricEditor
from .model_opener import ModelOpener
from .project import Generation
from .rules_panel import RulesPanel
from .sampling_panel import SamplingPanel
from .takes_view import TakesView
from .text_plan import TextPlan, lyric_numbers, numbered, places_of, plan_anew, plan_of
from .worker import Ended, Lane
from .writing_jobs import Draft, Grown, Streamed, go_on, tokens_of, write_lyrics

PROMPT_CHARS = 2000
"""A longer text is continued from its last so many characters."""


@dataclass(frozen=True)
class _Last:
    """The last generation: what stood there before, and behind it."""

    base: str
    result: str
    ruled: bool


class Writer(QObject):
    """Does what the writer asks of the model.

    Signals:
        busy_changed: a text is being written, or no longer.
        problem: why nothing was written, a ToolkitError.
        notice: worth knowing, a sentence.
        wrote: a text that stands now, a `Generation`.
        speed: tokens a second of the last text.
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
        takes: TakesView,
        models: ModelOpener,
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._editor = editor
        self._rules = rules
        self._sampling = sampling
        self._takes = takes
        self._models = models
        self._lane = Lane("write", self)
        self._lane.busy_changed.connect(self.busy_changed)
        self._last: _Last | None = None
        self._finish: Callable[[], None] | None = None  # what closes the text that is being written
        self._results: list[tuple[str, dict[str, Any]]] = []

    @property
    def busy(self) -> bool:
        """Whether a text is being written."""
        return self._lane.busy

    # What is asked for ----------------------------------------------------------------------------

    def generate(self) -> None:
        """Write on from what stands in the editor."""
        model = self._ready()
        if model is None:
            return
        text = self._editor.text()
        if not self._rules.is_on():
            self._go_on(model, text, len(text))
            return
        plan = self._planned(lambda rules: plan_of(text, rules, self._models.unit))
        if plan is None:
            return
        if plan.complete:
            self.notice.emit(
                self.tr("All lines of the rules stand there. Regenerate writes those anew that are not locked.")
            )
            return
        self._write(model, plan, text)

    def regenerate(self) -> None:
        """Write the last text another way; locked lines stay."""
        model = self._ready()
        if model is None:
            return
        text, last = self._editor.text(), self._last
        if not self._rules.is_on():
            again = last is not None and not last.ruled and text.startswith(last.base)
            self._go_on(model, last.base if again and last else text, len(text))
            return
        locked = self._editor.locked_lines()

        def planned(rules: LyricRules) -> TextPlan:
            anew = plan_anew(text, rules, self._models.unit, locked)
            if last is None or not last.ruled or text != last.result:
                return anew
            before = plan_of(last.base, rules, self._models.unit)
            return TextPlan(before.rules, {**before.given, **anew.given}, anew.complete)

        plan = self._planned(planned)
        if plan is None:
            return
        if plan.complete:
            self.notice.emit(self.tr("All lines are locked: nothing is left to write anew."))
            return
        lines = {number: line for number, (_, line) in enumerate(numbered(text), start=1)}
        avoid = tuple(line for number, line in lines.items() if number not in plan.given)
        base = last.base if last is not None and last.ruled and text == last.result else ""
        self._write(model, plan, base, avoid)

    def write_takes(self, count: int) -> None:
        """Write several texts side by side, out of the editor; `choose` puts one into it."""
        model = self._ready()
        if model is None:
            return
        text = self._editor.text()
        if not self._rules.is_on():
            self._takes.begin(count)
            self._results = []
            prompt = self._prompt(text)
            options = replace(self._sampling.options(), num_return_sequences=count, seed=self._sampling.next_seed())
            self._start(go_on(model, prompt, options), self._take_told, lambda ended: self._streams_end(text, ended))
            return

        def planned(rules: LyricRules) -> TextPlan:
            plan = plan_of(text, rules, self._models.unit)
            return plan_anew(text, rules, self._models.unit, self._editor.locked_lines()) if plan.complete else plan

        plan = self._planned(planned)
        if plan is None:
            return
        if plan.complete:
            self.notice.emit(self.tr("All lines are locked: nothing is left to write anew."))
            return
        self._takes.begin(count)
        self._results = []
        self._sampling.next_seed()
        work = write_lyrics(
            model,
            plan.rules,
            self._sampling.lyric_options(count),
            given=plan.given,
            fingerprint=self._fingerprint,
        )
        self._start(work, self._take_told, self._songs_end)

    def choose(self, index: int) -> None:
        """Put a take into the editor."""
        if self._ready(needs_model=False) is None and self.busy:
            return
        if not 0 <= index < len(self._results):
            return
        text, recipe = self._results[index]
        base = self._editor.text()
        self._replace(text)
        self._keep(text, recipe, base, ruled="rules" in recipe)

    def reroll(self, place: int) -> None:
        """Write one line anew; the others stay, and so does its rhyme."""
        model = self._ready()
        if model is None:
            return
        text = self._editor.text()
        numbers = lyric_numbers(text, [place])
        if not numbers:
            self.notice.emit(self.tr("The line is empty: there is nothing to write anew."))
            return
        (number,) = numbers
        if place in self._editor.locked_lines():
            self.notice.emit(self.tr("The line is locked. Unlock it to write it anew."))
            return
        lines = {i: line for i, (_, line) in enumerate(numbered(text), start=1)}

        def planned(rules: LyricRules | None) -> TextPlan:
            kept = {i: line for i, line in lines.items() if i != number}
            return TextPlan(rules or rules_like(text, self._models.unit), kept, complete=False)

        plan = self._planned(planned) if self._rules.is_on() else self._attempt(lambda: planned(None))
        if plan is not None:
            self._sampling.next_seed()
            work = write_lyrics(
                model,
                plan.rules,
                self._sampling.lyric_options(1),
                given=plan.given,
                avoid=(lines[number],),
                fingerprint=self._fingerprint,
            )
            self._start(work, lambda _: None, lambda ended: self._rerolled(text, number, ended))

    def put(self, start: int, end: int, chosen: str, *, keep_rest: bool) -> None:
        """Put another token in the place of one; without `keep_rest` what stands behind it is written anew."""
        text = self._editor.text()
        if keep_rest:
            self._editor.replace_range(start, end, chosen)
            return
        model = self._ready()
        if model is None:
            return
        if not self._rules.is_on():
            self._go_on(model, text[:start] + chosen, len(text))
            return
        before = text[:start].split("\n")
        number = sum(bool(line.strip()) for line in before[:-1]) + 1

        def planned(rules: LyricRules) -> TextPlan:
            locked = plan_anew(text, rules, self._models.unit, self._editor.locked_lines())
            above = {i: line for i, (_, line) in enumerate(numbered(text), start=1) if i < number}
            kept = {i: line for i, line in locked.given.items() if i > number}
            begun = f"{number}:1={before[-1].lstrip()}{chosen}"
            return TextPlan(replace(rules, fixed=(*rules.fixed, begun)), {**above, **kept}, complete=False)

        plan = self._planned(planned)
        if plan is not None:
            self._write(model, plan, text[:start] + chosen)

    def stop(self) -> None:
        """Stop at once; what is written stays."""
        self._lane.stop()
        self._takes.stop()
        if self._finish is not None:
            self._finish()

    def forget(self) -> None:
        """Another text stands in the editor, of which nothing was written here."""
        self.stop()
        self._last = None
        self._results = []

    def set_takes(self, texts: tuple[str, ...]) -> None:
        """Takes of an earlier day."""
        self._results = [(text, {}) for text in texts]
        self._takes.set_texts(texts)

    @property
    def take_texts(self) -> tuple[str, ...]:
        """The takes, each as it would stand in the editor."""
        return tuple(text for text, _ in self._results)

    # How it is done -------------------------------------------------------------------------------

    @property
    def _fingerprint(self) -> str:
        return self._models.opened.fingerprint if self._models.opened else ""

    def _ready(self, *, needs_model: bool = True) -> LanguageModel | None:
        """The model, if one can write now."""
        if self._editor.composing:
            return None
        model = self._models.language_model
        if model is None and needs_model:
            waits = self._models.busy and self._models.opened is None
            self.notice.emit(
                self.tr("The model is still being opened.") if waits else self.tr("Open a model that writes lyrics.")
            )
        return model

    def _attempt(self, plan: Callable[[], TextPlan]) -> TextPlan | None:
        try:
            return plan()
        except ToolkitError as error:
            self.problem.emit(error)
            return None

    def _planned(self, plan: Callable[[LyricRules], TextPlan]) -> TextPlan | None:
        """What to write by the rules of the panel; None, and said, if they have a fault."""
        rules = self._rules.rules()
        if rules is None:
            self.problem.emit(ToolkitError(self._rules.fault()))
            return None
        return self._attempt(lambda: plan(rules))

    def _start(self, work: Any, told: Callable[[Any], None], ended: Callable[[Ended], None]) -> None:  # noqa: ANN401 - a Work
        self.stop()
        run = self._lane.start(work)
        run.told.connect(told)
        run.ended.connect(ended)

    def _prompt(self, text: str) -> str:
        """What the model reads of a text; of an empty one what it can begin with."""
        model = self._models.language_model
        assert model is not None
        prompt = text[-PROMPT_CHARS:]
        if not prompt.strip():
            prompt = prompt or "\n"
            if not len(model.tokenizer.encode(prompt)) or model.tokenizer.unknown(prompt):
                prompt = model.tokenizer.example
        elif missing := model.unknown(prompt):
            self.notice.emit(missing)
        return prompt

    def _go_on(self, model: LanguageModel, base: str, end: int) -> None:
        """Write on without rules behind a beginning of the text, in the place of what stands there up to `end`."""
        prompt = self._prompt(base)
        options = replace(self._sampling.options(), seed=self._sampling.next_seed(), num_return_sequences=1)
        old = self._editor.text()
        shared = base if old.startswith(base) else ""
        begun = False
        opening = "" if base.strip() else prompt.strip()

        def told(grown: Grown) -> None:
            nonlocal begun
            if not begun:
                begun = True
                self._editor.begin_stream(len(shared), end)
                self._editor.stream(base[len(shared) :] + opening)
                self._finish = closed
            self._editor.stream(grown.text)

        def closed() -> None:
            self._finish = None
            self._editor.end_stream()
            text = self._editor.text()
            recipe = {"format": 1, "model": self._fingerprint, "prompt": prompt, "options": options.to_dict()}
            self._keep(text, recipe, base, ruled=False)

        def ended(end: Ended) -> None:
            if begun:
                closed()
            self._report(end, end.value.tokens if end.value else 0)

        self._start(go_on(model, prompt, options), told, ended)

    def _write(self, model: LanguageModel, plan: TextPlan, base: str, avoid: tuple[str, ...] = ()) -> None:
        """Write by the rules, in the place of the whole text; one step back undoes it."""
        self._sampling.next_seed()
        old = self._editor.text()
        locked = lyric_numbers(old, self._editor.locked_lines())
        begun = False

        def show(text: str) -> None:
            nonlocal begun
            if not begun:
                begun = True
                self._editor.begin_stream(0, len(old))
                self._finish = closed
            self._editor.restream(text)

        def told(draft: Draft) -> None:
            if draft.text:
                show(draft.text)

        def closed() -> None:  # stopped: what stands is what was written so far
            self._finish = None
            text = self._editor.text()
            self._editor.set_locked_lines(places_of(text, locked))
            self._editor.end_stream()

        def ended(end: Ended) -> None:
            songs = end.value.songs if end.value else ()
            if songs:
                song = songs[0]
                show(str(song))
                closed()
                self._keep(str(song), song.recipe.to_dict(), base, ruled=True)
            elif begun:
                show(old)
                closed()
            self._report(end, sum(map(tokens_of, songs)))

        work = write_lyrics(
            model,
            plan.rules,
            self._sampling.lyric_options(1),
            given=plan.given,
            avoid=avoid,
            fingerprint=self._fingerprint,
        )
        self._start(work, told, ended)

    def _take_told(self, thing: Grown | Draft) -> None:
        if isinstance(thing, Draft):
            self._takes.set_draft(thing.take, thing.text)
        else:
            self._takes.set_draft(thing.take, self._takes.texts()[thing.take] + thing.text)

    def _streams_end(self, base: str, ended: Ended) -> None:
        if ended.value is not None:
            streamed: Streamed = ended.value
            recipe = {"format": 1, "model": self._fingerprint, "prompt": self._prompt(base)}
            for take, text in enumerate(streamed.texts):
                self._results.append((base + text, {**recipe, "options": streamed.options.to_dict(), "take": take}))
                self._takes.finish(take, text, "")
        self._takes.stop()
        self._report(ended, ended.value.tokens if ended.value else 0)

    def _songs_end(self, ended: Ended) -> None:
        songs: tuple[Song, ...] = ()
        if ended.value is not None:
            found: Takes = ended.value
            songs = tuple(found.songs)
            self._results = [(str(song), song.recipe.to_dict()) for song in songs]
            for i, song in enumerate(songs):
                self._takes.finish(i, str(song), self._likely(song))
            if found.errors and songs:
                self.notice.emit(self.tr("{n} of the takes led nowhere.").format(n=len(found.errors)))
        self._takes.stop()
        self._report(ended, sum(map(tokens_of, songs)))

    def _likely(self, song: Song) -> str:
        return self.tr("log-probability of a token: {value:.2f}").format(value=song.log_prob)

    def _rerolled(self, text: str, number: int, ended: Ended) -> None:
        songs = ended.value.songs if ended.value else ()
        if songs and self._editor.text() == text:
            song: Song = songs[0]
            place = numbered(text)[number - 1][0]
            start = sum(len(line) + 1 for line in text.split("\n")[: place - 1])
            self._editor.replace_range(start, start + len(text.split("\n")[place - 1]), song.lines[number - 1].text)
            self._keep(self._editor.text(), song.recipe.to_dict(), text, ruled=True)
        self._report(ended, sum(map(tokens_of, songs)))

    def _replace(self, text: str) -> None:
        """Another text in the place of all; locked lines keep their locks."""
        locked = lyric_numbers(self._editor.text(), self._editor.locked_lines())
        self._editor.replace_all(text)
        self._editor.set_locked_lines(places_of(text, locked))

    def _keep(self, text: str, recipe: dict[str, Any], base: str, *, ruled: bool) -> None:
        self._last = _Last(base, text, ruled)
        made = datetime.now(UTC).isoformat(timespec="seconds")
        self.wrote.emit(Generation(text, recipe, made, self._models.path))

    def _report(self, ended: Ended, tokens: int) -> None:
        """Say what went wrong, with the rule beside its field, or how fast it was."""
        error = ended.problem
        if error is None and ended.value is not None and getattr(ended.value, "errors", ()):
            error = None if ended.value.songs else ended.value.errors[0]
        if error is not None:
            if isinstance(error, RuleError) and self._rules.is_on():
                self._rules.show_problem(error.rule, str(error), error.line)
            self.problem.emit(error)
        elif tokens and ended.seconds:
            self.speed.emit(tokens / ended.seconds)
