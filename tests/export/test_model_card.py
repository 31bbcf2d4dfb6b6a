import os
import re
import shlex
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

import toolkit

SHAPES = {"lstm": {}, "gru of two layers": {"cell": "gru", "num_layers": 2, "tie_weights": True}}


@pytest.fixture(params=SHAPES.values(), ids=SHAPES)
def bundle(request, make_bundle):
    return make_bundle(**request.param)


@pytest.fixture
def card(bundle):
    return (bundle / "README.md").read_text(encoding="utf-8")


def snippets(card, language):
    return re.findall(rf"```{language}\n(.*?)```", card, re.DOTALL)


def printed(command, folder):
    """What a process prints, run inside a bundle as its card says."""
    scripts = sysconfig.get_path("scripts")
    environment = {**os.environ, "PATH": f"{scripts}{os.pathsep}{os.environ['PATH']}", "PYTHONIOENCODING": "utf-8"}
    done = subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, encoding="utf-8", timeout=120, check=False
    )
    assert done.returncode == 0, done.stderr
    assert "Traceback" not in done.stderr
    return done.stdout


def prompt_of(card):
    return re.search(r"model\.generate\('(.)', ", card)[1]


def test_shell_line_and_python_snippet_write_the_same_text(bundle, card):
    (line,) = snippets(card, "sh")
    with_toolkit, _, _ = snippets(card, "python")
    text = toolkit.load(bundle).generate(prompt_of(card), max_new_tokens=50, temperature=0.8, seed=1)[0]
    assert len(text.ids) == 50
    assert printed([sys.executable, "-c", with_toolkit], bundle) == f"{text}\n"
    program, *arguments = shlex.split(line)
    assert program == "toolkit"
    assert printed([Path(sysconfig.get_path("scripts")) / "toolkit", *arguments], bundle) == f"{text}\n"


def test_snippets_without_the_toolkit_write_the_greedy_text(bundle, card):
    _, whole, step_by_step = snippets(card, "python")
    assert "toolkit" not in whole + step_by_step
    greedy = toolkit.load(bundle).generate(prompt_of(card), max_new_tokens=50, temperature=0)[0]
    assert printed([sys.executable, "-c", step_by_step], bundle) == f"{greedy}\n"
    assert len(printed([sys.executable, "-c", whole], bundle)) == len(f"{greedy}\n")
    at_zero = whole.replace("np.array(0.8, np.float32)", "np.array(0, np.float32)")
    assert at_zero != whole
    assert printed([sys.executable, "-c", at_zero], bundle) == f"{greedy}\n"


def test_card_states_the_contract_and_the_figures_row_by_row(bundle, card):
    model = toolkit.load(bundle)
    for signature in (model.signature, model.loop.signature):
        for kind, spec in [("input", s) for s in signature.inputs] + [("output", s) for s in signature.outputs]:
            assert f"| {kind} | {spec.name} | {spec.dtype} | [{', '.join(map(str, spec.axes))}] |" in card
    outputs = [spec.name for spec in model.signature.outputs]
    assert f"| graph | state | {' | '.join(outputs)} |" in card
    for graph in ("torchscript", "onnx"):
        for state in ("carried", "single step"):
            assert re.search(rf"\| {graph} \| {state} \|( \d\.\de-\d\d \|){{{len(outputs)}}}", card)
    for name in ("step.onnx", "step.ts.pt"):
        assert f"`{name}`, {(bundle / name).stat().st_size:,} bytes" in card


def test_torchscript_line_of_the_card_runs(bundle, card):
    import torch

    line = re.search(r"`(torch\.jit\.load\(.*?\)\(.*?\))`", card)[1]
    names = re.search(r"\)\((.*)\)", line)[1].split(", ")
    specs = toolkit.load(bundle).signature.inputs
    assert names == [spec.name for spec in specs]
    arguments = {
        spec.name: torch.zeros([1 if axis == "N" else axis for axis in spec.axes], dtype=getattr(torch, spec.dtype))
        for spec in specs
    }
    code = line.replace("step.ts.pt", (bundle / "step.ts.pt").as_posix())
    with pytest.warns(DeprecationWarning, match=r"torch\.jit\.load"):
        logits, *states = eval(code, {"torch": torch}, arguments)
    assert logits.shape == (1, len(toolkit.load(bundle).tokenizer))
    assert [part.shape for part in states] == [arguments[name].shape for name in names[1:]]
