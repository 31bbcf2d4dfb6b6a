"""What a writer may drop, open or lack by mistake: it is said in words, and neither the text nor the model is lost."""

import json
import os
import subprocess
import sys

import onnx
import pytest
from PySide6.QtCore import QEvent, QMimeData, QPoint, Qt, QUrl
from PySide6.QtGui import QDragEnterEvent, QDropEvent
from PySide6.QtWidgets import QApplication, QLabel

from toolkit.builtin_models import model_path
from toolkit.bundle import METADATA_KEY

SONGCI, ENGLISH = "builtin:songci", "builtin:lyrics-en"


@pytest.fixture
def window(qtbot):
    """The real window with a model and a text in it."""
    from toolkit.gui.app import make_application, open_window

    window = open_window(make_application(["gui"]), SONGCI, None, "en")
    qtbot.waitUntil(lambda: not window.models.busy, timeout=30_000)
    window.page.editor.insertPlainText("春眠不觉晓")
    yield window
    window.close()
    window.deleteLater()
    QApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)


def drop(window, path):
    """As a file manager does."""
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(path))])
    how = Qt.DropAction.CopyAction, data, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
    for event in (QDragEnterEvent(QPoint(9, 9), *how), QDropEvent(QPoint(9, 9), *how)):
        QApplication.sendEvent(window, event)
        assert event.isAccepted()


def said(qtbot, window):
    """What the window says once it has looked."""
    qtbot.waitUntil(
        lambda: bool(window.messages.text) and not window.models.busy and not window.keeper.busy, timeout=30_000
    )
    words = window.messages.text
    assert window.page.editor.text() == "春眠不觉晓"
    assert window.models.path == SONGCI
    window.actions_by_name["generate"].trigger()
    qtbot.waitUntil(lambda: not window.desk.busy, timeout=30_000)
    assert len(window.page.editor.text()) > 20
    return words


def sparse(path):
    with path.open("wb") as file:
        file.truncate(20 << 30)
    return path


def written(path, content=b"x"):
    path.write_bytes(content)
    return path


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda folder: folder, "found no model.json"),
        (lambda folder: written(folder / "song.mp3", b"ID3"), "expected a bundle folder, an .onnx file"),
        (lambda folder: written(folder / "a.onnx", "床前明月光".encode() * 99), "ONNX Runtime cannot read it"),
        (lambda folder: written(folder / "a.onnx", model_path(SONGCI).read_bytes()[:99_999]), "cannot read it"),
        (lambda folder: sparse(folder / "a.onnx"), "at most"),
        (lambda folder: folder / "gone.onnx", "found nothing there"),
        (lambda folder: written(folder / "<b>a\x07.onnx"), "<b>a␇.onnx"),
    ],
    ids=["a folder", "another kind of file", "a text", "half a model", "a huge file", "none", "a name like markup"],
)
def test_what_is_no_model_is_refused_in_words(qtbot, window, tmp_path, make, words):
    drop(window, make(tmp_path))
    assert words in said(qtbot, window)


@pytest.mark.parametrize(
    ("name", "make", "words"),
    [
        ("a.txt", lambda path: written(path, bytes(range(256)) * 99), "found a binary file"),
        ("a.txt", sparse, "at most"),
        ("a.lyrics", sparse, "at most"),
        ("a.lyrics", lambda path: written(path, b"[" * 200_000), "damaged or of another kind"),
        ("a.lyrics", lambda path: written(path, b"{}"), "another kind of file"),
        ("a.lyrics", lambda path: path, "nothing"),
    ],
    ids=["binary", "a huge text", "a huge project", "deep", "other JSON", "none"],
)
def test_what_is_no_text_is_refused_in_words_and_the_text_stays(qtbot, window, tmp_path, name, make, words):
    window.keeper.open(make(tmp_path / name))
    assert words in said(qtbot, window)


@pytest.mark.parametrize("name", ["a.onnx", "a.lyrics"])
def test_a_file_that_goes_while_it_is_dropped_is_missed_in_words(qtbot, window, tmp_path, name):
    if name == "a.lyrics":
        assert window.keeper.save(tmp_path / name)
    else:
        (tmp_path / name).write_bytes(model_path(SONGCI).read_bytes())
    drop(window, tmp_path / name)
    (tmp_path / name).unlink()
    assert name in said(qtbot, window)


def test_of_two_models_opened_at_once_the_second_is_used(qtbot, window):
    window.models.open("builtin:lyrics-zh")
    window.models.open(ENGLISH)
    used = []
    window.models.changed.connect(lambda: used.append(window.models.path))
    qtbot.waitUntil(lambda: not window.models.busy, timeout=30_000)
    assert used == [ENGLISH]


def test_a_text_that_comes_while_one_writes_on_does_not_take_its_place(qtbot, window, tmp_path):
    (tmp_path / "other.txt").write_text("另一首", encoding="utf-8")
    window.keeper.open(tmp_path / "other.txt")
    window.page.editor.insertPlainText("\n处处闻啼鸟")
    qtbot.waitUntil(lambda: not window.keeper.busy, timeout=10_000)
    assert window.page.editor.text() == "春眠不觉晓\n处处闻啼鸟"
    assert "other.txt" in window.messages.text
    assert window.keeper.path is None


def test_a_plain_text_with_another_ending_stays_one_when_it_is_saved(qtbot, window, tmp_path):
    path = written(tmp_path / "notes.md", "# 旧\n".encode())
    window.keeper.open(path)
    qtbot.waitUntil(lambda: window.keeper.path == path, timeout=10_000)
    window.page.editor.insertPlainText("新")
    assert window.files.save()
    assert path.read_text(encoding="utf-8") == "# 旧\n新\n"


