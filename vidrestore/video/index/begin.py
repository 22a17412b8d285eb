"""With which packet decoding begins for a part of a video, so that it gives what the whole would give there."""

from dataclasses import dataclass
from fractions import Fraction

from ...base.settings import Reading
from ..facts.info import VideoInfo
from .index import Entry, SourceIndex
from .store import index_of

LEAD, LEAD_FRAMES = Fraction(1), 15
"""Seconds and frames decoded before a start, where frames are made of those around them: three cycles of telecine."""
NEAR = Fraction(20)
"""Seconds before which a start is reached sooner by decoding than by reading the whole file for its index."""


@dataclass(frozen=True, slots=True)
class Beginning:
    """Where decoding begins."""

    at: tuple[SourceIndex, Entry] | None = None
    """None: with the file."""
    refusal: str = ""
    """Why it does so, although the start is far from there."""


def find_beginning(info: VideoInfo, reading: Reading, *, skip: int = 0) -> Beginning:
    """Where decoding begins.

    Args:
        info: as `interlacing.as_read` gives it.
        skip: so many of the first frames of the part are not needed.

    Raises:
        InputError, UsageError: the file cannot be opened any more.
    """
    start, how = reading.start, info.deinterlacing
    rate = info.rate / how.frames
    near = Fraction(0) if start is None else start / rate if isinstance(start, int) else start
    if info.kind != "video" or (start is None and not skip) or is_near(near + skip / rate):
        return Beginning()
    if how.each != "none" and how.which == "seen":
        return Beginning(refusal="whether frames are interlaced is judged by all before them")
    if skip and how.each != "none":
        return Beginning(refusal="frames are made of several")
    index = index_of(info)
    if (skip or isinstance(start, int) or isinstance(reading.end, int)) and index.frames is None:
        return Beginning(refusal=index.refusal or "only decoding tells which number a frame has")
    lead, frames = (LEAD, LEAD_FRAMES) if how.each != "none" else (Fraction(0), 0)
    if skip or isinstance(start, int):
        entry = index.entry_at(first_frame(index, info, start) + skip, rate=rate, lead=lead, frames=frames)
    else:
        entry = index.entry((start or 0) + info.start, rate=rate, lead=lead, frames=frames)
    if entry is None:
        return Beginning(refusal=index.refusal or "no picture before it is known to be independent of those before")
    return Beginning((index, entry))


def is_near(seconds: Fraction) -> bool:
    """Whether that much of a video is decoded sooner than its index is made."""
    return seconds < NEAR


def first_frame(index: SourceIndex, info: VideoInfo, start: Fraction | int | None) -> int:
    """The number of the first frame of a part; frames can be counted."""
    if start is None or isinstance(start, int):
        return start or 0
    return index.first_from(start + info.start)
