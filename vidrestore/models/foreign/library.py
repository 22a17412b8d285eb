"""Libraries that read other programs' networks, imported when a file needs them: spandrel, and onnx2torch."""

import importlib
import sys
import warnings
from types import ModuleType
from typing import Any

from ...errors import ModelError

BROKEN = (ImportError, RuntimeError, AttributeError, OSError)
"""What PyTorch's own torchvision fails with beside another build of torch."""
UNUSED = {
    "torchvision.transforms.functional": ("InterpolationMode", "rotate", "normalize"),
    "torchvision.ops": ("roi_align",),
}
"""What they import of torchvision, for networks that fill holes, mend faces or find things; no video goes through."""


def spandrel() -> Any:  # noqa: ANN401  # it may be missing
    """The library that knows the networks of many checkpoints.

    Raises:
        ModelError: it is not installed.
    """
    return _library("spandrel")


def onnx2torch() -> Any:  # noqa: ANN401
    """The library that makes a module of a graph of ONNX.

    Raises:
        ModelError: it is not installed.
    """
    return _library("onnx2torch")


def _library(name: str) -> Any:  # noqa: ANN401
    if known := sys.modules.get(name):
        return known
    absent = [] if _can_import("torchvision") else _without_torchvision()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of its own use of torch
            return importlib.import_module(name)
    except ImportError as error:
        raise ModelError(f"needs the package {name}; install it with: pip install 'vidrestore[models]'") from error
    finally:
        for each in absent:
            sys.modules.pop(each, None)


def _can_import(name: str) -> bool:
    try:
        importlib.import_module(name)
    except BROKEN:
        return False
    return True


def _without_torchvision() -> list[str]:
    """Empty modules in its place; their names."""
    made: list[str] = []
    for name, contents in UNUSED.items():
        parts = name.split(".")
        new = [each for i in range(len(parts)) if (each := ".".join(parts[: i + 1])) not in made]
        sys.modules.update({each: ModuleType(each) for each in new})
        made += new
        for each in contents:
            setattr(sys.modules[name], each, None)
    return made
