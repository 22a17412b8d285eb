"""Frames through a video encoder and back, in memory: training imitates compressed video by it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from io import BytesIO
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ...errors import UsageError

Codes = NDArray[np.uint8]
RATE = Fraction(25)
B_PICTURES = 2
"""Quantisers by which most frames of HEVC lie above its CRF."""


@dataclass(frozen=True, slots=True)
class Codec:
    """An encoder and its settings, as FFmpeg names them."""

    name: str
    options: Mapping[str, str]
    bit_rate: int | None = None
    """Bits a second at 25 frames a second, for encoders without a constant quality."""
    pix_fmt: str = "yuv420p"
    step: float | None = None
    """Of its quantiser, in 8-bit codes, where its decoder does not tell it."""


class Decoded(NamedTuple):
    """What came back of some frames."""

    frames: list[Codes]
    steps: list[float]
    """Of the quantiser of each, in 8-bit codes; NaN: unknown."""


def step_of_h264(quantiser: float) -> float:
    """Of H.264 and HEVC."""
    return float(0.625 * 2 ** (quantiser / 6))


def x264(crf: int, preset: str = "medium") -> Codec:
    """H.264. CRF 0 (lossless) to 51."""
    return Codec("libx264", {"crf": str(crf), "preset": preset})


def x265(crf: int, preset: str = "medium") -> Codec:
    """HEVC. CRF 0 to 51."""
    return Codec(
        "libx265",
        {"crf": str(crf), "preset": preset, "x265-params": "log-level=none:pools=1:frame-threads=1"},
        step=step_of_h264(crf + B_PICTURES),
    )


def x265_intra(qp: int) -> Codec:
    """HEVC's key frames at one quantiser, 0 to 51."""
    return Codec("libx265", {"x265-params": f"qp={qp}:keyint=1:log-level=none:pools=1:frame-threads=1"})


def vp9(crf: int) -> Codec:
    """VP9 of constant quality. CRF 0 to 63."""
    return Codec("libvpx-vp9", {"crf": str(crf), "b": "0", "deadline": "good", "cpu-used": "4"})


def mpeg4(quantiser: int) -> Codec:
    """MPEG-4 ASP with B pictures, at one quantiser, 1 (best) to 31."""
    return Codec("mpeg4", {"qmin": str(quantiser), "qmax": str(quantiser), "bf": "2", "g": "250"})


def mpeg2(quantiser: int) -> Codec:
    """MPEG-2 with B pictures, at one quantiser, 1 (best) to 31."""
    return Codec("mpeg2video", {"qmin": str(quantiser), "qmax": str(quantiser), "bf": "2", "g": "15"})


def mjpeg(quantiser: int) -> Codec:
    """Motion JPEG at one quantiser, 1 (best) to 31."""
    return Codec("mjpeg", {"qmin": str(quantiser), "qmax": str(quantiser)}, pix_fmt="yuvj420p")


KINDS: dict[str, tuple[Callable[[int], Codec], range]] = {
    "x264": (x264, range(52)),
    "x265": (x265, range(52)),
    "vp9": (vp9, range(64)),
    "mpeg4": (mpeg4, range(1, 32)),
    "mpeg2": (mpeg2, range(1, 32)),
    "mjpeg": (mjpeg, range(1, 32)),
}
"""Encoders by the names that `evaluate --compress` takes, and their qualities, best first."""


def parse(text: str) -> Codec:
    """The codec that NAME:QUALITY means, as x264:28.

    Raises:
        UsageError: an unknown name or quality.
    """
    name, _, quality = text.partition(":")
    make, qualities = KINDS.get(name, (None, range(0)))
    if make is None or not quality.isdecimal() or int(quality) not in qualities:
        known = ", ".join(f"{kind}:{each[0]}..{each[-1]}" for kind, (_, each) in KINDS.items())
        raise UsageError(f"{text!r} is no codec and quality; give one of {known}")
    return make(int(quality))


def compress(frames: Sequence[Codes], codec: Codec) -> Decoded:
    """Encode frames of one shot and decode them.

    Args:
        frames: 4:2:0 planes one below the other, (H * 3 / 2, W), uint8, as PyAV's `to_ndarray` gives yuv420p.
            H and W are even.

    Returns:
        As many frames, of the same shape, and the steps. Their range is that of the input: no code is stretched.

    Raises:
        RuntimeError: the encoder lost a frame.
    """
    import av  # training of other kinds runs where PyAV is not installed

    from ..decode.quantiser import ask_for_quantiser, step_of, step_of_jpeg

    height, width = frames[0].shape[0] * 2 // 3, frames[0].shape[1]
    encoder = av.CodecContext.create(codec.name, "w")
    assert isinstance(encoder, av.VideoCodecContext)
    encoder.width, encoder.height, encoder.pix_fmt = width, height, codec.pix_fmt
    encoder.time_base, encoder.framerate = 1 / RATE, RATE
    encoder.options = dict(codec.options)
    encoder.thread_count = 1
    if codec.bit_rate is not None:
        encoder.bit_rate = codec.bit_rate
    packets = []
    for number, codes in enumerate(frames):
        # MJPEG asks for the name of full range (yuvj420p): the same codes under another name.
        picture = av.VideoFrame.from_ndarray(np.ascontiguousarray(codes), format=codec.pix_fmt)
        picture.pts, picture.time_base = number, 1 / RATE
        packets += encoder.encode(picture)
    packets += encoder.encode(None)
    decoder = av.CodecContext.create(encoder.codec.canonical_name, "r")
    assert isinstance(decoder, av.VideoCodecContext)
    decoder.extradata = encoder.extradata
    decoder.thread_count = 1
    ask_for_quantiser(decoder)
    decoded = [out for packet in [*packets, None] for out in decoder.decode(packet)]
    if len(decoded) != len(frames):
        raise RuntimeError(f"{codec.name} gave {len(decoded)} of {len(frames)} frames back")
    told = float("nan") if codec.step is None else codec.step
    if codec.name == "mjpeg":  # whose packets are pictures
        told = step_of_jpeg(BytesIO(packets[0])) or told
    steps = []
    for out in decoded:
        told = told if (step := step_of(out)) is None else step  # the last one of MPEG-4 does not tell it
        steps.append(told)
    return Decoded([np.ascontiguousarray(out.to_ndarray()).astype(np.uint8, copy=False) for out in decoded], steps)


def x264_still(picture: NDArray[np.uint8], *, crf: int) -> NDArray[np.uint8]:
    """Encode an (H, W, 1) luma picture as one key frame at `crf` and decode it; H and W must be even."""
    import av

    height, width, _ = picture.shape
    encoder = av.CodecContext.create("libx264", "w")
    encoder.width, encoder.height, encoder.pix_fmt = width, height, "gray"
    encoder.time_base = Fraction(1, 25)
    encoder.options = {"crf": str(crf), "preset": "veryfast"}
    frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(picture[..., 0]), format="gray")
    decoder = av.CodecContext.create("h264", "r")
    packets = [*encoder.encode(frame), *encoder.encode(None)]
    (decoded,) = [out for packet in [*packets, None] for out in decoder.decode(packet)]
    return decoded.to_ndarray(format="gray").astype(np.uint8)[..., None]
