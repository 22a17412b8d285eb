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
"""Share of the gap by which the middle picture's time may miss the middle: time stamps in whole milliseconds do."""


@dataclass(frozen=True, slots=True)
class Triplet:
    """RGB pictures (3, H, W), float32 whole multiples of 1/255 in [0, 1]; `truth` lies midway."""

    set: str
    """The folder that holds a triplet's folder, or the video's name."""
    name: str
    first: Tensor
    truth: Tensor
    second: Tensor


def triplets(data: Path) -> Iterator[Triplet]:
    """Every triplet folder below `data`, and every video there with every second frame dropped, in a fixed order.

    A video gives (0, 1, 2), (2, 3, 4) and so on, but none whose middle frame is not shown midway; where one ends with
    the picture that the next begins with, that is the same tensor. It should be of one shot; `vidrestore split-scenes`
    makes such clips.

    Raises:
        InputError: where nothing comes of them, or a file cannot be read.
    """
    found = False
    for path in sorted(data.rglob("*")):
        if path.suffix.lower() in CLIPS and path.is_file():
            for triplet in _of_video(path):
                found = True
                yield triplet
        elif names := _triplet(path):
            found = True
            yield Triplet(path.parent.name, path.name, *(as_picture(read_picture(path / name)) for name in names))
    if not found:
        wanted = ", ".join(" ".join(names) for names in NAMES)
        raise InputError(f"{data}: no video with a frame midway between two, and no triplets (folders with {wanted})")


def _triplet(folder: Path) -> tuple[str, str, str] | None:
    return next((names for names in NAMES if all((folder / name).is_file() for name in names)), None)


def _of_video(path: Path) -> Iterator[Triplet]:
    from ...video.facts.probe import probe
    from ...video.reader import Reader

    window = deque[tuple[Fraction, Tensor]](maxlen=3)
    for number, frame in enumerate(Reader(probe(path))):
        window.append((frame.pts, rounded(frame)))
        if number % 2 or number < 2:
            continue
        first, middle, second = (pts for pts, _ in window)
        if abs((middle - first) / (second - first) - Fraction(1, 2)) <= UNEVEN:
            yield Triplet(path.stem, f"{number - 1:04}", *(picture for _, picture in window))


def rounded(frame: Frame) -> Tensor:
    """RGB as 8 bits hold it."""
    rgb = to_rgb(frame.picture) if isinstance(frame.picture, Planes) else frame.picture
    return (rgb * 255).round().clamp(0, 255) / 255
