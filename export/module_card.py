"""The README.md of a bundle that was made from a module of another's."""

from collections.abc import Mapping, Sequence

from toolkit.bundle import (
    GENERATE,
    GENERATE_ONNX,
    LM,
    SERIES,
    STEP,
    STEP_ONNX,
    STEP_PROGRAM,
    STEP_TORCHSCRIPT,
    ModelInfo,
)
from toolkit.signature import TensorSpec

from .card_parts import contract_rows
from .model_card import parity_section

_CARD = """# {title}

The step of a PyTorch module, exported by rnn-toolkit {version}: `{names}` go in, `{results}` come out.

| | |
|---|---|
{facts}

## Files

{files}

`model.json` lists their SHA-256; the same facts stand in the metadata of each file, which works alone.

## Call it

{own}In Python, with numpy and ONNX Runtime:

```python
import numpy as np
import toolkit

model = toolkit.load_module(".")
state = model.init_state(1)  # zeros, for a batch of 1
for _ in range(10):
    outputs, state = model.step({data}, state)
print(outputs)
```

Without this toolkit; every host that has ONNX Runtime does the same:

```python
import numpy as np
import onnxruntime

session = onnxruntime.InferenceSession("{onnx}", providers=["CPUExecutionProvider"])
inputs = {{{named}}}
state = {{{zeros}}}
for _ in range(10):
    found = session.run(None, {{**inputs, **state}})
    outputs, state = found[:{count}], dict(zip(state, found[{count}:]))  # the state that comes out goes in again
print(outputs)
```

With PyTorch, from `{program}` (`torch.jit.load("{torchscript}")` gives a step that is called in the same way):

```python
import torch

step = torch.export.load("{program}").module()
inputs, state = [{tensors}], [{tensor_zeros}]
for _ in range(10):
    found = step(*inputs, *state)
    outputs, state = found[:{count}], found[{count}:]
print(outputs)
```

In C++ with libtorch:

```cpp
#include <torch/script.h>

int main() {{
  torch::InferenceMode guard;
  auto step = torch::jit::load("{torchscript}");
  std::vector<torch::jit::IValue> inputs = {{{cpp}}};
  std::vector<torch::jit::IValue> state = {{{cpp_zeros}}};
  for (int t = 0; t < 10; ++t) {{
    auto args = inputs;
    args.insert(args.end(), state.begin(), state.end());
    auto found = step.forward(args).toTuple()->elements();
    state.assign(found.begin() + {count}, found.end());  // found[0] is {first}
  }}
}}
```

## Contract

| `{onnx}` | name | dtype | axes |
|---|---|---|---|
{contract}
{loop}
N is the batch; all else is fixed. The state before the first step is zeros, unless who made the model says otherwise.

## Parity with eager PyTorch

{parity}
"""

_LM = """On the command line:

```sh
toolkit generate . --prompt {prompt!r} --max-new-tokens 50 --temperature 0.8 --seed 1
```

or `toolkit.load(".").generate({prompt!r})` in Python: `{generate}` holds the whole decode loop.

"""

_SERIES = """On the command line, with a .csv of {size} numbers a row: `toolkit series . --input data.csv`. In Python
`toolkit.load_series(".").run(inputs)` runs whole sequences [N, T, {size}].

"""

_NUMPY = {"float32": "np.float32", "int64": "np.int64", "bool": "np.bool_"}
_TORCH = {"float32": "", "int64": "torch.int64", "bool": "torch.bool"}
_CPP = {"float32": "", "int64": "torch::kInt64", "bool": "torch::kBool"}


def module_card(info: ModelInfo, sizes: Mapping[str, int]) -> str:
    """The text of README.md; arguments as of `model_card`."""
    signature, network = info.signatures[STEP], info.network
    data, states, results = signature.data_inputs, signature.state_inputs, signature.data_outputs
    arrays = [_array(spec) for spec in data]
    own = loop = ""
    if info.kind == LM:
        own = _LM.format(prompt=info.tokenizer.example, generate=GENERATE_ONNX)
        rows = contract_rows(info.signatures[GENERATE])
        loop = f"\n| `{GENERATE_ONNX}` | name | dtype | axes |\n|---|---|---|---|\n{rows}\n"
    elif info.kind == SERIES:
        own = _SERIES.format(size=data[0].axes[1])
    facts = {"parameters": f"{network['parameters']:,}", "torch": info.provenance["torch"]}
    if info.kind == LM:
        facts["vocabulary"] = f"{network['vocab_size']:,} {info.tokenizer.unit}"
    return _CARD.format(
        title=network["module"],
        version=info.provenance["toolkit"],
        names=_names(signature.inputs),
        results=_names(signature.outputs),
        facts="\n".join(f"| {name} | {value} |" for name, value in facts.items()),
        files="\n".join(f"- `{name}`, {size:,} bytes" for name, size in sizes.items()),
        own=own,
        onnx=STEP_ONNX,
        torchscript=STEP_TORCHSCRIPT,
        program=STEP_PROGRAM,
        data=arrays[0] if len(arrays) == 1 else f"({', '.join(arrays)})",
        named=", ".join(f'"{spec.name}": {array}' for spec, array in zip(data, arrays, strict=True)),
        zeros=", ".join(f'"{spec.name}": {_array(spec)}' for spec in states),
        tensors=_zeros(data, "torch.zeros({}{})", "[]", _TORCH, "dtype="),
        tensor_zeros=_zeros(states, "torch.zeros({}{})", "[]", _TORCH, "dtype="),
        cpp=_zeros(data, "torch::zeros({}{})", "{}", _CPP, ""),
        cpp_zeros=_zeros(states, "torch::zeros({}{})", "{}", _CPP, ""),
        count=len(results),
        first=results[0].name,
        contract=contract_rows(signature),
        loop=loop,
        parity=parity_section(info, "the example and random inputs"),
    )


def _names(specs: Sequence[TensorSpec]) -> str:
    return "`, `".join(spec.name for spec in specs)


def _array(spec: TensorSpec) -> str:
    """A numpy array of zeros for a batch of 1."""
    return f"np.zeros({spec.shape(1)}, {_NUMPY[spec.dtype]})"


def _zeros(specs: Sequence[TensorSpec], call: str, brackets: str, dtypes: Mapping[str, str], keyword: str) -> str:
    """Tensors of zeros for a batch of 1, in Python or C++."""
    sizes = [f"{brackets[0]}{', '.join(map(str, spec.shape(1)))}{brackets[1]}" for spec in specs]
    kinds = [f", {keyword}{dtypes[spec.dtype]}" if dtypes[spec.dtype] else "" for spec in specs]
    return ", ".join(call.format(size, kind) for size, kind in zip(sizes, kinds, strict=True))
