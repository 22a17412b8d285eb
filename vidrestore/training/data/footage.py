"""Scenes to learn from: folders of numbered frames, and videos cut at their cuts.

Through OpenCV alone, so that training also runs where PyAV is not installed.
"""

import json
import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from hashlib import sha256
from itertools import chain, pairwise
from pathlib import Path
from typing import Any, Protocol, TypeVar

import cv2
import numpy as np
import torch
from numpy.typing import NDArray

from ...base.files import new_part, write_whole
from ...base.settings import READ_PICTURES
from ...errors import InputError
from ...frame.frame import Frame
from ...scenes.detect import mark_cuts
from .pictures import CLIPS
from .video_capture import open_video

Codes = NDArray[np.uint8]
Kept = TypeVar("Kept")


class Scene(Protocol):
    """Consecutive frames of one shot, all of one size."""

    def __len__(self) -> int: ...

    @property
    def size(self) -> tuple[int, int]:
        """Height and width."""

    def __getitem__(self, number: int) -> Codes:
        """Frame `number`: (H, W, 3), RGB."""


@dataclass(frozen=True, slots=True)
class Pictures:
    """A folder of frames."""

    paths: tuple[Path, ...]
    size: tuple[int, int]

    def __len__(self) -> int:
        return len(self.paths)

    def __getitem__(self, number: int) -> Codes:
        """Raises InputError: not a picture, or not of the first one's size."""
        picture = read_picture(self.paths[number])
        if picture.shape[:2] != self.size:
            (h, w), (height, width) = picture.shape[:2], self.size
            raise InputError(
                f"{self.paths[number]} is {w}x{h} and its scene {width}x{height}; keep one scene in each folder"
            )
        return picture


@dataclass(frozen=True, slots=True)
class Unpacked:
    """Frames of a scene, one after the other, in a file of unpacked videos."""

    path: Path
    first: int
    """The scene's first frame in the file."""
    length: int
    size: tuple[int, int]

    def __len__(self) -> int:
        return self.length

    def __getitem__(self, number: int) -> Codes:
        """A view into the file: only what is looked at is read."""
        shape = (*self.size, 3)
        offset = (self.first + number) * int(np.prod(shape))
        return np.memmap(self.path, np.uint8, "r", offset, shape)


def scenes(data: Path, scratch: Path, *, least: int, side: int) -> list[Scene]:
    """Every scene below `data` of at least `least` frames, `side` pixels high and wide, in a fixed order.

    A scene is a folder whose pictures are numbered in even steps (as extract-frames writes them), or a shot of a video.

    Args:
        scratch: where videos are kept unpacked, 3 bytes a pixel; what lies there already is used.

    Raises:
        InputError: there is none, or a file cannot be read.
    """
    if not (fit := fitting_scenes(data, scratch, least=least, side=side)):
        raise InputError(
            f"{data} holds no scene of {least} frames of {side}x{side} pixels or more; "
            "give videos, or folders of numbered frames"
        )
    return fit


def fitting_scenes(data: Path, scratch: Path, *, least: int, side: int, without: Collection[Path] = ()) -> list[Scene]:
    """The same, be there any or none.

    Args:
        without: folders whose pictures are no frames.
    """
    folders = (path for path in chain([data], data.rglob("*")) if path.is_dir() and path not in without)
    clips = (path for path in data.rglob("*") if path.suffix.lower() in CLIPS)
    found: list[Scene] = [
        *chain.from_iterable(of_folder(path) for path in sorted(folders)),
        *chain.from_iterable(_of_video(path, scratch) for path in sorted(clips)),
    ]
    return [scene for scene in found if len(scene) >= least and min(scene.size) >= side]


def held_back(found: Sequence[Kept], data: Path) -> tuple[list[Kept], list[Kept]]:
    """Every twelfth scene, to validate on, and the others. InputError: there are not two."""
    if len(found) < 2:
        number = "one scene only" if found else "no scene that fits"
        raise InputError(f"{data} holds {number}; training needs two at least, one of them to validate on")
    held = list(found[::12])
    return held, [scene for scene in found if scene not in set(held)]


def beside(found: Sequence[Scene], data: Path) -> list[Path]:
    """The pictures below `data` that are no frames of the scenes found there."""
    folders = {path.parent for scene in found for path in getattr(scene, "paths", ())}
    return [p for p in sorted(data.rglob("*")) if p.suffix.lower() in READ_PICTURES and p.parent not in folders]


