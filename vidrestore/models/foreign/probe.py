"""What a network of pictures is like, found by running it: scale, sizes it takes, and how far each pixel looks."""

import math
from collections.abc import Callable
from dataclasses import replace
from functools import partial

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ...errors import ModelError
from ..processor import Needs, apply
from .network import ForeignNetwork

Sizes = Callable[[int, int], tuple[int, ...]]
"""Height and width of what goes in -> the shape of what comes out. ModelError: it takes no such picture."""

SIDE = 192
"""Rows of the trial picture: a network that looks farther than half of it is not measured to the end."""
WIDTH = 32
SCALES = range(1, 17)
MULTIPLES = (1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 64, 96)
"""Of which SIDE is a multiple."""
EXACT = 1e-5
"""White is 1: what tiles of different sizes differ by anyway, since sums are added up in another order."""
HALF_A_CODE = 0.5 / 255
STATED_HALO = 32
"""For a network in which each pixel depends on the whole picture: where the seams of tiles are small as a rule."""
LOUD = 1e4
"""So that what it touches is changed even after many layers."""
FARTHEST = 64
"""A halo that costs too much to keep to what no picture shows."""


def as_processor(core: nn.Module, sizes: Sizes, *, multiple: int = 1, minimum: int = 0) -> ForeignNetwork:
    """The network with its needs, measured.

    Args:
        sizes: what it makes of pictures, or says that it would.
        multiple: at least this.
        minimum: pixels that it needs, across and down.

    Raises:
        ModelError: it makes no RGB picture of an RGB picture, or works at one size only.
    """
    scale, border = _scale(sizes)
    multiple = _multiple(sizes, scale, border, multiple)
    network = ForeignNetwork(core, Needs(scale=scale, multiple=multiple), border=border, minimum=minimum)
    network.eval().requires_grad_(False)
    with torch.inference_mode():
        _check_values(network)
        network.bf16 = _bf16(network)
        return _measured(network)


def _scale(sizes: Sizes) -> tuple[int, int]:
    """Scale, and the border in input pixels."""
    small, large = sizes(SIDE, SIDE), sizes(SIDE + SIDE // 2, SIDE + SIDE // 2)
    for shape in (small, large):
        if len(shape) != 4:
            raise ModelError("makes no picture: it is for another task")
        if shape[1] != 3:
            raise ModelError(f"makes {shape[1]} channels; networks that make RGB pictures run here")
    growth = [2 * (b - a) / SIDE for a, b in zip(small[2:], large[2:], strict=True)]
    scale = int(growth[0])
    missing = scale * SIDE - small[2]
    if growth != [scale, scale] or scale not in SCALES or small[2] != small[3] or missing < 0 or missing % (2 * scale):
        raise ModelError(
            f"makes {small[3]}x{small[2]} of {SIDE}x{SIDE} pixels and {large[3]}x{large[2]} of half as many more; "
            "networks that enlarge by a whole factor run here"
        )
    return scale, missing // (2 * scale)


def _multiple(sizes: Sizes, scale: int, border: int, least: int) -> int:
    for multiple in MULTIPLES:
        size = SIDE + multiple
        if multiple % least == 0 and _fits(sizes, size, scale * size, 2 * border):
            return multiple
    raise ModelError(f"takes pictures of {SIDE} pixels, but not of some more: it works at one size only")


def _fits(sizes: Sizes, size: int, made: int, more: int) -> bool:
    try:
        return sizes(size + more, SIDE + more)[2] == made
    except ModelError:
        return False


def _check_values(network: ForeignNetwork) -> None:
    """A grey picture stays about as grey: else its numbers are not of [0, 1], or not of a picture."""
    level, side, scale = 0.5, SIDE // 2, network.needs.scale
    try:
        out = apply(network, torch.full((2, 1, 3, side, side), level))
    except (RuntimeError, ValueError, TypeError, IndexError) as error:
        reason = " ".join(str(error).split())[:200]
        raise ModelError(f"does not take pictures of {side}x{side} pixels: {reason}") from error
    if out.shape != (2, 1, 3, scale * side, scale * side):
        raise ModelError(f"makes {tuple(out.shape)} of two pictures of {side}x{side} pixels, not x{scale}")
    if not out.isfinite().all():
        raise ModelError("makes numbers that are none of a grey picture")
    found = float(out.median())
    if abs(found - level) > 0.3:
        raise ModelError(f"makes {found:.3g} of a grey of {level}; networks of RGB in [0, 1] run here")


def _bf16(network: ForeignNetwork) -> float:
    """dB between what it makes in bf16 and in fp32, with white at 1."""
    picture = trial_picture(network, turned=False)[..., : SIDE // 2, :]
    exact = apply(network, picture)
    with torch.autocast("cpu", torch.bfloat16):
        rounded = apply(network, picture)
    error = float((rounded - exact).square().mean())
    return -10 * math.log10(error) if error else math.inf


def _measured(network: ForeignNetwork) -> ForeignNetwork:
    """With halo, multiple and seam: the grid it works on is the first on which tiles agree with the whole."""
    least = network.needs.multiple
    whole = {turned: _restored(network, turned) for turned in (False, True)}
    grids = [grid for grid in MULTIPLES if grid % least == 0]
    for grid in grids:
        seams = torch.stack([_seams(network, grid, turned, whole[turned]) for turned in (False, True)]).amax(0)
        if seams[-1] <= HALF_A_CODE:
            return _with_halo(network, grid, seams, whole)
    seams = torch.stack([_seams(network, least, turned, whole[turned]) for turned in (False, True)]).amax(0)
    halo = min(STATED_HALO, len(seams) - 1)
    return _with(network, multiple=least, halo=halo, seam=float(seams[halo]))


def _with_halo(network: ForeignNetwork, grid: int, seams: Tensor, whole: dict[bool, Tensor]) -> ForeignNetwork:
    """Either all that a pixel depends on, or as much of it as is seen where that is too much."""
    halo = FARTHEST + 1 if seams[min(FARTHEST, len(seams) - 1)] > EXACT else _reach(network, grid, whole)
    if halo > FARTHEST:
        seen = int((seams > HALF_A_CODE).sum())
        halo = max(FARTHEST // 2, -(-5 * seen // 4))  # what one picture shows, and a quarter more for others
    seam = float(seams[min(halo, len(seams) - 1)])
    return _with(network, multiple=grid, halo=halo, seam=seam if seam > EXACT else 0.0)


def _with(network: ForeignNetwork, *, multiple: int, halo: int, seam: float) -> ForeignNetwork:
    needs = replace(network.needs, multiple=multiple, halo=halo)
    same = {"border": network.border, "minimum": network.minimum}
    return ForeignNetwork(network.core, needs, **same, seam=seam, bf16=network.bf16).eval().requires_grad_(False)


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
        part.fill_(float("nan"))
        made = apply(network, picture)
        if not made.isnan().any():  # a runtime that takes the larger of that and 0 for 0
            part.fill_(LOUD)
            made = apply(network, picture)
        touched = _by_distance((made != whole[turned]).float(), dim, scale)
        inside = touched[:cut].flip(0) if beyond else touched[cut:]
        farthest = max(farthest, int(inside.sum()))
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
