"""plan(): everything about a result is checked before anything slow begins."""

import os
import re
from dataclasses import replace
from fractions import Fraction
from io import BytesIO
from pathlib import Path

import av

from ..errors import UsageError
from ..frame import Colour, Matrix
from ..settings import Encoding
from .codecs import CODECS, CONTAINERS, Codec, encoder_options, find_encoder, layout, pixel_format
from .colour import guessed_matrix
from .info import VideoInfo
from .output import open_output
from .planes import planar_format
from .streams import choose_tracks, open_source
from .target import Target, TargetKind

PICTURES = (".png", ".jpg", ".jpeg", ".webp", ".tif", ".tiff")


def plan(
    info: VideoInfo,
    path: Path,
    encoding: Encoding,
    *,
    width: int,
    height: int,
    rate: Fraction,
    time_base: Fraction,
    overwrite: bool = False,
    keep_sound: bool = True,
    sound: Path | None = None,
    picture_format: str = "png",
) -> Target:
    """Check everything about a result that can be checked, down to opening the encoder with its real options.

    A path without a suffix is a folder of pictures, a picture's suffix one picture, else a video.

    Args:
        width, height: pixels of the frames that will be written.
        rate: their average number per second; steers rate control, no time stamp.
        time_base: their clock: every pts will be a whole multiple of it.
        keep_sound: False leaves sound, subtitles and chapters behind, where the pictures lose the source's time.
        sound: a file whose audio tracks are taken in place of the source's.
        picture_format: png, jpg, webp or tiff, for a folder.

    Raises:
        UsageError: whatever is wrong with the path or the encoding, in one line.
    """
    kind = _kind(path)
    _check_path(info, path, kind, overwrite=overwrite)
    if kind != "video":
        return _plan_pictures(info, path, kind, width, height, rate, time_base, picture_format)
    target = _plan_encoding(info, path, encoding, width=width, height=height, rate=rate, time_base=time_base)
    if sound is not None:
        target = _with_tracks(target, sound, keep=True, audio_only=True)
    elif info.kind == "video":
        target = _with_tracks(target, info.path, keep=keep_sound, audio_only=False)
    _try_out(target)
    return target


def _kind(path: Path) -> TargetKind:
    suffix = path.suffix.lower()
    if path.is_dir() or not suffix:
        return "folder"
    if suffix in PICTURES:
        return "picture"
    if suffix not in CONTAINERS:
        known = ", ".join([*CONTAINERS, *PICTURES])
        raise UsageError(f"{path}: nothing is written as {suffix}; use one of {known}, or a folder for pictures")
    return "video"


def _check_path(info: VideoInfo, path: Path, kind: str, *, overwrite: bool) -> None:
    folder = path.absolute().parent
    if not folder.is_dir():
        raise UsageError(f"{path}: there is no folder {folder}; create it first")
    if not os.access(folder, os.W_OK):
        raise UsageError(f"{path}: the folder {folder} cannot be written to")
    if path.exists():
        if info.path.exists() and path.samefile(info.path):
            raise UsageError(f"{path} is the input itself; give the result another name")
        if not overwrite and (kind != "folder" or any(path.iterdir())):
            raise UsageError(f"{path} exists; use -y to overwrite it")


def _plan_pictures(
    info: VideoInfo,
    path: Path,
    kind: TargetKind,
    width: int,
    height: int,
    rate: Fraction,
    time_base: Fraction,
    picture_format: str,
) -> Target:
    suffix = path.suffix.lower() if kind == "picture" else f".{picture_format.lower()}"
    if suffix not in PICTURES:
        raise UsageError(f"no pictures are written as {picture_format!r}; use png, jpg, webp or tiff")
    notes = []
    if info.colour.depth > 8 and suffix not in (".png", ".tif", ".tiff"):
        notes.append(f"{suffix} holds 8 bits per sample, the source has {info.colour.depth}; png and tiff hold 16")
    if info.sample_aspect_ratio not in (None, 1):
        notes.append(f"pictures have square pixels, the source's are {info.sample_aspect_ratio} times as wide as high")
    return Target(
        path, kind, width, height, rate, time_base, info.colour, suffix=suffix, notes=tuple(notes),
        display_matrix=info.display_matrix,
    )  # fmt: skip


