from dataclasses import fields, replace

import pytest
from PySide6.QtCore import QCoreApplication, QPoint, QPointF, Qt, QTranslator
from PySide6.QtGui import QWheelEvent
from PySide6.QtWidgets import QLabel, QLineEdit

from toolkit.gui.option_text import field_of
from toolkit.gui.presets import BALANCED, OWN, PRECISE, PRESETS, WILD, preset_of, with_preset
from toolkit.gui.preview_box import DELAY_MS
from toolkit.gui.sampling_panel import SamplingPanel
from toolkit.gui.scales import evenly, position_of, powers_of_two
from toolkit.lyrics.options import LyricOptions
from toolkit.options import spec_of
from toolkit.sampling import SamplingOptions
from toolkit.uniform import MAX_SEED

NUMBERS = (*("temperature", "top_k", "top_p", "min_p", "repetition_penalty", "no_repeat_ngram_size", "max_new_tokens"),)


@pytest.fixture
def panel(qtbot):
    panel = SamplingPanel()
    qtbot.addWidget(panel)
    panel.resize(320, 900)
    panel.show()
    return panel


@pytest.fixture
def heard(panel):
    """One entry for each time that the panel said something changed."""
    heard = []
    panel.changed.connect(lambda: heard.append(panel.options()))
    return heard


# Numbers ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", NUMBERS)
def test_a_control_goes_as_far_as_its_option(name, panel):
    spec, box = spec_of(field_of(SamplingOptions, name)), panel.rows[name].box
    for value in (box.minimum(), box.maximum()):
        assert not spec.fault(value)
    assert spec.minimum is None or box.minimum() == spec.minimum
    assert spec.maximum is None or box.maximum() == spec.maximum
    assert all(not spec.fault(stop) for stop in panel.rows[name]._stops)


@pytest.mark.parametrize("name", NUMBERS)
def test_every_stop_of_a_slider_makes_valid_options(name, panel, heard):
    slider = panel.rows[name].slider
    for position in (slider.maximum(), slider.minimum()):
        slider.setValue(position)
        assert getattr(panel.options(), name) == panel.rows[name]._stops[position]
    assert [getattr(options, name) for options in heard] == [panel.rows[name]._stops[i] for i in (-1, 0)]


def test_typing_a_number_moves_the_slider_and_is_heard(panel, heard, qtbot):
    row = panel.rows["temperature"]
    row.box.selectAll()
    qtbot.keyClicks(row.box, "1.75")
    assert panel.options().temperature == heard[-1].temperature == 1.75
    assert row._stops[row.slider.value()] == 1.75


def test_beyond_the_end_of_a_slider_the_box_still_counts(panel):
    row = panel.rows["temperature"]
    row.box.setValue(50)
    assert (panel.options().temperature, row.slider.value()) == (50, row.slider.maximum())


@pytest.mark.parametrize(
    "options",
    [
        SamplingOptions(seed=1),
        SamplingOptions(temperature=0.123456, top_p=0.0001, min_p=0.00001, repetition_penalty=0.015, seed=MAX_SEED),
        SamplingOptions(max_new_tokens=99_999, top_k=10**9, no_repeat_ngram_size=77, temperature=100.0, seed=0),
        SamplingOptions(
            stop_strings=("a",), logit_bias={"b": 1.0}, presence_penalty=0.5, num_return_sequences=3, seed=2
        ),
    ],
    ids=["defaults", "finer than the boxes", "beyond the sliders", "without controls"],
)
def test_options_come_back_as_they_were_set(options, panel, heard):
    panel.set_options(options)
    assert panel.options() == options
    assert heard == []


def test_top_k_stays_within_the_vocabulary_and_comes_back_with_a_larger_one(panel):
    panel.set_options(SamplingOptions(top_k=5000, seed=1))
    panel.set_vocab_size(11)
    assert panel.options().top_k == panel.rows["top_k"].box.value() == 11
    panel.set_vocab_size(6000)
    assert panel.options().top_k == panel.rows["top_k"].box.value() == 5000


def test_the_slider_of_top_k_ends_at_the_vocabulary(panel):
    panel.set_vocab_size(1000)
    panel.rows["top_k"].slider.setValue(10**6)
    assert panel.options().top_k == 1000


def test_lyrics_take_every_option_that_they_know(panel):
    options = SamplingOptions(temperature=0.7, top_k=9, min_p=0.1, presence_penalty=0.5, seed=4)
    panel.set_options(options)
    made = panel.lyric_options(5)
    assert made.sampling == replace(options, num_return_sequences=5, max_new_tokens=made.sampling.max_new_tokens)
    assert made.num_candidates == LyricOptions().num_candidates


