"""Names that stand in a file, in messages: they may be long, many, or hold line breaks."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from torch import Tensor

from toolkit.errors import FileFormatError
from toolkit.tokenizer import readable

_LONGEST = 300
"""Characters of a tensor's name; ten modules deep it has some hundred."""

_SHOWN = 80
"""Characters of a name in a message."""


def brief(name: object) -> str:
    """A name, short and without control characters."""
    text = str(name)
    return readable(text[:_SHOWN]) + ("…" if len(text) > _SHOWN else "")


def listed(names: Iterable[object], most: int = 8) -> str:
    """Some names, and how many more there are."""
    all_names = list(names)
    more = f" and {len(all_names) - most} more" if len(all_names) > most else ""
    return ", ".join(map(brief, all_names[:most])) + more


def with_plain_names(tensors: Mapping[Any, Tensor], path: Path) -> dict[str, Tensor]:
    """Tensors whose names can be shown, and typed after --set.

    Raises:
        FileFormatError: one holds control characters, or is very long.
    """
    for name in map(str, tensors):
        if not name.isprintable() or len(name) > _LONGEST:
            raise FileFormatError(
                f"{path}: a tensor is called {brief(name)}; expected printable names of up to {_LONGEST} characters. "
                "Rename it."
            )
    return {str(name): tensor for name, tensor in tensors.items()}
