"""Training a language model: each token of a text is predicted from those before it."""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch.nn import functional

from toolkit.corpus import Corpus, CorpusOptions
from toolkit.errors import ToolkitError
from toolkit.generation import generate
from toolkit.sampling import SamplingOptions
from toolkit.tokenizer import Tokenizer

from .batches import Batches
from .char_rnn import CharRNN
from .checkpoint import Checkpoint
from .network_options import NetworkOptions
from .task import Batch, Carried, Loss, fresh
from .torch_steps import EagerStepModel, resolve_torch_device
from .train_options import TrainOptions

_VALID_STREAMS = 32
"""Validation text is read as at most so many parallel streams, each of at least `_VALID_LENGTH` tokens."""
_VALID_LENGTH = 500

_SAMPLE_CHARACTERS = 4096
"""So much of the text goes into the checkpoint: real input for the parity check of the export."""


@dataclass
class LanguageTask:
    """A `Task`; use `LanguageTask.start` or `LanguageTask.resume`.

    Raises:
        ToolkitError: the text is too short for one batch, or for the patience asked for.
    """

    network: CharRNN
    tokenizer: Tokenizer
    options: TrainOptions
    corpus: Corpus
    corpus_options: CorpusOptions

    kind = "lm"
    measure = "perplexity"

    def __post_init__(self) -> None:
        device, encode, o = self.network.device, self.tokenizer.encode, self.options
        ids = torch.from_numpy(encode(self.corpus.train)).to(device)
        self.batches = Batches(ids, o.sampling, o.batch_size, o.num_steps, o.seed)
        self.valid_ids = torch.from_numpy(encode(self.corpus.valid)).to(device)
        if o.patience and len(self.valid_ids) < 2:
            raise ToolkitError(
                f"patience {o.patience} needs a validation text, found {len(self.valid_ids)} tokens in it. "
                "Use --patience 0, a larger --valid-fraction or a longer text."
            )

    @classmethod
    def start(
        cls,
        network: NetworkOptions,
        tokenizer: Tokenizer,
        options: TrainOptions,
        corpus: Corpus,
        corpus_options: CorpusOptions,
    ) -> "LanguageTask":
        """With fresh weights."""
        made = fresh(lambda: CharRNN(network, len(tokenizer)), options)
        return cls(made, tokenizer, options, corpus, corpus_options)

    @classmethod
    def resume(
        cls, checkpoint: Checkpoint, options: TrainOptions, corpus: Corpus, corpus_options: CorpusOptions
    ) -> "LanguageTask":
        """With the weights of a checkpoint of the same corpus.

        Raises:
            ToolkitError: the corpus has changed.
        """
        if corpus.sha256 != checkpoint.corpus["sha256"]:
            raise ToolkitError(
                f"{corpus.source}: expected the text that the run began with "
                f"(SHA-256 {checkpoint.corpus['sha256'][:12]}…), found another one ({corpus.sha256[:12]}…). "
                "Start a new run with -o."
            )
        network = checkpoint.build().to(resolve_torch_device(options.device))
        return cls(network, checkpoint.tokenizer, options, corpus, corpus_options)

    @property
    def shape(self) -> NetworkOptions:
        """See `Task.shape`."""
        return self.network.options

    @property
    def tokenizers(self) -> Mapping[str, Tokenizer]:
        """See `Task.tokenizers`."""
        return {"tokenizer": self.tokenizer}

    @property
    def corpus_facts(self) -> Mapping[str, Any]:
        """See `Task.corpus_facts`."""
        return {
            "source": self.corpus.source,
            "sha256": self.corpus.sha256,
            "characters": len(self.corpus.train) + len(self.corpus.valid),
            "options": self.corpus_options.to_dict(),
            "sample": self.corpus.train[:_SAMPLE_CHARACTERS],
        }

    @property
    def unit(self) -> str:
        """Characters or words."""
        return self.tokenizer.unit

    @property
    def guessing(self) -> float:
        """What a sequence loses where all tokens are equally likely."""
        return self.options.num_steps * math.log(len(self.tokenizer))

    def __len__(self) -> int:
        """Minibatches in an epoch."""
        return len(self.batches)

    def epoch(self, epoch: int, start: int = 0) -> Iterator[Batch]:
        """Inputs and targets, both int64 [N, T]."""
        return self.batches.epoch(epoch, start)

    def loss(self, batch: Batch, state: Carried) -> Loss:
        """Cross-entropy of the next tokens."""
        inputs, targets = batch
        if not state or not self.batches.carries_state:
            state = self.network.init_state(len(inputs))
        logits, after = self.network(inputs, state)
        # The logits lie time first in memory: flattened in that order, they need not be copied.
        mean = functional.cross_entropy(logits.transpose(0, 1).flatten(0, 1), targets.T.flatten())
        carried = tuple(part.detach() for part in after) if self.batches.carries_state else ()
        return Loss(mean, targets.numel(), len(targets), carried)

    def validate(self) -> float | None:
        """The mean loss over the validation text, read in parallel streams."""
        if len(self.valid_ids) < 2:
            return None
        streams = max(1, min(_VALID_STREAMS, len(self.valid_ids) // _VALID_LENGTH))
        rows = self.valid_ids[: len(self.valid_ids) // streams * streams].view(streams, -1)
        state = self.network.init_state(streams)
        total, count = 0.0, 0
        for start in range(0, rows.shape[1] - 1, _VALID_LENGTH):
            inputs = rows[:, start : start + _VALID_LENGTH]
            targets = rows[:, start + 1 : start + 1 + _VALID_LENGTH]
            logits, state = self.network(inputs[:, : targets.shape[1]], state)
            known = targets != self.tokenizer.unk_id
            total += functional.cross_entropy(logits[known], targets[known], reduction="sum").item()
            count += int(known.sum())
        return total / count if count else None

    def more_metrics(self) -> Mapping[str, float]:
        """None."""
        return {}

    def samples(self, number: int) -> Iterator[str]:
        """A text for each prefix; the random numbers of training are not touched."""
        model = EagerStepModel(self.network)
        options = SamplingOptions(
            max_new_tokens=self.options.sample_length,
            temperature=self.options.sample_temperature,
            seed=(self.options.seed + number) % 2**32,
        )
        for prefix in self.options.prefix or (default_prefix(self.tokenizer),):
            (result,) = generate(model, self.tokenizer, prefix, options)
            yield str(result)

    def facts(self) -> list[tuple[str, object]]:
        """See `Task.facts`."""
        o, t = self.network.options, self.options
        cell = f"{o.cell} ({o.nonlinearity})" if o.cell == "rnn" else o.cell
        source = f"embedding {o.embedding_size}" if o.embedding_size else "one-hot"
        weights = sum(p.numel() for p in self.network.parameters())
        tokens, valid, unit = len(self.batches.ids), len(self.valid_ids), self.unit
        encodings = ", ".join(self.corpus.encodings)
        return [
            ("corpus", f"{self.corpus.source} ({encodings}): {tokens:,} {unit} to learn, {valid:,} to validate"),
            ("vocabulary", f"{len(self.tokenizer):,} {unit}"),
            ("network", f"{cell}, {o.num_layers} x {o.hidden_size}, {source}, {weights:,} weights"),
            ("training", f"{t.epochs} epochs of {len(self)} batches of {t.batch_size} x {t.num_steps}, {t.optimizer}"),
        ]


def default_prefix(tokenizer: Tokenizer) -> str:
    """The most frequent token that is no white space: something to begin a sample with."""
    return next((token for token in tokenizer.vocab[1:] if token.strip()), tokenizer.vocab[1])
