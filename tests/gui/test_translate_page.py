import subprocess
import sys
from types import SimpleNamespace

import numpy as np
import pytest
from PySide6.QtCore import QEvent, Qt
from PySide6.QtWidgets import QApplication, QWidget

from toolkit.bundle import SEQ2SEQ, SOURCE, TARGET, ModelInfo
from toolkit.gui.translate_page import TranslatePage, answers_in_kind, sources_of
from toolkit.parallel import ParallelOptions, load_parallel
from toolkit.seq2seq import Encoded
from toolkit.signature import seq2seq_signatures
from toolkit.tokenizer import TokenizerOptions, build_marked_tokenizer
from toolkit.translation import TranslateOptions, Translation
from toolkit.translator import Translator


class HandMade:
    """A backend whose logits depend on the source, and on how many tokens are written and on the last of them."""

    device = "cpu"

    def __init__(self, vocab_size):
        self.signatures = seq2seq_signatures("rnn", 1, 1, 1, vocab_size, attention=False)
        self._vocab_size = vocab_size

    def encode(self, input_ids, lengths):
        memory = input_ids[:, :, None].astype(np.float32)
        return Encoded(memory, lengths, (memory.sum(axis=1)[None] % 1009,))

    def step(self, input_ids, state, source):
        (h,) = state
        after = (h * 31 + input_ids[None, :, None] + 1) % 1009
        logits = 3 * np.sin(np.outer(after[0, :, 0], np.arange(self._vocab_size) + 2))
        return logits.astype(np.float32), (after.astype(np.float32),), None


def model_of(source):
    """The facts of a model of some pairs of texts, and a model with these vocabularies."""
    data = load_parallel(source, ParallelOptions(max_pairs=500))
    texts = zip(*data.train, *data.valid, strict=True)
    reads, writes = (build_marked_tokenizer(part, TokenizerOptions(tokenizer="char")) for part in texts)
    backend = HandMade(len(writes))
    info = ModelInfo(SEQ2SEQ, {"longest_source": 9}, backend.signatures, {SOURCE: reads, TARGET: writes})
    return SimpleNamespace(info=info, model=Translator(backend, reads, writes, longest_source=9))


@pytest.fixture(scope="module")
def couplets():
    """A model that answers a line of Chinese."""
    return model_of("builtin:couplets-zh")


@pytest.fixture(scope="module")
def dates():
    """A model that writes a date in another way."""
    return model_of("builtin:dates")


@pytest.fixture
def page(qtbot, couplets):
    found = TranslatePage()
    qtbot.addWidget(found)
    found.resize(700, 600)
    found.set_model(couplets)
    found.show()
    qtbot.waitExposed(found)
    return found


def answers(page):
    """What the list shows, by line."""
    tree = page.answers.tree
    lines = [tree.topLevelItem(number) for number in range(tree.topLevelItemCount())]
    return {line.text(0): [line.child(row).text(0) for row in range(line.childCount())] for line in lines}


def select(page, line, row):
    tree = page.answers.tree
    tree.setCurrentItem(tree.topLevelItem(line).child(row))


def made(source, text, score=-1.0, reason="stop"):
    return Translation(source, text, (5, 6), (-0.5, -0.5), score, reason)


def test_what_a_model_answers_comes_back_below_their_lines(page, couplets, qtbot):
    page.input.setPlainText("溪暖鱼苗动\n\n  柳线垂新绿 ")
    page.beams.setValue(4)
    page.best.setValue(2)
    with qtbot.waitSignal(page.wanted) as asked:
        qtbot.mouseClick(page.ask, Qt.MouseButton.LeftButton)
    text, options = asked.args
    assert sources_of(text) == ["溪暖鱼苗动", "柳线垂新绿"]
    assert (options.num_beams, options.num_return_sequences, options.same_length) == (4, 2, True)
    page.begin()
    found = [one for group in couplets.model.translate_batch(sources_of(text), options) for one in group]
    page.show_results(found)
    page.end()
    assert answers(page) == {
        "溪暖鱼苗动": [one.text for one in found[:2]],
        "柳线垂新绿": [one.text for one in found[2:]],
    }
    assert page.answers.current() == found[0].text


