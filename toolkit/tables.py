"""Tables that come with the toolkit: a key and a value a line, compressed."""

import gzip
from collections.abc import Mapping
from functools import cache

from .corpus import built_in_bytes


@cache
def built_in_table(file: str) -> Mapping[str, str]:
    """The values of a table by their keys, read once; its first line says where it is from."""
    lines = gzip.decompress(built_in_bytes(file)).decode().partition("\n")[2]
    cells = lines.replace("\n", "\t").split("\t")
    return dict(zip(cells[::2], cells[1::2], strict=True))
