"""A setting: what is to be done, and the command that does it; what came of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ...api.wish import Wish
from ...base.settings import Encoding, Reading, Settings

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Setting:
    """One way to restore a source."""

    name: str
    """In the words of the user, such as `upscale -m espcn`."""
    command: str
    """The exact command for the whole source, for a shell."""
    wish: Wish
    settings: Settings
    reading: Reading
    encoding: Encoding


@dataclass(frozen=True, slots=True)
class Forecast:
    """What the whole run would take."""

    frames: int | None
    """Of the result; None where only decoding tells."""
    seconds: float | None
    size: int | None
    """Bytes, the other tracks included."""
    seconds_per_frame: float


@dataclass(frozen=True, slots=True, eq=False)
class Tried:
    """What a setting made of some moments."""

    setting: Setting
    pictures: tuple[NDArray[np.uint8], ...]
    """One for each moment: (H, W, 3), red first."""
    model: str
    width: int
    height: int
    forecast: Forecast
    warnings: tuple[str, ...]
