"""What a model card says of text.onnx."""

from toolkit.bundle import TEXT, TEXT_ONNX, ModelInfo

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


def text_section(info: ModelInfo, prompt: str, contract: str) -> str:
    """The section of a model that has the graph.

    Args:
        info: the facts.
        prompt: something to try it on.
        contract: rows of its inputs and outputs.
    """
    states, shown = info.signatures[TEXT].state_inputs, "written.tobytes().decode()"
    own = {
        "temperature": "0",
        "own": "min_new_tokens",
        "value": "0",
        "states": "",
        "fed": "",
        "on": "",
        "written": shown,
    }
    if states:
        zeros = "".join(f'    "{s.name}": np.zeros({list(s.axes)}, np.{_NUMPY[s.dtype]}),\n' for s in states)
        own = {"temperature": "0.8", "own": "stop_at_newline", "value": "False", "fed": ", **states", "on": _ON}
        own |= {"states": f"states = {{\n{zeros}}}\n", "written": f"{prompt!r} + {shown}"}
    return _SECTION.format(file=TEXT_ONNX, prompt=prompt, contract=contract, **own)


_NUMPY = {"float32": "float32", "bool": "bool_", "int64": "int64"}
