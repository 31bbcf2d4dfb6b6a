"""Training on pairs of texts: the decoder learns to write the second after the encoder has read the first."""

import math
import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from toolkit.bundle import SEQ2SEQ, SOURCE, TARGET
from toolkit.errors import ToolkitError
from toolkit.parallel import Pair, Parallel, ParallelOptions
from toolkit.seq2seq import batch_of
from toolkit.step_model import Ids
from toolkit.tokenizer import PAD_ID, Tokenizer
from toolkit.translation import TranslateOptions, target_ids

from .checkpoint import Checkpoint
from .seq2seq_options import Seq2SeqOptions
from .seq2seq_rnn import Seq2SeqRNN
from .task import Batch, Carried, Loss, fresh
from .torch_seq2seq import EagerSeq2Seq
from .torch_steps import resolve_torch_device
from .train_options import TrainOptions

_VALID_BATCH = 256

_JUDGED_PAIRS = 2000
"""At most so many held-back sources are translated after each epoch."""

_SAMPLE_PAIRS = 64
"""So many pairs go into the checkpoint: real input for the parity check of the export."""


@dataclass
class Seq2SeqTask:
    """A `Task`; use `Seq2SeqTask.start` or `Seq2SeqTask.resume`.

    Raises:
        ToolkitError: there are no pairs left for what was asked.
    """

    network: Seq2SeqRNN
    tokenizers: Mapping[str, Tokenizer]
    options: TrainOptions
    data: Parallel
    data_options: ParallelOptions

    kind = SEQ2SEQ
    measure = "perplexity"
    guessing = None

    def __post_init__(self) -> None:
        if self.options.patience and not self.data.valid:
            raise ToolkitError(f"patience {self.options.patience} needs pairs that are held back. Use --patience 0.")
        self._train, self._valid = self._encoded(self.data.train), self._encoded(self.data.valid)

    def _encoded(self, pairs: Sequence[Pair]) -> list[tuple[Ids, Ids]]:
        """Ids of sources, and of targets between their markers."""
        reads, writes = self.tokenizers[SOURCE], self.tokenizers[TARGET]
        return [(reads.encode(source), writes.marked(target)) for source, target in pairs]

    @classmethod
    def start(
        cls,
        network: Seq2SeqOptions,
        tokenizers: Mapping[str, Tokenizer],
        options: TrainOptions,
        data: Parallel,
        data_options: ParallelOptions,
    ) -> "Seq2SeqTask":
        """With fresh weights."""
        sizes = len(tokenizers[SOURCE]), len(tokenizers[TARGET])
        return cls(fresh(lambda: Seq2SeqRNN(network, *sizes), options), tokenizers, options, data, data_options)

    @classmethod
    def resume(
        cls, checkpoint: Checkpoint, options: TrainOptions, data: Parallel, data_options: ParallelOptions
    ) -> "Seq2SeqTask":
        """With the weights of a checkpoint of the same pairs.

        Raises:
            ToolkitError: the pairs have changed.
        """
        if data.sha256 != checkpoint.corpus["sha256"]:
            raise ToolkitError(f"{data.source}: are not the pairs that the run began with. Start a new run with -o.")
        network = checkpoint.build().to(resolve_torch_device(options.device))
        return cls(network, checkpoint.tokenizers, options, data, data_options)

    @property
    def shape(self) -> Seq2SeqOptions:
        """See `Task.shape`."""
        return self.network.options

    @property
    def corpus_facts(self) -> Mapping[str, Any]:
        """See `Task.corpus_facts`; the longest source and target that were learnt count in tokens, markers left out."""
        pairs = list(dict.fromkeys([*self.data.valid, *self.data.train]))  # some are both
        return {
            "source": self.data.source,
            "sha256": self.data.sha256,
            "characters": len(pairs),
            "options": self.data_options.to_dict(),
            "sample": [list(pair) for pair in pairs[:_SAMPLE_PAIRS]],
            "longest_source": max(len(source) for source, _ in self._train),
            "longest_target": max(len(target) - 2 for _, target in self._train),
        }

    @property
    def unit(self) -> str:
        """What the target is made of."""
        return self.tokenizers[TARGET].unit

    def __len__(self) -> int:
        """Minibatches in an epoch; the last one may be smaller."""
        return math.ceil(len(self._train) / self.options.batch_size)

    def epoch(self, epoch: int, start: int = 0) -> Iterator[Batch]:
        """Sources int64 [N, T], their lengths int64 [N], targets int64 [N, S + 1] between their markers; shuffled."""
        order = list(range(len(self._train)))
        random.Random(self.options.seed * 1_000_003 + epoch).shuffle(order)
        n = self.options.batch_size
        for i in range(start, len(self)):
            yield self._batch([self._train[row] for row in order[i * n : (i + 1) * n]])

    def _batch(self, pairs: Sequence[tuple[Ids, Ids]]) -> Batch:
        sources, targets = zip(*pairs, strict=True)
        parts = (*batch_of(sources), batch_of(targets)[0])
        return tuple(torch.from_numpy(part).to(self.network.device) for part in parts)

    def loss(self, batch: Batch, _state: Carried) -> Loss:
        """Cross-entropy of the targets; padding does not count."""
        count = int(_counted(batch).sum())
        sources, lengths, targets = batch
        return Loss(self.network.loss(sources, lengths, targets), count, len(sources), ())

    def validate(self) -> float | None:
        """The mean loss of the tokens of the targets held back, given those before them."""
        if not self._valid:
            return None
        total, count = 0.0, 0
        for start in range(0, len(self._valid), _VALID_BATCH):
            batch = self._batch(self._valid[start : start + _VALID_BATCH])
            sources, lengths, targets = batch
            total += self.network.loss(sources, lengths, targets, "sum").item()
            count += int(_counted(batch).sum())
        return total / count

    def more_metrics(self) -> Mapping[str, float]:
        """Of what is held back, translated greedily: the shares that are wrong, and that have another length."""
        judged = self._valid[:_JUDGED_PAIRS]
        if not judged:
            return {}
        wrong = other_length = 0
        for start in range(0, len(judged), _VALID_BATCH):
            part = judged[start : start + _VALID_BATCH]
            for ids, (_, target) in zip(self._written([source for source, _ in part]), part, strict=True):
                expected = tuple(target[1:].tolist())
                wrong += ids != expected
                other_length += len(ids) != len(expected) or ids[-1] != self.tokenizers[TARGET].end_id
        return {"valid_wrong": wrong / len(judged), "valid_other_length": other_length / len(judged)}

    def samples(self, _number: int) -> Iterator[str]:
        """What is written for the prefixes, or for some sources that are held back."""
        sources = self.options.prefix or [source for source, _ in (self.data.valid or self.data.train)[:3]]
        reads, writes = self.tokenizers[SOURCE], self.tokenizers[TARGET]
        for source, ids in zip(sources, self._written([reads.encode(source) for source in sources]), strict=True):
            yield f"{source} -> {writes.decode(ids)}"

    def _written(self, sources: Sequence[Ids]) -> list[tuple[int, ...]]:
        """What the network writes for the ids of some sources, greedily; no text is longer than all known targets."""
        options = TranslateOptions(max_new_tokens=max(len(target) for _, target in (*self._train, *self._valid)) - 1)
        batch, writes = batch_of(sources), self.tokenizers[TARGET]
        found = target_ids(EagerSeq2Seq(self.network), None, writes, batch, options, seed=0)
        return [ids for ((ids, _),) in found]

    def facts(self) -> list[tuple[str, object]]:
        """See `Task.facts`."""
        o, t = self.network.options, self.options
        layers = (
            f"{o.encoder_layers or o.num_layers} x {o.encoder_size}{' in both directions' if o.bidirectional else ''}"
        )
        weights = sum(p.numel() for p in self.network.parameters())
        reads, writes = self.tokenizers[SOURCE], self.tokenizers[TARGET]
        return [
            ("pairs", f"{self.data.source}: {len(self._train):,} to learn, {len(self._valid):,} to validate"),
            ("vocabularies", f"{len(reads):,} and {len(writes):,} {self.unit}"),
            (
                "network",
                f"{o.cell}, {layers} -> {o.num_layers} x {o.hidden_size}, attention {o.attention}, {weights:,} weights",
            ),
            ("training", f"{t.epochs} epochs of {len(self)} batches of {t.batch_size}, {t.optimizer}"),
        ]


def _counted(batch: Batch) -> Tensor:
    """Which tokens of the targets are to be predicted."""
    return batch[2][:, 1:] != PAD_ID
