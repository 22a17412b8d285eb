"""Options that mean the same in every command; their defaults come from the library's frozen dataclasses."""

from collections.abc import Sequence
from enum import StrEnum
from fractions import Fraction
from pathlib import Path
from typing import Annotated, Literal

import typer

from ..base.numbers import fraction, whole
from ..base.settings import SLOWEST, Encoding, Moment, Reading, Settings
from ..errors import UsageError

LATEST = 10**8
"""Seconds: three years. Times beyond are no longer counted exactly by all containers."""
SETTINGS, READING, ENCODING = Settings(), Reading(), Encoding()


class EngineName(StrEnum):
    AUTO = "auto"
    TORCH = "torch"
    OPENVINO = "openvino"


class PrecisionName(StrEnum):
    AUTO = "auto"
    FP32 = "fp32"
    BF16 = "bf16"
    FP16 = "fp16"
    INT8 = "int8"


class DecoderName(StrEnum):
    CPU = "cpu"
    CUDA = "cuda"


class DeinterlaceName(StrEnum):
    OFF = "off"
    AUTO = "auto"
    FRAMES = "frames"
    FIELDS = "fields"


class ProgressName(StrEnum):
    AUTO = "auto"
    BAR = "bar"
    JSON = "json"
    NONE = "none"


Device = Annotated[
    str,
    typer.Option("--device", "-d", help="auto, cpu, cuda, cuda:N or cuda:0,cuda:1.", rich_help_panel="Compute"),
]
Engine = Annotated[
    EngineName, typer.Option("--engine", help="What computes the network; auto: the faster.", rich_help_panel="Compute")
]
Precision = Annotated[
    PrecisionName, typer.Option("--precision", help="Arithmetic of the network.", rich_help_panel="Compute")
]
Tile = Annotated[
    str,
    typer.Option("--tile", help="auto, 0 (whole pictures) or the side in pixels.", rich_help_panel="Compute"),
]
Batch = Annotated[str, typer.Option("--batch", help="auto or the number of frames.", rich_help_panel="Compute")]

MaxMemory = Annotated[
    str | None,
    typer.Option(
        "--max-memory",
        help="What the run may take, such as 4G; frames in the encoder come on top.",
        rich_help_panel="Compute",
    ),
]

Codec = Annotated[
    str | None,
    typer.Option("--codec", "-c", help="Encoder, such as libx264, libx265, ffv1.", rich_help_panel="Encoding"),
]
Crf = Annotated[
    float | None,
    typer.Option(
        "--crf",
        help="Quality; lower is better and larger.",
        show_default="by codec; 16 of libx264",
        rich_help_panel="Encoding",
    ),
]
Preset = Annotated[
    str | None,
    typer.Option("--preset", help="The encoder's speed against size, such as veryfast.", rich_help_panel="Encoding"),
]
PixFmt = Annotated[
    str | None,
    typer.Option("--pix-fmt", help="Pixel format, such as yuv420p; else the source's.", rich_help_panel="Encoding"),
]
Lossless = Annotated[bool, typer.Option("--lossless", help="No loss in encoding.", rich_help_panel="Encoding")]
EncoderOption = Annotated[
    list[str] | None,
    typer.Option("--encoder-option", "-e", metavar="K=V", help="Passed to the encoder.", rich_help_panel="Encoding"),
]

Start = Annotated[
    str | None,
    typer.Option("--start", help="First moment: 12.5, 00:00:12.5 or 300f.", rich_help_panel="Input"),
]
End = Annotated[str | None, typer.Option("--end", help="Moment to stop before.", rich_help_panel="Input")]
Rate = Annotated[
    str | None, typer.Option("--rate", help="Frames per second of a picture folder.", rich_help_panel="Input")
]
Deinterlace = Annotated[
    DeinterlaceName,
    typer.Option(
        "--deinterlace",
        help="Make one frame of two fields, or one of each; auto: as flags and pictures show, telecine undone.",
        rich_help_panel="Input",
    ),
]

Decoder = Annotated[
    DecoderName, typer.Option("--decoder", help="cuda: decode videos on an NVIDIA GPU.", rich_help_panel="Input")
]

FollowReferences = Annotated[
    bool,
    typer.Option(
        "--follow-references",
        help="Open the files that a video names: playlists, ffconcat, SDP, DASH, MOV's data references.",
        rich_help_panel="Input",
    ),
]

Overwrite = Annotated[bool, typer.Option("--overwrite", "-y", help="Replace an existing output.")]
Resume = Annotated[
    bool,
    typer.Option(
        "--resume", help="If interrupted, keep what is done in OUTPUT.part; the same command then goes on from there."
    ),
]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Say what would be done and how long it takes; write nothing.")]
Json = Annotated[bool, typer.Option("--json", help="One JSON object on stdout and nothing else.")]
Progress = Annotated[ProgressName, typer.Option("--progress", help="How progress is shown, on stderr.")]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="No progress, no warnings, no summary.")]
Verbose = Annotated[bool, typer.Option("--verbose", "-v", help="Show all that the report holds.")]


