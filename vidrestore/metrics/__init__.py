"""How close two pictures or videos are. Its own files are pure functions of arrays.

The package can be called, `vidrestore.metrics(a, b)`: Python gives a package's name to it once one of its files is
imported, so a function of that name would be lost.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from os import PathLike
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING

from ..base.files import check_there
from ..base.settings import Comparing

if TYPE_CHECKING:
    from .compare.results import Comparison, Row


def measure(
    reference: str | PathLike[str],
    result: str | PathLike[str],
    *,
    comparing: Comparing = Comparing(),  # noqa: B008 - frozen
    progress: Callable[[Row], None] = lambda _: None,
) -> Comparison:
    """Measure a result against its reference: videos, folders of pictures, or pictures, in any mixture.

    Args:
        comparing: which metrics, and which frames belong together.
        progress: called after each pair, in the calling thread.

    Raises:
        UsageError: one is not there, or they do not fit: size, times, length.
        InputError: one is damaged.
    """
    for path in (reference, result):
        check_there(Path(path))
    from .compare.compare import compare  # torch

    return compare(Path(reference), Path(result), comparing=comparing, on_frame=progress)


class _Called(ModuleType):
    __call__ = staticmethod(measure)


sys.modules[__name__].__class__ = _Called
