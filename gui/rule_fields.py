"""The fields of a panel of rules, each with its name, what is wrong with it, and whether the text keeps it."""

import re
import unicodedata
from collections.abc import Callable, Mapping, Sequence

from PySide6.QtCore import QEvent, QObject, QSignalBlocker, Qt, Signal
from PySide6.QtGui import QColor, QPalette, QValidator, QWheelEvent
from PySide6.QtWidgets import QCheckBox, QComboBox, QLabel, QLineEdit, QSpinBox, QWidget

from toolkit.lyrics.report import Finding
from toolkit.options import OptionSpec

from . import theme
from .core_sentences import translated
from .notes import Note
from .plain import tooltip_of

KEPT, BROKEN, PROBLEM = "✓", "✗", "⚠"
"""The signs beside a rule: colour alone says nothing."""

_MOST_LINES_NAMED = 4


class RuleField(QObject):
    """A field for one rule.

    Attributes:
        name: of the rule, as in `LyricRules`.
        editor: what is typed into or chosen from.
        label: its name, for people; hidden where the editor says it.
        mark: whether the text keeps the rule.
        problem: what is wrong with what was entered, or why it cannot be met.
    """

    edited = Signal()

    def __init__(self, name: str, editor: QWidget) -> None:
        super().__init__(editor)
        self.name, self.editor = name, editor
        self.label = QLabel(editor)  # until it is put beside it
        self.label.setTextFormat(Qt.TextFormat.PlainText)
        self.label.setBuddy(editor)
        self.mark = Note(theme.good, editor, wraps=False)
        self.problem = Note(theme.problem, editor)
        self._help = ""
        editor.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        editor.installEventFilter(self)

    def value(self) -> object:
        """What is entered, as `LyricRules` takes it."""
        raise NotImplementedError

    def set_value(self, value: object) -> None:
        """Show a value, without `edited`; one that is shown already stays as it was typed."""
        if value != self.value():
            with QSignalBlocker(self.editor):
                self._show(value)

    def _show(self, value: object) -> None:
        raise NotImplementedError

    def set_hint(self, text: str) -> None:
        """What holds while nothing is entered."""

    def set_texts(self, label: str, help_text: str) -> None:
        """Name and help, in the language of the window."""
        self.label.setText(label)
        self._help = help_text
        self.editor.setAccessibleName(label.replace("&", ""))
        self._describe()

    def set_enabled(self, enabled: bool) -> None:
        """Whether it can be changed; what somebody types into stays so."""
        enabled = enabled or self.editor.hasFocus()
        self.editor.setEnabled(enabled)
        self.label.setEnabled(enabled)

    def show_problem(self, text: str) -> None:
        """What is wrong with it; "" is nothing."""
        self.problem.say(f"{PROBLEM} {text}" if text else "")
        self._describe()

    def show_findings(self, findings: Sequence[Finding], kept: str, broken: str) -> None:
        """Whether the text keeps the rule: a tick, or a cross and the lines that do not; nothing where nobody asked."""
        wrong = [finding for finding in findings if not finding.kept]
        lines = list(dict.fromkeys(finding.line for finding in wrong if finding.line))
        named = ", ".join(map(str, lines[:_MOST_LINES_NAMED])) + ("…" if len(lines) > _MOST_LINES_NAMED else "")
        self.mark.say(f"{BROKEN} {named}".strip() if wrong else KEPT if findings else "", _tint(bool(wrong)))
        details = [(finding.line, translated(finding.detail)) for finding in wrong[:8]]
        said = [f"{line}: {detail}" if line else detail for line, detail in details]
        self.mark.setToolTip(tooltip_of("\n".join([broken, *said]) if wrong else kept))
        self.mark.setAccessibleName(broken if wrong else kept)

    @property
    def is_wrong(self) -> bool:
        """Whether something is said against it."""
        return bool(self.problem.text()) or self.mark.text().startswith(BROKEN)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # noqa: N802 - Qt's name
        """A wheel that scrolls the panel past it changes nothing."""
        if isinstance(event, QWheelEvent) and watched is self.editor and not self.editor.hasFocus():
            event.ignore()
            return True
        return super().eventFilter(watched, event)

    def _describe(self) -> None:
        self.editor.setToolTip(tooltip_of(self._help))
        self.label.setToolTip(tooltip_of(self._help))
        self.editor.setAccessibleDescription(self.problem.text() or self._help)


def _tint(wrong: bool) -> Callable[[QPalette], QColor]:
    return theme.problem if wrong else theme.good


