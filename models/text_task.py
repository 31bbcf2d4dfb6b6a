"""What trainings on one long text have in common."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Self

import torch

from toolkit.bundle import TOKENIZER
from toolkit.corpus import Corpus, CorpusOptions
from toolkit.errors import ToolkitError
from toolkit.options import Options
from toolkit.tokenizer import Tokenizer

from .checkpoint import Checkpoint
from .kinds import KINDS
from .task import fresh
from .torch_steps import resolve_torch_device
from .train_options import TrainOptions

_SAMPLE_CHARACTERS = 4096
"""So much of the text goes into the checkpoint: real input for the parity check of the export."""


@dataclass
class TextTask:
    """The part of a `Task` that does not depend on the network.

    Attributes:
        network: what is trained.
        tokenizer: cuts the text.
        options: how to train.
        corpus: the text.
        corpus_options: how it was read.

    Raises:
        ToolkitError: the text held back is too short for the patience asked for.
    """

    network: Any
    tokenizer: Tokenizer
    options: TrainOptions
    corpus: Corpus
    corpus_options: CorpusOptions

    kind: ClassVar[str]
    measure = "perplexity"

    def __post_init__(self) -> None:
        self.ids, self.valid_ids = (
            torch.from_numpy(self.tokenizer.encode(text)).to(self.network.device)
            for text in (self.corpus.train, self.corpus.valid)
        )
        needed = 1 + self.context
        if self.options.patience and len(self.valid_ids) < needed:
            raise ToolkitError(
                f"patience {self.options.patience} needs a validation text of at least {needed} tokens, "
                f"found {len(self.valid_ids)}. Use --patience 0, a larger --valid-fraction or a longer text."
            )

    @classmethod
    def start(
        cls,
        network: Options,
        tokenizer: Tokenizer,
        options: TrainOptions,
        corpus: Corpus,
        corpus_options: CorpusOptions,
    ) -> Self:
        """With fresh weights."""
        made = fresh(lambda: KINDS[cls.kind].build(network, {TOKENIZER: tokenizer}), options)
        return cls(made, tokenizer, options, corpus, corpus_options)

    @classmethod
    def resume(
        cls, checkpoint: Checkpoint, options: TrainOptions, corpus: Corpus, corpus_options: CorpusOptions
    ) -> Self:
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
    def context(self) -> int:
        """So many tokens are read, at least, before one is predicted."""
        return 1

    @property
    def predictions(self) -> int:
        """So many tokens of a sequence are predicted."""
        raise NotImplementedError

    @property
    def shape(self) -> Any:  # noqa: ANN401 - the options of its network
        """See `Task.shape`."""
        return self.network.options

    @property
    def tokenizers(self) -> Mapping[str, Tokenizer]:
        """See `Task.tokenizers`."""
        return {TOKENIZER: self.tokenizer}

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
        return self.predictions * math.log(len(self.tokenizer))

    def __len__(self) -> int:
        """Minibatches in an epoch."""
        raise NotImplementedError

    def more_metrics(self) -> Mapping[str, float]:
        """None."""
        return {}

    def layers(self) -> str:
        """The recurrent layers, for people."""
        raise NotImplementedError

    def facts(self) -> list[tuple[str, object]]:
        """See `Task.facts`."""
        t, width = self.options, self.shape.embedding_size
        source = f"embedding {width}" if width else "one-hot"
        weights = sum(p.numel() for p in self.network.parameters())
        tokens, valid, unit = len(self.ids), len(self.valid_ids), self.unit
        encodings = ", ".join(self.corpus.encodings)
        return [
            ("corpus", f"{self.corpus.source} ({encodings}): {tokens:,} {unit} to learn, {valid:,} to validate"),
            ("vocabulary", f"{len(self.tokenizer):,} {unit}"),
            ("network", f"{self.layers()}, {source}, {weights:,} weights"),
            ("training", f"{t.epochs} epochs of {len(self)} batches of {t.batch_size} x {t.num_steps}, {t.optimizer}"),
        ]
