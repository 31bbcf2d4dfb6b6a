"""The editor: undo in steps that a writer means, input methods left alone, positions in characters."""

import random

import pytest
from PySide6.QtCore import QMimeData, QPoint, QPointF, QRect, Qt, QUrl
from PySide6.QtGui import QGuiApplication, QInputMethodEvent, QKeySequence, QShortcut, QTextCursor
from PySide6.QtWidgets import QApplication

from toolkit.gui.line_gutter import LineMark
from toolkit.gui.lyric_editor import LyricEditor

POEM = "东风吹绿小桥西\n柳外黄莺自在啼\n一夜落花春水满\n隔帘微雨燕飞低"


@pytest.fixture
def editor(qtbot):
    editor = LyricEditor()
    qtbot.addWidget(editor)
    editor.resize(700, 500)
    editor.show()
    editor.activateWindow()
    editor.setFocus()
    qtbot.waitUntil(editor.hasFocus)
    return editor


def compose(editor, preedit="", commit=""):
    event = QInputMethodEvent(preedit, [])
    event.setCommitString(commit)
    QApplication.sendEvent(editor, event)


def paste(editor, text, html=""):
    data = QMimeData()
    data.setText(text)
    if html:
        data.setHtml(html)
    editor.insertFromMimeData(data)


def stream(editor, *pieces, at=None, until=None):
    assert editor.begin_stream(at, until)
    for piece in pieces:
        editor.stream(piece)
    return editor.end_stream()


def point_of(editor, position):
    return editor.viewport().mapFromGlobal(editor.character_rect(position).center())


def test_a_stream_is_one_step_of_undo_between_what_is_typed(editor, qtbot):
    qtbot.keyClicks(editor, "ab")
    assert stream(editor, "东", "风\n", "吹") == (2, 6)
    qtbot.keyClicks(editor, "cd")
    texts = [editor.text()]
    while editor.document().isUndoAvailable():
        editor.undo()
        texts.append(editor.text())
    assert texts == ["ab东风\n吹cd", "ab东风\n吹", "ab", ""]
    for text in reversed(texts[:-1]):
        editor.redo()
        assert editor.text() == text


def test_two_streams_are_two_steps(editor):
    stream(editor, "一", "二")
    stream(editor, "三", "四")
    editor.undo()
    assert editor.text() == "一二"


def test_a_stream_that_takes_text_out_first_is_one_step(editor):
    editor.load(POEM)
    stream(editor, "新", "词", at=3, until=len(POEM))
    assert editor.text() == "东风吹新词"
    editor.undo()
    assert editor.text() == POEM
    assert not editor.document().isUndoAvailable()


def test_a_stream_without_a_piece_is_no_step(editor):
    stream(editor)
    assert not editor.document().isUndoAvailable()


def test_a_line_end_in_two_pieces_is_one(editor):
    stream(editor, "一\r", "\n二", "\x00三")
    assert editor.text() == "一\n二三"


def test_typing_undo_and_a_second_stream_are_refused_while_one_is_open(editor, qtbot):
    editor.begin_stream()
    editor.stream("一")
    qtbot.keyClicks(editor, "abc")
    qtbot.keyClick(editor, Qt.Key.Key_Return)
    paste(editor, "pasted")
    compose(editor, commit="词")
    editor.undo()
    assert not editor.begin_stream()
    assert not editor.replace_all("x")
    assert editor.text() == "一"
    editor.end_stream()
    qtbot.keyClicks(editor, "d")
    assert editor.text() == "一d"


def test_a_lock_set_during_a_stream_keeps_it_one_step(editor):
    editor.load("一\n二")
    editor.begin_stream()
    editor.stream("三")
    editor.toggle_lock(1)
    editor.stream("四")
    editor.end_stream()
    editor.undo()
    assert (editor.text(), editor.locked_lines()) == ("一\n二", frozenset())


