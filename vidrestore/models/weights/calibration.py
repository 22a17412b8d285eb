"""Activation ranges for int8."""

from collections.abc import Iterable, Mapping

import torch
from torch import Tensor, nn

Range = tuple[float, float]
"""Lowest and highest, 0 among them."""
INPUT_RANGE = "input_range"
"""The attribute of a convolution that says so."""


def calibrate(core: nn.Module, ranges: Mapping[str, Range]) -> None:
    """Note it at the convolutions of `core`, by their names there.

    Raises:
        AttributeError: there is none of such a name.
        ValueError: a range without 0.
    """
    for name, (low, high) in ranges.items():
        if not low <= 0 <= high:
            raise ValueError(f"{low} to {high} at {name} is no range around 0")
        setattr(core.get_submodule(name), INPUT_RANGE, (float(low), float(high)))


def calibrated(core: nn.Module) -> dict[nn.Module, Range]:
    """The convolutions of which it is known; none of a core that was not calibrated."""
    return {layer: getattr(layer, INPUT_RANGE) for layer in core.modules() if hasattr(layer, INPUT_RANGE)}


def measure(core: nn.Module, inputs: Iterable[tuple[Tensor, ...]]) -> dict[str, Range]:
    """What the inner convolutions of a chain read, for `calibrate`, by the names they have in `core`.

    The first is left out, since it reads the picture itself, and the last, since its sums leave as they are: both are
    cheap, and everything that is rounded there would be seen.

    Args:
        inputs: what `core` takes, of real pictures.
    """
    found: dict[str, Range] = {}

    def note(name: str, x: Tensor) -> None:
        low, high = found.get(name, (0.0, 0.0))
        found[name] = (min(low, float(x.min())), max(high, float(x.max())))

    hooks = [
        layer.register_forward_pre_hook(lambda _, args, name=name: note(name, args[0]))
        for name, layer in core.named_modules()
        if isinstance(layer, nn.Conv2d)
    ]
    for each in inputs:
        core(*each)
    for hook in hooks:
        hook.remove()
    return dict(list(found.items())[1:-1])


def extremes(side: int = 64) -> Tensor:
    """Black and white patterns, which drive convolutions three times as far as photographs do: (N, 1, side, side).

    Screens, pixel art and halftones hold such; what lies beyond a range is cut off, and that is seen.
    """
    y, x = torch.meshgrid(torch.arange(side), torch.arange(side), indexing="ij")
    noise = torch.rand(side, side, generator=torch.Generator().manual_seed(0))
    stripes = [along // period % 2 for along in (x, y) for period in (1, 2)]
    lines = [along % period == 0 for along in (x, y, x + y) for period in (3, 4)]
    checkers = [(x // period + y // period) % 2 for period in (1, 2)]
    grids = [(x % 4 == 0) | (y % 4 == 0), (x % 3 == 0) & (y % 3 == 0), (x == side // 2) & (y == side // 2)]
    every = *stripes, *lines, *checkers, *grids, noise < 0.05, noise < 0.5
    return torch.stack([each.float() for each in every])[:, None]
