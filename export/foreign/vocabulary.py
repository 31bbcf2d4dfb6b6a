"""The tokens of a checkpoint from elsewhere: in the file itself, a vocabulary file, or a text they were counted in."""

import json
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from toolkit.corpus import decode_text, encoding_of, read_text
from toolkit.errors import FileFormatError, ToolkitError
from toolkit.export.foreign_options import ForeignOptions
from toolkit.files import read_bytes
from toolkit.tokenizer import LINE_ENDS, TOKENIZER_KINDS, UNK, CharTokenizer, SpaceTokenizer, Tokenizer, id_tokenizer

from .names import brief, listed

_SPELLINGS = {
    "unk": ("<unk>", "<UNK>", "[UNK]", "UNK", "<oov>", "<OOV>"),
    "pad": ("<pad>", "<PAD>", "[PAD]", "PAD", "<blank>"),
    "bos": ("<bos>", "<BOS>", "<sos>", "<SOS>", "<s>", "[CLS]", "SOS", "<start>", "<go>", "<GO>"),
    "eos": ("<eos>", "<EOS>", "</s>", "[SEP]", "EOS", "<end>"),
}
"""How special tokens are usually written."""

_TELLING = ("vocab", "token", "char", "stoi", "itos", "2i", "to_i", "index", "word", "letter", "symbol", "alphabet")
"""Names that vocabularies have; another list of texts may be anything."""


_SOURCE, _TARGET = ("src", "source", "in"), ("trg", "tgt", "target", "out")

_EXPECTED = "a list of different tokens, or a dict between tokens and all ids from 0 on"


@dataclass(frozen=True)
class Vocabulary:
    """Tokens, and where they come from.

    Attributes:
        tokenizer: reads and writes them.
        where: in words.
        assumed: what was taken for granted, a sentence each.
    """

    tokenizer: Tokenizer
    where: str
    assumed: tuple[str, ...] = ()


