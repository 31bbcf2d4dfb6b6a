"""A bundle in memory: what every kind of model has in common."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from toolkit.bundle import MODEL_JSON, ModelInfo
from toolkit.corpus import source_name
from toolkit.files import sha256
from toolkit.models.checkpoint import Checkpoint
from toolkit.step_model import Ids
from toolkit.version import __version__

from .onnx_proto import OPSET
from .parity import RANDOM_SEED, STEPS, ParityReport
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
    corpus, metrics = checkpoint.corpus, checkpoint.metrics
    source = str(corpus.get("source", ""))
    known = {
        "name": source_name(source),
        "sha256": corpus.get("sha256"),
        "characters": corpus.get("characters"),
    }
    return {
        "toolkit": __version__,
        "torch": torch.__version__.partition("+")[0],
        "onnx_opset": OPSET,
        "checkpoint_sha256": checkpoint_sha256,
        "corpus": known if source else None,
        "epoch": metrics.get("epoch"),
        "perplexity": metrics.get("perplexity"),
        "valid_perplexity": metrics.get("valid_perplexity"),
        **({"recognised": dict(checkpoint.recognised)} if checkpoint.recognised else {}),
    }


def text_ids(checkpoint: Checkpoint) -> Ids | None:
    """The ids of the text that a checkpoint carries; None where it carries none."""
    text = checkpoint.corpus.get("sample")
    return checkpoint.tokenizer.encode(text) if text else None


def some_ids(checkpoint: Checkpoint) -> Ids:
    """Those, or random ones."""
    found = text_ids(checkpoint)
    if found is None:
        found = np.random.default_rng(RANDOM_SEED).integers(0, len(checkpoint.tokenizer), STEPS, dtype=np.int64)
    return found
