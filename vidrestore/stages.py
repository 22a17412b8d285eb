"""The restorations as stages of a pipeline: a model's name in, a Stage out; nothing is loaded before the run starts."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from functools import partial, reduce
from itertools import product, repeat
from math import prod
from pathlib import Path

from . import interpolators, weights
from .blurred import Restoring, check_threshold, watched
from .blurs import FORMS, read_psf
from .engine import Ran, choose, run
from .errors import ModelError, UsageError
from .frame import Frame
from .inverse import METHODS, inverse
from .mirrored import Mirrored
from .models import Network
from .pipeline import Stage
from .placing import cut_by_list
from .processor import Processor
from .repeats import mark_repeats
from .retime import CPU, retime
from .scenes import Scene
from .settings import NOISE, Deblurring, DeblurringQuality, Retiming, Settings
from .shots import mark_cuts
from .skipping import NOTHING, Skip
from .strength import Blended
from .timing import ByFactor, Timing

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
        network = weights.open_file(Path(model), task="upscale")
        if network.needs.scale != scale:
            raise ModelError(f"the network of {model} enlarges x{network.needs.scale}, not x{scale}")
        return Stage(
            "upscale",
            scale,
            lambda ran, skip=NOTHING: _restoring([network], settings, ran, skip),
            model,
            how=_how(model, settings),
            reach=network.needs.before,
            looks=_looks([network]),
        )
    entries = _upscalers(model, scale, still=still)

    def start(ran: Ran, skip: Skip = NOTHING) -> Callable[[Iterable[Frame]], Iterator[Frame]]:
        return _restoring([weights.load(entry) for entry in entries], settings, ran, skip)

    name, notes = "+".join(entry.name for entry in entries), tuple(entry.note for entry in entries if entry.note)
    networks = [weights.build(entry) for entry in entries]
    reach = sum(network.needs.before for network in networks)
    said, looks = _how(name, settings), _looks(networks)
    return Stage("upscale", scale, start, name, notes, how=said, reach=reach, looks=looks)


def _looks(networks: Sequence[Network]) -> bool:
    """Whether one of them sees frames around the current one."""
    return any(network.needs.before or network.needs.after for network in networks)


def _upscalers(model: str, scale: int, *, still: bool) -> tuple[weights.Entry, ...]:
    """The networks that enlarge one after the other, together by `scale`."""
    if model == "auto" and (still or scale not in CHAINS):
        return (weights.best(scale=scale, still=still),)
    names = (CHAINS[scale] if model == "auto" else model).split("+")
    if len(names) == 1:
        return (_upscaler(model, scale),)
    chains = {_scale(chain): chain for chain in product(*map(_of_any_scale, names))}
    if scale not in chains:
        own = " or ".join(f"x{each}" for each in sorted(chains))
        ways = " or ".join(f"--scale {each}" for each in sorted(chains) if each in SCALES)
        raise ModelError(f"{model} enlarges {own}, not x{scale}" + (f"; give {ways}" if ways else ""))
    return chains[scale]


def _scale(chain: Sequence[weights.Entry]) -> int:
    return prod(weights.build(entry).needs.scale for entry in chain)


def _of_any_scale(name: str) -> list[weights.Entry]:
    """The row of that name, or all of that family."""
    rows = {row.name: row for row in weights.manifest().values() if row.task == "upscale"}
    family = [rows[each] for scale in SCALES if (each := f"{name}-x{scale}") in rows]
    return family if family and name not in rows else [weights.find(name, task="upscale")]


def _upscaler(model: str, scale: int) -> weights.Entry:
    try:
        return weights.find(model, task="upscale", scale=scale)
    except ModelError as error:
        if model != UNTRAINED:
            raise
        raise ModelError(
            f"no trained weights of {model} are shipped: train it with `vidrestore train {model}-x2` and give the file "
            "with -m; or use -m auto"
        ) from error


def _how(model: str, settings: Settings, *parts: object) -> str:
    """What a result depends on. Where and in which tiles it is computed may change on the way."""
    return repr((weights.digest(model) or model, settings.precision, *parts))


def _restoring(
    networks: Sequence[Network], settings: Settings, ran: Ran, skip: Skip
) -> Callable[[Iterable[Frame]], Iterator[Frame]]:
    """Frames restored by one network after the other, by windows that never reach over a cut."""
    engine = choose(settings)
    steps: list[Callable[[Iterable[Frame]], Iterator[Frame]]] = []
    for network in reversed(networks):
        steps.insert(0, partial(run, network, engine=engine, settings=settings, ran=ran, keep=skip.keep()))
        skip = skip.before(network.needs.before)
    # Cuts are found once, in the source: what a network gives may lie on a GPU, and keeps the marks.
    cut = mark_cuts if _looks(networks) else iter
    return lambda frames: reduce(lambda made, step: step(made), steps, cut(frames))


def interpolate(
    timing: Timing, retiming: Retiming, *, settings: Settings, scenes: Sequence[Scene] | None = None
) -> Stage:
    """New frames between those of each shot, at the times that `timing` says.

    Args:
        scenes: where the shots are, by frame numbers of the source; None: they are found.

    Raises:
        UsageError: sound is to be stretched where time is not; times that the network cannot make.
        ModelError: an unknown model, or one without weights.
    """
    if retiming.audio == "stretch" and timing.stretch == 1:
        raise UsageError("--audio stretch is for --slow-motion; elsewhere the sound is copied as it is")

    chosen = interpolators.find(retiming.model, retiming.quality, settings)
    if chosen.halves and not (_is_power_of_two(timing) and retiming.duplicates == "keep"):
        raise UsageError(
            f"{chosen.name} makes the middle of two frames and the middles of the halves: ask for -x 2, 4 or 8 "
            "(or --slow-motion so) and --duplicates keep, or take -m flow, which makes any time"
        )

    def start(ran: Ran, skip: Skip = NOTHING) -> Callable[[Iterable[Frame]], Iterator[Frame]]:
        between = chosen.start(ran)
        device = choose(settings).device if chosen.halves else CPU  # the flow is OpenCV's, on the CPU

        def stage(frames: Iterable[Frame]) -> Iterator[Frame]:
            shots = mark_cuts(frames) if scenes is None else _cut_as_listed(frames, scenes, ran)
            marked = mark_repeats(shots) if retiming.duplicates == "retime" else zip(shots, repeat(False))
            return retime(
                marked, timing=timing, between=between, on_cut=retiming.on_cut, ran=ran, device=device, skip=skip.count
            )

        return stage

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
    check_threshold(how.only_blurred)
    name, note, begin = _by_inverse(how, settings) if how.model in METHODS else _by_network(how, settings, still=still)

    def start(ran: Ran, skip: Skip = NOTHING) -> Callable[[Iterable[Frame]], Iterator[Frame]]:
        # An estimate is made in the first frame that is restored, which must stay that one.
        keep = (NOTHING if how.estimate else skip).keep()
        return partial(watched, restoring=begin(ran), threshold=how.only_blurred, ran=ran, skip=keep)

    kernel = None if how.psf is None else read_psf(how.psf).tolist()
    said = _how(name, settings, replace(how, model="", psf=None), kernel, still)
    return Stage("deblur", 1, start, name, (note,) if note else (), how=said, reach=None if how.estimate else 0)


INVERSE_SETTINGS: dict[str, tuple[object, ...]] = {
    "engine": ("auto", "torch"),
    "precision": ("auto", "fp32"),
    "tile": ("auto", 0),
    "batch": ("auto", 1),
    "max_memory": (None,),
}
"""What Settings may say where no network runs."""
Deblurrer = tuple[str, str, Callable[[Ran], Restoring]]
"""The name of what deblurs, what a user should know about it, and what loads it."""


def _by_inverse(how: Deblurring, settings: Settings) -> Deblurrer:
    if (how.psf is None) == (not how.estimate):
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
    psf = None if how.psf is None else read_psf(how.psf)

    def start(ran: Ran) -> Restoring:
        noise, device = level / 255, choose(settings).device
        return partial(inverse, method=how.model, psf=psf, noise=noise, strength=how.strength, device=device, ran=ran)

    return how.model, "", start


def _by_network(how: Deblurring, settings: Settings, *, still: bool) -> Deblurrer:
    if how.psf is not None or how.estimate or how.noise is not None:
        raise UsageError(
            f"--psf, --estimate and --noise are for -m {' and '.join(METHODS)}; -m {how.model} finds the blur itself"
        )
    name, load, note = deblurrer(how.model)

    def start(ran: Ran) -> Restoring:
        processor = Blended(at_quality(how.quality, load(), still=still), how.strength)
        return partial(run, processor, engine=choose(settings), settings=settings, ran=ran)

    return name, note, start


def at_quality(quality: DeblurringQuality, network: Network, *, still: bool) -> Processor:
    """The network as it is used at a quality, on one picture (`still`) or on the frames of a video."""
    best = quality == "best" or (quality == "auto" and still)
    return Mirrored(network) if best else network


DEBLURRING_NETWORK = "unblur"
"""What `auto` deblurs with."""


def deblurrer(model: str) -> tuple[str, Callable[[], Network], str]:
    """The network a user means: its name, how to load it, and what to know before choosing it."""
    if Path(model).suffix == ".safetensors":
        network = weights.open_file(Path(model), task="deblur")
        return model, lambda: network, ""
    try:
        entry = weights.find(DEBLURRING_NETWORK if model == "auto" else model, task="deblur")
    except ModelError as error:
        if model != "msresnet":
            raise
        raise ModelError(
            "no trained weights of msresnet are shipped; convert a copy of your own with `vidrestore models convert` "
            "and give its file with -m, or use -m unblur"
        ) from error
    return entry.name, lambda: weights.load(entry), entry.note


def _is_power_of_two(timing: Timing) -> bool:
    return isinstance(timing, ByFactor) and timing.factor.denominator == 1 and timing.factor.numerator.bit_count() == 1


def _cut_as_listed(frames: Iterable[Frame], scenes: Sequence[Scene], ran: Ran) -> Iterator[Frame]:
    """The frames with the cuts of a list; scenes of it that never come are said afterwards."""
    count = 0
    for frame in cut_by_list(frames, scenes):
        count += 1
        yield frame
    if missed := sum(scene.first >= count for scene in scenes):
        ran.counted.append(f"scenes of the list that are not in the video, which has {count} frames: {missed}")
