"""Interlacing of a video, by flags and pictures of some frames, and what is to be done about it."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from fractions import Fraction
from itertools import islice

from av.error import FFmpegError
from av.video.frame import VideoFrame

from ...base.settings import Reading
from ...errors import UsageError
from ..container import open_container, stream_at
from ..facts.info import Deinterlacing, Each, FieldOrder, VideoInfo
from ..facts.probe import INTERLACED
from ..time.timeline import decode_all
from .graph import apply_filters

PLACES, AT_ONCE = 8, 40
"""Where a long video is looked at, and how many frames there: 8 cycles of telecine."""
FORMATS = ("yuv420p", "yuv422p", "yuv444p", "yuv410p", "yuv411p")
"""What fieldmatch works on."""
TELECINED = (Fraction(297, 10), Fraction(303, 10))
"""Frames per second, from and to, of video that film is telecined to."""


@dataclass(slots=True)
class Look:
    """What was seen of some frames. idet judges each by its own picture, or leaves it open."""

    frames: int = 0
    flagged: int = 0
    top: int = 0
    """Combed, and the top field is the earlier."""
    bottom: int = 0
    progressive: int = 0
    combed_unflagged: int = 0
    repeats: list[str] = field(default_factory=list)
    """Of each place, frame by frame: T or B where the top or bottom field repeats the last frame's, else a dot."""
    first: Fraction = Fraction(0)
    """When the first picture appears, in seconds on the file's clock."""

    @property
    def combed(self) -> int:
        return self.top + self.bottom

    @property
    def order(self) -> FieldOrder:
        """The field that comes first, where the pictures leave no doubt; else "auto"."""
        more, less = max(self.top, self.bottom), min(self.top, self.bottom)
        if more < 8 or less * 10 > more:
            return "auto"
        return "tff" if self.top > self.bottom else "bff"

    @property
    def telecined(self) -> bool:
        """Most places with repeated fields have them in the cadence of 3:2 pulldown."""
        moving = [place for place in self.repeats if 5 * (len(place) - place.count(".")) > len(place) >= 10]
        return sum(map(in_cadence, moving)) * 2 > len(moving)


def as_read(info: VideoInfo, reading: Reading) -> VideoInfo:
    """The video as a Reader gives it: what is done about fields is decided, and count, rate and clock are of that.

    Decodes some of its frames, unless `reading.deinterlace` is off. Pictures have no fields: with auto
    they stay as they are.

    Raises:
        UsageError: frames or fields of pictures are to be made.
    """
    asked = reading.deinterlace
    if asked == "off" or info.deinterlacing.each != "none" or (asked == "auto" and info.kind == "pictures"):
        return info
    if info.kind == "pictures":
        raise UsageError(f"{info.path}: pictures are not deinterlaced; leave --deinterlace {asked} out")
    look = look_at(info)
    how, said = (
        _automatic(look, info) if asked == "auto" else _asked(look, each="field" if asked == "fields" else "frame")
    )
    known = how.each != "field" or how.which == "all" or look.flagged == look.frames
    return replace(
        info,
        deinterlacing=replace(how, first=look.first - info.start),
        rate=info.rate * how.frames,
        time_base=info.time_base / how.ticks,
        frames=round(info.frames * how.frames) if info.frames is not None and known else None,
        warnings=(*(line for line in info.warnings if line != INTERLACED), said),
    )


def _asked(look: Look, *, each: Each) -> tuple[Deinterlacing, str]:
    """Flags are followed where there are any; else the user knows better."""
    said = "frames flagged as interlaced" if look.flagged else "no frame is flagged as interlaced: all"
    made = "one frame for two fields" if each == "frame" else "one frame for each field"
    film = "; it looks like telecined film, which --deinterlace auto takes back" if look.telecined else ""
    return Deinterlacing(
        each, "flagged" if look.flagged else "all", look.order
    ), f"{said} are deinterlaced, {made}{film}"


def _automatic(look: Look, info: VideoInfo) -> tuple[Deinterlacing, str]:
    low, high = TELECINED
    telecined = low < info.rate < high and look.telecined
    if telecined and info.pix_fmt in FORMATS:
        rate = float(info.rate * 4 / 5)
        return Deinterlacing(
            "film", order=look.order
        ), f"film telecined to video: its {rate:.6g} frames per second are put together again"
    seen = f"of {look.frames} frames looked at, {look.flagged} are flagged as interlaced and {look.combed} look so"
    if telecined:
        seen += f"; it is telecined film, but fieldmatch takes no {info.pix_fmt}"
    lying = look.flagged and look.progressive > look.combed * 10
    if lying or look.combed_unflagged > max(2, look.frames // 50):
        how = Deinterlacing("frame", "seen", look.order, progressive=look.progressive > look.combed)
        return how, f"{seen}: deinterlaced where they look so"
    if look.flagged:
        return Deinterlacing("frame", "flagged", look.order), f"{seen}: deinterlaced where flagged"
    return Deinterlacing("frame"), f"{seen}: nothing to deinterlace, unless a later frame is flagged"


def look_at(info: VideoInfo) -> Look:
    """Judge the frames of a short video, or those of some places of a long one."""
    look = Look(first=info.start)
    for place in _places(info):
        _judge(place, look, info.time_base)
    return look


def _places(info: VideoInfo) -> Iterator[Iterator[VideoFrame]]:
    """Frames of each place, to be taken before the next is asked for; a short video is looked at whole."""
    lasts = info.duration
    with open_container(info.path, follow_references=info.follow_references) as container:
        stream = stream_at(container, info.stream_index)
        stream.thread_type = "AUTO"
        frames = decode_all(container, stream)
        for number in range(PLACES):
            if number and lasts is not None and lasts * info.rate > PLACES * AT_ONCE:
                try:
                    container.seek(int((info.start + lasts * number / PLACES) / info.time_base), stream=stream)
                except FFmpegError:  # it cannot be searched
                    return
                frames = decode_all(container, stream, seeked=True)
            yield islice(frames, AT_ONCE)


def _judge(place: Iterable[VideoFrame], look: Look, base: Fraction) -> None:
    repeats = ""
    for (flagged, pts), frame in apply_filters(
        (((frame.interlaced_frame, frame.pts), frame) for frame in place), "idet"
    ):
        if look.frames == 0 and pts is not None:
            look.first = pts * base
        verdict = frame.metadata["lavfi.idet.single.current_frame"]
        look.frames += 1
        look.flagged += flagged
        look.top += verdict == "tff"
        look.bottom += verdict == "bff"
        look.progressive += verdict == "progressive"
        look.combed_unflagged += verdict in ("tff", "bff") and not flagged
        repeats += {"top": "T", "bottom": "B"}.get(frame.metadata["lavfi.idet.repeated.current_frame"], ".")
    look.repeats.append(repeats)


def in_cadence(repeats: str) -> bool:
    """Whether repeated fields of a place (see Look) come as 3:2 pulldown makes them: T.B.. or B.T.. again and again."""
    best = max(_agreement(repeats, pattern, phase) for pattern in ("T.B..", "B.T..") for phase in range(5))
    return best >= 0.6


def _agreement(repeats: str, pattern: str, phase: int) -> float:
    """Share of the expected repetitions that are there, less what else is repeated."""
    expected = [pattern[(number + phase) % 5] for number in range(len(repeats))]
    there = sum(one == other != "." for one, other in zip(repeats, expected, strict=True))
    astray = sum(one != "." and one != other for one, other in zip(repeats, expected, strict=True))
    return (there - astray) / max(1, sum(one != "." for one in expected))
