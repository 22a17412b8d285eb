"""preview(): a source's telling moments, restored with several settings."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from numpy.typing import NDArray

from ...base.settings import Reading
from ...video.facts.info import VideoInfo
from ...video.pictures.turn import size_after, turn_of
from .amounts import clock
from .moments import Moment, telling
from .page import html_page
from .setting import Setting, Tried
from .sheet import sheet
from .trial import before, try_setting


@dataclass(frozen=True, slots=True, eq=False)
class Preview:
    """What was found; `html` and `png` are what is to be looked at."""

    info: VideoInfo
    moments: tuple[Moment, ...]
    before: tuple[NDArray[np.uint8], ...]
    """The picture of each moment as it is: (H, W, 3), red first, upright."""
    tried: tuple[Tried, ...]

    @property
    def aspect(self) -> Fraction:
        """Width over height, as the video is shown."""
        info = self.info
        width, height = size_after(turn_of(info.display_matrix), info.width, info.height)
        ratio = info.sample_aspect_ratio or Fraction(1)
        return Fraction(width, height) * (ratio if (width > height) == (info.width > info.height) else 1 / ratio)

    def html(self) -> str:
        """One page that needs nothing else."""
        info = self.info
        parts = [f"{info.width}x{info.height}", f"{float(info.rate):.5g} frames a second", info.codec]
        parts += [] if info.duration is None else [clock(float(info.duration))]
        facts = ", ".join(filter(None, parts))
        return html_page(self._title, facts, self.moments, self.before, self.tried, self.aspect)

    def png(self) -> bytes:
        """One picture."""
        return sheet(self._title, self.moments, self.before, self.tried, self.aspect)

    @property
    def _title(self) -> str:
        return f"Preview of {self.info.path.name}"


def preview(
    info: VideoInfo,
    settings: Sequence[Setting],
    *,
    at: Sequence[Fraction] = (),
    tell: Callable[[Setting, Moment], None] = lambda *_: None,
) -> Preview:
    """Try settings around some moments.

    Args:
        at: moments in seconds; empty: up to three are chosen that tell most.
        tell: called before a setting is tried at a moment.

    Raises:
        VidrestoreError: as the commands of the settings.
    """
    reading: Reading = settings[0].reading
    moments = [Moment(each, "as asked") for each in at] or telling(info)
    seen = [before(info, reading, moment) for moment in moments]
    shown = [(moment, time) for moment, (_, time) in zip(moments, seen, strict=True)]
    tried = []
    for setting in settings:
        with TemporaryDirectory(prefix="vidrestore-preview-") as folder:

            def say(number: int, setting: Setting = setting) -> None:
                tell(setting, moments[number])

            tried.append(try_setting(setting, info, shown, Path(folder), tell=say))
    return Preview(info, tuple(moments), tuple(rgb for rgb, _ in seen), tuple(tried))
