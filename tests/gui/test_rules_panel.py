import pytest
from PySide6.QtCore import QCoreApplication, QEvent, QPoint, QPointF, Qt, QTranslator
from PySide6.QtGui import QInputMethodEvent, QWheelEvent
from PySide6.QtWidgets import QApplication, QCheckBox, QComboBox, QLabel, QLineEdit, QSpinBox, QWidget
from pytestqt.qtbot import QtBot

from toolkit.errors import OptionError
from toolkit.gui.rule_faults import sentences_by_field
from toolkit.gui.rule_fields import BROKEN, KEPT, PROBLEM
from toolkit.gui.rule_presets import ready_rules
from toolkit.gui.rules_panel import RulesPanel
from toolkit.lyrics.check import check
from toolkit.lyrics.forms import find_form
from toolkit.lyrics.rules import LyricRules
from toolkit.lyrics.units import UNITS

QUATRAIN = "栏干晓日耿微凉。\n一度春风姊妹香。\n多少伤春留不住。\n多情无奈避春忙。"

RULES = (
    LyricRules(),
    LyricRules(lines=8, length="7", rhyme="AABA"),
    LyricRules(lines=6, stanzas=2, length="5-9", unit="char", rhyme="ABA", near=True, double=True),
    LyricRules(length="7,7,5,5", rhyme="AABB CCDD", rhyme_with="A=光 B=心", repeat_rhymes=True, repeat_lines=True),
    LyricRules(acrostic="春夏秋冬", acrostic_at="last", include=("明月", "a, b"), forbid=("愁",), fixed=("3:2=月亮",)),
    LyricRules(acrostic="春夏", acrostic_at="12", length="12", punctuation="inside"),
    LyricRules(form="望江南", rhyme_with="光", punctuation="none"),
    LyricRules(template="春_____{A}\n_____~{A}", lines=2),
    LyricRules(template="_____\n_____", rhyme="AA"),
)


@pytest.fixture
def panel(qtbot: QtBot) -> RulesPanel:
    made = RulesPanel()
    qtbot.addWidget(made)
    made.resize(320, 900)
    made.show()
    qtbot.waitExposed(made)
    made.set_rules(LyricRules())
    return made


def named(panel: RulesPanel, kind: type, name: str):
    """The visible widget of a class with that accessible name."""
    (found,) = (widget for widget in panel.findChildren(kind) if widget.accessibleName() == name)
    return found


def commit(widget: QWidget, text: str) -> None:
    """What an input method does with a text."""
    event = QInputMethodEvent()
    event.setCommitString(text)
    QCoreApplication.sendEvent(widget, event)


def said(panel: RulesPanel) -> list[str]:
    """What stands beside the fields."""
    labels = [label for label in panel.findChildren(QLabel) if label.isVisibleTo(panel)]
    return [label.text() for label in labels if label.text()[:1] in (PROBLEM, BROKEN, KEPT)]


@pytest.mark.parametrize("rules", RULES)
def test_rules_that_are_shown_come_back_as_they_were(panel: RulesPanel, qtbot: QtBot, rules: LyricRules) -> None:
    with qtbot.assertNotEmitted(panel.changed):
        panel.set_rules(rules)
    assert (panel.rules(), panel.fault()) == (rules, "")
    panel.set_rules(LyricRules())
    assert panel.rules() == LyricRules()


def test_rules_that_are_off_are_none_and_come_back_when_they_are_on(panel: RulesPanel, qtbot: QtBot) -> None:
    panel.set_rules(RULES[1])
    switch = panel.findChild(QCheckBox)
    with qtbot.waitSignal(panel.changed):
        switch.click()
    assert (panel.rules(), panel.is_on()) == (None, False)
    with qtbot.waitSignal(panel.changed):
        switch.click()
    assert panel.rules() == RULES[1]


