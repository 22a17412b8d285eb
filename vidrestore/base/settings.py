"""All defaults that a user can change. Imports nothing heavy."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Literal

Moment = Fraction | int
"""A place in a stream: seconds from its start, or, as an int, the number of a frame."""
EngineChoice = Literal["auto", "torch", "openvino"]
PrecisionChoice = Literal["auto", "fp32", "bf16", "fp16", "int8"]
Decoder = Literal["cpu", "cuda"]
OnCut = Literal["hold", "nearest", "blend"]
OnDoubt = Literal["blend", "hold", "best"]
Quality = Literal["fast", "balanced", "best"]
DeblurringQuality = Literal["auto", "balanced", "best"]
EnlargingQuality = Literal["balanced", "best"]
Duplicates = Literal["keep", "retime"]
SlowAudio = Literal["drop", "stretch"]
Source = Literal["auto", "clean", "compressed"]
PictureForm = Literal["png", "jpg", "webp", "tiff"]
WRITTEN_PICTURES = (".png", ".tif", ".tiff", ".jpg", ".jpeg", ".webp")
READ_PICTURES = (*WRITTEN_PICTURES, ".bmp")
VIDEO_NAMES = (
    *(".3g2", ".3gp", ".asf", ".avi", ".divx", ".dv", ".f4v", ".flv", ".m2t", ".m2ts", ".m2v", ".m4v", ".mkv", ".mov"),
    *(".mp4", ".mpeg", ".mpg", ".mts", ".mxf", ".ogm", ".ogv", ".ts", ".vob", ".webm", ".wmv", ".y4m"),
)
"""Suffixes of the files that are taken from a folder of videos; a file that is named itself may be called anything."""
"""Suffixes, in any case."""
Deinterlace = Literal["off", "auto", "frames", "fields"]
Align = Literal["auto", "pts", "none"]
JPEG_QUALITY = 95
NOISE = 1.0
METRICS = ("psnr", "psnr_y", "ssim", "ssim_y", "ms_ssim", "l1", "mse", "flicker", "niqe")
"""Everything that can be measured, in the order it is shown."""
WORST_SHOWN = 3
"""How many of the worst pairs of a comparison are shown as pictures."""
SLOWEST = Fraction(1, 86_400)
"""Frames per second that a file may have or a user ask for, at least: one a day."""


@dataclass(frozen=True, slots=True)
class Settings:
    """How networks are run."""

    device: str = "auto"
    """auto, cpu, cuda, cuda:N, or several such as cuda:0,cuda:1, which batches are dealt among."""
    engine: EngineChoice = "auto"
    precision: PrecisionChoice = "auto"
    tile: int | Literal["auto"] = "auto"
    """Side of the tiles in input pixels, halo included; 0 takes pictures whole."""
    batch: int | Literal["auto"] = "auto"
    max_memory: int | None = None
    """Bytes that the process may take of the memory it computes in; frames that an encoder looks ahead to come on top.
    None: half of what is free."""


@dataclass(frozen=True, slots=True)
class Reading:
    """What is taken from a source."""

    start: Moment | None = None
    end: Moment | None = None
    """The first moment that is no longer taken."""
    deinterlace: Deinterlace = "off"
    """frames: one frame for two fields; fields: one for each; auto: as flags and pictures show, telecine undone."""
    rate: Fraction | None = None
    """Frames per second of a picture folder. None: as its frames.csv says, else 25."""
    decoder: Decoder = "cpu"
    """cuda: an NVIDIA GPU decodes videos; pictures are the CPU's."""
    follow_references: bool = False
    """A video may open the other files that it names."""


@dataclass(frozen=True, slots=True)
class Encoding:
    """How the result is encoded."""

    codec: str | None = None
    """FFmpeg's name of the encoder; None chooses by container and bit depth."""
    crf: float | None = None
    """None: the codec's default in video/codecs.py, visually lossless."""
    preset: str | None = None
    pix_fmt: str | None = None
    """None: the source's, or the nearest the encoder takes."""
    lossless: bool = False
    options: Mapping[str, str] = field(default_factory=dict)
    """Passed to the encoder as they are."""