def test_the_cursor_goes_along_only_from_the_place_of_the_stream(editor):
    editor.load("一二三")
    stream(editor, "四", "五")
    assert editor.cursor_position() == 5
    editor.set_cursor_position(1)
    stream(editor, "六", at=5)
    assert editor.cursor_position() == 1


def test_a_reader_who_scrolled_up_stays_there_while_text_comes(editor):
    editor.load("\n".join(["一"] * 200))
    editor.verticalScrollBar().setValue(0)
    stream(editor, "二\n", "三")
    assert editor.verticalScrollBar().value() == 0


def test_a_replacement_is_one_step_and_leaves_what_is_equal(editor):
    editor.load("\n".join(f"第{line}行" for line in range(300)))
    before = editor.text()
    editor.set_cursor_position(2)
    editor.verticalScrollBar().setValue(120)
    assert editor.replace_all(before.replace("第250行", "别的\n两行"))
    assert editor.verticalScrollBar().value() == 120
    assert editor.cursor_position() == 2
    assert editor.text() == before.replace("第250行", "别的\n两行")
    editor.undo()
    assert editor.text() == before


def test_a_range_is_replaced_by_characters_not_units(editor):
    editor.load("😀𠀀春风😀\n𠀀花")
    editor.replace_range(2, 3, "秋𠀀")
    assert editor.text() == "😀𠀀秋𠀀风😀\n𠀀花"
    editor.set_cursor_position(8)
    assert (editor.cursor_position(), editor.current_line()) == (8, 2)
    editor.moveCursor(QTextCursor.MoveOperation.End)
    assert editor.cursor_position() == len(editor.text())
    assert stream(editor, "😀", "春") == (9, 11)


def test_locks_follow_their_lines_and_come_back_with_undo(editor, qtbot):
    editor.load(POEM)
    editor.set_locked_lines({2, 4})
    editor.set_cursor_position(0)
    qtbot.keyClick(editor, Qt.Key.Key_Return)
    assert editor.locked_lines() == {3, 5}
    editor.replace_range(0, len(POEM) + 1, "一行")
    assert editor.locked_lines() == frozenset()
    editor.undo()
    assert editor.locked_lines() == {3, 5}
    editor.undo()
    assert editor.locked_lines() == {2, 4}
    editor.undo()
    assert editor.locked_lines() == frozenset()
    editor.redo()
    assert editor.locked_lines() == {2, 4}


@pytest.mark.parametrize(("at", "locked"), [(0, {2}), (3, {1, 2}), (7, {1})])
def test_a_locked_line_broken_in_two_is_locked_where_its_text_is(editor, qtbot, at, locked):
    editor.load(POEM, {1})
    editor.set_cursor_position(at)
    qtbot.keyClick(editor, Qt.Key.Key_Return, Qt.KeyboardModifier.ShiftModifier)
    assert editor.locked_lines() == locked
    assert editor.text() == POEM[:at] + "\n" + POEM[at:]


def test_text_streamed_behind_a_locked_line_is_free(editor):
    editor.load(POEM, {4})
    stream(editor, "\n新行", "\n又一行")
    assert editor.locked_lines() == {4}


def test_an_emptied_line_is_free_and_empty_lines_cannot_be_locked(editor, qtbot):
    editor.load("一\n\n三", {1, 2})
    assert editor.locked_lines() == {1}
    editor.set_cursor_position(1)
    qtbot.keyClick(editor, Qt.Key.Key_Backspace)
    assert editor.locked_lines() == frozenset()
    editor.undo()
    assert (editor.text(), editor.locked_lines()) == ("一\n\n三", {1})


def test_a_new_text_keeps_the_locks_of_lines_that_it_still_has(editor):
    editor.load("一\n副歌\n二\n副歌", {3, 4})
    editor.replace_all("新\n一\n副歌\n二\n副歌")
    assert editor.locked_lines() == {4, 5}
    editor.replace_all("全\n新", locked={2})
    assert editor.locked_lines() == {2}
    editor.undo()
    assert editor.locked_lines() == {4, 5}


