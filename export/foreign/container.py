"""What a file holds: its tensors by name, and what stands beside them."""

import io
import json
import pickle
import re
import struct
import warnings
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from toolkit.errors import FileFormatError, MissingDependencyError

from .names import brief, listed, with_plain_names

_MAKERS = {"scalar": np.float64(0).__reduce__()[0], "_reconstruct": np.zeros(1).__reduce__()[0]}
_NUMPY_GLOBALS: list[Any] = [
    np.dtype,
    np.ndarray,
    *(getattr(np.dtypes, name) for name in np.dtypes.__all__),
    *((make, f"numpy.{core}.multiarray.{name}") for name, make in _MAKERS.items() for core in ("core", "_core")),
]
"""Losses are often saved as numpy numbers: these only make arrays. The module's name is that of numpy 1 or 2."""

AS_STATE_DICT = """Where its code is, run

    import torch
    model = torch.load({name!r}, map_location="cpu", weights_only=False)  # only if you trust the file
    torch.save(model.state_dict(), {new!r})

and export that file."""

_AS_SCRIPTED = AS_STATE_DICT.replace(
    'torch.load({name!r}, map_location="cpu", weights_only=False)', 'torch.jit.load({name!r}, map_location="cpu")'
)

_FOR_PICKLES = """Where its code is, open it, only if you trust it, and save the weights as

    torch.save(model.state_dict(), {new!r})      # of a PyTorch model, or
    numpy.savez("weights.npz", Wxh=Wxh, ...)     # of arrays

and export that file."""

_FOR_PROTOCOLS = AS_STATE_DICT.replace("model = ", "content = ").replace("model.state_dict()", "content")

_PICKLE, _MAGIC = re.compile(rb"\x80[\x01-\x05]"), b"l\xfc\x9cF\xf9 j\xa8P\x19"
"""How a pickle begins; and what follows soon where it is a checkpoint as torch wrote them before 1.6."""

_DEPTH = 4
"""Of dicts in dicts that are looked into."""

_HALVES = ("encoder", "decoder")

_USUAL = ("state_dict", "model_state_dict", "model", "net", "network", "weights", "params")
"""Under which of several state_dicts the model's own is looked for, in this order."""


@dataclass(frozen=True)
class Container:
    """The content of a file.

    Attributes:
        kind: of file, in words.
        tensors: name -> tensor, on the CPU.
        extras: all else that it holds, by name; of nested dicts the names joined by dots.
        notes: what was done to get there, for people.
        halves: whether encoder and decoder were put together from the state_dicts asked for.
    """

    kind: str
    tensors: Mapping[str, Tensor]
    extras: Mapping[str, Any]
    notes: tuple[str, ...] = field(default=())
    halves: bool = False


def read_container(data: bytes, path: Path, entry: str | None = None, halves: Sequence[str] = ()) -> Container:
    """Read a file; no code in it is ever run.

    Args:
        data: its bytes.
        path: for messages, and its suffix tells safetensors and NumPy files.
        entry: which of several state_dicts; by default the usual names are looked for.
        halves: the state_dicts of an encoder and a decoder, or modules of such names within one.

    Raises:
        FileFormatError: truncated, damaged, pickled objects, or without tensors.
        MissingDependencyError: a safetensors file, and safetensors is not installed.
    """
    if path.suffix == ".safetensors":
        tensors, extras = _safetensors(data, path)
        return _chosen("a safetensors file", {**extras, **tensors}, path, entry, halves)
    if path.suffix in {".npz", ".npy"}:
        return _chosen("NumPy arrays", _arrays(data, path), path, entry, halves)
    return _chosen("a PyTorch checkpoint", _unpickled(data, path), path, entry, halves)


def _safetensors(data: bytes, path: Path) -> tuple[dict[str, Tensor], dict[str, str]]:
    try:
        import safetensors.torch  # noqa: PLC0415 - optional
    except ImportError as error:
        raise MissingDependencyError.for_extra("safetensors", f"{path}: reading it", "export") from error
    try:
        tensors = safetensors.torch.load(data)
        (size,) = struct.unpack("<Q", data[:8])
        notes = json.loads(data[8 : 8 + size]).get("__metadata__") or {}
    except Exception as error:  # its errors have no common class
        reason = str(error).partition("\n")[0]
        raise FileFormatError(f"{path}: safetensors cannot read it: {reason}. Copy or save it again.") from error
    return tensors, {str(key): value for key, value in notes.items()}


