"""The library spandrel, which knows the networks of many checkpoints; imported when one is opened."""

import importlib
import sys
import warnings
from types import ModuleType
from typing import Any

from ...errors import ModelError

MISSING = "needs the package spandrel; install it with: pip install 'vidrestore[models]'"
UNUSED = {"torchvision.transforms.functional": ("InterpolationMode", "rotate", "normalize")}
"""What spandrel imports of torchvision, for two networks that fill holes and faces, which no video goes through."""


def spandrel() -> Any:  # noqa: ANN401  # it may be missing
    """The library.

    Raises:
        ModelError: it is not installed.
    """
    if known := sys.modules.get("spandrel"):
        return known
    absent = [] if _can_import("torchvision") else _without_torchvision()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of its own use of torch
            return importlib.import_module("spandrel")
    except ImportError as error:
        raise ModelError(MISSING) from error
    finally:
        for name in absent:
            sys.modules.pop(name, None)


def _can_import(name: str) -> bool:
    """PyTorch's own torchvision fails beside another build of torch with an error of any kind."""
    try:
        importlib.import_module(name)
    except (ImportError, RuntimeError, AttributeError, OSError):
        return False
    return True


def _without_torchvision() -> list[str]:
    """Empty modules in its place; their names."""
    made: list[str] = []
    for name, contents in UNUSED.items():
        parts = name.split(".")
        made += [".".join(parts[: i + 1]) for i in range(len(parts))]
        sys.modules.update({each: ModuleType(each) for each in made})
        for each in contents:
            setattr(sys.modules[name], each, None)
    return made
