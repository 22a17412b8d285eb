"""How close two pictures are: pure functions of arrays. Reads no files, knows no videos; see `compare` for those."""

from .picture import TooSmallError, crop_border, l1, matlab_luma, mse, psnr
from .similarity import ms_ssim, ssim

__all__ = ["TooSmallError", "crop_border", "l1", "matlab_luma", "ms_ssim", "mse", "psnr", "ssim"]