@pytest.mark.parametrize("part", ["box", "slider"])
def test_the_wheel_moves_nothing_on_its_way_over_the_panel(part, panel, heard):
    widget = getattr(panel.rows["temperature"], part)
    assert not widget.hasFocus()
    at = QPointF(5, 5)
    event = QWheelEvent(
        *(at, widget.mapToGlobal(at), QPoint(0, 120), QPoint(0, 120)),
        *(Qt.MouseButton.NoButton, Qt.KeyboardModifier.NoModifier, Qt.ScrollPhase.NoScrollPhase, False),
    )
    QCoreApplication.sendEvent(widget, event)
    assert (heard, event.isAccepted()) == ([], False)


# Presets ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", [PRECISE, WILD, BALANCED])
def test_a_preset_is_one_click(name, panel, heard, qtbot):
    panel.rows["no_repeat_ngram_size"].box.setValue(3)
    panel.rows["max_new_tokens"].box.setValue(37)
    seed = panel.options().seed
    qtbot.mouseClick(panel.presets.buttons[name], Qt.MouseButton.LeftButton)
    assert panel.preset() == preset_of(panel.options()) == name
    assert heard[-1] == panel.options() == replace(SamplingOptions(max_new_tokens=37, seed=seed), **PRESETS[name])


def test_moving_any_matter_of_taste_makes_it_ones_own_and_own_brings_it_back(panel, qtbot):
    for name in NUMBERS[:-1]:
        panel.set_options(with_preset(SamplingOptions(), BALANCED))
        assert panel.preset() == BALANCED
        panel.rows[name].slider.setValue(5)
        mine = panel.options()
        assert panel.preset() == OWN, name
        qtbot.mouseClick(panel.presets.buttons[WILD], Qt.MouseButton.LeftButton)
        assert panel.options() != mine
        qtbot.mouseClick(panel.presets.buttons[OWN], Qt.MouseButton.LeftButton)
        assert panel.options() == mine


def test_length_and_seed_leave_the_preset(panel, qtbot):
    panel.rows["max_new_tokens"].box.setValue(7)
    qtbot.mouseClick(panel.seed.dice, Qt.MouseButton.LeftButton)
    assert panel.preset() == BALANCED


def test_a_model_changes_no_preset(panel):
    panel.set_options(with_preset(SamplingOptions(), PRECISE))
    panel.set_vocab_size(3)
    assert (panel.preset(), panel.options().top_k) == (PRECISE, 3)


# Seed ---------------------------------------------------------------------------------------------


def test_each_text_has_a_fresh_seed_until_it_is_locked(panel, qtbot):
    seeds = [panel.next_seed() for _ in range(5)]
    assert len(set(seeds)) == 5
    assert panel.options().seed == int(panel.seed.field.text()) == seeds[-1]
    qtbot.mouseClick(panel.seed.lock, Qt.MouseButton.LeftButton)
    assert {panel.next_seed() for _ in range(5)} == {seeds[-1]}


def test_what_the_die_shows_is_what_the_next_text_gets_once(panel, heard, qtbot):
    qtbot.mouseClick(panel.seed.dice, Qt.MouseButton.LeftButton)
    rolled = panel.options().seed
    assert heard[-1].seed == rolled == panel.next_seed()
    assert panel.next_seed() != rolled


def test_a_locked_seed_can_be_rolled(panel, qtbot):
    panel.set_options(SamplingOptions(seed=7))
    panel.set_seed_locked(True)
    qtbot.mouseClick(panel.seed.dice, Qt.MouseButton.LeftButton)
    assert panel.next_seed() == panel.next_seed() != 7
    assert panel.seed_is_locked()


@pytest.mark.parametrize("seed", [0, 42, MAX_SEED])
def test_a_seed_that_is_typed_is_kept(seed, panel, heard, qtbot):
    panel.seed.field.selectAll()
    qtbot.keyClicks(panel.seed.field, str(seed))
    assert panel.next_seed() == panel.options().seed == heard[-1].seed == seed
    assert panel.seed_is_locked()


@pytest.mark.parametrize("text", ["-1", "1.5", "abc", "１２", str(MAX_SEED + 1), "9" * 40, "²"])
def test_what_is_no_seed_cannot_be_entered(text, panel, heard):
    panel.set_options(SamplingOptions(seed=5))
    panel.seed.field.selectAll()
    panel.seed.field.insert(text)
    assert panel.options().seed == 5
    assert heard == []


