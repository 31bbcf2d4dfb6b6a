"""Where a graph can really run. ONNX Runtime falls back to the CPU in silence; this module never does."""

import contextlib
import ctypes
import io
import sys
from functools import cache
from pathlib import Path

from .errors import ToolkitError

CUDA_REFUSED = "device cuda was asked for but cannot be used"

DEVICES = ("auto", "cpu", "cuda")

BACKENDS = ("onnx", "torchscript", "eager")
"""onnx needs no torch; torchscript runs a bundle's step.ts.pt; eager runs a checkpoint."""


@cache
def cuda_fault() -> str | None:
    """Why the CUDA provider cannot be loaded, in words; None if its libraries are all there."""
    import onnxruntime  # noqa: PLC0415 - 0.1 s that `import toolkit` need not spend

    if "CUDAExecutionProvider" not in onnxruntime.get_available_providers():
        return "this build of onnxruntime has no CUDA; on x86-64 Linux and Windows install onnxruntime-gpu alone"
    with contextlib.redirect_stdout(io.StringIO()):  # it prints what it does not find; we say it ourselves
        onnxruntime.preload_dlls()  # finds the libraries that torch's wheels bring
    names = {"linux": "libonnxruntime_providers_{}.so", "win32": "onnxruntime_providers_{}.dll"}
    folder = Path(onnxruntime.__file__).parent / "capi"
    try:
        for part in ("shared", "cuda"):
            library = folder / names[sys.platform].format(part)
            ctypes.CDLL(str(library), mode=getattr(ctypes, "RTLD_GLOBAL", 0))
    except OSError as error:
        return f"a library that the CUDA provider needs is missing: {error}"
    return None


def check_device(device: str) -> None:
    """Raise ToolkitError if the name is none of `DEVICES`."""
    if device not in DEVICES:
        raise ToolkitError(f"device must be one of {', '.join(DEVICES)}, found {device!r}")


def resolve_device(device: str) -> str:
    """What to ask ONNX Runtime for: "cpu" or "cuda".

    Raises:
        ToolkitError: CUDA was asked for by name and cannot be had; the reason is in the message.
    """
    check_device(device)
    if device == "cpu":
        return "cpu"
    fault = cuda_fault()
    if fault is None:
        return "cuda"
    if device == "auto":
        return "cpu"
    raise cuda_error(fault)


def cuda_error(reason: str) -> ToolkitError:
    """The sentence for a CUDA that was asked for and is not there."""
    return ToolkitError(
        f"device cuda was asked for but cannot be used: {reason}. Use --device cpu, or see `toolkit doctor`."
    )
