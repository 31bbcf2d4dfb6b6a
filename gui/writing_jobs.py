"""What the window has its threads do: calls of the core, nothing else. None touches a widget."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from toolkit.generation import stream
from toolkit.language_model import LanguageModel
from toolkit.lyrics.edit import reroll_line
from toolkit.lyrics.options import LyricOptions
from toolkit.lyrics.rules import LyricRules
from toolkit.lyrics.song import Recipe, SongLine
from toolkit.lyrics.write import Takes, write_takes
from toolkit.sampling import SamplingOptions
from toolkit.stopping import Stop, stoppable
from toolkit.translation import TranslateOptions, translate
from toolkit.translator import Translator
from toolkit.uniform import fresh_seed

from .worker import Tell, Work


@dataclass(frozen=True)
class Grown:
    """A text grew.

    Attributes:
        take: its number, from 0.
        text: what came behind it.
    """

    take: int
    text: str


@dataclass(frozen=True)
class Draft:
    """A text that may still change.

    Attributes:
        take: its number, from 0.
        text: all of it.
    """

    take: int
    text: str


@dataclass(frozen=True)
class Streamed:
    """What came of writing without rules.

    Attributes:
        texts: that were written, take by take.
        options: with the seed.
    """

    texts: tuple[str, ...]
    options: SamplingOptions


def go_on(model: LanguageModel, prompt: str, options: SamplingOptions) -> Work:
    """Write on without rules; tells `Grown`, gives `Streamed`."""

    def work(stop: Stop, tell: Tell) -> Streamed:
        running = stoppable(model, stop)
        texts = [""] * options.num_return_sequences
        for piece in stream(running.backend, running.tokenizer, prompt, options, running.loop):
            if piece.text:
                texts[piece.index] += piece.text
                tell(Grown(piece.index, piece.text))
        return Streamed(tuple(texts), options)

    return work


def write_lyrics(
    model: LanguageModel,
    rules: LyricRules,
    options: LyricOptions,
    *,
    given: Mapping[int, str],
    avoid: Sequence[str] = (),
    fingerprint: str = "",
) -> Work:
    """Write by rules; tells `Draft`, gives `Takes`."""

    def work(stop: Stop, tell: Tell) -> Takes:
        return write_takes(
            stoppable(model, stop),
            rules,
            options,
            given=given,
            avoid=avoid,
            fingerprint=fingerprint,
            watch=lambda take, lines: tell(Draft(take, "\n".join(lines))),
        )

    return work


def another_line(model: LanguageModel, text: str, place: int, options: LyricOptions, fingerprint: str) -> Work:
    """Write one line of any text anew; gives the line and the recipe."""

    def work(stop: Stop, _tell: Tell) -> tuple[SongLine, Recipe]:
        return reroll_line(stoppable(model, stop), text, place, options, fingerprint=fingerprint)

    return work


def translate_lines(translator: Translator, lines: Sequence[str], options: TranslateOptions) -> Work:
    """Answer line by line; tells the answers of one line after the other."""

    def work(stop: Stop, tell: Tell) -> None:
        running = stoppable(translator, stop)
        tokenizers = running.source_tokenizer, running.target_tokenizer
        seed = fresh_seed() if options.seed is None else options.seed
        for i, line in enumerate(lines):
            tell(translate(running.backend, running.loop, tokenizers, [line], options, seed, first=i)[0])

    return work
