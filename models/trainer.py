"""The training loop. It can stop after any minibatch and go on later, bit for bit on the CPU."""

import contextlib
import copy
import math
import time
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any, Protocol

import torch
from torch import Tensor, nn
from torch.nn import functional

from toolkit.corpus import Corpus, CorpusOptions
from toolkit.errors import ToolkitError
from toolkit.generation import generate
from toolkit.sampling import SamplingOptions
from toolkit.tokenizer import Tokenizer

from .batches import Batches
from .char_rnn import CharRNN, State
from .checkpoint import Checkpoint
from .interrupt import StopRequest, stop_request
from .network_options import NetworkOptions
from .run_folder import Metrics, RunFolder, require_plotting
from .torch_steps import EagerStepModel, resolve_torch_device
from .train_options import TrainOptions

_VALID_STREAMS = 32
"""Validation text is read as at most so many parallel streams, each of at least `_VALID_LENGTH` tokens."""
_VALID_LENGTH = 500


_SAMPLE_CHARACTERS = 4096
"""So much of the text goes into the checkpoint: real input for the parity check of the export."""


_SMOOTHING = 0.999
"""The smooth loss is a running mean with so much weight on the past, of what a sequence loses in all its steps, in
nats. It starts at what guessing loses. From Karpathy's min-char-rnn (2015)."""


class Reporter(Protocol):
    """Who shows the training to a person."""

    def batch(self, epoch: int, done: int, total: int, perplexity: float, tokens: int) -> None:
        """A minibatch is done; `tokens` were in it."""

    def milestone(self, batches: int, smooth_loss: float) -> None:
        """So many minibatches are done since the beginning of the run; sample texts follow."""

    def epoch(self, record: Metrics) -> None:
        """An epoch is done."""

    def sample(self, text: str) -> None:
        """A sample text was written."""


@dataclass(frozen=True)
class Outcome:
    """How a run ended.

    Attributes:
        reason: "finished", "early" (validation stopped improving) or "interrupted".
        epochs: finished epochs.
        best: the best perplexity, on validation where there is some.
        best_epoch: when it was reached; 0 before the first epoch ended.
    """

    reason: str
    epochs: int
    best: float
    best_epoch: int


@dataclass
class _Progress:
    """Where a run stands: what a checkpoint must hold beside weights and optimizer.

    Attributes:
        epoch: finished epochs.
        batch: finished minibatches of the current epoch.
        loss_sum: sum of token losses in the current epoch, in nats.
        tokens: tokens behind that sum.
        seconds: training time in the current epoch.
        smooth_loss: see `_SMOOTHING`; None before the first minibatch.
        best: the lowest perplexity so far.
        best_epoch: when it was reached.
    """

    epoch: int = 0
    batch: int = 0
    loss_sum: float = 0.0
    tokens: int = 0
    seconds: float = 0.0
    smooth_loss: float | None = None
    best: float = math.inf
    best_epoch: int = 0


