"""--dry-run: what a job would be, with a time from a short trial."""

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from . import show

if TYPE_CHECKING:
    from ..restoration.job import Job


def plan_of(job: "Job") -> dict[str, Any]:
    """What would be done, under the names that --json gives."""
    from ..engine import keep_memory
    from ..restoration.trial import estimate

    keep_memory()
    trial = estimate(job)
    per_frame, did = trial.seconds_per_frame, trial.facts
    info, target, before = job.info, job.target, job.done
    return {
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


def say_plan(plan: dict[str, Any]) -> None:
    """A plan in words."""
    for stream in plan["streams"]:
        show.say("stream {index}: {kind} {codec} {language}".format(**stream).rstrip())
    for key, value in plan.items():
        if key not in ("streams", "warnings", "source_quality"):
            show.say(f"{key:17} {'unknown' if value is None else value}")
    for warning in plan["warnings"]:
        show.say(f"note: {warning}")