def test_what_is_typed_becomes_rules_and_keeps_the_focus(panel: RulesPanel, qtbot: QtBot) -> None:
    lines, length = named(panel, QSpinBox, "Lines"), named(panel, QLineEdit, "Length of a line")
    scheme, acrostic = named(panel, QComboBox, "Rhyme scheme"), named(panel, QLineEdit, "Acrostic")
    for field, text in ((lines, "4"), (length, "7, 5"), (scheme, "xaxa"), (acrostic, "LOVE")):
        field.setFocus()
        with qtbot.waitSignal(panel.changed):
            qtbot.keyClicks(field, text)
        assert QApplication.focusWidget() in (field, field.focusProxy())
    assert panel.rules() == LyricRules(lines=4, length="7, 5", rhyme="xaxa", acrostic="LOVE")
    assert (length.text(), scheme.currentText()) == ("7, 5", "xaxa")


def test_full_width_signs_of_a_chinese_keyboard_are_read(panel: RulesPanel) -> None:
    for name, kind, text in (("Lines", QSpinBox, "１２"), ("Length of a line", QLineEdit, "７，５－６")):
        field = named(panel, kind, name)
        line = field.lineEdit() if isinstance(field, QSpinBox) else field
        commit(line, text)
        assert line.text() == text
    assert panel.rules() == LyricRules(lines=12, length="7,5-6")


def test_text_that_is_still_composed_changes_nothing(panel: RulesPanel, qtbot: QtBot) -> None:
    field = named(panel, QLineEdit, "Acrostic")
    with qtbot.assertNotEmitted(panel.changed):
        QCoreApplication.sendEvent(field, QInputMethodEvent("chun", []))
    assert panel.rules() == LyricRules()


@pytest.mark.parametrize(
    ("name", "text", "fault"),
    [
        ("Length of a line", "seven", "Must be numbers from 1 to 200 like 7, 5-9 or 7,7,5,5, found 'seven'"),
        ("Acrostic", "春夏秋冬春夏秋冬春", "9 characters need as many lines, and there are 8."),
        ("Words at a place", "9:1=月", "'9:1=月' speaks of line 9, and there are 8."),
        ("Words at a place", "2:30=月", "Line 2: Cell 30 was asked for, and the line may have no more than 5 cells."),
        ("Rhymes with", "B=光", "No line has the letter B: the scheme is AAAAAAAA."),
    ],
)
def test_a_fault_is_said_beside_its_field(panel: RulesPanel, qtbot: QtBot, name: str, text: str, fault: str) -> None:
    panel.set_rules(LyricRules(lines=8))
    field = named(panel, QLineEdit, name)
    field.setText(text)
    assert panel.rules() is None
    assert panel.fault()
    assert said(panel) == [f"{PROBLEM} {fault}"]
    assert field.accessibleDescription() == f"{PROBLEM} {fault}"
    qtbot.keyClick(field, Qt.Key.Key_Backspace)
    field.clear()
    assert (said(panel), panel.rules()) == ([], LyricRules(lines=8))


def test_rules_that_do_not_go_together_are_said_beside_the_first(panel: RulesPanel) -> None:
    named(panel, QComboBox, "Rhyme scheme").setEditText("ABA CBC")
    named(panel, QSpinBox, "Lines").setValue(7)
    (text,) = said(panel)
    assert text.startswith(f"{PROBLEM} Lines, rhyme: 7 lines are no multiple of the 6 letters")


def test_the_sentences_of_an_error_go_to_the_fields_they_begin_with() -> None:
    with pytest.raises(OptionError) as caught:
        LyricRules(length="x; rhyme", rhyme="A1", form="七绝二", fixed=("1",))
    found = sentences_by_field(str(caught.value))
    assert list(found) == ["length", "rhyme", "fixed", "form"]
    assert all(found.values())