@dataclass
class Trainer:
    """One run, from its first minibatch or from a checkpoint.

    Use `Trainer.start` or `Trainer.resume`, then `run`.
    """

    folder: RunFolder
    network: CharRNN
    tokenizer: Tokenizer
    options: TrainOptions
    corpus: Corpus
    corpus_options: CorpusOptions
    progress: _Progress = field(default_factory=_Progress)
    carried: State | None = None
    metrics: Metrics = field(default_factory=dict)

    def __post_init__(self) -> None:
        require_plotting()
        device = self.network.device
        encode = self.tokenizer.encode
        self.batches = Batches(
            torch.from_numpy(encode(self.corpus.train)).to(device),
            self.options.sampling,
            self.options.batch_size,
            self.options.num_steps,
            self.options.seed,
        )
        self.valid_ids = torch.from_numpy(encode(self.corpus.valid)).to(device)
        if self.options.patience and len(self.valid_ids) < 2:
            raise ToolkitError(
                f"patience {self.options.patience} needs a validation text, found {len(self.valid_ids)} tokens in it. "
                "Use --patience 0, a larger --valid-fraction or a longer text."
            )
        self.optimizer = make_optimizer(self.network, self.options)
        self.best_weights: Mapping[str, Tensor] | None = None  # not yet written
        self._loss_sum = torch.tensor(self.progress.loss_sum, dtype=torch.float64, device=device)

    @classmethod
    def start(
        cls,
        folder: RunFolder,
        network: NetworkOptions,
        tokenizer: Tokenizer,
        options: TrainOptions,
        corpus: Corpus,
        corpus_options: CorpusOptions,
    ) -> "Trainer":
        """A new run with fresh weights; writes a first checkpoint, so that a kill at any moment leaves one.

        Raises:
            ToolkitError: the text is too short for one batch, or the folder cannot be made and written to.
        """
        device = resolve_torch_device(options.device)
        torch.manual_seed(options.seed)
        with enough_memory():
            made = CharRNN(network, len(tokenizer)).to(device)
            trainer = cls(folder, made, tokenizer, options, corpus, corpus_options)
        folder.create()
        try:
            trainer.save()
        except ToolkitError:
            with contextlib.suppress(OSError):
                folder.path.rmdir()
            raise
        return trainer

    @classmethod
    def resume(
        cls,
        folder: RunFolder,
        checkpoint: Checkpoint,
        options: TrainOptions,
        corpus: Corpus,
        corpus_options: CorpusOptions,
    ) -> "Trainer":
        """Go on from a checkpoint of the same corpus.

        Raises:
            ToolkitError: the checkpoint holds no training state, or the corpus has changed.
        """
        state = checkpoint.training
        if "optimizer" not in state:
            raise ToolkitError(
                f"{folder.path}: expected a checkpoint to go on from, found one for inference only. Use last.pt."
            )
        if corpus.sha256 != checkpoint.corpus["sha256"]:
            raise ToolkitError(
                f"{corpus.source}: expected the text that the run began with "
                f"(SHA-256 {checkpoint.corpus['sha256'][:12]}…), found another one ({corpus.sha256[:12]}…). "
                "Start a new run with -o."
            )
        device = resolve_torch_device(options.device)
        network = checkpoint.build().to(device)
        trainer = cls(
            folder,
            network,
            checkpoint.tokenizer,
            options,
            corpus,
            corpus_options,
            progress=_Progress(**state["progress"]),
            carried=tuple(part.to(device) for part in state["carried"]) if state["carried"] else None,
            metrics=checkpoint.metrics,
        )
        trainer.optimizer.load_state_dict(state["optimizer"])
        torch.set_rng_state(state["rng"])
        if device.type == "cuda" and state["cuda_rng"] is not None:
            torch.cuda.set_rng_state(state["cuda_rng"])
        folder.keep_metrics(trainer.progress.epoch)
        return trainer

    def run(self, reporter: Reporter) -> Outcome:
        """Train until the last epoch, until validation stops improving, or until Ctrl-C or SIGTERM.

        Raises:
            ToolkitError: the loss became NaN or infinite, or the disk cannot be written to.
        """
        reason = "finished"
        self._saved_at = time.monotonic()
        with stop_request() as stop, enough_memory():
            while self.progress.epoch < self.options.epochs:
                if self._out_of_patience():
                    reason = "early"
                    break
                if not self._epoch(reporter, stop):
                    reason = "interrupted"
                    break
            self.save()
        self.folder.draw()
        return Outcome(reason, self.progress.epoch, self.progress.best, self.progress.best_epoch)

    def _epoch(self, reporter: Reporter, stop: StopRequest) -> bool:
        """The rest of one epoch; False if it was interrupted."""
        p, total = self.progress, len(self.batches)
        self.network.train()
        for inputs, targets in self.batches.epoch(p.epoch, start=p.batch):
            if stop.requested:
                return False
            began = time.perf_counter()
            self._update(inputs, targets, p.epoch * total + p.batch)
            p.batch += 1
            p.tokens += targets.numel()
            before, p.loss_sum = p.loss_sum, self._loss_sum.item()  # waits for the device
            p.seconds += time.perf_counter() - began
            if not math.isfinite(p.loss_sum):
                raise self._diverged("loss")
            p.smooth_loss = self._smoothed((p.loss_sum - before) / len(targets))
            reporter.batch(p.epoch + 1, p.batch, total, _exp(p.loss_sum / p.tokens), targets.numel())
            every = self.options.sample_every_batches
            if every and (done := p.epoch * total + p.batch) % every == 0:
                reporter.milestone(done, p.smooth_loss)
                self._sample(reporter, done)
            self._save_sometimes()
        self._finish_epoch(reporter)
        return True

    def _update(self, inputs: Tensor, targets: Tensor, update: int) -> None:
        """One minibatch: forward, backward, clip, step."""
        state = self.carried
        if state is None or not self.batches.carries_state:
            state = self.network.init_state(len(inputs))
        logits, state = self.network(inputs, state)
        self.carried = tuple(part.detach() for part in state) if self.batches.carries_state else None
        # The logits lie time first in memory: flattened in that order, they need not be copied.
        loss = functional.cross_entropy(logits.transpose(0, 1).flatten(0, 1), targets.T.flatten())
        self.optimizer.zero_grad(set_to_none=True)
        factor = targets.shape[1] if self.options.loss == "sum" else 1
        (loss * factor).backward()  # type: ignore[no-untyped-call]
        if self.options.clip_value:
            nn.utils.clip_grad_value_(self.network.parameters(), self.options.clip_value)
        if self.options.clip_norm:
            nn.utils.clip_grad_norm_(self.network.parameters(), self.options.clip_norm)
        for group in self.optimizer.param_groups:
            group["lr"] = self.options.learning_rate(update, self.options.epochs * len(self.batches))
        self.optimizer.step()
        self._loss_sum += loss.detach().double() * targets.numel()

    def _smoothed(self, sequence_loss: float) -> float:
        """The running mean, with what a sequence of the last minibatch lost."""
        before = self.progress.smooth_loss
        if before is None:
            before = self._guessing()
        return _SMOOTHING * before + (1 - _SMOOTHING) * sequence_loss

    def _guessing(self) -> float:
        """What a sequence loses where all tokens are equally likely, in nats."""
        return self.options.num_steps * math.log(len(self.tokenizer))

    def _finish_epoch(self, reporter: Reporter) -> None:
        """Validate, keep the best, write the metrics, write samples."""
        p = self.progress
        perplexity = _exp(self._loss_sum.item() / p.tokens)
        valid = self._validate()
        if valid is not None and not math.isfinite(valid):
            raise self._diverged("validation loss")
        self._expect_finite_weights()
        epoch = p.epoch + 1
        self.metrics = {
            "epoch": epoch,
            "loss": self._loss_sum.item() / p.tokens,
            "smooth_loss": p.smooth_loss,
            "smooth_loss_ratio": (p.smooth_loss or 0.0) / self._guessing(),
            "perplexity": perplexity,
            "valid_perplexity": valid,
            "lr": self.optimizer.param_groups[0]["lr"],
            "tokens_per_second": p.tokens / p.seconds,
            "seconds": p.seconds,
        }
        score = perplexity if valid is None else valid
        best, best_epoch = (score, epoch) if score < p.best else (p.best, p.best_epoch)
        if best_epoch == epoch:
            self.best_weights = copy.deepcopy(self.network.state_dict())
            self._best_metrics = self.metrics
        self.progress = _Progress(epoch=epoch, smooth_loss=p.smooth_loss, best=best, best_epoch=best_epoch)
        self._loss_sum.zero_()
        self.carried = None  # the next epoch starts at the beginning of the text
        self.folder.append_metrics(self.metrics)
        reporter.epoch(self.metrics)
        if self.options.sample_every and epoch % self.options.sample_every == 0:
            self._sample(reporter, epoch)
        self._save_sometimes()

    def _diverged(self, what: str) -> ToolkitError:
        """The sentence for a run that has left the numbers."""
        return ToolkitError(
            f"training diverged: NaN or infinity in the {what} in epoch {self.progress.epoch + 1}. {self.folder.last} "
            "is from before. Start again with a smaller --lr or with --clip-norm 1."
        )

    def _expect_finite_weights(self) -> None:
        """What is saved must be usable: a finite loss can have an infinite gradient."""
        if not all(bool(weight.isfinite().all()) for weight in self.network.parameters()):
            raise self._diverged("weights")

    @torch.no_grad()
    def _validate(self) -> float | None:
        """Perplexity of the validation text, read in parallel streams; None if there is none."""
        if len(self.valid_ids) < 2:
            return None
        self.network.eval()
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
        self.network.train()
        return _exp(total / count) if count else None

    def _sample(self, reporter: Reporter, number: int) -> None:
        """Write a text for each prefix; the random numbers of training are not touched."""
        model = EagerStepModel(self.network)
        options = SamplingOptions(
            max_new_tokens=self.options.sample_length,
            temperature=self.options.sample_temperature,
            seed=(self.options.seed + number) % 2**32,
        )
        for prefix in self.options.prefix or (default_prefix(self.tokenizer),):
            (result,) = generate(model, self.tokenizer, prefix, options)
            reporter.sample(str(result))
        self.network.train()

    def _out_of_patience(self) -> bool:
        p, patience = self.progress, self.options.patience
        return bool(patience) and p.epoch - p.best_epoch >= patience

    def _save_sometimes(self) -> None:
        if time.monotonic() - self._saved_at >= self.options.save_every:
            self.save()
            self._saved_at = time.monotonic()

    def save(self) -> None:
        """Write best.pt if there is a better one, then last.pt.

        The order matters: a kill between the two leaves a last.pt from which the same best is found again.

        Raises:
            ToolkitError: the weights became NaN or infinite, or the disk cannot be written to.
        """
        self._expect_finite_weights()
        common: dict[str, Any] = {
            "kind": "lm",
            "network": self.network.options,
            "tokenizer": self.tokenizer,
            "corpus": {
                "source": self.corpus.source,
                "sha256": self.corpus.sha256,
                "characters": len(self.corpus.train) + len(self.corpus.valid),
                "options": self.corpus_options.to_dict(),
                "sample": self.corpus.train[:_SAMPLE_CHARACTERS],
            },
        }
        options = self.options.to_dict()
        if self.best_weights is not None:
            training: dict[str, Any] = {"options": options, "progress": {"epoch": self.progress.best_epoch}}
            best = Checkpoint(weights=self.best_weights, training=training, metrics=self._best_metrics, **common)
            self.folder.save_best(best)
            self.best_weights = None
        training = {
            "options": options,
            "progress": asdict(self.progress),
            "carried": list(self.carried) if self.carried is not None else [],
            "optimizer": self.optimizer.state_dict(),
            "rng": torch.get_rng_state(),
            "cuda_rng": torch.cuda.get_rng_state() if self.network.device.type == "cuda" else None,
        }
        weights = self.network.state_dict()
        self.folder.save_last(Checkpoint(weights=weights, training=training, metrics=self.metrics, **common))


