"""Denoiser: removes noise, or what encoders leave, from five frames that move, at the same size.

A small network of our own. The neighbours are moved onto the middle frame (kernels/inverse_search), and the noise of
all five is removed at once (kernels/dct), as if it were weak, stronger and very strong. The network says what of that
is to be seen where, and corrects it. For noise pixels are folded into channels, as FFDNet does (Zhang et al. 2018).
For compression it is told the step of the encoder's quantiser, so that it need not guess how strong is right.
"""

from collections.abc import Sequence
from math import lcm

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ..kernels.dct_reference import HALO as PATCH_HALO
from ..kernels.fine_chroma import coarse, fine_axes, noise_of_detail
from ..kernels.inverse_search import HALO, moved, search
from ..kernels.motion_reference import activity, local_mean
from ..processor import Needs
from .aligned import Residual
from .five_frames import CODES, MIDDLE, NEIGHBOURS, OF_STEP, denoised, filled, levels, sigmas_of

NEWS = 4.0
"""Factor that brings differences of frames to the size of the picture itself."""
SIGMAS = (3.5, 6, 10.5, 18, 30, 52)
"""Standard deviations of luma's noise in 8-bit steps."""
LIKE_ACTIVITY = 2**0.5
"""How much more two frames with noise differ than a frame and its own mean."""


class Mix(nn.Module):
    """Which of `count` denoised pictures to show where, and what to correct.

    Args:
        width: channels.
        blocks: pairs of convolutions, each with a skip.
        fold: pixels each way that become channels of one.
        more: planes that are seen beside those of every picture.
    """

    def __init__(self, count: int, width: int, blocks: int, *, fold: int, more: int) -> None:
        super().__init__()
        self.count = count
        last = nn.Conv2d(width, (count + 5) * fold**2, 3, padding=1)
        nn.init.zeros_(last.weight)
        nn.init.zeros_(last.bias)  # type: ignore[arg-type]
        seen = 3 + count + 2 + len(NEIGHBOURS) + 1 + more
        self.body = nn.Sequential(
            nn.PixelUnshuffle(fold),
            nn.Conv2d(seen * fold**2, width, 3, padding=1),
            nn.ReLU(),
            *(Residual(width) for _ in range(blocks)),
            last,
            nn.PixelShuffle(fold),
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
        fold: pixels each way that become channels of one.
        told: the step of the quantiser is known, and `sigmas` are shares of it.
        sigmas: standard deviations of noise that is removed beforehand, in 8-bit steps.
    """

    def __init__(
        self,
        width: int = 48,
        blocks: int = 5,
        *,
        fold: int = 2,
        told: bool = False,
        sigmas: Sequence[float] | None = None,
    ) -> None:
        super().__init__()
        self.told = told
        self.sigmas = tuple(sigmas or (OF_STEP if told else SIGMAS))
        more = 2 * len(NEIGHBOURS) + 1 if told else 0
        self.core = Mix(len(self.sigmas), width, blocks, fold=fold, more=more)
        halo = HALO + PATCH_HALO + fold * (2 + 2 * blocks)
        self.needs = Needs(
            before=MIDDLE,
            after=MIDDLE,
            space="yuv",
            halo=-(-halo // fold) * fold,
            blends=True,
            multiple=lcm(2, fold),
            marks_absent=True,
            sees_step=told,
        )

    def prepare(self, window: Tensor) -> tuple[Tensor, ...]:
        """(B, 5, 3 or 4, H, W) -> (B, 10 + len(sigmas) or 9 more, H, W).

        The middle frame, how far its denoised luma and the mean chroma of all frames differ from it, how badly each
        neighbour fits, and how much goes on in the middle frame. Told the step: also what each neighbour adds, the
        level of the middle frame, and how far those of the others differ. What is NaN is not there.
        """
        window, present = filled(window)
        if axes := fine_axes(window[:, MIDDLE, 1:3]):
            window = torch.cat((window[:, :, :1], coarse(window[:, :, 1:3], axes), window[:, :, 3:]), 2)
        middle, counted = window[:, MIDDLE, :1], present[:, NEIGHBOURS, None, None, None]
        # A frame that is not there adds nothing.
        others, (y, x) = window[:, NEIGHBOURS, :3], search(middle, window[:, NEIGHBOURS, 0])
        news = moved(others, y, x).sub_(window[:, MIDDLE, None, :3]).mul_(counted)
        differs, active = local_mean(news[:, :, 0].abs()), activity(middle)
        chromas = news[:, :, 1:].sum(1) / (1 + counted.sum(1))
        differs = _as_if_there(differs, active, counted[:, :, 0])
        steps = window[:, :, 3, 0, 0] if self.told else None
        sigmas = [[sigma / CODES for sigma in self.sigmas]] * len(window)
        lumas = denoised(middle, news[:, :, 0], present, sigmas if steps is None else sigmas_of(steps, self.sigmas))
        seen = [middle - 0.5, window[:, MIDDLE, 1:3], NEWS * lumas, NEWS * chromas, NEWS * differs, NEWS * active]
        if steps is not None:
            seen += [NEWS * news[:, :, 0], levels(steps, middle)]
        return (torch.cat(seen, 1),)

    def finish(self, window: Tensor, *core_out: Tensor) -> Tensor:
        """Changes (B, 3, H, W) -> (B, 1, 3, H, W), added to the middle frame."""
        middle, change = window[:, MIDDLE, :3], core_out[0].float()
        fine = noise_of_detail(middle[:, 1:], change[:, 1:])
        return (middle + change - F.pad(fine, (0, 0, 0, 0, 1, 0)))[:, None]


def _as_if_there(differs: Tensor, active: Tensor, counted: Tensor) -> Tensor:
    """How badly neighbours fit; one that is not there as those that are, of one picture alone as another with the same
    noise would."""
    known = (differs * counted).sum(1, keepdim=True) / counted.sum(1, keepdim=True)
    return torch.where(counted, differs, torch.where(known.isnan(), LIKE_ACTIVITY * active, known))
