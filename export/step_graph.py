"""A step graph as a part of a larger one: its nodes copied into a loop, its state carried in the cheapest form."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
import onnx_ir as ir

Op = Any
"""An onnxscript OpBuilder: ``op.Add(a, b)`` appends a node to the graph that it belongs to and returns its output."""

Known = dict[ir.Value, ir.Value]
"""A value of the step graph -> the same in another graph."""

NEVER = np.float32(-np.inf)


@dataclass(frozen=True)
class Carried:
    """What one iteration hands to the next.

    Attributes:
        before: the value in the step graph that it is taken for.
        after: the value in the step graph that follows it.
        shape: its axes.
    """

    before: ir.Value
    after: ir.Value
    shape: tuple[str | int, ...]


class StepGraph:
    """The step of a model, to be built into other graphs any number of times; the weights are there once.

    Args:
        step: the step, with inputs input_ids, states and what stays the same (see `known`); outputs logits and next
            states, others are left out.
        states: the names of the states.
        vocab_size: V.
        banned: ids whose logits become minus infinity: no text.
    """

    def __init__(self, step: onnx.ModelProto, states: Sequence[str], vocab_size: int, banned: Sequence[int]) -> None:
        self._graph = ir.from_proto(step).graph
        graph = self._graph
        self._ids, *others = graph.inputs
        self._states = [part for part in others if part.name in states]
        self._logits, *self._next_states = graph.outputs[: 1 + len(states)]
        self.vocab_size = vocab_size
        self.opset_imports = dict(graph.opset_imports)
        self._mask = np.zeros(self.vocab_size, np.float32)
        self._mask[list(banned)] = NEVER
        self._bias = _output_bias(self._logits)
        self._weights: dict[str, ir.Value] = {}
        self._layers = [_layers(*pair) for pair in zip(self._states, self._next_states, strict=True)]
        self.carried = tuple(part for parts in self._layers for part in parts)

    def unpack(self, op: Op, states: Sequence[ir.Value]) -> list[ir.Value]:
        """The states of the signature as what is carried."""
        parts = []
        for state, own, layers in zip(states, self._states, self._layers, strict=True):
            if layers[0].before is own:
                parts.append(state)
            else:
                parts += [op.Gather(state, op.Constant(value_int=i), axis=0) for i in range(len(layers))]
        return parts

    def pack(self, op: Op, parts: Sequence[ir.Value]) -> list[ir.Value]:
        """The reverse of `unpack`."""
        states, rest = [], list(parts)
        for own, layers in zip(self._states, self._layers, strict=True):
            mine, rest = rest[: len(layers)], rest[len(layers) :]
            whole = layers[0].before is own
            states.append(mine[0] if whole else op.Concat(*(op.Unsqueeze(part, [0]) for part in mine), axis=0))
        return states

    def advance(self, op: Op, ids: ir.Value, parts: Sequence[ir.Value]) -> list[ir.Value]:
        """Read ids [N]: what is carried on. The logits are not computed."""
        return self._copy(op, self._inputs(ids, parts, None), [part.after for part in self.carried])

    def step(
        self, op: Op, ids: ir.Value, parts: Sequence[ir.Value], known: Known | None = None
    ) -> tuple[ir.Value, list[ir.Value]]:
        """Read ids [N]: the logits [N, V], minus infinity for banned ids, and what is carried on."""
        values = self._inputs(ids, parts, known)
        if self._bias is not None:  # added where the bias is, the mask costs nothing
            bias = _array(self._bias)
            values[self._bias] = self._weight(op, "banned_bias", bias + self._mask.astype(bias.dtype))
        logits, *after = self._copy(op, values, [self._logits, *(part.after for part in self.carried)])
        if self._bias is None:
            logits = op.Add(logits, self._weight(op, "banned", self._mask))
        return logits, after

    def known(self, op: Op, inputs: Mapping[str, ir.Value]) -> Known:
        """Compute beforehand what depends on inputs that stay the same from step to step, given by name."""
        values = {part: inputs[str(part.name)] for part in self._graph.inputs if part.name in inputs}
        ready = {*values, *self._graph.initializers.values()}
        for node in self._graph:
            if all(part is None or part in ready for part in node.inputs):
                ready.update(node.outputs)
                self._copy(op, values, node.outputs)
        return values

    def _inputs(self, ids: ir.Value, parts: Sequence[ir.Value], known: Known | None) -> dict[ir.Value, ir.Value]:
        carried = {c.before: part for c, part in zip(self.carried, parts, strict=True)}
        return {**(known or {}), self._ids: ids, **carried}

    def _weight(self, op: Op, name: str, array: Any) -> ir.Value:  # noqa: ANN401 - any tensor
        """A weight in the outermost graph, made at its first use: unused ones are left out."""
        if name not in self._weights:
            self._weights[name] = op.builder.root.initializer(ir.tensor(array), name=name, qualify=False)
        return self._weights[name]

    def _copy(self, op: Op, values: dict[ir.Value, ir.Value], wanted: Sequence[ir.Value]) -> list[ir.Value]:
        """Copy the nodes that the wanted values need, and no others; `values` maps what is there already."""

        def copy(value: ir.Value) -> ir.Value:
            if value in values:
                return values[value]
            node = value.producer()
            if node is None:
                assert value.const_value is not None  # neither an input nor computed, so it is a weight
                return self._weight(op, str(value.name), value.const_value)
            inputs = [None if part is None else copy(part) for part in node.inputs]
            mine = ir.node(
                node.op_type,
                inputs,
                attributes=dict(node.attributes),
                domain=node.domain,
                num_outputs=len(node.outputs),
            )
            op.builder.add_node(mine)
            values.update(zip(node.outputs, mine.outputs, strict=True))
            return values[value]

        return [copy(value) for value in wanted]


def _output_bias(logits: ir.Value) -> ir.Value | None:
    """The weight that is added last to the logits and used nowhere else, if they end in such an addition."""
    node = logits.producer()
    if node is None or node.op_type != "Add":
        return None
    return next((part for part in node.inputs if part and part.is_initializer() and len(part.uses()) == 1), None)


def _layers(state: ir.Value, after: ir.Value) -> list[Carried]:
    """A state [L, N, ...] layer by layer where the graph takes it apart and puts it together again; else whole."""
    assert state.shape is not None
    shape = tuple(str(axis) if isinstance(axis, ir.SymbolicDim) else axis for axis in state.shape)
    whole = [Carried(state, after, shape)]
    taken = {_index(use.node): use.node.outputs[0] for use in state.uses()}
    last = after.producer()
    nodes = [last] if last is None or last.op_type != "Concat" else [part.producer() for part in last.inputs if part]
    joined = [_before_unsqueeze(node) for node in nodes]
    if set(taken) != set(range(len(joined))) or None in joined:
        return whole
    return [Carried(taken[i], part, shape[1:]) for i, part in enumerate(joined) if part is not None]


def _index(node: ir.Node) -> int | None:
    """i, where a node takes entry i of the first axis; else None."""
    index = node.inputs[1] if node.op_type == "Gather" else None
    if index is None or index.const_value is None or _array(index).ndim:
        return None
    if "axis" in node.attributes and node.attributes["axis"].as_int():
        return None
    return int(_array(index))


def _before_unsqueeze(node: ir.Node | None) -> ir.Value | None:
    """x, where a node is Unsqueeze(x, [0]); else None."""
    if node is None or node.op_type != "Unsqueeze":
        return None
    x, axes = node.inputs
    return x if axes is not None and axes.const_value is not None and _array(axes).tolist() == [0] else None


def _array(weight: ir.Value) -> npt.NDArray[Any]:
    assert weight.const_value is not None
    return weight.const_value.numpy()
