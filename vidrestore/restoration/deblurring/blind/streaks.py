"""Streaks: how well each straight streak explains what the blocks of a picture show.

As in spectrum.py, but block by block: where the blur is not the same all over, a mean of all blocks shows nothing. A
block alone is rarely sure. What is kept is how well it goes with every streak, so that many blocks together can tell.
"""

from dataclasses import dataclass

import torch
from torch import Tensor

from .spectrum import FALL, starts

BLOCK = 128
"""Side of a block, whose outer parts hardly count."""
MOST = 48
"""Blocks that are looked at, those with most contrast: more take longer and tell little."""
LONGEST = 24
"""Pixels; longer streaks show no two ripples in a block."""
LOWEST, HIGHEST = 0.04, 0.3
"""Cycles per pixel that are compared."""
SMEAR = (0.9, 1.0, 1.1)
"""Lengths of the streaks in one block, which are not quite the same."""
LEVELS = 3
"""Blocks are taken for equally noisy in so many groups."""
GEOMETRIC = 0.5772
"""Euler's constant: by how much the mean logarithm of a noise's powers is below the logarithm of their mean."""


@dataclass(frozen=True, slots=True)
class Streaks:
    """B blocks, and of each how it goes with the streaks (2 * LONGEST + 1 to the right, LONGEST + 1 down)."""

    x: Tensor
    """Pixels from the picture's middle to each block's, (B,)."""
    y: Tensor
    products: Tensor
    """Of a streak's log spectrum and the block's, without what unblurred pictures differ in, (B, down, right)."""
    powers: Tensor
    """Of the streak's with itself."""
    power: float
    """Of all blocks' with themselves."""

    @classmethod
    def of(cls, grey: Tensor) -> "Streaks":
        """Of a picture (H, W), at least BLOCK pixels a side."""
        power, tops, lefts = _blocks(grey)
        down, across = (axis.expand(power.shape[1:]) for axis in _frequencies())
        frequency = across.hypot(down)
        fine = power[:, (frequency > 0.35) & (frequency < 0.5)].clamp_min(1e-12)
        noise = fine.log().mean(1).add(GEOMETRIC).exp().min()
        use = (frequency > LOWEST) & (frequency < HIGHEST) & (across > 1.5 / BLOCK) & (down.abs() > 1.5 / BLOCK)
        power, across, down = power[:, use].clamp_min(1e-12), across[use], down[use]
        busiest = (power * frequency[use].square()).sum(1).argsort(descending=True)[:MOST]
        power = power[busiest]
        plain = _plain(across, down)
        streaks = _streaks(across, down)
        seen, share = _without(plain, power.log()), noise / power.sum(1)
        products, powers = (torch.zeros(len(power), len(streaks)) for _ in range(2))
        for group in share.argsort().chunk(LEVELS):
            expected = _without(plain, (streaks + share[group].log().mean().exp()).log())
            products[group], powers[group] = seen[group] @ expected.T, expected.square().sum(1)
        shape = (len(power), LONGEST + 1, 2 * LONGEST + 1)
        middle = BLOCK / 2
        height, width = grey.shape
        return cls(
            lefts[busiest] + middle - width / 2,
            tops[busiest] + middle - height / 2,
            products.reshape(shape),
            powers.reshape(shape),
            float(seen.square().sum()),
        )

    def agreement(self, streaks: Tensor) -> Tensor:
        """How all blocks go with streaks (2, M, B), right and down: correlations (M,), -1 where they are too long."""
        right, down = torch.where(streaks[1] < 0, -streaks, streaks)
        column, row = (right + LONGEST).clamp(0, 2 * LONGEST - 1e-3), down.clamp(0, LONGEST - 1e-3)
        left, top = column.floor(), row.floor()
        wide = 2 * LONGEST + 1
        first = (torch.arange(len(self.x)) * (LONGEST + 1) + top.long()) * wide + left.long()

        def at(table: Tensor) -> Tensor:
            flat, x, y = table.reshape(-1), column - left, row - top
            upper, lower = (flat[n].lerp(flat[n + 1], x) for n in (first, first + wide))
            return upper.lerp(lower, y).sum(1)

        too_long = (right.hypot(down) > LONGEST).any(1)
        found = at(self.products) / (at(self.powers).clamp_min(1) * self.power).sqrt()
        return found.masked_fill(too_long, -1)

    @property
    def same(self) -> float:
        """The largest correlation with one streak for all blocks."""
        return float((self.products.sum(0) / (self.powers.sum(0).clamp_min(1) * self.power).sqrt()).max())


def _blocks(grey: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Power spectra (B, BLOCK, BLOCK / 2 + 1) of blocks that overlap by half; their tops and lefts (B,)."""
    places = [(top, left) for top in starts(grey.shape[0], BLOCK) for left in starts(grey.shape[1], BLOCK)]
    blocks = torch.stack([grey[top : top + BLOCK, left : left + BLOCK] for top, left in places])
    window = torch.hann_window(BLOCK)
    blocks = (blocks - blocks.mean((-1, -2), keepdim=True)) * window[:, None] * window
    tops, lefts = torch.tensor(places).T
    return torch.fft.rfft2(blocks).abs().square(), tops, lefts


def _frequencies() -> tuple[Tensor, Tensor]:
    return torch.fft.fftfreq(BLOCK)[:, None], torch.fft.rfftfreq(BLOCK)[None]


def _streaks(across: Tensor, down: Tensor) -> Tensor:
    """Power spectra of streaked pictures, each of sum 1: (streaks, N)."""
    y, x = torch.meshgrid(torch.arange(LONGEST + 1.0), torch.arange(-LONGEST, LONGEST + 1.0), indexing="ij")
    along = x.reshape(-1, 1) * across + y.reshape(-1, 1) * down
    power = sum((torch.sinc(along * length).square() for length in SMEAR), torch.zeros(()))
    power = power * across.hypot(down) ** -FALL
    return power / power.sum(1, keepdim=True)


def _plain(across: Tensor, down: Tensor) -> Tensor:
    """(N, K), orthonormal: what log spectra of unblurred pictures differ in, as in spectrum.py."""
    square = across**2 + down**2
    log = square.log() / 2
    two = [(across**2 - down**2) / square, 2 * across * down / square]
    four = [two[0] ** 2 - two[1] ** 2, 2 * two[0] * two[1]]
    differs = [torch.ones_like(log), log, *two, *four, *(t * log for t in two), square]
    found: Tensor = torch.linalg.qr(torch.stack(differs, 1).double())[0]
    return found.float()


def _without(plain: Tensor, rows: Tensor) -> Tensor:
    return rows - (rows @ plain) @ plain.T
