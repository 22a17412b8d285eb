"""Pairs of a blurred and a sharp picture, found by their names.

x_blur1.png and x_sharp1.png are a pair, or blur/1.png and sharp/1.png as in GOPRO (Nah et al. 2017), or the same with
folders in between as in REDS. Names count from the folder that is searched, whatever it is called itself.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

import numpy as np

from ...base.settings import READ_PICTURES
from ...errors import InputError
from .footage import Codes, read_picture

BLURRED = re.compile(r"(?<![a-z])blur(red|ry)?(?![a-z])", re.IGNORECASE)
"""The word in the name of a blurred picture or of a folder of such; `sharp` takes its place in those of the sharp."""


@dataclass(frozen=True, slots=True)
class GivenPair:
    """Two files that show the same."""

    blurred: Path
    sharp: Path

    def read(self) -> tuple[Codes, Codes]:
        """The blurred and the sharp picture, (H, W, 3). InputError: they differ in size, or one cannot be read."""
        blurred, sharp = read_picture(self.blurred), read_picture(self.sharp)
        if blurred.shape != sharp.shape:
            raise InputError(f"{self.blurred} and {self.sharp} differ in size; pairs show the same")
        return blurred, sharp

    def patch(self, side: int, rng: np.random.Generator) -> tuple[Codes, Codes]:
        """The same random square of both."""
        blurred, sharp = self.read()
        y, x = (int(rng.integers(n - side + 1)) for n in sharp.shape[:2])
        place = slice(y, y + side), slice(x, x + side)
        return blurred[place], sharp[place]


def given_pairs(data: Path) -> list[GivenPair]:
    """Every pair below `data`, in a fixed order; a blurred picture without its sharp one is left out."""
    files = (path for path in sorted(data.rglob("*")) if path.suffix.lower() in READ_PICTURES)
    return [GivenPair(path, sharp) for path in files if (sharp := _sharp_of(path, data))]


def by_folder(pairs: Sequence[GivenPair]) -> Iterator[tuple[GivenPair, ...]]:
    """Those together whose blurred pictures lie in one folder."""
    for _, together in groupby(sorted(pairs, key=_folder), key=_folder):
        yield tuple(together)


def says_blurred(path: Path, data: Path) -> bool:
    """Whether a name from `data` on is that of something blurred."""
    return any(BLURRED.search(part) for part in path.relative_to(data).parts)


def folders_without_clips(pairs: Sequence[GivenPair], data: Path) -> set[Path]:
    """Those, of `data` and below, whose numbered pictures are not frames to be taken for sharp ones."""
    of_pairs = {path.parent for pair in pairs for path in (pair.blurred, pair.sharp)}
    return of_pairs | {path for path in data.rglob("*") if path.is_dir() and says_blurred(path, data)}


def _sharp_of(blurred: Path, data: Path) -> Path | None:
    """The sharp picture that is there: one folder, the file, or both are called so."""
    *folders, name = blurred.relative_to(data).parts
    other = _exchanged(name)
    found = [blurred.with_name(other)]
    for place, folder in enumerate(folders):
        there = data.joinpath(*folders[:place], _exchanged(folder), *folders[place + 1 :])
        found += [there / name, there / other]
    return next((path for path in found if path != blurred and path.is_file()), None)


def _exchanged(name: str) -> str:
    return BLURRED.sub(lambda found: "Sharp" if found[0].istitle() else "sharp", name)


def _folder(pair: GivenPair) -> Path:
    return pair.blurred.parent
