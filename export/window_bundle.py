"""The bundle of a network that reads a window: one graph as ONNX and TorchScript, behind the gate."""

from collections.abc import Mapping
from dataclasses import replace

import torch

from toolkit.bundle import (
    SEQUENCE,
    SEQUENCE_ONNX,
    SEQUENCE_TORCHSCRIPT,
    WINDOW,
    ModelInfo,
    network_signatures,
)
from toolkit.errors import ToolkitError
from toolkit.models.checkpoint import Checkpoint
from toolkit.models.torch_steps import TorchSequence, torchscript_sequence
from toolkit.onnx_models import OnnxSequence
from toolkit.onnx_session import check_contract, open_session
from toolkit.signature import Signature

from .built import Built, bundle_files, provenance, text_ids
from .export_options import ExportOptions
from .onnx_proto import with_metadata
from .parity import ParityReport
from .sequence_graph import sequence_graph
from .sequence_parity import check_sequences
from .torchscript_file import script, torchscript_bytes
from .window_card import window_card


def build(checkpoint: Checkpoint, checkpoint_sha256: str, options: ExportOptions) -> Built:
    """All files of a bundle in memory, after the gate has let them pass.

    Raises:
        ParityError: a graph does not equal eager PyTorch.
        ToolkitError: quantisation was asked for.
    """
    if options.quantize != "none":
        raise ToolkitError(
            f"--quantize {options.quantize}: what it costs is measured on a text read token by token, and a network "
            "that reads a window has no step for that. Export it without."
        )
    network = checkpoint.build().requires_grad_(requires_grad=False)
    info = ModelInfo(
        kind=WINDOW,
        network={
            **checkpoint.network.to_dict(),
            "vocab_size": len(checkpoint.tokenizer),
            "window": checkpoint.training["options"]["num_steps"],
        },
        signatures=signatures_of(checkpoint),
        tokenizers=checkpoint.tokenizers,
        provenance=provenance(checkpoint, checkpoint_sha256),
    )
    graph, scripted = sequence_graph(network, info.signatures[SEQUENCE], SEQUENCE), script(network)

    def files(info: ModelInfo) -> dict[str, bytes]:
        facts = info.to_json(SEQUENCE)
        return {SEQUENCE_ONNX: with_metadata(graph, facts), SEQUENCE_TORCHSCRIPT: torchscript_bytes(scripted, facts)}

    report = check(checkpoint, files(info), info)
    info = replace(info, parity=report.to_dict())
    made = files(info)
    card = window_card(info, {name: len(data) for name, data in made.items()})
    return Built(info, report, bundle_files(info, made, card))


def signatures_of(checkpoint: Checkpoint) -> Mapping[str, Signature]:
    """The contract of the graph that a checkpoint gives."""
    return network_signatures(WINDOW, checkpoint.network.to_dict(), len(checkpoint.tokenizer))


def check(checkpoint: Checkpoint, files: Mapping[str, bytes], info: ModelInfo) -> ParityReport:
    """The gate, with the network of a checkpoint as reference and the text that the checkpoint carries."""
    session = open_session(files[SEQUENCE_ONNX], SEQUENCE_ONNX, "cpu")
    check_contract(session, info.signatures[SEQUENCE], SEQUENCE_ONNX, SEQUENCE)
    tokenizer = checkpoint.tokenizer
    return check_sequences(
        _eager(checkpoint, torch.float32),
        lambda: _eager(checkpoint, torch.float64),
        {
            "torchscript": torchscript_sequence(files[SEQUENCE_TORCHSCRIPT], info, "cpu"),
            "onnx": OnnxSequence(session, info.signatures[SEQUENCE], "cpu"),
        },
        text_ids(checkpoint),
        len(tokenizer),
        info.network["window"],
    )


def _eager(checkpoint: Checkpoint, dtype: torch.dtype) -> TorchSequence:
    """The network as it was trained."""
    return TorchSequence(checkpoint.build().to(dtype), len(checkpoint.tokenizer), torch.device("cpu"))
