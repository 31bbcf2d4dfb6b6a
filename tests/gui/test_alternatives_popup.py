"""The list of alternatives: keys while the editor keeps the focus, what closes it, where it fits."""

import pytest
from PySide6.QtCore import QPoint, QPointF, QRect, Qt
from PySide6.QtGui import QGuiApplication, QInputMethodEvent, QKeySequence, QShortcut, QWheelEvent
from PySide6.QtWidgets import QApplication, QMainWindow, QPlainTextEdit

from toolkit.gui.alternatives_popup import AlternativesPopup, Row, percent

ROWS = [
    Row(text, prob, kept)
    for text, prob, kept in [("花", 0.5, 0.7), ("\n", 0.2, 0.0), (" ", 0.1, 0.2), ("<b>", 0.02, 0.1)]
]
AT = QRect(300, 200, 20, 24)


@pytest.fixture
def editor(qtbot):
    window = QMainWindow()
    qtbot.addWidget(window)
    editor = QPlainTextEdit("\n".join(["春"] * 100))
    window.setCentralWidget(editor)
    window.resize(500, 300)
    window.show()
    window.activateWindow()
    editor.setFocus()
    qtbot.waitUntil(editor.hasFocus)
    yield editor
    window.close()


@pytest.fixture
def popup(editor):
    popup = AlternativesPopup(editor)
    popup.show_rows(ROWS, "Line 3: 落", AT)
    return popup


@pytest.mark.parametrize(
    ("keys", "text", "keep"),
    [
        ([Qt.Key.Key_Return], "花", False),
        ([Qt.Key.Key_Down, Qt.Key.Key_Down, Qt.Key.Key_Enter], " ", False),
        ([Qt.Key.Key_Up, Qt.Key.Key_Return], "<b>", False),
        ([Qt.Key.Key_2, Qt.Key.Key_Return], "\n", False),
    ],
)
def test_keys_of_the_editor_choose_and_change_nothing_in_it(editor, popup, qtbot, keys, text, keep):
    before = editor.toPlainText()
    with qtbot.waitSignal(popup.closed), qtbot.waitSignal(popup.chosen) as chosen:
        for key in keys:
            qtbot.keyClick(editor, key)
    assert chosen.args == [text, keep]
    assert editor.toPlainText() == before
    assert editor.hasFocus()


def test_shift_enter_keeps_the_rest(editor, popup, qtbot):
    with qtbot.waitSignal(popup.chosen) as chosen:
        qtbot.keyClick(editor, Qt.Key.Key_Return, Qt.KeyboardModifier.ShiftModifier)
    assert chosen.args == ["花", True]


@pytest.mark.parametrize("shift", [False, True])
def test_a_click_chooses_its_row(editor, popup, qtbot, shift):
    modifier = Qt.KeyboardModifier.ShiftModifier if shift else Qt.KeyboardModifier.NoModifier
    rows = popup._list
    place = rows.visualItemRect(rows.item(2)).center()
    with qtbot.waitSignal(popup.chosen) as chosen:
        qtbot.mouseClick(rows.viewport(), Qt.MouseButton.LeftButton, modifier, place)
    assert chosen.args == [" ", shift]
    assert editor.hasFocus()


def test_a_list_that_the_mouse_brought_leaves_typing_alone_until_it_is_entered(editor, popup, qtbot):
    editor.selectAll()
    popup.show_rows(ROWS, "", AT, take_keys=False)
    with qtbot.assertNotEmitted(popup.chosen), qtbot.waitSignal(popup.closed):
        qtbot.keyClicks(editor, "2")
    assert editor.toPlainText() == "2"
    popup.show_rows(ROWS, "", AT, take_keys=False)
    qtbot.keyClick(editor, Qt.Key.Key_Down)
    with qtbot.waitSignal(popup.chosen) as chosen:
        qtbot.keyClick(editor, Qt.Key.Key_Return)
    assert chosen.args == ["花", False]


