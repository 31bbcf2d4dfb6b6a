import pytest
from PySide6.QtCore import QPointF, Qt
from PySide6.QtGui import QInputMethodEvent
from PySide6.QtWidgets import QApplication, QLabel
from pytestqt.qtbot import QtBot

from toolkit.gui import theme
from toolkit.gui.cell_rows import Kind, lines_of_template, read_lines, rows_of
from toolkit.gui.plain import tooltip_of
from toolkit.gui.template_editor import TemplateEditor
from toolkit.lyrics.check import check
from toolkit.lyrics.forms import find_form
from toolkit.lyrics.rules import LyricRules
from toolkit.lyrics.template import Template, parse_template

QUATRAIN = "栏干晓日耿微凉。\n一度春风姊妹香。\n多少伤春留不住。\n多情无奈避春忙。"


@pytest.fixture
def editor(qtbot: QtBot) -> TemplateEditor:
    made = TemplateEditor()
    qtbot.addWidget(made)
    made.resize(320, 640)
    made.show()
    qtbot.waitExposed(made)
    return made


def shown(row) -> str:
    """A row as signs: what stands in its cells, and behind each what is said of it."""
    kinds = {Kind.CELL: "", Kind.OPTIONAL: "~", Kind.EXTRA: "+", Kind.MISSING: "-", Kind.MARK: "."}
    return " ".join(f"{cell.text or '_'}{kinds[cell.kind]}{'!' * bool(cell.fault)}" for cell in row.cells)


def rows(template: str, text: str = "", unit: str = "char") -> list[str]:
    return [shown(row) for row in rows_of(read_lines(template, unit), unit, text)]


def test_an_empty_row_shows_what_the_template_says() -> None:
    assert rows("春__~~平{A}\n\n中仄，_。") == ["春 _ _ _~ _~ 平", "_ 仄 ，. _ 。."]
    assert rows("s* _ the *n", unit="word") == ["s* _ the *n"]


@pytest.mark.parametrize(
    ("template", "text", "unit", "wanted"),
    [
        ("春__~~{A}", "春风一度。", "char", "春 风 一 度 。."),
        ("春__", "夏风一", "char", "夏! 风 一"),
        ("春___", "春风。", "char", "春 风 _-! _-! 。."),
        ("春_", "春风一度", "char", "春 风 一+! 度+!"),
        ("平仄平", "栏干度", "char", "栏 干! 度!"),
        ("__，__", "春风一度", "char", "春 风 一 度"),
        ("s* _ *n", "the sea again", "word", "the! sea again"),
        ("_ _ *n", "the sea again", "syllable", "the sea again -+!"),
        ("_ _ _ *n", "the sea again", "syllable", "the sea again -"),
    ],
)
def test_the_cells_that_break_a_rule_are_marked(template: str, text: str, unit: str, wanted: str) -> None:
    assert rows(template, text, unit) == [wanted]


def test_what_no_cell_breaks_is_said_of_the_row() -> None:
    (row,) = rows_of(read_lines("__，__", "char"), "char", "春风一度")
    assert row.faults == ("， expected before 3, no mark found",)
    text = "春风一度\n明月千里"
    report = check(text, LyricRules(template="____{A}\n____{A}"))
    first, second = rows_of(read_lines("____{A}\n____{A}", "char"), "char", text, report.findings)
    assert (first.is_rhyme_broken, second.is_rhyme_broken) == (False, True)
    assert "does not rhyme" in second.faults[0]


@pytest.mark.parametrize("name", ["七绝", "忆江南", "沁园春"])
def test_rows_and_the_checker_agree_which_lines_keep_a_form(name: str) -> None:
    form = parse_template(find_form(name).text)
    text = "\n".join("江南好风景旧曾谙日出花红胜火"[: len(line.cells)] for line in form.lines)
    report = check(text, LyricRules(form=name, repeat_lines=True))
    cells = {finding.line for finding in report.findings if finding.rule == "tones" and not finding.kept}
    found = rows_of(lines_of_template(form), "char", text)
    assert {row.number for row in found if any(cell.fault for cell in row.cells)} == cells


