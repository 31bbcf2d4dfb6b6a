"""Modules as their owners write them, exported by `export_module` and compared with their own eager code."""

import importlib.util
import io
import json
import re
import sys
import zipfile
from pathlib import Path

import numpy as np
import onnx
import pytest
import torch
from torch import nn
from torch.utils import _pytree as pytree

import toolkit
from toolkit.cli import _run
from toolkit.errors import ParityError
from toolkit.export import export_module, verify_module
from toolkit.tokenizer import CharTokenizer

STEPS, SHORT = 200, 24


def _owners():
    spec = importlib.util.spec_from_file_location("foreign_modules", Path(__file__).with_name("foreign_modules.py"))
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


owners = _owners()


class Exported:
    """A module, what was given with it, and its bundle."""

    def __init__(self, name, folder):
        torch.manual_seed(5)
        self.name = name
        make, self.inputs_of, self.state_of, self.kind, states = owners.ZOO[name]
        self.states = states.split()
        self.module = make()
        self.folder = folder / name
        self.done = export_module(
            self.module,
            tuple(self.inputs_of(owners.BATCH)),
            self.state_of(owners.BATCH),
            self.folder,
            steps=None if name == "d2l" else SHORT,
            **owners.OPTIONS.get(name, {}),
        )


@pytest.fixture(scope="module")
def all_made():
    return {}


@pytest.fixture
def exported(request, all_made, tmp_path_factory):
    if request.param not in all_made:
        all_made[request.param] = Exported(request.param, tmp_path_factory.mktemp("modules"))
    return all_made[request.param]


SELDOM = ("gru", "cache", "names", "ssm", "stack")
"""What they show, others show, too; they are tried where slow tests run."""


def only(*names):
    marked = [pytest.param(name, marks=pytest.mark.slow) if name in SELDOM else name for name in names]
    return pytest.mark.parametrize("exported", marked, indirect=True)


every = only(*owners.ZOO)


def varied(example, t, spec):
    """Other data at each step, in the dtype and shape of an example."""
    random = np.random.default_rng(t)
    if spec.dtype == "float32":
        return torch.from_numpy(random.standard_normal(example.shape).astype(np.float32))
    return example[torch.from_numpy(random.permutation(len(example)))]


# Equality ----------------------------------------------------------------------------------------


@every
@pytest.mark.parametrize(("backend", "batch_size"), [("onnx", 1), ("onnx", 3), ("torchscript", 3), ("pt2", 1)])
def test_each_file_computes_what_the_owner_s_code_computes_for_200_steps(exported, backend, batch_size):
    model = toolkit.load_module(exported.folder, "cpu", backend=backend)
    specs = model.signature.data_inputs
    examples, nested = exported.inputs_of(batch_size), exported.state_of(batch_size)
    state, module = model.init_state(batch_size), exported.module.eval()
    for t in range(STEPS):
        inputs = [varied(example, t, spec) for example, spec in zip(examples, specs, strict=True)]
        with torch.no_grad():
            expected = module(*inputs, *pytree.tree_map(torch.clone, nested))
        nested = expected[-len(nested) :]
        arrays = tuple(x.numpy() for x in inputs)
        found, state = model.step(arrays if len(arrays) > 1 else arrays[0], state)
        found = (*(found if isinstance(found, tuple) else (found,)), *state)
        for x, y in zip(found, pytree.tree_leaves(expected), strict=True):
            assert x.dtype == y.numpy().dtype
            np.testing.assert_allclose(x, y, rtol=0, atol=1e-5 if x.dtype == np.float32 else 0, err_msg=f"step {t}")
    exported.module.train()


@every
def test_a_bundle_says_what_it_is_and_its_report_covers_each_file(exported):
    facts = json.loads((exported.folder / "model.json").read_bytes())
    assert facts["kind"] == exported.kind
    assert list(facts["signatures"]["step"]["states"]) == exported.states
    for spec in facts["signatures"]["step"]["inputs"] + facts["signatures"]["step"]["outputs"]:
        assert spec["axes"].count("N") == 1
    files = {"README.md", "model.json", "step.onnx", "step.pt2", "step.ts.pt"}
    assert {path.name for path in exported.folder.iterdir()} == files | (
        {"generate.onnx"} if exported.name == "d2l" else set()
    )
    rollouts = exported.done.report.rollouts
    assert {(r.graph, r.data, r.batch_size) for r in rollouts} == {
        (graph, data, n)
        for graph in ("onnx", "torchscript", "pt2")
        for data in ("example", "random")
        for n in (1, 2, 7)
    }
    assert exported.done.report.steps == (256 if exported.name == "d2l" else SHORT)


