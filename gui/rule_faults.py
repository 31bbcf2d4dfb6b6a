"""Which field a fault is of."""

import re

from toolkit.errors import OptionError
from toolkit.lyrics.rules import LyricRules


def fails(name: str, value: object) -> bool:
    """Whether a rule has a fault all by itself."""
    try:
        LyricRules.from_dict({name: value}, name)
    except OptionError:
        return True
    return False


def sentences_by_field(message: str) -> dict[str, str]:
    """The sentences of an `OptionError` by the field that each begins with; of several that one is of, to the first."""
    names = "|".join(field for field in LyricRules().to_dict())
    found: dict[str, str] = {}
    for sentence in re.split(rf"; (?=(?:{names})\b)", message):
        begins = re.match(rf"({names})((?:, (?:{names}))*):? ?", sentence)
        name = begins[1] if begins else ""
        text = sentence[begins.end() :] if begins and not begins[2] else sentence
        found[name] = f"{found[name]}; {text}" if name in found else text
    return found