class Sources:
    """All places where a vocabulary may be.

    Args:
        extras: what lies in the checkpoint beside its tensors.
        options: what the user says.
        path: of the checkpoint, for messages.
    """

    def __init__(self, extras: Mapping[str, Any], options: ForeignOptions, path: Path) -> None:
        self._options = options
        self._path = path
        named = options.settings.get("vocab", ())
        missing = [name for name in named if name not in extras]
        if missing:
            raise FileFormatError(
                f"{path}: --set vocab={missing[0]}: there is no such entry; vocabularies in it: "
                f"{listed(n for n in extras if tokens_of(extras[n], letters=_tells(n)) is not None) or 'none'}"
            )
        found = {name: tokens_of(extras[name], letters=_tells(name) or bool(named)) for name in (named or extras)}
        self._inside = {name: tokens for name, tokens in found.items() if tokens is not None}
        wrong = [name for name, tokens in found.items() if tokens is None]
        if named and wrong:
            raise FileFormatError(f"{path}: --set vocab={wrong[0]}: expected {_EXPECTED}")
        self._odd = [n for n in wrong if _tells(n) and isinstance(extras[n], Collection) and len(extras[n]) > 1]
        self.texts = [read_text(source, options.encoding) for source in options.corpus]

    def refuse(self) -> None:
        """For a network that reads no tokens.

        Raises:
            ToolkitError: a vocabulary or a text was given.
        """
        given = [name for name in ("vocab", "source_vocab", "corpus") if getattr(self._options, name)]
        if given:
            flags = ", ".join(f"--{name.replace('_', '-')}" for name in given)
            raise ToolkitError(f"{self._path}: reads real numbers, which have no vocabulary: leave {flags} out.")

    def tell_of(self, size: int) -> bool:
        """Whether anything says that the network has a vocabulary, of so many tokens where it lies in the file."""
        said = self._options.vocab is not None or self._options.vocab_order is not None
        return said or any(len(tokens) == size for tokens in self._inside.values())

    def of(self, size: int, *, source: bool = False, target: bool = False) -> Vocabulary:
        """The vocabulary of so many tokens.

        Args:
            size: V.
            source: whether it is that of what is translated.
            target: whether it is that of the translation.

        Raises:
            FileFormatError: the one found has another size, or there are several.
        """
        tokens, where = self._tokens(size, _SOURCE if source else _TARGET)
        if tokens is None:
            if self.texts:
                raise FileFormatError(
                    f"{self._path}: a corpus was given, and nothing says which token has which id: give --vocab, or "
                    "how the tokens of the corpus were numbered: --vocab-order …"
                )
            tokenizer: Tokenizer = id_tokenizer(size)
            kind, assumed = type(tokenizer), [f"no vocabulary is known: {size} ids are read and written as numbers"]
            if self._odd:
                assumed.append(f"{listed(self._odd)} in the checkpoint is no vocabulary: expected {_EXPECTED}")
        else:
            kind, assumed = (
                kind_of(tokens) if self._options.tokenizer is None else (TOKENIZER_KINDS[self._options.tokenizer], [])
            )
            tokenizer = kind(tokens, unk_id=None)
        return Vocabulary(self._with_markers(tokenizer, source=source, target=target), where, tuple(assumed))

    def _tokens(self, size: int, hints: Sequence[str]) -> tuple[tuple[str, ...] | None, str]:
        o = self._options
        file = (o.source_vocab if hints is _SOURCE else None) or o.vocab
        if file is not None:
            return self._of_size(read_vocab(file, o.encoding), size, file, hints), file
        if o.vocab_order is not None:
            return self._counted(size), f"{', '.join(o.corpus)}, {o.vocab_order}"
        fitting = {name: tokens for name, tokens in self._inside.items() if len(tokens) == size}
        if len(set(fitting.values())) > 1:
            telling = {n: t for n, t in fitting.items() if any(hint in n.lower() for hint in hints)}
            fitting = telling or fitting
        if len(set(fitting.values())) > 1:
            raise FileFormatError(
                f"{self._path}: each of {listed(fitting)} may be the vocabulary. Say which with "
                f"--set vocab={next(iter(fitting))}, or give --vocab FILE."
            )
        if fitting:
            return next(iter(fitting.values())), f"the checkpoint's {next(iter(fitting))}"
        for name, tokens in self._inside.items():
            if _tells(name) or self._options.settings.get("vocab"):
                self._of_size(tokens, size, f"the checkpoint's {name}", hints)
        return None, "none"

    def _of_size(self, tokens: tuple[str, ...], size: int, where: str, hints: Sequence[str]) -> tuple[str, ...]:
        if len(tokens) != size:
            part, flag = ("source", "--source-vocab") if hints is _SOURCE else ("network", "--vocab")
            raise FileFormatError(
                f"{self._path}: the {part} has {size} tokens, the vocabulary ({where}) {len(tokens)}. Give the one it "
                f"was trained with: {flag} FILE, or --corpus TEXT --vocab-order …"
            )
        return tokens

    def _counted(self, size: int) -> tuple[str, ...]:
        """Tokens of the corpus, numbered as asked."""
        o = self._options
        cut = TOKENIZER_KINDS[o.tokenizer or "char"].cut
        texts = [text.replace("\n", " ") if o.newline == "space" else text for text in self.texts]
        every = [token for text in texts for token in cut(text)]
        ways = [every]
        if o.tokenizer == "space":  # some count line ends, as word_language_model does, some do not: their number tells
            ways = [[token for token in every if token != "\n"], [LINE_ENDS[0] if t == "\n" else t for t in every]]
        found = [(*o.special, *(t for t in _ordered(way, str(o.vocab_order)) if t not in o.special)) for way in ways]
        best = next((tokens for tokens in found if len(tokens) == size), found[0])
        if len(best) != size:
            counts = " or ".join(dict.fromkeys(str(len(tokens)) for tokens in found))
            unit = TOKENIZER_KINDS[o.tokenizer or "char"].unit
            raise FileFormatError(
                f"{self._path}: the network has {size} tokens, the corpus {', '.join(o.corpus)} {counts} {unit}"
                f"{', special ones included' if o.special else ''}. Give the text it was trained on, all "
                "of it, read the same way: see --special, --tokenizer and --newline."
            )
        return best

    def _with_markers(self, tokenizer: Tokenizer, *, source: bool, target: bool) -> Tokenizer:
        """A tokenizer that knows its special tokens."""
        o = self._options
        if o.unk is not None and o.unk != UNK and {UNK, o.unk} <= set(tokenizer.ids):
            raise FileFormatError(
                f"{self._path}: --unk {o.unk}: the vocabulary has {UNK}, which is that. Leave it out."
            )
        pair = source or target
        marks = {"unk_id": self._special(tokenizer, "unk", o.unk)}
        if pair:
            marks["pad_id"] = self._special(tokenizer, "pad", o.pad)
            marks["bos_id"] = self._special(tokenizer, "bos", o.bos)
            marks["eos_id"] = self._special(tokenizer, "eos", o.eos)
        if target and (marks["bos_id"] is None or marks["eos_id"] is None):
            raise FileFormatError(
                f"{self._path}: a target needs a token that opens and one that closes it; give --bos and --eos. The "
                f"vocabulary begins with {brief(' '.join(map(repr, tokenizer.vocab[:8])))}."
            )
        form: dict[str, tuple[int, ...]] = {}
        if source:
            for name, token in (("before", o.source_start), ("after", o.source_end)):
                place = None if token is None else self._special(tokenizer, name, token)
                form[name] = () if place is None else (place,)
        width = o.width if pair else 0
        taken = {i for i in marks.values() if i is not None}
        if len(taken) < sum(i is not None for i in marks.values()):
            raise FileFormatError(f"{self._path}: --unk, --pad, --bos and --eos must be different tokens.")
        return type(tokenizer)(tokenizer.vocab, o.newline, **marks, **form, width=width)  # type: ignore[arg-type]  # by name

    def _special(self, tokenizer: Tokenizer, role: str, said: str | None) -> int | None:
        if said is not None and said not in tokenizer.ids:
            first = " ".join(map(repr, tokenizer.vocab[:8]))
            raise FileFormatError(
                f"{self._path}: {said!r} ({role}) is no token of the vocabulary, which begins with {brief(first)}."
            )
        spelt = (said,) if said is not None else _SPELLINGS[role]
        return next((tokenizer.ids[token] for token in spelt if token in tokenizer.ids), None)


