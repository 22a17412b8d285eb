"""How each weight file was trained, as frozen data. A recipe states steps: it can be cut to the hours there are."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Literal

import torch

from .degrade import Degradation
from .enlarging import Enlarging
from .fusing import Fusing
from .losses import LossName
from .task import Task
from .triplets import Between

OPTIMISERS: dict[str, Callable[..., torch.optim.Optimizer]] = {"adam": torch.optim.Adam, "adamax": torch.optim.Adamax}


@dataclass(frozen=True, slots=True)
class Recipe:
    """One training run."""

    model: str
    """A key of models.MODELS."""
    args: Mapping[str, object]
    task: Task
    loss: LossName = "l1"
    steps: int = 100_000
    batch: int = 16
    optimiser: Literal["adam", "adamax"] = "adam"
    learning_rate: float = 1e-3
    final_share: float = 0.01
    """Learning rate at the end, as a share of `learning_rate`, reached along a half cosine."""
    halvings: tuple[float, ...] = ()
    """Shares of the steps at which the learning rate is halved, beside that."""
    warmup: int = 200
    clip_norm: float | None = 1.0
    ema: float = 0.999
    """Decay of the exponential moving average of the weights, which is what is validated and kept."""
    precision: Literal["fp32", "bf16", "fp16"] = "bf16"
    validate_every: int = 500
    seed: int = 1


def _espcn(scale: int) -> Recipe:
    return Recipe("espcn", {"scale": scale}, Enlarging(Degradation(scale)))


def _sepconv() -> dict[str, Recipe]:
    """Interpolation by local separable convolution, networks.md A.4."""
    # Niklaus et al. 2017: AdaMax at a constant rate; the step count is ours, 250,000 triplets ten times over.
    paper = Recipe(
        "sepconv",
        {"local_conv": "outer", "align_corners": True},
        Between(),
        steps=156_000,
        optimiser="adamax",
        final_share=1.0,
        warmup=0,
        clip_norm=None,
        ema=0.0,
    )
    # Document 000: two passes, zeros around the picture, crops taken as they come (but for still ones), the rate halved
    # after 20, 30 and 40 of 50 epochs. How long an epoch is it does not say, nor which optimiser; the paper's is taken.
    document = replace(
        paper,
        args={"local_conv": "twopass", "align_corners": True},
        task=Between(margin=0, choice=1),
        steps=100_000,
        halvings=(0.4, 0.6, 0.8),
    )
    return {
        "sepconv-paper": paper,
        "sepconv-document": document,
        # The document's second network, whose pictures are sharper and whose PSNR is lower.
        "sepconv-document-features": replace(document, loss="l1+vgg"),
        # For a CPU: a quarter of the channels, half of the reach, a schedule that ends. Divided by the sum of their
        # weights the kernels undercut the frames' average in L1 within 50 steps; without that, within 200.
        "sepconv-narrow": Recipe(
            "sepconv",
            {"width": 0.25, "taps": 25, "normalise": True},
            Between(),
            steps=20_000,
            batch=8,
            warmup=50,
        ),
    }


# The network of the flow interpolator. The shipped weights saw samples made so, drawn once, in random order and flipped
# anew each time, with AdamW: 9,269 warped by bicubic (4,500 steps of L1, 7,500 of log-mse), then 8,000 warped by
# Lanczos (4,000 at 6e-4); they are the mean of both ends. L1 alone spoilt clean pictures.
FLOW = Recipe("fusion", {}, Fusing(), loss="log-mse", steps=12_000, batch=12, final_share=0.02)

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
        Enlarging(Degradation(2, "decimate", blur_sigma=1.0)),
        loss="mse",
        final_share=1.0,
        clip_norm=None,
    ),
    **_sepconv(),
    "flow": FLOW,
}
