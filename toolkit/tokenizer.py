"""Text to ids and back. The same code trains and runs, so the two can never differ."""

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from typing import Any, ClassVar, Self

import numpy as np
import numpy.typing as npt

from .errors import FileFormatError, MissingDependencyError, ToolkitError
from .options import Options, option
from .step_model import Ids

UNK = "<unk>"
"""Stands for every token outside the vocabulary, read but never generated; id 0 in the vocabularies made here."""

MARKERS = ("<pad>", "<bos>", "<eos>")
"""Ids 1 to 3 of a vocabulary with markers made here: what fills up a batch, what opens and what closes a text."""

UNK_ID, PAD_ID = 0, 1
"""Of the vocabularies made here."""


def nothing_id(vocab_size: int) -> int:
    """What a source of no tokens is read as: padding, where a vocabulary is large enough to have it."""
    return min(PAD_ID, vocab_size - 1)


LINE_ENDS = ("<eos>", "\n")
"""What stands for a line break among words split at white space, the first that the vocabulary has."""

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
        vocab: the token of each id.
        newline: "keep", or "space" when line breaks are read as spaces.
        unk_id: what stands for tokens outside the vocabulary; None where they cannot be read.
        pad_id: what fills up a batch, or a text to `width`.
        bos_id: what opens a text; texts of their own have it, one endless text does not.
        eos_id: what closes a text.
        before: ids in front of every text read.
        after: ids behind every text read.
        width: shorter texts are filled up with `pad_id` to so many tokens, `before` and `after` not counted.
    """

    vocab: tuple[str, ...]
    newline: str = "keep"
    unk_id: int | None = 0
    pad_id: int | None = None
    bos_id: int | None = None
    eos_id: int | None = None
    before: tuple[int, ...] = ()
    after: tuple[int, ...] = ()
    width: int = 0
    kind: ClassVar[str]
    unit: ClassVar[str]

    def __repr__(self) -> str:
        return f"{type(self).__name__}({len(self.vocab):,} tokens, newline={self.newline!r})"

    def __len__(self) -> int:
        return len(self.vocab)

    @cached_property
    def example(self) -> str:
        """The first token of letters or numbers, or else that can be seen: something to begin with."""
        plain = [token for i, token in enumerate(self.vocab) if i not in self.special_ids]
        seen = [token for token in plain if token.strip() and token.isprintable()] or plain
        return next((token for token in seen if token.isalnum()), seen[0])

    @cached_property
    def special_ids(self) -> frozenset[int]:
        """The ids that are no text."""
        return frozenset(i for i in (self.unk_id, self.pad_id, self.bos_id, self.eos_id) if i is not None)

    @property
    def start_id(self) -> int:
        """`bos_id` of a vocabulary that has it."""
        assert self.bos_id is not None
        return self.bos_id

    @property
    def end_id(self) -> int:
        """`eos_id` of a vocabulary that has it."""
        assert self.eos_id is not None
        return self.eos_id

    @property
    def banned_ids(self) -> tuple[int, ...]:
        """The ids that a language model never writes."""
        return () if self.unk_id is None else (self.unk_id,)

    @cached_property
    def unwritten_ids(self) -> frozenset[int]:
        """The ids that a target never holds: special ones but its end, and but padding that the network was taught."""
        return self.special_ids - {self.eos_id, self.pad_id if self.width else None}

    def known(self, ids: Ids) -> npt.NDArray[np.bool_]:
        """Which of some ids are not `unk_id`: bool, in the shape of the ids."""
        return np.ones(ids.shape, np.bool_) if self.unk_id is None else ids != self.unk_id

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
        return self.cut(self._read(text))

    def _read(self, text: str) -> str:
        """A text with line breaks as `newline` says."""
        return text.replace("\n", " ") if self.newline == "space" else text

    def located(self, text: str) -> list[tuple[str, int, int]]:
        """As `split`, each token with where it begins and ends in the text, counted in characters."""
        found, end = [], 0
        for token in self.split(text):
            start, end = end, end + len(token)
            found.append((token, start, end))
        return found

    @property
    def break_id(self) -> int | None:
        """The token of a line break, where there is one."""
        return self.ids.get("\n")

    @property
    def parting_id(self) -> int | None:
        """What is read between lines: a line break, or else a blank, where there is either."""
        return self.ids.get(" ") if self.break_id is None else self.break_id

    def opening(self, prompt: Sequence[int] = ()) -> list[int]:
        """What a model reads before a text of lines, at least one id.

        Its start marker, a prompt, and what parts lines: twice where no prompt stands before, as between two texts. Of
        a vocabulary that has none of them the first token that stands alone.
        """
        parts = [] if self.parting_id is None else [self.parting_id]
        doubled = not len(prompt) and self.break_id is not None
        ids = [*([] if self.bos_id is None else [self.bos_id]), *map(int, prompt), *parts * (1 + doubled)]
        return ids or [self.ids[self.example]]

    def encode(self, text: str) -> Ids:
        """int64 [T]; tokens outside the vocabulary become `unk_id`.

        Raises:
            ToolkitError: there are such, and no `unk_id`.
        """
        tokens = self.split(text)
        if self.unk_id is None:
            if missing := self.unknown(text):
                held = f"the text holds {' '.join(map(repr, missing[:10]))}{' …' if len(missing) > 10 else ''}"
                raise ToolkitError(f"{held}, {self._why_unknown}")
            ids = [self.ids[token] for token in tokens]
        else:
            get, unk_id = self.ids.get, self.unk_id
            ids = [get(token, unk_id) for token in tokens]
        if self.width > len(ids) and self.pad_id is not None:
            ids += [self.pad_id] * (self.width - len(ids))
        return np.array([*self.before, *ids, *self.after] if self.before or self.after else ids, np.int64)

    @property
    def _why_unknown(self) -> str:
        """The rest of the sentence about tokens that cannot be read."""
        return "which the vocabulary has not, nor a token for unknown ones. Leave that out."

    def marked(self, text: str) -> Ids:
        """As `encode`, between start and end marker."""
        return np.array([self.start_id, *self.encode(text), self.end_id], np.int64)

    def unknown(self, text: str) -> list[str]:
        """The distinct tokens of a text that the vocabulary lacks, in order of appearance."""
        return [token for token in dict.fromkeys(self.split(text)) if token not in self.ids]

    def decode(self, ids: Iterable[int]) -> str:
        """The text of some ids; `<unk>` becomes U+FFFD, a marker nothing.

        Raises:
            ToolkitError: an id lies outside the vocabulary.
        """
        pieces, last = [], None
        for i in ids:
            pieces.append(self.piece(int(i), last))
            last = int(i)
        return "".join(pieces)

    def piece(self, token_id: int, after: int | None) -> str:
        """What an id adds to a text that ends with the id `after`; None at its start.

        Raises:
            ToolkitError: the id lies outside the vocabulary.
        """
        if not 0 <= token_id < len(self.vocab):
            raise ToolkitError(f"expected token ids from 0 to {len(self) - 1}, found {token_id}")
        if token_id == self.unk_id:
            return self._spaced(REPLACEMENT, after)
        return "" if token_id in self.special_ids else self._spaced(self.vocab[token_id], after)

    def _spaced(self, token: str, after: int | None) -> str:
        """As `piece`, of a token that is text."""
        return token

    @classmethod
    def build(cls, texts: Iterable[str], options: TokenizerOptions, *, markers: bool = False) -> Self:
        """A vocabulary of the tokens of some texts, most frequent first, equals by code point."""
        newline, special = options.newline, (UNK, *MARKERS) if markers else (UNK,)
        plain = (text.replace("\n", " ") if newline == "space" else text for text in texts)
        counts = Counter(token for text in plain for token in cls.cut(text))
        kept = sorted((token for token, n in counts.items() if n >= options.min_count), key=lambda t: (-counts[t], t))
        vocab = (*special, *(token for token in kept if token not in special))
        pad_id, bos_id, eos_id = (1, 2, 3) if markers else (None, None, None)
        return cls(vocab, newline, pad_id=pad_id, bos_id=bos_id, eos_id=eos_id)

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values, as they stand in checkpoints and model.json; what is not there is left out."""
        marks = {name: i for name in _MARKS if (i := getattr(self, name)) is not None}
        form = {"before": list(self.before), "after": list(self.after), "width": self.width}
        return {
            "kind": self.kind,
            "newline": self.newline,
            "unk_id": self.unk_id,
            **marks,
            **{name: value for name, value in form.items() if value},
            "vocab": list(self.vocab),
        }


