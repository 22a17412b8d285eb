"""Three frames in a row with motion blur, as users have them, and the middle one sharp: made once, kept in files."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import chain, pairwise
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from ....metrics.psnr import psnr
from ....restoration.interpolation.flow import FlowInterpolator
from ....restoration.interpolation.motion.presets import PRESETS
from ....video.encode.round_trip import x264
from ..encoded_scenes import encoded
from ..footage import Codes, Scene, named, read_picture, save_whole, state_of
from ..layered_motion import layered
from .camera_shake import shaken_window
from .exposure import GAMMA, as_codes, as_picture, exposed

EACH = 8
"""Moments from one frame to the next."""
FRAMES = 25
"""Of a scene whose moments are made at a time."""
SPACINGS, SHARES = (1, 2, 3), (0.55, 0.3, 0.15)
"""Frames from one exposure to the next, and how often each is drawn: frames left out make long streaks."""
UNBLURRED = 0.1
"""Share whose shutter is open for one moment only."""
HALVED = 0.35
"""Share at half of the size, where there are pixels enough."""
LEAST, HARDLY = 19.0, 42.0
"""dB of a blurred window to the sharp one: less is past help; of what is hardly blurred three in ten are kept."""
FLAT = 8.0
"""Standard deviation in 8-bit codes below which four of five windows are left out."""
TRIES = 8
HOW = repr((EACH, FRAMES, SPACINGS, SHARES, UNBLURRED, HALVED, LEAST, HARDLY, FLAT)).encode()


@dataclass(frozen=True, slots=True)
class Look:
    """What a camera makes of light."""

    gamma: float
    """Codes to this power are light."""
    glow: float
    """How much brighter the brightest light is than what a code can say: it clips, and its streaks do not fade."""

    @staticmethod
    def draw(rng: np.random.Generator) -> "Look":
        gamma = GAMMA if rng.random() < 0.7 else rng.uniform(1, GAMMA)
        return Look(gamma, rng.uniform(0.5, 4) if rng.random() < 0.2 else 0.0)


Three = tuple[list[NDArray[np.float32]], Codes]
"""Blurred pictures (side, side, 3) in [0, 1], and the middle one's codes, sharp."""


def windows_of_scenes(footage: Sequence[Scene], folder: Path, *, side: int, each: int) -> list[Path]:
    """Files of (4, side, side, 3) of 8 bits, RGB: `each` windows of a scene, the sharp picture last.

    Args:
        folder: where they are kept; what lies there is not made again.
    """
    return list(chain.from_iterable(_of_scene(scene, folder, side, each) for scene in footage))


def windows_of_stills(stills: Sequence[Path], folder: Path, *, side: int, count: int) -> list[Path]:
    """The same of still pictures, every other one by a shaken camera, the others in layers that move over each other.

    Raises:
        InputError: one cannot be read.
    """
    name = named(HOW, repr(side).encode(), state_of(stills))
    return [
        path
        for number in range(count)
        if (path := folder / f"{name}-{number:05}.npy").is_file() or _saved(path, *_of_stills(stills, side, number))
    ]


def _of_scene(scene: Scene, folder: Path, side: int, each: int) -> Iterator[Path]:
    name = named(HOW, repr((side, each)).encode(), np.ascontiguousarray(scene[0]).data)
    done = folder / f"{name}.done"
    if not done.is_file():
        rng = np.random.default_rng(int(name, 16))
        seen = _moments(scene, rng)
        for number in range(each):
            if (made := _tried(lambda: _of_moments(seen, side, rng))) is not None:
                _saved(folder / f"{name}-{number:04}.npy", made, rng)
        done.touch()
    yield from sorted(folder.glob(f"{name}-*.npy"))


def _of_stills(stills: Sequence[Path], side: int, number: int) -> tuple[Three | None, np.random.Generator]:
    rng = np.random.default_rng(number)
    how = _layered if number % 2 else _shaken
    return _tried(lambda: how(stills, side, rng)), rng


def _tried(make: Callable[[], Three | None]) -> Three | None:
    return next((made for _ in range(TRIES) if (made := make()) is not None), None)


def _saved(path: Path, made: Three | None, rng: np.random.Generator) -> bool:
    if made is None:
        return False
    blurred, sharp = made
    save_whole(path, np.stack([*worn(blurred, rng), sharp]))
    return True


