"""The restorations as stages of a job: a model's name in, a checked Stage out. Networks are loaded when it starts."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import product
from math import prod
from pathlib import Path
from typing import TYPE_CHECKING

from ..base.settings import NOISE, Deblurring, Retiming, Settings
from ..errors import ModelError, UsageError
from ..frame.frame import Frame
from ..models.processor import Needs
from ..models.weights import manifest
from ..scenes.list import Scene
from .deblurring.psf_option import FORMS, PsfOption, parse_psf
from .interpolation import choose
from .interpolation.timing import ByFactor, Timing
from .job import Stage
from .skip import NOTHING, Skip

if TYPE_CHECKING:
    from ..engine import Ran
    from ..models.networks import Network
    from .deblurring.only_blurred import Restoring

METHODS = ("wiener", "landweber")
"""That undo a known blur; see inverse.py."""
SCALES = (2, 3, 4)
CHAINS = {4: "aligned-x2+espcn-x2"}
"""What `auto` enlarges with where two networks in a row do better on clips than any one; figures in the README."""
UNTRAINED = "gz2019"
"""The network for upscale that needs a user's own weights."""


def upscale(model: str, *, scale: int, settings: Settings, still: bool = False) -> Stage:
    """Super-resolution by `scale` with a model of the manifest, by its own name or its family's, or a file.

    Args:
        model: auto: the best there is, as measured on clips. A+B: what A gives, enlarged again by B, each by its own
            name or its family's.
        still: the source is one picture, for which auto means a network that looks at no others.

    Raises:
        UsageError: a scale there is no network for.
        ModelError: an unknown model, or one of another scale.
    """
    if scale not in SCALES:
        raise UsageError(f"--scale {scale} is not possible; choose one of {', '.join(map(str, SCALES))}")
    if Path(model).suffix == ".safetensors":
        models: list[manifest.Entry | Path] = [Path(model)]
        name, notes, needs = model, tuple[str, ...](), [_needs_of(Path(model), task="upscale")]
        if needs[0].scale != scale:
            raise ModelError(f"the network of {model} enlarges x{needs[0].scale}, not x{scale}")
    else:
        entries = _upscalers(model, scale, still=still)
        models, needs = [*entries], [entry.needs for entry in entries]
        name, notes = "+".join(entry.name for entry in entries), tuple(entry.note for entry in entries if entry.note)

    def start(ran: Ran, skip: Skip = NOTHING) -> Callable[[Iterable[Frame]], Iterator[Frame]]:
        from . import stage_work as work  # torch

        return work.enlarge([work.network_of(each, task="upscale") for each in models], settings, ran, skip)

    reach, looks = sum(each.before for each in needs), any(each.before or each.after for each in needs)
    return Stage("upscale", scale, start, name, notes, how=_how(name, settings), reach=reach, looks=looks)


def _needs_of(path: Path, *, task: str) -> Needs:
    """What the network of a file needs. ModelError: as `weights.open_file`."""
    manifest.about_for(path, task=task)

    from ..models.weights import files  # torch: it is known once the network is built

    return files.open_file(path, task=task).needs


def _upscalers(model: str, scale: int, *, still: bool) -> tuple[manifest.Entry, ...]:
    """The networks that enlarge one after the other, together by `scale`."""
    if model == "auto" and (still or scale not in CHAINS):
        return (manifest.best(scale=scale, still=still),)
    names = (CHAINS[scale] if model == "auto" else model).split("+")
    if len(names) == 1:
        return (_upscaler(model, scale),)
    chains = {_scale(chain): chain for chain in product(*map(_of_any_scale, names))}
    if scale not in chains:
        own = " or ".join(f"x{each}" for each in sorted(chains))
        ways = " or ".join(f"--scale {each}" for each in sorted(chains) if each in SCALES)
        raise ModelError(f"{model} enlarges {own}, not x{scale}" + (f"; give {ways}" if ways else ""))
    return chains[scale]


def _scale(chain: Sequence[manifest.Entry]) -> int:
    return prod(entry.needs.scale for entry in chain)


def _of_any_scale(name: str) -> list[manifest.Entry]:
    """The row of that name, or all of that family."""
    rows = {row.name: row for row in manifest.rows().values() if row.task == "upscale"}
    family = [rows[each] for scale in SCALES if (each := f"{name}-x{scale}") in rows]
    return family if family and name not in rows else [manifest.find(name, task="upscale")]


def _upscaler(model: str, scale: int) -> manifest.Entry:
    try:
        return manifest.find(model, task="upscale", scale=scale)
    except ModelError as error:
        if model != UNTRAINED:
            raise
        raise ModelError(
            f"no trained weights of {model} are shipped: train it with `vidrestore train {model}-x2` and give the file "
            "with -m; or use -m auto"
        ) from error


def _how(model: str, settings: Settings, *parts: object) -> str:
    """What a result depends on. Where and in which tiles it is computed may change on the way."""
    return repr((manifest.digest(model) or model, settings.precision, *parts))


