"""Programs around a model, written to the disk: `toolkit embed`."""

from collections.abc import Mapping
from importlib.resources import files as resources
from pathlib import Path

from .bundle import DECODER, ENCODER, FORMAT, GENERATE, GRAPH_FILES, LM, MODEL_JSON, SEQ2SEQ, STEP, TEXT, TRANSLATE
from .c_header import MODEL_H, c_header
from .embedding import Embeddable, embeddable, model_json
from .errors import ToolkitError
from .files import new_folder, write_atomic
from .host_facts import host_facts
from .web_page import one_page, site

_PAGE_MARK, _MODEL_MARK = b"Content-Security-Policy", FORMAT.encode()
"""What stands in a page of ours, and in the model.json of any other program of ours."""

_SHARED = {"c": "native", "cpp": "native"}
"""Languages that read model.h, and the folder of examples whose files belong to their programs, too."""

_PROGRAMS: Mapping[str, Mapping[str, tuple[str, ...]]] = {
    LM: {"text": (TEXT,), "generate": (GENERATE,), "step": (STEP,)},
    SEQ2SEQ: {"text": (TEXT,), "generate": (TRANSLATE,), "step": (ENCODER, DECODER)},
}
"""Kind -> the programs of each language, by the names of their files, with the graphs that each runs."""


def write_program(
    model: Path, target: str, output: Path, runtime: Path | None = None, *, force: bool = False
) -> dict[str, int]:
    """Write a program around a model, whole or not at all.

    Args:
        model: a bundle folder, a single .onnx file or `builtin:NAME`.
        target: "html", "web", or a language whose programs stand in examples/.
        output: the file or the folder.
        runtime: the archive of onnxruntime-web, where npm cannot fetch it.
        force: replace a program that is there; anything else is never replaced.

    Returns:
        The bytes of each file by its path.

    Raises:
        ToolkitError: something is there already, cannot be written, or the model cannot be embedded.
    """
    _check_place(output, target, force=force)
    found = embeddable(model)
    if target == "html":
        data = one_page(found, runtime)
        write_atomic(output, data)
        return {str(output): len(data)}
    files = site(found, runtime) if target == "web" else program_files(found, target)
    with new_folder(output, replace=force) as temporary:
        for name, data in files.items():
            (temporary / name).write_bytes(data)
    return {str(output / name): len(data) for name, data in files.items()}


def program_files(model: Embeddable, target: str) -> dict[str, bytes]:
    """The sources of an example with the model beside them, and what is common to its programs."""
    left_out = {name for name, graphs in _PROGRAMS[model.info.kind].items() if not {*graphs} <= {*model.graphs}}
    own = {
        path.name: path.read_bytes()
        for folder in sorted({target, _SHARED.get(target, target)})
        for path in resources("toolkit.examples").joinpath(folder).iterdir()
        if path.is_file() and path.name.partition(".")[0] not in left_out
    }
    if target in _SHARED:
        own[MODEL_H] = c_header(model.info, model.graphs)
    graphs = {GRAPH_FILES[name]: data for name, data in model.graphs.items()}
    return {**own, **graphs, MODEL_JSON: model_json(model, graphs, **host_facts(model.info))}


def _check_place(output: Path, target: str, *, force: bool) -> None:
    """Only --force replaces, and only what such a command wrote."""
    if not output.exists():
        return
    if not force:
        raise ToolkitError(f"{output}: already exists. Choose another place (-o), or replace it with --force.")
    pages = {"html": output, "web": output / "index.html"}
    own, mark = pages.get(target, output / MODEL_JSON), _PAGE_MARK if target in pages else _MODEL_MARK
    if not (own.is_file() and mark in own.read_bytes()[:4096]):
        raise ToolkitError(f"{output}: is no program that `toolkit embed` wrote, so --force does not replace it.")
