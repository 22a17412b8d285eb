"""Flicker: how much the error of a result changes from one frame to the next."""

import cv2
import numpy as np
from numpy.typing import NDArray

from .psnr import Array, check_sizes, l1

Error = NDArray[np.int16] | NDArray[np.float32]


def signed_error(reference: Array, picture: Array) -> Error:
    """picture - reference: int16 of two uint8 pictures, else float32.

    Raises:
        ValueError: where the shapes differ.
    """
    check_sizes(reference, picture)
    if reference.dtype == picture.dtype == np.uint8:
        return np.asarray(cv2.subtract(picture, reference, dtype=cv2.CV_16S))
    return picture.astype(np.float32) - reference.astype(np.float32)


def flicker(error: Error, before: Error) -> float:
    """Mean over all samples of |error - before|: this frame's error and that of the frame before it.

    With E(t) = result(t) - reference(t) it is mean |E(t) - E(t-1)|, in code values. A result that is wrong in the
    same way in every frame has 0, whatever its PSNR; noise, or sharpness that comes and goes, has not. Motion of the
    reference cancels as far as the error does not follow it. The first frame of a video or scene has none.
    """
    return l1(error.astype(np.float32), before.astype(np.float32))
