"""Runs a setting over some frames around each moment: what comes of it, how long it takes and how large it is."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import replace
from fractions import Fraction
from itertools import islice
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ...api.arrays import frames as pictures_of
from ...base.facts import Facts
from ...base.settings import Reading
from ...errors import UsageError
from ...restoration.interpolation.timing import Span
from ...restoration.job import Job, prepare
from ...restoration.trial import seconds_per_frame
from ...video.facts.info import VideoInfo
from ..words import suffix_of
from .moments import Moment
from .once import Once
from .setting import Forecast, Setting, Tried
from .size import forecast_size

if TYPE_CHECKING:
    from ...api.arrays import Rgb
    from ...restoration.report import Report
    from ...restoration.stage import Stage

DECODED = 12
"""Frames by which decoding is timed."""
AROUND = 3
"""Frames before a moment and after it: what networks look at."""
Rgb8 = NDArray[np.uint8]


def around(moment: Moment, reading: Reading, info: VideoInfo) -> Reading:
    """The frames that are read for a moment; a single picture is read whole."""
    if len(info.pictures) == 1:
        return reading
    step = 1 / info.rate
    return replace(reading, start=max(Fraction(0), moment.time - AROUND * step), end=moment.time + (AROUND + 1) * step)


def before(info: VideoInfo, reading: Reading, moment: Moment) -> tuple[Rgb8, Fraction]:
    """The picture of a moment as it is, and a time while it is shown, counted from the first frame that is read.

    Raises:
        UsageError: there is none.
    """
    from ...video.reader import Reader

    plain = replace(around(moment, reading, info), deinterlace="off")
    reader = Reader(info, plain)
    times = [(frame.pts, frame.duration) for frame in reader]
    wanted = moment.time - (reader.origin - info.start)
    number = max((n for n, (pts, _) in enumerate(times) if pts <= wanted), default=0)
    rgb = next(picture for n, picture in enumerate(pictures_of(info.path, reading=plain)) if n == number).rgb
    return of_eight_bits(rgb), times[number][0] + times[number][1] / 2


def try_setting(
    setting: Setting,
    info: VideoInfo,
    moments: Sequence[tuple[Moment, Fraction]],
    folder: Path,
    *,
    tell: Callable[[int], None] = lambda _: None,
) -> Tried:
    """Run a setting around each moment, by the same call as the command.

    Args:
        moments: each with a time while it is shown, as `before` gives it.
        folder: where results are kept for a while.
        tell: called with the number of a moment before it is worked on.

    Raises:
        VidrestoreError: as the command.
    """
    stages = setting.wish.stages_of(
        info.path, settings=setting.settings, follow_references=setting.reading.follow_references
    )
    job = _job(setting, info, tuple(map(Once.of, stages)), setting.reading, folder / "whole")
    if job.frames == 0:
        raise UsageError(f"{info.path}: no frame lies between the start and the end asked for")
    stretch = np.prod([float(stage.timing.stretch) for stage in job.stages])
    shown: list[Rgb8] = []
    made: list[tuple[Job, Report]] = []
    for number, (moment, time) in enumerate(moments):
        tell(number)
        part = _job(setting, info, job.stages, around(moment, setting.reading, info), folder / str(number))
        made.append((part, _run(part)))
        shown.append(_shown(part.target.path, time * Fraction(float(stretch)).limit_denominator(1000)))
    facts = [kept.facts for stage in job.stages if isinstance(stage, Once) for kept in stage.kept]
    report = made[0][1]
    return Tried(
        setting,
        tuple(shown),
        job.model,
        report.width,
        report.height,
        _forecast(job, made, facts),
        tuple(dict.fromkeys([*job.notes, *(note for each in facts for note in each.notes)])),
    )


def _job(setting: Setting, info: VideoInfo, stages: tuple[Stage, ...], reading: Reading, path: Path) -> Job:
    suffix = "" if info.path.is_dir() else ".mp4" if info.animated else suffix_of(info.path)
    return prepare(info.path, path.with_suffix(suffix), stages, reading=reading, encoding=setting.encoding)


def _run(job: Job) -> Report:
    from ...restoration.pipeline import restore

    return restore(job)


def _shown(path: Path, time: Fraction) -> Rgb8:
    """The picture of a result that is on the screen at a time."""
    found: Rgb8 | None = None
    for picture in pictures_of(path):
        if found is not None and picture.time > time:
            break
        found = of_eight_bits(picture.rgb)
    assert found is not None
    return found


def of_eight_bits(rgb: Rgb) -> Rgb8:
    """The same picture with white at 255."""
    return np.ascontiguousarray(rgb if rgb.dtype == np.uint8 else np.right_shift(rgb, 8), np.uint8)


def _forecast(job: Job, made: Sequence[tuple[Job, Report]], facts: Sequence[Facts]) -> Forecast:
    """Of the whole run, from the short ones; an encoder works beside the networks, and the slower of the two counts."""
    written = sum(report.frames_out for _, report in made)
    taken = sum(report.frames_in for _, report in made)
    encoding = sum(report.stages["encode"] for _, report in made)
    span = Span(taken, Fraction(0), sum((Fraction(report.duration_in) for _, report in made), Fraction(0)))
    each = max(seconds_per_frame(job, span, _decoding(job) * taken, facts), encoding / written)
    frames = job.frames
    return Forecast(
        frames,
        None if frames is None else each * frames,
        None if frames is None else forecast_size(job, [part.target for part, _ in made], frames),
        each,
    )


def _decoding(job: Job) -> float:
    """Seconds a frame, from the first ones: a moment's own come after others that nobody asked for."""
    from ...video.reader import Reader

    began = perf_counter()
    with closing(iter(Reader(job.info, job.reading, tells_step=job.sees_step))) as stream:
        count = sum(1 for _ in islice(stream, DECODED))
    return (perf_counter() - began) / max(1, count)
