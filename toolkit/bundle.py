"""What an exported model says of itself: model.json of a bundle, and the same facts inside each .onnx."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePath
from typing import Any

from .errors import FileFormatError
from .files import byte_count, read_bytes, sha256
from .signature import (
    Signature,
    generate_signature,
    module_faults,
    seq2seq_signatures,
    sequence_signature,
    signature_faults,
    step_faults,
)
from .tokenizer import Tokenizer, tokenizer_from_dict

FORMAT = "rnn-toolkit model"
FORMAT_VERSION = 1
MODEL_JSON = "model.json"
_MOST_JSON = 256 << 20
"""Bytes of a model.json: ten million tokens take less, and what is larger is none."""
METADATA_KEY = "rnn_toolkit"
"""The key of an .onnx file's metadata_props, and the extra file of a TorchScript archive, with the facts."""

LM, SERIES, SEQ2SEQ, WINDOW, MODULE = "lm", "series", "seq2seq", "window", "module"
TOKENIZER, SOURCE, TARGET = "tokenizer", "source_tokenizer", "target_tokenizer"
TOKENIZERS: Mapping[str, tuple[str, ...]] = {
    LM: (TOKENIZER,),
    SERIES: (),
    SEQ2SEQ: (SOURCE, TARGET),
    WINDOW: (TOKENIZER,),
    MODULE: (),
}
"""Kind -> the names of its vocabularies, in checkpoints and in model.json."""

STEP, GENERATE = "step", "generate"
ENCODER, DECODER, TRANSLATE = "encoder", "decoder", "translate"
SEQUENCE = "sequence"
TEXT = "text"
STEP_ONNX, GENERATE_ONNX = "step.onnx", "generate.onnx"
ENCODER_ONNX, DECODER_ONNX, TRANSLATE_ONNX = "encoder.onnx", "decoder.onnx", "translate.onnx"
SEQUENCE_ONNX = "sequence.onnx"
TEXT_ONNX = "text.onnx"
GRAPH_FILES = {
    STEP: STEP_ONNX,
    GENERATE: GENERATE_ONNX,
    ENCODER: ENCODER_ONNX,
    DECODER: DECODER_ONNX,
    TRANSLATE: TRANSLATE_ONNX,
    SEQUENCE: SEQUENCE_ONNX,
    TEXT: TEXT_ONNX,
}
"""The .onnx file of each graph."""
STEP_TORCHSCRIPT, SEQUENCE_TORCHSCRIPT = "step.ts.pt", "sequence.ts.pt"
STEP_PROGRAM = "step.pt2"
ENCODER_TORCHSCRIPT, DECODER_TORCHSCRIPT = "encoder.ts.pt", "decoder.ts.pt"


@dataclass(frozen=True)
class ModelInfo:
    """The facts of one exported model.

    Attributes:
        kind: "lm" for a language model, "series" for real numbers in and out, "seq2seq" for text to text,
            "window" for a network that reads a window of text at once, "module" for a step with any inputs and outputs.
        network: cell, num_layers, hidden_size, vocab_size and the like, for people and peers.
        signatures: the contract of each graph, by the names of `GRAPH_FILES`.
        tokenizers: its vocabularies by the names of `TOKENIZERS`.
        provenance: versions, checkpoint and corpus hashes.
        parity: the figures of the check against eager PyTorch; empty before it ran.
        quantization: kind, and what it costs and gains; empty where the weights are float32.
    """

    kind: str
    network: Mapping[str, Any]
    signatures: Mapping[str, Signature]
    tokenizers: Mapping[str, Tokenizer]
    provenance: Mapping[str, Any] = field(default_factory=dict)
    parity: Mapping[str, Any] = field(default_factory=dict)
    quantization: Mapping[str, Any] = field(default_factory=dict)

    @property
    def tokenizer(self) -> Tokenizer:
        """The only one."""
        return self.tokenizers[TOKENIZER]

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values."""
        return {
            "format": FORMAT,
            "format_version": FORMAT_VERSION,
            "kind": self.kind,
            "network": dict(self.network),
            "signatures": {name: signature.to_dict() for name, signature in self.signatures.items()},
            **{name: tokenizer.to_dict() for name, tokenizer in self.tokenizers.items()},
            "provenance": dict(self.provenance),
            "parity": dict(self.parity),
            "quantization": dict(self.quantization),
        }

    def to_json(self, graph: str) -> str:
        """What one graph's file carries in its metadata: the facts, and which graph it is."""
        return json.dumps({**self.to_dict(), "graph": graph}, ensure_ascii=False)

    @classmethod
    def of_graph(cls, text: str | bytes, where: str) -> tuple["ModelInfo", str]:
        """The reverse of `to_json`: the facts and the name of the graph; other keys are left alone.

        Raises:
            FileFormatError: not ours, of a newer format version, or incomplete.
        """
        values = _parse(text, where)
        info = cls._from_dict(values, where)
        graph = values.get("graph")
        if not isinstance(graph, str) or graph not in info.signatures or graph not in GRAPH_FILES:
            raise FileFormatError(f"{where}: does not say which graph it is. Export the model again.")
        return info, graph

    @classmethod
    def _from_dict(cls, values: Mapping[str, Any], where: str) -> "ModelInfo":
        kind = values.get("kind")
        if not isinstance(kind, str) or kind not in TOKENIZERS:
            raise FileFormatError(
                f"{where}: holds a model of kind {kind!r}, this toolkit knows {', '.join(TOKENIZERS)}. "
                "Upgrade rnn-toolkit."
            )
        try:
            signatures = {n: Signature.from_dict(s, where) for n, s in values["signatures"].items()}
            info = cls(
                kind=str(values["kind"]),
                network=dict(values["network"]),
                signatures=signatures,
                tokenizers={name: tokenizer_from_dict(values[name], where) for name in TOKENIZERS[values["kind"]]},
                provenance=dict(values["provenance"]),
                parity=dict(values["parity"]),
                quantization=dict(values["quantization"]),
            )
            faults = _CONTRACTS[info.kind](info)
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise FileFormatError(f"{where}: incomplete: {error}. Export the model again.") from error
        if faults:
            raise FileFormatError(f"{where}: {'; '.join(faults)}. Export the model again.")
        return info


