"""Networks as others write them: run as a program, it writes their checkpoints and what they compute.

python foreign_checkpoints.py FOLDER LAYERS [trained]
"""

import json
import sys
import types
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F  # noqa: N812 - as everybody calls it

V, H, E, STEPS, BATCH = 31, 13, 7, 200, 3
CHARS = [chr(ord("A") + i) for i in range(V)]


class Tutorial(nn.Module):
    """d2l: one-hot input, `rnn`, `dense`."""

    def __init__(self, cell, layers):
        super().__init__()
        self.rnn = cell(V, H, layers)
        self.dense = nn.Linear(H, V)

    def forward(self, ids):
        hidden, _ = self.rnn(F.one_hot(ids.T, V).float())
        return self.dense(hidden).transpose(0, 1)


class CharRNN(nn.Module):
    """Udacity: `lstm`, `fc`, batch first."""

    def __init__(self, layers):
        super().__init__()
        self.lstm = nn.LSTM(V, H, layers, batch_first=True)
        self.fc = nn.Linear(H, V)

    def forward(self, ids):
        return self.fc(self.lstm(F.one_hot(ids, V).float())[0])


class WordModel(nn.Module):
    """word_language_model: `encoder` is an embedding, `decoder` a linear layer, log-probabilities come out."""

    def __init__(self, cell, layers, tied=False, **kind):
        super().__init__()
        width = H if tied else E
        self.encoder = nn.Embedding(V, width)
        self.rnn = cell(width, H, layers, **kind)
        self.decoder = nn.Linear(H, V)
        if tied:
            self.decoder.weight = self.encoder.weight

    def forward(self, ids):
        hidden, _ = self.rnn(self.encoder(ids.T))
        return F.log_softmax(self.decoder(hidden), dim=-1).transpose(0, 1)


class Embedded(nn.Module):
    """embedding, one or more recurrent modules, a linear layer: whatever they are called."""

    def __init__(self, names=("embedding", "gru", "fc"), cell=nn.GRU, layers=1, width=E, bias=True, extra=False):
        super().__init__()
        first, *middle, last = names
        self.names = names
        self.add_module(first, nn.Embedding(V, width))
        for i, name in enumerate(middle):
            self.add_module(name, cell(H if i else width, H, layers, batch_first=True, bias=bias))
        self.add_module(last, nn.Linear(H, V, bias=bias))
        if extra:
            self.critic = nn.Linear(H, 1)

    def forward(self, ids):
        first, *middle, last = (getattr(self, name) for name in self.names)
        x = first(ids)
        for module in middle:
            x, _ = module(x)
        return last(x)


class Cells(nn.Module):
    """A list of cells, stepped by hand."""

    def __init__(self, cell, layers):
        super().__init__()
        self.embed = nn.Embedding(V, E)
        self.cells = nn.ModuleList(cell(H if i else E, H) for i in range(layers))
        self.out = nn.Linear(H, V)

    def forward(self, ids):
        states, logits = [None] * len(self.cells), []
        for t in range(ids.shape[1]):
            x = self.embed(ids[:, t])
            for i, cell in enumerate(self.cells):
                states[i] = cell(x, states[i])
                x = states[i][0] if isinstance(cell, nn.LSTMCell) else states[i]
            logits.append(self.out(x))
        return torch.stack(logits, 1)


class OneHotCell(nn.Module):
    def __init__(self):
        super().__init__()
        self.cell = nn.RNNCell(V, H)
        self.h2o = nn.Linear(H, V)

    def forward(self, ids):
        h, logits = torch.zeros(len(ids), H), []
        for t in range(ids.shape[1]):
            h = self.cell(F.one_hot(ids[:, t], V).float(), h)
            logits.append(self.h2o(h))
        return torch.stack(logits, 1)


