"""What a checkpoint is compared with: torch's own modules in a loop, and the other ways out of torch."""

import tempfile
import warnings
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from toolkit.bench import AOT, EAGER, PLAIN, PROGRAM, TOKENS, TORCHSCRIPT, TORCHSCRIPT_LOOP, Case, loop_case
from toolkit.errors import ToolkitError
from toolkit.models.char_rnn import CharRNN
from toolkit.models.checkpoint import load_checkpoint
from toolkit.models.torch_steps import TorchScriptDecodeLoop, network_signature, resolve_torch_device
from toolkit.onnx_session import open_session
from toolkit.signature import generate_signature

from .export_options import ExportOptions
from .onnx_file import example_inputs, quiet_exporter
from .step_module import step_module
from .torchscript_file import script

Step = Callable[..., tuple[Tensor, ...]]
"""ids [N] and the states -> logits [N, V] and the next states."""


def peer_cases(checkpoint: Path, batch_sizes: Iterable[int], device: str, *, aot: bool) -> list[Case]:
    """The cases of a checkpoint on torch, and of a plain export of it; one thread.

    Args:
        checkpoint: of `toolkit train`.
        batch_sizes: at which torch's own modules are measured; all else for one sequence.
        device: "cpu" or "cuda".
        aot: also compile the step with AOTInductor.

    Raises:
        ToolkitError: no checkpoint, or AOTInductor cannot compile here.
    """
    torch.set_num_threads(1)
    where = resolve_torch_device(device)
    network = load_checkpoint(checkpoint).build()
    module, plain = step_module(network, ExportOptions().max_table_bytes).to(where), _plain(network, device)
    scripted, signature = script(module), network_signature(network)
    loop = TorchScriptDecodeLoop(scripted, generate_signature(signature), where)
    network.to(where)
    with torch.no_grad():
        program = torch.export.export(module, tuple(part.to(where) for part in example_inputs(signature, {"N": 1})))
    return [
        *(_step(EAGER, _fused(network), network.init_state(n), n) for n in batch_sizes),
        plain,
        _step(TORCHSCRIPT, scripted, network.init_state(1)),
        loop_case(TORCHSCRIPT_LOOP, loop),
        _step(PROGRAM, program.module(), network.init_state(1)),
        *([_step(AOT, _compiled(program), network.init_state(1))] if aot else []),
    ]


def _fused(network: CharRNN) -> Step:
    """Torch's own modules over sequences of length one."""

    def step(ids: Tensor, *states: Tensor) -> tuple[Tensor, ...]:
        logits, after = network(ids[:, None], states)
        return (logits[:, 0], *after)

    return step


def _step(name: str, step: Step, start: tuple[Tensor, ...], batch_size: int = 1) -> Case:
    """A loop in Python, tensors all the way."""

    @torch.inference_mode()
    def run() -> None:
        ids, state = torch.ones(batch_size, dtype=torch.int64, device=start[0].device), start
        for _ in range(TOKENS):
            logits, *state = step(ids, *state)  # type: ignore[assignment]
            ids = logits.argmax(1)
        ids.cpu()  # CUDA has finished only then

    return Case(name, run, batch_size)


def _compiled(program: torch.export.ExportedProgram) -> Any:  # noqa: ANN401 - torch does not say
    """The step as native code: half a minute of the C++ compiler."""
    from torch._inductor import aoti_compile_and_package, aoti_load_package  # noqa: PLC0415 - slow to import

    with tempfile.TemporaryDirectory() as folder, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # torch's own, of deprecated calls inside it
        try:
            package = aoti_compile_and_package(program, package_path=str(Path(folder) / "step.pt2"))
        except Exception as error:  # it raises a dozen unrelated classes
            reason = str(error).strip().splitlines()[0]
            raise ToolkitError(
                f"--aot: AOTInductor cannot compile here: {reason}. Install a C++ compiler, or leave --aot out."
            ) from error
        return aoti_load_package(package)


class _OneStep(nn.Module):
    """What a user would export: ids [N] and the states of torch's own module in, logits and states out."""

    def __init__(self, network: CharRNN) -> None:
        super().__init__()
        self.network = network

    def forward(self, ids: Tensor, *states: Tensor) -> tuple[Tensor, ...]:
        """See the class."""
        return _fused(self.network)(ids, *states)


def _plain(network: CharRNN, device: str) -> Case:
    """torch.onnx.export of the fused modules for one sequence, and a loop that takes the largest logit."""
    start = network.init_state(1)
    ids = torch.ones(1, dtype=torch.int64)
    with quiet_exporter():
        program = torch.onnx.export(_OneStep(network), (ids, *start), dynamo=True, external_data=False, verbose=False)
    assert program is not None  # as in `to_onnx`
    session = open_session(program.model_proto.SerializeToString(), "a plain export", device)
    names = [part.name for part in session.get_inputs()]
    zeros = [part.numpy() for part in start]

    def run() -> None:
        ids, state = np.ones(1, np.int64), zeros
        for _ in range(TOKENS):
            logits, *state = session.run(None, dict(zip(names, (ids, *state), strict=True)))
            ids = logits.argmax(axis=1)

    return Case(PLAIN, run)
