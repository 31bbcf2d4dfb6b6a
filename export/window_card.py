"""The README.md of a bundle that reads a window."""

from collections.abc import Mapping

from toolkit.bundle import SEQUENCE, SEQUENCE_ONNX, SEQUENCE_TORCHSCRIPT, ModelInfo

from .card_parts import contract_rows
from .model_card import data_of, origin, parity_section

_CARD = """# A bidirectional {cell} over a window of text

Exported by rnn-toolkit {version}. Pure data: the files hold weights, vocabulary and figures, no code to trust.

| | |
|---|---|
{facts}

It reads a window of text at once, from both ends, and says which token follows. So it has no step to go on with from
token to token, and no state: to write on, each new window would be read from its beginning.

## Files

{files}

`model.json` lists their SHA-256; the same facts stand in the metadata of `{onnx}`, which works alone.

## Call it

On the command line:

```sh
toolkit window . {prompt!r} -n 3
```

In Python, with numpy and ONNX Runtime:

```python
import toolkit

model = toolkit.load_window(".")
print(model.next_tokens({prompt!r}, 3))  # the most probable next tokens, with their probabilities
```

Without this toolkit; every host that has ONNX Runtime does the same:

```python
import json
from pathlib import Path
import numpy as np
import onnxruntime

vocab = json.loads(Path("model.json").read_text(encoding="utf-8"))["tokenizer"]["vocab"]
session = onnxruntime.InferenceSession("{onnx}", providers=["CPUExecutionProvider"])
window = [vocab.index({prompt!r})]  # the ids of at most {window} tokens, as in training
(logits,) = session.run(None, {{"input_ids": np.array([window])}})  # [N, T] -> [N, V]
{never}print(vocab[int(logits[0].argmax())])
```

With libtorch or PyTorch: `torch.jit.load("{torchscript}")(input_ids)`.

## Contract

| `{onnx}` | name | dtype | axes |
|---|---|---|---|
{contract}

N is the batch, T the tokens of a window, at least 1; the vocabulary is fixed. The logits are those of the token after
the last one.

## Parity with eager PyTorch

{parity}

The most probable token is the same everywhere.
"""


def window_card(info: ModelInfo, sizes: Mapping[str, int]) -> str:
    """The text of README.md; arguments as of `model_card`."""
    network, provenance, unit = info.network, info.provenance, info.tokenizer.unit
    facts = {
        "kind": f"the next of some {unit}, from a window of them",
        "network": f"{network['cell']}, {network['num_layers']} layer(s) of {network['hidden_size']} in each direction",
        "window": f"{network['window']} {unit}",
        "vocabulary": f"{network['vocab_size']:,} {unit}",
        **origin(provenance),
    }
    return _CARD.format(
        cell=network["cell"].upper(),
        version=provenance["toolkit"],
        facts="\n".join(f"| {name} | {value} |" for name, value in facts.items()),
        files="\n".join(f"- `{name}`, {size:,} bytes" for name, size in sizes.items()),
        onnx=SEQUENCE_ONNX,
        torchscript=SEQUENCE_TORCHSCRIPT,
        prompt=info.tokenizer.example,
        never="".join(
            f"logits[:, {i}] = -np.inf  # {info.tokenizer.vocab[i]} is no text\n" for i in info.tokenizer.banned_ids
        ),
        window=network["window"],
        contract=contract_rows(info.signatures[SEQUENCE]),
        parity=parity_section(info, data_of(provenance, "real text", "random ids"), SEQUENCE),
    )
