"""How a network works in tiles, found by cutting a picture in two: its grid, and how far each pixel looks."""

from dataclasses import dataclass
from functools import partial

import torch
import torch.nn.functional as F
from torch import Tensor

from ..processor import apply
from .network import ForeignNetwork

SIDE = 192
"""Rows of the trial picture: a network that looks farther than half of it is not measured to the end."""
WIDTH = 32
MULTIPLES = (1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 64, 96)
"""Of which SIDE is a multiple."""
EXACT = 1e-5
"""White is 1: what tiles of different sizes differ by anyway, since sums are added up in another order."""
HALF_A_CODE = 0.5 / 255
STATED_HALO = 32
"""For a network in which each pixel depends on the whole picture: where the seams of tiles are small as a rule."""
FARTHEST = 64
"""A halo that costs too much to keep to what no picture shows."""


@dataclass(frozen=True, slots=True)
class Tiles:
    """How a network works in tiles: as `Needs` and `ForeignNetwork` have it."""

    grid: int
    halo: int
    seam: float
    blends: bool = False


def tiles_of(network: ForeignNetwork) -> Tiles:
    """The grid it works on is the first on which tiles agree with the whole."""
    least = network.needs.multiple
    whole = {turned: _restored(network, turned) for turned in (False, True)}
    grids = [grid for grid in MULTIPLES if grid % least == 0]
    for grid in grids:
        seams = torch.stack([_seams(network, grid, turned, whole[turned]) for turned in (False, True)]).amax(0)
        if seams[-1] <= HALF_A_CODE:
            return _with_halo(network, grid, seams, whole)
    seams = torch.stack([_seams(network, least, turned, whole[turned]) for turned in (False, True)]).amax(0)
    halo = min(STATED_HALO, len(seams) - 1)
    return Tiles(least, halo, float(seams[halo]), blends=True)


def _with_halo(network: ForeignNetwork, grid: int, seams: Tensor, whole: dict[bool, Tensor]) -> Tiles:
    """Either all that a pixel depends on, or as much of it as is seen where that is too much."""
    halo = FARTHEST + 1 if seams[min(FARTHEST, len(seams) - 1)] > EXACT else _reach(network, grid, whole)
    if halo > FARTHEST:
        seen = int((seams > HALF_A_CODE).sum())
        halo = max(FARTHEST // 2, -(-5 * seen // 4))  # what one picture shows, and a quarter more for others
    seam = float(seams[min(halo, len(seams) - 1)])
    return Tiles(grid, halo, seam if seam > EXACT else 0.0)


def _seams(network: ForeignNetwork, grid: int, turned: bool, whole: Tensor) -> Tensor:
    """How much a cut through the picture changes, at most, at each distance from it or farther away."""
    cut = _odd_multiple(grid)
    picture = trial_picture(network, turned)
    scale, dim = network.needs.scale, -1 if turned else -2
    rest = picture.shape[dim] - cut
    before = apply(network, picture.narrow(dim, 0, cut)) - whole.narrow(dim, 0, scale * cut)
    after = apply(network, picture.narrow(dim, cut, rest)) - whole.narrow(dim, scale * cut, scale * rest)
    parts = (_by_distance(part, dim, scale) for part in (before.flip(dim), after))
    length = min(cut, rest)
    return torch.stack([part[:length] for part in parts]).amax(0).flip(0).cummax(0).values.flip(0)


def _odd_multiple(grid: int) -> int:
    """Near the middle, and no multiple of twice the grid."""
    return grid * ((SIDE // 2 // grid - 1) // 2 * 2 + 1)


def _by_distance(difference: Tensor, dim: int, scale: int) -> Tensor:
    rows = difference.abs().movedim(dim, 0).flatten(1).amax(1)
    return rows.view(-1, scale).amax(1)


def _reach(network: ForeignNetwork, grid: int, whole: dict[bool, Tensor]) -> int:
    """How far from an edge that tiles have what lies beyond it matters: other numbers there change all they touch."""
    cut, scale = _odd_multiple(grid), network.needs.scale
    farthest = 0
    for turned, beyond in ((False, False), (False, True), (True, False), (True, True)):
        dim = -1 if turned else -2
        picture = trial_picture(network, turned).clone()
        part = picture.narrow(dim, *((cut, picture.shape[dim] - cut) if beyond else (0, cut)))
        for other in (torch.full_like(part, float("nan")), (part < 0.5).float()):
            part.copy_(other)
            made = apply(network, picture)
            near = made.narrow(dim, *((0, scale * cut) if beyond else (scale * cut, made.shape[dim] - scale * cut)))
            same = whole[turned].narrow(dim, 0 if beyond else scale * cut, near.shape[dim])
            farthest = max(farthest, int(_by_distance((near != same).float(), dim, scale).sum()))
            if near.isnan().any():  # some runtimes lose it on the way, as the larger of it and 0
                break
    return farthest


def _restored(network: ForeignNetwork, turned: bool) -> Tensor:
    return apply(network, trial_picture(network, turned))


def trial_picture(network: ForeignNetwork, turned: bool) -> Tensor:
    """(1, 1, 3, SIDE, at least WIDTH): soft shapes with hard edges, a little noise, in the colours of a picture."""
    width = -(-max(WIDTH, network.minimum) // network.needs.multiple) * network.needs.multiple
    random = partial(torch.rand, generator=torch.Generator().manual_seed(1))
    soft = F.interpolate(random(1, 3, SIDE // 8, width // 8 + 1), size=(SIDE, width), mode="bicubic")
    edges = F.interpolate(random(1, 1, SIDE // 16, width // 16 + 1), size=(SIDE, width), mode="nearest")
    picture = (0.6 * soft + 0.3 * edges.round() + 0.04 * random(1, 3, SIDE, width)).clamp(0, 1)[:, None]
    return picture.mT.contiguous() if turned else picture
