"""Recipes of interpolation."""

from dataclasses import replace

from ..tasks.flow_mixing import FlowMixingTask
from ..tasks.triplets import TripletTask
from .recipe import Recipe


def sepconv() -> dict[str, Recipe]:
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
        drops=(0.4, 0.6, 0.8),
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


# The network of the flow interpolator. L1 alone spoils clean pictures.
FLOW = Recipe("fusion", {}, FlowMixingTask(), loss="log-mse", steps=12_000, batch=12, final_share=0.02)
