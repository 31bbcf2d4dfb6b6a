"""The README.md of a bundle: what the model is, how good, and how to call it."""

from collections.abc import Mapping

from toolkit.bundle import STEP, STEP_ONNX, STEP_TORCHSCRIPT, ModelInfo

_CARD = """# {title}

Exported by rnn-toolkit {version}. Pure data: the files hold weights, vocabulary and figures, no code to trust.

| | |
|---|---|
{facts}

## Files

{files}

`model.json` lists their SHA-256; the same facts stand in the metadata of `{onnx}`, which works alone.

## Call it

On the command line:

```sh
toolkit generate . --prompt {prompt!r} --max-new-tokens 50 --temperature 0.8 --seed 1
```

In Python, with numpy and ONNX Runtime:

```python
import toolkit

model = toolkit.load(".")
print(model.generate({prompt!r}, max_new_tokens=50, temperature=0.8, seed=1)[0])
```

Without this toolkit, one step at a time; every host that has ONNX Runtime does the same:

```python
import json
import numpy as np
import onnxruntime

vocab = json.load(open("model.json", encoding="utf-8"))["tokenizer"]["vocab"]
session = onnxruntime.InferenceSession("{onnx}", providers=["CPUExecutionProvider"])
state = {{{zeros}}}
token = vocab.index({prompt!r})
text = vocab[token]
for _ in range(50):
    logits, {nexts} = session.run(None, {{"input_ids": np.array([token]), **state}})
    state = {{{feedback}}}  # the state that comes out goes in again
    logits[:, 0] = -np.inf  # <unk> is never generated
    token = int(logits[0].argmax())
    text += vocab[token]
print(text)
```

With libtorch or PyTorch: `torch.jit.load("{torchscript}")(input_ids, {states})`.

## Contract

| | name | dtype | axes |
|---|---|---|---|
{contract}

N is the batch; L layers, H hidden and V vocabulary are fixed. The state before the first token is zeros.

## Parity with eager PyTorch

Largest difference |x - y| / max(1, |x|) over {steps} steps, batch sizes {batches}, real text and random ids. More than
{atol:g}{allowance} would have failed the export. Greedy continuations of {greedy} tokens are identical.

{parity}
"""


def model_card(info: ModelInfo, sizes: Mapping[str, int]) -> str:
    """The text of README.md.

    Args:
        info: the facts, parity included.
        sizes: bytes of the graph files.
    """
    signature = info.signatures[STEP]
    network, provenance, parity = info.network, info.provenance, info.parity
    states = signature.states
    shapes = {spec.name: [1 if axis == "N" else axis for axis in spec.axes] for spec in signature.state_inputs}
    prompt = next((t for t in info.tokenizer.vocab[1:] if t.strip() and t.isprintable()), info.tokenizer.vocab[1])
    unit = info.tokenizer.unit
    valid = provenance["valid_perplexity"]
    newline = {"keep": "kept", "space": "read as spaces"}[info.tokenizer.newline]
    reached = _number(provenance["perplexity"])
    facts = {
        "kind": f"language model over {unit}",
        "network": f"{network['cell']}, {network['num_layers']} layer(s) of {network['hidden_size']}",
        "vocabulary": f"{network['vocab_size']:,} {unit}, line breaks {newline}",
        "corpus": f"{provenance['corpus']['name']}, {provenance['corpus']['characters']:,} characters",
        "perplexity": reached if valid is None else f"{reached}, validation {_number(valid)}",
    }
    rows = [("input", spec) for spec in signature.inputs] + [("output", spec) for spec in signature.outputs]
    outputs = [spec.name for spec in signature.outputs]
    table = [f"| graph | state | {' | '.join(outputs)} |", "|---" * (len(outputs) + 2) + "|"]
    for state, figures in (("carried", "largest_error"), ("single step", "largest_error_of_single_steps")):
        for graph, errors in parity[figures].items():
            table.append(f"| {graph} | {state} | " + " | ".join(f"{errors[name]:.1e}" for name in outputs) + " |")
    rounding = parity["rounding_of_eager_float32"]
    allowance = ""
    if rounding:
        allowance = f", or a few times eager float32's own rounding error of {max(rounding.values()):.1e},"
    return _CARD.format(
        title=f"{_ARTICLES[network['cell']]} {network['cell'].upper()} language model",
        version=provenance["toolkit"],
        facts="\n".join(f"| {name} | {value} |" for name, value in facts.items()),
        files="\n".join(f"- `{name}`, {size:,} bytes" for name, size in sizes.items()),
        onnx=STEP_ONNX,
        torchscript=STEP_TORCHSCRIPT,
        prompt=prompt,
        zeros=", ".join(f'"{name}": np.zeros({shapes[name]}, np.float32)' for name in states),
        nexts=", ".join(f"next_{name}" for name in states),
        feedback=", ".join(f'"{name}": next_{name}' for name in states),
        states=", ".join(states),
        contract="\n".join(f"| {io} | {s.name} | {s.dtype} | [{', '.join(map(str, s.axes))}] |" for io, s in rows),
        steps=parity["steps"],
        batches=", ".join(map(str, parity["batch_sizes"])),
        atol=parity["atol"],
        allowance=allowance,
        greedy=parity["greedy_tokens"],
        parity="\n".join(table),
    )


_ARTICLES = {"rnn": "An", "lstm": "An", "gru": "A"}


def _number(value: object) -> str:
    return f"{value:.4g}" if isinstance(value, float) else "not measured"
