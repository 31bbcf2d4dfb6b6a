"""What a window needs of the system: shared libraries that no wheel brings, and a screen.

Run by itself it names the Debian packages of those that are missing: PYTHONPATH=. python3 -P gui/system.py
"""

import ctypes
import os
import sys
from collections.abc import Iterable, Mapping

from toolkit.errors import ToolkitError

LIBRARIES: Mapping[str, str] = {
    "libEGL.so.1": "libegl1",
    "libGL.so.1": "libgl1",
    "libX11.so.6": "libx11-6",
    "libdbus-1.so.3": "libdbus-1-3",
    "libfontconfig.so.1": "libfontconfig1",
    "libfreetype.so.6": "libfreetype6",
    "libglib-2.0.so.0": "libglib2.0-0",
    "libxkbcommon.so.0": "libxkbcommon0",
}
"""What Qt's widgets are linked with, and the Debian package of each: without one they cannot be imported."""

X11_LIBRARIES: Mapping[str, str] = {
    "libX11-xcb.so.1": "libx11-xcb1",
    "libxcb-cursor.so.0": "libxcb-cursor0",
    "libxcb-icccm.so.4": "libxcb-icccm4",
    "libxcb-keysyms.so.1": "libxcb-keysyms1",
    "libxcb-randr.so.0": "libxcb-randr0",
    "libxcb-shape.so.0": "libxcb-shape0",
    "libxcb-xkb.so.1": "libxcb-xkb1",
    "libxkbcommon-x11.so.0": "libxkbcommon-x11-0",
}
"""What Qt needs besides to open a window on X11, but for what comes with these: without one it ends the process."""


def missing(libraries: Iterable[str]) -> tuple[str, ...]:
    """Those that cannot be loaded."""
    return tuple(name for name in libraries if not _loads(name))


def check_libraries(needed: Mapping[str, str] = LIBRARIES) -> None:
    """Load what is needed, before Qt fails to.

    Raises:
        ToolkitError: some cannot be loaded; it names their packages.
    """
    names = missing(needed) if sys.platform == "linux" else ()
    if names:
        raise ToolkitError(
            f"toolkit gui needs {', '.join(names)}, which this system lacks. On Debian and Ubuntu: "
            f"apt install {' '.join(needed[name] for name in names)}"
        )


def check_screen() -> None:
    """Make sure that a window can open, where Qt would end the process.

    Raises:
        ToolkitError: there is no screen, none that lets us in, or libraries are missing.
    """
    if sys.platform != "linux":
        return
    platform, display, wayland = (os.environ.get(n, "") for n in ("QT_QPA_PLATFORM", "DISPLAY", "WAYLAND_DISPLAY"))
    if not (platform or display or wayland):
        raise ToolkitError(
            "no display: neither DISPLAY nor WAYLAND_DISPLAY is set, so no window can open. Run it on a desktop, or "
            "write in the terminal: toolkit lyrics builtin:songci"
        )
    uses_x11 = platform.startswith("xcb") or not (platform or wayland)
    check_libraries({**LIBRARIES, **(X11_LIBRARIES if uses_x11 else {})})
    if uses_x11 and not _reaches_x11():
        raise ToolkitError(
            f"no display: nothing answers at DISPLAY={display}, so no window can open. Run it on a desktop, as the "
            "user who is logged in there"
        )


def _loads(name: str) -> bool:
    try:
        ctypes.CDLL(name)
    except OSError:
        return False
    return True


def _reaches_x11() -> bool:
    """Whether the X server lets us in; Qt would end the process where it does not."""
    xcb = ctypes.CDLL("libxcb.so.1")
    xcb.xcb_connect.restype = ctypes.c_void_p
    connection = ctypes.c_void_p(xcb.xcb_connect(None, None))
    failed = bool(xcb.xcb_connection_has_error(connection))
    xcb.xcb_disconnect(connection)
    return not failed


if __name__ == "__main__":
    packages = {**LIBRARIES, **X11_LIBRARIES}
    for library in missing(packages):
        sys.stdout.write(f"{packages[library]}\n")
