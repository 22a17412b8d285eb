"""plan(): everything about a result is checked before anything slow begins."""

from collections.abc import Iterator
from dataclasses import asdict, replace
from fractions import Fraction
from io import BytesIO
from pathlib import Path

import av

from ..base.settings import Encoding, Pictures
from ..errors import UsageError
from .codecs import CODECS, CONTAINERS, Codec, encoder_options, find_encoder, is_lossless
from .encode.colour_tags import output_colour, with_hdr
from .encode.destination import check_free, kind_of
from .encode.formats import Layout, layout, natural_format, pixel_format
from .encode.output import open_output
from .encode.target import Beside, Target
from .facts.info import VideoInfo
from .pictures.plan import plan_pictures
from .resume.unfinished import remains
from .tracks.metadata import homeless_tags, homeless_track_tags
from .tracks.streams import choose_tracks, open_source

FINEST = 2**31 - 1
"""Ticks per second that FFmpeg can count."""
X264_WIDTH = 128
"""Pixels, below which x264's macroblock tree makes another file of the same pictures now and then."""
FINEST_RATE = 10**6
"""Denominator of a rate up to 2000 frames per second that FFmpeg can hold."""


def plan(
    info: VideoInfo,
    path: Path,
    encoding: Encoding,
    *,
    width: int | None = None,
    height: int | None = None,
    rate: Fraction | None = None,
    time_base: Fraction | None = None,
    overwrite: bool = False,
    keep_sound: bool = True,
    stretch: Fraction = Fraction(1),
    beside: Beside | None = None,
    resume: bool = False,
) -> Target:
    """Check everything about a result that can be checked, down to opening the encoder with its real options.

    A path without a suffix is a folder of pictures, a picture's suffix one picture, else a video.

    Args:
        width, height: pixels of the frames that will be written; None, as of the next two: the source's.
        rate: their average number per second; steers rate control, no time stamp.
        time_base: their clock: every pts will be a whole multiple of it.
        keep_sound: False leaves sound, subtitles and chapters behind, where the pictures lose the source's time.
        stretch: seconds of the result for each of the source; sound that is kept is stretched at its pitch.
        beside: a file whose other tracks are taken in place of the source's.
        resume: the folder that it grows in may be there.

    Raises:
        UsageError: whatever is wrong with the path or the encoding, in one line.
    """
    target = Target(
        path,
        kind_of(path),
        width or info.width,
        height or info.height,
        (rate or info.rate).limit_denominator(FINEST_RATE),
        time_base or info.time_base,
        info.colour,
        overwrite=overwrite,
    )
    if target.kind != "video":
        _check_no_encoder(path, encoding)
        return plan_pictures(replace(target, stretch=stretch), info, Pictures(), overwrite=overwrite, resume=resume)
    sources = (info.path,) if beside is None else (info.path, beside.path)
    check_free(path, *sources, folder=False, overwrite=overwrite)
    target = _encoded(target, info, encoding)
    if beside is not None:
        target = replace(_with_tracks(target, beside, keep=True), beside=beside)
    elif info.kind == "video":
        target = _with_tracks(replace(target, stretch=stretch), info, keep=keep_sound)
    _try_out(target)
    return target if resume else replace(target, notes=(*target.notes, *remains(path)))


def _check_no_encoder(path: Path, encoding: Encoding) -> None:
    """UsageError: settings of an encoder, where there is none to heed them."""
    for name, value in asdict(encoding).items():
        if value != getattr(Encoding(), name):
            option = "-e" if name == "options" else f"--{name.replace('_', '-')}"
            raise UsageError(f"{path} is for pictures: leave out {option}, which is for videos")


def encoder_for(info: VideoInfo, path: Path, encoding: Encoding) -> av.Codec:
    """The encoder asked for, or the default of the container by the bits per sample.

    Raises:
        UsageError: there is none of that name.
    """
    container = CONTAINERS[path.suffix.lower()]
    asked = None if encoding.pix_fmt is None else layout(encoding.pix_fmt)
    deep = (info.colour if asked is None else asked).depth > 8
    return find_encoder(encoding.codec or (container.deep if deep else container.codec))


