"""Progress of a running job: a bar on a terminal, else a plain line every few seconds."""

import json
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path

from ..api.progress import Meter
from ..base.text import visible
from .options import ProgressKind

EVERY = 5.0
"""Seconds between plain lines."""


@dataclass(frozen=True, slots=True)
class Place:
    """Which of many files is at work."""

    number: int
    """From 1."""
    of: int
    source: Path
    in_front: Callable[[], bool] = lambda: True
    """Whether it is shown: of several that are at work at once, only the first is."""


@dataclass(frozen=True, slots=True)
class Shown:
    """A meter, shown whenever it has moved; both raise a stop that was asked for."""

    meter: Meter
    show: Callable[[], None]

    def tick(self, _: object = None) -> None:
        """One frame more."""
        self.meter.tick()
        self.show()

    def move(self, done: int, workers: int) -> None:
        """So many frames by now, and so many workers that make more."""
        self.meter.move(done, workers)
        self.show()


def progress(
    kind: ProgressKind, *, total: int | None, quiet: bool, before: int = 0, place: Place | None = None
) -> AbstractContextManager[Shown]:
    """What is to be told of every frame; all that it shows is on stderr.

    Args:
        before: so many of the first frames were done by an earlier run, and say nothing of the speed.
    """
    if kind == "auto":
        if quiet:
            kind = "none"
        elif sys.stderr.isatty():
            kind = "bar"
    meter = Meter(total, before)
    return _bar(meter, place) if kind == "bar" else _lines(kind, meter, place)


@contextmanager
def _lines(kind: ProgressKind, meter: Meter, place: Place | None) -> Iterator[Shown]:
    line = {"json": _json_line, "auto": _plain_line}.get(kind)
    every = 1.0 if kind == "json" else EVERY
    shown, last = time.monotonic(), 0

    def show() -> None:
        nonlocal shown, last
        now = time.monotonic()
        if line and now - shown >= every and (place is None or place.in_front()):
            shown, last = now, meter.done
            print(line(meter, place), file=sys.stderr, flush=True)

    yield Shown(meter, show)
    if kind == "json" and last != meter.done:
        print(_json_line(meter, place), file=sys.stderr, flush=True)


def _json_line(meter: Meter, place: Place | None = None) -> str:
    numbers = {"fps": meter.fps, "eta": meter.eta}
    rounded = {name: None if value is None else round(value, 3) for name, value in numbers.items()}
    where = {} if place is None else {"file": place.number, "files": place.of, "input": str(place.source)}
    hands = {"workers": meter.workers} if meter.workers else {}
    return json.dumps({"event": "progress", **where, "frame": meter.done, "total": meter.total, **rounded, **hands})


def _plain_line(meter: Meter, place: Place | None = None) -> str:
    where = "" if place is None else f"file {place.number} of {place.of}, "
    of = f" of {meter.total}" if meter.total else ""
    speed = "" if meter.fps is None else f", {meter.fps:.1f} fps"
    left = "" if meter.eta is None else f", {_clock(meter.eta)} left"
    return f"{where}frame {meter.done}{of}{speed}{left}{', ' if meter.workers else ''}{_workers(meter)}"


def _workers(meter: Meter) -> str:
    return "" if not meter.workers else "1 worker" if meter.workers == 1 else f"{meter.workers} workers"


def _clock(seconds: float) -> str:
    """308 s as 5:08."""
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes // 60}:{minutes % 60:02}:{rest:02}" if minutes >= 60 else f"{minutes}:{rest:02}"


@contextmanager
def _bar(meter: Meter, place: Place | None) -> Iterator[Shown]:
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

    columns = [BarColumn(), MofNCompleteColumn(), TextColumn("{task.fields[speed]}")]
    where = ""
    if place is not None:
        where = f"{place.number}/{place.of} {visible(place.source.name, longest=30)}"
        columns.insert(0, TextColumn("{task.description}", markup=False))
    bar = Progress(*columns, console=Console(stderr=True), transient=True)
    task = bar.add_task(where, total=meter.total, speed="")

    def show() -> None:
        if place is None or place.in_front():
            bar.start()
            speed = "" if meter.fps is None else f"{meter.fps:.1f} fps"
            left = "" if meter.eta is None else f"{_clock(meter.eta)} left"
            words = f"{speed} {left} {_workers(meter)}".split()
            bar.update(task, completed=meter.done, speed=" ".join(words))

    try:
        if place is None or place.in_front():
            bar.start()
        yield Shown(meter, show)
    finally:
        bar.stop()
