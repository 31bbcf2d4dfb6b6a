"""Open a model from whatever it lies in."""

from importlib import import_module
from pathlib import Path
from typing import Any, cast

from .bundle import METADATA_KEY, STEP, STEP_ONNX, STEP_TORCHSCRIPT, ModelInfo, read_bundle, what_is
from .devices import BACKENDS
from .errors import FileFormatError, MissingDependencyError, ToolkitError
from .files import read_bytes
from .language_model import LanguageModel

MAX_THREADS = 256

_TORCH_BACKENDS = "toolkit.models.torch_steps"
"""Needs torch, so it is imported by name and only when asked for."""


def load(path: str | Path, device: str = "auto", *, threads: int = 1, backend: str | None = None) -> LanguageModel:
    """Open an exported model.

    Args:
        path: a bundle folder or a single .onnx file; with torch installed also a checkpoint.
        device: "cpu", "cuda", or "auto": CUDA where it really works, else the CPU.
        threads: threads within an operator.
        backend: "onnx", "torchscript" or "eager"; by default what the path calls for.

    Returns:
        The model; `LanguageModel.device` says where it really runs.

    Raises:
        FileFormatError: missing, altered, truncated, or no model of ours.
        ToolkitError: the device cannot be had.
        MissingDependencyError: a torch backend without torch.
    """
    path = Path(path)
    if backend is None:
        backend = "eager" if path.is_file() and path.suffix == ".pt" else "onnx"
    if backend not in BACKENDS:
        raise ToolkitError(f"backend must be one of {', '.join(BACKENDS)}, found {backend!r}")
    if not 1 <= threads <= MAX_THREADS:
        raise ToolkitError(f"threads must be from 1 to {MAX_THREADS}, found {threads}")
    if backend != "onnx":
        return _load_torch(path, backend, device)
    return _load_onnx(path, device, threads)


def _load_onnx(path: Path, device: str, threads: int) -> LanguageModel:
    from .onnx_step import OnnxStepModel, session_device  # noqa: PLC0415 - checkpoints need no onnxruntime

    session, info = _open(path, device, threads)
    signature = info.signatures[STEP]
    return LanguageModel(OnnxStepModel(session, signature, session_device(session)), info.tokenizer)


def read_info(path: Path) -> ModelInfo:
    """The facts of a bundle folder or a single .onnx file, after the same checks as `load`."""
    return _open(path, "cpu", 1)[1]


def _open(path: Path, device: str, threads: int) -> tuple[Any, ModelInfo]:
    """A session on a step graph whose hash and contract hold, and its facts."""
    from .onnx_step import check_contract, open_session  # noqa: PLC0415 - as above

    name = str(path / STEP_ONNX) if path.is_dir() else str(path)
    if path.is_dir():
        bundle = read_bundle(path)
        session = open_session(bundle.read(STEP_ONNX), name, device, threads)
        info = bundle.info
    else:
        data = read_bytes(path, "a bundle folder, an .onnx file or a checkpoint")
        if path.suffix != ".onnx":
            raise FileFormatError(
                f"{name}: expected a bundle folder, an .onnx file or a checkpoint (.pt), found {what_is(path)}."
            )
        session = open_session(data, name, device, threads)
        facts = session.get_modelmeta().custom_metadata_map.get(METADATA_KEY)
        if facts is None:
            raise FileFormatError(
                f"{name}: an ONNX file, but none that `toolkit export` wrote (no {METADATA_KEY!r} in its metadata). "
                "Export a checkpoint with `toolkit export`."
            )
        info = ModelInfo.from_json(facts, name)
    check_contract(session, info.signatures[STEP], name)
    return session, info


def _load_torch(path: Path, backend: str, device: str) -> LanguageModel:
    try:
        steps = import_module(_TORCH_BACKENDS)
    except ModuleNotFoundError as error:
        if error.name != "torch":
            raise
        raise MissingDependencyError.for_extra("torch", f"{path}: opening it with {backend}", "train") from error
    if backend == "eager":
        return cast("LanguageModel", steps.load_eager(path, device))
    bundle = read_bundle(path)
    return cast("LanguageModel", steps.load_torchscript(bundle.read(STEP_TORCHSCRIPT), bundle.info, device))
