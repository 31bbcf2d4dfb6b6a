"""The names, dtypes and axes of every exported graph: the one table that everything else reads.

The exporter takes names and axes from here, writes them into model.json and into the metadata of the
.onnx file, and the runtime compares what a file declares with them when it loads.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from .errors import FileFormatError

STATE_INPUTS: Mapping[str, tuple[str, ...]] = {"rnn": ("h0",), "gru": ("h0",), "lstm": ("h0", "c0")}
"""The state tensors of each cell, in the order in which they are passed and returned."""

GATES: Mapping[str, int] = {"rnn": 1, "gru": 3, "lstm": 4}
"""How many [H] blocks the products of each cell have: (h), (r, z, n), (i, f, g, o)."""

NEXT = "next_"
"""A state output is named like its input with this in front: h0 -> next_h0."""


@dataclass(frozen=True)
class TensorSpec:
    """One input or output of a graph.

    Attributes:
        name: its name in the graph.
        dtype: "int64", "float32" or "bool".
        axes: a letter for each dynamic axis (N batch), a number for each fixed one; none for a single number.
    """

    name: str
    dtype: str
    axes: tuple[str | int, ...]

    def __str__(self) -> str:
        return f"{self.name} {self.dtype} [{', '.join(map(str, self.axes))}]"

    @property
    def batch_axis(self) -> int:
        """Which one is N."""
        return self.axes.index("N")

    def shape(self, batch_size: int) -> list[int]:
        """The sizes of a tensor whose only dynamic axis is N."""
        return [batch_size if axis == "N" else int(axis) for axis in self.axes]


@dataclass(frozen=True)
class Signature:
    """The inputs and outputs of a graph.

    Attributes:
        inputs: in call order; the state follows the data.
        outputs: in return order; the next state follows the data.
        states: the names of the state inputs.
    """

    inputs: tuple[TensorSpec, ...]
    outputs: tuple[TensorSpec, ...]
    states: tuple[str, ...]

    @property
    def state_inputs(self) -> tuple[TensorSpec, ...]:
        """The specs of the state inputs, in order."""
        return tuple(spec for spec in self.inputs if spec.name in self.states)

    @property
    def data_inputs(self) -> tuple[TensorSpec, ...]:
        """The specs of the other inputs, in order."""
        return tuple(spec for spec in self.inputs if spec.name not in self.states)

    @property
    def data_outputs(self) -> tuple[TensorSpec, ...]:
        """The specs of the outputs that are no next state, in order."""
        nexts = {NEXT + name for name in self.states}
        return tuple(spec for spec in self.outputs if spec.name not in nexts)

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values, as they stand in model.json."""

        def specs(group: tuple[TensorSpec, ...]) -> list[dict[str, Any]]:
            return [{"name": spec.name, "dtype": spec.dtype, "axes": list(spec.axes)} for spec in group]

        return {
            "inputs": specs(self.inputs),
            "outputs": specs(self.outputs),
            "states": {name: NEXT + name for name in self.states},
        }

    @classmethod
    def from_dict(cls, values: Mapping[str, Any], where: str) -> "Signature":
        """The reverse of `to_dict`.

        Raises:
            FileFormatError: something is missing, of another shape, or contradictory.
        """
        try:
            inputs, outputs = (
                tuple(TensorSpec(str(s["name"]), str(s["dtype"]), tuple(s["axes"])) for s in values[group])
                for group in ("inputs", "outputs")
            )
            states = dict(values["states"])
        except (KeyError, TypeError, ValueError) as error:
            raise FileFormatError(f"{where}: the signature is incomplete ({error}). Export the model again.") from error
        missing = {*states} - {i.name for i in inputs} | {NEXT + name for name in states} - {o.name for o in outputs}
        if missing or any(NEXT + name != pair for name, pair in states.items()):
            raise FileFormatError(f"{where}: the signature's states are no inputs and outputs. Export the model again.")
        return cls(inputs, outputs, tuple(states))


