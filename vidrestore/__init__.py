"""Restore video: raise its frame rate, remove its blur, enlarge it, and measure what was gained.

    import vidrestore
    vidrestore.upscale("in.mp4", "out.mp4", scale=2)

What is named in `__all__` is the interface for programs; each name is loaded when it is first used.
"""

from importlib import import_module
from typing import TYPE_CHECKING

__version__ = "0.1.0"

if TYPE_CHECKING:
    from . import errors
    from .api.arrays import Picture, frames, restore_frames
    from .api.progress import Progress
    from .api.restoring import clean, deblur, interpolate, restore, upscale
    from .base.settings import Cleaning, Comparing, Deblurring, Encoding, Reading, Retiming, Settings
    from .metrics import measure as metrics
    from .restoration.report import Report

__all__ = [
    "Cleaning",
    "Comparing",
    "Deblurring",
    "Encoding",
    "Picture",
    "Progress",
    "Reading",
    "Report",
    "Retiming",
    "Settings",
    "clean",
    "deblur",
    "errors",
    "frames",
    "interpolate",
    "metrics",
    "restore",
    "restore_frames",
    "upscale",
]

_SETTINGS = ("Cleaning", "Comparing", "Deblurring", "Encoding", "Reading", "Retiming", "Settings")
_HOMES = {
    **dict.fromkeys(_SETTINGS, "base.settings"),
    **dict.fromkeys(("clean", "deblur", "interpolate", "restore", "upscale"), "api.restoring"),
    **dict.fromkeys(("Picture", "frames", "restore_frames"), "api.arrays"),
    "Progress": "api.progress",
    "Report": "restoration.report",
}
"""Name -> where it lives; the other names are modules."""


def __getattr__(name: str) -> object:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    home = import_module(f"{__name__}.{_HOMES.get(name, name)}")
    return getattr(home, name) if name in _HOMES else home


def __dir__() -> list[str]:
    return [*__all__, "__version__"]
