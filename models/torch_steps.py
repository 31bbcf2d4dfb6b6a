"""StepModels on torch: a checkpoint run eagerly, and a TorchScript file."""

import contextlib
import io
import json
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import astuple
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from toolkit.bundle import (
    GENERATE,
    LM,
    SEQUENCE_TORCHSCRIPT,
    SERIES,
    STEP,
    STEP_PROGRAM,
    STEP_TORCHSCRIPT,
    WINDOW,
    ModelInfo,
)
from toolkit.decode_loop import Knobs, LoopState, rows_of
from toolkit.devices import check_device, cuda_error
from toolkit.errors import FileFormatError
from toolkit.language_model import LanguageModel
from toolkit.loading import kind_error
from toolkit.signature import Signature, sequence_signature, series_signature, step_signature
from toolkit.step_model import Data, Ids, Logits, State, as_given, parts_of, zero_state
from toolkit.uniform import Uniforms
from toolkit.window_model import WindowModel

from .checkpoint import Checkpoint, load_checkpoint
from .program_file import open_program


def network_signature(network: Any) -> Signature:  # noqa: ANN401 - CharRNN, or what computes the same
    """The contract of a network's step."""
    o = network.options
    return step_signature(o.cell, o.num_layers, o.hidden_size, network.vocab_size)


class EagerStepModel:
    """A network as it was trained: torch's own fused modules over sequences of length one.

    The arithmetic has the precision of the network's weights: float32, or float64 after ``.double()``.
    """

    def __init__(self, network: Any) -> None:  # noqa: ANN401 - CharRNN, or what computes the same
        self._network = network.eval()
        self.signature = network_signature(network)

    @property
    def device(self) -> str:
        """Where the weights are."""
        return str(self._network.device.type)

    def init_state(self, batch_size: int) -> State:
        """Zeros; see `StepModel.init_state`."""
        return zero_state(self.signature, batch_size)

    @torch.no_grad()
    def step(self, input_ids: Ids, state: State) -> tuple[Logits, State]:
        """One token for each sequence; see `StepModel.step`."""
        device, dtype = self._network.device, self._network.output.weight.dtype
        tensors = tuple(torch.from_numpy(part).to(device, dtype) for part in state)
        logits, after = self._network(torch.from_numpy(input_ids).to(device)[:, None], tensors)
        return logits[:, 0].cpu().numpy(), tuple(part.cpu().numpy() for part in after)


class EagerSeriesModel:
    """A network over real numbers as it was trained; see `EagerStepModel`."""

    def __init__(self, network: Any) -> None:  # noqa: ANN401 - SeriesRNN, or what computes the same
        self._network = network.eval()
        o = network.options
        self.signature = series_signature(o.cell, o.num_layers, o.hidden_size, o.input_size, o.output_size)

    @property
    def device(self) -> str:
        """Where the weights are."""
        return str(self._network.device.type)

    def init_state(self, batch_size: int) -> State:
        """Zeros; see `StepModel.init_state`."""
        return zero_state(self.signature, batch_size)

    @torch.no_grad()
    def step(self, inputs: npt.NDArray[Any], state: State) -> tuple[npt.NDArray[Any], State]:
        """One step of each sequence: inputs [N, D] -> outputs [N, K], next state."""
        weight = self._network.output.weight
        x, *tensors = (torch.from_numpy(part).to(weight.device, weight.dtype) for part in (inputs, *state))
        outputs, after = self._network(x[:, None], tuple(tensors))
        return outputs[:, 0].cpu().numpy(), tuple(part.cpu().numpy() for part in after)


class TorchScriptStepModel:
    """The step of a .ts.pt or .pt2 file: a module that takes the signature's inputs one by one."""

    def __init__(self, module: nn.Module, signature: Signature, device: torch.device) -> None:
        self._module = module
        self._device = device
        self.signature = signature
        self._results = len(signature.data_outputs)

    @property
    def device(self) -> str:
        """Where it runs."""
        return self._device.type

    def init_state(self, batch_size: int) -> State:
        """Zeros; see `StepModel.init_state`."""
        return zero_state(self.signature, batch_size)

    @torch.no_grad()
    def step(self, data: Data, state: State) -> tuple[Any, State]:
        """One step of each sequence, from ids, real numbers or several of either; see `StepModel.step`."""
        args = [torch.from_numpy(part).to(self._device) for part in (*parts_of(data), *state)]
        outputs: tuple[Tensor, ...] = self._module(*args)
        found = [part.cpu().numpy() for part in outputs]
        return as_given(found[: self._results]), tuple(found[self._results :])


class TorchSequence:
    """A module that reads whole sequences, run eagerly or from a .ts.pt file; see `toolkit.window_model`."""

    def __init__(self, module: nn.Module, vocab_size: int, device: torch.device) -> None:
        self._module = module.eval()
        self._device = device
        self.signature = sequence_signature(vocab_size)

    @property
    def device(self) -> str:
        """Where it runs."""
        return self._device.type

    @torch.no_grad()
    def read(self, input_ids: Ids) -> Logits:
        """Ids [N, T] -> logits [N, V]."""
        logits: Tensor = self._module(torch.from_numpy(input_ids).to(self._device))
        return logits.cpu().numpy()


