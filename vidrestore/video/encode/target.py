"""Target: where a result goes and how it is encoded. Nothing is written yet."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Literal

from ...base.settings import Pictures
from ...frame.frame import Colour
from ..tracks.streams import Track

THREADS = 4
"""Of an encoder where results must not depend on the machine."""
TargetKind = Literal["video", "folder", "picture"]


@dataclass(frozen=True, slots=True)
class Beside:
    """A file whose other tracks go beside the pictures, and how its time and theirs meet."""

    path: Path
    zero: Fraction
    """Seconds on its clock that are pts 0 of the pictures."""
    trimmed: bool = False
    """What it has before that stays behind."""
    length: Fraction | None = None
    """Seconds from there on after which its tracks stop, at the latest with the last frame; None: they come whole."""
    follow_references: bool = False
    """The other files that it names may be opened."""
    stream_index: int | None = None
    """Its own pictures, where those of the result come from them: the tags of that track come along."""


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
    threads: int = 0
    """Of the encoder; 0: by the cores of the machine, on which its result then depends."""
    rounds: bool = False
    """Times are rounded to whole ticks: the container cannot count finer ones."""
    sample_aspect_ratio: Fraction | None = None
    display_matrix: tuple[int, ...] | None = None
    tracks_from: Path | None = None
    """The file whose other tracks are copied; None: there is none."""
    beside: Beside | None = None
    """How they are placed, where that file is not the source, whose reader says it."""
    tracks: tuple[Track, ...] = ()
    stretch: Fraction = Fraction(1)
    """Seconds of the result for each of that file."""
    chapters: bool = False
    free_tags: bool = False
    """MP4 and MOV: the source has tags that need a free list of keys."""
    suffix: str = ".png"
    """Kind of pictures."""
    pictures: Pictures = field(default_factory=Pictures)
    """How they are stored, with their depth and quality decided."""
    profile: bytes = b""
    """The ICC profile that pictures are given."""
    overwrite: bool = False
    """The result takes the place of what has its name in the end."""
    notes: tuple[str, ...] = ()
    """What cannot be kept, one line each."""
