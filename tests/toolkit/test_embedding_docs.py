"""docs/embedding.md tells what the signatures, the tables for hosts and the random numbers are."""

import re
from pathlib import Path

import pytest

from toolkit.bundle import LM, TOKENIZER, ModelInfo
from toolkit.host_facts import host_facts
from toolkit.signature import generate_signature, step_signature, text_signature
from toolkit.tokenizer import CharTokenizer
from toolkit.uniform import uniform

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
        (text_signature(STEP), "**`text.onnx` of a language model**", "Call it with a text"),
        (generate_signature(STEP), "**`generate.onnx`**", "next states."),
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


def test_the_random_numbers_are_those_of_the_page():
    code = re.search(r"```python\n(.*?)```", PAGE, re.DOTALL)
    assert code
    names: dict[str, object] = {}
    exec(code[1], names)
    told = re.findall(r"`uniform\((.*?)\)` is (\d\.\d+)", PAGE)
    assert len(told) == 3
    for arguments, number in told:
        seed, step, *sequence = (eval(part) for part in arguments.split(","))
        assert names["uniform"](seed, step, *sequence) == float(number)  # type: ignore[operator]
        assert uniform(seed, step, 1, 1, *sequence)[0, 0] == float(number)
