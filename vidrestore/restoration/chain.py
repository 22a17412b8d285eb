"""Which networks enlarge, one after the other: of a name, a file, A+B, or auto."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product
from math import prod
from pathlib import Path

from ..errors import ModelError
from ..models.weights import catalogue, manifest
from .network import Model, find, needs_of

SCALES = (2, 3, 4, 8)
CHAINS = {4: "aligned-x2+espcn-x2", 8: "aligned-x2+espcn-x4"}
"""What `auto` enlarges with where two networks in a row do better on clips than any one; figures in docs/models.md."""
STILLS = {8: "espcn-x2+espcn-x4"}
"""The same of a single picture."""
BEST_STILLS = {2: "residual-x2", 4: "residual-x4", 8: "residual-x2+residual-x4"}
"""The same where quality is asked for."""
ROBUST = {2: "robust-x2", 4: "robust-x2+espcn-x2", 8: "robust-x2+espcn-x4"}
"""What `auto` enlarges video with that an encoder has changed."""
ENCODED = 0.2
"""The least `SourceQuality.compression` of such video; below are lossless video and x264's CRF 0 and 1."""
UNTRAINED = "gz2019"
"""The network for upscale that needs a user's own weights."""


def parts(model: str) -> list[str]:
    """A+B in its parts; a file's own name may hold a +."""
    return [model] if manifest.is_file(model) and Path(model).is_file() else model.split("+")


def best_still(scale: int) -> tuple[str, tuple[str, ...]]:
    """What enlarges a single picture best, as `chain` takes it, and the networks that would be better but are not here.

    auto where these are missing, or there is nothing better.
    """
    wanted = BEST_STILLS.get(scale, "auto")
    missing = tuple(name for name in parts(wanted) if name not in ("auto", *manifest.rows()))
    return ("auto" if missing else wanted), missing


def chain(model: str, scale: int, *, still: bool = False) -> tuple[Model, ...]:
    """The networks that enlarge one after the other, together by `scale`.

    Args:
        still: the source is one picture, for which auto means a network that looks at no others.

    Raises:
        ModelError: an unknown model, or one of another scale.
    """
    chains_of_auto = STILLS if still else CHAINS
    if model == "auto" and scale not in chains_of_auto:
        return (manifest.best(scale=scale, still=still),)
    names = parts(chains_of_auto[scale] if model == "auto" else model)
    if len(names) == 1:
        found: list[tuple[Model, ...]] = [(_upscaler(model, scale),)]
    else:
        found = list(product(*map(_of_any_scale, names)))
    chains = {_scale(each): each for each in found}
    if scale not in chains:
        own = " or ".join(f"x{each}" for each in sorted(chains))
        ways = " or ".join(f"--scale {each}" for each in sorted(chains) if each in SCALES)
        raise ModelError(f"{model} enlarges {own}, not x{scale}" + (f"; give {ways}" if ways else ""))
    return chains[scale]


def _scale(networks: Sequence[Model]) -> int:
    return prod(needs_of(each, task="upscale").scale for each in networks)


def _of_any_scale(name: str) -> list[Model]:
    """The network of that name, or all of that family that are here."""
    rows: dict[str, Model] = {**manifest.rows(), **catalogue.here()}
    family = [rows[each] for scale in SCALES if (each := f"{name}-x{scale}") in rows]
    return family if family and name not in rows else [find(name, task="upscale")]


def _upscaler(model: str, scale: int) -> Model:
    try:
        return find(model, task="upscale", scale=scale)
    except ModelError as error:
        if scale in STILLS and f"{model}-x2" in manifest.rows():
            way_out = f"give two in a row, such as -m {model}-x2+espcn-x4"
            raise ModelError(f"no network of {model} enlarges x{scale} alone; {way_out}") from error
        if model != UNTRAINED:
            raise
        raise ModelError(
            f"no trained weights of {model} are shipped: train it with `vidrestore train {model}-x2` and give the file "
            "with -m; or use -m auto"
        ) from error
