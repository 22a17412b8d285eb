"""misfit(): whether weights are those of a network."""

from collections.abc import Mapping

from torch import Tensor


def misfit(wanted: Mapping[str, Tensor], found: Mapping[str, Tensor]) -> str:
    """The first tensor that is missing, unknown or of another shape, in words; empty where all fit."""
    for name in [*wanted, *found]:
        if name not in found:
            return f"{name} is missing"
        if name not in wanted:
            return f"{name} is unknown"
        if found[name].shape != wanted[name].shape:
            return f"{name} is {tuple(found[name].shape)}, not {tuple(wanted[name].shape)}"
    return ""
