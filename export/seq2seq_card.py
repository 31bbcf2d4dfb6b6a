"""The README.md of a bundle from text to text."""

import shlex
from collections.abc import Mapping

from toolkit.bundle import (
    DECODER,
    DECODER_ONNX,
    DECODER_TORCHSCRIPT,
    ENCODER,
    ENCODER_ONNX,
    ENCODER_TORCHSCRIPT,
    SOURCE,
    TARGET,
    TRANSLATE,
    TRANSLATE_ONNX,
    ModelInfo,
)
from toolkit.tokenizer import SpaceTokenizer, Tokenizer

from .card_parts import contract_rows
from .model_card import BEFORE, data_of, origin, parity_section, quantized_weights
from .text_card import text_section

_CARD = """# {title}

Exported by rnn-toolkit {version}. Pure data: the files hold weights, vocabularies and figures, no code to trust.

| | |
|---|---|
{facts}

## Files

{files}

`model.json` lists their SHA-256; the same facts stand in the metadata of each `.onnx` file. `{translate}` holds
encoder, decoder and the whole decode loop, and works alone; `{encoder}` and `{decoder}` are its parts, for loops of
your own.

## Call it

On the command line:

```sh
toolkit translate . {quoted}
```

`--num-beams 5` searches for a more probable target than the greedy one.

In Python, with numpy and ONNX Runtime:

```python
import toolkit

translator = toolkit.load_translator(".")
print(translator.translate({source!r})[0].text)
```

Without this toolkit, the whole target in one call; every host that has ONNX Runtime does the same:

```python
import json
from pathlib import Path

import numpy as np
import onnxruntime

facts = json.loads(Path("model.json").read_text(encoding="utf-8"))
{read}
session = onnxruntime.InferenceSession("{translate}", providers=["CPUExecutionProvider"])
output_ids, log_probs = session.run(None, {{
    "input_ids": np.array([ids]),  # [N, T], of lengths [N]
    "lengths": np.array([len(ids)]),
    "min_lengths": np.array([0]),  # no end marker before so many tokens
    "max_new_tokens": np.array(50),
    "temperature": np.array(0, np.float32),  # 0 is greedy
    "top_k": np.array(0),  # 0 keeps all
    "top_p": np.array(1, np.float32),
    "min_p": np.array(0, np.float32),
    "repetition_penalty": np.array(1, np.float32),
    "stop_ids": np.array([], np.int64),  # the end marker stops in any case
    "uniforms": np.zeros((50, 1), np.float32),  # [tokens, N], what is drawn from
}})
print({join}.join(writes["vocab"][i] for i in output_ids[0] if i not in {quiet}))
```

One step at a time:

```python
import json
from pathlib import Path

import numpy as np
import onnxruntime

facts = json.loads(Path("model.json").read_text(encoding="utf-8"))
{read}
encoder = onnxruntime.InferenceSession("{encoder}", providers=["CPUExecutionProvider"])
decoder = onnxruntime.InferenceSession("{decoder}", providers=["CPUExecutionProvider"])
lengths = np.array([len(ids)])
memory, {states} = encoder.run(None, {{"input_ids": np.array([ids]), "lengths": lengths}})
token, words = writes["bos_id"], []
for _ in range(50):
    feeds = {{"input_ids": np.array([token]), {feeds}}}
    logits, {nexts} = decoder.run({outputs}, feeds)
    {feedback}  # the state that comes out goes in again
    logits[:, {never}] = -np.inf  # never written
    token = int(logits[0].argmax())
    if token == writes["eos_id"]:
        break
    words.append(writes["vocab"][token])
print({join}.join(words))
```

{libtorch}{text}## Contract

| `{encoder}` | name | dtype | axes |
|---|---|---|---|
{encoder_contract}

| `{decoder}` | name | dtype | axes |
|---|---|---|---|
{decoder_contract}

| `{translate}` | name | dtype | axes |
|---|---|---|---|
{translate_contract}

N is the batch, T the longest source; layers, hidden units and vocabularies are fixed. What stands behind the length of
a source is never read. S is the number of stop ids, M of rows of uniform numbers, R of tokens written. A knob outside
its range means the nearest value inside. A sequence that has ended repeats its last token.

## Parity with eager PyTorch

{before}{parity}

Greedy targets of {greedy} tokens are identical. Encoders differ by at most {encoders:.1e}.
"""