@only("gru", "cache")
def test_verify_module_passes_the_module_and_refuses_it_with_one_weight_changed(exported):
    report = verify_module(exported.folder, exported.module, tuple(exported.inputs_of(owners.BATCH)))
    assert {rollout.data for rollout in report.rollouts} == {"example", "random"}
    weight = next(exported.module.parameters())
    old = weight.detach().clone()
    with torch.no_grad():
        weight += 1e-2
        try:
            with pytest.raises(
                ParityError, match=rf"{exported.name}: does not equal this {type(exported.module).__name__}: "
            ):
                verify_module(exported.folder, exported.module)
        finally:
            weight.copy_(old)


@only("lstm", "stack", "d2l")
def test_the_card_s_snippets_run(exported, monkeypatch, capsys):
    monkeypatch.chdir(exported.folder)
    card = (exported.folder / "README.md").read_text(encoding="utf-8")
    snippets = re.findall(r"```python\n(.*?)```", card, re.DOTALL)
    assert ["toolkit" in code.split("\n", 2)[1] for code in snippets[:1]] == [True]
    assert "import toolkit" not in snippets[1]
    found = []
    for code in snippets:
        scope = {}
        exec(code, scope)
        outputs = scope["outputs"]
        found.append(np.asarray(outputs if isinstance(outputs, np.ndarray) else outputs[0]))
    assert len(snippets) == 3
    for other in found[1:]:
        np.testing.assert_allclose(other, found[0], atol=1e-5)
    assert capsys.readouterr().out


@every
def test_nothing_in_a_bundle_names_the_machine_or_is_pickled_code(exported):
    for path in exported.folder.iterdir():
        data = path.read_bytes()
        for mark in (b"/tmp", b"/home", b"/root", b"site-packages", b"stack_trace"):
            assert mark not in data, (path.name, mark)
    assert {opset.domain for opset in onnx.load(exported.folder / "step.onnx").opset_import} == {""}
    with zipfile.ZipFile(exported.folder / "step.pt2") as archive:
        assert [archive.read(name) for name in archive.namelist() if "sample_inputs" in name] == [b""]
        assert not any(b'"use_pickle": true' in archive.read(name) for name in archive.namelist())


# The module is the caller's ----------------------------------------------------------------------


@only("stack")
def test_the_caller_s_module_is_left_as_it_was(exported, tmp_path):
    module = exported.module.train()
    module.cells[0].eval()
    module.out.weight.requires_grad_(False)
    before = {name: (id(t), t._version, t.requires_grad) for name, t in module.named_parameters()}
    modes = [part.training for part in module.modules()]
    inputs, state = exported.inputs_of(owners.BATCH), exported.state_of(owners.BATCH)
    kept = pytree.tree_map(torch.clone, (inputs, state))
    export_module(module, inputs, state, tmp_path / "again", steps=SHORT)  # dropout and all
    assert {name: (id(t), t._version, t.requires_grad) for name, t in module.named_parameters()} == before
    assert [part.training for part in module.modules()] == modes
    assert all(torch.equal(x, y) for x, y in zip(*map(pytree.tree_leaves, (kept, (inputs, state))), strict=True))
    assert (
        json.loads((tmp_path / "again" / "model.json").read_bytes())["signatures"]["step"]["outputs"][0]["name"]
        == "output_0"
    )
    module.out.weight.requires_grad_(True)


def test_the_same_export_gives_the_same_graph(tmp_path):
    torch.manual_seed(0)
    module, x, h = owners.TimeFirstGRU(), owners.floats(1, 5, 3), torch.zeros(1, 5, 8)
    for name in ("a", "b"):
        export_module(module, x, [h], tmp_path / name, batch_axes={"x": 1}, steps=8)
    for file in ("step.onnx", "step.pt2"):
        assert (tmp_path / "a" / file).read_bytes() == (tmp_path / "b" / file).read_bytes()


# As the kinds there were before ------------------------------------------------------------------


@only("ssm", "cache")
def test_a_module_over_real_numbers_is_a_series(exported, tmp_path, capsys):
    inputs = owners.floats(2, 30, exported.inputs_of(1)[0].shape[1]).numpy()
    model = toolkit.load_series(exported.folder, "cpu")
    outputs, _ = model.run(inputs)
    with torch.no_grad():
        nested, expected = exported.state_of(2), []
        for x in torch.from_numpy(inputs).unbind(1):
            y, *nested = exported.module.eval()(x, *nested)
            expected.append(y)
    np.testing.assert_allclose(outputs, torch.stack(expected, 1), atol=1e-5)
    table = tmp_path / "data.csv"
    table.write_text("\n".join(",".join(map(str, row)) for row in inputs[0]))
    assert _run(args=["series", str(exported.folder), "--input", str(table)]) == 0
    rows = [[float(value) for value in line.split(",")] for line in capsys.readouterr().out.splitlines()]
    np.testing.assert_allclose(rows, outputs[0], atol=1e-4)


