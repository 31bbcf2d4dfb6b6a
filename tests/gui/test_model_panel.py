from dataclasses import replace
from pathlib import Path

import pytest
from PySide6.QtCore import QCoreApplication, QSettings, Qt, QTranslator
from PySide6.QtGui import QGuiApplication, QTextCursor

from toolkit.builtin_models import BUILTIN_MODELS, builtin_name, model_path
from toolkit.bundle import LM, SEQ2SEQ, SOURCE, TARGET, TOKENIZER, ModelInfo
from toolkit.facts import rows_of
from toolkit.gui.facts_table import FactsTable
from toolkit.gui.model_panel import ModelPanel
from toolkit.gui.notice import Notice
from toolkit.gui.recent_models import KEY, MOST, RecentModels
from toolkit.loading import Opened
from toolkit.tokenizer import CharTokenizer

PARITY = {
    "atol": 1e-05,
    "steps": 256,
    "largest_error": {"torchscript": {"logits": 1.5e-7, "next_h0": 2e-8}, "onnx": {"logits": 2.34e-7, "next_h0": 1e-7}},
}
COST = {"kind": "int8", "perplexity_float32": 56.07503, "perplexity": 56.08159, "text": "a text"}
NETWORK = {"cell": "lstm", "num_layers": 1, "hidden_size": 48, "dropout": 0.0, "tie_weights": True, "vocab_size": 4}


class OnCpu:
    device = "cpu"


@pytest.fixture
def opened():
    tokenizer = CharTokenizer(("<unk>", "\n", "月", "a"), "keep", unk_id=0)
    info = ModelInfo(LM, NETWORK, {}, {TOKENIZER: tokenizer}, parity=PARITY)
    return Opened(Path("/models/songs/best"), info, OnCpu(), "0123456789abcdef" * 4)


@pytest.fixture
def quantized(opened):
    return replace(opened, info=replace(opened.info, quantization=COST))


@pytest.fixture
def panel(qtbot):
    panel = ModelPanel()
    qtbot.addWidget(panel)
    panel.resize(320, 640)
    panel.show()
    return panel


def shown(panel):
    return dict(panel.facts.rows())


# Facts --------------------------------------------------------------------------------------------


def test_the_facts_of_a_language_model_are_shown(panel, opened):
    panel.show_model(opened)
    assert panel.facts.rows() == (
        ("Kind", "language model (lm)"),
        ("Network", "cell lstm, layers 1, hidden size 48, tie weights"),
        ("Vocabulary", "4 char tokens, newline keep: \\n 月 a …"),
        (
            "Parity",
            "equal to PyTorch within 1e-05 over 256 steps (largest error: torchscript 1.5e-07, onnx 2.3e-07)",
        ),
        ("Runs on", "the processor (CPUExecutionProvider)"),
        ("File", str(opened.path)),
        ("Fingerprint", "0123456789abcdef…"),
    )
    assert panel.name.toPlainText() == str(Path("songs", "best"))


def test_the_cost_of_smaller_weights_is_shown_and_parity_is_that_of_the_float32_graphs(panel, quantized):
    panel.show_model(quantized)
    assert shown(panel)["Weights"] == "int8, perplexity 56.075 -> 56.082 on a text"
    assert shown(panel)["Parity"].startswith("the float32 graphs: equal to PyTorch within ")


def test_a_model_from_text_to_text_has_two_vocabularies(panel, opened):
    both = {SOURCE: opened.info.tokenizer, TARGET: opened.info.tokenizer}
    panel.show_model(replace(opened, info=replace(opened.info, kind=SEQ2SEQ, tokenizers=both)))
    assert {"Source vocabulary", "Target vocabulary"} <= set(shown(panel))
    assert shown(panel)["Kind"] == "text to text (seq2seq)"


def test_what_info_prints_and_what_the_panel_shows_are_the_same_words(panel, quantized):
    panel.show_model(quantized)
    printed = dict(rows_of(quantized.info.to_dict()))
    for name in ("kind", "vocabulary", "parity", "weights"):
        assert shown(panel)[name.capitalize()] == printed[name]


def test_speed_and_warnings_are_shown(panel, opened):
    panel.show_model(replace(opened, warnings=("int4 is slow here", "and more")))
    panel.show_speed(12345.6)
    assert shown(panel)["Speed"] == "12,346 tokens a second"
    assert [value for name, value in panel.facts.rows() if name == "Note"] == ["int4 is slow here", "and more"]
    panel.show_model(opened)
    assert "Speed" not in shown(panel)


def test_another_device_is_said(panel, opened):
    class OnGpu:
        device = "cuda"

    panel.show_model(replace(opened, model=OnGpu()))
    assert shown(panel)["Runs on"] == "the graphics card (CUDAExecutionProvider)"


