"""Models that come with the toolkit, to have something to play with: `builtin:songci` and the like.

Each is one step.onnx with int8 weights; toolkit/data/models/README.md says how they were made.
"""

from importlib.resources import files
from pathlib import Path

from .corpus import BUILTIN
from .errors import ToolkitError

BUILTIN_MODELS = {
    "songci": "Song lyrics of the tenth to thirteenth century, by characters",
    "lyrics-zh": "modern Chinese songs, by characters",
    "lyrics-en": "English songs, by words",
}
"""Name -> what it writes."""


def model_path(path: str | Path) -> Path:
    """Where a model lies; `builtin:NAME` is one of `BUILTIN_MODELS`.

    Raises:
        ToolkitError: there is no such built-in model.
    """
    text = str(path)
    if not text.startswith(BUILTIN):
        return Path(path)
    name = text.removeprefix(BUILTIN)
    if name not in BUILTIN_MODELS:
        names = ", ".join(f"{BUILTIN}{known}" for known in BUILTIN_MODELS)
        raise ToolkitError(f"{text}: no such built-in model; there are {names}")
    return Path(str(files("toolkit").joinpath("data", "models", f"{name}.onnx")))


def builtin_name(path: Path) -> str:
    """The name of the built-in model that lies there, or nothing."""
    text = str(path)
    if text.startswith(BUILTIN):
        return text.removeprefix(BUILTIN)
    return next((name for name in BUILTIN_MODELS if model_path(f"{BUILTIN}{name}") == path), "")
