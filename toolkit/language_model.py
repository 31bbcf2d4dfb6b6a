"""A loaded language model: a step, a tokenizer and what is known of the two."""

import warnings
from collections.abc import Iterator, Sequence
from dataclasses import fields, replace
from typing import Any, TypeVar

from .batching import generate_batch
from .decode_loop import DecodeLoop
from .errors import OptionError
from .generation import Generation, Piece, generate, stream
from .options import Options
from .sampling import SamplingOptions
from .signature import Signature
from .step_model import Ids, Logits, State, StepModel, check_step_args
from .tokenizer import UNK, Tokenizer
from .uniform import fresh_seed


class UnknownTokenWarning(UserWarning):
    """A prompt holds tokens outside the vocabulary; they are read as `<unk>`."""


class LanguageModel:
    """Text in, text out, and the raw step for those who want it.

    Attributes:
        backend: the step, on whatever computes it.
        tokenizer: with its vocabulary.
        loop: the whole decode loop in one call, where the model has it; texts are the same without.
    """

    def __init__(self, backend: StepModel, tokenizer: Tokenizer, loop: DecodeLoop | None = None) -> None:
        self.backend = backend
        self.tokenizer = tokenizer
        self.loop = loop

    def __repr__(self) -> str:
        return f"{type(self).__name__}({type(self.backend).__name__} on {self.device}, {self.tokenizer!r})"

    @property
    def signature(self) -> Signature:
        """Names, dtypes and axes of the step."""
        return self.backend.signature

    @property
    def device(self) -> str:
        """Where it really runs: "cpu" or "cuda"."""
        return self.backend.device

    def init_state(self, batch_size: int) -> State:
        """The state before the first token: zeros, float32 [L, N, H] each."""
        return self.backend.init_state(batch_size)

    def step(self, input_ids: Ids, state: State) -> tuple[Logits, State]:
        """One token for each sequence: ids int64 [N], state -> logits float32 [N, V], next state.

        Raises:
            ToolkitError: wrong dtype, shape or range.
        """
        check_step_args(self.signature, len(self.tokenizer), input_ids, state)
        return self.backend.step(input_ids, state)

    def generate(self, prompt: str, options: SamplingOptions | None = None, **changes: Any) -> list[Generation]:  # noqa: ANN401 - the fields of SamplingOptions
        """Continue a prompt.

        Args:
            prompt: at least one token; unknown ones are named in an `UnknownTokenWarning`.
            options: how; the defaults of `SamplingOptions` if left out.
            changes: single options by name, over `options`.

        Returns:
            One `Generation` for each of ``num_return_sequences``.

        Raises:
            OptionError: an option is unknown or out of range, before anything runs.
            ToolkitError: the prompt is empty.

        Example:
            >>> model.generate("分开", max_new_tokens=50, temperature=0.8, top_k=40, seed=1)[0].text
        """
        chosen = changed(options or SamplingOptions(), changes)
        self._warn_unknown(prompt)
        return generate(self.backend, self.tokenizer, prompt, chosen, self.loop)

    def stream(self, prompt: str, options: SamplingOptions | None = None, **changes: Any) -> Iterator[Piece]:  # noqa: ANN401 - as above
        """As `generate`, but yields the text as it is written."""
        chosen = changed(options or SamplingOptions(), changes)
        self._warn_unknown(prompt)
        return stream(self.backend, self.tokenizer, prompt, chosen, self.loop)

    def generate_batch(
        self,
        prompts: Sequence[str],
        options: SamplingOptions | None = None,
        *,
        batch_size: int = 32,
        **changes: Any,  # noqa: ANN401 - as above
    ) -> Iterator[tuple[int, Generation]]:
        """Continue many prompts, of any lengths, through a running batch that is refilled as texts end.

        Args:
            prompts: each at least one token.
            options: how; num_return_sequences must be 1.
            batch_size: how many run side by side. The texts do not depend on it (int8 rounds a batch together: there
                they may, by a hair).
            changes: single options by name, over `options`.

        Yields:
            The number of a prompt and its `Generation`, as they end.

        Raises:
            OptionError: an option is unknown or out of range, before anything runs.
            ToolkitError: a prompt is empty, before anything runs.

        Example:
            >>> texts = dict(model.generate_batch(["春", "夏", "秋"], max_new_tokens=30, seed=1))
        """
        chosen = changed(options or SamplingOptions(), changes)
        seed = fresh_seed() if chosen.seed is None else chosen.seed
        self._warn_unknown(*prompts)
        return generate_batch(self.backend, self.loop, self.tokenizer, prompts, chosen, seed, batch_size)

    def notes(self, *prompts: str) -> list[str]:
        """What to know before some prompts are continued, a sentence each: which tokens are read as unknown."""
        if self.tokenizer.unk_id is None:
            return []  # then reading them is an error
        missing = list(dict.fromkeys(token for prompt in prompts for token in self.tokenizer.unknown(prompt)))
        return [read_as_unknown(missing, self.tokenizer)] if missing else []

    def _warn_unknown(self, *prompts: str) -> None:
        for note in self.notes(*prompts):
            warnings.warn(note, UnknownTokenWarning, stacklevel=3)


def read_as_unknown(tokens: Sequence[str], tokenizer: Tokenizer) -> str:
    """What an `UnknownTokenWarning` says."""
    unk = UNK if tokenizer.unk_id is None else tokenizer.vocab[tokenizer.unk_id]
    return f"not in the vocabulary, read as {unk}: {' '.join(tokens[:20])}{' …' if len(tokens) > 20 else ''}"


OptionsT = TypeVar("OptionsT", bound=Options)


def changed(options: OptionsT, changes: dict[str, Any]) -> OptionsT:
    """Options with single ones changed by name.

    Raises:
        OptionError: an option is unknown or out of range.
    """
    try:
        return replace(options, **changes)  # type: ignore[type-var]  # subclasses are dataclasses
    except TypeError:
        known = [field.name for field in fields(options)]  # type: ignore[arg-type]  # as above
        unknown = ", ".join(sorted(set(changes) - set(known)))
        raise OptionError(f"unknown option {unknown}; known are {', '.join(known)}") from None
