"""Scenes with motion blur, made once and kept in files."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from torch import Tensor

from ....metrics.psnr import psnr
from ....restoration.interpolation.flow import FlowInterpolator
from ....restoration.interpolation.motion.presets import PRESETS
from ..footage import Codes, Scene, named, save_whole, state_of
from ..layered_motion import FINER, SPEEDS, layered
from .exposure import GAMMA, as_codes, as_picture, exposures, moments

EACH = 16
"""Moments from one frame to the next."""
COUNTS = (5, 9, 13, 17, 21, 25, 33)
"""Moments in an exposure: from a quarter of the frames' distance to twice that."""
KEPT = 3
"""Exposures that are kept of each scene."""
STRIDE = 4
"""Frames from one sharp picture to the next."""
FITTING = (21.0, 33.0)
"""dB from an exposure to the sharp picture, of the whole frame: others are not kept."""
LAYERED = 600
"""Scenes made of still pictures."""
SEARCH = PRESETS["fast"].search
HOW = repr((EACH, COUNTS, KEPT, FITTING, GAMMA, SEARCH, FINER, SPEEDS)).encode()


@dataclass(frozen=True, slots=True)
class Exposed:
    """A sharp picture and its exposures, in a file: (1 + n, H, W, 3) of 8 bits."""

    path: Path

    def patch(self, side: int, rng: np.random.Generator) -> tuple[Codes, Codes]:
        """The same random square of one of the exposures and of the sharp picture."""
        pictures = np.load(self.path, mmap_mode="r")
        y, x = (int(rng.integers(n - side + 1)) for n in pictures.shape[1:3])
        place = slice(y, y + side), slice(x, x + side)
        number = int(rng.integers(1, len(pictures)))
        return np.array(pictures[number][place]), np.array(pictures[0][place])


def exposed_scenes(footage: Sequence[Scene], folder: Path) -> list[tuple[Exposed, ...]]:
    """Every few frames of each scene, where they move enough to blur and not beyond help; scenes without any left out.

    Args:
        folder: where they are kept; what lies there is not made again.
    """
    return [made for scene in footage if (made := tuple(_moving(scene, folder)))]


def exposed_stills(stills: Sequence[Path], folder: Path, *, side: int) -> list[Exposed]:
    """Still pictures in layers that move over each other (layered_motion.py), a little larger than `side`.

    Raises:
        InputError: one cannot be read.
    """
    return list(_layered(stills, folder, side + side // 4))


def _moving(scene: Scene, folder: Path) -> Iterator[Exposed]:
    between = FlowInterpolator(SEARCH)
    for centre in range(1, len(scene) - 1, STRIDE):
        frames = [scene[centre + offset] for offset in (-1, 0, 1)]
        name = named(HOW, *(np.ascontiguousarray(frame).data for frame in frames))
        path = folder / f"{name}.npy"
        if not path.is_file():
            seen = moments([as_picture(frame) for frame in frames], each=EACH, between=between)
            save_whole(path, _exposed(seen, np.random.default_rng(int(name, 16))))
        if len(np.load(path, mmap_mode="r")) > 1:
            yield Exposed(path)


def _layered(stills: Sequence[Path], folder: Path, side: int) -> Iterator[Exposed]:
    times = [n / EACH - 0.5 for n in range(EACH + 1)]
    name = named(HOW, state_of(stills))
    for number in range(LAYERED):
        path = folder / f"layered-{side}-{name}-{number:04}.npy"
        if not path.is_file():
            rng = np.random.default_rng(number)
            save_whole(path, _exposed([as_picture(seen) for seen in layered(stills, times, side=side, rng=rng)], rng))
        if len(np.load(path, mmap_mode="r")) > 1:
            yield Exposed(path)


def _exposed(seen: Sequence[Tensor], rng: np.random.Generator) -> Codes:
    """The middle one of some moments, and exposures around it whose blur fits."""
    sharp = seen[len(seen) // 2]
    made = exposures(seen, [count for count in COUNTS if count <= len(seen)])
    truth = as_codes(sharp)
    fitting = [codes for codes in map(as_codes, made) if FITTING[0] <= psnr(truth, codes) <= FITTING[1]]
    return np.stack([truth, *(fitting[n] for n in sorted(rng.permutation(len(fitting))[:KEPT]))])
