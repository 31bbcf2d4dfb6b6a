"""The README.md of a bundle: what the model is, how good, and how to call it."""

from collections.abc import Mapping
from typing import Any

from toolkit.bundle import GENERATE, GENERATE_ONNX, STEP, STEP_ONNX, STEP_TORCHSCRIPT, ModelInfo
from toolkit.tokenizer import SpaceTokenizer

from .card_parts import contract_rows, zero_lines
from .text_card import text_section

_CARD = """# {title}

Exported by rnn-toolkit {version}. Pure data: the files hold weights, vocabulary and figures, no code to trust.

| | |
|---|---|
{facts}

## Files

{files}

`model.json` lists their SHA-256; the same facts stand in the metadata of each `.onnx` file, which works alone.
`{generate}` holds the whole decode loop, `{onnx}` one step of it.

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

Without this toolkit, the whole text in one call; every host that has ONNX Runtime does the same:

```python
import json
from pathlib import Path

import numpy as np
import onnxruntime

vocab = json.loads(Path("model.json").read_text(encoding="utf-8"))["tokenizer"]["vocab"]
session = onnxruntime.InferenceSession("{generate}", providers=["CPUExecutionProvider"])
ids, log_probs, *next_states = session.run(None, {{
    "input_ids": np.array([[vocab.index({prompt!r})]]),  # [N, T], of lengths [N]
    "lengths": np.array([1]),
{all_zeros}
    "max_new_tokens": np.array(50),
    "temperature": np.array(0.8, np.float32),  # 0 is greedy
    "top_k": np.array(40),  # 0 keeps all
    "top_p": np.array(1, np.float32),
    "min_p": np.array(0, np.float32),
    "repetition_penalty": np.array(1, np.float32),
    "stop_ids": np.array([], np.int64),
    "uniforms": np.random.random((50, 1)).astype(np.float32),  # [tokens, N], what is drawn from
}})
print({prompt!r} + {written})
# To go on: input_ids = ids[:, -1:], lengths = 1, and each next_ state as the state.
```

One step at a time:

```python
import json
from pathlib import Path

import numpy as np
import onnxruntime

vocab = json.loads(Path("model.json").read_text(encoding="utf-8"))["tokenizer"]["vocab"]
session = onnxruntime.InferenceSession("{onnx}", providers=["CPUExecutionProvider"])
state = {{{zeros}}}
token = vocab.index({prompt!r})
text = vocab[token]
for _ in range(50):
    logits, {nexts} = session.run(None, {{"input_ids": np.array([token]), **state}})
    state = {{{feedback}}}  # the state that comes out goes in again
{never}    token = int(logits[0].argmax())
    text += {one}
print(text)
```

{libtorch}{text}## Contract

| `{onnx}` | name | dtype | axes |
|---|---|---|---|
{contract}

| `{generate}` | name | dtype | axes |
|---|---|---|---|
{loop_contract}

N is the batch; layers, hidden units and vocabulary are fixed. T is the longest prompt, S the number of stop ids, M of
rows of uniform numbers, R of tokens written. The state before the first token is zeros. A knob outside its range means
the nearest value inside. A sequence that met a stop id repeats it; its other states are void then.

## Parity with eager PyTorch

{before}{parity}

Greedy continuations of {greedy} tokens are identical.
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
    prompt, spaced = info.tokenizer.example, isinstance(info.tokenizer, SpaceTokenizer)
    unit = info.tokenizer.unit
    newline = {"keep": "kept", "space": "read as spaces"}[info.tokenizer.newline]
    facts = {
        "kind": f"language model over {unit}",
        "network": f"{network['cell']}, {network['num_layers']} layer(s) of {network['hidden_size']}",
        "vocabulary": f"{network['vocab_size']:,} {unit}, line breaks {newline}",
        **origin(provenance),
    }
    loop = info.signatures[GENERATE]
    quantization = info.quantization
    if quantization:
        facts["weights"] = quantized_weights(quantization)
    return _CARD.format(
        title=f"{_ARTICLES[network['cell']]} {network['cell'].upper()} language model",
        version=provenance["toolkit"],
        facts="\n".join(f"| {name} | {value} |" for name, value in facts.items()),
        files="\n".join(f"- `{name}`, {size:,} bytes" for name, size in sizes.items()),
        onnx=STEP_ONNX,
        generate=GENERATE_ONNX,
        libtorch=_LIBTORCH.format(torchscript=STEP_TORCHSCRIPT, states=", ".join(states)) if not quantization else "",
        prompt=prompt,
        text=text_section(info, prompt),
        written='" " + " ".join(vocab[i] for i in ids[0])' if spaced else '"".join(vocab[i] for i in ids[0])',
        one='" " + vocab[token]' if spaced else "vocab[token]",
        never="".join(
            f"    logits[:, {i}] = -np.inf  # {info.tokenizer.vocab[i]} is never generated\n"
            for i in info.tokenizer.banned_ids
        ),
        zeros=", ".join(f'"{name}": np.zeros({shapes[name]}, np.float32)' for name in states),
        nexts=", ".join(f"next_{name}" for name in states),
        feedback=", ".join(f'"{name}": next_{name}' for name in states),
        contract=contract_rows(signature),
        loop_contract=contract_rows(loop),
        all_zeros=zero_lines(loop.state_inputs),
        greedy=parity["greedy_tokens"],
        parity=parity_section(info, data_of(provenance, "real text", "random ids")),
        before=BEFORE if quantization else "",
    )


BEFORE = "Of the float32 graphs that these were made from:\n"
"""Above the figures of the gate, in the card of a quantised model."""

_ARTICLES = {"rnn": "An", "lstm": "An", "gru": "A"}

_FAST_ON = {
    "any": "",
    "native": "; faster than float32 in native ONNX Runtime only",
    "cuda": "; faster than float32 on CUDA only",
}
"""See `toolkit.export.quantize.FAST_ON`."""

_LIBTORCH = """With libtorch or PyTorch: `torch.jit.load("{torchscript}")(input_ids, {states})` is one step. The method
`generate` takes what the graph of that name takes, single numbers as plain numbers.

