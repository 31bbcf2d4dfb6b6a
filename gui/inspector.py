"""Looking at the text while it is written: counts and faults beside the lines, colours, alternatives, a preview."""

from dataclasses import replace

from PySide6.QtCore import QObject, QTimer, Signal

from toolkit.scoring import Reader

from .alternative_rows import Row
from .alternatives_popup import AlternativesPopup
from .core_sentences import rule_name
from .inspect_jobs import Judged, Options, Scored, judge, look, score
from .line_gutter import LineMark
from .lyric_editor import LyricEditor
from .model_opener import ModelOpener
from .plain_text import visible
from .rules_panel import RulesPanel
from .sampling_panel import SamplingPanel
from .worker import Ended, Lane
from .writing_jobs import Grown, go_on

JUDGE_AFTER_MS = 120
SCORE_AFTER_MS = 350
PREVIEW_AFTER_MS = 250
PREVIEW_TOKENS = 40
MAX_JUDGED_CHARS = 40_000
"""Of a longer text nothing is worked out while it is typed."""


class Inspector(QObject):
    """Works out what is shown beside the text.

    Signals:
        put_wanted: start and end of a token, what is to stand there, and whether the rest stays.
    """

    put_wanted = Signal(int, int, str, bool)

    def __init__(
        self,
        editor: LyricEditor,
        popup: AlternativesPopup,
        rules: RulesPanel,
        sampling: SamplingPanel,
        models: ModelOpener,
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._editor, self._popup = editor, popup
        self._rules, self._sampling, self._models = rules, sampling, models
        self._judging, self._scoring = Lane("judge", self), Lane("score", self)
        self._looking, self._previewing = Lane("look", self), Lane("preview", self)
        self._reader: Reader | None = None
        self._looker: Reader | None = None
        self._options: Options | None = None
        self._place = 0
        self._shows_probs = False
        self._judge_soon = self._timer(JUDGE_AFTER_MS, self.judge_now)
        self._score_soon = self._timer(SCORE_AFTER_MS, self._score_now)
        self._preview_soon = self._timer(PREVIEW_AFTER_MS, self._preview_now)
        editor.edited.connect(self._text_changed)
        editor.alternatives_wanted.connect(self.look_at)
        editor.left_alternatives.connect(self.close_popup)
        popup.chosen.connect(self._chosen)
        popup.closed.connect(editor.leave_alternatives)
        rules.changed.connect(self._judge_soon.start)
        sampling.preview_wanted.connect(self._preview_soon.start)
        models.changed.connect(self._model_changed)

    def _timer(self, delay_ms: int, call: object) -> QTimer:
        timer = QTimer(self, singleShot=True, interval=delay_ms)
        timer.timeout.connect(call)
        return timer

    def close(self) -> None:
        """The window closes: nothing is worked out any more."""
        for timer in (self._judge_soon, self._score_soon, self._preview_soon):
            timer.stop()

    # Counts and faults ----------------------------------------------------------------------------

    def judge_now(self) -> None:
        """Count, and compare with the rules; a text that is being written is no fault yet."""
        if self._editor.streaming:
            self._judge_soon.start()
            return
        text = self._editor.text()
        if len(text) > MAX_JUDGED_CHARS:
            self._show_judged(Judged({}, None))
            return
        self._rules.show_lines(text)
        rules = self._rules.rules() if self._rules.is_on() else None
        run = self._judging.start(judge(text, rules, self._models.unit or "char"))
        run.ended.connect(self._judged)

    def _judged(self, ended: Ended) -> None:
        self._show_judged(ended.value or Judged({}, None))

    def _show_judged(self, judged: Judged) -> None:
        last = max(judged.lines, default=0)
        none = LineMark(0, "", "", "")
        marks = [
            none if facts is None else LineMark(facts.count or 0, facts.wanted, facts.letter, facts.fault)
            for facts in (judged.lines.get(place) for place in range(1, last + 1))
        ]
        self._editor.set_counts(marks)
        self._editor.set_rhymes({place: facts.letter for place, facts in judged.lines.items() if facts.letter})
        self._rules.show_report(judged.report)

    # Colours --------------------------------------------------------------------------------------

    def show_probs(self, shown: bool) -> None:
        """Colour the text by the probability of its tokens, or no longer."""
        self._shows_probs = shown
        self._editor.show_probs(shown)
        if shown:
            self._score_soon.start()

    def _score_now(self) -> None:
        text = self._editor.text()
        if not self._shows_probs or self._reader is None or len(text) > MAX_JUDGED_CHARS:
            return
        run = self._scoring.start(score(self._reader, text))
        run.ended.connect(self._scored)

    def _scored(self, ended: Ended) -> None:
        scored: Scored | None = ended.value
        if scored is not None and scored.text == self._editor.text():
            self._editor.set_probs(scored.spans)

    # Alternatives ---------------------------------------------------------------------------------

    def look_at(self, position: int) -> None:
        """Show what else could stand at a place of the text, in characters."""
        text = self._editor.text()
        if self._looker is None or self._editor.composing or position >= len(text):
            return
        self._place = position
        rules = self._rules.rules() if self._rules.is_on() else None
        fingerprint = self._models.opened.fingerprint if self._models.opened else ""
        work = look(self._looker, text, position, self._sampling.options(), rules, fingerprint)
        run = self._looking.start(work)
        run.ended.connect(lambda ended: self._looked(text, ended))

    def _looked(self, text: str, ended: Ended) -> None:
        options: Options | None = ended.value
        if options is None or text != self._editor.text() or not options.rows:
            return
        self._options = options
        stands = text[options.start : options.end]
        heading = (
            self.tr("In the place of “{text}”, after the rules")
            if options.by_rules
            else self.tr("In the place of “{text}”, after sampling")
        )
        scale = max(max(row.prob, row.kept) for row in options.rows) or 1.0
        rows = [
            Row(row.text, row.prob, row.kept, rule_name(row.note) if row.note else "", scale) for row in options.rows
        ]
        self._editor.mark_asked(options.start, options.end)
        at, keys = self._editor.character_rect(self._place), self._editor.walking
        self._popup.show_rows(rows, heading.format(text=visible(stands)), at, take_keys=keys)

    def close_popup(self) -> None:
        """No alternatives are wanted any more."""
        self._looking.stop()
        self._popup.hide()

    def _chosen(self, text: str, keep_rest: bool) -> None:
        options = self._options
        self.close_popup()
        if options is not None:
            self.put_wanted.emit(options.start, options.end, text, keep_rest)

    # A preview ------------------------------------------------------------------------------------

    def _preview_now(self) -> None:
        model = self._models.language_model
        if model is None or not self._sampling.preview_is_on():
            return
        prompt = self._editor.text()[-200:]
        if not prompt.strip():
            prompt = model.tokenizer.example
        options = replace(self._sampling.options(), max_new_tokens=PREVIEW_TOKENS)
        run = self._previewing.start(go_on(model, prompt, options))
        shown = ""

        def told(grown: Grown) -> None:
            nonlocal shown
            shown += grown.text
            self._sampling.show_preview(shown)

        def ended(end: Ended) -> None:
            self._sampling.show_preview(shown, str(end.problem) if end.problem else "")

        run.told.connect(told)
        run.ended.connect(ended)

    # What happens ---------------------------------------------------------------------------------

    def _text_changed(self) -> None:
        self._judge_soon.start()
        if self._shows_probs:
            self._score_soon.start()

    def _model_changed(self) -> None:
        model = self._models.language_model
        for lane in (self._scoring, self._looking, self._previewing):
            lane.stop()
        self._reader = Reader(model) if model else None
        self._looker = Reader(model) if model else None
        self._judge_soon.start()
        self._score_soon.start()
        self._preview_soon.start()