def squares(scene: Scene, numbers: Sequence[int], *, side: int, halved: float, rng: np.random.Generator) -> list[Codes]:
    """The same random square of some frames; `halved`: how often it is taken twice as large and reduced."""
    shrink = 2 if min(scene.size) >= 2 * side and rng.random() < halved else 1
    y, x = (int(rng.integers(n - side * shrink + 1)) for n in scene.size)
    frames = [scene[number][y : y + side * shrink, x : x + side * shrink] for number in numbers]
    if shrink == 1:
        return frames
    return [np.asarray(cv2.resize(f, (side, side), interpolation=cv2.INTER_AREA), np.uint8) for f in frames]


def of_folder(folder: Path) -> Iterator[Scene]:
    """Its pictures as one scene, where they are numbered like frames."""
    numbered = sorted(
        (int(digits[-1]), path)
        for path in folder.iterdir()
        if path.suffix.lower() in READ_PICTURES and (digits := re.findall(r"\d+", path.stem))
    )
    steps = {after - before for (before, _), (after, _) in pairwise(numbered)}
    if len(steps) == 1 and steps != {0}:
        paths = tuple(path for _, path in numbered)
        height, width = read_picture(paths[0]).shape[:2]
        yield Pictures(paths, (height, width))


def _of_video(path: Path, scratch: Path) -> Iterator[Scene]:
    stat = path.stat()
    name = f"{path.stem}-{stat.st_size:x}-{stat.st_mtime_ns:x}"
    frames, index = scratch / f"{name}.rgb", scratch / f"{name}.json"
    if not index.is_file():
        scratch.mkdir(parents=True, exist_ok=True)
        # Whole or not at all, and harmless where several processes start together.
        part = new_part(frames)
        try:
            found = _unpack(path, part)
            part.replace(frames)
        finally:
            part.unlink(missing_ok=True)
        write_whole(index, json.dumps(found).encode(), overwrite=True)
    found = json.loads(index.read_text())
    bounds = zip(found["starts"], [*found["starts"][1:], found["frames"]], strict=True)
    for first, end in bounds:
        yield Unpacked(frames, first, end - first, tuple(found["size"]))


def _unpack(path: Path, target: Path) -> dict[str, object]:
    """All frames into one file; their size, how many, and which of them begin a scene."""
    starts: list[int] = []
    size, count = (0, 0), 0
    with target.open("wb") as file:
        for count, frame in enumerate(mark_cuts(_decoded(path)), 1):
            if frame.cut or count == 1:
                starts.append(count - 1)
            size = frame.size
            assert isinstance(frame.native, np.ndarray)
            file.write(frame.native.data)
    if not count:
        raise InputError(f"{path}: not one picture of it can be decoded; remove it from the training folder")
    return {"size": size, "frames": count, "starts": starts}


def _decoded(path: Path) -> Iterator[Frame]:
    """`native` is the picture in 8 bits; times only count frames."""
    clip = open_video(path)
    number = 0
    while True:
        got, bgr = clip.read()
        if not got:
            return
        rgb = np.ascontiguousarray(bgr[..., ::-1])
        picture = torch.from_numpy(rgb).permute(2, 0, 1).float() / 255
        yield Frame(picture, Fraction(number), Fraction(1), native=rgb)
        number += 1


def read_picture(path: Path) -> Codes:
    """RGB, 8 bits: (H, W, 3). Raises InputError: not a picture."""
    data = np.fromfile(path, np.uint8)
    picture = cv2.imdecode(data, cv2.IMREAD_COLOR_RGB) if data.size else None  # OpenCV asserts that there is data
    if picture is None:
        raise InputError(f"{path} cannot be read as a picture; remove it from the data")
    return np.asarray(picture, np.uint8)


def save_whole(path: Path, array: NDArray[Any]) -> None:
    """An array in a file, whole or not at all, and harmless where several processes start together."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = new_part(path)
    try:
        with part.open("wb") as file:
            np.save(file, array)
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)


def named(*contents: bytes | memoryview) -> str:
    """A name for what is made and kept, after what it is made of and how."""
    return sha256(b"".join(contents)).hexdigest()[:24]


def state_of(files: Sequence[Path]) -> bytes:
    """Which files these are: what changes when one is replaced."""
    return repr([(path.name, path.stat().st_size, path.stat().st_mtime_ns) for path in files]).encode()
