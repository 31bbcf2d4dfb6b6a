"""Modules as their owners write them: own cells, nested and several states, the batch on any axis."""

import torch
from torch import nn
from torch.nn import functional

LETTERS = ["<unk>", *"abcdefghijklmnopqrstuvwxyz \n"]


class BatchFirstLSTM(nn.Module):
    """nn.LSTM over sequences of one, its state the tuple (h, c)."""

    def __init__(self):
        super().__init__()
        self.lstm = nn.LSTM(3, 8, 2, batch_first=True)
        self.fc = nn.Linear(8, 2)

    def forward(self, x, hc):
        out, hc = self.lstm(x, hc)
        return self.fc(out), hc


class TimeFirstGRU(nn.Module):
    """nn.GRU with the batch on axis 1 of everything."""

    def __init__(self):
        super().__init__()
        self.gru = nn.GRU(3, 8)

    def forward(self, x, h):
        return self.gru(x, h)


class ConvGRU(nn.Module):
    """A convolutional GRU over frames [N, C, H, W]; the hidden frame is the output."""

    def __init__(self):
        super().__init__()
        self.gates = nn.Conv2d(2 + 4, 8, 3, padding=1)
        self.candidate = nn.Conv2d(2 + 4, 4, 3, padding=1)

    def forward(self, frame, hidden):
        z, r = torch.sigmoid(self.gates(torch.cat([frame, hidden], 1))).chunk(2, 1)
        n = torch.tanh(self.candidate(torch.cat([frame, r * hidden], 1)))
        hidden = (1 - z) * hidden + z * n
        return hidden, hidden


class DiagonalSSM(nn.Module):
    """A linear recurrence x' = A x + B u with complex diagonal A, in real numbers; states [N, D, S]."""

    def __init__(self):
        super().__init__()
        self.decay = nn.Parameter(torch.rand(4, 5))
        self.angle = nn.Parameter(torch.rand(4, 5) * 3)
        self.b, self.c = nn.Parameter(torch.randn(4, 5)), nn.Parameter(torch.randn(2, 4, 5))

    def forward(self, u, real, imag):
        radius = torch.exp(-self.decay)
        a, b = radius * torch.cos(self.angle), radius * torch.sin(self.angle)
        real, imag = a * real - b * imag + self.b * u.unsqueeze(-1), a * imag + b * real
        return (self.c[0] * real - self.c[1] * imag).sum(-1), real, imag


class StackWithCounter(nn.Module):
    """LSTMCells of different sizes, a count of steps and a flag: states of three dtypes, two inputs, two outputs."""

    def __init__(self):
        super().__init__()
        self.embed = nn.Embedding(11, 5)
        self.cells = nn.ModuleList([nn.LSTMCell(5, 6), nn.LSTMCell(6, 7)])
        self.out = nn.Linear(7, 4)
        self.drop = nn.Dropout(0.5)

    def forward(self, token, reset, cells, count, seen):
        x, after = self.embed(token), []
        for cell, hc in zip(self.cells, cells, strict=True):
            after.append(cell(x, hc))
            x = self.drop(after[-1][0])
        count = torch.where(reset, 0, count + 1)
        return self.out(x) * torch.cos(count.float())[:, None], count % 3, after, count, seen | reset


class GRUWithCache(nn.Module):
    """A GRUCell that attends to its last 8 hidden values, kept in a cache that forward writes in place."""

    def __init__(self):
        super().__init__()
        self.cell, self.query = nn.GRUCell(3, 6), nn.Linear(6, 6)

    def forward(self, x, h, cache, filled):
        h = self.cell(x, h)
        cache.copy_(torch.roll(cache, -1, 1))
        cache[:, -1] = h
        filled = torch.clamp(filled + 1, max=8)
        scores = torch.einsum("nd,nkd->nk", self.query(h), cache)
        empty = torch.arange(8) < 8 - filled[:, None]
        weights = scores.masked_fill(empty, -1e9).softmax(1)
        return torch.einsum("nk,nkd->nd", weights, cache), h, cache, filled


