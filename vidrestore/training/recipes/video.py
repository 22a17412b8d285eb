"""Recipes of super-resolution of videos."""

from dataclasses import replace

from ..data.chain import Shares
from ..data.degrade import Degradation
from ..tasks.real_footage import RealFootageTask
from ..tasks.video_upscaling import VideoUpscalingTask
from .recipe import Recipe

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

# The same for what users bring: compressed, scaled by anything, and told how far. It begins from aligned-x2's weights.
ROBUST = replace(
    ALIGNED,
    args={"blocks": 5, "told": True},
    task=RealFootageTask(
        Shares(blurred=0.05, other_kernel=0.15, noisy=0.04, sharpened=0.03, twice=0.07, everyday=0.4),
        rounds=26,
        told=True,
        ends=0.1,
        drawn=100,
    ),
    steps=30_000,
    learning_rate=4e-4,
)


def document_002() -> dict[str, Recipe]:
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


VIDEO: dict[str, Recipe] = {"aligned-x2": ALIGNED, "robust-x2": ROBUST}
