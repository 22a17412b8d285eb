"""Report: what a run did, as data; the command line shows it as a table or as JSON."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from statistics import fmean
from typing import TYPE_CHECKING

from ..base.facts import Facts, together
from .interpolation.timing import Span

if TYPE_CHECKING:
    from ..video.encode.target import Target
    from ..video.facts.info import VideoInfo
    from ..video.facts.quality import SourceQuality
    from ..video.reader import Reader


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
    def of(pairs: Sequence[tuple[float, float]], untouched: int) -> Blur | None:
        """Of each frame's blur before and after; None where it was not measured."""
        if not pairs:
            return None
        before, after = (round(fmean(column), 4) for column in zip(*pairs, strict=True))
        return Blur(before, after, untouched, [(round(one, 4), round(other, 4)) for one, other in pairs])


@dataclass(frozen=True, slots=True)
class Confidence:
    """In how much of the new frames, 0 to 1, the motion was believable, by `interpolation/motion/confidence.py`."""

    mean: float
    least: float
    per_frame: list[float | None]
    """Of each frame that was made, to four digits; None of those of the source, and of those that are held."""

    @staticmethod
    def of(values: Sequence[float | None]) -> Confidence | None:
        """None where nothing is known."""
        known = [value for value in values if value is not None]
        if not known:
            return None
        digits = [None if value is None else round(value, 4) for value in values]
        return Confidence(round(fmean(known), 4), round(min(known), 4), digits)

    @property
    def warnings(self) -> list[str]:
        """One line where some motion was not believable."""
        from .interpolation.motion.confidence import DOUBT  # OpenCV

        doubtful = sum(each is not None and each < DOUBT for each in self.per_frame)
        return [f"new frames where no motion was believable: {doubtful} (see --on-doubt)"] if doubtful else []


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
    """Of pictures between decoder and encoder, the most at once; 0 where they were not counted."""
    resumed: int = 0
    """Frames of the result that an interrupted run before this one had written."""
    workers: int = 0
    """Processes that made it, the most at once; 0: this one alone."""
    blur: Blur | None = None
    """Of deblurring alone, where it was measured; of the frames that this run made."""
    confidence: Confidence | None = None
    """Of interpolation by flow; of the frames that this run made."""
    source_quality: SourceQuality | None = None
    """Of cleaning and upscaling: how compressed and noisy the source was found to be."""
    warnings: list[str] = field(default_factory=list)


def report_of(
    info: VideoInfo,
    target: Target,
    reader: Reader,
    *,
    taken: Span,
    written: int,
    duration: Fraction,
    seconds: float,
    stages: dict[str, float],
    cuts: int,
    model: str = "",
    facts: Iterable[Facts] = (),
    confidence: Sequence[float | None] = (),
    resumed: int = 0,
    bytes_in_flight: int = 0,
    source_quality: SourceQuality | None = None,
    notes: Iterable[str] = (),
    warnings: Iterable[str] = (),
) -> Report:
    """The report of a run that is done.

    Args:
        taken: what was read of the source.
        written: frames of the result.
        duration: seconds from the first of them to the end of the last.
        stages: busy seconds by name.
        facts: of each stage, in order.
        confidence: of each frame of the result.
        notes: what was known before the run.
        warnings: what was seen in the end.
    """
    from ..frame.in_flight import peak_memory  # torch
    from ..video.pictures.write import upright_size

    did, believed = together(facts), Confidence.of(confidence)
    width, height = (target.width, target.height) if target.kind == "video" else upright_size(target)
    return Report(
        input=str(info.path),
        output=str(target.path),
        model=model,
        engine=did.engine,
        device=did.device,
        precision=did.precision,
        frames_in=reader.decoded,
        frames_out=written,
        width=width,
        height=height,
        duration_in=float(taken.end - taken.start),
        duration_out=float(duration),
        seconds=seconds,
        fps=(written - resumed) / seconds,
        stages=stages,
        cuts=cuts,
        tile=did.tile,
        damaged=reader.damaged,
        repaired=reader.repaired,
        truncated=reader.truncated,
        codec=target.codec or target.suffix.removeprefix("."),
        peak_memory=peak_memory(),
        bytes_in_flight=bytes_in_flight,
        resumed=resumed,
        source_quality=source_quality,
        blur=Blur.of(did.blur, did.untouched),
        confidence=believed,
        warnings=[
            *notes,
            *did.notes,
            *did.counted,
            *(believed.warnings if believed else ()),
            *_over(did.over),
            *reader.warnings,
            *warnings,
        ],
    )


def _over(amount: int) -> list[str]:
    if not amount:
        return []
    way_out = "an encoder's own frames are not planned for: a faster --preset holds fewer, or give a smaller --tile"
    return [f"memory rose to {-(-amount >> 20)} MiB above --max-memory; {way_out}"]
