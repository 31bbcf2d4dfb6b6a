"""toolkit export: a checkpoint in, a verified bundle out, or nothing."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import onnx
import torch

from toolkit.bundle import (
    GENERATE,
    GRAPH_FILES,
    MODEL_JSON,
    STEP,
    STEP_TORCHSCRIPT,
    ModelInfo,
    is_bundle,
    read_bundle,
)
from toolkit.corpus import BUILTIN
from toolkit.errors import FileFormatError, ParityError, ToolkitError
from toolkit.files import new_folder, sha256
from toolkit.language_model import LanguageModel
from toolkit.loading import read_info
from toolkit.models.checkpoint import Checkpoint, load_checkpoint
from toolkit.models.torch_steps import EagerStepModel, load_torchscript, network_signature
from toolkit.onnx_models import OnnxDecodeLoop, OnnxStepModel
from toolkit.onnx_session import check_contract, open_session
from toolkit.signature import generate_signature
from toolkit.version import __version__

from .export_options import ExportOptions
from .generate_graph import generate_graph
from .loop_parity import check_loops
from .model_card import model_card
from .onnx_file import OPSET, to_onnx, with_metadata
from .parity import ParityReport, check_parity
from .quantized import QuantizationReport, quantized_graphs
from .step_module import step_module
from .torchscript_file import script, torchscript_bytes


@dataclass(frozen=True)
class Exported:
    """A bundle that was just written.

    Attributes:
        folder: where it is.
        info: its facts.
        report: what the parity check measured.
        sizes: file name -> bytes.
        quantized: what quantisation costs and gains, where it was asked for.
    """

    folder: Path
    info: ModelInfo
    report: ParityReport
    sizes: Mapping[str, int]
    quantized: QuantizationReport | None = None


def default_folder(checkpoint: Path, quantize: str = "none") -> Path:
    """A folder beside the checkpoint, named after it, and after the quantisation if there is one."""
    folder = checkpoint.with_suffix("") if checkpoint.suffix else checkpoint.with_name(checkpoint.name + "-bundle")
    return folder if quantize == "none" else folder.with_name(f"{folder.name}-{quantize}")


def export_checkpoint(
    path: Path, folder: Path | None = None, options: ExportOptions | None = None, *, force: bool = False
) -> Exported:
    """Export a checkpoint.

    The bundle is built in a temporary folder and renamed, so that a half-written one cannot exist.

    Args:
        path: the checkpoint.
        folder: where the bundle goes; by default a folder beside the checkpoint, named after it.
        options: how to write the graphs.
        force: replace a bundle that is there; anything else is never replaced.

    Raises:
        FileFormatError: no checkpoint of ours.
        ParityError: a graph does not equal eager PyTorch; nothing is written.
        ToolkitError: the folder exists, or cannot be written to.
    """
    options = options or ExportOptions()
    folder = folder or default_folder(path, options.quantize)
    checkpoint = load_checkpoint(path)
    _check_target(folder, force=force)
    with new_folder(folder, replace=force) as temporary:
        try:
            built = build_bundle(checkpoint, sha256(path.read_bytes()), options)
        except ParityError as error:
            raise ParityError(f"{error} Nothing was exported.") from error
        for name, data in built.files.items():
            (temporary / name).write_bytes(data)
        read_info(temporary)  # what was written opens, its hashes and its contract hold
    sizes = {name: len(data) for name, data in built.files.items()}
    return Exported(folder, built.info, built.report, sizes, built.quantized)


def _check_target(folder: Path, *, force: bool) -> None:
    """Only --force replaces, and only a bundle."""
    if not folder.exists():
        return
    if not force:
        raise ToolkitError(
            f"{folder}: already exists. Choose another folder with -o, or give --force to replace a bundle."
        )
    if not (folder.is_dir() and is_bundle(folder)):
        raise ToolkitError(
            f"{folder}: exists and is no bundle, so --force does not replace it. Choose another folder with -o."
        )


@dataclass(frozen=True)
class Built:
    """A bundle in memory.

    Attributes:
        info: its facts.
        report: what the parity check measured.
        quantized: what quantisation costs and gains, where it was asked for.
        files: name -> bytes, model.json last.
    """

    info: ModelInfo
    report: ParityReport
    quantized: QuantizationReport | None
    files: Mapping[str, bytes]


def build_bundle(checkpoint: Checkpoint, checkpoint_sha256: str, options: ExportOptions) -> Built:
    """All files of a bundle in memory, model.json last, after the gate has let them pass.

    Raises:
        ParityError: a graph does not equal eager PyTorch, or quantisation costs more than is allowed.
    """
    network = checkpoint.build()
    signature = network_signature(network)
    info = ModelInfo(
        kind=checkpoint.kind,
        network={**checkpoint.network.to_dict(), "vocab_size": len(checkpoint.tokenizer)},
        signatures={STEP: signature, GENERATE: generate_signature(signature)},
        tokenizer=checkpoint.tokenizer,
        provenance=_provenance(checkpoint, checkpoint_sha256, options),
    )
    banned = (checkpoint.tokenizer.unk_id,)
    module = step_module(network, options.max_table_bytes, banned)
    step = to_onnx(module, signature, STEP)
    protos = {STEP: step, GENERATE: generate_graph(step, info.signatures[GENERATE], banned, GENERATE)}
    scripted = script(module)
    graphs = open_graphs(_files(info, protos, scripted), info)
    report = check_against(checkpoint, graphs)
    quantized = None
    if options.quantize != "none":
        protos, quantized, loops = quantized_graphs(protos, info.signatures, checkpoint, options)
        report = replace(report, loops={**report.loops, options.quantize: loops["onnx"]})
        info = replace(info, quantization=quantized.to_dict())
    info = replace(info, parity=report.to_dict())
    files = _files(info, protos, scripted)
    if quantized:
        del files[STEP_TORCHSCRIPT]  # it holds the weights in float32
    return Built(info, report, quantized, _bundle_files(info, files))


def _files(
    info: ModelInfo, protos: Mapping[str, onnx.ModelProto], scripted: torch.jit.ScriptModule
) -> dict[str, bytes]:
    """The graphs' files, with the facts in each of them."""
    files = {GRAPH_FILES[graph]: with_metadata(proto, info.to_json(graph)) for graph, proto in protos.items()}
    return {**files, STEP_TORCHSCRIPT: torchscript_bytes(scripted, info.to_json(STEP))}


