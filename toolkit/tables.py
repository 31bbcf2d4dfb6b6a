"""Tables that come with the toolkit: a key and a value a line, compressed."""

import gzip
from collections.abc import Mapping
from functools import cache

from .corpus import built_in_bytes

_CHUNK = 1 << 18
"""Characters that are cut at once: a window in the same process stands still while they are."""


@cache
def built_in_table(file: str) -> Mapping[str, str]:
    """The values of a table by their keys, read once; its first line says where it is from."""
    lines = gzip.decompress(built_in_bytes(file)).decode()
    table: dict[str, str] = {}
    start = lines.find("\n") + 1
    while start < len(lines):
        end = lines.find("\n", start + _CHUNK)
        end = len(lines) if end < 0 else end
        cells = lines[start:end].removesuffix("\n").replace("\n", "\t").split("\t")
        table.update(zip(cells[::2], cells[1::2], strict=True))
        start = end + 1
    return table
