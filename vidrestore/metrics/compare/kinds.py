"""The metrics: their units, and which way is better."""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from ...base.settings import METRICS
from ...errors import UsageError


@dataclass(frozen=True, slots=True)
class Kind:
    """What a reader of a score must know."""

    unit: str
    higher_is_better: bool
    of_rgb: bool
    """False: of luma."""
    perfect: float | None
    """The score of a frame without error; None where it says nothing about errors."""


KINDS: Mapping[str, Kind] = {
    "psnr": Kind("dB", True, True, math.inf),
    "psnr_y": Kind("dB", True, False, math.inf),
    "ssim": Kind("", True, True, 1),
    "ssim_y": Kind("", True, False, 1),
    "ms_ssim": Kind("", True, True, 1),
    "l1": Kind("codes", False, True, 0),
    "mse": Kind("codes²", False, True, 0),
    "flicker": Kind("codes", False, False, 0),
    "niqe": Kind("", False, False, None),
}
assert tuple(KINDS) == METRICS


def check_names(names: Iterable[str]) -> None:
    """UsageError: an unknown metric."""
    if unknown := [name for name in names if name not in KINDS]:
        raise UsageError(f"no metric {unknown[0]!r}; there are: {', '.join(METRICS)}")
