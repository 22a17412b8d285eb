"""Pool: what the driver needs of workers, wherever they are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from .plan import Made, Plan


@dataclass(frozen=True, slots=True)
class Done:
    """A worker has made a piece."""

    worker: int
    made: Made


@dataclass(frozen=True, slots=True)
class Failed:
    """A worker has not made its piece."""

    worker: int
    error: Exception
    """A VidrestoreError where the reason can be said to a user."""


class Pool(Protocol):
    """Workers that are told one piece at a time. One that dies is replaced by another, with a number of its own."""

    @property
    def workers(self) -> Sequence[int]:
        """Those that can be given something, by number."""

    def give(self, worker: int, plan: Plan, number: int) -> None:
        """Let it make piece `number` of a plan; it has nothing else to do."""

    def wait(self, seconds: float) -> Sequence[Done | Failed]:
        """What has become of pieces, waited for so long at most; none: nothing.

        Raises:
            VidrestoreError: there are no workers, and none will come.
        """

    def under_way(self) -> Mapping[int, int]:
        """Frames made of the pieces that workers are at, by their numbers, as far as they have said."""

    def forget(self, plan: Plan) -> None:
        """No more of it will be made."""
