"""Pictures read into tensors, one by one, as the frames of a folder, or as those of an animation."""

from collections.abc import Generator
from itertools import islice
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from ...base.memory import check_fits
from ...errors import InputError, ResourceError
from ..facts.info import VideoInfo
from .decode import Samples, decode_picture
from .folder import FORMATS
from .formats.header import damaged, read_header
from .formats.picture_header import PictureHeader
from .formats.webp import animated_pictures
from .times import Shown


def read_picture(path: Path) -> Tensor:
    """One picture upright, alpha dropped: RGB, (3, H, W) float32 in [0, 1]; grey is repeated.

    Samples that are stored as floating point come as they are, outside [0, 1] too. Of several in the file it is the
    first.

    Raises:
        InputError: broken, too large, or of a kind that is not read.
        ResourceError: memory does not suffice.
    """
    return _read(path, read_header(path))


def _read(path: Path, header: PictureHeader) -> Tensor:
    try:
        return _tensor(decode_picture(path, header))
    except MemoryError as error:
        width, height = header.size
        raise ResourceError(f"memory ran out while {path}, {width}x{height} pixels, was decoded; free some") from error


def _tensor(samples: Samples) -> Tensor:
    height, width = samples.shape[:2]
    white = np.float32(FORMATS[str(samples.dtype)][2])
    rgb = np.empty((3, height, width), np.float32)
    for channel in range(3):
        of_channel = samples if samples.ndim == 2 else samples[..., channel]
        np.divide(of_channel, white, out=rgb[channel], dtype=np.float32)
    return torch.from_numpy(rgb)


def frames_of(info: VideoInfo, *, skip: int = 0) -> Generator[tuple[Shown, Tensor, PictureHeader]]:
    """Each picture but the first `skip`, its times and its header, one after the other, read when it is asked for.

    InputError: sizes differ, and as `read_picture`; so is ResourceError.
    """
    if info.animated:
        yield from islice(_animation(info), skip, None)
        return
    first = info.pictures[0].path
    for shown in info.pictures[skip:]:
        header = read_header(shown.path)
        if header.size != (info.width, info.height):
            width, height = header.size
            raise InputError(
                f"{shown.path} is {width}x{height} but {first.name} is {info.width}x{info.height}; make them one size"
            )
        yield shown, _read(shown.path, header), header


def _animation(info: VideoInfo) -> Generator[tuple[Shown, Tensor, PictureHeader]]:
    header = read_header(info.path)
    # Its decoder holds two canvases, beside the samples and the tensor.
    check_fits(info.width * info.height * (2 * 4 + 3 + 12), f"{info.path}, {info.width}x{info.height} pixels,")
    with info.path.open("rb") as file:
        try:
            for shown, samples in zip(info.pictures, animated_pictures(file), strict=True):
                yield shown, _tensor(samples), header
        except (OSError, EOFError, ValueError) as error:
            raise damaged(info.path) from error