def make_optimizer(network: CharRNN, options: TrainOptions) -> torch.optim.Optimizer:
    """The optimizer that the options ask for; the fused kernels are 1.3 x faster on the CPU too."""
    weights, lr, decay = network.parameters(), options.lr, options.weight_decay
    match options.optimizer:
        case "adam":
            return torch.optim.Adam(weights, lr, weight_decay=decay, fused=True)
        case "adamw":
            return torch.optim.AdamW(weights, lr, weight_decay=decay, fused=True)
        case "sgd":
            return torch.optim.SGD(weights, lr, momentum=options.momentum, weight_decay=decay, fused=True)
        case _:
            return torch.optim.Adagrad(weights, lr, weight_decay=decay)


@contextlib.contextmanager
def enough_memory() -> Iterator[None]:
    """Turn torch's failed allocations into a message; torch has a class of its own for CUDA only."""
    try:
        yield
    except RuntimeError as error:
        if "allocate memory" not in str(error) and "out of memory" not in str(error):
            raise
        raise ToolkitError(
            "not enough memory for this network and minibatch. Use a smaller --hidden-size, --num-layers, "
            "--batch-size or --num-steps."
        ) from error


def merged_options(saved: TrainOptions, changes: Mapping[str, Any]) -> TrainOptions:
    """The options of a resumed run: those saved, with the given changes."""
    return replace(saved, **changes)


def default_prefix(tokenizer: Tokenizer) -> str:
    """The most frequent token that is no white space: something to begin a sample with."""
    return next((token for token in tokenizer.vocab[1:] if token.strip()), tokenizer.vocab[1])


def _exp(mean: float) -> float:
    """Perplexity from a mean loss in nats, at most 1e100: infinity is no JSON, and cannot be drawn."""
    return min(math.exp(min(mean, 700.0)), 1e100)
