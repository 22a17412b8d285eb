"""The work of the stages: networks are loaded and frames run through them. Planning a run does not need this."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from fractions import Fraction
from functools import partial, reduce
from itertools import repeat
from pathlib import Path

from torch import Tensor

from ..base.settings import Deblurring, DeblurringQuality, Retiming, Settings
from ..engine import Ran, choose, run
from ..engine.infer import Inference
from ..frame.frame import Frame
from ..models.ensemble import Blended, Mirrored
from ..models.networks import Network
from ..models.processor import Processor
from ..models.weights import files
from ..models.weights.manifest import Entry
from ..scenes.assign import cut_by_list
from ..scenes.detect import mark_cuts
from ..scenes.list import Scene
from .deblurring.inverse import inverse
from .deblurring.only_blurred import Restoring, watched
from .deblurring.psf_choice import read_psf
from .interpolation.flow import FlowInterpolator
from .interpolation.flow_presets import Preset
from .interpolation.interpolator import Interpolator
from .interpolation.midpoint import MIDDLE, Halving
from .interpolation.repeats import mark_repeats
from .interpolation.retime import CPU, retime
from .interpolation.timing import Timing
from .skip import NOTHING, Skip

Work = Callable[[Iterable[Frame]], Iterator[Frame]]
"""What a stage does with frames once all it needs is loaded."""


def network_of(model: Entry | Path, *, task: str) -> Network:
    """The network of a row or of a file, with its weights. ModelError: it is damaged, or of another task."""
    return files.open_file(model, task=task) if isinstance(model, Path) else files.load(model)


def enlarge(networks: Sequence[Network], settings: Settings, ran: Ran, skip: Skip) -> Work:
    """Frames restored by one network after the other, by windows that never reach over a cut."""
    engine = choose(settings)
    steps: list[Work] = []
    for network in reversed(networks):
        steps.insert(0, partial(run, network, engine=engine, settings=settings, ran=ran, keep=skip.keep()))
        skip = skip.before(network.needs.before)
    # Cuts are found once, in the source: what a network gives may lie on a GPU, and keeps the marks.
    cut = mark_cuts if any(network.needs.before or network.needs.after for network in networks) else iter
    return lambda frames: reduce(lambda made, step: step(made), steps, cut(frames))


def interpolator(network: Network | None, preset: Preset, settings: Settings, ran: Ran) -> Interpolator:
    """What makes pictures between two: by a network, or where there is none by the optical flow alone."""
    if network is None:
        ran.engine, ran.device, ran.precision = "opencv", "cpu", "fp32"
        return FlowInterpolator(preset.search)
    engine = choose(settings)
    ran.began(engine)
    inference = Inference(network, engine, settings)
    between: Interpolator
    if network.needs.times == (MIDDLE,):
        between = Halving(inference)
    else:
        between = FlowInterpolator(preset.search, inference, mirrored=preset.mirrored)

    def told(first: Tensor, second: Tensor, times: Sequence[Fraction]) -> list[Tensor]:
        made = between(first, second, times)
        ran.note(inference)
        return made

    return told


def interpolate(
    between: Interpolator,
    timing: Timing,
    retiming: Retiming,
    *,
    scenes: Sequence[Scene] | None,
    on_gpu: bool,
    settings: Settings,
    ran: Ran,
    skip: Skip,
) -> Work:
    """New frames between those of each shot. `on_gpu`: the interpolator computes where the settings say."""
    device = choose(settings).device if on_gpu else CPU  # the flow is OpenCV's, on the CPU

    def stage(frames: Iterable[Frame]) -> Iterator[Frame]:
        shots = mark_cuts(frames) if scenes is None else _cut_as_listed(frames, scenes, ran)
        marked = mark_repeats(shots) if retiming.duplicates == "retime" else zip(shots, repeat(False))
        return retime(
            marked, timing=timing, between=between, on_cut=retiming.on_cut, ran=ran, device=device, skip=skip.count
        )

    return stage


def _cut_as_listed(frames: Iterable[Frame], scenes: Sequence[Scene], ran: Ran) -> Iterator[Frame]:
    """The frames with the cuts of a list; scenes of it that never come are said afterwards."""
    count = 0
    for frame in cut_by_list(frames, scenes):
        count += 1
        yield frame
    if missed := sum(scene.first >= count for scene in scenes):
        ran.counted.append(f"scenes of the list that are not in the video, which has {count} frames: {missed}")


def deblur(how: Deblurring, restoring: Restoring, ran: Ran, skip: Skip) -> Work:
    """Frames deblurred, but for those that are sharp enough, and their blur before and after noted."""
    # An estimate is made in the first frame that is restored, which must stay that one.
    keep = (NOTHING if how.estimate else skip).keep()
    return partial(watched, restoring=restoring, threshold=how.only_blurred, ran=ran, skip=keep)


def deblur_by_inverse(how: Deblurring, noise: float, settings: Settings, ran: Ran) -> Restoring:
    """A blur that is known or estimated, undone. `noise`: standard deviation, white at 1."""
    psf, device = None if how.psf is None else read_psf(how.psf), choose(settings).device
    return partial(inverse, method=how.model, psf=psf, noise=noise, strength=how.strength, device=device, ran=ran)


def deblur_by_network(how: Deblurring, network: Network, settings: Settings, ran: Ran, *, still: bool) -> Restoring:
    """A network's result, shown as far as `how` says."""
    processor = Blended(at_quality(how.quality, network, still=still), how.strength)
    return partial(run, processor, engine=choose(settings), settings=settings, ran=ran)


def at_quality(quality: DeblurringQuality, network: Network, *, still: bool) -> Processor:
    """The network as it is used at a quality, on one picture (`still`) or on the frames of a video."""
    best = quality == "best" or (quality == "auto" and still)
    return Mirrored(network) if best else network
