"""The bundle of a sequence-to-sequence model: encoder, decoder and the loop around them, behind their gates."""

from collections.abc import Mapping
from dataclasses import replace
from functools import partial

import numpy as np
import onnx
import torch

from toolkit.bundle import (
    DECODER,
    DECODER_TORCHSCRIPT,
    ENCODER,
    ENCODER_TORCHSCRIPT,
    GRAPH_FILES,
    SEQ2SEQ,
    SOURCE,
    TARGET,
    TEXT,
    TEXT_ONNX,
    TRANSLATE,
    TRANSLATE_ONNX,
    ModelInfo,
    network_signatures,
)
from toolkit.models.checkpoint import Checkpoint
from toolkit.models.torch_seq2seq import EagerSeq2Seq, network_facts, torchscript_seq2seq
from toolkit.onnx_seq2seq import OnnxSeq2Seq, OnnxTranslateLoop
from toolkit.onnx_session import check_contract, open_session
from toolkit.seq2seq import Seq2SeqBackend, batch_of
from toolkit.signature import Signature
from toolkit.step_model import Ids
from toolkit.tokenizer import Tokenizer

from .built import Built, bundle_files, provenance
from .differences import ATOL
from .encoder_graph import encoder_graph
from .export_options import ExportOptions
from .onnx_file import to_onnx
from .onnx_proto import with_metadata
from .parity import RANDOM_SEED, ParityReport
from .seq2seq_card import seq2seq_card
from .seq2seq_module import decoder_module, encoder_module
from .seq2seq_parity import check_seq2seq, check_translate
from .seq2seq_quantized import quantized_graphs
from .text_file import check_made, made_text
from .torchscript_file import script, torchscript_bytes
from .translate_graph import translate_graph

_MADE_UP = 12

_TEXTS = 8
"""Sources that the text graph is tried on."""

_TORCHSCRIPT = {ENCODER: ENCODER_TORCHSCRIPT, DECODER: DECODER_TORCHSCRIPT}


def build(checkpoint: Checkpoint, checkpoint_sha256: str, options: ExportOptions) -> Built:
    """All files of a bundle in memory, after the gate has let them pass.

    Raises:
        ParityError: a graph does not equal eager PyTorch, or quantisation costs more than is allowed.
    """
    network = checkpoint.build()
    signatures = signatures_of(checkpoint)
    info = ModelInfo(
        kind=SEQ2SEQ,
        network={
            **network_facts(network),
            **{name: checkpoint.corpus[name] for name in ("longest_source", "longest_target")},
        },
        signatures=signatures,
        tokenizers=checkpoint.tokenizers,
        provenance={**provenance(checkpoint, checkpoint_sha256), "max_table_mib": options.max_table_mib},
    )
    modules = {ENCODER: encoder_module(network), DECODER: decoder_module(network, options.max_table_bytes)}
    decoder = to_onnx(modules[DECODER], signatures[DECODER], DECODER)
    contracts = signatures[DECODER], signatures[TRANSLATE]
    graphs = {
        ENCODER: encoder_graph(network, signatures[ENCODER], ENCODER),
        DECODER: decoder,
        TRANSLATE: translate_graph(network, decoder, contracts, checkpoint.tokenizers[TARGET], TRANSLATE),
    }
    scripted = {name: script(module) for name, module in modules.items()}
    report = check(checkpoint, _files(info, graphs, scripted), info)
    quantized = None
    if options.quantize != "none":
        graphs, quantized, error = quantized_graphs(network, graphs, signatures, checkpoint, options)
        scripted = {}  # they hold the weights in float32
        report = replace(report, loops={**report.loops, options.quantize: error})
        info = replace(info, quantization=quantized.to_dict())
    if options.with_text:
        tolerance = ATOL if quantized else report.allowed
        info, graphs[TEXT], error = made_text(info, graphs[TRANSLATE], _samples(checkpoint), tolerance)
        report = replace(report, loops={**report.loops, TEXT: error})
    info = replace(info, parity=report.to_dict())
    files = _files(info, graphs, scripted)
    sample = checkpoint.corpus.get("sample")
    example = str(sample[0][0]) if sample else checkpoint.tokenizers[SOURCE].example
    card = seq2seq_card(info, {name: len(data) for name, data in files.items()}, example)
    return Built(info, report, bundle_files(info, files, card), quantized, example)


def _files(
    info: ModelInfo, graphs: Mapping[str, onnx.ModelProto], scripted: Mapping[str, torch.jit.ScriptModule]
) -> dict[str, bytes]:
    """The graphs' files, with the facts in each of them."""
    files = {GRAPH_FILES[name]: with_metadata(graph, info.to_json(name)) for name, graph in graphs.items()}
    return {**files, **{_TORCHSCRIPT[n]: torchscript_bytes(module, info.to_json(n)) for n, module in scripted.items()}}


def _some_sources(reads: Tokenizer) -> list[Ids]:
    """Random sources of different lengths, where no real ones are known."""
    random = np.random.default_rng(RANDOM_SEED)
    return [random.integers(0, len(reads), length, dtype=np.int64) for length in range(1, _MADE_UP + 1)]


def signatures_of(checkpoint: Checkpoint) -> Mapping[str, Signature]:
    """The contracts of the graphs that a checkpoint gives."""
    facts = {**checkpoint.network.to_dict(), "memory_size": checkpoint.network.memory_size}
    return network_signatures(SEQ2SEQ, facts, len(checkpoint.tokenizers[TARGET]))


def check(checkpoint: Checkpoint, files: Mapping[str, bytes], info: ModelInfo) -> ParityReport:
    """The gate, with the network of a checkpoint as reference and the pairs that the checkpoint carries."""
    sessions = {}
    for name in (ENCODER, DECODER, TRANSLATE):
        file = GRAPH_FILES[name]
        sessions[name] = open_session(files[file], file, "cpu")
        check_contract(sessions[name], info.signatures[name], file, name)
    onnx_graphs = OnnxSeq2Seq(sessions.__getitem__, info.signatures, "cpu")
    scripted = partial(torchscript_seq2seq, files[ENCODER_TORCHSCRIPT], files[DECODER_TORCHSCRIPT])
    graphs: dict[str, Seq2SeqBackend] = {"torchscript": scripted(info, "cpu"), "onnx": onnx_graphs}
    reads, writes = checkpoint.tokenizers[SOURCE], checkpoint.tokenizers[TARGET]
    sample = checkpoint.corpus.get("sample", ())
    pairs = [(reads.encode(source), writes.marked(target)) for source, target in sample] or None
    report = check_seq2seq(
        EagerSeq2Seq(checkpoint.build()),
        lambda: EagerSeq2Seq(checkpoint.build().double()),
        graphs,
        pairs,
        (reads, writes),
    )
    loop = OnnxTranslateLoop(sessions[TRANSLATE], info.signatures[TRANSLATE], "cpu")
    batch = batch_of([source for source, _ in pairs] if pairs else _some_sources(reads))
    loops = {"onnx": check_translate("onnx", onnx_graphs, loop, batch, writes, report.allowed)}
    if TEXT in info.signatures:
        text, made_from = files[TEXT_ONNX], files[TRANSLATE_ONNX]
        loops[TEXT] = check_made(text, made_from, info, _samples(checkpoint), report.allowed)
    return replace(report, loops=loops)


def _samples(checkpoint: Checkpoint) -> list[str]:
    """What the text graph is tried on."""
    pairs = checkpoint.corpus.get("sample")
    return [source for source, _ in pairs[:_TEXTS]] if pairs else [checkpoint.tokenizers[SOURCE].example]
