"""Recipes: how each network is trained, as frozen data.

A recipe states steps: it can be cut to the hours there are. docs/training.md says how the shipped weights were made.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Literal

import torch

from .data.chain import Shares
from .data.degrade import Degradation
from .losses import LEAST, LossName
from .tasks.deblurring import DeblurringTask
from .tasks.flow_mixing import FlowMixingTask
from .tasks.real_footage import RealFootageTask
from .tasks.task import Task
from .tasks.triplets import TripletTask
from .tasks.upscaling import UpscalingTask
from .tasks.video_upscaling import VideoUpscalingTask

OPTIMISERS: dict[str, Callable[..., torch.optim.Optimizer]] = {
    "adam": partial(torch.optim.Adam, fused=True),  # an eighth less time for all of a step of unblur's, on two cores
    "adamax": torch.optim.Adamax,
}


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
    each_level: bool = False
    """Compare what the core gives with what `prepare` makes of the target, one by one, and add up: for networks that
    give the picture at several resolutions."""
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
    clip_value: float | None = None
    """Largest element of a gradient."""
    ema: float = 0.999
    """Decay of the exponential moving average of the weights, which is what is validated and kept."""
    precision: Literal["fp32", "bf16", "fp16"] = "bf16"
    validate_every: int = 500
    seed: int = 1


def _espcn(scale: int) -> Recipe:
    return Recipe("espcn", {"scale": scale}, UpscalingTask(Degradation(scale)))


def _sepconv() -> dict[str, Recipe]:
    """Interpolation by local separable convolution, networks.md A.4."""
    # Niklaus et al. 2017: AdaMax at a constant rate; the step count is ours, 250,000 triplets ten times over.
    paper = Recipe(
        "sepconv",
        {"local_conv": "outer", "align_corners": True},
        TripletTask(),
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
        task=TripletTask(margin=0, choice=1),
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
            TripletTask(),
            steps=20_000,
            batch=8,
            warmup=50,
        ),
    }


def _msresnet() -> dict[str, Recipe]:
    """The multi-scale network, networks.md B.3. Each level of the pyramid is compared with the sharp picture's."""
    plain = DeblurringTask(patch=256, layered=0.0, shaken=0.0, sharp=0.0, toned=0.0, noise=0.0, compressed=0.0)
    # Document 001: its schedule as shares of the steps, of which there are 1000 epochs of 1052.
    document = Recipe(
        "msresnet",
        {},
        replace(plain, quarters=False),
        loss="mse",
        each_level=True,
        steps=1_052_000,
        batch=2,
        learning_rate=5e-5,
        final_share=1.0,
        halvings=(0.4, 0.5, 0.6, 0.7, 0.8, 0.9),
        warmup=0,
        clip_norm=None,
        clip_value=0.5,
        ema=0.0,
        precision="fp32",
    )
    # The public DeepDeblur-PyTorch code: twice the blocks, Gaussian pyramid, L1, more augmentation. Its noise has a
    # standard deviation drawn from a Gaussian of 2; ours is even, to 4, and half of the samples have none.
    public = replace(
        document,
        args={"blocks": 19, "pyramid": "gaussian"},
        task=replace(plain, noise=4.0, colours=True),
        loss="l1",
        batch=16,
        steps=131_000,
        learning_rate=1e-4,
        halvings=(0.5, 0.75, 0.9),
        clip_value=None,
        precision="fp16",
    )
    return {"msresnet-document": document, "msresnet-public": public}


def _unblur() -> dict[str, Recipe]:
    """Deblurring for a CPU, and for users' videos."""
    # Past 86 pixels nothing changes what it gives by half a code value: of seven pictures, cut in two (seams.py).
    unblur = Recipe("unblur", {"halo": 96}, DeblurringTask(), steps=25_000, batch=4, learning_rate=5e-4)
    # Begins from the weights of unblur. For PSNR of whole pictures, which their most blurred parts decide.
    blurred = replace(
        unblur,
        task=DeblurringTask(patch=192, noise=2.0, shaken=0.45, layered=0.1, enlarged=0.45, toned=0.6),
        loss="log-mse",
        least=3e-3,
        batch=2,
        learning_rate=2.5e-4,
    )
    # Begins from those of unblur-log: what is sharp, or soft since it was compressed, is to stay as it is.
    gated = replace(
        blurred,
        args={"halo": 96, "gate": 32},
        task=DeblurringTask(patch=160, noise=5.0, sharp=0.25, compressed=0.1, encoded=0.45, fitting=(20.0, 60.0)),
        least=2e-5,
    )
    return {"unblur": unblur, "unblur-log": blurred, "unblur-gate": gated}