def _plan_encoding(
    info: VideoInfo,
    path: Path,
    encoding: Encoding,
    *,
    width: int,
    height: int,
    rate: Fraction,
    time_base: Fraction,
) -> Target:
    container = CONTAINERS[path.suffix.lower()]
    asked = None if encoding.pix_fmt is None else layout(encoding.pix_fmt)
    deep = (info.colour if asked is None else asked).depth > 8
    encoder = find_encoder(encoding.codec or (container.deep if deep else container.codec))
    options = encoder_options(encoder.name, encoding)
    pix_fmt = pixel_format(encoder, info.pix_fmt, encoding)
    known, filled = CODECS.get(encoder.name, Codec()), layout(pix_fmt)
    assert filled is not None
    pad = (0, 0) if known.odd else (-width % (1 << filled.subsample_x), -height % (1 << filled.subsample_y))
    notes = []
    if any(pad):
        notes.append(
            f"{encoder.name} takes even sizes only in {pix_fmt}: {width}x{height} is padded to "
            f"{width + pad[0]}x{height + pad[1]}"
        )
    if info.display_matrix is not None and not container.rotation:
        notes.append(f"{path.suffix} cannot say that the picture is rotated by {info.rotation} degrees")
    options, lost = _with_hdr(options, encoder.name, info)
    return Target(
        path,
        "video",
        width + pad[0],
        height + pad[1],
        rate,
        1 / rate if container.constant_rate else time_base,
        replace(_colour(info, height, rgb=filled.rgb), depth=filled.depth),
        pad=pad,
        container=container.muxer,
        codec=encoder.name,
        pix_fmt=pix_fmt,
        options=options,
        constant_rate=container.constant_rate,
        sample_aspect_ratio=info.sample_aspect_ratio,
        display_matrix=info.display_matrix if container.rotation else None,
        chapters=container.chapters,
        notes=(*notes, *lost),
    )


_AV_MATRIX: dict[Matrix, int] = {"bt709": 1, "fcc": 4, "bt601": 6, "smpte240m": 7, "ycgco": 8, "bt2020": 9}
"""AVColorSpace of each matrix."""


def _colour(info: VideoInfo, height: int, *, rgb: bool) -> Colour:
    """The source's colour, with tags where the result would be misread without."""
    colour = info.colour
    if rgb:
        return replace(colour, full_range=True, tagged_matrix=0, tagged_range=2, tagged_siting=0)
    if planar_format(info.pix_fmt).startswith("gbr"):
        tags = {"primaries": 1, "transfer": 1, "tagged_matrix": 1, "tagged_range": 1, "tagged_siting": 1}
        return replace(colour, matrix="bt709", full_range=False, siting="left", **tags)
    if colour.tagged_matrix == 2 and guessed_matrix(height) != colour.matrix:
        colour = replace(colour, tagged_matrix=_AV_MATRIX[colour.matrix])
    return replace(colour, tagged_range=2) if colour.full_range else colour


def _with_hdr(options: dict[str, str], codec: str, info: VideoInfo) -> tuple[dict[str, str], list[str]]:
    """Static HDR metadata in the encoder's own words: FFmpeg's encoders take none from the pictures."""
    hdr = info.hdr10
    if not (hdr.master_display or hdr.max_cll):
        return options, []
    numbers = {"display": hdr.master_display, "light": hdr.max_cll}
    if codec == "libx265":
        words, key = {"display": "hdr10=1:master-display", "light": "max-cll"}, "x265-params"
    elif codec == "libx264":
        words, key = {"display": "mastering-display", "light": "cll"}, "x264-params"
    elif codec == "libsvtav1":
        words, key = {"display": "mastering-display", "light": "content-light"}, "svtav1-params"
        numbers["display"] = _in_nits(hdr.master_display)
    else:
        return options, [f"{codec} cannot hold the source's HDR10 metadata; libx265 and libsvtav1 can"]
    ours = ":".join(f"{words[what]}={value}" for what, value in numbers.items() if value)
    # A user's own parameters come last, so that they win.
    return options | {key: ":".join(filter(None, (ours, options.get(key))))}, []


def _in_nits(master_display: str) -> str:
    """x265's whole units as the fractions that SVT-AV1 reads: chromaticities in 1/50000, luminance in 1/10000."""

    def pair(found: re.Match[str]) -> str:
        unit = 10_000 if found[1] == "L" else 50_000
        return f"{found[1]}({int(found[2]) / unit:.6g},{int(found[3]) / unit:.6g})"

    return re.sub(r"(\w+)\((\d+),(\d+)\)", pair, master_display)


def _with_tracks(target: Target, path: Path, *, keep: bool, audio_only: bool) -> Target:
    """The target with the tracks of the file at `path` that it can hold, and notes on the others."""
    with open_source(path) as source:
        tracks, left_out = choose_tracks(source, muxer=target.container, sound=keep, audio_only=audio_only)
        chapters = bool(source.chapters()) and keep and not audio_only
    notes = [*target.notes, *left_out]
    if chapters and not target.chapters:
        notes.append(f"the chapters are left out: {target.path.suffix} cannot hold them")
    return replace(target, tracks_from=path, tracks=tracks, chapters=chapters and target.chapters, notes=tuple(notes))


def _try_out(target: Target) -> None:
    """Open the encoder with its real size and options, and write a header into memory."""
    try:
        with open_output(target, BytesIO()) as output:
            output.start_encoding()
    except (av.error.FFmpegError, ValueError) as error:
        reason = error.strerror if isinstance(error, av.error.FFmpegError) else str(error)
        what = f"{target.codec} at {target.width}x{target.height} {target.pix_fmt} in {target.path.suffix}"
        raise UsageError(f"{what} does not work here: {reason}; try another --codec or container") from error
