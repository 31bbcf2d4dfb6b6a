"""Text in, text out: text.onnx holds the vocabulary, the network, the choice of tokens and the random numbers.

    pip install numpy onnxruntime
    python text.py "the moon"

It takes UTF-8 and gives UTF-8. Beside the text a language model carries a state, everything that it remembers: some
tensors that are zeros at first, come out of each call as next_..., and go into the next one.
"""

from argparse import Namespace
from collections.abc import Iterator

import command
import numpy as np
from model import Graph

CHUNK = 32  # tokens a call: what is written can be shown while it grows
GRAPH = Graph("text")
KNOBS = {"top_p": 1, "min_p": 0, "repetition_penalty": 1, "min_new_tokens": 0}  # neither changes anything


def stream(octets: bytes, options: Namespace) -> Iterator[tuple[str, list[int]]]:
    """Yield what the model writes after a text, piece by piece, with the ids; whoever stops asking stops it."""
    values = {**vars(options), **KNOBS, **GRAPH.zeros(), "input_text": np.frombuffer(octets, np.uint8)}
    left = options.max_new_tokens
    while left > 0:
        count = min(left, CHUNK) if GRAPH.states else left  # without a state there is one call
        found = GRAPH.run({**values, "max_new_tokens": count})
        yield found["output_text"].tobytes().decode(), found["output_ids"].tolist()
        values |= {**GRAPH.fed_back(found), "input_text": np.zeros(0, np.uint8)}  # the text has been read
        left = 0 if not GRAPH.states or found["stopped"] else left - count


if __name__ == "__main__":
    command.run(stream)
