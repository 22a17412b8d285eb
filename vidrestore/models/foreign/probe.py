"""What a network of pictures is like, found by running it: scale, sizes it takes, and how far each pixel looks."""

import hashlib
import json
import math
from collections.abc import Callable
from dataclasses import asdict, dataclass
from functools import lru_cache
from pathlib import Path
from typing import Annotated

import torch
from annotated_types import Interval
from torch import nn

from ...base.cache import cached, code_of
from ...base.schema import read_json
from ...errors import ModelError
from ..processor import Needs, apply
from .network import ForeignNetwork
from .tiles import MULTIPLES, SIDE, tiles_of, trial_picture

Sizes = Callable[[int, int], tuple[int, ...]]
"""Height and width of what goes in -> the shape of what comes out. ModelError: it takes no such picture."""

Small = Annotated[int, Interval(ge=0, le=4096)]
SCALES = range(1, 17)
SAME = 200.0
"""dB of two results between which there is no difference."""


@dataclass(frozen=True, slots=True)
class Measured:
    """What was found of a network, as it is kept between two runs."""

    scale: Small
    halo: Small
    multiple: Small
    border: Small
    blends: bool
    seam: float
    bf16: float


def as_processor(
    core: nn.Module, sizes: Sizes, *, file: str | None = None, multiple: int = 1, minimum: int = 0
) -> ForeignNetwork:
    """The network with its needs, measured; what was measured of a file before is not measured again.

    Args:
        sizes: what it makes of pictures, or says that it would.
        file: the sha256 of what it comes from; None: of nothing that could come again.
        multiple: at least this.
        minimum: pixels that it needs, across and down.

    Raises:
        ModelError: it makes no RGB picture of an RGB picture, or works at one size only.
    """

    def measure() -> bytes:
        return json.dumps(asdict(_measure(core, sizes, multiple, minimum))).encode()

    key = None if file is None else hashlib.sha256(f"{file} {torch.__version__} {_code()}".encode()).hexdigest()
    try:
        found = read_json(Measured, cached(key, measure))
    except ValueError:  # a whole entry whose content is something else
        found = read_json(Measured, cached(key, measure, anew=True))
    needs = Needs(scale=found.scale, halo=found.halo, multiple=found.multiple, blends=found.blends)
    network = ForeignNetwork(core, needs, border=found.border, minimum=minimum, seam=found.seam, bf16=found.bf16)
    return network.eval().requires_grad_(False)


@lru_cache(maxsize=1)
def _code() -> str:
    return code_of(Path(__file__).parent).hex()


def _measure(core: nn.Module, sizes: Sizes, multiple: int, minimum: int) -> Measured:
    scale, border = _scale(sizes)
    multiple = _multiple(sizes, scale, border, multiple)
    network = ForeignNetwork(core, Needs(scale=scale, multiple=multiple), border=border, minimum=minimum)
    network.eval().requires_grad_(False)
    with torch.inference_mode():
        _check_values(network)
        bf16 = _bf16(network)
        tiles = tiles_of(network)
    return Measured(scale, tiles.halo, tiles.grid, border, tiles.blends, tiles.seam, bf16)


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
    return -10 * math.log10(error) if error else SAME