def _arrays(data: bytes, path: Path) -> dict[str, Any]:
    """The arrays of an .npz; those of numbers as tensors, those of texts as lists."""
    try:
        loaded = np.load(io.BytesIO(data), allow_pickle=False)
        arrays = dict(loaded.items()) if isinstance(loaded, np.lib.npyio.NpzFile) else None
    except ValueError as error:
        if "pickle" in str(error):
            raise FileFormatError(
                f"{path}: holds pickled Python objects, which could run code when opened; it was not opened. Save "
                "arrays of numbers and of texts only: numpy.savez(file, Wxh=Wxh, ..., chars=numpy.array(chars))."
            ) from error
        raise _unreadable(path, "numpy") from error
    except (OSError, EOFError, zipfile.BadZipFile, KeyError) as error:
        raise _unreadable(path, "numpy") from error
    if arrays is None:
        raise FileFormatError(f"{path}: expected arrays with names (.npz), found a single one. Use numpy.savez.")
    return {
        name: torch.from_numpy(array) if array.dtype.kind in "fiub" else array.tolist()
        for name, array in arrays.items()
    }


def _unpickled(data: bytes, path: Path) -> Any:  # noqa: ANN401 - whatever the file holds
    new = f"{path.stem}-weights.pt"
    try:
        with warnings.catch_warnings(), torch.serialization.safe_globals(_NUMPY_GLOBALS):
            warnings.simplefilter("ignore")  # torch warns of foreign pickles and TorchScript; we refuse them in words
            return torch.load(io.BytesIO(data), map_location="cpu", weights_only=True)
    except Exception as error:  # torch raises RuntimeError, EOFError, UnpicklingError, KeyError …
        if _is_torchscript(data):
            raise FileFormatError(
                f"{path}: is a TorchScript program, not a checkpoint; it was not opened. "
                + _AS_SCRIPTED.format(name=path.name, new=new)
            ) from error
        named = _names_of_objects(data) or re.findall(r"GLOBAL ([\w.]+)", str(error))[:1]
        pickled = _PICKLE.match(data) is not None
        if pickled and _MAGIC not in data[:40]:
            raise FileFormatError(
                f"{path}: is a Python pickle, which could run code when opened; it was not opened. "
                + _FOR_PICKLES.format(new=new)
            ) from error
        if "operand" in str(error) and (pickled or data[:2] == b"PK"):
            raise FileFormatError(
                f"{path}: is pickled with a protocol above 2, which torch does not open safely; it was not opened. "
                + _FOR_PROTOCOLS.format(name=path.name, new=new)
            ) from error
        if named or "GLOBAL" in str(error):
            raise FileFormatError(
                f"{path}: holds pickled Python objects ({listed(named, 4) or 'of unknown classes'}), which could "
                f"run code when opened; it was not opened. {AS_STATE_DICT.format(name=path.name, new=new)}"
            ) from error
        raise _unreadable(path, "torch") from error


def _unreadable(path: Path, library: str) -> FileFormatError:
    return FileFormatError(
        f"{path}: expected a checkpoint, but {library} cannot read it: it is truncated, damaged or another kind of "
        "file. Copy or save it again."
    )


def _is_torchscript(data: bytes) -> bool:
    try:
        names = zipfile.ZipFile(io.BytesIO(data)).namelist()
    except (zipfile.BadZipFile, ValueError):
        return False
    return any(name.endswith("constants.pkl") for name in names)


def _names_of_objects(data: bytes) -> list[str]:
    """The classes and functions that a file asks for, as far as they are not known to be harmless."""
    try:
        with warnings.catch_warnings(), torch.serialization.safe_globals(_NUMPY_GLOBALS):
            warnings.simplefilter("ignore")
            return sorted(torch.serialization.get_unsafe_globals_in_checkpoint(io.BytesIO(data)))
    except (RuntimeError, ValueError, EOFError, KeyError, IndexError, UnicodeDecodeError, pickle.UnpicklingError):
        return []


