"""toolkit doctor."""

import base64
import platform
import sys
from importlib import metadata
from typing import NamedTuple

import click

from toolkit.devices import CUDA_REFUSED
from toolkit.errors import ToolkitError
from toolkit.version import __version__

from .output import console, json_option, print_json

_IDENTITY = base64.b64decode("CAg6NwoQCgF4EgF5IghJZGVudGl0eRIBZ1oPCgF4EgoKCAgBEgQKAggBYg8KAXkSCgoICAESBAoCCAFCBAoAEBI=")
"""An .onnx file with the one node y = Identity(x), to try providers with."""


class Finding(NamedTuple):
    """One line of the report."""

    what: str
    ok: bool
    found: str
    advice: str = ""


class Package(NamedTuple):
    """A distribution that some part needs."""

    name: str
    purpose: str
    extra: str | None


_PACKAGES = (
    Package("numpy", "running models", None),
    Package("torch", "training, export", "train"),
    Package("matplotlib", "the loss curve", "train"),
    Package("onnx", "export", "export"),
    Package("onnxscript", "export", "export"),
    Package("jieba", "Chinese word models", "words"),
    Package("PySide6-Essentials", "the window", "gui"),
)


@click.command()
@json_option
def doctor(as_json: bool) -> None:
    """What works on this machine, and what to install for the rest.

    Providers are tried by running a graph on them: what ONNX Runtime lists is only what it was built with.
    """
    findings = [_python(), _onnxruntime(), *map(_package, _PACKAGES), *_providers(), _torch_cuda(), _font(), _window()]
    if as_json:
        print_json({"toolkit": __version__, "findings": [finding._asdict() for finding in findings]})
        return
    from rich.text import Text

    out = console()
    out.print(Text.assemble((f"rnn-toolkit {__version__}", "bold"), f" on {platform.platform()}"))
    for finding in findings:
        mark = ("ok ", "green") if finding.ok else ("-- ", "yellow")
        out.print(Text.assemble(mark, " ", (f"{finding.what:<20}", "cyan"), f" {finding.found}"))
        if finding.advice:
            out.print(f"   {'':<20} {finding.advice}")


def _python() -> Finding:
    version = platform.python_version()
    ok = (3, 11) <= sys.version_info[:2] <= (3, 13)
    return Finding("python", ok, version, "" if ok else "Use Python 3.11, 3.12 or 3.13.")


def _version(distribution: str) -> str | None:
    try:
        return metadata.version(distribution)
    except metadata.PackageNotFoundError:
        return None


def _onnxruntime() -> Finding:
    found = {name: v for name in ("onnxruntime", "onnxruntime-gpu") if (v := _version(name))}
    text = ", ".join(f"{name} {version}" for name, version in found.items()) or "not installed"
    if len(found) == 1:
        return Finding("onnxruntime", True, text)
    advice = "Both write to the same folder: pip uninstall -y onnxruntime onnxruntime-gpu, then install one."
    return Finding("onnxruntime", False, text, advice if found else "Run: pip install rnn-toolkit")


def _package(package: Package) -> Finding:
    version = _version(package.name)
    if version is not None:
        return Finding(package.name, True, f"{version} ({package.purpose})")
    where = f"rnn-toolkit[{package.extra}]" if package.extra else "rnn-toolkit"
    return Finding(package.name, False, f"not installed ({package.purpose})", f"Run: pip install '{where}'")


def _providers() -> list[Finding]:
    """Run a graph on the CPU and on CUDA."""
    try:
        from toolkit.onnx_session import open_session
    except ImportError as error:
        return [Finding("providers", False, f"onnxruntime cannot be imported: {error}", "Run: pip install rnn-toolkit")]
    findings = []
    for device, needed in (("cpu", True), ("cuda", False)):
        try:
            import numpy as np

            session = open_session(_IDENTITY, "a test graph", device)
            session.run(None, {"x": np.ones(1, dtype=np.float32)})
        except ToolkitError as error:
            text = str(error).removeprefix(f"{CUDA_REFUSED}: ").split(". Use --device")[0]
            advice = "Install onnxruntime again." if needed else "Needed only for --device cuda."
            findings.append(Finding(f"run on {device}", False, text, advice))
        else:
            findings.append(Finding(f"run on {device}", True, "a graph ran"))
    return findings


def _torch_cuda() -> Finding:
    if _version("torch") is None:
        return Finding("train on cuda", False, "torch is not installed")
    from importlib import import_module

    torch = import_module("torch")
    if torch.cuda.is_available():
        return Finding("train on cuda", True, torch.cuda.get_device_name())
    return Finding("train on cuda", False, "torch sees no GPU" if torch.version.cuda else "a CPU build of torch")


def _window() -> Finding:
    """Whether `toolkit gui` could open one."""
    from importlib import import_module

    if _version("PySide6-Essentials") is None:
        return Finding("a window", False, "no PySide6")
    try:
        import_module("toolkit.gui.system").check_screen()
    except ToolkitError as error:
        found, _, advice = str(error).partition(". ")
        return Finding("a window", False, found, advice)
    return Finding("a window", True, "toolkit gui can open one")


def _font() -> Finding:
    from toolkit.fonts import cjk_font

    font = cjk_font()
    advice = "Install one, on Debian: apt-get install fontconfig fonts-noto-cjk" if font is None else ""
    return Finding("Chinese font", font is not None, font or "none found", advice)
