"""What the tests of the window share: no screen is needed, and nobody's settings are touched."""

import os
from collections.abc import Iterable
from functools import cache
from pathlib import Path

import pytest

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
os.environ.setdefault("QT_API", "pyside6")


@cache
def qt_problem() -> str:
    """Why windows cannot be tested here; "" if they can."""
    try:
        import PySide6.QtWidgets  # noqa: F401
    except ImportError as error:
        return str(error)
    return ""


class _Skipped(pytest.Module):
    """A file of tests that cannot even be imported here."""

    def collect(self) -> Iterable[pytest.Item | pytest.Collector]:
        pytest.skip(f"no window can be tested here: {qt_problem()}")


def pytest_pycollect_makemodule(module_path: Path, parent: pytest.Collector) -> pytest.Module | None:
    """Tests of windows are skipped where there is no Qt, or where libraries that it needs are missing."""
    return _Skipped.from_parent(parent, path=module_path) if qt_problem() else None


@pytest.fixture(autouse=True)
def own_settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Settings and data of the application in an empty folder of the test."""
    from PySide6.QtCore import QCoreApplication, QLocale, QSettings

    QLocale.setDefault(QLocale.c())
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    QSettings.setDefaultFormat(QSettings.Format.IniFormat)
    QSettings.setPath(QSettings.Format.IniFormat, QSettings.Scope.UserScope, str(tmp_path / "settings"))
    QCoreApplication.setOrganizationName("rnn-toolkit")
    QCoreApplication.setApplicationName("lyrics")