def test_what_cannot_be_met_is_said_beside_its_rule_and_goes_with_the_next_change(panel: RulesPanel) -> None:
    panel.show_problem("include", "include, line 3: no line can have '明月' in it.", 3)
    assert said(panel) == [f"{PROBLEM} Line 3: No line can have '明月' in it."]
    panel.clear_problems()
    assert said(panel) == []
    panel.show_problem("weather", "it rains <b>hard</b>")
    assert said(panel) == [f"{PROBLEM} It rains <b>hard</b>"]
    named(panel, QSpinBox, "Lines").setValue(4)
    assert said(panel) == []


def test_the_text_keeps_a_rule_or_breaks_it_in_some_lines(panel: RulesPanel) -> None:
    rules = LyricRules(length="7", rhyme="AABA", acrostic="栏一多少", forbid=("春",))
    panel.set_rules(rules)
    panel.show_lines(QUATRAIN)
    panel.show_report(check(QUATRAIN, rules))
    marks = {name: field.mark.text() for name, field in panel._all.items() if field.mark.text()}
    assert marks == {
        **dict.fromkeys(("length", "rhyme"), KEPT),  # of what nobody asked for nothing is said
        "acrostic": f"{BROKEN} 4",
        "forbid": f"{BROKEN} 2, 3, 4",
    }
    assert "春 is in" in panel._all["forbid"].mark.toolTip()
    panel.show_report(None)
    assert not any(field.mark.text() for field in panel._all.values())


def test_a_form_says_lines_lengths_and_rhymes_itself(panel: RulesPanel, qtbot: QtBot) -> None:
    panel.set_rules(LyricRules(lines=8, length="7", rhyme="AABA", near=True, acrostic="春"))
    box = named(panel, QComboBox, "Begin with")
    with qtbot.waitSignal(panel.changed):
        box.activated.emit(box.findText("忆江南"))
    assert panel.rules() == LyricRules(form="忆江南", near=True, acrostic="春")
    assert box.currentText() == "忆江南"
    assert not any(panel._fields[name].editor.isEnabled() for name in ("lines", "stanzas", "length", "rhyme"))
    assert named(panel, QLineEdit, "Length of a line").placeholderText() == "3, 5, 7"
    with qtbot.waitSignal(panel.changed):
        box.activated.emit(0)
    assert panel.rules() == LyricRules(near=True, acrostic="春")
    assert named(panel, QSpinBox, "Lines").isEnabled()


def test_a_form_that_is_edited_becomes_a_template(panel: RulesPanel, qtbot: QtBot) -> None:
    panel.set_rules(LyricRules(form="七绝", rhyme_with="光"))
    panel._editor.fold.head.click()
    source = panel._editor.source
    assert source.toPlainText() == find_form("七绝").text
    source.setFocus()
    with qtbot.waitSignal(panel.changed):
        commit(source, "月")
    assert panel.rules() == LyricRules(template=f"月{find_form('七绝').text}", rhyme_with="光")
    assert named(panel, QComboBox, "Begin with").currentText() == "A template of my own"


def test_any_rules_can_be_edited_cell_by_cell(panel: RulesPanel, qtbot: QtBot) -> None:
    panel.set_rules(LyricRules(lines=2, length="5", rhyme="AA", acrostic="春夏", fixed=("2:4=月",), near=True))
    panel._editor.fold.head.click()
    assert panel._editor.text() == "春____{A}\n夏__月_{A}"
    panel._editor.source.setFocus()
    qtbot.keyClick(panel._editor.source, Qt.Key.Key_Delete)
    assert panel.rules() == LyricRules(template="____{A}\n夏__月_{A}", near=True)
    panel._editor.source.selectAll()
    qtbot.keyClick(panel._editor.source, Qt.Key.Key_Delete)
    assert panel.rules() == LyricRules(near=True)
    assert panel._editor.text() == ""


@pytest.mark.parametrize("unit", UNITS)
def test_each_ready_rule_is_one_click_away_and_has_no_fault(panel: RulesPanel, qtbot: QtBot, unit: str) -> None:
    panel.set_unit(unit)
    for number, rules in enumerate(ready_rules(unit).values()):
        panel.set_rules(LyricRules(lines=3))
        panel.set_rules(None)
        with qtbot.waitSignal(panel.changed):
            panel._ready._buttons[number].click()
        assert (panel.rules(), panel.fault()) == (rules, "")
        assert panel._preset.value() == rules


