"""plan(): everything about a result is checked before anything slow begins."""

from dataclasses import replace
from fractions import Fraction
from io import BytesIO
from pathlib import Path
from tempfile import TemporaryFile

import av

from ..errors import UsageError
from ..settings import Encoding
from .codecs import CODECS, CONTAINERS, Codec, encoder_options, find_encoder
from .container import opened
from .formats import Layout, layout, natural_format, pixel_format
from .info import VideoInfo
from .metadata import homeless_tags
from .output import open_output
from .streams import choose_tracks, open_source
from .tags import output_colour, with_hdr
from .target import Target, TargetKind

DEEP_PICTURES = (".png", ".tif", ".tiff")
FINEST = 2**31 - 1
"""Ticks per second that FFmpeg can count."""
PICTURES = (*DEEP_PICTURES, ".jpg", ".jpeg", ".webp")


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
    target = Target(path, kind, width, height, rate, time_base, info.colour, display_matrix=info.display_matrix)
    if kind != "video":
        return _as_pictures(target, info, picture_format=picture_format)
    target = _encoded(target, info, encoding)
    if sound is not None:
        _check_sound(sound)
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
    try:
        with TemporaryFile(dir=folder):  # asking for permission is not enough: /proc grants it and refuses
            pass
    except OSError as error:
        raise UsageError(f"{path}: the folder {folder} cannot be written to ({error.strerror})") from error
    if path.exists():
        if info.path.exists() and path.samefile(info.path):
            raise UsageError(f"{path} is the input itself; give the result another name")
        if not overwrite and (kind != "folder" or any(path.iterdir())):
            raise UsageError(f"{path} exists; use -y to overwrite it")


def _check_sound(path: Path) -> None:
    with opened(path) as container:
        if not container.streams.audio:
            raise UsageError(f"{path} has no sound; give a file with an audio track")


def _as_pictures(target: Target, info: VideoInfo, *, picture_format: str) -> Target:
    suffix = target.path.suffix.lower() if target.kind == "picture" else f".{picture_format.lower()}"
    if suffix not in PICTURES:
        raise UsageError(f"no pictures are written as {picture_format!r}; use png, jpg, webp or tiff")
    notes = []
    if info.colour.depth > 8 and suffix not in DEEP_PICTURES:
        notes.append(f"{suffix} holds 8 bits per sample, the source has {info.colour.depth}; png and tiff hold 16")
    if info.sample_aspect_ratio not in (None, 1):
        notes.append(f"pictures have square pixels, the source's are {info.sample_aspect_ratio} times as wide as high")
    return replace(target, suffix=suffix, notes=tuple(notes))


def _encoded(target: Target, info: VideoInfo, encoding: Encoding) -> Target:
    """The target with its encoder, pixel format, options and colour."""
    container = CONTAINERS[target.path.suffix.lower()]
    asked = None if encoding.pix_fmt is None else layout(encoding.pix_fmt)
    deep = (info.colour if asked is None else asked).depth > 8
    encoder = find_encoder(encoding.codec or (container.deep if deep else container.codec))
    pix_fmt = pixel_format(encoder, info.pix_fmt, encoding)
    filled = layout(pix_fmt)
    assert filled is not None
    options, notes = with_hdr(encoder_options(encoder.name, encoding), encoder.name, info)
    natural = natural_format(info.pix_fmt)
    if encoding.pix_fmt is None and natural.startswith("yuv") and filled.name != natural:
        notes.append(f"{encoder.name} does not take {natural}: encoded as {pix_fmt}")
    if info.display_matrix is not None and not container.rotation:
        notes.append(f"{target.path.suffix} cannot say that the picture is rotated by {info.rotation} degrees")
    time_base = 1 / target.rate if container.constant_rate else target.time_base
    if too_fine := time_base.denominator > FINEST or time_base.numerator > FINEST:
        time_base = Fraction(1, 1_000_000)
    if container.constant_rate:
        # Such a container stores no pts: pictures out of order would come two frames late, and all sound with them.
        options.setdefault("bf", "0")
    target = replace(
        target,
        time_base=time_base,
        rounds=container.constant_rate or too_fine,
        colour=replace(output_colour(info, target.height, rgb=filled.rgb), depth=filled.depth),
        container=container.muxer,
        codec=encoder.name,
        pix_fmt=pix_fmt,
        options=options,
        sample_aspect_ratio=info.sample_aspect_ratio,
        display_matrix=info.display_matrix if container.rotation else None,
        chapters=container.chapters,
        notes=tuple(notes),
    )
    return target if CODECS.get(encoder.name, Codec()).odd else _padded(target, filled)


def _padded(target: Target, filled: Layout) -> Target:
    """The target in a size that divides into whole chroma samples."""
    right, bottom = -target.width % (1 << filled.subsample_x), -target.height % (1 << filled.subsample_y)
    if right == bottom == 0:
        return target
    width, height = target.width + right, target.height + bottom
    note = f"{target.codec} takes only even sizes: {target.width}x{target.height} is padded to {width}x{height}"
    return replace(target, width=width, height=height, pad=(right, bottom), notes=(*target.notes, note))


def _with_tracks(target: Target, path: Path, *, keep: bool, audio_only: bool) -> Target:
    """The target with the tracks of the file at `path` that it can hold, and notes on the others."""
    with open_source(path) as source:
        tracks, left_out = choose_tracks(source, muxer=target.container, sound=keep, audio_only=audio_only)
        chapters = bool(source.chapters()) and keep and not audio_only
        homeless = [] if audio_only else homeless_tags(source.metadata, muxer=target.container)
    notes = [*target.notes, *left_out]
    if chapters and not target.chapters:
        notes.append(f"the chapters are left out: {target.container} cannot hold them")
    free_tags = bool(homeless) and target.container in ("mp4", "mov")
    if homeless and not free_tags:
        notes.append(f"metadata is left out: {target.container} cannot hold {', '.join(homeless)}")
    return replace(
        target,
        tracks_from=path,
        tracks=tracks,
        chapters=chapters and target.chapters,
        free_tags=free_tags,
        notes=tuple(notes),
    )


def _try_out(target: Target) -> None:
    """Open the encoder with its real size and options, and write a header into memory."""
    try:
        with open_output(target, BytesIO()) as output:
            output.start_encoding()
    except (av.error.FFmpegError, ValueError) as error:
        reason = error.strerror if isinstance(error, av.error.FFmpegError) else str(error)
        what = f"{target.codec} at {target.width}x{target.height} {target.pix_fmt} in {target.path.suffix}"
        raise UsageError(f"{what} does not work here: {reason}; try another --codec or container") from error
