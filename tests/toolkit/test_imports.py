"""Who may import whom, and what a process really loads."""

import ast
import importlib.util
import os
import subprocess
import sys
import tomllib
from fnmatch import fnmatch
from pathlib import Path

import pytest

import toolkit

ROOT = Path(__file__).parents[2]
SETUPTOOLS = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["setuptools"]
FOLDERS = {folder: package for package, folder in SETUPTOOLS["package-dir"].items()}
FILES = sorted(path for folder in FOLDERS for path in (ROOT / folder).rglob("*.py"))

# What each of our packages may import of ours, and of others.
OURS = {
    "toolkit": {"toolkit"},
    "toolkit.data": {"toolkit.data"},
    "toolkit.gui": {"toolkit", "toolkit.gui"},
    "toolkit.models": {"toolkit", "toolkit.models"},
    "toolkit.export": {"toolkit", "toolkit.models", "toolkit.export"},
    "toolkit.examples": set(),
}
BASE = {"numpy", "onnxruntime", "click", "rich"}
OTHERS = {
    "toolkit": BASE | {"jieba"},
    "toolkit.data": {"pypinyin", "pronouncing"},  # make_readings.py, which is run by hand
    "toolkit.gui": BASE | {"PySide6"},
    "toolkit.models": BASE | {"torch", "matplotlib"},
    "toolkit.export": BASE | {"torch", "onnx", "onnx_ir", "onnxscript", "safetensors"},
    "toolkit.examples": {"numpy", "onnxruntime", "model", "command"},  # the last two lie beside the programs
}

HEAVY = {"torch", "onnx", "onnx_ir", "onnxscript", "matplotlib", "PySide6", "jieba"}


def module_of(path):
    """The import name of a file."""
    folder, *rest = path.relative_to(ROOT).with_suffix("").parts
    return ".".join([FOLDERS[folder], *rest]).removesuffix(".__init__")


def home(module):
    """Which of our packages a module of ours belongs to."""
    return max((package for package in OURS if f"{module}.".startswith(f"{package}.")), key=len)


def imported(source, module, is_package=False):
    """Every module that a source names in an import statement, wherever it stands."""
    package = module if is_package else module.rpartition(".")[0]
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = importlib.util.resolve_name("." * node.level + (node.module or ""), package)
            yield base
            yield from (f"{base}.{alias.name}" for alias in node.names)  # the name may be a module


def faults(source, module, is_package=False):
    """What a source imports and must not."""
    own = home(module)
    for name in imported(source, module, is_package):
        top = name.partition(".")[0]
        if top == "toolkit":
            if home(name) not in OURS[own]:
                yield name
        elif top not in sys.stdlib_module_names | OTHERS[own]:
            yield name


# Directions --------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_a_file_imports_only_what_its_package_may(path):
    found = list(faults(path.read_text(encoding="utf-8"), module_of(path), path.name == "__init__.py"))
    assert found == []


def test_there_are_files_in_every_package():
    assert {home(module_of(path)) for path in FILES} == set(OURS)


@pytest.mark.parametrize(
    ("module", "source"),
    [
        ("toolkit.loading", "import toolkit.models.checkpoint"),
        ("toolkit.loading", "from toolkit import export"),
        ("toolkit.loading", "from .models import torch_steps"),
        ("toolkit.cli.info", "def f():\n    from ..export.exporter import export_checkpoint"),
        ("toolkit.cli", "if TYPE_CHECKING:\n    from toolkit.gui import window"),
        ("toolkit.loading", "import torch.nn as nn"),
        ("toolkit.loading", "from onnx import checker"),
        ("toolkit.models.trainer", "from toolkit.export.exporter import export_checkpoint"),
        ("toolkit.models.trainer", "from ..gui import window"),
        ("toolkit.models.trainer", "import onnx"),
        ("toolkit.gui.window", "from toolkit.models import cells"),
        ("toolkit.gui.window", "import torch"),
        ("toolkit.export.parity", "from toolkit.gui import window"),
        ("toolkit.export.parity", "import models"),
        ("toolkit.export.parity", "import tests.conftest"),
    ],
)
def test_a_forbidden_import_would_be_found(module, source):
    assert list(faults(source, module))


@pytest.mark.parametrize(
    ("module", "source"),
    [
        (
            "toolkit.loading",
            "import os.path, numpy as np\nfrom toolkit import bundle\nfrom .errors import ToolkitError",
        ),
        ("toolkit.export.parity", "from toolkit.models.cells import lstm_cell\nfrom .exporter import x\nimport torch"),
        ("toolkit.models.trainer", "from toolkit.errors import ToolkitError\nfrom . import cells"),
        ("toolkit.gui.window", "from PySide6.QtWidgets import QWidget\nfrom toolkit.loading import load"),
    ],
)
def test_an_allowed_import_would_not_be_found(module, source):
    assert list(faults(source, module)) == []


def test_modules_named_in_strings_exist():
    strings = {
        node.value
        for path in FILES
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }
    names = {text for text in strings if all(map(str.isidentifier, text.split("."))) and text.startswith("toolkit.")}
    assert {"toolkit.models.commands", "toolkit.cli.generate", "toolkit.models.torch_steps"} <= names
    assert names <= {module_of(path) for path in FILES}


# Packaging ---------------------------------------------------------------------------------------


def test_every_folder_with_python_files_is_a_package_that_gets_installed():
    modules = [path for path in FILES if not is_example(path)]
    packages = {module_of(path.with_name("__init__.py")) for path in modules}
    assert packages <= set(SETUPTOOLS["packages"])
    assert all((path.parent / "__init__.py").exists() for path in modules)


