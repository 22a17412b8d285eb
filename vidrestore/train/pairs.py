"""Which pictures are blurred and have a sharp one, by their names, and patches of both to learn from.

Pairs go by name: x_blur1.png and x_sharp1.png, or blur/1.png and sharp/1.png as in GOPRO (Nah et al. 2017).
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain, groupby
from pathlib import Path

import numpy as np

from ..errors import InputError
from .data import PICTURES
from .footage import Codes, read_picture

BLURRED = re.compile(r"(?<![a-z])blur(red)?(?![a-z])", re.IGNORECASE)
"""The word in the name of a blurred picture or of its folder; SHARP takes its place in those of the sharp one."""
SHARP = re.compile(r"(?<![a-z])sharp(?![a-z])", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class GivenPair:
    """Two files of one size."""

    blurred: Path
    sharp: Path

    def patch(self, side: int, rng: np.random.Generator) -> tuple[Codes, Codes]:
        """The same random square of the blurred and of the sharp picture. InputError: not of one size, or smaller."""
        blurred, sharp = read_picture(self.blurred), read_picture(self.sharp)
        if blurred.shape != sharp.shape or min(sharp.shape[:2]) < side:
            (h, w), (height, width) = blurred.shape[:2], sharp.shape[:2]
            raise InputError(
                f"{self.blurred} is {w}x{h} and {self.sharp} {width}x{height}; training needs pairs of one size, "
                f"{side}x{side} or more"
            )
        y, x = (int(rng.integers(n - side + 1)) for n in sharp.shape[:2])
        place = slice(y, y + side), slice(x, x + side)
        return blurred[place], sharp[place]


def pairs_by_folder(data: Path) -> Iterator[tuple[GivenPair, ...]]:
    """Every pair in and below `data`, those of a folder together, in a fixed order."""
    files = (path for path in sorted(data.rglob("*")) if path.suffix.lower() in PICTURES)
    found = (GivenPair(path, sharp) for path in files if (sharp := sharp_of(path)))
    for _, together in groupby(found, key=lambda pair: pair.blurred.parent):
        yield tuple(together)


def sharp_of(blurred: Path) -> Path | None:
    """The sharp picture that is there, of one whose name or folder says that it is blurred."""
    folder = blurred.parent.with_name(_exchanged(BLURRED, "sharp", blurred.parent.name))
    name = _exchanged(BLURRED, "sharp", blurred.name)
    found = (blurred.with_name(name), folder / blurred.name, folder / name)
    return next((sharp for sharp in found if sharp != blurred and sharp.is_file()), None)


def folders_of_pairs(data: Path) -> set[Path]:
    """The folders, of `data` and those below, that hold blurred pictures, or the sharp ones of pairs."""
    return {path for path in chain([data], data.rglob("*")) if path.is_dir() and is_of_pairs(path)}


def is_of_pairs(folder: Path) -> bool:
    """Whether it holds blurred pictures, or the sharp ones of pairs, and so is no clip."""
    beside = (folder.with_name(_exchanged(SHARP, word, folder.name)) for word in ("blur", "blurred"))
    if BLURRED.search(folder.name) or any(each != folder and each.is_dir() for each in beside):
        return True
    return any(sharp_of(path) for path in folder.iterdir())


def _exchanged(word: re.Pattern[str], other: str, name: str) -> str:
    return word.sub(lambda found: other.title() if found[0].istitle() else other, name)
