"""The offset between two sources: found where asked for, else noticed."""

from contextlib import ExitStack
from itertools import zip_longest

import numpy as np
from numpy.typing import NDArray

from ...errors import UsageError
from .align import Pair
from .shift import shift
from .side import Form, Side, reading

LOOKED_AT = 600
"""Frames from the start of each source that tell its offset."""
FOUND = 1.1
"""How many times nearer pictures must be under an offset for `find_offset`, which was asked to look, to take it."""
NOTICED = 2.0
"""And for `Watch` to refuse them without one: a restoration has errors too."""


def find_offset(reference: Side, distorted: Side, form: Form) -> int:
    """The number of the reference's frame that the result begins with; below 0 the other way round.

    Raises:
        InputError: a source is damaged.
    """
    seen: tuple[list[NDArray[np.float32]], ...] = ([], [])
    with ExitStack() as stack:
        streams = [stack.enter_context(reading(side, form, end=LOOKED_AT)) for side in (reference, distorted)]
        for samples in zip_longest(*streams):
            for thumbnails, sample in zip(seen, samples, strict=True):
                if sample is not None:
                    thumbnails.append(sample.thumbnail())
    found = shift(np.stack(seen[0]), np.stack(seen[1]))
    return found.offset if found.gain >= FOUND else 0


class Watch:
    """Sees pairs go by and notices when their pictures would fit much better under an offset."""

    def __init__(self) -> None:
        self._seen: tuple[list[NDArray[np.float32]], ...] = ([], [])

    def see(self, pair: Pair) -> None:
        """UsageError: as `check`, as soon as enough pairs have been seen."""
        reference, distorted = self._seen
        if len(reference) == LOOKED_AT:
            return
        reference.append(pair.reference.thumbnail())
        distorted.append(pair.distorted.thumbnail())
        if len(reference) == LOOKED_AT:
            self.check()

    def check(self) -> None:
        """UsageError: what was seen is shifted."""
        found = shift(np.stack(self._seen[0]), np.stack(self._seen[1]))
        if found.gain < NOTICED:
            return
        first = ("the result", "the reference") if found.offset > 0 else ("the reference", "the result")
        raise UsageError(
            f"the pictures are shifted by {abs(found.offset)} frames: the first of {first[0]} looks like frame "
            f"{abs(found.offset)} of {first[1]}; use --align auto or --offset {found.offset}, "
            "or --align none to compare them as they are"
        )
