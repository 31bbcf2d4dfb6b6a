"""How to read a checkpoint that another program wrote; apart from what reads it, so that ``--help`` needs no torch."""

from collections.abc import Iterable
from dataclasses import dataclass

from toolkit.corpus import CorpusOptions
from toolkit.options import Options, option, same_option
from toolkit.tokenizer import TokenizerOptions

ROLES = (
    "state_dict",
    "vocab",
    "embedding",
    "rnn",
    "output",
    "encoder",
    "decoder",
    "source_embedding",
    "target_embedding",
    "ignore",
)
"""What can be named with --set."""

_ALIASES = {"lstm": "rnn", "gru": "rnn", "linear": "output", "fc": "output"}


@dataclass(frozen=True)
class ForeignOptions(Options):
    """What the weights of a checkpoint from elsewhere do not tell."""

    vocab: str | None = option(
        None, "the vocabulary: a JSON list or dict, or a file with a token in each line, in order", metavar="FILE"
    )
    corpus: tuple[str, ...] = option(
        (), "text that the vocabulary was made from; parity reads it, too; may be repeated", metavar="TEXT"
    )
    encoding: str | None = same_option(CorpusOptions, "encoding")
    vocab_order: str | None = option(
        None, "how the tokens of the corpus were numbered", choices=("sorted", "first-seen", "frequency")
    )
    special: tuple[str, ...] = option(
        (), "a token in front of those of the corpus, such as <unk>; may be repeated, in order", metavar="TOKEN"
    )
    tokenizer: str | None = option(
        None,
        "how text is cut: characters, words as jieba cuts them, or at white space",
        choices=("char", "word", "space"),
    )
    newline: str = same_option(TokenizerOptions, "newline")
    unk: str | None = option(None, "the token that stands for unknown ones", metavar="TOKEN")
    pad: str | None = option(None, "the token that fills up a batch", metavar="TOKEN")
    bos: str | None = option(None, "the token that opens a target", metavar="TOKEN")
    eos: str | None = option(None, "the token that closes a target", metavar="TOKEN")
    source_vocab: str | None = option(None, "the vocabulary of the source, where it is another", metavar="FILE")
    source_start: str | None = option(None, "a token in front of every source", metavar="TOKEN")
    source_end: str | None = option(None, "a token behind every source", metavar="TOKEN")
    width: int = option(
        0,
        "fill sources up with --pad to so many tokens, if the network was trained so; it may then write padding",
        minimum=0,
    )
    nonlinearity: str | None = option(
        None, "of an RNN, which its weights do not tell; tanh is assumed", choices=("tanh", "relu")
    )
    input: str | None = option(
        None, "whether a network without embedding reads one-hot ids or numbers", choices=("ids", "numbers")
    )
    window: int = option(20, "tokens of a window, of a network that reads in both directions", minimum=1)
    set: tuple[str, ...] = option(
        (), f"which tensor or module is what, where that is ambiguous; ROLE is {', '.join(ROLES)}", metavar="ROLE=NAME"
    )

    @property
    def settings(self) -> dict[str, tuple[str, ...]]:
        """Role -> names, out of `set`."""
        found: dict[str, tuple[str, ...]] = {}
        for entry in self.set:
            role, _, names = entry.partition("=")
            role = _ALIASES.get(role, role)
            found[role] = (*found.get(role, ()), *names.split(","))
        return found

    def conflicts(self) -> Iterable[str]:
        """Options that need each other."""
        for entry in self.set:
            role, equals, name = entry.partition("=")
            if not equals or not name or _ALIASES.get(role, role) not in ROLES:
                yield f"set must be ROLE=NAME with a role of {', '.join(ROLES)}, found {entry!r}"
        if self.vocab is not None and self.vocab_order is not None:
            yield "vocab is the vocabulary, and vocab_order makes one from a corpus: give one of them"
        if (self.vocab_order is not None or self.special) and not self.corpus:
            yield "vocab_order and special make a vocabulary from a corpus; give corpus, too"
        if self.width and self.pad is None:
            yield "width fills up with pad; give pad, too"
