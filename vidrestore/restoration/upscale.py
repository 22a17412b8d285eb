"""upscale(): super-resolution as a stage; Upscale, the stage itself."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..base.facts import Facts, together
from ..base.settings import EnlargingQuality, Settings, Source
from ..errors import UsageError
from ..frame.frame import Frame
from ..video.facts.quality import SourceQuality, typical_step
from .chain import ENCODED, ROBUST, SCALES, best_still, chain
from .network import Model, key_of, name_of, needs_of, network_of, notes_of, precisely_enough
from .stage import NOTHING, Skip, Stage, told

if TYPE_CHECKING:
    from ..engine import Runner


@dataclass(frozen=True, slots=True, kw_only=True)
class Upscale(Stage):
    """Frames enlarged by one network after the other, by windows that never reach over a cut."""

    networks: tuple[Model, ...]
    step: float
    """See `Frame.step`: of frames whose decoder does not tell it."""
    settings: Settings
    quality: EnlargingQuality

    def load(self, *, measure: bool = False) -> Upscaler:
        from ..engine import Runner, choose  # torch
        from ..engine.infer import Inference
        from ..models.ensemble import Mirrored

        loaded = [network_of(network, task="upscale") for network in self.networks]
        settings = precisely_enough(loaded, self.settings)
        engine = choose(settings)
        used = [Mirrored(network) if self.quality == "best" else network for network in loaded]
        return Upscaler(tuple(Runner(Inference(network, engine, settings)) for network in used), self.step)


@dataclass(frozen=True, slots=True)
class Upscaler:
    """Upscale, loaded."""

    runners: tuple[Runner, ...]
    step: float

    @property
    def facts(self) -> Facts:
        return together(runner.facts for runner in self.runners)

    def run(self, frames: Iterable[Frame], skip: Skip = NOTHING) -> Iterator[Frame]:
        """As `stage.Loaded`."""
        frames, spared = told(frames, self.step), [skip]
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
    quality: EnlargingQuality = "balanced",
    quality_of: Callable[[], SourceQuality | None] = lambda: None,
) -> Upscale:
    """Super-resolution by `scale` with a network of `models list`, by its own name or its family's, or a file.

    Args:
        model: auto: the best there is of ordinary size, as measured on clips. A+B: what A gives, enlarged again by B.
        still: the source is one picture, for which auto means a network that looks at no others.
        source: whether `-m auto` means the networks for lossless or for compressed video; auto: by what is seen.
        quality: as `Enlarging.quality`.
        quality_of: looks at the source, once all words are right; None: nothing is known.

    Raises:
        UsageError: a scale there is no network for, or a kind of source for a model that is named.
        ModelError: an unknown model, or one of another scale.
    """
    if scale not in SCALES:
        raise UsageError(f"--scale {scale} is not possible; choose one of {', '.join(map(str, SCALES))}")
    if source != "auto" and model != "auto":
        raise UsageError(f"--source {source} chooses what -m auto takes; leave it out with -m {model}")
    wanted, missing = best_still(scale) if model == "auto" and still and quality == "best" else (model, ())
    networks = chain(wanted, scale, still=still)
    seen = quality_of()
    notes = tuple(note for each in networks for note in notes_of(each, task="upscale"))
    if model == "auto" and not still and (chosen := _choice(scale, source, seen)):
        networks, notes = chain(chosen, scale), _reasons(chosen, source, seen)
    if missing:
        notes += (_without(missing, networks),)
    needs = [needs_of(each, task="upscale") for each in networks]
    return Upscale(
        name="upscale",
        model="+".join(map(name_of, networks)),
        key=_key(networks, scale, settings, quality),
        scale=scale,
        notes=notes,
        reach=sum(each.before for each in needs),
        sees_step=any(each.sees_step for each in needs),
        looks=any(each.before or each.after for each in needs),
        source_quality=seen,
        networks=networks,
        step=typical_step(seen),
        settings=settings,
        quality=quality,
    )


def _key(networks: Sequence[Model], scale: int, settings: Settings, quality: EnlargingQuality) -> dict[str, str]:
    model = "+".join(map(key_of, networks))
    return {"model": model, "precision": settings.precision, "scale": str(scale), "quality": quality}


def _without(missing: Sequence[str], networks: Sequence[Model]) -> str:
    """What is taken in the place of larger networks."""
    taken = "+".join(map(name_of, networks))
    return (
        f"{' and '.join(missing)} would do better, but no weights are shipped yet: {taken} takes four looks; "
        f"train one with `vidrestore train {missing[0]}` and give the file with -m"
    )


def _choice(scale: int, source: Source, quality: SourceQuality | None) -> str:
    """The networks for video that an encoder has changed, where `auto` means them."""
    found = quality is not None and quality.compression >= ENCODED
    return ROBUST.get(scale, "") if source == "compressed" or (source == "auto" and found) else ""


def _reasons(chosen: str, source: Source, quality: SourceQuality | None) -> tuple[str, ...]:
    """Why, where the user did not say so."""
    if source == "compressed" or quality is None:
        return ()
    return (
        f"the video is compressed ({quality.compression:g} of 0 to 1): {chosen} is taken; else give --source clean",
    )