def test_whatever_happens_locks_and_spans_are_those_that_a_full_look_finds(editor):
    from toolkit.gui.line_locks import is_locked

    draw = random.Random(7)
    editor.load(POEM, {2})
    for _ in range(250):
        text = editor.text()
        at, end = sorted((draw.randint(0, len(text)), draw.randint(0, len(text))))
        match draw.randrange(6):
            case 0:
                editor.replace_range(at, min(end, at + 5), draw.choice(["春", "", "\n", "😀\n𠀀\n", "花\n"]))
            case 1:
                editor.undo()
            case 2:
                editor.redo()
            case 3:
                editor.toggle_lock(draw.randint(1, editor.blockCount()))
            case 4:
                stream(editor, "月\n", "😀", at=at)
            case 5:
                editor.replace_all("\n".join(draw.sample(text.split("\n"), editor.blockCount())))
        blocks = [editor.document().findBlockByNumber(line) for line in range(editor.blockCount())]
        assert editor.text() == editor.toPlainText() == "\n".join(block.text() for block in blocks)
        assert editor.locked_lines() == {line for line, block in enumerate(blocks, 1) if is_locked(block)}
        assert not any(block.length() == 1 and is_locked(block) for block in blocks)
    while editor.document().isUndoAvailable():
        editor.undo()
    assert (editor.text(), editor.locked_lines()) == (POEM, {2})


def test_nothing_happens_to_what_an_input_method_composes(editor, qtbot):
    editor.load(POEM)
    told = []
    editor.composing_changed.connect(told.append)
    compose(editor, "chun")
    assert editor.composing
    assert not editor.begin_stream()
    assert not editor.replace_all("x")
    assert not editor.replace_range(0, 1, "x")
    editor.walk(-1)
    paste(editor, "x")
    editor.undo()
    with qtbot.assertNotEmitted(editor.alternatives_wanted, wait=500):
        qtbot.mouseMove(editor.viewport(), point_of(editor, 2))
    assert editor.text() == POEM
    compose(editor, commit="春")
    assert editor.text() == POEM + "春"
    assert told == [True, False]
    assert editor.begin_stream()


def test_a_shortcut_is_not_heard_while_an_input_method_composes(editor, qtbot):
    shortcut = QShortcut(QKeySequence("Ctrl+Return"), editor)
    compose(editor, "chun")
    with qtbot.assertNotEmitted(shortcut.activated):
        qtbot.keyClick(editor, Qt.Key.Key_Return, Qt.KeyboardModifier.ControlModifier)
    compose(editor)
    with qtbot.waitSignal(shortcut.activated, timeout=1000):
        qtbot.keyClick(editor, Qt.Key.Key_Return, Qt.KeyboardModifier.ControlModifier)


def test_what_an_input_method_enters_is_cleaned_and_one_step(editor):
    compose(editor, "chun")
    compose(editor, commit="春\x00\u2029风\r\n")
    assert editor.text() == "春\n风\n"
    editor.undo()
    assert editor.text() == ""


def test_composed_text_is_entered_when_the_focus_goes(editor):
    compose(editor, "chun")
    editor.clearFocus()
    assert (editor.text(), editor.composing) == ("chun", False)


def test_pasted_text_is_plain_and_clean(editor):
    paste(editor, "一\r\n二\u2029三\x00<b>四</b>", html="<h1>一</h1>")
    assert editor.text() == "一\n二\n三<b>四</b>"
    assert editor.blockCount() == 3
    assert not editor.document().begin().begin().fragment().charFormat().hasProperty(0x2003)
    editor.undo()
    assert editor.text() == ""


def test_files_are_left_to_the_window(editor):
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile("model.onnx")])
    assert not editor.canInsertFromMimeData(data)


