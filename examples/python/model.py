"""What text.py, generate.py and step.py share: the graphs and their contract, the vocabulary, the random numbers."""

import hashlib
import json
import os
import re
import sys
from pathlib import Path
from typing import Any

os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")  # is read when onnxruntime is loaded
import numpy as np
import onnxruntime

HERE = Path(__file__).parent
Values = dict[str, Any]


def stop(sentence: str) -> None:
    """End the program with a sentence."""
    sys.exit(f"{Path(sys.argv[0]).name}: {sentence}")


def read(name: str) -> bytes:
    """A file that lies beside this one."""
    try:
        return (HERE / name).read_bytes()
    except OSError:
        stop(f"{name} is missing in {HERE}, or cannot be read")
        raise


try:
    FACTS = json.loads(read("model.json"))
    VERSION, READS, WRITES = (FACTS[key] for key in ("format_version", "reads", "writes"))
except (ValueError, KeyError):
    stop("model.json is damaged, or not the one that belongs to this program")
if VERSION != 1:
    stop(f"model.json has format version {VERSION}, this program was written for 1")


class Graph:
    """One .onnx file, called by names. `states` pairs each state with the name under which its next value comes out."""

    def __init__(self, name: str) -> None:
        contract, data = FACTS["signatures"][name], read(f"{name}.onnx")
        if hashlib.sha256(data).hexdigest() != FACTS["files"][f"{name}.onnx"]["sha256"]:
            stop(f"{name}.onnx is not the file that model.json tells of: it was altered, cut off or exchanged")
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1  # in a small model a second thread costs more than it gives
        self.session = onnxruntime.InferenceSession(data, options, providers=["CPUExecutionProvider"])
        self.inputs, self.states = {spec["name"]: spec for spec in contract["inputs"]}, contract["states"]
        self.outputs = [spec["name"] for spec in contract["outputs"]]
        found = [[value.name for value in group] for group in (self.session.get_inputs(), self.session.get_outputs())]
        if found != [list(self.inputs), self.outputs]:
            stop(f"{name}.onnx does not have the inputs and outputs that model.json tells")

    def zeros(self) -> Values:
        """The states before anything was read. An axis N is the number of texts at once: 1."""
        axes = {name: [1 if axis == "N" else axis for axis in self.inputs[name]["axes"]] for name in self.states}
        return {name: np.zeros(axes[name], self.inputs[name]["dtype"]) for name in self.states}

    def run(self, values: Values) -> Values:
        """The outputs by their names; of the values those are taken that the graph has an input for."""
        feeds = {name: np.asarray(values[name]).astype(spec["dtype"]) for name, spec in self.inputs.items()}
        found = dict(zip(self.outputs, self.session.run(None, feeds), strict=True))
        if not all(np.isfinite(found[name]).all() for name in ("logits", "log_probs") if name in found):
            stop("the model is damaged: it computes no numbers")
        return found

    def fed_back(self, found: Values) -> Values:
        """What came out as the next states, under the names that they go in with."""
        return {name: found[after] for name, after in self.states.items()}


IDS = {token: i for i, token in enumerate(READS["tokens"]) if token}
BLANKS = "\t-\r\x1c-\x20\x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000"  # what parts words


def ids_of(octets: bytes) -> list[int]:
    """The ids that a model reads of UTF-8. Where the vocabulary has nothing for the unknown, that is left out."""
    text, unk = octets.decode("utf-8", errors="replace"), READS["unk_id"]
    text = text.replace("\n", " ") if READS["newline"] == "space" else text
    if READS["spaced"]:
        words = re.findall(f"\n|[^{BLANKS}]+", text)
        found = [READS["line_break"] if word == "\n" else IDS.get(word, unk) for word in words]
    else:
        found, place = [], 0
        while place < len(text):  # the longest token that fits here, or one character that none begins with
            parts = (text[place : place + size] for size in range(READS["longest"], 0, -1))
            part = next((part for part in parts if part in IDS), text[place])
            found.append(IDS.get(part, unk))
            place += len(part)
    ids = [i for i in found if i is not None]
    ids += [READS["pad_id"]] * (READS["width"] - len(ids))
    return [*READS["before"], *ids, *READS["after"]] or READS["opening"]


def piece(token: int, before: int | None) -> str:
    """What a token adds to a text that ends with the token `before`; None at its start."""
    text: str = WRITES["pieces"][token]
    parted = WRITES["spaced"] and text not in {"", "\n"} and before not in {None, WRITES["line_break"]}
    return f" {text}" if parted else text


def uniform(seed: int, token: int) -> float:
    """The random number in [0, 1) of a token: Philox4x32-10; docs/embedding.md has the definition."""
    c, k = [token, 0, 0, 0], [seed % 2**32, seed // 2**32]
    for _ in range(10):
        p, q = c[0] * 0xD2511F53, c[2] * 0xCD9E8D57
        c = [q >> 32 ^ c[1] ^ k[0], q % 2**32, p >> 32 ^ c[3] ^ k[1], p % 2**32]
        k = [(k[0] + 0x9E3779B9) % 2**32, (k[1] + 0xBB67AE85) % 2**32]
    return (c[0] >> 8) / 2**24
