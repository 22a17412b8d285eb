"""Runs a restoring command: plans, runs or tries, reports, and ends with the right code."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from ..base.files import check_there
from ..errors import InputError, ResourceError
from . import show
from .options import Restoring, Shell
from .progress import progress

if TYPE_CHECKING:
    from ..restoration.job import Job
    from ..restoration.stage import Stage
    from ..video.facts.quality import SourceQuality


def is_picture(source: Path) -> bool:
    """Whether it is a single picture."""
    from ..video.pictures.folder import is_pictures

    return is_pictures(source) and not source.is_dir()


def quality_of(source: Path, options: Restoring) -> "SourceQuality | None":
    """How compressed and noisy a video or pictures are; None of animated pictures."""
    from ..video.facts.quality import source_quality
    from ..video.pictures.folder import is_pictures
    from ..video.pictures.formats.header import is_animated_webp
    from ..video.pictures.quality import picture_quality

    check_there(source)
    if is_animated_webp(source):
        return None
    if is_pictures(source):
        return picture_quality(source)
    return source_quality(source, follow_references=options.reading().follow_references)


def run_job(source: Path, target: Path, stages: "tuple[Stage, ...]", options: Restoring) -> None:
    """Run the stages over the source, or with --dry-run say what that would be.

    Ends the command with 3 where the input was truncated and what there was has been saved.
    """
    from ..restoration.job import prepare

    job = prepare(
        source,
        target,
        stages,
        reading=options.reading(),
        encoding=options.encoder.encoding(),
        overwrite=options.overwrite,
        resume=options.resume,
    )
    finish(job, options.shell, dry_run=options.dry_run)


def finish(job: "Job", shell: Shell, *, dry_run: bool) -> None:
    """Run a job that is prepared, or with --dry-run say what it would be; ends the command as `run_job` does."""
    from ..engine import keep_memory
    from ..restoration.pipeline import restore

    keep_memory()
    if dry_run:
        _show_plan(job, as_json=shell.as_json)
        return
    shown = progress(shell.progress, total=job.frames, quiet=shell.quiet, before=job.done)
    with shown as tick, _say_what_is_kept(job):
        report = restore(job, on_frame=tick, measure=shell.as_json or shell.verbose)
    show.report(report, shell)
    if report.truncated:
        raise typer.Exit(InputError.exit_code)


@contextmanager
def _say_what_is_kept(job: "Job") -> Iterator[None]:
    """What ends a run that the same command can go on with says so, too."""
    try:
        yield
    except (KeyboardInterrupt, ResourceError) as error:
        if not (kept := job.done):
            raise
        said = f"{error}; " if str(error) else ""
        raise type(error)(f"{said}{kept} frames are kept, and the same command goes on from there") from error


def _show_plan(job: "Job", *, as_json: bool) -> None:
    """What would be done, with a time from a short trial."""
    from ..restoration.trial import estimate

    trial = estimate(job)
    per_frame, did = trial.seconds_per_frame, trial.facts
    info, target, before = job.info, job.target, job.done
    facts = {
        "input": str(info.path),
        "output": str(target.path),
        "model": job.model,
        "source_quality": None if job.source_quality is None else asdict(job.source_quality),
        "streams": [asdict(stream) for stream in info.streams],
        "frames": job.frames,
        "resumed": before,
        "rate": str(target.rate),
        "width": target.width,
        "height": target.height,
        "codec": target.codec,
        "pix_fmt": target.pix_fmt,
        "engine": did.engine,
        "device": did.device,
        "precision": did.precision,
        "tile": did.tile,
        "batch": did.batch,
        "seconds_per_frame": round(per_frame, 4),
        "seconds": None if job.frames is None else round(per_frame * max(0, job.frames - before), 1),
        "warnings": [*job.notes, *did.notes],
    }
    if as_json:
        print(json.dumps(facts))
        return
    for stream in info.streams:
        show.say(f"stream {stream.index}: {stream.kind} {stream.codec} {stream.language}".rstrip())
    for key, value in facts.items():
        if key not in ("streams", "warnings", "source_quality"):
            show.say(f"{key:17} {'unknown' if value is None else value}")
    for warning in (*job.notes, *did.notes):
        show.say(f"note: {warning}")