def kind_of(tokens: Sequence[str]) -> tuple[type[Tokenizer], list[str]]:
    """How text is cut for such tokens, and what that takes for granted."""
    special = {spelling for spellings in _SPELLINGS.values() for spelling in spellings}
    words = [token for token in tokens if len(token) > 1 and token not in special]
    if not words:
        return CharTokenizer, []
    if any("\u3400" <= character <= "\u9fff" for word in words for character in word):
        return TOKENIZER_KINDS["word"], ["text is cut into words by jieba (--tokenizer space if it is not)"]
    assumed = ["text is split at white space (--tokenizer word for jieba)"]
    if torn := [word for word in words if word not in SpaceTokenizer.cut(word)]:
        assumed.append(f"{len(torn)} tokens hold white space and are never read: {brief(repr(torn[0]))} …")
    return SpaceTokenizer, assumed


def plain_tokenizer(vocab: Sequence[str]) -> Tokenizer:
    """The tokenizer of a vocabulary in order of id: of characters or words, as its tokens are.

    Raises:
        ToolkitError: no texts, or one of them twice.
    """
    tokens = tokens_of(list(vocab))
    if tokens is None:
        raise ToolkitError("vocab: expected a Tokenizer, or at least two different tokens in order of id.")
    unk_id = next((tokens.index(token) for token in _SPELLINGS["unk"] if token in tokens), None)
    return kind_of(tokens)[0](tokens, unk_id=unk_id)


