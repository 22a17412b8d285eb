"""What networks of five frames share: which frames are there, what they are together, and how coarse each is."""

from collections.abc import Sequence

import torch
from torch import Tensor

from ..kernels.dct import without_noise

MIDDLE = 2
NEIGHBOURS = (0, 1, 3, 4)
"""Of the five frames, without the middle one."""
CODES, OF_LUMA = 255, 219
"""8-bit codes that are 1 of a step, and of luma."""
OF_STEP = (0.05, 0.1, 0.2)
"""Standard deviations of what quantisation leaves, as shares of its step."""
LEAST, OCTAVES = 0.1, 8
"""Code steps below which none counts; and how many doublings of one step are 1 of a level."""
LEVEL = 4.0
"""Factor that brings differences of levels to the size of a level."""


def filled(window: Tensor) -> tuple[Tensor, Tensor]:
    """The window (B, 5, C, H, W) with the middle frame for those that are NaN, which are not there; and which are."""
    present = ~window[:, :, 0, 0, 0].isnan()
    if present.all():
        return window, present
    return torch.where(present[:, :, None, None, None], window, window[:, MIDDLE, None]), present


def denoised(middle: Tensor, news: Tensor, present: Tensor, sigmas: Sequence[Sequence[float]]) -> Tensor:
    """How far the middle frame without noise differs from itself, as if the noise were as strong as each of `sigmas`.

    Args:
        middle: (B, 1, H, W).
        news: (B, 4, H, W), what its neighbours, moved onto it, add.
        present: (B, 5), which frames have a part in it.
        sigmas: of each picture of the batch, as many; in the unit of luma.

    Returns:
        (B, N, H, W).
    """
    still = torch.cat((middle + news[:, :MIDDLE], middle, middle + news[:, MIDDLE:]), 1)
    each = zip(still, present.tolist(), sigmas, strict=True)
    made = [without_noise(frames[None, there], sum(there[:MIDDLE]), strengths) for frames, there, strengths in each]
    return torch.cat(made) - middle


def sigmas_of(steps: Tensor, shares: Sequence[float] = OF_STEP) -> list[list[float]]:
    """Of what was quantised in the middle frames, for `denoised`, from steps (B, 5) as the engine gives them."""
    return [[share * max(one * CODES, LEAST) / OF_LUMA for share in shares] for one in steps[:, MIDDLE].tolist()]


def levels(steps: Tensor, like: Tensor) -> Tensor:
    """(B, 5, H, W), H and W of `like`: the level of the middle frame's step, and how far those of the others differ."""
    found = (1 + steps * CODES).log2() / OCTAVES
    own = found[:, MIDDLE, None]
    told = torch.cat((own, LEVEL * (found[:, NEIGHBOURS] - own)), 1)
    return told[:, :, None, None].expand(-1, -1, *like.shape[-2:])
