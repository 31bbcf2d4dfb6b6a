"""The rules of a lyric: the usual ones at a glance, the rest folded, what is wrong with each beside it."""

import re
from dataclasses import replace
from typing import Any

from PySide6.QtCore import QEvent, Qt, Signal
from PySide6.QtWidgets import QCheckBox, QHBoxLayout, QToolButton, QVBoxLayout, QWidget

from toolkit.errors import OptionError
from toolkit.lyrics.forms import find_form
from toolkit.lyrics.report import Report
from toolkit.lyrics.rules import DEFAULT_LENGTH, LyricRules, RuleError
from toolkit.lyrics.template import Template, TemplateError
from toolkit.lyrics.units import CHAR, SYLLABLE, WORD
from toolkit.options import spec_of

from . import theme
from .core_sentences import translated
from .notes import Note
from .option_text import field_of, help_of
from .preset_field import PresetField, form_presets
from .ready_list import ReadyList
from .rule_faults import fails, sentences_by_field
from .rule_fields import (
    PROBLEM,
    ChoiceField,
    CountField,
    FlagField,
    ListField,
    RuleField,
    SchemeField,
    TextField,
)
from .rule_grid import WIDE_GAP, Fold, RuleGrid
from .rule_presets import ready_rules
from .template_editor import TemplateEditor

SCHEMES = ("AABA", "AABB", "ABAB", "ABCB", "XAXA", "ABBA", "AAAA", "AABBA", "ABAB CDCD", "AABA CCDC")
"""Those that are usual."""

_NOTHING = LyricRules()
"""Of what nobody asked for it is not said that it is kept."""

_SHAPED = ("lines", "stanzas", "length", "rhyme")
"""What a form or a template says itself."""

_IN_CELLS = (*_SHAPED, "acrostic", "fixed", "form")
"""What the template of some rules holds."""

_SAID_OF = {"tones": "form"}
"""Where a finding is shown that is of no rule by itself."""


