import ast
import re
import shutil
import xml.etree.ElementTree as ET
from collections import Counter
from pathlib import Path

import pytest
from PySide6.QtCore import QCoreApplication, QEvent
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QApplication, QComboBox, QDialogButtonBox, QMenu, QTabBar, QTreeWidget, QWidget

import toolkit.gui
from toolkit.gui.translations import update

FILE = Path(update.__file__).parent / "lyrics_zh_CN.ts"
SOURCES = sorted(Path(toolkit.gui.__file__).parent.glob("*.py"))

NAMES = {"Top-k", "Top-p", "Min-p", "{rule}{message}"}
"""Texts that are the same in Chinese."""

STAYS = re.compile(
    r"Scroll (Left|Right)"  # Qt's hidden buttons of tabs
    r"|English|简体中文|songci|lyrics-(zh|en)|[A-Z]{4,5}( [A-Z]{4})?"  # names, and rhyme schemes
    r"|(Ctrl|Shift|Alt|Esc|Enter|PDF|PNG|[kp]|Top-k|Top-p|Min-p|an|ang|en|eng|i|ABAB|CDCD|toolkit|export|onnx|logit)"
)
"""What is no English in a Chinese window."""


def messages():
    for context in ET.parse(FILE).iter("context"):
        for message in context.iter("message"):
            translation = message.find("translation")
            text = translation.findtext("numerusform") if message.get("numerus") else translation.text
            yield context.findtext("name"), message.findtext("source"), text or "", translation.get("type")


@pytest.fixture(scope="module")
def updated(tmp_path_factory):
    copy = tmp_path_factory.mktemp("ts") / FILE.name
    shutil.copy(FILE, copy)
    return copy, update.update(copy)


def test_the_translations_are_up_to_date_and_complete(updated):
    copy, left = updated
    assert left == []
    assert copy.read_bytes() == FILE.read_bytes()


def test_what_the_program_reads_is_made_of_them(updated):
    assert updated[0].with_suffix(".qm").read_bytes() == FILE.with_suffix(".qm").read_bytes()


def test_every_text_is_translated():
    assert [text for context, text, words, kind in messages() if not words or not context or kind] == []
    assert {text for _, text, words, _ in messages() if text == words} <= NAMES


def test_placeholders_agree():
    placeholder = re.compile(r"\{[^{}]*\}|%n|\*\.\w+|;;")
    for _, text, words, _ in messages():
        assert Counter(placeholder.findall(words)) == Counter(placeholder.findall(text)), text


def test_chinese_sentences_have_full_width_marks():
    marks = re.compile(r"[\u4e00-\u9fff][,;:?!]|[,;:?!][\u4e00-\u9fff]|[\u4e00-\u9fff]\.(\s|$)|\([\u4e00-\u9fff]")
    plain = {words: re.sub(r";;|{[^{}]*}", "", words) for _, _, words, _ in messages()}
    wrong = [words for words, text in plain.items() if marks.search(text)]
    assert [words for words in wrong if "行:格" not in words and "A=" not in words] == []


def test_a_mnemonic_stays_one():
    for _, text, words, _ in messages():
        assert len(re.findall("&[^&]", text)) == len(re.findall(r"\(&[A-Z]\)", words)), text


def test_what_is_said_by_tr_is_a_plain_text_of_the_class_itself():
    known = {(context, text) for context, text, _, _ in messages()}
    trees = [ast.parse(path.read_text(encoding="utf-8")) for path in SOURCES]
    classes = [node for tree in trees for node in ast.walk(tree) if isinstance(node, ast.ClassDef)]
    said = {
        node.name: [
            call.args[0]
            for call in ast.walk(node)
            if isinstance(call, ast.Call) and isinstance(call.func, ast.Attribute) and call.func.attr == "tr"
        ]
        for node in classes
    }
    assert {(name, ast.unparse(text)) for name, texts in said.items() for text in texts} <= {
        (context, repr(text)) for context, text in known
    }
    bases = {base.id for node in classes for base in node.bases if isinstance(base, ast.Name)}
    assert not [name for name in bases if said.get(name)]  # a class made of them would look in its own context


@pytest.fixture
def window(qtbot):
    """The real window without a model, with something in each of its parts."""
    from toolkit.gui.app import make_application
    from toolkit.gui.languages import Languages
    from toolkit.gui.main_window import MainWindow
    from toolkit.lyrics.check import check
    from toolkit.lyrics.rules import LyricRules

    languages = Languages(make_application(["gui"]))
    languages.use("en")
    window = MainWindow(languages)
    rules = LyricRules(length="7", template="", acrostic="春夏")
    window.panel.rules.set_rules(rules)
    window.panel.rules.show_report(check("春天", rules, "char"))
    window.show()
    yield window
    window.use_language("en")
    window.close()
    window.deleteLater()
    QApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)


def speak(window, code):
    """Change the language; windows hear of it by a posted event."""
    window.use_language(code)
    QApplication.sendPostedEvents()


def texts_of(window):
    """All that can be read in a window: (object, what) -> text."""
    found = {}
    for thing in [window, *window.findChildren(QWidget), *window.findChildren(QAction)]:
        for name in (
            *("text", "title", "placeholderText", "toolTip", "statusTip", "windowTitle", "iconText"),
            *("accessibleName", "accessibleDescription", "suffix", "specialValueText"),
        ):
            if callable(getattr(thing, name, None)) and not (name == "text" and hasattr(thing, "toPlainText")):
                found[thing, name] = getattr(thing, name)()
        if isinstance(thing, QComboBox):
            found |= {(thing, i): thing.itemText(i) for i in range(thing.count())}
        if isinstance(thing, QTabBar):
            found |= {(thing, i): thing.tabText(i) for i in range(thing.count())}
        if isinstance(thing, QTreeWidget):
            found |= {(thing, i): thing.headerItem().text(i) for i in range(thing.columnCount())}
    return {place: text for place, text in found.items() if isinstance(text, str) and text}


def english_in(texts):
    """What Latin words are left of them."""
    plain = (re.sub(r"<[^>]*>|--[a-z-]+|[.\w]*\.onnx", "", text) for text in set(texts))
    return sorted(text for text in plain if re.search(r"[A-Za-z]{2}", STAYS.sub("", text)))


def test_the_whole_window_changes_its_language_and_back(window):
    english = texts_of(window)
    speak(window, "zh_CN")
    assert english_in(texts_of(window).values()) == []
    speak(window, "en")
    again = texts_of(window)
    assert {place: (text, again.get(place)) for place, text in english.items() if again.get(place) != text} == {}


@pytest.mark.parametrize("code", ["en", "zh_CN"])
def test_letters_of_a_menu_are_its_own(window, code):
    speak(window, code)
    menus = [window.menuBar().actions(), *(menu.actions() for menu in window.menuBar().findChildren(QMenu))]
    for actions in menus:
        letters = Counter(found[1].lower() for a in actions if (found := re.search("&([^&])", a.text())))
        assert letters.most_common(1)[0][1] == 1 if letters else True, [action.text() for action in actions]


def test_qt_itself_speaks_it_too(window):
    speak(window, "zh_CN")
    buttons = QDialogButtonBox.StandardButton
    box = QDialogButtonBox(buttons.Save | buttons.Discard | buttons.Cancel | buttons.Close | buttons.Ok)
    assert english_in(button.text() for button in box.buttons()) == []
    for context, text in update.OF_QT:
        assert english_in([QCoreApplication.translate(context, text)]) == []
