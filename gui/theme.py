"""Light and dark: two palettes of paper, ink and seal red, and the colours that mean something."""

from PySide6.QtCore import Qt
from PySide6.QtGui import QColor, QPalette
from PySide6.QtWidgets import QApplication

from .style import STYLE

SYSTEM, LIGHT, DARK = "system", "light", "dark"
SCHEMES = (SYSTEM, LIGHT, DARK)

_SCHEME_OF = {
    SYSTEM: Qt.ColorScheme.Unknown,
    LIGHT: Qt.ColorScheme.Light,
    DARK: Qt.ColorScheme.Dark,
}

_ROLES = {  # role: (light, dark)
    QPalette.ColorRole.Window: ("#f4f1ea", "#1f1e1c"),
    QPalette.ColorRole.WindowText: ("#26221d", "#e9e4da"),
    QPalette.ColorRole.Base: ("#fffdf8", "#2a2825"),
    QPalette.ColorRole.AlternateBase: ("#f7f3ea", "#312f2b"),
    QPalette.ColorRole.Text: ("#26221d", "#ece7dd"),
    QPalette.ColorRole.Button: ("#ebe6da", "#3b3934"),
    QPalette.ColorRole.ButtonText: ("#26221d", "#ece7dd"),
    QPalette.ColorRole.BrightText: ("#ffffff", "#ffffff"),
    QPalette.ColorRole.ToolTipBase: ("#fffdf8", "#34322e"),
    QPalette.ColorRole.ToolTipText: ("#26221d", "#ece7dd"),
    QPalette.ColorRole.PlaceholderText: ("#7b7266", "#958d80"),
    QPalette.ColorRole.Highlight: ("#b23a2e", "#c9574a"),
    QPalette.ColorRole.HighlightedText: ("#ffffff", "#ffffff"),
    QPalette.ColorRole.Accent: ("#b23a2e", "#c9574a"),
    QPalette.ColorRole.Link: ("#9a2f24", "#e08a7d"),
    QPalette.ColorRole.Light: ("#ffffff", "#454239"),
    QPalette.ColorRole.Midlight: ("#f6f2e9", "#3b3934"),
    QPalette.ColorRole.Mid: ("#cfc7b6", "#55524a"),
    QPalette.ColorRole.Dark: ("#b3aa97", "#141312"),
    QPalette.ColorRole.Shadow: ("#8a8171", "#000000"),
}

_MUTED = ("#6f675b", "#a49c8f")
_PROBLEM = ("#a3241b", "#ff8f80")
_GOOD = ("#2f6b3a", "#8fcf9a")
_DISABLED = ("#a79f91", "#6e685e")


def is_dark(palette: QPalette | None = None) -> bool:
    """Whether a palette, by default the application's, writes light on dark."""
    palette = palette or QApplication.palette()
    return palette.color(QPalette.ColorRole.Base).lightness() < palette.color(QPalette.ColorRole.Text).lightness()


def palette_of(*, dark: bool) -> QPalette:
    """The light or the dark palette."""
    palette = QPalette()
    for role, colours in _ROLES.items():
        palette.setColor(role, QColor(colours[dark]))
    for role in (QPalette.ColorRole.Text, QPalette.ColorRole.WindowText, QPalette.ColorRole.ButtonText):
        palette.setColor(QPalette.ColorGroup.Disabled, role, QColor(_DISABLED[dark]))
    palette.setColor(
        QPalette.ColorGroup.Disabled, QPalette.ColorRole.Highlight, QColor(_ROLES[QPalette.ColorRole.Mid][dark])
    )
    return palette


def apply_scheme(app: QApplication, scheme: str) -> None:
    """Show the application light, dark, or as the system is."""
    hints = app.styleHints()
    hints.setColorScheme(_SCHEME_OF[scheme])
    dark = scheme == DARK or (scheme == SYSTEM and hints.colorScheme() == Qt.ColorScheme.Dark)
    app.setPalette(palette_of(dark=dark))
    app.setStyleSheet("")  # which would keep the colours that it was read with
    app.setStyleSheet(STYLE)


def accent(palette: QPalette | None = None) -> QColor:
    """Of what is to be found at once."""
    return (palette or QApplication.palette()).color(QPalette.ColorRole.Accent)


def muted(palette: QPalette | None = None) -> QColor:
    """Of help and figures beside what matters; still 4.5 : 1 on the window."""
    return QColor(_MUTED[is_dark(palette)])


def problem(palette: QPalette | None = None) -> QColor:
    """Of what does not hold."""
    return QColor(_PROBLEM[is_dark(palette)])


def good(palette: QPalette | None = None) -> QColor:
    """Of what holds."""
    return QColor(_GOOD[is_dark(palette)])
