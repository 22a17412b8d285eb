"""Recipe: how a network is trained, as frozen data.

A recipe states steps: it can be cut to the hours there are. docs/training.md says how the shipped weights were made.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Literal

import torch

from ..losses import LEAST, LossName
from ..tasks.task import Task

OPTIMISERS: dict[str, Callable[..., torch.optim.Optimizer]] = {
    "adam": partial(torch.optim.Adam, fused=True),  # an eighth less time for all of a step of unblur's, on two cores
    "adamax": torch.optim.Adamax,
}


@dataclass(frozen=True, slots=True)
class Adversary:
    """A discriminator, and when a run against it ends."""

    width: int = 64
    """Channels of its first layer."""
    weight: float = 1e-3
    """Of what it says, beside the content's loss."""
    allowed: float = 16 / 11.5
    """RMSE of weights that are kept, in that of those which the run began with: from the end of PIRM's first region,
    where distortion counts, to that of its last, where looks do."""
    patience: int = 20
    """Validations without a better NIQE after which the run ends."""


@dataclass(frozen=True, slots=True)
class Recipe:
    """One training run."""

    model: str
    """A key of models.MODELS."""
    args: Mapping[str, object]
    task: Task
    loss: LossName = "l1"
    least: float = LEAST
    """Of log-mse."""
    harm: float = 0.0
    """Of log-mse, for networks that restore a frame in its place."""
    each_level: bool = False
    """Compare what the core gives with what `prepare` makes of the target, one by one, and add up: for networks that
    give the picture at several resolutions."""
    normalise_weights: bool = False
    """Train each convolution's direction and length apart; see weight_norm.py."""
    steps: int = 100_000
    batch: int = 16
    optimiser: Literal["adam", "adamax"] = "adam"
    learning_rate: float = 1e-3
    final_share: float = 0.01
    """Learning rate at the end, as a share of `learning_rate`, reached along a half cosine."""
    drops: tuple[float, ...] = ()
    """Shares of the steps at which the learning rate is multiplied by `drop`, beside that."""
    drop: float = 0.5
    warmup: int = 200
    clip_norm: float | None = 1.0
    clip_value: float | None = None
    """Largest element of a gradient."""
    ema: float = 0.999
    """Decay of the exponential moving average of the weights, which is what is validated and kept."""
    precision: Literal["fp32", "bf16", "fp16"] = "bf16"
    validate_every: int = 500
    adversary: Adversary | None = None
    """Train against a discriminator; see adversarial.py."""
    seed: int = 1
