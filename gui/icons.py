"""Our icons: line drawings in the colour of the palette's text, and the one of the application."""

from functools import cache
from importlib.resources import files

from PySide6.QtCore import QRect, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QGuiApplication, QIcon, QIconEngine, QPainter, QPalette, QPixmap
from PySide6.QtSvg import QSvgRenderer

_FOLDER = files(__package__) / "icons"
APP = "app"
"""The name of the application's own; it has colours."""

CHECKED = "checked"
"""That of a box that is checked; the style sheet reads it from its file."""

APP_SIZES = (16, 24, 32, 48, 64, 128, 256, 512)
"""Of its pictures in pixels; `toolkit.gui.make_icons` draws them."""

_SVG = ".svg"


@cache
def names() -> frozenset[str]:
    """What `icon` knows."""
    found = (entry.name for entry in _FOLDER.iterdir())
    return frozenset(name.removesuffix(_SVG) for name in found if name.endswith(_SVG)) - {APP, CHECKED}


def icon(name: str, role: QPalette.ColorRole = QPalette.ColorRole.ButtonText) -> QIcon:
    """A line drawing that is painted in the colour that a role has at that time, muted where disabled.

    Raises:
        KeyError: there is none of that name.
    """
    if name not in names():
        raise KeyError(f"expected the name of an icon, one of {', '.join(sorted(names()))}, found {name!r}")
    return QIcon(_Drawing(name, role))


def app_icon() -> QIcon:
    """The icon of the application in all its sizes."""
    found = QIcon()
    for size in APP_SIZES:
        found.addFile(str(_FOLDER / f"{APP}-{size}.png"), QSize(size, size))
    return found


def app_picture(size: int) -> bytes:
    """The PNG file of the application's icon in one of `APP_SIZES`."""
    return (_FOLDER / f"{APP}-{size}.png").read_bytes()


def drawing(name: str) -> bytes:
    """The SVG file of an icon."""
    return (_FOLDER / f"{name}{_SVG}").read_bytes()


@cache
def _renderer(name: str, colour: str) -> QSvgRenderer:
    """A drawing in a colour."""
    return QSvgRenderer(drawing(name).replace(b"currentColor", colour.encode()))


class _Drawing(QIconEngine):
    """An icon that is drawn anew wherever it is shown, so that it is sharp, and follows the palette."""

    def __init__(self, name: str, role: QPalette.ColorRole) -> None:
        super().__init__()
        self._name, self._role = name, role

    def paint(self, painter: QPainter, rect: QRect, mode: QIcon.Mode, state: QIcon.State) -> None:
        """As of QIconEngine."""
        _renderer(self._name, _colour(mode, self._role).name()).render(painter, QRectF(rect))

    def pixmap(self, size: QSize, mode: QIcon.Mode, state: QIcon.State) -> QPixmap:
        """As of QIconEngine."""
        picture = QPixmap(size)
        picture.fill(Qt.GlobalColor.transparent)
        painter = QPainter(picture)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        self.paint(painter, QRect(0, 0, size.width(), size.height()), mode, state)
        painter.end()
        return picture

    def clone(self) -> QIconEngine:
        """As of QIconEngine."""
        return _Drawing(self._name, self._role)


def _colour(mode: QIcon.Mode, role: QPalette.ColorRole) -> QColor:
    """Of the text beside an icon."""
    palette = QGuiApplication.palette()
    if mode == QIcon.Mode.Disabled:
        return palette.color(QPalette.ColorGroup.Disabled, QPalette.ColorRole.ButtonText)
    if mode == QIcon.Mode.Selected:
        role = QPalette.ColorRole.HighlightedText
    return palette.color(QPalette.ColorGroup.Active, role)
