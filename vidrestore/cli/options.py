"""Options that several commands share; their defaults come from the library's dataclasses."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import partial
from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from ..api.words import frame_rate as frame_rate
from ..base.numbers import fraction, fraction_or_zero, whole
from ..base.settings import (
    Decoder,
    Deinterlace,
    Encoding,
    EngineChoice,
    Moment,
    PrecisionChoice,
    Reading,
    Settings,
)
from ..errors import UsageError

LATEST = 10**8
"""Seconds: three years. Times beyond are no longer counted exactly by all containers."""
SETTINGS, READING, ENCODING = Settings(), Reading(), Encoding()
NAMES = "{name}_{ending}{suffix}"
"""How results of many inputs are called: as that of a single one is, without an OUTPUT."""


def panel(name: str) -> Callable[..., Any]:
    """`typer.Option` for the options that --help shows under one heading."""
    return partial(typer.Option, rich_help_panel=name)


_compute, _encoding, _input = panel("Compute"), panel("Encoding"), panel("Input")
_many, _farm = panel("Many files"), panel("Workers")

Device = Annotated[str, _compute("--device", "-d", help="auto, cpu, cuda, cuda:N or cuda:0,cuda:1.")]
Engine = Annotated[EngineChoice, _compute(help="What computes the network; auto: the faster.")]
Precision = Annotated[PrecisionChoice, _compute(help="Arithmetic of the network.")]
Rate = Annotated[str | None, _input(help="Frames per second of a picture folder.")]
FollowReferences = Annotated[
    bool,
    _input(
        "--follow-references",
        help="Open the files that a video names: playlists, ffconcat, SDP, DASH, MOV's data references.",
    ),
]
Overwrite = Annotated[bool, typer.Option("--overwrite", "-y", help="Replace an existing output.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Say what would be done and how long it takes; write nothing.")]
Json = Annotated[bool, typer.Option("--json", help="One JSON object on stdout and nothing else.")]
ProgressKind = Literal["auto", "bar", "json", "none"]
Progress = Annotated[ProgressKind, typer.Option(help="How progress is shown, on stderr.")]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="No progress, no warnings, no summary.")]


@dataclass(frozen=True, kw_only=True)
class Compute:
    """What computes the networks, and how."""

    device: Device = SETTINGS.device
    engine: Engine = SETTINGS.engine
    precision: Precision = SETTINGS.precision
    tile: Annotated[str, _compute(help="auto, 0 (whole pictures) or the side in pixels.")] = "auto"
    batch: Annotated[str, _compute(help="auto or the number of frames.")] = "auto"
    max_memory: Annotated[
        str | None, _compute(help="What the run may take, such as 4G; frames in the encoder come on top.")
    ] = None

    def settings(self) -> Settings:
        """The engine's settings.

        Raises:
            UsageError: as `check_words`; a number that is none.
        """
        from ..base.device_words import check_words

        found = Settings(
            self.device,
            self.engine,
            self.precision,
            _whole("--tile", self.tile, least=0),
            _whole("--batch", self.batch, least=1),
            _bytes("--max-memory", self.max_memory),
        )
        check_words(found)
        return found


@dataclass(frozen=True, kw_only=True)
class Encoder:
    """How the result is encoded."""

    codec: Annotated[str | None, _encoding("--codec", "-c", help="Encoder, such as libx264, libx265, ffv1.")] = (
        ENCODING.codec
    )
    crf: Annotated[
        float | None, _encoding(help="Quality; lower is better and larger.", show_default="by codec; 16 of libx264")
    ] = ENCODING.crf
    preset: Annotated[str | None, _encoding(help="The encoder's speed against size, such as veryfast.")] = (
        ENCODING.preset
    )
    pix_fmt: Annotated[str | None, _encoding(help="Pixel format, such as yuv420p; else the source's.")] = (
        ENCODING.pix_fmt
    )
    encoder_option: Annotated[
        list[str] | None, _encoding("--encoder-option", "-e", metavar="K=V", help="Passed to the encoder.")
    ] = None
    lossless: Annotated[bool, _encoding("--lossless", help="No loss in encoding.")] = ENCODING.lossless

    def encoding(self) -> Encoding:
        """As the library takes it.

        Raises:
            UsageError: an option of the encoder is not KEY=VALUE.
        """
        return Encoding(self.codec, self.crf, self.preset, self.pix_fmt, self.lossless, pairs(self.encoder_option))


@dataclass(frozen=True, kw_only=True)
class Part:
    """Which part of a source is read."""

    start: Annotated[str | None, _input(help="First moment: 12.5, 00:00:12.5 or 300f.")] = None
    end: Annotated[str | None, _input(help="Moment to stop before.")] = None


@dataclass(frozen=True, kw_only=True)
class Decoding:
    """How a source is decoded."""

    deinterlace: Annotated[
        Deinterlace,
        _input(help="Make one frame of two fields, or one of each; auto: as flags and pictures show, telecine undone."),
    ] = READING.deinterlace
    decoder: Annotated[Decoder, _input(help="cuda: decode videos on an NVIDIA GPU.")] = READING.decoder
    follow_references: FollowReferences = READING.follow_references

    def reading(self, *, part: Part | None = None, rate: str | None = None) -> Reading:
        """As the library takes it.

        Raises:
            UsageError: a moment or the rate cannot be read.
        """
        part = part or Part()
        return Reading(
            moment("--start", part.start),
            moment("--end", part.end),
            self.deinterlace,
            frame_rate(rate),
            self.decoder,
            self.follow_references,
        )


@dataclass(frozen=True, kw_only=True)
class Shell:
    """How a command talks: what changes nothing in the result."""

    as_json: Json = False
    progress: Progress = "auto"
    quiet: Quiet = False
    verbose: Annotated[bool, typer.Option("--verbose", "-v", help="Show all that the report holds.")] = False


@dataclass(frozen=True, kw_only=True)
class Many:
    """Many inputs, each with a result of its own."""

    more: Annotated[list[Path] | None, typer.Argument(metavar="INPUT", help="With --output-dir: all are inputs.")] = (
        None
    )
    output_dir: Annotated[
        Path | None,
        _many(
            "--output-dir",
            metavar="DIR",
            help="Many inputs, folders of videos too, each with a result in here. What the same command has made is "
            "left as it is; one that fails does not stop the others.",
        ),
    ] = None
    recursive: Annotated[
        bool, _many("--recursive", help="Take the videos in folders of folders too; DIR gets the same folders.")
    ] = False
    name: Annotated[
        str | None,
        _many(metavar="PATTERN", help="What results are called, such as '{name}.mkv'.", show_default=NAMES),
    ] = None


@dataclass(frozen=True, kw_only=True)
class Farm:
    """Processes that make a result together."""

    workers: Annotated[
        int | None,
        _farm(
            "--workers",
            metavar="N",
            help="So many processes make the result together, piece by piece, and go on as with --resume. Needs Ray: "
            "pip install 'vidrestore\\[farm]'.",
            show_default="one here; on a cluster one a GPU, or one for two cores",
        ),
    ] = None
    cluster: Annotated[
        str | None,
        _farm(
            metavar="auto|local|ray://HOST:PORT",
            help="Where they run: auto: in the Ray that runs here, which may have many machines; local: on this "
            "machine, by a Ray of its own.",
            show_default="local",
        ),
    ] = None
    shared: Annotated[
        bool, _farm("--shared", help="All machines see the inputs at the same paths; else each is sent them once.")
    ] = False

    @property
    def asked(self) -> bool:
        """Whether there are to be any."""
        return self.workers is not None or self.cluster is not None


@dataclass(frozen=True, kw_only=True)
class Restoring:
    """The options of all commands that restore: what is read, computed, encoded and said."""

    many: Many
    overwrite: Overwrite = False
    resume: Annotated[
        bool,
        typer.Option(
            "--resume",
            help="If interrupted, keep what is done in OUTPUT.part; the same command then goes on from there.",
        ),
    ] = False
    part: Part
    rate: Rate = None
    decoding: Decoding
    encoder: Encoder
    compute: Compute
    farm: Farm
    dry_run: DryRun = False
    shell: Shell

    def reading(self) -> Reading:
        """What is taken from the source."""
        return self.decoding.reading(part=self.part, rate=self.rate)


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
        UsageError: as `files.check_free` and `names.check_distinct` do; a plot is not called .png.
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
    value = int(fraction_or_zero(number) * 1024**power)
    if value <= 0:
        raise UsageError(f"{option} {text} is not an amount of memory; write 4G, 1.5G or 800M")
    return value


def scale(text: str) -> int:
    """2, 3, 4 or 8; whether there is a network for it is the library's to say."""
    try:
        value = fraction(text.removeprefix("x").removesuffix("x"))
    except ValueError:
        raise UsageError(f"--scale {text} is not a number; choose one of 2, 3, 4, 8") from None
    if value.denominator != 1:
        raise UsageError(f"--scale {text} is not possible: networks enlarge 2, 3, 4 or 8 times; choose one of these")
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
    except ValueError:
        raise UsageError(f"{option} {text} is not a moment; write 12.5, 00:00:12.5 or 300f") from None
    if seconds > LATEST:
        raise UsageError(f"{option} {text} is later than any video goes; write 12.5, 00:00:12.5 or 300f")
    return seconds
