"""glances(): some frames of a video here and there, decoded quickly and as they come."""

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from itertools import islice

import numpy as np
from av.error import FFmpegError
from av.video.frame import VideoFrame
from numpy.typing import NDArray

from ..container import open_container, stream_at
from ..time.timeline import decode_all
from .info import VideoInfo


@dataclass(frozen=True, slots=True, eq=False)
class Glance:
    """Consecutive frames from a place of a video on."""

    time: Fraction
    """Of the first, in seconds as `Frame.pts` counts them."""
    frames: tuple[VideoFrame, ...]

    def lumas(self) -> list[NDArray[np.float32]]:
        """(H, W) of 255 each."""
        return [np.asarray(frame.reformat(format="gray").to_ndarray(), np.float32) for frame in self.frames]


def glances(info: VideoInfo, *, places: int, at_once: int, first: int = 0) -> Iterator[Glance]:
    """So many frames at once of each place of a video: of the key frames nearest before them.

    A video that cannot be searched, or whose length is unknown, is looked at in its first place alone.

    Args:
        places: how many parts of equal length there are.
        first: the part with which to begin, from 0.
    """
    with open_container(info.path, follow_references=info.follow_references) as container:
        stream = stream_at(container, info.stream_index)
        stream.thread_type = "AUTO"
        for number in range(first, places if info.duration is not None else 1):
            if number:
                assert info.duration is not None
                try:
                    place = info.start + info.duration * number / places
                    container.seek(int(place / info.time_base), stream=stream)
                except FFmpegError:  # it cannot be searched
                    return
            frames = tuple(islice(decode_all(container, stream, seeked=number > 0), at_once))
            if frames and frames[0].pts is not None:
                yield Glance(max(Fraction(0), frames[0].pts * info.time_base - info.start), frames)


def pairs(info: VideoInfo, *, step: int, most: int) -> Iterator[Glance]:
    """Two frames of each `step`, from the beginning, of at most `most` frames; none is held."""
    with open_container(info.path, follow_references=info.follow_references) as container:
        stream = stream_at(container, info.stream_index)
        stream.thread_type = "AUTO"
        before: VideoFrame | None = None
        for number, frame in enumerate(islice(decode_all(container, stream), most)):
            if before is not None and number % step == 1 and before.pts is not None:
                yield Glance(max(Fraction(0), before.pts * info.time_base - info.start), (before, frame))
            before = frame
