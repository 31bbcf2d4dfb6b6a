"""The texts that were generated, shown as they are and brought back by hand or key."""

import pytest
from PySide6.QtCore import QDateTime, QEvent, QPoint, Qt
from PySide6.QtTest import QSignalSpy
from PySide6.QtWidgets import QApplication, QListView, QPushButton

from toolkit.gui.history_panel import HistoryPanel, seed_of
from toolkit.gui.history_rows import MADE
from toolkit.gui.project import Generation


def generation(text: str, seed: int | None = None, made: str = "2026-02-03T04:05:06+00:00") -> Generation:
    return Generation(text, {"seed": seed}, made, "builtin:songci")


@pytest.fixture
def panel(qtbot):
    panel = HistoryPanel()
    qtbot.addWidget(panel)
    panel.resize(320, 480)
    panel.show()
    return panel


def view(panel) -> QListView:
    return panel.findChild(QListView)


def shown(panel, role=Qt.ItemDataRole.DisplayRole) -> list[str]:
    model = view(panel).model()
    return [model.index(row, 0).data(role) for row in range(model.rowCount())]


def choose(panel, row: int) -> None:
    view(panel).setCurrentIndex(view(panel).model().index(row, 0))


def button(panel, word: str) -> QPushButton:
    return next(each for each in panel.findChildren(QPushButton) if word in each.text().replace("&", ""))


def test_the_newest_is_first_with_its_first_line_time_and_seed(panel):
    now = QDateTime.currentDateTime()
    today = now.toString(Qt.DateFormat.ISODate)
    panel.set_generations([generation("old\nx", 7), generation("\n\n  new   line\nrest", 8, today)])
    assert shown(panel) == ["new line", "old"]
    newest, oldest = shown(panel, MADE)
    assert newest == f"{now.toString('HH:mm:ss')} · seed 8"
    assert "2026" in oldest
    assert oldest.endswith(" · seed 7")
    assert shown(panel, Qt.ItemDataRole.AccessibleTextRole)[0] == f"new line, {newest}"


@pytest.mark.parametrize(
    ("text", "made", "preview", "below"),
    [
        ("", "", "(empty)", "seed 5"),
        ("\x00\x07", "yesterday", "(empty)", "seed 5"),
        ("<b>a</b>&amp;", "", "<b>a</b>&amp;", "seed 5"),
        ("a\u202eb\x1b[31mc\t d", "", "ab[31mc d", "seed 5"),
        ("月" * 10_000, "", "月" * 200, "seed 5"),
    ],
)
def test_any_text_is_shown_on_one_line_as_it_is(panel, text, made, preview, below):
    panel.set_generations([generation(text, 5, made)])
    assert shown(panel) == [preview]
    assert shown(panel, MADE) == [below]
    assert not panel.grab().isNull()


def test_the_tooltip_has_the_lines_and_nothing_of_them_is_read_as_html(panel):
    panel.set_generations([generation("<img src=x>\n\n  second & last"), generation("line\n" * 100)])
    long, short = shown(panel, Qt.ItemDataRole.ToolTipRole)
    assert "&lt;img src=x&gt;\n\n  second &amp; last</div>" in short
    assert long.count("line") == 30
    assert "…" in long


@pytest.mark.parametrize(
    ("recipe", "seed"),
    [
        ({"options": {"seed": 3}, "seed": 4}, 3),
        ({"seed": 4}, 4),
        ({}, None),
        ({"options": 5}, None),
        ({"seed": "x"}, None),
    ],
)
def test_the_seed_is_found_in_both_kinds_of_recipe(recipe, seed):
    assert seed_of(recipe) == seed


@pytest.mark.parametrize("key", [Qt.Key.Key_Return, Qt.Key.Key_Enter])
def test_enter_brings_back_the_chosen_one(panel, qtbot, key):
    panel.set_generations([generation(text) for text in "abc"])
    qtbot.keyClick(view(panel), Qt.Key.Key_Home)
    qtbot.keyClick(view(panel), Qt.Key.Key_Down)
    with qtbot.waitSignal(panel.restore_wanted) as wanted:
        qtbot.keyClick(view(panel), key)
    assert wanted.args == [1]


def test_a_double_click_brings_back_what_is_under_it_once(panel, qtbot):
    panel.set_generations([generation(text) for text in "abc"])
    where = view(panel).visualRect(view(panel).model().index(2, 0)).center()
    spy = QSignalSpy(panel.restore_wanted)
    for act in (qtbot.mouseClick, qtbot.mouseDClick):
        act(view(panel).viewport(), Qt.MouseButton.LeftButton, pos=where)
    assert [spy.at(i)[0] for i in range(spy.count())] == [0]


def test_the_buttons_and_the_menu_ask_for_the_chosen_one(panel, qtbot):
    panel.set_generations([generation(text) for text in "abc"])
    assert not button(panel, "Bring back").isEnabled()
    assert not button(panel, "Copy recipe").isEnabled()
    choose(panel, 0)
    with qtbot.waitSignal(panel.restore_wanted) as restored:
        qtbot.mouseClick(button(panel, "Bring back"), Qt.MouseButton.LeftButton)
    with qtbot.waitSignal(panel.copy_recipe_wanted) as copied:
        qtbot.mouseClick(button(panel, "Copy recipe"), Qt.MouseButton.LeftButton)
    assert restored.args == copied.args == [2]
    for action, signal in zip(view(panel).actions(), (panel.restore_wanted, panel.copy_recipe_wanted), strict=True):
        with qtbot.waitSignal(signal) as wanted:
            action.trigger()
        assert wanted.args == [2]
    assert view(panel).contextMenuPolicy() == Qt.ContextMenuPolicy.ActionsContextMenu


def test_the_chosen_one_stays_chosen_when_others_come(panel):
    texts = [generation(text) for text in "ab"]
    panel.set_generations(texts)
    choose(panel, 1)
    panel.set_generations([*texts, generation("c")])
    assert view(panel).currentIndex().data() == "a"
    panel.set_generations([])
    assert not view(panel).isVisible()
    assert not button(panel, "Bring back").isEnabled()
    panel.set_generations(texts)
    assert not view(panel).currentIndex().isValid()


def test_what_was_generated_last_is_in_sight_unless_one_scrolled_away(panel):
    many = [generation(str(number)) for number in range(100)]
    panel.set_generations(many)
    bar = view(panel).verticalScrollBar()
    choose(panel, 3)
    assert bar.value() == 0
    panel.set_generations([*many, generation("newest")])
    assert view(panel).indexAt(QPoint(5, 5)).data() == "newest"


def test_a_hundred_thousand_texts_are_not_read_until_they_are_seen(panel, qtbot):
    read = []

    class Many(list):
        def __getitem__(self, index):
            read.append(index)
            return super().__getitem__(index)

    panel.set_generations(Many([generation("a")] * 100_000))
    qtbot.waitUntil(lambda: view(panel).indexAt(QPoint(5, 5)).isValid())
    panel.grab()
    assert 0 < len(set(read)) < 100


def test_every_part_has_a_name_and_the_words_are_set_anew_for_a_language(panel):
    assert view(panel).accessibleName()
    for each in panel.findChildren(QPushButton):
        assert each.toolTip()
        each.setText("")
    QApplication.sendEvent(panel, QEvent(QEvent.Type.LanguageChange))
    assert button(panel, "Bring back").text() == "&Bring back"
