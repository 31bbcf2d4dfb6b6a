"""What a model card says of text.onnx."""

from toolkit.bundle import TEXT, TEXT_ONNX, ModelInfo

from .card_parts import contract_rows, zero_lines

_SECTION = """## Text in, text out

`{file}` holds vocabulary, loop, sampling and random numbers: UTF-8 goes in and comes out. A host needs no tokenizer.

```python
import numpy as np
import onnxruntime

session = onnxruntime.InferenceSession("{file}", providers=["CPUExecutionProvider"])
knobs = {{
    "max_new_tokens": np.array(50),
    "temperature": np.array({temperature}, np.float32),  # 0 is greedy
    "top_k": np.array(0),  # 0 keeps all
    "top_p": np.array(1, np.float32),
    "min_p": np.array(0, np.float32),
    "repetition_penalty": np.array(1, np.float32),
    "seed": np.array(1),
    "{own}": np.array({value}),
}}
{states}text = np.frombuffer({prompt!r}.encode(), np.uint8)
written, *rest = session.run(None, {{"input_text": text, **knobs{fed}}})
print({written})
```
{on}
| `{file}` | name | dtype | axes |
|---|---|---|---|
{contract}

"""

_ON = """
To go on, give each next_ state as the state and no text: `np.zeros(0, np.uint8)`.
"""


def text_section(info: ModelInfo, prompt: str) -> str:
    """The section, tried on a prompt; nothing where there is no such graph."""
    if TEXT not in info.signatures:
        return ""
    signature, shown = info.signatures[TEXT], "written.tobytes().decode()"
    if states := signature.state_inputs:
        own = {"temperature": "0.8", "own": "stop_at_newline", "value": "False", "fed": ", **states", "on": _ON}
        own |= {"states": f"states = {{\n{zero_lines(states)}\n}}\n", "written": f"{prompt!r} + {shown}"}
    else:
        own = {"temperature": "0", "own": "min_new_tokens", "value": "0", "fed": "", "on": ""}
        own |= {"states": "", "written": shown}
    return _SECTION.format(file=TEXT_ONNX, prompt=prompt, contract=contract_rows(signature), **own)
