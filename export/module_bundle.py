"""The bundle of a module of another's: any nn.Module with inputs and states, captured by torch, behind the gate."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import onnx
import torch
from torch import Tensor, nn

from toolkit.bundle import (
    GENERATE,
    GRAPH_FILES,
    LM,
    STEP,
    STEP_PROGRAM,
    STEP_TORCHSCRIPT,
    TOKENIZER,
    ModelInfo,
    read_bundle,
)
from toolkit.errors import ParityError, ToolkitError
from toolkit.signature import generate_signature
from toolkit.tokenizer import Tokenizer

from . import parity
from .built import Built, bundle_files
from .exporter import Exported, write_bundle
from .foreign.vocabulary import plain_tokenizer
from .generate_graph import generate_graph
from .module_axes import input_specs
from .module_capture import capture, program_bytes, program_to_onnx, traced
from .module_card import module_card
from .module_facts import NumIds, check_arguments, facts_of, kind_of, tensors_of, trial_of
from .module_gate import check_module, drawn, rollout_steps
from .module_names import Names
from .module_step import FlatStep, check_behaviour, flat_copy
from .onnx_proto import with_metadata
from .parity import ParityReport
from .torchscript_file import torchscript_bytes


def export_module(
    module: nn.Module,
    example_inputs: Tensor | Sequence[Tensor],
    state: Sequence[object],
    folder: str | Path,
    *,
    input_names: Names = None,
    output_names: Names = None,
    state_names: Names = None,
    batch_axes: Mapping[str, int] | None = None,
    vocab: Tokenizer | Sequence[str] | None = None,
    num_ids: NumIds = None,
    steps: int | None = None,
    name: str | None = None,
    force: bool = False,
) -> Exported:
    """Turn a module whose state goes in and comes out into a bundle: step.onnx, step.ts.pt and step.pt2.

    It is exported as it is in eval mode, on the CPU, from a copy: the module itself is left alone. The batch is
    dynamic, all other axes are those of the examples. Nothing is written unless each of the files equals the module
    itself, run by eager PyTorch, over 256 steps with the state carried and in single steps, in batches of 1, 2 and 7.

    A float32 input [N, D] with one output [N, K] gives a model over real numbers (`toolkit.load_series`), a vocabulary
    with ids [N] and logits [N, V] a language model with generate.onnx (`toolkit.load`). `toolkit.load_module` opens
    all of them.

    Args:
        module: its forward takes the inputs, then the states, and returns the outputs, then the next states in the
            same order, nesting, shape and dtype.
        example_inputs: a tensor, or several: float32, int64 or bool.
        state: an example of each state argument: a tensor, or a tuple or list of tensors, such as an LSTM's (h, c).
        folder: where the bundle goes.
        input_names: of the inputs; by default what forward calls them.
        output_names: of the outputs; by default output, or output_0, output_1 and so on.
        state_names: of the states, one for each argument or for each tensor; by default what forward calls them, hc_0
            and hc_1 for a nested hc. The next one is called next_hc_0.
        batch_axes: name -> which axis of an input or state is the batch. By default axis 0 of the first input, and in
            the others the one axis of that size.
        vocab: of a language model: a tokenizer, or its characters or words in order of id.
        num_ids: random ids in the trials are smaller; one number, or one for each input by name. By default the size
            of the vocabulary, of the only nn.Embedding, or of the last axis of the only output.
        steps: of the trials, where the module is made for fewer than 256 in a row.
        name: of the model, for people; by default that of the class.
        force: replace a bundle that is there.

    Returns:
        What was written, with the figures of the gate.

    Raises:
        ParityError: a file does not equal the module; nothing is written.
        ToolkitError: the arguments do not fit each other, the module is no such step, torch cannot capture it, or the
            folder exists. The message says what to do.

    Example:
        >>> class Smoother(nn.Module):
        ...     def __init__(self):
        ...         super().__init__()
        ...         self.rnn, self.out = nn.LSTM(3, 16, batch_first=True), nn.Linear(16, 2)
        ...
        ...     def forward(self, x, hc):
        ...         y, hc = self.rnn(x[:, None], hc)
        ...         return self.out(y[:, 0]), hc
        >>> zeros = torch.zeros(1, 5, 16)
        >>> export_module(Smoother(), torch.zeros(5, 3), [(zeros, zeros)], "bundles/smoother")
    """
    check_arguments(module, state)
    inputs = tensors_of("example_inputs", example_inputs)
    trial, examples = trial_of(module, inputs, state, input_names, output_names, state_names, batch_axes or {})
    tokenizer = vocab if vocab is None or isinstance(vocab, Tokenizer) else plain_tokenizer(vocab)
    kind, signature = kind_of(trial, tokenizer, input_names, output_names)
    count = rollout_steps(steps, signature)
    info = ModelInfo(
        kind=kind,
        network={
            "module": name or type(module).__name__,
            "parameters": sum(parameter.numel() for parameter in module.parameters()),
            **({"vocab_size": len(tokenizer)} if tokenizer else {}),
        },
        signatures={STEP: signature, **({GENERATE: generate_signature(signature)} if tokenizer else {})},
        tokenizers={TOKENIZER: tokenizer} if tokenizer else {},
        provenance=facts_of(module, trial, signature, tokenizer, num_ids, inputs),
    )
    return write_bundle(Path(folder), lambda: _build(module, trial.step, examples, info, count), force=force)


def verify_module(
    folder: str | Path, module: nn.Module, example_inputs: Tensor | Sequence[Tensor] | None = None
) -> ParityReport:
    """Run the gate again over the files of a bundle that `export_module` wrote.

    Args:
        folder: the bundle.
        module: what it was made from.
        example_inputs: as of `export_module`; without them random inputs alone are compared.

    Raises:
        FileFormatError: a file is missing or altered.
        ParityError: a file does not equal the module.
        ToolkitError: the bundle was made from a checkpoint, or the module or the inputs do not fit it.
    """
    folder = Path(folder)
    bundle = read_bundle(folder)
    info = bundle.info
    if "state" not in info.provenance:
        raise ToolkitError(
            f"{folder}: was exported from a checkpoint: use `toolkit verify {folder} --against CHECKPOINT`."
        )
    files = {name: bundle.read(name) for name in bundle.files}
    data, trees = info.signatures[STEP].data_inputs, info.provenance["state"]
    examples = None if example_inputs is None else tensors_of("example_inputs", example_inputs)
    if examples is not None:
        specs = input_specs([s.name for s in data], examples, {s.name: s.batch_axis for s in data})
        if specs != data:
            raise ToolkitError(
                f"{folder}: reads {', '.join(map(str, data))}; the examples are {', '.join(map(str, specs))}."
            )
    step = flat_copy(module, len(data), trees)
    try:
        return check_module(module, step, files, info, examples, int(info.parity["steps"]))
    except ParityError as error:
        raise ParityError(f"{folder}: does not equal this {type(module).__name__}: {error}") from error


def _build(module: nn.Module, step: FlatStep, examples: Sequence[Tensor], info: ModelInfo, steps: int) -> Built:
    """All files of a bundle in memory, after the gate has let them pass."""
    signature = info.signatures[STEP]
    draw = np.random.default_rng(parity.RANDOM_SEED)
    check_behaviour(
        step, signature, lambda size: tuple(drawn(draw, s, info, 1, size)[0] for s in signature.data_inputs)
    )
    program = capture(flat_copy(module, step.inputs, step.trees), signature, examples)
    protos = {STEP: program_to_onnx(program, step, signature, STEP)}
    if info.kind == LM:
        protos[GENERATE] = generate_graph(protos[STEP], info.signatures[GENERATE], info.tokenizer.banned_ids, GENERATE)
    scripted = traced(flat_copy(module, step.inputs, step.trees), signature, examples)
    files = _files(info, protos, scripted, program)
    report = check_module(module, step, files, info, examples[: step.inputs], steps)
    info = replace(info, parity=report.to_dict())
    files = _files(info, protos, scripted, program)
    card = module_card(info, {name: len(data) for name, data in files.items()})
    return Built(info, report, bundle_files(info, files, card))


def _files(
    info: ModelInfo,
    protos: Mapping[str, onnx.ModelProto],
    scripted: torch.jit.ScriptModule,
    program: torch.export.ExportedProgram,
) -> dict[str, bytes]:
    """The graphs' files, with the facts in each of them."""
    facts = info.to_json(STEP)
    return {
        **{GRAPH_FILES[graph]: with_metadata(proto, info.to_json(graph)) for graph, proto in protos.items()},
        STEP_TORCHSCRIPT: torchscript_bytes(scripted, facts),
        STEP_PROGRAM: program_bytes(program, facts),
    }
