"""How many frames a source will give."""

from ..settings import Reading
from .info import VideoInfo


def expected_frames(info: VideoInfo, reading: Reading) -> int | None:
    """Frames a run will decode, as far as the container tells; None where only decoding does."""
    if info.frames is None:
        return None
    first, last = (
        default if moment is None else moment if isinstance(moment, int) else round(moment * info.rate)
        for moment, default in ((reading.start, 0), (reading.end, info.frames))
    )
    return max(0, min(last, info.frames) - first)
