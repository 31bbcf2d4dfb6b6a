"""The chart of `toolkit translate --attention`."""

import warnings
from collections.abc import Sequence
from pathlib import Path

from matplotlib import rc_context
from matplotlib.figure import Figure
from matplotlib.font_manager import findSystemFonts, fontManager
from matplotlib.ft2font import FT2Font

from toolkit.errors import ToolkitError
from toolkit.seq2seq import Weights

_PLAIN = "DejaVu Sans"
"""Matplotlib brings it; it has no Chinese."""

_BOXES = "Last Resort"
"""Matplotlib brings this font, too; it has a box for every character."""


def draw(weights: Weights, source: Sequence[str], target: Sequence[str], path: Path) -> bool:
    """A heat map: a row for each token of the target, a column for each of the source.

    Args:
        weights: float32 [len(target), len(source)], each row a sum of 1.
        source: its tokens.
        target: its tokens.
        path: of the PNG.

    Returns:
        Whether a font was found that has all characters; without one they are drawn as boxes.

    Raises:
        ToolkitError: the file cannot be written.
    """
    family = _family_of({*"".join([*source, *target])})
    fonts = [_PLAIN] if family is None else [_PLAIN, family]
    with rc_context({"font.family": fonts}), warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Glyph .* missing")  # said by what is returned
        figure = Figure(figsize=(1.8 + 0.32 * len(source), 1.4 + 0.32 * len(target)), dpi=120, layout="constrained")
        axes = figure.add_subplot()
        image = axes.imshow(weights, cmap="Blues", vmin=0, vmax=1, aspect="equal")
        axes.set_xticks(range(len(source)), [_shown(token) for token in source])
        axes.set_yticks(range(len(target)), [_shown(token) for token in target])
        axes.xaxis.tick_top()
        axes.tick_params(length=0)
        figure.colorbar(image, ax=axes, label="attention", shrink=0.8)
        try:
            figure.savefig(path, format="png")
        except OSError as error:
            raise ToolkitError(f"{path}: cannot be written: {error.strerror}. Choose another place.") from error
    return family is not None


def _shown(token: str) -> str:
    """White space as something to be seen, and nothing that matplotlib takes for a formula."""
    return token.replace(" ", "␣").replace("\n", "⏎").replace("$", r"\$")


def _family_of(characters: set[str]) -> str | None:
    """The family of an installed font that has all characters which the plain one lacks."""
    installed = {entry.fname: entry.name for entry in fontManager.ttflist}
    plain = next(path for path, name in installed.items() if name == _PLAIN)
    missing = {ord(c) for c in characters} - set(FT2Font(plain).get_charmap())
    if not missing:
        return _PLAIN
    known = [path for path, name in installed.items() if not name.startswith(_BOXES)]
    new = set(findSystemFonts()) - set(installed)  # matplotlib keeps its list of fonts from its first run
    for path in (*sorted(known), *sorted(new, key=lambda path: ("Regular" not in path, path))):
        font = FT2Font(path)
        if missing <= set(font.get_charmap()):
            if path in new:
                fontManager.addfont(path)
            return font.family_name
    return None
