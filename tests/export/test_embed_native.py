"""`toolkit embed` for C and C++: real programs, built with sanitizers, against the toolkit's own texts."""

import re
import shutil

import numpy as np
import onnx
import pytest
from onnx import numpy_helper

import toolkit
from toolkit.bundle import GENERATE_ONNX
from toolkit.cli import _run
from toolkit.files import sha256

from .hosts import PROGRAMS, Asked, said_to_a_closed_reader, stopped_by_ctrl_c, written
from .native import LIBRARIES, SANITIZED, WARNINGS, Native, environment, needs_compilers, quiet

pytestmark = needs_compilers


@pytest.fixture(scope="module", params=["c", "cpp"])
def target(request):
    """The language."""
    return request.param


only_c = pytest.mark.parametrize("target", ["c"], indirect=True)
"""For what the two languages share: the headers in C, and what `toolkit embed` itself does."""


@pytest.fixture(scope="module")
def made(target, tmp_path_factory):
    """A function (bundle, flags) -> the programs around it; read only."""
    programs = {}

    def make(bundle, flags=SANITIZED):
        if bundle not in programs:
            folder = tmp_path_factory.mktemp(target) / "program"
            programs[bundle] = Native.embedded(target, bundle, folder, flags)
        return programs[bundle]

    return make


@pytest.fixture
def program(made, make_bundle):
    """The programs around a model over characters; read only."""
    return made(make_bundle(cell="lstm"))


@pytest.fixture(scope="module")
def model(make_bundle):
    """The same model, as the toolkit runs it."""
    return toolkit.load(make_bundle(cell="lstm"), "cpu")


@pytest.fixture
def spoilt(program, tmp_path):
    """A copy whose files may be changed, with the program that was built; another is built sooner."""
    program.build("text")
    folder = tmp_path / "program"
    shutil.copytree(program.folder, folder, ignore=shutil.ignore_patterns("build", "generate*", "step"))
    return Native(program.target, folder, WARNINGS)


def _texts(command, beginnings):
    return [text.decode() for text in written(command, beginnings, env=environment())]


# What they write ---------------------------------------------------------------------------------


BEGINNINGS = [
    *(text.encode() for text in ("我的夜", "天空x😀\u200d\u200f", "\ufeff月\t", "", "  \r", "月" * 300)),
    b"\xff\xe4\xb8",
    b"\xed\xa0\x80\xf4\x90\x80\x80\xc0\xaf",
    b"\0\r",
    "月".encode() + b"\xf0\x9f\x98",
]
USUAL = Asked(max_new_tokens=60, temperature=0.9, top_k=9, seed=2**63 - 1)
HOT = Asked(max_new_tokens=17, temperature=100, top_k=2**31, seed=2**32)


@pytest.mark.filterwarnings("ignore:.*read as <unk>")
@pytest.mark.parametrize(
    ("name", "asked"), [*((name, USUAL) for name in PROGRAMS), ("step", HOT)], ids=[*PROGRAMS, "step, hot"]
)
def test_a_program_writes_what_generate_writes(name, asked, program, model):
    texts = written(program.command(name, *asked.arguments()), BEGINNINGS, env=environment())
    options = {**vars(asked), "top_k": asked.top_k if asked.top_k < 1000 else 0}  # more than there are is all
    read = [octets.decode("utf-8", "replace") or "\n\n" for octets in BEGINNINGS]
    expected = [model.generate(text, **options)[0].text for text in read]
    assert b"\n".join(texts).decode() == "\n".join(expected)


@pytest.mark.parametrize("name", PROGRAMS)
def test_a_program_stops_at_a_line_break(name, program, model):
    prompts = ["我的夜", "天空", "月"]
    texts = _texts(program.command(name, "--stop-at-newline", "--seed", 3), [p.encode() for p in prompts])
    whole = [model.generate(p, max_new_tokens=100, temperature=0.8, seed=3)[0].text for p in prompts]
    assert any("\n" in text for text in whole)
    assert texts == [text.partition("\n")[0] for text in whole]


