"""Recipes of the networks of document 003, and of the residual network of ours that grew from them.

Each begins as bicubic or as its input (`skip`), which the papers' networks reach after thousands of steps; the shapes,
the data's degradation, the batches and the schedules are the papers'.
"""

from dataclasses import replace

from ..data.degrade import Degradation
from ..tasks.unknown import UnknownTask
from ..tasks.upscaling import UpscalingTask
from .recipe import Adversary, Recipe


def _pictures(scale: int, patch: int) -> UpscalingTask:
    """RGB patches, reduced by MATLAB's bicubic."""
    return UpscalingTask(Degradation(scale), patch=patch, colours="rgb")


# Ledig et al. 2017: patches of 96 pixels at full size, MSE, Adam at 1e-4.
SRRESNET = Recipe(
    "srresnet",
    {"scale": 4, "skip": True},
    _pictures(4, 24),
    loss="mse",
    steps=1_000_000,
    learning_rate=1e-4,
    final_share=1.0,
    warmup=0,
    clip_norm=None,
)
# The same network then trained against a discriminator: as many steps at 1e-4 as at 1e-5. Begins with the weights of
# srresnet-x4 (--init); the content is compared in VGG-19's features, or by MSE without a file of it.
SRGAN = replace(
    SRRESNET, loss="vgg-or-mse", steps=200_000, drops=(0.5,), drop=0.1, validate_every=1000, adversary=Adversary()
)
# Lim et al. 2017: patches of 48 pixels of the input, L1, 1e-4, halved after two thirds.
EDSR = Recipe(
    "edsr",
    {"scale": 2, "skip": True},
    _pictures(2, 48),
    steps=300_000,
    learning_rate=1e-4,
    final_share=1.0,
    drops=(0.67,),
    warmup=0,
    clip_norm=None,
)
_LARGE = {"blocks": 32, "width": 256, "residual_scale": 0.1, "skip": True}
# Yu et al. 2018: ten times the rate, which weight normalisation bears.
WDSR = replace(EDSR, model="wdsr", learning_rate=1e-3, normalise_weights=True)

# The slides' deblurring: an 11x11 Gaussian and noise at 40 dB. They do not say which blur; this one ends at 5 pixels.
SRRESNET_DEBLUR = replace(
    SRRESNET,
    args={"scale": 1, "skip": True},
    task=UpscalingTask(
        Degradation(1, blur_sigma=1.25, snr=40, eight_bit=False), patch=96, colours="rgb", command="deblur"
    ),
)
# One network for three factors, which batches take in turn.
MDSR = replace(EDSR, model="mdsr", task=replace(_pictures(2, 48), turns=(2, 3, 4)))
# Haris et al. 2018: patches of 32, twenty a step, a tenth of the rate after half.
DBPN = replace(
    EDSR,
    model="dbpn",
    args={"scale": 4, "skip": True},
    task=_pictures(4, 32),
    steps=1_000_000,
    batch=20,
    drops=(0.5,),
    drop=0.1,
)
# HelloSR's, of which the slides say no more than that each stage is compared: EDSR's schedule.
REFINEMENT = replace(EDSR, model="refinement", args={"scale": 2})
# Kirmemis, Bakar and Tekalp 2018: BPG at QP 40, which is HEVC's intra coding.
SELU = Recipe(
    "selu",
    {},
    UpscalingTask(Degradation(1, intra=40), patch=96, colours="rgb", command="clean"),
    steps=300_000,
    learning_rate=1e-4,
)

# Ours, for a CPU: luma, small patches, a rate that falls along a cosine.
RESIDUAL = Recipe(
    "edsr",
    {"scale": 2, "blocks": 16, "width": 32, "skip": True, "space": "luma"},
    UpscalingTask(Degradation(2), patch=32),
    steps=60_000,
    learning_rate=1e-3,
)

# A reduction that nobody has described: learned from pairs first, and then used to make pairs of all pictures.
UNKNOWN = replace(RESIDUAL, task=UnknownTask(2))

SLIDES: dict[str, Recipe] = {
    "srresnet-x4": SRRESNET,
    "srgan": SRGAN,
    "srresnet-deblur": SRRESNET_DEBLUR,
    "edsr-x2": EDSR,
    "edsr-x4": replace(EDSR, args={"scale": 4, "skip": True}, task=_pictures(4, 48)),
    "edsr-large-x2": replace(EDSR, args={"scale": 2, **_LARGE}),
    "edsr-large-x4": replace(EDSR, args={"scale": 4, **_LARGE}, task=_pictures(4, 48)),
    "wdsr-x2": WDSR,
    "wdsr-x4": replace(WDSR, args={"scale": 4, "skip": True}, task=_pictures(4, 48)),
    "mdsr": MDSR,
    "dbpn-x2": replace(DBPN, args={"scale": 2, "skip": True}, task=_pictures(2, 32)),
    "dbpn-x4": DBPN,
    "dbpn-x8": replace(DBPN, args={"scale": 8, "skip": True}, task=_pictures(8, 32)),
    "refinement-x2": REFINEMENT,
    "refinement-x4": replace(REFINEMENT, args={"scale": 4}, task=_pictures(4, 48)),
    "selu": SELU,
    "unknown-x2": UNKNOWN,
    "unknown-x4": replace(UNKNOWN, args={**RESIDUAL.args, "scale": 4}, task=UnknownTask(4)),
    "residual-x2": RESIDUAL,
    "residual-x4": replace(RESIDUAL, args={**RESIDUAL.args, "scale": 4}, task=UpscalingTask(Degradation(4), patch=32)),
}