def test_the_shape_of_a_song_is_wanted_by_a_button_and_taken_as_a_template(panel: RulesPanel, qtbot: QtBot) -> None:
    panel.set_rules(LyricRules(lines=8, length="7", rhyme="AABA", near=True))
    with qtbot.waitSignal(panel.template_like_wanted):
        panel._like.click()
    with qtbot.waitSignal(panel.changed):
        panel.set_template("_____{A}\n_____{A}")
    assert panel.rules() == LyricRules(template="_____{A}\n_____{A}", near=True)


def test_a_wheel_that_scrolls_past_a_field_changes_nothing(panel: RulesPanel) -> None:
    panel.set_rules(RULES[1])
    named(panel, QLineEdit, "Acrostic").setFocus()
    for field in (named(panel, QSpinBox, "Lines"), named(panel, QComboBox, "Rhyme scheme")):
        event = QWheelEvent(
            QPointF(5, 5),
            field.mapToGlobal(QPointF(5, 5)),
            QPoint(0, 120),
            QPoint(0, 120),
            Qt.MouseButton.NoButton,
            Qt.KeyboardModifier.NoModifier,
            Qt.ScrollPhase.NoScrollPhase,
            False,
        )
        QCoreApplication.sendEvent(field, event)
    assert panel.rules() == RULES[1]


def test_the_language_switches_while_it_is_shown(panel: RulesPanel, qtbot: QtBot) -> None:
    class Marked(QTranslator):
        def translate(self, context: str, text: str, note: str | None = None, n: int = -1) -> str:
            return f"«{text}»"

        def isEmpty(self) -> bool:  # noqa: N802
            return False

    panel.set_rules(RULES[4])
    marked = Marked()
    QCoreApplication.installTranslator(marked)
    try:
        QCoreApplication.sendEvent(panel, QEvent(QEvent.Type.LanguageChange))
        texts = [label.text() for label in panel.findChildren(QLabel) if label.isVisibleTo(panel) and label.text()]
        names = [text for text in texts if not text.startswith(("{", "_", "~", "#", "\\", "s*", BROKEN))]
        assert names
        assert all(text.startswith("«") for text in names)
        assert panel.rules() == RULES[4]
    finally:
        QCoreApplication.removeTranslator(marked)
    QCoreApplication.sendEvent(panel, QEvent(QEvent.Type.LanguageChange))
    assert panel._all["lines"].label.text() == "&Lines"


def test_every_field_has_a_name_and_a_sentence_and_can_be_reached_by_keyboard(panel: RulesPanel) -> None:
    for name, field in panel._all.items():
        assert field.editor.accessibleName(), name
        if name != "template":
            assert field.editor.toolTip(), name
            assert field.editor.focusPolicy() & Qt.FocusPolicy.TabFocus, name


def test_tab_goes_from_the_top_to_the_bottom(panel: RulesPanel) -> None:
    panel._more.set_open(True)
    panel._editor.fold.set_open(True)
    panel._switch.setFocus()
    seen = [panel._switch]
    while (widget := QApplication.focusWidget()) not in seen[:-1] and panel.focusNextChild():
        widget = QApplication.focusWidget()
        if widget in seen:
            break
        seen.append(widget)
    places = [widget.mapTo(panel, QPoint(0, 0)) for widget in seen]
    assert len(seen) > 15
    assert [(p.y() // 8, p.x()) for p in places] == sorted((p.y() // 8, p.x()) for p in places)


def test_it_fits_into_320_pixels(panel: RulesPanel) -> None:
    panel.set_rules(RULES[4])
    panel._more.set_open(True)
    panel._editor.fold.set_open(True)
    assert panel.minimumSizeHint().width() <= 300
