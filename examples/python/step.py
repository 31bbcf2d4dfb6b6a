"""One token at a time: the loop, the state, the choice of tokens and the random numbers in your program.

    pip install numpy onnxruntime
    python step.py "the moon"

step.onnx takes one id and the state, and gives the scores of all tokens and the next state. A model from text to text
has encoder.onnx, which reads the source, and decoder.onnx, which is the step and may look at what the encoder gave.
"""

from argparse import Namespace
from collections.abc import Iterator

import command
import numpy as np
from model import FACTS, WRITES, Graph, Values, ids_of, piece, uniform

ENCODER = None if FACTS["kind"] == "lm" else Graph("encoder")
STEP = Graph("step" if ENCODER is None else "decoder")


def begin(octets: bytes) -> tuple[Values, int]:
    """Read a text: the state after it, and the token that has to be read next."""
    ids = ids_of(octets)
    if ENCODER:
        source = {"input_ids": [ids], "lengths": [len(ids)]}
        return {**ENCODER.run(source), "lengths": source["lengths"]}, WRITES["bos_id"]
    state = STEP.zeros()
    for i in ids[:-1]:  # the scores in between are of no use
        state = STEP.fed_back(STEP.run({**state, "input_ids": [i]}))
    return state, ids[-1]


def choose(logits: np.ndarray, options: Namespace, u: float) -> int:
    """The next token, from the scores of all [V] and a random number in [0, 1)."""
    logits[WRITES["banned"]] = -np.inf
    temperature = np.float32(min(options.temperature, 100))  # as the graphs do
    if temperature == 0:
        return int(logits.argmax())
    if options.top_k:
        logits[np.argsort(-logits, kind="stable")[options.top_k :]] = -np.inf
    weights = np.exp((logits - logits.max()) / temperature)
    sums = weights.cumsum(dtype=np.float64)
    return int(np.searchsorted(sums, u * sums[-1], side="right"))  # the first whose sum exceeds that share of all


def stream(octets: bytes, options: Namespace) -> Iterator[tuple[str, list[int]]]:
    """Yield what the model writes after a text, token by token, with the id; whoever stops asking stops it."""
    state, last = begin(octets)
    before = None if ENCODER else last
    for token in range(options.max_new_tokens):
        found = STEP.run({**state, "input_ids": [last]})
        state |= STEP.fed_back(found)  # what the encoder gave stays
        last = choose(found["logits"][0], options, uniform(options.seed, token))
        text, stops = piece(last, before), options.stop_at_newline and last in WRITES["stop_ids"]
        yield (text.partition("\n")[0] if stops else text), [last]
        if stops or last == WRITES["eos_id"]:
            return
        before = last


if __name__ == "__main__":
    command.run(stream)
