"""model.h: the facts of a model as tables of C, for hosts that shall not need to read JSON."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from .bundle import GRAPH_FILES, ModelInfo
from .errors import ToolkitError
from .files import sha256
from .host_facts import host_facts
from .signature import Signature, TensorSpec

MODEL_H = "model.h"

_MOST_AXES = 8
"""Of a tensor in examples/native/contract.h."""

_WIDTH = 110
"""Of a line of values."""


def c_header(info: ModelInfo, graphs: Mapping[str, bytes]) -> bytes:
    """The tables that examples/native/contract.h declares.

    Args:
        info: of a model that writes text.
        graphs: the bytes of its .onnx files, by the names of the graphs.

    Raises:
        ToolkitError: an input or output cannot be told in C.
    """
    facts = host_facts(info)
    reads, writes = facts["reads"], facts["writes"]
    own = reads["tokens"] != writes["pieces"]  # two vocabularies, or tokens that are not written as they are read
    lines = [
        "/* The model that the programs beside this file run, in the types of contract.h; `toolkit embed` wrote it.",
        "   For people model.json says the same. */",
        "#ifndef MODEL_H",
        "#define MODEL_H",
        "",
        '#include "contract.h"',
        *(line for graph in graphs for line in _tensors(graph, info.signatures[graph])),
        *_contracts(info, graphs),
        *_pieces("WRITTEN", writes["pieces"]),
        *(_pieces("READ", reads["tokens"]) if own else ()),
        *_reading(reads, "READ" if own else "WRITTEN"),
        *_writing(writes),
        "",
        "#endif",
        "",
    ]
    return "\n".join(lines).encode()


def c_string(text: str) -> str:
    r"""A string literal of UTF-8: what can be seen as itself, other bytes as three octal digits.

    After \x any number of digits would belong to it, and two question marks begin a trigraph.
    """
    plain = {'"': '\\"', "\\": "\\\\", "?": "\\?"}
    parts = (
        plain.get(c) or (c if c.isprintable() else "".join(f"\\{byte:03o}" for byte in c.encode("utf-8"))) for c in text
    )
    return f'"{"".join(parts)}"'


def _wrapped(values: Iterable[str]) -> Iterator[str]:
    """Lines of values with commas between."""
    line = "   "
    for value in values:
        if len(line) + len(value) > _WIDTH and line.strip():
            yield line
            line = "   "
        line += f" {value},"
    if line.strip():
        yield line


def _table(declared: str, values: Iterable[str]) -> list[str]:
    """A constant array."""
    return ["", f"static const {declared}[] = {{", *_wrapped(values), "};"]


def _pieces(name: str, pieces: Sequence[str]) -> list[str]:
    """The texts of the tokens; their sizes tell of NULs in them."""
    return _table(f"Piece {name}_PIECES", (f"{{{c_string(p)}, {len(p.encode('utf-8'))}}}" for p in pieces))


def _tensors(graph: str, signature: Signature) -> list[str]:
    """The inputs, the outputs and the states of a graph."""

    def specs(which: str, group: Sequence[TensorSpec]) -> list[str]:
        return _table(f"TensorSpec {graph.upper()}_{which}", (_spec(graph, spec) for spec in group))

    told = signature.to_dict()["states"].items()
    states = _table(
        f"StatePair {graph.upper()}_STATES", (f"{{{c_string(name)}, {c_string(after)}}}" for name, after in told)
    )
    return [*specs("INPUTS", signature.inputs), *specs("OUTPUTS", signature.outputs), *(states if told else ())]


def _spec(graph: str, spec: TensorSpec) -> str:
    """One input or output."""
    sizes = [_axis(axis) for axis in spec.axes]
    if None in sizes or len(sizes) > _MOST_AXES:
        raise ToolkitError(
            f"{GRAPH_FILES[graph]}: {spec} cannot be told in C: expected up to {_MOST_AXES} axes, numbers or letters"
        )
    axes = ", ".join(map(str, sizes)) or "0"
    return f"{{{c_string(spec.name)}, DTYPE_{spec.dtype.upper()}, {len(sizes)}, {{{axes}}}}}"


def _axis(axis: str | int) -> str | int | None:
    """An axis as contract.h tells it: a letter as a negative number."""
    if isinstance(axis, str):
        return f"-'{axis}'" if len(axis) == 1 and axis.isascii() and axis.isalpha() else None
    return axis


def _contracts(info: ModelInfo, graphs: Mapping[str, bytes]) -> list[str]:
    """The files, and which tables belong to them."""
    lines = ["", "static const Contract CONTRACTS[] = {"]
    for graph, data in graphs.items():
        signature, name = info.signatures[graph], graph.upper()
        states = f"{name}_STATES" if signature.states else "NULL"
        lines += [
            f'    {{"{graph}", "{GRAPH_FILES[graph]}", "{sha256(data)}", {len(data)},',
            f"     {name}_INPUTS, {len(signature.inputs)}, {name}_OUTPUTS, {len(signature.outputs)},"
            f" {states}, {len(signature.states)}}},",
        ]
    return [*lines, "};"]


class _Ids:
    """Tables of ids: none where it would be empty, which C does not allow."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def named(self, name: str, ids: Sequence[int]) -> str:
        """The value of an `Ids` of contract.h."""
        if not ids:
            return "{NULL, 0}"
        self.lines += _table(f"int64_t {name}", map(str, ids))
        return f"{{{name}, {len(ids)}}}"


def _reading(reads: Mapping[str, Any], pieces: str) -> list[str]:
    """How a text becomes ids."""
    known = {token: i for i, token in enumerate(reads["tokens"]) if token}
    found = [known[text] for text in sorted(known, key=lambda text: text.encode("utf-8"))]
    ids = _Ids()
    values = [
        f"{pieces}_PIECES",
        f"{ids.named('SORTED', found)} /* sorted */",
        f"{_bool(reads['spaced'])} /* spaced */",
        f"{_id(reads['line_break'])} /* line_break */",
        f"{_bool(reads['newline'] == 'space')} /* breaks_are_blanks */",
        f"{_id(reads['unk_id'])} /* unk_id */",
        f"{_id(reads['pad_id'])} /* pad_id */",
        f"{reads['width']} /* width */",
        *(f"{ids.named(name.upper(), reads[name])} /* {name} */" for name in ("before", "after", "opening")),
    ]
    return [*ids.lines, *_struct("Reads READS", values)]


def _writing(writes: Mapping[str, Any]) -> list[str]:
    """How ids become a text."""
    ids = _Ids()
    values = [
        "WRITTEN_PIECES",
        f"{len(writes['pieces'])} /* count */",
        f"{_bool(writes['spaced'])} /* spaced */",
        f"{_id(writes['line_break'])} /* line_break */",
        *(f"{ids.named(name.upper(), writes[name])} /* {name} */" for name in ("banned", "stop_ids")),
        *(f"{_id(writes[name])} /* {name} */" for name in ("bos_id", "eos_id")),
    ]
    return [*ids.lines, *_struct("Writes WRITES", values)]


def _struct(declared: str, values: Sequence[str]) -> list[str]:
    """A constant of one of the types of contract.h, a line each value; the comma stands before its comment."""
    parted = (value.partition(" /*") for value in values)
    return ["", f"static const {declared} = {{", *(f"    {first},{sep}{rest}" for first, sep, rest in parted), "};"]


def _id(value: int | None) -> str:
    return "NONE" if value is None else str(value)


def _bool(value: bool) -> str:
    return str(value).lower()
