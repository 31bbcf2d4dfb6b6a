import json
import math
import threading

import pytest
from PySide6.QtCore import QEvent, Qt
from PySide6.QtGui import QGuiApplication, QInputMethodEvent
from PySide6.QtWidgets import QApplication, QLineEdit

from toolkit.gui.actions import TAKES
from toolkit.gui.text_plan import numbered
from toolkit.lyrics.check import check
from toolkit.lyrics.options import LyricOptions
from toolkit.lyrics.rules import LyricRules
from toolkit.lyrics.song import Recipe
from toolkit.lyrics.write import rewrite
from toolkit.sampling import SamplingOptions

RULES = LyricRules(length="7", rhyme="AABA", acrostic="春夏秋冬")


@pytest.fixture
def open_window(qtbot, tmp_path):
    """A function that opens the real window with a built-in model; all are closed, with their threads, at the end."""
    from toolkit.gui.app import make_application
    from toolkit.gui.app import open_window as open_real

    windows = []
    threads = set(threading.enumerate())

    def make(model="builtin:songci", project=None):
        window = open_real(make_application(["gui"]), model, project, "en")
        windows.append(window)
        qtbot.waitUntil(lambda: window.models.opened is not None, timeout=30_000)
        return window

    yield make
    for window in windows:
        window.close()
        window.deleteLater()
    assert set(threading.enumerate()) == threads
    QApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)


@pytest.fixture(scope="module")
def only_window():
    """The real window, opened once for all tests that change nothing but the text in it."""
    from toolkit.gui.app import make_application
    from toolkit.gui.app import open_window as open_real

    app = make_application(["gui"])
    window = open_real(app, "builtin:songci", None, "en")
    yield window
    window.close()
    window.deleteLater()
    QApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)


@pytest.fixture
def window(qtbot, only_window):
    """It, with an empty text and the rules of somebody who never chose."""
    from toolkit.gui.remembered import recall

    only_window.desk.stop()
    only_window.keeper.new()
    only_window.messages.hide()
    recall(only_window)
    only_window.models.open("builtin:songci")
    qtbot.waitUntil(lambda: only_window.models.opened is not None and not only_window.models.busy, timeout=30_000)
    return only_window


def press(qtbot, window, name):
    """Trigger an action and wait until all is written."""
    window.actions_by_name[name].trigger()
    qtbot.waitUntil(lambda: not window.desk.busy, timeout=30_000)


def enter(editor, text):
    """Type as an input method does: QTest's keys are Latin ones."""
    event = QInputMethodEvent("", [])
    event.setCommitString(text)
    QApplication.sendEvent(editor, event)


def set_rules(window, rules=RULES):
    window.panel.rules.set_rules(rules)
    window.panel.rules.set_on(True)


def lines_of(window):
    return [line for _, line in numbered(window.page.editor.text())]


def go_to(window, line, column=0):
    text = window.page.editor.text().split("\n")
    window.page.editor.set_cursor_position(sum(len(one) + 1 for one in text[: line - 1]) + column)


# Writing -----------------------------------------------------------------------------------------


def test_the_first_click_writes_lyrics_that_keep_the_rules_that_are_there(qtbot, window):
    press(qtbot, window, "generate")
    text = window.page.editor.text()
    report = check(text, window.panel.rules.rules())
    assert report.holds, report.findings
    assert len(text.split()) == 8
    assert window.messages.text == ""


def test_a_text_is_one_step_of_undoing_and_comes_back(qtbot, window):
    editor = window.page.editor
    press(qtbot, window, "generate")
    first = editor.text()
    press(qtbot, window, "regenerate")
    second = editor.text()
    assert not set(first.split("\n")) & set(second.split("\n"))
    window.actions_by_name["undo"].trigger()
    assert editor.text() == first
    window.actions_by_name["undo"].trigger()
    assert editor.text() == ""
    window.actions_by_name["redo"].trigger()
    window.actions_by_name["redo"].trigger()
    assert editor.text() == second
    assert [generation.text for generation in window.workspace.project().generations] == [first, second]


def test_what_is_typed_is_gone_on_with(qtbot, window):
    set_rules(window, LyricRules(lines=4, length="7", rhyme="AABA"))
    editor = window.page.editor
    editor.setFocus()
    enter(editor, "一片春愁待酒浇")
    qtbot.keyClick(editor, Qt.Key.Key_Return)
    enter(editor, "江上")
    press(qtbot, window, "generate")
    lines = lines_of(window)
    assert lines[0] == "一片春愁待酒浇"
    assert lines[1].startswith("江上")
    assert check(editor.text(), window.panel.rules.rules()).holds


