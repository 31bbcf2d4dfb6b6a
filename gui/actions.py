"""All that can be done from menus and by keys, as one table."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from PySide6.QtCore import QCoreApplication, QObject
from PySide6.QtGui import QAction, QKeySequence

from .icons import icon

CONTEXT = "actions"
"""Of these texts in the translation files."""


def QT_TRANSLATE_NOOP(_context: str, text: str) -> str:  # noqa: N802 - the name that lupdate looks for
    """A text that is translated when it is shown; Qt's own function is not typed."""
    return text


@dataclass(frozen=True)
class Entry:
    """Something to do.

    Attributes:
        text: in the menu, with its mnemonic.
        help: a sentence for the tool tip and the status bar.
        keys: its shortcuts; the first is shown.
        icon: the name of its icon; "" has none.
        checkable: it is on or off.
    """

    text: str
    help: str
    keys: tuple[str, ...] = ()
    icon: str = ""
    checkable: bool = False


_FILE = {
    "new": Entry(
        QT_TRANSLATE_NOOP("actions", "&New"), QT_TRANSLATE_NOOP("actions", "Begin an empty text"), ("Ctrl+N",)
    ),
    "open": Entry(
        QT_TRANSLATE_NOOP("actions", "&Open…"),
        QT_TRANSLATE_NOOP("actions", "Open a project, or a plain text"),
        ("Ctrl+O",),
        "open",
    ),
    "save": Entry(
        QT_TRANSLATE_NOOP("actions", "&Save"),
        QT_TRANSLATE_NOOP("actions", "Save the text with its takes, rules and recipes"),
        ("Ctrl+S",),
        "save",
    ),
    "save_as": Entry(
        QT_TRANSLATE_NOOP("actions", "Save &as…"),
        QT_TRANSLATE_NOOP("actions", "Save under another name, as a project or as plain text"),
        ("Ctrl+Shift+S",),
    ),
    "export_sheet": Entry(
        QT_TRANSLATE_NOOP("actions", "&Export sheet…"),
        QT_TRANSLATE_NOOP("actions", "Write the text as a sheet to print or to post: PDF or PNG"),
        ("Ctrl+E",),
        "export",
    ),
    "copy_text": Entry(
        QT_TRANSLATE_NOOP("actions", "Copy &text"),
        QT_TRANSLATE_NOOP("actions", "Copy the whole text"),
        ("Ctrl+Shift+C",),
        "copy",
    ),
    "copy_recipe": Entry(
        QT_TRANSLATE_NOOP("actions", "Copy &recipe"),
        QT_TRANSLATE_NOOP("actions", "Copy what writes the last text again: model, rules, options and seed"),
    ),
    "open_model": Entry(
        QT_TRANSLATE_NOOP("actions", "Open &model…"),
        QT_TRANSLATE_NOOP("actions", "Open a bundle or an .onnx file that `toolkit export` wrote"),
        ("Ctrl+M",),
    ),
    "quit": Entry(
        QT_TRANSLATE_NOOP("actions", "&Quit"),
        QT_TRANSLATE_NOOP("actions", "Close the window; the text will be there again"),
        ("Ctrl+Q",),
    ),
}

_EDIT = {
    "undo": Entry(
        QT_TRANSLATE_NOOP("actions", "&Undo"),
        QT_TRANSLATE_NOOP("actions", "Take back the last change; a generated text is one change"),
        ("Ctrl+Z",),
        "undo",
    ),
    "redo": Entry(
        QT_TRANSLATE_NOOP("actions", "&Redo"),
        QT_TRANSLATE_NOOP("actions", "Make the change again"),
        ("Ctrl+Y", "Ctrl+Shift+Z"),
        "redo",
    ),
    "cut": Entry(QT_TRANSLATE_NOOP("actions", "Cu&t"), QT_TRANSLATE_NOOP("actions", "Cut the selection"), ("Ctrl+X",)),
    "copy": Entry(
        QT_TRANSLATE_NOOP("actions", "&Copy"), QT_TRANSLATE_NOOP("actions", "Copy the selection"), ("Ctrl+C",)
    ),
    "paste": Entry(
        QT_TRANSLATE_NOOP("actions", "&Paste"), QT_TRANSLATE_NOOP("actions", "Insert plain text"), ("Ctrl+V",)
    ),
    "select_all": Entry(
        QT_TRANSLATE_NOOP("actions", "Select &all"), QT_TRANSLATE_NOOP("actions", "Select the whole text"), ("Ctrl+A",)
    ),
}

_WRITE = {
    "generate": Entry(
        QT_TRANSLATE_NOOP("actions", "&Generate"),
        QT_TRANSLATE_NOOP("actions", "Write on from what stands there, by the rules if they are on"),
        ("Ctrl+Return", "Ctrl+Enter"),
    ),
    "stop": Entry(
        QT_TRANSLATE_NOOP("actions", "&Stop"),
        QT_TRANSLATE_NOOP("actions", "Stop writing; what is written stays"),
        ("Esc",),
        "stop",
    ),
    "regenerate": Entry(
        QT_TRANSLATE_NOOP("actions", "&Regenerate"),
        QT_TRANSLATE_NOOP("actions", "Write the last text another way; locked lines stay"),
        ("Ctrl+R",),
        "regenerate",
    ),
    "takes": Entry(
        QT_TRANSLATE_NOOP("actions", "&Takes"),
        QT_TRANSLATE_NOOP("actions", "Write several texts side by side, and choose one"),
        ("Ctrl+T",),
        "takes",
    ),
    "alternatives": Entry(
        QT_TRANSLATE_NOOP("actions", "&Alternatives"),
        QT_TRANSLATE_NOOP("actions", "What else could stand at the cursor; Alt and the arrows walk on"),
        ("F2", "Ctrl+Space"),  # the latter switches many input methods
    ),
    "lock_line": Entry(
        QT_TRANSLATE_NOOP("actions", "&Lock line"),
        QT_TRANSLATE_NOOP("actions", "Keep the line of the cursor when the others are written anew"),
        ("Ctrl+L",),
        "lock",
    ),
    "reroll_line": Entry(
        QT_TRANSLATE_NOOP("actions", "Rer&oll line"),
        QT_TRANSLATE_NOOP("actions", "Write the line of the cursor anew; its neighbours and its rhyme stay"),
        ("Ctrl+Shift+R",),
        "regenerate",
    ),
    "answer": Entry(
        QT_TRANSLATE_NOOP("actions", "Ans&wers"),
        QT_TRANSLATE_NOOP("actions", "Show the page of answers, or the text again"),
    ),
}

