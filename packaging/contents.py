"""What goes into the folder app: read by the recipe, the builder and a test, so it needs the standard library alone."""

import tomllib
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path, PurePath

ROOT = Path(__file__).resolve().parent.parent
NAME = "lyrics"
"""Of the folder and of the program in it."""

NEVER = ("torch", "onnx")
"""A build that holds one of these is a mistake."""

UNWANTED_MODULES = (
    *NEVER,
    *("matplotlib", "jieba", "rich", "PIL", "sympy", "tkinter", "setuptools", "pytest", "PySide6.QtNetwork"),
    *("pydoc", "ssl", "_ssl", "numpy.f2py", "onnxruntime.quantization", "onnxruntime.transformers"),
)
"""Not followed where an import of something else names them."""

_LEFT_OUT = ("models", "export", "examples")
"""Sub-packages of toolkit that need torch, and the programs that the terminal writes."""

_TOOLS = ("toolkit.data.make_readings", "toolkit.gui.make_icons", "toolkit.gui.translations.update")
"""Modules that only a developer runs."""

_UNWANTED_PLUGINS = frozenset({
    *("egldeviceintegrations", "generic", "networkinformation", "printsupport", "qmltooling", "tls"),
    *("xcbglintegrations", "qeglfs", "qlinuxfb", "qminimal", "qminimalegl", "qvkkhrdisplay", "qvnc", "qgtk3"),
    *("dmabuf-server", "drm-egl-server", "shm-emulation-server", "vulkan-server"),
    *("qtvirtualkeyboardplugin", "qgif", "qicns", "qico", "qjpeg", "qpdf", "qtga", "qtiff", "qwbmp", "qwebp"),
})  # fmt: skip
"""Of Qt, by folder or by name: screens without a desktop, networks, OpenGL, pictures that the program never reads."""

_UNWANTED_OF_ONNXRUNTIME = ("onnxruntime_providers_cuda", "onnxruntime_providers_tensorrt")
_QT_TRANSLATION = "qtbase_zh_CN.qm"


def requirements() -> list[str]:
    """What the app is made of, for pip: the base and the extra gui, with the onnxruntime that has no CUDA.

    A step of a lyric model takes microseconds, which a GPU does not shorten, and its libraries are five times the
    rest of onnxruntime.
    """
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    wanted = [*project["dependencies"], *project["optional-dependencies"]["gui"]]
    return [
        requirement.partition(";")[0].strip() if requirement.startswith("onnxruntime") else requirement
        for requirement in wanted
        if not requirement.startswith("onnxruntime-gpu")
    ]


def is_wanted_module(name: str) -> bool:
    """Whether a module of toolkit goes in: not what needs torch, nor the terminal's commands, nor our tools."""
    _, *parts = name.split(".")
    if parts[:1] == ["cli"]:
        return parts == ["cli"]  # the table of commands and the sentences of errors
    return parts[:1] not in [[left] for left in _LEFT_OUT] and name not in _TOOLS


def is_wanted_data(path: PurePath) -> bool:
    """Whether a file of the installed package goes in as a file, by its path inside the folder toolkit."""
    return path.parts[0] not in _LEFT_OUT and path.suffix not in {".py", ".pyc", ".pyi", ".ts"}


def data_files(package: Path) -> Iterator[Path]:
    """Those of an installed package, by their paths inside it."""
    found = (path.relative_to(package) for path in sorted(package.rglob("*")) if path.is_file())
    return (path for path in found if is_wanted_data(path))


def is_wanted_library(path: PurePath) -> bool:
    """Whether a shared library goes in, by its path inside the app."""
    name = path.name.partition(".")[0].removeprefix("lib")
    if "plugins" in path.parts:
        return not _UNWANTED_PLUGINS & {name, path.parent.name}
    return not (path.match("onnxruntime/capi/*") and name.startswith(_UNWANTED_OF_ONNXRUNTIME))


def is_wanted_translation(path: PurePath) -> bool:
    """Whether a file that Qt brings goes in: of its translations the one of its widgets into our language."""
    return path.parent.name != "translations" or "PySide6" not in path.parts or path.name == _QT_TRANSLATION


def needed(libraries: Mapping[str, Path], imports: Callable[[Path], Iterable[str]]) -> set[str]:
    """What is left when the unwanted libraries go, and with them those that only they import.

    Args:
        libraries: by their paths inside the app, where each lies now.
        imports: the names of the libraries that one at such a place imports, directly or not.

    Returns:
        Paths inside the app.
    """
    unwanted = {place for place in libraries if not is_wanted_library(PurePath(place))}
    theirs = {name for place in unwanted for name in imports(libraries[place])}
    kept = {place for place in libraries if place not in unwanted and PurePath(place).name not in theirs}
    used = {name for place in kept for name in imports(libraries[place])}
    return kept | {place for place in libraries if place not in unwanted and PurePath(place).name in theirs & used}
