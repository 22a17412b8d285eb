"""How a running job looks: a bar where there is a terminal, a plain line every few seconds where there is none."""

import json
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from ..stop import check
from .options import ProgressName

EVERY = 5.0
"""Seconds between plain lines."""


class _Meter:
    """Frames so far, their rate, and the time left; those that were done `before` have none."""

    def __init__(self, total: int | None, before: int) -> None:
        self.total, self.before, self.done, self.began = total, before, 0, time.monotonic()

    def tick(self) -> None:
        """One frame more."""
        self.done += 1
        if self.done <= self.before:
            self.began = time.monotonic()

    @property
    def fps(self) -> float:
        return max(0, self.done - self.before) / max(time.monotonic() - self.began, 1e-9)

    @property
    def eta(self) -> float | None:
        """Seconds left, where the total is known."""
        return None if self.total is None or not self.fps else max(0, self.total - self.done) / self.fps


@contextmanager
def progress(
    kind: ProgressName, *, total: int | None, quiet: bool, before: int = 0
) -> Iterator[Callable[[object], None]]:
    """A function to call once per frame, which raises a stop that was asked for; all that it shows is on stderr.

    Args:
        before: so many of the first frames were done by an earlier run, and say nothing of the speed.
    """
    if kind is ProgressName.AUTO:
        if quiet:
            kind = ProgressName.NONE
        elif sys.stderr.isatty():
            kind = ProgressName.BAR
    meter = _Meter(total, before)
    with _bar(meter) if kind is ProgressName.BAR else _lines(kind, meter) as show:

        def tick(item: object) -> None:
            check()
            show(item)

        yield tick


@contextmanager
def _lines(kind: ProgressName, meter: _Meter) -> Iterator[Callable[[object], None]]:
    line = {ProgressName.JSON: _json_line, ProgressName.AUTO: _plain_line}.get(kind)
    every = 1.0 if kind is ProgressName.JSON else EVERY
    shown = time.monotonic()

    def tick(_: object) -> None:
        nonlocal shown
        meter.tick()
        now = time.monotonic()
        if line and (now - shown >= every or (kind is ProgressName.JSON and meter.done == meter.total)):
            shown = now
            print(line(meter), file=sys.stderr, flush=True)

    yield tick


def _json_line(meter: _Meter) -> str:
    facts = {"event": "progress", "frame": meter.done, "total": meter.total, "fps": round(meter.fps, 3)}
    return json.dumps(facts | {"eta": None if meter.eta is None else round(meter.eta, 1)})


def _plain_line(meter: _Meter) -> str:
    of = f" of {meter.total}" if meter.total else ""
    left = "" if meter.eta is None else f", {meter.eta:.0f} s left"
    return f"frame {meter.done}{of}, {meter.fps:.1f} fps{left}"


@contextmanager
def _bar(meter: _Meter) -> Iterator[Callable[[object], None]]:
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[fps]:.1f} fps"),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("", total=meter.total, fps=0.0)

        def tick(_: object) -> None:
            meter.tick()
            if meter.done == meter.before:  # the time left is reckoned from here
                bar.reset(task, completed=meter.done, fps=0.0)
            else:
                bar.update(task, advance=1, fps=meter.fps)

        yield tick