def test_the_title_tells_an_answer_from_a_translation(page, couplets, dates):
    assert answers_in_kind(couplets.info)
    assert page.title() == "Answer this line"
    assert page.same_length.isChecked()
    assert not answers_in_kind(dates.info)
    page.set_model(dates)
    assert page.title() == "Translate"
    assert not page.same_length.isChecked()


def test_options_set_are_options_got_and_those_without_a_field_are_kept(page):
    options = TranslateOptions(num_beams=7, num_return_sequences=2, length_penalty=0.5, max_new_tokens=33)
    page.set_options(options)
    assert page.options() == options


@pytest.mark.parametrize(("beams", "best"), [(1, 9), (9, 1), (32, 32), (3, 3)])
def test_no_setting_of_the_fields_is_a_fault(page, beams, best):
    page.beams.setValue(beams)
    page.best.setValue(best)
    assert page.options().num_return_sequences == best
    page.best.setValue(best)
    page.beams.setValue(beams)
    assert page.options().num_beams == beams


def test_nothing_can_be_asked_without_a_line_or_a_model_or_while_answers_come(page, couplets, qtbot):
    with qtbot.assertNotEmitted(page.wanted):
        page.want()
        page.input.setPlainText(" \n ")
        page.want()
        page.input.setPlainText("溪暖鱼苗动")
        page.begin()
        page.want()
        page.end()
        page.set_model(None)
        page.want()
    assert page.note()
    page.set_model(couplets)
    with qtbot.waitSignal(page.wanted):
        page.want()


def test_stop_is_there_while_answers_come(page, qtbot):
    assert not page.stop.isVisible()
    page.begin()
    assert page.stop.isVisible()
    with qtbot.waitSignal(page.stop_wanted):
        qtbot.mouseClick(page.stop, Qt.MouseButton.LeftButton)
    page.end()
    assert not page.stop.isVisible()


def test_an_answer_becomes_the_next_line_in_one_step_of_undoing(page, qtbot):
    page.input.setPlainText("溪暖鱼苗动")
    page.show_results([made("溪暖鱼苗动", "篱疏菜叶肥"), made("溪暖鱼苗动", "细雨润桑芽")])
    select(page, 0, 1)
    qtbot.mouseClick(page.answers.next, Qt.MouseButton.LeftButton)
    assert page.input.toPlainText() == "溪暖鱼苗动\n细雨润桑芽"
    page.input.undo()
    assert page.input.toPlainText() == "溪暖鱼苗动"
    page.input.clear()
    page.use_as_next_line("春")
    assert page.input.toPlainText() == "春"


def test_an_answer_goes_into_the_text_by_button_and_by_key(page, qtbot):
    page.show_results([made("一", "二"), made("一", "三")])
    with qtbot.waitSignal(page.chosen) as chosen:
        qtbot.mouseClick(page.answers.use, Qt.MouseButton.LeftButton)
    assert chosen.args == ["二"]
    page.answers.tree.setFocus()
    qtbot.keyClick(page.answers.tree, Qt.Key.Key_Down)
    with qtbot.waitSignal(page.chosen) as chosen:
        qtbot.keyClick(page.answers.tree, Qt.Key.Key_Return)
    assert chosen.args == ["三"]


def test_copy_puts_the_answer_on_the_clipboard(page, qtbot):
    page.show_results([made("一", "<b>二</b>\n\x07三")])
    qtbot.mouseClick(page.answers.copy, Qt.MouseButton.LeftButton)
    assert QApplication.clipboard().text() == "<b>二</b>\n\x07三"
    assert answers(page) == {"一": ["<b>二</b>↵␇三"]}