def test_locked_lines_stay_and_keep_their_locks(qtbot, window):
    set_rules(window)
    press(qtbot, window, "generate")
    before = lines_of(window)
    go_to(window, 2)
    window.actions_by_name["lock_line"].trigger()
    press(qtbot, window, "regenerate")
    after = lines_of(window)
    assert [a == b for a, b in zip(before, after, strict=True)] == [False, True, False, False]
    assert window.page.editor.locked_lines() == {2}
    assert check(window.page.editor.text(), RULES).holds
    window.actions_by_name["undo"].trigger()
    assert lines_of(window) == before
    assert window.page.editor.locked_lines() == {2}


@pytest.mark.parametrize("ruled", [True, False])
def test_one_line_is_written_anew_between_its_neighbours(qtbot, window, ruled):
    set_rules(window)
    press(qtbot, window, "generate")
    window.panel.rules.set_on(ruled)
    before = lines_of(window)
    go_to(window, 4)
    press(qtbot, window, "reroll_line")
    after = lines_of(window)
    assert [a == b for a, b in zip(before, after, strict=True)] == [True, True, True, False]
    if ruled:
        assert check(window.page.editor.text(), RULES).holds


def test_without_rules_the_text_goes_on_from_its_end(qtbot, window):
    window.panel.rules.set_on(False)
    window.panel.sampling.set_options(SamplingOptions(max_new_tokens=40, seed=5))
    editor = window.page.editor
    editor.insertPlainText("昨夜西风凋碧树")
    press(qtbot, window, "generate")
    text = editor.text()
    assert text.startswith("昨夜西风凋碧树")
    assert len(text) == 47
    recipe = window.workspace.project().generations[-1].recipe
    model = window.models.language_model
    options = SamplingOptions.from_dict(recipe["options"], "recipe")
    assert recipe["prompt"] + model.generate(recipe["prompt"], options)[0].text == text
    press(qtbot, window, "generate")
    assert editor.text().startswith(text)
    assert len(editor.text()) == 87
    press(qtbot, window, "regenerate")
    assert editor.text().startswith(text)
    assert len(editor.text()) == 87


def test_the_recipe_on_the_clipboard_writes_the_text_again(qtbot, window):
    set_rules(window)
    press(qtbot, window, "generate")
    window.actions_by_name["copy_recipe"].trigger()
    recipe = Recipe.from_dict(json.loads(QGuiApplication.clipboard().text()), "clipboard")
    assert str(rewrite(window.models.language_model, recipe)) == window.page.editor.text()


def test_a_seed_that_is_locked_writes_the_same_text_again(qtbot, window):
    set_rules(window)
    window.panel.sampling.set_options(SamplingOptions(seed=11))
    window.panel.sampling.set_seed_locked(True)
    texts = []
    for _ in range(2):
        window.page.editor.load("")
        press(qtbot, window, "generate")
        texts.append(window.page.editor.text())
    assert texts[0] == texts[1]


def test_stopping_keeps_what_is_written_as_one_step(qtbot, window):
    window.panel.rules.set_on(False)
    window.panel.sampling.set_options(SamplingOptions(max_new_tokens=100_000, seed=5))
    editor = window.page.editor
    editor.insertPlainText("春风")
    window.actions_by_name["generate"].trigger()
    qtbot.waitUntil(lambda: len(editor.text()) > 20, timeout=30_000)
    window.actions_by_name["stop"].trigger()
    text = editor.text()
    assert not window.desk.busy
    assert not editor.isReadOnly()
    QApplication.processEvents()
    assert editor.text() == text
    assert window.workspace.project().generations[-1].text == text
    window.actions_by_name["undo"].trigger()
    assert editor.text() == "春风"


def test_nothing_is_triggered_while_an_input_method_composes(qtbot, window):
    editor = window.page.editor
    editor.setFocus()
    QApplication.sendEvent(editor, QInputMethodEvent("chun", []))
    for name in ("generate", "regenerate", "takes", "reroll_line", "lock_line", *TAKES):
        window.actions_by_name[name].trigger()
    window.inspector.look_at(0)
    assert not window.desk.busy
    assert editor.text() == ""
    assert not window.popup.isVisible()
    enter(editor, "春")
    assert editor.text() == "春"
    press(qtbot, window, "generate")
    assert editor.text().startswith("春")
    assert len(lines_of(window)) == 8


# Alternatives ------------------------------------------------------------------------------------


