"""The checkpoint: a plain dict of tensors, numbers and texts that torch opens with weights_only=True."""

import hashlib
import io
import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from toolkit.bundle import TOKENIZERS, what_is
from toolkit.errors import FileFormatError
from toolkit.files import read_bytes, write_atomic
from toolkit.tokenizer import Tokenizer, tokenizer_from_dict

from .kinds import KINDS

FORMAT = "rnn-toolkit checkpoint"
FORMAT_VERSION = 1


@dataclass(frozen=True)
class Checkpoint:
    """A trained model, and all that is needed to go on training it.

    Attributes:
        kind: a key of `KINDS`.
        network: the shape of the network.
        tokenizers: its vocabularies by name; a language model has one, "tokenizer".
        weights: the network's state_dict.
        training: options, optimizer, random state and position in the data; plain values and tensors.
        corpus: where the text came from, how it was read, and its SHA-256.
        metrics: the figures of the last finished epoch.
        recognised: what was seen in it, of a checkpoint that another program wrote.
        reference: makes the network that exports must equal, where that is not `build`'s.
    """

    kind: str
    network: Any
    tokenizers: Mapping[str, Tokenizer]
    weights: Mapping[str, Tensor]
    training: Mapping[str, Any]
    corpus: Mapping[str, Any]
    metrics: Mapping[str, Any]
    recognised: Mapping[str, Any] = field(default_factory=dict)
    reference: Callable[[], Any] | None = None

    @property
    def tokenizer(self) -> Tokenizer:
        """That of a language model."""
        return self.tokenizers["tokenizer"]

    def build(self) -> Any:  # noqa: ANN401 - the network of its kind
        """The network with its weights, in eval mode, on the CPU."""
        network = KINDS[self.kind].build(self.network, self.tokenizers)
        network.load_state_dict(dict(self.weights))
        return network.eval()

    def build_reference(self) -> Any:  # noqa: ANN401 - as above
        """What exports must equal: that network, or the owner's modules; in eval mode, on the CPU."""
        return self.build() if self.reference is None else self.reference()


def digest(value: object) -> str:
    """SHA-256 of nested dicts, lists, tensors, numbers and texts: torch.load misses 99 % of flipped bits."""
    sha = hashlib.sha256()

    def feed(part: object) -> None:
        if isinstance(part, Mapping):
            sha.update(b"{%d" % len(part))
            for key, entry in part.items():
                feed(key)
                feed(entry)
        elif isinstance(part, list | tuple):
            sha.update(b"[%d" % len(part))
            for entry in part:
                feed(entry)
        elif isinstance(part, Tensor):
            plain = part.detach().cpu().contiguous()
            sha.update(f"t{plain.dtype}{list(plain.shape)}".encode())
            sha.update(plain.reshape(-1).view(torch.uint8).numpy().data if plain.numel() else b"")
        else:
            sha.update(f"{type(part).__name__}:{part!r};".encode())

    feed(value)
    return sha.hexdigest()


def save_checkpoint(path: Path, checkpoint: Checkpoint) -> None:
    """Write a checkpoint so that a crash leaves the old one or the new one.

    Raises:
        ToolkitError: the disk cannot be written to; the old file is unchanged.
    """
    payload = {
        "kind": checkpoint.kind,
        "network": checkpoint.network.to_dict(),
        **{name: tokenizer.to_dict() for name, tokenizer in checkpoint.tokenizers.items()},
        "weights": {name: tensor.detach().cpu() for name, tensor in checkpoint.weights.items()},
        "training": dict(checkpoint.training),
        "corpus": dict(checkpoint.corpus),
        "metrics": dict(checkpoint.metrics),
    }
    file = {"format": FORMAT, "format_version": FORMAT_VERSION, "sha256": digest(payload), "payload": payload}
    buffer = io.BytesIO()
    torch.save(file, buffer)
    write_atomic(path, buffer.getvalue())


