"""Test clips of enlarging: frames in a row at full size."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...base.settings import READ_PICTURES
from ...errors import InputError
from ...metrics.psnr import matlab_luma
from ..data.footage import of_folder, read_picture
from ..data.pictures import CLIPS
from .triplets import rounded

Luma = NDArray[np.float32]
"""Rounded 8-bit video-range luma: (H, W)."""
Codes = NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class Clip:
    """Frames of one shot, or a single picture."""

    names: tuple[str, ...]
    frames: tuple[NDArray[Any], ...]


def luma_of(rgb: Codes) -> Luma:
    """(H, W, 3) -> (H, W)."""
    return np.rint(matlab_luma(rgb)).astype(np.float32)


def stills(data: Path, kept: Callable[[Codes], NDArray[Any]] = luma_of) -> Iterator[Clip]:
    """Every picture below `data` as a clip of its own, in a fixed order.

    Args:
        kept: what of each frame, (H, W, 3) in RGB.

    Raises:
        InputError: there is none.
    """
    files = sorted(path for path in data.rglob("*") if path.suffix.lower() in READ_PICTURES)
    if not files:
        raise InputError(f"{data} holds no pictures to evaluate on")
    for path in files:
        yield Clip((str(path.relative_to(data)),), (kept(read_picture(path)),))


def clips(data: Path, kept: Callable[[Codes], NDArray[Any]] = luma_of) -> Iterator[Clip]:
    """Every folder of numbered pictures and every video in and below `data`, in a fixed order; each should be one shot.

    Args:
        kept: as of `stills`.

    Raises:
        InputError: there is none, or a file cannot be read.
    """
    found = False
    for clip in _clips(data, kept):
        found = True
        yield clip
    if not found:
        raise InputError(f"{data} holds no videos and no folders of numbered pictures, whose frames follow one another")


def clips_or_stills(data: Path, kept: Callable[[Codes], NDArray[Any]]) -> Iterator[Clip]:
    """`clips`, or where there are none `stills`. InputError: there is neither, or a file cannot be read."""
    found = False
    for clip in _clips(data, kept):
        found = True
        yield clip
    if not found:
        yield from stills(data, kept)


def _clips(data: Path, kept: Callable[[Codes], NDArray[Any]]) -> Iterator[Clip]:
    for path in sorted([data, *data.rglob("*")]):
        if path.is_dir():
            for scene in of_folder(path):
                where = path.relative_to(data)
                names = tuple(str(where / f"{number + 1:04}") for number in range(len(scene)))
                yield Clip(names, tuple(kept(scene[number]) for number in range(len(scene))))
        elif path.suffix.lower() in CLIPS:
            frames = tuple(map(kept, _of_video(path)))
            yield Clip(tuple(f"{path.relative_to(data)} {number + 1:04}" for number in range(len(frames))), frames)


def _of_video(path: Path) -> Iterator[Codes]:
    from ...video.facts.probe import probe
    from ...video.reader import Reader

    for frame in Reader(probe(path)):
        yield (rounded(frame) * 255).round().byte().permute(1, 2, 0).numpy()
