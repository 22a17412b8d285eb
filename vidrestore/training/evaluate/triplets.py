"""Test pictures of interpolation: three in a row, whose middle one is known."""

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

from torch import Tensor

from ...errors import InputError
from ...frame.colour import to_rgb
from ...frame.frame import Frame, Planes
from ..data.blur.exposure import as_picture
from ..data.footage import read_picture
from ..data.pictures import CLIPS

NAMES = (
    ("frame10.png", "frame10i11.png", "frame11.png"),
    ("frame10.png", "gt_frame10i11.png", "frame11.png"),
    ("frame_00.png", "frame_01_gt.png", "frame_02.png"),
    ("im1.png", "im2.png", "im3.png"),
)
"""Of first, truth and second in the public sets: Middlebury, AdaCoF's DAVIS, UCF101, Vimeo-90K."""
UNEVEN = Fraction(1, 20)
"""Share of the gap by which a picture's time may miss its place: time stamps in whole milliseconds do."""
MIDDLE = Fraction(1, 2)


@dataclass(frozen=True, slots=True)
class Triplet:
    """RGB pictures (3, H, W), float32 whole multiples of 1/255 in [0, 1]; `truth` lies at `time` between the others."""

    set: str
    """The folder that holds a triplet's folder, or the video's name."""
    name: str
    first: Tensor
    truth: Tensor
    second: Tensor
    time: Fraction = MIDDLE


def triplets(data: Path, every: int = 2) -> Iterator[Triplet]:
    """Every triplet folder below `data`, and every video there of which one frame in `every` is kept, in a fixed order.

    Halved, a video gives (0, 1, 2), (2, 3, 4) and so on; at a third of its rate (0, 1, 3), (0, 2, 3), (3, 4, 6) and so
    on; but none whose frame between is not shown at that time. The same picture is the same tensor. It should be of
    one shot; `vidrestore split-scenes` makes such clips.

    Raises:
        InputError: where nothing comes of them, or a file cannot be read.
    """
    found = False
    for path in sorted(data.rglob("*")):
        if path.suffix.lower() in CLIPS and path.is_file():
            for triplet in _of_video(path, every):
                found = True
                yield triplet
        elif names := _triplet(path):
            found = True
            first, truth, second = (as_picture(read_picture(path / name)) for name in names)
            yield Triplet(path.parent.name, path.name, first, truth, second)
    if not found:
        wanted = ", ".join(" ".join(names) for names in NAMES)
        raise InputError(f"{data}: no video with frames evenly between two, and no triplets (folders with {wanted})")


def _triplet(folder: Path) -> tuple[str, str, str] | None:
    return next((names for names in NAMES if all((folder / name).is_file() for name in names)), None)


def _of_video(path: Path, every: int) -> Iterator[Triplet]:
    from ...video.facts.probe import probe
    from ...video.reader import Reader

    window = deque[tuple[Fraction, Tensor]](maxlen=every + 1)
    for number, frame in enumerate(Reader(probe(path))):
        window.append((frame.pts, rounded(frame)))
        if number % every or number < every:
            continue
        (begin, first), *between, (end, second) = window
        for place, (pts, truth) in enumerate(between, 1):
            time = Fraction(place, every)
            if abs((pts - begin) / (end - begin) - time) <= UNEVEN:
                yield Triplet(path.stem, f"{number - every + place:04}", first, truth, second, time)


def rounded(frame: Frame) -> Tensor:
    """RGB as 8 bits hold it."""
    rgb = to_rgb(frame.picture) if isinstance(frame.picture, Planes) else frame.picture
    return (rgb * 255).round().clamp(0, 255) / 255
