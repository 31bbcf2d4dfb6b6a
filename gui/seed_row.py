"""The seed: a number, a die that draws another, a lock that keeps it."""

from collections.abc import Callable

from PySide6.QtCore import QEvent, Qt, Signal
from PySide6.QtGui import QValidator
from PySide6.QtWidgets import QGridLayout, QLabel, QLineEdit, QWidget

from toolkit.options import spec_of
from toolkit.sampling import SamplingOptions
from toolkit.uniform import fresh_seed

from .drawn_buttons import DiceButton, LockButton
from .muted_label import MutedLabel
from .option_text import field_of, help_of

_SPEC = spec_of(field_of(SamplingOptions, "seed"))


class SeedValidator(QValidator):
    """Whole numbers that are seeds; a QSpinBox holds 32 bits only. A field left empty gets what it held."""

    def __init__(self, held: Callable[[], int], parent: QWidget) -> None:
        super().__init__(parent)
        self._held = held

    def validate(self, text: str, position: int) -> tuple[QValidator.State, str, int]:
        """Refuse what can become none."""
        if not text:
            return QValidator.State.Intermediate, text, position
        good = text.isascii() and text.isdigit() and len(text) < 20 and not _SPEC.fault(int(text))
        return (QValidator.State.Acceptable if good else QValidator.State.Invalid), text, position

    def fixup(self, _text: str) -> str:
        """Called as the field is left."""
        return str(self._held())


class SeedRow(QWidget):
    """The seed of the next text. Typing one locks it: whoever types a number wants that number."""

    changed = Signal()
    """By hand."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._seed = fresh_seed()
        self._rolled = False
        self.label = QLabel(self)
        self.field = QLineEdit(self)
        self.dice = DiceButton(self)
        self.lock = LockButton(self)
        self.help = MutedLabel(self)
        self.label.setBuddy(self.field)
        self.field.setAlignment(Qt.AlignmentFlag.AlignRight)
        self.field.setInputMethodHints(Qt.InputMethodHint.ImhDigitsOnly)
        self.field.setValidator(SeedValidator(self.seed, self.field))

        grid = QGridLayout(self)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setVerticalSpacing(3)
        grid.setHorizontalSpacing(2)
        grid.setColumnStretch(1, 1)
        grid.setColumnMinimumWidth(1, 0)
        grid.addWidget(self.label, 0, 0)
        grid.addWidget(self.field, 0, 1)
        grid.addWidget(self.dice, 0, 2)
        grid.addWidget(self.lock, 0, 3)
        grid.addWidget(self.help, 1, 0, 1, 4)

        self.field.textEdited.connect(self._typed)
        self.field.editingFinished.connect(self._show)
        self.field.inputRejected.connect(self._show)
        self.dice.clicked.connect(self._roll)
        self._show()
        self.retranslate()

    def seed(self) -> int:
        """That of the next text."""
        return self._seed

    def set_seed(self, seed: int | None) -> None:
        """Show one; None draws one. No signal."""
        self._seed = fresh_seed() if seed is None else seed
        self._rolled = False
        self._show()

    def next_seed(self) -> int:
        """The seed to write with now: the same while locked or just rolled, else a fresh one, which is shown."""
        if not (self.lock.isChecked() or self._rolled):
            self._seed = fresh_seed()
        self._rolled = False
        self._show()
        return self._seed

    def is_locked(self) -> bool:
        """Whether the seed stays."""
        return self.lock.isChecked()

    def set_locked(self, locked: bool) -> None:
        """Keep the seed, or draw one for each text."""
        self.lock.setChecked(locked)

    def _typed(self, text: str) -> None:
        if text and self.field.hasAcceptableInput():
            self._seed = int(text)
            self.lock.setChecked(True)
            self.dice.set_number(self._seed)
            self.changed.emit()

    def _roll(self) -> None:
        self._seed, self._rolled = fresh_seed(), True
        self._show()
        self.changed.emit()

    def _show(self) -> None:
        if self.field.text() != str(self._seed):
            self.field.setText(str(self._seed))
        self.dice.set_number(self._seed)

    def changeEvent(self, event: QEvent) -> None:  # noqa: N802 - Qt's name
        """Follow the language."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.LanguageChange:
            self.retranslate()

    def retranslate(self) -> None:
        """Set every text."""
        self.label.setText(self.tr("Seed"))
        sentence = help_of(SamplingOptions, "seed")
        self.help.setText(sentence[:1].upper() + sentence[1:])
        self.field.setAccessibleName(self.label.text())
        self.field.setAccessibleDescription(sentence)
        self.field.setToolTip(self.tr("The number that all chance comes from"))
        self.dice.setAccessibleName(self.tr("Draw a seed"))
        self.dice.setToolTip(self.tr("Draw another seed for the next text"))
        self.lock.setAccessibleName(self.tr("Keep the seed"))
        self.lock.setToolTip(self.tr("Write every text with this seed"))