@pytest.mark.parametrize(
    "changes",
    [
        {"parity": {"atol": "tight"}},
        {"parity": {"atol": "tight", "steps": 1, "largest_error": {"onnx": {}}}},
        {"parity": {"atol": [1], "steps": 1, "largest_error": {"onnx": {"logits": 0.0}}}},
        {"quantization": {"kind": "int8"}},
        {"quantization": {"kind": 1, "perplexity_float32": "{", "perplexity": None, "text": {}}},
        {"network": {"cell": ["lstm"], "num_layers": {"a": "{b}"}}},
    ],
)
def test_facts_that_are_incomplete_hide_no_others(changes, panel, opened):
    panel.show_model(replace(opened, info=replace(opened.info, **changes)))
    assert shown(panel)["Fingerprint"].startswith(opened.fingerprint[:16])
    if "network" not in changes:
        assert "incomplete in the file" in shown(panel).values()


def test_text_from_a_bundle_is_no_markup_and_hides_nothing(panel, opened):
    evil = "<b>bold</b><img src='x'>{kind}\x07\u202etxt" + "x" * 10**6
    info = replace(opened.info, network={"cell": evil})
    panel.show_model(replace(opened, info=info, path=Path(evil[:60]), warnings=(evil,)))
    text = panel.facts.toPlainText()
    assert "<b>bold</b><img src='x'>{kind}␇\N{REPLACEMENT CHARACTER}txt" in text
    assert len(text) < 10_000
    assert panel.facts.grab().height() < 10_000


def test_facts_can_be_selected_and_copied(panel, opened, qtbot):
    panel.show_model(opened)
    panel.facts.setFocus()
    qtbot.keyClick(panel.facts, Qt.Key.Key_A, Qt.KeyboardModifier.ControlModifier)
    qtbot.keyClick(panel.facts, Qt.Key.Key_C, Qt.KeyboardModifier.ControlModifier)
    assert opened.fingerprint[:16] in QGuiApplication.clipboard().text()
    assert panel.facts.isReadOnly()


def test_a_new_speed_leaves_what_is_selected(panel, opened):
    panel.show_model(opened)
    panel.show_speed(1000)
    cursor = panel.facts.document().find("equal to PyTorch")
    panel.facts.setTextCursor(cursor)
    panel.show_speed(2000)
    assert panel.facts.textCursor().selectedText() == "equal to PyTorch"
    assert "2,000 tokens a second" in panel.facts.toPlainText()
    assert "1,000 tokens" not in panel.facts.toPlainText()


# Choosing -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", BUILTIN_MODELS)
def test_a_model_that_comes_along_is_one_click(name, panel, qtbot):
    row = panel.builtin[name]
    assert row.accessibleName() == name
    assert row.accessibleDescription().lower() == BUILTIN_MODELS[name].lower()
    with qtbot.waitSignal(panel.chosen) as heard:
        qtbot.mouseClick(row, Qt.MouseButton.LeftButton)
    assert heard.args == [f"builtin:{name}"]
    assert not row.in_use()  # until it really is


def test_the_one_in_use_is_marked_whether_named_or_found(panel, opened):
    for path in (Path("builtin:lyrics-zh"), model_path("builtin:lyrics-zh")):
        panel.show_model(replace(opened, path=path))
        assert [name for name, row in panel.builtin.items() if row.in_use()] == ["lyrics-zh"]
        assert panel.name.toPlainText() == builtin_name(path) == "lyrics-zh"
    panel.show_model(opened)
    assert not any(row.in_use() for row in panel.builtin.values())


def test_opening_another_is_asked_for(panel, qtbot):
    with qtbot.waitSignal(panel.open_wanted):
        qtbot.keyClick(panel.open_button, Qt.Key.Key_Space)


def test_recent_models_that_are_gone_cannot_be_chosen_but_forgotten(panel, tmp_path, qtbot):
    here, gone = tmp_path / "here & there" / "model", tmp_path / "gone" / "model"
    here.mkdir(parents=True)
    panel.set_recent([str(here), str(gone)])
    panel.recent_menu.aboutToShow.emit()
    first, second, _, forget = panel.recent_menu.actions()
    assert (first.text(), first.isEnabled()) == (str(Path("here && there", "model")), True)
    assert (second.text(), second.isEnabled()) == (f"{Path('gone', 'model')} (missing)", False)
    with qtbot.waitSignal(panel.chosen) as heard:
        first.trigger()
    assert heard.args == [str(here)]
    with qtbot.waitSignal(panel.forget_missing_wanted):
        forget.trigger()


def test_without_recent_models_there_is_no_list(panel):
    assert not panel.recent_button.isEnabled()
    panel.set_recent(["a"])
    assert panel.recent_button.isEnabled()
    panel.set_recent([])
    assert not panel.recent_button.isEnabled()


# Loading and failing ------------------------------------------------------------------------------


