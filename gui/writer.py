"""Writing into the editor: on from what stands there, another way, one line, one character."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from PySide6.QtCore import QObject

from toolkit.language_model import LanguageModel
from toolkit.lyrics.rules import LyricRules
from toolkit.lyrics.song import Recipe, Song, SongLine

from .desk import Desk
from .text_plan import TextPlan, lyric_numbers, numbered, places_of, plan_anew, plan_of
from .worker import Ended, Work
from .writing_jobs import Draft, Grown, another_line, go_on, write_lyrics


@dataclass(frozen=True)
class _Last:
    """The last generation: what stood there before, and behind it."""

    base: str
    result: str
    ruled: bool


class Writer(QObject):
    """Each method writes one text, as one step of undoing."""

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk)
        self._desk = desk
        self._last: _Last | None = None

    def forget(self) -> None:
        """Another text stands in the editor, of which nothing was written here."""
        self._desk.stop()
        self._last = None

    def generate(self) -> None:
        """Write on from what stands there."""
        desk, model = self._desk, self._desk.model()
        if model is None:
            return
        text = desk.editor.text()
        if not desk.rules.is_on():
            self._go_on(model, text)
            return
        plan = desk.planned(
            lambda rules: plan_of(text, rules, desk.unit),
            self.tr("All lines of the rules stand there. Regenerate writes those anew that are not locked."),
        )
        if plan is not None:
            self._write(model, plan, text)

    def regenerate(self) -> None:
        """Write the last text another way; locked lines stay."""
        desk, model = self._desk, self._desk.model()
        if model is None:
            return
        text, last = desk.editor.text(), self._last
        again = last if last is not None and last.ruled == desk.rules.is_on() else None
        if not desk.rules.is_on():
            self._go_on(model, again.base if again and text.startswith(again.base) else text)
            return
        base = again.base if again and again.result == text else ""

        def planned(rules: LyricRules) -> TextPlan:
            anew = plan_anew(text, rules, desk.unit, desk.editor.locked_lines())
            if not base:
                return anew
            before = plan_of(base, rules, desk.unit)
            return TextPlan(before.rules, {**before.given, **anew.given}, anew.complete)

        plan = desk.planned(planned)
        if plan is None:
            return
        lines = enumerate((line for _, line in numbered(text)), start=1)
        self._write(model, plan, base, tuple(line for number, line in lines if number not in plan.given))

    def reroll(self, place: int) -> None:
        """Write one line anew; the others stay, and so does its rhyme."""
        desk, model = self._desk, self._desk.model()
        if model is None:
            return
        text = desk.editor.text()
        numbers = lyric_numbers(text, [place])
        if not numbers:
            desk.notice.emit(self.tr("The line is empty: there is nothing to write anew."))
            return
        if place in desk.editor.locked_lines():
            desk.notice.emit(self.tr("The line is locked. Unlock it to write it anew."))
            return
        if not desk.rules.is_on():
            how = desk.next_lyric_options()
            work = another_line(model, text, place, how, desk.fingerprint)
            desk.start(work, lambda _: None, lambda end: self._rerolled(text, place, end, *(end.value or (None, None))))
            return
        (number,) = numbers
        lines = dict(enumerate((line for _, line in numbered(text)), start=1))
        old = lines.pop(number)
        plan = desk.planned(lambda rules: TextPlan(rules, lines, complete=False))
        if plan is None:
            return
        work = self._lyrics(model, plan, (old,))

        def ended(end: Ended) -> None:
            song = end.value.songs[0] if end.value and end.value.songs else None
            self._rerolled(text, place, end, song and song.lines[number - 1], song and song.recipe)
            if end.value and song is None:
                desk.say(end.value.errors[0])

        desk.start(work, lambda _: None, ended)

    def _rerolled(self, text: str, place: int, end: Ended, line: SongLine | None, recipe: Recipe | None) -> None:
        """Another line came, or none."""
        editor = self._desk.editor
        if line is not None and recipe is not None and editor.text() == text:
            rows = text.split("\n")
            start = sum(len(row) + 1 for row in rows[: place - 1])
            editor.replace_range(start, start + len(rows[place - 1]), line.text)
            self._desk.keep(editor.text(), recipe.to_dict())
        self._desk.report(end)

    def put(self, start: int, end: int, chosen: str, *, keep_rest: bool) -> None:
        """Put another token in the place of one; without `keep_rest` what stands behind it is written anew."""
        desk = self._desk
        text = desk.editor.text()
        if keep_rest:
            desk.editor.replace_range(start, end, chosen)
            return
        model = desk.model()
        if model is None:
            return
        begun = text[:start] + chosen
        if not desk.rules.is_on():
            self._go_on(model, begun)
            return
        above = numbered(text[:start].rpartition("\n")[0])
        number = len(above) + 1

        def planned(rules: LyricRules) -> TextPlan:
            locked = plan_anew(text, rules, desk.unit, desk.editor.locked_lines())
            kept = {i: line for i, line in locked.given.items() if i > number}
            kept.update(enumerate((line for _, line in above), start=1))
            opening = begun.rpartition("\n")[2].lstrip()
            first = f"{number}:1={opening}"
            return TextPlan(replace(rules, fixed=(*rules.fixed, first)), kept, complete=False)

        plan = desk.planned(planned)
        if plan is not None:
            self._write(model, plan, begun)

    # How it is done -------------------------------------------------------------------------------

    def _go_on(self, model: LanguageModel, base: str) -> None:
        """Write on without rules behind some text, in the place of all that stands there."""
        desk, editor = self._desk, self._desk.editor
        old, prompt = editor.text(), desk.prompt(base)
        opening = base if base.strip() else base + prompt.strip()
        shared = len(base) if old.startswith(base) else 0
        options = replace(desk.sampling.options(), seed=desk.sampling.next_seed(), num_return_sequences=1)
        recipe = {"format": 1, "model": desk.fingerprint, "prompt": prompt, "options": options.to_dict()}

        def told(grown: Grown) -> None:
            if not editor.streaming:
                editor.begin_stream(shared, len(old))
                editor.stream(opening[shared:])
                desk.when_stopped(closed)
            editor.stream(grown.text)

        def closed() -> None:
            desk.when_stopped(None)
            editor.end_stream()
            self._last = _Last(base, editor.text(), ruled=False)
            desk.keep(editor.text(), recipe)

        def ended(end: Ended) -> None:
            if editor.streaming:
                closed()
            desk.report(end)

        desk.start(go_on(model, prompt, options), told, ended)

    def _write(self, model: LanguageModel, plan: TextPlan, base: str, avoid: tuple[str, ...] = ()) -> None:
        """Write by the rules, in the place of all that stands there."""
        desk, editor = self._desk, self._desk.editor
        old, locked = editor.text(), desk.locked_numbers()

        def show(text: str) -> None:
            if not editor.streaming:
                editor.begin_stream(0, len(old))
                desk.when_stopped(closed)
            editor.restream(text)

        def told(draft: Draft) -> None:
            if draft.text:
                show(draft.text)

        def closed() -> None:
            desk.when_stopped(None)
            editor.set_locked_lines(places_of(editor.text(), locked))
            editor.end_stream()

        def ended(end: Ended) -> None:
            songs: tuple[Song, ...] = end.value.songs if end.value else ()
            if songs:
                show(str(songs[0]))
                closed()
                self._last = _Last(base, editor.text(), ruled=True)
                desk.keep(editor.text(), songs[0].recipe.to_dict())
            elif editor.streaming:
                show(old)
                closed()
            if end.value and not songs:
                desk.say(end.value.errors[0])
            desk.report(end)

        desk.start(self._lyrics(model, plan, avoid), told, ended)

    def _lyrics(self, model: LanguageModel, plan: TextPlan, avoid: Sequence[str]) -> Work:
        desk = self._desk
        how = desk.next_lyric_options()
        return write_lyrics(model, plan.rules, how, given=plan.given, avoid=avoid, fingerprint=desk.fingerprint)