class Scratch(nn.Module):
    """d2l from scratch: parameters without modules."""

    def __init__(self, gates):
        super().__init__()
        self.gates = gates
        shapes = []
        for gate in gates:
            shapes += [(f"W_x{gate}", (V, H)), (f"W_h{gate}", (H, H)), (f"b_{gate}", (H,))]
        for name, shape in [*shapes, ("W_hq", (H, V)), ("b_q", (V,))]:
            self.register_parameter(name, nn.Parameter(0.3 * torch.randn(shape)))

    def forward(self, ids):
        p = types.SimpleNamespace(**dict(self.named_parameters()))
        h, c, logits = torch.zeros(len(ids), H), torch.zeros(len(ids), H), []
        for x in F.one_hot(ids.T, V).float():
            if self.gates == "h":
                h = torch.tanh(x @ p.W_xh + h @ p.W_hh + p.b_h)
            else:
                i = torch.sigmoid(x @ p.W_xi + h @ p.W_hi + p.b_i)
                f = torch.sigmoid(x @ p.W_xf + h @ p.W_hf + p.b_f)
                o = torch.sigmoid(x @ p.W_xo + h @ p.W_ho + p.b_o)
                c = f * c + i * torch.tanh(x @ p.W_xc + h @ p.W_hc + p.b_c)
                h = o * torch.tanh(c)
            logits.append(h @ p.W_hq + p.b_q)
        return torch.stack(logits, 1)


class MinChar(nn.Module):
    """min-char-rnn: column vectors."""

    def __init__(self):
        super().__init__()
        for name, shape in {"Wxh": (H, V), "Whh": (H, H), "Why": (V, H), "bh": (H, 1), "by": (V, 1)}.items():
            self.register_parameter(name, nn.Parameter(0.3 * torch.randn(shape)))

    def forward(self, ids):
        rows = []
        for row in ids:
            h, logits = torch.zeros(H, 1), []
            for i in row:
                x = torch.zeros(V, 1)
                x[i] = 1
                h = torch.tanh(self.Wxh @ x + self.Whh @ h + self.bh)
                logits.append((self.Why @ h + self.by)[:, 0])
            rows.append(torch.stack(logits))
        return torch.stack(rows)


class Series(nn.Module):
    def __init__(self, cell=nn.RNN, inputs=1, outputs=1, layers=1):
        super().__init__()
        self.inputs = inputs
        self.rnn = cell(inputs, H, layers, batch_first=True)
        self.linear = nn.Linear(H, outputs)

    def forward(self, x):
        return self.linear(self.rnn(x)[0])


class Sequence(nn.Module):
    """PyTorch's time_sequence_prediction: two LSTMCells."""

    def __init__(self):
        super().__init__()
        self.inputs = 1
        self.lstm1, self.lstm2, self.linear = nn.LSTMCell(1, H), nn.LSTMCell(H, H), nn.Linear(H, 1)

    def forward(self, x):
        one = two = None
        outputs = []
        for t in range(x.shape[1]):
            one = self.lstm1(x[:, t], one)
            two = self.lstm2(one[0], two)
            outputs.append(self.linear(two[0]))
        return torch.stack(outputs, 1)


class Translator(nn.Module):
    """The word translator: `encoder` and `decoder` are nn.RNNs over one-hot vectors."""

    def __init__(self, layers):
        super().__init__()
        self.encoder, self.decoder, self.fc = nn.RNN(V, H, layers), nn.RNN(V, H, layers), nn.Linear(H, V)

    def forward(self, sources, targets):
        _, h = self.encoder(F.one_hot(sources.T, V).float())
        return self.fc(self.decoder(F.one_hot(targets.T, V).float(), h)[0]).transpose(0, 1)


class Half(nn.Module):
    def __init__(self, cell, layers, output=False):
        super().__init__()
        self.embedding, self.rnn = nn.Embedding(V, E), cell(E, H, layers)
        if output:
            self.fc_out = nn.Linear(H, V)


class Pair(nn.Module):
    """Encoder and decoder as modules of their own."""

    def __init__(self, cell, layers):
        super().__init__()
        self.encoder, self.decoder = Half(cell, layers), Half(cell, layers, output=True)

    def forward(self, sources, targets):
        _, state = self.encoder.rnn(self.encoder.embedding(sources.T))
        hidden, _ = self.decoder.rnn(self.decoder.embedding(targets.T), state)
        return self.decoder.fc_out(hidden).transpose(0, 1)


