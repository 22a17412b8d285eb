"""Every network with every set of arguments, and windows for it."""

from dataclasses import dataclass, field
from functools import cache

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from vidrestore.engine.backends.layers import last_convolutions
from vidrestore.engine.base import as_tuple
from vidrestore.models.networks import MODELS
from vidrestore.models.networks.unblur import Unblur
from vidrestore.models.processor import Processor, apply
from vidrestore.models.weights.calibration import calibrate, measure

# Small variants of each network, enough to reach every branch of it.
ARGUMENTS: dict[str, list[dict[str, object]]] = {
    "aligned": [
        {"width": 8, "blocks": 1},
        {"width": 8, "blocks": 1, "alone": True},
        {"width": 8, "blocks": 1, "told": True},
    ],
    "denoiser": [{"width": 8, "blocks": 1}, {"width": 8, "blocks": 1, "fold": 1, "told": True}],
    "dbpn": [
        {"scale": 2, "stages": 2, "width": 8, "features": 16},
        {"scale": 4, "stages": 1, "width": 8, "features": 16, "skip": True},
        {"scale": 8, "stages": 2, "width": 4, "features": 8, "skip": True, "space": "luma"},
    ],
    "delta": [{"applications": 1}, {"reconstruction": "A", "applications": 1, "kernel_order": "hwt", "skip": True}],
    "edsr": [
        {"scale": 2, "blocks": 1, "width": 8},
        {"scale": 4, "blocks": 2, "width": 8, "residual_scale": 0.1, "skip": True},
        {"scale": 3, "blocks": 1, "width": 8, "skip": True, "space": "luma"},
    ],
    "espcn": [
        {"scale": 2, "layers": 4},
        {"scale": 3, "layers": 3},
        {"scale": 4, "layers": 4, "border": "zeros"},
        {"scale": 2, "layers": 3, "skip": False},
    ],
    "five-parallel": [
        {"deep_frames": (2,), "applications_2d": 1, "applications_3d": 1, "skip": True},
        {"deep_frames": (), "applications_3d": 1, "kernel_order": "hwt"},
    ],
    "fusion": [{"channels": (8, 12, 16)}],
    "gz2019": [{}],
    "mdsr": [
        {"scale": 2, "blocks": 1, "width": 8},
        {"scale": 3, "blocks": 1, "width": 8, "skip": True, "space": "luma"},
    ],
    "msresnet": [
        {"blocks": 1, "width": 0.125},
        {"blocks": 1, "width": 0.125, "up": "transpose", "pyramid": "gaussian"},
    ],
    "rife": [{"channels": (8, 8, 8)}, {"channels": (8, 8), "coarseness": 2}],
    "refinement": [
        {"scale": 2, "stages": 2, "blocks": 1, "width": 8},
        {"scale": 3, "stages": 1, "blocks": 1, "width": 8, "space": "luma"},
    ],
    "selu": [{"blocks": 1, "width": 8}, {"blocks": 2, "width": 8, "space": "luma"}],
    "sepconv": [
        {"width": 0.125, "taps": 5},
        {"width": 0.03125, "taps": 7, "local_conv": "twopass"},
        {"width": 0.03125, "taps": 5, "normalise": True},
    ],
    "srresnet": [
        {"scale": 4, "blocks": 1, "width": 8},
        {"scale": 1, "blocks": 1, "width": 8, "skip": True},
    ],
    "unblur": [
        {"channels": (8, 12, 16), "blocks": (1, 1, 1)},
        {"channels": (8, 12, 16), "blocks": (1, 1, 1), "gate": 4},
        {"channels": (8, 12, 16), "blocks": (1, 1, 1), "gate": 4, "neighbours": True},
    ],
    "wdsr": [
        {"scale": 2, "blocks": 1, "width": 8, "wide": 16},
        {"scale": 3, "blocks": 1, "width": 10, "kind": "b", "residual_scale": 0.5, "skip": True},
    ],
}
CONTRAST = {"sepconv": 0.05}
"""Standard deviation that the random weights give what leaves the core, where that is not a picture."""
ROUGHER = {"dbpn": 25.0, "delta": 35.0, "five-parallel": 35.0, "gz2019": 40.0}
"""The same where a picture itself passes many layers, not what bicubic misses of it, and random weights amplify what is
rounded; for trained ones see test_upscale_video.py. How far hangs on the CPU: dbpn keeps 28 dB on some."""


@dataclass(frozen=True)
class Case:
    name: str
    arguments: dict[str, object] = field(hash=False)

    def __str__(self) -> str:
        return "-".join([self.name, *map(str, self.arguments.values())])


CASES = [Case(name, arguments) for name, variants in ARGUMENTS.items() for arguments in variants]
CALIBRATED = ("espcn",)
"""Networks that are computed in int8 too: the ones of which manifest.rows() has ranges."""


@cache
def processor_of(case: Case) -> Processor:
    """The network with random weights that carry a picture's contrast through every layer."""
    torch.manual_seed(1)
    processor = MODELS[case.name](**case.arguments)
    for module in processor.modules():
        if isinstance(module, nn.modules.conv._ConvNd):
            nn.init.kaiming_normal_(module.weight)
            module.bias.data += 0.05 * torch.randn_like(module.bias)
    with torch.no_grad():
        core = processor.core(*processor.prepare(window_for(processor, 1, 64, 64)))
        for layer in last_convolutions(processor.core, processor.prepare(window_for(processor, 1, 64, 64))):
            usual = 0.2 if "neighbours" in case.arguments else 0.25  # of which bf16 keeps 50 dB
            layer.weight *= CONTRAST.get(case.name, usual) / as_tuple(core)[0].std()
        if case.name in CALIBRATED:
            calibrate(processor.core, measure(processor.core, [processor.prepare(window_for(processor, 4, 64, 64))]))
    return processor.eval()


def window_for(processor: Processor, batch: int, height: int, width: int) -> Tensor:
    """Smooth pictures with some noise: (B, T, C, H, W).

    Of a network that searches the whole picture for motion they are one picture that stands still: in others a tile
    would find something else.
    """
    needs = processor.needs
    t, c = needs.before + 1 + needs.after, needs.channels
    coarse = torch.rand(batch * t, c, -(-height // 8), -(-width // 8))
    smooth = F.interpolate(coarse, size=(height, width), mode="bicubic")
    window = (smooth + 0.02 * torch.randn_like(smooth)).clamp(0, 1).reshape(batch, t, c, height, width)
    if needs.blends and t > 1:
        window = window[:, :1] + 0.01 * torch.randn_like(window)
    if isinstance(processor, Unblur) and t > 1:
        window[:, -1] = torch.nan  # as at the end of a shot: else what stands still would stay
    if needs.sees_step:
        window[:, :, -1] = 20 / 255
    return window


def whole(processor: Processor, window: Tensor) -> Tensor:
    """The three steps in a row on the picture, continued by its edge to the network's multiple."""
    scale, multiple = processor.needs.scale, processor.needs.multiple
    height, width = window.shape[-2:]
    padded = F.pad(window.flatten(0, 1), (0, -width % multiple, 0, -height % multiple), mode="replicate")
    out = apply(processor, padded.unflatten(0, window.shape[:2])).detach()
    return out[..., : height * scale, : width * scale]
