"""Target: a result described and checked, nothing written yet."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Literal

from ..frame import Colour
from .streams import Track

TargetKind = Literal["video", "folder", "picture"]


@dataclass(frozen=True, slots=True)
class Target:
    """Where a result goes and how it is encoded; made by `plan`."""

    path: Path
    kind: TargetKind
    width: int
    """As encoded, `pad` included; in pixels."""
    height: int
    rate: Fraction
    time_base: Fraction
    """Seconds per tick: every pts that will be written must be a whole multiple of it."""
    colour: Colour
    pad: tuple[int, int] = (0, 0)
    """Columns at the right and rows at the bottom that repeat the last one, for encoders that need even sizes."""
    container: str = ""
    """FFmpeg's name of the muxer."""
    codec: str = ""
    pix_fmt: str = ""
    options: Mapping[str, str] = field(default_factory=dict)
    rounds: bool = False
    """Times are rounded to whole ticks: the container cannot count finer ones."""
    sample_aspect_ratio: Fraction | None = None
    display_matrix: tuple[int, ...] | None = None
    tracks_from: Path | None = None
    """The file whose other tracks are copied; None: there is none."""
    tracks: tuple[Track, ...] = ()
    chapters: bool = False
    free_tags: bool = False
    """MP4 and MOV: the source has tags that need a free list of keys."""
    suffix: str = ".png"
    """Kind of pictures in a folder."""
    notes: tuple[str, ...] = ()
    """What cannot be kept, one line each."""
