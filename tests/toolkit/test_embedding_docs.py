"""docs/embedding.md tells what the signatures, the tables for hosts and the random numbers are."""

import re
from dataclasses import fields
from pathlib import Path

import pytest

from toolkit import load
from toolkit.bundle import LM, TOKENIZER, ModelInfo
from toolkit.host_facts import host_facts
from toolkit.options import spec_of
from toolkit.sampling import SamplingOptions
from toolkit.signature import generate_signature, step_signature, text_signature
from toolkit.tokenizer import CharTokenizer
from toolkit.uniform import MAX_SEED, uniform

PAGE = (Path(__file__).parents[2] / "docs" / "embedding.md").read_text(encoding="utf-8")
STEP = step_signature("lstm", 3, 8, 5)
LETTERS = {3: "L", 5: "V", 8: "H"}


def _rows(start: str, end: str) -> dict[str, str]:
    """The names of a stretch of tables, each with the cell beside it."""
    stretch = PAGE.partition(start)[2].partition(end)[0]
    rows = re.findall(r"^\| (`.*?) \| (.*?) \|", stretch, re.MULTILINE)
    return {name: what for names, what in rows for name in re.findall(r"`(\w+)`", names)}


@pytest.mark.parametrize(
    ("signature", "start", "end"),
    [
        (text_signature(STEP), "## text.onnx", "Call it with a text"),
        (generate_signature(STEP), "## generate.onnx", "next states."),
    ],
    ids=["text", "generate"],
)
def test_the_contract_is_told(signature, start, end):
    rows = _rows(start, end)
    stretch = PAGE.partition(start)[2].partition(end)[0]
    for spec in (*signature.inputs, *signature.data_outputs):
        axes = [LETTERS.get(axis, axis) for axis in spec.axes]
        told = f"{spec.dtype} [{', '.join(map(str, axes))}]"
        beside = rows.get(spec.name, "")
        assert beside in {told, "as of `text.onnx`"} or f"`{spec.name}` {told}" in stretch, (spec, beside)
    assert rows.keys() - {"next_"} <= {spec.name for spec in (*signature.inputs, *signature.outputs)}


@pytest.mark.parametrize("name", ["reads", "writes"])
def test_the_tables_for_hosts_are_told(name):
    info = ModelInfo(kind=LM, network={}, signatures={}, tokenizers={TOKENIZER: CharTokenizer(("<unk>", "a"))})
    stretch = PAGE.partition(f"| `{name}` |")[2].partition("\n\n")[0]
    told = re.findall(r"^\| (`.*?) \|", stretch, re.MULTILINE)
    assert sorted(re.findall(r"`(\w+)`", " ".join(told))) == sorted(host_facts(info)[name])


def test_the_ranges_of_knobs_are_told():
    rows = re.findall(r"^\| `(\w+)` \| ([\d.]+).*? \| ([\d.]+)", PAGE.partition("## Knobs")[2], re.MULTILINE)
    told = {name: (float(low), float(high)) for name, low, high in rows}
    specs = {field.name: spec_of(field) for field in fields(SamplingOptions)}
    assert {"max_new_tokens", "temperature", "top_p", "min_p", "repetition_penalty"} <= told.keys()
    for name in told.keys() - {"seed", "top_k"}:
        lowest = 0 if name == "max_new_tokens" else specs[name].minimum or 0  # a graph may be asked to read only
        assert told[name] == (lowest, specs[name].maximum), name
    assert "| `seed` | 0 | 2**63 - 1 |" in PAGE
    assert MAX_SEED == 2**63 - 1


def test_the_texts_to_try_a_host_with_are_those_of_the_toolkit():
    model = load("builtin:lyrics-zh", "cpu")
    beginning = re.search(r"reads (\w+) as ([\d ]+),", PAGE)
    assert beginning
    assert model.tokenizer.encode(beginning[1]).tolist() == [int(i) for i in beginning[2].split()]
    stretch = PAGE.partition("**To try a host:**")[2]
    rows = re.findall(r"^\| (`temperature`.*?) \| ([\d ]+) \|$", stretch, re.MULTILINE)
    assert len(rows) == 5
    for knobs, ids in rows:
        options = {
            name: float(value) if "." in value else int(value) for name, value in re.findall(r"`(\w+)` ([\d.]+)", knobs)
        }
        prompt = beginning[1] if "opening" not in knobs else model.tokenizer.decode(model.tokenizer.opening())
        text = model.generate(prompt, max_new_tokens=10, seed=1, **options)[0]
        assert list(text.ids) == [int(i) for i in ids.split()], knobs


def test_the_random_numbers_are_those_of_the_page():
    code = re.search(r"```python\n(def uniform.*?)```", PAGE, re.DOTALL)
    assert code
    names: dict[str, object] = {}
    exec(code[1], names)
    told = re.findall(r"`uniform\((.*?)\)` is (\d\.\d+)", PAGE)
    assert len(told) == 3
    for arguments, number in told:
        seed, step, *sequence = (eval(part) for part in arguments.split(","))
        assert names["uniform"](seed, step, *sequence) == float(number)  # type: ignore[operator]
        assert uniform(seed, step, 1, 1, *sequence)[0, 0] == float(number)
