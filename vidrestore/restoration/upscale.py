"""upscale(): super-resolution as a stage; Upscale, the stage itself."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import product
from math import prod
from pathlib import Path
from typing import TYPE_CHECKING

from ..base.facts import Facts, together
from ..base.settings import Settings, Source
from ..errors import ModelError, UsageError
from ..frame.frame import Frame
from ..models.processor import Needs
from ..models.weights import manifest
from ..video.facts.quality import SourceQuality
from .network import Model, needs_of, network_of, notes_of, precisely_enough, weights_key
from .stage import NOTHING, Skip, Stage

if TYPE_CHECKING:
    from ..engine import Runner

SCALES = (2, 3, 4)
CHAINS = {4: "aligned-x2+espcn-x2"}
"""What `auto` enlarges with where two networks in a row do better on clips than any one; figures in docs/models.md."""
ROBUST = {2: "robust-x2", 4: "robust-x2+espcn-x2"}
"""What `auto` enlarges compressed video with."""
UNTRAINED = "gz2019"
"""The network for upscale that needs a user's own weights."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Upscale(Stage):
    """Frames enlarged by one network after the other, by windows that never reach over a cut."""

    networks: tuple[Model, ...]
    settings: Settings

    def load(self, *, measure: bool = False) -> Upscaler:
        from ..engine import Runner, choose  # torch
        from ..engine.infer import Inference

        loaded = [network_of(network, task="upscale") for network in self.networks]
        settings = precisely_enough(loaded, self.settings)
        engine = choose(settings)
        return Upscaler(tuple(Runner(Inference(network, engine, settings)) for network in loaded))


@dataclass(frozen=True, slots=True)
class Upscaler:
    """Upscale, loaded."""

    runners: tuple[Runner, ...]

    @property
    def facts(self) -> Facts:
        return together(runner.facts for runner in self.runners)

    def run(self, frames: Iterable[Frame], skip: Skip = NOTHING) -> Iterator[Frame]:
        """As `stage.Loaded`."""
        spared = [skip]
        for runner in self.runners[:0:-1]:
            spared.append(spared[-1].before(runner.inference.processor.needs.before))
        for runner, skip in zip(self.runners, reversed(spared), strict=True):
            frames = runner.run(frames, skip.keep)
        return iter(frames)


def upscale(
    model: str,
    *,
    scale: int,
    settings: Settings,
    still: bool = False,
    source: Source = "auto",
    quality_of: Callable[[], SourceQuality | None] = lambda: None,
) -> Upscale:
    """Super-resolution by `scale` with a model of the manifest, by its own name or its family's, or a file.

    Args:
        model: auto: the best there is, as measured on clips. A+B: what A gives, enlarged again by B, each by its own
            name or its family's.
        still: the source is one picture, for which auto means a network that looks at no others.
        source: whether `-m auto` means the networks for clean or for compressed video; auto: by what is seen.
        quality_of: looks at the source, once all words are right; None: it is no video.

    Raises:
        UsageError: a scale there is no network for, or a kind of source for a model that is named.
        ModelError: an unknown model, or one of another scale.
    """
    if scale not in SCALES:
        raise UsageError(f"--scale {scale} is not possible; choose one of {', '.join(map(str, SCALES))}")
    if source != "auto" and model != "auto":
        raise UsageError(f"--source {source} chooses what -m auto takes; leave it out with -m {model}")
    networks: tuple[Model, ...] = (Path(model),) if manifest.is_file(model) else _upscalers(model, scale, still=still)
    needs = [_needs(network) for network in networks]
    if (own := prod(each.scale for each in needs)) != scale:
        way_out = f"; give --scale {own}" if own in SCALES else ""
        raise ModelError(f"the network of {model} enlarges x{own}, not x{scale}{way_out}")
    quality = quality_of()
    notes = tuple(note for each in networks for note in _notes(each))
    if model == "auto" and not still and (chosen := _choice(scale, source, quality)):
        networks, notes = _upscalers(chosen, scale, still=still), _reasons(chosen, source, quality)
        needs = [_needs(network) for network in networks]
    name = "+".join(each.name if isinstance(each, manifest.Entry) else str(each) for each in networks)
    return Upscale(
        name="upscale",
        model=name,
        key={"model": weights_key(name), "precision": settings.precision, "scale": str(scale)},
        scale=scale,
        notes=notes,
        reach=sum(each.before for each in needs),
        looks=any(each.before or each.after for each in needs),
        source_quality=quality,
        networks=networks,
        settings=settings,
    )


def _needs(network: Model) -> Needs:
    return network.needs if isinstance(network, manifest.Entry) else needs_of(network, task="upscale")


def _notes(network: Model) -> tuple[str, ...]:
    if isinstance(network, manifest.Entry):
        return (network.note,) if network.note else ()
    return notes_of(network, task="upscale")


def _choice(scale: int, source: Source, quality: SourceQuality | None) -> str:
    """The networks for compressed video, where `auto` means them."""
    found = quality is not None and "compressed" in quality.kind
    return ROBUST.get(scale, "") if source == "compressed" or (source == "auto" and found) else ""


def _reasons(chosen: str, source: Source, quality: SourceQuality | None) -> tuple[str, ...]:
    """Why, where the user did not say so."""
    if source == "compressed" or quality is None:
        return ()
    return (
        f"the video is compressed ({quality.compression:g} of 0 to 1): {chosen} is taken; else give --source clean",
    )


def _upscalers(model: str, scale: int, *, still: bool) -> tuple[manifest.Entry, ...]:
    """The networks that enlarge one after the other, together by `scale`."""
    if model == "auto" and (still or scale not in CHAINS):
        return (manifest.best(scale=scale, still=still),)
    names = (CHAINS[scale] if model == "auto" else model).split("+")
    if len(names) == 1:
        return (_upscaler(model, scale),)
    chains = {_scale(chain): chain for chain in product(*map(_of_any_scale, names))}
    if scale not in chains:
        own = " or ".join(f"x{each}" for each in sorted(chains))
        ways = " or ".join(f"--scale {each}" for each in sorted(chains) if each in SCALES)
        raise ModelError(f"{model} enlarges {own}, not x{scale}" + (f"; give {ways}" if ways else ""))
    return chains[scale]


def _scale(chain: Sequence[manifest.Entry]) -> int:
    return prod(entry.needs.scale for entry in chain)


def _of_any_scale(name: str) -> list[manifest.Entry]:
    """The row of that name, or all of that family."""
    rows = {row.name: row for row in manifest.rows().values() if row.task == "upscale"}
    family = [rows[each] for scale in SCALES if (each := f"{name}-x{scale}") in rows]
    return family if family and name not in rows else [manifest.find(name, task="upscale")]


def _upscaler(model: str, scale: int) -> manifest.Entry:
    try:
        return manifest.find(model, task="upscale", scale=scale)
    except ModelError as error:
        if model != UNTRAINED:
            raise
        raise ModelError(
            f"no trained weights of {model} are shipped: train it with `vidrestore train {model}-x2` and give the file "
            "with -m; or use -m auto"
        ) from error
