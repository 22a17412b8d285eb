"""White noise removed from aligned frames: of a cosine transform in space and time only what is strong is kept."""

from collections.abc import Sequence

from torch import Tensor

from .dct_reference import reference
from .motion import by_kernels


def without_noise(frames: Tensor, middle: int, sigmas: Sequence[float]) -> Tensor:
    """One of some frames that show the same, as if its noise were as strong as each of `sigmas`.

    Args:
        frames: (B, F, H, W); H and W even.
        middle: the number of the frame.
        sigmas: standard deviations, in the frames' own unit.

    Returns:
        (B, len(sigmas), H, W).
    """
    if by_kernels(frames):
        from . import dct_cpu  # 0.5 s

        return dct_cpu.without_noise(frames, middle, sigmas)
    return reference(frames, middle, sigmas)
