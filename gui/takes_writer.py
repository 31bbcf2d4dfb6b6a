"""Writing several texts side by side, as one batch, and choosing one of them."""

from dataclasses import replace
from typing import Any

from PySide6.QtCore import QObject, Signal

from toolkit.lyrics.rules import LyricRules
from toolkit.lyrics.song import Song

from .desk import Desk
from .takes_view import TakesView
from .text_plan import TextPlan, plan_anew, plan_of
from .worker import Ended
from .writing_jobs import Draft, Grown, go_on, write_lyrics


class TakesWriter(QObject):
    """Fills the takes; the editor changes only when one is chosen.

    Signals:
        changed: there are other takes.
    """

    changed = Signal()

    def __init__(self, desk: Desk, view: TakesView) -> None:
        super().__init__(desk)
        self._desk, self._view = desk, view
        self._found: list[tuple[str, dict[str, Any]]] = []

    @property
    def texts(self) -> tuple[str, ...]:
        """The takes, each as it would stand in the editor."""
        return tuple(text for text, _ in self._found) if any(text for text, _ in self._found) else ()

    def set_texts(self, texts: tuple[str, ...]) -> None:
        """Takes of an earlier day."""
        self._found = [(text, {}) for text in texts]
        self._view.set_texts(texts)

    def write(self, count: int) -> None:
        """Write so many; those before make way."""
        desk, model = self._desk, self._desk.model()
        if model is None:
            return
        text = desk.editor.text()
        if not desk.rules.is_on():
            prompt = desk.prompt(text)
            options = replace(desk.sampling.options(), seed=desk.sampling.next_seed(), num_return_sequences=count)
            self._begin(count)
            desk.start(go_on(model, prompt, options), self._told, lambda end: self._streamed(text, prompt, end))
            desk.when_stopped(lambda: self._stopped(text))
            return

        def planned(rules: LyricRules) -> TextPlan:
            plan = plan_of(text, rules, desk.unit)
            return plan_anew(text, rules, desk.unit, desk.editor.locked_lines()) if plan.complete else plan

        plan = desk.planned(planned)
        if plan is None:
            return
        self._begin(count)
        how = desk.next_lyric_options(count)
        work = write_lyrics(model, plan.rules, how, given=plan.given, fingerprint=desk.fingerprint)
        desk.start(work, self._told, self._sung)
        desk.when_stopped(lambda: self._stopped(""))

    def choose(self, index: int) -> None:
        """Put a take into the editor."""
        desk = self._desk
        if desk.busy or desk.editor.composing or not 0 <= index < len(self._found):
            return
        text, recipe = self._found[index]
        if text:
            desk.replace(text)
            desk.keep(text, recipe)

    def _begin(self, count: int) -> None:
        self._desk.stop()
        self._found = []
        self._view.begin(count)

    def _told(self, thing: Grown | Draft) -> None:
        grown = isinstance(thing, Grown)
        self._view.set_draft(thing.take, self._view.texts()[thing.take] + thing.text if grown else thing.text)

    def _stopped(self, base: str) -> None:
        """What stands in the cards can be chosen as it is."""
        self._found = [(base + text if text else "", {}) for text in self._view.texts()]
        self._view.end()
        self.changed.emit()

    def _streamed(self, base: str, prompt: str, ended: Ended) -> None:
        desk = self._desk
        desk.when_stopped(None)
        if ended.value is not None:
            recipe = {"format": 1, "model": desk.fingerprint, "prompt": prompt}
            recipe["options"] = ended.value.options.to_dict()
            for take, text in enumerate(ended.value.texts):
                self._found.append((base + text, {**recipe, "take": take}))
                self._view.finish(take, text)
        self._view.end()
        self.changed.emit()
        desk.report(ended)

    def _sung(self, ended: Ended) -> None:
        desk = self._desk
        desk.when_stopped(None)
        songs: tuple[Song, ...] = ended.value.songs if ended.value else ()
        if songs:
            best = max(range(len(songs)), key=lambda i: songs[i].log_prob) if len(songs) > 1 else -1
            self._view.begin(len(songs))
            self._found = [(str(song), song.recipe.to_dict()) for song in songs]
            for i, song in enumerate(songs):
                self._view.finish(i, str(song), self.tr("the likeliest for the model") if i == best else "")
            if ended.value.errors:
                count = len(ended.value.errors)
                desk.notice.emit(self.tr("{n} of the takes led nowhere.").format(n=count))
        elif ended.value is not None:
            desk.say(ended.value.errors[0])
        self._view.end()
        self.changed.emit()
        desk.report(ended)