class Shared(nn.Module):
    """One embedding for both."""

    def __init__(self, layers):
        super().__init__()
        self.embedding = nn.Embedding(V, E)
        self.enc, self.dec = (nn.GRU(E, H, layers, batch_first=True) for _ in range(2))
        self.generator = nn.Linear(H, V)

    def forward(self, sources, targets):
        _, state = self.enc(self.embedding(sources))
        return self.generator(self.dec(self.embedding(targets), state)[0])


class Window(nn.Module):
    def __init__(self, layers):
        super().__init__()
        self.embedding = nn.Embedding(V, E)
        self.bilstm = nn.LSTM(E, H, layers, batch_first=True, bidirectional=True)
        self.linear = nn.Linear(2 * H, V)

    def forward(self, ids):
        return self.linear(self.bilstm(self.embedding(ids))[0][:, -1])


def state_dict(model, path):
    torch.save(model.state_dict(), path)


def prefixed(prefix):
    return lambda model, path: torch.save({prefix + k: v for k, v in model.state_dict().items()}, path)


def udacity(model, path):
    facts = {"n_hidden": H, "n_layers": model.lstm.num_layers, "tokens": tuple(CHARS)}
    torch.save({**facts, "state_dict": model.state_dict()}, path)


def lightning(model, path):
    weights = {f"model.{name}": weight for name, weight in model.state_dict().items()}
    optimizer = torch.optim.Adam(model.parameters()).state_dict()
    facts = {"epoch": 3, "pytorch-lightning_version": "2.5.0", "hyper_parameters": {"hidden": H}}
    torch.save({**facts, "state_dict": weights, "optimizer_states": [optimizer], "callbacks": {}}, path)


def loop_checkpoint(model, path):
    optimizer = torch.optim.Adam(model.parameters())
    model(torch.zeros(1, 2, dtype=torch.int64)).sum().backward()
    optimizer.step()  # its moments have the shapes of the weights
    facts = {"epoch": 7, "loss": np.float64(1.25), "stoi": {token: i for i, token in enumerate(CHARS)}}
    states = {"model_state_dict": model.state_dict(), "optimizer_state_dict": optimizer.state_dict()}
    torch.save({**facts, **states}, path)


def safetensors_file(model, path):
    from safetensors.torch import save_file

    save_file({name: weight.contiguous() for name, weight in model.state_dict().items()}, path)


def arrays(model, path):
    np.savez(path, **{name: p.detach().numpy() for name, p in model.named_parameters()}, chars=np.array(CHARS))


def as_list(model, path):
    torch.save(list(model.parameters()), path)


def as_dict(model, path):
    torch.save(dict(model.named_parameters()), path)


def halves(model, path):
    torch.save({"encoder": model.encoder.state_dict(), "decoder": model.decoder.state_dict()}, path)


def float16(model, path):
    model.half()
    state_dict(model, path)
    model.float()  # what is in the file


@dataclass(frozen=True)
class Shape:
    """A kind of checkpoint.

    Attributes:
        build: makes the network of so many layers, where it has a choice.
        save: writes it.
        suffix: of the file.
        options: what `toolkit export` needs to be told.
        kind: what it must be recognised as.
    """

    build: Callable
    save: Callable = state_dict
    suffix: str = ".pt"
    options: tuple = field(default=())
    kind: str = "lm"


MARKS = ("--bos", "0", "--eos", "1")

