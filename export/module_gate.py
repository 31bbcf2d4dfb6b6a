"""The gate of a module of another's: its files must compute what the module itself computes in eager PyTorch."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from math import prod
from typing import Any

import numpy as np
import numpy.typing as npt
from torch import Tensor, nn

from toolkit.bundle import GENERATE, GRAPH_FILES, LM, STEP, STEP_PROGRAM, STEP_TORCHSCRIPT, ModelInfo
from toolkit.errors import ToolkitError
from toolkit.models.torch_steps import program_step, torchscript_step
from toolkit.onnx_models import OnnxDecodeLoop, OnnxStepModel
from toolkit.onnx_session import check_contract, open_session
from toolkit.signature import Signature, TensorSpec
from toolkit.step_model import as_given

from . import parity
from .loop_parity import check_loops
from .module_step import EagerModule, FlatStep, in_float64
from .parity import BATCH_SIZES, AnyStep, ParityReport, Rollout, check_parity, places

_MOST_BYTES = 4 * 2**30
"""What the gate may hold in memory of inputs, outputs and states."""


def check_module(
    module: nn.Module,
    step: FlatStep,
    files: Mapping[str, bytes],
    info: ModelInfo,
    examples: Sequence[Tensor] | None,
    steps: int,
) -> ParityReport:
    """The gate, with the module itself as reference."""
    signature = info.signatures[STEP]
    sessions = {}
    for graph in info.signatures:
        name = GRAPH_FILES[graph]
        sessions[graph] = open_session(files[name], name, "cpu")
        check_contract(sessions[graph], info.signatures[graph], name, graph)
    own = OnnxStepModel(lambda: sessions[STEP], signature, "cpu")
    graphs: dict[str, AnyStep] = {
        "torchscript": torchscript_step(files[STEP_TORCHSCRIPT], info, "cpu"),
        "onnx": own,
        "pt2": program_step(files[STEP_PROGRAM], info, "cpu"),
    }
    inputs = None if examples is None else [example.numpy() for example in examples]
    text = None if info.kind != LM else np.zeros(1, np.int64) if inputs is None else inputs[0]
    report = check_parity(
        EagerModule(step, signature),
        lambda: in_float64(module, step, signature),
        graphs,
        _rollouts(signature, info, inputs, steps),
        None if text is None else int(text[0]),
    )
    if text is None:
        return report
    loop = OnnxDecodeLoop(sessions[GENERATE], info.signatures[GENERATE], "cpu")
    return replace(report, loops=check_loops({"onnx": (own, loop)}, info.tokenizer.banned_ids, text, report.allowed))


def _rollouts(
    signature: Signature, info: ModelInfo, examples: Sequence[npt.NDArray[Any]] | None, steps: int
) -> list[Rollout]:
    """The examples over and over, and random inputs, for all batch sizes."""
    random, specs = np.random.default_rng(parity.RANDOM_SEED), signature.data_inputs
    found: list[Rollout] = []
    for size in BATCH_SIZES:
        if examples is not None:
            rows = places(size, examples[0].shape[specs[0].batch_axis], steps)
            repeated = [
                np.stack([example.take(row, spec.batch_axis) for row in rows])
                for example, spec in zip(examples, specs, strict=True)
            ]
            found.append(("example", as_given(repeated)))
        found.append(("random", as_given([drawn(random, spec, info, steps, size) for spec in specs])))
    return found


def drawn(
    random: np.random.Generator, spec: TensorSpec, info: ModelInfo, steps: int, batch_size: int
) -> npt.NDArray[Any]:
    """Random inputs of one name: [steps, ...]."""
    shape = [steps, *spec.shape(batch_size)]
    of = info.provenance["random_inputs"].get(spec.name)
    if spec.dtype == "float32":
        return np.asarray(random.standard_normal(shape) * of, np.float32)
    return np.asarray(random.integers(0, of or 2, shape), spec.dtype)


def rollout_steps(steps: int | None, signature: Signature) -> int:
    """How many steps the rollouts have; raise ToolkitError where that makes no sense or would not fit in memory."""
    if steps is not None and (type(steps) is not int or not 1 <= steps <= parity.STEPS):
        raise ToolkitError(f"steps: expected a whole number from 1 to {parity.STEPS}, found {steps!r}.")
    steps = steps or parity.STEPS
    rows = 2 * sum(BATCH_SIZES)
    one = sum(prod(spec.shape(1)) * np.dtype(spec.dtype).itemsize for spec in (*signature.inputs, *signature.outputs))
    if one * rows * steps > _MOST_BYTES:
        fewer = max(1, _MOST_BYTES // (one * rows))
        raise ToolkitError(
            f"inputs, outputs and states of {steps} steps are {one * rows * steps / 2**30:.1f} GiB. Give steps={fewer}."
        )
    return steps