def resolve_torch_device(device: str) -> torch.device:
    """The torch device for "auto", "cpu" or "cuda".

    Raises:
        ToolkitError: another name, or CUDA was asked for and torch has none.
    """
    check_device(device)
    if device == "cuda" and not torch.cuda.is_available():
        built = torch.version.cuda
        raise cuda_error("torch sees no GPU" if built else "this build of torch has no CUDA")
    return torch.device("cuda" if device != "cpu" and torch.cuda.is_available() else "cpu")


def checkpoint_of(path: Path, kind: str) -> Checkpoint:
    """A checkpoint of a kind of model.

    Raises:
        FileFormatError: no checkpoint of ours.
        ToolkitError: of another kind.
    """
    checkpoint = load_checkpoint(path)
    if checkpoint.kind != kind:
        raise kind_error(checkpoint.kind, path, "Export it first" if checkpoint.kind == SERIES else "")
    return checkpoint


def load_eager(path: Path, device: str) -> LanguageModel:
    """A checkpoint as a language model; see `toolkit.load`."""
    checkpoint = checkpoint_of(path, LM)
    network = checkpoint.build().to(resolve_torch_device(device))
    return LanguageModel(EagerStepModel(network), checkpoint.tokenizer)


def load_eager_window(path: Path, device: str) -> WindowModel:
    """A checkpoint as a network that reads a window; see `toolkit.load_window`."""
    checkpoint, where = checkpoint_of(path, WINDOW), resolve_torch_device(device)
    tokenizer, window = checkpoint.tokenizer, checkpoint.training["options"]["num_steps"]
    return WindowModel(TorchSequence(checkpoint.build().to(where), len(tokenizer), where), tokenizer, window)


class TorchScriptDecodeLoop:
    """The `generate` of a .ts.pt file."""

    def __init__(self, module: Any, signature: Signature, device: torch.device) -> None:  # noqa: ANN401 - torch.jit is untyped
        self._module = module
        self._device = device
        self.signature = signature

    @property
    def device(self) -> str:
        """Where it runs."""
        return self._device.type

    def init_state(self, batch_size: int) -> LoopState:
        """Zeros; see `DecodeLoop.init_state`."""
        return tuple(torch.from_numpy(part).to(self._device) for part in zero_state(self.signature, batch_size))

    def take(self, state: LoopState, rows: Sequence[int | None]) -> LoopState:
        """See `DecodeLoop.take`."""
        parts = zip(state, self.signature.state_inputs, strict=True)
        taken = (rows_of(part.cpu().numpy(), spec, rows) for part, spec in parts)
        return tuple(torch.from_numpy(part).to(self._device) for part in taken)

    @torch.no_grad()
    def generate(
        self, input_ids: Ids, lengths: Ids, state: LoopState, knobs: Knobs, numbers: Uniforms
    ) -> tuple[Ids, npt.NDArray[np.float32], LoopState]:
        """Read prompts and write tokens; see `DecodeLoop.generate`."""
        prompt, many, uniforms, stop_ids = (
            torch.from_numpy(np.ascontiguousarray(array)).to(self._device)
            for array in (input_ids, lengths, numbers, np.array(knobs.stop_ids, np.int64))
        )
        single = astuple(knobs)[:-1]
        ids, log_probs, *after = self._module.generate(prompt, many, *state, len(numbers), *single, stop_ids, uniforms)
        return ids.cpu().numpy(), log_probs.cpu().numpy(), tuple(after)


@contextlib.contextmanager
def torchscript_allowed() -> Iterator[None]:
    """Silence torch's deprecation of TorchScript: it is still what C++ programs with libtorch load."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message=".*torch.jit.*", category=DeprecationWarning)
        yield


def open_torchscript(data: bytes, name: str, device: torch.device) -> Any:  # noqa: ANN401 - torch.jit is untyped
    """A module from the bytes of a .ts.pt; the name is for the error."""
    try:
        with torchscript_allowed():
            return torch.jit.load(io.BytesIO(data), map_location=device)  # type: ignore[no-untyped-call]
    except RuntimeError as error:
        raise FileFormatError(f"{name}: torch cannot read it: {json.dumps(str(error)[:200])}") from error


def torchscript_step(data: bytes, info: ModelInfo, device: str) -> TorchScriptStepModel:
    """The step in the bytes of step.ts.pt."""
    where = resolve_torch_device(device)
    return TorchScriptStepModel(open_torchscript(data, STEP_TORCHSCRIPT, where), info.signatures[STEP], where)


def program_step(data: bytes, info: ModelInfo, device: str) -> TorchScriptStepModel:
    """The step in the bytes of step.pt2."""
    where = resolve_torch_device(device)
    return TorchScriptStepModel(open_program(data, STEP_PROGRAM, where), info.signatures[STEP], where)


def torchscript_sequence(data: bytes, info: ModelInfo, device: str) -> TorchSequence:
    """The graph in the bytes of sequence.ts.pt."""
    where = resolve_torch_device(device)
    return TorchSequence(open_torchscript(data, SEQUENCE_TORCHSCRIPT, where), len(info.tokenizer), where)


def load_torchscript(data: bytes, info: ModelInfo, device: str) -> LanguageModel:
    """The bytes of step.ts.pt as a language model; see `toolkit.load`."""
    where = resolve_torch_device(device)
    module = open_torchscript(data, STEP_TORCHSCRIPT, where)
    loop = None
    if GENERATE in info.signatures and hasattr(module, "generate"):  # a traced step has none
        loop = TorchScriptDecodeLoop(module, info.signatures[GENERATE], where)
    return LanguageModel(TorchScriptStepModel(module, info.signatures[STEP], where), info.tokenizer, loop)
