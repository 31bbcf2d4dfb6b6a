"""The bundle of a module of another's: any nn.Module with inputs and states, captured by torch, behind the gate."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from math import prod
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
import torch
from torch import Tensor, nn

from toolkit.bundle import (
    GENERATE,
    GRAPH_FILES,
    LM,
    MODULE,
    SERIES,
    STEP,
    STEP_ONNX,
    STEP_PROGRAM,
    STEP_TORCHSCRIPT,
    TOKENIZER,
    ModelInfo,
    read_bundle,
)
from toolkit.errors import ParityError, ToolkitError
from toolkit.models.torch_steps import program_step, torchscript_step
from toolkit.onnx_models import OnnxDecodeLoop, OnnxStepModel
from toolkit.onnx_session import check_contract, open_session
from toolkit.signature import Signature, TensorSpec, generate_signature
from toolkit.step_model import State, as_given
from toolkit.tokenizer import UNK, CharTokenizer, Tokenizer
from toolkit.version import __version__

from . import parity
from .built import Built, bundle_files
from .exporter import Exported, write_bundle
from .generate_graph import generate_graph
from .loop_parity import check_loops
from .module_axes import input_specs
from .module_capture import capture, program_bytes, program_to_onnx, traced
from .module_card import module_card
from .module_names import Names, argument_names, check_known, check_names, data_names, state_trees
from .module_step import EagerModule, FlatStep, Trial, check_behaviour, flat_copy, in_float64, run_examples
from .onnx_file import OPSET, with_metadata
from .parity import BATCH_SIZES, AnyStep, ParityReport, Rollout, check_parity, places
from .state_tree import leaves_of
from .torchscript_file import torchscript_bytes

NumIds = int | Mapping[str, int] | None

_DATA_NAMES = {LM: ("input_ids", "logits"), SERIES: ("inputs", "outputs")}
"""What a language model and a model over real numbers call what goes in and comes out."""

_MOST_BYTES = 4 * 2**30
"""What the gate may hold in memory of inputs, outputs and states."""


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

    It is exported as it is in eval mode, on the CPU, from a copy: the module itself is left alone. The batch is dynamic,
    all other axes are those of the examples. Nothing is written unless each of the files equals the module itself, run
    by eager PyTorch, over 256 steps with the state carried and in single steps, in batches of 1, 2 and 7.

    A float32 input [N, D] with one output [N, K] gives a model over real numbers (`toolkit.load_series`), a vocabulary
    with ids [N] and logits [N, V] a language model with generate.onnx (`toolkit.load`); `toolkit.load_module` opens all.

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
        vocab: of a language model: a tokenizer, or its characters in order of id, the first `<unk>`.
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
    given = _given(module, example_inputs, state)
    trial = _trial(module, given, input_names, output_names, state_names, batch_axes or {})
    tokenizer = None if vocab is None else tokenizer_of(vocab)
    kind, signature = _kind(trial, tokenizer, input_names, output_names)
    examples = [*given[0], *_leaves(given[1])]
    facts = _facts(module, trial, signature, tokenizer, num_ids, examples)
    info = ModelInfo(
        kind=kind,
        network={
            "module": name or type(module).__name__,
            "parameters": sum(parameter.numel() for parameter in module.parameters()),
            **({"vocab_size": len(tokenizer)} if tokenizer else {}),
        },
        signatures={STEP: signature, **({GENERATE: generate_signature(signature)} if tokenizer else {})},
        tokenizers={TOKENIZER: tokenizer} if tokenizer else {},
        provenance=facts,
    )
    return write_bundle(Path(folder), lambda: _build(module, trial.step, examples, info, _steps(steps)), force=force)


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
    examples = None if example_inputs is None else _tensors("example_inputs", example_inputs)
    if examples is not None:
        specs = input_specs([s.name for s in data], examples, {s.name: s.batch_axis for s in data})
        if specs != data:
            raise ToolkitError(
                f"{folder}: reads {', '.join(map(str, data))}; the examples are {', '.join(map(str, specs))}."
            )
    step = flat_copy(module, len(data), trees)
    try:
        return _check(module, step, files, info, examples, int(info.parity["steps"]))
    except ParityError as error:
        raise ParityError(f"{folder}: does not equal this {type(module).__name__}: {error}") from error


def tokenizer_of(vocab: Tokenizer | Sequence[str]) -> Tokenizer:
    """A vocabulary as its owner has it as a tokenizer."""
    if isinstance(vocab, Tokenizer):
        return vocab
    tokens = list(vocab)
    if not tokens or tokens[0] != UNK or any(len(token) != 1 for token in tokens[1:]) or len({*tokens}) < len(tokens):
        raise ToolkitError(f"vocab: expected {UNK} and then single characters, each once, or a Tokenizer.")
    return CharTokenizer(tuple(tokens))


# What is exported ----------------------------------------------------------------------------------------------------


def _given(
    module: nn.Module, example_inputs: Tensor | Sequence[Tensor], state: Sequence[object]
) -> tuple[list[Tensor], list[object]]:
    """The arguments, once they are what they should be."""
    if not isinstance(module, nn.Module):
        raise ToolkitError(f"module: expected an nn.Module, found {type(module).__name__}.")
    if isinstance(state, Tensor) or not isinstance(state, Sequence):
        raise ToolkitError(
            f"state: expected a list of examples, one for each state argument, found {type(state).__name__}."
        )
    if not state:
        raise ToolkitError(
            "state: is empty, so there is nothing to carry. Export a module without state by torch.onnx."
        )
    return _tensors("example_inputs", example_inputs), list(state)


def _tensors(what: str, given: Tensor | Sequence[Tensor]) -> list[Tensor]:
    """One tensor, or several."""
    tensors = [given] if isinstance(given, Tensor) else list(given) if isinstance(given, Sequence) else []
    if not tensors or not all(isinstance(part, Tensor) for part in tensors):
        raise ToolkitError(f"{what}: expected a tensor or a tuple of tensors, found {type(given).__name__}.")
    return [part.detach().cpu() for part in tensors]


def _leaves(state: Sequence[Any]) -> list[Tensor]:
    """The tensors of nested states, in order."""
    return [
        tensor for part in state for tensor in ([part.detach().cpu()] if isinstance(part, Tensor) else _leaves(part))
    ]


def _trial(
    module: nn.Module,
    given: tuple[list[Tensor], list[object]],
    input_names: Names,
    output_names: Names,
    state_names: Names,
    batch_axes: Mapping[str, int],
) -> Trial:
    """Names, axes and nesting, from the arguments and from running the module on them."""
    inputs, state = given
    arguments = argument_names(module, len(inputs), len(state))
    trees = state_trees(state, arguments[len(inputs) :], state_names)
    states = [name for tree in trees for name in leaves_of(tree)]
    names = [*data_names("input_names", arguments[: len(inputs)], input_names), *states]

    def name_outputs(count: int) -> list[str]:
        default = [f"output_{i}" for i in range(count)] if count > 1 else ["output"]
        chosen = data_names("output_names", default, output_names)
        check_names(names[: len(inputs)], chosen, states)
        return chosen

    check_known("batch_axes", batch_axes, names)
    examples = [*inputs, *_leaves(state)]
    return run_examples(
        flat_copy(module, len(inputs), trees), input_specs(names, examples, batch_axes), examples, name_outputs
    )


def _kind(trial: Trial, tokenizer: Tokenizer | None, *names: Names) -> tuple[str, Signature]:
    """The kind of model that a step is, and its contract."""
    count = trial.step.inputs
    given = [spec.name for spec in trial.inputs[:count]], [spec.name for spec in trial.outputs]
    own = trial.signature(*given)
    inputs, outputs = own.data_inputs, own.data_outputs
    if tokenizer is None:
        fits = [(spec.dtype, spec.axes[:1], len(spec.axes)) for spec in (*inputs, *outputs)] == [
            ("float32", ("N",), 2)
        ] * 2
        kind = SERIES if fits and len(inputs) == 1 else MODULE
    else:
        kind = LM
        wanted = ("int64", ("N",)), ("float32", ("N", len(tokenizer)))
        if [(spec.dtype, spec.axes) for spec in (*inputs, *outputs)] != list(wanted):
            raise ToolkitError(
                f"vocab: a language model over {len(tokenizer)} tokens reads ids int64 [N] and gives logits float32 "
                f"[N, {len(tokenizer)}]; found {', '.join(map(str, inputs))} -> {', '.join(map(str, outputs))}. Wrap it in "
                "a module that does, one token a step, or leave vocab out."
            )
    data = _DATA_NAMES.get(kind, ())
    chosen = [wish is not None and tuple(wish) != (name,) for wish, name in zip(names, data, strict=False)]
    if any(chosen) and kind == LM:
        raise ToolkitError(f"vocab: a language model reads {data[0]} and gives {data[1]}; leave other names out.")
    if any(chosen) or not data:
        return MODULE, own
    final = trial.signature([data[0]], [data[1]])
    check_names([data[0]], [data[1]], final.states)
    if kind == LM:
        loop = [spec.name for spec in generate_signature(final).inputs]
        taken = next((name for name in final.states if loop.count(name) > 1), None)
        if taken:
            raise ToolkitError(
                f"state {taken!r}: the decode loop has an input of that name. Choose another by state_names."
            )
    return kind, final


def _facts(
    module: nn.Module,
    trial: Trial,
    signature: Signature,
    tokenizer: Tokenizer | None,
    num_ids: NumIds,
    examples: Sequence[Tensor],
) -> dict[str, Any]:
    """Where the model came from, and all that the gate needs to run again."""
    data, random = signature.data_inputs, {}
    own_names = {spec.name for spec in trial.inputs[: len(data)]} | {spec.name for spec in data}
    if isinstance(num_ids, Mapping):
        check_known("num_ids", num_ids, sorted(own_names))
    for spec, own, example in zip(data, trial.inputs, examples, strict=False):
        if spec.dtype == "float32":
            random[spec.name] = float(example.numpy().std()) or 1.0
        elif spec.dtype == "int64":
            wanted = (num_ids.get(own.name) or num_ids.get(spec.name)) if isinstance(num_ids, Mapping) else num_ids
            random[spec.name] = wanted or _ids_known(module, signature, tokenizer) or int(example.max()) + 1
            if (
                type(random[spec.name]) is not int
                or not 0 <= int(example.min()) <= int(example.max()) < random[spec.name]
            ):
                raise ToolkitError(
                    f"{spec.name}: expected ids from 0 to {random[spec.name]!r} - 1, found {int(example.min())} to "
                    f"{int(example.max())} in the example. Say by num_ids how many there are."
                )
    return {
        "toolkit": __version__,
        "torch": torch.__version__.partition("+")[0],
        "onnx_opset": OPSET,
        "state": list(trial.step.trees),
        "random_inputs": random,
    }


def _ids_known(module: nn.Module, signature: Signature, tokenizer: Tokenizer | None) -> int | None:
    """How many ids there are, if something says so."""
    if tokenizer is not None:
        return len(tokenizer)
    tables = [part.num_embeddings for part in module.modules() if isinstance(part, nn.Embedding)]
    if len(tables) == 1:
        return tables[0]
    last = signature.data_outputs[0].axes[-1]
    return last if not tables and len(signature.data_outputs) == 1 and isinstance(last, int) else None


def _steps(steps: int | None) -> int:
    if steps is not None and (type(steps) is not int or not 1 <= steps <= parity.STEPS):
        raise ToolkitError(f"steps: expected a whole number from 1 to {parity.STEPS}, found {steps!r}.")
    return steps or parity.STEPS


# The bundle and its gate ---------------------------------------------------------------------------------------------


def _build(module: nn.Module, step: FlatStep, examples: Sequence[Tensor], info: ModelInfo, steps: int) -> Built:
    """All files of a bundle in memory, after the gate has let them pass."""
    signature = info.signatures[STEP]
    draw = np.random.default_rng(parity.RANDOM_SEED)
    check_behaviour(
        step, signature, lambda size: tuple(_drawn(draw, s, info, 1, size)[0] for s in signature.data_inputs)
    )
    _check_memory(signature, steps)
    program = capture(flat_copy(module, step.inputs, step.trees), signature, examples)
    protos = {STEP: program_to_onnx(program, step, signature, STEP)}
    if info.kind == LM:
        protos[GENERATE] = generate_graph(protos[STEP], info.signatures[GENERATE], (info.tokenizer.unk_id,), GENERATE)
    scripted = traced(flat_copy(module, step.inputs, step.trees), signature, examples)
    files = _files(info, protos, scripted, program)
    report = _check(module, step, files, info, examples[: step.inputs], steps)
    info = replace(info, parity=report.to_dict())
    files = _files(info, protos, scripted, program)
    card = module_card(info, {name: len(data) for name, data in files.items()})
    return Built(info, report, bundle_files(info, files, card))


def _check_memory(signature: Signature, steps: int) -> None:
    """Raise ToolkitError if the rollouts would not fit."""
    rows = 2 * sum(BATCH_SIZES)
    one = sum(prod(spec.shape(1)) * np.dtype(spec.dtype).itemsize for spec in (*signature.inputs, *signature.outputs))
    if one * rows * steps > _MOST_BYTES:
        fewer = max(1, _MOST_BYTES // (one * rows))
        raise ToolkitError(
            f"inputs, outputs and states of {steps} steps are {one * rows * steps / 2**30:.1f} GiB. Give steps={fewer}."
        )


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


def _check(
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
    return replace(report, loops=check_loops({"onnx": (own, loop)}, (info.tokenizer.unk_id,), text, report.allowed))


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
        found.append(("random", as_given([_drawn(random, spec, info, steps, size) for spec in specs])))
    return found


def _drawn(
    random: np.random.Generator, spec: TensorSpec, info: ModelInfo, steps: int, batch_size: int
) -> npt.NDArray[Any]:
    """Random inputs of one name: [steps, ...]."""
    shape = [steps, *spec.shape(batch_size)]
    of = info.provenance["random_inputs"].get(spec.name)
    if spec.dtype == "float32":
        return (random.standard_normal(shape) * of).astype(np.float32)
    return random.integers(0, of or 2, shape).astype(spec.dtype)
