"""Reader: a source as a stream of frames, with everything that was wrong with it."""

from collections.abc import Generator, Iterable, Iterator
from contextlib import ExitStack, closing
from fractions import Fraction
from itertools import islice
from typing import Literal

from av.video.frame import VideoFrame
from torch import Tensor

from ..base.settings import Reading
from ..errors import InputError, UsageError
from ..frame.frame import Frame, Planes
from .decode.decoder import Decoder
from .decode.nvdec import nvdec
from .decode.pixel_format import has_alpha
from .decode.planes import Unpacker
from .decode.quantiser import step_of_picture
from .facts.info import VideoInfo
from .facts.watch import Watch
from .filters.deinterlace import deinterlace
from .filters.interlacing import as_read
from .index.begin import find_beginning, first_frame
from .index.index import Findings, SourceIndex
from .pictures.read import frames_of
from .time.clock import Clock
from .time.stamp import Stamp
from .time.timeline import Timeline

LONGEST_LAST = 10
"""Seconds that the last frame may claim for itself; no later one contradicts it."""
LISTED = 3
"""Moments named in a warning."""
WHOLE = Reading()


Image = VideoFrame | Planes | Tensor
"""A picture as it was decoded: of a video, or of a file of its own; or one in place of another that nobody looks at."""


class Reader:
    """Iterable, once, of Frames in order, with exact increasing pts and exact durations.

    True while it runs, and final after the last frame:

    origin     seconds on the source's own clock that are pts 0, so that sound can be moved by as much;
               final with the first frame
    decoded    frames of the source that have been taken
    given      frames given out: as many, but for `--deinterlace` fields and film
    passed     the same, with those that were left out before them
    opened     when the first of these appears, in seconds
    begin      when the first of those given out appears
    end        when the last of them is over
    damaged    packets that gave no frame because they are damaged
    repaired   frames whose time stamp was missing or ran back
    truncated  the file stops before the end it was given
    warnings   all of this in words, one line each
    """

    def __init__(
        self,
        info: VideoInfo,
        reading: Reading = WHOLE,
        *,
        skip: int = 0,
        first: int = 0,
        tells_step: bool = False,
    ) -> None:
        """`info`: as probed, or as `interlacing.as_read` gives it, whose rate and clock are those of the frames.

        Args:
            skip: so many of the first frames need no picture: where an index has their times, they come with a small
                blank one and are not decoded.
            first: so many of the first frames are left out; those that follow have their times all the same.
            tells_step: `Frame.step` is wanted, where the decoder can tell it.

        Raises:
            UsageError: the end asked for is not later than the start, or the decoder asked for is not to be had.
        """
        _check(reading)
        info = as_read(info, reading)
        on_gpu = reading.decoder == "cuda" and info.kind == "video"
        self._accelerator = nvdec(info) if on_gpu else None
        self.origin = info.start
        self.decoded = self.given = self._interlaced = 0
        self.opened = self.begin = self.end = Fraction(0)
        self._info, self._reading, self._skip, self._first = info, reading, max(skip, first), first
        self._tells_step = tells_step
        how = info.deinterlacing
        self._base = info.time_base * how.ticks
        self._clock = Clock(time_base=self._base, start=info.start, rate=info.rate / how.frames)
        self._watch = Watch(info)
        # Of a GPU's formats none is full range by its name.
        pix_fmt = info.pix_fmt.replace("yuvj", "yuv") if on_gpu else info.pix_fmt
        self._unpack = Unpacker(width=info.width, height=info.height, pix_fmt=pix_fmt, colour=info.colour)
        self._decoder: Decoder | None = None
        self._beyond_first = 0
        self.passed = 0
        self._refusal = ""  # why decoding did not begin near the start

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
        assert not self.given, "a Reader is read once"
        previous: tuple[Stamp, Image] | None = None
        step = 1 / self._info.rate
        until: Fraction | None = None
        any_at_all = False
        with ExitStack() as stack:
            for stamp, image in self._source(stack):
                any_at_all = True
                place = self._place(stamp)
                if place == "before":
                    continue
                if isinstance(image, VideoFrame):
                    image = self._unpack.uniform(image)
                if place == "beyond":
                    until = stamp.pts
                    break
                if previous is None:
                    self.origin += stamp.pts if self._reading.start else 0
                    self.opened = stamp.pts - (self.origin - self._info.start)
                else:
                    step = stamp.pts - previous[0].pts
                    self.passed += 1
                    if self.passed > self._first:
                        yield self._frame(*previous, step)
                previous = stamp, image
        if previous is None:
            raise self._nothing(any_at_all=any_at_all)
        self.passed += 1
        if self.passed > self._first:
            yield self._frame(*previous, self._last_duration(previous[0], step, until))

    def _source(self, stack: ExitStack) -> Iterable[tuple[Stamp, Image]]:
        """What is decoded, in order; `stack` closes it."""
        if self._info.kind == "pictures":
            return stack.enter_context(closing(self._pictures()))
        video = stack.enter_context(closing(self._video()))
        if self._info.deinterlacing.each == "none":
            return video
        return deinterlace(((stamp, frame) for stamp, frame in video if isinstance(frame, VideoFrame)), self._info)

    def _pictures(self) -> Generator[tuple[Stamp, Tensor]]:
        stamps = [Stamp(n, shown.pts, shown.duration, key=True) for n, shown in enumerate(self._info.pictures)]
        skip = min(sum(self._place(stamp) == "before" for stamp in stamps), len(stamps) - 1)
        with closing(frames_of(self._info, skip=skip)) as pictures:
            for stamp, (shown, picture, header) in zip(stamps[skip:], pictures, strict=False):
                self._beyond_first += shown is not self._info.pictures[0] and header.pages > 1
                step = step_of_picture(shown.path) if self._tells_step else None
                yield stamp._replace(step=step), picture

    def _video(self) -> Generator[tuple[Stamp, VideoFrame | Planes | Tensor]]:
        info, found = self._info, find_beginning(self._info, self._reading, skip=self._skip)
        self._refusal = found.refusal
        self._decoder = decoder = Decoder(
            info.path,
            info.stream_index,
            begin=found.at,
            accelerator=self._accelerator,
            tells_step=self._tells_step,
            follow_references=info.follow_references,
        )
        with closing(iter(decoder)) as frames:
            for count, frame in enumerate(frames):
                if not count and found.at is not None and decoder.first:
                    yield from self._unseen(found.at[0], decoder.first)
                duration = (frame.duration or 0) * self._base
                stamp = Stamp(
                    decoder.first + count, self._clock.seconds(frame), duration, decoder.key, step=decoder.step
                )
                if self._place(stamp) == "inside":
                    self._watch.see(frame, stamp.pts, aspect=decoder.aspect, header=decoder.header_aspect)
                yield stamp, frame

    def _unseen(self, index: SourceIndex, first: int) -> Iterator[tuple[Stamp, Planes | Tensor]]:
        """Frames before `first` of which no picture is needed; of those that are left out, the first in the window."""
        if not self._skip:
            return
        blank = self._unpack.blank()
        begin = first_frame(index, self._info, self._reading.start)
        stop = min(first, begin + 1) if self._first else first
        for number, time in enumerate(islice(index.times(), stop)):
            stamp = Stamp(number, time - self._info.start, Fraction(0), key=False)
            if self._place(stamp) == "inside":
                yield stamp, blank
        self.passed += max(0, first - stop)

    def _place(self, stamp: Stamp) -> Literal["before", "inside", "beyond"]:
        """Where a frame lies in the window asked for; a moment is a frame's number or its time."""
        start, end = self._reading.start, self._reading.end
        if start is not None and (stamp.number if isinstance(start, int) else stamp.pts) < start:
            return "before"
        if end is not None and (stamp.number if isinstance(end, int) else stamp.pts) >= end:
            return "beyond"
        return "inside"

    def _last_duration(self, last: Stamp, step: Fraction, until: Fraction | None) -> Fraction:
        """To where the next frame begins; without one what the file says, unless it is far from the frames before.

        FLV says 1 ms, others nothing; lists of pictures are exact.
        """
        if until is not None:
            return until - last.pts
        believable = step / 2 <= last.duration <= max(10 * step, Fraction(LONGEST_LAST))
        if self._info.kind == "pictures":
            return last.duration
        # As near as the source's clock has it: all that becomes of the frame is counted in its ticks.
        tick = self._info.time_base
        return max(1, round((last.duration if believable else step) / tick)) * tick

    def _frame(self, stamp: Stamp, image: Image, duration: Fraction) -> Frame:
        pts = stamp.pts - (self.origin - self._info.start)
        self.begin, self.end = self.begin if self.given else pts, pts + duration
        self.given += 1
        self.decoded += stamp.taken
        self._interlaced += stamp.interlaced and stamp.taken > 0
        if not isinstance(image, VideoFrame):
            return Frame(image, pts, duration, key=stamp.key, step=stamp.step)
        native = None if has_alpha(image.format.name) else image
        return Frame(self._unpack.picture(image), pts, duration, native=native, key=stamp.key, step=stamp.step)

    def _nothing(self, *, any_at_all: bool) -> InputError | UsageError:
        path = self._info.path
        if not any_at_all:
            if self._accelerator is not None:
                what = f"this {self._info.codec} in {self._info.pix_fmt}"
                return UsageError(f"{path}: --decoder cuda decodes no picture of {what}; use --decoder cpu")
            return InputError(f"{path}: not one picture of it can be decoded; it is damaged")
        lasts = "" if self._info.duration is None else f"; it lasts {float(self._info.duration):.3f} s"
        return UsageError(f"{path}: no frame lies between the start and the end asked for{lasts}")

    def _say_of_time(self, timeline: Timeline | Findings | None) -> Iterator[str]:
        if timeline is None:
            return
        start = self._info.start
        if timeline.joins:
            moments = ", ".join(f"{float(moment - start):.2f}" for moment in timeline.joins[:LISTED])
            more = ", ..." if len(timeline.joins) > LISTED else ""
            yield f"joined recordings, whose clock jumps at {moments}{more} s: each follows the one before"
        for moment, seconds in timeline.gaps[:LISTED]:
            after = float(moment - start)
            yield f"a gap in the time stamps: no picture comes for {float(seconds):.2f} s after {after:.2f} s"
        if len(timeline.gaps) > LISTED:
            yield f"more such gaps: {len(timeline.gaps) - LISTED}"
        if timeline.impossible:
            yield f"time stamps that cannot be true, replaced by the frame rate: {timeline.impossible}"

    def _say(self) -> Iterator[str]:
        decoder, info = self._decoder, self._info
        if self._beyond_first:
            yield f"further files with several pictures, of which the first is taken: {self._beyond_first}"
        if decoder is None:
            return
        if self._refusal:
            yield f"all before the start was decoded, too: {self._refusal}"
        if decoder.undecodable:
            yield f"frames before the first key frame, which cannot be decoded: {decoder.undecodable}"
        if decoder.damaged:
            yield f"damaged packets, whose frames are lost: {decoder.damaged}"
        if decoder.corrupt:
            yield f"frames decoded from damaged data: {decoder.corrupt}"
        if decoder.truncated:
            whole = "" if info.duration is None else f" of {float(info.duration):.2f} s"
            yield f"the file is cut off: it ends after {float(decoder.ends[0] - info.start):.2f} s{whole}"
        yield from self._say_of_time(decoder.timeline)
        if self.repaired:
            yield f"frames without a usable time stamp, placed by those before them: {self.repaired}"
        yield from self._watch.warnings
        yield from self._what_became_of_fields()
        if self._unpack.changed:
            yield f"frames of another size or format, made {info.width}x{info.height}: {self._unpack.changed}"
        if self._unpack.recoloured:
            first = f"{info.colour.matrix}, {'full' if info.colour.full_range else 'video'} range"
            yield f"frames of another colour matrix or range, converted to {first}: {self._unpack.recoloured}"
        if self._unpack.relit:
            yield f"frames with other primaries or another transfer curve, not converted: {self._unpack.relit}"

    def _what_became_of_fields(self) -> Iterator[str]:
        each = self._info.deinterlacing.each
        if each == "film":
            combed = f"; deinterlaced, since nothing matched: {self._interlaced}" if self._interlaced else ""
            yield f"telecine undone: {self.decoded} frames of video became {self.given} of film{combed}"
        elif self._interlaced:
            made = "each field" if each == "field" else "two fields"
            yield f"frames deinterlaced, one for {made}: {self._interlaced} of {self.decoded}"


def _check(reading: Reading) -> None:
    start, end = reading.start, reading.end
    for option, moment in (("--start", start), ("--end", end)):
        if moment is not None and moment < 0:
            raise UsageError(f"{option} {moment} lies before the beginning; give 0 or more")
    alike = isinstance(start, int) == isinstance(end, int)
    least = start if start is not None and alike else 0
    if end is not None and end <= least:
        raise UsageError(f"--end {end} is not later than --start {least}; give a later end")
