import pytest
from PySide6.QtCore import QEvent, Qt
from PySide6.QtGui import QFont, QFontMetrics
from PySide6.QtWidgets import QApplication

from toolkit.gui.plain import visible
from toolkit.gui.take_card import TakeCard
from toolkit.gui.takes_view import FEWEST, MOST, TakesView

VERSES = ("春风又绿江南岸\n明月何时照我还", "小楼一夜听春雨\n深巷明朝卖杏花", "两个黄鹂鸣翠柳\n一行白鹭上青天")


@pytest.fixture
def view(qtbot):
    found = TakesView()
    qtbot.addWidget(found)
    found.resize(1024, 500)
    found.show()
    qtbot.waitExposed(found)
    return found


def test_the_button_asks_for_as_many_takes_as_are_set(view, qtbot):
    view.count.setValue(3)
    with qtbot.waitSignal(view.wanted) as asked:
        qtbot.mouseClick(view.write, Qt.MouseButton.LeftButton)
    assert asked.args == [3]


def test_two_to_eight_takes_can_be_asked_for(view):
    assert (view.count.minimum(), view.count.maximum()) == (FEWEST, MOST) == (2, 8)


def test_drafts_grow_and_finished_takes_can_be_chosen_while_others_are_written(view, qtbot):
    view.begin(3)
    assert view.running
    assert view.texts() == ("", "", "")
    assert not any(view.card(index).use.isEnabled() for index in range(3))
    for end in range(len(VERSES[0])):
        view.set_draft(0, VERSES[0][:end])
    assert view.texts()[0] == VERSES[0][:-1]
    view.finish(1, VERSES[1], "perplexity 41")
    with qtbot.assertNotEmitted(view.chosen):
        view.choose(0)
    with qtbot.waitSignal(view.chosen) as chosen:
        view.choose(1)
    assert chosen.args == [1]
    view.finish(0, VERSES[0])
    view.finish(2, "", "no line was found")
    assert not view.running
    assert view.texts() == (VERSES[0], VERSES[1], "")


def test_the_button_of_a_card_chooses_it(view, qtbot):
    view.set_texts(VERSES)
    with qtbot.waitSignal(view.chosen) as chosen:
        qtbot.mouseClick(view.card(2).use, Qt.MouseButton.LeftButton)
    assert chosen.args == [2]


def test_a_take_without_a_text_cannot_be_chosen_and_says_why(view, qtbot):
    view.begin(2)
    view.finish(0, "", "acrostic: line 3 has no such beginning")
    assert not view.card(0).use.isEnabled()
    assert view.card(0).note() == "acrostic: line 3 has no such beginning"
    with qtbot.assertNotEmitted(view.chosen):
        view.choose(0)


def test_what_stands_when_writing_ends_early_can_be_chosen(view, qtbot):
    view.begin(2)
    view.set_draft(0, "春风")
    with qtbot.waitSignal(view.stop_wanted):
        qtbot.mouseClick(view.stop, Qt.MouseButton.LeftButton)
    view.end()
    assert not view.running
    view.set_draft(0, "a draft that comes late")
    assert view.texts() == ("春风", "")
    assert view.card(0).use.isEnabled()
    assert not view.card(1).use.isEnabled()


def test_a_number_without_a_take_is_let_pass(view, qtbot):
    view.set_texts(VERSES)
    with qtbot.assertNotEmitted(view.chosen):
        view.choose(7)
        view.choose(-1)
    view.set_draft(9, "x")
    view.finish(9, "x")
    assert view.texts() == VERSES


def test_new_takes_replace_those_before(view):
    view.set_texts(VERSES)
    view.begin(8)
    assert view.texts() == ("",) * 8
    assert view.count.value() == 8
    view.set_texts(())
    assert view.texts() == ()
    assert not view.running


def test_markup_and_control_characters_are_shown_as_they_are_and_given_back_whole(view):
    nasty = "<b>bold</b> &amp; \x00\x1b\u202eevil"
    view.begin(2)
    view.finish(0, nasty, nasty)
    assert view.texts()[0] == nasty
    assert view.card(0).body().toPlainText() == visible(nasty) == "<b>bold</b> &amp; ␀␛\ufffdevil"
    assert view.card(0).note() == visible(nasty)


def test_each_card_has_room_for_a_line_of_seven_and_eight_cards_scroll_sideways(view):
    view.set_text_font(QFont(QApplication.font().family(), 20))
    view.set_texts(["春风又绿江南岸，"] * 8)
    QApplication.processEvents()
    for index in range(8):
        body = view.card(index).body()
        assert body.viewport().width() >= QFontMetrics(body.font()).horizontalAdvance("春风又绿江南岸，")
    assert view.sideways().maximum() > 0


def test_tab_goes_from_card_to_card_and_brings_it_into_sight(view, qtbot):
    view.set_text_font(QFont(QApplication.font().family(), 20))
    view.set_texts(["春风"] * 8)
    QApplication.processEvents()
    view.card(0).body().setFocus()
    seen = []
    for _ in range(16):
        qtbot.keyClick(QApplication.focusWidget(), Qt.Key.Key_Tab)
        seen.append(QApplication.focusWidget())
    assert [view.card(index).use for index in range(8)] == seen[::2]
    assert view.sideways().value() > 0
    assert seen[-1] is view.back


def test_every_control_has_a_name_and_a_sentence(view):
    view.set_texts(VERSES)
    for control in (view.count, view.write, view.back, view.card(0).use):
        assert control.accessibleName() or control.text()
        assert control.toolTip().endswith(".")
    assert {view.card(index).accessibleName() for index in range(3)} == {"Take 1", "Take 2", "Take 3"}


def test_a_new_language_is_taken_over_at_once(view, qtbot):
    view.set_texts(VERSES)
    view.write.setText("")
    view.card(0).use.setText("")
    QApplication.sendEvent(view, QEvent(QEvent.Type.LanguageChange))
    assert view.write.text()
    assert view.card(0).use.text()


def test_a_growing_draft_keeps_what_is_selected(view):
    view.begin(2)
    view.set_draft(0, "春风又绿")
    cursor = view.card(0).body().textCursor()
    cursor.setPosition(0)
    cursor.setPosition(2, cursor.MoveMode.KeepAnchor)
    view.card(0).body().setTextCursor(cursor)
    view.set_draft(0, "春风又绿江南岸")
    assert view.card(0).body().textCursor().selectedText() == "春风"
    view.set_draft(0, "小楼")
    assert view.card(0).body().toPlainText() == "小楼"


def test_cards_that_made_way_are_gone(view, qtbot):
    for _ in range(3):
        view.begin(8)
    qtbot.waitUntil(lambda: len(view.findChildren(TakeCard)) == 8)
