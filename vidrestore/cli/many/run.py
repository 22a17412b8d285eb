"""Runs a restoring command over one input, or with --output-dir over many: one after the other, or few at once."""

import traceback
from collections.abc import Callable, Generator, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager, suppress
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from ...base import stop
from ...errors import InputError, ModelError, UsageError
from .. import show
from ..dry_run import plan_of, say_plan
from ..errors import user_error
from ..farm import Workers, workers_of
from ..options import NAMES, Restoring
from ..progress import Place
from ..run import carry_out, finish, prepared
from .inputs import Naming, Work, find
from .outcome import Outcome, tell

if TYPE_CHECKING:
    from ...restoration.stage import Stage

AT_ONCE = 3
"""Files that workers share: while one is joined, another is restored, and the next is looked at."""
LISTED = 5
"""Files passed over in a folder that are named."""
Steps = Callable[[Path], "tuple[Stage, ...]"]
"""What is done to a source."""


def run_files(source: Path, target: Path | None, steps: Steps, options: Restoring, *, ending: str) -> None:
    """Run the steps over a source; with --output-dir over all that is named.

    Ends the command with 3 where an input was truncated and what there was has been saved, and of many with the
    highest code that one of them would have ended it with.

    Args:
        ending: what the name of a result gets where it is not said.
    """
    many = options.many
    if many.output_dir is not None:
        inputs = [source, *filter(None, [target]), *(many.more or [])]
        with workers_of(options) as workers:
            _run_many(inputs, Naming(many.output_dir, many.name or NAMES, ending), steps, options, workers)
        return
    if many.more:
        raise UsageError(f"{len(many.more) + 2} paths are given, and one input has one output; give --output-dir DIR")
    for option, given in (("--recursive", many.recursive), ("--name", many.name)):
        if given:
            raise UsageError(f"{option} is for many inputs; give --output-dir DIR with it")
    from ...video.encode.destination import beside

    stages = steps(source)
    target = target or beside(source, ending)
    with workers_of(options) as workers:
        job = prepared(source, target, stages, options, overwrite=options.overwrite)
        finish(job, options.shell, workers, dry_run=options.dry_run)


def _run_many(inputs: list[Path], naming: Naming, steps: Steps, options: Restoring, workers: Workers) -> None:
    found = find(inputs, naming, recursive=options.many.recursive)
    if not options.shell.quiet:
        _say_passed_over(found.passed_over)
    outcomes: list[Outcome] = []
    over: set[int] = set()
    at_once = AT_ONCE if options.farm.asked and not options.dry_run else 1

    def outcome(number: int, work: Work) -> Outcome:
        stop.check()
        place = Place(number, len(found.works), work.source, lambda: all(each in over for each in range(1, number)))
        try:
            return _outcome(work, steps, options, workers, place)
        finally:
            over.add(number)

    try:
        with closing(_each(outcome, found.works, at_once=at_once)) as each:
            outcomes.extend(each)
    except KeyboardInterrupt as stopped:
        tell(outcomes, found.passed_over, naming.folder, options.shell)
        said = f"{stopped}; " if str(stopped) else ""
        done = f"{len(outcomes)} of {len(found.works)} files were finished, and the same command goes on with the rest"
        raise KeyboardInterrupt(f"{said}{done}") from stopped
    tell(outcomes, found.passed_over, naming.folder, options.shell)
    if worst := max(each.exit_code for each in outcomes):
        raise typer.Exit(worst)


def _each(
    outcome: Callable[[int, Work], Outcome], works: Iterable[Work], *, at_once: int
) -> Generator[Outcome, None, None]:
    """Of each, in their order; what is raised ends those that have not begun."""
    if at_once == 1:
        for number, work in enumerate(works, 1):
            yield outcome(number, work)
        return
    with ThreadPoolExecutor(at_once, "file") as threads:
        futures = [threads.submit(outcome, number, work) for number, work in enumerate(works, 1)]
        try:
            for future in futures:
                yield future.result()
        finally:
            threads.shutdown(wait=False, cancel_futures=True)


def _outcome(work: Work, steps: Steps, options: Restoring, workers: Workers, place: Place) -> Outcome:
    """What became of a file: its errors are said, and do not stop the others; but no network at all does."""
    if not options.shell.quiet:
        show.say(f"file {place.number} of {place.of}: {work.source}")
    try:
        with _there(work.target.parent):
            return _restored(work, steps, options, workers, place)
    except Exception as error:
        if stop.asked():
            raise KeyboardInterrupt from error
        if isinstance(error, ModelError) and place.number == 1:
            raise
        known = user_error(error, follows=True)
        if known is None:
            traceback.print_exc()
        said, code = (f"{error!r}: a bug", 1) if known is None else (str(known), known.exit_code)
        show.say(f"vidrestore: {said}")
        return Outcome(work, "failed", exit_code=code, error=said)


def _restored(work: Work, steps: Steps, options: Restoring, workers: Workers, place: Place) -> Outcome:
    from ...restoration.resume.record import keep_record, record_of

    before = None if options.overwrite else record_of(work.target)
    overwrite = options.overwrite or before is not None  # ours, and refused below where it is not the same
    job = prepared(work.source, work.target, steps(work.source), options, overwrite=overwrite)
    if before is not None:
        if differ := before.differs(job):
            raise UsageError(
                f"{work.target} exists, and of what made it {' and '.join(differ)} differ; -y makes it anew"
            )
        return Outcome(work, "done before", before.report, _code(truncated=before.report.get("truncated") is True))
    if options.dry_run:
        plan = plan_of(job)
        if not options.shell.as_json:
            say_plan(plan)
        return Outcome(work, "planned", plan)
    report = carry_out(job, options.shell, workers, place)
    keep_record(job, report)
    show.summary(report, options.shell)
    return Outcome(work, "done", asdict(report), _code(truncated=report.truncated))


def _code(*, truncated: bool) -> int:
    return InputError.exit_code if truncated else 0


@contextmanager
def _there(folder: Path) -> Iterator[None]:
    """A folder, made where it is not there; of what was made, nothing stays that is empty."""
    new = [path for path in (folder, *folder.parents) if not path.exists()]
    folder.mkdir(parents=True, exist_ok=True)
    try:
        yield
    finally:
        for path in new:
            with suppress(OSError):  # something is in it
                path.rmdir()


def _say_passed_over(files: Iterable[Path]) -> None:
    """One line a folder."""
    by_folder: dict[Path, list[str]] = {}
    for file in files:
        by_folder.setdefault(file.parent, []).append(file.name)
    for folder, names in by_folder.items():
        more = f" and {len(names) - LISTED} more" if len(names) > LISTED else ""
        show.say(f"note: {folder}: passed over, since their names are no video's: {', '.join(names[:LISTED])}{more}")
