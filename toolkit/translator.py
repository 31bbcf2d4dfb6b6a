"""A loaded sequence-to-sequence model: encoder, decoder, two tokenizers and what is known of them."""

import warnings
from collections.abc import Iterator, Sequence
from typing import Any

from .language_model import UnknownTokenWarning, changed, read_as_unknown
from .seq2seq import Seq2SeqBackend, TranslateLoop
from .tokenizer import Tokenizer
from .translation import TranslateOptions, Translation, translate
from .uniform import fresh_seed


class LongSourceWarning(UserWarning):
    """A source is longer than any in training; the model reads it, but has not learnt to."""


class Translator:
    """Text in, text out.

    Attributes:
        backend: encoder and decoder, on whatever computes them.
        source_tokenizer: reads.
        target_tokenizer: writes.
        loop: the whole decode loop in one call, where the model has it; texts are the same without.
        longest_source: tokens of the longest source in training; None where that is not known.
    """

    def __init__(
        self,
        backend: Seq2SeqBackend,
        source_tokenizer: Tokenizer,
        target_tokenizer: Tokenizer,
        loop: TranslateLoop | None = None,
        longest_source: int | None = None,
    ) -> None:
        self.backend = backend
        self.source_tokenizer = source_tokenizer
        self.target_tokenizer = target_tokenizer
        self.loop = loop
        self.longest_source = longest_source

    def __repr__(self) -> str:
        return f"{type(self).__name__}({type(self.backend).__name__} on {self.device}, {self.source_tokenizer!r})"

    @property
    def device(self) -> str:
        """Where it really runs: "cpu" or "cuda"."""
        return self.backend.device

    def translate(
        self,
        text: str,
        options: TranslateOptions | None = None,
        *,
        attention: bool = False,
        **changes: Any,  # noqa: ANN401 - the fields of TranslateOptions
    ) -> list[Translation]:
        """Write the target of a source.

        Args:
            text: at least one token; unknown ones are named in an `UnknownTokenWarning`.
            options: how; the defaults of `TranslateOptions`, greedy, if left out.
            attention: whether `Translation.attention` is wanted.
            changes: single options by name, over `options`.

        Returns:
            One `Translation` for each of ``num_return_sequences``; of a search the best first.

        Raises:
            OptionError: an option is unknown or out of range, before anything runs.
            ToolkitError: the source is empty, or attention was asked for and the model has none.

        Example:
            >>> translator.translate("March 3, 2021", num_beams=5)[0].text
        """
        return next(self.translate_batch([text], options, attention=attention, **changes))

    def translate_batch(
        self,
        texts: Sequence[str],
        options: TranslateOptions | None = None,
        *,
        batch_size: int = 64,
        attention: bool = False,
        **changes: Any,  # noqa: ANN401 - as above
    ) -> Iterator[list[Translation]]:
        """As `translate` for many sources of any lengths, `batch_size` at once; the texts do not depend on it.

        Yields:
            The translations of each source, in the order of the sources.
        """
        chosen = changed(options or TranslateOptions(), changes)
        self._warn(texts)
        seed = fresh_seed() if chosen.seed is None else chosen.seed
        tokenizers = self.source_tokenizer, self.target_tokenizer
        return (
            found
            for first in range(0, len(texts), batch_size)
            for found in translate(
                self.backend,
                self.loop,
                tokenizers,
                texts[first : first + batch_size],
                chosen,
                seed,
                attention=attention,
                first=first,
            )
        )

    def notes(self, texts: Sequence[str]) -> list[str]:
        """What to know before some sources are read, a sentence each: unknown tokens, and one too long."""
        return [str(warning) for warning in self._warnings(texts)]

    def _warnings(self, texts: Sequence[str]) -> Iterator[UserWarning]:
        reads = self.source_tokenizer
        unknown = list(dict.fromkeys(token for text in texts for token in reads.unknown(text)))
        if unknown and reads.unk_id is not None:  # else reading them is an error
            yield UnknownTokenWarning(read_as_unknown(unknown, reads))
        if self.longest_source is None:
            return
        longest = max((len(reads.split(text)) for text in texts), default=0)
        if longest > self.longest_source:
            yield LongSourceWarning(
                f"a source has {longest} {reads.unit}, the longest in training had {self.longest_source}: what is "
                "written for it may be poor"
            )

    def _warn(self, texts: Sequence[str]) -> None:
        for warning in self._warnings(texts):
            warnings.warn(warning, stacklevel=4)