class RulesPanel(QWidget):
    """What the lyric must keep; it knows nothing of models, and says what is wanted by signals."""

    changed = Signal()
    template_like_wanted = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._unit = CHAR
        self._form = ""
        self._has_template = False
        self._rules: LyricRules | None = LyricRules()
        self._layout: Template | None = None
        self._fault = ""
        self._lyric = ""
        self._report: Report | None = None
        self._loading = False
        self._switch = QCheckBox()
        self._free = Note(theme.muted)
        self._ready = ReadyList()
        self._general = Note(theme.problem)
        self._preset = PresetField()
        self._fields = _fields()
        self._editor = TemplateEditor()
        self._editor.fold.set_open(False)
        self._template = RuleField("template", self._editor)
        self._like = QToolButton()
        self._like.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextOnly)
        self._arrange()
        self._connect()
        self.retranslate()
        self.set_on(False)

    # --- what others ask and say ---------------------------------------------------------------------------------

    def rules(self) -> LyricRules | None:
        """The rules as entered; None while they are off or have a fault."""
        return self._rules if self.is_on() else None

    def is_on(self) -> bool:
        """Whether rules are to be kept at all."""
        return self._switch.isChecked()

    def set_on(self, is_on: bool) -> None:
        """Switch them on or off; what is entered stays."""
        self._switch.setChecked(is_on)
        self._turn()

    def fault(self) -> str:
        """The first thing that is wrong with what is entered; "" is nothing, or they are off."""
        return self._fault if self.is_on() else ""

    def set_rules(self, rules: LyricRules | None) -> None:
        """Show rules, without `changed`; None switches them off."""
        if rules is not None:
            self._load(rules)
        self._loading = True
        self.set_on(rules is not None)
        self._loading = False

    def set_template(self, text: str) -> None:
        """A template in place of lengths, scheme or form, with `changed`: the shape of a song, say."""
        self._load(replace(self._values_without((*_SHAPED, "form")), template=text))
        self.set_on(True)
        self._editor.fold.set_open(True)
        self._emit()

    def set_unit(self, unit: str) -> None:
        """What the open model counts, of `toolkit.lyrics.units.UNITS`."""
        if unit != self._unit:
            self._unit = unit
            self._name_presets()
            self._refresh()

    def show_problem(self, rule: str, message: str, line: int = 0) -> None:
        """What cannot be met, beside the field of its rule; it goes with the next change.

        Args:
            rule: of `LyricRules`, as in `RuleError.rule`; any other is said above all fields.
            message: for people.
            line: of the lyric, from 1; 0 is the whole text.
        """
        message = translated(re.sub(rf"^{re.escape(rule)}(, line \d+)?: ", "", message))
        message = message[:1].upper() + message[1:]
        said = self.tr("Line {number}: {message}").format(number=line, message=message) if line else message
        name = _SAID_OF.get(rule, rule)
        if name == "template":
            self._editor.show_problem(message, line)
        elif name in self._all:
            self._all[name].show_problem(said)
        else:
            self._general.say(f"{PROBLEM} {said}")
        if any(field.problem.text() for field in self._more_fields):
            self._more.set_open(True)
        self._mark_folds()

    def clear_problems(self) -> None:
        """Take back what `show_problem` said, and say again what is wrong with what is entered."""
        self._refresh()

    def show_lines(self, text: str) -> None:
        """Put the lyric's text into the cells of the shape; "" takes it out."""
        if text != self._lyric:
            self._lyric = text
            self._show_lyric()

    def show_report(self, report: Report | None) -> None:
        """Beside each rule whether the text keeps it; None takes the signs away."""
        self._report = report
        findings = report.findings if report else ()
        rules = self.rules()
        for name, field in self._all.items():
            asked = rules is not None and getattr(rules, name) != getattr(_NOTHING, name)
            own = [
                finding
                for finding in findings
                if _SAID_OF.get(finding.rule, finding.rule) == name and (asked or not finding.kept)
            ]
            field.show_findings(own, self.tr("The text keeps this"), self.tr("The text breaks this:"))
        self._show_lyric()
        self._mark_folds()

    # --- how it is made --------------------------------------------------------------------------------------------

    def _arrange(self) -> None:
        fields = self._fields
        self._all: dict[str, RuleField] = {**fields, "form": self._preset, "template": self._template}
        first, usual, more = RuleGrid(), RuleGrid(), RuleGrid()
        first.add(self._preset)
        usual.add(fields["lines"], fields["length"])
        usual.add(fields["rhyme"], fields["near"])
        usual.add(fields["acrostic"], fields["acrostic_at"])
        more.add(fields["rhyme_with"])
        more.add(fields["include"])
        more.add(fields["forbid"])
        more.add(fields["fixed"])
        more.add(fields["stanzas"], fields["unit"])
        more.add(fields["punctuation"])
        for name in ("double", "repeat_rhymes", "repeat_lines"):
            more.add(fields[name])
        self._more = Fold(more)
        self._more_fields = [fields[name] for name in fields if fields[name].editor.parent() is more]
        shape = QHBoxLayout()
        shape.addWidget(self._template.label)
        shape.addWidget(self._template.mark)
        shape.addStretch(1)
        shape.addWidget(self._like)
        self._body = QWidget()
        body = QVBoxLayout(self._body)
        body.setContentsMargins(0, 0, 0, 0)
        body.setSpacing(WIDE_GAP)
        body.addWidget(usual)
        body.addWidget(self._more)
        body.addLayout(shape)
        body.addWidget(self._editor)
        layout = QVBoxLayout(self)
        layout.setSpacing(WIDE_GAP)
        for part in (self._switch, self._free, self._general, first, self._ready, self._body):
            layout.addWidget(part)
        layout.addStretch(1)

    def _connect(self) -> None:
        for field in self._fields.values():
            field.edited.connect(self._edited)
        self._switch.toggled.connect(self._turned)
        self._preset.chosen.connect(self._choose)
        self._ready.chosen.connect(self._choose)
        self._editor.changed.connect(self._template_edited)
        self._editor.fold.toggled.connect(self._refresh)
        self._more.toggled.connect(self._mark_folds)
        self._like.clicked.connect(self.template_like_wanted)

    def changeEvent(self, event: QEvent) -> None:  # noqa: N802 - Qt's name
        """The language may switch at run time."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.LanguageChange:
            self.retranslate()

    def retranslate(self) -> None:
        """All texts, in the language of the window."""
        font = self._switch.font()
        font.setBold(True)
        self._switch.setFont(font)
        self._switch.setText(self.tr("&Keep rules"))
        self._switch.setToolTip(self.tr("What is written keeps them all, or you are told which cannot be met"))
        self._free.setText(self.tr("The model writes as it likes. Choose a preset, or switch the rules on."))
        names = {
            "lines": self.tr("&Lines"),
            "length": self.tr("Len&gth of a line"),
            "rhyme": self.tr("Rh&yme scheme"),
            "near": self.tr("Rhymes are"),
            "acrostic": self.tr("&Acrostic"),
            "acrostic_at": self.tr("Where it stands"),
            "rhyme_with": self.tr("Rhymes with"),
            "include": self.tr("Words that must be in it"),
            "forbid": self.tr("Words that must not"),
            "fixed": self.tr("Words at a place"),
            "stanzas": self.tr("Stanzas"),
            "unit": self.tr("Count"),
            "punctuation": self.tr("Punctuation"),
            "double": self.tr("The last two syllables rhyme"),
            "repeat_rhymes": self.tr("A rhyme word may come twice"),
            "repeat_lines": self.tr("A line may come twice"),
            "form": self.tr("&Begin with"),
            "template": self.tr("Shape"),
        }
        for name, field in self._all.items():
            field.set_texts(names[name], help_of(LyricRules, name))
        self._editor.setToolTip("")
        self._name_choices()
        self._name_presets()
        self._more.head.setText(self.tr("More rules"))
        self._like.setText(self.tr("Take from the text"))
        self._like.setToolTip(self.tr("Lines, lengths and rhymes of the text in the editor become the template"))
        self._refresh()
        self.show_report(self._report)

    def _name_choices(self) -> None:
        _choices(self._fields["near"], {False: self.tr("strict"), True: self.tr("strict or near")})
        places = {"first": self.tr("at the start"), "last": self.tr("at the end"), "diagonal": self.tr("diagonally")}
        places |= {str(i): self.tr("at place {number}").format(number=i) for i in range(2, 10)}
        _choices(self._fields["acrostic_at"], places)
        units = {
            "auto": self.tr("as the model does"),
            CHAR: self.tr("characters"),
            WORD: self.tr("words"),
            SYLLABLE: self.tr("syllables"),
        }
        _choices(self._fields["unit"], units)
        marks = {
            "end": self.tr("at the ends of lines"),
            "inside": self.tr("anywhere"),
            "none": self.tr("none"),
        }
        _choices(self._fields["punctuation"], marks)

    def _name_presets(self) -> None:
        ready = ready_rules(self._unit)
        self._ready.set_presets(ready)
        groups = {self.tr("Ready to use"): ready}
        if self._unit != WORD:
            verse, tunes = form_presets()
            groups |= {self.tr("Regulated verse"): verse, self.tr("Tunes of ci"): tunes}
        self._preset.set_presets(self._own_name(), groups)

    def _own_name(self) -> str:
        return self.tr("A template of my own") if self._has_template else self.tr("Rules of my own")

    # --- what is entered ----------------------------------------------------------------------------------------

    def _values(self) -> dict[str, Any]:
        values = {name: field.value() for name, field in self._fields.items()}
        return {**values, "form": self._form, "template": self._editor.text() if self._has_template else ""}

    def _values_without(self, names: tuple[str, ...]) -> LyricRules:
        """What is entered, less some; the default of all where the rest has a fault."""
        defaults = LyricRules().to_dict()
        kept = {name: value for name, value in self._values().items() if name not in (*names, "template")}
        try:
            return LyricRules(**kept)
        except OptionError:
            faulty = {name for name in kept if fails(name, kept[name])}
            return LyricRules(**{name: kept[name] for name in kept if name not in faulty and name in defaults})

    def _load(self, rules: LyricRules) -> None:
        """Show rules in all fields."""
        self._loading = True
        for name, field in self._fields.items():
            field.set_value(getattr(rules, name))
        self._form, self._has_template = rules.form, bool(rules.template)
        if rules.template:
            self._editor.set_text(rules.template)
        self._loading = False
        self._refresh()

    def _choose(self, rules: LyricRules | None) -> None:
        """A preset was chosen: a form keeps what may stand beside it, one's own has no form."""
        if rules is None:
            rules = self._values_without(("form",))
        elif rules.form:
            rules = replace(self._values_without((*_SHAPED, "form")), form=rules.form)
        self._load(rules)
        self.set_on(True)
        self._emit()

    def _template_edited(self) -> None:
        """The template takes the place of what it was made of; an empty one of nothing."""
        wanted = bool(self._editor.text().strip())
        if wanted and not self._has_template:
            self._loading = True
            defaults = LyricRules()
            for name in _IN_CELLS:
                if name in self._fields:
                    self._fields[name].set_value(getattr(defaults, name))
            self._form = ""
            self._loading = False
        self._has_template = wanted
        self._refresh()
        self._emit()

    def _edited(self) -> None:
        if not self._loading:
            self._refresh()
            self._emit()

    def _emit(self) -> None:
        if not self._loading:
            self.changed.emit()

    def _turned(self) -> None:
        self._turn()
        self._emit()

    def _turn(self) -> None:
        self._body.setEnabled(self.is_on())
        self._body.setVisible(self.is_on())
        self._free.setVisible(not self.is_on())
        self._ready.setVisible(not self.is_on())

    # --- what is said of it -------------------------------------------------------------------------------------

    def _refresh(self) -> None:
        """Read all fields anew: rules, shape, and what is wrong."""
        with self._editor.at_once():
            self._read()
        self._mark_folds()

    def _read(self) -> None:
        for field in self._all.values():
            field.show_problem("")
        self._general.say("")
        self._editor.show_problem("")
        self._rules, self._fault = None, ""
        if self._has_template:
            self._layout = None  # else the last one stays, so that the shape does not flicker while somebody types
        unit = self._unit
        try:
            rules = LyricRules(**self._values())
            unit = rules.unit if rules.unit != "auto" else self._unit
            self._layout = rules.layout(self._unit)
            self._rules = rules
        except TemplateError as error:
            self._fault = str(error)
            if self._form:  # of a template the editor says so itself
                self.show_problem("form", str(error))
        except RuleError as error:
            self._fault = str(error)
            self.show_problem(error.rule, str(error), error.line)
        except OptionError as error:
            self._fault = str(error)
            for name, sentence in sentences_by_field(str(error)).items():
                self.show_problem(name, sentence)
        self._editor.set_unit(unit)
        self._show_shape(unit)
        self._preset.set_value(self._rules)
        self._preset.set_own_name(self._own_name())
        self._show_lyric()

    def _show_shape(self, unit: str) -> None:
        """The shape, and what a form or template says in place of fields."""
        layout, shaped = self._layout, bool(self._form or self._has_template)
        for name in _SHAPED:
            field = self._fields[name]
            own = name == "rhyme" and self._has_template and layout and not any(line.letter for line in layout.lines)
            field.set_enabled(bool(own or not shaped or field.value()))
        lengths = [(line.lengths[0], line.lengths[-1]) for line in layout.lines] if layout else []
        spans = list(dict.fromkeys(f"{a}-{b}" if b > a else str(a) for a, b in lengths))
        self._fields["lines"].set_hint(str(len(layout.lines)) if layout else "")
        self._fields["stanzas"].set_hint(str(len(layout.stanzas)) if layout else "")
        self._fields["length"].set_hint(", ".join(spans) if shaped else DEFAULT_LENGTH[unit])
        scheme = layout.scheme if layout and shaped else ""
        self._fields["rhyme"].set_hint(scheme or self.tr("none"))
        if not self._has_template and self._editor.fold.is_open() and not self._editor.source.hasFocus():
            form = find_form(self._form)
            whole = form and not (self._fields["acrostic"].value() or self._fields["fixed"].value())
            self._editor.set_text(form.text if form and whole else str(layout or ""))
        self._editor.show_layout(layout)

    def _show_lyric(self) -> None:
        self._editor.show_lines(self._lyric, self._report.findings if self._report and self._lyric else ())

    def _mark_folds(self) -> None:
        self._more.show_wrong(any(field.is_wrong for field in self._more_fields))


def _fields() -> dict[str, RuleField]:
    """All of them, by the names in `LyricRules`, in the order of the panel."""

    def spec(name: str) -> Any:  # noqa: ANN401
        return spec_of(field_of(LyricRules, name))

    fields: list[RuleField] = [
        CountField("lines", spec("lines")),
        TextField("length"),
        SchemeField("rhyme", SCHEMES),
        ChoiceField("near"),
        TextField("acrostic"),
        ChoiceField("acrostic_at"),
        TextField("rhyme_with"),
        ListField("include"),
        ListField("forbid"),
        ListField("fixed"),
        CountField("stanzas", spec("stanzas")),
        ChoiceField("unit"),
        ChoiceField("punctuation"),
        FlagField("double"),
        FlagField("repeat_rhymes"),
        FlagField("repeat_lines"),
    ]
    return {field.name: field for field in fields}


def _choices(field: RuleField, names: dict[Any, str]) -> None:
    assert isinstance(field, ChoiceField)
    field.set_choices(names)