def _moments(scene: Scene, rng: np.random.Generator) -> Codes:
    """(N, H, W, 3), EACH from one frame to the next, of some frames in a row."""
    between, times = FlowInterpolator(PRESETS["fast"].search), [Fraction(n, EACH) for n in range(1, EACH)]
    first = int(rng.integers(max(1, len(scene) - FRAMES + 1)))
    frames = [scene[n] for n in range(first, min(len(scene), first + FRAMES))]
    made = [frames[0]]
    for now, second in pairwise(frames):
        made += [*map(as_codes, between(as_picture(now), as_picture(second), times)), second]
    return np.stack(made)


def _of_moments(seen: Codes, side: int, rng: np.random.Generator) -> Three | None:
    """None: there are too few moments, or the blur does not fit."""
    spacing = EACH * int(rng.choice(SPACINGS, p=SHARES))
    half = 0 if rng.random() < UNBLURRED else int(rng.integers(1, spacing // 2 + 1))
    centres = range(-(-(spacing + half) // EACH) * EACH, len(seen) - spacing - half, EACH)
    if not centres:
        return None
    centre = int(rng.choice(centres))
    height, width = seen.shape[1:3]
    wide = min(2 * side, height, width) if rng.random() < HALVED and min(height, width) > 1.8 * side else side
    y, x = (int(rng.integers(n - wide + 1)) for n in (height, width))

    def around(moment: int) -> Codes:
        return _small(seen[moment - half : moment + half + 1, y : y + wide, x : x + wide], side)

    return _fitting([around(centre + far) for far in (-spacing, 0, spacing)], rng)


def _small(pictures: Codes, side: int) -> Codes:
    if pictures.shape[1] == side:
        return pictures
    return np.stack([cv2.resize(each, (side, side), interpolation=cv2.INTER_AREA) for each in pictures])


def _layered(stills: Sequence[Path], side: int, rng: np.random.Generator) -> Three | None:
    times = [n / EACH for n in range(-EACH * 3 // 2, EACH * 3 // 2 + 1)]
    seen, half = np.stack(layered(stills, times, side=side, rng=rng)), int(rng.integers(EACH // 2 + 1))
    centres = [len(seen) // 2 + far for far in (-EACH, 0, EACH)]
    return _fitting([seen[centre - half : centre + half + 1] for centre in centres], rng)


def _fitting(moments: Sequence[Codes], rng: np.random.Generator) -> Three | None:
    """Three exposures of so many moments each, by one look; None: flat, or blurred too much or hardly."""
    sharp = moments[1][len(moments[1]) // 2]
    if sharp.std() < FLAT and rng.random() < 0.8:
        return None
    left = psnr(sharp, np.asarray(np.rint(exposed(moments[1], GAMMA, 0.0) * 255), np.uint8))
    if left < LEAST or (len(moments[1]) > 1 and left > HARDLY and rng.random() < 0.7):
        return None
    look = Look.draw(rng)
    truth = np.rint(exposed(sharp[None], look.gamma, look.glow) * 255)
    return [exposed(each, look.gamma, look.glow) for each in moments], np.asarray(truth, np.uint8)


def _shaken(stills: Sequence[Path], side: int, rng: np.random.Generator) -> Three | None:
    look = Look.draw(rng)
    picture = read_picture(stills[int(rng.integers(len(stills)))])
    blurred, sharp = shaken_window(picture, side=side, gamma=look.gamma, glow=look.glow, rng=rng)
    made = np.asarray(np.rint(blurred[1] * 255), np.uint8)
    return (blurred, sharp) if psnr(sharp, made) >= LEAST else None


def worn(pictures: Sequence[NDArray[np.float32]], rng: np.random.Generator) -> list[Codes]:
    """With the noise of a camera, of which bright pixels may have more, and what x264 or JPEG leave."""
    if rng.random() < 0.4:
        sigma, bright = rng.uniform(0, 4) / 255, rng.uniform(0, 1)
        pictures = [
            np.asarray(each + rng.normal(0, sigma, each.shape) * np.sqrt(1 - bright + 2 * bright * each.clip(0, 1)))
            for each in pictures
        ]
    codes = [np.asarray(np.clip(np.rint(each * 255), 0, 255), np.uint8) for each in pictures]
    kind = rng.random()
    if kind < 0.45:
        return encoded(codes, x264(int(rng.integers(15, 36))))
    if kind < 0.53:
        quality = [cv2.IMWRITE_JPEG_QUALITY, int(rng.integers(60, 99))]
        files = [cv2.imencode(".jpg", each[..., ::-1].copy(), quality)[1] for each in codes]
        return [np.asarray(cv2.imdecode(file, cv2.IMREAD_COLOR_RGB), np.uint8) for file in files]
    return codes
