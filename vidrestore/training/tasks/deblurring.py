"""The task of deblurring: pictures with motion blur, and sharp ones.

Blur of footage is its own motion (exposure.py), as in document 001 and Nah et al. 2017; still pictures are moved by
hand (layered_motion.py) or shaken; and some pictures stay sharp, so that a network learns to leave such ones alone.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import chain
from pathlib import Path
from typing import ClassVar

import cv2
import numpy as np

from ...errors import InputError
from ...metrics.psnr import psnr
from ...video.encode.round_trip import x264
from ..data.blur.camera_shake import shaken
from ..data.blur.exposure import GAMMA, as_picture
from ..data.blur.scenes import Exposed, exposed_scenes, exposed_stills
from ..data.encoded_scenes import encoded
from ..data.footage import Codes, beside, fitting_scenes, held_back, read_picture
from ..data.pairs import GivenPair, by_folder, folders_without_clips, given_pairs, says_blurred
from ..data.samples import Samples
from ..validate import Held, Pair
from .task import Material

HELD = 48
"""Samples that validation sees."""
TRIES = 400
FITTING = (20.0, 34.0)
"""dB of a blurred patch to its sharp one: less is past help, more is hardly blurred. Wider than what evaluation takes
of whole frames (blurred_pairs.py), whose parts differ by more than that."""
ENLARGED = 2.0
CRF = (15, 35)
Source = Exposed | GivenPair
"""What has patches, blurred and sharp."""


@dataclass(frozen=True, slots=True)
class DeblurringTask:
    """RGB pairs; every twelfth scene is held back, scored by RGB PSNR beside the blurred picture's own."""

    command: ClassVar[str] = "deblur"
    patch: int = 128
    layered: float = 0.2
    """Share of samples made of still pictures in layers that move, where `data` holds any."""
    shaken: float = 0.1
    """Share made of still pictures and the path of a shaken camera."""
    sharp: float = 0.1
    """Share that is not blurred at all."""
    enlarged: float = 0.0
    """Share that is cut smaller and enlarged up to ENLARGED times: soft pictures with long streaks, as in video that a
    camera or a site has enlarged."""
    toned: float = 0.3
    """Share that is seen through another tone curve, by which less than GAMMA or even nothing makes light of codes:
    cameras differ, and the blurred pictures of GOPRO (Nah et al. 2017) are also given as averages of codes."""
    noise: float = 3.0
    """Largest standard deviation, in 8-bit code values, of what half of the samples get."""
    compressed: float = 0.25
    """Share that passes through JPEG of quality 60 to 98."""
    encoded: float = 0.0
    """Share that passes through x264 at a CRF of CRF, as one of two frames."""
    fitting: tuple[float, float] = FITTING
    """dB of a blurred patch to its sharp one; others are not taken."""
    quarters: bool = True
    """Turn samples by a quarter too, beside flips."""
    colours: bool = False
    """Exchange the colours and change their saturation, as the public DeepDeblur code does."""

    def open(self, data: Path, scratch: Path) -> Material:
        """See Task. The first time, blurred scenes are made in `scratch`, which takes minutes.

        Blurred pictures that are there with their sharp ones are learnt from as they are, a folder of them as a scene.

        Raises InputError: fewer than two scenes that motion blurs, a still that cannot be read, a pair of two sizes.
        """
        data = data.resolve()  # so that every path has a name
        given = given_pairs(data)
        found = fitting_scenes(data, scratch, least=3, side=self.patch, without=folders_without_clips(given, data))
        fit = [pair for pair in given if min(pair.read()[1].shape[:2]) >= self.patch]
        moving: list[tuple[Source, ...]] = [*exposed_scenes(found, scratch / "exposed"), *by_folder(fit)]
        held, kept = held_back(moving, data)
        of_pairs = {path for pair in given for path in (pair.blurred, pair.sharp)}
        stills = [path for path in beside(found, data) if path not in of_pairs and not says_blurred(path, data)]
        stills = [path for path in stills if min(read_picture(path).shape[:2]) >= self.patch]
        layers = exposed_stills(stills, scratch / "exposed", side=self.patch) if stills and self.layered else []
        samples = BlurSamples(
            list(chain(*held)), [], [], replace(self, sharp=0, enlarged=0), batch=1, seed=0, steps=HELD
        )
        return Material(
            partial(BlurSamples, list(chain(*kept)), layers, stills, self),
            Held([samples[i] for i in range(HELD)], lambda window: window),
        )


