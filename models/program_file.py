"""A .pt2 file: a program of torch.export. torch would unpickle what stands in one; ours hold nothing to unpickle."""

import io
import json
import re
import zipfile
from typing import Any

import torch
from torch.export.passes import move_to_device_pass

from toolkit.errors import FileFormatError

_ALLOWED = re.compile(
    r"[^/]+/(archive_format|archive_version|byteorder|\.data/[a-z_]+|extra/[a-z_]+|models/model\.json|"
    r"data/(weights/weight_\d+|constants/tensor_\d+|(weights|constants)/model_\w+_config\.json|sample_inputs/model\.pt))"
)
"""What an archive of ours holds; sample inputs are empty."""


def open_program(data: bytes, name: str, device: torch.device) -> Any:  # noqa: ANN401 - a GraphModule, but torch types it loosely
    """A module from the bytes of a .pt2; the name is for the error.

    Raises:
        FileFormatError: torch cannot read it, or something in it would have to be unpickled.
    """
    try:
        faults = _pickles(data)
        if not faults:
            program = torch.export.load(io.BytesIO(data))
            if device.type != "cpu":
                program = move_to_device_pass(program, device)
            return program.module()
    except Exception as error:  # zipfile, json and torch raise unrelated classes
        raise FileFormatError(f"{name}: torch cannot read it: {json.dumps(str(error)[:200])}") from error
    raise FileFormatError(f"{name}: holds {faults[0]}, which an export of ours does not. Do not trust it.")


def _pickles(data: bytes) -> list[str]:
    """What is in an archive that torch might unpickle."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        entries = archive.infolist()
        found = [entry.filename for entry in entries if not _ALLOWED.fullmatch(entry.filename)]
        found += [e.filename for e in entries if e.filename.endswith("/sample_inputs/model.pt") and e.file_size]
        for entry in entries:
            if entry.filename.endswith("_config.json"):
                config = json.loads(archive.read(entry))["config"]
                found += [f"pickled {weight}" for weight, facts in config.items() if facts["use_pickle"]]
    return found
