"""The few rules of looks that a palette cannot say; colours are those of the palette."""

from importlib.resources import files

_CHECKED = files(__package__).joinpath("icons", "checked.svg")

STYLE = """
QToolBar { border: 0; padding: 4px 8px; spacing: 4px; }
QToolBar QToolButton { padding: 5px 9px; border-radius: 6px; }
QToolBar QToolButton:hover, QToolBar QToolButton:focus { background: palette(midlight); }
QToolBar QToolButton:pressed, QToolBar QToolButton:checked { background: palette(mid); }
QToolButton#primary { background: palette(highlight); color: palette(highlighted-text); font-weight: 600; }
QToolButton#primary:hover, QToolButton#primary:focus { background: palette(link); }
QToolButton#primary:disabled { background: palette(mid); color: palette(placeholder-text); }
QFrame#sheet { background: palette(base); border: 1px solid palette(mid); border-radius: 8px; }
QFrame#sheet QLineEdit { background: transparent; border: 0; padding: 0 16px; }
QFrame#sheet QPlainTextEdit { background: transparent; border: 0; }
QTabWidget::pane { border: 0; }
QTabBar { qproperty-drawBase: 0; }
QTabBar::tab { padding: 7px 12px; border: 0; border-bottom: 2px solid transparent; color: palette(placeholder-text); }
QTabBar::tab:selected, QTabBar::tab:hover { color: palette(window-text); }
QTabBar::tab:selected { border-bottom-color: palette(highlight); }
QAbstractSpinBox { min-height: 1.35em; }
QTabBar::tab:focus { background: palette(midlight); }
QCheckBox::indicator { width: 1em; height: 1em; border: 1px solid palette(placeholder-text); border-radius: 3px;
  background: palette(base); }
QCheckBox::indicator:hover, QCheckBox::indicator:focus { border-color: palette(highlight); }
QCheckBox::indicator:checked { background: palette(highlight); border-color: palette(highlight);
  image: url("CHECKED"); }
QCheckBox::indicator:disabled { border-color: palette(mid); }
QScrollBar { background: transparent; border: 0; margin: 0; }
QScrollBar:vertical { width: 11px; }
QScrollBar:horizontal { height: 11px; }
QScrollBar::handle { background: palette(mid); border-radius: 4px; margin: 1px 2px; }
QScrollBar::handle:vertical { min-height: 28px; }
QScrollBar::handle:horizontal { min-width: 28px; }
QScrollBar::handle:hover { background: palette(placeholder-text); }
QScrollBar::add-line, QScrollBar::sub-line { width: 0; height: 0; }
QScrollBar::add-page, QScrollBar::sub-page { background: transparent; }
QPushButton { background: palette(button); border: 1px solid palette(mid); border-radius: 5px; padding: 4px 12px; }
QPushButton:hover { background: palette(midlight); }
QPushButton:focus { border-color: palette(highlight); }
QPushButton:pressed, QPushButton:checked { background: palette(mid); }
QPushButton:disabled { color: palette(placeholder-text); background: transparent; }
QSplitter::handle { background: transparent; }
QStatusBar::item { border: 0; }
""".replace("CHECKED", str(_CHECKED).replace("\\", "/"))
