"""Open a model from whatever it lies in."""

import platform
import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import Any, NamedTuple, cast

from .builtin_models import model_path
from .bundle import (
    GENERATE,
    GENERATE_ONNX,
    GRAPH_FILES,
    LM,
    METADATA_KEY,
    MODEL_JSON,
    MODULE,
    SEQ2SEQ,
    SEQUENCE,
    SEQUENCE_TORCHSCRIPT,
    SERIES,
    SOURCE,
    STEP,
    STEP_ONNX,
    STEP_PROGRAM,
    STEP_TORCHSCRIPT,
    TARGET,
    TEXT,
    TRANSLATE,
    TRANSLATE_ONNX,
    WINDOW,
    ModelInfo,
    read_bundle,
    what_is,
)
from .devices import BACKENDS
from .errors import FileFormatError, MissingDependencyError, ToolkitError
from .files import byte_count, read_bytes, sha256
from .language_model import LanguageModel
from .module_model import ModuleModel
from .series_model import SeriesModel
from .translator import Translator
from .window_model import WindowModel

MAX_THREADS = 256

MOST_BYTES = 2**31 - 1
"""Of an .onnx file: protobuf, which it is written in, has no larger messages."""

_NATIVE = ("x86_64", "AMD64", "arm64", "aarch64")
"""Processors that ONNX Runtime has int4 arithmetic for; WebAssembly is none."""

_TORCH_BACKENDS, _TORCH_TRANSLATORS = "toolkit.models.torch_steps", "toolkit.models.torch_seq2seq"
_CHECKPOINTS = "toolkit.models.checkpoint"
"""They need torch, so they are imported by name and only when asked for."""