class _CountBox(QSpinBox):
    """A number; 0 is an empty box, and full-width digits are taken for plain ones."""

    def textFromValue(self, value: int) -> str:  # noqa: N802 - Qt's name
        """Nothing for 0."""
        return str(value) if value else ""

    def valueFromText(self, text: str) -> int:  # noqa: N802 - Qt's name
        """The reverse."""
        return int(unicodedata.normalize("NFKC", text).strip() or 0)

    def validate(self, text: str, position: int) -> tuple[QValidator.State, str, int]:
        """Digits of any width."""
        plain = unicodedata.normalize("NFKC", text).strip()
        if not plain:
            return QValidator.State.Acceptable, text, position
        right = plain.isascii() and plain.isdecimal() and int(plain) <= self.maximum()
        return (QValidator.State.Acceptable if right else QValidator.State.Invalid), text, position


class CountField(RuleField):
    """A whole number; nothing is 0."""

    def __init__(self, name: str, spec: OptionSpec) -> None:
        self._box = _CountBox()
        self._box.setRange(int(spec.minimum or 0), int(spec.maximum or 0))
        super().__init__(name, self._box)
        self._box.valueChanged.connect(self.edited)

    def value(self) -> int:
        """As in `RuleField`."""
        return self._box.value()

    def _show(self, value: object) -> None:
        assert isinstance(value, int)
        self._box.setValue(value)

    def set_hint(self, text: str) -> None:
        """As in `RuleField`."""
        self._box.lineEdit().setPlaceholderText(text)


class TextField(RuleField):
    """A text."""

    def __init__(self, name: str) -> None:
        self._line = QLineEdit()
        super().__init__(name, self._line)
        self._line.textChanged.connect(self.edited)

    def value(self) -> object:
        """As in `RuleField`."""
        return self._line.text().strip()

    def _show(self, value: object) -> None:
        assert isinstance(value, str)
        self._line.setText(value)

    def set_hint(self, text: str) -> None:
        """As in `RuleField`."""
        self._line.setPlaceholderText(text)


class ListField(RuleField):
    """Texts with commas between them, of a Chinese keyboard or another."""

    def __init__(self, name: str) -> None:
        self._line = QLineEdit()
        self._shown: tuple[str, tuple[str, ...]] = ("", ())
        super().__init__(name, self._line)
        self._line.textChanged.connect(self.edited)

    def value(self) -> tuple[str, ...]:
        """As in `RuleField`."""
        text = self._line.text()
        if text == self._shown[0]:  # texts that have commas themselves stay whole until they are edited
            return self._shown[1]
        return tuple(part.strip() for part in re.split("[,;，；、]", text) if part.strip())

    def _show(self, value: object) -> None:
        assert isinstance(value, tuple)
        self._line.setText(", ".join(value))
        self._shown = self._line.text(), value

    def set_hint(self, text: str) -> None:
        """As in `RuleField`."""
        self._line.setPlaceholderText(text)


class SchemeField(RuleField):
    """A text, with some that are usual to choose from."""

    def __init__(self, name: str, usual: Sequence[str]) -> None:
        self._box = QComboBox()
        self._box.setEditable(True)
        self._box.setInsertPolicy(QComboBox.InsertPolicy.NoInsert)
        self._box.setCompleter(None)  # type: ignore[arg-type]  # none: it would write on what is typed
        self._box.addItems(["", *usual])
        super().__init__(name, self._box)
        self._box.editTextChanged.connect(self.edited)

    def value(self) -> str:
        """As in `RuleField`."""
        return self._box.currentText().strip()

    def _show(self, value: object) -> None:
        assert isinstance(value, str)
        self._box.setEditText(value)

    def set_hint(self, text: str) -> None:
        """As in `RuleField`."""
        line = self._box.lineEdit()
        assert line
        line.setPlaceholderText(text)


class ChoiceField(RuleField):
    """One of some values, each with a name for people."""

    def __init__(self, name: str) -> None:
        self._box = QComboBox()
        super().__init__(name, self._box)
        self._values: list[object] = []
        self._box.currentIndexChanged.connect(self.edited)

    def set_choices(self, names: Mapping[object, str]) -> None:
        """The values and their names; what was chosen stays."""
        chosen = self.value()
        with QSignalBlocker(self._box):
            self._box.clear()
            self._values = list(names)
            self._box.addItems(list(names.values()))
            if chosen is not None:
                self._show(chosen)

    def value(self) -> object:
        """As in `RuleField`."""
        return self._values[self._box.currentIndex()] if self._values else None

    def _show(self, value: object) -> None:
        if value not in self._values:
            self._values.append(value)
            self._box.addItem(str(value))
        self._box.setCurrentIndex(self._values.index(value))


class FlagField(RuleField):
    """Yes or no; the box says what."""

    def __init__(self, name: str) -> None:
        self._box = QCheckBox()
        super().__init__(name, self._box)
        self.label.hide()
        self._box.toggled.connect(self.edited)

    def value(self) -> bool:
        """As in `RuleField`."""
        return self._box.isChecked()

    def _show(self, value: object) -> None:
        self._box.setChecked(bool(value))

    def set_texts(self, label: str, help_text: str) -> None:
        """As in `RuleField`."""
        super().set_texts(label, help_text)
        self._box.setText(label)
