"""A model as a web page: one file that opens from the disk, or a folder for a server."""

import base64
import gzip
import hashlib
import html
import json
from importlib.resources import files
from pathlib import Path

from .bundle import TEXT, TEXT_ONNX
from .embedding import Embeddable, exporter, model_json
from .npm import ORT_WEB, package_files

_MODULE, _WASM = "dist/ort.wasm.bundle.min.mjs", "dist/ort-wasm-simd-threaded.wasm"
"""The files of the package that a page needs, by their paths there."""

_ALONE = {
    "default-src": "'none'",
    "worker-src": "blob:",
    "base-uri": "'none'",
    "form-action": "'none'",
}
_SERVED = {
    "default-src": "'none'",
    "script-src": "'self' 'wasm-unsafe-eval'",
    "worker-src": "'self'",
    "style-src": "'self'",
    "connect-src": "'self'",
    "base-uri": "'none'",
    "form-action": "'none'",
}
"""What the page may load: nothing but itself."""


def one_page(model: Embeddable, archive: Path | None = None) -> bytes:
    """One .html with the runtime and the model in it.

    Args:
        model: what it writes with.
        archive: of `ORT_WEB`, where it was fetched already.

    Returns:
        The file's bytes.

    Raises:
        ToolkitError: the runtime cannot be had; see `package_files`.
        MissingDependencyError: what makes the graph ready for a browser is not installed.
    """
    runtime, wasm = _runtime(archive)
    style = _source("style.css")
    # In braces, its names are its own; a module would wait for the end of the page.
    script = f'"use strict";{{{"".join(map(_source, ("unpack.js", "embedded.js", "page.js")))}}}'
    facts = json.dumps(model.facts(), ensure_ascii=False).replace("<", "\\u003c")
    data = [
        _block("facts", "application/json", facts),
        _block("worker", "text/plain", _source("unpack.js") + _source("worker.js")),
        _block("runtime", "text/plain", _packed(runtime)),
        _block("wasm", "text/plain", _packed(wasm)),
        f"<script>{script}</script>",  # here, where the runtime is there: it starts while the model is being read
        _block("onnx", "text/plain", _packed(_graph(model))),
    ]
    csp = {
        **_ALONE,
        "script-src": f"{_hash(script)} blob: 'wasm-unsafe-eval'",
        "style-src": _hash(style),
    }
    return _page(model, csp, f"<style>{style}</style>", "\n".join(data))


def site(model: Embeddable, archive: Path | None = None) -> dict[str, bytes]:
    """The same as files for a server: name -> bytes; arguments and errors as of `one_page`."""
    runtime, wasm = _runtime(archive)
    checked = {"ort.js": runtime, "ort.wasm": wasm, TEXT_ONNX: _graph(model)}
    style = '<link rel="stylesheet" href="style.css">'
    scripts = '<script src="fetched.js"></script>\n<script type="module" src="page.js"></script>'
    return {
        "index.html": _page(model, _SERVED, style, scripts),
        **{name: _source(name).encode() for name in ("style.css", "page.js", "fetched.js", "worker.js")},
        **checked,
        "model.json": model_json(model, checked),
    }


def _graph(model: Embeddable) -> bytes:
    """text.onnx, ready for a browser."""
    maker = exporter("web_graph", f"{model.name}: making its {TEXT_ONNX} ready for a browser")
    graph: bytes = maker.web_graph(model.graphs[TEXT], model.info.signatures[TEXT], model.example)
    return graph


def _runtime(archive: Path | None) -> tuple[bytes, bytes]:
    """ONNX Runtime's script and WebAssembly."""
    found = package_files(ORT_WEB, {"script": _MODULE, "wasm": _WASM}, archive)
    return _classic(found["script"].decode()).encode(), found["wasm"]


def _classic(module: str) -> str:
    """A module as a plain script that gives one object, `ort`.

    On a page that was opened from the disk, browsers let a worker load neither a module nor a second script. The text
    is that of one version, whose hash is known: it has one list of exports, at its end, and imports nothing by name.
    """
    body, _, exports = module.rpartition("export{")
    pairs = (pair.split(" as ") for pair in exports.partition("}")[0].split(","))
    given = ",".join(f"{json.dumps(name)}:{own}" for own, name in pairs)
    body = body.replace("import.meta.url", "self.location.href")
    return f'self.ort=(()=>{{"use strict";{body}return{{{given}}}}})();\n'


def _page(model: Embeddable, csp: dict[str, str], style: str, data: str) -> bytes:
    page = _source("index.html")
    for mark, value in (
        ("@csp@", html.escape("; ".join(f"{name} {value}" for name, value in csp.items()))),
        ("@title@", html.escape(model.name)),
        ("@prompt@", html.escape(model.example)),
        ("<!--@style@-->", style),
        ("<!--@data@-->", data),
    ):
        page = page.replace(mark, value)
    return page.encode()


def _source(name: str) -> str:
    return files("toolkit.examples").joinpath("web", name).read_text(encoding="utf-8")


def _packed(octets: bytes) -> str:
    return base64.b64encode(gzip.compress(octets, mtime=0)).decode()


def _block(name: str, kind: str, text: str) -> str:
    return f'<script type="{kind}" id="{name}">{text}</script>'


def _hash(text: str) -> str:
    """As a Content-Security-Policy names an inline script or style."""
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"
