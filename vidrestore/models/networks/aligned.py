"""Aligned: super-resolution of luma from five frames that move.

A small network of our own. A video network whose frames are not aligned has to find the motion in its convolutions,
which those of document 002 cannot beyond a pixel or two. Here motion comes from plain arithmetic (kernels/motion), and
the network sees what each neighbour adds: the neighbour's own sample, not an interpolated one, less what the middle
frame, enlarged by bicubic, expects at that very place between its pixels. That is the classical back-projection of
multi-frame super-resolution (Irani and Peleg 1991), with a network in place of its fixed kernel.
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ...frame.resize import upsample
from ..kernels import inverse_search
from ..kernels.dct_reference import HALO as PATCH_HALO
from ..kernels.motion import by_kernels, compare, motion
from ..kernels.motion_reference import HALO, MULTIPLE, WINDOW, activity, gather, local_mean
from ..processor import Needs
from .espcn import Espcn
from .five_frames import MIDDLE, NEIGHBOURS, OF_STEP, denoised, filled, levels, sigmas_of

EDGE = 5
"""Pixels that ESPCN looks at on each side."""
NEWS, PLACE, DENOISED = 8.0, 2.0, 4.0
"""Factors that bring what a neighbour adds, where between the pixels, and what denoising changes, to the size of the
picture itself."""
FAILED, LEVELS, FEWER_LEVELS = 0.6, 4 / 255, 2 / 255
"""A match is half trusted where its mismatch is activity * FAILED + LEVELS, and not at all from 1.5 times that on. The
fewer levels are for clean video, where mismatch is no noise."""
ENOUGH = 1.5
"""Matches that are trusted, in sum: with fewer the frame is looked at alone."""


class Aligned(nn.Module):
    """Twice the size, from a window of five frames.

    Args:
        width: channels.
        blocks: pairs of convolutions, each with a skip.
        told: for compressed video, the step of whose quantiser is known. Motion is smooth (kernels/inverse_search), and
            what does not match is left out. The network also sees how well each neighbour matches, and the frame
            without what such a step leaves (kernels/dct).
        alone: what does not match is left out, and where hardly anything matches, as in fine patterns that repeat, an
            ESPCN beside this network looks at the frame alone.
    """

    def __init__(self, width: int = 64, blocks: int = 4, *, alone: bool = False, told: bool = False) -> None:
        super().__init__()
        self.alone, self.told = alone, told
        planes = 1 + 6 * len(NEIGHBOURS)
        more = len(NEIGHBOURS) + 1 + len(OF_STEP) + 1 + len(NEIGHBOURS) if told else 0
        several = nn.Sequential(
            nn.Conv2d(planes + more, width, 3, padding=1),
            nn.ReLU(),
            *(Residual(width) for _ in range(blocks)),
            nn.Conv2d(width, 4 + (len(OF_STEP) + 1 if told else 0), 3, padding=1),
        )
        last = several[-1]
        nn.init.zeros_(last.weight)  # type: ignore[arg-type]
        nn.init.zeros_(last.bias)  # type: ignore[arg-type]  # training starts at bicubic
        self.core: nn.Module = _WithDenoised(several) if told else _WithAlone(several) if alone else several
        beyond = 2 * WINDOW * (told or alone) + WINDOW * alone
        beyond += inverse_search.HALO + PATCH_HALO if told else HALO
        self.needs = Needs(
            before=MIDDLE,
            after=MIDDLE,
            space="luma",
            scale=2,
            halo=beyond + 2 + 2 * blocks,
            blends=told,
            multiple=2 if told else MULTIPLE,
            marks_absent=told,
            sees_step=told,
        )

    def prepare(self, window: Tensor) -> tuple[Tensor, ...]:
        """(B, 5, 1 or 2, H, W) -> (B, 25 or 38, H, W): the middle frame, what each other adds, and where that lies.

        Told the step also what `_told` says; for a look at the frame alone the frame itself, with its edge continued,
        and the share of that look.
        """
        if self.told:
            return (self._told(*filled(window)),)
        frames = window[:, :, 0]
        middle, others = frames[:, MIDDLE, None], frames[:, NEIGHBOURS]
        y, x = motion(middle, others)
        facts = _facts_of(middle, others, y, x)
        if not self.alone:
            return (facts,)
        (_, differs), active = compare(middle, others, y, x), activity(middle)
        trust = _trust(differs, active, FEWER_LEVELS)
        share = local_mean((trust.sum(1, keepdim=True) < ENOUGH).float())
        return _trusted(facts, trust), F.pad(middle, (EDGE,) * 4, mode="replicate"), share

    def _told(self, window: Tensor, present: Tensor) -> Tensor:
        """(B, 38, H, W).

        Beside the facts how far each other differs, how much goes on in the middle frame, that frame without what its
        step leaves, less itself, and the levels.
        """
        frames, steps = window[:, :, 0], window[:, :, 1, 0, 0]
        middle, others = frames[:, MIDDLE, None], frames[:, NEIGHBOURS]
        y, x = inverse_search.search(middle, others)
        news = inverse_search.moved(others[:, :, None], y, x)[:, :, 0] - middle
        differs, active = local_mean(news.abs()), activity(middle)
        lumas = denoised(middle, news, present, sigmas_of(steps))
        more = (NEWS * differs, NEWS * active, DENOISED * lumas, levels(steps, middle))
        count = sum(planes.shape[1] for planes in more)
        seen = _trusted(_facts_of(middle, others, y, x, more=count), _trust(differs, active, LEVELS))
        seen[:, -count:] = torch.cat(more, 1)
        return seen

    def finish(self, window: Tensor, *core_out: Tensor) -> Tensor:
        """Sub-pixels (B, 4, H, W) -> (B, 1, 1, 2H, 2W), added to the middle frame's bicubic enlargement.

        Where the network was told the step, the frame is changed before by what else it gives, (B, 1, H, W).
        """
        middle = window[:, MIDDLE, :1]
        if self.told:
            middle = middle + core_out[1].float()
        return (F.pixel_shuffle(core_out[0].float(), 2) + upsample(middle, 2))[:, None]


class _WithAlone(nn.Module):
    def __init__(self, several: nn.Module) -> None:
        super().__init__()
        self.several, self.single = several, Espcn(2).core

    def forward(self, facts: Tensor, picture: Tensor, share: Tensor) -> Tensor:
        """Sub-pixels (B, 4, H, W), a share of them (B, 1, H, W) from the picture alone."""
        several: Tensor = self.several(facts)
        single: Tensor = self.single(picture)
        return several + share * (single - several)


class _WithDenoised(nn.Module):
    def __init__(self, several: nn.Module) -> None:
        super().__init__()
        self.several = several

    def forward(self, seen: Tensor) -> tuple[Tensor, Tensor]:
        """Sub-pixels (B, 4, H, W), and how the frame is changed before, (B, 1, H, W)."""
        made: Tensor = self.several(seen)
        begin = 1 + 7 * len(NEIGHBOURS) + 1
        lumas = seen[:, begin : begin + len(OF_STEP)] / DENOISED
        return made[:, :4], (torch.softmax(made[:, 4:], 1)[:, 1:] * lumas).sum(1, keepdim=True)


class Residual(nn.Module):
    """Two convolutions with a skip, which at first change little."""

    def __init__(self, width: int) -> None:
        super().__init__()
        last = nn.Conv2d(width, width, 3, padding=1)
        with torch.no_grad():
            last.weight.mul_(0.1)
        self.body = nn.Sequential(nn.Conv2d(width, width, 3, padding=1), nn.ReLU(), last)

    def forward(self, x: Tensor) -> Tensor:
        """(B, width, H, W) twice."""
        out: Tensor = x + self.body(x)
        return out


def _facts_of(middle: Tensor, others: Tensor, y: Tensor, x: Tensor, *, more: int = 0) -> Tensor:
    """The facts, and room for more planes behind them: many planes are not copied to be put beside few."""
    if by_kernels(middle, others, y, x):
        from ..kernels import motion_cpu  # 0.5 s

        return motion_cpu.facts(middle, others, y, x, news=NEWS, place=PLACE, more=more)
    return F.pad(_facts(middle, others, y, x), (0, 0, 0, 0, 0, more))


def _facts(middle: Tensor, others: Tensor, y: Tensor, x: Tensor) -> Tensor:
    """What the network sees, given where the neighbours show each pixel of the middle frame."""
    row, column = y.round(), x.round()
    # The neighbour's sample nearest to where a pixel has gone lies `down` and `right` of the pixel itself.
    down, right = row - y, column - x
    news = NEWS * (gather(others, row, column) - _shifted(middle, down, right))
    down, right = PLACE * down, PLACE * right
    return torch.cat((middle - 0.5, news, news * down, news * right, news * down * right, down, right), 1)


def _trust(differs: Tensor, active: Tensor, levels: float) -> Tensor:
    """How far each neighbour is trusted, 0 to 1."""
    return (1.5 - differs / (FAILED * active + levels)).clamp(0, 1)


def _trusted(facts: Tensor, trust: Tensor) -> Tensor:
    """The facts, in which what neighbours add is scaled by how far each is trusted; in place, for it is much memory."""
    news = facts[:, 1 : 1 + 4 * len(NEIGHBOURS)]
    news.view(len(news), 4, -1, *news.shape[2:]).mul_(trust[:, None])
    return facts


def _shifted(picture: Tensor, down: Tensor, right: Tensor) -> Tensor:
    """What a bicubic enlargement of `picture` (B, 1, H, W) shows at most half a pixel away, (B, N, H, W)."""
    height, width = picture.shape[-2:]
    padded = F.pad(picture, (2,) * 4, mode="replicate")
    out = torch.zeros_like(down)
    across = _cubic(right)
    for y, weight in enumerate(_cubic(down)):
        row = torch.zeros_like(down)
        for x, share in enumerate(across):
            row = row + share * padded[..., y : y + height, x : x + width]
        out = out + weight * row
    return out


def _cubic(at: Tensor) -> list[Tensor]:
    """Weights of the pixels at -2 to 2 for a place from -0.5 to 0.5: Keys' cubic convolution, a = -0.5."""
    near, is_after = at.abs(), at >= 0
    half = near / 2
    towards = half * (1 + near * (4 - 3 * near))
    against = -half * (1 - near) * (1 - near)
    beyond = -half * near * (1 - near)
    here = 1 - towards - against - beyond
    none = torch.zeros_like(at)
    return [
        torch.where(is_after, none, beyond),
        torch.where(is_after, against, towards),
        here,
        torch.where(is_after, towards, against),
        torch.where(is_after, beyond, none),
    ]
