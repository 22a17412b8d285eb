"""clean(): removes compression artefacts and noise, as a stage; Clean, the stage itself."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from ..base.facts import Facts
from ..base.settings import Cleaning, Settings
from ..frame.frame import Frame
from ..scenes.list import Scene
from ..video.facts.compression import UNKNOWN
from ..video.facts.quality import SourceQuality, typical_step
from .network import Model, find, key_of, name_of, needs_of, network_of, notes_of, precisely_enough
from .resume.run import cuts_key
from .stage import NOTHING, Skip, Stage, check_strength, told

if TYPE_CHECKING:
    from ..engine import Runner

COMPRESSED, NOISY = "clean", "denoise"
"""What `auto` takes for compression artefacts, and for noise from NOISE on."""
NOISE = 5.0
"""Standard deviation in 8-bit steps from which noise is removed: less may be fine texture."""

LEFT = 0.25
"""Of the quantiser's step, once a frame is clean: with it the robust upscaler gains most behind the cleaner, measured
on four clips kept aside at CRF 23, 28 and 33; with the whole step it loses 0.1 dB."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Clean(Stage):
    """Frames as they were before they were compressed, shown as far as `strength` says."""

    network: Model
    strength: float
    scenes: tuple[Scene, ...] | None
    """The shots, by frame numbers; None: `Frame.cut` tells them."""
    settings: Settings
    step: float
    """See `Frame.step`: of frames whose decoder does not tell it."""
    least: float
    """Of all frames: what a source that counts as clean is cleaned by where a strength is asked for."""
    left: float
    """Share of the step that the frames have behind it."""

    def load(self, *, measure: bool = False) -> Cleaner | Untouched:
        if not self.strength:
            return Untouched()
        from ..engine import Runner, choose  # torch
        from ..engine.infer import Inference
        from ..models.ensemble import Blended

        network = network_of(self.network, task="clean")
        settings = precisely_enough([network], self.settings)
        inference = Inference(Blended(network, self.strength), choose(settings), settings)
        return Cleaner(Runner(inference), self.scenes, self.step, self.least, self.left)


@dataclass(frozen=True, slots=True)
class Cleaner:
    """Clean, loaded."""

    runner: Runner
    scenes: tuple[Scene, ...] | None
    step: float
    least: float
    left: float
    missed: list[str] = field(default_factory=list)

    @property
    def facts(self) -> Facts:
        return replace(self.runner.facts, counted=tuple(self.missed))

    def run(self, frames: Iterable[Frame], skip: Skip = NOTHING) -> Iterator[Frame]:
        """As `stage.Loaded`."""
        from ..scenes.assign import cut_by_list  # torch

        if self.scenes is not None:
            frames = cut_by_list(frames, self.scenes, first=skip.absent, say=self.missed.append)
        known = told(frames, self.step, self.least)
        for frame in self.runner.run(known, skip.keep):
            yield frame if frame.step is None else replace(frame, step=frame.step * self.left)


@dataclass(frozen=True, slots=True)
class Untouched:
    """Clean, of what is clean already."""

    facts: Facts = field(default_factory=Facts)

    def run(self, frames: Iterable[Frame], skip: Skip = NOTHING) -> Iterator[Frame]:
        """As `stage.Loaded`."""
        return iter(frames)


def clean(
    how: Cleaning,
    *,
    settings: Settings,
    scenes: Sequence[Scene] | None = None,
    quality_of: Callable[[], SourceQuality | None] = lambda: None,
) -> Clean:
    """Each frame without compression artefacts and noise.

    Args:
        scenes: where the shots are, by frame numbers of the source; None: they are found; empty: all is one shot.
        quality_of: looks at the source, once all words are right; None: nothing is known.

    Raises:
        UsageError: a strength outside 0 to 1.
        ModelError: an unknown model, or one of another task.
    """
    if how.strength is not None:
        check_strength(how.strength)
    found = None if how.model == "auto" else find(how.model, task="clean")
    quality = quality_of()
    network = found or find(NOISY if _is_noisy(quality) else COMPRESSED, task="clean")
    notes, needs = notes_of(network, task="clean"), needs_of(network, task="clean")
    strength = 1.0 if how.strength is None else how.strength
    if how.strength is None and quality is not None and _is_clean(quality):
        strength, notes = 0.0, (_untouched(quality),)
    return Clean(
        name="clean",
        model=name_of(network),
        key={
            "model": key_of(network),
            "precision": settings.precision,
            "strength": str(strength),
            "cuts": cuts_key(scenes),
        },
        notes=notes,
        reach=needs.before,
        sees_step=bool(strength) and needs.sees_step,
        looks=bool(strength) and scenes is None and bool(needs.before or needs.after),
        source_quality=quality,
        network=network,
        strength=strength,
        step=typical_step(quality),
        least=UNKNOWN if quality is not None and _is_clean(quality) else 0.0,
        left=1 - strength * (1 - LEFT) if needs.sees_step else 1.0,
        scenes=None if scenes is None else tuple(scenes),
        settings=settings,
    )


def _is_clean(quality: SourceQuality) -> bool:
    return "compressed" not in quality.kind and not _is_noisy(quality)


def _is_noisy(quality: SourceQuality | None) -> bool:
    return quality is not None and quality.noise >= NOISE


def _untouched(quality: SourceQuality) -> str:
    return (
        f"the video is clean already (compression {quality.compression:g} of 0 to 1, noise {quality.noise:g} of 255): "
        "its frames stay as they are; else give --strength 1"
    )
