"""restore(): as `pipeline.restore`, with the work done by a crew of workers."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from time import perf_counter
from uuid import uuid4

from ....base.facts import Facts
from ....base.stop import check
from ....video.resume.unfinished import claim
from ... import pipeline
from ...job import Job
from ...report import Blur, Confidence, Report
from ..part import check_parts
from ..times import result_times, source_times
from .crew import Crew, Tell
from .fill import Filled, Filling
from .kinds import frames_of_a_piece
from .plan import Plan


def restore(job: Job, crew: Crew, *, tell: Tell = lambda *_: None, measure: bool = False) -> Report:
    """Run a job that can be resumed: workers make its pieces, and this process joins them, as --resume would.

    Whatever workers have not made, it makes itself: so the result is that of one process, and checked as its is.

    Args:
        tell: see `Crew.fill`.
        measure: as for `pipeline.restore`; the bytes of pictures in flight are not counted.

    Raises:
        UsageError: the result cannot be made in parts.
        VidrestoreError: whatever ended the run; what was made stays in OUTPUT.part.
    """
    began = perf_counter()
    with claim(job.target.path, job.run) as folder:
        check_parts(job.stages)
        times = source_times(job, on_frame=lambda _: check())
        sent = replace(job, stages=tuple(stage.sent() for stage in job.stages))
        plan = Plan(uuid4().hex, sent, times, frames_of_a_piece(job.target), measure)
        filled = crew.fill(Filling.of(plan, folder), tell=tell)
        report = pipeline.run(job, lambda _: check(), measure=measure, over=result_times(job, times).over)
    return _with_workers(report, filled, piece=plan.frames, seconds=perf_counter() - began)


def _with_workers(report: Report, filled: Filled, *, piece: int, seconds: float) -> Report:
    did, believed = filled.did(), Confidence.of(_confidence(report, filled, piece))
    before = report.confidence.warnings if report.confidence else []
    resumed = report.resumed - filled.frames
    busy = filled.seconds.copy()
    busy.update(report.stages)
    made = replace(
        report,
        seconds=seconds,
        resumed=resumed,
        fps=(report.frames_out - resumed) / seconds,
        stages=dict(busy),
        workers=filled.workers,
        blur=Blur.of(did.blur, did.untouched) or report.blur,
        confidence=believed,
        warnings=[*(line for line in report.warnings if line not in before), *(believed.warnings if believed else ())],
    )
    if not did.engine:
        return made
    notes = [note for note in did.notes if note not in made.warnings]
    place = replace(made, engine=did.engine, device=did.device, precision=did.precision, tile=did.tile)
    return replace(place, warnings=[*made.warnings, *notes, *_mixed(filled.facts.values())])


def _confidence(report: Report, filled: Filled, piece: int) -> Sequence[float | None]:
    """Of each frame of the result, of which `piece` are in a piece."""
    found: list[float | None] = list(report.confidence.per_frame) if report.confidence else [None] * report.frames_out
    for number, facts in filled.facts.items():
        begin = (number - 1) * piece
        found[begin : begin + len(facts.confidence)] = facts.confidence
    return found


def _mixed(facts: Iterable[Facts]) -> Iterator[str]:
    """Pieces that were computed otherwise than others differ from them a little."""
    ways = sorted({f"{each.engine} ({each.precision})" for each in facts if each.engine})
    if len(ways) > 1:
        yield f"workers computed by {' and '.join(ways)}: give --engine and --precision for the same bytes everywhere"