def test_each_line_that_cannot_be_read_is_named_while_the_others_are_shown(editor: TemplateEditor) -> None:
    editor.set_text("____{A}\n# note\n\n____{b}\n}__\n平__{A}")
    assert [bool(row.source) for row in editor.grid.rows()] == [False, True, True, False]
    assert editor.error() == "Line 2: expected a capital letter in braces, like {A}, found {b}."
    assert "Line 3: } stands alone" in editor.faults.text()
    assert editor.grid.rows()[1].opens_stanza


def test_typing_changes_the_grid_and_is_never_rewritten(editor: TemplateEditor, qtbot: QtBot) -> None:
    editor.source.setFocus()
    with qtbot.waitSignal(editor.changed):
        event = QInputMethodEvent()
        event.setCommitString("＿＿_~｛Ａ｝")
        QApplication.sendEvent(editor.source, event)
    assert editor.text() == "＿＿_~｛Ａ｝"
    (row,) = editor.grid.rows()
    assert (shown(row), row.letter) == ("_ _ _ _~", "A")
    assert editor.error() == ""


def test_another_template_is_set_without_a_signal(editor: TemplateEditor, qtbot: QtBot) -> None:
    with qtbot.assertNotEmitted(editor.changed):
        editor.set_text("____{A}")
        QApplication.setPalette(theme.palette_of(dark=True))
        QApplication.setPalette(theme.palette_of(dark=False))
    assert editor.text() == "____{A}"


def test_what_is_wrong_with_a_cell_is_its_tooltip_as_plain_text(editor: TemplateEditor) -> None:
    editor.set_text("_____{A}")
    editor.show_lines("<b>x</b>春")
    assert editor.grid.fault_at(QPointF(0, 5)) == "5 characters expected, 4 found: <b>x</b>春"
    assert "&lt;b&gt;" in tooltip_of(editor.grid.fault_at(QPointF(0, 5)))


def test_long_rows_go_on_in_the_next_line_and_long_templates_scroll(editor: TemplateEditor, qtbot: QtBot) -> None:
    one = editor.grid.heightForWidth(300)
    editor.set_text("_" * 10)
    one = editor.grid.heightForWidth(300)
    editor.set_text("_" * 40)
    assert editor.grid.heightForWidth(300) > 3 * one
    editor.set_text("\n".join(["_______"] * 100))
    assert len(editor.grid.rows()) == 60
    assert "40" in " ".join(label.text() for label in editor.findChildren(QLabel))
    assert editor._area.height() < editor.grid.heightForWidth(300)


def test_the_legend_has_the_signs_of_the_unit(editor: TemplateEditor) -> None:
    def signs() -> set[str]:
        return {label.text() for label in editor.findChildren(QLabel) if label.isVisibleTo(editor)}

    assert {"平 仄", "中", "_", "~", "{A}"} <= signs()
    assert "s* *t" not in signs()
    editor.set_unit("word")
    assert "s* *t" in signs()
    assert "中" not in signs()


def test_other_rules_on_top_are_shown_in_the_cells(editor: TemplateEditor) -> None:
    editor.set_text("____{A}\n____{A}")
    layout = LyricRules(template=editor.text(), acrostic="春夏").layout("char")
    editor.show_layout(layout)
    assert [shown(row)[0] for row in editor.grid.rows()] == ["春", "夏"]
    assert isinstance(layout, Template)


def test_tab_leaves_the_text(editor: TemplateEditor, qtbot: QtBot) -> None:
    editor.source.setFocus()
    qtbot.keyClick(editor.source, Qt.Key.Key_Tab)
    assert not editor.source.hasFocus()
    assert editor.text() == ""
