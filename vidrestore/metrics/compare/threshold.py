"""Threshold: the lowest score that --fail-under accepts."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from ...errors import UsageError
from .kinds import KINDS
from .results import Comparison

STATISTICS = ("mean", "min", "p5")


@dataclass(frozen=True, slots=True)
class Threshold:
    """One condition, such as psnr=35."""

    metric: str
    statistic: str
    """mean, min or p5."""
    least: float

    @staticmethod
    def parse(text: str) -> "Threshold":
        """`psnr=35` is of the mean, `psnr.min=30` of the worst frame, `psnr.p5=32` of the 5th percentile.

        Raises:
            UsageError: another form, or a metric of which less is better.
        """
        name, _, value = text.partition("=")
        metric, _, statistic = name.partition(".")
        higher = [known for known, kind in KINDS.items() if kind.higher_is_better]
        try:
            least = float(value)
        except ValueError:
            least = float("nan")
        if metric not in higher or (statistic or "mean") not in STATISTICS or least != least:
            raise UsageError(
                f"--fail-under {text} is not of the form psnr=35, psnr.min=30 or psnr.p5=32, of {', '.join(higher)}"
            )
        return Threshold(metric, statistic or "mean", least)


def failures(comparison: Comparison, thresholds: Sequence[Threshold]) -> Iterator[str]:
    """One line for each condition that the comparison does not meet."""
    for threshold in thresholds:
        score = getattr(comparison.summary(threshold.metric), threshold.statistic)
        if score is None or score < threshold.least:
            yield f"{threshold.metric} {threshold.statistic} is {score:.6g}, under {threshold.least:g}"