@pytest.mark.parametrize("ruled", [True, False])
def test_another_character_is_chosen_with_the_keyboard(qtbot, window, ruled):
    set_rules(window)
    press(qtbot, window, "generate")
    window.panel.rules.set_on(ruled)
    editor = window.page.editor
    before = editor.text()
    editor.setFocus()
    go_to(window, 2, 3)
    window.actions_by_name["alternatives"].trigger()
    qtbot.waitUntil(window.popup.isVisible, timeout=30_000)
    rows = window.popup.rows()
    assert len(rows) >= 10
    kept = [row.prob for row in rows if not row.note]
    assert len(kept) >= 10
    assert kept == sorted(kept, reverse=True)
    assert not any(row.note for row in rows[:10])
    place = before.index("\n") + 1 + 3
    other = next(i for i, row in enumerate(rows) if row.text != before[place] and row.kept and len(row.text) == 1)
    window.popup.choose(other, keep_rest=True)
    assert editor.text() == before[:place] + rows[other].text + before[place + 1 :]
    window.actions_by_name["undo"].trigger()
    assert editor.text() == before


def test_what_stands_behind_a_chosen_character_is_written_anew(qtbot, window):
    set_rules(window)
    press(qtbot, window, "generate")
    editor = window.page.editor
    before = editor.text()
    place = before.index("\n") + 1 + 3
    window.inspector.look_at(place)
    qtbot.waitUntil(window.popup.isVisible, timeout=30_000)
    rows = window.popup.rows()
    other = next(i for i, row in enumerate(rows) if row.text != before[place] and row.kept and not row.note)
    window.popup.choose(other, keep_rest=False)
    qtbot.waitUntil(lambda: not window.desk.busy, timeout=30_000)
    after = editor.text()
    assert after.startswith(before[:place] + rows[other].text)
    assert after != before
    assert check(after, RULES).holds


# Takes -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("ruled", [True, False])
def test_one_of_several_takes_is_chosen(qtbot, window, ruled):
    set_rules(window)
    window.panel.rules.set_on(ruled)
    window.panel.sampling.set_options(SamplingOptions(max_new_tokens=30))
    editor = window.page.editor
    if not ruled:
        editor.insertPlainText("春风")
    window.page.takes.count.setValue(4)
    press(qtbot, window, "takes")
    takes = window.takes_writer.texts
    assert len(set(takes)) == 4
    assert editor.text() == ("" if ruled else "春风")
    if ruled:
        assert all(check(text, RULES).holds for text in takes)
    window.actions_by_name["take_3"].trigger()
    assert editor.text() == takes[2]
    window.actions_by_name["undo"].trigger()
    assert editor.text() == ("" if ruled else "春风")


# Rules and what is said --------------------------------------------------------------------------


def test_a_rule_that_cannot_be_met_is_said_and_nothing_changes(qtbot, window):
    set_rules(window, LyricRules(lines=2, length="3", include=("一二三四五六七八九十",)))
    window.page.editor.insertPlainText("一二三\n")
    press(qtbot, window, "generate")
    assert "include" in window.messages.text
    assert window.page.editor.text() == "一二三\n"
    assert not window.workspace.project().generations


def test_rules_with_a_fault_are_kept_as_they_were_before(qtbot, window):
    set_rules(window, LyricRules(lines=2, length="5"))
    kept = window.workspace.project().rules
    field = next(edit for edit in window.panel.rules.findChildren(QLineEdit) if edit.text() == "5")
    qtbot.keyClicks(field, "-")
    assert window.panel.rules.fault()
    assert window.workspace.project().rules == kept
    window.panel.rules.set_on(False)
    assert window.workspace.project().rules is None


def test_counts_and_faults_stand_beside_the_lines(qtbot, window):
    set_rules(window, LyricRules(lines=2, length="5"))
    window.page.editor.insertPlainText("春眠不觉晓\n处处")
    qtbot.waitUntil(lambda: [mark.wanted for mark in window.page.editor.marks()] == ["5", "5"], timeout=10_000)
    first, second = window.page.editor.marks()
    assert (first.count, first.wanted, first.fault) == (5, "5", "")
    assert (second.count, second.wanted) == (2, "5")
    assert second.fault


def test_colours_come_with_the_probabilities_of_the_text_that_stands(qtbot, window):
    from toolkit.scoring import score

    press(qtbot, window, "generate")
    window.actions_by_name["show_probs"].trigger()
    editor = window.page.editor
    qtbot.waitUntil(lambda: bool(editor.probs()), timeout=10_000)
    wanted = {t.start: t.log_prob for t in score(window.models.language_model, editor.text()) if t.log_prob is not None}
    assert {start: math.log(prob) for start, _, prob in editor.probs()} == pytest.approx(wanted, abs=1e-5)


# Keeping -----------------------------------------------------------------------------------------


def test_everything_is_there_again_after_saving_and_reopening(qtbot, open_window, tmp_path):
    window = open_window()
    set_rules(window)
    window.page.title.setText("四季")
    press(qtbot, window, "generate")
    press(qtbot, window, "takes")
    go_to(window, 3)
    window.actions_by_name["lock_line"].trigger()
    before = window.workspace.project()
    path = tmp_path / "四季.lyrics"
    assert window.keeper.save(path)
    assert not window.isWindowModified()
    window.close()
    again = open_window(None)
    qtbot.waitUntil(lambda: again.page.editor.text() != "", timeout=10_000)
    after = again.workspace.project()
    assert after == before
    assert again.keeper.path == path
    assert again.panel.rules.rules() == window.panel.rules.rules()