_READ = """reads, writes = facts["{source_tokenizer}"], facts["{target_tokenizer}"]
tokens = {tokens}  # what the tokenizer makes of {source!r}
ids = [reads["vocab"].index(token){unknown} for token in tokens]{form}"""


def _form(reads: Tokenizer) -> str:
    """What is put around the ids of a source, as code."""
    lines = []
    if reads.width:
        lines.append(f"ids += [{reads.pad_id}] * ({reads.width} - len(ids))  # filled up, as in training")
    if reads.before or reads.after:
        lines.append(f"ids = [*{list(reads.before)}, *ids, *{list(reads.after)}]  # between its markers")
    return "".join(f"\n{line}" for line in lines)


_LIBTORCH = f"""With libtorch or PyTorch: `torch.jit.load("{ENCODER_TORCHSCRIPT}")(input_ids, lengths)` reads,
`torch.jit.load("{DECODER_TORCHSCRIPT}")` is one step of writing.

"""


def seq2seq_card(info: ModelInfo, sizes: Mapping[str, int], example: str) -> str:
    """The text of README.md.

    Args:
        info: the facts, parity included.
        sizes: bytes of the graph files.
        example: a source.
    """
    network, provenance, parity = info.network, info.provenance, info.parity
    reads, writes = info.tokenizers[SOURCE], info.tokenizers[TARGET]
    decoder = info.signatures[DECODER]
    states = decoder.states
    attends = network["attention"] != "none"
    cell = network["cell"].upper()
    facts = {
        "kind": f"text to text, {reads.unit} to {writes.unit}",
        "encoder": f"{network['cell']}{', both directions' if network['bidirectional'] else ''}, "
        f"{network['memory_size']} numbers a token",
        "decoder": f"{network['cell']}, {network['num_layers']} layer(s) of {network['hidden_size']}, "
        f"attention {network['attention']}",
        "vocabularies": f"{len(reads):,} and {len(writes):,} {writes.unit}, markers among them",
        **origin(provenance, "pairs", "pairs"),
    }
    if network["longest_source"] is not None:
        facts["longest"] = f"source {network['longest_source']} tokens, target {network['longest_target']}"
    if info.quantization:
        facts["weights of the decoder"] = quantized_weights(info.quantization)
    feeds = [f'"{name}": {name}' for name in (*states, *(("memory", "lengths") if attends else ()))]
    outputs = [spec.name for spec in decoder.outputs[: 1 + len(states)]]
    return _CARD.format(
        title=f"{'A' if cell == 'GRU' else 'An'} {cell} from text to text",
        version=provenance["toolkit"],
        facts="\n".join(f"| {name} | {value} |" for name, value in facts.items()),
        files="\n".join(f"- `{name}`, {size:,} bytes" for name, size in sizes.items()),
        translate=TRANSLATE_ONNX,
        encoder=ENCODER_ONNX,
        decoder=DECODER_ONNX,
        libtorch="" if info.quantization else _LIBTORCH,
        before=BEFORE if info.quantization else "",
        source=example,
        quoted=shlex.quote(example),
        read=_READ.format(
            source_tokenizer=SOURCE,
            target_tokenizer=TARGET,
            tokens=reads.split(example),
            source=example,
            unknown=' if token in reads["vocab"] else reads["unk_id"]' if reads.unk_id is not None else "",
            form=_form(reads),
        ),
        join=repr(" " if isinstance(writes, SpaceTokenizer) else ""),
        quiet=sorted(writes.special_ids),
        never=sorted(writes.unwritten_ids),
        states=", ".join(states),
        feeds=", ".join(feeds),
        nexts=", ".join(f"next_{name}" for name in states),
        outputs=outputs,
        feedback=f"{', '.join(states)} = {', '.join(f'next_{name}' for name in states)}",
        text=text_section(info, example),
        encoder_contract=contract_rows(info.signatures[ENCODER]),
        decoder_contract=contract_rows(decoder),
        translate_contract=contract_rows(info.signatures[TRANSLATE]),
        parity=parity_section(info, data_of(provenance, "real", "random") + " ids", DECODER),
        greedy=parity["greedy_tokens"],
        encoders=max(parity["largest_error_of_encoders"].values()),
    )