def load_checkpoint(path: Path) -> Checkpoint:
    """Read a checkpoint; no code in it is ever run.

    Raises:
        FileFormatError: missing, truncated, altered, not a checkpoint of ours, or contradictory.
    """
    if path.is_dir():
        best = path / "best.pt"
        hint = f" Give {best}." if best.is_file() else ""
        raise FileFormatError(f"{path}: expected a checkpoint, found {what_is(path)}.{hint}")
    if path.name.endswith((".onnx", ".ts.pt")):
        raise FileFormatError(
            f"{path}: expected a checkpoint that `toolkit train` wrote, found {what_is(path)}. "
            "Give the checkpoint that it was made from."
        )
    file = _unpickle(read_bytes(path, "a checkpoint that `toolkit train` wrote"), path)
    if not isinstance(file, dict) or file.get("format") != FORMAT:
        found = (
            f"a dict with {', '.join(map(str, list(file)[:4]))} …"
            if isinstance(file, dict) and file
            else "another object"
        )
        raise FileFormatError(
            f"{path}: expected a checkpoint that `toolkit train` wrote, found {found}. `toolkit export` reads those of "
            "many other programs, too."
        )
    if file.get("format_version") != FORMAT_VERSION:
        raise FileFormatError(
            f"{path}: has format version {file.get('format_version')}, this toolkit reads {FORMAT_VERSION}. "
            "Upgrade rnn-toolkit."
        )
    payload = file.get("payload")
    if _digest_of_anything(payload) != file.get("sha256"):
        raise FileFormatError(f"{path}: the content does not match its SHA-256: the file was altered or damaged")
    return _checked(payload, path)


def is_ours(data: bytes) -> bool:
    """Whether bytes are those of a checkpoint that `save_checkpoint` wrote, whole or damaged."""
    return FORMAT.encode() in data  # torch stores texts as they are


def _digest_of_anything(payload: object) -> str:
    """`digest`; empty for tensors whose bytes cannot be read: no checkpoint of ours holds such."""
    try:
        return digest(payload)
    except (RuntimeError, TypeError, ValueError):
        return ""


def _unpickle(data: bytes, path: Path) -> object:
    """torch.load without running code, errors in words."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # torch warns of foreign pickles and TorchScript; we refuse them in words
            return torch.load(io.BytesIO(data), map_location="cpu", weights_only=True)
    except Exception as error:  # torch raises RuntimeError, EOFError, UnpicklingError, KeyError …
        if "GLOBAL" in str(error):  # the pickle instruction that names a class or a function
            raise FileFormatError(
                f"{path}: holds pickled Python objects, which could run code when opened; it was not opened. "
                "Save the model's state_dict() instead of the model."
            ) from error
        raise FileFormatError(
            f"{path}: expected a checkpoint, but torch cannot read it: it is truncated, damaged or another kind of file"
        ) from error


def _checked(payload: Any, path: Path) -> Checkpoint:  # noqa: ANN401 - whatever the file held
    """The payload as a Checkpoint whose weights fit its network."""
    try:
        kind = KINDS.get(str(payload["kind"]))
        if kind is None:
            raise FileFormatError(
                f"{path}: holds a model of kind {payload['kind']!r}, this toolkit knows {', '.join(KINDS)}. "
                "Upgrade rnn-toolkit."
            )
        checkpoint = Checkpoint(
            kind=str(payload["kind"]),
            network=kind.shape.from_dict(payload["network"], str(path)),
            tokenizers={name: tokenizer_from_dict(payload[name], str(path)) for name in TOKENIZERS[payload["kind"]]},
            weights=dict(payload["weights"]),
            training=dict(payload["training"]),
            corpus=dict(payload["corpus"]),
            metrics=dict(payload["metrics"]),
        )
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise FileFormatError(f"{path}: incomplete checkpoint: {error}") from error
    with torch.device("meta"):  # shapes alone: no memory, no random numbers
        expected = kind.build(checkpoint.network, checkpoint.tokenizers).state_dict()
    found = {name: weight for name, weight in checkpoint.weights.items() if isinstance(weight, Tensor)}
    faults = [f"{name} is missing" for name in expected if name not in found]
    faults += [f"{name} is not expected" for name in found if name not in expected]
    faults += [
        f"{name} should have shape {list(tensor.shape)}, has {list(found[name].shape)}"
        for name, tensor in expected.items()
        if name in found and found[name].shape != tensor.shape
    ]
    if faults:
        raise FileFormatError(f"{path}: the weights do not fit the network: {'; '.join(faults[:4])}")
    broken = [name for name, tensor in found.items() if not torch.isfinite(tensor).all()]
    if broken:
        raise FileFormatError(f"{path}: {', '.join(broken[:4])} holds NaN or infinity: the training had diverged")
    return checkpoint
