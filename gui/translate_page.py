"""Lines in, answers out: the page of a sequence-to-sequence model."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Protocol

from PySide6.QtCore import QEvent, Signal
from PySide6.QtGui import QFont, QTextCursor
from PySide6.QtWidgets import (
    QCheckBox,
    QHBoxLayout,
    QLabel,
    QPlainTextEdit,
    QPushButton,
    QSpinBox,
    QVBoxLayout,
    QWidget,
)

from toolkit.bundle import SOURCE, TARGET, ModelInfo
from toolkit.options import spec_of
from toolkit.tokenizer import Tokenizer
from toolkit.translation import TranslateOptions, Translation

from . import theme
from .answers_list import AnswersList
from .flow_layout import FlowLayout
from .option_text import field_of, help_of
from .plain import PlainLabel, visible

_WIDEST = 32
"""Beams; more make no better text, and each costs as much as the first."""

_LOOKED_AT = 10_000
"""Characters of the input that are looked at for what the model does not know, at each change."""


class OpenModel(Protocol):
    """What is needed of an open model; `toolkit.loading.Opened` is one."""

    @property
    def info(self) -> ModelInfo:
        """Its facts."""
        ...


def sources_of(text: str) -> list[str]:
    """The lines of an input that want an answer."""
    return [line.strip() for line in text.splitlines() if line.strip()]


def answers_in_kind(info: ModelInfo) -> bool:
    """Whether a model writes in the language that it reads: a third of its letters or words are the same."""
    reads, writes = ({token for token in info.tokenizers[name].ids if token.isalpha()} for name in (SOURCE, TARGET))
    return 3 * len(reads & writes) > min(len(reads), len(writes))


class TranslatePage(QWidget):
    """An input, how to search, and the best answers to each of its lines."""

    wanted = Signal(str, object)
    """Answers to the lines of this input (see `sources_of`), with these TranslateOptions."""
    stop_wanted = Signal()
    """No more of them."""
    chosen = Signal(str)
    """This answer is to go into the text."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._reads: Tokenizer | None = None
        self._longest: int | None = None
        self._answers_in_kind, self._running = False, False
        self._options = TranslateOptions(num_beams=5, num_return_sequences=3)
        self._title = PlainLabel()
        font = self._title.font()
        font.setBold(True)
        font.setPointSizeF(1.25 * font.pointSizeF())
        self._title.setFont(font)
        self.input = QPlainTextEdit()
        self.input.setTabChangesFocus(True)
        self.input.textChanged.connect(self._look_at_input)
        self._about = PlainLabel(theme.muted)
        self._about.setWordWrap(True)
        self.beams, self._beams_label = _number("num_beams", _WIDEST)
        self.best, self._best_label = _number("num_return_sequences", _WIDEST)
        self.longest, self._longest_label = _number("max_new_tokens")
        self.beams.valueChanged.connect(self._lower_best)
        self.best.valueChanged.connect(self._raise_beams)
        self.same_length = QCheckBox()
        self.same_length.toggled.connect(self.longest.setDisabled)
        self.ask = QPushButton()
        self.ask.clicked.connect(self.want)
        self.stop = QPushButton()
        self.stop.clicked.connect(self.stop_wanted)
        self._error = PlainLabel(theme.problem)
        self._error.setWordWrap(True)
        self.answers = AnswersList()
        self.answers.chosen.connect(self.chosen)
        self.answers.next_wanted.connect(self.use_as_next_line)
        self._lay_out()
        self.set_options(self._options)
        self.set_model(None)
        self.show_error("")

    def _lay_out(self) -> None:
        row_of_knobs = QWidget()  # owns them: a layout without a widget would leave that to Python
        knobs = FlowLayout(row_of_knobs)
        for label, number in (
            (self._beams_label, self.beams),
            (self._best_label, self.best),
            (self._longest_label, self.longest),
        ):
            pair = QWidget()
            row = QHBoxLayout(pair)
            row.setContentsMargins(0, 0, 0, 0)
            row.addWidget(label)
            row.addWidget(number)
            knobs.addWidget(pair)
        for widget in (self.same_length, self.ask, self.stop):
            knobs.addWidget(widget)
        box = QVBoxLayout(self)
        box.addWidget(self._title)
        box.addWidget(self.input, 2)
        box.addWidget(self._about)
        box.addWidget(row_of_knobs)
        box.addWidget(self._error)
        box.addWidget(self.answers, 3)
        self.input.setMinimumHeight(3 * self.input.fontMetrics().lineSpacing())

    def _lower_best(self, beams: int) -> None:
        """A search gives no more answers than it has beams."""
        self.best.setValue(min(beams, self.best.value()))

    def _raise_beams(self, best: int) -> None:
        self.beams.setValue(max(best, self.beams.value()))

    # What is asked -------------------------------------------------------------------------------

    def set_model(self, opened: OpenModel | None) -> None:
        """Take the model that answers; None where there is none. Its answers are those of no other."""
        info = opened.info if opened is not None else None
        self._reads = info.tokenizers[SOURCE] if info is not None else None
        self._longest = info.network.get("longest_source") if info is not None else None
        self._answers_in_kind = info is not None and answers_in_kind(info)
        self.same_length.setChecked(self._answers_in_kind)
        self.answers.show_groups([])
        self.show_error("")
        self.retranslate()
        self._look_at_input()

    def options(self) -> TranslateOptions:
        """How to search, as it is set."""
        return replace(
            self._options,
            num_beams=self.beams.value(),
            num_return_sequences=self.best.value(),
            max_new_tokens=self.longest.value(),
            same_length=self.same_length.isChecked(),
        )

    def set_options(self, options: TranslateOptions) -> None:
        """Set how to search; options that have no field here are kept."""
        self._options = options
        self.beams.setValue(options.num_beams)
        self.best.setValue(options.num_return_sequences)
        self.longest.setValue(options.max_new_tokens)
        self.same_length.setChecked(options.same_length)

    def want(self) -> None:
        """As the button: ask for answers, if there is a model, a line, and nothing under way."""
        if self.ask.isEnabled():
            self._options = self.options()
            self.wanted.emit(self.input.toPlainText(), self._options)

    def use_as_next_line(self, text: str) -> None:
        """Put a text below the lines of the input, as one step of undoing."""
        cursor = QTextCursor(self.input.document())
        cursor.beginEditBlock()
        cursor.movePosition(QTextCursor.MoveOperation.End)
        if cursor.block().text():
            cursor.insertBlock()
        cursor.insertText(text)
        cursor.endEditBlock()
        self.input.setTextCursor(cursor)
        self.input.setFocus()

    # What comes back -----------------------------------------------------------------------------

    def begin(self) -> None:
        """Answers are on their way."""
        self._running = True
        self.show_error("")
        self._look_at_input()

    def end(self) -> None:
        """No more come."""
        self._running = False
        self._look_at_input()

    def show_results(self, translations: Sequence[Translation]) -> None:
        """Show all answers so far, those to one line one after another."""
        groups: list[list[Translation]] = []
        for found in translations:
            last = groups[-1] if groups else []
            if last and last[-1].source == found.source and len(last) < self._options.num_return_sequences:
                last.append(found)
            else:
                groups.append([found])
        self.answers.show_groups(groups, says_cut=not self._options.same_length)

    def show_error(self, message: str) -> None:
        """Say in words what went wrong; "" takes it away."""
        self._error.show_text(message)
        self._error.setVisible(bool(message))

    def error(self) -> str:
        """What is said to have gone wrong."""
        return self._error.text()

    # How it looks --------------------------------------------------------------------------------

    def set_text_font(self, font: QFont) -> None:
        """The font of input and answers."""
        self.input.setFont(font)
        self.answers.set_text_font(font)

    def note(self) -> str:
        """What is said below the input."""
        return self._about.text()

    def title(self) -> str:
        """What the page does."""
        return self._title.text()

    def _look_at_input(self) -> None:
        text = self.input.toPlainText()
        lines = sources_of(text[:_LOOKED_AT])
        self.ask.setEnabled(self._reads is not None and bool(lines) and not self._running)
        self.stop.setVisible(self._running)
        self._about.show_text(self._note_on(lines))
        self._about.setVisible(bool(self._about.text()))

    def _note_on(self, lines: Sequence[str]) -> str:
        """What the model will not read well."""
        if self._reads is None:
            return self.tr("The open model does not answer lines.")
        unknown = list(dict.fromkeys(token for line in lines for token in self._reads.unknown(line)))
        notes = []
        if unknown:
            shown = " ".join(visible(token) for token in unknown[:8])
            notes.append(self.tr("The model does not know: {tokens}").format(tokens=shown))
        longest = max((len(self._reads.split(line)) for line in lines), default=0)
        if self._longest is not None and longest > self._longest:
            says = self.tr("A line has {count} tokens; the longest that the model learnt from had {longest}.")
            notes.append(says.format(count=longest, longest=self._longest))
        return "\n".join(notes)

    def retranslate(self) -> None:
        """Set all texts anew."""
        if self._answers_in_kind:
            self._title.setText(self.tr("Answer this line"))
            self.ask.setText(self.tr("&Answer"))
            self.ask.setToolTip(self.tr("Write the best answers to each line."))
        else:
            self._title.setText(self.tr("Translate"))
            self.ask.setText(self.tr("&Translate"))
            self.ask.setToolTip(self.tr("Write the best translations of each line."))
        self.input.setAccessibleName(self.tr("Lines"))
        self.input.setToolTip(self.tr("One or more lines; each gets answers of its own."))
        self.input.setPlaceholderText(self.tr("Write a line here."))
        self._beams_label.setText(self.tr("S&earch width:"))
        self._best_label.setText(self.tr("&Best:"))
        self._longest_label.setText(self.tr("At &most:"))
        self.same_length.setText(self.tr("As &long as the line"))
        for widget, name in (
            (self.beams, "num_beams"),
            (self.best, "num_return_sequences"),
            (self.longest, "max_new_tokens"),
            (self.same_length, "same_length"),
        ):
            widget.setToolTip(visible(help_of(TranslateOptions, name)))
        self.beams.setAccessibleName(self.tr("Search width"))
        self.best.setAccessibleName(self.tr("Number of answers to each line"))
        self.longest.setAccessibleName(self.tr("Longest answer"))
        self.longest.setSuffix(self.tr(" tokens"))
        self.stop.setText(self.tr("&Stop"))
        self.stop.setToolTip(self.tr("Write no more; what stands stays."))
        self._look_at_input()

    def changeEvent(self, event: QEvent) -> None:  # noqa: N802 - Qt's name
        """The language of the window may change."""
        if event.type() == QEvent.Type.LanguageChange:
            self.retranslate()
        super().changeEvent(event)


def _number(name: str, most: int | None = None) -> tuple[QSpinBox, QLabel]:
    """A field of whole numbers for an option, in its range, and the label beside it."""
    field, label = QSpinBox(), QLabel()
    spec = spec_of(field_of(TranslateOptions, name))
    assert spec.minimum is not None
    assert spec.maximum is not None
    field.setRange(int(spec.minimum), int(spec.maximum if most is None else min(spec.maximum, most)))
    label.setBuddy(field)
    return field, label
