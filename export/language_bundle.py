"""The bundle of a language model: step and decode loop, as ONNX and TorchScript, behind their gates."""

from collections.abc import Mapping
from dataclasses import replace

import onnx
import torch

from toolkit.bundle import GENERATE, GENERATE_ONNX, GRAPH_FILES, LM, STEP, STEP_TORCHSCRIPT, TEXT, TEXT_ONNX, ModelInfo
from toolkit.language_model import LanguageModel
from toolkit.models.checkpoint import Checkpoint
from toolkit.models.torch_steps import EagerStepModel, load_torchscript, network_signature
from toolkit.onnx_models import OnnxDecodeLoop, OnnxStepModel
from toolkit.onnx_session import check_contract, open_session
from toolkit.signature import Signature, generate_signature

from .built import Built, bundle_files, provenance, some_ids, text_ids
from .differences import ATOL
from .export_options import ExportOptions
from .generate_graph import generate_graph
from .loop_parity import check_loops
from .model_card import model_card
from .onnx_file import to_onnx
from .onnx_proto import with_metadata
from .parity import ParityReport, check_parity, token_inputs
from .quantized import quantized_graphs
from .step_module import step_module
from .text_file import check_made, made_text
from .torchscript_file import script, torchscript_bytes


def build(checkpoint: Checkpoint, checkpoint_sha256: str, options: ExportOptions) -> Built:
    """All files of a bundle in memory, after the gate has let them pass.

    Raises:
        ParityError: a graph does not equal eager PyTorch, or quantisation costs more than is allowed.
    """
    network = checkpoint.build()
    signature = network_signature(network)
    info = ModelInfo(
        kind=LM,
        network={**checkpoint.network.to_dict(), "vocab_size": len(checkpoint.tokenizer)},
        signatures={STEP: signature, GENERATE: generate_signature(signature)},
        tokenizers=checkpoint.tokenizers,
        provenance={**provenance(checkpoint, checkpoint_sha256), "max_table_mib": options.max_table_mib},
    )
    banned = checkpoint.tokenizer.banned_ids
    module = step_module(network, options.max_table_bytes, banned)
    step = to_onnx(module, signature, STEP)
    protos = {STEP: step, GENERATE: generate_graph(step, info.signatures[GENERATE], banned, GENERATE)}
    scripted = script(module)
    report = check(checkpoint, _files(info, protos, scripted), info)
    quantized = None
    if options.quantize != "none":
        protos, quantized, loops = quantized_graphs(protos, info.signatures, checkpoint, options)
        report = replace(report, loops={**report.loops, options.quantize: loops["onnx"]})
        info = replace(info, quantization=quantized.to_dict())
    if options.with_text:
        tolerance = ATOL if quantized else report.allowed
        info, protos[TEXT], error = made_text(info, protos[GENERATE], _samples(checkpoint), tolerance)
        report = replace(report, loops={**report.loops, TEXT: error})
    info = replace(info, parity=report.to_dict())
    files = _files(info, protos, None if quantized else scripted)  # which holds the weights in float32
    card = model_card(info, {name: len(data) for name, data in files.items()})
    return Built(info, report, bundle_files(info, files, card), quantized)


def _files(
    info: ModelInfo, protos: Mapping[str, onnx.ModelProto], scripted: torch.jit.ScriptModule | None
) -> dict[str, bytes]:
    """The graphs' files, with the facts in each of them."""
    files = {GRAPH_FILES[graph]: with_metadata(proto, info.to_json(graph)) for graph, proto in protos.items()}
    return files if scripted is None else {**files, STEP_TORCHSCRIPT: torchscript_bytes(scripted, info.to_json(STEP))}


def signatures_of(checkpoint: Checkpoint) -> Mapping[str, Signature]:
    """The contract of the step that a checkpoint gives."""
    return {STEP: network_signature(checkpoint.build())}


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


def check(checkpoint: Checkpoint, files: Mapping[str, bytes], info: ModelInfo) -> ParityReport:
    """The gate, with the network of a checkpoint as reference and the text that the checkpoint carries."""
    graphs, tokenizer = open_graphs(files, info), checkpoint.tokenizer
    begun = some_ids(checkpoint)
    report = check_parity(
        EagerStepModel(checkpoint.build_reference()),
        lambda: EagerStepModel(checkpoint.build_reference().double()),
        {name: model.backend for name, model in graphs.items()},
        token_inputs(len(tokenizer), text_ids(checkpoint)),
        greedy_from=int(begun[0]),
    )
    pairs = {name: (model.backend, model.loop) for name, model in graphs.items() if model.loop is not None}
    loops = check_loops(pairs, tokenizer.banned_ids, begun, report.allowed)
    if TEXT in info.signatures:
        text, loop = files[TEXT_ONNX], files[GENERATE_ONNX]
        loops[TEXT] = check_made(text, loop, info, _samples(checkpoint), report.allowed)
    return replace(report, loops=loops)


def _samples(checkpoint: Checkpoint) -> list[str]:
    """What the text graph is tried on."""
    return [checkpoint.corpus.get("sample") or checkpoint.tokenizer.example]