def test_text_that_is_edited_is_told_of_but_a_lock_is_no_edit(editor, qtbot):
    editor.load(POEM)
    with qtbot.assertNotEmitted(editor.edited), qtbot.waitSignal(editor.locked_changed):
        editor.toggle_lock(1)
    with qtbot.waitSignal(editor.edited):
        qtbot.keyClicks(editor, "x")


def test_generated_characters_move_with_the_text_and_a_cut_parts_them(editor):
    editor.load("甲乙😀丙丁戊")
    editor.set_generated([(1, 5)])
    editor.toggle_lock(1)
    assert editor.generated() == ((1, 5),)
    editor.replace_range(0, 0, "😀\n")
    assert editor.generated() == ((3, 7),)
    editor.replace_range(5, 5, "手")
    assert editor.generated() == ((3, 5), (6, 8))
    editor.replace_range(4, 7, "")
    assert editor.generated() == ((3, 4), (4, 5))


def test_a_rest_of_the_mouse_on_a_generated_character_asks_for_alternatives(editor, qtbot):
    editor.load("甲乙😀丙\n" + POEM)
    editor.set_generated([(3, 6)])
    with qtbot.waitSignal(editor.alternatives_wanted, timeout=2000) as asked:
        qtbot.mouseMove(editor.viewport(), point_of(editor, 3))
    assert asked.args == [3]
    assert not editor.walking
    with qtbot.waitSignal(editor.left_alternatives, timeout=2000):
        qtbot.mouseMove(editor.viewport(), point_of(editor, 0))


@pytest.mark.parametrize("leave", ["key", "esc", "scroll", "click", "focus"])
def test_alternatives_are_left_by(editor, qtbot, leave):
    editor.load("\n".join(["一二三"] * 100))
    editor.set_cursor_position(0)
    editor.walk(1)
    with qtbot.waitSignal(editor.left_alternatives, timeout=1000):
        match leave:
            case "key":
                qtbot.keyClicks(editor, "x")
            case "esc":
                qtbot.keyClick(editor, Qt.Key.Key_Escape)
            case "scroll":
                editor.verticalScrollBar().setValue(20)
            case "click":
                qtbot.mouseClick(editor.viewport(), Qt.MouseButton.LeftButton, pos=QPoint(80, 60))
            case "focus":
                editor.clearFocus()


def test_alt_and_arrows_walk_along_what_was_generated(editor, qtbot):
    editor.load("甲乙丙丁戊")
    editor.set_generated([(0, 2), (4, 5)])
    asked = []
    editor.alternatives_wanted.connect(asked.append)
    for key in (Qt.Key.Key_Left, Qt.Key.Key_Left, Qt.Key.Key_Left, Qt.Key.Key_Left, Qt.Key.Key_Right, Qt.Key.Key_Right):
        qtbot.keyClick(editor, key, Qt.KeyboardModifier.AltModifier)
    assert asked == [4, 1, 0, 1, 4]
    assert editor.walking
    assert editor.cursor_position() == 4
    editor.mark_asked(3, 5)
    editor.walk(-1)
    assert asked[-1] == 1
    editor.set_cursor_position(5)
    editor.ask()
    assert asked[-1] == 4


def test_a_walk_scrolls_to_its_character(editor, qtbot):
    editor.load("\n".join(["一二三"] * 200))
    editor.set_cursor_position(0)
    editor.verticalScrollBar().setValue(150)
    with qtbot.waitSignal(editor.alternatives_wanted):
        editor.walk(1)
    inside = QRect(editor.viewport().mapToGlobal(QPoint(0, 0)), editor.viewport().size())
    assert inside.contains(editor.character_rect(0))


def test_the_place_of_a_character_is_found_again_by_its_point(editor):
    editor.load("甲😀乙\n𠀀春 ab fi")
    for position, char in enumerate(editor.text()):
        if char != "\n":
            assert editor.character_at(QPointF(point_of(editor, position))) == position
    assert editor.character_at(QPointF(600, 20)) == -1


