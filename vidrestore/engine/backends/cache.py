"""A cache on disk of what was compiled or measured, so that the next start is quick."""

import hashlib
import os
import sys
from collections.abc import Callable
from contextlib import suppress
from functools import lru_cache
from pathlib import Path

import torch
from torch import nn

from ...base.files import write_whole
from ...errors import VidrestoreError

LARGEST = 256 << 20
"""Bytes all entries may take together; those that were not used for longest go first."""
NO_FILE = "<no file>"


def folder() -> Path | None:
    """$VIDRESTORE_CACHE, or vidrestore/ in the user's cache folder; None where the variable is set and empty."""
    chosen = os.environ.get("VIDRESTORE_CACHE")
    if chosen is not None:
        return Path(chosen) if chosen else None
    if sys.platform == "win32":
        base = os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local"
    else:
        base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "vidrestore"


def cached(key: str | None, make: Callable[[], bytes], *, anew: bool = False) -> bytes:
    """The entry of `key`, made where there is none, a damaged one or another key's; made anew for None, or if asked to.

    Several processes may do so at once: an entry appears whole. That it cannot be written is no error.
    """
    where = folder() if key else None
    if where is None:
        return make()
    path = where / f"{key}.bin"
    with suppress(OSError):
        stored = b"" if anew else path.read_bytes()
        if _sum(path, stored[32:]) == stored[:32]:
            os.utime(path)
            return stored[32:]
    made = make()
    with suppress(OSError, VidrestoreError):
        where.mkdir(mode=0o700, parents=True, exist_ok=True)
        write_whole(path, _sum(path, made) + made, overwrite=True)
        _prune(where)
    return made


def _sum(path: Path, content: bytes) -> bytes:
    return hashlib.sha256(path.name.encode() + content).digest()


def _prune(where: Path) -> None:
    """Entries, and parts that a process which was killed left, from the newest on as long as they fit."""
    found = [(file, file.stat()) for file in where.glob("*.bin")]
    found.sort(key=lambda each: each[1].st_mtime, reverse=True)
    total = 0
    for file, facts in found:
        total += facts.st_size
        if total > LARGEST:
            file.unlink(missing_ok=True)


def fingerprint(module: nn.Module, *more: str) -> str | None:
    """What tells `module` from every other: its weights, its other attributes and its code; and `more`.

    None where that is unknown: an attribute is shown by its address or shortened, or code lies in no file.
    """
    digest, own = hashlib.sha256(code()), vars(nn.Module())
    facts: list[object] = [*more, torch.__version__]
    for name, part in module.named_modules():
        facts += [name, type(part).__qualname__, *map(_source, type(part).__mro__)]
        facts += [item for item in vars(part).items() if item[0] not in own]
    text = repr(facts)
    if any(vague in text for vague in (" at 0x", "tensor(", NO_FILE)):
        return None
    digest.update(text.encode())
    for name, tensor in module.state_dict().items():
        digest.update(repr((name, tensor.dtype, tuple(tensor.shape))).encode())
        digest.update(tensor.detach().cpu().contiguous().flatten().view(torch.uint8).numpy())
    return digest.hexdigest()


PACKAGE = Path(__file__).resolve().parents[2]


@lru_cache(maxsize=1)
def code(package: Path = PACKAGE) -> bytes:
    """Hash of the folders of this package that a network may call."""
    digest = hashlib.sha256()
    for part in ("engine", "frame", "models"):
        for file in sorted((package / part).rglob("*.py")):
            digest.update(file.read_bytes())
    return digest.digest()


@lru_cache(maxsize=256)
def _source(kind: type) -> str:
    """Hash of the file a class comes from; torch's own are told by its version."""
    if kind.__module__.split(".")[0] in ("torch", "builtins"):
        return ""
    file = getattr(sys.modules.get(kind.__module__), "__file__", None)
    return hashlib.sha256(Path(file).read_bytes()).hexdigest() if file else NO_FILE
