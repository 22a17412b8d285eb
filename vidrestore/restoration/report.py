"""Report: what a run did, as data; the command line shows it as a table or as JSON."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from statistics import fmean


@dataclass(frozen=True, slots=True)
class Blur:
    """How blurred the frames are, 0 to 1, higher where more, by `metrics.blur`."""

    before: float
    """Mean of all frames, as after."""
    after: float
    untouched: int
    """Frames that were sharp enough to be left as they were."""
    per_frame: list[tuple[float, float]]
    """Before and after, to four digits."""

    @staticmethod
    def of(pairs: Sequence[tuple[float, float]], untouched: int) -> "Blur | None":
        """Of each frame's blur before and after; None where it was not looked at."""
        if not pairs:
            return None
        before, after = (round(fmean(column), 4) for column in zip(*pairs, strict=True))
        return Blur(before, after, untouched, [(round(one, 4), round(other, 4)) for one, other in pairs])


@dataclass(frozen=True, slots=True)
class Report:
    """One finished run. Times in seconds; the keys of `--json` are these names."""

    input: str
    output: str
    model: str
    engine: str
    device: str
    precision: str
    frames_in: int
    """Frames decoded."""
    frames_out: int
    """Frames of the result."""
    width: int
    height: int
    duration_in: float
    duration_out: float
    seconds: float
    """Wall time, from the first packet read to the file's new name."""
    fps: float
    """Frames written by this run per second of wall time."""
    stages: dict[str, float] = field(default_factory=dict)
    """Name -> busy seconds; decode and encode run beside the others, so the sum can exceed `seconds`."""
    cuts: int = 0
    """Frames that were marked as the first of a shot."""
    tile: int = 0
    """Side of the tiles in input pixels, halo included; 0 where pictures were taken whole."""
    damaged: int = 0
    """Packets that could not be decoded."""
    repaired: int = 0
    """Time stamps that were missing or out of order."""
    truncated: bool = False
    """The input ends before its own header says: what there was has been restored."""
    codec: str = ""
    peak_memory: int = 0
    """Bytes of main memory that the process took at most since it began."""
    bytes_in_flight: int = 0
    """Of pictures between decoder and encoder, the most at once."""
    resumed: int = 0
    """Frames of the result that an interrupted run before this one had written."""
    blur: Blur | None = None
    """Of deblurring alone; of the frames that this run made."""
    warnings: list[str] = field(default_factory=list)
