"""The README.md of a bundle over real numbers."""

from collections.abc import Mapping

from toolkit.bundle import STEP, STEP_ONNX, STEP_TORCHSCRIPT, ModelInfo

from .card_parts import contract_rows
from .model_card import data_of, origin, parity_section

_CARD = """# {title}

Exported by rnn-toolkit {version}. Pure data: the files hold weights and figures, no code to trust.

| | |
|---|---|
{facts}

## Files

{files}

`model.json` lists their SHA-256; the same facts stand in the metadata of `{onnx}`, which works alone.

## Call it

On the command line, with a .csv of {input_size} numbers a row:

```sh
toolkit series . --input data.csv --output outputs.csv
```

In Python, with numpy and ONNX Runtime:

```python
import numpy as np
import toolkit

model = toolkit.load_series(".")
outputs, state = model.run(np.zeros((1, 10, {input_size}), np.float32))  # [N, T, D] -> [N, T, K]
```

Without this toolkit; every host that has ONNX Runtime does the same:

```python
import numpy as np
import onnxruntime

session = onnxruntime.InferenceSession("{onnx}", providers=["CPUExecutionProvider"])
state = {{{zeros}}}
for _ in range(10):
    inputs = np.zeros((1, {input_size}), np.float32)  # [N, D]
    outputs, {nexts} = session.run(None, {{"inputs": inputs, **state}})
    state = {{{feedback}}}  # the state that comes out goes in again
    print(outputs)
```

With libtorch or PyTorch: `torch.jit.load("{torchscript}")(inputs, {states})` is one step.

## Contract

| `{onnx}` | name | dtype | axes |
|---|---|---|---|
{contract}

N is the batch; all else is fixed. The state before the first step is zeros.

## Parity with eager PyTorch

{parity}
"""


def series_card(info: ModelInfo, sizes: Mapping[str, int]) -> str:
    """The text of README.md; arguments as of `model_card`."""
    network, signature = info.network, info.signatures[STEP]
    states = signature.states
    shapes = {spec.name: [1 if axis == "N" else axis for axis in spec.axes] for spec in signature.state_inputs}
    cell = f"{network['cell']} ({network['nonlinearity']})" if network["cell"] == "rnn" else network["cell"]
    facts = {
        "kind": "real numbers in, real numbers out, at each step",
        "network": f"{cell}, {network['num_layers']} layer(s) of {network['hidden_size']}",
        "outputs": network["activation"],
        **origin(info.provenance, "points", "data"),
    }
    return _CARD.format(
        title=f"{network['cell'].upper()} over real numbers",
        version=info.provenance["toolkit"],
        facts="\n".join(f"| {name} | {value} |" for name, value in facts.items()),
        files="\n".join(f"- `{name}`, {size:,} bytes" for name, size in sizes.items()),
        onnx=STEP_ONNX,
        torchscript=STEP_TORCHSCRIPT,
        input_size=network["input_size"],
        states=", ".join(states),
        zeros=", ".join(f'"{name}": np.zeros({shapes[name]}, np.float32)' for name in states),
        nexts=", ".join(f"next_{name}" for name in states),
        feedback=", ".join(f'"{name}": next_{name}' for name in states),
        contract=contract_rows(signature),
        parity=parity_section(info, data_of(info.provenance, "real", "random") + " numbers"),
    )
