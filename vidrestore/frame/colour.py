"""Between code values and what networks see: matrix, range, depth and chroma siting, as pure tensor functions.

Everything is linear and in float32, nothing is clipped before `quantise`, so a network that changes nothing gives
back the code values it was given. Formulas: ITU-R BT.601, BT.709, BT.2020; ITU-T H.273 for the rest.
"""

from dataclasses import replace
from functools import lru_cache

import torch
import torch.nn.functional as F
from torch import Tensor

from .frame import Colour, Matrix, Planes
from .resize import fit, upsample

# Weights of red and blue in luma.
LUMA: dict[Matrix, tuple[float, float]] = {
    "bt601": (0.299, 0.114),
    "bt709": (0.2126, 0.0722),
    "bt2020": (0.2627, 0.0593),
    "smpte240m": (0.212, 0.087),
    "fcc": (0.30, 0.11),
}


@lru_cache(maxsize=16)
def yuv_matrix(matrix: Matrix) -> Tensor:
    """(3, 3) float64: RGB in [0, 1] to Y in [0, 1] and U, V in [-0.5, 0.5]."""
    if matrix == "ycgco":
        return torch.tensor([[0.25, 0.5, 0.25], [-0.25, 0.5, -0.25], [0.5, 0, -0.5]], dtype=torch.float64)
    red, blue = LUMA[matrix]
    y = torch.tensor([red, 1 - red - blue, blue], dtype=torch.float64)
    u = (torch.tensor([0, 0, 1]) - y) / (2 * (1 - blue))
    v = (torch.tensor([1, 0, 0]) - y) / (2 * (1 - red))
    return torch.stack((y, u, v))


@lru_cache(maxsize=64)
def _coefficients(matrix: Matrix, dtype: torch.dtype, device: torch.device, *, inverse: bool) -> Tensor:
    """`yuv_matrix` or its inverse, brought to a GPU once: the host would wait for all that is computed there before."""
    found = yuv_matrix(matrix)
    return (torch.linalg.inv(found) if inverse else found).to(device, dtype)


def _to_yuv(rgb: Tensor, matrix: Matrix, *, rows: slice = slice(None)) -> Tensor:
    return torch.einsum("ij,...jhw->...ihw", _coefficients(matrix, rgb.dtype, rgb.device, inverse=False)[rows], rgb)


def _from_yuv(yuv: Tensor, matrix: Matrix) -> Tensor:
    return torch.einsum("ij,...jhw->...ihw", _coefficients(matrix, yuv.dtype, yuv.device, inverse=True), yuv)


def _luma_range(colour: Colour) -> tuple[int, int]:
    """Code value of black, and code values from black to white."""
    if colour.full_range:
        return 0, (1 << colour.depth) - 1
    return 16 << (colour.depth - 8), 219 << (colour.depth - 8)


def _chroma_range(colour: Colour) -> tuple[int, int]:
    """Code value of no colour, and code values that U or V from -0.5 to 0.5 spans."""
    span = (1 << colour.depth) - 1 if colour.full_range else 224 << (colour.depth - 8)
    return 1 << (colour.depth - 1), span


def _phase(planes: Planes) -> tuple[float, float]:
    """Where chroma sample 0 lies, in luma samples (vertical, horizontal) from luma sample 0."""
    siting = planes.colour.siting
    y = 0.0 if siting == "topleft" else ((1 << planes.subsample_y) - 1) / 2
    x = 0.0 if siting in ("left", "topleft") else ((1 << planes.subsample_x) - 1) / 2
    return y, x