def load(path: str | Path, device: str = "auto", *, threads: int = 1, backend: str | None = None) -> LanguageModel:
    """Open an exported language model.

    Args:
        path: a bundle folder or a single .onnx file, `builtin:NAME` of those that come with the toolkit; with torch
            installed also a checkpoint.
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
    backend = _checked(path, backend, threads)
    return _load_onnx(path, device, threads) if backend == "onnx" else _load_torch(model_path(path), backend, device)


def _checked(path: Path, backend: str | None, threads: int) -> str:
    """What opens a path: by default eager PyTorch for a checkpoint, else ONNX Runtime."""
    if backend is None:
        backend = "eager" if path.is_file() and path.suffix == ".pt" else "onnx"
    if backend not in BACKENDS:
        raise ToolkitError(f"backend must be one of {', '.join(BACKENDS)}, found {backend!r}")
    if not 1 <= threads <= MAX_THREADS:
        raise ToolkitError(f"threads must be from 1 to {MAX_THREADS}, found {threads}")
    return backend


@dataclass(frozen=True)
class Opened:
    """A model and what is known of it.

    Attributes:
        path: where it was opened.
        info: its facts.
        model: runs it.
        fingerprint: see the function.
        warnings: what to know before it is used, a sentence each.
    """

    path: Path
    info: ModelInfo
    model: LanguageModel | Translator
    fingerprint: str
    warnings: tuple[str, ...] = ()


def open_model(path: str | Path, device: str = "auto", threads: int = 1) -> Opened:
    """Open an exported model that writes text, of either kind, with ONNX Runtime.

    Every graph is opened and checked at once, so that nothing is read from the disk when the model is first used, and
    its files may go away.

    Args:
        path: a bundle folder or a single .onnx file.
        device: "cpu", "cuda", or "auto": CUDA where it really works, else the CPU.
        threads: threads within an operator.

    Raises:
        FileFormatError: missing, altered, truncated, too large, or no model of ours.
        ToolkitError: it writes no text, it is a checkpoint, or the device cannot be had.
    """
    path = Path(path)
    if path.suffix == ".pt" and path.is_file():
        raise ToolkitError(f"{path}: is not exported yet, found {what_is(path)}. Run: toolkit export {path.name}")
    _checked(path, "onnx", threads)
    graphs = _graphs(path, device, threads)
    if graphs.info.kind not in _WRITERS:
        raise kind_error(graphs.info.kind, path)
    graphs = graphs.without_text().opened(device)
    model, warnings_ = _WRITERS[graphs.info.kind](path, graphs, device)
    return Opened(path, graphs.info, model, graphs.fingerprint, warnings_)


def _load_onnx(path: Path, device: str, threads: int) -> LanguageModel:
    graphs = _graphs(path, device, threads)
    expect_kind(graphs.info, LM, path)
    model, found = _language_model(path, graphs, device)
    _warn(found, 4)
    return model


def _language_model(path: Path, graphs: "_Graphs", device: str) -> tuple[LanguageModel, tuple[str, ...]]:
    """What generates with some graphs, and what to know of it."""
    from .onnx_models import OnnxDecodeLoop, OnnxStepModel  # noqa: PLC0415 - checkpoints need no onnxruntime
    from .onnx_session import session_device  # noqa: PLC0415 - as above

    info, sessions = graphs.info, graphs.without_text().sessions
    if not sessions:
        raise ToolkitError(_TEXT_ALONE.format(path=path, others=f"{GENERATE_ONNX} or {STEP_ONNX}"))
    first = GENERATE if GENERATE in sessions else STEP  # who only generates never needs the other
    session = sessions[first](device)
    where = session_device(session)

    def open_step() -> Any:  # noqa: ANN401 - ort is untyped
        if STEP not in sessions:
            raise ToolkitError(
                f"{path}: holds the decode loop alone, and a single step was asked for (lyrics, logit_bias, "
                "presence_penalty, frequency_penalty and no_repeat_ngram_size need it). Open the bundle, or its "
                f"{STEP_ONNX}."
            )
        return session if first == STEP else sessions[STEP](where)

    loop = OnnxDecodeLoop(session, info.signatures[GENERATE], where) if first == GENERATE else None
    model = LanguageModel(OnnxStepModel(open_step, info.signatures[STEP], where), info.tokenizer, loop)
    return model, _slow(info, where, path)


_TEXT_ALONE = (
    "{path}: holds the graph from text to text alone, which programs without this toolkit run. Open the bundle, or "
    "its {others}."
)


def _warn(sentences: tuple[str, ...], stacklevel: int) -> None:
    """Warn of each, at the caller of a public function."""
    for sentence in sentences:
        warnings.warn(sentence, stacklevel=stacklevel)


def _slow(info: ModelInfo, where: str, path: Path) -> tuple[str, ...]:
    """A sentence where smaller weights are slower than float32."""
    kind, fast_on = info.quantization.get("kind"), info.quantization.get("fast_on")
    slow = fast_on == "native" and platform.machine() not in _NATIVE
    if slow or (fast_on == "cuda" and where != "cuda"):
        host = platform.machine() if slow else "the CPU"
        return (f"{path}: {kind} is slower than float32 on {host}; export with --quantize int8",)
    return ()


def load_series(path: str | Path, device: str = "auto", *, threads: int = 1, backend: str | None = None) -> SeriesModel:
    """Open an exported model over real numbers; arguments and errors as of `load`, without checkpoints.

    Example:
        >>> outputs, state = toolkit.load_series("runs/sine/best").run(inputs)  # [N, T, D] -> [N, T, K]
    """
    from .onnx_models import OnnxStepModel  # noqa: PLC0415 - as above
    from .onnx_session import session_device  # noqa: PLC0415 - as above

    path = Path(path)
    if backend == "torchscript":
        steps, data, info = _torchscript(path, SERIES, STEP_TORCHSCRIPT)
        return SeriesModel(steps.torchscript_step(data, info, device))
    if backend not in (None, "onnx"):
        raise ToolkitError(f"backend of a series must be onnx or torchscript, found {backend!r}")
    info, sessions, _ = _graphs(path, device, threads)
    expect_kind(info, SERIES, path)
    session = sessions[STEP](device)
    return SeriesModel(OnnxStepModel(lambda: session, info.signatures[STEP], session_device(session)))


def load_translator(
    path: str | Path, device: str = "auto", *, threads: int = 1, backend: str | None = None
) -> Translator:
    """Open an exported sequence-to-sequence model; arguments and errors as of `load`.

    Example:
        >>> toolkit.load_translator("runs/dates/best").translate("March 3, 2021")[0].text
    """
    path = Path(path)
    backend = _checked(path, backend, threads)
    if backend != "onnx":
        steps = _torch_backends(backend, path, _TORCH_TRANSLATORS)
        if backend == "eager":
            return cast("Translator", steps.load_eager_translator(path, device))
        bundle = read_bundle(path)
        expect_kind(bundle.info, SEQ2SEQ, path)
        return cast("Translator", steps.load_torchscript_translator(bundle, device))

    graphs = _graphs(path, device, threads)
    expect_kind(graphs.info, SEQ2SEQ, path)
    model, found = _translator(path, graphs, device)
    _warn(found, 3)
    return model


def _translator(path: Path, graphs: "_Graphs", device: str) -> tuple[Translator, tuple[str, ...]]:
    """What translates with some graphs, and what to know of it."""
    from .onnx_seq2seq import OnnxSeq2Seq, OnnxTranslateLoop  # noqa: PLC0415 - as above
    from .onnx_session import session_device  # noqa: PLC0415 - as above

    info, sessions = graphs.info, graphs.without_text().sessions
    if not sessions:
        raise ToolkitError(_TEXT_ALONE.format(path=path, others=TRANSLATE_ONNX))
    if TRANSLATE not in sessions:
        raise ToolkitError(f"{path}: holds the {next(iter(sessions))} alone. Open the bundle, or its {TRANSLATE_ONNX}.")
    session = sessions[TRANSLATE](device)
    where = session_device(session)

    def open_graph(graph: str) -> Any:  # noqa: ANN401 - ort is untyped
        if graph not in sessions:
            raise ToolkitError(
                f"{path}: holds the translation loop alone, and the {graph} was asked for (beams and attention need "
                "it). Open the bundle."
            )
        return sessions[graph](where)

    loop = OnnxTranslateLoop(session, info.signatures[TRANSLATE], where)
    backend = OnnxSeq2Seq(open_graph, info.signatures, where)
    reads, writes = info.tokenizers[SOURCE], info.tokenizers[TARGET]
    model = Translator(backend, reads, writes, loop, info.network.get("longest_source"))
    return model, _slow(info, where, path)


_WRITERS: Mapping[str, Callable[..., tuple[LanguageModel | Translator, tuple[str, ...]]]] = {
    LM: _language_model,
    SEQ2SEQ: _translator,
}
"""Kind of a model that writes text -> what makes one of its graphs."""


def load_window(path: str | Path, device: str = "auto", *, threads: int = 1, backend: str | None = None) -> WindowModel:
    """Open an exported network that reads a window of text at once; arguments and errors as of `load`.

    Example:
        >>> toolkit.load_window("runs/a/best").next_tokens("the moon is", 3)
    """
    path = Path(path)
    backend = _checked(path, backend, threads)
    if backend == "eager":
        return cast("WindowModel", _torch_backends(backend, path).load_eager_window(path, device))
    if backend == "torchscript":
        steps, data, info = _torchscript(path, WINDOW, SEQUENCE_TORCHSCRIPT)
        return WindowModel(steps.torchscript_sequence(data, info, device), info.tokenizer, info.network["window"])

    from .onnx_models import OnnxSequence  # noqa: PLC0415 - as above
    from .onnx_session import session_device  # noqa: PLC0415 - as above

    info, sessions, _ = _graphs(path, device, threads)
    expect_kind(info, WINDOW, path)
    session = sessions[SEQUENCE](device)
    reader = OnnxSequence(session, info.signatures[SEQUENCE], session_device(session))
    return WindowModel(reader, info.tokenizer, info.network["window"])


_STEP_FILES = {"torchscript": STEP_TORCHSCRIPT, "pt2": STEP_PROGRAM}
"""The file of a step by what runs it, beside ONNX Runtime."""


def load_module(path: str | Path, device: str = "auto", *, threads: int = 1, backend: str | None = None) -> ModuleModel:
    """Open the step of any bundle that has one, above all of those that `toolkit.export.export_module` wrote.

    Args:
        path: a bundle folder, or a single step.onnx.
        device: "cpu", "cuda", or "auto": CUDA where it really works, else the CPU.
        threads: threads within an operator.
        backend: "onnx" (the default), "torchscript" or "pt2"; the last two need torch and a bundle that has the file.

    Returns:
        The step; `ModuleModel.device` says where it really runs.

    Raises:
        FileFormatError: missing, altered, truncated, or no model of ours.
        ToolkitError: it has no step, or the device cannot be had.
        MissingDependencyError: a torch backend without torch.

    Example:
        >>> model = toolkit.load_module("bundles/convgru")
        >>> outputs, state = model.step(frames, model.init_state(len(frames)))
    """
    from .onnx_models import OnnxStepModel  # noqa: PLC0415 - as above
    from .onnx_session import session_device  # noqa: PLC0415 - as above

    path = Path(path)
    if backend not in (None, "onnx", *_STEP_FILES):
        raise ToolkitError(f"backend of a step must be onnx, torchscript or pt2, found {backend!r}")
    _checked(path, "onnx", threads)
    if backend in _STEP_FILES:
        bundle, steps = read_bundle(path), _torch_backends(backend, path)
        _expect_step(bundle.info.signatures, bundle.info, path)
        open_step = steps.program_step if backend == "pt2" else steps.torchscript_step
        return ModuleModel(open_step(bundle.read(_STEP_FILES[backend]), bundle.info, device), bundle.info)
    info, sessions, _ = _graphs(path, device, threads)
    _expect_step(sessions, info, path)
    session = sessions[STEP](device)
    _warn(_slow(info, session_device(session), path), 3)
    return ModuleModel(OnnxStepModel(lambda: session, info.signatures[STEP], session_device(session)), info)


def _expect_step(graphs: Mapping[str, object], info: ModelInfo, path: Path) -> None:
    """Raise ToolkitError if a model, or what of it lies here, has no step."""
    if STEP in info.signatures and STEP not in graphs:
        raise ToolkitError(f"{path}: holds the {next(iter(graphs))} alone. Open the bundle, or its {STEP_ONNX}.")
    if STEP not in info.signatures:
        raise kind_error(info.kind, path)


def _torchscript(path: Path, kind: str, name: str) -> tuple[Any, bytes, ModelInfo]:
    """The module that opens a .ts.pt, the bytes of one in a bundle, and its facts."""
    bundle = read_bundle(path)
    expect_kind(bundle.info, kind, path)
    return _torch_backends("torchscript", path), bundle.read(name), bundle.info


_KINDS = {
    LM: "a language model: open it with toolkit.load, or use `toolkit generate`",
    SERIES: "a model over real numbers, it writes no text: open it with toolkit.load_series, or use `toolkit series`",
    SEQ2SEQ: "a model from text to text: open it with toolkit.load_translator, or use `toolkit translate`",
    WINDOW: "a network that reads a window of text at once, in both directions: it has no step to go on with from "
    "token to token. Open it with toolkit.load_window, or use `toolkit window`, for the token after a window",
    MODULE: "a step with inputs and outputs of its own: open it with toolkit.load_module, and call its method step",
}


def expect_kind(info: ModelInfo, kind: str, path: Path) -> None:
    """Raise ToolkitError if a model is of another kind, with what to use instead."""
    if info.kind != kind:
        raise kind_error(info.kind, path)


def kind_error(kind: str, path: Path, first: str = "") -> ToolkitError:
    """What to say of a model of a kind that is not the one wanted; `first` is to be done before anything else."""
    return ToolkitError(f"{path}: is {_KINDS[kind]}.{f' {first}.' if first else ''}")


def kind_of(path: Path) -> str:
    """The kind of a bundle, an .onnx file or a checkpoint; arguments and errors as of what opens it."""
    if path.is_file() and path.suffix == ".pt":
        return str(_torch_backends("eager", path, _CHECKPOINTS).load_checkpoint(path).kind)
    return _graphs(path, "cpu", 1).info.kind


def fingerprint(path: str | Path) -> str:
    """The SHA-256 that tells one model from another: of a file, or of a bundle's model.json, which has all hashes.

    Raises:
        FileFormatError: there is nothing.
    """
    path = model_path(path)
    return sha256(read_bytes(path / MODEL_JSON if path.is_dir() else path, "a model"))


def read_info(path: Path) -> ModelInfo:
    """The facts of a bundle folder or a single .onnx file, after all that `load` checks."""
    return _graphs(path, "cpu", 1).opened("cpu").info


def single_graph(path: Path) -> tuple[ModelInfo, str]:
    """The facts of a single .onnx file, after all that `load` checks, and which graph of the model it is."""
    graphs = _graphs(path, "cpu", 1)
    return graphs.info, next(iter(graphs.sessions))


_Opener = Callable[[str], Any]
"""A device -> a session on a graph whose hash and contract hold."""


class _Graphs(NamedTuple):
    """The facts and the graphs of a model, and what tells it from another."""

    info: ModelInfo
    sessions: Mapping[str, _Opener]
    fingerprint: str

    def without_text(self) -> "_Graphs":
        """The same without the graph that only hosts with neither tokenizer nor sampler need."""
        return self._replace(sessions={name: found for name, found in self.sessions.items() if name != TEXT})

    def opened(self, device: str) -> "_Graphs":
        """The same with each graph opened, so that its hash and contract are known to hold."""
        from .onnx_session import session_device  # noqa: PLC0415 - as above

        found: dict[str, _Opener] = {}
        for graph, open_graph in self.sessions.items():
            session = open_graph(device)
            device = session_device(session)  # the others where the first is
            found[graph] = partial(_as_it_is, session)
        return self._replace(sessions=found)


def _as_it_is(session: Any, _device: str) -> Any:  # noqa: ANN401 - ort is untyped
    """What opens a session that is open."""
    return session


def _graphs(path: Path, device: str, threads: int) -> _Graphs:
    """The facts and the graphs of a bundle or a single .onnx file; no file is damaged."""
    from .onnx_session import check_contract, open_session  # noqa: PLC0415 - as above

    path = model_path(path)

    def open_graph(graph: str, name: str, read: Callable[[], bytes], where: str) -> Any:  # noqa: ANN401 - ort is untyped
        session = open_session(read(), name, where, threads)
        check_contract(session, info.signatures[graph], name, graph)
        return session

    if path.is_dir():
        bundle = read_bundle(path)
        info = bundle.info
        files = {graph: GRAPH_FILES[graph] for graph in info.signatures if graph in GRAPH_FILES}
        for name in files.values():
            bundle.look_at(name)  # its hash is checked when it is opened
        sessions = {
            graph: partial(open_graph, graph, str(path / name), partial(bundle.read, name))
            for graph, name in files.items()
        }
        return _Graphs(info, sessions, bundle.sha256)
    byte_count(path, "a bundle folder, an .onnx file or a checkpoint", None if path.suffix != ".onnx" else MOST_BYTES)
    if path.suffix != ".onnx":
        raise FileFormatError(
            f"{path}: expected a bundle folder, an .onnx file or a checkpoint (.pt), found {what_is(path)}. A "
            "checkpoint is exported first: toolkit export FILE."
        )
    data = read_bytes(path, "an .onnx file")
    session = open_session(data, str(path), device, threads)
    facts = session.get_modelmeta().custom_metadata_map.get(METADATA_KEY)
    if facts is None:
        raise FileFormatError(
            f"{path}: an ONNX file, but none that `toolkit export` wrote (no {METADATA_KEY!r} in its metadata). "
            "Export a checkpoint with `toolkit export`."
        )
    info, graph = ModelInfo.of_graph(facts, str(path))
    check_contract(session, info.signatures[graph], str(path), graph)
    return _Graphs(info, {graph: partial(_as_it_is, session)}, sha256(data))


def _torch_backends(backend: str, path: Path, module: str = _TORCH_BACKENDS) -> Any:  # noqa: ANN401 - a module
    try:
        return import_module(module)
    except ModuleNotFoundError as error:
        if error.name != "torch":
            raise
        raise MissingDependencyError.for_extra("torch", f"{path}: opening it with {backend}", "train") from error


def _load_torch(path: Path, backend: str, device: str) -> LanguageModel:
    steps = _torch_backends(backend, path)
    if backend == "eager":
        return cast("LanguageModel", steps.load_eager(path, device))
    _, data, info = _torchscript(path, LM, STEP_TORCHSCRIPT)
    return cast("LanguageModel", steps.load_torchscript(data, info, device))
