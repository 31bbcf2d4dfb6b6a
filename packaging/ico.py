"""The icon of a Windows program out of PNG files."""

import struct
from collections.abc import Mapping

SIZES = (16, 24, 32, 48, 64, 128, 256)
"""That Windows asks for, in pixels."""


def ico(pictures: Mapping[int, bytes]) -> bytes:
    """An .ico file of square PNG files by their sizes, 256 pixels at most."""
    place = 6 + 16 * len(pictures)
    head, body = struct.pack("<3H", 0, 1, len(pictures)), b""
    for size, picture in pictures.items():
        head += struct.pack("<4B2H2I", size % 256, size % 256, 0, 0, 1, 32, len(picture), place + len(body))
        body += picture
    return head + body
