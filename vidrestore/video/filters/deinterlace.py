"""Deinterlacing by FFmpeg's bwdif: one frame for two fields, or one for each."""

from collections.abc import Iterable, Iterator
from fractions import Fraction
from itertools import groupby
from operator import itemgetter

from av.video.frame import VideoFrame

from ..decode.pixel_format import planar_format, without_alpha
from ..facts.info import Deinterlacing, VideoInfo
from ..time.stamp import Stamp
from .graph import apply_filters
from .telecine import film

Stamped = tuple[Stamp, VideoFrame]


def deinterlace(frames: Iterable[Stamped], info: VideoInfo) -> Iterator[Stamped]:
    """Frames without combs, as `info.deinterlacing` says; those that are whole already come as they are.

    Each stamp says whether its frame was interlaced. Packed pixel formats come out planar.
    """
    how = info.deinterlacing
    frames = _planar(frames)
    if how.each == "film":
        return film(frames, info)
    if how.which == "seen":
        return _where_seen(frames, how)
    marked = (
        (stamp._replace(interlaced=how.which == "all" or frame.interlaced_frame), frame) for stamp, frame in frames
    )
    which = "all" if how.which == "all" else "interlaced"
    mode = "send_field" if how.each == "field" else "send_frame"
    made = apply_filters(marked, f"bwdif=mode={mode}:parity={how.order}:deint={which}")
    return _timed(made, info) if how.each == "field" else made


def _where_seen(frames: Iterable[Stamped], how: Deinterlacing) -> Iterator[Stamped]:
    """Whatever the flags say, frames that idet takes for interlaced: by themselves, or with those before them.

    What it says of one frame comes at once, what it says of several some frames late; in motion that only fills a part
    of the picture it is the other way round.
    """
    before = "prog" if how.progressive else "tff" if how.order == "auto" else how.order
    judged = apply_filters(frames, f"setfield={before}", "idet")
    marked = ((stamp._replace(interlaced=_looks_interlaced(frame)), frame) for stamp, frame in judged)
    beside = (((stamp, frame), frame) for stamp, frame in marked)
    for (stamp, frame), made in apply_filters(beside, f"bwdif=mode=send_frame:parity={how.order}:deint=all"):
        yield stamp, made if stamp.interlaced else frame


def _looks_interlaced(frame: VideoFrame) -> bool:
    single, multiple = (frame.metadata[f"lavfi.idet.{by}.current_frame"] for by in ("single", "multiple"))
    fields = ("tff", "bff")
    return single in fields or multiple in fields or (multiple == "undetermined" and frame.interlaced_frame)


def _planar(frames: Iterable[Stamped]) -> Iterator[Stamped]:
    """In formats that the filters take; swscale only moves the samples."""
    for stamp, frame in frames:
        name = frame.format.name
        planar = planar_format(name)
        yield stamp, frame if without_alpha(name) == planar else frame.reformat(format=planar)


def _timed(made: Iterable[Stamped], info: VideoInfo) -> Iterator[Stamped]:
    """Two frames that came of one are shown for half its time each."""
    step, tick = 2 / info.rate, info.time_base
    held: list[Stamped] = []
    for _, group in groupby(made, key=lambda pair: pair[0].number):
        ready = list(group)
        if held:
            yield from _halves(held, ready[0][0].pts - held[0][0].pts, step, tick)
        held = ready
    if held:
        duration = held[0][0].duration
        yield from _halves(held, duration if duration >= step / 2 else step, step, tick)


def _halves(pair: list[Stamped], lasts: Fraction, step: Fraction, tick: Fraction) -> Iterator[Stamped]:
    """`lasts`: seconds to the next frame; a gap in the file is the second field's.

    `tick` is half of one of the file's clock, so that half of a time between two of its frames is whole ticks.
    """
    stamp, first = pair[0]
    if len(pair) == 1:
        yield stamp, first
        return
    half = lasts / 2 if lasts < step * 3 / 2 else step / 2
    half = max(1, round(half / tick)) * tick
    yield stamp._replace(duration=half), first
    for second in map(itemgetter(1), pair[1:]):
        yield stamp._replace(pts=stamp.pts + half, duration=lasts - half, taken=0, key=False), second
