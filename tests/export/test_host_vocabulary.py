"""The tables of `host_facts` and what embedded programs make of them, against the tokenizers themselves."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from toolkit.bundle import LM, TOKENIZER, ModelInfo
from toolkit.export.text_parity import ids_read
from toolkit.host_facts import host_facts
from toolkit.uniform import uniform

from .vocabularies import KINDS

EXAMPLES = Path(__file__).parents[2] / "examples"
TEXTS = [
    b"",
    "月光光照地".encode(),
    b"the moon\nis a  the\tthem\n\n",
    " themoon, 月光\u3000月光\x85é😀\r\n the\x1fmoon\u2028a".encode(),
    "\u200d\u200f<unk><eos> 月\ufffd <eos> <bos>".encode(),
    '\ufeffaab"\\\0'.encode(),
    b"\xff\xe4\xb8a\xed\xa0\x80\xf4\x90\x80\x80b\xf0\x9f\x98",
]
SEEDS = ((0, 0), (1, 5), (2**40 + 7, 3), (2**63 - 1, 99_999))

PYTHON = """
import json, sys
import model
texts, seeds = json.load(sys.stdin)
ids = [model.ids_of(bytes.fromhex(text)) for text in texts]
size = len(model.WRITES["pieces"])
pieces = [[model.piece(i, before) for i in range(size)] for before in (None, *range(size))]
print(json.dumps([ids, pieces, [model.uniform(*pair) for pair in seeds]]))
"""

NODE = """
import { readFile } from "node:fs/promises";
import { text } from "node:stream/consumers";
import { openModel, uniform } from "./model.mjs";
const [texts, seeds] = JSON.parse(await text(process.stdin));
const model = await openModel({}, (name) => readFile(name));
const range = [...model.writes.pieces.keys()];
console.log(JSON.stringify([
  texts.map((text) => model.idsOf(Buffer.from(text, "hex"))),
  [null, ...range].map((before) => range.map((id) => model.piece(id, before))),
  seeds.map(([seed, token]) => uniform(BigInt(seed), token)),
]));
"""


def _run_python(folder, task):
    shutil.copy(EXAMPLES / "python" / "model.py", folder)
    return _run([sys.executable, "-c", PYTHON], folder, task)


def _run_node(folder, task):
    shutil.copy(EXAMPLES / "node" / "model.mjs", folder)
    (folder / "ask.mjs").write_text(NODE, encoding="utf-8")
    return _run(["node", "ask.mjs"], folder, task)


def _run(command, folder, task):
    done = subprocess.run(command, cwd=folder, input=json.dumps(task).encode(), capture_output=True, check=False)
    assert (done.returncode, done.stderr.decode()) == (0, "")
    return json.loads(done.stdout)


needs_node = pytest.mark.skipif(shutil.which("node") is None, reason="needs Node: apt-get install nodejs")


@pytest.mark.parametrize("host", [_run_python, pytest.param(_run_node, marks=needs_node)], ids=["python", "node"])
@pytest.mark.parametrize("tokenizer", KINDS.values(), ids=KINDS)
def test_a_host_reads_and_writes_as_the_tokenizer(tokenizer, host, tmp_path):
    info = ModelInfo(kind=LM, network={}, signatures={}, tokenizers={TOKENIZER: tokenizer})
    facts = {**info.to_dict(), **host_facts(info), "files": {}}
    (tmp_path / "model.json").write_text(json.dumps(facts), encoding="utf-8")
    seeds = [(str(seed), token) for seed, token in SEEDS] if host is _run_node else SEEDS
    ids, pieces, numbers = host(tmp_path, ([text.hex() for text in TEXTS], seeds))
    assert ids == [formed(tokenizer, text) for text in TEXTS]
    for before, row in zip((None, *range(len(tokenizer))), pieces, strict=True):
        for i, piece in enumerate(row):
            assert piece == ("" if i in tokenizer.special_ids else tokenizer.piece(i, before))
    assert numbers == [float(uniform(seed, token, 1, 1)[0, 0]) for seed, token in SEEDS]


def formed(tokenizer, text):
    """The ids of a text in the tokenizer's width, with what stands around it; or what stands for nothing."""
    ids = ids_read(tokenizer, text).tolist()
    filled = [*tokenizer.before, *ids, *[tokenizer.pad_id] * (tokenizer.width - len(ids)), *tokenizer.after]
    return filled or tokenizer.opening()
