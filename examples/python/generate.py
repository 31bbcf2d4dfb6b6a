"""Ids in, ids out: the whole decode loop in one graph, with the vocabulary and the random numbers in your program.

    pip install numpy onnxruntime
    python generate.py "the moon"

generate.onnx reads a prompt and writes tokens; a model from text to text has translate.onnx, which has no state.
"""

from argparse import Namespace
from collections.abc import Iterator

import command
from model import FACTS, WRITES, Graph, ids_of, piece, uniform

CHUNK = 32  # tokens a call: what is written can be shown while it grows
GRAPH = Graph("generate" if FACTS["kind"] == "lm" else "translate")
KNOBS = {"top_p": 1, "min_p": 0, "repetition_penalty": 1, "min_lengths": [0]}  # neither changes anything


def stream(octets: bytes, options: Namespace) -> Iterator[tuple[str, list[int]]]:
    """Yield what the model writes after a text, piece by piece, with the ids; whoever stops asking stops it."""
    ids = ids_of(octets)
    last = ids[-1] if GRAPH.states else None  # a target is a text of its own
    values = {**vars(options), **KNOBS, **GRAPH.zeros(), "stop_ids": WRITES["stop_ids"] * options.stop_at_newline}
    done = 0
    while done < options.max_new_tokens:
        left = options.max_new_tokens - done
        count = min(left, CHUNK) if GRAPH.states else left
        numbers = [[uniform(options.seed, done + t)] for t in range(count)]
        asked = {"input_ids": [ids], "lengths": [len(ids)], "max_new_tokens": count, "uniforms": numbers}
        found = GRAPH.run({**values, **asked})
        written = found["output_ids"][0].tolist()
        text = "".join(piece(i, before) for before, i in zip([last, *written], written, strict=False))
        yield (text.partition("\n")[0] if options.stop_at_newline else text), written
        if not GRAPH.states or found["next_stopped"][0]:
            return
        done += count
        ids, last = written[-1:], written[-1]  # the last one was written, and has not been read yet
        values |= GRAPH.fed_back(found)


if __name__ == "__main__":
    command.run(stream)
