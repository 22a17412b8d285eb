"""Runs a restoring command: plans, runs or tries, reports, and ends with the right code."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from ..errors import InputError, ResourceError
from . import show
from .dry_run import plan_of, say_plan
from .farm import Workers, nobody
from .options import Restoring, Shell
from .progress import Place, progress

if TYPE_CHECKING:
    from ..restoration.job import Job
    from ..restoration.report import Report
    from ..restoration.stage import Stage


def prepared(source: Path, target: Path, stages: "tuple[Stage, ...]", options: Restoring, *, overwrite: bool) -> "Job":
    """The job that these options ask for; as `restoration.job.prepare`."""
    from ..restoration.job import prepare

    return prepare(
        source,
        target,
        stages,
        reading=options.reading(),
        encoding=options.encoder.encoding(),
        overwrite=overwrite,
        resume=options.resume or options.farm.asked,
    )


def finish(job: "Job", shell: Shell, workers: Workers = nobody, *, dry_run: bool) -> None:
    """Run a job that is prepared, or with --dry-run say what it would be.

    Ends the command with 3 where the input was truncated and what there was has been saved.
    """
    if dry_run:
        plan = plan_of(job)
        if shell.as_json:
            print(json.dumps(plan))
        else:
            say_plan(plan)
        return
    report = carry_out(job, shell, workers)
    show.report(report, shell)
    if report.truncated:
        raise typer.Exit(InputError.exit_code)


def carry_out(job: "Job", shell: Shell, workers: Workers, place: Place | None = None) -> "Report":
    """Run a job that is prepared, and show how far it is."""
    from ..engine import keep_memory
    from ..restoration.pipeline import restore

    keep_memory()
    shown = progress(shell.progress, total=job.frames, quiet=shell.quiet, before=job.kept, place=place)
    measure = shell.as_json or shell.verbose
    with shown as meter, _say_what_is_kept(job):
        if (crew := workers()) is None:
            return restore(job, on_frame=meter.tick, measure=measure)
        from ..restoration.resume.farm import run as farm

        return farm.restore(job, crew, tell=meter.move, measure=measure)


@contextmanager
def _say_what_is_kept(job: "Job") -> Iterator[None]:
    """What ends a run that the same command can go on with says so, too."""
    try:
        yield
    except (KeyboardInterrupt, ResourceError) as error:
        if not (kept := job.kept):
            raise
        said = f"{error}; " if str(error) else ""
        raise type(error)(f"{said}{kept} frames are kept, and the same command goes on from there") from error
