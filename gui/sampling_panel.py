"""How tokens are chosen: presets, a control for each option, the seed and a preview."""

from collections.abc import Callable
from dataclasses import dataclass, fields, replace
from typing import Any

from PySide6.QtCore import QEvent, Signal
from PySide6.QtWidgets import QLabel, QVBoxLayout, QWidget

from toolkit.lyrics.options import LyricOptions
from toolkit.options import spec_of
from toolkit.sampling import SamplingOptions

from .amount_row import AmountRow
from .muted_label import MutedLabel
from .option_text import field_of, help_of
from .presets import BALANCED, OWN, PRECISE, PRESETS, TOUCHED, WILD, preset_of, with_preset
from .preview_box import PreviewBox
from .scales import evenly, powers_of_two
from .seed_row import SeedRow
from .segments import Segments

_NO_END = 1_000_000
"""Where an option has no largest number, its box needs one."""


@dataclass(frozen=True)
class _Control:
    """How an option is shown: the stops of its slider, the decimals of its box."""

    stops: tuple[float, ...]
    decimals: int = 0

    def row(self, name: str, parent: QWidget) -> AmountRow:
        """The control; its ends are those of the option."""
        spec = spec_of(field_of(SamplingOptions, name))
        low = spec.minimum if spec.above is None else spec.above + 10**-self.decimals
        high = _NO_END if spec.maximum is None else spec.maximum
        return AmountRow(self.stops, low or 0, high, self.decimals, parent)


_CONTROLS = {
    "temperature": _Control(evenly(0, 2, 0.05), decimals=2),
    "top_k": _Control(powers_of_two(1024)),
    "top_p": _Control(evenly(0.05, 1, 0.01), decimals=2),
    "min_p": _Control((*evenly(0, 0.1, 0.005), *evenly(0.12, 0.3, 0.02), *evenly(0.4, 1, 0.1)), decimals=3),
    "repetition_penalty": _Control(evenly(1, 2, 0.02), decimals=2),
    "no_repeat_ngram_size": _Control(evenly(0, 12, 1)),
    "max_new_tokens": _Control(
        (10, 20, 30, 40, 50, 60, 80, 100, 120, 150, 200, 250, 300, 400, 500, 750, 1000, 1500, 2000)
    ),
}
"""In the order shown."""