def interpolate(
    timing: Timing, retiming: Retiming, *, settings: Settings, scenes: Sequence[Scene] | None = None
) -> Stage:
    """New frames between those of each shot, at the times that `timing` says.

    Args:
        scenes: where the shots are, by frame numbers of the source; None: they are found; empty: all is one shot.

    Raises:
        UsageError: sound is to be stretched where time is not; times that the network cannot make.
        ModelError: an unknown model, or one without weights.
    """
    if retiming.audio == "stretch" and timing.stretch == 1:
        raise UsageError("--audio stretch is for --slow-motion; elsewhere the sound is copied as it is")

    chosen = choose.find(retiming.model, retiming.quality, settings)
    if chosen.halves and not (_is_power_of_two(timing) and retiming.duplicates == "keep"):
        raise UsageError(
            f"{chosen.name} makes the middle of two frames and the middles of the halves: ask for -x 2, 4 or 8 "
            "(or --slow-motion so) and --duplicates keep, or take -m flow, which makes any time"
        )

    def start(ran: Ran, skip: Skip = NOTHING) -> Callable[[Iterable[Frame]], Iterator[Frame]]:
        from . import stage_work as work  # torch

        between, on_gpu = chosen.start(ran), chosen.halves
        return work.interpolate(
            between, timing, retiming, scenes=scenes, on_gpu=on_gpu, settings=settings, ran=ran, skip=skip
        )

    stretches = retiming.audio == "stretch"
    notes = (chosen.note,) if chosen.note else ()
    how = _how(chosen.name, settings, timing, replace(retiming, model=""), scenes)
    return Stage(
        "interpolate",
        1,
        start,
        chosen.name,
        notes,
        timing=timing,
        stretches_sound=stretches,
        how=how,
        reach=None if retiming.duplicates == "retime" else 0,
        looks=scenes is None,
    )


def deblur(how: Deblurring, *, settings: Settings, still: bool = False) -> Stage:
    """Each frame sharper, by undoing a blur that is known or estimated, or by a network.

    Args:
        still: the source is one picture, for which the quality auto means best.

    Raises:
        UsageError: options that do not go together, or a number outside its range.
        ModelError: an unknown model, or one without weights.
    """
    if not 0 <= how.strength <= 1:
        raise UsageError(f"--strength {how.strength:g} is not a share; give 0 to 1")
    if how.only_blurred is not None and not 0 < how.only_blurred < 1:
        raise UsageError(f"--only-blurred {how.only_blurred:g} is not between 0 and 1; sharp frames have 0.25 to 0.45")
    psf = None if how.psf is None else parse_psf(how.psf)
    if how.model in METHODS:
        name, note, begin = _by_inverse(how, psf, settings)
    else:
        name, note, begin = _by_network(how, settings, still=still)

    def start(ran: Ran, skip: Skip = NOTHING) -> Callable[[Iterable[Frame]], Iterator[Frame]]:
        from . import stage_work as work  # torch

        return work.deblur(how, begin(ran), ran, skip)

    said = _how(name, settings, replace(how, model="", psf=None), psf, still)
    return Stage("deblur", 1, start, name, (note,) if note else (), how=said, reach=None if how.estimate else 0)


INVERSE_SETTINGS: dict[str, tuple[object, ...]] = {
    "engine": ("auto", "torch"),
    "precision": ("auto", "fp32"),
    "tile": ("auto", 0),
    "batch": ("auto", 1),
    "max_memory": (None,),
}
"""What Settings may say where no network runs."""
Deblurrer = tuple[str, str, "Callable[[Ran], Restoring]"]
"""The name of what deblurs, what a user should know about it, and what loads it."""


def _by_inverse(how: Deblurring, psf: PsfOption | None, settings: Settings) -> Deblurrer:
    if (psf is None) == (not how.estimate):
        raise UsageError(f"-m {how.model} needs either --estimate or --psf: {FORMS}")
    if how.quality != "auto":
        raise UsageError(f"--quality {how.quality} is for networks; -m {how.model} has one quality")
    level = NOISE if how.noise is None else how.noise
    if not 0 < level <= 255:
        raise UsageError(f"--noise {level:g} is not a standard deviation with white at 255; give more than 0")
    for option, fitting in INVERSE_SETTINGS.items():
        if (value := getattr(settings, option)) not in fitting:
            raise UsageError(
                f"--{option.replace('_', '-')} {value} is for networks; -m {how.model} computes whole pictures in fp32"
            )
    if psf is not None and psf.picture:
        from .deblurring.psf_choice import read_psf

        read_psf(str(how.psf))

    def start(ran: Ran) -> Restoring:
        from . import stage_work as work  # torch

        return work.deblur_by_inverse(how, level / 255, settings, ran)

    return how.model, "", start


def _by_network(how: Deblurring, settings: Settings, *, still: bool) -> Deblurrer:
    if how.psf is not None or how.estimate or how.noise is not None:
        raise UsageError(
            f"--psf, --estimate and --noise are for -m {' and '.join(METHODS)}; -m {how.model} finds the blur itself"
        )
    name, load, note = deblurrer(how.model)

    def start(ran: Ran) -> Restoring:
        from . import stage_work as work  # torch

        return work.deblur_by_network(how, load(), settings, ran, still=still)

    return name, note, start


DEBLURRING_NETWORK = "unblur"
"""What `auto` deblurs with."""


def deblurrer(model: str) -> tuple[str, Callable[[], Network], str]:
    """The network a user means: its name, how to load it, and what to know before choosing it."""
    found: manifest.Entry | Path = Path(model)
    name, note = model, ""
    if Path(model).suffix == ".safetensors":
        _needs_of(Path(model), task="deblur")
    else:
        found = _deblurring_row(model)
        name, note = found.name, found.note

    def load() -> Network:
        from . import stage_work as work  # torch

        return work.network_of(found, task="deblur")

    return name, load, note


def _deblurring_row(model: str) -> manifest.Entry:
    try:
        return manifest.find(DEBLURRING_NETWORK if model == "auto" else model, task="deblur")
    except ModelError as error:
        if model != "msresnet":
            raise
        raise ModelError(
            "no trained weights of msresnet are shipped; convert a copy of your own with `vidrestore models convert` "
            "and give its file with -m, or use -m unblur"
        ) from error


def _is_power_of_two(timing: Timing) -> bool:
    return isinstance(timing, ByFactor) and timing.factor.denominator == 1 and timing.factor.numerator.bit_count() == 1
