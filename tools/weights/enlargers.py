"""Frames at half size, clean or compressed, and what networks or bicubic make of them: for the tools that compare."""

from collections.abc import Callable, Iterator, Sequence
from fractions import Fraction

import numpy as np
import torch

from vidrestore.engine import Runner, Settings, choose
from vidrestore.engine.infer import Inference
from vidrestore.frame.colour import to_planes
from vidrestore.frame.frame import Colour, Frame, Planes
from vidrestore.frame.resize import imresize
from vidrestore.restoration.network import find, network_of
from vidrestore.training.data.chain import planes
from vidrestore.training.data.encoded_scenes import as_420
from vidrestore.video.encode.round_trip import Codes, Decoded, compress, x264

SCALE = 2
COLOUR = Colour("bt601")
Enlarger = Callable[[Sequence[Frame]], Iterator[Planes]]


def at_half_size(originals: Sequence[Codes], crf: int | None) -> Decoded:
    """RGB (H, W, 3) by MATLAB bicubic, in 4:2:0 as videos are; through x264 unless `crf` is None."""
    given = [as_420(_half(rgb)) for rgb in originals]
    return Decoded(given, [0.0] * len(given)) if crf is None else compress(given, x264(crf))


def _half(rgb: Codes) -> Codes:
    height, width = (n // SCALE * SCALE for n in rgb.shape[:2])
    small = imresize(torch.from_numpy(rgb[:height, :width]).permute(2, 0, 1)[None].float(), 1 / SCALE)
    return small[0].round().clamp(0, 255).byte().permute(1, 2, 0).numpy()


def as_frames(given: Decoded) -> list[Frame]:
    """One shot."""
    return [_frame(number, *each) for number, each in enumerate(zip(*given, strict=True))]


def _frame(number: int, codes: Codes, step: float) -> Frame:
    y, u, v = (torch.from_numpy(np.ascontiguousarray(plane)) for plane in planes(codes))
    return Frame(Planes(y, u, v, COLOUR), Fraction(number), Fraction(1), cut=number == 0, step=step)


def enlarger(name: str) -> tuple[int, Enlarger]:
    """Frames that it looks back to and ahead, and what enlarges twice.

    Args:
        name: of `models list`, a file, or bicubic.
    """
    if name == "bicubic":
        return 0, _bicubic
    settings = Settings(device="cpu")
    network = network_of(find(name, task="upscale"), task="upscale")
    runner = Runner(Inference(network, choose(settings), settings))
    reach = max(network.needs.before, network.needs.after)
    return reach, lambda frames: (_in_planes(frame.picture) for frame in runner.run(iter(frames)))


def _in_planes(picture: Planes | torch.Tensor) -> Planes:
    return picture if isinstance(picture, Planes) else to_planes(picture, COLOUR, subsample_x=0, subsample_y=0)


def _bicubic(frames: Sequence[Frame]) -> Iterator[Planes]:
    for frame in frames:
        assert isinstance(frame.picture, Planes)
        y, u, v = frame.picture.y, frame.picture.u, frame.picture.v
        yield Planes(*(imresize(plane.float()[None, None], SCALE)[0, 0] for plane in (y, u, v)), COLOUR)
