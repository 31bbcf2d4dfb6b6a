"""Text to ids and back. The same code trains and runs, so the two can never differ."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache, cached_property
from typing import Any, ClassVar, Self

import numpy as np

from .errors import FileFormatError, MissingDependencyError, ToolkitError
from .options import Options, option
from .step_model import Ids

UNK = "<unk>"
"""Stands for every token outside the vocabulary; always id 0, read but never generated."""

MARKERS = ("<pad>", "<bos>", "<eos>")
"""Ids 1 to 3 of a vocabulary with markers: what fills up a batch, what opens and what closes a text."""

REPLACEMENT = "\ufffd"
"""What `<unk>` decodes to."""


@dataclass(frozen=True)
class TokenizerOptions(Options):
    """How a text becomes a vocabulary."""

    tokenizer: str = option("char", "the unit that the model reads and writes", choices=("char", "word"))
    min_count: int = option(1, "tokens that occur less often become <unk>", minimum=1)
    newline: str = option("keep", "a line break is a token of its own, or a space", choices=("keep", "space"))


@dataclass(frozen=True, repr=False)
class Tokenizer:
    """A vocabulary and the rule that cuts a text into its tokens.

    Attributes:
        vocab: the token of each id; `vocab[0]` is `<unk>`, `MARKERS` follow where there are markers.
        newline: "keep", or "space" when line breaks are read as spaces.
        markers: whether there are; texts of their own need them, one endless text does not.
    """

    vocab: tuple[str, ...]
    newline: str = "keep"
    markers: bool = False
    kind: ClassVar[str]
    unit: ClassVar[str]
    unk_id: ClassVar[int] = 0
    pad_id: ClassVar[int] = 1
    bos_id: ClassVar[int] = 2
    eos_id: ClassVar[int] = 3

    def __repr__(self) -> str:
        return f"{type(self).__name__}({len(self.vocab):,} tokens, newline={self.newline!r})"

    def __len__(self) -> int:
        return len(self.vocab)

    @property
    def special_ids(self) -> range:
        """The ids that are no text."""
        return range(1 + len(MARKERS) if self.markers else 1)

    @cached_property
    def ids(self) -> Mapping[str, int]:
        """The id of each token."""
        return {token: i for i, token in enumerate(self.vocab)}

    @staticmethod
    def cut(text: str) -> list[str]:
        """The tokens of a text before any vocabulary is known; joined they give the text again."""
        raise NotImplementedError

    def split(self, text: str) -> list[str]:
        """The tokens of a text as this vocabulary reads it."""
        return self.cut(text.replace("\n", " ") if self.newline == "space" else text)

    def encode(self, text: str) -> Ids:
        """int64 [T]; tokens outside the vocabulary become `unk_id`."""
        get = self.ids.get
        tokens = self.split(text)
        return np.fromiter((get(token, self.unk_id) for token in tokens), dtype=np.int64, count=len(tokens))

    def marked(self, text: str) -> Ids:
        """As `encode`, between start and end marker."""
        return np.array([self.bos_id, *self.encode(text), self.eos_id], np.int64)

    def unknown(self, text: str) -> list[str]:
        """The distinct tokens of a text that the vocabulary lacks, in order of appearance."""
        return [token for token in dict.fromkeys(self.split(text)) if token not in self.ids]

    def decode(self, ids: Iterable[int]) -> str:
        """The text of some ids; `<unk>` becomes U+FFFD, a marker nothing.

        Raises:
            ToolkitError: an id lies outside the vocabulary.
        """
        try:
            return "".join(self._token(int(i)) for i in ids)
        except IndexError:
            raise ToolkitError(f"expected token ids from 0 to {len(self) - 1}, found another one") from None

    def _token(self, i: int) -> str:
        if i < 0:
            raise IndexError
        if i in self.special_ids:
            return "" if i else REPLACEMENT
        return self.vocab[i]

    @classmethod
    def build(cls, texts: Iterable[str], options: TokenizerOptions, *, markers: bool = False) -> Self:
        """A vocabulary of the tokens of some texts, most frequent first, equals by code point."""
        newline, special = options.newline, (UNK, *MARKERS) if markers else (UNK,)
        plain = (text.replace("\n", " ") if newline == "space" else text for text in texts)
        counts = Counter(token for text in plain for token in cls.cut(text))
        kept = sorted((token for token, n in counts.items() if n >= options.min_count), key=lambda t: (-counts[t], t))
        return cls((*special, *(token for token in kept if token not in special)), newline, markers)

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values, as they stand in checkpoints and model.json."""
        marks = {"pad_id": self.pad_id, "bos_id": self.bos_id, "eos_id": self.eos_id} if self.markers else {}
        return {
            "kind": self.kind,
            "newline": self.newline,
            "unk_id": self.unk_id,
            **marks,
            "vocab": list(self.vocab),
        }


