"""Classical forms as templates: regulated verse (绝句, 律诗) and tunes of ci (词牌)."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

from toolkit.corpus import built_in_bytes, decode_text

from .template import parse_template

_FILE = "forms-zh.txt"


@dataclass(frozen=True)
class Form:
    """A classical form.

    Attributes:
        name: what it is called, like 虞美人 or 七绝-平起入韵.
        aliases: other names; 七绝 is one of its most common variant.
        text: its template, a cell a character.
        source: whose account it is.
    """

    name: str
    aliases: tuple[str, ...]
    text: str
    source: str

    @property
    def lines(self) -> int:
        """How many lines it has."""
        return len(parse_template(self.text).lines)


def form_names() -> tuple[str, ...]:
    """The name of each form, verse first; aliases are not among them."""
    return tuple(dict.fromkeys(form.name for form in _forms().values()))


def every_name() -> tuple[str, ...]:
    """All names and aliases."""
    return tuple(_forms())


def find_form(name: str) -> Form | None:
    """The form of that name or alias; None if there is none."""
    return _forms().get(name)


@cache
def _forms() -> Mapping[str, Form]:
    """All forms by their names and aliases."""
    found: dict[str, Form] = {}
    for part in decode_text(built_in_bytes(_FILE), _FILE).split("\n## ")[1:]:
        head, source, text = part.split("\n", 2)
        name, _, others = head.partition(" = ")
        form = Form(name, tuple(others.split(", ")) if others else (), text.strip(), source.removeprefix("# "))
        found |= dict.fromkeys((name, *form.aliases), form)
    return found
