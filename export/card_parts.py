"""What model cards say of a contract: tables, and lines of code."""

from collections.abc import Sequence

from toolkit.signature import Signature, TensorSpec


def contract_rows(signature: Signature) -> str:
    """Rows of a table."""
    rows = [("input", spec) for spec in signature.inputs] + [("output", spec) for spec in signature.outputs]
    return "\n".join(f"| {io} | {s.name} | {s.dtype} | [{', '.join(map(str, s.axes))}] |" for io, s in rows)


def zero_lines(specs: Sequence[TensorSpec]) -> str:
    """Entries of a Python dict: zeros for one sequence under each name, a line each."""
    return "\n".join(f'    "{s.name}": np.zeros({s.shape(1)}, np.{_NUMPY[s.dtype]}),' for s in specs)


_NUMPY = {"float32": "float32", "bool": "bool_", "int64": "int64"}
