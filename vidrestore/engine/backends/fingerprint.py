"""What tells one network from every other, for the cache of what was compiled."""

import hashlib
import sys
from functools import lru_cache
from pathlib import Path

import torch
from torch import nn

from ...base.cache import code_of

NO_FILE = "<no file>"


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
    return code_of(*(package / part for part in ("engine", "frame", "models")))


@lru_cache(maxsize=256)
def _source(kind: type) -> str:
    """Hash of the file a class comes from; torch's own are told by its version."""
    if kind.__module__.split(".")[0] in ("torch", "builtins"):
        return ""
    file = getattr(sys.modules.get(kind.__module__), "__file__", None)
    return hashlib.sha256(Path(file).read_bytes()).hexdigest() if file else NO_FILE
