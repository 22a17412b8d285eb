"""The number of frames that a source will give."""

from ...base.settings import Reading
from .info import VideoInfo


def expected_frames(info: VideoInfo, reading: Reading) -> int | None:
    """Frames a run will be given, as the container counts them, else as its duration and rate let expect.

    None where only decoding tells. `info`: as `interlacing.as_read` gives it.
    """
    there = frames_of(info)
    if there is None:
        return None
    first, last = (
        default
        if moment is None
        else round(moment * (info.deinterlacing.frames if isinstance(moment, int) else info.rate))
        for moment, default in ((reading.start, 0), (reading.end, there))
    )
    return max(0, min(last, there) - first)


def frames_of(info: VideoInfo) -> int | None:
    """Frames of the whole source, counted or expected: Matroska and transport streams hold no count."""
    if info.frames is not None:
        return info.frames
    return None if info.duration is None else max(1, round(info.duration * info.rate))