def _chosen(
    kind: str,
    content: Any,  # noqa: ANN401 - whatever it holds
    path: Path,
    entry: str | None,
    halves: Sequence[str],
) -> Container:
    """The state_dict among what a file holds."""
    if isinstance(content, list | tuple):
        content = {str(i): part for i, part in enumerate(content)}
    if not isinstance(content, Mapping):
        found = f"a single tensor {list(content.shape)}" if isinstance(content, Tensor) else type(content).__name__
        raise FileFormatError(f"{path}: expected tensors with names, found {found}. Save a state_dict.")
    entries = dict(_entries({"": content} if "param_groups" in content else content, ""))
    if len(halves) == len(_HALVES) and set(halves) <= set(entries):
        named = zip(_HALVES, halves, strict=True)
        tensors = {f"{role}.{key}": tensor for role, name in named for key, tensor in entries[name].items()}
        notes = (f"encoder found under {brief(halves[0])}, decoder under {brief(halves[1])}",)
        extras = _extras({k: v for k, v in content.items() if k not in halves})
        return Container(kind, with_plain_names(tensors, path), extras, notes, halves=True)
    own = {name: part for name, part in content.items() if isinstance(part, Tensor)}
    if entry is None and any(part.ndim or not entries for part in own.values()):
        return Container(kind, with_plain_names(own, path), _extras(content))
    picked = [entry] if entry is not None else next(([name] for name in _USUAL if name in entries), sorted(entries))
    missing = [name for name in picked if name not in entries]
    if missing or not picked:
        found = listed(f"{name} ({type(part).__name__})" for name, part in content.items())
        remedy = "Leave --set state_dict out." if own else "Save model.state_dict()."
        known = f"Its state_dicts are {listed(sorted(entries))}." if entries else remedy
        looked = f"the state_dict {brief(missing[0])}" if missing else "a state_dict: tensors with names"
        raise FileFormatError(f"{path}: expected {looked}, found {found or 'nothing'}. {known}")
    parts = {name: entries[name] for name in picked}
    if len(parts) > 1 and not _are_parts(parts):
        raise FileFormatError(
            f"{path}: holds several state_dicts: {listed(sorted(parts))}. Say which is the model's: "
            f"--set state_dict={brief(sorted(parts)[0])}; or, of an encoder and a decoder, "
            f"--set encoder={brief(sorted(parts)[0])} --set decoder={brief(sorted(parts)[1])}"
        )
    tensors = {
        (f"{name}.{key}" if len(parts) > 1 else key): t for name, part in parts.items() for key, t in part.items()
    }
    others = listed((name for name in entries if name not in parts), 3)
    rest = f"; not {others} (--set state_dict=NAME)" if others and entry is None else ""
    notes = (f"state_dict found under {listed(parts)}{rest}",)
    extras = _extras({k: v for k, v in content.items() if k not in parts})
    return Container(kind, with_plain_names(tensors, path), extras, notes)


def _are_parts(entries: Mapping[str, Mapping[str, Tensor]]) -> bool:
    """Whether several state_dicts are parts of one model: an encoder and a decoder, say."""
    names = list(entries)
    return any("enc" in name.lower() for name in names) and any("dec" in name.lower() for name in names)


def _entries(content: Mapping[Any, Any], prefix: str, depth: int = 0) -> list[tuple[str, Mapping[str, Tensor]]]:
    """The state_dicts in nested dicts: all values tensors, all names texts."""
    found = []
    for name, part in content.items():
        if isinstance(part, Mapping) and part:
            where = f"{prefix}{name}"
            if all(isinstance(key, str) and isinstance(tensor, Tensor) for key, tensor in part.items()):
                found.append((where, part))
            # An optimizer's tensors have the shapes of weights.
            elif "optim" not in where and "param_groups" not in part and depth < _DEPTH:
                found += _entries(part, f"{where}.", depth + 1)
    return found


def _extras(content: Mapping[Any, Any], prefix: str = "", depth: int = 0) -> dict[str, Any]:
    """All that is no tensor, with what it lies in."""
    found: dict[str, Any] = {}
    for name, part in content.items():
        if isinstance(part, Tensor):
            continue
        found[f"{prefix}{name}"] = part
        if isinstance(part, Mapping) and depth < _DEPTH and len(part) < 1000 and all(isinstance(k, str) for k in part):
            found |= _extras(part, f"{prefix}{name}.", depth + 1)
    return found