def _step_faults(info: ModelInfo) -> list[str]:
    """What does not fit in a model that has a step, a sentence each."""
    if STEP not in info.signatures:
        return [f"has no step graph; found {', '.join(info.signatures) or 'none'}"]
    size = len(info.tokenizer) if info.tokenizers else None
    fitting = "real numbers" if size is None else f"a vocabulary of {size} tokens"
    found = step_faults(info.signatures[STEP], size)
    if found:
        return [f"the step does not fit {fitting}: {'; '.join(found)}"]
    if GENERATE in info.signatures:
        found = signature_faults(generate_signature(info.signatures[STEP]), info.signatures[GENERATE])
    return [f"the decode loop does not fit the step: {'; '.join(found)}"] if found else []


def _module_faults(info: ModelInfo) -> list[str]:
    """What does not fit in a module's step, a sentence each."""
    if list(info.signatures) != [STEP]:
        return [f"should have a step graph alone; found {', '.join(info.signatures) or 'none'}"]
    return [f"the step contradicts itself: {fault}" for fault in module_faults(info.signatures[STEP])]


def _network_faults(info: ModelInfo, expected: Mapping[str, Signature]) -> list[str]:
    """What does not fit in a model whose network determines its graphs, a sentence each."""
    faults = []
    for graph, signature in expected.items():
        if graph not in info.signatures:
            faults.append(f"has no {graph} graph; found {', '.join(info.signatures) or 'none'}")
        elif found := signature_faults(signature, info.signatures[graph]):
            faults.append(f"the {graph} does not fit the network: {'; '.join(found)}")
    return faults


def network_signatures(kind: str, network: Mapping[str, Any], vocab_size: int) -> dict[str, Signature]:
    """The contracts of a kind without a step, from the facts of its network; `vocab_size` is that of the outputs."""
    if kind == WINDOW:
        return {SEQUENCE: sequence_signature(vocab_size)}
    layers, hidden, memory = (int(network[name]) for name in ("num_layers", "hidden_size", "memory_size"))
    attention = network["attention"] != "none"
    return seq2seq_signatures(network["cell"], layers, hidden, memory, vocab_size, attention=attention)


def _seq2seq_faults(info: ModelInfo) -> list[str]:
    """What does not fit in a model from text to text, a sentence each."""
    longest = info.network.get("longest_source")
    known = longest is None or type(longest) is int
    faults = [] if known else [f"longest_source must be a number of tokens, found {longest!r}"]
    if None in {info.tokenizers[TARGET].bos_id, info.tokenizers[TARGET].eos_id}:
        faults.append("the target's vocabulary has no token that opens or closes a text (bos_id, eos_id)")
    return faults + _network_faults(info, network_signatures(SEQ2SEQ, info.network, len(info.tokenizers[TARGET])))


def _window_faults(info: ModelInfo) -> list[str]:
    """What does not fit in a network that reads a window, a sentence each."""
    window = info.network["window"]
    faults = [] if type(window) is int and window > 0 else [f"window must be a number of tokens, found {window!r}"]
    return faults + _network_faults(info, network_signatures(WINDOW, info.network, len(info.tokenizer)))


_CONTRACTS: Mapping[str, Callable[[ModelInfo], list[str]]] = {
    LM: _step_faults,
    SERIES: _step_faults,
    SEQ2SEQ: _seq2seq_faults,
    WINDOW: _window_faults,
    MODULE: _module_faults,
}
"""Kind -> what does not fit together in a model of it."""


