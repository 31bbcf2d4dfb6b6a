"""toolkit export: a checkpoint in, a verified bundle out, or nothing."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol

import onnx

from toolkit.bundle import GRAPH_FILES, LM, SEQ2SEQ, SERIES, WINDOW, ModelInfo, is_bundle, read_bundle
from toolkit.errors import FileFormatError, ParityError, ToolkitError
from toolkit.files import new_folder, read_bytes, sha256
from toolkit.loading import read_info
from toolkit.models.checkpoint import Checkpoint, is_ours, load_checkpoint
from toolkit.signature import Signature
from toolkit.tokenizer import Tokenizer

from . import language_bundle, seq2seq_bundle, series_bundle, window_bundle
from .built import Built
from .export_options import ExportOptions
from .foreign.recognised import Recognised, recognise_checkpoint
from .foreign_options import ForeignOptions
from .onnx_proto import with_metadata
from .parity import ParityReport
from .quantized import QuantizationReport
from .text_file import expect_graphs


@dataclass(frozen=True)
class Exported:
    """A bundle that was just written.

    Attributes:
        folder: where it is.
        info: its facts.
        report: what the parity check measured.
        sizes: file name -> bytes.
        quantized: what quantisation costs and gains, where it was asked for.
        example: see `Built.example`.
    """

    folder: Path
    info: ModelInfo
    report: ParityReport
    sizes: Mapping[str, int]
    quantized: QuantizationReport | None = None
    example: str = ""


def default_folder(checkpoint: Path, quantize: str = "none") -> Path:
    """A folder beside the checkpoint, named after it, and after the quantisation if there is one."""
    folder = checkpoint.with_suffix("") if checkpoint.suffix else checkpoint.with_name(checkpoint.name + "-bundle")
    return folder if quantize == "none" else folder.with_name(f"{folder.name}-{quantize}")


def open_checkpoint(
    path: Path,
    foreign: ForeignOptions,
    seen: Callable[[Recognised], None] = lambda _: None,
    tokenizers: Mapping[str, Tokenizer] | None = None,
) -> Checkpoint:
    """A checkpoint that `toolkit train` wrote, or one that another program wrote.

    Args:
        path: of the file.
        foreign: what the weights of the latter do not tell.
        seen: is told what was recognised in the latter.
        tokenizers: of the latter, where they are known already.

    Raises:
        FileFormatError: unreadable, or no network that is known here.
        ToolkitError: options of the latter for one of ours.
    """
    if path.is_dir() or path.name.endswith((".onnx", ".ts.pt")):
        return load_checkpoint(path)  # says what that is
    data = read_bytes(path, "a checkpoint")
    if is_ours(data):
        if given := _given(foreign):
            raise ToolkitError(
                f"{path}: was written by `toolkit train` and says all itself: leave {', '.join(given)} out."
            )
        return load_checkpoint(path)
    recognised = recognise_checkpoint(data, path, foreign, tokenizers)
    seen(recognised)
    return recognised.checkpoint


def _given(foreign: ForeignOptions) -> list[str]:
    """The flags of options that are not their defaults."""
    plain = ForeignOptions().to_dict()
    return [f"--{name.replace('_', '-')}" for name, value in foreign.to_dict().items() if value != plain[name]]


def export_checkpoint(
    path: Path,
    folder: Path | None = None,
    options: ExportOptions | None = None,
    *,
    foreign: ForeignOptions | None = None,
    seen: Callable[[Recognised], None] = lambda _: None,
    force: bool = False,
) -> Exported:
    """Export a checkpoint.

    The bundle is built in a temporary folder and renamed, so that a half-written one cannot exist.

    Args:
        path: the checkpoint.
        folder: where the bundle goes; by default a folder beside the checkpoint, named after it.
        options: how to write the graphs.
        foreign: what the weights of a checkpoint from elsewhere do not tell.
        seen: is told what was recognised in such a one, before anything is made of it.
        force: replace a bundle that is there; anything else is never replaced.

    Raises:
        FileFormatError: no checkpoint, or of no network that is known here.
        ParityError: a graph does not equal eager PyTorch; nothing is written.
        ToolkitError: the folder exists, or cannot be written to.
    """
    options = options or ExportOptions()
    folder = folder or default_folder(path, options.quantize)
    _check_target(folder, force=force)
    checkpoint = open_checkpoint(path, foreign or ForeignOptions(), seen)
    return write_bundle(folder, lambda: build_bundle(checkpoint, sha256(path.read_bytes()), options), force=force)


def write_bundle(folder: Path, build: Callable[[], Built], *, force: bool) -> Exported:
    """Write what is built, or nothing; errors as of `export_checkpoint`."""
    _check_target(folder, force=force)
    with new_folder(folder, replace=force) as temporary:
        try:
            built = build()
        except ParityError as error:
            raise ParityError(f"{error} Nothing was exported.") from error
        for name, data in built.files.items():
            (temporary / name).write_bytes(data)
        read_info(temporary)  # what was written opens, its hashes and its contract hold
    sizes = {name: len(data) for name, data in built.files.items()}
    return Exported(folder, built.info, built.report, sizes, built.quantized, built.example)


def _check_target(folder: Path, *, force: bool) -> None:
    """Only --force replaces, and only a bundle."""
    if not folder.exists():
        return
    if not force:
        raise ToolkitError(
            f"{folder}: already exists. Choose another folder (-o), or replace a bundle with --force (force=True)."
        )
    if not (folder.is_dir() and is_bundle(folder)):
        raise ToolkitError(
            f"{folder}: exists and is no bundle, so --force does not replace it. Choose another folder with -o."
        )


class _Kind(Protocol):
    """A module that builds the bundle of one kind of model."""

    def build(self, checkpoint: Checkpoint, checkpoint_sha256: str, options: ExportOptions) -> Built:
        """All files in memory, after the gate."""
        ...

    def signatures_of(self, checkpoint: Checkpoint) -> Mapping[str, Signature]:
        """The contracts of its graphs that follow from the network."""
        ...

    def check(self, checkpoint: Checkpoint, files: Mapping[str, bytes], info: ModelInfo) -> ParityReport:
        """The gate."""
        ...


_KINDS: Mapping[str, _Kind] = {
    LM: language_bundle,
    SERIES: series_bundle,
    SEQ2SEQ: seq2seq_bundle,
    WINDOW: window_bundle,
}


def build_bundle(checkpoint: Checkpoint, checkpoint_sha256: str, options: ExportOptions) -> Built:
    """All files of a bundle in memory, after the gate has let them pass.

    Raises:
        ParityError: a graph does not equal eager PyTorch, or quantisation costs more than is allowed.
    """
    expect_graphs(checkpoint.kind, options)  # before anything is made
    return _KINDS[checkpoint.kind].build(checkpoint, checkpoint_sha256, options)


def verify_bundle(folder: Path, checkpoint_path: Path) -> ParityReport:
    """Run the gate again over the files of a bundle.

    Raises:
        FileFormatError: a file is missing or altered, or the checkpoint has another shape.
        ParityError: a graph does not equal the checkpoint.
    """
    bundle = read_bundle(folder)
    if "checkpoint_sha256" not in bundle.info.provenance:
        raise ToolkitError(
            f"{folder}: was exported from a module in a program, not from a checkpoint. Check it there: "
            "toolkit.export.verify_module(folder, module)."
        )
    files = {name: bundle.read(name) for name in bundle.files}
    lasting = bundle.info.provenance.get("recognised", {}).get("options", {})
    foreign = ForeignOptions.from_dict(lasting, str(folder))
    try:
        checkpoint = open_checkpoint(checkpoint_path, foreign, tokenizers=bundle.info.tokenizers)
    except ToolkitError as error:
        if not (told := _given(foreign)):
            raise
        raise FileFormatError(f"{folder}: its export was told {', '.join(told)}. With that, {error}") from error
    info, kind = bundle.info, _KINDS.get(checkpoint.kind)
    same = kind is not None and checkpoint.kind == info.kind and dict(checkpoint.tokenizers) == dict(info.tokenizers)
    if kind is None or not same or not kind.signatures_of(checkpoint).items() <= info.signatures.items():
        raise FileFormatError(
            f"{folder}: was not exported from {checkpoint_path}: the network or the vocabulary has another size. "
            "Give the checkpoint that it was made from."
        )
    try:
        return (_check_made_again if info.quantization else kind.check)(checkpoint, files, info)
    except ParityError as error:
        raise ParityError(f"{folder}: does not equal {checkpoint_path}: {error}") from error


def _check_made_again(checkpoint: Checkpoint, files: Mapping[str, bytes], info: ModelInfo) -> ParityReport:
    """The files of a quantised bundle against the checkpoint: its graphs are made again and must be the same."""
    options = ExportOptions(
        max_table_mib=info.provenance["max_table_mib"],
        graphs=",".join(info.signatures),
        quantize=info.quantization["kind"],
        max_ppl_increase=1000.0,
    )
    if "source" not in checkpoint.corpus:  # of one from elsewhere, whose text is not told again; what it costs is known
        stand_in = {"source": "", "options": {}, "sha256": "", "sample": _something_to_read(checkpoint)}
        checkpoint = replace(checkpoint, corpus={**checkpoint.corpus, **stand_in})
    built = build_bundle(checkpoint, info.provenance["checkpoint_sha256"], options)
    for name in (GRAPH_FILES[graph] for graph in info.signatures):
        if _graph_bytes(built.files[name]) != _graph_bytes(files[name]):
            raise ParityError(f"{name} is not what exporting and quantising the checkpoint gives.")
    return built.report


def _something_to_read(checkpoint: Checkpoint) -> object:
    """A text, or pairs of texts, that the vocabularies know."""
    texts = [t.decode([t.ids[t.example]] * 64) for t in checkpoint.tokenizers.values()]
    return [texts] if checkpoint.kind == SEQ2SEQ else texts[0]


def _graph_bytes(data: bytes) -> bytes:
    """A graph without its metadata, where figures of its export stand."""
    return with_metadata(onnx.load_from_string(data), "")
