"""ONNX Runtime sessions: on the device that was asked for, and with the graph that was promised."""

from collections.abc import Sequence
from typing import Any

import onnxruntime as ort

from .devices import cuda_error, resolve_device
from .errors import FileFormatError
from .signature import Signature, TensorSpec, signature_faults

_DTYPES = {"tensor(int64)": "int64", "tensor(float)": "float32", "tensor(bool)": "bool", "tensor(uint8)": "uint8"}
_PROVIDERS = {"cpu": "CPUExecutionProvider", "cuda": "CUDAExecutionProvider"}
_OPTIONS: dict[str, dict[str, str]] = {
    "cpu": {},
    "cuda": {"use_tf32": "0"},  # it would round float32 products to ten bits, and parity would not hold
}


def open_session(data: bytes, name: str, device: str = "cpu", threads: int = 1) -> Any:  # noqa: ANN401 - ort is untyped
    """An inference session on the device asked for, never silently on another.

    Args:
        data: the bytes of the .onnx file.
        name: its name, for errors.
        device: "cpu", "cuda", or "auto" for CUDA where it really works.
        threads: threads within an operator. One is fastest for small models: a step is a few
            microseconds of work, less than waking a second thread costs.

    Raises:
        FileFormatError: no ONNX file that this ONNX Runtime can read.
        ToolkitError: the device cannot be had.
    """
    options = ort.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.enable_cpu_mem_arena = False  # measured: lets several threads share one session at full speed
    options.log_severity_level = 4  # errors come as exceptions; nothing is written behind our back
    wanted = resolve_device(device)
    try:
        session = ort.InferenceSession(data, options, providers=[(_PROVIDERS[wanted], _OPTIONS[wanted])])
    except Exception as error:  # ort raises a dozen unrelated classes
        if wanted == "cuda" and device == "auto":
            return open_session(data, name, "cpu", threads)
        if wanted == "cuda":
            raise cuda_error(str(error).splitlines()[0]) from error
        reason = str(error).rpartition(" : ")[2].splitlines()[0]  # without its codes
        raise FileFormatError(f"{name}: expected an ONNX file, but ONNX Runtime cannot read it: {reason}") from error
    if _PROVIDERS[wanted] not in session.get_providers():  # it fell back
        if device == "auto":
            return open_session(data, name, "cpu", threads)
        raise cuda_error("ONNX Runtime loaded the CUDA provider but found no usable GPU")
    return session


def session_device(session: Any) -> str:  # noqa: ANN401 - ort is untyped
    """The device that a session really uses."""
    return "cuda" if _PROVIDERS["cuda"] in session.get_providers() else "cpu"


def declared_signature(session: Any, states: Sequence[str]) -> Signature:  # noqa: ANN401 - ort is untyped
    """The names, dtypes and axes that a graph declares."""

    def specs(args: Sequence[Any]) -> tuple[TensorSpec, ...]:
        return tuple(
            TensorSpec(arg.name, _DTYPES.get(arg.type, arg.type), tuple("?" if a is None else a for a in arg.shape))
            for arg in args
        )

    return Signature(specs(session.get_inputs()), specs(session.get_outputs()), tuple(states))


def check_contract(session: Any, signature: Signature, name: str, graph: str) -> None:  # noqa: ANN401 - ort is untyped
    """Raise FileFormatError if a graph, "step" or "generate", declares other inputs or outputs than its signature."""
    faults = signature_faults(signature, declared_signature(session, signature.states))
    if faults:
        raise FileFormatError(
            f"{name}: is no {graph} graph of this toolkit: {'; '.join(faults)}. Export the model again."
        )
