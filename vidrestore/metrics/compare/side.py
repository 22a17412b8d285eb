"""Side: one of the two sources, as a stream of samples on one scale."""

from collections.abc import Generator, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from ...base.prefetch import prefetch
from ...base.settings import Reading
from ...frame.frame import Frame, Planes
from ...video.decode.pixel_format import planar_format
from ...video.facts.probe import probe
from ...video.pictures.folder import RATE, is_pictures, list_pictures
from ...video.pictures.read import read_picture
from ...video.pictures.turn import Turn, turn_of, turn_upright
from ...video.reader import Reader
from ..psnr import matlab_luma
from .rgb import Picture, luma_of_planes, rgb_of_planes, rgb_of_tensor

AHEAD = 2
"""Frames each side is decoded ahead of the scoring."""
THUMBNAIL = (32, 18)
"""Width and height of the small picture that tells frames apart."""


@dataclass(frozen=True, slots=True)
class Form:
    """How two sources are read so that they can be compared."""

    rgb: bool
    """Samples carry RGB."""
    planes: bool
    """Luma is that of the decoded planes; else MATLAB's, of RGB."""
    upright: bool
    """Pictures are turned as a player would: extracted frames are, the video they come from is only tagged."""


def common_form(reference: "Side", distorted: "Side", *, rgb: bool) -> Form:
    """Luma comes from the planes where both store it with the same matrix, range and depth."""
    one, other = reference.info.colour, distorted.info.colour
    alike = (one.matrix, one.full_range, one.depth) == (other.matrix, other.full_range, other.depth)
    planes = alike and reference.has_planes and distorted.has_planes
    return Form(rgb=rgb, planes=planes, upright=reference.turn != distorted.turn)


@dataclass(frozen=True, slots=True)
class Sample:
    """One picture of one source, on the 8-bit scale."""

    time: Fraction
    """Seconds from the start of its source."""
    name: str
    """Its file, where the source is a folder of pictures; else empty."""
    rgb: Picture | None  # (H, W, 3) in 0..255, red first; None where nobody asked for it
    luma: Picture  # (H, W) in 16..235

    @property
    def size(self) -> str:
        """Width and height, as a message shows them."""
        height, width = self.luma.shape
        return f"{width}x{height}"

    def thumbnail(self) -> NDArray[np.float32]:
        """(576,) its coarse structure, whatever its brightness and contrast: mean 0, deviation at most 1."""
        small = cv2.resize(self.luma, THUMBNAIL, interpolation=cv2.INTER_AREA).astype(np.float32).ravel()
        small -= small.mean()
        return np.asarray(small / (small.std() + 1))


class Side:
    """A video, a folder of pictures, or a picture, to be read as often as it takes.

    truncated: whether its last reading ended before its own header says.
    """

    def __init__(self, path: Path, *, follow_references: bool = False) -> None:
        """InputError, UsageError: as `probe` does."""
        # Pictures are counted here, so their list of times need not be there, or right.
        rate = RATE if is_pictures(path) else None
        self.info = probe(path, rate=rate, follow_references=follow_references)
        self._reader: Reader | None = None

    @property
    def timed(self) -> bool:
        """Whether its time stamps mean anything: those of pictures are made up."""
        return self.info.kind == "video" or self.info.animated

    @property
    def has_planes(self) -> bool:
        """Whether its luma is stored, not computed."""
        return self.timed and not planar_format(self.info.pix_fmt).startswith("gbr")

    def warnings(self, name: str) -> list[str]:
        """What the user should know about the last reading, one line each, beginning with `name`."""
        lines = ["its transparency is not compared"] if self.info.alpha else []
        return [f"{name}: {line}" for line in (*lines, *(self._reader.warnings if self._reader else ()))]

    @property
    def truncated(self) -> bool:
        return self._reader is not None and self._reader.truncated

    @property
    def turn(self) -> Turn:
        """How a player turns its pictures."""
        return turn_of(self.info.display_matrix)

    def samples(self, form: Form, *, end: int | None = None) -> Generator[Sample]:
        """Every picture in order, up to but not including `end`; in a folder sizes may differ.

        Raises:
            InputError: a damaged source.
        """
        with closing(self._video(end) if self.timed else self._pictures(end)) as frames:
            for name, frame in frames:
                yield self._sample(name, frame, form)

    def _video(self, end: int | None) -> Generator[tuple[str, Frame]]:
        self._reader = Reader(self.info, Reading(end=end))
        with closing(iter(self._reader)) as frames:
            for frame in frames:
                yield "", frame

    def _pictures(self, end: int | None) -> Generator[tuple[str, Frame]]:
        step = 1 / self.info.rate
        for number, path in enumerate(list_pictures(self.info.path)[:end]):
            yield path.name, Frame(read_picture(path), number * step, step)

    def _sample(self, name: str, frame: Frame, form: Form) -> Sample:
        picture, rgb, luma = frame.picture, None, None
        if form.planes:
            assert isinstance(picture, Planes)
            luma = self._turned(luma_of_planes(picture), form)
        if form.rgb or luma is None:
            depth = self.info.colour.depth
            rgb = rgb_of_planes(picture) if isinstance(picture, Planes) else rgb_of_tensor(picture, depth=depth)
            rgb = self._turned(rgb, form)
        if luma is None:
            assert rgb is not None
            luma = matlab_luma(rgb.astype(np.float32)).astype(np.float32, copy=False)
        return Sample(frame.pts, name, rgb, luma)

    def _turned(self, picture: Picture, form: Form) -> Picture:
        return turn_upright(picture, self.turn) if form.upright else picture


@contextmanager
def reading(side: Side, form: Form, *, end: int | None = None) -> Iterator[Iterator[Sample]]:
    """`side.samples`, decoded in a thread of their own a little ahead; the thread ends with the context."""
    with closing(prefetch(side.samples(form, end=end), depth=AHEAD)) as samples:
        yield samples