"""


def perplexity_reached(provenance: Mapping[str, Any]) -> str:
    """In training, and in validation where there was one."""
    reached, valid = _number(provenance["perplexity"]), provenance["valid_perplexity"]
    return reached if valid is None else f"{reached}, validation {_number(valid)}"


def origin(provenance: Mapping[str, Any], counted: str = "characters", called: str = "corpus") -> dict[str, str]:
    """What it was trained on and how well, as far as that is known."""
    found, corpus = {}, provenance["corpus"]
    if "recognised" in provenance:
        modules = ", ".join(name for name in provenance["recognised"]["modules"].values() if name != "-")
        found["made from"] = f"{provenance['recognised']['file']} of another program, modules {modules}"
        found["assumed"] = "; ".join(provenance["recognised"]["assumed"])
    if corpus is not None:
        found[called] = f"{corpus['name']}, {corpus['characters']:,} {counted}"
    if provenance["perplexity"] is not None:
        found["perplexity"] = perplexity_reached(provenance)
    return found


def data_of(provenance: Mapping[str, Any], real: str, made: str) -> str:
    """What the gate read."""
    return made if provenance["corpus"] is None else f"{real} and {made}"


def quantized_weights(quantization: Mapping[str, Any]) -> str:
    """What smaller weights cost."""
    return (
        f"{quantization['kind']}, perplexity {_number(quantization['perplexity_float32'])} -> "
        f"{_number(quantization['perplexity'])} on {quantization['text']}{_FAST_ON[quantization['fast_on']]}"
    )


def parity_section(info: ModelInfo, data: str, of: str = STEP) -> str:
    """What the gate measured of a graph, on what data: a paragraph and a table."""
    parity, outputs = info.parity, [spec.name for spec in info.signatures[of].outputs]
    rounding = parity["rounding_of_eager_float32"]
    allowance = ""
    if rounding:
        allowance = f", or a few times eager float32's own rounding error of {max(rounding.values()):.1e},"
    lengths = ", ".join(map(str, parity.get("lengths", ())))  # of a network that reads whole sequences
    table = [f"| graph | state | {' | '.join(outputs)} |", "|---" * (len(outputs) + 2) + "|"]
    ways = (
        ("zeros at first" if lengths else "carried", "largest_error"),
        ("single step", "largest_error_of_single_steps"),
    )
    for state, figures in ways:
        for graph, errors in parity[figures].items():
            table.append(f"| {graph} | {state} | " + " | ".join(f"{errors[name]:.1e}" for name in outputs) + " |")
    batches = ", ".join(map(str, parity["batch_sizes"]))
    extent = f"sequences of {lengths} tokens" if lengths else f"{parity['steps']} steps"
    said = (
        f"Largest difference |x - y| / max(1, |x|) over {extent}, batch sizes {batches}, {data}.\n"
        f"More than {parity['atol']:g}{allowance} would have failed the export."
    )
    return "\n".join([said, "", *table])


def _number(value: object) -> str:
    return f"{value:.4g}" if isinstance(value, float) else "not measured"