@only("d2l")
def test_a_cell_from_a_book_writes_text_with_its_own_loop(exported, capsys):
    model = toolkit.load(exported.folder, "cpu")
    assert model.loop is not None
    text = model.generate("a", max_new_tokens=40, temperature=0)[0].text
    with torch.no_grad():
        state, token, expected = (torch.zeros(1, 16),), 1, ""
        for _ in range(40):
            logits, state = exported.module(torch.tensor([token]), state)
            token = int(logits[0, 1:].argmax()) + 1
            expected += owners.LETTERS[token]
    assert text == expected
    drawn = {"max_new_tokens": 40, "temperature": 0.8, "seed": 3}
    script = toolkit.load(exported.folder, "cpu", backend="torchscript")
    assert script.loop is None
    assert script.generate("a", **drawn)[0].text == model.generate("a", **drawn)[0].text
    assert model.generate("a", frequency_penalty=0.5, **drawn)[0].finish_reason == "length"
    batch = dict(model.generate_batch(["a", "bcd", "e"], max_new_tokens=9, seed=1))
    assert sorted(batch) == [0, 1, 2]
    command = ["generate", str(exported.folder), "-p", "a", "--max-new-tokens", "40", "--temperature", "0"]
    assert _run(args=command) == 0
    assert capsys.readouterr().out.rstrip("\n") == f"a{expected}".rstrip("\n")


def test_a_vocabulary_may_be_a_tokenizer_and_states_whole_numbers(tmp_path):
    class Counting(nn.Module):
        def __init__(self):
            super().__init__()
            self.embed, self.out = nn.Embedding(29, 6), nn.Linear(6, 29)

        def forward(self, input_ids, h, read, odd):
            h = torch.tanh(0.5 * h + self.embed(input_ids))
            read = read + 1
            return self.out(h) + odd[:, None] - read[:, None] % 5, h, read, ~odd

    torch.manual_seed(0)
    module = Counting()
    state = [torch.zeros(3, 6), torch.zeros(3, dtype=torch.int64), torch.zeros(3, dtype=torch.bool)]
    tokenizer = CharTokenizer(tuple(owners.LETTERS))
    export_module(module, owners.ids(28, 3) + 1, state, tmp_path / "counting", vocab=tokenizer, steps=SHORT)
    model = toolkit.load(tmp_path / "counting", "cpu")
    whole = model.generate("abc", max_new_tokens=30, seed=2)[0].text
    plain = toolkit.LanguageModel(model.backend, model.tokenizer)
    assert whole == plain.generate("abc", max_new_tokens=30, seed=2)[0].text
    assert model.init_state(2)[1].dtype == np.int64


@only("stack", "d2l", "ssm")
def test_info_shows_names_and_axes(exported, capsys):
    assert _run(args=["info", str(exported.folder), "--json"]) == 0
    facts = json.loads(capsys.readouterr().out)
    assert facts["network"]["module"] == type(exported.module).__name__
    assert _run(args=["info", str(exported.folder)]) == 0
    out = re.sub(r"\s+", " ", capsys.readouterr().out)
    assert exported.states[0] in out
    assert "parity" in out


@only("lstm")
def test_commands_for_other_kinds_say_what_to_use(exported, capsys):
    folder = str(exported.folder)
    for command in (
        ["generate", folder, "-p", "a"],
        ["series", folder, "-i", "builtin:sine"],
        ["eval", folder, "builtin:lyrics-en"],
        ["translate", folder, "a"],
        ["window", folder, "a"],
    ):
        assert _run(args=command) == 2
        assert "open it with toolkit.load_module" in capsys.readouterr().err
    assert _run(args=["verify", folder, "--against", str(exported.folder / "step.ts.pt")]) == 2
    assert "was exported from a module in a program, not from a checkpoint" in capsys.readouterr().err


@only("lstm")
def test_an_archive_with_something_to_unpickle_is_refused(exported, tmp_path):
    from toolkit.models.program_file import open_program

    def with_entry(name, data):
        buffer = io.BytesIO()
        with zipfile.ZipFile(exported.folder / "step.pt2") as old, zipfile.ZipFile(buffer, "w") as new:
            for entry in old.namelist():
                if entry != name:
                    new.writestr(entry, old.read(entry))
            new.writestr(name, data)
        return buffer.getvalue()

    weights = "archive/data/weights/model_weights_config.json"
    with zipfile.ZipFile(exported.folder / "step.pt2") as archive:
        config, root = archive.read(weights), archive.namelist()[0].split("/")[0]
    assert root == "archive"
    for data, what in (
        (with_entry("archive/data/sample_inputs/model.pt", b"anything"), "sample_inputs"),
        (with_entry("archive/data/constants/custom_obj_0", b"anything"), "custom_obj_0"),
        (with_entry(weights, config.replace(b'"use_pickle": false', b'"use_pickle": true')), "pickled module.lstm"),
        (b"PK nonsense", "torch cannot read it"),
    ):
        with pytest.raises(toolkit.ToolkitError, match=rf"^step\.pt2: .*{what}"):
            open_program(data, "step.pt2", torch.device("cpu"))