def _enlarged(planes: Planes, *chroma: Tensor, scale: int) -> list[Tensor]:
    """Chroma planes for luma `scale` times as large, with the same siting there: (ceil(s*H/F), ceil(s*W/F))."""
    factors = (1 << planes.subsample_y, 1 << planes.subsample_x)
    # Output chroma J lies at output luma F*J + c, which is input luma (F*J + c + 0.5)/s - 0.5.
    y, x = (((c + 0.5) / scale - 0.5 - c) / f for c, f in zip(_phase(planes), factors, strict=True))
    height, width = (-(-scale * n // f) for n, f in zip(planes.y.shape, factors, strict=True))
    return [upsample(plane.float()[None, None], scale, offset=(y, x))[0, 0, :height, :width] for plane in chroma]


def _chroma_grid(planes: Planes) -> tuple[tuple[int, int], tuple[float, float]]:
    """Luma samples per chroma sample, and the offset by which `upsample` and `fit` respect the siting."""
    factors = (1 << planes.subsample_y, 1 << planes.subsample_x)
    vertical, horizontal = (-c / f for c, f in zip(_phase(planes), factors, strict=True))
    return factors, (vertical, horizontal)


def _chroma_to_luma_grid(planes: Planes, plane: Tensor) -> Tensor:
    """A chroma plane at every luma sample: (H, W)."""
    factors, offset = _chroma_grid(planes)
    if factors == (1, 1):
        return plane.float()
    big = upsample(plane.float()[None, None], factors, offset=offset)[0, 0]
    return big[: planes.y.shape[0], : planes.y.shape[1]]


def _chroma_from_luma_grid(planes: Planes, plane: Tensor) -> Tensor:
    """(H, W) -> the size and siting of `planes`' chroma: what `_chroma_to_luma_grid` brings nearest to it.

    So chroma that came from such planes goes back without a change.
    """
    factors, offset = _chroma_grid(planes)
    return fit(plane[None, None], factors, offset=offset)[0, 0]


def subsampled(planes: Planes, *, x: int, y: int) -> Planes:
    """The same picture with chroma of another resolution, sited the same way; float, not rounded.

    Args:
        x, y: as `Planes.subsample_x` and `subsample_y`.
    """
    there = replace(planes, subsample_x=x, subsample_y=y)
    if planes.u is None or planes.v is None or (planes.subsample_x, planes.subsample_y) == (x, y):
        return planes
    u, v = (_chroma_from_luma_grid(there, _chroma_to_luma_grid(planes, plane)) for plane in (planes.u, planes.v))
    return replace(there, u=u, v=v)


def luma(planes: Planes) -> Tensor:
    """(1, H, W) float32, black at 0 and white at 1, whatever range and depth the codes have; outliers stay outside."""
    black, span = _luma_range(planes.colour)
    return ((planes.y.float() - black) / span)[None]


def with_luma(planes: Planes, y: Tensor, *, scale: int) -> Planes:
    """New luma (1, scale*H, scale*W) as `luma` gives it, and the chroma planes resized beside it; float code values.

    With scale 1 the chroma planes are the same objects.
    """
    black, span = _luma_range(planes.colour)
    u, v = planes.u, planes.v
    if u is not None and v is not None and scale > 1:
        u, v = _enlarged(planes, u, v, scale=scale)
    return replace(planes, y=y[0] * span + black, u=u, v=v)


def to_rgb(planes: Planes) -> Tensor:
    """(3, H, W) float32; black 0 and white 1, colours outside the RGB cube stay outside."""
    y = luma(planes)[0]
    if planes.u is None or planes.v is None:
        return y.expand(3, *y.shape).clone()
    zero, span = _chroma_range(planes.colour)
    u, v = ((_chroma_to_luma_grid(planes, plane) - zero) / span for plane in (planes.u, planes.v))
    return _from_yuv(torch.stack((y, u, v)), planes.colour.matrix)


def to_planes(rgb: Tensor, colour: Colour, *, subsample_x: int, subsample_y: int) -> Planes:
    """(3, H, W) in [0, 1] -> float code values under `colour`, chroma reduced as asked."""
    y, u, v = _to_yuv(rgb, colour.matrix)
    black, span = _luma_range(colour)
    zero, chroma = _chroma_range(colour)
    planes = Planes(y * span + black, None, None, colour, subsample_x, subsample_y)
    u, v = (_chroma_from_luma_grid(planes, plane) * chroma + zero for plane in (u, v))
    return replace(planes, u=u, v=v)


def with_rgb(planes: Planes, before: Tensor, after: Tensor) -> Planes:
    """`planes` plus what a network changed: before = to_rgb(planes), after = its restored form, both (3, H, W).

    Adding the change alone leaves an unchanged picture unchanged to the last code value.
    """
    change = _to_yuv(after - before, planes.colour.matrix)
    _, span = _luma_range(planes.colour)
    _, chroma = _chroma_range(planes.colour)
    if planes.u is None or planes.v is None:
        return replace(planes, y=planes.y + change[0] * span)
    u, v = (
        plane + _chroma_from_luma_grid(planes, delta) * chroma
        for plane, delta in ((planes.u, change[1]), (planes.v, change[2]))
    )
    return replace(planes, y=planes.y + change[0] * span, u=u, v=v)


def to_yuv(planes: Planes) -> Tensor:
    """(3, H, W) float32: Y with black 0 and white 1, U and V from -0.5 to 0.5; a chroma sample for each luma sample.

    Chroma of a smaller size is repeated, not interpolated, so that `with_yuv` finds it again.
    """
    y = luma(planes)
    if planes.u is None or planes.v is None:
        return torch.cat((y, torch.zeros_like(y), torch.zeros_like(y)))
    zero, span = _chroma_range(planes.colour)
    chroma = (torch.stack((planes.u, planes.v)).float() - zero) / span
    for axis, times in ((-2, 1 << planes.subsample_y), (-1, 1 << planes.subsample_x)):
        chroma = chroma.repeat_interleave(times, axis)
    return torch.cat((y, chroma[:, : y.shape[-2], : y.shape[-1]]))


def with_yuv(planes: Planes, before: Tensor, after: Tensor) -> Planes:
    """`planes` plus what a network changed: before = to_yuv(planes), after = its restored form, both (3, H, W)."""
    change = after - before
    _, span = _luma_range(planes.colour)
    y = planes.y + change[0] * span
    if planes.u is None or planes.v is None:
        return replace(planes, y=y)
    _, chroma = _chroma_range(planes.colour)
    cells = (1 << planes.subsample_y, 1 << planes.subsample_x)
    means = F.avg_pool2d(change[None, 1:], cells, ceil_mode=True)[0] * chroma
    return replace(planes, y=y, u=planes.u + means[0], v=planes.v + means[1])


def yuv_of_rgb(rgb: Tensor) -> Tensor:
    """(3, H, W) in [0, 1] -> the same as `to_yuv` gives, by BT.601."""
    return _to_yuv(rgb, "bt601")


def rgb_with_yuv(rgb: Tensor, before: Tensor, after: Tensor) -> Tensor:
    """An RGB picture plus what a network changed: before = yuv_of_rgb(rgb), after = its restored form."""
    return rgb + _from_yuv(after - before, "bt601")


def luma_of_rgb(rgb: Tensor) -> Tensor:
    """(..., 3, H, W) in [0, 1] -> (..., 1, H, W): BT.601 luma as in the literature, black 0 and white 1."""
    return _to_yuv(rgb, "bt601", rows=slice(1))


def rgb_with_luma(rgb: Tensor, y: Tensor, *, scale: int) -> Tensor:
    """An RGB picture with new luma (1, scale*H, scale*W) and its chroma enlarged at full resolution (4:4:4)."""
    chroma = _to_yuv(rgb, "bt601", rows=slice(1, None))
    if scale > 1:
        chroma = upsample(chroma[None], scale)[0]
    return _from_yuv(torch.cat((y, chroma)), "bt601")


def quantise(planes: Planes) -> Planes:
    """Round to whole code values and clip to 0 .. 2**depth - 1; planes that are whole already pass as they are."""
    top = (1 << planes.colour.depth) - 1
    dtype = torch.uint8 if planes.colour.depth == 8 else torch.uint16
    y, u, v = (
        plane.round().clamp_(0, top).to(dtype) if plane is not None and plane.is_floating_point() else plane
        for plane in (planes.y, planes.u, planes.v)
    )
    assert y is not None
    return replace(planes, y=y, u=u, v=v)


def change_depth(planes: Planes, depth: int) -> Planes:
    """The same picture in code values of another depth; float, not rounded."""
    return planes if depth == planes.colour.depth else _recoded(planes, replace(planes.colour, depth=depth))


def _recoded(planes: Planes, colour: Colour) -> Planes:
    """The same Y, U and V in code values of another range and depth; float, not rounded."""
    zero, chroma = _chroma_range(planes.colour)
    new_zero, new_chroma = _chroma_range(colour)
    u, v = (
        None if plane is None else (plane.float() - zero) * (new_chroma / chroma) + new_zero
        for plane in (planes.u, planes.v)
    )
    black, span = _luma_range(colour)
    return replace(planes, y=luma(planes)[0] * span + black, u=u, v=v, colour=colour)


def change_colour(planes: Planes, colour: Colour) -> Planes:
    """The same picture in code values of another matrix, range and depth; float, not rounded. Siting is taken as equal.

    A change of matrix goes through RGB at the luma's resolution; colours outside the RGB cube are kept.
    """
    if planes.u is None or planes.colour.matrix == colour.matrix:
        return _recoded(planes, colour)
    return to_planes(to_rgb(planes), colour, subsample_x=planes.subsample_x, subsample_y=planes.subsample_y)
