"""Every default of a comparison that a user can change, once. Imports nothing heavy."""

from dataclasses import dataclass
from typing import Literal

Align = Literal["auto", "pts", "none"]
METRICS = ("psnr", "psnr_y", "ssim", "ssim_y", "ms_ssim", "l1", "mse", "flicker", "niqe")
"""Everything that can be measured, in the order it is shown."""


@dataclass(frozen=True, slots=True)
class Comparing:
    """What is measured, and which frames belong together."""

    metrics: tuple[str, ...] = ("psnr", "psnr_y", "ssim_y")
    where_possible: frozenset[str] = frozenset()
    """Metrics that are left out, and not refused, where pictures are too small for them."""
    border: int = 0
    """Pixels left out on each side of every picture; super-resolution papers leave out as many as the scale."""
    align: Align = "pts"
    """pts: frames of the same number must be shown at the same time. none: their times are not looked at.
    auto: like pts, after a constant offset in frames has been searched for."""
    offset: int | None = None
    """The reference's frame `offset` belongs to the result's first; below 0 the other way round. Frames without a
    partner at either end are then left out. None: 0, and there must be none such."""
    follow_references: bool = False
    """Videos may open the other files that they name."""


KEPT = 3
"""How many of the worst pairs are shown as pictures."""