class SamplingPanel(QWidget):
    """The options of the next text. Whatever has no control keeps what `set_options` gave it."""

    changed = Signal()
    """An option changed by hand."""
    preview_wanted = Signal()
    """A moment after the last change, while previews are on."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._base = with_preset(SamplingOptions(), BALANCED)
        self._own = self._base
        self._vocab_size: int | None = None
        self.title = QLabel(self)
        self.presets = Segments((*PRESETS, OWN), self)
        self.meaning = MutedLabel(self)
        self.preview = PreviewBox(self)
        self.rows = {name: control.row(name, self) for name, control in _CONTROLS.items()}
        self.seed = SeedRow(self)

        column = QVBoxLayout(self)
        column.setSpacing(9)
        column.addWidget(self.title)
        column.addWidget(self.presets)
        column.addWidget(self.meaning)
        column.addWidget(self.preview)
        for row in self.rows.values():
            column.addWidget(row)
        column.addWidget(self.seed)
        column.addStretch(1)

        self.presets.chosen.connect(self._preset_chosen)
        for name, row in self.rows.items():
            row.changed.connect(self._mover(name))
        self.seed.changed.connect(self._changed)
        self.preview.wanted.connect(self.preview_wanted)
        self._show(BALANCED)
        self.retranslate()

    # What is set ---------------------------------------------------------------------------------

    def options(self) -> SamplingOptions:
        """The options of the next text, its seed among them; top_k within the vocabulary."""
        top_k = self._base.top_k if self._vocab_size is None else min(self._base.top_k, self._vocab_size)
        return replace(self._base, top_k=top_k, seed=self.seed.seed())

    def lyric_options(self, count: int = 1) -> LyricOptions:
        """The same for `count` lyrics under rules."""
        options = self.options()
        shared = {field.name for field in fields(LyricOptions)} & {field.name for field in fields(options)}
        values: dict[str, Any] = {name: getattr(options, name) for name in shared}
        return LyricOptions(**{**values, "num_return_sequences": count})

    def set_options(self, options: SamplingOptions) -> None:
        """Show options; a seed of None draws one. No signal."""
        self._base = options
        self.seed.set_seed(options.seed)
        preset = preset_of(options)
        if preset == OWN:
            self._own = options
        self._show(preset)

    def next_seed(self) -> int:
        """The seed to write the next text with: unlocked a fresh one, which is shown.

        The same while locked, and once after the die was rolled: it then stands for the text that the preview promised.
        """
        return self.seed.next_seed()

    def seed_is_locked(self) -> bool:
        """Whether every text has the same seed."""
        return self.seed.is_locked()

    def set_seed_locked(self, locked: bool) -> None:
        """Keep the seed, or draw one for each text."""
        self.seed.set_locked(locked)

    def preset(self) -> str:
        """The name of the preset that is on, or OWN."""
        return self.presets.choice()

    def set_vocab_size(self, size: int) -> None:
        """Let top_k end at the size of the vocabulary of the model in use."""
        self._vocab_size = size
        self.rows["top_k"].set_end(size, powers_of_two(size))

    def show_preview(self, text: str, note: str = "") -> None:
        """Show what the model would write, and a line about it."""
        self.preview.show_text(text, note)

    def preview_is_on(self) -> bool:
        """Whether a preview is wanted at all."""
        return self.preview.is_on()

    def set_preview_on(self, on: bool) -> None:
        """Want previews, or none."""
        self.preview.switch.setChecked(on)

    # What changes it -----------------------------------------------------------------------------

    def _mover(self, name: str) -> Callable[[], None]:
        def moved() -> None:
            value: Any = self.rows[name].value()
            self._base = replace(self._base, **{name: value})
            if name in TOUCHED:
                self._own = self._base
                self.presets.set_choice(OWN)
                self._say_meaning()
            self._changed()

        return moved

    def _preset_chosen(self, name: str) -> None:
        if name == OWN:
            taken = {option: getattr(self._own, option) for option in TOUCHED}
            self._base = replace(self._base, **taken)
        else:
            self._base = with_preset(self._base, name)
        self._show(name)
        self._changed()

    def _changed(self) -> None:
        self.changed.emit()
        self.preview.ask()

    def _show(self, preset: str) -> None:
        for name, row in self.rows.items():
            row.set_value(getattr(self._base, name))
        self.presets.set_choice(preset)
        self._say_meaning()

    # Texts ---------------------------------------------------------------------------------------

    def changeEvent(self, event: QEvent) -> None:  # noqa: N802 - Qt's name
        """Follow the language."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.LanguageChange:
            self.retranslate()

    def retranslate(self) -> None:
        """Set every text."""
        self.title.setText(self.tr("How boldly to choose words"))
        for name, (label, sentence) in self._preset_words().items():
            self.presets.set_words(name, label, sentence)
        labels = {
            "temperature": self.tr("Temperature"),
            "top_k": self.tr("Top-k"),
            "top_p": self.tr("Top-p"),
            "min_p": self.tr("Min-p"),
            "repetition_penalty": self.tr("Repetition penalty"),
            "no_repeat_ngram_size": self.tr("No repeats of length"),
            "max_new_tokens": self.tr("Length"),
        }
        lowest = {
            "temperature": self.tr("greedy"),
            "top_k": self.tr("all"),
            "min_p": self.tr("off"),
            "no_repeat_ngram_size": self.tr("off"),
        }
        for name, row in self.rows.items():
            flag = "--" + name.replace("_", "-")
            tip = self.tr("On the command line: {flag}").format(flag=flag)
            row.set_words(labels[name], help_of(SamplingOptions, name), tip, lowest.get(name, ""))
        self._say_meaning()

    def _preset_words(self) -> dict[str, tuple[str, str]]:
        return {
            PRECISE: (self.tr("Precise"), self.tr("Keeps to what is most likely: sound, and seldom surprising")),
            BALANCED: (self.tr("Balanced"), self.tr("Close to how the model learnt to write, without its worst slips")),
            WILD: (self.tr("Wild"), self.tr("Unlikely words get their chance: surprising, and often wrong")),
            OWN: (self.tr("Own"), self.tr("As you set it below")),
        }

    def _say_meaning(self) -> None:
        self.meaning.setText(self._preset_words()[self.preset()][1])
