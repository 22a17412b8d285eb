"""Progress of a run, and Meter, which counts it."""

import time
from dataclasses import dataclass

from ..base.stop import check

PAUSE = 0.5
"""Seconds at least between the moments by which speed is measured."""


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a run is."""

    frame: int
    """Frames of the result that are written."""
    total: int | None
    """Of how many; None where only decoding tells."""
    fps: float | None
    """Frames per second; None before that can be known."""
    eta: float | None
    """Seconds left; None before that can be known."""


class Meter:
    """Frames so far, their rate and the time left.

    Loading, compiling and the frames that were done `before` count for neither. Frames come in bursts, a batch at a
    time: they are counted from the beginning of one burst to that of another.
    """

    def __init__(self, total: int | None, before: int = 0) -> None:
        self.total, self.before, self.done, self.workers = total, before, 0, 0
        self._marks: list[tuple[float, int]] = []
        """Moments and frames: of the first frame, and of the last one that came after a pause."""

    def tick(self) -> None:
        """One frame more. KeyboardInterrupt: a stop was asked for."""
        self.move(self.done + 1)

    def move(self, done: int, workers: int = 0) -> None:
        """So many frames by now, and so many workers that make more; those of a worker that died count once.

        Raises:
            KeyboardInterrupt: a stop was asked for.
        """
        check()
        self.workers = workers
        if done <= self.done:
            return
        self.done = done
        now = time.monotonic()
        if self.done > self.before and (not self._marks or now - self._marks[-1][0] >= PAUSE):
            self._marks[1:] = [(now, self.done)] if self._marks else []
            self._marks = self._marks or [(now, self.done)]

    @property
    def fps(self) -> float | None:
        """As `Progress`."""
        if len(self._marks) < 2:
            return None
        (began, first), (now, last) = self._marks
        return (last - first) / (now - began)

    @property
    def eta(self) -> float | None:
        """As `Progress`."""
        if self.total is None:
            return None
        left = max(0, self.total - self.done)
        return 0.0 if not left else left / self.fps if self.fps else None

    @property
    def progress(self) -> Progress:
        """All of it, now."""
        return Progress(self.done, self.total, self.fps, self.eta)