class CharTokenizer(Tokenizer):
    """One token a Unicode code point. Decoding the encoding of a known text gives it back exactly."""

    kind = "char"
    unit = "characters"

    @staticmethod
    def cut(text: str) -> list[str]:
        """The code points."""
        return list(text)


class WordTokenizer(Tokenizer):
    """Words as jieba cuts them. A word outside the vocabulary is read character by character."""

    kind = "word"
    unit = "words"

    @staticmethod
    def cut(text: str) -> list[str]:
        """The words; spaces, line breaks and punctuation are tokens too."""
        words: list[str] = _jieba().lcut(text)
        return words

    def split(self, text: str) -> list[str]:
        """As `cut`, with unknown words taken apart into their characters."""
        tokens = super().split(text)
        return [part for token in tokens for part in ((token,) if token in self.ids else token)]


@cache
def _jieba() -> Any:  # noqa: ANN401 - jieba ships no types
    """jieba, imported on first use: it takes a second to read its dictionary."""
    import warnings  # noqa: PLC0415 - only needed here

    try:
        with warnings.catch_warnings():
            # jieba 0.42.1 has invalid escapes in its sources and asks for pkg_resources.
            warnings.simplefilter("ignore")
            import jieba  # noqa: PLC0415 - optional dependency
    except ImportError as error:
        raise MissingDependencyError.for_extra("jieba", "A word model", "words") from error
    jieba.setLogLevel("ERROR")
    return jieba


_KINDS: Mapping[str, type[Tokenizer]] = {"char": CharTokenizer, "word": WordTokenizer}


def build_tokenizer(text: str, options: TokenizerOptions) -> Tokenizer:
    """The tokenizer that the options ask for, with the vocabulary of a text."""
    return _KINDS[options.tokenizer].build([text], options)


def build_marked_tokenizer(texts: Iterable[str], options: TokenizerOptions) -> Tokenizer:
    """As `build_tokenizer`, for texts each of which begins and ends: with markers."""
    return _KINDS[options.tokenizer].build(texts, options, markers=True)


def readable(token: str) -> str:
    r"""A token within a line: a line break as \n."""
    return token if token.isprintable() else repr(token)[1:-1]


def tokenizer_from_dict(values: object, where: str) -> Tokenizer:
    """The reverse of `Tokenizer.to_dict`.

    Raises:
        FileFormatError: something is missing, of another kind or contradictory.
    """
    if not isinstance(values, Mapping) or not _sound(values):
        raise FileFormatError(f"{where}: the tokenizer is incomplete or contradictory. Train or export again.")
    return _KINDS[values["kind"]](tuple(values["vocab"]), values["newline"], values.get("pad_id") is not None)


def _sound(values: Mapping[str, Any]) -> bool:
    """Whether these are the values of a tokenizer."""
    try:
        vocab = values["vocab"]
        marks = [values.get(name) for name in ("pad_id", "bos_id", "eos_id")]
        special = (UNK, *MARKERS) if any(mark is not None for mark in marks) else (UNK,)
        return (
            values["kind"] in _KINDS
            and values["newline"] in {"keep", "space"}
            and values["unk_id"] == 0
            and len(vocab) > len(special)
            and tuple(vocab[: len(special)]) == special
            and marks in ([None] * 3, [1, 2, 3])
            and all(isinstance(token, str) and token for token in vocab)
            and len(set(vocab)) == len(vocab)
        )
    except (KeyError, TypeError, IndexError):
        return False
