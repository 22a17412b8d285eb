"""VideoInfo: what is known of a file without decoding it all."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Literal

from ...frame.frame import Colour
from ..pictures.times import Shown

Each = Literal["none", "frame", "field", "film"]
FieldOrder = Literal["auto", "tff", "bff"]
StreamKind = Literal["video", "audio", "subtitle", "data", "attachment"]


@dataclass(frozen=True, slots=True)
class StreamInfo:
    """One stream of a container."""

    index: int
    kind: StreamKind
    codec: str
    language: str = ""
    title: str = ""
    default: bool = False
    cover: bool = False
    """A cover picture, not a moving one."""


@dataclass(frozen=True, slots=True)
class Hdr10:
    """Static HDR metadata of the first frame, as x265 writes it: empty where the source has none."""

    master_display: str = ""
    """G(x,y)B(x,y)R(x,y)WP(x,y)L(max,min), in x265's units (0.00002 and 0.0001 cd/m2)."""
    max_cll: str = ""
    """MaxCLL,MaxFALL in cd/m2."""


@dataclass(frozen=True, slots=True)
class Deinterlacing:
    """How the fields of a video become whole frames; `interlacing.as_read` decides it before reading."""

    each: Each = "none"
    """What a frame is made for: two fields, each field, or each frame of the film that was telecined."""
    which: Literal["flagged", "seen", "all"] = "flagged"
    """Frames that are taken for interlaced: by their own flag, as their pictures look, or every one."""
    order: FieldOrder = "auto"
    """The field that comes first, top or bottom; auto: as each frame says."""
    progressive: bool = False
    """seen: what frames are taken for as long as their pictures do not tell."""
    first: Fraction = Fraction(0)
    """film: when the first picture of the file appears, in seconds as `Frame.pts` counts them."""

    @property
    def frames(self) -> Fraction:
        """Frames that come of one of the source."""
        return {"field": Fraction(2), "film": Fraction(4, 5)}.get(self.each, Fraction(1))

    @property
    def ticks(self) -> int:
        """Ticks that one of the source's clock is divided into, so that all times are whole."""
        return {"field": 2, "film": 4}.get(self.each, 1)


@dataclass(frozen=True, slots=True)
class VideoInfo:
    """One video file, picture folder or picture."""

    path: Path
    kind: Literal["video", "pictures"]
    width: int
    height: int
    pix_fmt: str
    """FFmpeg's name of the decoded format; "rgb24", "rgb48" or "gbrpf32le" for pictures."""
    colour: Colour
    time_base: Fraction
    """Seconds per tick of the source's clock: every pts of the source is a whole multiple of it."""
    rate: Fraction
    """Average frames per second, snapped to k or 1000k/1001 where that is meant; never used to compute a pts."""
    frames: int | None = None
    """Frames the container says it has; None where only decoding tells."""
    duration: Fraction | None = None
    """Seconds, of the video stream."""
    start: Fraction = Fraction(0)
    """Seconds on the source's own clock that are pts 0 here: its sound is moved by as much."""
    pictures: tuple[Shown, ...] = ()
    """The pictures of a folder, or the one picture, in order."""
    source_offset: Fraction = Fraction(0)
    """Pictures taken from a video: seconds of that video that are pts 0 here."""
    profile: bytes = b""
    """The ICC profile of a picture whose RGB is not sRGB."""
    codec: str = ""
    container: str = ""
    stream_index: int = 0
    """Index of the video stream chosen among `streams`."""
    sample_aspect_ratio: Fraction | None = None
    display_matrix: tuple[int, ...] | None = None
    """The nine 16.16 / 2.30 fixed point numbers of the display matrix, where there is one."""
    rotation: int = 0
    """Counter-clockwise degrees a player turns the picture by."""
    interlaced: bool = False
    """One of the first frames is flagged so."""
    deinterlacing: Deinterlacing = Deinterlacing()
    """What becomes of it; `frames`, `rate` and `time_base` are then of what is read."""
    alpha: bool = False
    hdr10: Hdr10 = field(default_factory=Hdr10)
    streams: tuple[StreamInfo, ...] = ()
    metadata: Mapping[str, str] = field(default_factory=dict)
    chapters: int = 0
    follow_references: bool = False
    """The other files that it names may be opened."""
    warnings: tuple[str, ...] = ()
    """What the user should know before any work: tracks not used, alpha dropped, interlaced, guesses made."""

    @property
    def animated(self) -> bool:
        """Whether its pictures are those of one file, with times of its own."""
        return len(self.pictures) > 1 and self.pictures[0].path == self.path