def _bundle_files(info: ModelInfo, files: dict[str, bytes]) -> dict[str, bytes]:
    """The graphs' files, and what describes them."""
    files = {**files, "README.md": model_card(info, {name: len(data) for name, data in files.items()}).encode()}
    listed = {name: {"bytes": len(data), "sha256": sha256(data)} for name, data in files.items()}
    files[MODEL_JSON] = json.dumps({**info.to_dict(), "files": listed}, ensure_ascii=False, indent=1).encode()
    return files


def open_graphs(files: Mapping[str, bytes], info: ModelInfo) -> dict[str, LanguageModel]:
    """The exported graphs on the CPU, their declared axes checked."""
    sessions = {}
    for graph in (STEP, GENERATE):
        name = GRAPH_FILES[graph]
        sessions[graph] = open_session(files[name], name, "cpu")
        check_contract(sessions[graph], info.signatures[graph], name, graph)
    step = OnnxStepModel(lambda: sessions[STEP], info.signatures[STEP], "cpu")
    loop = OnnxDecodeLoop(sessions[GENERATE], info.signatures[GENERATE], "cpu")
    return {
        "torchscript": load_torchscript(files[STEP_TORCHSCRIPT], info, "cpu"),
        "onnx": LanguageModel(step, info.tokenizer, loop),
    }


def check_against(checkpoint: Checkpoint, graphs: Mapping[str, LanguageModel]) -> ParityReport:
    """The gate, with the network of a checkpoint as reference and the text that the checkpoint carries."""
    tokenizer = checkpoint.tokenizer
    text_ids = tokenizer.encode(checkpoint.corpus["sample"])
    report = check_parity(
        EagerStepModel(checkpoint.build()),
        lambda: EagerStepModel(checkpoint.build().double()),
        {name: model.backend for name, model in graphs.items()},
        len(tokenizer),
        text_ids,
    )
    pairs = {name: (model.backend, model.loop) for name, model in graphs.items() if model.loop is not None}
    return replace(report, loops=check_loops(pairs, (tokenizer.unk_id,), text_ids, report.allowed))


def verify_bundle(folder: Path, checkpoint_path: Path) -> ParityReport:
    """Run the gate again over the files of a bundle.

    Raises:
        FileFormatError: a file is missing or altered, or the checkpoint has another shape.
        ParityError: a graph does not equal the checkpoint.
    """
    bundle = read_bundle(folder)
    files = {name: bundle.read(name) for name in bundle.files}
    checkpoint = load_checkpoint(checkpoint_path)
    network = checkpoint.build()
    if network_signature(network) != bundle.info.signatures[STEP] or checkpoint.tokenizer != bundle.info.tokenizer:
        raise FileFormatError(
            f"{folder}: was not exported from {checkpoint_path}: the network or the vocabulary has another size. "
            "Give the checkpoint that it was made from."
        )
    try:
        if bundle.info.quantization:
            return _verify_quantized(checkpoint, bundle.info, files)
        return check_against(checkpoint, open_graphs(files, bundle.info))
    except ParityError as error:
        raise ParityError(f"{folder}: does not equal {checkpoint_path}: {error}") from error


def _verify_quantized(checkpoint: Checkpoint, info: ModelInfo, files: Mapping[str, bytes]) -> ParityReport:
    """The files of a quantised bundle against the checkpoint: its graphs are made again and must be the same."""
    options = ExportOptions(
        max_table_mib=info.provenance["max_table_mib"], quantize=info.quantization["kind"], max_ppl_increase=1000.0
    )
    built = build_bundle(checkpoint, info.provenance["checkpoint_sha256"], options)
    for name in GRAPH_FILES.values():
        if _graph_bytes(built.files[name]) != _graph_bytes(files[name]):
            raise ParityError(f"{name} is not what exporting and quantising the checkpoint gives.")
    return built.report


def _graph_bytes(data: bytes) -> bytes:
    """A graph without its metadata, where figures of its export stand."""
    return with_metadata(onnx.load_from_string(data), "")


def _provenance(checkpoint: Checkpoint, checkpoint_sha256: str, options: ExportOptions) -> dict[str, Any]:
    """Where the model came from; no path of the machine it was made on."""
    source = str(checkpoint.corpus["source"])
    return {
        "toolkit": __version__,
        "torch": torch.__version__.partition("+")[0],
        "onnx_opset": OPSET,
        "max_table_mib": options.max_table_mib,
        "checkpoint_sha256": checkpoint_sha256,
        "corpus": {
            "name": source if source.startswith(BUILTIN) else Path(source).name,
            "sha256": checkpoint.corpus["sha256"],
            "characters": checkpoint.corpus["characters"],
        },
        "epoch": checkpoint.metrics.get("epoch", 0),
        "perplexity": checkpoint.metrics.get("perplexity"),
        "valid_perplexity": checkpoint.metrics.get("valid_perplexity"),
    }