@only_c
@pytest.mark.filterwarnings("ignore:.*read as <unk>")
@pytest.mark.parametrize("name", ["generate", "step"])
def test_words_are_read_and_written(name, made, make_bundle):
    how = {"cell": "gru", "num_layers": 2, "tokenizer": "word", "corpus": "builtin:lyrics-en", "newline": "space"}
    bundle = make_bundle(**how)
    prompts = ["the moon", "I walk", " Xyz, moons"]
    found = _texts(made(bundle).command(name, "--seed", 5, "--top-k", 20), [p.encode() for p in prompts])
    options = {"max_new_tokens": 100, "temperature": 0.8, "top_k": 20, "seed": 5}
    assert found == [toolkit.load(bundle, "cpu").generate(p, **options)[0].text for p in prompts]


@pytest.mark.filterwarnings("ignore:.*read as <unk>")
@pytest.mark.parametrize("name", PROGRAMS)
def test_a_model_from_text_to_text_answers(name, target, made, made_of_pairs):
    bundle = made_of_pairs(attention="dot").bundle
    sources = ["春风", "月", "春眠不觉晓"]
    flags = SANITIZED if target == "c" else WARNINGS  # sooner built
    found = _texts(made(bundle, flags).command(name, "--temperature", 0), [source.encode() for source in sources])
    translator = toolkit.load_translator(bundle)
    assert found == [translator.translate(s, max_new_tokens=100)[0].text for s in sources]


@only_c
def test_a_source_without_a_token_is_one_on_each_way(made, made_of_pairs):
    program = made(made_of_pairs(attention="dot").bundle)
    asked = ("--temperature", 9, "--ids", "")
    text, generated, stepped = (program.run(name, *asked) for name in PROGRAMS)
    assert text.stdout == generated.stdout == stepped.stdout != b""
    assert stepped.stderr == b""


def test_the_beginning_may_be_an_argument(program, model):
    found = program.run("text", "--", "月光", "--max-new-tokens")
    assert (found.returncode, found.stdout) == (2, b"")
    assert b"expected one beginning" in found.stderr
    found = program.run("text", "月光", "--max-new-tokens=30", "--ids")
    assert (found.returncode, found.stderr) == (0, b"")
    ids = model.generate("月光", max_new_tokens=30, temperature=0.8, seed=1)[0].ids
    assert found.stdout.decode() == "".join(f"{i} " for i in ids) + "\n"


def test_what_is_too_long_is_refused_and_the_next_line_goes_on(program):
    lines = b"a" * 1_000_000 + b"\n" + "月".encode() * 20_000 + b"\n" + "月".encode()
    found = program.run("generate", "--max-new-tokens", 12, "--ids", lines=lines)
    assert found.returncode == 0
    assert found.stderr.decode() == "this beginning has 1000000 bytes, 60000 can be read: shorten it\n"
    assert [len(line.split()) for line in found.stdout.splitlines()] == [12, 12]
    found = program.run("generate", "a" * 60_001)
    assert (found.returncode, found.stdout) == (0, b"")
    assert found.stderr.decode() == "this beginning has 60001 bytes, 60000 can be read: shorten it\n"


def test_help_tells_the_options(program):
    found = program.run("step", "--help")
    assert (found.returncode, found.stderr) == (0, b"")
    options = ["--max-new-tokens", "--temperature", "--top-k", "--seed", "--stop-at-newline", "--ids", "--model"]
    assert [option for option in options if option not in found.stdout.decode()] == []


# What goes wrong ---------------------------------------------------------------------------------

BAD_OPTIONS = {
    "seed": ("--seed", 2**63),
    "negative seed": ("--seed=-1",),
    "no whole number": ("--seed", "1.5"),
    "no seed": ("--seed=",),
    "temperature": ("--temperature=-1",),
    "hot": ("--temperature", "1e31"),
    "no number": ("--temperature", "warm"),
    "hexadecimal": ("--temperature", "0x1p0"),
    "not a number": ("--temperature", "nan"),
    "tokens": ("--max-new-tokens", 100_001),
    "no value": ("--top-k",),
    "unknown": ("--tempo", 3),
    "unknown and long": ("--" + "x" * 1000 + "=3",),
    "two beginnings": ("月", "光"),
}


