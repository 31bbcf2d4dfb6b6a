"""The few rules of looks that a palette cannot say; colours are those of the palette."""

STYLE = """
QToolBar { border: 0; padding: 4px 8px; spacing: 4px; }
QToolBar QToolButton { padding: 5px 9px; border-radius: 6px; }
QToolBar QToolButton:hover { background: palette(midlight); }
QToolBar QToolButton:pressed, QToolBar QToolButton:checked { background: palette(mid); }
QToolButton#primary { background: palette(highlight); color: palette(highlighted-text); font-weight: 600; }
QToolButton#primary:disabled { background: palette(mid); color: palette(placeholder-text); }
QFrame#sheet { background: palette(base); border: 1px solid palette(mid); border-radius: 8px; }
QFrame#sheet QLineEdit { background: transparent; border: 0; padding: 0 16px; }
QFrame#sheet QPlainTextEdit { background: transparent; border: 0; }
QTabWidget::pane { border: 0; }
QSplitter::handle { background: transparent; }
QStatusBar::item { border: 0; }
"""
