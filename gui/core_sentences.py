"""What the core says of lyrics, in the language of the window.

The core speaks English, to scripts and logs as well. The sentences that a writer meets most are taken apart again
here, by patterns that stand in one table; `gui/translations/update.py` puts them among the texts to translate. A
sentence that none fits stays as it is.
"""

import re
from dataclasses import fields
from functools import cache

from PySide6.QtCore import QCoreApplication

from toolkit.lyrics.rules import LyricRules

CONTEXT, RULES = "core", "rules"
"""Of the sentences, and of the names of rules, in the translation files."""

SUBJECTS = (*(field.name for field in fields(LyricRules)), "tones", "the template", "the song")
"""What a sentence is of, before its colon: names of rules, and what else can be at fault."""

FOUND = (
    "marks at the end only expected, {marks} found: {line}",
    "no marks expected, {marks} found: {line}",
    "{wanted} expected before {place}, {got} found",
    "{wanted} expected at the end, {got} found",
    "{wanted} expected at {place}, {got} found",
    "{wanted} expected at {place}, {word} is {tone}",
    "stanzas of {sizes} lines expected, found {stanzas}",
    "{count} of equal size expected, found {stanzas}",
    "lines expected, none found",
    "{count} expected, {got} found: {line}",
    "{count} expected, {got} found",
    "{word} expected, and there is no such line",
    "{word} of {letter} rhymes with {other} of {rival}",
    "{word} does not rhyme with {other}",
    "{word} is in no line",
    "{word} is in {line}",
    "{line} is line {number} too",
    "{word} ends line {number} too",
    "the dictionary does not say how many {unit} {word} has",
)
"""Of a check: what was expected, and what was found."""

SAID = (
    "{word} is not in the model's vocabulary: it writes what it has read. Choose another one.",
    "no line was found that keeps it together with the other rules, and the search has come to its bound. "
    "Raise --max-tries or --num-candidates, or ask for less.",
    "letter {letter}: no rhyme has {kinds}words that fit the ends of lines {lines}.",
    "the vocabulary has no {kinds}words that rhyme with {word} and fit the ends of lines {lines}.",
    "expected a word with a known sound, found {word}.",
    "no line has the letter {letter}: the scheme is {scheme}.",
    "no line has room for {word}, as the other rules are.",
    "no token fits cell {cell} and what is behind it.",
    "nothing is left for cell {number} without what is forbidden.",
    "{word} stands in a line that is given.",
    "is given with {count}, {wanted} expected.",
    "is given, and the same as line {number}.",
    "is given, and ends in {word} as line {number}.",
    "is given, and breaks this rule.",
    "{count} need as many lines, and there are {number}.",
    "{word} speaks of line {number}, and there are {lines}.",
    "{count} do not make {stanzas} of equal size",
    "{count} are no multiple of the {letters} letters of {scheme}, whose blanks part stanzas",
    "must be {range}, found {word}",
    "expected a capital letter in braces, like {example}, found {word}.",
    "{word} stands alone; a rhyme letter comes last, like {example}.",
    "expected {range} lines, found {got}.",
)
"""Of an error: why rules cannot be met or read."""

PARTS = (
    "{number} characters",
    "{number} words",
    "{number} syllables",
    "{number} lines",
    "{number} stanzas",
    "{first} to {last}",
    "those of {sizes}",
    "{number} different ",
    "{word} ({rhyme})",
    "no rhyme known",
    "characters",
    "words",
    "syllables",
    "nothing",
    "none",
    "no mark",
    "a blank",
    "neither",
    "what is no word",
    "numbers from {first} to {last} like 7, 5-9 or 7,7,5,5",
    "letters like AABA or 'ABAB CDCD'",
    "LINE:CELL=TEXT, counted from 1, like {example}",
    "one word, or LETTER=WORD for some letters",
)
"""Of sentences: what may stand in the place of a name in braces."""

FRAMES = ("{rule}, line {number}: {message}", "{rule}: {message}", "{rule}{message}", ", ", "; ")
"""How a sentence and what it is of stand together, and several of them."""

_AS_WRITTEN = {"line", "lines", "letter", "rival", "scheme", "sizes", "example", "place"}
"""Names of what is a text of the writer, or a sign."""

_HOLDS = {"number": r"\d+(?: to \d+)?", "first": r"\d+", "last": r"\d+", "kinds": ".*?"}
"""What names stand for that do not stand for any text."""

_ONE = re.compile(r"1 (character|word|syllable|line|stanza)$")
_SUBJECT = rf"(?:{'|'.join(SUBJECTS)})"
_FRAMED = re.compile(rf"({_SUBJECT}(?:, {_SUBJECT})*)(?:, line (\d+))?: (.+)", re.DOTALL)
_BEGUN = re.compile(rf"({_SUBJECT}) (.+)", re.DOTALL)


def rule_name(name: str) -> str:
    """A rule of `LyricRules`, or "tones", in the language of the window."""
    return QCoreApplication.translate(RULES, name)


def translated(message: str) -> str:
    """A finding or an error of the core, in the language of the window; as it is where no pattern fits."""
    if rule_name("rhyme") == "rhyme":  # nothing is translated at all
        return message
    return _whole(message) or message


def _whole(message: str) -> str:
    """One sentence or several; "" where some part of them is not known."""
    if framed := _FRAMED.fullmatch(message):
        said = _whole(framed[3])
        return said and _frame(FRAMES[0 if framed[2] else 1], framed[1], said, framed[2])
    if "; " in message:
        parts = [_whole(part) for part in message.split("; ")]
        if all(parts):
            return QCoreApplication.translate(CONTEXT, "; ").join(parts)
    if known := _by_table(message, (*FOUND, *SAID)):
        return known
    if begun := _BEGUN.fullmatch(message):
        said = _by_table(begun[2], SAID)
        return said and _frame(FRAMES[2], begun[1], said)
    return ""


def _frame(frame: str, subjects: str, message: str, number: str = "") -> str:
    names = QCoreApplication.translate(CONTEXT, ", ").join(map(rule_name, subjects.split(", ")))
    return QCoreApplication.translate(CONTEXT, frame).format(rule=names, number=number, message=message)


def _by_table(message: str, patterns: tuple[str, ...]) -> str:
    """By the first pattern that fits; "" where none does."""
    for pattern in patterns:
        if found := _regex(pattern).fullmatch(message):
            words = QCoreApplication.translate(CONTEXT, pattern)
            return words.format(**{name: _part(name, text) for name, text in found.groupdict().items()})
    return ""


def _part(name: str, text: str) -> str:
    """What stands in the place of a name; of a text in quotes what is in them."""
    if len(text) > 1 and text[0] == text[-1] and text[0] in "'\"":
        return text[1:-1]
    if name in _AS_WRITTEN:
        return text
    return _by_table(_ONE.sub(r"1 \1s", text), PARTS) or text


@cache
def _regex(pattern: str) -> re.Pattern[str]:
    """A pattern with a group in the place of each name."""
    pieces = re.split(r"\{(\w+)\}", pattern)
    found = [re.escape(pieces[0])]
    for name, text in zip(pieces[1::2], pieces[2::2], strict=True):
        found.append(f"(?P<{name}>{_HOLDS.get(name, '.+?')}){re.escape(text)}")
    return re.compile("".join(found), re.DOTALL)
