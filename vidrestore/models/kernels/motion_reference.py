"""Motion in plain torch: where each pixel of one picture lies in others. The reference for motion_cpu.py.

A search on a quarter of the size (sums of absolute differences), then steps of Lucas and Kanade (1981) on half and on
full size. Everything is sums and products of a pixel's neighbourhood in one order, so that a tile of a picture gives
the bits that the whole gives. OpenCV's dense inverse search, at its finest, would not, and is no more exact: neighbours
moved onto the middle frame come as close on Vid4 at half size (mean 29.98 dB both).
"""

import math
from itertools import product

import torch
import torch.nn.functional as F
from torch import Tensor

REACH = 4
"""Pixels of the quarter size that the search goes each way: 16 of the picture's."""
STEPS = 2
"""Of refinement, on half and on full size, each of at most one pixel there."""
WINDOW = 2
"""Radius of the neighbourhood that is matched."""
FLAT = (3 / 255) ** 2
"""Mean squared gradient below which a neighbourhood is taken for flat, and moves little."""
FARTHER = 0.2
"""Sum of differences for which the search goes a pixel farther: what repeats is not mistaken for what has moved."""
MULTIPLE = 4
"""Of the pictures' height and width."""
FARTHEST = 4 * REACH + 2 * STEPS + STEPS
"""The longest displacement in pixels, along an axis."""
HALO = (WINDOW + 2) * STEPS * 3 + 4 * (REACH + WINDOW) + 3
"""Pixels beyond a tile that still change its motion: a step looks at a window, a gradient and a mean."""


def reference(picture: Tensor, others: Tensor) -> tuple[Tensor, Tensor]:
    """What `motion` returns, on any device, with gradients."""
    half, others_half = halved(picture), halved(others)
    y, x = _search(halved(half), halved(others_half))
    for small, smalls in ((half, others_half), (picture, others)):
        y, x = 2 * doubled(y), 2 * doubled(x)
        y, x = _refined(small, smalls, y, x)
    return y, x


def gather(pictures: Tensor, y: Tensor, x: Tensor) -> Tensor:
    """What `pictures` (B, N, H, W) show at whole displacements y and x; beyond the edge the edge goes on."""
    return _taken(pictures, _rows(y), _columns(x))


def activity(picture: Tensor) -> Tensor:
    """Mean absolute difference over 5x5 pixels of `picture` (B, 1, H, W) and its own mean over as many."""
    return local_mean((picture - local_mean(picture)).abs())


def local_mean(x: Tensor) -> Tensor:
    """Of the 5x5 pixels around each."""
    return _window(x) / (2 * WINDOW + 1) ** 2


def _rows(y: Tensor) -> Tensor:
    """Where the rows that lie y away begin in a picture's memory."""
    height, width = y.shape[-2:]
    return y.long().add_(torch.arange(height, device=y.device)[:, None]).clamp_(0, height - 1).mul_(width)


def _columns(x: Tensor) -> Tensor:
    return x.long().add_(torch.arange(x.shape[-1], device=x.device)).clamp_(0, x.shape[-1] - 1)


def _taken(pictures: Tensor, rows: Tensor, columns: Tensor) -> Tensor:
    return pictures.flatten(2).gather(2, (rows + columns).flatten(2)).view_as(rows)


def _search(picture: Tensor, others: Tensor) -> tuple[Tensor, Tensor]:
    """The best whole displacement of each pixel's neighbourhood."""
    height, width = picture.shape[-2:]
    padded = F.pad(others, (REACH,) * 4, mode="replicate")
    reach = range(-REACH, REACH + 1)
    best_y = best_x = torch.zeros_like(others)
    least: Tensor | None = None
    for y, x in sorted(product(reach, reach), key=lambda at: math.hypot(*at)):
        there = padded[..., REACH + y : REACH + y + height, REACH + x : REACH + x + width]
        cost = _window((there - picture).abs()) + FARTHER * math.hypot(y, x)
        if least is None:
            least = cost
            continue
        better = cost < least
        least = torch.where(better, cost, least)
        best_y, best_x = best_y.masked_fill(better, y), best_x.masked_fill(better, x)
    return best_y, best_x


def _refined(picture: Tensor, others: Tensor, y: Tensor, x: Tensor) -> tuple[Tensor, Tensor]:
    """Steps down the squared difference of each neighbourhood, each followed by a mean over 3x3 pixels."""
    down, right = _gradients(picture)
    flat = (2 * WINDOW + 1) ** 2 * FLAT
    yy, xx, yx = _window(down * down) + flat, _window(right * right) + flat, _window(down * right)
    scale = 1 / (yy * xx - yx * yx)
    for _ in range(STEPS):
        apart = between(others, y, x) - picture
        along_y, along_x = _window(down * apart), _window(right * apart)
        y = _smooth(y - ((xx * along_y - yx * along_x) * scale).clamp(-1, 1))
        x = _smooth(x - ((yy * along_x - yx * along_y) * scale).clamp(-1, 1))
    return y, x


def between(pictures: Tensor, y: Tensor, x: Tensor) -> Tensor:
    """What `pictures` show at displacements between pixels, bilinear."""
    top, left = y.floor(), x.floor()
    down, right = y - top, x - left
    columns = _columns(left), _columns(left + 1)
    rows = []
    for row in (_rows(top), _rows(top + 1)):
        near, far = (_taken(pictures, row, column) for column in columns)
        rows.append(near + (far - near) * right)
    return rows[0] + (rows[1] - rows[0]) * down


def _gradients(x: Tensor) -> tuple[Tensor, Tensor]:
    """Central differences down and to the right."""
    p = F.pad(x, (1,) * 4, mode="replicate")
    return (p[..., 2:, 1:-1] - p[..., :-2, 1:-1]) / 2, (p[..., 1:-1, 2:] - p[..., 1:-1, :-2]) / 2


def _window(x: Tensor) -> Tensor:
    """Sum over the 5x5 pixels around each."""
    x = F.pad(x, (WINDOW,) * 4, mode="replicate")
    pairs = x[..., :-1, :] + x[..., 1:, :]
    x = pairs[..., :-3, :] + pairs[..., 2:-1, :] + x[..., 4:, :]
    pairs = x[..., :-1] + x[..., 1:]
    return pairs[..., :-3] + pairs[..., 2:-1] + x[..., 4:]


def _smooth(x: Tensor) -> Tensor:
    """Mean over 3x3 pixels."""
    x = F.pad(x, (1,) * 4, mode="replicate")
    x = x[..., :-2, :] + x[..., 1:-1, :] + x[..., 2:, :]
    return (x[..., :-2] + x[..., 1:-1] + x[..., 2:]) / 9


def halved(x: Tensor) -> Tensor:
    """Means of 2x2 pixels."""
    return (x[..., ::2, ::2] + x[..., ::2, 1::2] + x[..., 1::2, ::2] + x[..., 1::2, 1::2]) / 4


def doubled(x: Tensor) -> Tensor:
    """Each pixel four times."""
    return x.repeat_interleave(2, -1).repeat_interleave(2, -2)
