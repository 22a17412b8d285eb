"""Where the numbers lie that a core's convolutions read: what an engine must know to compute them in 8 bits."""

from collections.abc import Iterable, Mapping

from torch import Tensor, nn

Range = tuple[float, float]
"""Lowest and highest, 0 among them."""
INPUT_RANGE = "input_range"
"""The attribute of a convolution that says so."""


def calibrate(core: nn.Module, ranges: Mapping[str, Range]) -> None:
    """Note it at the convolutions of `core`, by their names there.

    Raises:
        AttributeError: there is none of such a name.
    """
    for name, (low, high) in ranges.items():
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
