"""`toolkit embed` for Python and Node: real processes that are asked for sense and nonsense."""

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import toolkit
from toolkit.bundle import GENERATE_ONNX
from toolkit.cli import _run

from .hosts import PROGRAMS, Asked, said_to_a_closed_reader, stopped_by_ctrl_c, written

needs_node = pytest.mark.skipif(shutil.which("npm") is None, reason="needs Node and npm: apt-get install npm")
TARGETS = ("python", pytest.param("node", marks=needs_node))


class Program:
    """An embedded program that may be spoilt.

    Attributes:
        target: its language.
        folder: where it is.
    """

    def __init__(self, target: str, folder: Path) -> None:
        self.target, self.folder = target, folder

    def command(self, name: str, *arguments: object) -> list[str]:
        """What starts it."""
        python = [sys.executable, "-W", "error", self.folder / f"{name}.py"]
        start = python if self.target == "python" else ["node", self.folder / "write.mjs", name]
        return [*map(str, start), *map(str, arguments)]

    def run(self, name: str, *arguments: object, lines: bytes = b"") -> subprocess.CompletedProcess[bytes]:
        """What it says."""
        command = self.command(name, *arguments)
        return subprocess.run(command, input=lines, capture_output=True, check=False, timeout=120)


@pytest.fixture(scope="module", params=TARGETS)
def made(request, make_bundle, tmp_path_factory):
    """A function (bundle) -> the program around it; read only."""
    programs: dict[Path, Program] = {}

    def make(bundle: Path) -> Program:
        if bundle not in programs:
            folder = tmp_path_factory.mktemp(request.param) / "program"
            assert _run(args=["embed", str(bundle), "--target", request.param, "-o", str(folder)]) == 0
            if request.param == "node":
                packages = request.getfixturevalue("node_folder") / "node_modules"
                (folder / "node_modules").symlink_to(packages)
            programs[bundle] = Program(request.param, folder)
        return programs[bundle]

    return make


@pytest.fixture
def program(made, make_bundle):
    """The program around a model over characters; read only."""
    return made(make_bundle(cell="lstm"))


@pytest.fixture
def spoilt(program, tmp_path):
    """A copy of it that may be changed."""
    folder = tmp_path / "program"
    shutil.copytree(program.folder, folder, symlinks=True)
    return Program(program.target, folder)


@pytest.mark.filterwarnings("ignore:.*read as <unk>")
@pytest.mark.parametrize("name", PROGRAMS)
def test_a_program_writes_what_generate_writes(name, program, make_bundle):
    asked = Asked(max_new_tokens=60, temperature=0.9, top_k=9, seed=2**63 - 1)
    prompts = ["我的夜", "天空x😀\u200d\u200f", "\ufeff月\t", ""]
    model = toolkit.load(make_bundle(cell="lstm"), "cpu")
    texts = written(program.command(name, *asked.arguments()), [p.encode() for p in prompts])
    expected = [model.generate(p or "\n\n", **vars(asked))[0].text for p in prompts]
    assert b"\n".join(texts).decode() == "\n".join(expected)


@pytest.mark.parametrize("name", PROGRAMS)
def test_a_program_stops_at_a_line_break(name, program, make_bundle):
    model = toolkit.load(make_bundle(cell="lstm"), "cpu")
    prompts = ["我的夜", "天空", "月"]
    texts = written(program.command(name, "--stop-at-newline", "--seed", 3), [p.encode() for p in prompts])
    whole = [model.generate(p, max_new_tokens=100, temperature=0.8, seed=3)[0].text for p in prompts]
    assert any("\n" in text for text in whole)
    assert [text.decode() for text in texts] == [text.partition("\n")[0] for text in whole]


@pytest.mark.parametrize("name", PROGRAMS)
def test_a_model_from_text_to_text_answers(name, made, made_of_pairs):
    bundle = made_of_pairs(attention="dot").bundle
    sources = ["春风", "月", "山水"]
    texts = written(made(bundle).command(name, "--temperature", 0), [*(source.encode() for source in sources), b""])
    translator = toolkit.load_translator(bundle)
    expected = [translator.translate(source, max_new_tokens=100)[0].text for source in sources]
    assert [text.decode() for text in texts[:-1]] == expected
    # The toolkit refuses an empty source; a graph reads it as a source of padding.
    (nothing,) = written(made(bundle).command("text", "--temperature", 0), [b""])
    assert texts[-1] == nothing


def test_the_beginning_may_be_an_argument(program):
    found = program.run("text", "月光", "--max-new-tokens", 30)
    assert (found.returncode, found.stderr) == (0, b"")
    assert (
        found.stdout == b"\n".join(written(program.command("text", "--max-new-tokens", 30), ["月光".encode()])) + b"\n"
    )


def test_it_has_no_word_of_the_toolkit(program):
    sources = [path for path in program.folder.iterdir() if path.suffix in {".py", ".mjs"}]
    assert sources
    for path in sources:
        assert "toolkit" not in path.read_text(encoding="utf-8")
        assert len(path.read_text(encoding="utf-8").splitlines()) <= 150, path.name


