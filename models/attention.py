"""Attention: how much each target token looks at each token of the source.

The decoder's hidden state asks after its recurrent step, and what it finds does not go back into the recurrence (Luong,
Pham and Manning 2015, arXiv:1508.04025, figure 2, without input feeding); so training reads whole targets at once.
All modules are scriptable: they are what gets exported.
"""

import math

import torch
from torch import Tensor, nn


class DotScore(nn.Module):
    """score = h . m (Luong et al. 2015, equation 8)."""

    def forward(self, hidden: Tensor, memory: Tensor) -> Tensor:
        """Hidden [N, S, H] and memory [N, T, H] -> scores [N, S, T]."""
        return torch.matmul(hidden, memory.transpose(1, 2))


class GeneralScore(nn.Module):
    """score = h W m (Luong et al. 2015, equation 8)."""

    def __init__(self, hidden_size: int, memory_size: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.empty(hidden_size, memory_size))
        nn.init.uniform_(self.weight, -1 / math.sqrt(hidden_size), 1 / math.sqrt(hidden_size))

    def forward(self, hidden: Tensor, memory: Tensor) -> Tensor:
        """Hidden [N, S, H] and memory [N, T, M] -> scores [N, S, T]."""
        return torch.matmul(torch.matmul(hidden, self.weight), memory.transpose(1, 2))


class AdditiveScore(nn.Module):
    """score = v . tanh(W h + U m) (Bahdanau, Cho and Bengio 2014, arXiv:1409.0473, appendix A.1.2)."""

    def __init__(self, hidden_size: int, memory_size: int) -> None:
        super().__init__()
        self.query = nn.Linear(hidden_size, hidden_size)
        self.key = nn.Linear(memory_size, hidden_size, bias=False)
        self.score = nn.Linear(hidden_size, 1, bias=False)

    def forward(self, hidden: Tensor, memory: Tensor) -> Tensor:
        """Hidden [N, S, H] and memory [N, T, M] -> scores [N, S, T]."""
        both = self.query(hidden)[:, :, None] + self.key(memory)[:, None]  # (N, S, T, H)
        scores: Tensor = self.score(torch.tanh(both))
        return scores[:, :, :, 0]


class Attention(nn.Module):
    """The weighted mean of the memory joins the hidden state: tanh(W [context; h]) (Luong et al. 2015, equation 5).

    Args:
        score: "dot", "general" or "additive".
        hidden_size: H.
        memory_size: M.
    """

    def __init__(self, score: str, hidden_size: int, memory_size: int) -> None:
        super().__init__()
        if score == "dot":
            self.score: nn.Module = DotScore()
        else:
            self.score = {"general": GeneralScore, "additive": AdditiveScore}[score](hidden_size, memory_size)
        self.join = nn.Linear(memory_size + hidden_size, hidden_size, bias=False)

    def forward(self, hidden: Tensor, memory: Tensor, lengths: Tensor) -> tuple[Tensor, Tensor]:
        """Look at the sources.

        Args:
            hidden: [N, S, H].
            memory: [N, T, M].
            lengths: int64 [N]; what lies behind the end of a source gets no weight.

        Returns:
            hidden [N, S, H] with what was found, and the weights [N, S, T].
        """
        places = torch.arange(memory.size(1), device=memory.device)
        beyond = places[None, :] >= lengths.clamp(min=1)[:, None]  # (N, T)
        scores = self.score(hidden, memory).masked_fill(beyond[:, None], -math.inf)
        weights = torch.softmax(scores, dim=-1)
        context = torch.matmul(weights, memory)
        return torch.tanh(self.join(torch.cat([context, hidden], dim=-1))), weights