@dataclass(frozen=True, slots=True)
class Pictures:
    """How pictures are stored."""

    form: PictureForm = "png"
    depth: Literal[8, 16, 32] | None = None
    """Bits per sample; 32 is floating point, not clipped. None: 8, or 16 where the source and the format have more."""
    quality: int | None = None
    """Of jpg and webp, 1 to 100. None: JPEG_QUALITY, and webp without loss."""


@dataclass(frozen=True, slots=True)
class Picking:
    """Which frames are taken."""

    every: int = 1
    """The first of each so many."""
    rate: Fraction | None = None
    """Frames per second, whatever rate the source has; None: its own frames at their own times."""


@dataclass(frozen=True, slots=True)
class Retiming:
    """How new frames are made, and where none are."""

    model: str = "auto"
    """auto, flow, sepconv, or a network's name or file."""
    quality: Quality = "balanced"
    """Of the flow: speed against exactness."""
    on_cut: OnCut = "hold"
    """Between two shots: repeat the last frame of the one, show whichever is nearer in time, or blend them."""
    duplicates: Duplicates = "keep"
    """What becomes of pictures that only repeat the one before: stay, or give way to motion at the same times."""
    audio: SlowAudio = "drop"
    """What becomes of the sound in slow motion; without it, sound is copied as it is."""
    on_doubt: OnDoubt = "blend"
    """Where flow believes in no motion: blend both frames, hold the first, or show the best that was found."""


@dataclass(frozen=True, slots=True)
class Cleaning:
    """How compression artefacts and noise are removed."""

    model: str = "auto"
    """A network's name or file; auto: the network that is shipped."""
    strength: float | None = None
    """Share of the change that is shown, 0 to 1. None: all of it, and nothing of a video that is clean."""


@dataclass(frozen=True, slots=True)
class Enlarging:
    """How pictures are enlarged."""

    model: str = "auto"
    """A network's name or file, or A+B: what A gives, enlarged again by B; auto: the best, as measured on clips."""
    scale: int = 2
    """Times as wide and high: 2, 3, 4 or 8."""
    source: Source = "auto"
    """What auto takes the networks for: clean or compressed video; auto: as the video looks."""
    quality: EnlargingQuality = "balanced"
    """best: each network looks four times, mirrored; and auto means a larger one for a single picture."""


@dataclass(frozen=True, slots=True)
class Deblurring:
    """How blur is removed."""

    model: str = "auto"
    """wiener, landweber, pocs or sparse, which undo a known blur, or a network's name or file; auto: sparse where `psf`
    or `estimate` is given, else the shipped network."""
    strength: float = 1.0
    """Share of the change that is shown, 0 to 1."""
    psf: str | None = None
    """The known blur, as `psf_choice.read_psf` takes it."""
    estimate: bool = False
    """Find the blur of each frame; what shows none that is sure stays as it is."""
    noise: float | None = None
    """Of those four: standard deviation with white at 255; more than the truth is smoother, less amplifies
    noise. None: NOISE."""
    only_blurred: float | None = None
    """Blur, 0 to 1 as `metrics.blur` tells it, below which a frame stays as it is; None: all are deblurred."""
    quality: DeblurringQuality = "auto"
    """Of a network. best: it looks at each frame four times, mirrored. auto: best for a single picture."""


@dataclass(frozen=True, slots=True)
class Comparing:
    """What is measured, and which frames belong together."""

    metrics: tuple[str, ...] = ("psnr", "psnr_y", "ssim_y")
    where_possible: frozenset[str] = frozenset()
    """Metrics that are left out, and not refused, where pictures are too small for them."""
    border: int = 0
    """Pixels left out on each side of every picture; super-resolution papers leave out as many as the scale."""
    align: Align = "pts"
    """pts: frames of the same number must be shown at the same time. none: their times are not looked at.
    auto: like pts, after a constant offset in frames has been searched for."""
    offset: int | None = None
    """The reference's frame `offset` belongs to the result's first; below 0 the other way round. Frames without a
    partner at either end are then left out. None: 0, and there must be none such."""
    follow_references: bool = False
    """Videos may open the other files that they name."""
