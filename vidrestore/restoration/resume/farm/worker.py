"""Worker: makes pieces of results, with the networks kept loaded; knows nothing of Ray."""

from __future__ import annotations

import os
from collections.abc import Generator, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice
from time import perf_counter
from typing import TYPE_CHECKING
from uuid import uuid4

from ....base.facts import Facts, together
from ....base.memory import share_among
from .scratch import scratch

if TYPE_CHECKING:
    from ....frame.frame import Frame
    from ...pipeline import Clock
    from ...stage import Loaded, Stage
    from .plan import Made, Plan


THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS")
"""By which the libraries are told, as they are loaded, how many threads they may have."""


@dataclass(slots=True)
class Worker:
    """One process that makes pieces, one after the other. torch is not loaded before the first.

    Args:
        threads: for its arithmetic.
        ways: so many like it share the memory of this machine.

    made  frames so far of the piece that is being made
    """

    threads: int
    ways: int
    made: int = 0
    _plan: Plan | None = None
    _stages: tuple[Stage, ...] = ()
    _loaded: Sequence[Loaded] = ()
    _frames: Generator[Frame, None, None] | None = None
    _next: int = 0
    _clock: Clock | None = None
    _told: dict[str, float] = field(default_factory=dict)
    _measured: int = 0
    """Measures of blur that belong to frames before the next piece."""
    _did: Facts = Facts()  # noqa: RUF009 (it is frozen)

    def __post_init__(self) -> None:
        for name in THREADS:
            os.environ[name] = str(self.threads)
        import cv2

        cv2.setNumThreads(self.threads)
        share_among(self.ways)

    def make(self, plan: Plan, number: int) -> Made:
        """Piece `number` of a plan, from 1. Where it is the one after the last one made, decoding goes on there.

        Raises:
            VidrestoreError: as a Reader, the stages and the encoder do.
            FFmpegError, OSError: the encoder failed, or there is no room for the piece.
        """
        self.made = 0
        if self._plan is None or self._plan.key != plan.key:
            self._begin(plan)
        if self._frames is None or self._next != number:
            self._go_to(plan, number)
        try:
            made = self._make(plan, number)
        except BaseException:
            self.close()
            raise
        self._next = number + 1
        return made

    def close(self) -> None:
        """Stop decoding."""
        if self._frames is not None:
            self._frames.close()
        self._frames = None

    def _begin(self, plan: Plan) -> None:
        from ....engine import keep_memory
        from ...pipeline import Clock

        self.close()
        keep_memory()
        if not self._loaded or self._stages != plan.job.stages:
            self._loaded = [stage.load(measure=plan.measure) for stage in plan.job.stages]
            self._stages = plan.job.stages
        self._plan, self._clock, self._told = plan, Clock({"encode": 0.0}), {}
        self._did = self._facts()

    def _go_to(self, plan: Plan, number: int) -> None:
        from ..part import frames_from

        self.close()
        assert self._clock is not None
        self._measured = len(self._facts().blur)
        self._frames = frames_from(plan.job, self._loaded, plan.times, (number - 1) * plan.frames, self._clock)

    def _make(self, plan: Plan, number: int) -> Made:
        from .kinds import pieces_of
        from .plan import Made

        assert self._frames is not None and self._clock is not None
        seconds = self._clock.seconds
        with scratch(uuid4().hex[:8]) as folder:  # which the next run deletes if this process is killed
            pieces = pieces_of(plan, folder)
            under_way = pieces.begin(number)
            confidence = []
            try:
                for frame in islice(self._frames, plan.frames):
                    start = perf_counter()
                    under_way.add(frame)
                    confidence.append(frame.confidence)
                    seconds["encode"] += perf_counter() - start
                    self.made += 1
                if self.made:
                    under_way.finish()
            except BaseException:
                under_way.abandon()
                raise
            if not self.made:
                under_way.abandon()
                return Made(number, b"", b"", 0)
            facts = replace(self._new_facts(), confidence=tuple(confidence))
            return Made(number, *pieces.read(number), self.made, self._seconds(), facts)

    def _facts(self) -> Facts:
        return together(each.facts for each in self._loaded)

    def _new_facts(self) -> Facts:
        """What was done since the last piece; stages run ahead, so that the blur of later frames is known, too."""
        before, now = self._did, self._facts()
        self._did = now
        blur = now.blur[self._measured : self._measured + self.made]
        self._measured += self.made
        return replace(
            now,
            halvings=now.halvings - before.halvings,
            seconds=now.seconds - before.seconds,
            frames=now.frames - before.frames,
            blur=blur if self._keeps_times() else (),
            untouched=sum(one == other for one, other in blur),
            counted=(),
        )

    def _keeps_times(self) -> bool:
        """Whether each frame of the source is one of the result, so that its blur is known by its number."""
        from ...interpolation.timing import SOURCE_TIMES

        return all(stage.timing == SOURCE_TIMES for stage in self._stages)

    def _seconds(self) -> dict[str, float]:
        """Busy seconds since the last piece, each stage's without those of the ones it pulls from."""
        assert self._clock is not None and self._plan is not None
        from ...pipeline import own_time

        now = own_time(self._clock.seconds, self._plan.job.stages)
        spent = {name: value - self._told.get(name, 0.0) for name, value in now.items()}
        self._told = now
        return spent