_MARKS = ("pad_id", "bos_id", "eos_id")
SPECIAL = ("unk_id", *_MARKS)
"""The names, in files, of what is no text."""


class CharTokenizer(Tokenizer):
    """One token a Unicode code point. Decoding the encoding of a known text gives it back exactly."""

    kind = "char"
    unit = "characters"

    @staticmethod
    def cut(text: str) -> list[str]:
        """The code points."""
        return list(text)


_CHINESE = re.compile(r"[\u4e00-\u9fd5]")
_OTHERS = re.compile(r"AT&T|[Cc](?:#|\+\+)")
"""What jieba needs its dictionary for: Chinese, and the five other words in it."""

_OUTSIDE = re.compile(r"[a-zA-Z0-9]+(?:\.[0-9]+)?%?|[+#&._%-]+|\r\n|.", re.DOTALL)
"""The words of any other text, as jieba cuts it: without its second of loading, and where it is not installed."""


def _outside(text: str) -> list[str]:
    words: list[str] = _OUTSIDE.findall(text)
    return words


class WordTokenizer(Tokenizer):
    """Words as jieba cuts them; only Chinese needs it. A word outside the vocabulary is read character by character."""

    kind = "word"
    unit = "words"

    @staticmethod
    def cut(text: str) -> list[str]:
        """The words; spaces, line breaks and punctuation are tokens too."""
        words: list[str] = _jieba().lcut(text) if _CHINESE.search(text) or _OTHERS.search(text) else _outside(text)
        return words

    @cached_property
    def _knows_chinese(self) -> bool:
        return any(_CHINESE.search(token) for token in self.vocab)

    def split(self, text: str) -> list[str]:
        """As `cut`, with unknown words taken apart into their characters.

        So a vocabulary without Chinese needs no jieba to read some.
        """
        text = self._read(text)
        tokens = self.cut(text) if self._knows_chinese or _OTHERS.search(text) else _outside(text)
        return [part for token in tokens for part in ((token,) if token in self.ids else token)]