def test_while_another_is_opened_and_when_it_fails_the_one_in_use_stays_shown(panel, opened, qtbot):
    panel.show_model(opened)
    before = panel.facts.rows()
    panel.show_loading("/somewhere/else/model")
    assert panel.bar.isVisible()
    assert panel.loading.text() == f"Opening {Path('else', 'model')} …"
    panel.show_error("<h1>else</h1>: expected a bundle\x00")
    assert (panel.bar.isVisible(), panel.loading.isVisible()) == (False, False)
    assert panel.notice.text.toPlainText() == "<h1>else</h1>: expected a bundle␀"
    assert (panel.facts.isVisible(), panel.facts.rows()) == (True, before)
    qtbot.mouseClick(panel.notice.close_button, Qt.MouseButton.LeftButton)
    assert not panel.notice.isVisible()


def test_what_went_wrong_goes_when_a_model_is_opened(panel, opened):
    panel.show_error("no")
    panel.show_loading("x")
    panel.show_model(opened)
    assert (panel.notice.isVisible(), panel.bar.isVisible()) == (False, False)


def test_escape_dismisses_a_message_that_has_the_focus(qtbot):
    notice = Notice()
    qtbot.addWidget(notice)
    notice.show_text("no")
    notice.text.setFocus()
    with qtbot.waitSignal(notice.dismissed):
        qtbot.keyClick(notice.text, Qt.Key.Key_Escape)
    assert not notice.isVisible()


def test_without_a_model_there_are_no_facts(panel, opened):
    panel.show_model(opened)
    panel.show_model(None)
    assert not panel.facts.isVisible()
    assert not panel.name.isVisible()


# As a widget --------------------------------------------------------------------------------------


def test_it_fits_a_narrow_side_panel_whatever_the_texts(panel, opened):
    panel.show_model(replace(opened, path=Path("/" + "long" * 40 + "/" + "name" * 40)))
    panel.show_error("/" + "error" * 60)
    panel.set_recent(["/" + "x" * 300])
    assert panel.minimumSizeHint().width() <= 320


def test_the_facts_are_as_high_as_they_need_at_any_width(qtbot):
    table = FactsTable()
    qtbot.addWidget(table)
    table.show()
    table.show_rows([("name", "word " * 60)] * 3)
    heights = []
    for width in (300, 600, 1200):
        table.resize(width, 100)
        heights.append(table.sizeHint().height())
    assert heights[0] > heights[1] > heights[2]
    cursor = QTextCursor(table.document())
    cursor.movePosition(QTextCursor.MoveOperation.End)
    table.resize(300, heights[0])
    assert table.cursorRect(cursor).bottom() <= heights[0]


def test_facts_follow_the_language(panel, opened):
    class Foreign(QTranslator):
        def isEmpty(self):  # noqa: N802 - Qt's name
            return False

        def translate(self, context, text, _disambiguation=None, _n=-1):
            if context == "facts" and text.startswith("equal to PyTorch"):
                return "{steps} Schritte, höchstens {atol:g}"
            return {"parity": "gleichheit", "cell": "Zelle"}.get(text)

    panel.show_model(opened)
    foreign = Foreign()
    QCoreApplication.installTranslator(foreign)
    try:
        QCoreApplication.processEvents()
        assert shown(panel)["Gleichheit"] == f"{opened.info.parity['steps']} Schritte, höchstens 1e-05"
    finally:
        QCoreApplication.removeTranslator(foreign)
    QCoreApplication.processEvents()
    assert "Parity" in shown(panel)


# The list of recent models ------------------------------------------------------------------------


def test_recent_models_are_kept_from_one_start_to_the_next(tmp_path):
    first = RecentModels()
    assert first.paths() == []
    assert first.add(tmp_path / "a") == [str(tmp_path / "a")]
    QSettings().sync()
    assert RecentModels().paths() == [str(tmp_path / "a")]
    first.add(tmp_path / '月,"b"; =')
    QSettings().sync()
    assert RecentModels().paths() == [str(tmp_path / '月,"b"; ='), str(tmp_path / "a")]


def test_a_model_opened_again_comes_first_and_is_listed_once(tmp_path, monkeypatch):
    recent = RecentModels()
    for name in ("a", "b", "a"):
        recent.add(tmp_path / name)
    monkeypatch.chdir(tmp_path)
    assert recent.add("b") == recent.paths() == [str(tmp_path / "b"), str(tmp_path / "a")]


def test_the_oldest_falls_off_and_built_in_models_are_not_listed(tmp_path):
    recent = RecentModels()
    for number in range(MOST + 5):
        recent.add(tmp_path / str(number))
    recent.add("builtin:songci")
    assert recent.paths() == [str(tmp_path / str(number)) for number in range(MOST + 4, 4, -1)]


def test_missing_models_are_forgotten_on_demand(tmp_path):
    recent = RecentModels()
    (tmp_path / "here").mkdir()
    for name in ("gone", "here", "x" * 5000):
        recent.add(tmp_path / name)
    assert recent.forget_missing() == recent.paths() == [str(tmp_path / "here")]


@pytest.mark.parametrize("value", [7, "", None, ["a", "", "a"], {"a": "b"}])
def test_settings_that_somebody_else_wrote_do_no_harm(value):
    QSettings().setValue(KEY, value)
    assert RecentModels().paths() in ([], ["7"], ["a"])
