"""Pictures read into tensors, one by one or as the frames of a folder."""

from collections.abc import Generator
from pathlib import Path

import torch
from torch import Tensor

from ..errors import InputError
from .info import VideoInfo
from .pictures import FORMATS, opencv, upright
from .times import Shown


def read_picture(path: Path) -> Tensor:
    """One picture upright, alpha dropped: RGB, (3, H, W) float32 in [0, 1]; grey is repeated. InputError: broken.

    Samples that are stored as floating point come as they are, outside [0, 1] too.
    """
    stored, cv2 = upright(path), opencv()
    rgb = cv2.cvtColor(stored, cv2.COLOR_GRAY2RGB if stored.ndim == 2 else cv2.COLOR_BGR2RGB)
    white = FORMATS[str(stored.dtype)][2]
    return torch.from_numpy(rgb).permute(2, 0, 1).float().contiguous().div_(white)


def frames_of(info: VideoInfo) -> Generator[tuple[Shown, Tensor]]:
    """Each picture and its times, one after the other, read when it is asked for. InputError: sizes differ."""
    first = info.pictures[0].path
    for shown in info.pictures:
        picture = read_picture(shown.path)
        height, width = picture.shape[-2:]
        if (width, height) != (info.width, info.height):
            raise InputError(
                f"{shown.path} is {width}x{height} but {first.name} is {info.width}x{info.height}; make them one size"
            )
        yield shown, picture