_VIEW = {
    "show_probs": Entry(
        QT_TRANSLATE_NOOP("actions", "Colour by pro&bability"),
        QT_TRANSLATE_NOOP("actions", "Show how likely each character was for the model"),
        ("Ctrl+Shift+P",),
        checkable=True,
    ),
    "show_rhymes": Entry(
        QT_TRANSLATE_NOOP("actions", "Colour by r&hyme"),
        QT_TRANSLATE_NOOP("actions", "Show which line ends rhyme"),
        ("Ctrl+Shift+H",),
        checkable=True,
    ),
    "show_panel": Entry(
        QT_TRANSLATE_NOOP("actions", "&Side panel"),
        QT_TRANSLATE_NOOP("actions", "Show rules, sampling, model and history beside the text"),
        ("F9",),
        checkable=True,
    ),
    "larger": Entry(
        QT_TRANSLATE_NOOP("actions", "&Larger text"),
        QT_TRANSLATE_NOOP("actions", "Show the text larger"),
        ("Ctrl++", "Ctrl+="),
    ),
    "smaller": Entry(
        QT_TRANSLATE_NOOP("actions", "S&maller text"),
        QT_TRANSLATE_NOOP("actions", "Show the text smaller"),
        ("Ctrl+-",),
    ),
    "usual_size": Entry(
        QT_TRANSLATE_NOOP("actions", "&Usual size"),
        QT_TRANSLATE_NOOP("actions", "Show the text in its usual size"),
        ("Ctrl+0",),
    ),
}

_HELP = {
    "keys": Entry(
        QT_TRANSLATE_NOOP("actions", "&Keyboard"),
        QT_TRANSLATE_NOOP("actions", "All keys, and what they do"),
        ("F1",),
    ),
    "about": Entry(
        QT_TRANSLATE_NOOP("actions", "&About"), QT_TRANSLATE_NOOP("actions", "Version, licence and what runs here")
    ),
}

_TAKE = Entry(QT_TRANSLATE_NOOP("actions", "Use take {n}"), QT_TRANSLATE_NOOP("actions", "Put take {n} into the text"))

TAKES = tuple(f"take_{n}" for n in range(1, 9))

ENTRIES: Mapping[str, Entry] = {
    **_FILE,
    **_EDIT,
    **_WRITE,
    **dict.fromkeys(TAKES, _TAKE),
    **_VIEW,
    **_HELP,
}

MENUS: Sequence[tuple[str, Sequence[str]]] = (
    (
        QT_TRANSLATE_NOOP("actions", "&File"),
        (
            *("new", "open", "save", "save_as", "", "export_sheet", "copy_text", "copy_recipe", ""),
            *("open_model", "", "quit"),
        ),
    ),
    (QT_TRANSLATE_NOOP("actions", "&Edit"), ("undo", "redo", "", "cut", "copy", "paste", "select_all")),
    (
        QT_TRANSLATE_NOOP("actions", "&Write"),
        ("generate", "stop", "regenerate", "takes", "", "alternatives", "lock_line", "reroll_line", "answer"),
    ),
    (
        QT_TRANSLATE_NOOP("actions", "&View"),
        ("show_probs", "show_rhymes", "show_panel", "", "larger", "smaller", "usual_size"),
    ),
    (QT_TRANSLATE_NOOP("actions", "&Help"), ("keys", "about")),
)
"""Title and names of `ENTRIES`; "" is a line between."""


_MNEMONIC = re.compile(r"\(&.\)|&|…")
"""What a menu shows and a button does not; Chinese has the letter in brackets behind the words."""


def translated(text: str) -> str:
    """A text of this table in the language of the window."""
    return QCoreApplication.translate(CONTEXT, text)


def make_actions(parent: QObject) -> dict[str, QAction]:
    """An action for each entry, by its name."""
    actions = {}
    for name, entry in ENTRIES.items():
        action = QAction(parent)
        action.setObjectName(name)
        action.setCheckable(entry.checkable)
        keys = (f"Ctrl+{name.removeprefix('take_')}",) if name in TAKES else entry.keys
        action.setShortcuts([QKeySequence(key) for key in keys])
        if entry.icon:
            action.setIcon(icon(entry.icon))
        actions[name] = action
    retranslate_actions(actions)
    return actions


def retranslate_actions(actions: Mapping[str, QAction]) -> None:
    """Set all their texts in the language of the window."""
    for name, action in actions.items():
        entry, n = ENTRIES[name], name.rpartition("_")[2]
        text, words = (translated(part).replace("{n}", n) for part in (entry.text, entry.help))
        action.setText(text)
        action.setIconText(_MNEMONIC.sub("", text))
        keys = action.shortcut().toString(QKeySequence.SequenceFormat.NativeText)
        action.setToolTip(f"{words} ({keys})" if keys else words)
        action.setStatusTip(words)