def test_marks_move_with_their_lines_until_new_ones_come(editor):
    editor.load(POEM)
    marks = [LineMark(7, "7", letter) for letter in "AAXA"]
    editor.set_counts(marks)
    editor.replace_range(7, 7, "\n新\n新")
    assert editor.marks() == (marks[0], LineMark(), LineMark(), *marks[1:])
    editor.undo()
    assert editor.marks() == tuple(marks)


def test_the_strip_locks_rerolls_and_explains(editor, qtbot):
    editor.load(POEM)
    bare = editor._gutter.width()
    editor.set_counts([LineMark(7, "7", "A"), LineMark(6, "7", "A", "Line 2 has <6> characters")])
    gutter = editor._gutter
    assert gutter.width() > bare
    columns = gutter._columns()
    middle = [round(rect.top() + 12) for _, rect in editor.visible_blocks()]
    lock, reroll = (QPoint(round(columns[name]) + 4, middle[1]) for name in ("lock", "reroll"))
    with qtbot.waitSignal(editor.reroll_wanted) as line:
        qtbot.mouseClick(gutter, Qt.MouseButton.LeftButton, pos=reroll)
    assert line.args == [2]
    qtbot.mouseClick(gutter, Qt.MouseButton.LeftButton, pos=lock)
    assert editor.locked_lines() == {2}
    with qtbot.assertNotEmitted(editor.reroll_wanted):
        qtbot.mouseClick(gutter, Qt.MouseButton.LeftButton, pos=reroll)
    assert gutter.help_at(QPointF(columns["count"] + 2, middle[1])) == "Line 2 has <6> characters"
    assert "7" in gutter.help_at(QPointF(columns["count"] + 2, middle[0]))
    assert "A" in gutter.help_at(QPointF(columns["letter"] + 2, middle[0]))


def test_improbable_characters_are_tinted_and_the_text_stays_as_it_is(editor):
    editor.load("春风")
    editor.clearFocus()
    editor.set_probs([(0, 1, 0.9), (1, 2, 0.0001)])
    plain = editor.viewport().grab().toImage()
    editor.show_probs(True)
    tinted = editor.viewport().grab().toImage()
    corners = [point_of(editor, at) - QPoint(editor.character_rect(at).width() // 2 - 3, 0) for at in (0, 1)]
    edges = [corner - QPoint(0, editor.character_rect(0).height() // 2 - 4) for corner in corners]
    assert tinted.pixelColor(edges[0]) == plain.pixelColor(edges[0])
    assert tinted.pixelColor(edges[1]) != plain.pixelColor(edges[1])
    assert not editor.document().isUndoAvailable()


def test_four_thousand_lines_cost_only_what_is_in_view(editor, qtbot):
    lines = 4000
    editor.load("\n".join(["一夜落花春水满"] * lines), range(1, lines, 2))
    editor.set_counts([LineMark(7, "7", "A")] * lines)
    editor.set_probs([(at, at + 1, 0.01) for at in range(8 * lines - 1)])
    editor.show_probs(True)
    assert len(list(editor.visible_blocks())) < 40
    editor.set_cursor_position(4 * lines)
    qtbot.keyClicks(editor, "x")
    qtbot.keyClick(editor, Qt.Key.Key_Return)
    editor.grab()
    assert editor.blockCount() == lines + 1


def test_the_clipboard_holds_what_was_selected(editor):
    editor.load("一\n😀二")
    editor.selectAll()
    assert editor.selected() == (0, 4)
    editor.copy()
    assert QGuiApplication.clipboard().text() == "一\n😀二"


@pytest.mark.parametrize(
    ("count", "wanted", "fits"), [(7, "7", True), (6, "7", False), (5, "5-7", True), (8, "5-7", False), (3, "", True)]
)
def test_a_count_is_wrong_where_the_length_is_and_not_where_another_rule_breaks(count, wanted, fits):
    assert LineMark(count, wanted, fault="acrostic: another letter").fits == fits
