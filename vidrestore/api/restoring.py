"""upscale(), interpolate(), clean(), deblur() and restore(): one file each, as the commands of these names."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, TypedDict, Unpack

from ..base.device_words import check_words
from ..base.settings import (
    Cleaning,
    Deblurring,
    Encoding,
    Enlarging,
    EnlargingQuality,
    Reading,
    Retiming,
    Settings,
    Source,
)
from .progress import Meter, Progress
from .refusals import known_errors
from .steps import wish_for
from .wish import Wish
from .words import FIND_CUTS, Number, scenes_of, timing_of

if TYPE_CHECKING:
    from ..restoration.report import Report
    from ..scenes.list import Scene

Name = str | PathLike[str]


class How(TypedDict, total=False):
    """What all of these functions take besides."""

    settings: Settings
    """What computes the networks."""
    reading: Reading
    """Which part of the source, and how it is decoded."""
    encoding: Encoding
    """How the result is encoded."""
    overwrite: bool
    """Replace an existing result."""
    resume: bool
    """If interrupted, keep what is done; the same call then goes on from there."""
    workers: int
    """So many processes make the result together, and go on as with `resume`; needs Ray (extra farm)."""
    cluster: str
    """Where they run, as --cluster takes it: local, auto or ray://HOST:PORT."""
    progress: Callable[[Progress], None]
    """Called in the calling thread, after each written frame, with workers now and then; what it raises ends the run,
    and without `resume` and workers nothing is left."""


def upscale(
    source: Name,
    target: Name,
    *,
    scale: int = 2,
    model: str = "auto",
    kind: Source = "auto",
    quality: EnlargingQuality = "balanced",
    **how: Unpack[How],
) -> Report:
    """Enlarge a video, a folder of pictures or a picture, keeping every frame, time stamp, colour and track.

    Args:
        source: a file, or a folder of pictures.
        target: the same kinds.
        scale: times as wide and high: 2, 3, 4 or 8.
        model: a network of `vidrestore models list`, A+B, a file of weights, or auto.
        kind: which networks auto takes: those for clean or for compressed video; auto looks at the video.
        quality: best: each network looks four times, mirrored; and auto means a larger one for a single picture.
        **how: see `How`.

    Raises:
        UsageError: the call makes no sense as given, or the target exists.
        InputError: the source is damaged or no video.
        ModelError: an unknown model, or one whose weights are missing or wrong.
        ResourceError: memory or disk space ran out.
    """
    return _run(source, target, Wish(upscale=Enlarging(model, scale, kind, quality)), how)


def interpolate(
    source: Name,
    target: Name,
    *,
    factor: Number | None = None,
    fps: Number | None = None,
    slow_motion: Number | None = None,
    retiming: Retiming = Retiming(),  # noqa: B008 - frozen
    cuts: Name = FIND_CUTS,
    **how: Unpack[How],
) -> Report:
    """Raise the frame rate, or slow down, with new frames along the motion; the source's own are not touched.

    Args:
        source: a video, or a folder of pictures.
        target: the same kinds.
        factor: frames for each one of the source; 2 where none of the three is given.
        fps: this rate exactly.
        slow_motion: so many times as slow, at the source's rate.
        retiming: the network, and what becomes of cuts, repeated pictures and sound.
        cuts: auto finds them; none: all is one shot; or a scene list (CSV).
        **how: see `How`.

    Raises:
        UsageError, InputError, ModelError, ResourceError: as `upscale`.
    """
    timing = timing_of(factor, fps, slow_motion)[0]
    return _run(source, target, Wish(timing=timing, retiming=retiming, scenes=_scenes(cuts, how)), how)


def clean(
    source: Name,
    target: Name,
    *,
    model: str = "auto",
    strength: float | None = None,
    cuts: Name = FIND_CUTS,
    **how: Unpack[How],
) -> Report:
    """Remove blocks, ringing and noise; a video that is clean comes out as it was.

    Args:
        source: a file, or a folder of pictures.
        target: the same kinds.
        model: clean, denoise, a file of weights, or auto.
        strength: share of the change that is shown, 0 to 1; None: all of it, and nothing of a video that is clean.
        cuts: as of `interpolate`.
        **how: see `How`.

    Raises:
        UsageError, InputError, ModelError, ResourceError: as `upscale`.
    """
    return _run(source, target, Wish(clean=Cleaning(model, strength), scenes=_scenes(cuts, how)), how)


def deblur(
    source: Name,
    target: Name,
    *,
    deblurring: Deblurring = Deblurring(),  # noqa: B008 - frozen
    **how: Unpack[How],
) -> Report:
    """Remove blur, frame by frame.

    Args:
        source: a file, or a folder of pictures.
        target: the same kinds.
        deblurring: the network or the method, its strength, and the blur where it is known.
        **how: see `How`.

    Raises:
        UsageError, InputError, ModelError, ResourceError: as `upscale`.
    """
    return _run(source, target, Wish(deblur=deblurring), how)


def restore(
    source: Name,
    target: Name,
    *,
    clean: bool = False,
    deblur: bool = False,
    factor: Number | None = None,
    fps: Number | None = None,
    scale: int | None = None,
    models: Sequence[str] = (),
    cuts: Name = FIND_CUTS,
    **how: Unpack[How],
) -> Report:
    """Several steps in one pass, in this order: decoded once, encoded once, nothing in between.

    Args:
        source: a file, or a folder of pictures.
        target: the same kinds.
        clean: remove compression artefacts and noise.
        deblur: remove motion blur.
        factor: frames for each one of the source.
        fps: this rate exactly.
        scale: times as wide and high: 2, 3, 4 or 8.
        models: networks or files, each for the step that it is for; the other steps take their auto.
        cuts: as of `interpolate`; of clean, factor and fps.
        **how: see `How`.

    Raises:
        UsageError, InputError, ModelError, ResourceError: as `upscale`; no step is asked for.
    """
    timing = None if factor is None and fps is None else timing_of(factor, fps)[0]
    scenes = _scenes(cuts, how)
    wish = wish_for(clean=clean, deblur=deblur, timing=timing, scale=scale, models=models, scenes=scenes)
    return _run(source, target, wish, how)


def _scenes(cuts: Name, how: How) -> tuple[Scene, ...] | None:
    return scenes_of(str(cuts), how.get("reading", Reading()).start)


def _run(source: Name, target: Name, wish: Wish, how: How) -> Report:
    """Plan and run one file, as the command does."""
    from ..restoration.job import prepare

    settings, reading = how.get("settings", Settings()), how.get("reading", Reading())
    check_words(settings)
    with known_errors():
        job = prepare(
            Path(source),
            Path(target),
            wish.stages_of(Path(source), settings=settings, follow_references=reading.follow_references),
            reading=reading,
            encoding=how.get("encoding", Encoding()),
            overwrite=how.get("overwrite", False),
            resume=how.get("resume", False) or _shared(how),
        )
        meter, tell = Meter(job.frames, job.kept), how.get("progress")

        def move(done: int, workers: int = 0) -> None:
            meter.move(done, workers)
            if tell is not None:
                tell(meter.progress)

        if _shared(how):
            from ..restoration.resume.farm import run as farm
            from ..restoration.resume.farm.ray.cluster import LOCAL, workers

            with workers(how.get("cluster", LOCAL), number=how.get("workers"), device=settings.device) as crew:
                return farm.restore(job, crew, tell=move)
        from ..restoration.pipeline import restore  # torch, which refusals need not load

        return restore(job, on_frame=lambda _: move(meter.done + 1))


def _shared(how: How) -> bool:
    """Whether workers make it."""
    return "workers" in how or "cluster" in how