# The network of the flow interpolator. L1 alone spoils clean pictures.
FLOW = Recipe("fusion", {}, FlowMixingTask(), loss="log-mse", steps=12_000, batch=12, final_share=0.02)

# Super-resolution from five frames, for users' videos: decibels as the measure, as in FLOW.
ALIGNED = Recipe(
    "aligned",
    {"alone": True},
    VideoUpscalingTask(Degradation(2)),
    loss="log-mse",
    steps=20_000,
    batch=8,
    learning_rate=8e-4,
)

# The same for what users bring: compressed, noisy, scaled by anything. It begins from aligned-x2's weights.
ROBUST = replace(
    ALIGNED,
    args={"blocks": 5, "confidence": True},
    task=RealFootageTask(
        Shares(blurred=0.05, other_kernel=0.15, noisy=0.04, sharpened=0.03, twice=0.07, everyday=0.4),
        rounds=26,
        drawn=100,
    ),
    steps=30_000,
    learning_rate=4e-4,
)

# The same chain at the same size: what is compressed, and a little noisy.
_SAME_SIZE = RealFootageTask(
    Shares(blurred=0, other_kernel=0, sharpened=0, noisy=0.1, noisiest=8, compressed=0.94, twice=0.07, everyday=0.5),
    scale=1,
    patch=96,
    rounds=16,
    drawn=100,
)
CLEAN = Recipe(
    "cleaner",
    {},
    _SAME_SIZE,
    loss="log-mse",
    least=4e-5,  # at 1e-5 the clean samples outweigh all others, and hardly anything is cleaned
    steps=40_000,
    batch=16,
    learning_rate=1e-3,
)
# What is noisy, half of it compressed. One network for both gained less on what is compressed.
_NOISY = replace(_SAME_SIZE.shares, noisy=0.95, noisiest=55, only_noisy=0.5, compressed=0.8)
DENOISE = replace(CLEAN, task=replace(_SAME_SIZE, shares=_NOISY))


def _document_002() -> dict[str, Recipe]:
    """Its video super-resolution, networks.md D.4 and D.5."""
    # For users' videos: no blur before the reduction, and the network begins as bicubic. Small patches, since a step
    # costs twenty times ALIGNED's.
    task = VideoUpscalingTask(Degradation(2), patch=24, layered=0.0)
    delta = replace(ALIGNED, model="delta", args={"skip": True}, task=task, learning_rate=3e-4, clip_norm=0.1)
    # The document: Gaussian and INTER_CUBIC, one scene, MSE, one window a step; its whole frames are patches here.
    document = Recipe(
        "delta",
        {},
        VideoUpscalingTask(Degradation(2, "cubic", blur_sigma=3.0), patch=24, halved=0.0, layered=0.0),
        loss="mse",
        steps=3_000,
        batch=1,
        learning_rate=5e-4,
        clip_norm=0.1,
    )
    return {
        "delta-x2": delta,
        # Video may go beyond black and white; what the sigmoid cannot reach would be lost.
        "five-parallel-x2": replace(delta, model="five-parallel", args={"skip": True, "limits": [-32, 287]}),
        "gz2019-x2": replace(delta, model="gz2019"),
        "delta-document": document,
        "five-parallel-document": replace(
            document, model="five-parallel", steps=1_500, learning_rate=2e-4, warmup=300, seed=2
        ),
        "gz2019-document": replace(document, model="gz2019"),
    }


RECIPES: dict[str, Recipe] = {
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
    "aligned-x2": ALIGNED,
    "robust-x2": ROBUST,
    "clean": CLEAN,
    "denoise": DENOISE,
    **_document_002(),
    **_sepconv(),
    **_msresnet(),
    **_unblur(),
    "flow": FLOW,
}