@pytest.mark.parametrize("arguments", BAD_OPTIONS.values(), ids=BAD_OPTIONS)
def test_bad_options_get_a_sentence(arguments, program):
    found = program.run("text", *arguments)
    assert (found.returncode, found.stdout) == (2, b"")
    assert re.fullmatch(r"text: (expected|there is no option) [^\n]+\n", found.stderr.decode())


def _says(message, found):
    assert (found.returncode, found.stdout) == (1, b"")
    assert re.fullmatch(rf"\w+: [^\n]*{message}[^\n]*\n", found.stderr.decode())


SPOILT = {
    "altered": (lambda data: data[:-1] + bytes([data[-1] ^ 1]), "text.onnx is not the file that this program was"),
    "cut off": (lambda data: data[:1000], "text.onnx is not the file that this program was made for"),
    "longer": (lambda data: data + b"\0", "text.onnx is not the file that this program was made for"),
    "empty": (lambda _: b"", "text.onnx is not the file that this program was made for"),
    "gone": (lambda _: None, "text.onnx is missing"),
}


@pytest.mark.parametrize(("change", "message"), SPOILT.values(), ids=SPOILT)
def test_a_spoilt_file_is_named(change, message, spoilt):
    file = spoilt.folder / "text.onnx"
    data = change(file.read_bytes())
    file.unlink()
    if data is not None:
        file.write_bytes(data)
    _says(message, spoilt.run("text", "月"))


@only_c
def test_a_folder_in_the_place_of_a_file_is_named(spoilt):
    (spoilt.folder / "text.onnx").unlink()
    (spoilt.folder / "text.onnx").mkdir()
    _says("text.onnx is (not the file|missing)", spoilt.run("text", "月"))


def test_files_are_looked_for_beside_the_program_or_where_it_says(spoilt, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (spoilt.folder / "text.onnx").rename(tmp_path / "text.onnx")
    assert spoilt.run("text", "月", "--max-new-tokens", 0).stdout == b"\n"
    _says("text.onnx is missing", spoilt.run("text", "月", "--model", spoilt.folder))
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "text.onnx").rename(tmp_path / "elsewhere" / "text.onnx")
    assert spoilt.run("text", "月", "--max-new-tokens", 0, "--model", tmp_path / "elsewhere").stdout == b"\n"


def _made_to_fit(spoilt, name, data):
    """Exchange a graph, and the hash that the program was made with."""
    file, header = spoilt.folder / name, spoilt.folder / "model.h"
    old, text = file.read_bytes(), header.read_text(encoding="utf-8")
    fitting = text.replace(f'"{sha256(old)}", {len(old)}', f'"{sha256(data)}", {len(data)}')
    assert fitting != text
    header.write_text(fitting, encoding="utf-8")
    file.write_bytes(data)


def test_another_graph_is_refused(spoilt):
    other = (spoilt.folder / "step.onnx").read_bytes()
    (spoilt.folder / "text.onnx").write_bytes(other)
    _says("text.onnx is not the file", spoilt.run("text", "月"))


@only_c
def test_a_graph_without_the_promised_inputs_is_refused(spoilt):
    (spoilt.folder / "text").unlink()
    graph = onnx.load(spoilt.folder / "text.onnx")
    graph.graph.input[0].type.tensor_type.shape.dim[0].dim_param = "Bytes"
    _made_to_fit(spoilt, "text.onnx", graph.SerializeToString())
    _says("text.onnx does not have the inputs and outputs", spoilt.run("text", "月"))