def test_an_emptied_seed_comes_back_when_the_field_is_left(panel, qtbot):
    panel.set_options(SamplingOptions(seed=5))
    panel.seed.field.setFocus()
    panel.seed.field.selectAll()
    qtbot.keyClick(panel.seed.field, Qt.Key.Key_Delete)
    assert panel.seed.field.text() == ""
    assert panel.options().seed == 5
    panel.rows["temperature"].box.setFocus()
    assert panel.seed.field.text() == "5"


# Preview ------------------------------------------------------------------------------------------


def test_many_moves_of_a_slider_ask_for_one_preview(panel, qtbot):
    asked = []
    panel.preview_wanted.connect(lambda: asked.append(1))
    with qtbot.waitSignal(panel.preview_wanted):
        for position in range(20):
            panel.rows["temperature"].slider.setValue(position)
    qtbot.wait(2 * DELAY_MS)
    assert asked == [1]


def test_switched_off_it_asks_for_no_preview(panel, qtbot):
    panel.set_preview_on(False)
    with qtbot.assertNotEmitted(panel.preview_wanted, wait=2 * DELAY_MS):
        panel.rows["temperature"].slider.setValue(3)
    assert not panel.preview_is_on()
    assert not panel.preview.text.isVisible()
    with qtbot.waitSignal(panel.preview_wanted):
        panel.set_preview_on(True)


def test_a_preview_is_plain_text_and_moves_nothing(panel):
    height = panel.preview.text.height()
    panel.show_preview("<b>月</b>\n" * 30 + "\x07\u202e", "<i>4 ms</i>")
    assert panel.preview.text.toPlainText().startswith("<b>月</b>\n<b>")
    assert panel.preview.text.toPlainText().endswith("\\x07\\u202e")
    assert panel.preview.note.text() == "<i>4 ms</i>"
    assert panel.preview.text.height() == height


# As a widget --------------------------------------------------------------------------------------


def test_it_fits_a_narrow_side_panel_with_large_letters(panel):
    font = panel.font()
    font.setPointSizeF(1.25 * font.pointSizeF())
    panel.setFont(font)
    assert panel.minimumSizeHint().width() <= 320


def test_whatever_takes_the_focus_has_a_name_and_a_hint(panel):
    found, part = [], panel.nextInFocusChain()
    while part is not panel:
        if part.isVisibleTo(panel) and part.focusPolicy() & Qt.FocusPolicy.TabFocus and part.focusProxy() is None:
            found.append(part)
        part = part.nextInFocusChain()
    assert len(found) == 1 + 2 + 2 * len(NUMBERS) + 3  # the preset that is on; switch and preview; the seed
    assert [part for part in found if not (part.accessibleName() or getattr(part, "text", str)())] == []
    assert [part for part in found if not (part.toolTip() or part.accessibleDescription())] == []


class Foreign(QTranslator):
    """Every text with a mark before it."""

    def isEmpty(self):  # noqa: N802 - Qt's name
        return False

    def translate(self, _context, text, _disambiguation=None, _n=-1):
        return f"»{text}"


def test_the_language_changes_at_run_time(panel):
    texts = [label for label in panel.findChildren(QLabel) if label.text()]
    foreign = Foreign()
    QCoreApplication.installTranslator(foreign)
    try:
        QCoreApplication.processEvents()
        assert [label.text() for label in texts if not label.text().startswith("»")] == []
        assert panel.presets.buttons[WILD].text() == "»Wild"
        assert panel.rows["top_k"].box.text() == "»all"
        assert panel.preset() == BALANCED
    finally:
        QCoreApplication.removeTranslator(foreign)
    QCoreApplication.processEvents()
    assert panel.presets.buttons[WILD].text() == "Wild"


def test_every_sampling_option_is_shown_kept_or_both(panel):
    without = {"presence_penalty", "frequency_penalty", "stop_strings", "logit_bias", "num_return_sequences"}
    assert {field.name for field in fields(SamplingOptions)} == {*panel.rows, "seed", *without}
    assert isinstance(panel.seed.field, QLineEdit)


# Scales -------------------------------------------------------------------------------------------


def test_scales_hold_both_ends_and_the_nearest_stop_is_found():
    assert evenly(0, 2, 0.5) == (0, 0.5, 1, 1.5, 2)
    assert powers_of_two(10) == (0, 1, 2, 4, 8, 10)
    assert powers_of_two(8) == (0, 1, 2, 4, 8)
    assert powers_of_two(1) == (0, 1, 2)
    stops = (0, 1, 2, 4, 8)
    for value in (-1, 0, 0.4, 0.6, 3.5, 5, 6.5, 8, 99):
        nearest = min(range(5), key=lambda i: abs(stops[i] - value))
        assert position_of(value, stops) == nearest