def step_signature(cell: str, num_layers: int, hidden_size: int, vocab_size: int) -> Signature:
    """The contract of step.onnx for token models.

    Args:
        cell: "rnn", "gru" or "lstm".
        num_layers: L.
        hidden_size: H.
        vocab_size: V.

    Returns:
        input_ids int64 [N], h0 float32 [L, N, H] (, c0) -> logits float32 [N, V], next_h0 (, next_c0).
    """
    data = TensorSpec("input_ids", "int64", ("N",)), TensorSpec("logits", "float32", ("N", vocab_size))
    return _step(*data, cell, num_layers, hidden_size)


def series_signature(cell: str, num_layers: int, hidden_size: int, input_size: int, output_size: int) -> Signature:
    """The contract of step.onnx for models over real numbers.

    Args:
        cell: "rnn", "gru" or "lstm".
        num_layers: L.
        hidden_size: H.
        input_size: D.
        output_size: K.

    Returns:
        inputs float32 [N, D], h0 float32 [L, N, H] (, c0) -> outputs float32 [N, K], next_h0 (, next_c0).
    """
    data = TensorSpec("inputs", "float32", ("N", input_size)), TensorSpec("outputs", "float32", ("N", output_size))
    return _step(*data, cell, num_layers, hidden_size)


def _step(data: TensorSpec, result: TensorSpec, cell: str, num_layers: int, hidden_size: int) -> Signature:
    """What goes in and comes out of a step, with the states of its cell."""
    states = STATE_INPUTS[cell]
    axes = (num_layers, "N", hidden_size)
    return Signature(
        inputs=(data, *(TensorSpec(s, "float32", axes) for s in states)),
        outputs=(result, *(TensorSpec(NEXT + s, "float32", axes) for s in states)),
        states=states,
    )


def _nexts(states: Sequence[TensorSpec]) -> tuple[TensorSpec, ...]:
    """What comes out in the place of some states."""
    return tuple(TensorSpec(NEXT + spec.name, spec.dtype, spec.axes) for spec in states)


KNOBS = (
    TensorSpec("max_new_tokens", "int64", ()),
    TensorSpec("temperature", "float32", ()),
    TensorSpec("top_k", "int64", ()),
    TensorSpec("top_p", "float32", ()),
    TensorSpec("min_p", "float32", ()),
    TensorSpec("repetition_penalty", "float32", ()),
    TensorSpec("stop_ids", "int64", ("S",)),
    TensorSpec("uniforms", "float32", ("M", "N")),
)
"""How generate.onnx chooses tokens. Every one must be given; outside its range it means the nearest value inside."""


def generate_signature(step: Signature) -> Signature:
    """The contract of generate.onnx, the whole decode loop around a step.

    Beyond the step's own states two more are carried from call to call: `used`, which tokens a sequence holds
    already (for the repetition penalty), and `stopped`, whether it has met a stop id. A state holds all that was
    read, and the last token written has not been: it is the input of the next call.

    Args:
        step: the contract of step.onnx.

    Returns:
        input_ids int64 [N, T], lengths int64 [N], the step's states, used bool [N, V], stopped bool [N], `KNOBS` ->
        output_ids int64 [N, R], log_probs float32 [N, R], the next of each state. T is the longest prompt, S the
        number of stop ids, M of rows of uniform numbers, R <= min(M, max_new_tokens) of tokens written.
    """
    vocab_size = step.outputs[0].axes[1]
    states = (*step.state_inputs, TensorSpec("used", "bool", ("N", vocab_size)), TensorSpec("stopped", "bool", ("N",)))
    return Signature(
        inputs=(TensorSpec("input_ids", "int64", ("N", "T")), TensorSpec("lengths", "int64", ("N",)), *states, *KNOBS),
        outputs=(
            TensorSpec("output_ids", "int64", ("N", "R")),
            TensorSpec("log_probs", "float32", ("N", "R")),
            *_nexts(states),
        ),
        states=tuple(spec.name for spec in states),
    )


TEXT_KNOBS = (
    *KNOBS[:-2],
    TensorSpec("seed", "int64", ()),
)
"""How text.onnx chooses tokens: as `KNOBS`, with a seed for the numbers (see `toolkit.uniform`)."""