def _ordered(tokens: Iterable[str], order: str) -> list[str]:
    """Different tokens; equals of a frequency in the order in which they were first seen, as Counter has them."""
    counts = Counter(tokens)
    if order == "sorted":
        return sorted(counts)
    return [token for token, _ in counts.most_common()] if order == "frequency" else list(counts)


def _tells(name: str) -> bool:
    """Whether an entry is called as vocabularies are."""
    return any(hint in name.lower() for hint in _TELLING)


def tokens_of(value: Any, *, letters: bool = False) -> tuple[str, ...] | None:  # noqa: ANN401 - whatever there is
    """The tokens in the order of their ids, of a list, or a dict from or to ids; None of anything else.

    Args:
        value: what a checkpoint or a file holds.
        letters: whether a text is the list of its characters.
    """
    if letters and isinstance(value, str):
        value = list(value)
    if isinstance(value, Mapping) and value:
        pairs = list(value.items())
        if all(isinstance(token, str) and type(i) is int for token, i in pairs):
            pairs = [(i, token) for token, i in pairs]
        elif not all(isinstance(token, str) and (type(i) is int or str(i).isdecimal()) for i, token in pairs):
            return None
        numbered = {int(i): token for i, token in pairs}
        if set(numbered) != set(range(len(pairs))):
            return None
        value = [numbered[i] for i in range(len(pairs))]
    if not isinstance(value, list | tuple) or len(value) < 2:
        return None
    sound = all(isinstance(token, str) and token and _is_text(token) for token in value)
    return tuple(value) if sound and len(set(value)) == len(value) else None


def _is_text(token: str) -> bool:
    """Whether it can be written as UTF-8: half a surrogate pair cannot."""
    return not any("\ud800" <= character <= "\udfff" for character in token)


def read_vocab(source: str, encoding: str | None = None) -> tuple[str, ...]:
    """A vocabulary file: JSON (a list, a dict, or a text of all characters), or a token in each line.

    Raises:
        ToolkitError: neither, or a token stands there twice.
    """
    data = read_bytes(Path(source), "a vocabulary: JSON, or a token in each line")
    text = decode_text(data, source, encoding or encoding_of(data, source))
    lines = text.removesuffix("\n").split("\n")
    if Path(source).suffix == ".json" or (len(lines) == 1 and text[:1] in {"[", "{"}):
        try:
            value = json.loads(text)
        except (ValueError, RecursionError) as error:
            raise ToolkitError(f"{source}: expected JSON: {error}. Tokens in lines belong in a .txt file.") from error
        tokens = tokens_of(value, letters=True)
        if tokens is None:
            raise ToolkitError(f"{source}: expected {_EXPECTED}; found {_kind_of(value)}")
        return tokens
    if "" in lines:
        raise ToolkitError(
            f"{source}: line {1 + lines.index('')} is empty; expected a token in each line. A vocabulary with a line "
            "break among its tokens must be JSON: a list, in a file whose name ends in .json."
        )
    if twice := _twice(lines):
        raise ToolkitError(f"{source}: the token {brief(twice[0])!r} stands there twice; expected it once")
    return tuple(lines)


def _twice(tokens: Iterable[Any]) -> list[Any]:
    return [token for token, count in Counter(tokens).items() if count > 1]


def _kind_of(value: Any) -> str:  # noqa: ANN401 - whatever a file holds
    """What is wrong about a vocabulary, in a few words."""
    if isinstance(value, list) and all(isinstance(token, str) for token in value) and (twice := _twice(value)):
        return f"{brief(twice[0])!r} twice"
    keys = f" with the keys {listed(value, 4)}" if isinstance(value, Mapping) and value else ""
    return f"{type(value).__name__}{keys}"
