"""Recipes of super-resolution of single pictures."""

from dataclasses import replace

from ..data.degrade import Degradation
from ..tasks.upscaling import UpscalingTask
from .recipe import Recipe


def _espcn(scale: int) -> Recipe:
    return Recipe("espcn", {"scale": scale}, UpscalingTask(Degradation(scale)))


UPSCALING: dict[str, Recipe] = {
    "espcn-x2": _espcn(2),
    "espcn-x3": _espcn(3),
    "espcn-x4": _espcn(4),
    # Begins from the weights of espcn-x3: PSNR is a mean square, and so is the last loss.
    "espcn-x3-mse": replace(_espcn(3), loss="mse", learning_rate=8e-4, steps=24_000),
    # Document 004: no skip, zeros around the picture, MSE, Adam 1e-3 at a constant rate, Gaussian and decimate.
    # Its batch of 8 to 40 video frames is 16 patches here; ReLU after the last layer is left out (networks.md C.1).
    "espcn-x2-document": Recipe(
        "espcn",
        {"scale": 2, "skip": False, "border": "zeros"},
        UpscalingTask(Degradation(2, "decimate", blur_sigma=1.0)),
        loss="mse",
        final_share=1.0,
        clip_norm=None,
    ),
}
