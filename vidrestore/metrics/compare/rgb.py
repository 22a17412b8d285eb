"""Decoded planes as RGB and luma on the 8-bit scale."""

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ...frame.colour import luma
from ...frame.frame import Planes
from ...video.decode.rgb import Floats, rgb_rows

Picture = NDArray[np.uint8] | NDArray[np.float32]


def rgb_of_planes(planes: Planes) -> Picture:
    """(H, W, 3) in 0..255, red first, clipped: rounded to uint8 where the source has 8 bits, else float32."""
    depth = planes.colour.depth
    rgb: Picture = np.empty((*planes.y.shape, 3), np.uint8 if depth == 8 else np.float32)
    for rows, samples in rgb_rows(planes, white=255):
        rgb[rows] = _in_range(samples, depth=depth)
    return rgb


def rgb_of_tensor(rgb: Tensor, *, depth: int) -> Picture:
    """The same of RGB as frames carry it, (3, H, W) in [0, 1]."""
    channels = [cv2.multiply(channel.numpy(), 255) for channel in rgb]
    return _in_range(np.asarray(cv2.merge(channels)), depth=depth)


def luma_of_planes(planes: Planes) -> Picture:
    """(H, W) luma in 16..235, whatever range and depth the codes have: the plane itself where it is that already."""
    colour = planes.colour
    if colour.depth == 8 and not colour.full_range and planes.y.dtype == torch.uint8:
        return np.asarray(planes.y.numpy())
    return np.asarray(luma(planes)[0].mul_(219).add_(16).numpy())


def _in_range(rgb: Floats, *, depth: int) -> Picture:
    if depth == 8:
        return np.asarray(cv2.add(rgb, 0, dtype=cv2.CV_8U))  # rounds and saturates
    return np.asarray(np.clip(rgb, 0, 255, out=rgb))
