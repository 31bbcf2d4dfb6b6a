"""Draws the pictures of the application's icon from its SVG: python -m toolkit.gui.make_icons."""

from pathlib import Path

from PySide6.QtCore import QBuffer, QIODevice, Qt
from PySide6.QtGui import QImage, QPainter
from PySide6.QtSvg import QSvgRenderer

from .icons import APP, APP_SIZES, drawing


def picture(size: int) -> bytes:
    """A PNG file of so many pixels each way."""
    image = QImage(size, size, QImage.Format.Format_ARGB32_Premultiplied)
    image.fill(Qt.GlobalColor.transparent)
    painter = QPainter(image)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    QSvgRenderer(drawing(APP)).render(painter)
    painter.end()
    buffer = QBuffer()
    buffer.open(QIODevice.OpenModeFlag.WriteOnly)
    image.save(buffer, "PNG")  # type: ignore[call-overload]  # its stub wants bytes, it takes text alone
    return bytes(buffer.data().data())


if __name__ == "__main__":
    folder = Path(__file__).parent / "icons"
    for pixels in APP_SIZES:
        (folder / f"{APP}-{pixels}.png").write_bytes(picture(pixels))
