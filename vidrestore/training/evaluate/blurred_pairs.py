"""Test pictures of deblurring: blurred ones whose sharp ones are known."""

from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import chain, repeat
from pathlib import Path

from torch import Tensor

from ...errors import InputError
from ...metrics.psnr import psnr
from ...restoration.interpolation.flow import FlowInterpolator
from ...restoration.interpolation.motion.presets import PRESETS
from ..data.blur.exposure import as_codes, as_picture, exposures, moments
from ..data.footage import Scene, of_folder
from ..data.pairs import GivenPair, folders_without_clips, given_pairs
from ..data.pictures import CLIPS
from .triplets import rounded

LEAST = 11
"""Pixels a side that SSIM needs."""
COUNTS = (5, 7, 9)
"""Moments in an exposure."""
EACH = 8
"""Moments from one frame to the next: the shutter is open for a half, three quarters, and all of that time."""
STRIDE = 4
"""Frames from one sharp picture to the next."""
FITTING = (22.0, 32.0)
"""dB from an exposure to the sharp picture: others are past help, or hardly blurred."""


@dataclass(frozen=True, slots=True)
class BlurredPair:
    """RGB pictures (3, H, W), float32 whole multiples of 1/255 in [0, 1]."""

    set: str
    """The folder or the video, as seen from the folder that was searched."""
    name: str
    blurred: Tensor
    sharp: Tensor
    before: Tensor | None = None
    """The frame before, as blurred; None at the start of a clip, and of a picture."""
    after: Tensor | None = None
    still: bool = False
    """A picture of its own, not a frame of a clip."""


def blurred_pairs(data: Path) -> Iterator[BlurredPair]:
    """Every pair of pictures in and below `data`, and exposures of every video and folder of frames there.

    Pairs go by name (pairs.py); a blurred picture without its sharp one is left out. Every fourth frame of a clip is a
    sharp picture, and has three exposures of which those count that are FITTING: 5, 7 and 9 moments of eight between
    two frames, the motion searched without a network, so that they stay the same whatever weights are shipped. The
    frames before and after are exposed for as long. A clip should be of one shot; `vidrestore split-scenes` makes such.

    Raises:
        InputError: where nothing comes of them, a file cannot be read, or the two of a pair differ in size.
    """
    data, found = data.resolve(), False  # so that every path has a name
    given = given_pairs(data)
    of = {pair.blurred: pair for pair in given}
    without = folders_without_clips(given, data)
    paths = (path for path in sorted(chain([data], data.rglob("*"))) if path not in without)
    for pair in chain.from_iterable(_pairs_at(path, of.get(path), data) for path in paths):
        found = True
        yield pair
    if not found:
        raise InputError(
            f"{data}: no pairs of blurred and sharp pictures (x_blur.png and x_sharp.png, blur/x.png and sharp/x.png), "
            f"and no clips whose motion blurs them to {FITTING[0]:g} to {FITTING[1]:g} dB"
        )


def _pairs_at(path: Path, given: GivenPair | None, data: Path) -> Iterator[BlurredPair]:
    if given is not None:
        folder = path.parent if given.sharp.parent == path.parent else path.parent.parent
        yield _pair(_set(folder, data), given)
    elif path.is_dir():
        for scene in filter(_is_clip, of_folder(path)):
            yield from _exposed(_set(path, data), (as_picture(scene[n]) for n in range(len(scene))))
    elif path.suffix.lower() in CLIPS:
        yield from _exposed(_set(path.with_suffix(""), data), _of_video(path))


def _set(path: Path, data: Path) -> str:
    return data.name if path == data else path.relative_to(data).as_posix()


def _pair(set: str, given: GivenPair) -> BlurredPair:
    blurred, sharp = given.read()
    if min(sharp.shape[:2]) < LEAST:
        raise InputError(f"{given.blurred} is too small to be compared; give {LEAST}x{LEAST} pixels or more")
    return BlurredPair(set, given.blurred.stem, as_picture(blurred), as_picture(sharp), still=True)


def _is_clip(scene: Scene) -> bool:
    """Whether the pictures are of one size: others may be numbered too."""
    try:
        return all(scene[n].shape[:2] == scene.size for n in range(len(scene)))
    except InputError:
        return False


def _of_video(path: Path) -> Iterator[Tensor]:
    from ...video.facts.probe import probe
    from ...video.reader import Reader

    return map(rounded, Reader(probe(path)))


def _exposed(set: str, frames: Iterable[Tensor]) -> Iterator[BlurredPair]:
    window = deque[Tensor | None]([None] * 5, maxlen=5)
    for number, frame in enumerate(chain(frames, (None, None))):
        window.append(frame)
        before, first, sharp, last, after = window
        centre = number - 2
        if centre % STRIDE != 1 or first is None or sharp is None or last is None:
            continue
        for count, pictures in zip(COUNTS, _of_three(before, first, sharp, last, after), strict=True):
            earlier, blurred, later = pictures
            assert blurred is not None
            if FITTING[0] <= psnr(as_codes(sharp), as_codes(blurred)) <= FITTING[1]:
                yield BlurredPair(set, f"{centre:04} of {count}", blurred, sharp, earlier, later)


def _of_three(
    before: Tensor | None, first: Tensor, sharp: Tensor, last: Tensor, after: Tensor | None
) -> Iterator[tuple[Tensor | None, ...]]:
    """For each of COUNTS the exposures of the middle three of five frames; None without the moments for them."""
    between = FlowInterpolator(PRESETS["balanced"].search)
    middle = moments([first, sharp, last], each=EACH, between=between)
    scenes: list[list[Tensor] | None] = [None, middle, None]
    if before is not None:
        scenes[0] = [*moments([before, first], each=EACH, between=between)[:-1], *middle[: EACH + 1]]
    if after is not None:
        scenes[2] = [*middle[EACH:], *moments([last, after], each=EACH, between=between)[1:]]
    return zip(*(map(_rounded, exposures(scene, COUNTS)) if scene else repeat(None) for scene in scenes), strict=False)


def _rounded(picture: Tensor) -> Tensor:
    return as_picture(as_codes(picture))
