"""Patches of pictures and clips.

OpenCV reads both, so that training also runs where PyAV is not installed.
"""

from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Protocol

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.utils.data import Dataset

from ...base.settings import READ_PICTURES
from ...errors import InputError
from .video_capture import open_video

CLIPS = {".mp4", ".mkv", ".mov", ".avi", ".webm", ".m4v"}
TRIES = 400
"""Pictures drawn for one crop."""
Colours = Literal["luma", "rgb"]
"""What is kept of a picture."""


@dataclass(frozen=True, slots=True)
class Source:
    """One picture: a file, or one frame of a clip."""

    path: Path
    frame: int | None = None


def sources(folder: Path, *, frames_per_clip: int = 4) -> list[Source]:
    """Every picture below `folder`, and `frames_per_clip` evenly spaced frames of every clip, in a fixed order.

    Raises:
        InputError: where there is neither.
    """
    found: list[Source] = []
    for path in sorted(p for p in folder.rglob("*") if p.suffix.lower() in {*READ_PICTURES, *CLIPS}):
        if path.suffix.lower() in READ_PICTURES:
            found.append(Source(path))
        else:
            length = int(open_video(path).get(cv2.CAP_PROP_FRAME_COUNT))
            picks = {(2 * i + 1) * length // (2 * frames_per_clip) for i in range(frames_per_clip)}
            found += [Source(path, i) for i in sorted(picks)]
    if not found:
        raise InputError(f"{folder} holds no pictures and no clips to train on")
    return found


def luma_codes(bgr: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """(H, W, 3) BGR code values -> (H, W) full-range BT.601 luma, rounded."""
    weights = np.array([0.114, 0.587, 0.299], np.float32)
    luma: NDArray[np.uint8] = np.rint(bgr.astype(np.float32) @ weights).astype(np.uint8)
    return luma


def read(source: Source, colours: Colours = "luma") -> NDArray[np.uint8]:
    """One source: (1, H, W) luma or (3, H, W) RGB, code values.

    Raises:
        InputError: where the file cannot be read as a picture.
    """
    if source.frame is None:
        picture = cv2.imdecode(np.fromfile(source.path, np.uint8), cv2.IMREAD_COLOR)
    else:
        clip = open_video(source.path)
        clip.set(cv2.CAP_PROP_POS_FRAMES, source.frame)
        _, picture = clip.read()
    if picture is None:
        raise InputError(f"{source.path} cannot be read as a picture; remove it from the training folder")
    bgr = np.asarray(picture, np.uint8)
    return luma_codes(bgr)[None] if colours == "luma" else np.ascontiguousarray(bgr[..., ::-1].transpose(2, 0, 1))


class Cache:
    """The most recently used pictures, up to a number of bytes."""

    def __init__(self, colours: Colours = "luma", *, limit: int = 1 << 30) -> None:
        self._colours: Colours = colours
        self._limit = limit
        self._held: OrderedDict[Source, NDArray[np.uint8]] = OrderedDict()
        self._bytes = 0

    def __getitem__(self, source: Source) -> NDArray[np.uint8]:
        if source not in self._held:
            picture = read(source, self._colours)
            self._held[source] = picture
            self._bytes += picture.nbytes
            while self._bytes > self._limit and len(self._held) > 1:
                self._bytes -= self._held.popitem(last=False)[1].nbytes
        self._held.move_to_end(source)
        return self._held[source]


class Reduction(Protocol):
    """How a large picture becomes a small one: Degradation, or LearnedDegradation."""

    @property
    def scale(self) -> int: ...

    @property
    def margin(self) -> int:
        """Large pixels around a patch that still change what it becomes; a multiple of `scale`."""

    def reduced(self, x: Tensor, *, generator: torch.Generator | None = None) -> Tensor:
        """(B, C, H, W) in [0, 1] -> (B, C, H / scale, W / scale)."""


class Batches(Dataset[tuple[Tensor, Tensor]]):
    """Batch number `step` of (input, target) patches: a pure function of seed, rank and step, so a run resumes exactly.

    Input (B, 1, C, patch, patch) and target (B, 1, C, scale*patch, scale*patch), in [0, 1]. Each target is one random
    crop, flipped and turned at random, and its input is made from that same crop: a pair cannot come apart.
    """

    def __init__(
        self,
        pictures: list[Source],
        reduction: Reduction,
        *,
        batch: int,
        patch: int,
        seed: int,
        steps: int,
        cache: Cache | None = None,
    ) -> None:
        self._pictures = pictures
        self._reduction = reduction
        self._batch = batch
        self._size = patch * reduction.scale + 2 * reduction.margin
        self._seed = seed
        self._steps = steps
        self._cache = cache or Cache()

    def __len__(self) -> int:
        return self._steps

    def __getitem__(self, step: int) -> tuple[Tensor, Tensor]:
        generator = torch.Generator().manual_seed(self._seed * 1_000_003 + step)
        crops = torch.stack([self._crop(generator) for _ in range(self._batch)])
        high = crops.float() / 255
        low = self._reduction.reduced(high, generator=generator)
        margin = self._reduction.margin
        inner = margin // self._reduction.scale
        return low[:, None, :, inner:-inner, inner:-inner], high[:, None, :, margin:-margin, margin:-margin]

    def _crop(self, generator: torch.Generator) -> Tensor:
        size = self._size
        for _ in range(TRIES):
            index, y, x, turn, flip = (int(v) for v in torch.randint(0, 1 << 30, (5,), generator=generator))
            picture = self._cache[self._pictures[index % len(self._pictures)]]
            h, w = picture.shape[1:]
            if h >= size and w >= size:
                y, x = y % (h - size + 1), x % (w - size + 1)
                crop = torch.from_numpy(picture[:, y : y + size, x : x + size]).rot90(turn % 4, (1, 2))
                return crop.flip(-1) if flip % 2 else crop
        raise InputError(f"of {TRIES} pictures to train on none has {size} pixels both ways; give larger ones")


class InTurn(Dataset[tuple[Tensor, Tensor]]):
    """Batches of several kinds, one after the other."""

    def __init__(
        self, kinds: Sequence[Callable[..., Dataset[tuple[Tensor, Tensor]]]], *, batch: int, seed: int, steps: int
    ) -> None:
        self._kinds = [kind(batch=batch, seed=seed, steps=steps) for kind in kinds]
        self._steps = steps

    def __len__(self) -> int:
        return self._steps

    def __getitem__(self, step: int) -> tuple[Tensor, Tensor]:
        return self._kinds[step % len(self._kinds)][step]
