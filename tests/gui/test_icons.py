import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import QSize
from PySide6.QtGui import QColor, QGuiApplication, QIcon, QImage, QPalette
from PySide6.QtWidgets import QApplication, QToolButton

from toolkit.gui import icons, make_icons, theme

FOLDER = Path(icons.__file__).parent / "icons"
NAMES = sorted(path.stem for path in FOLDER.glob("*.svg") if path.stem not in {icons.APP, icons.CHECKED})
MODES = QIcon.Mode


@pytest.fixture(autouse=True)
def light(qapp):
    before = qapp.palette()
    qapp.setPalette(theme.palette_of(dark=False))
    yield
    qapp.setPalette(before)


def colours(picture):
    """Red, green, blue and opacity of each pixel [N, 4]."""
    image = picture.toImage().convertToFormat(QImage.Format.Format_RGBA8888)
    return np.frombuffer(image.constBits(), np.uint8).reshape(-1, 4).copy()


def ink(picture):
    """The colour of what is fully painted."""
    found = colours(picture)
    return QColor(*np.unique(found[found[:, 3] == 255], axis=0)[0].tolist())


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("size", [16, 24, 32])
@pytest.mark.parametrize("ratio", [1, 2])
def test_each_drawing_has_its_size_and_neither_nothing_nor_everything_is_painted(qapp, name, size, ratio):
    picture = icons.icon(name).pixmap(QSize(size, size), ratio)
    assert (picture.width(), picture.height()) == (ratio * size, ratio * size)
    assert picture.devicePixelRatio() == ratio
    assert 0.06 < np.mean(colours(picture)[:, 3] > 100) < 0.75


@pytest.mark.parametrize("name", NAMES)
def test_no_drawing_is_cut_off_at_its_edge(qapp, name):
    opacity = colours(icons.icon(name).pixmap(QSize(96, 96), 1))[:, 3].reshape(96, 96)
    assert not opacity[[0, -1]].any()
    assert not opacity[:, [0, -1]].any()


def test_all_drawings_differ(qapp):
    assert len({colours(icons.icon(name).pixmap(QSize(24, 24), 1)).tobytes() for name in NAMES}) == len(NAMES)


def test_what_the_window_needs_is_there():
    wanted = "generate stop regenerate dice lock unlock takes open save undo redo copy export light dark settings"
    assert {*wanted.split(), "star", "check", "close", "add"} == set(NAMES) == icons.names()


@pytest.mark.parametrize("name", ["nothing", "app", "../icons/add"])
def test_an_icon_that_is_not_there_is_an_error(name):
    with pytest.raises(KeyError, match="expected the name of an icon"):
        icons.icon(name)


@pytest.mark.parametrize("dark", [False, True])
def test_a_drawing_takes_the_colours_of_the_palette_and_follows_its_change(qapp, dark):
    drawn = icons.icon("stop")
    drawn.pixmap(QSize(32, 32), 1)
    qapp.setPalette(theme.palette_of(dark=dark))
    palette = QGuiApplication.palette()
    roles, groups = QPalette.ColorRole, QPalette.ColorGroup
    normal, disabled = (palette.color(group, roles.ButtonText) for group in (groups.Active, groups.Disabled))
    assert ink(drawn.pixmap(QSize(32, 32), 1, MODES.Normal)) == normal
    assert ink(drawn.pixmap(QSize(32, 32), 1, MODES.Disabled)) == disabled != normal
    assert ink(drawn.pixmap(QSize(32, 32), 1, MODES.Selected)) == palette.color(roles.HighlightedText)


def test_a_button_shows_the_drawing_in_the_new_colour(qtbot, qapp):
    button = QToolButton()
    button.setIcon(icons.icon("stop"))
    button.setIconSize(QSize(48, 48))
    qtbot.addWidget(button)
    button.show()
    for dark in (False, True):
        qapp.setPalette(theme.palette_of(dark=dark))
        QApplication.processEvents()
        middle = button.grab().toImage().pixelColor(button.rect().center())
        assert middle == qapp.palette().color(QPalette.ColorRole.ButtonText)


def test_copies_of_an_icon_outlive_it(qapp):
    copies = [QIcon(icons.icon("star")) for _ in range(50)]
    assert all(not copy.pixmap(QSize(16, 16)).isNull() for copy in copies)


@pytest.mark.parametrize("name", [*NAMES, icons.APP])
def test_drawings_are_small_and_name_nothing_outside(name):
    text = icons.drawing(name).decode()
    assert len(text) < 1000
    assert re.findall(r"https?:[^\"]*|href|<script|<image|<style", text) == ["http://www.w3.org/2000/svg"]


# The application's own ---------------------------------------------------------------------------


def test_the_application_has_its_icon_in_all_sizes(qapp):
    sizes = {(size.width(), size.height()) for size in icons.app_icon().availableSizes()}
    assert sizes == {(size, size) for size in (16, 24, 32, 48, 64, 128, 256, 512)}


@pytest.mark.parametrize("size", icons.APP_SIZES)
def test_its_pictures_are_those_of_its_drawing(qapp, size):
    stored, drawn = (QImage.fromData(data, "PNG") for data in (icons.app_picture(size), make_icons.picture(size)))
    found = [colours_of(image) for image in (stored, drawn)]
    assert found[0].shape == (size * size, 4)
    assert np.abs(found[0] - found[1]).max() <= 8


def colours_of(image):
    image = image.convertToFormat(QImage.Format.Format_RGBA8888)
    return np.frombuffer(image.constBits(), np.uint8).reshape(-1, 4).astype(int)


def test_the_smallest_still_shows_paper_ink_and_seal(qapp):
    image = QImage.fromData(icons.app_picture(16), "PNG")
    found = colours_of(image)
    red, green, blue, _ = found.T
    assert (found[:, :3].min(axis=1) > 225).sum() >= 30  # paper
    assert ((found[:, :3].max(axis=1) < 110) & (found[:, 3] > 200)).sum() >= 8  # ink
    assert ((red > 150) & (green < 110) & (blue < 110)).sum() >= 4  # seal


def test_a_process_that_shows_icons_ends_well():
    code = (
        "from PySide6.QtWidgets import QApplication, QToolButton; from toolkit.gui.icons import icon, names, app_icon;"
        "app = QApplication([]); app.setWindowIcon(app_icon()); shown = [QToolButton() for _ in names()];"
        "[(b.setIcon(icon(n)), b.show()) for b, n in zip(shown, names())]; app.processEvents(); print(len(shown))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], env=dict(os.environ), capture_output=True, text=True, timeout=60, check=False
    )
    assert (done.returncode, done.stdout.strip()) == (0, str(len(NAMES)))
