"""Wish: which steps are asked for, and the stages that they mean for one source."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from ..base.files import check_there
from ..base.settings import Cleaning, Deblurring, Enlarging, Retiming, Settings

if TYPE_CHECKING:
    from ..restoration.interpolation.timing import Timing
    from ..restoration.stage import Stage
    from ..scenes.list import Scene
    from ..video.facts.quality import SourceQuality


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """Steps in the order in which they are done; None leaves one out."""

    clean: Cleaning | None = None
    deblur: Deblurring | None = None
    timing: Timing | None = None
    """When the frames of the result appear."""
    retiming: Retiming = field(default_factory=Retiming)
    """How new ones are made."""
    upscale: Enlarging | None = None
    scenes: tuple[Scene, ...] | None = None
    """Where the shots are; None: they are found; empty: all is one shot."""

    def stages(
        self,
        *,
        settings: Settings,
        still: bool = False,
        quality_of: Callable[[], SourceQuality | None] = lambda: None,
    ) -> tuple[Stage, ...]:
        """The steps, checked, with nothing loaded.

        Args:
            still: the source is one picture.
            quality_of: looks at the source, once all words of a step are right; None: nothing is known.

        Raises:
            UsageError, ModelError: as the stages' own functions do.
        """
        from ..restoration.clean import clean
        from ..restoration.deblurring.stage import deblur
        from ..restoration.interpolation.stage import interpolate
        from ..restoration.upscale import upscale

        found: list[Stage] = []
        look = cache(quality_of)
        if self.clean is not None:
            found.append(clean(self.clean, settings=settings, scenes=self.scenes, quality_of=look))
        if self.deblur is not None:
            found.append(deblur(self.deblur, settings=settings, still=still))
        if self.timing is not None:
            found.append(interpolate(self.timing, self.retiming, settings=settings, scenes=self.scenes))
        if (how := self.upscale) is not None:
            found.append(
                upscale(
                    how.model,
                    scale=how.scale,
                    settings=settings,
                    still=still,
                    source=how.source,
                    quality=how.quality,
                    quality_of=look,
                )
            )
        return tuple(found)

    def stages_of(self, source: Path, *, settings: Settings, follow_references: bool = False) -> tuple[Stage, ...]:
        """The steps of one source, which is looked at where a step's choices hang on it.

        Raises:
            UsageError, InputError: the source is not there, or no video; and as `stages`.
        """

        def look() -> SourceQuality | None:
            return quality_of(source, follow_references=follow_references)

        return self.stages(settings=settings, still=is_picture(source), quality_of=look)


def is_picture(source: Path) -> bool:
    """Whether it is a single picture."""
    from ..video.pictures.folder import is_pictures

    return is_pictures(source) and not source.is_dir()


def quality_of(source: Path, *, follow_references: bool = False) -> SourceQuality | None:
    """How compressed and noisy a video or pictures are; None of animated pictures.

    Raises:
        UsageError, InputError: it is not there, or no video.
    """
    from ..video.facts.quality import source_quality
    from ..video.pictures.folder import is_pictures
    from ..video.pictures.formats.header import is_animated_webp
    from ..video.pictures.quality import picture_quality

    check_there(source)
    if is_animated_webp(source):
        return None
    if is_pictures(source):
        return picture_quality(source)
    return source_quality(source, follow_references=follow_references)
