import ast
import os
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
    r"English|简体中文|songci|lyrics-(zh|en)|[A-Z]{4,5}( [A-Z]{4})?"  # names, and rhyme schemes
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
    assert [words for words, text in plain.items() if marks.search(text) and "行:格" not in text and "A=" not in text] == []


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