SHAPES = {
    "d2l-rnn": Shape(lambda n: Tutorial(nn.RNN, n)),
    "d2l-gru": Shape(lambda n: Tutorial(nn.GRU, n)),
    "d2l-lstm": Shape(lambda n: Tutorial(nn.LSTM, n)),
    "d2l-scratch": Shape(lambda _: Scratch("h"), as_dict),
    "d2l-scratch-list": Shape(lambda _: Scratch("h"), as_list),
    "d2l-scratch-lstm": Shape(lambda _: Scratch("ifoc"), as_list),
    "min-char-rnn": Shape(lambda _: MinChar(), arrays, ".npz"),
    "udacity": Shape(CharRNN, udacity, ".net"),
    "one-hot-rnncell": Shape(lambda _: OneHotCell()),
    "word-language-model": Shape(lambda n: WordModel(nn.LSTM, n)),
    "word-language-model-tied": Shape(lambda n: WordModel(nn.GRU, n, tied=True)),
    "word-language-model-relu": Shape(
        lambda n: WordModel(nn.RNN, n, nonlinearity="relu"), options=("--nonlinearity", "relu")
    ),
    "embedding-gru-fc": Shape(lambda n: Embedded(layers=n)),
    "no-biases": Shape(lambda n: Embedded(("tokens", "recurrent", "readout"), nn.LSTM, n, bias=False)),
    "same-sizes": Shape(
        lambda n: Embedded(("a", "b", "c"), nn.GRU, n, width=H, bias=False),
        options=("--set", "embedding=a", "--set", "gru=b", "--set", "output=c"),
    ),
    "stacked-modules": Shape(lambda _: Embedded(("emb", "lstm1", "lstm2", "lstm10", "linear"), nn.LSTM)),
    "extra-head": Shape(lambda n: Embedded(layers=n, extra=True), options=("--set", "ignore=critic")),
    "grucell": Shape(lambda _: Cells(nn.GRUCell, 1)),
    "lstmcells": Shape(lambda n: Cells(nn.LSTMCell, n)),
    "dataparallel": Shape(lambda n: Embedded(layers=n), prefixed("module.")),
    "compiled": Shape(lambda n: Embedded(layers=n), prefixed("_orig_mod.")),
    "lightning": Shape(lambda n: Embedded(layers=n), lightning, ".ckpt"),
    "training-loop": Shape(lambda n: Embedded(layers=n), loop_checkpoint, ".pth"),
    "safetensors": Shape(lambda n: Embedded(cell=nn.LSTM, layers=n), safetensors_file, ".safetensors"),
    "float16": Shape(lambda n: Embedded(layers=n), float16),
    "sine": Shape(lambda n: Series(layers=n), kind="series"),
    "time-sequence": Shape(lambda _: Sequence(), kind="series"),
    "numbers": Shape(lambda n: Series(nn.GRU, 3, 3, n), options=("--input", "numbers"), kind="series"),
    "word-translator": Shape(Translator, options=MARKS, kind="seq2seq"),
    "seq2seq-lstm": Shape(lambda n: Pair(nn.LSTM, n), options=MARKS, kind="seq2seq"),
    "seq2seq-halves": Shape(lambda n: Pair(nn.GRU, n), halves, options=MARKS, kind="seq2seq"),
    "seq2seq-shared": Shape(Shared, options=MARKS, kind="seq2seq"),
    "bilstm-window": Shape(Window, kind="window"),
}


def data_of(shape, model):
    """What goes in: ids [N, T], numbers [N, T, D], or sources and targets."""
    if shape.kind == "series":
        return (torch.randn(BATCH, STEPS, model.inputs),)
    ids = torch.randint(V, (BATCH, STEPS))
    return (torch.randint(V, (BATCH, 9)), ids) if shape.kind == "seq2seq" else (ids,)


def train(shape, model):
    """Some steps, so that the weights are no longer those of a draw."""
    optimizer = torch.optim.Adam(model.parameters(), lr=0.02)
    for _ in range(8):
        data = [part[:, :24] for part in data_of(shape, model)]
        found = model(*data)
        if shape.kind == "series":
            loss = ((found - 0.5) ** 2).mean()
        elif shape.kind == "window":
            loss = F.cross_entropy(found, data[-1][:, 0])
        else:
            loss = F.cross_entropy(found[:, :-1].flatten(0, 1), data[-1][:, 1:].flatten())
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()


def main(folder, layers, trained):
    for number, (name, shape) in enumerate(SHAPES.items()):
        torch.manual_seed(100 * layers + number)
        model = shape.build(layers)
        if trained:
            train(shape, model)
        shape.save(model, folder / f"{name}{shape.suffix}")
        data = data_of(shape, model)
        with torch.no_grad():
            outputs = model(*data)
        numbers = {f"data{i}": part.numpy() for i, part in enumerate(data)}
        np.savez(folder / f"{name}.expected.npz", outputs=outputs.numpy(), **numbers)
    (folder / "done.json").write_text(json.dumps(list(SHAPES)))


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), "trained" in sys.argv)