def test_the_same_line_twice_has_its_answers_twice(page):
    page.input.setPlainText("一\n一")
    page.best.setValue(2)
    page.want()
    page.show_results([made("一", text) for text in "甲乙甲乙"])
    tree = page.answers.tree
    assert [tree.topLevelItem(number).childCount() for number in range(tree.topLevelItemCount())] == [2, 2]


def test_results_that_come_one_by_one_leave_the_current_row_where_it_is(page):
    page.show_results([made("一", "甲"), made("一", "乙")])
    select(page, 0, 1)
    page.show_results([made("一", "甲"), made("一", "乙"), made("二", "丙")])
    assert page.answers.current() == "乙"


def test_scores_and_probabilities_are_shown(page):
    page.show_results([made("一", "甲", score=-1.2345)])
    row = page.answers.tree.topLevelItem(0).child(0)
    assert (row.text(1), row.text(2)) == ("61%", "-1.23")  # exp(-0.5)


def test_what_ended_at_the_bound_is_said_to_be_cut_off_unless_the_length_was_asked_for(page):
    page.input.setPlainText("一")
    page.same_length.setChecked(False)
    page.want()
    page.show_results([made("一", "甲乙", reason="length")])
    assert answers(page) == {"一": ["甲乙 …"]}
    assert page.answers.current() == "甲乙"
    page.same_length.setChecked(True)
    page.want()
    page.show_results([made("一", "甲乙", reason="length")])
    assert answers(page) == {"一": ["甲乙"]}


def test_what_the_model_does_not_know_is_said_beside_the_line(page, couplets):
    assert page.note() == ""
    page.input.setPlainText("溪暖鱼苗动 <i>Ω</i>")
    assert "Ω" in page.note()
    assert "<" in page.note()
    page.input.setPlainText("溪" * (couplets.info.network["longest_source"] + 1))
    assert str(couplets.info.network["longest_source"]) in page.note()


def test_an_error_is_shown_until_the_next_start(page):
    page.show_error("the model returned NaN <b>")
    assert page.error() == "the model returned NaN <b>"
    page.begin()
    assert page.error() == ""


def test_another_model_takes_the_answers_away(page, dates):
    page.show_results([made("一", "甲")])
    page.set_model(dates)
    assert answers(page) == {}
    assert page.answers.current() == ""
    assert not page.answers.use.isEnabled()


def test_every_control_has_a_name_and_a_sentence_of_help(page):
    controls = [page.input, page.beams, page.best, page.longest, page.same_length, page.ask, page.stop]
    for control in [*controls, page.answers.use, page.answers.next, page.answers.copy]:
        assert control.accessibleName() or control.text()
        assert control.toolTip()


def test_a_new_language_keeps_input_and_answers(page):
    page.input.setPlainText("一")
    page.show_results([made("一", "甲")])
    page.ask.setText("")
    QApplication.sendEvent(page, QEvent(QEvent.Type.LanguageChange))
    assert page.ask.text()
    assert page.input.toPlainText() == "一"
    assert answers(page) == {"一": ["甲"]}


def test_a_narrow_page_has_all_its_controls_in_sight(page):
    page.resize(320, 480)
    page.input.setPlainText("溪暖鱼苗动Ω")
    page.show_error("the model returned NaN")
    page.begin()
    QApplication.processEvents()
    assert page.width() <= 330
    controls = [page.beams, page.best, page.longest, page.same_length, page.ask, page.stop, page.answers.copy]
    for control in controls:
        place = control.mapTo(page, control.rect().bottomRight())
        assert page.rect().contains(place)
        assert page.childAt(place) in {control, *control.findChildren(QWidget)}
        assert control.visibleRegion().boundingRect() == control.rect()


@pytest.mark.parametrize("widget", ["takes_view.TakesView", "translate_page.TranslatePage"])
def test_a_process_that_showed_it_ends_well(widget):
    module, name = widget.split(".")
    code = (
        f"from PySide6.QtWidgets import QApplication; from toolkit.gui.{module} import {name};"
        f"app = QApplication([]); shown = {name}(); shown.show(); app.processEvents(); del shown; print('well')"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stdout.strip()) == (0, "well")
