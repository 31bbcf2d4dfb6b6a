"""What of a model goes into another program: its facts and its graphs, text.onnx among them."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any, cast

from .builtin_models import builtin_name, model_path
from .bundle import FORMAT, GRAPH_FILES, LM, SEQ2SEQ, SOURCE, TEXT, TOKENIZER, ModelInfo, read_bundle
from .errors import MissingDependencyError
from .files import read_bytes, sha256
from .loading import kind_error, single_graph


@dataclass(frozen=True)
class Embeddable:
    """A model that another program can run.

    Attributes:
        name: what it is called.
        info: its facts, text.onnx among the signatures.
        graphs: the bytes of its .onnx files, by the names of the graphs.
    """

    name: str
    info: ModelInfo
    graphs: Mapping[str, bytes]

    @property
    def example(self) -> str:
        """Something to begin with."""
        return self.info.tokenizers[SOURCE if self.info.kind == SEQ2SEQ else TOKENIZER].example

    def facts(self) -> dict[str, Any]:
        """What a host that runs text.onnx needs to know: as in model.json, without vocabulary and figures."""
        return {"format": FORMAT, "kind": self.info.kind, "signatures": {TEXT: self.info.signatures[TEXT].to_dict()}}


def embeddable(path: Path) -> Embeddable:
    """Open a model for embedding; its text.onnx is made and checked where it has none.

    Args:
        path: a bundle folder, a single .onnx file or `builtin:NAME`.

    Raises:
        FileFormatError: missing, altered, or no model of ours.
        ToolkitError: it writes no text, or no text.onnx can be made of what is there.
        MissingDependencyError: text.onnx has to be made, and what makes it is not installed.
    """
    name = builtin_name(path) or path.resolve().name.removesuffix(".onnx")
    path = model_path(path)
    if path.is_dir():
        bundle = read_bundle(path)
        info = bundle.info
        graphs = {graph: bundle.read(GRAPH_FILES[graph]) for graph in info.signatures if graph in GRAPH_FILES}
    else:
        info, graph = single_graph(path)
        graphs = {graph: read_bytes(path, "an .onnx file")}
    if info.kind not in {LM, SEQ2SEQ}:
        raise kind_error(info.kind, path)
    if TEXT not in graphs:
        info, graphs = _with_text(info, graphs, path)
    return Embeddable(name, info, graphs)


def exporter(name: str, doing: str) -> Any:  # noqa: ANN401 - a module
    """A module of `toolkit.export`: imported by name, and only where there is something to make, as it needs onnx.

    Args:
        name: of the module.
        doing: what needs it, for the error.

    Raises:
        MissingDependencyError: what it needs is not installed.
    """
    try:
        return import_module(f"toolkit.export.{name}")
    except ModuleNotFoundError as error:
        if (error.name or "").startswith("toolkit"):
            raise
        missing = str(error.name).partition(".")[0]
        raise MissingDependencyError.for_extra(missing, doing, "export") from error


def _with_text(info: ModelInfo, graphs: Mapping[str, bytes], path: Path) -> tuple[ModelInfo, dict[str, bytes]]:
    """The same with a text graph."""
    maker = exporter("text_file", f"{path}: making its text.onnx")
    return cast("tuple[ModelInfo, dict[str, bytes]]", maker.with_text(info, graphs, path))


def model_json(model: Embeddable, files: Mapping[str, bytes], **more: Any) -> bytes:  # noqa: ANN401 - plain JSON values
    """A model.json for a host: all facts of the model, the files that it should check, and more."""
    listed = {name: {"bytes": len(data), "sha256": sha256(data)} for name, data in files.items()}
    return json.dumps({**model.info.to_dict(), **more, "files": listed}, ensure_ascii=False, indent=1).encode()
