"""Baselines of interpolation: the mean of both pictures, DIS optical flow, FFmpeg's minterpolate.

Each is an Interpolator (restoration/interpolation/interpolator.py).
"""

from collections.abc import Mapping, Sequence
from fractions import Fraction

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ...restoration.interpolation.interpolator import Interpolator
from ...restoration.interpolation.motion.warp import Flow, Picture, warp


def average(first: Tensor, second: Tensor, times: Sequence[Fraction]) -> list[Tensor]:
    """Both pictures blended, the nearer one more."""
    return [torch.lerp(first, second, float(time)) for time in times]


def dis(first: Tensor, second: Tensor, times: Sequence[Fraction]) -> list[Tensor]:
    """OpenCV's DIS flow (preset MEDIUM) both ways, half of it at 1/2, bicubic warps, blended: the "half warp".

    Each flow is read on its own picture's grid as if it were that of the picture between: a plain method whose figures
    are well known, not the best that such flow can give.
    """
    a, b = (np.ascontiguousarray(picture.permute(1, 2, 0).numpy()) for picture in (first, second))
    grey_a, grey_b = _grey(a), _grey(b)
    flow = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM)
    onward, back = flow.calc(grey_a, grey_b, None), flow.calc(grey_b, grey_a, None)
    return [torch.lerp(_moved(a, back, float(time)), _moved(b, onward, 1 - float(time)), float(time)) for time in times]


def minterpolate(first: Tensor, second: Tensor, times: Sequence[Fraction]) -> list[Tensor]:
    """FFmpeg's filter of this name; see video/filters/minterpolate.py."""
    from ...video.filters.minterpolate import minterpolate  # PyAV, which a training machine may lack

    return [minterpolate(first, second, time) for time in times]


def _grey(picture: Picture) -> NDArray[np.uint8]:
    return np.asarray(cv2.cvtColor(cv2.convertScaleAbs(picture, alpha=255), cv2.COLOR_RGB2GRAY))


def _moved(picture: Picture, flow: Flow, share: float) -> Tensor:
    return torch.from_numpy(warp(picture, flow, share, cv2.INTER_CUBIC)).permute(2, 0, 1)


BASELINES: Mapping[str, Interpolator] = {"average": average, "dis": dis, "minterpolate": minterpolate}