def check_outputs(
    *sources: Path,
    texts: Sequence[Path | None] = (),
    plot: Path | None = None,
    folder: Path | None = None,
    result: Path | None = None,
    overwrite: bool,
) -> None:
    """What --csv and the like name can be written, each under a name of its own.

    Args:
        texts: CSV and HTML.
        folder: of small pictures.
        result: is checked elsewhere.

    Raises:
        UsageError: as `files.check_free` and `outputs.check_distinct` do; a plot is not called .png.
    """
    from ..base.files import check_free
    from ..base.names import check_distinct

    if plot is not None and plot.suffix.lower() != ".png":
        raise UsageError(f"--plot {plot} would be a PNG; call it {_png(plot)}")
    for path in filter(None, texts):
        check_free(path, *sources, overwrite=overwrite, text=True)
    if plot is not None:
        check_free(plot, *sources, overwrite=overwrite)
    if folder is not None:
        check_free(folder, *sources, overwrite=overwrite, folder=True)
    check_distinct([path for path in (*texts, plot, folder, result) if path is not None])


def _png(path: Path) -> Path:
    return path.with_suffix(".png") if path.name else path / "plot.png"


def settings(
    *,
    device: str,
    engine: str,
    precision: str,
    tile: str = "auto",
    batch: str = "auto",
    max_memory: str | None = None,
) -> Settings:
    """The engine's settings from the options' words.

    Raises:
        UsageError: as `check_words`; a number that is none.
    """
    from ..base.device_words import check_words

    found = Settings(
        device=device,
        engine=str(engine),  # type: ignore[arg-type]
        precision=str(precision),  # type: ignore[arg-type]
        tile=_whole("--tile", tile, least=0),
        batch=_whole("--batch", batch, least=1),
        max_memory=_bytes("--max-memory", max_memory),
    )
    check_words(found)
    return found


def _whole(option: str, text: str, *, least: int) -> int | Literal["auto"]:
    if text == "auto":
        return "auto"
    if not text.isdecimal() or int(text) < least:
        raise UsageError(f"{option} {text} is neither auto nor a whole number of at least {least}")
    return int(text)


def _bytes(option: str, text: str | None) -> int | None:
    """4G, 1.5G, 800M or bytes; K, M, G are powers of 1024."""
    if text is None:
        return None
    number, power = text.upper().removesuffix("IB").removesuffix("B"), 0
    if number[-1:] in ("K", "M", "G", "T"):
        number, power = number[:-1], "KMGT".index(number[-1]) + 1
    try:
        value = int(fraction(number) * 1024**power)
    except (ValueError, ZeroDivisionError):
        value = 0
    if value <= 0:
        raise UsageError(f"{option} {text} is not an amount of memory; write 4G, 1.5G or 800M")
    return value


def rate(text: str | None, option: str = "--rate") -> Fraction | None:
    """Frames per second: 25, 60000/1001, or a decimal such as 59.94 or 23.98, which means 60000/1001 or 24000/1001."""
    if text is None:
        return None
    try:
        value = fraction(text)
    except (ValueError, ZeroDivisionError):
        value = Fraction(0)
    if not SLOWEST <= value <= 1000:
        raise UsageError(f"{option} {text} is not a frame rate; write 25, 60000/1001 or 59.94")
    for ntsc in (Fraction(full * 1000, 1001) for full in (24, 30, 48, 60, 90, 120, 240)):
        if "." in text and abs(value / ntsc - 1) < Fraction(1, 5_000):
            return ntsc
    return value


def scale(text: str) -> int:
    """2, 3 or 4; whether there is a network for it is the library's to say."""
    try:
        value = fraction(text.removeprefix("x").removesuffix("x"))
    except (ValueError, ZeroDivisionError):
        raise UsageError(f"--scale {text} is not a number; choose one of 2, 3, 4") from None
    if value.denominator != 1:
        raise UsageError(f"--scale {text} is not possible: networks enlarge 2, 3 or 4 times; choose one of these")
    return int(value)


def pairs(texts: list[str] | None) -> dict[str, str]:
    """K=V options as a dictionary."""
    found = dict(text.partition("=")[::2] for text in texts or [])
    for key, value in found.items():
        if not key or not value:
            raise UsageError(f"-e {key}{value} is not of the form KEY=VALUE")
    return found


def moment(option: str, text: str | None) -> Moment | None:
    """12.5, 00:00:12.5 or 300f: seconds, or the number of a frame."""
    if text is None:
        return None
    try:
        if text.endswith("f"):
            return whole(text[:-1])
        seconds = Fraction(0)
        for part in text.split(":"):
            seconds = seconds * 60 + fraction(part)
    except (ValueError, ZeroDivisionError):
        raise UsageError(f"{option} {text} is not a moment; write 12.5, 00:00:12.5 or 300f") from None
    if seconds > LATEST:
        raise UsageError(f"{option} {text} is later than any video goes; write 12.5, 00:00:12.5 or 300f")
    return seconds
