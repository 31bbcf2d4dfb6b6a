"""Text in, text out: a model in one file, with numpy and ONNX Runtime.

    pip install numpy onnxruntime
    python text.py "the moon"          write on; without a text, each line of standard input is written on

text.onnx takes UTF-8 and gives UTF-8. Beside the text a language model carries a state, everything that it remembers:
some tensors that are zeros at first, come out of each call as next_…, and go into the next one.
"""

import json
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import onnxruntime

HERE = Path(__file__).parent
TOKENS, CHUNK = 100, 16  # so many in all, so many a call: what is written can be shown while it grows
KNOBS = {"temperature": 0.8, "top_k": 0, "top_p": 1, "min_p": 0, "repetition_penalty": 1, "seed": 1}

contract = json.loads((HERE / "model.json").read_text(encoding="utf-8"))["signatures"]["text"]
session = onnxruntime.InferenceSession(str(HERE / "text.onnx"), providers=["CPUExecutionProvider"])
for specs, found in ((contract["inputs"], session.get_inputs()), (contract["outputs"], session.get_outputs())):
    if [spec["name"] for spec in specs] != [value.name for value in found]:
        sys.exit("text.onnx does not have the inputs and outputs that model.json tells: export the model again")
inputs = {spec["name"]: spec for spec in contract["inputs"]}


def stream(text: str, tokens: int = TOKENS, **knobs: float) -> Iterator[str]:
    """Yield what the model writes after a text, piece by piece; closing the generator stops it."""
    values = {**dict.fromkeys(inputs, 0), **KNOBS, **knobs, "max_new_tokens": 0}
    feeds = {name: np.zeros(inputs[name]["axes"], inputs[name]["dtype"]) for name in contract["states"]}
    for name, spec in inputs.items():
        if name not in feeds and not spec["axes"]:
            feeds[name] = np.array(values[name]).astype(spec["dtype"])
    octets, left = np.frombuffer(text.encode(), np.uint8), tokens
    while left > 0:
        count = min(left, CHUNK) if contract["states"] else left
        feeds |= {"input_text": octets, "max_new_tokens": np.array(count)}
        out = dict(zip((spec["name"] for spec in contract["outputs"]), session.run(None, feeds), strict=True))
        yield out["output_text"].tobytes().decode()
        feeds |= {name: out[after] for name, after in contract["states"].items()}  # the state goes in again
        octets = octets[:0]  # the text has been read
        left -= count if contract["states"] and not out["stopped"] else left


for line in sys.argv[1:] or map(str.rstrip, sys.stdin):
    for piece in stream(line):
        print(piece, end="", flush=True)
    print()