def with_facts(path, change, of=SONGCI):
    """A model with other facts in its metadata."""
    proto = onnx.load(str(model_path(of)))
    facts = json.loads(proto.metadata_props[0].value)
    change(facts)
    proto.metadata_props[0].value = json.dumps(facts)
    onnx.save(proto, str(path))
    return path


def test_a_model_without_a_vocabulary_is_refused_in_words(qtbot, window, tmp_path):
    drop(window, with_facts(tmp_path / "bare.onnx", lambda facts: facts.pop("tokenizer")))
    assert "tokenizer" in said(qtbot, window)


def test_a_model_without_facts_is_refused_in_words(qtbot, window, tmp_path):
    proto = onnx.load(str(model_path(SONGCI)))
    del proto.metadata_props[:]
    onnx.save(proto, str(tmp_path / "bare.onnx"))
    drop(window, tmp_path / "bare.onnx")
    assert METADATA_KEY in said(qtbot, window)


@pytest.mark.slow
def test_a_model_that_reads_from_both_ends_is_refused_in_words(qtbot, window, tmp_path):
    from toolkit.export.export_options import ExportOptions
    from toolkit.export.exporter import export_checkpoint
    from toolkit.models.checkpoint import Checkpoint, save_checkpoint
    from toolkit.models.train_options import TrainOptions
    from toolkit.models.window_options import WindowOptions
    from toolkit.models.window_rnn import WindowRNN
    from toolkit.tokenizer import CharTokenizer, TokenizerOptions

    text = "the moon is a lantern"
    options, tokenizer = WindowOptions(hidden_size=6, embedding_size=5), CharTokenizer.build([text], TokenizerOptions())
    state = WindowRNN(options, len(tokenizer)).state_dict()
    corpus = {"source": "song.txt", "sha256": "", "characters": len(text), "options": {}, "sample": text}
    training = {"options": TrainOptions(num_steps=20).to_dict()}
    checkpoint = Checkpoint("window", options, {"tokenizer": tokenizer}, state, training, corpus, {})
    save_checkpoint(tmp_path / "song.pt", checkpoint)
    drop(window, export_checkpoint(tmp_path / "song.pt", tmp_path / "bundle", ExportOptions()).folder)
    assert "no step to go on with" in said(qtbot, window)


def test_markup_and_control_characters_of_a_model_are_shown_as_plain_text(qtbot, window, tmp_path):
    nasty = ["<b>bold</b>", "<img src=x>", "a\x1b[31mb\x07", "&amp;"]

    def change(facts):
        facts["tokenizer"]["vocab"][5:9] = nasty
        facts["provenance"]["corpus"]["name"] = "<h1>big</h1>\x00\x1b[2J"

    path = with_facts(tmp_path / "nasty.onnx", change, ENGLISH)
    drop(window, path)
    qtbot.waitUntil(lambda: window.models.path == str(path) and not window.models.busy, timeout=30_000)
    window.panel.show_model()
    for label in window.findChildren(QLabel):
        if any(part in label.text() for part in ("<b>", "<h1>", "nasty")):
            assert label.textFormat() == Qt.TextFormat.PlainText
            assert not set(label.text()) & set("\x00\x07\x1b")
    shown = window.panel.model.facts.toPlainText()
    assert "<b>bold</b>" in shown
    assert not set(shown) & set("\x00\x07\x1b")
    window.panel.rules.set_on(False)
    window.actions_by_name["regenerate"].trigger()
    qtbot.waitUntil(lambda: not window.desk.busy, timeout=30_000)
    assert not set(window.page.editor.text()) & set("\x00\x07\x1b")


CHILD = """
import sys
from toolkit.gui.app import make_application, open_window
app = make_application(["gui"])
window = open_window(app, "builtin:songci", None, "en")
def wait(so):
    while not so():
        app.processEvents()
wait(lambda: window.models.opened)
"""


def child(code, tmp_path, **env):
    """Run something in a process of its own with a window; what it printed."""
    own = {"XDG_DATA_HOME": str(tmp_path / "data"), "XDG_CONFIG_HOME": str(tmp_path / "config")}
    done = subprocess.run(
        [sys.executable, "-c", CHILD + code],
        env={**os.environ, **own, **env},
        capture_output=True,
        encoding="utf-8",
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.skipif(not hasattr(os, "fork"), reason="limits of files are those of POSIX")
def test_with_the_disk_full_nothing_is_lost_and_the_message_says_where_the_text_is(tmp_path):
    printed = child(
        f"""
import resource, signal
from pathlib import Path
path = Path({str(tmp_path)!r}) / "song.lyrics"
window.page.editor.insertPlainText("春眠不觉晓")
assert window.keeper.save(path)
old = path.read_bytes()
window.page.editor.insertPlainText("，" + "处处闻啼鸟" * 99)
wait(lambda: list(Path({str(tmp_path)!r}).rglob("autosave/*.lyrics")))
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (9, resource.RLIM_INFINITY))
assert not window.files.save()
assert path.read_bytes() == old
print(window.messages.text)
from PySide6.QtCore import QTimer
QTimer.singleShot(0, lambda: app.activeModalWidget().reject())
assert not window.close()
resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
assert window.close()
""",
        tmp_path,
    )
    assert "song.lyrics" in printed
    assert "autosave" in printed
    assert [path.suffix for path in (tmp_path / "data").rglob("autosave/*")] == [".lyrics"]


def test_without_a_font_for_chinese_it_is_said(tmp_path):
    empty = tmp_path / "fonts.conf"
    empty.write_text("<?xml version='1.0'?><!DOCTYPE fontconfig SYSTEM 'fonts.dtd'><fontconfig/>", encoding="utf-8")
    printed = child("print(window.messages.text)", tmp_path, FONTCONFIG_FILE=str(empty))
    assert "No font with Chinese characters" in printed
