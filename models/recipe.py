"""Recipes: a TOML file says what to train on, which network, how, and what figure it should reach."""

import difflib
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any

from toolkit.bundle import LM, SEQ2SEQ, SERIES, WINDOW
from toolkit.corpus import CorpusOptions
from toolkit.errors import ToolkitError
from toolkit.files import read_bytes
from toolkit.options import Options
from toolkit.parallel import ParallelOptions
from toolkit.tokenizer import TokenizerOptions

from .network_options import NetworkOptions
from .seq2seq_options import Seq2SeqOptions
from .series_options import SeriesDataOptions, SeriesOptions
from .train_options import TrainOptions
from .window_options import WindowOptions

SECTIONS: Mapping[str, Mapping[str, type[Options]]] = {
    LM: {"corpus": CorpusOptions, "tokenizer": TokenizerOptions, "network": NetworkOptions, "training": TrainOptions},
    SERIES: {"data": SeriesDataOptions, "network": SeriesOptions, "training": TrainOptions},
    SEQ2SEQ: {
        "data": ParallelOptions,
        "tokenizer": TokenizerOptions,
        "network": Seq2SeqOptions,
        "training": TrainOptions,
    },
    WINDOW: {
        "corpus": CorpusOptions,
        "tokenizer": TokenizerOptions,
        "network": WindowOptions,
        "training": TrainOptions,
    },
}
"""Kind of model -> section of a recipe -> the options that it sets."""

_TOP = ("about", "kind", "source", "figure")


@dataclass(frozen=True)
class Figure:
    """What a recipe should reach.

    Attributes:
        metric: a key of metrics.jsonl.
        at_most: the largest value that will do in the last epoch.
        tutorial: what the tutorial it comes from reached, and where that stands.
    """

    metric: str
    at_most: float
    tutorial: str = ""


@dataclass(frozen=True)
class Recipe:
    """One recipe.

    Attributes:
        name: of the file, without its ending.
        about: what it shows, in a line.
        kind: a key of `SECTIONS`.
        source: what it trains on.
        sections: section -> option -> value; what is not there has its default.
        figure: what it should reach.
        text: the file.
    """

    name: str
    about: str
    kind: str
    source: str
    text: str
    sections: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    figure: Figure | None = None

    def values(self) -> dict[str, Any]:
        """All options that it sets; no two sections have one of the same name."""
        return {name: value for section in self.sections.values() for name, value in section.items()}

    def options(self, changes: Mapping[str, Any]) -> dict[str, Any]:
        """Section -> its options, with some changed.

        Raises:
            ToolkitError: a change is no option of this kind of model, or out of range.
        """
        left, made = dict(changes), {}
        for section, cls in SECTIONS[self.kind].items():
            names = {part.name for part in fields(cls)}  # type: ignore[arg-type]  # subclasses are dataclasses
            mine = {name: left.pop(name) for name in list(left) if name in names}
            made[section] = cls.from_dict({**self.sections.get(section, {}), **mine}, f"recipe {self.name}")
        if left:
            flags = ", ".join(f"--{name.replace('_', '-')}" for name in left)
            raise ToolkitError(f"recipe {self.name}: a model of kind {self.kind} has no {flags}")
        return made


def recipe_names() -> list[str]:
    """The recipes that come with the toolkit."""
    return sorted(part.name.removesuffix(".toml") for part in _folder().iterdir() if part.name.endswith(".toml"))


def read_recipe(name: str) -> Recipe:
    """A recipe of the toolkit by its name, or one's own by its path.

    Raises:
        ToolkitError: there is no such recipe, or something in it is no option or out of range.
    """
    if name.endswith(".toml"):
        return _parsed(Path(name).stem, read_bytes(Path(name), "a recipe"), name)
    names = recipe_names()
    if name not in names:
        close = difflib.get_close_matches(name, names, n=1)
        hint = f"Did you mean {close[0]}?" if close else f"There are {', '.join(names)}."
        raise ToolkitError(f"recipe {name}: there is none of that name. {hint} One of your own ends in .toml.")
    return _parsed(name, (_folder() / f"{name}.toml").read_bytes(), f"recipe {name}")


def _folder() -> Traversable:
    return files("toolkit.models") / "recipes"


def _parsed(name: str, data: bytes, where: str) -> Recipe:
    try:
        text = data.decode()
        values = tomllib.loads(text)
    except ValueError as error:  # no UTF-8, no TOML
        raise ToolkitError(f"{where}: expected a recipe in TOML: {error}") from error
    kind = values.get("kind")
    if not isinstance(kind, str) or kind not in SECTIONS:
        raise ToolkitError(f"{where}: kind must be one of {', '.join(SECTIONS)}, found {kind!r}")
    options = SECTIONS[kind]
    unknown = sorted(set(values) - {*_TOP, *options})
    if unknown:
        raise ToolkitError(f"{where}: unknown entry {', '.join(unknown)}; known are {', '.join((*_TOP, *options))}")
    sections = {section: values[section] for section in options if section in values}
    misplaced = [section for section, found in sections.items() if not isinstance(found, dict)]
    if misplaced:
        raise ToolkitError(f"{where}: {', '.join(misplaced)} must be sections: [{misplaced[0]}] on a line of its own")
    for section, found in sections.items():
        options[section].from_dict(found, f"{where}: [{section}]")
    source, about = values.get("source"), values.get("about", "")
    if not isinstance(source, str) or not isinstance(about, str):
        raise ToolkitError(f"{where}: source and about must be texts; source names what to train on")
    return Recipe(name, about, kind, source, text, sections, _figure(values.get("figure"), where))


def _figure(values: object, where: str) -> Figure | None:
    if values is None:
        return None
    known = {part.name for part in fields(Figure)}
    if not isinstance(values, dict) or set(values) - known:
        raise ToolkitError(f"{where}: [figure] takes {', '.join(sorted(known))}, found {values!r}")
    try:
        return Figure(str(values["metric"]), float(values["at_most"]), str(values.get("tutorial", "")))
    except (KeyError, TypeError, ValueError) as error:
        raise ToolkitError(f"{where}: [figure] needs metric and at_most, a number: {error}") from error
