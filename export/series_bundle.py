"""The bundle of a model over real numbers: its step as ONNX and TorchScript, behind the gate."""

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from toolkit.bundle import SERIES, STEP, STEP_ONNX, STEP_TORCHSCRIPT, ModelInfo
from toolkit.errors import ToolkitError
from toolkit.models.checkpoint import Checkpoint
from toolkit.models.torch_steps import EagerSeriesModel, torchscript_step
from toolkit.onnx_models import OnnxStepModel
from toolkit.onnx_session import check_contract, open_session
from toolkit.signature import Signature

from .built import Built, bundle_files, provenance
from .export_options import ExportOptions
from .onnx_file import to_onnx
from .onnx_proto import with_metadata
from .parity import AnyStep, ParityReport, check_parity, number_inputs
from .series_card import series_card
from .series_module import series_module
from .torchscript_file import script, torchscript_bytes


def build(checkpoint: Checkpoint, checkpoint_sha256: str, options: ExportOptions) -> Built:
    """All files of a bundle in memory, after the gate has let them pass.

    Raises:
        ParityError: a graph does not equal eager PyTorch.
        ToolkitError: quantisation was asked for.
    """
    if options.quantize != "none":
        raise ToolkitError(
            f"--quantize {options.quantize}: what it costs is measured as perplexity, which a model over real numbers "
            "does not have. Export it without."
        )
    signature = signatures_of(checkpoint)[STEP]
    info = ModelInfo(
        kind=SERIES,
        network=checkpoint.network.to_dict(),
        signatures={STEP: signature},
        tokenizers={},
        provenance=provenance(checkpoint, checkpoint_sha256),
    )
    module = series_module(checkpoint.build())
    step, scripted = to_onnx(module, signature, STEP), script(module)

    def files(info: ModelInfo) -> dict[str, bytes]:
        facts = info.to_json(STEP)
        return {STEP_ONNX: with_metadata(step, facts), STEP_TORCHSCRIPT: torchscript_bytes(scripted, facts)}

    report = check(checkpoint, files(info), info)
    info = replace(info, parity=report.to_dict())
    made = files(info)
    card = series_card(info, {name: len(data) for name, data in made.items()})
    return Built(info, report, bundle_files(info, made, card))


def signatures_of(checkpoint: Checkpoint) -> Mapping[str, Signature]:
    """The contract of the step that a checkpoint gives."""
    return {STEP: EagerSeriesModel(checkpoint.build()).signature}


def check(checkpoint: Checkpoint, files: Mapping[str, bytes], info: ModelInfo) -> ParityReport:
    """The gate, with the network of a checkpoint as reference and the numbers that the checkpoint carries."""
    session = open_session(files[STEP_ONNX], STEP_ONNX, "cpu")
    check_contract(session, info.signatures[STEP], STEP_ONNX, STEP)
    graphs: dict[str, AnyStep] = {
        "torchscript": torchscript_step(files[STEP_TORCHSCRIPT], info, "cpu"),
        "onnx": OnnxStepModel(lambda: session, info.signatures[STEP], "cpu"),
    }
    points = checkpoint.corpus.get("sample")
    return check_parity(
        EagerSeriesModel(checkpoint.build_reference()),
        lambda: EagerSeriesModel(checkpoint.build_reference().double()),
        graphs,
        number_inputs(None if points is None else np.array(points, np.float32), checkpoint.network.input_size),
    )
