"""A step module as a TorchScript file."""

import io
import zipfile

import torch
from torch import nn

from toolkit.bundle import METADATA_KEY
from toolkit.models.torch_steps import torchscript_allowed


def script(module: nn.Module) -> torch.jit.ScriptModule:
    """Compile a module whose code is scriptable."""
    with torchscript_allowed():
        scripted = torch.jit.script(module)
    assert isinstance(scripted, torch.jit.ScriptModule)
    return scripted


def torchscript_bytes(scripted: torch.jit.ScriptModule, facts: str) -> bytes:
    """The .pt archive with the facts as an extra file, and without source locations."""
    buffer = io.BytesIO()
    with torchscript_allowed():
        torch.jit.save(scripted, buffer, _extra_files={METADATA_KEY: facts})
    return _without_debug_files(buffer.getvalue())


def _without_debug_files(archive: bytes) -> bytes:
    """Leave out *.debug_pkl: it names the source files on the machine that exported."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(archive)) as old, zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as new:
        for entry in old.infolist():
            if not entry.filename.endswith(".debug_pkl"):
                new.writestr(zipfile.ZipInfo(entry.filename), old.read(entry))
    return buffer.getvalue()
