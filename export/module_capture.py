"""A module of another's captured by torch: as a program, for .pt2 and ONNX, and as TorchScript."""

import io
import re
from collections.abc import Sequence

import onnx
import torch
from torch import Tensor

from toolkit.bundle import METADATA_KEY
from toolkit.errors import ToolkitError
from toolkit.models.torch_steps import torchscript_allowed
from toolkit.signature import Signature

from .module_axes import of_batch
from .module_step import FlatStep
from .onnx_file import quiet_exporter, to_onnx

_TRACES = ("stack_trace", "nn_module_stack", "source_fn_stack", "torch_fn", "from_node", "custom")
"""What torch notes of the sources on the machine that captured."""

_ADVICE = (
    (
        ("data-dependent", "data dependent", "is_nonzero", "_local_scalar_dense"),
        "forward decides by the values of tensors (if, while, .item(), indexing by a mask): choose with torch.where",
    ),
    (
        ("specialized it to be a constant", "Constraints violated"),
        "forward takes the batch size for a constant: no int(x.shape[0]), no loop over the sequences, no fixed size",
    ),
    (
        ("assigned during export", "registered as buffers"),
        "forward keeps a tensor on self: take it as a state and return its next",
    ),
)
"""Words in torch's message, the most telling first, and what to do."""

_TELLING = ("No ONNX function", "No decompositions", "not supported", "unsupported", "not implemented")


def capture(step: FlatStep, signature: Signature, examples: Sequence[Tensor]) -> torch.export.ExportedProgram:
    """The program of a step for any batch size.

    Args:
        step: of the module.
        signature: of the step.
        examples: of inputs and states.

    Raises:
        ToolkitError: torch cannot capture it.
    """
    batch = torch.export.Dim("N", min=1)
    axes = tuple({spec.batch_axis: batch} for spec in signature.inputs)
    try:
        with quiet_exporter():
            return torch.export.export(
                step, _in_own_batch_size(signature, examples), dynamic_shapes=(axes,), strict=False
            )
    except Exception as error:  # torch raises a dozen unrelated classes
        raise _refused("torch.export", step, error) from error


def _in_own_batch_size(signature: Signature, examples: Sequence[Tensor]) -> tuple[Tensor, ...]:
    """The examples in a batch size that no other axis has."""
    fixed = {size for spec in signature.inputs for size in spec.axes}
    batch_size = next(n for n in range(2, 2 + len(fixed) + 1) if n not in fixed)
    return tuple(of_batch(x, spec.batch_axis, batch_size) for x, spec in zip(examples, signature.inputs, strict=True))


def program_to_onnx(
    program: torch.export.ExportedProgram, step: FlatStep, signature: Signature, graph_name: str
) -> onnx.ModelProto:
    """The same in ONNX; see `to_onnx`.

    Raises:
        ToolkitError: an operator has no counterpart in ONNX.
    """
    try:
        return to_onnx(program, signature, graph_name)
    except Exception as error:  # as above
        raise _refused("torch.onnx.export", step, error) from error


def traced(step: FlatStep, signature: Signature, examples: Sequence[Tensor]) -> torch.jit.ScriptModule:
    """The step in TorchScript, traced with one batch size: the gate proves the others.

    Raises:
        ToolkitError: torch cannot trace it.
    """
    try:
        with quiet_exporter(), torchscript_allowed(), torch.no_grad():
            found = torch.jit.trace(  # type: ignore[no-untyped-call]
                step, _in_own_batch_size(signature, examples), check_trace=False
            )
    except Exception as error:  # as above
        raise _refused("torch.jit.trace", step, error) from error
    assert isinstance(found, torch.jit.ScriptModule)
    return found


def program_bytes(program: torch.export.ExportedProgram, facts: str) -> bytes:
    """The .pt2 archive with the facts as an extra file, without examples, sources or anything that is pickled."""
    for module in program.graph_module.modules():
        if isinstance(module, torch.fx.GraphModule):
            for node in module.graph.nodes:
                for trace in _TRACES:
                    node.meta.pop(trace, None)
    program._example_inputs = None
    buffer = io.BytesIO()
    with quiet_exporter():
        torch.export.save(program, buffer, extra_files={METADATA_KEY: facts})
    return buffer.getvalue()


def _refused(tool: str, step: FlatStep, error: Exception) -> ToolkitError:
    """What to say of a module that torch cannot capture: its own first useful line, and what to do."""
    chain: list[BaseException] = [error]
    while (cause := chain[-1].__cause__ or chain[-1].__context__) is not None and cause not in chain:
        chain.append(cause)
    text = "\n".join(str(part) for part in chain)
    advice = next((advice for words, advice in _ADVICE if any(word in text for word in words)), None)
    return ToolkitError(
        f"{tool} cannot capture {type(step.module).__name__}: {_useful(chain)}. "
        f"{f'Probably {advice}.' if advice else 'Write that part of forward with other operators.'}"
    )


def _useful(chain: Sequence[BaseException]) -> str:
    """The line that names the fault, without bullets and internals."""
    lines = [line.strip().lstrip("- ") for part in chain for line in str(part).splitlines() if line.strip()]
    words = [word for words, _ in _ADVICE for word in words] + list(_TELLING)
    telling = [line for word in words for line in lines if word in line]
    line = (telling or lines or [type(chain[0]).__name__])[0]
    sentence = re.split(r"\.\s|\s\s", line)[0]
    return re.sub(r"^<class '[^']*'>: ", "", sentence).rstrip(". ")[:300]
