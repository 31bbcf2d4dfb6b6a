"""Files of npm packages: fetched once, by npm itself as it is set up, and checked against a known hash."""

import base64
import contextlib
import hashlib
import io
import shutil
import subprocess
import tarfile
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import click

from .errors import FileFormatError, MissingDependencyError, ToolkitError
from .files import read_bytes, write_atomic


@dataclass(frozen=True)
class Package:
    """One version of one package.

    Attributes:
        name: as npm knows it.
        version: the one that is used, and no other.
        sha512: of its archive, base64, as npm prints it for `npm view NAME@VERSION dist.integrity`.
    """

    name: str
    version: str
    sha512: str


ORT_WEB = Package(
    "onnxruntime-web",
    "1.30.0",
    "q0y+JrrtukXSzsBWEMccVfqX25LRmosXHF+CaRJmg8pZClzcV7svNc4rKY3jL02Vb7QmRMDs1SigqR4CXAfKYQ==",
)
"""ONNX Runtime as WebAssembly, and its JavaScript; MIT."""


def package_files(package: Package, names: Mapping[str, str], archive: Path | None = None) -> dict[str, bytes]:
    """Some files of a package.

    Args:
        package: which.
        names: of the files, each by the path that it has in the package.
        archive: the package's .tgz, where it was fetched already; else it is fetched, and kept for the next time.

    Returns:
        The files' bytes by their names.

    Raises:
        MissingDependencyError: there is no npm.
        ToolkitError: npm could not fetch it.
        FileFormatError: it is not what it should be.
    """
    kept = Path(click.get_app_dir("rnn-toolkit")) / "npm" / f"{package.name}-{package.version}.tgz"
    if archive is not None:
        data = _checked(read_bytes(archive, f"the archive of {package.name}"), package, str(archive))
    elif kept.is_file() and _sha512(found := kept.read_bytes()) == package.sha512:
        data = found
    else:
        data = _checked(_fetched(package), package, f"{package.name}@{package.version}")
        with contextlib.suppress(OSError, ToolkitError):  # then it is fetched again the next time
            kept.parent.mkdir(parents=True, exist_ok=True)
            write_atomic(kept, data)
    with tarfile.open(fileobj=io.BytesIO(data)) as tar:
        return {name: _member(tar, f"package/{path}") for name, path in names.items()}


def _member(tar: tarfile.TarFile, path: str) -> bytes:
    file = tar.extractfile(path)
    assert file is not None  # the hash says that it is this archive, and it holds the file
    return file.read()


def _sha512(data: bytes) -> str:
    return base64.b64encode(hashlib.sha512(data).digest()).decode()


def _checked(data: bytes, package: Package, where: str) -> bytes:
    if _sha512(data) != package.sha512:
        raise FileFormatError(
            f"{where}: expected the archive of {package.name} {package.version}, found another file (its SHA-512 "
            f"differs). Fetch it anew: npm pack {package.name}@{package.version}"
        )
    return data


def _fetched(package: Package) -> bytes:
    """The archive, by npm."""
    npm = shutil.which("npm")
    wanted = f"{package.name}@{package.version}"
    if npm is None:
        raise MissingDependencyError(
            f"a web page needs {wanted}, and npm, which fetches it, is not installed. Install Node.js, or fetch the "
            "archive elsewhere and give it with --runtime FILE.tgz."
        )
    with tempfile.TemporaryDirectory() as folder:
        done = subprocess.run(
            [npm, "pack", wanted, "--silent", "--pack-destination", folder],
            capture_output=True,
            encoding="utf-8",
            errors="replace",
            cwd=folder,
            check=False,
        )
        archives = list(Path(folder).glob("*.tgz"))
        if done.returncode or not archives:
            reason = next((line for line in done.stderr.splitlines() if line.strip()), f"exit code {done.returncode}")
            raise ToolkitError(
                f"npm could not fetch {wanted}: {reason.strip()}. Run `npm pack {wanted}` where there is a network, "
                "and give the file with --runtime FILE.tgz."
            )
        return archives[0].read_bytes()
