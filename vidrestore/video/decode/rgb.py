"""Decoded planes as RGB rows: what colour.to_rgb gives, several times as fast, for pictures and for measuring.

OpenCV's filters run in float32 on one core while another decodes; the formulas stay in colour.py, which is asked for
them.
"""

from collections.abc import Iterator
from functools import lru_cache

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ...frame.colour import to_rgb
from ...frame.frame import Colour, Planes
from ...frame.resize import cubic

BAND = 64
"""Rows that are worked on at a time, so that they stay in the processor's cache; a multiple of every subsampling."""
REACH = 2
"""Chroma samples to each side that one of the luma grid is made from."""

Floats = NDArray[np.float32]


def rgb_rows(planes: Planes, *, white: float) -> Iterator[tuple[slice, Floats]]:
    """Bands of rows from the top, and their (rows, W, 3) RGB, red first: black 0, white `white`, nothing clipped."""
    y, codes_to_rgb = planes.y.cpu().numpy(), _codes_to_rgb(planes.colour, white)
    for rows, u, v in zip(_bands(len(y)), _chroma(planes, planes.u), _chroma(planes, planes.v), strict=True):
        yield rows, np.asarray(cv2.transform(cv2.merge((y[rows].astype(np.float32), u, v)), codes_to_rgb))


def _bands(height: int) -> Iterator[slice]:
    return (slice(top, min(top + BAND, height)) for top in range(0, height, BAND))


@lru_cache(maxsize=16)
def _codes_to_rgb(colour: Colour, white: float) -> Floats:
    """(3, 4): code values of Y, U, V and 1 to R, G, B in 0..white."""
    top = float((1 << colour.depth) - 1)
    corners = torch.tensor([[0, 0, 0], [top, 0, 0], [0, top, 0], [0, 0, top]])
    y, u, v = corners.T[:, None]  # a picture of one row
    rgb = to_rgb(Planes(y, u, v, colour, 0, 0))[:, 0].double() * white
    return np.asarray(torch.cat(((rgb[:, 1:] - rgb[:, :1]) / top, rgb[:, :1]), dim=1).float().numpy())


def _chroma(planes: Planes, plane: Tensor | None) -> Iterator[Floats]:
    """One chroma plane at every luma sample, band by band: Keys' bicubic (a = -0.5), as everywhere."""
    height, width = planes.y.shape
    if plane is None:
        grey = np.full((height, width), 1 << (planes.colour.depth - 1), np.float32)
        yield from (grey[rows] for rows in _bands(height))
        return
    step_y, step_x = 1 << planes.subsample_y, 1 << planes.subsample_x
    siting = planes.colour.siting
    taps_y = _taps(step_y, 0 if siting == "topleft" else (step_y - 1) / 2)
    taps_x = _taps(step_x, 0 if siting in ("left", "topleft") else (step_x - 1) / 2)
    edged = cv2.copyMakeBorder(plane.cpu().numpy(), REACH, REACH, REACH, REACH, cv2.BORDER_REPLICATE)
    for rows in _bands(height):
        samples = edged[rows.start // step_y : -(-rows.stop // step_y) + 2 * REACH]
        yield _enlarged(samples, taps_y, taps_x)[: rows.stop - rows.start, :width]


def _enlarged(samples: NDArray[np.generic], taps_y: Floats, taps_x: Floats) -> Floats:
    """Samples with REACH more on each side -> float32, as many times as high and wide as there are rows of taps."""
    one = np.ones(1, np.float32)
    columns = cv2.merge([cv2.sepFilter2D(samples, cv2.CV_32F, taps, one) for taps in taps_x])
    columns = columns.reshape(len(samples), -1)[:, REACH * len(taps_x) : -REACH * len(taps_x)]
    big = np.empty(((len(samples) - 2 * REACH) * len(taps_y), columns.shape[1]), np.float32)
    for phase, taps in enumerate(taps_y):
        big[phase :: len(taps_y)] = cv2.sepFilter2D(columns, -1, one, taps)[REACH:-REACH]
    return big


@lru_cache(maxsize=16)
def _taps(step: int, phase: float) -> Floats:
    """(step, 5): luma step * k + row is these times chroma k-2 .. k+2; `phase` is where chroma 0 lies."""
    position = (torch.arange(step, dtype=torch.float64) - phase) / step
    return np.asarray(cubic(position[:, None] - torch.arange(-REACH, REACH + 1)).float().numpy())
