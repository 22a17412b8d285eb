"""Smooth motion, and neighbours moved along it: OpenCV's dense inverse search (Kroeger et al. 2016).

kernels/motion finds for each pixel where its own 5x5 fit best. Where pictures have noise or were compressed, that fits
errors to errors, and what is moved so repeats the error that it should help to remove. Here motion is smooth. It is
found on whole pictures, so a tile may see another motion than the whole.
"""

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from itertools import product

import cv2
import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

Array = NDArray[np.float32]

LEAST = 64
"""Pixels a side below which the search finds nothing: smaller pictures are continued by their edge."""
FINEST, STRIDE, DESCENTS, REFINEMENTS = 1, 5, 8, 3
"""Of the search: on half of the size, patches five pixels apart. Measured on six compressed clips it aligns as well as
OpenCV's preset `medium` and takes half the time; on full size it follows the noise."""
SMOOTH = 1.0
"""Sigma in pixels of the Gaussian before the search: noise is less, and what is compressed aligns as well."""
HALO = 64
"""Pixels around a tile whose motion has a part in that of the tile. What lies farther still has one, but hardly any."""
INTERPOLATIONS = {1: (cv2.INTER_CUBIC,), 3: (cv2.INTER_CUBIC, cv2.INTER_LINEAR, cv2.INTER_LINEAR)}
"""By the number of planes. Linear interpolation of luma takes a third of what the neighbours are worth."""


def search(picture: Tensor, others: Tensor) -> tuple[Tensor, Tensor]:
    """Displacements y and x, (B, N, H, W) each, that take a pixel of `picture` to where others show the same.

    Args:
        picture: luma (B, 1, H, W), about [0, 1].
        others: (B, N, H, W).
    """
    height, width = picture.shape[-2:]
    codes, others_codes = _codes(picture[:, 0]), _codes(others)
    y, x = np.empty(tuple(others.shape), np.float32), np.empty(tuple(others.shape), np.float32)

    def find(at: tuple[int, ...]) -> None:
        flow = _search(codes[at[0]], others_codes[at])[:height, :width]
        y[at], x[at] = flow[..., 1], flow[..., 0]

    _for_all(product(*map(range, others.shape[:2])), find)
    return torch.from_numpy(y).to(picture.device), torch.from_numpy(x).to(picture.device)


def moved(others: Tensor, y: Tensor, x: Tensor) -> Tensor:
    """What others (B, N, C, H, W), luma or YUV, show at displacements; beyond the edge the edge goes on."""
    height, width = others.shape[-2:]
    planes, made = _numbers(others), np.empty(others.shape, np.float32)
    rows, columns = np.arange(height, dtype=np.float32)[:, None], np.arange(width, dtype=np.float32)
    down, right = _numbers(y), _numbers(x)

    def move(at: tuple[int, ...]) -> None:
        across, along = columns + right[at], rows + down[at]
        for plane, how in enumerate(INTERPOLATIONS[others.shape[2]]):
            made[at][plane] = cv2.remap(planes[at][plane], across, along, how, borderMode=cv2.BORDER_REPLICATE)

    _for_all(product(*map(range, others.shape[:2])), move)
    return torch.from_numpy(made).to(others.device)


def _for_all(places: Iterable[tuple[int, ...]], work: Callable[[tuple[int, ...]], None]) -> None:
    with ThreadPoolExecutor(torch.get_num_threads()) as pool:
        for _ in pool.map(work, places):  # raises what a thread raised
            pass


def _search(picture: NDArray[np.uint8], other: NDArray[np.uint8]) -> Array:
    """(H, W, 2): how far to the right and down `other` shows each pixel."""
    picture, other = (cv2.GaussianBlur(codes, (0, 0), SMOOTH) for codes in (picture, other))
    searcher = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_FAST)
    searcher.setFinestScale(FINEST)
    searcher.setPatchStride(STRIDE)
    searcher.setGradientDescentIterations(DESCENTS)
    searcher.setVariationalRefinementIterations(REFINEMENTS)
    return np.asarray(searcher.calc(picture, other, None), np.float32)


def _numbers(x: Tensor) -> Array:
    return np.asarray(x.detach().float().cpu().contiguous().numpy(), np.float32)


def _codes(luma: Tensor) -> NDArray[np.uint8]:
    """(..., H, W) in 8 bits, as large as the search needs."""
    bottom, right = (max(0, LEAST - n) for n in luma.shape[-2:])
    codes = (luma.float().cpu() * 219).add_(16).round_().clamp_(0, 255)
    if bottom or right:
        flat = F.pad(codes.flatten(0, -3)[:, None], (0, right, 0, bottom), mode="replicate")
        codes = flat.view(*luma.shape[:-2], *flat.shape[-2:])
    return np.asarray(codes.byte().contiguous().numpy(), np.uint8)
