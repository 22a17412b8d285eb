"""Results of a comparison, as data."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from ...scenes.list import Scene
from .summary import Summary, summarise, worst


@dataclass(frozen=True, slots=True)
class Row:
    """One pair of frames."""

    frame: int
    """Number of the reference's frame, from 0."""
    time: float
    """Seconds from the start of the reference; of the result, where only that is a video."""
    name: str
    """The reference's file, where it is a folder of pictures; else empty."""
    scores: dict[str, float | None]
    """inf where psnr is; None where there is none: the first frame has no flicker."""


@dataclass(frozen=True, slots=True, eq=False)
class Kept:
    """A pair of pictures to be looked at: (H, W, 3) uint8, red first."""

    row: Row
    reference: NDArray[np.uint8]
    distorted: NDArray[np.uint8]


@dataclass(frozen=True, slots=True, eq=False)
class Comparison:
    """Every score, and how it was measured."""

    reference: str
    distorted: str
    width: int
    """Of the reference, or its first picture."""
    height: int
    aligned: Literal["pts", "index"]
    """Whether time stamps were held against each other, or frames only counted."""
    offset: int
    """The reference's frame `offset` was the result's first; below 0 the other way round."""
    luma: Literal["planes", "rgb"]
    """planes: *_y is of the decoded luma, which both videos store alike, scaled to 8-bit video range.
    rgb: *_y is of MATLAB's luma (BT.601, 16..235) of their RGB."""
    border: int
    metrics: tuple[str, ...]
    rows: tuple[Row, ...]
    scenes: tuple[Scene, ...]
    seconds: float
    """Wall time."""
    truncated: bool
    """A source ends before its own header says."""
    warnings: tuple[str, ...]
    kept: tuple[Kept, ...]
    """The worst pairs by the first metric, worst first, as many as were asked for."""

    def summary(self, metric: str, *, scene: Scene | None = None) -> Summary:
        """Of all frames, or those of a scene."""
        rows = (row for row in self.rows if scene is None or scene.first <= row.frame <= scene.last)
        return summarise([row.scores[metric] for row in rows])

    def worst(self, metric: str, *, count: int = 5) -> list[int]:
        """Numbers of the worst frames, worst first."""
        return worst(metric, {row.frame: row.scores[metric] for row in self.rows}, count=count)

    def worst_names(self, metric: str) -> str:
        """The same for people: numbers, or files where the reference is a folder of pictures."""
        names = {row.frame: row.name or str(row.frame) for row in self.rows}
        return ", ".join(names[frame] for frame in self.worst(metric)) or "-"
