"""Reader: a source as a stream of Frames, every frame accounted for."""

from collections.abc import Generator, Iterator
from contextlib import closing
from dataclasses import dataclass
from fractions import Fraction

from av.video.frame import VideoFrame
from torch import Tensor

from ..errors import InputError, UsageError
from ..frame import Frame
from .clock import Clock
from .decode import Decoder
from .filters import deinterlace as deinterlaced
from .info import VideoInfo
from .pictures import frames_of
from .planes import Unpacker, has_alpha

LONGEST_LAST = 10
"""Seconds that the last frame may claim for itself; no later one contradicts it."""


@dataclass(frozen=True, slots=True)
class Window:
    """Which frames to read: from a start up to but not including an end."""

    start: Fraction | None = None
    """Seconds from the start of the video."""
    end: Fraction | None = None
    start_frame: int | None = None
    """Frames from the start of the video, counted from 0."""
    end_frame: int | None = None

    def __post_init__(self) -> None:
        for start, end in ((self.start, self.end), (self.start_frame, self.end_frame)):
            if (start is not None and start < 0) or (end is not None and end <= (start or 0)):
                raise UsageError(f"start {start or 0} and end {end}: the end must be later, and neither below 0")

    def is_before(self, number: int, seconds: Fraction) -> bool:
        """Whether frame `number`, shown at `seconds`, comes before the window."""
        return number < (self.start_frame or 0) or seconds < (self.start or 0)

    def is_after(self, number: int, seconds: Fraction) -> bool:
        """Whether that frame comes after the window."""
        late = self.end_frame is not None and number >= self.end_frame
        return late or (self.end is not None and seconds >= self.end)


@dataclass(frozen=True, slots=True)
class _Timed:
    pts: Fraction
    claimed: Fraction
    """How long the file says it is shown; 0 where it does not."""
    image: VideoFrame | Tensor


class Reader:
    """Iterable, once, of Frames in order, with exact increasing pts and exact durations.

    True while it runs, and final after the last frame:

    origin     seconds on the source's own clock that are pts 0, so that sound can be moved by as much;
               final with the first frame
    decoded    frames given out
    damaged    packets that gave no frame because they are damaged
    repaired   frames whose time stamp was missing or ran back
    truncated  the file stops before the end it was given
    warnings   all of this in words, one line each
    """

    def __init__(self, info: VideoInfo, *, window: Window | None = None, deinterlace: bool = False) -> None:
        self.origin = info.start
        self.decoded = 0
        self._info, self._window, self._deinterlace = info, window or Window(), deinterlace
        self._clock = Clock(time_base=info.time_base, start=info.start, rate=info.rate)
        self._unpack = Unpacker(width=info.width, height=info.height, pix_fmt=info.pix_fmt, colour=info.colour)
        self._decoder: Decoder | None = None

    @property
    def damaged(self) -> int:
        return self._decoder.damaged if self._decoder else 0

    @property
    def repaired(self) -> int:
        return self._clock.repaired

    @property
    def truncated(self) -> bool:
        return self._decoder is not None and self._decoder.truncated

    @property
    def warnings(self) -> list[str]:
        return list(self._say())

    def __iter__(self) -> Generator[Frame]:
        """InputError: a broken picture, no frame at all; UsageError: no frame inside the window."""
        assert not self.decoded, "a Reader is read once"
        if self._deinterlace and self._info.kind == "pictures":
            raise UsageError(f"{self._info.path}: pictures are not deinterlaced; leave --deinterlace out")
        previous: _Timed | None = None
        step = 1 / self._info.rate
        until: Fraction | None = None
        with closing(self._pictures() if self._info.kind == "pictures" else self._video()) as source:
            for number, now in enumerate(source):
                if self._window.is_before(number, now.pts):
                    continue
                if self._window.is_after(number, now.pts):
                    until = now.pts
                    break
                if previous is None:
                    self._begin(now)
                else:
                    step = now.pts - previous.pts
                    yield self._frame(previous, step)
                previous = now
        if previous is None:
            raise self._nothing()
        yield self._frame(previous, until - previous.pts if until is not None else _last_duration(previous, step))

    def _pictures(self) -> Generator[_Timed]:
        with closing(frames_of(self._info)) as pictures:
            for pts, picture in pictures:
                yield _Timed(pts, 1 / self._info.rate, picture)

    def _video(self) -> Generator[_Timed]:
        info, window = self._info, self._window
        by_number = window.start_frame is not None or window.end_frame is not None
        start = None if window.start is None or by_number else window.start + info.start
        self._decoder = Decoder(info.path, info.stream_index, start=start)
        with closing(iter(self._decoder)) as decoded:
            stamped: Iterator[tuple[tuple[Fraction, Fraction], VideoFrame]] = (
                (self._stamp(frame), self._unpack.uniform(frame)) for frame in decoded
            )
            if self._deinterlace:
                stamped = deinterlaced(stamped, flagged_only=info.interlaced)
            for (pts, claimed), frame in stamped:
                yield _Timed(pts, claimed, frame)

    def _stamp(self, frame: VideoFrame) -> tuple[Fraction, Fraction]:
        return self._clock.seconds(frame), (frame.duration or 0) * self._info.time_base

    def _begin(self, first: _Timed) -> None:
        if self._window.start or self._window.start_frame:
            self.origin += first.pts

    def _frame(self, timed: _Timed, duration: Fraction) -> Frame:
        self.decoded += 1
        pts = timed.pts - (self.origin - self._info.start)
        if isinstance(timed.image, Tensor):
            return Frame(timed.image, pts, duration)
        native = None if has_alpha(timed.image.format.name) else timed.image
        return Frame(self._unpack.picture(timed.image), pts, duration, native=native)

    def _nothing(self) -> InputError | UsageError:
        path, window = self._info.path, self._window
        if window == Window():
            return InputError(f"{path}: not one picture of it can be decoded; it is damaged")
        lasts = "" if self._info.duration is None else f"; it lasts {float(self._info.duration):.3f} s"
        return UsageError(f"{path}: no frame lies between the start and the end asked for{lasts}")

    def _say(self) -> Iterator[str]:
        decoder, info = self._decoder, self._info
        if decoder is None:
            return
        if decoder.undecodable:
            yield f"frames before the first key frame, which cannot be decoded: {decoder.undecodable}"
        if decoder.damaged:
            yield f"damaged packets, whose frames are lost: {decoder.damaged}"
        if decoder.corrupt:
            yield f"frames decoded from damaged data: {decoder.corrupt}"
        if decoder.truncated:
            whole = "" if info.duration is None else f" of {float(info.duration):.2f} s"
            yield f"the file is cut off: it ends after {float(decoder.ends[0] - info.start):.2f} s{whole}"
        if self.repaired:
            yield f"frames without a usable time stamp, placed by those before them: {self.repaired}"
        if self._unpack.changed:
            yield f"frames of another size or format, made {info.width}x{info.height}: {self._unpack.changed}"


def _last_duration(last: _Timed, step: Fraction) -> Fraction:
    """What the file says, unless that is far from the frames before it: FLV says 1 ms, others nothing."""
    return last.claimed if step / 2 <= last.claimed <= max(10 * step, Fraction(LONGEST_LAST)) else step
