"""compare(): two sources in, all scores out."""

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

from ...base.settings import Comparing
from ...errors import UsageError
from ...scenes.list import Scene
from .align import Pair, Times, pairs
from .kinds import KINDS
from .measures import scores
from .offset import Watch, find_offset
from .results import Comparison, Row
from .scoring import Scorer, Worst
from .side import Sample, Side, common_form, reading


def compare(
    reference: Path,
    distorted: Path,
    *,
    comparing: Comparing = Comparing(),  # noqa: B008 - frozen
    scenes: tuple[Scene, ...] = (),
    keep: int = 0,
    on_frame: Callable[[Row], None] = lambda _: None,
) -> Comparison:
    """Measure a result against its reference: videos, folders of pictures, or pictures, in any mixture.

    Both are decoded beside the scoring. `keep`: how many of the worst pairs to return as pictures. `on_frame` is
    called after each pair.

    Raises:
        UsageError: the two do not fit (size, times, length, shifted against each other), or the settings are wrong.
        InputError: a source is damaged. ModelError: niqe's parameters are.
    """
    began = time.perf_counter()
    if comparing.align == "auto" and comparing.offset is not None:
        raise UsageError(f"--align auto finds the offset itself; leave --offset {comparing.offset} out")
    starts = frozenset(scene.first for scene in scenes)
    possible = comparing.where_possible
    scorer = Scorer(scores(comparing.metrics), border=comparing.border, starts=starts, where_possible=possible)
    worst = Worst(comparing.metrics[0], count=keep)
    one, other = (Side(path, follow_references=comparing.follow_references) for path in (reference, distorted))
    form = common_form(one, other, rgb=keep > 0 or any(KINDS[name].of_rgb for name in comparing.metrics))
    offset = find_offset(one, other, replace(form, rgb=False)) if comparing.align == "auto" else comparing.offset
    by_time = comparing.align != "none" and one.timed and other.timed
    rows: list[Row] = []
    notes: list[str] = []
    with reading(one, form) as left, reading(other, form) as right:
        checks = [Times(one, other).check] if by_time else []
        for pair in _fitting(left, right, offset, checks, watched=comparing.align == "pts", notes=notes):
            row = scorer.score(pair, seconds=_seconds(pair, one, other))
            rows.append(row)
            worst.offer(row, pair)
            on_frame(row)
    notes += [f"left out where pictures are too small for it: {name}; {why}" for name, why in scorer.left_out.items()]
    return Comparison(
        reference=str(reference),
        distorted=str(distorted),
        width=one.info.width,
        height=one.info.height,
        aligned="pts" if by_time else "index",
        offset=offset or 0,
        luma="planes" if form.planes else "rgb",
        border=comparing.border,
        metrics=tuple(name for name in comparing.metrics if name not in scorer.left_out or _scored(name, rows)),
        rows=tuple(rows),
        scenes=scenes,
        seconds=time.perf_counter() - began,
        truncated=one.truncated or other.truncated,
        warnings=(*one.warnings("reference"), *other.warnings("result"), *notes, *_uncovered(scenes, rows)),
        kept=worst.kept(),
    )


def _scored(metric: str, rows: list[Row]) -> bool:
    return any(row.scores[metric] is not None for row in rows)


def _fitting(
    left: Iterator[Sample],
    right: Iterator[Sample],
    offset: int | None,
    checks: Sequence[Callable[[Pair], None]],
    *,
    watched: bool,
    notes: list[str],
) -> Iterator[Pair]:
    """The pairs. Without an offset all frames must have a partner, and, if watched, no offset may fit better.

    With one, what has no partner is said in `notes`. UsageError: they do not fit.
    """
    watch = Watch() if watched and offset is None else None
    ends = yield from pairs(left, right, offset=offset or 0, checks=[*checks, *([watch.see] if watch else [])])
    if watch:
        watch.check()
    if offset is not None:
        notes.extend(_left_out(offset, ends.rest))
    elif any(ends.rest):
        lengths = [
            ends.pairs + more + sum(1 for _ in rest) for more, rest in zip(ends.rest, (left, right), strict=True)
        ]
        raise UsageError(
            f"the reference has {lengths[0]} frames and the result {lengths[1]}; --align auto looks for an offset, "
            f"--offset 0 compares the first {ends.pairs}"
        )


def _left_out(offset: int, rest: tuple[bool, bool]) -> Iterator[str]:
    names = ("the reference", "the result")
    if offset:
        yield f"offset {offset}: the first {abs(offset)} frames of {names[offset < 0]} have no partner and are left out"
    for name, more in zip(names, rest, strict=True):
        if more:
            yield f"{name} goes on after the last frame of the other: its rest is left out"


def _uncovered(scenes: tuple[Scene, ...], rows: list[Row]) -> Iterator[str]:
    last = rows[-1].frame
    if scenes and scenes[-1].last > last:
        yield f"the scenes go on to frame {scenes[-1].last}, the pairs to {last}: is the list of this video?"


def _seconds(pair: Pair, reference: Side, distorted: Side) -> float:
    own = reference.timed or not distorted.timed
    seconds: Fraction = pair.reference.time if own else pair.distorted.time
    return float(seconds)
