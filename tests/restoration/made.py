"""Stages of tests: what they do is a function of frames."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, fields

from vidrestore.base.facts import Facts
from vidrestore.frame.frame import Frame
from vidrestore.restoration.stage import NOTHING, Loaded, Skip, Stage

Work = Callable[[Iterable[Frame], Skip], Iterator[Frame]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Made(Stage):
    """A stage that has nothing to load."""

    work: Work
    facts: Facts = Facts()  # noqa: RUF009 (it is frozen)

    def load(self, *, measure: bool = False) -> Loaded:
        return self

    def run(self, frames: Iterable[Frame], skip: Skip = NOTHING) -> Iterator[Frame]:
        return self.work(frames, skip)


def made(name: str, work: Work) -> Made:
    return Made(name=name, model=name, work=work)


def instead(stage: Stage, work: Work) -> Made:
    """The stage as it is described, which does something else."""
    return Made(**{field.name: getattr(stage, field.name) for field in fields(Stage)}, work=work)
