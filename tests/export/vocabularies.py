"""Tokenizers of every kind, for whatever reads and writes as they do."""

from toolkit.tokenizer import CharTokenizer, SpaceTokenizer, Tokenizer, WordTokenizer

MARKED = {"pad_id": 1, "bos_id": 2, "eos_id": 3}
MARKERS = ("<unk>", "<pad>", "<bos>", "<eos>")
CHARS = ("<unk>", "\n", " ", "月", "光", "é", "😀", "a", "b", "ab", "\ufeff", '"', "\\")
WORDS = ("<unk>", "\n", " ", "月", "月光", "月光光", "光照", "地", "a", "the", "them", "moon", "é😀")
SPACED = ("<unk>", "<eos>", "the", "moon", "them", "月光", "a", "is", ",", "é😀")
KINDS: dict[str, Tokenizer] = {
    "char": CharTokenizer(CHARS),
    "char, line breaks as blanks": CharTokenizer(CHARS, newline="space"),
    "char without unknown": CharTokenizer(CHARS[1:], unk_id=None),
    "char with markers": CharTokenizer((*MARKERS, *CHARS[1:]), **MARKED),
    "char of a shape": CharTokenizer((*MARKERS, *CHARS[1:]), **MARKED, before=(2,), after=(3, 3), width=6),
    "word": WordTokenizer(WORDS),
    "word without unknown, line breaks as blanks": WordTokenizer(WORDS[1:], newline="space", unk_id=None),
    "space": SpaceTokenizer(SPACED),
    "space without line ends": SpaceTokenizer((SPACED[0], *SPACED[2:])),
    "space, line breaks as blanks": SpaceTokenizer(SPACED, newline="space"),
    "space without unknown": SpaceTokenizer(SPACED[1:], unk_id=None),
    "space with markers": SpaceTokenizer((*MARKERS, *SPACED[2:]), **MARKED),
}