_INPUT_TEXT, _OUTPUT_TEXT = TensorSpec("input_text", "uint8", ("B",)), TensorSpec("output_text", "uint8", ("C",))
_WRITTEN = (_OUTPUT_TEXT, TensorSpec("output_ids", "int64", ("R",)), TensorSpec("log_probs", "float32", ("R",)))


def text_signature(step: Signature) -> Signature:
    """The contract of text.onnx of a language model: UTF-8 in, UTF-8 out, one text at a time.

    Beyond the step's own states three more are carried from call to call: `used`, which tokens the text holds already,
    `last`, one more than the id that was written or read last and has not been stepped over (0: there is none), and
    `position`, how many tokens were written. A text that is made in several calls, with nothing to read in the later
    ones, equals the one made at once.

    Args:
        step: the contract of step.onnx.

    Returns:
        input_text uint8 [B], the step's states with N = 1, used bool [1, V], last int64 [1], position int64 [1],
        `TEXT_KNOBS`, stop_at_newline bool [] -> output_text uint8 [C], output_ids int64 [R], log_probs float32 [R],
        stopped bool [] (a line break was met, which is the last id and not in the text), the next of each state.
    """
    vocab_size = step.outputs[0].axes[1]
    states = (
        *(TensorSpec(s.name, s.dtype, tuple(s.shape(1))) for s in step.state_inputs),
        TensorSpec("used", "bool", (1, vocab_size)),
        TensorSpec("last", "int64", (1,)),
        TensorSpec("position", "int64", (1,)),
    )
    return Signature(
        inputs=(_INPUT_TEXT, *states, *TEXT_KNOBS, TensorSpec("stop_at_newline", "bool", ())),
        outputs=(
            *_WRITTEN,
            TensorSpec("stopped", "bool", ()),
            *_nexts(states),
        ),
        states=tuple(spec.name for spec in states),
    )


def text_to_text_signature() -> Signature:
    """The contract of text.onnx of a sequence-to-sequence model: the source in, the target out, without states.

    Returns:
        input_text uint8 [B], min_new_tokens int64 [], `TEXT_KNOBS` -> output_text uint8 [C], output_ids int64 [R] (the
        end marker last where it was met), log_probs float32 [R].
    """
    fewest = TensorSpec("min_new_tokens", "int64", ())
    return Signature(inputs=(_INPUT_TEXT, fewest, *TEXT_KNOBS), outputs=_WRITTEN, states=())


def sequence_signature(vocab_size: int) -> Signature:
    """The contract of sequence.onnx, which reads a whole window at once and has no step.

    Returns:
        input_ids int64 [N, T] -> logits float32 [N, V] for the token after the last one.
    """
    return Signature(
        inputs=(TensorSpec("input_ids", "int64", ("N", "T")),),
        outputs=(TensorSpec("logits", "float32", ("N", vocab_size)),),
        states=(),
    )


def seq2seq_signatures(
    cell: str, num_layers: int, hidden_size: int, memory_size: int, vocab_size: int, *, attention: bool
) -> dict[str, Signature]:
    """The contracts of encoder.onnx, decoder.onnx and translate.onnx.

    Args:
        cell: "rnn", "gru" or "lstm".
        num_layers: L, of the decoder.
        hidden_size: H, of the decoder.
        memory_size: M, what the encoder gives for each token of the source.
        vocab_size: V, of the target.
        attention: whether the decoder looks at the memory.

    Returns:
        encoder: input_ids int64 [N, T], lengths int64 [N] -> memory float32 [N, T, M], h0 float32 [L, N, H] (, c0).
        decoder: input_ids int64 [N], h0 (, c0) (, memory, lengths) -> logits float32 [N, V], next_h0 (, next_c0)
        (, attention float32 [N, T], which sums to 1 over the source). translate, the whole decode loop: input_ids
        int64 [N, T], lengths int64 [N], min_lengths int64 [N] (no end marker before so many tokens), `KNOBS` ->
        output_ids int64 [N, R], log_probs float32 [N, R].
    """
    source = TensorSpec("input_ids", "int64", ("N", "T")), TensorSpec("lengths", "int64", ("N",))
    memory = TensorSpec("memory", "float32", ("N", "T", memory_size))
    data = TensorSpec("input_ids", "int64", ("N",)), TensorSpec("logits", "float32", ("N", vocab_size))
    step = _step(*data, cell, num_layers, hidden_size)
    weights = TensorSpec("attention", "float32", ("N", "T"))
    return {
        "encoder": Signature(source, (memory, *step.state_inputs), ()),
        "decoder": Signature(
            inputs=(*step.inputs, *((memory, source[1]) if attention else ())),
            outputs=(*step.outputs, *((weights,) if attention else ())),
            states=step.states,
        ),
        "translate": Signature(
            inputs=(*source, TensorSpec("min_lengths", "int64", ("N",)), *KNOBS),
            outputs=(
                TensorSpec("output_ids", "int64", ("N", "R")),
                TensorSpec("log_probs", "float32", ("N", "R")),
            ),
            states=(),
        ),
    }


