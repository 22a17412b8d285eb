"""How each weight file was trained, as frozen data. A recipe states steps: it can be cut to the hours there are."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Literal

from .degrade import Degradation


@dataclass(frozen=True, slots=True)
class Recipe:
    """One training run."""

    model: str
    """A key of models.MODELS."""
    args: Mapping[str, object]
    degradation: Degradation
    loss: Literal["l1", "mse"] = "l1"
    steps: int = 100_000
    batch: int = 16
    patch: int = 48
    """Side of a patch in input pixels."""
    learning_rate: float = 1e-3
    final_share: float = 0.01
    """Learning rate at the end, as a share of `learning_rate`, reached along a half cosine."""
    warmup: int = 200
    clip_norm: float | None = 1.0
    ema: float = 0.999
    """Decay of the exponential moving average of the weights, which is what is validated and kept."""
    precision: Literal["fp32", "bf16", "fp16"] = "bf16"
    frames_per_clip: int = 4
    validate_every: int = 500
    seed: int = 1


def _espcn(scale: int) -> Recipe:
    return Recipe("espcn", {"scale": scale}, Degradation(scale))


RECIPES: dict[str, Recipe] = {
    "espcn-x2": _espcn(2),
    "espcn-x3": _espcn(3),
    "espcn-x4": _espcn(4),
    # The same, begun from the first one's weights: PSNR is a mean square, and so is the last loss. The shipped espcn-x3
    # is 18,000 steps of espcn-x3, then this in rounds (18,000 at 2e-4, 12,000 at 8e-4, 6,500 at 6e-4, 2,500 of patch
    # 64 at 4e-4), and 15 % of 4,300 more steps of L1 mixed into the weights; all chosen on the held set.
    "espcn-x3-mse": replace(_espcn(3), loss="mse", learning_rate=8e-4, steps=24_000),
    # Document 004: no skip, zeros around the picture, MSE, Adam 1e-3 at a constant rate, Gaussian and decimate.
    # Its batch of 8 to 40 video frames is 16 patches here; ReLU after the last layer is left out (networks.md C.1).
    "espcn-x2-document": Recipe(
        "espcn",
        {"scale": 2, "skip": False, "border": "zeros"},
        Degradation(2, "decimate", blur_sigma=1.0),
        loss="mse",
        final_share=1.0,
        clip_norm=None,
    ),
}
