"""A recognised network as one of ours; and torch's own modules, loaded with its tensors, as reference of the gate."""

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from toolkit.bundle import LM, SEQ2SEQ, SERIES
from toolkit.models.char_rnn import RECURRENT, State
from toolkit.models.network_options import NetworkOptions
from toolkit.models.seq2seq_options import Seq2SeqOptions
from toolkit.models.series_options import SeriesOptions
from toolkit.models.window_options import WindowOptions
from toolkit.options import Options

from .layout import Matrix, Recurrent
from .roles import Part, Seen

_CELLS: Mapping[str, Any] = {"rnn": nn.RNNCell, "gru": nn.GRUCell, "lstm": nn.LSTMCell}


def shape_of(seen: Seen, nonlinearity: str) -> Options:
    """The options of the network of ours that computes the same."""
    part, stack = seen.part, seen.part.first
    common: dict[str, Any] = {"cell": stack.cell, "num_layers": part.num_layers, "hidden_size": stack.hidden_size}
    if seen.kind == SERIES:
        common |= {"input_size": stack.input_size, "output_size": seen.output.rows}
        return SeriesOptions(**common, nonlinearity=nonlinearity)
    common["embedding_size"] = part.embedding.columns if part.embedding is not None else 0
    if seen.kind == LM:
        return NetworkOptions(**common, nonlinearity=nonlinearity, tie_weights=seen.tied)
    if seen.kind == SEQ2SEQ:
        return Seq2SeqOptions(**common, attention="none")
    return WindowOptions(**common)


def weights_of(seen: Seen) -> dict[str, Tensor]:
    """The state_dict of the network of ours."""
    output = _linear(seen.output)
    if seen.kind == SERIES:
        return {**_stack(seen.part, "rnn"), **_prefixed(output, "output")}
    if seen.kind == SEQ2SEQ:
        assert seen.encoder is not None
        halves = [*_half(seen.encoder, "encoder").items(), *_half(seen.part, "decoder").items()]
        return {**dict(halves), **_prefixed(output, "decoder.output")}
    embedding = {} if seen.part.embedding is None else {"embedding.weight": seen.part.embedding.weight}
    return {**embedding, **_stack(seen.part, "rnn"), **_prefixed(output, "output")}


def _half(part: Part, name: str) -> dict[str, Tensor]:
    """Encoder or decoder of text to text."""
    tokens = {} if part.embedding is None else {f"{name}.tokens.embedding.weight": part.embedding.weight}
    return {**tokens, **_stack(part, f"{name}.rnn")}


def _prefixed(tensors: Mapping[str, Tensor], name: str) -> dict[str, Tensor]:
    return {f"{name}.{key}": tensor for key, tensor in tensors.items()}


def _linear(matrix: Matrix) -> dict[str, Tensor]:
    """With a bias in any case."""
    bias = torch.zeros(matrix.rows) if matrix.bias is None else matrix.bias
    return {"weight": matrix.weight, "bias": bias}


def _stack(part: Part, name: str) -> dict[str, Tensor]:
    """All layers of a chain as those of one stack, with biases in any case."""
    found: dict[str, Tensor] = {}
    layer = 0
    for module in part.chain:
        ends = ("", "_reverse") if module.bidirectional else ("",)
        for own in range(module.num_layers):
            for end in ends:
                for source in ("ih", "hh"):
                    weight = module.tensors[f"weight_{source}_l{own}{end}"]
                    bias = module.tensors.get(f"bias_{source}_l{own}{end}")
                    found[f"{name}.weight_{source}_l{layer}{end}"] = weight
                    found[f"{name}.bias_{source}_l{layer}{end}"] = torch.zeros(len(weight)) if bias is None else bias
            layer += 1
    return found


class Owners(nn.Module):
    """The modules of the owner: torch's own, of the owner's sizes, loaded with the owner's tensors.

    Attributes:
        options: of the network of ours.
        vocab_size: V; of a network over numbers K.
        output: the linear layer.
    """

    def __init__(self, seen: Seen, options: Any) -> None:  # noqa: ANN401 - of its kind
        super().__init__()
        self.options = options
        self.vocab_size = seen.output.rows
        self._numbers = seen.kind == SERIES
        embedding = seen.part.embedding
        self.embedding = None
        if embedding is not None:
            self.embedding = nn.Embedding(embedding.rows, embedding.columns, _weight=embedding.weight.clone())
        self.chain = nn.ModuleList(_module(module, options) for module in seen.part.chain)
        self.output = nn.Linear(seen.output.columns, seen.output.rows, bias=seen.output.bias is not None)
        bias = {} if seen.output.bias is None else {"bias": seen.output.bias}
        self.output.load_state_dict({"weight": seen.output.weight, **bias})

    @property
    def device(self) -> torch.device:
        """Where the weights are."""
        return self.output.weight.device

    def forward(self, data: Tensor, state: State) -> tuple[Tensor, State]:
        """As `CharRNN.forward` over ids [N, T], or `SeriesRNN.forward` over numbers [N, T, D]."""
        if self.embedding is not None:
            x = self.embedding(data)
        else:
            x = data if self._numbers else functional.one_hot(data, self.vocab_size).to(self.output.weight.dtype)
        first, after = 0, []
        for module in self.chain:
            layers = module.num_layers if isinstance(module, nn.RNNBase) else 1
            own = tuple(part[first : first + layers] for part in state)
            x, own = _run(module, x, own)
            after.append(own)
            first += layers
        return self.output(x), tuple(torch.cat(parts) for parts in zip(*after, strict=True))


def _module(module: Recurrent, options: Any) -> nn.Module:  # noqa: ANN401 - as above
    kind = {"nonlinearity": options.nonlinearity} if module.cell == "rnn" else {}
    sizes = module.input_size, module.hidden_size
    if module.single:
        cell: nn.Module = _CELLS[module.cell](*sizes, bias=module.bias, **kind)
        cell.load_state_dict({name.removesuffix("_l0"): tensor for name, tensor in module.tensors.items()})
        return cell
    stack = RECURRENT[module.cell](*sizes, module.num_layers, bias=module.bias, batch_first=True, **kind)
    stack.load_state_dict(dict(module.tensors))
    return stack


def _run(module: nn.Module, x: Tensor, state: State) -> tuple[Tensor, State]:
    """One module over a batch of sequences: [N, T, D] -> [N, T, H], state."""
    if isinstance(module, nn.RNNBase):
        hx = tuple(part.contiguous() for part in state)
        hidden, after = module(x, hx if isinstance(module, nn.LSTM) else hx[0])
        return hidden, after if isinstance(module, nn.LSTM) else (after,)
    now = tuple(part[0] for part in state)
    hidden = []
    for column in x.unbind(1):
        after = module(column, now if isinstance(module, nn.LSTMCell) else now[0])
        now = after if isinstance(module, nn.LSTMCell) else (after,)
        hidden.append(now[0])
    return torch.stack(hidden, dim=1), tuple(part[None] for part in now)
