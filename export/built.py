"""A bundle in memory: what every kind of model has in common."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from toolkit.bundle import MODEL_JSON, ModelInfo
from toolkit.corpus import BUILTIN
from toolkit.files import sha256
from toolkit.models.checkpoint import Checkpoint
from toolkit.version import __version__

from .onnx_file import OPSET
from .parity import ParityReport
from .quantized import QuantizationReport


@dataclass(frozen=True)
class Built:
    """The files of a bundle in memory.

    Attributes:
        info: its facts.
        report: what the parity check measured.
        files: name -> bytes, model.json last.
        quantized: what quantisation costs and gains, where it was asked for.
        example: something to try the model on, where its vocabulary gives none.
    """

    info: ModelInfo
    report: ParityReport
    files: Mapping[str, bytes]
    quantized: QuantizationReport | None = None
    example: str = ""


def bundle_files(info: ModelInfo, files: Mapping[str, bytes], card: str) -> dict[str, bytes]:
    """The graphs' files, the model card, and model.json, which lists them."""
    files = {**files, "README.md": card.encode()}
    listed = {name: {"bytes": len(data), "sha256": sha256(data)} for name, data in files.items()}
    facts = json.dumps({**info.to_dict(), "files": listed}, ensure_ascii=False, indent=1)
    return {**files, MODEL_JSON: facts.encode()}


def provenance(checkpoint: Checkpoint, checkpoint_sha256: str) -> dict[str, Any]:
    """Where the model came from; no path of the machine it was made on."""
    source, metrics = str(checkpoint.corpus["source"]), checkpoint.metrics
    return {
        "toolkit": __version__,
        "torch": torch.__version__.partition("+")[0],
        "onnx_opset": OPSET,
        "checkpoint_sha256": checkpoint_sha256,
        "corpus": {
            "name": source if source.startswith(BUILTIN) else Path(source).name,
            "sha256": checkpoint.corpus["sha256"],
            "characters": checkpoint.corpus["characters"],
        },
        "epoch": metrics.get("epoch", 0),
        "perplexity": metrics.get("perplexity"),
        "valid_perplexity": metrics.get("valid_perplexity"),
    }