def test_a_model_that_computes_no_numbers_is_refused(spoilt):
    (spoilt.folder / "step").unlink(missing_ok=True)
    graph = onnx.load(spoilt.folder / "step.onnx")
    for tensor in graph.graph.initializer:
        values = numpy_helper.to_array(tensor)
        if values.dtype == np.float32 and values.ndim:
            tensor.CopyFrom(numpy_helper.from_array(np.full_like(values, np.nan), tensor.name))
    _made_to_fit(spoilt, "step.onnx", graph.SerializeToString())
    _says("the model is damaged: it computes no numbers", spoilt.run("step", "月"))


def test_without_the_library_it_is_said_where_it_is(program, tmp_path):
    plain = {key: value for key, value in environment().items() if key not in {"ONNXRUNTIME", "LD_LIBRARY_PATH"}}
    told = "environment variable ONNXRUNTIME.*pip download"
    _says(told, program.run("text", "月", env={**plain, "ONNXRUNTIME": str(tmp_path / "no.so")}))
    _says(told, program.run("text", "月", env={**plain, "ONNXRUNTIME": str(program.folder / "model.h")}))
    (tmp_path / "libonnxruntime.so.1").symlink_to(LIBRARIES[0])
    found = program.run("text", "月", env={**plain, "LD_LIBRARY_PATH": str(tmp_path)})
    assert (found.returncode, found.stderr) == (0, b"")


@pytest.mark.parametrize("name", PROGRAMS)
def test_ctrl_c_stops_a_text(name, program):
    command = program.command(name, "--max-new-tokens", 100_000)
    code, rest, said = stopped_by_ctrl_c(command, env=environment())
    assert (code, said) == (0, b"stopped\n")
    assert len(rest) < 100_000


def test_whoever_reads_may_stop_reading(program):
    command = program.command("text", "--max-new-tokens", 100_000, "月")
    assert said_to_a_closed_reader(command, env=environment()) == b""


# What is in the folder ---------------------------------------------------------------------------


def test_the_line_of_the_readme_builds_a_program(spoilt, model):
    readme = (spoilt.folder / "README.md").read_text(encoding="utf-8")
    line = re.search(r"^    (c.* -O2 .*)$", readme, re.MULTILINE)
    (spoilt.folder / "text").unlink()
    quiet(line[1].replace("-O2", "-O0").split(), spoilt.folder)  # as right, and sooner there
    found = spoilt.run("text", "月", "--temperature", 0)
    assert found.stdout.decode() == model.generate("月", max_new_tokens=100, temperature=0)[0].text + "\n"


def test_it_has_no_word_of_the_toolkit(program):
    sources = [path for path in program.folder.iterdir() if path.suffix in {".c", ".h", ".cpp", ".hpp"}]
    assert len(sources) > 10
    for path in sources:
        text = path.read_text(encoding="utf-8")
        assert path.name == "model.h" or ("toolkit" not in text and len(text.splitlines()) <= 150), path.name


def test_a_single_graph_gives_the_programs_that_it_has(target, make_bundle, tmp_path):
    shutil.copy(make_bundle(cell="lstm") / GENERATE_ONNX, tmp_path / "mine.onnx")
    program = Native.embedded(target, tmp_path / "mine.onnx", tmp_path / "program")
    assert {path.stem for path in program.folder.iterdir()} & {*PROGRAMS} == {"text", "generate"}
    quiet(["cmake", "-B", "build"], program.folder)


@only_c
def test_only_force_replaces_and_only_such_a_program(target, make_bundle, tmp_path, capsys):
    folder = tmp_path / "program"
    command = [str(make_bundle(cell="lstm")), "--target", target, "-o", str(folder)]
    folder.mkdir()
    (folder / "notes.txt").write_text("mine")
    assert _run(args=["embed", *command, "--force"]) == 2
    assert "no program that `toolkit embed` wrote" in capsys.readouterr().err
    shutil.rmtree(folder)
    assert _run(args=["embed", *command]) == 0
    assert _run(args=["embed", *command]) == 2
    assert "already exists" in capsys.readouterr().err
    assert _run(args=["embed", *command, "--force"]) == 0
