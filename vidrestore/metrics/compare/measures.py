"""Scores of a pair of pictures, by each metric."""

import math
from collections.abc import Callable
from functools import cached_property, partial

from ...errors import ModelError, UsageError
from ...models.weights.manifest import folder
from ..flicker import Error, flicker, signed_error
from ..niqe import niqe
from ..pristine import Pristine
from ..psnr import crop_border, l1, mse, psnr
from ..ssim import ms_ssim, ssim
from .align import Pair
from .kinds import check_names
from .rgb import Picture


class Views:
    """The samples of a pair that are scored: borders left out, the luma error computed once."""

    def __init__(self, pair: Pair, *, border: int) -> None:
        """UsageError: the border leaves nothing."""
        height, width = pair.reference.luma.shape
        if 2 * border >= min(height, width):
            raise UsageError(f"--border {border} leaves nothing of pictures of {width}x{height}; choose a smaller one")
        self._pair, self._border = pair, border

    @cached_property
    def luma(self) -> tuple[Picture, Picture]:
        """Reference and result."""
        return self._crop(self._pair.reference.luma), self._crop(self._pair.distorted.luma)

    @cached_property
    def rgb(self) -> tuple[Picture, Picture]:
        """Reference and result."""
        reference, distorted = self._pair.reference.rgb, self._pair.distorted.rgb
        assert reference is not None and distorted is not None
        return self._crop(reference), self._crop(distorted)

    @cached_property
    def error(self) -> Error:
        """Signed error of luma."""
        return signed_error(*self.luma)

    def _crop(self, picture: Picture) -> Picture:
        return crop_border(picture, self._border)  # type: ignore[return-value]


Score = Callable[[Views, Views | None], float | None]
"""Of a pair and the pair before it in the same scene, if there is one; None where there is nothing to say."""


def scores(names: tuple[str, ...]) -> dict[str, Score]:
    """A function per name.

    Raises:
        UsageError: an unknown name. ModelError: niqe's parameter file is missing or damaged.
    """
    check_names(names)
    return {name: partial(_niqe, pristine()) if name == "niqe" else _SCORES[name] for name in names}


_SCORES: dict[str, Score] = {
    "psnr": lambda now, _: psnr(*now.rgb),
    "psnr_y": lambda now, _: psnr(*now.luma),
    "ssim": lambda now, _: ssim(*now.rgb),
    "ssim_y": lambda now, _: ssim(*now.luma),
    "ms_ssim": lambda now, _: ms_ssim(*now.rgb),
    "l1": lambda now, _: l1(*now.rgb),
    "mse": lambda now, _: mse(*now.rgb),
    "flicker": lambda now, before: None if before is None else _flicker(now, before),
}


def _flicker(now: Views, before: Views) -> float | None:
    same = now.error.shape == before.error.shape  # pictures in a folder may differ
    return flicker(now.error, before.error) if same else None


def _niqe(pristine: Pristine, now: Views, _: Views | None) -> float | None:
    score = niqe(now.luma[1], pristine)
    return None if math.isnan(score) else score


def pristine() -> Pristine:
    """The features of sharp pictures that come along. ModelError: they cannot be read."""
    path = folder() / "niqe.json"
    try:
        return Pristine.from_json(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ModelError(f"{path} cannot be read ({error}); reinstall vidrestore or leave niqe out") from None
