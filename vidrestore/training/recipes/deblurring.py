"""Recipes of deblurring."""

from dataclasses import replace

from ..tasks.deblurring import DeblurringTask
from ..tasks.video_deblurring import VideoDeblurringTask
from .recipe import Recipe


def msresnet() -> dict[str, Recipe]:
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
        drops=(0.4, 0.5, 0.6, 0.7, 0.8, 0.9),
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
        drops=(0.5, 0.75, 0.9),
        clip_value=None,
        precision="fp16",
    )
    return {"msresnet-document": document, "msresnet-public": public}


def unblur() -> dict[str, Recipe]:
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
    # Begins from those of unblur-gate: videos, of which it sees the frames before and after.
    video = Recipe(
        "unblur",
        {"halo": 96, "gate": 32, "neighbours": True},
        VideoDeblurringTask(),
        loss="log-mse",
        least=8e-6,
        harm=1.0,
        steps=8_000,
        batch=6,
        learning_rate=3e-4,
    )
    return {"unblur": unblur, "unblur-log": blurred, "unblur-gate": gated, "unblur-video": video}
