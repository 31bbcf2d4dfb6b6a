"""English contractions as jieba cuts them: a word, an apostrophe, a suffix."""

SUFFIXES = frozenset({"s", "t", "d", "m", "ll", "re", "ve"})
"""What stands behind the apostrophe; of words it fills no cell."""

CUT_STEMS = frozenset(
    [f"{verb}n" for verb in ("ai", "are", "could", "did", "does", "had", "has", "have", "is", "must", "need", "should")]
    + [f"{verb}n" for verb in ("was", "were", "would")]
)
"""What is left of didn't and its like before the apostrophe; no words by themselves."""

_PRONOUNS = frozenset(["i", "you", "he", "she", "it", "we", "they", "that", "there", "who"])
_STEMS = {
    "t": CUT_STEMS | {"don", "won", "can"},
    "m": frozenset({"i"}),
    "re": frozenset({"you", "we", "they", "who"}),
    "ve": frozenset({"i", "you", "we", "they", "who", "could", "might", "must", "should", "would"}),
    "ll": _PRONOUNS | {"this", "what"},
    "d": _PRONOUNS,
}
_NO_OWNERS = frozenset({
    "a", "about", "after", "all", "am", "an", "and", "any", "are", "as", "at", "be", "been", "before", "but", "by",
    "can", "could", "did", "do", "does", "don", "down", "for", "from", "had", "has", "have", "her", "his", "i",
    "if", "in", "into", "is", "its", "may", "me", "might", "must", "my", "never", "no", "nor", "not", "of", "off",
    "on", "or", "our", "out", "over", "shall", "should", "so", "than", "the", "their", "them", "then", "these",
    "they", "this", "those", "to", "too", "under", "until", "up", "us", "was", "we", "were", "while", "will",
    "with", "won", "would", "you", "your",
})  # fmt: skip
"""What 's does not stand behind."""


def suffixes_behind(word: str) -> frozenset[str]:
    """The suffixes that make a contraction, or a genitive, of a word and an apostrophe."""
    word = word.lower()
    found = {suffix for suffix, stems in _STEMS.items() if word in stems}
    if word not in _NO_OWNERS | CUT_STEMS and word.isalpha() and not word.endswith("s"):
        found.add("s")
    return frozenset(found)