class BlurSamples(Samples):
    """Blurred pictures and sharp ones, both (B, 1, 3, patch, patch)."""

    def __init__(
        self,
        moving: Sequence[Source],
        layers: Sequence[Exposed],
        stills: Sequence[Path],
        task: DeblurringTask,
        *,
        batch: int,
        seed: int,
        steps: int,
    ) -> None:
        self._moving, self._layers, self._stills, self._task = moving, layers, stills, task
        super().__init__(batch=batch, seed=seed, steps=steps)

    def _sample(self, rng: np.random.Generator) -> Pair:
        task = self._task
        gamma = rng.uniform(1, GAMMA) if rng.random() < task.toned else GAMMA
        blurred, sharp = self._fitting(self._source(rng), gamma, rng)
        if rng.random() < task.sharp:
            blurred = sharp
        blurred, sharp = _turned(blurred, sharp, rng, quarters=task.quarters)
        if task.colours:
            blurred, sharp = _recoloured(blurred, sharp, rng)
        return as_picture(self._worn(blurred, rng))[None], as_picture(sharp)[None]

    def _source(self, rng: np.random.Generator) -> Sequence[Source] | Sequence[Path]:
        kind = rng.random()
        if self._stills and kind < self._task.shaken:
            return self._stills
        layered = self._layers and kind < self._task.shaken + self._task.layered
        return self._layers if layered else self._moving

    def _fitting(
        self, source: Sequence[Source] | Sequence[Path], gamma: float, rng: np.random.Generator
    ) -> tuple[Codes, Codes]:
        """A patch of which the blur can be seen, and undone."""
        for _ in range(TRIES):
            blurred, sharp = self._patch(source[int(rng.integers(len(source)))], gamma, rng)
            if self._task.fitting[0] <= psnr(sharp, blurred) <= self._task.fitting[1]:
                return blurred, sharp
        raise InputError(
            f"none of {TRIES} patches of {self._task.patch} pixels is blurred to {self._task.fitting[0]:g} to "
            f"{self._task.fitting[1]:g} dB; "
            "give footage that moves, or stills with texture"
        )

    def _patch(self, source: Source | Path, gamma: float, rng: np.random.Generator) -> tuple[Codes, Codes]:
        side = wanted = self._task.patch
        if self._task.enlarged and rng.random() < self._task.enlarged:
            side = round(wanted / rng.uniform(1, ENLARGED))
        if isinstance(source, Path):
            blurred, sharp = shaken(read_picture(source), side=side, gamma=gamma, rng=rng)
        else:
            blurred, sharp = source.patch(side, rng)
            if not isinstance(source, GivenPair):  # which is as it is
                blurred, sharp = (_toned(patch, GAMMA / gamma) for patch in (blurred, sharp))
        return (blurred, sharp) if side == wanted else (_resized(blurred, wanted), _resized(sharp, wanted))

    def _worn(self, picture: Codes, rng: np.random.Generator) -> Codes:
        """With the noise and the compression that users' videos have."""
        if rng.random() < 0.5:
            noisy = picture + rng.normal(0, rng.uniform(0, self._task.noise), picture.shape)
            picture = np.asarray(np.clip(np.rint(noisy), 0, 255), np.uint8)
        if rng.random() < self._task.compressed:
            quality = int(rng.integers(60, 99))
            bgr = np.ascontiguousarray(picture[..., ::-1])
            _, data = cv2.imencode(".jpg", bgr, [cv2.IMWRITE_JPEG_QUALITY, quality])
            picture = np.asarray(cv2.imdecode(data, cv2.IMREAD_COLOR_RGB), np.uint8)
        if rng.random() < self._task.encoded:
            pair = encoded([picture, picture], x264(int(rng.integers(CRF[0], CRF[1] + 1))))
            picture = pair[int(rng.integers(2))]
        return picture


def _toned(picture: Codes, power: float) -> Codes:
    """Codes ** `power`: an average of light, codes ** GAMMA, becomes one of codes ** (GAMMA / power)."""
    return picture if power == 1 else np.asarray(np.rint((picture / 255.0) ** power * 255), np.uint8)


def _resized(picture: Codes, side: int) -> Codes:
    return np.asarray(cv2.resize(picture, (side, side), interpolation=cv2.INTER_CUBIC), np.uint8)


def _turned(blurred: Codes, sharp: Codes, rng: np.random.Generator, *, quarters: bool) -> tuple[Codes, Codes]:
    """Flipped at random, across and down, and turned by a quarter."""
    both = np.stack((blurred, sharp))
    for axis, drawn in zip((1, 2), rng.integers(2, size=2), strict=True):
        both = np.flip(both, axis) if drawn else both
    both = np.rot90(both, axes=(1, 2)) if quarters and rng.integers(2) else both
    return both[0], both[1]


def _recoloured(blurred: Codes, sharp: Codes, rng: np.random.Generator) -> tuple[Codes, Codes]:
    """Channels exchanged, saturation from a half to one and a half."""
    both = np.stack((blurred, sharp))[..., rng.permutation(3)].astype(np.float32)
    grey = both.mean(-1, keepdims=True)
    both = np.clip(np.rint(grey + rng.uniform(0.5, 1.5) * (both - grey)), 0, 255).astype(np.uint8)
    return both[0], both[1]
