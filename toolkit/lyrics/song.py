"""A written text: its lines, what each token cost, and the recipe that writes it again."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Self

from toolkit.errors import FileFormatError, OptionError

from .options import LyricOptions
from .rules import LyricRules

RECIPE_FORMAT = 1


@dataclass(frozen=True)
class Token:
    """A token as it was written.

    Attributes:
        id: in the vocabulary.
        text: what it adds to the line; "" of what only parts lines.
        log_prob: natural logarithm, under the model's own distribution over the tokens that are text.
    """

    id: int
    text: str
    log_prob: float


@dataclass(frozen=True)
class SongLine:
    """A line of a text.

    Attributes:
        text: as it is shown.
        tokens: what the model wrote or read for it, with what parts it from the next line.
        letter: of its rhyme; "" has none.
        given: it was there before, and not written.
    """

    text: str
    tokens: tuple[Token, ...]
    letter: str = ""
    given: bool = False


@dataclass(frozen=True)
class Recipe:
    """All that a text depends on.

    Attributes:
        model: SHA-256 of the model, see `toolkit.loading.fingerprint`; "" is unknown.
        rules: with the unit that "auto" came to.
        options: with the seed.
        take: which of the options' num_return_sequences texts.
        prompt: what was read before the first line.
        given: number of a line, from 1 -> its text, where lines were there before.
        avoid: lines that were not to be written again.
    """

    model: str
    rules: LyricRules
    options: LyricOptions
    take: int = 0
    prompt: str = ""
    given: Mapping[int, str] = field(default_factory=dict)
    avoid: tuple[str, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values."""
        return {
            "format": RECIPE_FORMAT,
            "model": self.model,
            "rules": self.rules.to_dict(),
            "options": self.options.to_dict(),
            "take": self.take,
            "prompt": self.prompt,
            "given": {str(number): text for number, text in self.given.items()},
            "avoid": list(self.avoid),
        }

    @classmethod
    def from_dict(cls, values: object, where: str) -> Self:
        """The reverse of `to_dict`.

        Raises:
            FileFormatError: it is no recipe.
            OptionError: a rule or an option in it is out of range.
        """
        try:
            assert isinstance(values, Mapping)
            assert values["format"] == RECIPE_FORMAT
            given = {int(number): str(text) for number, text in values["given"].items()}
            parts = (values["rules"], values["options"], int(values["take"]), str(values["prompt"]))
            avoid = tuple(map(str, values["avoid"]))
            assert isinstance(parts[0], Mapping)
            assert isinstance(parts[1], Mapping)
            model = str(values["model"])
        except (AssertionError, AttributeError, KeyError, TypeError, ValueError) as error:
            raise FileFormatError(
                f"{where}: expected a recipe as `toolkit lyrics --json` writes it, found something else. Take the part "
                '"recipe" of a text.'
            ) from error
        rules, options, take, prompt = parts
        checked = LyricRules.from_dict(rules, where), LyricOptions.from_dict(options, where)
        if not 0 <= take < checked[1].num_return_sequences:
            raise OptionError(f"{where}: take must be below {checked[1].num_return_sequences}, found {take}")
        return cls(model, *checked, take, prompt, given, avoid)

    def __str__(self) -> str:
        return json.dumps(self.to_dict(), ensure_ascii=False)


@dataclass(frozen=True)
class Song:
    """A text.

    Attributes:
        lines: in order.
        stanzas: how many lines each has.
        rhymes: letter -> the rhyme class of its lines, see `toolkit.rhymes.describe`.
        recipe: writes it again.
    """

    lines: tuple[SongLine, ...]
    stanzas: tuple[int, ...]
    rhymes: Mapping[str, str]
    recipe: Recipe

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values."""
        return {
            "text": str(self),
            "lines": [
                {
                    "text": line.text,
                    "letter": line.letter,
                    "given": line.given,
                    "tokens": [[token.id, token.text, token.log_prob] for token in line.tokens],
                }
                for line in self.lines
            ],
            "stanzas": list(self.stanzas),
            "rhymes": dict(self.rhymes),
            "log_prob": self.log_prob,
            "recipe": self.recipe.to_dict(),
        }

    @classmethod
    def from_dict(cls, values: object, where: str) -> Self:
        """The reverse of `to_dict`.

        Raises:
            FileFormatError: it is no text of `to_dict`.
            OptionError: a rule or an option in it is out of range.
        """
        try:
            assert isinstance(values, Mapping)
            lines = tuple(
                SongLine(
                    str(line["text"]),
                    tuple(Token(int(i), str(text), float(log_prob)) for i, text, log_prob in line["tokens"]),
                    str(line["letter"]),
                    bool(line["given"]),
                )
                for line in values["lines"]
            )
            stanzas = tuple(int(size) for size in values["stanzas"])
            rhymes = {str(letter): str(name) for letter, name in values["rhymes"].items()}
            assert sum(stanzas) == len(lines)
            recipe = values["recipe"]
        except (AssertionError, AttributeError, KeyError, TypeError, ValueError) as error:
            raise FileFormatError(
                f"{where}: expected a text as `toolkit lyrics --json` writes it, found something else."
            ) from error
        return cls(lines, stanzas, rhymes, Recipe.from_dict(recipe, where))

    def __str__(self) -> str:
        fresh = iter(self.lines)
        return "\n\n".join("\n".join(next(fresh).text for _ in range(size)) for size in self.stanzas)

    @property
    def log_prob(self) -> float:
        """Mean natural log-probability of the tokens that were written, without those of given lines."""
        found = [token.log_prob for line in self.lines if not line.given for token in line.tokens]
        return sum(found) / len(found) if found else 0.0