def _parse(text: str | bytes, where: str) -> Mapping[str, Any]:
    """JSON to a dict of ours."""
    try:
        values = json.loads(text)
    except ValueError as error:
        raise FileFormatError(f"{where}: expected JSON as `toolkit export` writes it: {error}") from error
    if not isinstance(values, dict) or values.get("format") != FORMAT:
        raise FileFormatError(f"{where}: expected a file that `toolkit export` wrote, found another kind of JSON")
    version = values.get("format_version")
    if version != FORMAT_VERSION:
        raise FileFormatError(
            f"{where}: has format version {version}, this toolkit reads {FORMAT_VERSION}. "
            "Upgrade rnn-toolkit, or export the checkpoint again with this one."
        )
    return values


@dataclass(frozen=True)
class Bundle:
    """A folder that `toolkit export` wrote.

    Attributes:
        folder: where it is.
        info: its facts.
        files: name -> {"bytes": int, "sha256": str} of every other file in it.
        sha256: of model.json, which has the hashes of all others.
    """

    folder: Path
    info: ModelInfo
    files: Mapping[str, Mapping[str, Any]]
    sha256: str

    def read(self, name: str) -> bytes:
        """The bytes of one file, checked against its hash.

        Raises:
            FileFormatError: not listed, missing, or altered.
        """
        path = self._listed(name)
        data = read_bytes(path, _LISTED)
        found, expected = sha256(data), self.files[name]["sha256"]
        if found != expected:
            raise FileFormatError(
                f"{path}: expected SHA-256 {expected[:12]}…, found {found[:12]}…: "
                "the file was altered or cut off. Copy or export it again."
            )
        return data

    def look_at(self, name: str) -> None:
        """Check that a file is there in its full size; reading and hashing a large one would take half a second.

        Raises:
            FileFormatError: not listed, missing, or of another size.
        """
        path = self._listed(name)
        found, expected = byte_count(path, _LISTED), self.files[name].get("bytes")
        if found != expected:
            raise FileFormatError(
                f"{path}: expected {expected} bytes, found {found}: "
                "the file was altered or cut off. Copy or export it again."
            )

    def _listed(self, name: str) -> Path:
        if name not in self.files:
            raise FileFormatError(f"{self.folder / MODEL_JSON}: lists no file {name}. Export the model again.")
        return self.folder / name


_LISTED = f"the file that {MODEL_JSON} lists"
"""What stands for a file of a bundle in an error about its absence."""


def what_is(path: Path) -> str:
    """What a file or folder seems to be, in words, for an error about a wrong one."""
    if path.is_dir():
        return "a bundle" if is_bundle(path) else "a folder"
    try:
        with path.open("rb") as file:
            start = file.read(64)
    except OSError:
        return "nothing there"
    if path.name == MODEL_JSON:
        return f"a bundle's {MODEL_JSON}; give its folder"
    if start.startswith(b"PK"):
        return "a TorchScript file" if path.name.endswith(".ts.pt") else "a checkpoint or another archive"
    if path.suffix == ".onnx":
        return "an .onnx file"
    return "a text" if start.isascii() and start and b"\0" not in start else "another kind of file"


def is_bundle(folder: Path) -> bool:
    """Whether a folder holds a model.json of ours; nothing else in it is looked at."""
    try:
        _parse((folder / MODEL_JSON).read_bytes(), MODEL_JSON)
    except (OSError, FileFormatError):
        return False
    return True


def read_bundle(folder: Path) -> Bundle:
    """Read model.json.

    Raises:
        FileFormatError: no bundle, or an incomplete one.
    """
    path = folder / MODEL_JSON
    if not path.is_file():
        found = f"found no {MODEL_JSON} in it" if folder.is_dir() else f"found {what_is(folder)}"
        hint = f" It is the folder of a run: give {folder / 'best.pt'}." if (folder / "best.pt").is_file() else ""
        raise FileFormatError(f"{folder}: expected a bundle as `toolkit export` writes it, {found}.{hint}")
    byte_count(path, MODEL_JSON, _MOST_JSON)
    data = read_bytes(path, MODEL_JSON)
    values = _parse(data, str(path))
    try:
        files = {str(name): dict(entry) for name, entry in values["files"].items()}
        hashed = all(isinstance(entry["sha256"], str) for entry in files.values())
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise FileFormatError(f"{path}: the list of files is incomplete ({error}). Export the model again.") from error
    if not hashed or any(PurePath(name).name != name or "\\" in name for name in files):
        raise FileFormatError(f"{path}: the list of files names places outside the bundle. Do not trust it.")
    return Bundle(folder, ModelInfo._from_dict(values, str(path)), files, sha256(data))
