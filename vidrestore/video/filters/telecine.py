"""Inverse telecine: frames of film put together by FFmpeg's fieldmatch, repeated ones taken out."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from itertools import groupby, pairwise

import torch
from av.video.frame import VideoFrame
from torch.nn.functional import avg_pool2d
from torch.utils.dlpack import from_dlpack

from ..facts.info import VideoInfo
from ..time.stamp import Stamp
from .graph import apply_filters

Stamped = tuple[Stamp, VideoFrame]

CYCLE = 5
"""Frames of video that 4 frames of film are spread over."""
SAME = 2.8
"""Steps of 255 that a frame and its repetition may differ by on average in any block: 1.1 %, as FFmpeg's decimate."""
BLOCK = 32


def film(frames: Iterable[Stamped], info: VideoInfo) -> Iterator[Stamped]:
    """The frames of film in video of `info.rate` * 5 / 4, at even times.

    FFmpeg's decimate would take one of each five even where none is repeated, and count time from where reading began.
    Here the fives lie where they lie in the file, whatever part of it is read.
    """
    how = info.deinterlacing
    matched = apply_filters(frames, f"fieldmatch=order={how.order}:combmatch=full")
    # What does not match is marked as interlaced.
    marked = ((stamp._replace(interlaced=frame.interlaced_frame), frame) for stamp, frame in matched)
    whole = apply_filters(marked, f"bwdif=mode=send_frame:parity={how.order}:deint=interlaced")
    rate = info.rate / how.frames
    previous: _Cycle | None = None
    for _, five in groupby(whole, key=lambda pair: round((pair[0].pts - how.first) * rate) // CYCLE):
        cycle = _Cycle(list(five), None if previous is None else previous.frames[-1][1])
        if previous is not None:
            yield from previous.shown(cycle.begins)
        previous = cycle
    if previous is not None:
        yield from previous.shown(None)


@dataclass(frozen=True, slots=True)
class _Cycle:
    frames: list[Stamped]
    before: VideoFrame | None

    @property
    def begins(self) -> Fraction:
        return self.frames[0][0].pts

    def shown(self, following: Fraction | None) -> Iterator[Stamped]:
        """What is left of it; `following`: when the next begins. Without a repetition all stays as it is."""
        repeated = self._repeated() if len(self.frames) == CYCLE else None
        if repeated is None:
            yield from self.frames
            return
        last, step = self.frames[-1][0].pts, self.frames[-1][0].pts - self.frames[-2][0].pts
        end = last + step if following is None or following - last > step * 3 / 2 else following
        lasts = (end - self.begins) / (CYCLE - 1)
        left = [pair for number, pair in enumerate(self.frames) if number != repeated]
        for number, (stamp, frame) in enumerate(left):
            taken = 1 + (number == max(0, repeated - 1))
            pts = self.begins + number * lasts
            yield stamp._replace(pts=pts, duration=lasts, taken=taken), frame

    def _repeated(self) -> int | None:
        """The frame that only repeats the one before; None where there is none."""
        pictures = [self.before, *(frame for _, frame in self.frames)]
        changes = [_change(one, other) for one, other in pairwise(pictures)]
        least, second = sorted(changes)[:2]
        return changes.index(least) if least <= max(SAME, second / 2) else None


def _change(one: VideoFrame | None, other: VideoFrame | None) -> float:
    """Mean absolute difference of the luma in the block that changes most, in codes of 8 bits."""
    if one is None or other is None or (one.width, one.height) != (other.width, other.height):
        return float("inf")
    a, b = (from_dlpack(frame.planes[0]).to(torch.int16) for frame in (one, other))
    blocks = avg_pool2d((a - b).abs().float()[None], min(BLOCK, *a.shape), ceil_mode=True, count_include_pad=False)
    return float(blocks.max())
