"""deblur(): deblurring as a stage; by a network or by undoing a blur that is known or estimated."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from ...base.settings import NOISE, Deblurring, Settings
from ...errors import UsageError
from ..network import Model, key_of, name_of, needs_of, network_of, notes_of, precisely_enough
from ..network import find as find_network
from ..stage import Stage, check_strength
from .psf_option import FORMS, PsfOption, parse_psf

if TYPE_CHECKING:
    from torch import Tensor

    from .deblurrer import Deblurrer

METHODS = ("wiener", "landweber", "pocs", "sparse")
"""That undo a known blur; see inverse.py."""
VARYING = ("landweber", "pocs")
"""Those of them that undo a blur which varies over the picture."""
FOR_VIDEO, FOR_PICTURE = "unblur-video", "unblur"
"""What `auto` deblurs with, where nothing is said of the blur: the former also sees the frames before and after."""
BY_BLUR = "sparse"
"""And where --psf or --estimate says that it is one blur."""
INVERSE_SETTINGS: dict[str, tuple[object, ...]] = {
    "engine": ("auto", "torch"),
    "precision": ("auto", "fp32"),
    "tile": ("auto", 0),
    "batch": ("auto", 1),
    "max_memory": (None,),
}
"""What Settings may say where no network runs."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DeblurByNetwork(Stage):
    """A network's result, shown as far as `how` says."""

    network: Model
    how: Deblurring
    settings: Settings
    still: bool
    """The source is one picture."""

    def load(self, *, measure: bool = False) -> Deblurrer:
        from ...engine import Runner, choose  # torch
        from ...engine.infer import Inference
        from ...models.ensemble import Blended
        from .deblurrer import Deblurrer
        from .quality import at_quality

        network = network_of(self.network, task="deblur")
        settings = precisely_enough([network], self.settings)
        blended = Blended(at_quality(self.how.quality, network, still=self.still), self.how.strength)
        inference = Inference(blended, choose(settings), settings)
        return Deblurrer(Runner(inference), threshold=self.how.only_blurred, measure=measure)


@dataclass(frozen=True, slots=True)
class Known:
    """A blur as numbers."""

    shape: tuple[int, ...]
    values: bytes
    """float64."""

    @staticmethod
    def of(text: str) -> Known:
        """What --psf means; raises as `read_psf`."""
        from .psf_choice import read_psf

        psf = read_psf(text).double()
        return Known(tuple(psf.shape), psf.contiguous().numpy().tobytes())

    @property
    def tensor(self) -> Tensor:
        """As `read_psf` gives it."""
        import torch

        return torch.frombuffer(bytearray(self.values), dtype=torch.float64).reshape(self.shape)


@dataclass(frozen=True, slots=True, kw_only=True)
class DeblurByInverse(Stage):
    """A blur that is known or estimated, undone."""

    how: Deblurring
    settings: Settings
    blur: Known | None = None
    """What `how.psf` means; None: that is not read yet."""

    def sent(self) -> DeblurByInverse:
        return replace(self, blur=None if self.how.psf is None else Known.of(self.how.psf))

    def load(self, *, measure: bool = False) -> Deblurrer:
        from ...engine import choose  # torch
        from .deblurrer import Deblurrer
        from .inverse import Inverse

        how = self.how
        blur = self.sent().blur if self.blur is None else self.blur
        inverse = Inverse(
            how.model,
            None if blur is None else blur.tensor,
            noise=_noise(how) / 255,
            strength=how.strength,
            device=choose(self.settings).device,
        )
        return Deblurrer(inverse, threshold=how.only_blurred, measure=measure)


def deblur(how: Deblurring, *, settings: Settings, still: bool = False) -> Stage:
    """Each frame sharper, by undoing a blur that is known or estimated, or by a network.

    Args:
        still: the source is one picture, for which the quality auto means best.

    Raises:
        UsageError: options that do not go together, or a number outside its range.
        ModelError: an unknown model, or one without weights.
    """
    check_strength(how.strength)
    if how.only_blurred is not None and not 0 < how.only_blurred < 1:
        raise UsageError(f"--only-blurred {how.only_blurred:g} is not between 0 and 1; sharp frames have 0.25 to 0.45")
    psf = None if how.psf is None else parse_psf(how.psf)
    if how.model == "auto" and (psf is not None or how.estimate):
        how = replace(how, model=BY_BLUR)
    if how.model in METHODS:
        _check_inverse(how, psf, settings)
        key = _key(how, how.model, settings) | {
            "psf": "" if psf is None else f"{psf.kind} {psf.numbers} {psf.picture}{psf.parts or ''}",
            "estimate": str(how.estimate),
            "noise": str(_noise(how)),
        }
        return DeblurByInverse(name="deblur", model=how.model, key=key, reach=0, how=how, settings=settings)
    if how.psf is not None or how.estimate or how.noise is not None:
        raise UsageError(
            f"--psf, --estimate and --noise are for -m {' and '.join(METHODS)}; -m {how.model} finds the blur itself"
        )
    network = find(how.model, still=still)
    needs = needs_of(network, task="deblur")
    return DeblurByNetwork(
        name="deblur",
        model=name_of(network),
        key=_key(how, key_of(network), settings) | {"quality": how.quality, "still": str(still)},
        notes=notes_of(network, task="deblur"),
        reach=needs.before,
        looks=bool(needs.before or needs.after),
        network=network,
        how=how,
        settings=settings,
        still=still,
    )


def _key(how: Deblurring, model: str, settings: Settings) -> dict[str, str]:
    return {
        "model": model,
        "precision": settings.precision,
        "strength": str(how.strength),
        "only-blurred": str(how.only_blurred),
    }


def _noise(how: Deblurring) -> float:
    """Standard deviation, white at 255."""
    return NOISE if how.noise is None else how.noise


def _check_inverse(how: Deblurring, psf: PsfOption | None, settings: Settings) -> None:
    """UsageError: the options do not fit a method that undoes a known blur, or its picture is broken."""
    if (psf is None) == (not how.estimate):
        raise UsageError(f"-m {how.model} needs either --estimate or --psf: {FORMS}")
    if how.quality != "auto":
        raise UsageError(f"--quality {how.quality} is for networks; -m {how.model} has one quality")
    if psf is not None and psf.parts and how.model not in VARYING:
        undo = " and ".join(VARYING)
        raise UsageError(f"--psf {how.psf} varies over the picture, which -m {undo} undo; -m {how.model} does not")
    if not 0 < (level := _noise(how)) <= 255:
        raise UsageError(f"--noise {level:g} is not a standard deviation with white at 255; give more than 0")
    for option, fitting in INVERSE_SETTINGS.items():
        if (value := getattr(settings, option)) not in fitting:
            raise UsageError(
                f"--{option.replace('_', '-')} {value} is for networks; -m {how.model} computes whole pictures in fp32"
            )
    if psf is not None and psf.picture:
        from .psf_choice import read_psf

        read_psf(str(how.psf))


def find(model: str, *, still: bool = False) -> Model:
    """The network a user means; auto hangs on whether it is for a single picture.

    Raises:
        ModelError: an unknown model, or one without weights.
    """
    return find_network((FOR_PICTURE if still else FOR_VIDEO) if model == "auto" else model, task="deblur")
