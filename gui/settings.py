"""What the application remembers, each thing declared once."""

import json
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from PySide6.QtCore import QByteArray, QSettings

T = TypeVar("T")


@dataclass(frozen=True)
class Setting(Generic[T]):
    """A thing that is remembered, as JSON; what cannot be read, or has another type, is the default.

    Attributes:
        key: in the settings of the user.
        default: until something else was chosen; its type is the type of all.
    """

    key: str
    default: T

    def get(self) -> T:
        """What is remembered."""
        try:
            value = json.loads(str(QSettings().value(self.key)))
        except ValueError:
            return self.default
        return value if type(value) is type(self.default) else self.default

    def set(self, value: T) -> None:
        """Remember; what is remembered already costs no access to the disk."""
        if QSettings().contains(self.key) and self.get() == value:
            return
        QSettings().setValue(self.key, json.dumps(value, ensure_ascii=False))


LANGUAGE = Setting("language", "system")
SCHEME = Setting("scheme", "system")
FONT_POINTS = Setting("font_points", 15)
MODEL = Setting("model", "builtin:songci")
RULES: Setting[dict[str, Any]] = Setting("rules", {"lines": 8, "length": "7", "rhyme": "AABA"})
RULES_ON = Setting("rules_on", True)
SAMPLING: Setting[dict[str, Any]] = Setting("sampling", {})
SEED_LOCKED = Setting("seed_locked", False)
TAKES = Setting("takes", 3)
SHOW_PROBS = Setting("show_probs", False)
SHOW_RHYMES = Setting("show_rhymes", True)
PREVIEW = Setting("preview", False)
PANEL = Setting("panel", 0)
SHOW_PANEL = Setting("show_panel", True)
FOLDER = Setting("folder", "")
FILE = Setting("file", "")
GEOMETRY = Setting("geometry", "")
WINDOW_STATE = Setting("window_state", "")


def from_bytes(data: QByteArray) -> str:
    """Qt's bytes as text."""
    return bytes(data.toBase64().data()).decode()


def to_bytes(text: str) -> QByteArray:
    """The reverse of `from_bytes`."""
    return QByteArray.fromBase64(text.encode())
