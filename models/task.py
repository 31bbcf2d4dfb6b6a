"""What is learnt from what: the part of a training that depends on the kind of model."""

import contextlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

import torch
from torch import Tensor, nn

from toolkit.errors import ToolkitError
from toolkit.options import Options
from toolkit.tokenizer import Tokenizer

from .torch_steps import resolve_torch_device
from .train_options import TrainOptions

Batch = tuple[Tensor, ...]
"""A minibatch: what goes in, and what should come out."""

Carried = tuple[Tensor, ...]
"""A state that goes from one minibatch to the next, detached; empty where none does."""

Network = TypeVar("Network", bound=nn.Module)


@dataclass(frozen=True)
class Loss:
    """What a minibatch loses.

    Attributes:
        mean: over all that was predicted, in nats where it is a likelihood; with its gradient.
        count: of predictions.
        sequences: of the minibatch.
        state: for the next minibatch.
    """

    mean: Tensor
    count: int
    sequences: int
    state: Carried


class Task(Protocol):
    """Data, network and loss of one kind of model; `Trainer` does the rest."""

    @property
    def kind(self) -> str:
        """A key of `toolkit.models.kinds.KINDS`."""
        ...

    @property
    def network(self) -> nn.Module:
        """What is trained."""
        ...

    @property
    def shape(self) -> Options:
        """The options that the network is made from."""
        ...

    @property
    def tokenizers(self) -> Mapping[str, Tokenizer]:
        """The vocabularies that the network needs; see `Checkpoint`."""
        ...

    @property
    def corpus_facts(self) -> Mapping[str, Any]:
        """Where the data came from; source, sha256, options and a sample among them."""
        ...

    @property
    def measure(self) -> str:
        """What people judge by: "perplexity", the exponential of the mean loss, or "loss" itself."""
        ...

    @property
    def unit(self) -> str:
        """What is predicted, in the plural."""
        ...

    @property
    def guessing(self) -> float | None:
        """What a sequence loses where nothing is known, in nats; None where that has no meaning."""
        ...

    def __len__(self) -> int:
        """Minibatches in an epoch."""
        ...

    def epoch(self, epoch: int, start: int = 0) -> Iterator[Batch]:
        """The minibatches of an epoch, the first `start` left out."""
        ...

    def loss(self, batch: Batch, state: Carried) -> Loss:
        """What the network loses on a minibatch."""
        ...

    def validate(self) -> float | None:
        """The mean loss on what is held back; None where nothing is. The network is in eval mode, without gradients."""
        ...

    def more_metrics(self) -> Mapping[str, float]:
        """Further figures for the record of an epoch, by name."""
        ...

    def samples(self, number: int) -> Iterator[str]:
        """Texts that show what was learnt; the number of the epoch or minibatch varies their seed."""
        ...

    def facts(self) -> list[tuple[str, object]]:
        """What is about to be trained on what, for people."""
        ...


def fresh(build: Callable[[], Network], options: TrainOptions) -> Network:
    """A network with the first weights that the seed draws, on the device asked for."""
    device = resolve_torch_device(options.device)
    torch.manual_seed(options.seed)
    with enough_memory():
        return build().to(device)


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
