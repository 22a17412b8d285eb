"""Report: what a run did, as data; the command line shows it as a table or as JSON."""

from dataclasses import dataclass, field


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
    """Frames written."""
    width: int
    height: int
    duration_in: float
    duration_out: float
    seconds: float
    """Wall time, from the first packet read to the file's new name."""
    fps: float
    """Frames written per second of wall time."""
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
    warnings: list[str] = field(default_factory=list)