def test_what_was_not_saved_is_there_again(qtbot, open_window):
    window = open_window()
    press(qtbot, window, "generate")
    before = window.workspace.project()
    window.close()
    again = open_window()
    assert again.workspace.project() == before
    assert "again" in again.messages.text


# Models ------------------------------------------------------------------------------------------


def test_a_bad_model_is_refused_in_words_and_the_old_one_stays(qtbot, window, tmp_path):
    bad = tmp_path / "bad.onnx"
    bad.write_bytes(b"<b>no model</b>" * 99)
    window.open_dropped(bad)
    qtbot.waitUntil(lambda: window.messages.text != "", timeout=10_000)
    assert "bad.onnx" in window.messages.text
    assert window.models.path == "builtin:songci"
    press(qtbot, window, "generate")
    assert len(lines_of(window)) == 8


def test_another_model_takes_over_with_its_unit(qtbot, window):
    window.models.open("builtin:lyrics-en")
    qtbot.waitUntil(lambda: window.models.path == "builtin:lyrics-en", timeout=30_000)
    set_rules(window, LyricRules(lines=4, length="4-8", rhyme="AABB"))
    press(qtbot, window, "generate")
    assert check(window.page.editor.text(), window.panel.rules.rules()).holds
    assert len(lines_of(window)) == 4


def test_a_lyric_option_reaches_the_text(qtbot, window):
    set_rules(window)
    window.panel.sampling.set_options(SamplingOptions(temperature=0.3, top_k=7))
    press(qtbot, window, "generate")
    options = LyricOptions.from_dict(window.workspace.project().generations[-1].recipe["options"], "recipe")
    assert (options.temperature, options.top_k) == (0.3, 7)


# Models that answer ------------------------------------------------------------------------------


@pytest.mark.slow
def test_a_model_that_answers_gets_the_line_of_the_cursor_and_its_answer_comes_into_the_text(
    qtbot, open_window, make_pairs_bundle
):
    window = open_window(str(make_pairs_bundle()))
    editor, page = window.page.editor, window.translate_page
    editor.load("春风\n秋月\n")
    go_to(window, 2)
    assert page.isVisible()
    window.actions_by_name["answer"].trigger()
    assert window.page.isVisible()
    window.actions_by_name["generate"].trigger()
    qtbot.waitUntil(lambda: not window.answerer.busy and page.answers.current() != "", timeout=30_000)
    assert page.isVisible()
    assert page.input.toPlainText() == "秋月"
    answer = page.answers.current()
    assert answer in {found.text for found in window.models.translator.translate("秋月", page.options())}
    page.answers.use.click()
    assert editor.text() == f"春风\n秋月\n{answer}\n"
    assert window.page.isVisible()
    editor.undo()
    assert editor.text() == "春风\n秋月\n"


def test_a_model_that_was_asked_for_is_not_displaced_by_that_of_the_restored_text(qtbot, open_window):
    window = open_window("builtin:lyrics-zh")
    window.page.editor.insertPlainText("春风")
    window.close()
    again = open_window("builtin:songci")
    assert again.page.editor.text() == "春风"
    qtbot.waitUntil(lambda: not again.models.busy, timeout=30_000)
    assert again.models.path == "builtin:songci"
    again.close()
    third = open_window(None)
    assert third.models.path == "builtin:songci"


def test_who_is_quicker_than_the_model_need_not_ask_again(qtbot):
    from toolkit.gui.app import make_application
    from toolkit.gui.app import open_window as open_real

    window = open_real(make_application(["gui"]), "builtin:songci", None, "en")
    window.actions_by_name["generate"].trigger()
    assert "opened" in window.messages.text
    qtbot.waitUntil(lambda: not window.desk.busy and len(lines_of(window)) == 8, timeout=30_000)
    assert window.messages.text == ""
    window.close()
    window.deleteLater()


def test_a_file_that_another_program_changed_is_not_replaced_at_once(qtbot, window, tmp_path):
    path = tmp_path / "song.lyrics"
    window.page.editor.insertPlainText("春风")
    assert window.keeper.save(path)
    path.write_text("theirs", encoding="utf-8")
    window.page.editor.insertPlainText("夏雨")
    assert not window.files.save()
    assert path.read_text(encoding="utf-8") == "theirs"
    assert "song.lyrics" in window.messages.text
    assert window.files.save()
    assert "夏雨" in path.read_text(encoding="utf-8")