def _encoded(target: Target, info: VideoInfo, encoding: Encoding) -> Target:
    """The target with its encoder, pixel format, options and colour."""
    container = CONTAINERS[target.path.suffix.lower()]
    encoder = encoder_for(info, target.path, encoding)
    pix_fmt = pixel_format(encoder, info.pix_fmt, encoding)
    filled = layout(pix_fmt)
    assert filled is not None
    options, notes = with_hdr(encoder_options(encoder.name, encoding), encoder.name, info)
    natural = natural_format(info.pix_fmt)
    if encoding.pix_fmt is None and natural.startswith("yuv") and filled.name != natural:
        notes.append(f"{encoder.name} does not take {natural}: encoded as {pix_fmt}")
    if natural.startswith("gbr") and is_lossless(encoder.name, encoding):
        notes += _lost(info, filled, encoder.name)
    if info.profile:
        notes.append("the pictures' colour profile is left out, and colours may look different: videos have none")
    if info.display_matrix is not None and not container.rotation:
        notes.append(f"{target.path.suffix} cannot say that the picture is rotated by {info.rotation} degrees")
    time_base = 1 / target.rate if container.constant_rate else target.time_base
    if too_fine := time_base.denominator > FINEST or time_base.numerator > FINEST:
        time_base = Fraction(1, 1_000_000)
    if container.constant_rate:
        # Such a container stores no pts: pictures out of order would come two frames late, and all sound with them.
        options.setdefault("bf", "0")
    if encoder.name.startswith("libx264") and target.width < X264_WIDTH:
        options.setdefault("mbtree", "0")
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


def _lost(info: VideoInfo, filled: Layout, encoder: str) -> Iterator[str]:
    """What an encoder without loss loses of RGB because of the pixel format."""
    if not filled.rgb:
        yield f"{encoder} is given {filled.name}, in which RGB is rounded; -c ffv1 holds RGB itself"
    elif filled.depth < info.colour.depth:
        yield f"{encoder} is given {filled.depth} bits per sample, not {info.colour.depth}; -c ffv1 holds 16"
    elif "f32" in info.pix_fmt:
        yield f"floating point is rounded to {filled.depth} bits, and clipped to black and white"


def _padded(target: Target, filled: Layout) -> Target:
    """The target in a size that divides into whole chroma samples."""
    right, bottom = -target.width % (1 << filled.subsample_x), -target.height % (1 << filled.subsample_y)
    if right == bottom == 0:
        return target
    width, height = target.width + right, target.height + bottom
    note = f"{target.codec} takes only even sizes: {target.width}x{target.height} is padded to {width}x{height}"
    return replace(target, width=width, height=height, pad=(right, bottom), notes=(*target.notes, note))


def _with_tracks(target: Target, source: VideoInfo | Beside, *, keep: bool) -> Target:
    """The target with the tracks of a file that it can hold, and notes on the others."""
    encoder = "" if target.stretch == 1 else CONTAINERS[target.path.suffix.lower()].sound
    with open_source(source.path, follow_references=source.follow_references) as container:
        tracks, left_out = choose_tracks(container, muxer=target.container, sound=keep, sound_encoder=encoder)
        chapters = bool(container.chapters()) and keep
        homeless = homeless_tags(container.metadata, muxer=target.container)
        own = {} if source.stream_index is None else container.streams[source.stream_index].metadata
        lost = homeless_track_tags(own, muxer=target.container, pictures=True)
    notes = [*target.notes, *left_out]
    if lost:
        notes.append(f"the pictures' track loses its {' and '.join(lost)}: {target.container} cannot hold that")
    if chapters and not target.chapters:
        notes.append(f"the chapters are left out: {target.container} cannot hold them")
    free_tags = bool(homeless) and target.container in ("mp4", "mov")
    if homeless and not free_tags:
        notes.append(f"metadata is left out: {target.container} cannot hold {', '.join(homeless)}")
    return replace(
        target,
        tracks_from=source.path,
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
        if isinstance(error, av.error.PermissionError) and target.codec.endswith("_nvenc"):
            reason = "no NVIDIA GPU with its driver is found on this machine"  # FFmpeg's word: not permitted
        what = f"{target.codec} at {target.width}x{target.height} {target.pix_fmt} in {target.path.suffix}"
        raise UsageError(f"{what} does not work here: {reason}; try another --codec or container") from error
