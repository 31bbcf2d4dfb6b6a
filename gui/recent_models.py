"""The models that were opened last, from one start to the next."""

import os
from pathlib import Path

from PySide6.QtCore import QSettings

KEY = "models/recent"
MOST = 10


class RecentModels:
    """Paths, the last one first, in the settings; no path twice."""

    def __init__(self, settings: QSettings) -> None:
        self._settings = settings

    def paths(self) -> list[str]:
        """Them; the files may be gone since. Whatever else stands in the settings is left out."""
        value = self._settings.value(KEY)
        values = [value] if isinstance(value, str) else value  # a list of one comes back as a text
        found = [path for path in values if isinstance(path, str) and path] if isinstance(values, list) else []
        return list(dict.fromkeys(found))[:MOST]

    def add(self, path: str | Path) -> list[str]:
        """Put one first, as an absolute path; the list after that."""
        path = os.path.abspath(path)  # noqa: PTH100 - Path.resolve would follow links, and the user chose the link
        others = [other for other in self.paths() if os.path.normcase(other) != os.path.normcase(path)]
        return self._keep([path, *others])

    def forget_missing(self) -> list[str]:
        """Drop those that are no longer there; the list after that."""
        return self._keep([path for path in self.paths() if exists(path)])

    def _keep(self, paths: list[str]) -> list[str]:
        self._settings.setValue(KEY, paths[:MOST])
        return paths[:MOST]


def exists(path: str) -> bool:
    """Whether there is a file or folder; a path that cannot be asked about is none."""
    try:
        return Path(path).exists()
    except (OSError, ValueError):
        return False