class NameGenerator(nn.Module):
    """The network of PyTorch's tutorial on generating names."""

    def __init__(self, categories=3, input_size=7, hidden_size=10, output_size=7):
        super().__init__()
        self.i2h = nn.Linear(categories + input_size + hidden_size, hidden_size)
        self.i2o = nn.Linear(categories + input_size + hidden_size, output_size)
        self.o2o = nn.Linear(hidden_size + output_size, output_size)
        self.dropout = nn.Dropout(0.1)
        self.softmax = nn.LogSoftmax(dim=1)

    def forward(self, category, input, hidden):  # noqa: A002 - so it stands in the tutorial
        input_combined = torch.cat((category, input, hidden), 1)
        hidden = self.i2h(input_combined)
        output = self.i2o(input_combined)
        output_combined = torch.cat((hidden, output), 1)
        output = self.o2o(output_combined)
        output = self.dropout(output)
        output = self.softmax(output)
        return output, hidden


class ScratchGRU(nn.Module):
    """The GRU that the d2l book writes from scratch: unlike nn.GRU it resets before the product."""

    def __init__(self, vocab_size=29, num_hiddens=16):
        super().__init__()

        def three():
            return (
                nn.Parameter(torch.randn(vocab_size, num_hiddens) * 0.5),
                nn.Parameter(torch.randn(num_hiddens, num_hiddens) * 0.3),
                nn.Parameter(torch.zeros(num_hiddens)),
            )

        self.vocab_size = vocab_size
        self.W_xz, self.W_hz, self.b_z = three()
        self.W_xr, self.W_hr, self.b_r = three()
        self.W_xh, self.W_hh, self.b_h = three()
        self.W_hq, self.b_q = nn.Parameter(torch.randn(num_hiddens, vocab_size)), nn.Parameter(torch.zeros(vocab_size))

    def forward(self, X, state):  # noqa: N803 - so it stands in the book
        (H,) = state  # noqa: N806 - as above
        X = functional.one_hot(X, self.vocab_size).float()  # noqa: N806 - as above
        Z = torch.sigmoid(X @ self.W_xz + H @ self.W_hz + self.b_z)  # noqa: N806 - as above
        R = torch.sigmoid(X @ self.W_xr + H @ self.W_hr + self.b_r)  # noqa: N806 - as above
        H_tilde = torch.tanh(X @ self.W_xh + (R * H) @ self.W_hh + self.b_h)  # noqa: N806 - as above
        H = Z * H + (1 - Z) * H_tilde  # noqa: N806 - as above
        return H @ self.W_hq + self.b_q, (H,)


def floats(*shape):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(1))


def ids(below, count):
    return torch.arange(count) * 7 % below


# Name -> the module, its inputs and states for so many sequences, the kind, and the names of the states.
ZOO = {
    "lstm": (
        BatchFirstLSTM,
        lambda n: [floats(n, 1, 3)],
        lambda n: [(torch.zeros(2, n, 8),) * 2],
        "module",
        "hc_0 hc_1",
    ),
    "gru": (TimeFirstGRU, lambda n: [floats(1, n, 3)], lambda n: [torch.zeros(1, n, 8)], "module", "h"),
    "convgru": (ConvGRU, lambda n: [floats(n, 2, 5, 6)], lambda n: [torch.zeros(n, 4, 5, 6)], "module", "hidden"),
    "ssm": (DiagonalSSM, lambda n: [floats(n, 4)], lambda n: [torch.zeros(n, 4, 5)] * 2, "series", "real imag"),
    "stack": (
        StackWithCounter,
        lambda n: [ids(11, n), ids(2, n) == 1],
        lambda n: [
            [(torch.zeros(n, 6), torch.zeros(n, 6)), (torch.zeros(n, 7), torch.zeros(n, 7))],
            torch.zeros(n, dtype=torch.int64),
            torch.zeros(n, dtype=torch.bool),
        ],
        "module",
        "cells_0_0 cells_0_1 cells_1_0 cells_1_1 count seen",
    ),
    "cache": (
        GRUWithCache,
        lambda n: [floats(n, 3)],
        lambda n: [torch.zeros(n, 6), torch.zeros(n, 8, 6), torch.zeros(n, dtype=torch.int64)],
        "series",
        "h cache filled",
    ),
    "names": (
        NameGenerator,
        lambda n: [functional.one_hot(ids(3, n), 3).float(), functional.one_hot(ids(7, n), 7).float()],
        lambda n: [torch.zeros(n, 10)],
        "module",
        "hidden",
    ),
    "d2l": (ScratchGRU, lambda n: [1 + ids(28, n)], lambda n: [(torch.zeros(n, 16),)], "lm", "state_0"),
}
BATCH = 12  # no other axis has this size
OPTIONS = {
    "gru": {"batch_axes": {"x": 1}, "input_names": ["x"]},
    "stack": {"output_names": ["scores", "phase"]},
    "d2l": {"vocab": LETTERS},
}
