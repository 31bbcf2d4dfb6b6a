"""The peer of the training figures: the loop of the char-RNN tutorials, as a learner would write it down.

It has the shape of "Concise implementation of recurrent neural networks" in Dive into Deep Learning (1st ed.,
section 6.5): each minibatch becomes a list of one-hot matrices, which are stacked and go through nn.RNN and
nn.Linear. Nothing of the toolkit is used, so that its perplexity is a check of the toolkit's as well.
"""

import math
from collections.abc import Iterator

import torch
from torch import Tensor, nn


class TutorialLoop:
    """A one-layer tanh RNN over one-hot characters, trained with Adam on consecutive minibatches."""

    def __init__(
        self, text: str, *, hidden_size: int, batch_size: int, num_steps: int, lr: float, clip_norm: float, seed: int
    ) -> None:
        torch.manual_seed(seed)
        characters = sorted(set(text))
        number = {character: i for i, character in enumerate(characters)}
        self.ids = torch.tensor([number[character] for character in text])
        self.vocab_size = len(characters)
        self.rnn = nn.RNN(self.vocab_size, hidden_size)
        self.dense = nn.Linear(hidden_size, self.vocab_size)
        self.parameters = [*self.rnn.parameters(), *self.dense.parameters()]
        self.optimizer = torch.optim.Adam(self.parameters, lr=lr)
        self.loss = nn.CrossEntropyLoss()
        self.batch_size = batch_size
        self.num_steps = num_steps
        self.clip_norm = clip_norm

    def epoch(self) -> tuple[float, int]:
        """Train one epoch from a zero state; gives the training perplexity and the characters it was taken over."""
        state: Tensor | None = None
        loss_sum, count = 0.0, 0
        for inputs, targets in self._minibatches():
            if state is not None:
                state = state.detach()
            one_hot = [self._one_hot(inputs[:, step]) for step in range(self.num_steps)]
            hidden, state = self.rnn(torch.stack(one_hot), state)  # (T, N, H)
            logits = self.dense(hidden.view(-1, hidden.shape[-1]))  # (T * N, V)
            wanted = targets.T.contiguous().view(-1)
            loss = self.loss(logits, wanted)
            self.optimizer.zero_grad()
            loss.backward()
            self._clip_gradients()
            self.optimizer.step()
            loss_sum += loss.item() * len(wanted)
            count += len(wanted)
        return math.exp(loss_sum / count), count

    def _minibatches(self) -> Iterator[tuple[Tensor, Tensor]]:
        """Inputs and targets [N, T]; row n goes on where row n of the minibatch before ended."""
        length = len(self.ids) // self.batch_size
        rows = self.ids[: self.batch_size * length].view(self.batch_size, length)
        for number in range((length - 1) // self.num_steps):
            start = number * self.num_steps
            yield rows[:, start : start + self.num_steps], rows[:, start + 1 : start + 1 + self.num_steps]

    def _one_hot(self, ids: Tensor) -> Tensor:
        """Ids [N] -> [N, V]."""
        return torch.zeros(len(ids), self.vocab_size).scatter_(1, ids.view(-1, 1), 1)

    def _clip_gradients(self) -> None:
        norm = torch.zeros(1)
        for parameter in self.parameters:
            norm += (parameter.grad**2).sum()
        length = norm.sqrt().item()
        if length > self.clip_norm:
            for parameter in self.parameters:
                parameter.grad *= self.clip_norm / length
