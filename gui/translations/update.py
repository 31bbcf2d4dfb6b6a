"""Brings the translation files up to date with the program.

usage: python gui/translations/update.py

New texts are added to each .ts, gone ones leave it; what is not translated yet is listed, and the exit code is 1. Then
the .qm files, which the program reads, are made of them. Texts are translated with Qt Linguist, or in the .ts by hand.
"""

import dataclasses
import subprocess
import sys
import tempfile
import xml.etree.ElementTree as ET
from pathlib import Path

import PySide6

from toolkit import facts
from toolkit.builtin_models import BUILTIN_MODELS
from toolkit.gui import core_sentences, model_facts
from toolkit.gui.option_text import CONTEXT
from toolkit.lyrics.rules import LyricRules
from toolkit.options import spec_of
from toolkit.sampling import SamplingOptions
from toolkit.translation import TranslateOptions

HERE = Path(__file__).parent
TOOLS = Path(PySide6.__file__).parent
SHOWN = (LyricRules, SamplingOptions, TranslateOptions)
"""Whose help the window shows: they are the core's, where nothing is marked for translation."""

OF_QT = (
    *(("QFileDialog", text) for text in ("&Look in:", "Files of &type:")),
    *(("QAbstractFileIconProvider", text) for text in ("Drive", "Folder")),
)
"""What Qt's own translation lacks of its dialogs."""


def texts_of_the_core() -> str:
    """A program that names what the core and Qt say, help of options and facts of models, as lupdate wants it."""
    texts = {(CONTEXT, spec_of(field).help) for options in SHOWN for field in dataclasses.fields(options)}
    texts |= {("facts", text) for text in (*facts.NAMES, *facts.SENTENCES, *model_facts.TEXTS)}
    spoken = (*core_sentences.FOUND, *core_sentences.SAID, *core_sentences.PARTS, *core_sentences.FRAMES)
    texts |= {(core_sentences.CONTEXT, text) for text in spoken}
    texts |= {(core_sentences.RULES, text) for text in core_sentences.SUBJECTS}
    texts |= {*OF_QT}
    texts |= {("models", text) for text in BUILTIN_MODELS.values()}
    return "\n".join(f"QT_TRANSLATE_NOOP({context!r}, {text!r})" for context, text in sorted(texts))


def update(path: Path) -> list[str]:
    """Bring one .ts up to date and make its .qm; the texts that are not translated."""
    with tempfile.TemporaryDirectory() as folder:
        options = Path(folder, "options.py")
        options.write_text(texts_of_the_core(), encoding="utf-8")
        sources = [*sorted(HERE.parent.glob("*.py")), options]
        command = [TOOLS / "lupdate", "-silent", "-locations", "none", "-no-obsolete", *sources, "-ts", path]
        subprocess.run(list(map(str, command)), check=True)
    tree = ET.parse(path)
    open_texts = [
        f"{context.findtext('name')}: {message.findtext('source')}"
        for context in tree.iter("context")
        for message in context.iter("message")
        if message.find("translation").get("type") == "unfinished"  # type: ignore[union-attr]  # each has one
    ]
    subprocess.run([str(TOOLS / "lrelease"), "-silent", str(path), "-qm", str(path.with_suffix(".qm"))], check=True)
    return open_texts


def main() -> int:
    """All languages; the exit code."""
    left = {path.name: update(path) for path in sorted(HERE.glob("*.ts"))}
    for name, texts in left.items():
        for text in texts:
            print(f"{name}: {text}", file=sys.stderr)
    return int(any(left.values()))


if __name__ == "__main__":
    sys.exit(main())
