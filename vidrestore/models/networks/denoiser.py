"""Denoiser: removes noise from five frames that move, at the same size.

A small network of our own. Plain arithmetic moves the neighbours onto the middle frame (kernels/motion) and removes the
noise of all five at once (kernels/dct), as if it were weak, stronger and very strong. The network, which sees pixels
folded into channels as FFDNet does (Zhang et al. 2018), says what of that is to be seen where, and corrects it.
"""

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from ..kernels.dct import without_noise
from ..kernels.dct_reference import HALO as PATCH_HALO
from ..kernels.motion import compare, motion
from ..kernels.motion_reference import HALO, MULTIPLE, activity, between, doubled, halved
from ..processor import Needs
from .aligned import MIDDLE, NEIGHBOURS, Residual
from .cleaner import NEWS

SIGMAS = (3.5, 6, 10.5, 18, 30, 52)
"""Standard deviations of luma's noise in 8-bit steps."""
LIKE_ACTIVITY = 2**0.5
"""How much more two frames with noise differ than a frame and its own mean."""
FOLD = 2
"""Pixels each way that become channels of one."""


class Mix(nn.Module):
    """Which of `count` denoised pictures to show where, and what to correct.

    Args:
        width: channels.
        blocks: pairs of convolutions, each with a skip.
    """

    def __init__(self, count: int, width: int, blocks: int) -> None:
        super().__init__()
        self.count = count
        last = nn.Conv2d(width, (count + 5) * FOLD**2, 3, padding=1)
        nn.init.zeros_(last.weight)
        nn.init.zeros_(last.bias)  # type: ignore[arg-type]
        seen = 3 + count + 2 + len(NEIGHBOURS) + 1
        self.body = nn.Sequential(
            nn.PixelUnshuffle(FOLD),
            nn.Conv2d(seen * FOLD**2, width, 3, padding=1),
            nn.ReLU(),
            *(Residual(width) for _ in range(blocks)),
            last,
            nn.PixelShuffle(FOLD),
        )

    def forward(self, seen: Tensor) -> Tensor:
        """What `prepare` gives -> (B, 3, H, W): what is added to the middle frame."""
        count = self.count
        lumas, chromas = seen[:, 3 : 3 + count] / NEWS, seen[:, 3 + count : 5 + count] / NEWS
        made = self.body(seen)
        luma = (torch.softmax(made[:, : count + 1], 1)[:, 1:] * lumas).sum(1, keepdim=True)
        chroma = torch.sigmoid(made[:, count + 1 : count + 2]) * chromas
        out: Tensor = torch.cat((luma, chroma), 1) + made[:, count + 2 :]
        return out


class Denoiser(nn.Module):
    """The middle one of five frames without its noise, luma and chroma.

    Args:
        width: channels.
        blocks: pairs of convolutions, each with a skip.
        sigmas: standard deviations of noise that is removed beforehand, in 8-bit steps.
    """

    def __init__(self, width: int = 48, blocks: int = 5, sigmas: Sequence[float] = SIGMAS) -> None:
        super().__init__()
        self.core = Mix(len(sigmas), width, blocks)
        self.sigmas = [sigma / 255 for sigma in sigmas]
        halo = 2 * HALO + 1 + PATCH_HALO + FOLD * (2 + 2 * blocks)
        self.needs = Needs(
            before=MIDDLE, after=MIDDLE, space="yuv", halo=halo, multiple=2 * MULTIPLE, marks_absent=True
        )

    def prepare(self, window: Tensor) -> tuple[Tensor, ...]:
        """(B, 5, 3, H, W) -> (B, 10 + len(sigmas), H, W).

        The middle frame, how far its denoised luma and the mean chroma of all frames differ from it, how badly each
        neighbour fits, and how much goes on in the middle frame. What is NaN is not there.
        """
        present = ~window[:, :, 0, 0, 0].isnan()
        window = torch.where(present[:, :, None, None, None], window, window[:, MIDDLE, None])
        luma, chroma = window[:, :, 0], window[:, MIDDLE, 1:]
        middle, others = luma[:, MIDDLE, None], luma[:, NEIGHBOURS]
        y, x = (2 * doubled(way) for way in motion(halved(middle), halved(others)))
        news, differs = compare(middle, others, y, x)
        still = torch.cat((middle + news[:, :MIDDLE], middle, middle + news[:, MIDDLE:]), 1)
        lumas = self._without_noise(still, present) - middle
        moved = torch.stack([between(window[:, NEIGHBOURS, plane], y, x) for plane in (1, 2)], 1)
        counted = present[:, None, NEIGHBOURS, None, None]
        chromas = ((moved - chroma[:, :, None]) * counted).sum(2) / (1 + counted.sum(2))
        active = activity(middle)
        # A frame that is not there fits as those that are; of one picture alone, as another with the same noise would.
        known = (differs * counted[:, 0]).sum(1, keepdim=True) / counted[:, 0].sum(1, keepdim=True)
        differs = torch.where(counted[:, 0], differs, torch.where(known.isnan(), LIKE_ACTIVITY * active, known))
        seen = (middle - 0.5, chroma, NEWS * lumas, NEWS * chromas, NEWS * differs, NEWS * active)
        return (torch.cat(seen, 1),)

    def _without_noise(self, still: Tensor, present: Tensor) -> Tensor:
        """(B, 5, H, W) -> (B, len(sigmas), H, W), of those frames alone that are there."""
        made = []
        for frames, there in zip(still, present.tolist(), strict=True):
            middle = sum(there[:MIDDLE])
            made.append(without_noise(frames[None, there], middle, self.sigmas))
        return torch.cat(made)

    def finish(self, window: Tensor, *core_out: Tensor) -> Tensor:
        """Changes (B, 3, H, W) -> (B, 1, 3, H, W), added to the middle frame."""
        return (window[:, MIDDLE] + core_out[0].float())[:, None]