@pytest.mark.parametrize("how", ["esc", "type", "compose", "scroll", "wheel", "focus", "window", "move", "click"])
def test_it_closes_without_a_choice_on(editor, popup, qtbot, how):
    with qtbot.assertNotEmitted(popup.chosen), qtbot.waitSignal(popup.closed, timeout=1000):
        match how:
            case "esc":
                qtbot.keyClick(editor, Qt.Key.Key_Escape)
            case "type":
                qtbot.keyClicks(editor, "x")
            case "compose":
                QApplication.sendEvent(editor, QInputMethodEvent("chun", []))
            case "scroll":
                editor.verticalScrollBar().setValue(10)
            case "wheel":
                wheel = QWheelEvent(
                    QPointF(9, 9),
                    QPointF(9, 9),
                    QPoint(0, 0),
                    QPoint(0, -120),
                    Qt.MouseButton.NoButton,
                    Qt.KeyboardModifier.NoModifier,
                    Qt.ScrollPhase.NoScrollPhase,
                    False,
                )
                QApplication.sendEvent(editor.viewport(), wheel)
            case "focus":
                editor.clearFocus()
            case "window":
                editor.window().close()
            case "move":
                editor.window().resize(450, 280)
            case "click":
                qtbot.mouseClick(editor.viewport(), Qt.MouseButton.LeftButton, pos=QPoint(5, 5))
    assert not popup.isVisible()


def test_it_never_takes_the_focus_and_modifiers_leave_it_open(editor, popup, qtbot):
    qtbot.keyClick(editor, Qt.Key.Key_Shift)
    qtbot.keyClick(editor, Qt.Key.Key_Right, Qt.KeyboardModifier.AltModifier)
    assert popup.isVisible()
    assert editor.hasFocus()
    assert not popup.isActiveWindow()


def test_esc_closes_the_list_before_it_is_a_shortcut_of_the_window(editor, popup, qtbot):
    stop = QShortcut(QKeySequence("Esc"), editor.window())
    with qtbot.assertNotEmitted(stop.activated):
        qtbot.keyClick(editor, Qt.Key.Key_Escape)
    with qtbot.waitSignal(stop.activated, timeout=1000):
        qtbot.keyClick(editor, Qt.Key.Key_Escape)


@pytest.mark.parametrize("corner", ["topLeft", "topRight", "bottomLeft", "bottomRight"])
@pytest.mark.parametrize("count", [1, 10, 60])
def test_it_fits_on_the_screen_and_hides_not_its_character(editor, popup, corner, count):
    area = QGuiApplication.primaryScreen().availableGeometry()
    at = QRect(0, 0, 20, 24)
    at.moveCenter(getattr(area, corner)())
    popup.show_rows([Row("花", 0.1, 0.1)] * count, "Line 3: " + "落" * 80, at)
    assert area.contains(popup.geometry())
    assert count > 10 or not popup.geometry().intersects(at)


def test_an_answer_without_rows_shows_what_it_says(popup, editor, qtbot):
    popup.show_rows([], "The model is busy.", AT)
    assert popup.isVisible()
    qtbot.keyClick(editor, Qt.Key.Key_Down)
    assert not popup.isVisible()


def test_a_choice_may_bring_the_next_list(editor, popup, qtbot):
    popup.chosen.connect(lambda *_: popup.show_rows(ROWS[:2], "next", AT))
    qtbot.keyClick(editor, Qt.Key.Key_1)
    qtbot.keyClick(editor, Qt.Key.Key_Return)
    assert popup.isVisible()
    assert popup.rows() == tuple(ROWS[:2])


def test_a_screen_reader_hears_each_row_with_its_numbers(popup):
    spoken = popup._list.item(1).data(Qt.ItemDataRole.AccessibleTextRole)
    assert "↵" in spoken
    assert "20%" in spoken
    assert "–" in spoken


@pytest.mark.parametrize(
    ("prob", "shown"), [(0.0, "–"), (0.0001, "<0.1%"), (0.004, "0.4%"), (0.0994, "9.9%"), (0.42, "42%"), (1.0, "100%")]
)
def test_probabilities_are_short(prob, shown):
    assert percent(prob) == shown


def test_the_editor_may_go_while_the_list_is_shown(qtbot):
    import shiboken6

    editor = QPlainTextEdit()
    editor.show()
    popup = AlternativesPopup(editor)
    popup.show_rows(ROWS, "", AT)
    shiboken6.delete(editor)
    assert not shiboken6.isValid(popup)