def is_example(path):
    """Whether a file is a source that `toolkit embed` hands out, and no module of ours."""
    return path.is_relative_to(ROOT / "examples") and path.parent != ROOT / "examples"


def test_every_other_file_of_the_packages_gets_installed_too():
    for folder, package in FOLDERS.items():
        for path in (ROOT / folder).rglob("*"):
            if path.is_file() and path.suffix != ".pyc" and (path.suffix != ".py" or is_example(path)):
                covered = False
                for owner, patterns in SETUPTOOLS["package-data"].items():
                    place = ROOT.joinpath(folder, *owner.removeprefix(package).strip(".").split("."))
                    covered |= path.is_relative_to(place) and any(
                        fnmatch(path.relative_to(place).as_posix(), pattern) for pattern in patterns
                    )
                assert covered, f"{path} is not in package-data"


def test_our_folders_are_not_importable_under_their_bare_names(tmp_path):
    code = "import importlib.util as u; print([n for n in ('models', 'export', 'gui') if u.find_spec(n)])"
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


# What is loaded ----------------------------------------------------------------------------------


def loaded(tmp_path, *arguments, code=0):
    """Run Python and return its output and the top-level modules that the whole process imported."""
    done = subprocess.run(
        [sys.executable, "-X", "importtime", *map(str, arguments)],
        cwd=tmp_path,
        env={**os.environ, "PYTHONIOENCODING": "utf-8"},
        capture_output=True,
        encoding="utf-8",
        timeout=120,
        check=False,
    )
    assert done.returncode == code, done.stderr[-2000:]
    prefix = "import time:"
    lines = [line.split("|")[-1].strip() for line in done.stderr.splitlines() if line.startswith(prefix)]
    return done.stdout, {line.partition(".")[0] for line in lines}


def test_the_observer_sees_what_is_loaded(tmp_path):
    assert {"numpy", "onnxruntime"} <= loaded(tmp_path, "-c", "import toolkit; toolkit.load")[1] | {"onnxruntime"}
    assert {"json", "numpy"} <= loaded(tmp_path, "-c", "import json, numpy")[1]


def test_importing_toolkit_loads_nothing_of_others(tmp_path):
    _, modules = loaded(tmp_path, "-c", "import toolkit")
    assert "toolkit" in modules
    assert not modules & (HEAVY | BASE)


@pytest.mark.parametrize("flag", ["--help", "--version", "-h"])
def test_help_and_version_load_the_command_line_library_only(tmp_path, flag):
    output, modules = loaded(tmp_path, "-m", "toolkit", flag)
    assert "toolkit" in output
    assert "click" in modules
    assert not modules & (HEAVY | BASE - {"click"})


@pytest.mark.parametrize("command", ["generate", "translate", "window", "eval", "info", "doctor"])
def test_help_of_a_command_that_runs_models_needs_no_runtime(tmp_path, command):
    output, modules = loaded(tmp_path, "-m", "toolkit", command, "--help")
    assert f"toolkit {command}" in output
    assert not modules & (HEAVY | {"onnxruntime"})


@pytest.mark.parametrize(
    ("command", "options"),
    [
        (
            "generate",
            ["--prompt", "天", "--max-new-tokens", "9", "--temperature", "0.8", "--top-k", "40", "--seed", "1"],
        ),
        ("generate", ["--prompt", "天", "--max-new-tokens", "9", "--stream"]),
        ("eval", ["builtin:lyrics-zh", "--max-chars", "50"]),
        ("info", []),
        ("info", ["--json"]),
        ("translate", ["春风", "--min-new-tokens", "2"]),
        ("translate", ["春风", "--num-beams", "3", "--json"]),
    ],
)
def test_running_a_bundle_loads_numpy_and_onnx_runtime_and_neither_torch_nor_onnx(
    tmp_path, make_bundle, make_pairs_bundle, command, options
):
    bundle = make_pairs_bundle() if command == "translate" else make_bundle()
    output, modules = loaded(tmp_path, "-m", "toolkit", command, bundle, *options)
    assert output.strip()
    assert {"numpy", "onnxruntime"} <= modules
    assert not modules & HEAVY


def test_running_a_bundle_from_a_program_loads_neither_torch_nor_onnx(tmp_path, make_bundle):
    program = (
        "import sys, toolkit\n"
        "model = toolkit.load(sys.argv[1])\n"
        "print(len(model.generate('天', max_new_tokens=7, seed=1)[0].ids), len(list(model.stream('天', seed=1))))\n"
        "print(*sorted(sys.modules), sep='\\n')\n"
    )
    output, modules = loaded(tmp_path, "-c", program, make_bundle())
    first, *in_memory = output.splitlines()
    assert first == "7 100"
    assert not modules & HEAVY
    assert not {name.partition(".")[0] for name in in_memory} & HEAVY


def test_translating_from_a_program_loads_neither_torch_nor_onnx(tmp_path, make_pairs_bundle):
    program = (
        "import sys, toolkit\n"
        "translator = toolkit.load_translator(sys.argv[1])\n"
        "found = translator.translate('春风', attention=True, min_new_tokens=3, max_new_tokens=3)[0]\n"
        "print(len(found.ids), found.attention.shape)\n"
    )
    output, modules = loaded(tmp_path, "-c", program, make_pairs_bundle())
    assert output == "3 (3, 2)\n"
    assert not modules & HEAVY


# The names of the package ------------------------------------------------------------------------


@pytest.mark.parametrize("name", toolkit.__all__)
def test_every_public_name_is_there(name):
    assert getattr(toolkit, name) is not None


def test_an_unknown_name_is_an_attribute_error():
    assert not hasattr(toolkit, "laod")
    with pytest.raises(AttributeError, match="module 'toolkit' has no attribute 'laod'"):
        _ = toolkit.laod