class SpaceTokenizer(Tokenizer):
    """Words as white space parts them; a line break is a token where the vocabulary has one of `LINE_ENDS`."""

    kind = "space"
    unit = "words"

    @staticmethod
    def cut(text: str) -> list[str]:
        """The words, and a line break behind every line but the last."""
        first, *lines = (line.split() for line in text.split("\n"))
        return [*first, *(token for line in lines for token in ("\n", *line))]

    @cached_property
    def line_end(self) -> str | None:
        """The token that stands for a line break."""
        return next((token for token in LINE_ENDS if token in self.ids), None)

    @property
    def break_id(self) -> int | None:
        """The token of a line break, where there is one."""
        return None if self.line_end is None else self.ids[self.line_end]

    def split(self, text: str) -> list[str]:
        """As `cut`; without a token for line breaks they are left out."""
        end = self.line_end
        tokens = ((end if token == "\n" else token) for token in super().split(text))
        return [token for token in tokens if token is not None]

    def located(self, text: str) -> list[tuple[str, int, int]]:
        """As `Tokenizer.located`; blanks between words lie in none."""
        breaks = {"\n": self.line_end} if self.newline == "keep" else {"\n": None}
        found = ((breaks.get(match[0], match[0]), *match.span()) for match in re.finditer(r"\n|\S+", text))
        return [(token, start, end) for token, start, end in found if token is not None]

    def _spaced(self, token: str, after: int | None) -> str:
        if token == self.line_end:
            return "\n"
        return token if after is None or self.vocab[after] == self.line_end else f" {token}"


class IdTokenizer(SpaceTokenizer):
    """No vocabulary is known: ids are read and written as numbers."""

    kind = "ids"
    unit = "ids"

    @property
    def _why_unknown(self) -> str:
        return f"and this model's vocabulary is not known: expected ids from 0 to {len(self) - 1} with spaces between."


def id_tokenizer(vocab_size: int) -> IdTokenizer:
    """The tokenizer of a model whose vocabulary nobody knows."""
    return IdTokenizer(tuple(map(str, range(vocab_size))), unk_id=None)


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
        raise MissingDependencyError.for_extra("jieba", "Chinese in a word model", "words") from error
    jieba.setLogLevel("ERROR")
    return jieba


TOKENIZER_KINDS: Mapping[str, type[Tokenizer]] = {
    tokenizer.kind: tokenizer for tokenizer in (CharTokenizer, WordTokenizer, SpaceTokenizer, IdTokenizer)
}
"""By the name that stands in files."""


def build_tokenizer(text: str, options: TokenizerOptions) -> Tokenizer:
    """The tokenizer that the options ask for, with the vocabulary of a text."""
    return TOKENIZER_KINDS[options.tokenizer].build([text], options)


def build_marked_tokenizer(texts: Iterable[str], options: TokenizerOptions) -> Tokenizer:
    """As `build_tokenizer`, for texts each of which begins and ends: with markers."""
    return TOKENIZER_KINDS[options.tokenizer].build(texts, options, markers=True)


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
    return TOKENIZER_KINDS[values["kind"]](
        vocab=tuple(values["vocab"]),
        newline=values["newline"],
        unk_id=values["unk_id"],
        **{name: values.get(name) for name in _MARKS},
        before=tuple(values.get("before", ())),
        after=tuple(values.get("after", ())),
        width=values.get("width", 0),
    )


def _sound(values: Mapping[str, Any]) -> bool:
    """Whether these are the values of a tokenizer."""
    try:
        vocab, width = values["vocab"], values.get("width", 0)
        marks = [i for name in SPECIAL if (i := values.get(name)) is not None]
        form = [*values.get("before", ()), *values.get("after", ())]
        return (
            values["kind"] in TOKENIZER_KINDS
            and "unk_id" in values
            and values["newline"] in {"keep", "space"}
            and isinstance(vocab, list | tuple)
            and (UNK not in vocab or vocab.index(UNK) == values["unk_id"])
            and all(type(i) is int and 0 <= i < len(vocab) for i in (*marks, *form))
            and len(set(marks)) == len(marks) < len(vocab)
            and (type(width) is int and (width == 0 or (width > 0 and values.get("pad_id") is not None)))
            and all(isinstance(token, str) and token for token in vocab)
            and len(set(vocab)) == len(vocab)
        )
    except (KeyError, TypeError, IndexError):
        return False
