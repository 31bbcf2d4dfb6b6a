"""What a module of another's is: its arguments put in order, tried, and put into words."""

from collections.abc import Mapping, Sequence
from math import isfinite
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils import _pytree as pytree

from toolkit.bundle import LM, MODULE, SERIES
from toolkit.errors import ToolkitError
from toolkit.signature import Signature, generate_signature
from toolkit.tokenizer import Tokenizer
from toolkit.version import __version__

from .module_axes import input_specs
from .module_names import Names, argument_names, check_known, check_names, data_names, state_trees
from .module_step import Trial, flat_copy, run_examples
from .onnx_proto import OPSET
from .state_tree import leaves_of

NumIds = int | Mapping[str, int] | None

_DATA_NAMES = {LM: ("input_ids", "logits"), SERIES: ("inputs", "outputs")}
"""What a language model and a model over real numbers call what goes in and comes out."""


def check_arguments(module: nn.Module, state: Sequence[Any]) -> None:
    """Raise ToolkitError if these are no module and no states."""
    if not isinstance(module, nn.Module):
        raise ToolkitError(f"module: expected an nn.Module, found {type(module).__name__}.")
    if type(state) not in (list, tuple):
        raise ToolkitError(f"state: expected a list of examples, one for each argument, found {type(state).__name__}.")
    if not state:
        raise ToolkitError("state: is empty, so there is nothing to carry. Export what has none by torch.onnx.export.")


def tensors_of(what: str, given: Tensor | Sequence[Tensor]) -> list[Tensor]:
    """One tensor, or several; raise ToolkitError if they are none."""
    tensors = [given] if isinstance(given, Tensor) else list(given) if isinstance(given, list | tuple) else []
    if not tensors or not all(isinstance(part, Tensor) for part in tensors):
        raise ToolkitError(f"{what}: expected a tensor or a tuple of tensors, found {type(given).__name__}.")
    return [part.detach().cpu() for part in tensors]


def trial_of(
    module: nn.Module,
    inputs: Sequence[Tensor],
    state: Sequence[Any],
    input_names: Names,
    output_names: Names,
    state_names: Names,
    batch_axes: Mapping[str, int],
) -> tuple[Trial, list[Tensor]]:
    """Names, axes and nesting, from the arguments and from running the module on them; and all examples one by one."""
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
    examples = [*inputs, *(part.detach().cpu() for part in pytree.tree_leaves(list(state)))]
    specs = input_specs(names, examples, batch_axes)
    return run_examples(flat_copy(module, len(inputs), trees), specs, examples, name_outputs), examples


def kind_of(trial: Trial, tokenizer: Tokenizer | None, *names: Names) -> tuple[str, Signature]:
    """The kind of model that a step is, and its contract."""
    count = trial.step.inputs
    given = [spec.name for spec in trial.inputs[:count]], [spec.name for spec in trial.outputs]
    own = trial.signature(*given)
    inputs, outputs = own.data_inputs, own.data_outputs
    found = [(spec.dtype, spec.axes) for spec in (*inputs, *outputs)]
    if tokenizer is not None:
        kind = LM
        if found != [("int64", ("N",)), ("float32", ("N", len(tokenizer)))]:
            raise ToolkitError(
                f"vocab: a language model over {len(tokenizer)} tokens reads ids int64 [N] and gives logits float32 "
                f"[N, {len(tokenizer)}]; found {', '.join(map(str, inputs))} -> {', '.join(map(str, outputs))}. Wrap "
                "it in a module that does, one token a step, or leave vocab out."
            )
    elif [(dtype, axes[0], len(axes)) for dtype, axes in found] == [("float32", "N", 2)] * 2 and len(inputs) == 1:
        kind = SERIES
    else:
        return MODULE, own
    data = _DATA_NAMES[kind]
    if any(wish is not None and tuple(wish) != (name,) for wish, name in zip(names, data, strict=True)):
        if kind == SERIES:
            return MODULE, own
        raise ToolkitError(f"vocab: a language model reads {data[0]} and gives {data[1]}; leave other names out.")
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


def facts_of(
    module: nn.Module,
    trial: Trial,
    signature: Signature,
    tokenizer: Tokenizer | None,
    num_ids: NumIds,
    examples: Sequence[Tensor],
) -> dict[str, Any]:
    """Where the model came from, and all that the gate needs to run again."""
    data = signature.data_inputs
    random: dict[str, float] = {}
    own_names = {spec.name for spec in trial.inputs[: len(data)]} | {spec.name for spec in data}
    if isinstance(num_ids, Mapping):
        check_known("num_ids", num_ids, sorted(own_names))
    for spec, own, example in zip(data, trial.inputs, examples, strict=False):
        if spec.dtype == "float32":
            random[spec.name] = float(example.numpy().std()) or 1.0
            if not isfinite(random[spec.name]):
                raise ToolkitError(f"{own.name}: the example holds NaN or infinity. Give one as it will be met.")
        elif spec.dtype == "int64":
            wanted = (num_ids.get(own.name) or num_ids.get(spec.name)) if isinstance(num_ids, Mapping) else num_ids
            count = wanted or _ids_known(module, signature, tokenizer) or int(example.max()) + 1
            least, most = int(example.min()), int(example.max())
            if type(count) is not int or not 0 <= least <= most < count:
                raise ToolkitError(
                    f"{own.name}: expected ids from 0 to {count!r} - 1, found {least} to {most} in the example. Say by "
                    "num_ids how many there are."
                )
            random[spec.name] = count
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