def test_what_is_no_text_is_read_and_what_is_too_long_is_refused(program):
    lines = b"\xff\xe4\xb8\n" + b"a" * 10_000_000 + b"\n\x00\r\n" + "月".encode() + b"\n"
    found = program.run("text", "--max-new-tokens", 12, "--ids", lines=lines)
    assert found.returncode == 0
    assert found.stderr.decode() == "this beginning has 10000000 bytes, 60000 can be read: shorten it\n"
    assert [len(line.split()) for line in found.stdout.splitlines()] == [12, 12, 12]


BAD_OPTIONS = {
    "seed": ("--seed", 2**63),
    "negative seed": ("--seed=-1",),
    "temperature": ("--temperature=-1",),
    "no number": ("--temperature", "warm"),
    "not a number": ("--temperature", "nan"),
    "tokens": ("--max-new-tokens", 100_001),
    "unknown": ("--tempo", 3),
    "two beginnings": ("月", "光"),
}


@pytest.mark.parametrize("arguments", BAD_OPTIONS.values(), ids=BAD_OPTIONS)
def test_bad_options_get_a_sentence(arguments, program):
    found = program.run("text", *arguments)
    assert (found.returncode, found.stdout) == (2, b"")
    assert not re.search(r"Traceback|^ +at ", found.stderr.decode(), re.MULTILINE)


SPOILT = {
    "altered": ("text.onnx", lambda data: data[:-1] + bytes([data[-1] ^ 1]), "text.onnx is not the file that"),
    "cut off": ("text.onnx", lambda data: data[:1000], "text.onnx is not the file that model.json tells of"),
    "empty": ("text.onnx", lambda _: b"", "text.onnx is not the file that model.json tells of"),
    "gone": ("text.onnx", lambda _: None, "text.onnx is missing"),
    "no facts": ("model.json", lambda _: None, "model.json is missing"),
    "no JSON": ("model.json", lambda data: data[:500], "model.json is damaged"),
    "another JSON": ("model.json", lambda _: b"{}", "model.json"),
    "newer": ("model.json", lambda data: data.replace(b'"format_version": 1', b'"format_version": 2'), "version 2"),
}  # fmt: skip


@pytest.mark.parametrize(("name", "change", "message"), SPOILT.values(), ids=SPOILT)
def test_a_spoilt_file_is_named(name, change, message, spoilt):
    data = change((spoilt.folder / name).read_bytes())
    (spoilt.folder / name).unlink()
    if data is not None:
        (spoilt.folder / name).write_bytes(data)
    _says(spoilt, message)


def test_an_exchanged_graph_is_named(spoilt):
    """A graph of the same model under another name, and a model.json that was made to fit."""
    (spoilt.folder / "text.onnx").write_bytes((spoilt.folder / "step.onnx").read_bytes())
    _says(spoilt, "text.onnx is not the file that model.json tells of")
    facts = json.loads((spoilt.folder / "model.json").read_text(encoding="utf-8"))
    facts["files"]["text.onnx"] = facts["files"]["step.onnx"]
    (spoilt.folder / "model.json").write_text(json.dumps(facts), encoding="utf-8")
    _says(spoilt, "text.onnx does not have the inputs and outputs that model.json tells")


def _says(program, message):
    found = program.run("text", "月")
    assert (found.returncode, found.stdout) == (1, b"")
    assert message in found.stderr.decode()
    assert len(found.stderr.splitlines()) == 1


@pytest.mark.parametrize("name", PROGRAMS)
def test_ctrl_c_stops_a_text(name, program):
    command = program.command(name, "--max-new-tokens", 100_000)
    code, rest, said = stopped_by_ctrl_c(command)
    assert (code, said) == (0, b"stopped\n")
    assert len(rest) < 100_000


def test_whoever_reads_may_stop_reading(program):
    command = program.command("text", "--max-new-tokens", 100_000, "月")
    assert said_to_a_closed_reader(command) == b""


def test_a_single_graph_gives_the_programs_that_it_has(make_bundle, tmp_path, made):
    program = made(make_bundle(cell="lstm"))
    single = tmp_path / "mine.onnx"
    shutil.copy(make_bundle(cell="lstm") / GENERATE_ONNX, single)
    folder = tmp_path / "program"
    assert _run(args=["embed", str(single), "--target", program.target, "-o", str(folder)]) == 0
    names = {path.name for path in folder.iterdir()}
    assert {"text.onnx", "generate.onnx", "model.json", "README.md"} <= names
    suffix = "py" if program.target == "python" else "mjs"
    assert {f"text.{suffix}", f"generate.{suffix}"} <= names
    assert f"step.{suffix}" not in names


def test_only_force_replaces_and_only_such_a_program(made, make_bundle, tmp_path, capsys):
    program = made(make_bundle(cell="lstm"))
    folder = tmp_path / "program"
    command = ["embed", str(make_bundle(cell="lstm")), "--target", program.target, "-o", str(folder)]
    folder.mkdir()
    (folder / "notes.txt").write_text("mine")
    assert _run(args=[*command, "--force"]) == 2
    assert "no program that `toolkit embed` wrote" in capsys.readouterr().err
    shutil.rmtree(folder)
    assert _run(args=command) == 0
    assert _run(args=command) == 2
    assert "already exists" in capsys.readouterr().err
    assert _run(args=[*command, "--force"]) == 0
