"""Rules to begin with, and the classical forms in groups."""

from functools import cache

from PySide6.QtCore import QCoreApplication

from toolkit.lyrics.forms import form_names
from toolkit.lyrics.rules import LyricRules
from toolkit.lyrics.units import CHAR, SYLLABLE, WORD

VERSE = ("五绝", "七绝", "五律", "七律")
"""How the names of regulated verse begin; the other forms are tunes."""


def ready_rules(unit: str) -> dict[str, LyricRules]:
    """Rules for the first minute, by their names in the language of the window, for what a model counts."""
    translate = QCoreApplication.translate
    chinese = {
        translate("RulePresets", "Eight lines of seven, AABA"): LyricRules(lines=8, length="7", rhyme="AABA"),
        translate("RulePresets", "Four lines of five, every second one rhymes"): LyricRules(
            lines=4, length="5", rhyme="XAXA"
        ),
        translate("RulePresets", "Acrostic of the four seasons"): LyricRules(
            acrostic="春夏秋冬", length="7", rhyme="AABA"
        ),
        translate("RulePresets", "Long and short, two stanzas"): LyricRules(
            length="7,7,5,5", rhyme="AABB CCDD", near=True
        ),
        translate("RulePresets", "Classical quatrain 七绝"): LyricRules(form="七绝"),
    }
    sung = {
        translate("RulePresets", "Four lines in couplets, AABB"): LyricRules(
            lines=4, length="8", unit=SYLLABLE, rhyme="AABB", near=True
        ),
        translate("RulePresets", "Ballad, 8 and 6 syllables, ABCB"): LyricRules(
            lines=8, length="8,6", unit=SYLLABLE, rhyme="ABCB DEFE", near=True
        ),
        translate("RulePresets", "Limerick, AABBA"): LyricRules(
            length="8,8,5,5,8", unit=SYLLABLE, rhyme="AABBA", near=True
        ),
        translate("RulePresets", "Acrostic of LOVE"): LyricRules(
            acrostic="LOVE", length="5-7", rhyme="ABAB", near=True
        ),
    }
    return {CHAR: chinese, WORD: sung, SYLLABLE: sung}[unit]


@cache
def form_groups() -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The names of regulated verse, then those of tunes."""
    names = form_names()
    verse = tuple(name for name in names if name.startswith(VERSE))
    return verse, tuple(name for name in names if name not in verse)
