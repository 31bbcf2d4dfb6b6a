"""From a checkpoint or a module to TorchScript and ONNX, with the proof that both equal eager PyTorch.

>>> from toolkit.export import export_module
>>> export_module(module, example_inputs, state, "bundles/a")  # any nn.Module whose state goes in and comes out

Names are loaded on first use: they need torch and onnx.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .exporter import Exported, export_checkpoint
    from .module_bundle import export_module, verify_module

__all__ = ["Exported", "export_checkpoint", "export_module", "verify_module"]

_HOME = {
    "Exported": "exporter",
    "export_checkpoint": "exporter",
    "export_module": "module_bundle",
    "verify_module": "module_bundle",
}


def __getattr__(name: str) -> object:
    if name not in _HOME:
        raise AttributeError(f"module 'toolkit.export' has no attribute {name!r}")
    return getattr(import_module(f"toolkit.export.{_HOME[name]}"), name)