def signature_faults(expected: Signature, found: Signature) -> list[str]:
    """What differs between two signatures, a sentence each; empty when they are equal."""
    faults = []
    for kind, want, have in (
        ("input", expected.inputs, found.inputs),
        ("output", expected.outputs, found.outputs),
    ):
        by_name = {spec.name: spec for spec in have}
        for spec in want:
            other = by_name.pop(spec.name, None)
            if other is None:
                faults.append(f"{kind} {spec} is missing")
            elif other != spec:
                faults.append(f"{kind} should be {spec}, is {other}")
        faults += [f"{kind} {spec} is not expected" for spec in by_name.values()]
    return faults


def step_faults(signature: Signature, vocab_size: int | None) -> list[str]:
    """Why a signature is no step, a sentence each; empty when it is one.

    It is one when data and any states go in, and a result and the next of each state come out. Over `vocab_size`
    tokens the data are input_ids and the result logits; without a vocabulary, real numbers of any width.
    """
    states = signature.inputs[1:]
    if vocab_size is None:
        widths = [
            spec.axes[1] if len(spec.axes) == 2 else 1 for spec in (*signature.inputs[:1], *signature.outputs[:1])
        ]
        data = [TensorSpec(name, "float32", ("N", n)) for name, n in zip(("inputs", "outputs"), widths, strict=True)]
    else:
        data = [TensorSpec("input_ids", "int64", ("N",)), TensorSpec("logits", "float32", ("N", vocab_size))]
    expected = Signature(
        inputs=(data[0], *states),
        outputs=(data[1], *_nexts(states)),
        states=tuple(spec.name for spec in states),
    )
    faults = signature_faults(expected, signature)
    if signature.states != expected.states:
        faults.append(f"the states should be {', '.join(expected.states)}, are {', '.join(signature.states) or 'none'}")
    return faults + _axis_faults(states)


DTYPES = ("float32", "int64", "bool")
"""What a step reads, writes and carries."""


def module_faults(signature: Signature) -> list[str]:
    """Why a signature is no step of a module, a sentence each; empty when it is one.

    It is one when any data and some states go in, and any results and the next of each state come out, in that order.
    """
    states = signature.state_inputs
    nexts = _nexts(states)
    data, results = signature.data_inputs, signature.data_outputs
    faults = [] if data and results and states else ["inputs, outputs or states are missing"]
    if signature.inputs != (*data, *states) or signature.outputs != (*results, *nexts):
        faults.append("the states should stand last and come out as they went in")
    return faults + _axis_faults((*data, *results, *states))


def _axis_faults(specs: Sequence[TensorSpec]) -> list[str]:
    """What is neither of `DTYPES` nor has one axis N, a sentence each."""
    faults = []
    for spec in specs:
        sizes = [axis for axis in spec.axes if axis != "N"]
        if spec.dtype not in DTYPES or len(sizes) != len(spec.axes) - 1 or not all(type(n) is int for n in sizes):
            faults.append(f"{spec} should be {', '.join(DTYPES)} with one axis N and numbers")
    return faults
